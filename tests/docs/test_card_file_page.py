"""The page that authors look keys up in has every key, marks those that are required, and its YAML is read as it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cds_service.config import Settings
from cds_service.engine import Engine
from cds_service.rules import card_file, evidence_file, shared_files
from cds_service.rules.card import INDICATORS
from tests.authoring.mistakes import CARD

PAGE = (Path(__file__).parents[2] / "docs/card-file.md").read_text("utf-8")


@pytest.mark.parametrize(
    "names", [INDICATORS, card_file.STATUSES, evidence_file.STRENGTHS, shared_files.BASES]
)
def test_what_there_is_to_choose_from_is_all_there(names):
    assert all(f"`{name}`" in PAGE for name in names)


def test_a_card_with_the_pages_yaml_is_read(tmp_path):
    criteria, sets = re.findall(r"```yaml\n(.*?)```", PAGE, re.S)
    text = (
        CARD.replace(
            "exclude:\n", "exclude:\n" + re.sub(r"^", "  ", criteria, flags=re.M).rstrip(" "), 1
        )
        + sets
    )
    (tmp_path / "site.yaml").write_text("owner: us\n", "utf-8")
    (tmp_path / "our-card.yaml").write_text(text, "utf-8")
    for name, indicator in (("default", "info"), ("uk", "warning")):
        assert (
            Engine(Settings(cards=(tmp_path,), parameters=name)).cards["our-card"].indicator
            == indicator
        )
    assert "our-card" not in Engine(Settings(cards=(tmp_path,), parameters="us")).cards
