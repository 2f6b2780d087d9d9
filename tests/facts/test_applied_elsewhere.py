"""A cobalamin that is applied to the eye, the skin or the ear treats no deficiency (clinical specification, section 3.2)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.clinic import facts_of, fire, ids, suggestions
from tests.support.fhir_builders import (
    CYANOCOBALAMIN_TABLET,
    DAILY,
    IM,
    ORAL,
    allergy,
    condition,
    days_ago,
    dosage,
    draft,
    folic_acid,
    medication_administration,
    medication_request,
    observation,
    prefetch,
)

LOW, LEBER = observation("b12", 110, "ng/L"), condition("58610003")
EYE, SKIN = "54485002", "6064005"
PRODUCTS = [
    ("Cyanocobalamin 0.02% eye drops", EYE),
    ("Cyanocobalamin 0.02% eye drops", None),
    ("Cyanocobalamin 0.07% cream", SKIN),
    ("Hydroxocobalamin 1 mg/mL eye drops", None),
    ("Cyanocobalamin", EYE),
]


def thrice_daily(route: str | None) -> dict[str, Any]:
    return dosage(None, route=route, every=(3, 1, "d"))


@pytest.mark.parametrize(("name", "route"), PRODUCTS)
def test_it_is_intake_and_no_treatment(name, route):
    order = medication_request(
        {"text": name}, thrice_daily(route), id="drops", authoredOn=days_ago(90)
    )
    facts = facts_of(LOW, order)
    assert facts["b12_therapy.active"].holds is False
    assert facts["b12.status"].value == "deficient"
    assert facts["b12.any_intake"].holds
    assert ids(fire("patient-view", prefetch(LOW, order))) == ["b12-deficiency-untreated"]


def test_a_recorded_dose_of_it_is_no_treatment():
    given = medication_administration(
        {"text": "Cyanocobalamin"}, 3, dosage={"route": {"text": "Right eye"}}
    )
    assert facts_of(given)["b12_therapy.active"].holds is False


@pytest.mark.parametrize("route", [IM, ORAL, None])
def test_what_is_taken_or_injected_treats_as_before(route):
    order = medication_request(CYANOCOBALAMIN_TABLET, dosage(1, route=route, every=DAILY))
    assert facts_of(order)["b12_therapy.active"].holds


@pytest.mark.parametrize(("name", "route"), PRODUCTS)
def test_beside_it_folic_acid_is_as_dangerous_as_alone(name, route):
    drops = draft({"text": name}, thrice_daily(route), id="drops")
    cards = fire("order-sign", prefetch(LOW), drafts=[drops, folic_acid(5)])
    assert ids(cards) == ["folic-acid-b12-deficient"]


def test_no_card_asks_to_replace_or_remove_it():
    drops = draft({"text": "Cyanocobalamin eye drops"}, thrice_daily(EYE), id="drops")
    under_way = medication_request(
        {"text": "Hydroxocobalamin 1 mg injection"},
        dosage(1, route=IM, every=(1, 3, "mo")),
        authoredOn=days_ago(400),
    )
    neuropathy = condition("386033004")
    assert fire("order-sign", prefetch(under_way), drafts=[drops]) == []
    assert fire("order-sign", prefetch(LOW, neuropathy), drafts=[drops]) == []


def test_lebers_disease_and_an_allergy_are_warned_of():
    drops = draft({"text": "Cyanocobalamin eye drops"}, thrice_daily(EYE), id="drops")
    cards = fire("order-sign", prefetch(LEBER), drafts=[drops])
    assert ids(cards) == ["cyanocobalamin-leber"]
    assert suggestions(cards, "cyanocobalamin-leber") == []
    assert "combination" not in cards[0]["detail"]
    severe = allergy(criticality="high")
    assert ids(fire("order-sign", prefetch(severe), drafts=[drops])) == ["cobalamin-anaphylaxis"]
