"""Work that takes longer than a page may: done once, one after the other, in a
thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future, TimeoutError
from contextlib import suppress
from typing import Generic, TypeVar

_Made = TypeVar("_Made")
# As long as a person waits for a page without wondering.
PATIENCE_SECONDS = 3.0


class Later(Generic[_Made]):
    """What was worked out, by a key, and what is being worked out."""

    def __init__(self) -> None:
        self._lock, self._one_at_a_time = threading.Lock(), threading.Lock()
        self._begun: dict[Hashable, Future[_Made]] = {}

    def result(self, key: Hashable, make: Callable[[], _Made]) -> _Made | None:
        """What ``make`` made when it was first asked for under ``key``, ``None`` while it is not
        done. Raises what ``make`` raised."""
        with self._lock:
            future = self._begun.get(key)
            if future is None:
                future = self._begun[key] = Future()
                threading.Thread(target=self._run, args=(future, make), daemon=True).start()
        with suppress(TimeoutError):
            return future.result(PATIENCE_SECONDS)
        return None

    def _run(self, future: Future[_Made], make: Callable[[], _Made]) -> None:
        with self._one_at_a_time:
            try:
                future.set_result(make())
            except Exception as error:  # told to whoever asks for the result
                future.set_exception(error)
