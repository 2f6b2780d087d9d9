"""What US Core and UK Core ask of the two kinds of order beyond base R4, as a table, on every order that cards suggest.

US Core: MedicationRequest (us-core-21; status, intent, medication and subject are required) and ServiceRequest (status, intent,
code and subject). UK Core: both profiles add no cardinality to base R4; a medication is coded in dm+d where it is coded, and
a route in SNOMED CT.
"""

from __future__ import annotations

from typing import Any

import pytest

from cds_service.authoring.validation.conformance import holds
from cds_service.authoring.validation.node import Node
from cds_service.engine import PARAMETER_SETS
from tests.spec.scenarios import EVERY_CARD
from tests.support import fhir_builders as fhir
from tests.support.clinic import client

ORDERS = "('order' | 'original-order' | 'reflex-order' | 'filler-order' | 'instance-order')"
RULES = {
    ("US Core", "MedicationRequest"): [
        ("us-core-21", f"intent in {ORDERS} implies requester.exists()"),
        ("status, intent, medication, subject", "status.exists() and intent.exists() and medication.exists() and subject.exists()"),
        (
            "the requester is one that may prescribe",
            "requester.empty() or requester.reference.matches('^(Practitioner|PractitionerRole)/')",
        ),
    ],
    ("US Core", "ServiceRequest"): [
        ("status, intent, code, subject", "status.exists() and intent.exists() and code.exists() and subject.exists()"),
        ("a test is coded in LOINC", "code.coding.where(system = 'http://loinc.org').exists()"),
    ],
    ("UK Core", "MedicationRequest"): [
        ("a drug has a code of dm+d", "medication.coding.where(system = 'https://dmd.nhs.uk').exists()"),
        ("a route is coded in SNOMED CT", "dosageInstruction.all(route.coding.where(system = 'http://snomed.info/sct').exists())"),
    ],
    ("UK Core", "ServiceRequest"): [("code and category", "code.exists() and category.exists()")],
}
# What prescribers state in drafts: of each order that a card replaces one with it.
SHAPES: dict[str, dict[str, Any]] = {
    "bare": {},
    "with a requester": {"requester": {"reference": "PractitionerRole/r"}},
    "a proposal": {"intent": "proposal"},
    "a plan": {"intent": "plan"},
    "an original order": {"intent": "original-order"},
    "an instance order": {"intent": "instance-order"},
    "a filler order": {"intent": "filler-order"},
    "a reflex order": {"intent": "reflex-order"},
}


def refused(order: dict[str, Any]) -> list[tuple[str, str]]:
    """The rules that an order breaks."""
    return [
        (owner, name)
        for (owner, kind), rules in RULES.items()
        if kind == order["resourceType"]
        for name, expression in rules
        if not holds(expression, Node.root(order), order)
    ]


def orders(request: dict[str, Any], **settings: Any) -> list[dict[str, Any]]:
    answer = client(**settings).post(f"/cds-services/b12-folate-{request['hook']}", json=request).get_json()
    actions = [action for card in answer["cards"] for item in card.get("suggestions", []) for action in item["actions"]]
    return [action["resource"] for action in actions if action["type"] == "create"]


@pytest.mark.parametrize("intent", ["proposal", "order"])
@pytest.mark.parametrize("parameters", PARAMETER_SETS)
def test_every_order_of_every_card_keeps_the_rules(parameters, intent):
    found = [order for request in EVERY_CARD.values() for order in orders(request, parameters=parameters, order_intent=intent)]
    assert len(found) > 60
    assert [(order["resourceType"], rules) for order in found if (rules := refused(order))] == []


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_of_a_draft_is_replaced_by_an_order_that_keeps_them(shape):
    draft = fhir.folic_acid(**SHAPES[shape])
    request = fhir.hook_request("order-sign", fhir.prefetch(fhir.observation("b12", 110, "pg/mL")), drafts=[draft])
    found = [order for order in orders(request) if order["resourceType"] == "MedicationRequest"]
    assert found
    assert [refused(order) for order in found] == [[] for _ in found]


def test_the_table_can_tell():
    order = orders(EVERY_CARD["b12-deficiency-untreated"], order_intent="order")[0]
    assert order["resourceType"] == "MedicationRequest"
    assert refused({name: value for name, value in order.items() if name != "requester"}) == [("US Core", "us-core-21")]
