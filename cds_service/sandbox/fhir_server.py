"""The demo FHIR server over HTTP: reads and searches under ``/fhir``, and a complete hook request
for each patient under ``/requests``."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime
from functools import lru_cache
from threading import Thread
from typing import NamedTuple, TypeVar

import orjson
from flask import Blueprint, Flask, Response, request
from werkzeug.serving import WSGIRequestHandler, make_server

from ..engine import Engine
from ..hooks.cors import allow_origins
from ..hooks.errors import FHIR_BASE, FHIR_JSON, JSON, BadRequest, register_errors
from ..hooks.local_only import own_names, refuse_other_hosts
from ..rules.hook_table import HOOKS
from .by_example import everybody
from .chart import Json
from .demo import DemoPatient, demo_patients, demo_records, hook_request, parts_of, prefetched
from .fhir_search import KINDS, Records
from .statement import demo_statement

_Found = TypeVar("_Found")


class _Day(NamedTuple):
    patients: dict[str, DemoPatient]
    records: Records


def create_demo_app(engine: Engine, origins: Iterable[str], clock: Callable[[], datetime]) -> Flask:
    """Create the server. It answers browser pages of ``origins`` and callers on this machine.

    ``engine``: the service's engine, for displays and prefetch templates; ``clock``: returns
    aware datetimes.
    """

    @lru_cache(maxsize=1)
    def written(today: date) -> _Day:
        patients = demo_patients(today, engine.terminology, everybody(engine.cards))
        return _Day(patients, demo_records(patients))

    def day() -> _Day:
        # Records are rewritten each day, so that they stay recent however long the server runs.
        return written(clock().astimezone(engine.zone).date())

    app = Flask("cds_service.sandbox", static_folder=None)
    register_errors(app)
    refuse_other_hosts(app, own_names(""))
    allow_origins(app, origins)
    app.register_blueprint(_fhir(day, clock))
    app.register_blueprint(_requests(day, engine))
    return app


class _Silent(WSGIRequestHandler):
    """Logs no line for each call. Refused calls are logged elsewhere."""

    def log_request(self, *_: object) -> None:
        pass


def serve_demo(app: Flask, host: str, port: int) -> None:
    """Serve the demo server ``app`` in a daemon thread, until the process ends."""
    server = make_server(host, port, app, threaded=True, request_handler=_Silent)
    Thread(target=server.serve_forever, name="demo FHIR server", daemon=True).start()


def _fhir(day: Callable[[], _Day], clock: Callable[[], datetime]) -> Blueprint:
    blueprint = Blueprint("fhir", __name__, url_prefix=FHIR_BASE)

    @blueprint.get("/metadata")
    def statement() -> Response:
        return _answer(demo_statement(_base(), clock().date()), FHIR_JSON)

    @blueprint.get("/<kind>/<identity>")
    def read(kind: str, identity: str) -> Response:
        return _answer(_there(day().records.read(kind, identity)), FHIR_JSON)

    @blueprint.get("/<kind>")
    @blueprint.post("/<kind>/_search")
    def search(kind: str) -> Response:
        if kind not in KINDS:
            raise BadRequest(
                f"The resource types are: {', '.join(KINDS)}.", code="not-supported", status=404
            )
        arguments = [*request.args.items(multi=True), *request.form.items(multi=True)]
        return _answer(day().records.search(kind, arguments, f"{_base()}/{kind}"), FHIR_JSON)

    return blueprint


def _requests(day: Callable[[], _Day], engine: Engine) -> Blueprint:
    blueprint = Blueprint("requests", __name__, url_prefix="/requests")

    @blueprint.get("/<identity>")
    def ready(identity: str) -> Response:
        patient = _there(day().patients.get(identity))
        hook = request.args.get("hook", patient.hook)
        if hook not in HOOKS:
            raise BadRequest(f"hook is one of: {', '.join(HOOKS)}.", "hook", code="not-supported")
        values = prefetched(parts_of(engine, hook), day().records, identity, _base())
        return _answer(
            {**hook_request(patient, hook), "fhirServer": _base(), "prefetch": values}, JSON
        )

    return blueprint


def _base() -> str:
    return f"{request.host_url.rstrip('/')}{FHIR_BASE}"


def _there(found: _Found | None) -> _Found:
    if found is None:
        raise BadRequest("There is no resource with this id.", code="not-found", status=404)
    return found


def _answer(content: Json, content_type: str) -> Response:
    return Response(orjson.dumps(content, option=orjson.OPT_INDENT_2), content_type=content_type)
