"""The HTTP endpoints of CDS Hooks: discovery and the services."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import orjson
from flask import Blueprint, Response
from werkzeug.exceptions import NotFound

from ..fhir.client import FhirClient
from ..store.store import Store
from .admission import check_head
from .body import check_json, json_body
from .caller import calling_client, calling_party
from .encoding import encoded
from .request import read_call
from .served import Serving
from .shown import shown_card
from .turn import Turn

_JSON = "application/json"
NO_SERVICE = "There is no such service; GET /cds-services lists them."


def hooks_blueprint(serving: Serving, clock: Callable[[], datetime], fhir: FhirClient, turn: Turn, store: Store) -> Blueprint:
    """The endpoints ``GET /cds-services``, ``POST /cds-services/{id}`` and ``GET /openapi.json``.

    ``fhir`` reads what clients did not prefetch; a call computes during its ``turn``; ``store`` notes the cards shown.
    """
    blueprint = Blueprint("hooks", __name__)
    no_cards = orjson.dumps({"cards": []})

    @blueprint.get("/cds-services")
    def discover() -> Response:
        return Response(serving.current.discovery, content_type=_JSON)

    @blueprint.get("/openapi.json")
    def describe() -> Response:
        return Response(serving.current.openapi, content_type=_JSON)

    @blueprint.post("/cds-services/<service_id>")
    def call_service(service_id: str) -> Response:
        engine, hooks_by_id, *_ = serving.current
        hooks = hooks_by_id.get(service_id)
        if hooks is None:
            raise NotFound(NO_SERVICE)
        body = json_body()
        client = calling_client()
        with turn.of(calling_party(), len(body)):
            call = read_call(body, hooks, fhir)
            now = clock()
            patient_hash = store.snoozes.patient_hash(client, call.fhir_server, call.patient_id)
            cards = engine.answer(call, now, store.snoozes.of(patient_hash))
            if not cards:
                return Response(no_cards, content_type=_JSON)
            cards, content = encoded(cards)
            occasion = store.occasions.name(client, call.fhir_server, call.patient_id, call.user_id, now)
            store.note_shown([shown_card(card, service_id, client, now, patient_hash, occasion) for card in cards])
        return Response(content, content_type=_JSON)

    check_head(blueprint, "call_service", service_check(serving))
    return blueprint


def service_check(serving: Serving) -> Callable[[str], None]:
    """Refuses, by the head of a call, what is for no service or not JSON."""

    def check(service_id: str) -> None:
        if service_id not in serving.current.hooks_by_id:
            raise NotFound(NO_SERVICE)
        check_json()

    return check
