"""The routes of the workbench, and the content of its pages. Nothing that a person enters is
kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from time import perf_counter
from typing import Any

import orjson
from flask import Blueprint, Response, g, request
from markupsafe import Markup
from werkzeug.exceptions import NotFound

from ..engine import Engine
from ..hooks.caller import calling_party
from ..hooks.served import Serving
from ..hooks.services import service_id
from ..rules.hook_table import HOOKS
from .catalogue.views import add_catalogue
from .client_calls import ClientCall, ClientCalls, findings
from .evaluation import Evaluation, Refused, answer, evaluate
from .made_request import (
    ORDERS,
    Order,
    Record,
    Unusable,
    read_pasted,
    request_of_record,
    request_of_server,
)
from .page import POLICY, STATIC, add_static, page, refuse_other_pages
from .parts import Parts
from .picture import NARROW, PatientPicture, patient_picture, svg_of, table_of
from .refusal import shown_to_people
from .scenarios import Scenario, scenarios

DISCOVERY = "/cds-services"
_SUPPOSED = "fact."
_LONGEST_SUPPOSED = 100


def workbench_blueprint(parts: Parts) -> Blueprint:
    """Create the blueprint with all pages of the workbench."""
    pages = _Pages(parts)
    blueprint = Blueprint("workbench", __name__)
    blueprint.add_url_rule("/", view_func=pages.start)
    blueprint.add_url_rule("/try", view_func=pages.try_scenario)
    blueprint.add_url_rule("/try", view_func=pages.try_given, methods=["POST"])
    blueprint.add_url_rule("/picture", view_func=pages.picture, methods=["POST"])
    blueprint.add_url_rule("/picture.svg", view_func=pages.picture_file, methods=["POST"])

    if parts.settings.watches_clients:
        calls = _Calls(parts.serving, parts.clock)
        blueprint.add_url_rule("/calls", "calls", calls.shown)
        blueprint.before_app_request(calls.begin)
        blueprint.after_app_request(calls.note)

    add_catalogue(blueprint, parts.serving, parts.clock, parts.turn)
    add_static(blueprint, STATIC)
    blueprint.after_app_request(shown_to_people)
    return blueprint


class _Pages:
    """The views. Each page uses the engine that is served at the time of its request."""

    def __init__(self, parts: Parts):
        self._parts = parts

    def start(self) -> Response:
        """The page at ``/``."""
        url = f"{self._parts.settings.base_url or request.host_url.rstrip('/')}{DISCOVERY}"
        engine = self._parts.serving.current.engine
        return page(
            "start",
            discovery=url,
            scenarios=self._scenarios(engine),
            settings=self._parts.settings,
            cards=len(engine.cards),
        )

    def _scenarios(self, engine: Engine) -> Sequence[Scenario]:
        return scenarios(engine, self._parts.clock().astimezone(engine.zone).date())

    def try_scenario(self) -> Response:
        """The answer to the scenario that the address names, so that it can be linked; without one,
        the forms."""
        chosen = _chosen(self._scenarios(self._parts.serving.current.engine), request.args)
        return self._answered(
            request.args,
            lambda engine: _scenario_request(engine, chosen, request.args) if chosen else None,
        )

    def try_given(self) -> Response:
        """The answer to the request that a person pasted, dropped, changed or described."""
        form = self._form()
        return self._answered(form, lambda engine: _given_request(engine, form))

    def _form(self) -> Mapping[str, str]:
        """The submitted form. Refuse a form of another site's page; allow a field to be as long as
        a request body may be."""
        refuse_other_pages()
        request.max_form_memory_size = self._parts.settings.max_body_bytes
        return request.form

    def picture(self) -> Response:
        """The picture of a request's patient, with its numbers."""
        try:
            drawn = self._drawn()
        except (Refused, Unusable) as error:
            return page("picture", refused=error)
        wide, narrow = Markup(svg_of(drawn)), Markup(svg_of(drawn, width=NARROW))
        sent = request.form.get("request", "")
        return page(
            "picture",
            refused=None,
            wide=wide,
            narrow=narrow,
            numbers=table_of(drawn),
            request_text=sent,
        )

    def picture_file(self) -> Response:
        """The picture as an SVG file for download."""
        try:
            drawn = self._drawn()
        except (Refused, Unusable) as error:
            return page("picture", refused=error)
        response = Response(svg_of(drawn), content_type="image/svg+xml; charset=utf-8")
        response.headers["Content-Disposition"] = 'attachment; filename="patient-picture.svg"'
        response.headers["Content-Security-Policy"] = POLICY
        response.headers["Cache-Control"] = "no-store"
        return response

    def _drawn(self) -> PatientPicture:
        """The picture for the request in the submitted form. Raises :class:`Refused` and
        :class:`Unusable`."""
        form, engine = self._form(), self._parts.serving.current.engine
        with self._parts.turn.of(calling_party(), request.content_length or 0):
            body = orjson.dumps(_given_request(engine, form))
            return patient_picture(
                answer(engine, body, self._parts.clock(), {}, self._parts.fhir).facts
            )

    def _answered(
        self, form: Mapping[str, str], made: Callable[[Engine], dict[str, Any] | None]
    ) -> Response:
        engine, now = self._parts.serving.current.engine, self._parts.clock()
        evaluation: Evaluation | None = None
        refused: Exception | None = None
        asked: dict[str, Any] | None = None
        with self._parts.turn.of(calling_party(), request.content_length or 0):
            try:
                asked = made(engine)
                if asked is not None:
                    body, turned = orjson.dumps(asked), form.get("turned", "")
                    evaluation = evaluate(
                        engine, body, now, _supposed(form), self._parts.fhir, turned
                    )
            except (Refused, Unusable) as error:
                refused = error
        return page(
            "try",
            form=form,
            scenarios=self._scenarios(engine),
            hooks=list(HOOKS),
            orders=ORDERS,
            evaluation=evaluation,
            refused=refused,
            request_text=_shown(asked) if asked else form.get("request", ""),
            service=f"POST /cds-services/{service_id(evaluation.hook, self._parts.settings)}"
            if evaluation
            else "",
        )


class _Calls:
    """Keeps the calls of clients and shows them."""

    def __init__(self, serving: Serving, clock: Callable[[], datetime]):
        self._serving, self._clock, self._calls = serving, clock, ClientCalls()

    def begin(self) -> None:
        """Remember the start time of a call."""
        g.began = perf_counter()

    def note(self, response: Response) -> Response:
        """Keep the call that ``response`` answers, if it is a call to the CDS services."""
        if request.path == DISCOVERY or request.path.startswith(f"{DISCOVERY}/"):
            now = perf_counter()
            # A call that was refused by its head did not reach begin().
            milliseconds = (now - g.get("began", now)) * 1000
            told = (
                request.method,
                request.path,
                response.status_code,
                milliseconds,
                bool(g.get("caller")),
            )
            self._calls.note(
                ClientCall(self._clock(), *told, g.get("body", b""), response.get_data()),
                self._serving.current.engine,
            )
        return response

    def shown(self) -> Response:
        """The page of the clients' last calls."""
        engine = self._serving.current.engine
        calls = [(call, findings(call, engine)) for call in self._calls.last()]
        return page(
            "calls",
            calls=calls,
            steps=self._calls.steps(),
            discovery=f"{request.host_url}{DISCOVERY.strip('/')}",
        )


def _chosen(offered: Sequence[Scenario], arguments: Mapping[str, str]) -> Scenario | None:
    """The requested scenario, or ``None``. Raises ``NotFound`` if there is none of that name."""
    name = arguments.get("scenario")
    if name is None:
        return None
    found = next((scenario for scenario in offered if scenario.id == name), None)
    if found is None:
        raise NotFound("There is no such scenario; the start page lists them.")
    return found


def _scenario_request(
    engine: Engine, scenario: Scenario, arguments: Mapping[str, str]
) -> dict[str, Any]:
    """The request for the scenario. The hook and the order named in ``arguments`` replace the
    scenario's own."""
    named = arguments.get("order", "").strip()
    orders: list[Order] = [named] if named else [scenario.order] if scenario.order else []
    return request_of_record(
        engine, arguments.get("hook") or scenario.hook, scenario.record, orders
    )


def _given_request(engine: Engine, form: Mapping[str, str]) -> dict[str, Any]:
    """The request in the form: pasted, dropped or edited, or made for a patient of the named FHIR
    server. Raises :class:`Unusable`."""
    hook, order = form.get("hook") or next(iter(HOOKS)), form.get("order", "").strip()
    orders = [order] if order else []
    if server := form.get("server", "").strip():
        return request_of_server(
            hook, server, form.get("token", "").strip(), form.get("patient", "").strip(), orders
        )
    dropped = request.files.get("file")
    text = (
        dropped.read().decode("utf-8", "replace")
        if dropped and dropped.filename
        else form.get("request", "")
    )
    given = read_pasted(text)
    if isinstance(given, Record):
        return request_of_record(engine, hook, given, orders)
    authorization, token = given.get("fhirAuthorization"), form.get("token", "").strip()
    if token and isinstance(authorization, dict):
        return {**given, "fhirAuthorization": {**authorization, "access_token": token}}
    return given


def _supposed(form: Mapping[str, str]) -> dict[str, str]:
    """The values typed in place of facts, by fact: those of the fields that the person changed."""
    typed: dict[str, str] = {}
    if form.get("reset"):
        return typed
    for key, value in form.items():
        name = key.removeprefix(_SUPPOSED)
        if name != key and value.strip() and value != form.get(f"was.{name}"):
            typed[name] = value[:_LONGEST_SUPPOSED]
    return typed


def _shown(asked: Mapping[str, Any]) -> str:
    """The request as text, to edit and send again, without its access token."""
    authorization = asked.get("fhirAuthorization")
    hidden = (
        {**asked, "fhirAuthorization": {**authorization, "access_token": ""}}
        if isinstance(authorization, dict)
        else asked
    )
    return orjson.dumps(hidden, option=orjson.OPT_INDENT_2).decode()
