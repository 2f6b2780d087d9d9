"""What the main process loads for its workers. They are forked from it, and so have it without
loading it again.

A worker that replaces another one has the cards that were checked last, like the other workers,
whatever the files contain by then.
"""

from __future__ import annotations

from datetime import UTC, datetime

from .config import Settings
from .engine import Engine
from .hooks.served import Served, served

_loaded: dict[str, Served] = {}


def load_for_workers(engine: Engine) -> Served:
    """Let workers that are forked from now on serve ``engine``."""
    _loaded["last"] = served(engine, datetime.now(UTC))
    return _loaded["last"]


def inherited(settings: Settings) -> Served | None:
    """What this process has inherited from the one that it was forked from; ``None`` if that
    process loaded nothing for ``settings``, or if processes are not forked."""
    found = _loaded.get("last")
    return found if found and found.engine.settings == settings else None
