"""How many bytes of bodies are held at a time, and for whom. Only the event loop uses this."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

# The first bytes of each body are always accepted: the connections of a worker already bound them,
# and calls of the usual size need not wait.
SMALL_BYTES = 64_000
MOST_BYTES = 64_000_000
MOST_BYTES_OF_ONE = 32_000_000


class InFlight:
    """The bytes that larger bodies may take: ``most`` in all, ``most_of_one`` for one party, so
    that others find room."""

    def __init__(self, most: int = MOST_BYTES, most_of_one: int = MOST_BYTES_OF_ONE):
        self._most = most
        self._most_of_one = most_of_one
        self._taken: Counter[str] = Counter()
        self._changed = asyncio.Condition()

    @asynccontextmanager
    async def room(self, party: str, size: int) -> AsyncIterator[None]:
        """Wait for room for ``size`` bytes, and hold it for the block. All of it is taken at once,
        so that no two bodies wait for each other. A body larger than the room of one party takes
        all of that room."""
        size = min(size, self._most_of_one, self._most)
        async with self._changed:
            await self._changed.wait_for(lambda: self._fits(party, size))
            self._taken[party] += size
        try:
            yield
        finally:
            async with self._changed:
                self._taken[party] -= size
                if not self._taken[party]:
                    del self._taken[party]
                self._changed.notify_all()

    def _fits(self, party: str, size: int) -> bool:
        return (
            self._taken.total() + size <= self._most
            and self._taken[party] + size <= self._most_of_one
        )
