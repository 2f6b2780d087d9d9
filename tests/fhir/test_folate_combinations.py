"""A folate with another agent is a combination, however it is sent: it counts by its stated dose, and no card
offers to delete it. Salts, fillers and second names of the folate are no other agent."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.clinic import facts_of, fire
from tests.support.fhir_builders import DAILY, ORAL, RXNORM, dosage, draft, observation, prefetch

ATC = "http://www.whocc.no/atc"
DEFICIENT = observation("b12", 110, "ng/L"), observation("hb", 101, "g/L")
FOLIC_ACID, IRON = {"text": "Folic acid"}, {"text": "Ferrous fumarate"}


def medication(*ingredients: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"resourceType": "Medication", "id": "m", "ingredient": list(ingredients), **more}


def part(concept: dict[str, Any], milligrams: float | None = None) -> dict[str, Any]:
    if milligrams is None:
        return {"itemCodeableConcept": concept}
    return {
        "itemCodeableConcept": concept,
        "strength": {
            "numerator": {"value": milligrams, "unit": "mg"},
            "denominator": {"value": 1, "unit": "tablet"},
        },
    }


def order(medication_or_concept: dict[str, Any] | str) -> dict[str, Any]:
    stated = dosage(1, "tablet", route=ORAL, every=DAILY)
    if isinstance(medication_or_concept, str):
        return draft({"text": medication_or_concept}, stated, id="d")
    if "resourceType" not in medication_or_concept:
        return draft(medication_or_concept, stated, id="d")
    return draft(
        None,
        stated,
        id="d",
        medicationReference={"reference": "#m"},
        contained=[medication_or_concept],
    )


def deleted(request: dict[str, Any]) -> list[str | None]:
    """What the card on folic acid in B12 deficiency offers to delete."""
    cards = fire("order-sign", prefetch(*DEFICIENT), drafts=[request])
    (card,) = [
        card for card in cards if card["source"]["topic"]["code"] == "folic-acid-b12-deficient"
    ]
    actions = [
        action for suggestion in card.get("suggestions", []) for action in suggestion["actions"]
    ]
    return [action.get("resourceId") for action in actions if action["type"] == "delete"]


COMBINATIONS: list[dict[str, Any] | str] = [
    "drospirenone 3 MG / ethinyl estradiol 0.02 MG / levomefolate 0.451 MG Oral Tablet",
    "Ferrous fumarate / folic acid 1 mg", "Ferrous fumarate 305 mg / folic acid 500 micrograms tablets", "enalapril 10 mg / folic acid 0.8 mg",
    "Folic acid 1 mg with Xyzzyine", "Iron, vitamin C, folic acid 1 mg", "Calcium + folic acid 1 mg", "folic acid-vit B6 2.5-25 mg tablet",
    "Enalapril + ácido fólico 1 mg", "Eisen / Folsäure 1 mg", "Xyzzyfer (iron 100 mg, folic acid 1 mg)",
    {"coding": [{"system": RXNORM, "code": "4511", "display": "folic acid"}], "text": "Ferrous sulfate 325 mg / folic acid 1 mg"},
    {"coding": [{"system": ATC, "code": "B03BB01"}, {"system": ATC, "code": "C09AA02"}], "text": "Folic acid 1 mg"},
    medication(part(FOLIC_ACID, 1), part(IRON, 100)),
    medication(part(IRON, 100), part(FOLIC_ACID, 1), code={"text": "Folic acid"}),
    medication(part({"coding": [{"system": RXNORM, "code": "4511"}]}, 1), part({"coding": [{"system": RXNORM, "code": "24947"}]}, 100)),
]  # fmt: skip
ALONE: list[dict[str, Any] | str] = [
    "Folic acid 1 mg", "Folic acid 5 mg in sodium chloride tablets", "Folic acid 5 mg / sodium chloride 0.9 %", "Folic acid 1 mg with lactose", "Folic acid 1 mg, take with food",
    "Folic acid 5 mg tablets (Alliance Healthcare & Co. Ltd)", "Folic acid / Folsäure 5 mg", "Folate (folic acid) 1 mg / vitamin B9", "Folic acid, vitamin B9, 1 mg",
    "Folic acid 1 mg tablets and capsules",
    "Levomefolate calcium 7.5 mg", "L-methylfolate calcium 7.5 mg", "calcium L-methylfolate 1 mg", "5-MTHF-Calcium 1 mg", "magnesium levomefolate 1 mg",
    "Leucovorin calcium 15 mg", "calcium leucovorin 15 mg tablet", "Calcium folinate / sodium folinate 15 mg",
    medication(part(FOLIC_ACID, 1)), medication(part(FOLIC_ACID, 1), part({"text": "Sodium chloride"})), medication(part(FOLIC_ACID, 1), part({"text": "Lactose"})),
    medication(part(FOLIC_ACID, 1), {**part(IRON), "isActive": False}),
]  # fmt: skip


@pytest.mark.parametrize("sent", COMBINATIONS, ids=str)
def test_no_card_deletes_a_folate_with_another_agent(sent):
    assert deleted(order(sent)) == []


@pytest.mark.parametrize("sent", ALONE, ids=str)
def test_a_folate_alone_can_be_deleted(sent):
    assert set(deleted(order(sent))) == {"MedicationRequest/d"}


@pytest.mark.parametrize("sent", ["Ferrous fumarate / folic acid", medication(part(FOLIC_ACID), part(IRON))], ids=str)  # fmt: skip
def test_a_combination_without_a_stated_amount_of_folate_is_no_folate(sent):
    assert facts_of(drafts=[order(sent)])["draft.folate"].holds is False


@given(
    st.sampled_from(["folic acid 1 mg", "levomefolate 1 mg", "leucovorin 1 mg"]),
    st.sampled_from(["iron 100 mg", "Xyzzyine 10 mg", "zinc", "enalapril 10 mg"]),
    st.sampled_from([" / ", " + ", " & ", " with ", " and ", " plus "]),
    st.booleans(),
    st.sampled_from(["", " Oral Tablet", " caps", " (Xyzzy Ltd)"]),
)
def test_words_on_both_sides_of_a_joiner_are_a_combination_in_either_order(
    folate, partner, joiner, first, form
):
    name = joiner.join([folate, partner] if first else [partner, folate]) + form
    (found,) = facts_of(drafts=[order(name)]).session.drafts
    assert "folate-combination" in found.product.agents
    assert found.product.strength.micrograms == 1000
