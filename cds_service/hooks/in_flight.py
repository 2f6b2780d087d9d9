"""How many bytes of bodies are held at a time, and by whom. Used by the event loop alone."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

# Of each body the first bytes are always taken in: with the connections of a worker that has a
# bound of its own, and calls of the usual size wait for nobody.
SMALL_BYTES = 64_000
MOST_BYTES = 64_000_000
MOST_BYTES_OF_ONE = 32_000_000


class InFlight:
    """The bytes that larger bodies may take: ``most`` in all, ``most_of_one`` for one party, which
    so leaves room for others."""

    def __init__(self, most: int = MOST_BYTES, most_of_one: int = MOST_BYTES_OF_ONE):
        self._most = most
        self._most_of_one = most_of_one
        self._taken: Counter[str] = Counter()
        self._changed = asyncio.Condition()

    @asynccontextmanager
    async def room(self, party: str, size: int) -> AsyncIterator[None]:
        """Wait for room for ``size`` bytes, all at once, so that no two bodies wait for
        each other; held until the block ends. A body that is larger than what there is for
        one has all of that."""
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
