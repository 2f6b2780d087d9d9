"""A dose means the same however an EHR states it: how often, in which unit and place, by which route.

Each statement is tried where it decides: folic acid of 0.4 mg a day needs no vitamin B12, more does
(clinical specification, 4.1); only a cobalamin for injection waits for a low potassium.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.clinic import fire, ids
from tests.support.fhir_builders import (
    FOLIC_ACID_1MG,
    ORAL,
    UCUM,
    dosage,
    draft,
    observation,
    prefetch,
)

LIMIT = 0.4  # mg a day
MONTH = 365.25 / 12
DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


def repeat(frequency: float, period: float, unit: str, **more: Any) -> dict[str, Any]:
    return {"repeat": {"frequency": frequency, "period": period, "periodUnit": unit, **more}}


def abbreviation(code: str) -> dict[str, Any]:
    system = "http://terminology.hl7.org/CodeSystem/v3-GTSAbbreviation"
    return {"code": {"coding": [{"system": system, "code": code}]}}


# days between doses -> the timings that state them
TIMINGS: dict[float, list[dict[str, Any]]] = {
    1: [
        repeat(1, 1, "d"),
        repeat(7, 1, "wk"),
        repeat(1, 24, "h"),
        repeat(1, 1440, "min"),
        repeat(1, 1, "d", frequencyMax=1, periodMax=1),
        repeat(1, 1, "d", when=["PCM"], offset=30),
        repeat(1, 1, "d", timeOfDay=["08:00:00"]),
        {"repeat": {"period": 1, "periodUnit": "d"}},
        {"repeat": {"timeOfDay": ["08:00:00"]}},
        {"repeat": {"when": ["MORN"]}},
        {"repeat": {"dayOfWeek": DAYS}},
        abbreviation("QD"),
        repeat(1, 1, "d") | abbreviation("QD"),
    ],
    1 / 2: [
        repeat(2, 1, "d"),
        repeat(1, 12, "h"),
        {"repeat": {"timeOfDay": ["08:00:00", "20:00:00"]}},
        {"repeat": {"when": ["MORN", "EVE"]}},
        abbreviation("BID"),
    ],
    2: [repeat(1, 2, "d"), repeat(1, 48, "h"), repeat(3, 6, "d"), abbreviation("QOD")],
    7 / 3: [
        repeat(3, 1, "wk"),
        repeat(3, 7, "d"),
        repeat(3, 1, "wk", dayOfWeek=["mon", "wed", "fri"]),
        repeat(1, 1, "d", dayOfWeek=["mon", "wed", "fri"]),
        {"repeat": {"dayOfWeek": ["mon", "wed", "fri"]}},
    ],
    7: [repeat(1, 1, "wk"), repeat(1, 7, "d"), {"repeat": {"dayOfWeek": ["mon"]}}, abbreviation("WK")],
    MONTH: [repeat(1, 1, "mo"), repeat(12, 1, "a"), abbreviation("MO")],
}  # fmt: skip


def answer_to_folate(stated: dict[str, Any]) -> list[str]:
    return ids(fire("order-sign", prefetch(), drafts=[draft(FOLIC_ACID_1MG, stated)]))


@pytest.mark.parametrize(
    ("interval", "timing"),
    [(interval, timing) for interval, timings in TIMINGS.items() for timing in timings],
)
def test_how_often_a_dose_is_taken_in_other_words(interval, timing):
    for part, cards in ((0.99, []), (1.01, ["folic-acid-b12-unknown"])):
        stated = dosage(LIMIT * interval * part, route=ORAL) | {"timing": timing}
        assert answer_to_folate(stated) == cards


# unit, code of UCUM, units in a milligram
UNITS = (
    ("mg", "mg", 1), ("mg", "", 1), ("", "mg", 1), ("MG", "", 1), ("milligrams", "", 1), ("Milligram(s)", "mg", 1),
    ("mcg", "ug", 1000), ("mcg", "", 1000), ("", "ug", 1000), ("micrograms", "", 1000), ("µg", "", 1000), ("μg", "ug", 1000),
    ("g", "g", 0.001), ("tablet", "{tbl}", 1), ("tablet(s)", "", 1), ("Tab", "", 1), ("", "{tablet}", 1), ("tablet", "1", 1),
)  # fmt: skip
PLACES = {
    "R4": lambda amount: {"doseAndRate": [{"doseQuantity": amount}]},
    "range of one amount": lambda amount: {"doseAndRate": [{"doseRange": dict.fromkeys(("low", "high"), amount)}]},
    "STU3": lambda amount: {"doseQuantity": amount},
    "with another that cannot be read": lambda amount: {
        "doseAndRate": [{"doseQuantity": {"value": 1, "unit": "spoon"}}, {"doseQuantity": amount}]
    },
}  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(("unit", "code", "in_milligram"), UNITS)
def test_how_much_is_taken_in_other_words(unit, code, in_milligram, place):
    for milligrams, cards in ((0.399, []), (0.401, ["folic-acid-b12-unknown"])):
        amount: dict[str, Any] = {"value": milligrams * in_milligram}
        amount |= {"unit": unit} if unit else {}
        amount |= {"system": UCUM, "code": code} if code else {}
        assert answer_to_folate(PLACES[place](amount) | {"timing": repeat(1, 1, "d")}) == cards


HL7 = "http://terminology.hl7.org/CodeSystem/"
INJECTED = (
    ("http://snomed.info/sct", "78421000"), ("http://snomed.info/sct", "255559005"), (f"{HL7}v3-RouteOfAdministration", "IM"),
    (f"{HL7}v2-0162", "IM"), ("http://standardterms.edqm.eu", "20035000"), ("urn:oid:2.16.840.1.113883.3.26.1.1", "C28161"),
    ("http://snomed.info/sct", "34206005"), (f"{HL7}v3-RouteOfAdministration", "SQ"), ("", "Intramuscular route"), ("", "IM"),
    ("", "by subcutaneous injection"),
)  # fmt: skip
SWALLOWED = (
    ("http://snomed.info/sct", "26643006"), ("http://snomed.info/sct", "260548002"), (f"{HL7}v3-RouteOfAdministration", "PO"),
    (f"{HL7}v2-0162", "PO"), ("http://standardterms.edqm.eu", "20053000"), ("urn:oid:2.16.840.1.113883.3.26.1.1", "C38288"),
    ("http://snomed.info/sct", "37839007"), ("", "Oral route"), ("", "by mouth"), ("", "sublingual"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("system", "code", "waits"),
    [*((*route, True) for route in INJECTED), *((*route, False) for route in SWALLOWED)],
)
@pytest.mark.parametrize("beside", [[], [{"system": "urn:oid:1.2.3", "code": "77"}]])
def test_the_route_in_other_words(system, code, waits, beside):
    route = {"coding": [*beside, {"system": system, "code": code}]} if system else {"text": code}
    order = draft({"text": "Cyanocobalamin 1 mg"}, dosage(1, every=(1, 1, "d")) | {"route": route})
    cards = ids(
        fire("order-sign", prefetch(observation("potassium", 2.7, "mmol/L")), drafts=[order])
    )
    assert ("hypokalaemia-before-b12" in cards) == waits
