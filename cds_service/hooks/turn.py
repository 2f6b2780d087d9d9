"""Which calls compute: one on the event loop, one small one and one large one in threads, while any
number wait for FHIR servers.

Python runs one thread at a time, so that calls that compute together only delay each other. A small
call does not wait for a large one, but shares the processor with it.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Iterator
from contextlib import contextmanager

SMALL_BYTES = 256_000
# The pause before each large call. Decoding a large call lets no other thread run, and a small call
# has several steps, each of which would otherwise wait for the decoding of another large one.
PAUSE_SECONDS = 0.03
# After a call that took longer than this on the event loop, the loop is free for other work for the
# same time, but not longer than PAUSE_SECONDS. A small call needs the loop several times, and would
# otherwise wait for a slow call each time.
LONG_SECONDS = 0.005


class _Lane:
    """A lock that callers hold in turn, so that the many calls of one caller delay each other and
    not those of other callers."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._taken = False
        self._waiting: OrderedDict[str, deque[threading.Event]] = OrderedDict()

    def take(self, caller: str) -> None:
        with self._lock:
            if not self._taken:
                self._taken = True
                return
            mine = threading.Event()
            self._waiting.setdefault(caller, deque()).append(mine)
        mine.wait()  # the lane is handed over, and stays taken

    def give(self) -> None:
        with self._lock:
            if not self._waiting:
                self._taken = False
                return
            caller, calls = self._waiting.popitem(last=False)
            following = calls.popleft()
            if calls:
                self._waiting[caller] = calls  # behind the other callers
        following.set()


class Turn:
    """A call holds it while it computes, and gives it up while it waits, so that a call that waits
    for a slow FHIR server does not delay others."""

    def __init__(self) -> None:
        self._small, self._large = _Lane(), _Lane()
        self._held = threading.local()

    @contextmanager
    def of(self, caller: str, size: int) -> Iterator[None]:
        """Hold the turn of a call of ``caller`` with a body of ``size`` bytes for the block."""
        lane = self._small if size <= SMALL_BYTES else self._large
        lane.take(caller)
        if lane is self._large:
            time.sleep(PAUSE_SECONDS)
        self._held.by = lane, caller
        try:
            yield
        finally:
            del self._held.by
            lane.give()

    @contextmanager
    def given_up(self) -> Iterator[None]:
        """Let other calls compute during the block."""
        lane, caller = self._held.by
        lane.give()
        try:
            yield
        finally:
            lane.take(caller)


class LoopTurn:
    """Turns to compute on the event loop: one call at a time, parties in turn. Between two calls
    the loop does other work."""

    def __init__(self) -> None:
        self._taken = False
        self._began = 0.0
        self._waiting: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()

    async def of(self, party: str) -> None:
        """Return when it is the turn of a call of ``party``, which must then compute without
        waiting for anything."""
        loop = asyncio.get_running_loop()
        if not self._taken:
            self._begin(loop)
            return
        mine = loop.create_future()
        self._waiting.setdefault(party, deque()).append(mine)
        await mine

    def _begin(self, loop: asyncio.AbstractEventLoop) -> None:
        self._taken = True
        self._began = time.perf_counter()
        loop.call_soon(self._end, loop)

    def _end(self, loop: asyncio.AbstractEventLoop) -> None:
        if not self._waiting:
            self._taken = False
        elif (took := time.perf_counter() - self._began) > LONG_SECONDS:
            loop.call_later(min(took, PAUSE_SECONDS), self._go_on, loop)
        else:
            self._go_on(loop)

    def _go_on(self, loop: asyncio.AbstractEventLoop) -> None:
        party, calls = self._waiting.popitem(last=False)
        calls.popleft().set_result(None)
        if calls:
            self._waiting[party] = calls  # behind the other parties
        self._begin(loop)
