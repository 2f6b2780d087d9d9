"""How many calls one party may make: a number a second, after a burst of ten seconds' worth.
Further calls are answered 429."""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from werkzeug.exceptions import TooManyRequests

BURST_SECONDS = 10
OPEN_CALLS_PER_SECOND = 20
MOST_PARTIES = 10_000


class CallLimit:
    """The calls that parties have left in this process. ``rate``: calls a second, 0 for no limit.
    ``clock``: gives seconds."""

    def __init__(self, rate: float, clock: Callable[[], float] = time.monotonic):
        self._rate = rate
        self._clock = clock
        self._lock = threading.Lock()
        # The calls that each party had left, and at what time. The parties that have not called for
        # longest are dropped.
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def spend(self, party: str) -> None:
        """Take one of the calls that ``party`` has left. Raises :class:`TooManyRequests` if there
        is none."""
        if not self._rate:
            return
        with self._lock:
            now = self._clock()
            most = self._rate * BURST_SECONDS
            left, since = self._left.pop(party, (most, now))
            left = min(most, left + (now - since) * self._rate)
            self._left[party] = max(left - 1, 0) if left >= 1 else left, now
            if len(self._left) > MOST_PARTIES:
                self._left.popitem(last=False)
        if left < 1:
            wait = math.ceil((1 - left) / self._rate)
            raise TooManyRequests(
                "Too many calls; wait as long as Retry-After says.", retry_after=wait
            )
