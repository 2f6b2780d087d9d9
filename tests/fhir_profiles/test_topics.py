"""The CodeSystem of card topics is made from the project's own cards, and every card's topic is in it."""

from __future__ import annotations

import json

from click.testing import CliRunner

from cds_service.cli import main
from cds_service.config import Settings
from cds_service.engine import Engine
from cds_service.export.resources import definitions
from tests.spec.scenarios import EVERY_CARD
from tests.support.clinic import engine


def topics() -> dict[str, object]:
    """The CodeSystem as the command prints it."""
    printed: dict[str, object] = json.loads(CliRunner().invoke(main, ["topics"]).output)
    return printed


def test_topics_are_those_of_the_projects_own_cards(monkeypatch, tmp_path):
    before = topics()
    (tmp_path / "local.yaml").write_text("not a card", "utf-8")
    monkeypatch.setenv("CDS_CARDS", str(tmp_path))
    assert topics() == before


def test_topics_are_handed_over_alike_whatever_a_site_or_a_set_says_of_the_cards(tmp_path):
    (tmp_path / "site.yaml").write_text("owner: st-elsewhere\n", "utf-8")
    for running in (engine(), engine("uk"), Engine(Settings(cards=(tmp_path,)))):
        (handed_over,) = [item for item in definitions(running) if item["id"] == "card-topic"]
        assert handed_over.items() >= topics().items()


def test_every_card_that_is_answered_has_its_topic_in_the_code_system(call):
    code_system = topics()
    titles = {concept["code"]: concept["display"] for concept in code_system["concept"]}
    assert code_system["count"] == len(code_system["concept"]) == len(titles)
    answered = [card["source"]["topic"] for name in EVERY_CARD for card in call(EVERY_CARD[name])]
    assert {topic["code"] for topic in answered} == set(titles)
    assert {topic["system"] for topic in answered} == {code_system["url"]}
    assert all(topic["display"] == titles[topic["code"]] for topic in answered)
