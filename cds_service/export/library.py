"""The Library to which PlanDefinitions refer: the data read about a patient, the facts derived from
it, and the parameters.

Facts are listed as parameters of use ``out``, the convention by which a Library lists what it
defines; their logic is code and not included. In R4 a ParameterDefinition has no value, so the
documentation states the values in words, and ``content`` holds them for programs.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from ..authoring.card_words import plain
from ..engine import Engine
from ..facts.catalogue import CATALOGUE, Definition
from ..facts.kinds import ORDERS
from ..facts.queries import QUERIES
from ..rules.card_set import ParameterEntry
from ..rules.parameter_file import value_words
from ..rules.parameter_text import with_parameters
from .capabilities import CAPABILITIES
from .data_requirements import prefetched
from .edition import LIBRARY_ID, MATURITY, PATIENT, PUBLISHER, base_of, library_version
from .plan_definition import citation

_MODULE_DEFINITION = {
    "coding": [
        {
            "system": "http://terminology.hl7.org/CodeSystem/library-type",
            "code": "module-definition",
            "display": "Module Definition",
        }
    ]
}
_SESSION = [
    {
        "name": "draftOrders",
        "use": "in",
        "min": 0,
        "max": "1",
        "type": "Bundle",
        "documentation": "The orders of the session.",
    },
    {
        "name": "selections",
        "use": "in",
        "min": 0,
        "max": "*",
        "type": "string",
        "documentation": "References of the orders just chosen.",
    },
]


def library(engine: Engine) -> dict[str, Any]:
    """Return the Library of the parameter set of ``engine``."""
    sources = dict.fromkeys(entry.source for entry in engine.parameters.values())
    return {
        "resourceType": "Library",
        "id": LIBRARY_ID,
        "extension": CAPABILITIES,
        "url": f"{base_of(engine)}/Library/{LIBRARY_ID}",
        "version": library_version(engine),
        "name": "B12FolateFacts",
        "title": "Facts and parameters of the B12 and folate cards",
        **MATURITY,
        "type": _MODULE_DEFINITION,
        "subjectCodeableConcept": PATIENT,
        "publisher": PUBLISHER,
        "description": (
            "The data that the cards read, the facts that they compare (use `out`) and the "
            f"parameters (use `in`) of the set {engine.parameter_set}."
        ),
        "relatedArtifact": [citation(engine.evidence[key]) for key in sources],
        "parameter": [
            *_SESSION,
            *(_parameter(name, entry, engine) for name, entry in engine.parameters.items()),
            *(_fact(definition, engine.words) for definition in CATALOGUE.values()),
        ],
        "dataRequirement": prefetched(engine.queries, QUERIES),
        "content": [_values(engine)],
    }


def _fact(definition: Definition, words: Mapping[str, str]) -> dict[str, Any]:
    said = [f"{plain(definition.title)}: {plain(with_parameters(definition.doc, words))}"]
    if definition.values:
        said.append(f"One of {', '.join(definition.values)}.")
    if units := ", ".join(filter(None, (definition.unit, *definition.other_units))):
        said.append(f"In {units}.")
    return {
        "name": definition.name,
        "use": "out",
        "min": 0,
        "max": "*" if definition.kind is ORDERS else "1",
        "documentation": " ".join(said),
        "type": definition.kind.fhir_type,
    }


def _parameter(name: str, entry: ParameterEntry, engine: Engine) -> dict[str, Any]:
    several = isinstance(entry.value, dict)
    said = value_words(entry.value, entry.unit)
    note = f"; {entry.note}" if entry.note else ""
    return {
        "name": name,
        "use": "in",
        "min": 1,
        "max": str(len(entry.value)) if several else "1",
        "documentation": f"{said}{note}. {engine.evidence[entry.source].label} ({entry.basis}).",
        "type": "Quantity"
        if several
        else "decimal"
        if isinstance(entry.value, Decimal)
        else "string",
    }


def _values(engine: Engine) -> dict[str, Any]:
    """The parameters for programs, as an attachment."""
    values = {
        "parameterSet": engine.parameter_set,
        "parameters": {
            name: {
                "value": _json(entry.value),
                **({"unit": entry.unit} if entry.unit else {}),
                "source": entry.source,
                "basis": entry.basis,
            }
            for name, entry in engine.parameters.items()
        },
    }
    data = base64.b64encode(json.dumps(values, separators=(",", ":")).encode()).decode()
    return {
        "contentType": "application/json",
        "language": "en",
        "data": data,
        "title": "parameters",
    }


def _json(value: Any) -> Any:
    if isinstance(value, dict):
        return {unit: _json(number) for unit, number in value.items()}
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value
