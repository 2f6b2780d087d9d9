"""CDS Hooks 3.0.0, "Reasons for rejecting a card"."""

from __future__ import annotations

from typing import Any

SYSTEM = "http://terminology.hl7.org/CodeSystem/non-adherence-reason-codes"
# Codes and displays of the CDS Hooks 3.0.0 code system "Non-Adherence Reason Codes".
PUBLISHED = {
    "cds-not-applicable": "PC CDS does not apply to patient",
    "cds-suboptimal-context": "PC CDS delivered in suboptimal context",
    "recipient-disagrees-evidence": "Recipient disagrees with recommendation because of issues with the evidence",
    "recipient-concerns-outcomes": "Recipient has concerns regarding potential health outcomes",
    "does-not-align-preferences": "Recommendation does not align with patient preferences or values",
    "not-convenient-feasible": "Recommendation is not convenient or feasible",
    "action-completed": "Recommended action was already completed",
    "patient-contraindication": "Patient has contraindication to recommended action",
    "patient-refuses": "Patient refuses/declines (no context given)*",
    "too-costly-uncovered": "Recommended action is too costly or not covered by insurance",
    "service-not-available": "Treatment or service is not practically available",
}


def _reasons(cards: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [reason for card in cards for reason in card.get("overrideReasons", [])]


def test_every_urgent_card_offers_reasons(cards: list[dict[str, Any]]) -> None:
    """Reasons for rejecting a card: a user who rejects a warning can say why."""
    assert all(card["overrideReasons"] for card in cards if card["indicator"] != "info")


def test_a_reason_shall_have_a_display(cards: list[dict[str, Any]]) -> None:
    """Reasons for rejecting a card: services SHALL give a human-readable ``display`` (with ``code`` and ``system``)."""
    for reason in _reasons(cards):
        assert set(reason) == {"code", "system", "display"}
        assert reason["display"].strip()


def test_reasons_are_those_of_the_published_code_system(cards: list[dict[str, Any]]) -> None:
    """Reasons for rejecting a card: the suggested Non-Adherence Reason Codes, with their published displays."""
    assert _reasons(cards)
    for reason in _reasons(cards):
        assert (reason["system"], reason["display"]) == (SYSTEM, PUBLISHED[reason["code"]])


def test_no_reason_twice_on_a_card(cards: list[dict[str, Any]]) -> None:
    """Reasons for rejecting a card: each reason is a choice of its own."""
    for card in cards:
        codes = [reason["code"] for reason in card.get("overrideReasons", [])]
        assert len(set(codes)) == len(codes)
