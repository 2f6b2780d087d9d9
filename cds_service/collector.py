"""How often Python's garbage collector runs, and which objects it visits.

Loading makes next to no garbage, and loaded objects live as long as the process. A call makes
thousands of short-lived objects, which reference counting frees.
"""

from __future__ import annotations

import gc


def collect_rarely() -> None:
    """Let the collector run less often than by default: it would take a fifth of a start."""
    gc.set_threshold(50_000, 20, 20)


def freeze_loaded() -> None:
    """Exempt all present objects from collection. Processes that are forked from now on share them,
    because no collection writes to them."""
    gc.freeze()


def freeze_reloaded() -> None:
    """Exempt all present objects from collection, after freeing those that were replaced."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()
