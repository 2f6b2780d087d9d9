"""The CodeSystem of card topics is what the cards now make of it, and every card's topic is in it."""

from __future__ import annotations

import json

from click.testing import CliRunner

from cds_service.cli import main
from cds_service.content import PROFILES
from tests.spec.scenarios import EVERY_CARD

FILE = PROFILES / "code-systems" / "card-topic.json"
RENEW = "stale: python -m cds_service topics > fhir_profiles/code-systems/card-topic.json"


def test_the_code_system_of_topics_is_fresh_and_of_the_projects_own_cards(monkeypatch, tmp_path):
    (tmp_path / "local.yaml").write_text("not a card", "utf-8")
    monkeypatch.setenv("CDS_CARDS", str(tmp_path))
    assert FILE.read_text("utf-8") == CliRunner().invoke(main, ["topics"]).output, RENEW


def test_every_card_that_is_answered_has_its_topic_in_the_code_system(call):
    code_system = json.loads(FILE.read_text("utf-8"))
    titles = {concept["code"]: concept["display"] for concept in code_system["concept"]}
    topics = [card["source"]["topic"] for name in EVERY_CARD for card in call(EVERY_CARD[name])]
    assert {topic["code"] for topic in topics} == set(titles)
    assert {topic["system"] for topic in topics} == {code_system["url"]}
    assert all(topic["display"] == titles[topic["code"]] for topic in topics)
