"""The demo FHIR server's CapabilityStatement (FHIR R4), derived from its search parameters."""

from __future__ import annotations

from datetime import date

from .. import __version__
from .chart import Json
from .fhir_search import CONTROLS, KINDS, Kind


def demo_statement(base: str, today: date) -> Json:
    """The CapabilityStatement of the demo server at ``base``."""
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": today.isoformat(),
        "kind": "instance",
        "software": {"name": "b12-folate-cds sandbox", "version": __version__},
        "implementation": {
            "description": "Made-up patients for trying the service. Read-only.",
            "url": base,
        },
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json", "json"],
        "rest": [
            {"mode": "server", "resource": [_resource(name, kind) for name, kind in KINDS.items()]}
        ],
    }


def _resource(name: str, kind: Kind) -> Json:
    parameters = kind.parameters | {
        control: "special" for control in CONTROLS if control in ("_sort", "_count")
    }
    includes = [f"{name}:{include}" for include in kind.includes]
    return {
        "type": name,
        "interaction": [{"code": "read"}, {"code": "search-type"}],
        "versioning": "no-version",
        **({"searchInclude": includes} if includes else {}),
        "searchParam": [
            {"name": parameter, "type": type_} for parameter, type_ in parameters.items()
        ],
    }
