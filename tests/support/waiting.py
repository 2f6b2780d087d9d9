"""Waiting as long as a busy machine may take: a test fails for what does not come about, never for what comes late."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

PATIENCE = 120.0
"""Seconds after which something counts as never: so much longer than anything takes that a machine with ten other things to do
keeps it. What a test withholds on purpose it withholds for longer than that, unless it lets go before."""

AT_ONCE = PATIENCE / 4
"""Seconds within which a thing has happened that waits for nothing, however busy the machine; what it must not wait for takes
at least :data:`PATIENCE`."""


def eventually(condition: Callable[[], Any], seconds: float = PATIENCE) -> Any:
    """The first true value of ``condition``, asked for again and again; fails when there is none in time."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.02)
    return found


def growing(seconds: float, most: float = 30.0) -> Iterator[float]:
    """Limits of time to try one after the other, each four times as long: a test of what a limit cuts off needs one within which
    this machine does the rest."""
    while seconds < most:
        yield seconds
        seconds *= 4
    yield most
