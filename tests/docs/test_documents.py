"""The documents say what the code does."""

from pathlib import Path

from cds_service.cli import settings_page
from tests.support.clinic import fire
from tests.support.fhir_builders import folic_acid, observation, prefetch

ROOT = Path(__file__).parents[2]


def test_page_on_settings_is_fresh():
    assert (ROOT / "docs/settings.md").read_text("utf-8") == settings_page() + "\n"


def test_readme_shows_the_card_as_it_is():
    results = [
        observation("b12", 110, "pg/mL", ago=3),
        observation("folate", 8.2, "ng/mL", ago=3),
        observation("hb", 10.1, "g/dL", ago=3),
        observation("mcv", 112, "fL", ago=3),
    ]
    (card,) = fire("order-select", prefetch(*results), drafts=[folic_acid()])
    quoted = " ".join((ROOT / "README.md").read_text("utf-8").replace("\n>", "\n").split())
    for text in (card["summary"], *card["detail"].split("\n\n"), *(item["label"] for item in card["suggestions"]), card["source"]["label"]):
        assert " ".join(text.split()) in quoted


def test_readme_lists_every_command():
    from cds_service.cli import main

    readme = (ROOT / "README.md").read_text("utf-8")
    assert [name for name in main.commands if f"python -m cds_service {name}" not in readme] == []
