"""How many calls one party may make: so many a second, after a burst of ten seconds' worth; what is
more is answered 429."""

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
    """The calls that parties have left in this process. ``rate``: calls a second, 0 for no limit;
    ``clock`` gives seconds."""

    def __init__(self, rate: float, clock: Callable[[], float] = time.monotonic):
        self._rate = rate
        self._clock = clock
        self._lock = threading.Lock()
        # What each had left, and when that was; of those that did not call for
        # long nothing is kept.
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def spend(self, party: str) -> None:
        """Take one call from what ``party`` has left. Raises :class:`TooManyRequests`
        where that is none."""
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
