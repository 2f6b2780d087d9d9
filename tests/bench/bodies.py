"""The request bodies: a chart of about 100 KB and one of about 6 KB, each with a relevant and an irrelevant draft.

Resources carry what real ones do and the service does not read (identifiers, performers, reference ranges, meta), in the
proportions that an EHR sends. All dates are relative to today, because the server under test reads the real clock.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import orjson

from tests.support.fhir_builders import (
    DAILY,
    LOINC,
    ORAL,
    QUERIES,
    RXNORM,
    SUBJECT,
    UCUM,
    bundle,
    condition,
    dosage,
    draft,
    folic_acid,
    hook_request,
    medication_request,
    patient,
)

LARGE_BYTES = 100_000
SMALL_BYTES = 6_000
_SERVER = "https://ehr.example.org"
_FLAGS = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation"


class Test(NamedTuple):
    """A laboratory test: its prefetch key, code, names, value, unit, change between two results, reference range."""

    key: str
    code: str
    display: str
    text: str
    value: float
    unit: str
    step: float
    low: float
    high: float


TESTS = (
    Test("b12-results", "2132-9", "Cobalamin (Vitamin B12) [Mass/volume] in Serum or Plasma", "Vitamin B12", 110, "pg/mL", 6, 200, 900),
    Test("blood-count", "718-7", "Hemoglobin [Mass/volume] in Blood", "Hemoglobin", 9.1, "g/dL", 0.3, 12, 16),
    Test("blood-count", "787-2", "MCV [Entitic volume] by Automated count", "MCV", 112, "fL", -1, 80, 100),
    Test("renal-and-potassium", "2823-3", "Potassium [Moles/volume] in Serum or Plasma", "Potassium", 4.2, "mmol/L", 0.1, 3.5, 5.1),
    Test("renal-and-potassium", "2160-0", "Creatinine [Mass/volume] in Serum or Plasma", "Creatinine", 0.9, "mg/dL", 0.02, 0.5, 1.1),
    # What the service does not ask for, but a client that sends whole panels does send.
    Test("renal-and-potassium", "2345-7", "Glucose [Mass/volume] in Serum or Plasma", "Glucose", 131, "mg/dL", 4, 70, 99),
    Test("renal-and-potassium", "2951-2", "Sodium [Moles/volume] in Serum or Plasma", "Sodium", 139, "mmol/L", 0.5, 135, 145),
    Test("blood-count", "4548-4", "Hemoglobin A1c/Hemoglobin.total in Blood", "HbA1c", 7.1, "%", 0.1, 4, 5.6),
    Test("blood-count", "6690-2", "Leukocytes [#/volume] in Blood by Automated count", "WBC", 5.2, "10*3/uL", 0.2, 4, 11),
    Test("renal-and-potassium", "3094-0", "Urea nitrogen [Mass/volume] in Serum or Plasma", "BUN", 18, "mg/dL", 0.5, 7, 20),
)  # fmt: skip

MEDICATIONS = (
    ("861007", "metformin hydrochloride 500 MG Oral Tablet", 500), ("314076", "lisinopril 10 MG Oral Tablet", 10),
    ("617310", "atorvastatin 20 MG Oral Tablet", 20), ("197361", "amlodipine 5 MG Oral Tablet", 5),
    ("198440", "acetaminophen 500 MG Oral Tablet", 500), ("966222", "levothyroxine sodium 0.075 MG Oral Tablet", 0.075),
    ("866924", "metoprolol tartrate 25 MG Oral Tablet", 25), ("312940", "sertraline 50 MG Oral Tablet", 50),
    ("979480", "losartan potassium 50 MG Oral Tablet", 50), ("310429", "allopurinol 100 MG Oral Tablet", 100),
)  # fmt: skip

PROBLEMS = (
    ("44054006", "Diabetes mellitus type 2"), ("38341003", "Hypertensive disorder, systemic arterial"),
    ("55822004", "Hyperlipidemia"), ("40930008", "Hypothyroidism"), ("396275006", "Osteoarthritis"),
    ("235595009", "Gastroesophageal reflux disease"), ("35489007", "Depressive disorder"), ("90560007", "Gout"),
    ("195967001", "Asthma"), ("414916001", "Obesity"), ("193462001", "Insomnia"), ("193570009", "Cataract"),
    ("64859006", "Osteoporosis"), ("15188001", "Hearing loss"), ("279039007", "Low back pain"),
)  # fmt: skip

PENICILLIN = {
    "coding": [{"system": RXNORM, "code": "308182", "display": "amoxicillin 250 MG Oral Capsule"}],
    "text": "Amoxicillin 250 mg",
}


class Body(NamedTuple):
    """A request body, ready to send. ``expected``: what the answer of the service holds."""

    name: str
    content: bytes
    expected: bytes


def bodies() -> tuple[Body, Body, Body]:
    """Relevant on the large chart, irrelevant on the large chart, relevant on the small chart."""
    relevant = folic_acid(1, id="draft-1", **_order_details("Folic acid 1 mg tablet"))
    irrelevant = draft(
        PENICILLIN,
        dosage(250, route=ORAL, every=(3, 1, "d")),
        id="draft-1",
        **_order_details("Amoxicillin 250 mg"),
    )
    large, small = _large_chart(), _small_chart()
    fires, silent = b"folic-acid-b12-deficient", b'{"cards":[]}'
    return (
        Body("relevant order, 100 KB", _request(large, relevant, LARGE_BYTES), fires),
        Body("irrelevant order, 100 KB", _request(large, irrelevant, LARGE_BYTES), silent),
        Body("relevant order, 6 KB", _request(small, relevant, SMALL_BYTES), fires),
    )


def _request(chart: dict[str, list[dict[str, Any]]], order: dict[str, Any], wanted: int) -> bytes:
    prefetched: dict[str, Any] = {key: bundle(chart[key]) for key in QUERIES if key != "patient"}
    prefetched["patient"] = _patient()
    body = orjson.dumps(
        hook_request("order-select", prefetched, drafts=[order], fhirServer=f"{_SERVER}/fhir")
    )
    if not 0.9 * wanted <= len(body) <= 1.1 * wanted:
        raise AssertionError(f"a body of {len(body)} bytes where about {wanted} are wanted")
    return body


def _large_chart() -> dict[str, list[dict[str, Any]]]:
    """60 Observations (six of each test over two years), 20 MedicationRequests, 15 Conditions."""
    chart = _empty_chart()
    for round_ in range(6):
        for number, test in enumerate(TESTS):
            chart[test.key].append(
                _observation(f"lab-{round_}-{number}", test, round_, verbose=True)
            )
    for number in range(20):
        code, name, milligrams = MEDICATIONS[number % len(MEDICATIONS)]
        chart["medication-requests"].append(
            medication_request(
                {
                    "coding": [{"system": RXNORM, "code": code, "display": name}],
                    "text": name.capitalize(),
                },
                dosage(milligrams, route=ORAL, every=DAILY)
                | {"sequence": 1, "text": "Take 1 tablet by mouth every day"},
                status="active" if number < len(MEDICATIONS) else "completed",
                id=f"rx-{number}",
                authoredOn=_time(30 + 37 * number),
                **_order_details(name),
            )
        )
    chart["conditions"] = [
        condition(code, text=name, id=f"problem-{number}", **_problem_details(number))
        for number, (code, name) in enumerate(PROBLEMS)
    ]
    return chart


def _small_chart() -> dict[str, list[dict[str, Any]]]:
    """The newest result of each of the tests that the service reads, and no more."""
    chart = _empty_chart()
    for number, test in enumerate(TESTS[:5]):
        chart[test.key].append(_observation(f"lab-0-{number}", test, 0, verbose=False))
    return chart


def _empty_chart() -> dict[str, list[dict[str, Any]]]:
    return {key: [] for key in QUERIES if key != "patient"}


def _time(days: float) -> str:
    moment = datetime.now(UTC).replace(hour=7, minute=42, second=0, microsecond=0) - timedelta(
        days=days
    )
    return moment.isoformat(timespec="seconds")


def _patient() -> dict[str, Any]:
    birth = datetime.now(UTC).date().replace(day=1) - timedelta(days=70 * 365)
    return patient(
        birth=birth.isoformat(),
        active=True,
        identifier=[
            {
                "use": "usual",
                "system": f"{_SERVER}/mrn",
                "value": "E-4711-0815",
                "assigner": {"display": "Example Hospital"},
            }
        ],
        name=[
            {
                "use": "official",
                "family": "Example",
                "given": ["Erika", "Maria"],
                "text": "Erika Maria Example",
            }
        ],
        telecom=[{"system": "phone", "value": "+1 555 0100", "use": "home"}],
        address=[
            {
                "use": "home",
                "line": ["1 Example Street"],
                "city": "Springfield",
                "postalCode": "12345",
                "country": "US",
            }
        ],
        meta={"versionId": "12", "lastUpdated": _time(40)},
    )


def _observation(identity: str, test: Test, round_: int, *, verbose: bool) -> dict[str, Any]:
    """A result; ``round_`` counts back from the newest, which is ten days old."""
    days = 10 + round_ * 120
    quantity = {
        "value": round(test.value + round_ * test.step, 2),
        "unit": test.unit,
        "system": UCUM,
        "code": test.unit,
    }
    resource = {
        "resourceType": "Observation",
        "id": identity,
        "status": "final",
        "category": [
            _concept(
                "http://terminology.hl7.org/CodeSystem/observation-category",
                "laboratory",
                "Laboratory",
            )
        ],
        "code": {
            "coding": [{"system": LOINC, "code": test.code, "display": test.display}],
            "text": test.text,
        },
        "subject": SUBJECT,
        "effectiveDateTime": _time(days),
        "valueQuantity": quantity,
    }
    resource |= {
        "identifier": [
            {"use": "official", "system": f"{_SERVER}/lab-results", "value": f"R-{identity}-0042"}
        ],
        "performer": [
            {"reference": "Organization/lab-1", "display": "Example Hospital, Laboratory Medicine"}
        ],
    }
    if not verbose:
        return resource
    limits = {
        side: {"value": value, "unit": test.unit}
        for side, value in (("low", test.low), ("high", test.high))
    }
    flag = "L" if quantity["value"] < test.low else "H" if quantity["value"] > test.high else "N"
    return {
        **resource,
        "meta": {"versionId": "1", "lastUpdated": _time(days - 0.2)},
        "issued": _time(days - 0.2),
        "interpretation": [{"coding": [{"system": _FLAGS, "code": flag}]}],
        "referenceRange": [{**limits, "text": f"{test.low} - {test.high} {test.unit}"}],
    }


def _order_details(name: str) -> dict[str, Any]:
    return {
        "identifier": [
            {
                "use": "official",
                "system": f"{_SERVER}/prescriptions",
                "value": f"RX-{len(name):06d}-2",
            }
        ],
        "requester": {"reference": "Practitioner/doc", "display": "Dr Example, Internal Medicine"},
        "dispenseRequest": {
            "numberOfRepeatsAllowed": 3,
            "quantity": {"value": 90, "unit": "tablet", "system": UCUM, "code": "{tbl}"},
            "expectedSupplyDuration": {"value": 90, "unit": "days", "system": UCUM, "code": "d"},
        },
    }


def _problem_details(number: int) -> dict[str, Any]:
    verification = "http://terminology.hl7.org/CodeSystem/condition-ver-status"
    return {
        "meta": {"versionId": "3", "lastUpdated": _time(200 + number)},
        "verificationStatus": _concept(verification, "confirmed", "Confirmed"),
        "category": [
            _concept(
                "http://terminology.hl7.org/CodeSystem/condition-category",
                "problem-list-item",
                "Problem List Item",
            )
        ],
        "onsetDateTime": _time(2000 + 91 * number)[:10],
        "recordedDate": _time(1990 + 91 * number)[:10],
        "recorder": {"reference": "Practitioner/doc", "display": "Dr Example, Internal Medicine"},
    }


def _concept(system: str, code: str, display: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code, "display": display}]}
