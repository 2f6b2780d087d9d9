"""Whole patients for Hypothesis: everything that a hook call carries, with values and dates near every limit.

A :class:`Visit` is one hook call as a client would send it. :func:`visits` draws them; :func:`said` is the answer in the
terms of a clinician, without what differs between two answers that mean the same (the uuids).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from hypothesis import strategies as st

from tests.support.clinic import client, orders
from tests.support.fhir_builders import (
    CYANOCOBALAMIN_INJECTION,
    CYANOCOBALAMIN_TABLET,
    DAILY,
    FOLIC_ACID_1MG,
    FOLIC_ACID_400UG,
    HYDROXOCOBALAMIN,
    IM,
    LOINC,
    ORAL,
    QUERIES,
    RXNORM,
    SNOMED,
    SUBJECT,
    allergy,
    condition,
    days_ago,
    dosage,
    draft,
    hook_request,
    medication_request,
    observation,
    patient,
    prefetch,
    service_request,
)

ICD10 = "http://hl7.org/fhir/sid/icd-10-cm"
ATC = "http://www.whocc.no/atc"
VERIFICATION = "http://terminology.hl7.org/CodeSystem/condition-ver-status"
CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"
ORDERING = ("order-select", "order-sign")
HOOKS = (*ORDERING, "patient-view", "encounter-discharge")
SITES: tuple[dict[str, Any], ...] = (
    {},
    {"parameters": "uk", "timezone": "Europe/London"},
    {"parameters": "us", "timezone": "America/New_York"},
    {"timezone": "Asia/Tokyo"},
    {
        "parameters": "us",
        "formulary": frozenset({"cyanocobalamin-injection", "cyanocobalamin-tablets"}),
    },
)


@dataclass(frozen=True)
class Visit:
    """One hook call. ``prefetch`` and ``drafts`` as sent; ``selections`` are of order-select; ``more``: further elements."""

    hook: str
    site: dict[str, Any]
    prefetch: dict[str, Any]
    drafts: list[dict[str, Any]]
    selections: list[str]
    more: dict[str, Any] = field(default_factory=dict)

    def request(self) -> dict[str, Any]:
        """The body of the call."""
        ordering = (
            {"drafts": self.drafts, "selections": self.selections} if self.hook in ORDERING else {}
        )
        return hook_request(self.hook, self.prefetch, **ordering, **self.more)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """What Hypothesis prints of a failing example: the site, and the body to send to see it again."""
        printer.text(f"{self.site} {json.dumps(self.request())}")


def answer(visit: Visit) -> list[dict[str, Any]]:
    """The cards of the service for a visit."""
    response = client(**visit.site).post(
        f"/cds-services/b12-folate-{visit.hook}", json=visit.request()
    )
    assert response.status_code == 200, response.get_json()
    return response.get_json()["cards"]


def said(cards: list[dict[str, Any]], *, words: bool = True) -> list[Any]:
    """What an answer says: cards in order, urgency, suggested orders in full; with ``words`` also summary and detail."""
    return [
        (
            card["source"]["topic"]["code"],
            card["indicator"],
            (card["summary"], card["detail"]) if words else (),
            [
                (suggestion.get("isRecommended", False), *_orders(suggestion))
                for suggestion in card.get("suggestions", [])
            ],
        )
        for card in cards
    ]


def _orders(suggestion: dict[str, Any]) -> tuple[list[str], list[str], list[dict[str, Any]]]:
    """What is created, in its order; what is removed, in any; and the created orders in full."""
    names = orders(suggestion)
    created = [action["resource"] for action in suggestion["actions"] if action["type"] == "create"]
    return (
        [name for name in names if name[0] != "-"],
        sorted(name for name in names if name[0] == "-"),
        created,
    )


# analyte, unit, window in days, values on both sides of each limit of the specification (sections 2 and 3)
RESULTS: tuple[tuple[str, str, int, tuple[float, ...]], ...] = (
    ("b12", "ng/L", 180, (60, 110, 110, 179, 179.9, 180, 250, 250, 350, 350.1, 480)),
    ("b12_molar", "pmol/L", 180, (90, 132.9, 133, 200, 258, 258.1, 400)),
    ("active_b12", "pmol/L", 180, (20, 24.9, 25, 50, 70, 70.1, 120)),
    ("mma", "nmol/L", 180, (150, 280, 281, 400, 400.1, 900)),
    ("homocysteine", "umol/L", 180, (8, 9.9, 10, 15, 15.1, 40)),
    ("folate", "ug/L", 180, (2, 2.9, 3, 4.4, 4.5, 9)),
    ("folate_molar", "nmol/L", 180, (5, 6.9, 7, 10, 10.1, 20)),
    ("folate-red-cell", "ug/L", 180, (149, 150, 300)),
    ("hb", "g/L", 90, (65, 79, 80, 104, 105, 110, 119, 120, 129, 130, 145)),
    ("mcv", "fL", 90, (85, 100, 100.1, 115)),
    ("platelets", "10*9/L", 90, (20, 49, 50, 210)),
    ("reticulocytes", "10*9/L", 90, (40, 180)),
    ("potassium", "mmol/L", 3, (2.8, 2.9, 3, 3.4, 3.5, 4.2)),
    ("potassium_poc", "mmol/L", 3, (2.9, 3.4, 4.1)),
    ("creatinine", "umol/L", 365, (60, 90, 180)),
    ("egfr", "mL/min/{1.73_m2}", 365, (25, 59, 60, 90)),
)
DECIDING = tuple(row for row in RESULTS if row[0] in ("b12", "b12_molar", "active_b12"))

# code, system, text: problems that the specification (section 3) reads; what changes most comes most
PROBLEMS: tuple[tuple[str, str, str], ...] = (
    ("386033004", SNOMED, ""), ("386033004", SNOMED, ""), ("91019004", SNOMED, ""), ("77386006", SNOMED, ""), ("309087008", SNOMED, "Paraesthesia of foot"), ("R26.0", ICD10, ""),
    ("58610003", SNOMED, ""), ("H47.22", ICD10, "Hereditary optic atrophy"), ("84027009", SNOMED, ""), ("D51.0", ICD10, ""),
    ("E53.8", ICD10, "Vitamin B12 deficiency"), ("E53.8", ICD10, "Folate deficiency"), ("77386006", SNOMED, ""), ("Z33.1", ICD10, ""),
    ("1260078007", SNOMED, ""), ("433144002", SNOMED, ""), ("236435004", SNOMED, ""), ("38106008", SNOMED, ""), ("K50.00", ICD10, ""),
    ("Z98.84", ICD10, ""), ("73891003", SNOMED, ""), ("24930006", SNOMED, "Vegan"), ("267517008", SNOMED, ""), ("I50.9", ICD10, ""),
    ("I48.91", ICD10, ""), ("D66", ICD10, ""), ("127040003", SNOMED, ""), ("83414005", SNOMED, ""), ("26452005", SNOMED, ""),
)  # fmt: skip
PROCEDURES = ("26452005", "443906008", "87604009", "307193005", "1220548009")


def _concept(code: str, system: str, text: str = "") -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code}], **({"text": text} if text else {})}


# medication and dosage: each route and size that the specification tells apart, and the drugs that it reads
MEDICINES: tuple[tuple[dict[str, Any], dict[str, Any] | None], ...] = (
    (HYDROXOCOBALAMIN, dosage(1, route=IM, every=(1, 3, "mo"))),
    (HYDROXOCOBALAMIN, dosage(1, route=IM, every=(1, 2, "d"))),
    (HYDROXOCOBALAMIN, None),
    ({"text": "Hydroxocobalamin 1 mg/mL injection"}, dosage(1, "mL", route=IM, every=(1, 1, "mo"))),
    (CYANOCOBALAMIN_INJECTION, dosage(1, route=IM, every=(1, 1, "mo"))),
    (_concept("309594", RXNORM), None),
    (CYANOCOBALAMIN_TABLET, dosage(1, route=ORAL, every=DAILY)),
    (CYANOCOBALAMIN_TABLET, dosage(50, "ug", route=ORAL, every=DAILY)),
    (CYANOCOBALAMIN_TABLET, None),
    (FOLIC_ACID_1MG, dosage(5, route=ORAL, every=DAILY)),
    (FOLIC_ACID_400UG, dosage(0.4, route=ORAL, every=DAILY)),
    (_concept("198640", RXNORM), dosage(1, "{tbl}", route=ORAL, every=DAILY)),
    (_concept("199240", RXNORM), dosage(1, "{tbl}", route=ORAL, every=DAILY)),
    (_concept("6851", RXNORM, "Methotrexate"), None),
    (_concept("68446", RXNORM), None),
    (_concept("3407", RXNORM), None),
    (_concept("C03CA01", ATC), None),
    (_concept("11289", RXNORM, "Warfarin"), None),
    (_concept("6809", RXNORM), None),
    (_concept("7646", RXNORM), None),
)
ORDERED = (*MEDICINES[:13], *(MEDICINES[9],) * 5)  # folic acid 5 mg most often
STATUSES: dict[str, tuple[str, ...]] = {
    "MedicationRequest": (
        "active",
        "active",
        "active",
        "completed",
        "stopped",
        "on-hold",
        "cancelled",
        "draft",
    ),
    "MedicationStatement": ("active", "active", "intended", "completed", "stopped"),
    "MedicationAdministration": ("completed", "completed", "in-progress", "not-done"),
    "MedicationDispense": ("completed", "completed", "cancelled"),
}
AGES = (
    {}, {"birth": "1996-05-01"}, {"gender": "male"}, {"birth": "2014-05-01"}, {"birth": "2010-11-23"}, {"birth": "2010-11-24"},
    {"birth": "1971"}, {"birth": "1990-02"}, {"birth": None}, {"gender": None, "birth": "1996-05-01"}, {"gender": "other"},
)  # fmt: skip


@cache
def _sampled(values: tuple[Any, ...]) -> st.SearchStrategy[Any]:
    return st.sampled_from(values)


def one_of(values: Any) -> st.SearchStrategy[Any]:
    """One of ``values``. A strategy is made once where that can be: to make it takes longer than to draw from it."""
    try:
        return _sampled(values)
    except TypeError:  # of dictionaries and lists there is no telling which are the same
        return _OF_CONSTANTS[id(values)] if id(values) in _OF_CONSTANTS else st.sampled_from(values)


_OF_CONSTANTS = {
    id(values): st.sampled_from(values) for values in (MEDICINES, ORDERED, AGES, SITES)
}


@cache
def at_most(number: int, strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    """A list of what ``strategy`` draws."""
    return st.lists(strategy, max_size=number)


@cache
@cache
@st.composite
def stamps(draw: Any, *days: float) -> str:
    """A FHIR date, or a time at noon or near midnight in some zone, one of ``days`` ago."""
    day = days_ago(draw(one_of(days)))
    time = draw(
        one_of(
            (
                "",
                "",
                "T12:00:00Z",
                "T23:30:00Z",
                "T00:30:00+09:00",
                "T22:15:00-05:00",
                "T08:00:00.250+00:00",
            )
        )
    )
    return day + time


def result(name: str, value: float, unit: str, **more: Any) -> dict[str, Any]:
    """A laboratory result of an analyte of ``RESULTS``."""
    if name == "creatinine":
        more = {"code": _concept("14682-9", LOINC), **more}  # moles, where the builder has mass
    return observation(name, value, unit, **more)


@cache
@st.composite
def results(draw: Any, rows: tuple[Any, ...] = RESULTS, usable: bool = False) -> dict[str, Any]:
    """A laboratory result; ``usable``: final, a plain number, within its window."""
    name, unit, window, values = draw(one_of(rows))
    days = (
        (1, 2, 5)
        if usable
        else (0, 1, 1, 2, 5, 30, window - 1, window, window + 1, window + 40, window + 400, -1, -2)
    )
    when = draw(stamps(*(min(day, window) for day in days) if usable else days))
    made = result(name, draw(one_of(values)), unit, effectiveDateTime=when)
    if not usable:
        made["status"] = draw(
            one_of(("final",) * 9 + ("corrected", "amended", "preliminary", "registered"))
        )
        comparator = draw(one_of((None,) * 8 + ("<", "<=", ">", ">=")))
        if comparator:
            made["valueQuantity"]["comparator"] = comparator
        if draw(st.integers(0, 5)) == 0:
            made["note"] = [{"text": draw(one_of(("Sample slightly haemolysed", "Fasting")))}]
    return made


@cache
@st.composite
def answers(draw: Any) -> dict[str, Any]:
    """An Observation with a coded answer: intrinsic-factor antibody, pregnancy status, diet."""
    code, values = draw(
        one_of(
            (
                (_concept("31444-3", LOINC), ("10828004", "260385009")),
                (_concept("82810-3", LOINC), ("77386006", "60001007")),
                (_concept("24930006", SNOMED), ("10828004",)),
            )
        )
    )
    when = draw(stamps(1, 40, 299, 300, 301))
    return observation(
        "b12",
        code=code,
        effectiveDateTime=when,
        valueCodeableConcept=_concept(draw(one_of(values)), SNOMED),
    )


@cache
@st.composite
def problems(draw: Any) -> dict[str, Any]:
    """A Condition, in some clinical and verification status, dated or not."""
    code, system, text = draw(one_of(PROBLEMS))
    made = condition(
        code,
        system=system,
        text=text,
        status=draw(one_of(("active",) * 7 + ("recurrence", "resolved", "inactive", None))),
    )
    verification = draw(
        one_of((None, None, None, "confirmed", "confirmed", "confirmed", "unconfirmed", "refuted"))
    )
    if verification:
        made["verificationStatus"] = _concept(verification, VERIFICATION)
    if draw(st.integers(0, 2)):
        made["onsetDateTime"] = draw(stamps(1, 100, 179, 180, 181, 299, 300, 301, 400))
    if draw(st.booleans()):
        made["recordedDate"] = draw(stamps(1, 100, 180, 181, 300, 301))
    return made


@cache
@st.composite
def procedures(draw: Any) -> dict[str, Any]:
    """An operation of stomach or bowel; a resection may state its length."""
    made = {
        "resourceType": "Procedure",
        "status": "completed",
        "subject": SUBJECT,
        "code": _concept(draw(one_of(PROCEDURES)), SNOMED),
    }
    made["performedDateTime"] = draw(stamps(30, 400, 4000))
    length = draw(one_of((None, None, 19, 20, 21)))
    if length:
        url = "https://b12-folate-cds.example.org/fhir/StructureDefinition/resected-length"
        quantity = {
            "value": length,
            "unit": "cm",
            "system": "http://unitsofmeasure.org",
            "code": "cm",
        }
        made["extension"] = [{"url": url, "valueQuantity": quantity}]
    return made


@cache
@st.composite
def allergies(draw: Any) -> dict[str, Any]:
    """An allergy to a cobalamin or to cobalt, severe or not."""
    made = allergy(
        draw(one_of(("419382002", "54808007"))),
        criticality=draw(one_of((None, "low", "high", "high"))),
    )
    made["code"]["text"] = draw(one_of(("Cobalt", "Hydroxocobalamin")))
    clinical = "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical"
    if draw(st.booleans()):
        made["clinicalStatus"] = _concept(draw(one_of(("active", "active", "resolved"))), clinical)
    return made


@cache
@st.composite
def medications(draw: Any) -> dict[str, Any]:
    """A medication of the record, as an order, a statement, a dose given or dispensed."""
    kind = draw(one_of(("MedicationRequest", "MedicationRequest", *STATUSES)))
    concept, regimen = draw(one_of(MEDICINES))
    when = draw(stamps(0, 7, 20, 29, 60, 100, 120, 121, 200, 400, 800))
    made: dict[str, Any] = {
        "resourceType": kind, "status": draw(one_of(STATUSES[kind])), "subject": SUBJECT, "medicationCodeableConcept": concept,
    }  # fmt: skip
    if kind == "MedicationRequest":
        made |= {
            "intent": "order",
            "authoredOn": when,
            **({"dosageInstruction": [regimen]} if regimen else {}),
        }
    elif kind == "MedicationStatement":
        made |= {"effectivePeriod": {"start": when}, **({"dosage": [regimen]} if regimen else {})}
    elif kind == "MedicationDispense":
        made |= {"whenHandedOver": when, **({"dosageInstruction": [regimen]} if regimen else {})}
    else:
        made["effectiveDateTime"] = when
        if regimen:
            made["dosage"] = {
                "route": regimen["route"],
                "dose": regimen["doseAndRate"][0]["doseQuantity"],
            }
    return made


@cache
@st.composite
def courses(draw: Any) -> list[dict[str, Any]]:
    """B12 treatment under way or ended, with the doses that were given and the results that monitor it."""
    concept, regimen = draw(one_of((MEDICINES[0], MEDICINES[0], MEDICINES[4], MEDICINES[6])))
    began = draw(one_of((6, 28, 60, 90, 120, 180, 400, 800)))
    order = medication_request(
        concept,
        regimen or {},
        status=draw(one_of(("active",) * 4 + ("stopped",))),
        authoredOn=days_ago(began),
    )
    given = {
        "resourceType": "MedicationAdministration",
        "status": "completed",
        "subject": SUBJECT,
        "medicationCodeableConcept": concept,
    }
    days = draw(st.lists(one_of((7, 100, 137, 138, 200, 330, 400)), unique=True, max_size=2))
    since = draw(st.lists(one_of((2, 29, 89, 90, 91, 200)), unique=True, max_size=2))
    analyte, unit, value = draw(
        one_of(
            (("homocysteine", "umol/L", 8), ("homocysteine", "umol/L", 12), ("mma", "nmol/L", 200))
        )
    )
    return [
        order,
        *({**given, "effectiveDateTime": days_ago(day)} for day in days if day < began),
        *(observation(analyte, value, unit, ago=day) for day in since if day < began),
        observation("hb", draw(one_of((95, 140))), "g/L", ago=began),
        observation("hb", 101, "g/L", ago=1),
        observation("egfr", 90, "mL/min/{1.73_m2}", ago=1),
    ]


@cache
@st.composite
def requests_for_tests(draw: Any) -> dict[str, Any]:
    """A request for a laboratory test."""
    test = draw(one_of(("b12", "active_b12", "mma", "homocysteine", "folate", "potassium", "hb")))
    status = draw(one_of(("active", "active", "draft", "completed", "revoked")))
    return service_request(test, status=status) | {"authoredOn": draw(stamps(0, 1, 2, 29, 30, 31))}


@st.composite
def drafts_of(draw: Any, record: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One to three orders of this session, which may stop an order of the record or ask for a test."""
    drafted = []
    for number in range(draw(st.integers(1, 3))):
        kind = draw(one_of(("medication",) * 5 + ("test", "stop")))
        ordered = [
            item
            for item in record
            if item["resourceType"] == "MedicationRequest" and item["status"] == "active"
        ]
        if kind == "test":
            drafted.append(
                service_request(draw(one_of(("b12", "mma", "potassium"))), status="draft")
            )
        elif kind == "stop" and ordered:
            drafted.append(
                {**draw(one_of(ordered)), "status": draw(one_of(("stopped", "on-hold")))}
            )
            continue
        else:
            concept, regimen = draw(one_of(ORDERED))
            drafted.append(draft(concept, *([regimen] if regimen else [])))
        drafted[-1]["id"] = f"draft{number}"
    return list({item["id"]: item for item in drafted}.values())


@cache
@st.composite
def visits(draw: Any, hooks: tuple[str, ...] = HOOKS) -> Visit:
    """A hook call about a whole patient."""
    hook = draw(one_of(hooks))
    record = [draw(results(DECIDING, usable=True))] if draw(st.integers(0, 3)) else []
    record += [condition("386033004")] if draw(st.integers(0, 3)) == 0 else []
    record += draw(at_most(6, results()))
    record += draw(at_most(1, answers()))
    record += draw(at_most(3, problems()))
    record += draw(at_most(1, procedures()))
    record += [draw(allergies())] if draw(st.integers(0, 3)) == 0 else []
    record += draw(at_most(3, medications()))
    record += draw(at_most(1, requests_for_tests()))
    record += draw(courses()) if draw(st.integers(0, 9 if hook in ORDERING else 2)) == 0 else []
    record = [{**item, "id": f"r{number}"} for number, item in enumerate(record)]
    drafted = draw(drafts_of(record))
    references = [f"{item['resourceType']}/{item['id']}" for item in drafted]
    without = draw(
        st.lists(one_of(QUERIES[2:]), unique=True, max_size=2)
        if draw(st.booleans())
        else st.just([])
    )
    return Visit(
        hook,
        draw(one_of(SITES)),
        prefetch(*record, who=patient(**draw(one_of(AGES))), without=tuple(without)),
        drafted,
        draw(one_of(([], references, references[:1]))),
    )
