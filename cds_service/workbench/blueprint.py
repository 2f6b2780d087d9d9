"""The addresses of the workbench: ``/`` and ``/try``, and what their pages are made of. Nothing that is given is kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
from flask import Blueprint, Response, request
from werkzeug.exceptions import NotFound

from ..config import Settings
from ..engine import Engine
from ..fhir.client import FhirClient
from ..hooks.caller import calling_party
from ..hooks.served import Serving
from ..hooks.services import service_id
from ..hooks.turn import Turn
from ..rules.card_file import HOOKS
from .catalogue.views import add_catalogue
from .evaluation import Evaluation, Refused, evaluate
from .made_request import ORDERS, Record, Unusable, read_pasted, request_of_record, request_of_server
from .page import STATIC, asset_response, page, refuse_other_pages
from .scenarios import Scenario, scenarios

_SUPPOSED = "fact."
_LONGEST_SUPPOSED = 100


def workbench_blueprint(serving: Serving, clock: Callable[[], datetime], fhir: FhirClient, turn: Turn, settings: Settings) -> Blueprint:
    """The pages of the workbench. ``fhir`` reads the servers that a person names; a page computes during its ``turn``."""
    pages = _Pages(serving, clock, fhir, turn, settings)
    blueprint = Blueprint("workbench", __name__)
    blueprint.add_url_rule("/", view_func=pages.start)
    blueprint.add_url_rule("/try", view_func=pages.try_scenario)
    blueprint.add_url_rule("/try", view_func=pages.try_given, methods=["POST"])

    add_catalogue(blueprint, serving, clock, turn)

    @blueprint.get(f"{STATIC}/<name>")
    def static_file(name: str) -> Response:
        found = asset_response(name)
        if found is None:
            raise NotFound
        return found

    return blueprint


class _Pages:
    """The views. A page is made from what is served when it is asked for."""

    def __init__(self, serving: Serving, clock: Callable[[], datetime], fhir: FhirClient, turn: Turn, settings: Settings):
        self._serving, self._clock, self._fhir, self._turn, self._settings = serving, clock, fhir, turn, settings

    def start(self) -> Response:
        """The page at ``/``."""
        url = f"{self._settings.base_url or request.host_url.rstrip('/')}/cds-services"
        cards = len(self._serving.current.engine.cards)
        return page("start", discovery=url, scenarios=scenarios(self._clock()), settings=self._settings, cards=cards)

    def try_scenario(self) -> Response:
        """A scenario by its address, so that it can be linked; without one, the forms."""
        chosen = _chosen(scenarios(self._clock()), request.args)
        return self._answered(request.args, lambda engine: _scenario_request(engine, chosen, request.args) if chosen else None)

    def try_given(self) -> Response:
        """What a person pasted, dropped, named or changed."""
        refuse_other_pages()
        request.max_form_memory_size = self._settings.max_body_bytes
        form = request.form
        return self._answered(form, lambda engine: _given_request(engine, form))

    def _answered(self, form: Mapping[str, str], made: Callable[[Engine], dict[str, Any] | None]) -> Response:
        engine, now = self._serving.current.engine, self._clock()
        evaluation: Evaluation | None = None
        refused: Exception | None = None
        asked: dict[str, Any] | None = None
        with self._turn.of(calling_party(), request.content_length or 0):
            try:
                asked = made(engine)
                if asked is not None:
                    evaluation = evaluate(engine, orjson.dumps(asked), now, _supposed(form), self._fhir)
            except (Refused, Unusable) as error:
                refused = error
        return page(
            "try",
            form=form,
            scenarios=scenarios(now),
            hooks=HOOKS,
            orders=ORDERS,
            evaluation=evaluation,
            refused=refused,
            request_text=_shown(asked) if asked else form.get("request", ""),
            service=f"POST /cds-services/{service_id(evaluation.hook, self._settings)}" if evaluation else "",
        )


def _chosen(offered: Sequence[Scenario], arguments: Mapping[str, str]) -> Scenario | None:
    """The scenario that is asked for. Raises ``NotFound`` where there is none of that name."""
    name = arguments.get("scenario")
    if name is None:
        return None
    found = next((scenario for scenario in offered if scenario.id == name), None)
    if found is None:
        raise NotFound("There is no such scenario; the start page lists them.")
    return found


def _scenario_request(engine: Engine, scenario: Scenario, arguments: Mapping[str, str]) -> dict[str, Any]:
    hook = arguments.get("hook") or scenario.hook
    order = arguments.get("order", scenario.order)
    return request_of_record(engine, hook, scenario.record, [order] if order else [])


def _given_request(engine: Engine, form: Mapping[str, str]) -> dict[str, Any]:
    """The request that a person pasted, dropped, edited, or asked for by naming a server. Raises :class:`Unusable`."""
    hook, order = form.get("hook") or HOOKS[0], form.get("order", "").strip()
    orders = [order] if order else []
    if server := form.get("server", "").strip():
        return request_of_server(hook, server, form.get("token", "").strip(), form.get("patient", "").strip(), orders)
    dropped = request.files.get("file")
    text = dropped.read().decode("utf-8", "replace") if dropped and dropped.filename else form.get("request", "")
    given = read_pasted(text)
    if isinstance(given, Record):
        return request_of_record(engine, hook, given, orders)
    authorization, token = given.get("fhirAuthorization"), form.get("token", "").strip()
    if token and isinstance(authorization, dict):
        return {**given, "fhirAuthorization": {**authorization, "access_token": token}}
    return given


def _supposed(form: Mapping[str, str]) -> dict[str, str]:
    """What was typed in place of facts: the fields that differ from what stood in them."""
    typed: dict[str, str] = {}
    if form.get("reset"):
        return typed
    for key, value in form.items():
        name = key.removeprefix(_SUPPOSED)
        if name != key and value.strip() and value != form.get(f"was.{name}"):
            typed[name] = value[:_LONGEST_SUPPOSED]
    return typed


def _shown(asked: Mapping[str, Any]) -> str:
    """The request as a person may edit it and send it again: without the token that was typed."""
    authorization = asked.get("fhirAuthorization")
    hidden = {**asked, "fhirAuthorization": {**authorization, "access_token": ""}} if isinstance(authorization, dict) else asked
    return orjson.dumps(hidden, option=orjson.OPT_INDENT_2).decode()
