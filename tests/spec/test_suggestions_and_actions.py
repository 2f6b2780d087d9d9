"""CDS Hooks 3.0.0, "Suggestion" and "Action"; intent, status and order of actions as the clinical specification says."""

from __future__ import annotations

import re
from typing import Any

import pytest
from fhir.resources.R4B import get_fhir_model_class

from tests.conftest import Call
from tests.spec.conftest import Answers
from tests.spec.scenarios import (
    CYANOCOBALAMIN,
    EVERY_CARD,
    LEBER,
    LOW_B12,
    actions_of,
    suggestions_of,
)
from tests.support.fhir_builders import (
    PATIENT,
    condition,
    folic_acid,
    hook_request,
    hydroxocobalamin,
    prefetch,
)

SUGGESTION = {"label", "uuid", "isRecommended", "actions"}


def _creates(cards: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [action for action in actions_of(cards) if action["type"] == "create"]


def test_a_suggestion_has_a_label_and_only_attributes_of_the_specification(
    cards: list[dict[str, Any]],
) -> None:
    """Suggestion: ``label`` is REQUIRED and readable: no placeholder is left in it."""
    for suggestion in suggestions_of(cards):
        assert set(suggestion) <= SUGGESTION
        assert suggestion["label"].strip()
        assert not re.search(r"[{}]|None", suggestion["label"])


def test_action_selection_behavior_shall_not_be_used(cards: list[dict[str, Any]]) -> None:
    """Capability Documentation: not without knowing that the client supports it."""
    assert not [
        suggestion
        for suggestion in suggestions_of(cards)
        if "actionSelectionBehavior" in suggestion
    ]


def test_at_most_one_suggestion_is_recommended_where_one_can_be_chosen(
    cards: list[dict[str, Any]],
) -> None:
    """Suggestion: several MAY be recommended only if ``selectionBehavior`` is ``any``; where not, the flag is omitted."""
    for card in cards:
        recommended = [
            item["isRecommended"] for item in card.get("suggestions", []) if "isRecommended" in item
        ]
        assert all(flag is True for flag in recommended)
        assert len(recommended) <= 1 or card["selectionBehavior"] == "any"


def test_an_action_has_a_type_and_a_description(cards: list[dict[str, Any]]) -> None:
    """Action: ``type`` (create, update, delete) and ``description`` are REQUIRED."""
    assert actions_of(cards)
    for action in actions_of(cards):
        assert set(action) <= {"type", "description", "resource", "resourceId"}
        assert action["type"] in ("create", "update", "delete")
        assert action["description"].strip()


def test_a_create_shall_contain_a_new_resource(cards: list[dict[str, Any]]) -> None:
    """Action: ``create`` SHALL hold the resource; it is new, so it has no id, and no ``resourceId`` goes with it."""
    for action in _creates(cards):
        assert "resourceId" not in action
        assert "id" not in action["resource"]


@pytest.mark.parametrize("card_id", EVERY_CARD)
def test_a_created_resource_is_valid_fhir(answers: Answers, card_id: str) -> None:
    """Action: the resource is a FHIR resource: valid R4, with the invariants of fhir.resources."""
    for action in _creates(answers[card_id]):
        resource = action["resource"]
        get_fhir_model_class(resource["resourceType"]).model_validate(resource)


def test_a_created_order_is_a_draft_proposal_for_the_patient_in_context(
    cards: list[dict[str, Any]],
) -> None:
    """Action: the clinician decides: ``status`` draft, ``intent`` proposal (order where it replaces one), right subject."""
    for action in _creates(cards):
        order = action["resource"]
        assert order["status"] == "draft"
        assert order["intent"] in ("proposal", "order")
        assert order["subject"] == {"reference": f"Patient/{PATIENT}"}


def test_a_created_order_belongs_to_the_encounter_in_context(call: Call) -> None:
    """Action: with ``context.encounterId`` the order refers to that encounter."""
    request = hook_request("patient-view", prefetch(LOW_B12))
    request["context"]["encounterId"] = "enc-9"
    orders = [action["resource"] for action in _creates(call(request))]
    assert orders
    assert all(order["encounter"] == {"reference": "Encounter/enc-9"} for order in orders)


def test_a_delete_should_have_a_relative_resource_id(answers: Answers) -> None:
    """Action: ``delete`` names the draft by ``resourceId``, a relative reference, and has no ``resource``."""
    drafts = {
        entry["resource"]["id"]
        for request in EVERY_CARD.values()
        for entry in request["context"].get("draftOrders", {}).get("entry", [])
    }
    deletes = [
        action
        for found in answers.values()
        for action in actions_of(found)
        if action["type"] == "delete"
    ]
    assert deletes
    for action in deletes:
        assert "resource" not in action
        kind, _, identity = action["resourceId"].partition("/")
        assert kind == "MedicationRequest"
        assert identity in drafts


def test_creates_come_before_deletes(cards: list[dict[str, Any]]) -> None:
    """Action: a client that stops half-way leaves the old order rather than none: create first, then delete."""
    for suggestion in suggestions_of(cards):
        types = [action["type"] for action in suggestion["actions"]]
        assert types == sorted(types)


def test_a_replacement_creates_and_deletes_in_one_suggestion(answers: Answers) -> None:
    """Suggestion: actions of a suggestion are AND'd, so a replacement is one suggestion."""
    replacing = [
        item
        for item in suggestions_of(answers["cyanocobalamin-leber"])
        if "delete" in {a["type"] for a in item["actions"]}
    ]
    assert len(replacing) == 1
    assert {action["type"] for action in replacing[0]["actions"]} == {"create", "delete"}


@pytest.mark.parametrize("intent", ["order", "plan"])
def test_a_replacing_order_keeps_the_intent_of_the_draft(call: Call, intent: str) -> None:
    """Action: what replaces an order of the session has its intent; the added tests are proposals."""
    request = hook_request(
        "order-sign", prefetch(condition(LEBER)), drafts=[{**CYANOCOBALAMIN, "intent": intent}]
    )
    intents = {
        (action["resource"]["resourceType"], action["resource"]["intent"])
        for action in _creates(call(request))
    }
    assert ("MedicationRequest", intent) in intents
    assert ("ServiceRequest", "proposal") in intents


def test_a_draft_without_an_id_is_never_half_replaced(call: Call) -> None:
    """Action: a draft that cannot be named cannot be deleted, so the suggestion that would replace it is left out."""
    nameless = {key: value for key, value in CYANOCOBALAMIN.items() if key != "id"}
    cards = call(hook_request("order-sign", prefetch(condition(LEBER)), drafts=[nameless]))
    critical = [card for card in cards if card["indicator"] == "critical"]
    assert [card["source"]["topic"]["code"] for card in critical] == ["cyanocobalamin-leber"]
    assert suggestions_of(critical) == []


def test_accepting_every_first_suggestion_starts_one_course_at_most(call: Call) -> None:
    """Suggestion: cards of one answer never add up to two courses of the same vitamin."""
    cards = call(
        hook_request(
            "order-sign", prefetch(LOW_B12, condition(LEBER)), drafts=[folic_acid(), CYANOCOBALAMIN]
        )
    )
    firsts = [card["suggestions"][0] for card in cards if "suggestions" in card]
    orders = [
        action["resource"]["resourceType"]
        for item in firsts
        for action in item["actions"]
        if action["type"] == "create"
    ]
    assert orders.count("MedicationRequest") <= 1


def test_the_same_call_twice_gives_the_same_orders(call: Call) -> None:
    """Action: an order handed out is not changed by later calls, of this patient or another."""
    request = hook_request("order-sign", prefetch(), drafts=[hydroxocobalamin()])
    before = [action["resource"] for action in actions_of(call(request))]
    other = hook_request("patient-view", prefetch(LOW_B12))
    other["context"]["encounterId"] = "enc-1"
    call(other)
    assert [action["resource"] for action in actions_of(call(request))] == before
