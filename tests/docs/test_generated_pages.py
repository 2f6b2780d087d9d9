"""The pages on cards, facts, parameters and evidence are what the cards now make of them."""

import ast
import re
import shutil
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from cds_service.authoring.pages import PAGES
from cds_service.cli import main
from cds_service.config import Settings
from cds_service.engine import PARAMETER_SETS, Engine
from cds_service.facts.catalogue import CATALOGUE

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
STATEMENTS = yaml.safe_load((DOCS / "founding-statements.yaml").read_text("utf-8"))


def doc(*arguments):
    return CliRunner().invoke(main, ["doc", *arguments])


def text(name):
    return (DOCS / f"{name}.md").read_text("utf-8")


def test_no_page_is_stale():
    answer = doc("--out", str(DOCS), "--check")
    assert (answer.exit_code, answer.output) == (0, "")


def test_a_stale_page_is_named_and_written_anew(tmp_path):
    for name in PAGES:
        shutil.copy(DOCS / f"{name}.md", tmp_path)
    for source in ("founding-statements.yaml", "conformance.yaml"):
        shutil.copy(DOCS / source, tmp_path)
    page = tmp_path / "cards.md"
    page.write_text(page.read_text("utf-8").replace("Leber", "Lieber"), "utf-8")
    (tmp_path / "facts.md").unlink()
    told = doc("--out", str(tmp_path), "--check")
    assert told.exit_code == 1
    assert re.findall(r"(\w+\.md) is stale", told.output) == ["cards.md", "facts.md"]
    assert doc("--out", str(tmp_path)).exit_code == 0
    assert page.read_text("utf-8") == text("cards")
    assert doc("--out", str(tmp_path), "--check").exit_code == 0


@pytest.mark.parametrize("parameter_set", PARAMETER_SETS)
def test_every_card_has_its_row_with_its_indicator_and_every_criterion(parameter_set):
    cards = Engine(Settings(parameters=parameter_set)).cards
    rows = {
        match[1]: match[0]
        for match in re.finditer(r'^\| <a id="([a-z0-9-]+)".*$', text("cards"), re.MULTILINE)
    }
    assert set(cards) <= set(rows)
    for card_id, card in cards.items():
        _, _, fires, silent, suggests, evidence, _ = re.split(r"(?<!\\)\|", rows[card_id])
        if parameter_set == "default":
            assert f"**{card.indicator}**" in rows[card_id]
            assert (suggests.strip() == "nothing: it only warns") is (not card.suggestions)
            assert all(f"evidence.md#{key})" in evidence for key in (card.source, *card.evidence))
            assert bool(card.exclude) is (silent.strip() != "nothing")
            assert len(fires.split("<br>")) == len(card.include)


def test_of_alternatives_a_card_needs_one():
    needs = text("cards").partition("## What a card cannot do without")[2]
    (row,) = [line for line in needs.splitlines() if line.startswith("| [`b12-indeterminate`]")]
    assert (
        row.split("|")[2].strip()
        == "test to clarify an indeterminate B12 or methylmalonic acid level; vitamin B12 status"
    )


def test_what_differs_between_parameter_sets_is_told():
    page = text("cards")
    assert "- **uk**, `homocysteine-above-target`: off." in page
    assert "- **uk**, `cyanocobalamin-renal`: indicator: info" in page


def _group(name):
    """Facts stand together by the first part of their name, which comes where its first fact does."""
    return [fact.partition(".")[0] for fact in CATALOGUE].index(name.partition(".")[0])


def test_every_fact_and_every_parameter_is_listed_once():
    assert re.findall(
        r'^\| <a id="([a-z0-9_.]+)"></a>`\1`<br>', text("facts"), re.MULTILINE
    ) == sorted(CATALOGUE, key=_group)
    parameters = yaml.safe_load((ROOT / "cards/parameters/default.yaml").read_text("utf-8"))
    assert re.findall(
        r'^\| <a id="([a-z0-9_.]+)"></a>`\1` \|', text("parameters"), re.MULTILINE
    ) == list(parameters)


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_somewhere(name):
    for target in re.findall(r"\]\(([^)]+)\)", text(name)):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        found = (DOCS / path) if path else DOCS / f"{name}.md"
        assert found.exists(), target
        assert not anchor or f'<a id="{anchor}">' in found.read_text("utf-8"), target


@pytest.mark.parametrize(
    "statement", STATEMENTS, ids=[item["statement"][:40] for item in STATEMENTS]
)
def test_every_statement_of_the_guidance_names_tests_cards_facts_and_orders_that_exist(statement):
    cards = Engine(Settings()).cards
    assert statement["tests"]
    for test in statement["tests"]:
        file, _, function = test.partition("::")
        tree = ast.parse((ROOT / file).read_text("utf-8"))
        assert function in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, (
            test
        )
    assert set(statement["cards"]) <= set(cards)
    assert set(statement.get("facts", ())) <= set(CATALOGUE)
    assert all(
        (ROOT / f"fhir_profiles/activity-definitions/{order}.json").exists()
        for order in statement.get("orders", ())
    )
