"""What the main process loads for its workers: each is forked of it, and so has it without reading
and computing it again.

A worker that starts in the place of another one has the cards that were checked last, as the other
workers have, whatever the files say by then.
"""

from __future__ import annotations

from datetime import UTC, datetime

from .config import Settings
from .engine import Engine
from .hooks.served import Served, served

_loaded: dict[str, Served] = {}


def load_for_workers(engine: Engine) -> Served:
    """Have workers that are forked from now on serve ``engine``."""
    _loaded["last"] = served(engine, datetime.now(UTC))
    return _loaded["last"]


def inherited(settings: Settings) -> Served | None:
    """What this process has of the one that it was forked of; nothing where that loaded nothing
    for ``settings``, or where processes are not forked."""
    found = _loaded.get("last")
    return found if found and found.engine.settings == settings else None
