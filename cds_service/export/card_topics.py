"""The CodeSystem of card topics (``source.topic`` of a card), made from the built-in cards of every
parameter set."""

from __future__ import annotations

from typing import Any

from .. import __version__
from ..engine import PARAMETER_SETS, Engine
from ..rendering.publication import TOPICS
from ..rules.card_set import load_cards
from .edition import MATURITY, PUBLISHER


def card_topics(engine: Engine) -> dict[str, Any]:
    """Return the FHIR R4 CodeSystem with the id and title of each built-in card of ``engine``, even
    where a site replaces the card."""
    built_in = engine.folders[:1]
    cards = [
        card
        for name in PARAMETER_SETS
        for card in load_cards(built_in, engine.vocabulary, name).values()
    ]
    titles = {card.id: card.title for card in cards}
    return {
        "resourceType": "CodeSystem",
        "id": TOPICS.rpartition("/")[2],
        "url": TOPICS,
        "version": __version__,
        "name": "CardTopic",
        "title": "Topics of the cards",
        **MATURITY,
        "publisher": PUBLISHER,
        "description": (
            "What a card is about (CDS Hooks 3.0.0, source.topic): the id of the card with its "
            "title. Made from the cards by `python -m cds_service topics`."
        ),
        "caseSensitive": True,
        "content": "complete",
        "count": len(titles),
        "concept": [{"code": code, "display": title} for code, title in sorted(titles.items())],
    }
