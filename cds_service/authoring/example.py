"""An example request to try the service with, dated so that its results are recent."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from ..facts.queries import QUERIES
from ..fhir.terminology import LOINC, RXNORM
from ..rules.hook_table import HOOKS

_PATIENT = "example"
_SUBJECT = {"reference": f"Patient/{_PATIENT}"}
_UCUM = "http://unitsofmeasure.org"


def example_request(hook: str, now: datetime) -> dict[str, Any]:
    """A whole CDS Hooks request of ``hook`` for a made-up patient of 69 years with B12 deficiency and anaemia."""
    day = (now - timedelta(days=3)).date().isoformat()
    prefetch: dict[str, Any] = {query: _bundle() for query in QUERIES}
    prefetch["patient"] = {
        "resourceType": "Patient",
        "id": _PATIENT,
        "gender": "female",
        "birthDate": f"{now.year - 69}-01-15",
    }
    prefetch["b12-results"] = _bundle(_result("b12", "2132-9", 110, "pg/mL", day), _result("folate", "2284-8", 8.2, "ng/mL", day))
    prefetch["blood-count"] = _bundle(_result("hb", "718-7", 10.1, "g/dL", day), _result("mcv", "787-2", 112, "fL", day))
    context: dict[str, Any] = {"userId": "Practitioner/example", "patientId": _PATIENT, "encounterId": "example"}
    context |= HOOKS[hook].example_context
    if HOOKS[hook].has_drafts:
        context["draftOrders"] = {**_bundle(_folic_acid(now)), "type": "collection"}
    if HOOKS[hook].has_selections:
        context["selections"] = ["MedicationRequest/folic-acid"]
    return {"hook": hook, "hookInstance": "0f4a1b1e-6d0a-4bb1-8d4f-6f0c9d1f7c11", "context": context, "prefetch": prefetch}


def _bundle(*resources: dict[str, Any]) -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": resource} for resource in resources]}


def as_parameters(request: dict[str, Any]) -> dict[str, Any]:
    """A hook request as the FHIR Parameters resource with which ``PlanDefinition/$apply`` asks the same."""
    context = request["context"]
    subject = {"name": "subject", "valueString": f"Patient/{context['patientId']}"}
    encounter = {"name": "encounter", "valueString": f"Encounter/{context['encounterId']}"}
    data = [
        {"name": "prefetchData", "part": [{"name": "key", "valueString": key}, {"name": "data", "resource": value}]}
        for key, value in request["prefetch"].items()
    ]
    drafts = [{"name": "draftOrders", "resource": context["draftOrders"]}] if "draftOrders" in context else []
    selections = [{"name": "selections", "valueString": reference} for reference in context.get("selections", ())]
    return {"resourceType": "Parameters", "parameter": [subject, encounter, *data, *drafts, *selections]}


def _result(identity: str, code: str, value: float, unit: str, day: str) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "id": identity,
        "status": "final",
        "code": {"coding": [{"system": LOINC, "code": code}]},
        "subject": _SUBJECT,
        "effectiveDateTime": day,
        "valueQuantity": {"value": value, "unit": unit, "system": _UCUM, "code": unit},
    }


def _folic_acid(now: datetime) -> dict[str, Any]:
    return {
        "resourceType": "MedicationRequest",
        "id": "folic-acid",
        "status": "draft",
        "intent": "order",
        "subject": _SUBJECT,
        "authoredOn": now.date().isoformat(),
        "medicationCodeableConcept": {
            "coding": [{"system": RXNORM, "code": "310410", "display": "folic acid 1 MG Oral Tablet"}],
            "text": "Folic acid 1 mg oral tablet",
        },
        "dosageInstruction": [
            {
                "text": "1 mg once daily",
                "timing": {"repeat": {"frequency": 1, "period": 1, "periodUnit": "d"}},
                "doseAndRate": [{"doseQuantity": {"value": 1, "unit": "mg", "system": _UCUM, "code": "mg"}}],
            }
        ],
    }
