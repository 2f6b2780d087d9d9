"""The HTTP endpoints of CDS Hooks: discovery and the services."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Response
from werkzeug.exceptions import NotFound

from .admission import check_head
from .body import check_json, json_body
from .caller import calling_client, calling_party
from .hook_calls import NO_SERVICE, HookCalls
from .served import Serving
from .turn import Turn

_JSON = "application/json"


def hooks_blueprint(serving: Serving, calls: HookCalls, turn: Turn) -> Blueprint:
    """The endpoints ``GET /cds-services``, ``POST /cds-services/{id}`` and ``GET /openapi.json``; a
    call computes during its ``turn``."""
    blueprint = Blueprint("hooks", __name__)

    @blueprint.get("/cds-services")
    def discover() -> Response:
        return Response(serving.current.discovery, content_type=_JSON)

    @blueprint.get("/openapi.json")
    def describe() -> Response:
        return Response(serving.current.openapi, content_type=_JSON)

    @blueprint.post("/cds-services/<service_id>")
    def call_service(service_id: str) -> Response:
        if not calls.is_service(service_id):
            raise NotFound(NO_SERVICE)
        body = json_body()
        with turn.of(calling_party(), len(body)):
            return Response(calls.answer(service_id, body, calling_client()), content_type=_JSON)

    check_head(blueprint, "call_service", service_check(serving))
    return blueprint


def service_check(serving: Serving) -> Callable[[str], None]:
    """The check that refuses, by the head, calls to unknown services and calls without JSON."""

    def check(service_id: str) -> None:
        if service_id not in serving.current.hooks_by_id:
            raise NotFound(NO_SERVICE)
        check_json()

    return check
