"""Errors as FHIR OperationOutcomes with a fitting status (CDS Hooks 3.0.0,
"Returning OperationOutcome").

An error names the element and what to do. It contains no internals and no patient data.
"""

from __future__ import annotations

import logging
from typing import Any

import orjson
from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from ..engine import MissingData, WrongPatient
from ..facts.session import UnreadableOrders
from ..troubles import places
from .refusals import REQUEST_ID, note_refusal, request_id

log = logging.getLogger(__name__)

JSON, FHIR_JSON = "application/json", "application/fhir+json"
FHIR_BASE = "/fhir"
_CODES = {
    404: "not-found", 405: "not-supported", 406: "not-supported", 413: "too-long",
    415: "not-supported", 429: "throttled",
    503: "transient",
}  # fmt: skip


class BadRequest(Exception):
    """A request that cannot be read: what is wrong, and the element as a dotted path."""

    def __init__(self, what: str, element: str = "", *, code: str = "invalid", status: int = 400):
        self.what = what
        self.element = element
        self.code = code
        self.status = status
        super().__init__(what)


def operation_outcome(
    code: str, text: str, expressions: tuple[str, ...] = (), diagnostics: str = ""
) -> dict[str, Any]:
    """A FHIR R4 OperationOutcome with one issue."""
    issue: dict[str, Any] = {"severity": "error", "code": code, "details": {"text": text}}
    if diagnostics:
        issue["diagnostics"] = diagnostics
    if expressions:
        issue["expression"] = list(expressions)
    return {"resourceType": "OperationOutcome", "issue": [issue]}


def respond(status: int, outcome: dict[str, Any], sender: str = "") -> Response:
    """An answer with an OperationOutcome, with FHIR's content type below the FHIR base.
    ``sender``: a registered client, for the log."""
    content_type = FHIR_JSON if request.path.startswith(f"{FHIR_BASE}/") else JSON
    identity = request_id(request.headers.get(REQUEST_ID))
    (issue,) = outcome["issue"]
    why = f"{issue['details']['text']} From {sender}." if sender else issue["details"]["text"]
    note_refusal(status, request.endpoint, why, ", ".join(issue.get("expression", ())), identity)
    return Response(
        orjson.dumps(outcome), status, {REQUEST_ID: identity}, content_type=content_type
    )


def _bad_request(error: BadRequest) -> Response:
    expressions = (error.element,) if error.element else ()
    return respond(error.status, operation_outcome(error.code, error.what, expressions))


def missing_data_text(error: MissingData) -> str:
    """Which prefetch keys are missing, and why they were not fetched."""
    reasons: dict[str, list[str]] = {}
    for key in error.keys:
        reasons.setdefault(error.why.get(key, "the prefetched value holds none"), []).append(key)
    why = " ".join(f"{', '.join(named)}: {reason}." for reason, named in reasons.items())
    keys = ", ".join(error.keys)
    return (
        f"Prefetch keys: {keys}. Their templates are in the discovery response. Why they were not "
        f"fetched: {why}"
    )


def _missing_data(error: MissingData) -> Response:
    expressions = tuple(f"prefetch.{key}" for key in error.keys)
    what = "Required data is missing and could not be fetched."
    return respond(412, operation_outcome("required", what, expressions, missing_data_text(error)))


def _unreadable_orders(error: UnreadableOrders) -> Response:
    return respond(
        error.status, operation_outcome(error.code, str(error), ("context.draftOrders",))
    )


def _wrong_patient(_: WrongPatient) -> Response:
    text = (
        "The Patient in the prefetch is not the one of the context: patientId is the id of the "
        "FHIR resource, not a record number."
    )
    return respond(
        422, operation_outcome("value", text, ("context.patientId", "prefetch.patient.id"))
    )


def _http_error(error: HTTPException) -> Response:
    status = error.code or 500
    response = respond(
        status, operation_outcome(_CODES.get(status, "processing"), error.description or error.name)
    )
    for name, value in error.get_headers():
        if name.lower() in ("allow", "retry-after"):
            response.headers[name] = value
    return response


def _unexpected(error: Exception) -> Response:
    log.error("unexpected %s at %s", type(error).__name__, places(error))
    return respond(
        500,
        operation_outcome(
            "exception", "The service failed; its operator finds the cause in its log."
        ),
    )


def register_errors(app: Flask) -> None:
    """Make every error of ``app`` an OperationOutcome."""
    app.register_error_handler(BadRequest, _bad_request)
    app.register_error_handler(MissingData, _missing_data)
    app.register_error_handler(WrongPatient, _wrong_patient)
    app.register_error_handler(UnreadableOrders, _unreadable_orders)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _unexpected)
