"""An example request to try the service with, dated so that its results are recent."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ..engine import definitions
from ..facts.queries import Queries
from ..fhir.ehr_profile import GENERIC
from ..sandbox.demo import demo_patients, demo_records, hook_request, prefetched

# The sandbox patient who is about to be prescribed folic acid although B12 is low.
_PATIENT = "margaret-hill"
_BASE = "https://ehr.example.org/fhir"


def example_request(hook: str, now: datetime) -> dict[str, Any]:
    """Return a complete CDS Hooks request of ``hook`` for a made-up patient of 69 years with B12
    deficiency and anaemia."""
    terminology, _ = definitions("default")
    patient = demo_patients(now.date(), terminology)[_PATIENT]
    parts = Queries(GENERIC, terminology).parts.values()
    return {
        **hook_request(patient, hook),
        "prefetch": prefetched(parts, demo_records({_PATIENT: patient}), _PATIENT, _BASE),
    }


def as_parameters(request: dict[str, Any]) -> dict[str, Any]:
    """Return a hook request as the FHIR Parameters resource that puts the same question to
    ``PlanDefinition/$apply``."""
    context = request["context"]
    subject = {"name": "subject", "valueString": f"Patient/{context['patientId']}"}
    encounter = {"name": "encounter", "valueString": f"Encounter/{context['encounterId']}"}
    data = [
        {
            "name": "prefetchData",
            "part": [{"name": "key", "valueString": key}, {"name": "data", "resource": value}],
        }
        for key, value in request["prefetch"].items()
    ]
    drafts = (
        [{"name": "draftOrders", "resource": context["draftOrders"]}]
        if "draftOrders" in context
        else []
    )
    selections = [
        {"name": "selections", "valueString": reference}
        for reference in context.get("selections", ())
    ]
    return {
        "resourceType": "Parameters",
        "parameter": [subject, encounter, *data, *drafts, *selections],
    }
