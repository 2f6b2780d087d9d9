"""The floor: the least that a CDS Hooks service in Flask can do. It parses the whole body and returns a canned card.

Started by ``python -m tests.bench.floor_app PORT`` through the service's own ``serve`` command, whose application alone is
exchanged, so that the server, its options and its worker count are the same by construction.
"""

from __future__ import annotations

import gc
import sys
from typing import Any
from unittest import mock

import orjson
from flask import Flask, Response, request

from cds_service.hooks.admission import Admission
from cds_service.hooks.rsgi import WholeCalls

PATH = "/cds-services/floor"
_PYTHONS_THRESHOLDS = gc.get_threshold()  # before the command line sets its own
_SENTENCE = "This card is always the same; it is as long as a card with a few paragraphs and a small table of results. "


def _card() -> dict[str, Any]:
    order = {
        "resourceType": "MedicationRequest",
        "status": "draft",
        "intent": "proposal",
        "medicationCodeableConcept": {
            "coding": [{"system": "http://example.org", "code": "1", "display": "A product"}]
        },
        "subject": {"reference": "Patient/pat-1"},
        "dosageInstruction": [
            {
                "text": _SENTENCE,
                "timing": {"repeat": {"frequency": 1, "period": 1, "periodUnit": "d"}},
            }
        ],
    }
    actions = [{"type": "create", "description": "Order: a product", "resource": order}] * 2
    return {
        "uuid": "00000000-0000-4000-8000-000000000000",
        "summary": _SENTENCE,
        "indicator": "critical",
        "detail": "\n\n".join([_SENTENCE] * 8),
        "source": {"label": "The floor", "url": "https://example.org/floor"},
        "suggestions": [
            {
                "label": f"Choice {n}",
                "uuid": f"00000000-0000-4000-8000-00000000000{n}",
                "actions": actions,
            }
            for n in (1, 2)
        ],
        "selectionBehavior": "at-most-one",
        "links": [
            {"label": _SENTENCE, "url": f"https://example.org/{n}", "type": "absolute"}
            for n in (1, 2, 3)
        ],
    }


def create_app() -> Flask:
    """The floor's application."""
    app = Flask("floor", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = 10_000_000
    answer = orjson.dumps({"cards": [_card()]})

    @app.post(PATH)
    def floor() -> Response:
        orjson.loads(request.get_data())
        return Response(answer, content_type="application/json")

    return app


def create_worker_app() -> WholeCalls:
    """The floor's application as the server calls it. Its garbage collector runs as often as Python lets it run by default, and
    does not walk the cards that the main process loaded, since a floor has none."""
    gc.freeze()
    gc.set_threshold(*_PYTHONS_THRESHOLDS)
    app = create_app()
    return WholeCalls(app.wsgi_app, Admission(app))


def serve(port: int) -> None:
    """Serve the floor as ``python -m cds_service serve`` serves the service."""
    import granian

    from cds_service.cli import main

    real = granian.Granian

    def with_floor(_: str, **options: Any) -> granian.Granian:
        return real("tests.bench.floor_app:create_worker_app", **options)

    with mock.patch.object(granian, "Granian", with_floor):
        main(["serve", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"])


if __name__ == "__main__":
    serve(int(sys.argv[1]))
