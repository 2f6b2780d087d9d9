"""The FHIR endpoints: the definitions to read and search, and ``PlanDefinition/$apply``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

import orjson
from flask import Blueprint, Response, g, request
from werkzeug.exceptions import NotFound, RequestEntityTooLarge

from ..engine import Call, Engine, MissingData, Unrendered
from ..export.care_plan import care_plan
from ..facts.session import UnreadableOrders
from .admission import check_head
from .apply_body import read_apply
from .body import check_json, json_body
from .caller import calling_party
from .errors import FHIR_BASE, BadRequest
from .fhir_definitions import FhirDefinitions, Published
from .fhir_format import FORM, content_type, is_strict
from .fhir_search import MOST_BYTES, read_search, searchset
from .served import Serving
from .turn import Turn

_NO_CARD = "There is no PlanDefinition of this id here; GET /fhir/PlanDefinition lists them."


def fhir_blueprint(serving: Serving, clock: Callable[[], datetime], turn: Turn) -> Blueprint:
    """The endpoints below ``/fhir``. Like a hook call, ``$apply`` computes during its ``turn``."""
    blueprint = Blueprint("fhir", __name__, url_prefix=FHIR_BASE)

    @blueprint.before_request
    def negotiate() -> None:
        # On every endpoint, a form is read, because it may state the form of the answer.
        if request.mimetype == FORM and (request.content_length or 0) > MOST_BYTES:
            raise RequestEntityTooLarge(
                f"The parameters of a search have {MOST_BYTES} bytes at most."
            )
        g.content_type = content_type(request)

    _add_reading(blueprint, serving)
    _add_apply(blueprint, serving, clock, turn)
    return blueprint


def _add_reading(blueprint: Blueprint, serving: Serving) -> None:
    @blueprint.get("/metadata")
    def metadata() -> Response:
        return _answer(serving.current.fhir.capabilities)

    @blueprint.get("/<type_name>")
    def search(type_name: str) -> Response:
        return _found(serving.current.fhir, type_name, [*request.args.items(multi=True)])

    @blueprint.post("/<type_name>/_search")
    def search_by_post(type_name: str) -> Response:
        if request.mimetype != FORM:
            raise BadRequest(
                f"A search by POST has its parameters as {FORM}.", code="not-supported", status=415
            )
        return _found(
            serving.current.fhir,
            type_name,
            [*request.args.items(multi=True), *request.form.items(multi=True)],
        )

    @blueprint.get("/<type_name>/<resource_id>")
    def read(type_name: str, resource_id: str) -> Response:
        found = _of_type(serving.current.fhir, type_name).get(resource_id)
        if found is None:
            raise NotFound(f"There is no {type_name} of this id here.")
        response = _answer(found.content)
        response.set_etag(found.etag, weak=True)
        response.make_conditional(request)
        return response


def _add_apply(
    blueprint: Blueprint, serving: Serving, clock: Callable[[], datetime], turn: Turn
) -> None:
    @blueprint.post("/PlanDefinition/<card_id>/$apply")
    def apply(card_id: str) -> Response:
        engine = serving.current.engine
        card = engine.cards.get(card_id)
        if card is None:
            raise NotFound(_NO_CARD)
        body = json_body()
        with turn.of(calling_party(), len(body)):
            plan = _applied(engine, card_id, read_apply(body, card), clock())
        return _answer(orjson.dumps(plan))

    def check(card_id: str) -> None:
        if card_id not in serving.current.engine.cards:
            raise NotFound(_NO_CARD)
        check_json()

    check_head(blueprint, "apply", check)


def _found(fhir: FhirDefinitions, type_name: str, arguments: list[tuple[str, str]]) -> Response:
    wanted = read_search(arguments, strict=is_strict(request))
    resources = (item.resource for item in _of_type(fhir, type_name).values())
    return _answer(orjson.dumps(searchset(wanted, resources, f"{fhir.base}/{type_name}")))


def _of_type(fhir: FhirDefinitions, type_name: str) -> Mapping[str, Published]:
    try:
        return fhir.by_type[type_name]
    except KeyError:
        raise NotFound(
            "There are no resources of this type here; GET /fhir/metadata lists the types."
        ) from None


def _applied(engine: Engine, card_id: str, call: Call, now: datetime) -> dict[str, object]:
    try:
        decision, rendered = engine.answer_of(card_id, call, now)
    except MissingData as error:
        text = (
            "Required data is missing. Give it as prefetchData with these keys, or in data: "
            f"{', '.join(error.keys)}."
        )
        raise BadRequest(text, "Parameters.parameter", code="required", status=422) from None
    except Unrendered:
        text = (
            "The card applies, but it cannot be written for these data: a value in them is "
            "beyond any possible range."
        )
        raise BadRequest(text, "Parameters.parameter", code="processing", status=422) from None
    except UnreadableOrders as error:
        raise BadRequest(
            str(error),
            "Parameters.parameter.where(name='draftOrders')",
            code=error.code,
            status=422,
        ) from None
    return care_plan(engine, call, now, decision, rendered)


def _answer(content: bytes) -> Response:
    return Response(content, content_type=g.content_type)
