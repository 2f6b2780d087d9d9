"""``GET /fhir/metadata``: what the FHIR part of the service can do (FHIR R4,
CapabilityStatement)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from .. import __version__
from ..engine import Engine
from ..export.edition import PUBLISHER
from ..fhir.terminology import BASE
from .errors import FHIR_JSON
from .fhir_search import PARAMETERS


def capability_statement(
    types: Sequence[str], engine: Engine, base: str, since: datetime
) -> dict[str, Any]:
    """The CapabilityStatement of a service at ``base`` that has served ``types`` since an aware
    time."""
    rest: dict[str, Any] = {
        "mode": "server",
        "documentation": (
            "Definitions are read-only. No patient data is kept: what $apply is given is forgotten "
            "with its answer."
        ),
        "resource": [_resource(name) for name in types],
    }
    if engine.settings.clients:
        rest["security"] = {
            "description": (
                "PlanDefinition/$apply needs a token of a registered client, as hooks do (CDS "
                "Hooks 3.0.0)."
            )
        }
    return {
        "resourceType": "CapabilityStatement",
        "name": "B12FolateCds",
        "title": "B12 and folate CDS",
        "status": "active",
        "experimental": False,
        "date": since.astimezone(engine.zone).isoformat(timespec="seconds"),
        "publisher": PUBLISHER,
        "kind": "instance",
        "software": {"name": "b12-folate-cds", "version": __version__},
        "implementation": {"description": f"Parameter set: {engine.parameter_set}.", "url": base},
        "fhirVersion": "4.0.1",
        "format": [FHIR_JSON, "json"],
        "rest": [rest],
    }


def _resource(name: str) -> dict[str, Any]:
    resource: dict[str, Any] = {
        "type": name,
        "interaction": [{"code": "read"}, {"code": "search-type"}],
        "versioning": "no-version",
        "conditionalRead": "not-match",
        "searchParam": [
            {"name": parameter, "type": kind} for parameter, kind in PARAMETERS.items()
        ],
    }
    if name == "PlanDefinition":
        resource["operation"] = [
            {"name": "apply", "definition": f"{BASE}/OperationDefinition/plan-definition-apply"}
        ]
    return resource
