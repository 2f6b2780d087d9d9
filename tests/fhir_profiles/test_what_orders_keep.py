"""An order that replaces a draft keeps what the prescriber said, as far as it holds for the new drug; every order says why."""

from __future__ import annotations

from typing import Any

import pytest

from cds_service.rendering.carried_over import CARRIED
from tests.support import fhir_builders as fhir
from tests.support.clinic import card_of, fire

DEFICIENT = fhir.observation("b12", 110, "pg/mL", id="low-b12")
NEUROPATHY = fhir.condition("302226006", id="neuropathy")
PAYS = {"reference": "Coverage/c1"}
SAID: dict[str, Any] = {
    "category": [{"text": "Inpatient"}],
    "encounter": {"reference": "Encounter/ward-7"},
    "supportingInformation": [{"reference": "Observation/weight"}],
    "requester": {"reference": "Practitioner/dr-house"},
    "performer": {"reference": "Organization/ward-7"},
    "performerType": {"text": "Nurse"},
    "reasonCode": [{"text": "Macrocytic anaemia"}],
    "reasonReference": [{"reference": "Condition/anaemia"}],
    "groupIdentifier": {"value": "g-1"},
    "insurance": [PAYS],
    "priority": "urgent",
    "note": [{"text": "Ask the patient to come fasting."}],
}
OF_THE_DRUG: dict[str, Any] = {
    "identifier": [{"value": "rx-1"}],
    "dispenseRequest": {"numberOfRepeatsAllowed": 3},
    "substitution": {"allowedBoolean": True},
    "priorPrescription": {"reference": "MedicationRequest/earlier"},
    "courseOfTherapyType": {"text": "Acute"},
    "detectedIssue": [{"reference": "DetectedIssue/d1"}],
    "recorder": {"reference": "Practitioner/clerk"},
    "basedOn": [{"reference": "CarePlan/folate"}],
    "statusReason": {"text": "typed"},
}


def replacement(**said: Any) -> dict[str, Any]:
    """The order by which the card replaces a draft of folic acid that says ``said``."""
    draft = fhir.folic_acid(id="folic", **said)
    cards = fire("order-select", fhir.prefetch(DEFICIENT, NEUROPATHY), drafts=[draft])
    found = [
        [action["resource"] for action in suggestion["actions"] if action["type"] == "create"]
        for suggestion in card_of(cards, "folic-acid-b12-deficient")["suggestions"]
        if any(action["type"] == "delete" for action in suggestion["actions"])
    ]
    return next(
        order
        for orders in found
        for order in orders
        if order["resourceType"] == "MedicationRequest"
    )


@pytest.mark.parametrize("element", SAID)
def test_what_still_holds_is_carried_over(element):
    made = replacement(**{element: SAID[element]})[element]
    if isinstance(made, list):
        assert all(item in made for item in SAID[element])
    else:
        assert made == SAID[element]


def test_every_element_that_is_carried_over_has_its_test():
    assert set(SAID) == {*CARRIED, "priority", "note"}


@pytest.mark.parametrize("element", OF_THE_DRUG)
def test_what_is_about_the_old_drug_is_not(element):
    assert replacement(**{element: OF_THE_DRUG[element]}).get(element) != OF_THE_DRUG[element]


def test_drug_and_dosage_are_the_new_ones():
    order = replacement()
    assert "ydroxocobalamin" in order["medicationCodeableConcept"]["text"]
    assert "folic" not in str(order["dosageInstruction"])


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Ring the ward first.", True),
        ("Folic acid as discussed.", False),
        ("One TABLET a day", False),
    ],
)
def test_a_note_that_speaks_of_the_old_drug_is_left_out(text, kept):
    assert bool(replacement(note=[{"text": text}]).get("note")) is kept


def test_a_contained_prescriber_is_kept_and_a_contained_drug_is_not():
    prescriber = {"resourceType": "Practitioner", "id": "p", "name": [{"text": "Dr House"}]}
    other = {"resourceType": "Organization", "id": "o"}
    order = replacement(contained=[other, prescriber], requester={"reference": "#p"})
    assert (order["contained"], order["requester"]) == ([prescriber], {"reference": "#p"})


@pytest.mark.parametrize("value", [5, "x", True, {}, [], [5, None], ["x"], [[]]])
def test_an_element_of_another_form_than_fhir_has_it_is_left_out(value):
    usual = replacement()
    kept = replacement(**{name: value for name in SAID})
    assert {name: kept.get(name) for name in SAID} == {name: usual.get(name) for name in SAID}


@pytest.mark.parametrize("user", ["Practitioner/doc", "PractitionerRole/r1"])
def test_an_order_without_a_prescriber_of_its_own_is_the_users(user):
    assert orders_for(user)
    assert {order["requester"]["reference"] for order in orders_for(user)} == {user}


@pytest.mark.parametrize(
    "user", ["Patient/1", "RelatedPerson/1", "Practitioner/", "Practitioner/a b", "doc"]
)
def test_a_user_who_cannot_prescribe_is_no_requester(user):
    assert all("requester" not in order for order in orders_for(user))


def test_a_proposal_names_no_requester():
    assert all(
        "requester" not in order for order in orders_for("Practitioner/doc", intent="proposal")
    )


def orders_for(user: str, intent: str = "order") -> list[dict[str, Any]]:
    request = fhir.hook_request("patient-view", fhir.prefetch(DEFICIENT))
    request["context"]["userId"] = user
    cards = (
        client_of(intent)
        .post("/cds-services/b12-folate-patient-view", json=request)
        .get_json()["cards"]
    )
    return [
        action["resource"]
        for card in cards
        for item in card.get("suggestions", [])
        for action in item["actions"]
    ]


def client_of(intent: str) -> Any:
    from tests.support.clinic import client

    return client(order_intent=intent)


def reasons(order: dict[str, Any]) -> set[str]:
    named = [
        *order.get("reasonReference", []),
        *order.get("supportingInformation", []),
        *order.get("supportingInfo", []),
    ]
    return {item["reference"] for item in named}


def test_an_order_names_the_result_and_the_problem_that_decided():
    cards = fire("patient-view", fhir.prefetch(DEFICIENT, NEUROPATHY))
    card = card_of(cards, "b12-deficiency-neuro")
    made = [action["resource"] for item in card["suggestions"] for action in item["actions"]]
    assert made
    for order in made:
        assert {item["reference"] for item in order["reasonReference"]} == {
            "Observation/low-b12",
            "Condition/neuropathy",
        }


def test_what_did_not_decide_is_no_reason():
    normal = fhir.observation("hb", 14, "g/dL", id="normal-hb")
    cards = fire("patient-view", fhir.prefetch(DEFICIENT, normal))
    made = [
        action["resource"]
        for item in card_of(cards, "b12-deficiency-untreated")["suggestions"]
        for action in item["actions"]
    ]
    assert all(reasons(order) == {"Observation/low-b12"} for order in made)


def test_the_draft_that_is_being_decided_about_is_no_reason():
    assert "MedicationRequest/folic" not in reasons(replacement())
