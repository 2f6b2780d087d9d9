"""Who calls: the one place that asks."""

from __future__ import annotations

from flask import g


def calling_client() -> str:
    """The authenticated client of this request: its ``iss``, followed by its tenant where it has one (CDS Hooks 3.0.0,
    "Trusting CDS Clients"). ``""`` where callers are not authenticated."""
    caller = g.get("caller")
    return " ".join(filter(None, (caller.iss, caller.tenant))) if caller else ""
