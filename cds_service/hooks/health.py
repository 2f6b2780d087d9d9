"""Whether the process answers (``/healthz``), and whether everything that it needs is available
(``/readyz``). Both are open to all, and cheap."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import orjson
from flask import Blueprint, Response

from ..store.store import Store
from ..troubles import TROUBLES
from .served import Serving

PROBES = frozenset({"health.alive", "health.ready"})


def health_blueprint(serving: Serving, store: Store, clock: Callable[[], datetime]) -> Blueprint:
    """The endpoints ``GET /healthz`` and ``GET /readyz``."""
    blueprint = Blueprint("health", __name__)
    since = clock()

    @blueprint.get("/healthz")
    def alive() -> Response:
        return _json({"status": "ok"})

    @blueprint.get("/readyz")
    def ready() -> Response:
        cards = {
            "status": "ok",
            "active": len(serving.current.engine.cards),
            "since": since.isoformat(timespec="seconds"),
        }
        parts = {"cards": cards, "store": _store(store)}
        # Hooks are answered without a database, but whoever routes calls here should know that
        # feedback is refused.
        degraded = any(part["status"] != "ok" for part in parts.values())
        counts = {
            "cardsNotRecorded": store.lost,
            "factsNotRead": TROUBLES.unread,
            "cardsLeftOut": TROUBLES.dropped,
        }
        return _json({"status": "degraded" if degraded else "ok", "parts": parts, "counts": counts})

    return blueprint


def _store(store: Store) -> dict[str, Any]:
    failing = store.failing_since
    return (
        {"status": "degraded", "since": failing.isoformat(timespec="seconds")}
        if failing
        else {"status": "ok"}
    )


def _json(value: dict[str, Any]) -> Response:
    return Response(
        orjson.dumps(value), content_type="application/json", headers={"Cache-Control": "no-store"}
    )
