"""The report over HTTP: what became of the cards that the calling client was shown."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import orjson
from flask import Blueprint, Response, request
from werkzeug.exceptions import ServiceUnavailable

from ..store.errors import StoreUnavailable
from ..store.report_form import report_json
from ..store.store import Store
from .caller import calling_client
from .errors import BadRequest

DEFAULT_WEEKS = 12
MOST_WEEKS = 520


def report_blueprint(store: Store, clock: Callable[[], datetime]) -> Blueprint:
    """The endpoint ``GET /api/report?weeks=12``. Clients are checked as on every other endpoint;
    each sees only its own cards."""
    blueprint = Blueprint("report", __name__)

    @blueprint.get("/api/report")
    def report() -> Response:
        text = request.args.get("weeks", str(DEFAULT_WEEKS))
        weeks = int(text) if text.isascii() and text.isdigit() and len(text) < 4 else 0
        if not 1 <= weeks <= MOST_WEEKS:
            raise BadRequest(
                f"weeks must be a number from 1 to {MOST_WEEKS}.", "weeks", code="value"
            )
        try:
            made = store.report(weeks, clock(), calling_client())
        except StoreUnavailable:
            raise ServiceUnavailable(
                "The database does not answer, or another report is being made.", retry_after=5
            ) from None
        return Response(orjson.dumps(report_json(made)), content_type="application/json")

    return blueprint
