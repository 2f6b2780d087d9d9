"""The page that authors look keys up in has every key, marks those that are required, and its YAML is read as it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cds_service.authoring.check.schema import card_schema
from cds_service.config import Settings
from cds_service.engine import Engine
from cds_service.rules import card_file, evidence_file, shared_files
from cds_service.rules.card import INDICATORS
from cds_service.rules.conditions import OPERATORS, STATE_OPERATORS

from ..authoring.mistakes import CARD

PAGE = (Path(__file__).parents[2] / "docs/card-file.md").read_text("utf-8")
VOCABULARY = Engine(Settings()).vocabulary
SCHEMA = card_schema(VOCABULARY)


def section(heading: str) -> str:
    return PAGE.split(f"## {heading}\n")[1].split("\n## ")[0]


def table(text: str) -> dict[str, bool]:
    """The keys of a table, and whether each is marked as required."""
    return {key: bool(star) for key, star in re.findall(r"^\| `([a-z_]+)`( \*)? \|", text, re.M)}


def required(properties: object, keys: object) -> dict[str, bool]:
    return {key: key in keys for key in properties}


def test_the_keys_of_a_file_are_all_there():
    assert table(section("The file")) == required(SCHEMA["properties"], SCHEMA["required"])


def test_the_keys_of_what_a_card_says_are_all_there():
    assert table(section("What it says: `card`")) == required(card_file._SAYS_KEYS, ("indicator", "summary", "source"))


def test_the_keys_of_a_suggestion_are_all_there():
    assert table(section("A suggestion")) == required(card_file.SUGGESTION_KEYS, ("label",))


def test_the_operators_are_all_there():
    assert set(table(section("A criterion"))) == {*OPERATORS, *STATE_OPERATORS}


def test_what_may_differ_in_a_parameter_set_is_all_there():
    assert set(table(section("Where a parameter set differs"))) == set(card_file._CHANGEABLE)


def test_the_keys_of_a_source_and_of_a_limit_are_all_there():
    source, limit = section("Sources and limits").split("| key of a limit")
    assert set(table(source)) == set(evidence_file._EVIDENCE_KEYS)
    assert set(table(limit)) == set(shared_files._PARAMETER_KEYS)


@pytest.mark.parametrize("names", [INDICATORS, card_file.STATUSES, evidence_file.STRENGTHS, shared_files.BASES])
def test_what_there_is_to_choose_from_is_all_there(names):
    assert all(f"`{name}`" in PAGE for name in names)


def test_a_card_with_the_pages_yaml_is_read(tmp_path):
    criteria, sets = re.findall(r"```yaml\n(.*?)```", PAGE, re.S)
    text = CARD.replace("exclude:\n", "exclude:\n" + re.sub(r"^", "  ", criteria, flags=re.M).rstrip(" "), 1) + sets
    (tmp_path / "site.yaml").write_text("owner: us\n", "utf-8")
    (tmp_path / "our-card.yaml").write_text(text, "utf-8")
    for name, indicator in (("default", "info"), ("uk", "warning")):
        assert Engine(Settings(cards=(tmp_path,), parameters=name)).cards["our-card"].indicator == indicator
    assert "our-card" not in Engine(Settings(cards=(tmp_path,), parameters="us")).cards
