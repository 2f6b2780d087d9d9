"""The CodeSystem of card topics (``source.topic`` of a card), made from the built-in cards of every parameter set."""

from __future__ import annotations

from typing import Any

from .. import __version__
from ..config import Settings
from ..engine import PARAMETER_SETS, Engine
from ..export.edition import MATURITY
from ..rendering.cards import TOPICS
from ..rules.card_set import load_cards


def card_topics() -> dict[str, Any]:
    """The FHIR R4 CodeSystem: each card's id with its title. Written to ``fhir_profiles/code-systems/card-topic.json``."""
    engine = Engine(Settings(cards=()))
    cards = [card for name in PARAMETER_SETS for card in load_cards(engine.folders, engine.vocabulary, name).values()]
    titles = {card.id: card.title for card in cards}
    return {
        "resourceType": "CodeSystem",
        "id": TOPICS.rpartition("/")[2],
        "url": TOPICS,
        "version": __version__,
        "name": "CardTopic",
        "title": "Topics of the cards",
        **MATURITY,
        "publisher": "B12 and folate CDS",
        "description": "What a card is about (CDS Hooks 3.0.0, source.topic): the id of the card with its title. "
        "Made from the cards by `python -m cds_service topics`.",
        "caseSensitive": True,
        "content": "complete",
        "count": len(titles),
        "concept": [{"code": code, "display": title} for code, title in sorted(titles.items())],
    }
