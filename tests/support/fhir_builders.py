"""Small builders of FHIR R4 resources and CDS Hooks requests, as a client would send them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from cds_service.content import PROFILES
from cds_service.engine import PARAMETER_SETS, definitions
from cds_service.facts import queries
from cds_service.fhir.ehr_profile import GENERIC

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
TODAY = NOW.date()
PATIENT = "pat-1"
SUBJECT = {"reference": f"Patient/{PATIENT}"}
UCUM = "http://unitsofmeasure.org"
LOINC = "http://loinc.org"
SNOMED = "http://snomed.info/sct"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
VALUE_SETS = {
    path.stem: json.loads(path.read_text("utf-8"))
    for path in (PROFILES / "value-sets").glob("*.json")
}


def codings_of(value_set: str, *systems: str) -> list[dict[str, Any]]:
    """The codes that a value set lists, in its order, as codings; of ``systems`` alone where some are named."""
    return [
        {"system": part["system"], "code": concept["code"], "display": concept["display"]}
        for part in VALUE_SETS[value_set]["compose"]["include"]
        for concept in part.get("concept", ())
        if not systems or part["system"] in systems
    ]


_OF_LABORATORIES = [
    value_set
    for query in queries.QUERIES.values()
    if query.laboratory
    for value_set in query.value_sets
]
# The code by which a test calls a laboratory test: the first of its value set, and those that have names of their own here.
ANALYTES = {
    **{value_set: codings_of(value_set, LOINC)[0]["code"] for value_set in _OF_LABORATORIES},
    "b12": "2132-9", "b12_molar": "14685-2", "active_b12": "72160-5", "folate": "2284-8", "folate_molar": "14732-2",
    "potassium": "2823-3", "potassium_poc": "6298-4", "ifab": "31444-3",
}  # fmt: skip
# The query that asks for Observations of a code.
HOMES = {
    coding["code"]: name
    for name, query in queries.QUERIES.items()
    for value_set in query.value_sets
    for coding in codings_of(value_set)
}
HOME_OF_TYPE = {
    "Condition": "conditions", "Procedure": "procedures", "AllergyIntolerance": "allergies",
    "MedicationRequest": "medication-requests", "MedicationStatement": "medication-statements",
    "MedicationAdministration": "medication-administrations", "MedicationDispense": "medication-dispenses",
    "ServiceRequest": "service-requests", "Patient": "patient",
}  # fmt: skip
QUERIES = (
    "patient", "b12-results", "blood-count", "renal-and-potassium", "pregnancy-status", "findings", "conditions", "procedures",
    "allergies", "medication-requests", "medication-statements", "medication-administrations", "medication-dispenses",
    "service-requests",
)  # fmt: skip
_COUNTER = iter(range(10**9))


def days_ago(days: float) -> str:
    return (TODAY - timedelta(days=days)).isoformat()


def patient(
    *, gender: str | None = "female", birth: str | None = "1957-03-02", **more: Any
) -> dict[str, Any]:
    resource = {
        "resourceType": "Patient",
        "id": PATIENT,
        "gender": gender,
        "birthDate": birth,
        **more,
    }
    return {key: value for key, value in resource.items() if value is not None}


def observation(
    analyte: str,
    value: float | None = None,
    unit: str = "",
    *,
    ago: float = 1,
    comparator: str | None = None,
    **more: Any,
) -> dict[str, Any]:
    resource: dict[str, Any] = {
        "resourceType": "Observation",
        "id": f"o{next(_COUNTER)}",
        "status": "final",
        "code": {"coding": [{"system": LOINC, "code": ANALYTES[analyte]}]},
        "subject": SUBJECT,
        "effectiveDateTime": days_ago(ago),
    }
    if value is not None:
        resource["valueQuantity"] = {"value": value, "unit": unit, "system": UCUM, "code": unit}
        if comparator:
            resource["valueQuantity"]["comparator"] = comparator
    resource.update(more)
    return {key: value for key, value in resource.items() if value is not None}


def condition(
    code: str, *, system: str = SNOMED, status: str | None = "active", text: str = "", **more: Any
) -> dict[str, Any]:
    resource: dict[str, Any] = {
        "resourceType": "Condition",
        "id": f"c{next(_COUNTER)}",
        "subject": SUBJECT,
        "code": {"coding": [{"system": system, "code": code}], **({"text": text} if text else {})},
        **more,
    }
    if status:
        clinical = "http://terminology.hl7.org/CodeSystem/condition-clinical"
        resource["clinicalStatus"] = {"coding": [{"system": clinical, "code": status}]}
    return resource


def procedure(code: str, *, status: str | None = "completed", **more: Any) -> dict[str, Any]:
    resource = {
        "resourceType": "Procedure",
        "id": f"p{next(_COUNTER)}",
        "status": status,
        "subject": SUBJECT,
        "code": {"coding": [{"system": SNOMED, "code": code}]},
        **more,
    }
    return {key: value for key, value in resource.items() if value is not None}


def resected_length(value: float, unit: str = "cm") -> dict[str, Any]:
    url = "https://b12-folate-cds.example.org/fhir/StructureDefinition/resected-length"
    return {
        "url": url,
        "valueQuantity": {"value": value, "unit": unit, "system": UCUM, "code": unit},
    }


def allergy(
    code: str = "419382002", *, criticality: str | None = None, **more: Any
) -> dict[str, Any]:
    resource = {
        "resourceType": "AllergyIntolerance",
        "id": f"a{next(_COUNTER)}",
        "patient": SUBJECT,
        "code": {"coding": [{"system": SNOMED, "code": code}]},
        **more,
    }
    return {**resource, "criticality": criticality} if criticality else resource


def dosage(
    dose: float | None = 1,
    unit: str = "mg",
    *,
    route: str | None = None,
    every: tuple[float, float, str] | None = None,
    **repeat: Any,
) -> dict[str, Any]:
    """``every``: (frequency, period, periodUnit). ``route``: a SNOMED code."""
    stated: dict[str, Any] = {}
    if dose is not None:
        stated["doseAndRate"] = [
            {"doseQuantity": {"value": dose, "unit": unit, "system": UCUM, "code": unit}}
        ]
    if route:
        stated["route"] = {"coding": [{"system": SNOMED, "code": route}]}
    if every:
        repeat = {"frequency": every[0], "period": every[1], "periodUnit": every[2], **repeat}
    if repeat:
        stated["timing"] = {"repeat": repeat}
    return stated


IM, ORAL = "78421000", "26643006"
FOLIC_ACID_1MG = {
    "coding": [{"system": RXNORM, "code": "310410"}],
    "text": "Folic acid 1 mg tablet",
}
FOLIC_ACID_400UG = {
    "coding": [{"system": RXNORM, "code": "198640"}],
    "text": "Folic acid 0.4 mg tablet",
}
HYDROXOCOBALAMIN = {
    "coding": [{"system": RXNORM, "code": "317106"}],
    "text": "Hydroxocobalamin 1 mg/mL injection",
}
CYANOCOBALAMIN_INJECTION = {
    "coding": [{"system": RXNORM, "code": "309594"}],
    "text": "Cyanocobalamin 1 mg/mL injection",
}
CYANOCOBALAMIN_TABLET = {
    "coding": [{"system": RXNORM, "code": "11248"}],
    "text": "Cyanocobalamin 1 mg tablet",
}
DAILY = (1, 1, "d")


def medication_request(
    concept: dict[str, Any], *dosages: dict[str, Any], status: str = "active", **more: Any
) -> dict[str, Any]:
    resource: dict[str, Any] = {
        "resourceType": "MedicationRequest",
        "id": f"m{next(_COUNTER)}",
        "status": status,
        "intent": "order",
        "subject": SUBJECT,
        "medicationCodeableConcept": concept,
        "authoredOn": days_ago(1),
        **more,
    }
    if dosages:
        resource["dosageInstruction"] = list(dosages)
    return {key: value for key, value in resource.items() if value is not None}


def medication_administration(concept: dict[str, Any], ago: float, **more: Any) -> dict[str, Any]:
    """A dose of ``concept`` that was given ``ago`` days ago."""
    return {
        "resourceType": "MedicationAdministration",
        "id": f"given-{ago}",
        "status": "completed",
        "subject": SUBJECT,
        "medicationCodeableConcept": concept,
        "effectiveDateTime": days_ago(ago),
        **more,
    }


def draft(concept: dict[str, Any], *dosages: dict[str, Any], **more: Any) -> dict[str, Any]:
    return medication_request(concept, *dosages, status="draft", **more)


def folic_acid(milligrams: float = 1, **more: Any) -> dict[str, Any]:
    return draft(FOLIC_ACID_1MG, dosage(milligrams, route=ORAL, every=DAILY), **more)


def hydroxocobalamin(**more: Any) -> dict[str, Any]:
    return draft(HYDROXOCOBALAMIN, dosage(1, route=IM, every=(3, 1, "wk")), **more)


def service_request(
    analyte: str, *, status: str = "active", ago: float = 0, **more: Any
) -> dict[str, Any]:
    return {
        "resourceType": "ServiceRequest",
        "id": f"s{next(_COUNTER)}",
        "status": status,
        "intent": "order",
        "subject": SUBJECT,
        "code": {"coding": [{"system": LOINC, "code": ANALYTES[analyte]}]},
        "authoredOn": days_ago(ago),
        **more,
    }


def bundle(resources: list[Any], **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Bundle",
        "type": "searchset",
        "entry": [{"resource": resource} for resource in resources],
        **more,
    }


def prefetch(
    *resources: dict[str, Any], without: tuple[str, ...] = (), who: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Every query answered, empty where nothing is given; ``without`` names the queries that are not answered."""
    homes: dict[str, list[Any]] = {query: [] for query in QUERIES if query != "patient"}
    for resource in resources:
        kind = resource["resourceType"]
        home = (
            HOMES.get(resource["code"]["coding"][0]["code"], "b12-results")
            if kind == "Observation"
            else HOME_OF_TYPE[kind]
        )
        homes[home].append(resource)
    values: dict[str, Any] = {
        "patient": who or patient(),
        **{query: bundle(items) for query, items in homes.items()},
    }
    values |= {key: bundle([]) for key in _further_parts()}
    return {key: value for key, value in values.items() if queries.query_of(key) not in without}


@cache
def _further_parts() -> list[str]:
    """The keys of second parts of queries, which a parameter set has where the codes are many."""
    parts = (queries.Queries(GENERIC, definitions(name)[0]).parts for name in PARAMETER_SETS)
    return sorted({key for keys in parts for key in keys if key not in queries.QUERIES})


def hook_request(
    hook: str,
    prefetched: dict[str, Any] | None = None,
    *,
    drafts: list[dict[str, Any]] | None = None,
    selections: list[str] | None = None,
    **more: Any,
) -> dict[str, Any]:
    context: dict[str, Any] = {"userId": "Practitioner/doc", "patientId": PATIENT}
    if hook == "encounter-discharge":
        context["encounterId"] = "enc-1"
    if drafts is not None:
        context["draftOrders"] = {
            "resourceType": "Bundle",
            "type": "collection",
            "entry": [{"resource": item} for item in drafts],
        }
        if hook == "order-select":
            context["selections"] = (
                [f"{item['resourceType']}/{item['id']}" for item in drafts]
                if selections is None
                else selections
            )
    request: dict[str, Any] = {
        "hook": hook,
        "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
        "context": context,
        **more,
    }
    if prefetched is not None:
        request["prefetch"] = prefetched
    return request
