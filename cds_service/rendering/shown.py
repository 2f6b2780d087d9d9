"""Which of the cards that fire are shown: at most three, by urgency (clinical specification,
section 4; CDS Hooks 3.0.0, "Card Attributes")."""

from __future__ import annotations

from collections.abc import Container

from ..rules.card import INDICATORS, Card
from ..rules.decision import Decision, Decisions

MOST_CARDS = 3


def select_shown(
    decisions: Decisions, snoozed: Container[tuple[str, str]] = (), most: int | None = MOST_CARDS
) -> list[Decision]:
    """The cards that fire, by urgency and then by rank, at most ``most``. ``snoozed``: ids and
    versions of cards that stay silent for this patient; critical cards are shown all the same."""
    firing = [
        decision
        for decision in decisions.all()
        if decision.fires and not _is_snoozed(decision.card, snoozed)
    ]
    firing.sort(
        key=lambda decision: (INDICATORS.index(decision.card.indicator), decision.card.rank)
    )
    return firing[:most]


def _is_snoozed(card: Card, snoozed: Container[tuple[str, str]]) -> bool:
    return card.indicator != "critical" and (card.id, card.version) in snoozed
