"""What went wrong within a call that is answered all the same: said in the log, without what was
sent, and counted."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable

log = logging.getLogger(__name__)

# Told of what: a fact, or a card by its id; and of what happened.
Tell = Callable[[str, Exception], None]


def places(error: Exception) -> str:
    """Where it happened, innermost first; never the message of an exception, which may
    carry patient data."""
    frames = traceback.extract_tb(error.__traceback__)
    return " < ".join(
        f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno}" for frame in reversed(frames[-6:])
    )


class Troubles:
    """Counts what one process met: ``unread`` facts, and cards that were ``dropped`` because they
    could not be rendered."""

    def __init__(self) -> None:
        self.unread = 0
        self.dropped = 0

    def note_unread(self, fact: str, error: Exception) -> None:
        """A fact could not be worked out: it is unknown in this call."""
        self.unread += 1
        log.error(
            "the fact %s could not be worked out and is unknown: %s at %s",
            fact,
            type(error).__name__,
            places(error),
        )

    def note_dropped(self, card: str, error: Exception) -> None:
        """A card that fires could not be decided, rendered or written, so that
        the answer lacks it."""
        self.dropped += 1
        log.error(
            "the card %s is left out of an answer: %s at %s",
            card,
            type(error).__name__,
            places(error),
        )


TROUBLES = Troubles()
