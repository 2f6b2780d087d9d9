"""What came of each check, and how long they may take together."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

SECONDS = float(os.environ.get("INTEROP_SECONDS", "720"))


class Skipped(Exception):
    """A check that cannot be made here, and why."""


class Failed(Exception):
    """What the other side says against us."""


class Outcomes:
    """The checks of one run. ``left``: seconds until the bound."""

    def __init__(self) -> None:
        self._ends = time.monotonic() + SECONDS
        self.counts = {"passed": 0, "failed": 0, "skipped": 0}

    @property
    def left(self) -> float:
        """Seconds until the bound. Raises :class:`Skipped` where it is reached."""
        left = self._ends - time.monotonic()
        if left <= 0:
            raise Skipped(f"the bound of {SECONDS:.0f} s is reached")
        return left

    @contextmanager
    def check(self, name: str) -> Iterator[None]:
        """Tells what became of a check; one that fails or is skipped does not stop the others."""
        began = time.monotonic()
        result, said = "passed", ""
        try:
            yield
        except Skipped as error:
            result, said = "skipped", f": {error}"
        except Failed as error:
            result, said = "failed", f": {error}"
        self.counts[result] += 1
        print(f"{result} {name} ({time.monotonic() - began:.0f} s){said}", flush=True)

    def run(self, name: str, check: Callable[..., None], *arguments: Any) -> None:
        """Make a check and tell what became of it."""
        with self.check(name):
            self.left  # noqa: B018
            check(*arguments)

    def tell(self) -> int:
        """The closing line, and the exit code."""
        print(", ".join(f"{number} {name}" for name, number in self.counts.items()))
        return 1 if self.counts["failed"] else 0
