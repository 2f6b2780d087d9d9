"""The parts that all operations of ``openapi.json`` share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..facts.session import MOST_DRAFTS
from .errors import JSON

SCHEMAS = "#/components/schemas/"
_PROBLEMS = {
    "400": "The request cannot be read; the element is named.",
    "401": "No token, or none that proves the sender.",
    "404": "There is no such service.",
    "406": "The answer is wanted in another form than JSON of FHIR 4.0.",
    "408": "The body did not come in time.",
    "412": (
        "Required data is neither in the prefetch nor can it be fetched; the prefetch keys are "
        "named."
    ),
    "413": "The body is too large.",
    "415": "The body is not declared as JSON, or is compressed.",
    "422": (
        "The draft orders are of a FHIR version that is not read, one does not say whose it is, "
        f"or there are more than {MOST_DRAFTS:,}."
    ),
    "421": "The call is for another host than this machine or that of the public base URL.",
    "429": "Too many calls; Retry-After says when to try again.",
    "500": "The service failed.",
    "503": "Something that the answer needs is out of order; Retry-After says when to try again.",
}


def schema_of(name: str) -> dict[str, Any]:
    """A media type object with the schema ``name``."""
    return {"schema": {"$ref": f"{SCHEMAS}{name}"}}


def operation(
    operation_id: str,
    summary: str,
    answer: dict[str, Any],
    statuses: Iterable[str],
    media: str = JSON,
    problems: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """An operation that answers 200 with ``answer``, and the other ``statuses`` with an
    OperationOutcome.

    ``problems``: the meanings of statuses that differ here from their usual one.
    """
    meanings = {**_PROBLEMS, **(problems or {})}
    answers: dict[str, Any] = {}
    for status in sorted(statuses):
        if status == "200":
            answers[status] = {"description": "The answer.", "content": {media: answer}}
        else:
            answers[status] = {
                "description": meanings[status],
                "content": {media: schema_of("OperationOutcome")},
            }
    return {"operationId": operation_id, "summary": summary, "responses": answers}
