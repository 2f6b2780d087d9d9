"""Valid requests that hold every element which the service reads: what the fuzzer begins with."""

from __future__ import annotations

from typing import Any

from tests.spec.scenarios import EVERY_CARD
from tests.support.apply import parameters
from tests.support.fhir_builders import (
    CYANOCOBALAMIN_INJECTION,
    DAILY,
    HYDROXOCOBALAMIN,
    IM,
    ORAL,
    PATIENT,
    SNOMED,
    SUBJECT,
    UCUM,
    allergy,
    bundle,
    condition,
    days_ago,
    dosage,
    draft,
    folic_acid,
    hook_request,
    hydroxocobalamin,
    medication_request,
    observation,
    patient,
    prefetch,
    resected_length,
    service_request,
)

GTS = "http://terminology.hl7.org/CodeSystem/v3-GTSAbbreviation"
PERIOD = {"start": days_ago(400), "end": days_ago(30)}
THERAPY = {"medicationCodeableConcept": CYANOCOBALAMIN_INJECTION, "subject": SUBJECT}
CODED = {
    **dosage(1, route=IM),
    "timing": {"code": {"coding": [{"system": GTS, "code": "QOD"}]}},
    "sequence": 1,
}
ODD_TIMES = {
    "sequence": 2,
    "text": "as the nurse says",
    "asNeededCodeableConcept": {"text": "pain"},
    "route": {"coding": [{"system": SNOMED, "code": ORAL}], "text": "by mouth"},
    "timing": {
        "event": [days_ago(3), days_ago(1)],
        "repeat": {
            "boundsDuration": {"value": 6, "unit": "weeks", "code": "wk"}, "boundsRange": {"high": {"value": 8, "code": "wk"}}, "count": 6,
            "countMax": 8, "frequency": 1, "frequencyMax": 2, "period": 1, "periodMax": 2, "periodUnit": "wk", "dayOfWeek": ["mon", "thu"],
            "when": ["MORN"], "timeOfDay": ["08:00:00"],
        },
    },
    "doseAndRate": [{"doseRange": {"low": {"value": 1, "code": "mg"}, "high": {"value": 2, "unit": "mg"}}}],
}  # fmt: skip


def _drug(text: str, *dosages: dict[str, Any], **more: Any) -> dict[str, Any]:
    return medication_request({"text": text}, *dosages, **more)


def record(*, therapy: bool = True) -> dict[str, Any]:
    """Prefetched values with something in every query; ``therapy``: with cobalamin treatment, past and current."""
    given = {
        "route": {"coding": [{"system": SNOMED, "code": IM}]},
        "dose": {"value": 1, "unit": "mg", "code": "mg"},
    }
    treated = [
        medication_request(CYANOCOBALAMIN_INJECTION, dosage(1, route=IM, every=(1, 1, "mo"), boundsPeriod=PERIOD), reportedBoolean=True),
        medication_request(CYANOCOBALAMIN_INJECTION, CODED, ODD_TIMES, basedOn=[{"reference": "MedicationRequest/m0"}]),
        {"resourceType": "MedicationStatement", "id": "t1", "status": "active", "effectivePeriod": PERIOD,
         "dosage": [dosage(1, route=ORAL, every=DAILY)], "dateAsserted": days_ago(9), **THERAPY},
        {"resourceType": "MedicationAdministration", "id": "ad1", "status": "completed", "effectiveDateTime": days_ago(200),
         "dosage": given, **THERAPY},
        {"resourceType": "MedicationDispense", "id": "di1", "status": "completed", "whenHandedOver": days_ago(300),
         "daysSupply": {"value": 28, "code": "d"}, "dosageInstruction": [dosage(1, route=ORAL, every=DAILY)], **THERAPY},
    ]  # fmt: skip
    return prefetch(
        observation(
            "b12",
            110,
            "pg/mL",
            issued="2026-11-22T10:00:00Z",
            identifier=[{"system": "urn:lab", "value": "1"}],
        ),
        {
            key: value
            for key, value in observation("b12", 120, "pg/mL", ago=2).items()
            if key != "id"
        },
        {
            key: value
            for key, value in observation("b12", 125, "pg/mL", ago=2).items()
            if key != "id"
        },
        observation("b12", 100, "ng/L", comparator="<", ago=4, status="corrected"),
        observation("folate", valueString="< 2.0 ng/mL"),
        observation("mma", 620, "nmol/L", ago=9),
        observation("homocysteine", 20, "umol/L", ago=9),
        observation(
            "ifab", valueCodeableConcept={"coding": [{"system": SNOMED, "code": "10828004"}]}
        ),
        observation("hb", 82, "g/L"),
        observation("mcv", 112, "fL", effectiveDateTime=None, effectivePeriod=PERIOD),
        observation("platelets", 120, "10*9/L"),
        observation(
            "potassium",
            3.2,
            "mmol/L",
            note=[{"text": "haemolysed"}],
            interpretation=[{"text": "L"}],
        ),
        observation(
            "creatinine", 1.4, "mg/dL", dataAbsentReason={"text": "x", "coding": [{"display": "y"}]}
        ),
        observation("egfr", 52, "mL/min/{1.73_m2}", ago=30),
        condition(
            "309087008",
            onsetDateTime=days_ago(90),
            recordedDate=days_ago(80),
            text="B12 deficiency anaemia",
        ),
        condition(
            "77386006",
            onsetPeriod=PERIOD,
            verificationStatus={"coding": [{"code": "confirmed"}]},
            abatementDateTime=days_ago(3),
        ),
        condition("I50.9", system="http://hl7.org/fhir/sid/icd-10"),
        {
            "resourceType": "Procedure",
            "id": "p1",
            "status": "completed",
            "subject": SUBJECT,
            "performedPeriod": PERIOD,
            "code": {"coding": [{"system": SNOMED, "code": "173747005"}]},
            "extension": [resected_length(30)],
        },
        allergy(
            criticality="high",
            clinicalStatus={"coding": [{"code": "active"}]},
            verificationStatus={"coding": [{"code": "confirmed"}]},
            reaction=[
                {
                    "substance": {"text": "cobalamin"},
                    "manifestation": [{"text": "Anaphylaxis"}],
                    "severity": "severe",
                    "description": "rash",
                }
            ],
        ),
        {
            **_drug("digoxin"),
            "medicationReference": {"reference": "#m", "display": "digoxin"},
            "contained": [
                {
                    "resourceType": "Medication",
                    "id": "m",
                    "code": {"text": "Digoxin 125 microgram tablets"},
                    "ingredient": [{"itemCodeableConcept": {"text": "digoxin"}, "isActive": True}],
                }
            ],
        },
        _drug("metformin 500 mg", dosage(500, route=ORAL, every=DAILY)),
        service_request("b12", occurrencePeriod={"start": days_ago(0)}),
        *(treated if therapy else []),
        who=patient(extension=[{"url": "https://example.org/x", "valueString": "y"}]),
    )


def _contained() -> dict[str, Any]:
    """A draft that names its medication by a contained one."""
    order = {
        key: value for key, value in folic_acid().items() if key != "medicationCodeableConcept"
    }
    medication = {"resourceType": "Medication", "id": "m", "code": {"text": "Folic acid 1 mg"}}
    return {**order, "medicationReference": {"reference": "#m"}, "contained": [medication]}


def drafts() -> list[dict[str, Any]]:
    """Draft orders with every kind of timing."""
    return [
        folic_acid(),
        hydroxocobalamin(priorPrescription={"reference": "MedicationRequest/m0"}),
        draft(HYDROXOCOBALAMIN, CODED),
        draft(HYDROXOCOBALAMIN, ODD_TIMES),
        _contained(),
        service_request("folate"),
    ]


def hook_requests() -> list[dict[str, Any]]:
    """A request of each hook, of ordering with and without treatment."""
    found = [
        hook_request(hook, record(therapy=therapy))
        for hook in ("patient-view", "encounter-discharge")
        for therapy in (True, False)
    ]
    found[1]["context"]["encounterId"] = "enc-2"
    for hook in ("order-select", "order-sign"):
        found.append(hook_request(hook, record(), drafts=drafts()))
        found.append(
            hook_request(
                hook, {"patient": patient(), "conditions": bundle([])}, drafts=[folic_acid()]
            )
        )
        # One draft with one regimen each, so that what its numbers mean decides a card.
        found.append(hook_request(hook, record(therapy=False), drafts=[hydroxocobalamin()]))
        found.append(
            hook_request(
                hook, record(therapy=False), drafts=[draft(CYANOCOBALAMIN_INJECTION, CODED)]
            )
        )
        found.append(
            hook_request(
                hook, record(therapy=False), drafts=[draft(CYANOCOBALAMIN_INJECTION, ODD_TIMES)]
            )
        )
        found.append(
            hook_request(
                hook,
                record(),
                drafts=[draft(CYANOCOBALAMIN_INJECTION, dosage(1, route=IM, every=(1, 3, "mo")))],
            )
        )
    return found


def fetching_requests() -> list[dict[str, Any]]:
    """Requests that leave all data to be read from their FHIR server."""
    authorization = {
        "access_token": "t", "token_type": "Bearer", "expires_in": 300, "scope": "patient/*.read user/Observation.rs", "subject": "cds",
        "patient": PATIENT,
    }  # fmt: skip
    where: dict[str, Any] = {
        "fhirServer": "http://127.0.0.1:9/fhir",
        "fhirAuthorization": authorization,
    }
    return [
        hook_request("patient-view", {}, **where),
        hook_request("order-sign", {}, drafts=[folic_acid()], **where),
        hook_request(
            "order-sign",
            {},
            drafts=[draft(CYANOCOBALAMIN_INJECTION, dosage(1, route=IM, every=(1, 3, "mo")))],
            **where,
        ),
    ]


def of_cards() -> list[dict[str, Any]]:
    """For each card a request in which it is shown."""
    return list(EVERY_CARD.values())


def fetched_therapy() -> dict[str, Any]:
    """A record in which one order is current and is to be changed, so that a card names it."""
    found: dict[str, Any] = EVERY_CARD["maintenance-interval"]["prefetch"]
    return found


def feedback() -> dict[str, Any]:
    """Feedback of both outcomes."""
    reason = {
        "code": "patient-refuses",
        "system": "http://terminology.hl7.org/CodeSystem/non-adherence-reason-codes",
    }
    return {
        "feedback": [
            {
                "card": "4e0a3a1e",
                "outcome": "accepted",
                "acceptedSuggestions": [{"id": "s"}],
                "outcomeTimestamp": "2026-11-23T10:05:31Z",
            },
            {
                "card": "4e0a3a1e",
                "outcome": "overridden",
                "outcomeTimestamp": "2026-11-23T10:05:31.5+02:00",
                "overrideReason": {"reason": reason, "userComment": "no"},
            },
        ]
    }


def apply_requests() -> list[tuple[str, dict[str, Any]]]:
    """Bodies of ``$apply`` by card."""
    whole = bundle(
        [entry["resource"] for value in record().values() for entry in value.get("entry", [])]
        + [patient()]
    )
    with_data = {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "subject", "valueReference": {"reference": f"Patient/{PATIENT}"}},
            {"name": "data", "resource": whole},
        ],
    }
    return [
        ("maintenance-interval", parameters(EVERY_CARD["maintenance-interval"])),
        (
            "b12-deficiency-untreated",
            parameters(hook_request("patient-view", record(therapy=False))),
        ),
        (
            "folic-acid-b12-deficient",
            parameters(hook_request("order-sign", record(therapy=False), drafts=[folic_acid()])),
        ),
        ("b12-deficiency-untreated", with_data),
    ]


UCUM_SYSTEM = UCUM
