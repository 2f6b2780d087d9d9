"""The page on testing cards shows what the commands print."""

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from cds_service.authoring.example import example_request
from cds_service.authoring.why_not import MOST_CHANGES
from cds_service.cli import main
from cds_service.content import CARDS
from tests.support.fhir_builders import NOW
from tests.support.pages import service_commands

PAGE = (Path(__file__).parents[2] / "docs/testing-cards.md").read_text("utf-8")
SHOWN = service_commands(PAGE)
BUILT_IN = (CARDS / "potassium/hypokalaemia-before-b12.yaml").read_text("utf-8")
RIGHT = "potassium.level: severely-low, b12_therapy.given: false}"
MISTAKEN = BUILT_IN.replace(RIGHT, RIGHT.replace("severely-low", "low"), 1).replace(
    "potassium.level: normal", "potasium.level: normal"
)
WITHOUT_THE_CHILD = re.sub(r"  - name: a child.*\n(    .*\n)*", "", BUILT_IN)


@pytest.mark.parametrize("command", SHOWN)
def test_the_output_on_the_page_is_what_the_command_prints(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    card = tmp_path / "local/potassium/hypokalaemia-before-b12.yaml"
    card.parent.mkdir(parents=True)
    (tmp_path / "local/site.yaml").write_text("owner: st-elsewhere\n", "utf-8")
    card.write_text(MISTAKEN if command.startswith("test") else WITHOUT_THE_CHILD, "utf-8")
    (tmp_path / "request.json").write_text(
        json.dumps(example_request("patient-view", NOW)), "utf-8"
    )
    dated = ["--now", NOW.isoformat()] if command.startswith("explain") else []
    assert CliRunner().invoke(main, [*command.split(), *dated]).output == SHOWN[command]


def test_each_command_is_shown():
    assert sorted(command.split()[0] for command in SHOWN) == [
        "coverage",
        "explain",
        "explain",
        "test",
    ]


def test_the_page_shows_tests_as_they_stand_and_the_limit_of_the_search():
    (shown,) = re.findall(r"```yaml\ntests:\n((?:.*\n)*?)```", PAGE)
    for test in shown.split("  - name")[1:]:
        assert test in BUILT_IN
    assert f"up to {MOST_CHANGES}, and" in " ".join(PAGE.split())
