"""Lines of the log are limited in length and number, so that nobody outside can fill a disk."""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

LONGEST = 1000
AT_ONCE = 20
WINDOW_SECONDS = 10.0
_MOST_KINDS = 1000


class Bounded(logging.Formatter):
    """Formats a record as one line, with at most ``LONGEST`` characters of its message."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s", "%Y-%m-%dT%H:%M:%S%z")

    def formatMessage(self, record: logging.LogRecord) -> str:
        """The message on one line, cut if it is too long."""
        text = record.message.replace("\r", " ").replace("\n", " ")
        record.message = text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}\u2026"
        return super().formatMessage(record)


class Sparing(logging.Filter):
    """Limits how many lines of one kind (the same words and the same first value) are shown in
    ``WINDOW_SECONDS``. The next line says how many were left out. ``clock``: gives seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._lock = threading.Lock()
        # By kind: when its window began, how many lines were shown in it, and how many left out.
        self._kinds: OrderedDict[str, tuple[float, int, int]] = OrderedDict()

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the line is shown."""
        first = record.args[0] if isinstance(record.args, tuple) and record.args else ""
        kind = f"{record.msg} {str(first)[:40]}"[:160]
        with self._lock:
            now = self._clock()
            began, shown, left_out = self._kinds.pop(kind, (now, 0, 0))
            if now - began >= WINDOW_SECONDS:
                if left_out:
                    record.msg = (
                        f"{record.msg} ({left_out} more such lines were left out before it)"
                    )
                began, shown, left_out = now, 0, 0
            is_shown = shown < AT_ONCE
            self._kinds[kind] = (
                (began, shown + 1, left_out) if is_shown else (began, shown, left_out + 1)
            )
            if len(self._kinds) > _MOST_KINDS:
                self._kinds.popitem(last=False)
        return is_shown


def log_to_stderr(package: str) -> None:
    """Show the lines of ``package``. Python by itself would show neither their time nor lines below
    a warning, such as what was not read of FHIR servers."""
    handler = logging.StreamHandler()
    handler.setFormatter(Bounded())
    handler.addFilter(Sparing())
    service = logging.getLogger(package)
    service.addHandler(handler)
    service.setLevel(logging.INFO)
