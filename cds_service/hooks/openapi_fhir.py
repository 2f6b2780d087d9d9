"""The FHIR endpoints in ``openapi.json``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .errors import FHIR_BASE, FHIR_JSON
from .fhir_format import FORM
from .fhir_search import MOST_COUNT, PARAMETERS, USUAL_COUNT
from .openapi_parts import operation, schema_of

FHIR_DESCRIBING = tuple(
    f"{FHIR_BASE}/{path}" for path in ("metadata", "{type}", "{type}/_search", "{type}/{id}")
)
_FORMATS = ["json", FHIR_JSON, "application/json"]


def _resource(kind: str, *required: str) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {"resourceType": {"const": kind}},
        "required": ["resourceType", *required],
    }


FHIR_SCHEMAS: dict[str, Any] = {
    "Definition": {
        "type": "object",
        "properties": {
            "resourceType": {"type": "string", "pattern": "^[A-Z][A-Za-z]+$"},
            "id": {"type": "string"},
        },
        "required": ["resourceType", "id", "url"],
    },
    "CapabilityStatement": _resource(
        "CapabilityStatement", "status", "date", "kind", "fhirVersion", "format", "rest"
    ),
    "Searchset": _resource("Bundle", "type", "total", "link"),
    "CarePlan": _resource("CarePlan", "instantiatesCanonical", "status", "intent", "subject"),
}


def _query(name: str, description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "description": description, "schema": schema}


def _in_path(name: str, description: str, example: str) -> dict[str, Any]:
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": description,
        "schema": {"type": "string"},
        "example": example,
    }


def _in_header(name: str, description: str, example: str) -> dict[str, Any]:
    return {
        "name": name,
        "in": "header",
        "description": description,
        "schema": {"type": "string"},
        "example": example,
    }


_FORMAT = _query(
    "_format",
    "The form of the answer, in place of the header Accept; empty, it says nothing.",
    {"type": "string", "examples": _FORMATS},
)
_PREFER = _in_header(
    "Prefer", "With handling=strict, a parameter that is not known is refused.", "handling=strict"
)
_IF_NONE_MATCH = _in_header(
    "If-None-Match", "The ETag of an earlier answer.", 'W/"93de46bc630d0536"'
)
_TYPE = _in_path("type", "A type of definition, as /fhir/metadata lists them.", "PlanDefinition")
_ID = _in_path("id", "The id of a definition.", "folic-acid-b12-deficient")
_SEARCH = [
    *(
        _query(name, f"FHIR R4, a search parameter of the type {kind}.", {"type": "string"})
        for name, kind in PARAMETERS.items()
    ),
    _query("name:exact", "The whole name, with its letter case.", {"type": "string"}),
    _query("name:contains", "A part of the name.", {"type": "string"}),
    _query(
        "_count",
        f"Resources on a page; at most {MOST_COUNT}.",
        {"type": "integer", "minimum": 0, "default": USUAL_COUNT},
    ),
    _query(
        "_offset",
        "How many come before this page; links of the Bundle have it.",
        {"type": "integer", "minimum": 0, "default": 0},
    ),
]
_UNKNOWN = {"404": "There is nothing of this type or id."}
_APPLY = {
    "404": "There is no card of this id.",
    "422": (
        "Required data is missing, its prefetch keys are named; or the draft orders are of a FHIR "
        "version that is not read."
    ),
}


def fhir_paths(describing: Sequence[str], own: Sequence[str]) -> dict[str, Any]:
    """The paths below ``/fhir``. ``describing``: the statuses of endpoints that describe the
    service. ``own``: the statuses of all others."""
    reading = [*describing, "400", "404", "406"]
    return {
        f"{FHIR_BASE}/metadata": {"get": _metadata([*describing, "406"])},
        f"{FHIR_BASE}/{{type}}": {"get": _search(reading)},
        f"{FHIR_BASE}/{{type}}/_search": {"post": _search_by_post([*reading, "408", "413", "415"])},
        f"{FHIR_BASE}/{{type}}/{{id}}": {"get": _read(reading)},
        f"{FHIR_BASE}/PlanDefinition/{{id}}/$apply": {
            "post": _apply(["200", "400", "404", "406", "408", "413", "415", "422", *own])
        },
    }


def _metadata(statuses: Sequence[str]) -> dict[str, Any]:
    summary = "What the FHIR part can do (CapabilityStatement)"
    described = operation(
        "fhir-metadata", summary, schema_of("CapabilityStatement"), statuses, FHIR_JSON
    )
    return {**described, "parameters": [_FORMAT]}


def _search(statuses: Sequence[str]) -> dict[str, Any]:
    summary = "Definitions, found by their elements"
    described = operation(
        "fhir-search", summary, schema_of("Searchset"), statuses, FHIR_JSON, _UNKNOWN
    )
    return {**described, "parameters": [_TYPE, *_SEARCH, _FORMAT, _PREFER]}


def _search_by_post(statuses: Sequence[str]) -> dict[str, Any]:
    summary, told = (
        "The same, with the parameters in the body",
        {**_UNKNOWN, "415": "The body is not a form."},
    )
    described = operation(
        "fhir-search-by-post", summary, schema_of("Searchset"), statuses, FHIR_JSON, told
    )
    form = {
        "type": "object",
        "properties": {item["name"]: item["schema"] for item in (*_SEARCH, _FORMAT)},
    }
    return {
        **described,
        "parameters": [_TYPE, _FORMAT, _PREFER],
        "requestBody": {"content": {FORM: {"schema": form}}},
    }


def _read(statuses: Sequence[str]) -> dict[str, Any]:
    described = operation(
        "fhir-read", "A definition", schema_of("Definition"), statuses, FHIR_JSON, _UNKNOWN
    )
    described["responses"]["304"] = {"description": "It is still that of If-None-Match."}
    return {**described, "parameters": [_TYPE, _ID, _FORMAT, _IF_NONE_MATCH]}


def _apply(statuses: Sequence[str]) -> dict[str, Any]:
    summary = "A card, decided for one patient (PlanDefinition/$apply)"
    described = operation("fhir-apply", summary, schema_of("CarePlan"), statuses, FHIR_JSON, _APPLY)
    body = {"required": True, "content": {FHIR_JSON: schema_of("ApplyRequest")}}
    return {**described, "parameters": [_ID, _FORMAT], "requestBody": body}
