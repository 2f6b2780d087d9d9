"""The record of a card that leaves the service, so that feedback on its uuid finds the card's id
and version."""

from __future__ import annotations

from datetime import datetime

from ..authoring.card_words import readable
from ..rendering.cards import RenderedCard
from ..store.records import ShownCard, ShownSuggestion


def shown_card(
    rendered: RenderedCard,
    service_id: str,
    client: str,
    now: datetime,
    patient_hash: str | None,
    occasion: str,
) -> ShownCard:
    """The record of a card, without patient data: its labels contain the titles of facts in place
    of values, and a critical card, which is never snoozed, has no hash."""
    card, shown = rendered.source, rendered.shown
    return ShownCard(
        shown.uuid,
        card.id,
        card.version,
        card.indicator,
        service_id,
        client,
        now,
        tuple(
            ShownSuggestion(suggestion.uuid, index, readable(card.suggestions[index].label))
            for index, suggestion in zip(rendered.suggestions, shown.suggestions, strict=True)
        ),
        None if card.indicator == "critical" else patient_hash,
        occasion,
    )
