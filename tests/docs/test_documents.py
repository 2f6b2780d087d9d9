"""The documents say what the code does."""

import re
from inspect import isfunction, signature
from pathlib import Path

import pytest

from cds_service.cli.settings import settings_page
from cds_service.workbench.smart import refusal
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
    for text in (
        card["summary"],
        *card["detail"].split("\n\n"),
        *(item["label"] for item in card["suggestions"]),
        card["source"]["label"],
    ):
        assert " ".join(text.split()) in quoted


def test_the_page_on_the_smart_app_explains_every_refusal():
    refusals = [
        make(*(["detail"] if signature(make).parameters else [])).why
        for make in vars(refusal).values()
        if isfunction(make)
    ]
    page = (ROOT / "docs/smart-app.md").read_text("utf-8").split("| the page says |")[1]
    assert len(refusals) > 5
    assert sorted(re.findall(r"^\| ([^-|][^|]*?) \| ", page, re.MULTILINE)) == sorted(refusals)


def test_readme_lists_every_command():
    from cds_service.cli import main

    readme = (ROOT / "README.md").read_text("utf-8")
    assert [name for name in main.commands if f"python -m cds_service {name}" not in readme] == []


def _trust_page():
    return (ROOT / "docs/trust.md").read_text("utf-8")


def test_page_on_trust_shows_a_file_of_clients_that_is_read(tmp_path):
    from textwrap import dedent

    from cds_service.trust.client_file import load_clients

    (tmp_path / "clients.yaml").write_text(
        dedent(_trust_page().split("```yaml\n")[1].split("```")[0]), "utf-8"
    )
    first, second = load_clients(tmp_path / "clients.yaml")
    assert first.jku == "https://ehr.example.org/.well-known/jwks.json"
    assert (second.jwks_file, second.algorithms, second.tenants) == (
        tmp_path / "other-jwks.json",
        {"ES512"},
        {"north", "south"},
    )


def test_page_on_trust_gives_the_limits_that_hold():
    from cds_service.config import Settings
    from cds_service.trust import key_sources, verifier
    from cds_service.trust.jwks import ALGORITHMS

    page = " ".join(_trust_page().split())
    assert (
        Settings.model_fields["token_seconds"].default == 3600 and "at most an hour apart" in page
    )
    for said in (
        f"more than {verifier.LONGEST_TOKEN} characters",
        f"differ by {verifier.LEEWAY_SECONDS} seconds",
        f"at most every {key_sources.BETWEEN_FETCHES:g} seconds",
        f"After {key_sources.REFRESH_SECONDS / 60:g} minutes",
        f"after {2 * key_sources.REFRESH_SECONDS / 60:g} minutes",
        f"for {key_sources.KEEP_SECONDS / 3600:g} hours",
        f"{key_sources.LONGEST_SET // 1024} KiB and {key_sources.WAIT_SECONDS:g} seconds",
        f"may be listed: {', '.join(ALGORITHMS)}.",
    ):
        assert said in page, said


@pytest.mark.parametrize("page", ["DEVELOPING.md", "GLOSSARY.md", "cds_service/ARCHITECTURE.md"])
def test_pages_for_developers_link_to_what_is_there(page):
    text = (ROOT / page).read_text("utf-8")
    targets = [
        target.partition("#")[0]
        for target in re.findall(r"\]\(([^)]+)\)", text)
        if "://" not in target
    ]
    assert (
        targets
        and [target for target in targets if not ((ROOT / page).parent / target).exists()] == []
    )


def test_developing_names_files_and_names_that_are_there():
    """A recipe that names a file or a table which was moved leads nowhere."""
    text = (ROOT / "DEVELOPING.md").read_text("utf-8")
    # A path with a part in capitals is made by the reader.
    paths = [
        path
        for path in re.findall(r"`((?:cds_service|tests|cards|fhir_profiles|docs)/[^` ]*)`", text)
        if not re.search("[A-Z]{2}", path)
    ]
    assert paths and [path for path in paths if not (ROOT / path).exists()] == []
    tables = re.findall(r"`([A-Z_]{5,})` (?:there|of `(cds_service/[^`]+)`)", text)
    assert (
        tables
        and [name for name, path in tables if path and name not in (ROOT / path).read_text("utf-8")]
        == []
    )


def test_commands_of_developing_are_commands():
    from cds_service.cli import main

    named = set(
        re.findall(r"python -m cds_service ([a-z-]+)", (ROOT / "DEVELOPING.md").read_text("utf-8"))
    )
    assert named and named <= set(main.commands)
