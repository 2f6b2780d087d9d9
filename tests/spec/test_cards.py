"""CDS Hooks 3.0.0, "Card Attributes", "Source" and "Link"."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from tests.conftest import Call
from tests.spec.conftest import Answers
from tests.spec.scenarios import EVERY_CARD
from tests.support.clinic import fire
from tests.support.fhir_builders import hook_request, observation, prefetch

CARD = {
    "uuid",
    "summary",
    "detail",
    "indicator",
    "source",
    "suggestions",
    "selectionBehavior",
    "overrideReasons",
    "links",
}
URGENCY = ["critical", "warning", "info"]


def _tokens(markdown: str) -> list[Token]:
    parsed = MarkdownIt("gfm-like", {"html": True, "linkify": False}).parse(markdown)
    return [token for block in parsed for token in [block, *(block.children or [])]]


def _absolute(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "https" and bool(parts.netloc)


def test_a_card_has_only_attributes_of_the_specification(cards: list[dict[str, Any]]) -> None:
    """Card Attributes: the nine defined ones (anything else would be an ``extension``)."""
    assert all(set(card) <= CARD | {"extension"} for card in cards)


def test_required_attributes_are_there(cards: list[dict[str, Any]]) -> None:
    """Card Attributes: ``summary``, ``indicator`` and ``source`` are REQUIRED."""
    assert all({"summary", "indicator", "source"} <= set(card) for card in cards)


def test_uuids_are_valid_and_unique(cards: list[dict[str, Any]]) -> None:
    """Card Attributes: ``uuid`` identifies this card in feedback: no two cards or suggestions share one."""
    found = [item["uuid"] for card in cards for item in [card, *card.get("suggestions", [])]]
    assert all(str(UUID(uuid)) == uuid for uuid in found)
    assert len(set(found)) == len(found)


def test_two_calls_never_share_a_uuid(call: Call) -> None:
    """Card Attributes: the same request again gives cards of their own, so feedback is told apart."""
    request = EVERY_CARD["b12-deficiency-untreated"]
    first, second = call(request), call(request)
    assert {card["uuid"] for card in first}.isdisjoint(card["uuid"] for card in second)


def test_the_summary_is_one_line_of_less_than_140_characters(cards: list[dict[str, Any]]) -> None:
    """Card Attributes: ``summary``: one sentence, < 140 characters."""
    for card in cards:
        assert 0 < len(card["summary"]) < 140
        assert "\n" not in card["summary"]


@pytest.mark.parametrize(
    ("value", "unit"),
    [
        (2.7, "mmol/L" + " of serum" * 40),
        (2.6999999999999997, "mmol/L"),
        (2.7, "mmol/L " + "\n" * 200),
    ],
)
def test_a_long_value_never_makes_the_summary_too_long(call: Call, value: float, unit: str) -> None:
    """Card Attributes: ``summary`` stays one sentence of < 140 characters whatever value and unit the client sends."""
    result = observation("potassium", value, "mmol/L")
    result["valueQuantity"]["unit"] = unit
    for card in call({**EVERY_CARD["hypokalaemia-before-b12"], "prefetch": prefetch(result)}):
        assert len(card["summary"]) < 140
        assert "\n" not in card["summary"]


def test_the_detail_shall_be_github_flavored_markdown_without_html(
    cards: list[dict[str, Any]],
) -> None:
    """Card Attributes: ``detail`` SHALL be GFM; HTML is left out, as not every client shows or cleans it."""
    for card in cards:
        tokens = _tokens(card["detail"])
        assert tokens
        assert not [token for token in tokens if token.type in ("html_block", "html_inline")]


def test_values_are_shown_as_a_table(answers: Answers) -> None:
    """Card Attributes: the results in ``detail`` form a GFM table that parses as one."""
    tokens = _tokens(answers["b12-deficiency-untreated"][0]["detail"])
    cells = [
        tokens[place + 1].content
        for place, token in enumerate(tokens)
        if token.type in ("td_open", "th_open")
    ]
    assert cells[:3] == ["Result", "Value", "Date"]
    assert "110 pg/mL" in cells
    assert len(cells) % 3 == 0


@pytest.mark.parametrize(
    "unit",
    [
        "<script>alert(1)</script>",
        "pg/mL | x",
        "[pg](https://evil.example)",
        "![x](https://evil.example/i)",
    ],
)
def test_text_of_the_client_can_never_be_markup(call: Call, unit: str) -> None:
    """Card Attributes: text from a record is shown as text: no HTML, link, image or extra table cell in ``detail``."""
    result = observation("b12", 110, "pg/mL")
    result["valueQuantity"]["unit"] = unit
    second = observation("b12", None, valueString=f"110 {unit}")
    for request in (
        prefetch(result),
        prefetch(second),
        prefetch(result, observation("b12", 120, "pg/mL", ago=3)),
    ):
        for card in call(hook_request("patient-view", request)):
            types = {token.type for token in _tokens(card["detail"])}
            assert not types & {"html_block", "html_inline", "link_open", "image"}


def test_the_indicator_is_info_warning_or_critical(cards: list[dict[str, Any]]) -> None:
    """Card Attributes: the allowed values of ``indicator``."""
    assert {card["indicator"] for card in cards} <= set(URGENCY)


def test_cards_come_most_urgent_first_and_at_most_three(answers: Answers) -> None:
    """Card Attributes: ``indicator`` orders cards for display; the service returns them in that order, and never floods."""
    for found in answers.values():
        ranks = [URGENCY.index(card["indicator"]) for card in found]
        assert ranks == sorted(ranks)
        assert len(ranks) <= 3
    assert [card["indicator"] for card in answers["cobalamin-anaphylaxis"]] == [
        "critical",
        "warning",
        "info",
    ]


def test_the_source_has_a_label_and_an_absolute_url(cards: list[dict[str, Any]]) -> None:
    """Source: ``label`` is REQUIRED, short and for a reader; ``url`` is absolute."""
    for card in cards:
        source = card["source"]
        assert set(source) <= {"label", "url", "icon", "topic"}
        assert source["label"].strip()
        assert "url" not in source or _absolute(source["url"])
    assert any("url" in card["source"] for card in cards)


def test_nothing_is_linked_that_no_page_is_behind(cards: list[dict[str, Any]]) -> None:
    """Source, Link: a clinician who clicks arrives somewhere; a source without a page is named only."""
    addresses = [card["source"].get("url", "") for card in cards] + [
        link["url"] for card in cards for link in card.get("links", [])
    ]
    assert not [address for address in addresses if "example.org" in address]
    assert any("url" not in card["source"] for card in cards)


@pytest.mark.parametrize("card_id", EVERY_CARD)
def test_the_topic_is_a_coding_whose_code_is_the_card_id(answers: Answers, card_id: str) -> None:
    """Source: ``topic`` is a Coding: the card's id in the project's own code system, with a display."""
    topics = [card["source"]["topic"] for card in answers[card_id]]
    assert card_id in {topic["code"] for topic in topics}
    for topic in topics:
        assert topic["system"] == "https://b12-folate-cds.example.org/fhir/CodeSystem/card-topic"
        assert topic["display"].strip()


def test_selection_behavior_shall_be_there_exactly_with_suggestions(
    cards: list[dict[str, Any]],
) -> None:
    """Card Attributes: with suggestions ``selectionBehavior`` SHALL be given, as ``at-most-one`` or ``any``."""
    assert any("suggestions" in card for card in cards)
    for card in cards:
        assert ("selectionBehavior" in card) == ("suggestions" in card)
        assert card.get("selectionBehavior", "any") in ("at-most-one", "any")


def test_alternatives_are_at_most_one(answers: Answers) -> None:
    """Card Attributes: two regimens of the same vitamin exclude each other."""
    card = answers["b12-deficiency-untreated"][0]
    assert len(card["suggestions"]) == 2
    assert card["selectionBehavior"] == "at-most-one"


def test_a_smart_link_is_the_launch_url_of_the_app_where_a_site_switches_it_on() -> None:
    """Link: the ``url`` of a ``smart`` link is the app's launch URL, to which the client adds the launch parameters."""
    results = prefetch(observation("b12", 110, "pg/mL", ago=3))
    switched_on = {"base_url": "https://cds.example.org/b12", "smart_client_id": "app"}
    first, *others = fire("patient-view", results, settings=switched_on)[0]["links"]
    assert first == {
        "label": first["label"],
        "url": "https://cds.example.org/b12/smart/launch",
        "type": "smart",
    }
    assert 0 < len(first["label"]) < 80
    assert {link["type"] for link in others} == {"absolute"}
    assert fire("patient-view", results)[0]["links"] == others


def test_a_link_has_label_url_and_type(cards: list[dict[str, Any]]) -> None:
    """Link: ``label``, ``url`` and ``type`` are REQUIRED; an ``absolute`` link has no ``appContext``."""
    links = [link for card in cards for link in card.get("links", [])]
    assert links
    for link in links:
        assert set(link) == {"label", "url", "type"}
        assert link["type"] == "absolute"
        assert link["label"].strip()
        assert _absolute(link["url"])
