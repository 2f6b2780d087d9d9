"""The FHIR endpoints in ``openapi.json``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .errors import FHIR_BASE, FHIR_JSON
from .fhir_format import FORM
from .fhir_search import MOST_COUNT, PARAMETERS, USUAL_COUNT
from .openapi_parts import operation, schema_of

FHIR_DESCRIBING = tuple(f"{FHIR_BASE}/{path}" for path in ("metadata", "{type}", "{type}/_search", "{type}/{id}"))
_FORMATS = ["json", FHIR_JSON, "application/json"]


def _resource(kind: str, *required: str) -> dict[str, Any]:
    return {"type": "object", "properties": {"resourceType": {"const": kind}}, "required": ["resourceType", *required]}


FHIR_SCHEMAS: dict[str, Any] = {
    "Definition": {
        "type": "object",
        "properties": {"resourceType": {"type": "string", "pattern": "^[A-Z][A-Za-z]+$"}, "id": {"type": "string"}},
        "required": ["resourceType", "id", "url"],
    },
    "CapabilityStatement": _resource("CapabilityStatement", "status", "date", "kind", "fhirVersion", "format", "rest"),
    "Searchset": _resource("Bundle", "type", "total", "link"),
    "CarePlan": _resource("CarePlan", "instantiatesCanonical", "status", "intent", "subject"),
}


def _query(name: str, description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "description": description, "schema": schema}


def _in_path(name: str, description: str, example: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "description": description, "schema": {"type": "string"}, "example": example}


def _in_header(name: str, description: str, example: str) -> dict[str, Any]:
    return {"name": name, "in": "header", "description": description, "schema": {"type": "string"}, "example": example}


_FORMAT = _query(
    "_format", "The form of the answer, in place of the header Accept; empty, it says nothing.", {"type": "string", "examples": _FORMATS}
)
_PREFER = _in_header("Prefer", "With handling=strict, a parameter that is not known is refused.", "handling=strict")
_IF_NONE_MATCH = _in_header("If-None-Match", "The ETag of an earlier answer.", 'W/"93de46bc630d0536"')
_TYPE = _in_path("type", "A type of definition, as /fhir/metadata lists them.", "PlanDefinition")
_ID = _in_path("id", "The id of a definition.", "folic-acid-b12-deficient")
_SEARCH = [
    *(_query(name, f"FHIR R4, a search parameter of the type {kind}.", {"type": "string"}) for name, kind in PARAMETERS.items()),
    _query("name:exact", "The whole name, with its letter case.", {"type": "string"}),
    _query("name:contains", "A part of the name.", {"type": "string"}),
    _query("_count", f"Resources on a page; at most {MOST_COUNT}.", {"type": "integer", "minimum": 0, "default": USUAL_COUNT}),
    _query("_offset", "How many come before this page; links of the Bundle have it.", {"type": "integer", "minimum": 0, "default": 0}),
]
_UNKNOWN = {"404": "There is nothing of this type or id."}
_APPLY = {
    "404": "There is no card of this id.",
    "422": "Required data is missing, its prefetch keys are named; or the draft orders are of a FHIR version that is not read.",
}


def fhir_paths(describing: Sequence[str], own: Sequence[str]) -> dict[str, Any]:
    """The paths below ``/fhir``. ``describing``: the statuses of endpoints that describe the service; ``own``: of all others."""
    reading = [*describing, "400", "404", "406"]
    wanted = ["200", "400", "404", "406", "408", "413", "415", "422", *own]
    metadata = operation("fhir-metadata", "What the FHIR part can do (CapabilityStatement)", schema_of("CapabilityStatement"),
                         [*describing, "406"], FHIR_JSON)  # fmt: skip
    search = operation("fhir-search", "Definitions, found by their elements", schema_of("Searchset"), reading, FHIR_JSON, _UNKNOWN)
    read = operation("fhir-read", "A definition", schema_of("Definition"), reading, FHIR_JSON, _UNKNOWN)
    read["responses"]["304"] = {"description": "It is still that of If-None-Match."}
    apply = operation("fhir-apply", "A card, decided for one patient (PlanDefinition/$apply)", schema_of("CarePlan"),
                      wanted, FHIR_JSON, _APPLY)  # fmt: skip
    by_post = operation("fhir-search-by-post", "The same, with the parameters in the body", schema_of("Searchset"),
                        [*reading, "408", "413", "415"], FHIR_JSON, {**_UNKNOWN, "415": "The body is not a form."})  # fmt: skip
    form = {"type": "object", "properties": {item["name"]: item["schema"] for item in (*_SEARCH, _FORMAT)}}
    body = {"required": True, "content": {FHIR_JSON: schema_of("ApplyRequest")}}
    return {
        f"{FHIR_BASE}/metadata": {"get": {**metadata, "parameters": [_FORMAT]}},
        f"{FHIR_BASE}/{{type}}": {"get": {**search, "parameters": [_TYPE, *_SEARCH, _FORMAT, _PREFER]}},
        f"{FHIR_BASE}/{{type}}/_search": {
            "post": {**by_post, "parameters": [_TYPE, _FORMAT, _PREFER], "requestBody": {"content": {FORM: {"schema": form}}}}
        },
        f"{FHIR_BASE}/{{type}}/{{id}}": {"get": {**read, "parameters": [_TYPE, _ID, _FORMAT, _IF_NONE_MATCH]}},
        f"{FHIR_BASE}/PlanDefinition/{{id}}/$apply": {"post": {**apply, "parameters": [_ID, _FORMAT], "requestBody": body}},
    }
