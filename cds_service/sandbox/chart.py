"""Entries of a made-up patient's record as FHIR R4 resources that look like an EHR's, with
displays, references and times of day.

Dates are counted back from today, so that a record is equally recent on every day. The codes and
their displays come from the value sets in ``fhir_profiles``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any, NamedTuple

from ..content import PROFILES
from ..fhir.code_systems import UNITS_OF_MEASURE
from ..fhir.terminology import BASE, LOINC, RXNORM, SNOMED, Terminology

Json = dict[str, Any]
_TERMINOLOGY = "http://terminology.hl7.org/CodeSystem"
# The user that the CDS Hooks Sandbox sends when nobody is logged in.
PRACTITIONER: Json = {
    "resourceType": "Practitioner",
    "id": "COREPRACTITIONER1",
    "active": True,
    "identifier": [{"system": f"{BASE}/sandbox/practitioner", "value": "P-0001"}],
    "name": [{"text": "Dr Anna Weber", "family": "Weber", "given": ["Anna"], "prefix": ["Dr"]}],
    "gender": "female",
}
_RESPONSIBLE = {"reference": f"Practitioner/{PRACTITIONER['id']}", "display": "Dr Anna Weber"}


class Analyte(NamedTuple):
    """A laboratory test: its LOINC code, its name on reports, its UCUM unit and its unit as
    printed."""

    code: str
    name: str
    unit: str
    printed: str


_ANALYTES = {
    "b12": Analyte("2132-9", "Vitamin B12, serum", "pg/mL", "pg/mL"),
    "folate": Analyte("2284-8", "Folate, serum", "ng/mL", "ng/mL"),
    "homocysteine": Analyte("13965-9", "Homocysteine, plasma", "umol/L", "µmol/L"),
    "hb": Analyte("718-7", "Haemoglobin", "g/dL", "g/dL"),
    "mcv": Analyte("787-2", "Mean corpuscular volume", "fL", "fL"),
    "potassium": Analyte("2823-3", "Potassium, serum", "mmol/L", "mmol/L"),
    "egfr": Analyte(
        "98979-8", "eGFR (creatinine, CKD-EPI 2021)", "mL/min/{1.73_m2}", "mL/min/1.73 m²"
    ),
}
INTRAMUSCULAR, ORAL = ("78421000", "Intramuscular route"), ("26643006", "Oral route")


class Product(NamedTuple):
    """A medicine: its RxNorm code, its name on a prescription and its route."""

    code: str
    name: str
    route: tuple[str, str]


class Regimen(NamedTuple):
    """The dose of a product and its timing: ``frequency`` times in ``period`` units (UCUM ``d``,
    ``wk`` or ``mo``)."""

    text: str
    dose: float
    unit: str
    frequency: int
    period: int
    period_unit: str


HYDROXOCOBALAMIN = Product(
    "317106", "Hydroxocobalamin 1 mg/mL solution for injection", INTRAMUSCULAR
)
FOLIC_ACID_1MG = Product("310410", "Folic acid 1 mg oral tablet", ORAL)
VITAMIN_B12_1MG = Product("309593", "Vitamin B12 1 mg oral tablet", ORAL)
VITAMIN_B12_50UG = Product("105686", "Vitamin B12 50 micrograms oral tablet", ORAL)
WARFARIN = Product("11289", "Warfarin 3 mg oral tablet", ORAL)
ONE_A_DAY = Regimen("1 tablet once daily", 1, "{tbl}", 1, 1, "d")
LOADING = Regimen("1 mg three times a week", 1, "mg", 3, 1, "wk")
EVERY_3_MONTHS = Regimen("1 mg every 3 months", 1, "mg", 1, 3, "mo")


class Chart:
    """The record of the patient with the id ``identity``, written as of ``today``. ``called``: the
    patient's name in references."""

    def __init__(self, identity: str, called: str, today: date, terminology: Terminology):
        self.identity = identity
        self.today = today
        self.subject = {"reference": f"Patient/{identity}", "display": called}
        self.resources: list[Json] = []
        self._displays: Mapping[tuple[str, str], str] = terminology.displays

    def add(self, kind: str, **elements: Any) -> Json:
        """Write an entry with an id of its own, without the elements that are None."""
        stated = {name: value for name, value in elements.items() if value is not None}
        resource = {
            "resourceType": kind,
            "id": f"{self.identity}-{len(self.resources) + 1}",
            **stated,
        }
        self.resources.append(resource)
        return resource

    def at(self, days_ago: int, time: str = "08:30:00") -> str:
        """The given time, ``days_ago`` days before today."""
        return f"{self.on(days_ago)}T{time}Z"

    def on(self, days_ago: int) -> str:
        """The date ``days_ago`` days before today."""
        return (self.today - timedelta(days=days_ago)).isoformat()

    def concept(self, system: str, code: str, text: str) -> Json:
        """A CodeableConcept with the published display of its code."""
        display = self._displays.get((system, code))
        return {
            "coding": [
                {"system": system, "code": code, **({"display": display} if display else {})}
            ],
            "text": text,
        }


Entry = Callable[[Chart], Json]


def result(name: str, value: float, days_ago: int) -> Entry:
    """A final laboratory result of the analyte ``name``."""
    analyte = _ANALYTES[name]

    quantity = {
        "value": value,
        "unit": analyte.printed,
        "system": UNITS_OF_MEASURE,
        "code": analyte.unit,
    }
    return lambda chart: _result(
        chart, chart.concept(LOINC, analyte.code, analyte.name), quantity, days_ago
    )


def example(name: str, days_ago: int) -> Entry:
    """A final laboratory result with the code and value of the example ``name`` in
    ``fhir_profiles``."""
    stated = json.loads((PROFILES / "examples" / f"{name}.json").read_text("utf-8"))
    return lambda chart: _result(chart, stated["code"], stated["valueQuantity"], days_ago)


def _result(chart: Chart, code: Json, quantity: Json, days_ago: int) -> Json:
    return chart.add(
        "Observation",
        status="final",
        category=[_coded("observation-category", "laboratory", "Laboratory")],
        code=code,
        subject=chart.subject,
        effectiveDateTime=chart.at(days_ago),
        issued=chart.at(days_ago, "14:05:00"),
        valueQuantity=quantity,
    )


def problem(code: str, text: str, days_ago: int) -> Entry:
    """An active, confirmed problem with its SNOMED CT code, present for ``days_ago`` days."""

    def write(chart: Chart) -> Json:
        return chart.add(
            "Condition",
            clinicalStatus=_coded("condition-clinical", "active", "Active"),
            verificationStatus=_coded("condition-ver-status", "confirmed", "Confirmed"),
            category=[_coded("condition-category", "problem-list-item", "Problem List Item")],
            code=chart.concept(SNOMED, code, text),
            subject=chart.subject,
            onsetDateTime=chart.on(days_ago),
            recordedDate=chart.on(days_ago),
        )

    return write


def operation(code: str, text: str, days_ago: int, resected: int | None = None) -> Entry:
    """A completed operation with its SNOMED CT code. ``resected``: the length of bowel removed, in
    cm."""
    length = {"value": resected, "unit": "cm", "system": UNITS_OF_MEASURE, "code": "cm"}
    extension = [{"url": f"{BASE}/StructureDefinition/resected-length", "valueQuantity": length}]

    def write(chart: Chart) -> Json:
        return chart.add(
            "Procedure",
            extension=extension if resected else None,
            status="completed",
            code=chart.concept(SNOMED, code, text),
            subject=chart.subject,
            performedDateTime=chart.on(days_ago),
        )

    return write


def allergy(code: str, text: str, criticality: str, days_ago: int) -> Entry:
    """An active allergy to a substance with its SNOMED CT code."""

    def write(chart: Chart) -> Json:
        return chart.add(
            "AllergyIntolerance",
            clinicalStatus=_coded("allergyintolerance-clinical", "active", "Active"),
            verificationStatus=_coded("allergyintolerance-verification", "confirmed", "Confirmed"),
            type="allergy",
            category=["medication"],
            criticality=criticality,
            code=chart.concept(SNOMED, code, text),
            patient=chart.subject,
            recordedDate=chart.on(days_ago),
        )

    return write


def requested(name: str, days_ago: int) -> Entry:
    """A laboratory test that was ordered and has no result yet."""
    analyte = _ANALYTES[name]

    def write(chart: Chart) -> Json:
        return chart.add(
            "ServiceRequest",
            status="active",
            intent="order",
            code=chart.concept(LOINC, analyte.code, analyte.name),
            subject=chart.subject,
            authoredOn=chart.at(days_ago, "09:15:00"),
            requester=_RESPONSIBLE,
        )

    return write


def prescribed(
    product: Product,
    regimen: Regimen,
    days_ago: int,
    *,
    status: str = "active",
    apart: bool = False,
) -> Entry:
    """A prescription. ``apart``: whether it refers to a Medication resource, as on many servers."""

    def write(chart: Chart) -> Json:
        concept = chart.concept(RXNORM, product.code, product.name)
        medicine: Json = {"medicationCodeableConcept": concept}
        if apart:
            medication = chart.add("Medication", status="active", code=concept)
            medicine = {
                "medicationReference": {
                    "reference": f"Medication/{medication['id']}",
                    "display": product.name,
                }
            }
        return chart.add(
            "MedicationRequest",
            status=status,
            intent="order",
            **medicine,
            subject=chart.subject,
            authoredOn=chart.at(days_ago, "09:15:00"),
            requester=_RESPONSIBLE,
            dosageInstruction=[_dosage(product, regimen)],
        )

    return write


def _dosage(product: Product, regimen: Regimen) -> Json:
    code, route = product.route
    unit = {"{tbl}": "tablet"}.get(regimen.unit, regimen.unit)
    repeat = {
        "frequency": regimen.frequency,
        "period": regimen.period,
        "periodUnit": regimen.period_unit,
    }
    return {
        "text": regimen.text,
        "timing": {"repeat": repeat},
        "route": {"coding": [{"system": SNOMED, "code": code, "display": route}]},
        "doseAndRate": [
            {
                "doseQuantity": {
                    "value": regimen.dose,
                    "unit": unit,
                    "system": UNITS_OF_MEASURE,
                    "code": regimen.unit,
                }
            }
        ],
    }


def _coded(system: str, code: str, display: str) -> Json:
    return {"coding": [{"system": f"{_TERMINOLOGY}/{system}", "code": code, "display": display}]}
