"""Damage done to an order that the service writes: its profile refuses it, or it stands on the list here with its reason."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import pytest

from cds_service.authoring.validation import Validator
from cds_service.engine import PARAMETER_SETS
from cds_service.export.order_profiles import DRUGS
from cds_service.rendering.orders import OrderContext
from tests.support.clinic import engine

VALIDATOR = Validator()
CONTEXT = OrderContext(
    "Patient/example-patient", None, datetime(2026, 11, 25, 9, 0, tzinfo=UTC), "order"
)
UCUM = "http://unitsofmeasure.org"
OTHER = {
    "hydroxocobalamin": "folic-acid",
    "cyanocobalamin": "hydroxocobalamin",
    "folic-acid": "cyanocobalamin",
}
Order = dict[str, Any]


def first(order: Order) -> Any:
    return order["dosageInstruction"][0]


def repeat(order: Order) -> Any:
    return first(order)["timing"]["repeat"]


def dose(order: Order) -> Any:
    return first(order)["doseAndRate"][0]["doseQuantity"]


def duration(value: float, code: str) -> dict[str, Any]:
    return {"value": value, "unit": code, "system": UCUM, "code": code}


def of(drug: str) -> Order:
    """An order of another drug."""
    return next(order for name, order in orders("default") if name.startswith(OTHER[drug]))


def orders(parameters: str) -> Iterator[tuple[str, Order]]:
    for name, template in engine(parameters).publication.templates.items():
        if template.resource["resourceType"] == "MedicationRequest":
            yield name, deepcopy(template.order(CONTEXT))


def drug_of(name: str) -> str:
    return next(drug for drug in DRUGS if name.startswith(drug))


DAMAGES: dict[str, Callable[[Order, str], Any]] = {
    "dose x 10": lambda order, drug: dose(order).update(value=dose(order)["value"] * 10),
    "dose x 1000": lambda order, drug: dose(order).update(value=dose(order)["value"] * 1000),
    "dose / 10": lambda order, drug: dose(order).update(value=dose(order)["value"] / 10),
    "500 mg": lambda order, drug: dose(order).update(duration(500, "mg")),
    "another unit of the dose": lambda order, drug: dose(order).update(code="ug" if dose(order)["code"] == "mg" else "mg"),
    "printed unit against code": lambda order, drug: dose(order).update(unit="ug" if dose(order)["code"] == "mg" else "mg"),
    "dose with a comparator": lambda order, drug: dose(order).update(comparator=">"),
    "30 a day": lambda order, drug: repeat(order).update(frequency=30, period=1, periodUnit="d"),
    "every minute": lambda order, drug: repeat(order).update(periodUnit="min"),
    "another period": lambda order, drug: repeat(order).update(period=repeat(order)["period"] + 4),
    "a range of periods": lambda order, drug: repeat(order).update(periodMax=repeat(order)["period"] + 10),
    "a range of frequencies": lambda order, drug: repeat(order).update(frequencyMax=10),
    "for 99 years": lambda order, drug: repeat(order).update(boundsDuration=duration(99, "a")),
    "bounds in mg": lambda order, drug: repeat(order).update(boundsDuration=duration(3, "mg")),
    "bounds as a period": lambda order, drug: (
        repeat(order).pop("boundsDuration", None), repeat(order).update(boundsPeriod={"start": "2026-11-25", "end": "2126-11-25"})
    ),
    "bounds as a range": lambda order, drug: (
        repeat(order).pop("boundsDuration", None), repeat(order).update(boundsRange={"low": duration(1, "mo")})
    ),
    "count of 1000": lambda order, drug: repeat(order).update(count=1000, boundsDuration=duration(2, "wk")),
    "a duration of each dose": lambda order, drug: repeat(order).update(duration=8, durationUnit="h"),
    "days of the week": lambda order, drug: repeat(order).update(dayOfWeek=["mon"]),
    "before meals": lambda order, drug: repeat(order).update(when=["ACM"]),
    "a code of timing": lambda order, drug: first(order)["timing"].update(code={"text": "QID"}),
    "as needed": lambda order, drug: first(order).update(asNeededBoolean=True),
    "another route": lambda order, drug: first(order)["route"].update(
        coding=[{"system": "http://snomed.info/sct", "code": "47625008", "display": "Intravenous route"}], text="Intravenous"
    ),
    "a second route": lambda order, drug: first(order)["route"]["coding"].append(
        {"system": "http://snomed.info/sct", "code": "47625008", "display": "Intravenous route"}
    ),
    "a rate": lambda order, drug: first(order)["doseAndRate"][0].update(rateQuantity=duration(1, "mg/h")),
    "a second dose": lambda order, drug: first(order)["doseAndRate"].append(deepcopy(first(order)["doseAndRate"][0])),
    "words of another dose": lambda order, drug: first(order).update(text=f"10 x {first(order)['text']}"),
    "words of another drug": lambda order, drug: order["medicationCodeableConcept"].update(
        text=of(drug)["medicationCodeableConcept"]["text"]
    ),
    "the dosage of another drug": lambda order, drug: order.update(dosageInstruction=of(drug)["dosageInstruction"]),
    "a phase left out": lambda order, drug: order.update(dosageInstruction=order["dosageInstruction"][1:]),
    "another drug's template": lambda order, drug: order.update(instantiatesCanonical=of(drug)["instantiatesCanonical"]),
    "no template": lambda order, drug: order.pop("instantiatesCanonical"),
    "a code of another drug too": lambda order, drug: order["medicationCodeableConcept"]["coding"].extend(
        of(drug)["medicationCodeableConcept"]["coding"]
    ),
    "more for the patient": lambda order, drug: first(order).update(patientInstruction="Take ten at once"),
    "instructions besides": lambda order, drug: first(order).update(additionalInstruction=[{"text": "Double it"}]),
    "active already": lambda order, drug: order.update(status="active"),
    "not to be given": lambda order, drug: order.update(doNotPerform=True),
    "of nobody": lambda order, drug: order.update(subject={"display": "Somebody"}),
}  # fmt: skip
# What no profile refuses, and why.
ADMITTED: dict[str, tuple[Callable[[Order, str], Any], str]] = {
    "a note that contradicts": (
        lambda order, drug: order.update(note=[{"text": "Give ten times as much"}]),
        "Notes of the prescriber are carried over from the draft; they are free text.",
    ),
    "a dispense of a hundred": (
        lambda order, drug: order.update(dispenseRequest={"quantity": {"value": 100}}),
        "A site adds what its pharmacy needs; the service writes none.",
    ),
}
CASES = [(parameters, name) for parameters in PARAMETER_SETS for name, _ in orders(parameters)]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_order_is_refused(damage):
    for name, order in orders("default"):
        drug = drug_of(name)
        DAMAGES[damage](order, drug)
        assert VALIDATOR.validate(order, VALIDATOR.profiles.named(f"{drug}-order")).failed, name


@pytest.mark.parametrize("damage", ADMITTED)
def test_what_is_admitted_is_listed_with_its_reason(damage):
    change, reason = ADMITTED[damage]
    assert reason.endswith(".")
    order = dict(orders("default"))["hydroxocobalamin-monthly"]
    change(order, "hydroxocobalamin")
    assert not VALIDATOR.validate(order, VALIDATOR.profiles.named("hydroxocobalamin-order")).failed


@pytest.mark.parametrize(("parameters", "name"), CASES)
def test_the_order_itself_conforms(parameters, name):
    order = dict(orders(parameters))[name]
    assert (
        VALIDATOR.validate(order, VALIDATOR.profiles.named(f"{drug_of(name)}-order")).findings == ()
    )
