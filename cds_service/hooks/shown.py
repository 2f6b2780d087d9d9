"""What is kept of a card that leaves the service, so that feedback on its uuid finds the
card's id and version."""

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
    """The decision event of a card. Nothing of the patient: labels tell what a call fills in by its
    title, and a critical card, which is never snoozed, goes without the hash."""
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
