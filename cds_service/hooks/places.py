"""How many calls of one party are answered at a time. Only the event loop uses this."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

AT_ONCE = 40
MOST_WAITING = 200


class TooMany(Exception):
    """As many calls of the party as may wait are already waiting."""


class Places:
    """``at_once`` calls of a party are answered at a time. ``most_waiting`` more wait, without a
    thread."""

    def __init__(self, at_once: int = AT_ONCE, most_waiting: int = MOST_WAITING):
        self._at_once = at_once
        self._most = at_once + most_waiting
        self._places: dict[str, tuple[asyncio.Semaphore, int]] = dict()

    @asynccontextmanager
    async def place(self, party: str) -> AsyncIterator[None]:
        """Wait for a place, and hold it for the block. Raises :class:`TooMany`."""
        semaphore, users = self._places.get(party) or (asyncio.Semaphore(self._at_once), 0)
        if users >= self._most:
            raise TooMany
        self._places[party] = semaphore, users + 1
        try:
            async with semaphore:
                yield
        finally:
            semaphore, users = self._places.pop(party)
            if users > 1:
                self._places[party] = semaphore, users - 1
