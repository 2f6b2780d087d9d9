"""The answer of a hook call as bytes; a card that cannot be written as JSON is left out."""

from __future__ import annotations

import msgspec

from ..rendering.answer import CdsResponse
from ..rendering.cards import RenderedCard
from ..troubles import TROUBLES

_encode = msgspec.json.Encoder().encode
# A lone surrogate, a type that JSON does not have, endless nesting.
_ERRORS = (UnicodeEncodeError, TypeError, OverflowError, RecursionError)


def encoded(cards: list[RenderedCard]) -> tuple[list[RenderedCard], bytes]:
    """The cards that can be written, and the answer with them."""
    try:
        return cards, _encode(CdsResponse([card.shown for card in cards]))
    except _ERRORS:
        written = [card for card in cards if _can_be_written(card)]
        return written, _encode(CdsResponse([card.shown for card in written]))


def _can_be_written(card: RenderedCard) -> bool:
    try:
        _encode(card.shown)
    except _ERRORS as error:
        TROUBLES.note_dropped(card.source.id, error)
        return False
    return True
