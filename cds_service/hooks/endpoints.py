"""The HTTP endpoints of CDS Hooks: discovery and the services."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import orjson
from flask import Blueprint, Response, request
from werkzeug.exceptions import NotFound

from ..engine import Engine
from ..fhir.client import FhirClient
from ..store.store import Store
from .caller import calling_client
from .errors import BadRequest
from .request import read_call
from .services import hook_services
from .shown import shown_card
from .turn import Turn

_JSON = "application/json"


def hooks_blueprint(engine: Engine, clock: Callable[[], datetime], fhir: FhirClient, turn: Turn, store: Store) -> Blueprint:
    """The endpoints ``GET /cds-services`` and ``POST /cds-services/{id}``.

    ``fhir`` reads what clients did not prefetch; a call computes during its ``turn``; ``store`` notes the cards shown.
    """
    blueprint = Blueprint("hooks", __name__)
    services = hook_services(engine)
    discovery = orjson.dumps({"services": [service.entry for service in services.values()]})
    no_cards = orjson.dumps({"cards": []})

    @blueprint.get("/cds-services")
    def discover() -> Response:
        return Response(discovery, content_type=_JSON)

    @blueprint.post("/cds-services/<service_id>")
    def call_service(service_id: str) -> Response:
        service = services.get(service_id)
        if service is None:
            raise NotFound("There is no such service; GET /cds-services lists them.")
        if not request.is_json:
            raise BadRequest("The body must be JSON: send Content-Type: application/json.", status=415, code="not-supported")
        body = request.get_data(cache=False)
        client = calling_client()
        with turn:
            call = read_call(body, service.hook, fhir)
            now = clock()
            patient_hash = store.snoozes.patient_hash(client, call.fhir_server, call.patient_id)
            cards = engine.answer(call, now, store.snoozes.of(patient_hash))
            if not cards:
                return Response(no_cards, content_type=_JSON)
            store.note_shown([shown_card(card, service_id, client, now, patient_hash) for card in cards])
        return Response(orjson.dumps({"cards": [card.shown for card in cards]}), content_type=_JSON)

    return blueprint
