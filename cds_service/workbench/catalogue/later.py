"""Runs work that takes too long for a page: in background threads, each task once, one task at a
time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future, TimeoutError
from contextlib import suppress
from typing import Generic, TypeVar

_Made = TypeVar("_Made")
# How long a person waits for a page without wondering whether it works.
PATIENCE_SECONDS = 3.0


class Later(Generic[_Made]):
    """The results of tasks by key, finished or not."""

    def __init__(self) -> None:
        self._lock, self._one_at_a_time = threading.Lock(), threading.Lock()
        self._begun: dict[Hashable, Future[_Made]] = {}

    def result(self, key: Hashable, make: Callable[[], _Made]) -> _Made | None:
        """The result of ``make`` when it was first called for ``key``; ``None`` while that call
        still runs. Raises the exception that ``make`` raised."""
        with self._lock:
            future = self._begun.get(key)
            if future is None:
                future = Future()
                threading.Thread(target=self._run, args=(future, make), daemon=True).start()
                self._begun[key] = future
        with suppress(TimeoutError):
            return future.result(PATIENCE_SECONDS)
        return None

    def _run(self, future: Future[_Made], make: Callable[[], _Made]) -> None:
        with self._one_at_a_time:
            try:
                future.set_result(make())
            except Exception as error:  # result() raises it
                future.set_exception(error)
