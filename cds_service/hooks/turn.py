"""Which calls compute: one on the event loop, one small one and one large one in threads, while any
number wait for FHIR servers.

Python runs one thread at a time: calls that compute together only make each other late. A small
call need not wait for a large one, with which it shares the processor for as long as it takes.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Iterator
from contextlib import contextmanager

SMALL_BYTES = 256_000
# Before each large call: decoding one lets no other thread run, and a small call has several steps,
# each of which would wait for the decoding of another large one.
PAUSE_SECONDS = 0.03
# After a call that took longer on the event loop, the loop has so much time, and at most so
# long, for what else has come: a call that is small passes it several times, and would wait for
# a slow one each time.
LONG_SECONDS = 0.005


class _Lane:
    """A lock that callers have in turn: one that comes with many calls waits for itself, and
    not others for it."""

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
    """Held by a call that computes, and given up while it waits: a call that waits for a slow FHIR
    server must not hold up others."""

    def __init__(self) -> None:
        self._small, self._large = _Lane(), _Lane()
        self._held = threading.local()

    @contextmanager
    def of(self, caller: str, size: int) -> Iterator[None]:
        """The turn of a call of ``caller`` with a body of ``size`` bytes, until the block ends."""
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
        """Let others compute until the block ends."""
        lane, caller = self._held.by
        lane.give()
        try:
            yield
        finally:
            lane.take(caller)


class LoopTurn:
    """Computing on the event loop: one call at a time, parties in turn, and between any two of them
    the loop does what else has come."""

    def __init__(self) -> None:
        self._taken = False
        self._began = 0.0
        self._waiting: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()

    async def of(self, party: str) -> None:
        """Return when it is the turn of a call of ``party``, which then computes without
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
