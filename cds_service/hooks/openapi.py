"""``GET /openapi.json``: the service in OpenAPI 3.1, derived from the models of requests and
answers."""

from __future__ import annotations

import inspect
import re
from collections.abc import Sequence
from functools import cache
from typing import Any

import msgspec

from .. import __version__
from ..config import Settings
from ..rendering.answer import CdsResponse
from .answer_schemas import ANSWER_SCHEMAS, REPORT
from .apply_body import ApplyRequest
from .feedback_body import MOST_BYTES, FeedbackRequest
from .openapi_fhir import FHIR_DESCRIBING, FHIR_SCHEMAS, fhir_paths
from .openapi_parts import SCHEMAS, operation, schema_of
from .report import DEFAULT_WEEKS, MOST_WEEKS
from .request import REQUESTS
from .services import HookService


def openapi(services: Sequence[HookService], settings: Settings) -> dict[str, Any]:
    """The document for ``services``, protected as ``settings`` say."""
    protected = bool(settings.clients)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "B12 and folate CDS",
            "version": __version__,
            "summary": "A CDS Hooks 3.0.0 service for vitamin B12 and folate.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        **({"servers": [{"url": settings.base_url}]} if settings.base_url else {}),
        "paths": _paths(services, settings),
        "components": _components(protected),
    }


def _paths(services: Sequence[HookService], settings: Settings) -> dict[str, Any]:
    protected = bool(settings.clients)
    anyone = [] if protected or settings.insecure else ["421"]
    discovery = [
        "200",
        "429",
        "500",
        *anyone,
        *(["401", "503"] if protected and settings.discovery == "protected" else []),
    ]
    own = ["429", "500", "503", *anyone, *(["401"] if protected else [])]
    paths = _describing(discovery)
    became = operation(
        "report",
        "What became of the cards that the caller was shown",
        schema_of("Report"),
        ["200", "400", *own],
    )
    paths["/api/report"] = {"get": {**became, "parameters": [_WEEKS]}}
    for path, summary in _PROBES.items():
        paths[path] = {"get": operation(path[1:], summary, _ANY, ["200", "500", *anyone])}
    by_id: dict[str, list[HookService]] = {}
    for service in services:
        by_id.setdefault(service.id, []).append(service)
    for service_id, offered in by_id.items():
        paths[f"/cds-services/{service_id}"] = {"post": _call(service_id, offered, own)}
        paths[f"/cds-services/{service_id}/feedback"] = {"post": _feedback(service_id, own)}
    paths |= fhir_paths(discovery, own)
    if protected:
        _demand_tokens(paths, settings)
    return paths


def _describing(discovery: Sequence[str]) -> dict[str, Any]:
    services = operation(
        "discover", "The services on offer (CDS Hooks, Discovery)", schema_of("Services"), discovery
    )
    this = operation("openapi", "This document", _ANY, discovery)
    return {"/cds-services": {"get": services}, "/openapi.json": {"get": this}}


def _demand_tokens(paths: dict[str, Any], settings: Settings) -> None:
    """State for each of ``paths`` whether it needs the token of a client."""
    for path, methods in paths.items():
        is_open = path in _PROBES or (path in _DESCRIBING and settings.discovery == "public")
        for described in methods.values():
            described["security"] = [] if is_open else [{"clientToken": []}]


_ANY = {"schema": {"type": "object"}}
_DESCRIBING = ("/cds-services", "/openapi.json", *FHIR_DESCRIBING)
_PROBES = {
    "/healthz": "Whether the process answers",
    "/readyz": (
        "Whether the cards are loaded and the database answers; degraded, hooks are answered all "
        "the same"
    ),
}
_WEEKS = {
    "name": "weeks",
    "in": "query",
    "description": "Weeks back, the present one included.",
    "schema": {"type": "integer", "minimum": 1, "maximum": MOST_WEEKS, "default": DEFAULT_WEEKS},
}


def _call(service_id: str, offered: Sequence[HookService], own: Sequence[str]) -> dict[str, Any]:
    statuses = ["200", "400", "408", "412", "413", "415", "422", *own]
    bodies = [schema_of(_request_name(service.hook))["schema"] for service in offered]
    return {
        **operation(
            service_id,
            "; ".join(service.entry["title"] for service in offered),
            schema_of("CdsResponse"),
            statuses,
        ),
        "description": " ".join(service.entry["description"] for service in offered),
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": bodies[0] if len(bodies) == 1 else {"oneOf": bodies}}
            },
        },
    }


def _feedback(service_id: str, own: Sequence[str]) -> dict[str, Any]:
    summary = (
        f"What users did with the cards of {service_id}; at most {MOST_BYTES} bytes (CDS Hooks, "
        "Feedback)"
    )
    return {
        **operation(
            f"{service_id}-feedback", summary, _ANY, ["200", "400", "408", "413", "415", *own]
        ),
        "requestBody": {
            "required": True,
            "content": {"application/json": schema_of("FeedbackRequest")},
        },
    }


def _request_name(hook: str) -> str:
    return "".join(part.title() for part in hook.split("-")) + "Request"


def _components(protected: bool) -> dict[str, Any]:
    components: dict[str, Any] = {"schemas": _schemas()}
    if protected:
        components["securitySchemes"] = {
            "clientToken": {
                "type": "http",
                "scheme": "bearer",
                "bearerFormat": "JWT",
                "description": "CDS Hooks, Trusting CDS Clients",
            }
        }
    return components


@cache
def _schemas() -> dict[str, Any]:
    """The schemas of all bodies, which the models alone decide."""
    wanted = [*REQUESTS.values(), FeedbackRequest, ApplyRequest, CdsResponse]
    (*references, _, _, _), schemas = msgspec.json.schema_components(
        wanted, ref_template=SCHEMAS + "{name}"
    )
    requests = {}
    for hook, reference in zip(REQUESTS, references, strict=True):
        model = schemas[reference["$ref"].removeprefix(SCHEMAS)]
        requests[_request_name(hook)] = {
            **model,
            "title": hook,
            "properties": {**model["properties"], "hook": {"const": hook}},
        }
    models = {
        name: schema for name, schema in schemas.items() if not name.startswith("HookRequest")
    }
    models["Card"]["dependentRequired"] = {"suggestions": ["selectionBehavior"]}
    own: dict[str, Any] = _readable({**requests, **models})
    return own | ANSWER_SCHEMAS | FHIR_SCHEMAS | {"Report": REPORT}


def _readable(schema: Any) -> Any:
    """A schema with patterns in the form of JSON Schema (in Python, ``$`` also matches before a
    final line feed), and with docstrings as prose."""
    if isinstance(schema, list):
        return [_readable(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    # A structure's default means that the element was not sent. It is not a value to send.
    told = {key: _readable(value) for key, value in schema.items() if key != "default"}
    if isinstance(told.get("pattern"), str):
        told["pattern"] = re.sub(r"\\Z$", "$", re.sub(r"^\\A", "^", told["pattern"]))
    if isinstance(told.get("description"), str):
        told["description"] = " ".join(
            inspect.cleandoc(told["description"]).replace("``", "`").split()
        )
    return told
