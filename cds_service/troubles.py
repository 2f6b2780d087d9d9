"""What fails within a call that is answered all the same: it is logged, without anything that was
sent, and counted."""

from __future__ import annotations

import logging
import traceback

log = logging.getLogger(__name__)


def places(error: Exception) -> str:
    """Where ``error`` was raised, innermost place first. The message is left out, because it may
    contain patient data."""
    frames = traceback.extract_tb(error.__traceback__)
    return " < ".join(
        f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno}" for frame in reversed(frames[-6:])
    )


class Troubles:
    """Counts the failures in one process: ``unread`` facts, and cards that were ``dropped`` because
    they could not be rendered."""

    def __init__(self) -> None:
        self.unread = 0
        self.dropped = 0

    def note_unread(self, fact: str, error: Exception) -> None:
        """Note that ``fact`` could not be computed, and is unknown in this call."""
        self.unread += 1
        log.error(
            "the fact %s could not be worked out and is unknown: %s at %s",
            fact,
            type(error).__name__,
            places(error),
        )

    def note_dropped(self, card: str, error: Exception) -> None:
        """Note that ``card`` fires but could not be decided, rendered or written, and is missing
        from the answer."""
        self.dropped += 1
        log.error(
            "the card %s is left out of an answer: %s at %s",
            card,
            type(error).__name__,
            places(error),
        )


TROUBLES = Troubles()
