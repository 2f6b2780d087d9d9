"""Which call computes: one at a time in a process, while any number wait for FHIR servers."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType


class Turn:
    """Held by the call that computes, and given up while it waits.

    Python runs one thread at a time: calls that compute together only make each other late, and a call that waits for a
    slow FHIR server must not hold up the others.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._lock.release()

    @contextmanager
    def given_up(self) -> Iterator[None]:
        """Let others compute until the block ends."""
        self._lock.release()
        try:
            yield
        finally:
            self._lock.acquire()
