"""The answer of a hook call as bytes; a card that cannot be written as JSON is left out."""

from __future__ import annotations

import orjson

from ..rendering.cards import RenderedCard
from ..troubles import TROUBLES


def encoded(cards: list[RenderedCard]) -> tuple[list[RenderedCard], bytes]:
    """The cards that the answer holds, and the answer."""
    try:
        return cards, orjson.dumps({"cards": [card.shown for card in cards]})
    except orjson.JSONEncodeError:
        written = [card for card in cards if _can_be_written(card)]
        return written, orjson.dumps({"cards": [card.shown for card in written]})


def _can_be_written(card: RenderedCard) -> bool:
    try:
        orjson.dumps(card.shown)
    except orjson.JSONEncodeError as error:
        TROUBLES.note_dropped(card.source.id, error)
        return False
    return True
