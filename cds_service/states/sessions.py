"""Ordering sessions that make a difference to cards: each kind of draft alone, in pairs, selected
or not, and with other orders that matter."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from functools import lru_cache
from itertools import combinations, product
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import orjson

from ..facts.session import OrderingSession, SessionReader
from ..facts.site import Site
from ..fhir.code_systems import UNITS_OF_MEASURE
from ..fhir.reading import read_value
from ..fhir.terminology import LOINC, SNOMED, Terminology
from .domains import domains
from .values import NOW
from .walk import Choices, StateFacts

PATIENT = "enumerated"
_IM, _ORAL, _NASAL = "78421000", "26643006", "46713006"
_HYDROXOCOBALAMIN, _CYANOCOBALAMIN = "Hydroxocobalamin 1 mg/mL injection", "Cyanocobalamin"
_DAILY, _EVERY_2_DAYS, _THRICE_WEEKLY, _WEEKLY, _3_MONTHLY = (
    (1, 1, "d"),
    (1, 2, "d"),
    (3, 1, "wk"),
    (1, 1, "wk"),
    (1, 3, "mo"),
)


class Session(NamedTuple):
    """An ordering session and its label."""

    label: str
    orders: OrderingSession

    def __hash__(self) -> int:
        return hash(self.label)  # the orders as received have no hash


OPENING = Session("on opening or at discharge", OrderingSession())


def _medication(
    name: str,
    milligrams: float | None = None,
    route: str = "",
    every: tuple[int, int, str] | None = None,
) -> dict[str, Any]:
    dosage: dict[str, Any] = {}
    if milligrams is not None:
        dosage["doseAndRate"] = [
            {
                "doseQuantity": {
                    "value": milligrams,
                    "unit": "mg",
                    "system": UNITS_OF_MEASURE,
                    "code": "mg",
                }
            }
        ]
    if route:
        dosage["route"] = {"coding": [{"system": SNOMED, "code": route}]}
    if every:
        dosage["timing"] = {
            "repeat": {"frequency": every[0], "period": every[1], "periodUnit": every[2]}
        }
    return _order(
        "MedicationRequest", medicationCodeableConcept={"text": name}, dosageInstruction=[dosage]
    )


def _order(kind: str, **elements: Any) -> dict[str, Any]:
    subject = {"reference": f"Patient/{PATIENT}"}
    return {
        "resourceType": kind,
        "status": "draft",
        "intent": "order",
        "subject": subject,
        **elements,
    }


def _test(code: str) -> dict[str, Any]:
    return _order("ServiceRequest", code={"coding": [{"system": LOINC, "code": code}]})


FOLATES = {
    "folic acid 0.3 mg": _medication("Folic acid", 0.3, _ORAL, _DAILY),
    "folic acid 1 mg": _medication("Folic acid", 1, _ORAL, _DAILY),
    "folic acid, dose unstated": _medication("Folic acid"),
}
COBALAMINS = {
    "hydroxocobalamin on alternate days": _medication(_HYDROXOCOBALAMIN, 1, _IM, _EVERY_2_DAYS),
    "hydroxocobalamin 3 times a week": _medication(_HYDROXOCOBALAMIN, 1, _IM, _THRICE_WEEKLY),
    "hydroxocobalamin weekly": _medication(_HYDROXOCOBALAMIN, 1, _IM, _WEEKLY),
    "hydroxocobalamin 3-monthly": _medication(_HYDROXOCOBALAMIN, 1, _IM, _3_MONTHLY),
    "hydroxocobalamin, frequency unstated": _medication(_HYDROXOCOBALAMIN, 1, _IM),
    "cyanocobalamin injection 3-monthly": _medication(
        "Cyanocobalamin injection", 1, _IM, _3_MONTHLY
    ),
    "cyanocobalamin 50 ug by mouth": _medication(_CYANOCOBALAMIN, 0.05, _ORAL, _DAILY),
    "cyanocobalamin 600 ug by mouth": _medication(_CYANOCOBALAMIN, 0.6, _ORAL, _DAILY),
    "cyanocobalamin 1 mg by mouth": _medication(_CYANOCOBALAMIN, 1, _ORAL, _DAILY),
    "cyanocobalamin, route unstated": _medication(_CYANOCOBALAMIN, 1, "", _DAILY),
    "mecobalamin 1 mg by mouth": _medication("Mecobalamin", 1, _ORAL, _DAILY),
    "nasal cyanocobalamin": _medication(_CYANOCOBALAMIN, 0.5, _NASAL, _WEEKLY),
}
_UNIDENTIFIED = "an order that cannot be identified"
OTHERS = {
    "cyanocobalamin combined, by injection": _medication(
        "Thiamine / pyridoxine / cyanocobalamin injection", None, _IM
    ),
    "methotrexate": _medication("Methotrexate"),
    "pemetrexed": _medication("Pemetrexed"),
    _UNIDENTIFIED: _order(
        "MedicationRequest", medicationReference={"reference": "Medication/elsewhere"}
    ),
    "hydroxocobalamin stopped": {
        **_medication(_HYDROXOCOBALAMIN, 1, _IM, _3_MONTHLY),
        "status": "stopped",
        "id": "course",
    },
    "potassium test": _test("2823-3"),
    "B12 test": _test("2132-9"),
    "methylmalonic acid test": _test("13964-2"),
    "folate test": _test("2284-8"),
}
DRAFTS = {**FOLATES, **COBALAMINS, **OTHERS}
# Drafts that are paired with each of the other orders; the rest only vary dose and interval.
_TYPICAL = (
    "folic acid 1 mg",
    "hydroxocobalamin 3 times a week",
    "hydroxocobalamin 3-monthly",
    "cyanocobalamin 600 ug by mouth",
)


def ordering_sessions(terminology: Terminology) -> list[Session]:
    """The sessions that the enumeration tries for hooks whose context has drafts."""
    return [_session(names, selected, terminology) for names, selected in _combinations()]


def drafting(name: str, terminology: Terminology) -> Session:
    """The session in which one draft of :data:`DRAFTS` stands alone and is not selected."""
    return _session((name,), (), terminology)


def _combinations() -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    for name in DRAFTS:
        if name != _UNIDENTIFIED:  # alone, it is refused
            yield (name,), ()
    pairs = [
        *product(FOLATES, COBALAMINS),
        *combinations(COBALAMINS, 2),
        *product(_TYPICAL, OTHERS),
    ]
    for pair in pairs:
        yield pair, ()
        for name in pair:
            if name not in OTHERS:
                yield pair, (name,)


def dosed_sessions(
    terminology: Terminology,
    folic_acid: Iterable[Decimal],
    oral_b12: Iterable[Decimal],
    injected_every: Iterable[Decimal],
) -> list[Session]:
    """Sessions of one draft each: folic acid or oral cyanocobalamin at each number of micrograms a
    day, hydroxocobalamin at each number of days."""
    drafts = {
        f"folic acid {dose:f} ug a day": _medication(
            "Folic acid", float(dose / 1000), _ORAL, _DAILY
        )
        for dose in folic_acid
    }
    drafts |= {
        f"cyanocobalamin {dose:f} ug a day by mouth": _medication(
            _CYANOCOBALAMIN, float(dose / 1000), _ORAL, _DAILY
        )
        for dose in oral_b12
    }
    drafts |= {
        f"hydroxocobalamin every {days} days": _medication(
            _HYDROXOCOBALAMIN, 1, _IM, (1, int(days), "d")
        )
        for days in injected_every
    }
    return [_session((name,), (), terminology, drafts) for name in drafts]


@lru_cache(maxsize=2_000)
def facts_of(session: Session, site: Site, *, by_patient: bool = True) -> list[StateFacts]:
    """The facts of a session, for each combination of the patient's facts that facts on the session
    read; for one alone unless facts depend on the patient (``by_patient``)."""
    ways = product(("true", "false", "unknown"), repeat=2) if by_patient else [("unknown",) * 2]
    return [
        StateFacts(
            site,
            session.orders,
            NOW,
            domains(),
            Choices(),
            fixed={
                "neuro.involvement": neuro,
                "cause.dietary": dietary,
                "diet.vegan": "unknown",
                "cause.lifelong": "false",
                "b12_therapy.active": "false",
            },
        )
        for neuro, dietary in ways
    ]


def _session(
    names: Iterable[str],
    selected: tuple[str, ...],
    terminology: Terminology,
    drafts: Mapping[str, dict[str, Any]] = DRAFTS,
) -> Session:
    orders = [{"id": f"draft-{position}", **drafts[name]} for position, name in enumerate(names)]
    bundle = {"resourceType": "Bundle", "entry": [{"resource": order} for order in orders]}
    selections = [
        f"MedicationRequest/draft-{position}"
        for position, name in enumerate(names)
        if name in selected
    ]
    label = " + ".join(f"{name} (selected)" if name in selected else name for name in names)
    reader = SessionReader(PATIENT, terminology, ZoneInfo("UTC"))
    return Session(
        label, reader.read(read_value(orjson.dumps(bundle)), selections, still_choosing=False)
    )
