"""The Library ``b12-folate-criteria``: the criteria of all cards in CQL over stated facts."""

from __future__ import annotations

import base64
from typing import Any

from ..engine import Engine
from .capabilities import CAPABILITIES
from .cql import criteria_cql
from .edition import (
    CRITERIA_ID,
    CRITERIA_NAME,
    MATURITY,
    PATIENT,
    PUBLISHER,
    criteria_canonical,
    criteria_version,
)

_LOGIC_LIBRARY = {
    "coding": [
        {
            "system": "http://terminology.hl7.org/CodeSystem/library-type",
            "code": "logic-library",
            "display": "Logic Library",
        }
    ]
}


def criteria_library(engine: Engine) -> dict[str, Any]:
    """Return the Library for the cards of ``engine``."""
    version = criteria_version(engine)
    text = criteria_cql(engine, CRITERIA_NAME, version)
    return {
        "resourceType": "Library",
        "id": CRITERIA_ID,
        "extension": CAPABILITIES,
        "url": criteria_canonical(engine),
        "version": version,
        "name": CRITERIA_NAME,
        "title": "Criteria of the B12 and folate cards in CQL",
        **MATURITY,
        "type": _LOGIC_LIBRARY,
        "subjectCodeableConcept": PATIENT,
        "publisher": PUBLISHER,
        "description": (
            f"When each card of the set {engine.parameter_set} fires, as CQL over stated facts: "
            "for each fact its value and whether it is known. The CDS service makes the facts from "
            "a patient's data, and its logic is not in this Library: without stated facts no "
            "card is true. This is not a CDS service."
        ),
        "content": [
            {
                "contentType": "text/cql",
                "data": base64.b64encode(text.encode()).decode(),
                "title": CRITERIA_NAME,
            }
        ],
    }
