"""What US Core and UK Core ask of the two kinds of order beyond base R4, as a table, on every order that cards suggest.

Each row was read in the published source that it names, in November 2026. What the guides only prefer and no order can always have
(a SNOMED CT code for each test) is no row; docs/interoperability.md names it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from cds_service.authoring.validation.conformance import holds
from cds_service.authoring.validation.node import Node
from cds_service.engine import PARAMETER_SETS
from tests.spec.scenarios import EVERY_CARD
from tests.support import fhir_builders as fhir
from tests.support.clinic import client


class Rule(NamedTuple):
    """A rule for orders of a kind. ``name``: as the source has it, or what it asks; ``source``: where it was read."""

    owner: str
    kind: str
    name: str
    expression: str
    source: str


ORDERS = "('order' | 'original-order' | 'reflex-order' | 'filler-order' | 'instance-order')"
US_MEDICATION = "US Core 9.0.0, us-core-medicationrequest (github.com/HL7/US-Core at 85bf4af)"
US_SERVICE = (
    "US Core 9.0.0, us-core-servicerequest and its guidance (github.com/HL7/US-Core at 85bf4af)"
)
UK_MEDICATION = (
    "UKCore-MedicationRequest 2.5.0 (github.com/NHSDigital/FHIR-R4-UKCORE-STAGING-MAIN at 3d2827e)"
)
UK_SERVICE = (
    "UKCore-ServiceRequest 2.5.1 (github.com/NHSDigital/FHIR-R4-UKCORE-STAGING-MAIN at 3d2827e)"
)
UK_GUIDE = "UK Core implementation guide STU3 sequence, page on the element (the same repository)"
MEDICATION, SERVICE = "MedicationRequest", "ServiceRequest"
RULES = [
    Rule("US Core", MEDICATION, "us-core-21", f"intent in {ORDERS} implies requester.exists()", US_MEDICATION),
    Rule(
        "US Core", MEDICATION, "status, intent, medication, subject",
        "status.exists() and intent.exists() and medication.exists() and subject.exists()", US_MEDICATION,
    ),
    Rule(
        "US Core", MEDICATION, "medication: extensible to RxNorm",
        "medication.coding.where(system = 'http://www.nlm.nih.gov/research/umls/rxnorm').exists()", US_MEDICATION,
    ),
    Rule(
        "US Core", MEDICATION, "requester: of these kinds",
        "requester.reference.all($this.matches('^(Practitioner|PractitionerRole|Organization|Patient|RelatedPerson|Device)/'))", US_MEDICATION,
    ),
    Rule(
        "US Core", MEDICATION, "route: extensible to SNOMED CT",
        "dosageInstruction.all(route.coding.where(system = 'http://snomed.info/sct').exists())", US_MEDICATION,
    ),
    Rule(
        "US Core", SERVICE, "status, intent, code, subject",
        "status.exists() and intent.exists() and code.exists() and subject.exists()", US_SERVICE,
    ),
    Rule(
        "US Core", SERVICE, "category: a laboratory order has 108252007",
        "category.coding.where(system = 'http://snomed.info/sct' and code = '108252007').exists()", US_SERVICE,
    ),
    Rule(
        "US Core", SERVICE, "code: a laboratory order is extensible to LOINC",
        "code.coding.where(system = 'http://loinc.org').exists()", US_SERVICE,
    ),
    Rule("UK Core", MEDICATION, "substitution: 1..1", "substitution.allowed.exists()", UK_MEDICATION),
    Rule("UK Core", MEDICATION, "substitution: false unless it is meant", "substitution.allowed = false", UK_GUIDE),
    Rule(
        "UK Core", MEDICATION, "medication: in dm+d where it is there, first",
        "medication.coding.first().system = 'https://dmd.nhs.uk'", UK_GUIDE,
    ),
    Rule(
        "UK Core", MEDICATION, "route: prefers SNOMED CT",
        "dosageInstruction.all(route.coding.where(system = 'http://snomed.info/sct').exists())", UK_MEDICATION,
    ),
    Rule("UK Core", SERVICE, "status, intent, subject: as in base R4", "status.exists() and intent.exists() and subject.exists()", UK_SERVICE),
    Rule(
        "this project", MEDICATION, "the requester is one that may prescribe",
        "requester.empty() or requester.reference.matches('^(Practitioner|PractitionerRole)/')", "stricter than US Core, which lets patients and devices request too",
    ),
]  # fmt: skip
# A site in the United Kingdom chooses the set uk; the rules of US Core hold in every set.
SETS = {"US Core": PARAMETER_SETS, "UK Core": ("uk",), "this project": PARAMETER_SETS}
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


def refused(order: dict[str, Any], parameters: str) -> list[tuple[str, str]]:
    """The rules that an order of a parameter set breaks."""
    asked = [
        rule
        for rule in RULES
        if rule.kind == order["resourceType"] and parameters in SETS[rule.owner]
    ]
    return [
        (rule.owner, rule.name)
        for rule in asked
        if not holds(rule.expression, Node.root(order), order)
    ]


def orders(request: dict[str, Any], **settings: Any) -> list[dict[str, Any]]:
    answer = (
        client(**settings)
        .post(f"/cds-services/b12-folate-{request['hook']}", json=request)
        .get_json()
    )
    actions = [
        action
        for card in answer["cards"]
        for item in card.get("suggestions", [])
        for action in item["actions"]
    ]
    return [action["resource"] for action in actions if action["type"] == "create"]


@pytest.mark.parametrize("intent", ["proposal", "order"])
@pytest.mark.parametrize("parameters", PARAMETER_SETS)
def test_every_order_of_every_card_keeps_the_rules(parameters, intent):
    found = [
        order
        for request in EVERY_CARD.values()
        for order in orders(request, parameters=parameters, order_intent=intent)
    ]
    assert len(found) > 60
    assert [
        (order["resourceType"], rules) for order in found if (rules := refused(order, parameters))
    ] == []


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("parameters", PARAMETER_SETS)
def test_every_shape_of_a_draft_is_replaced_by_an_order_that_keeps_them(parameters, shape):
    draft = fhir.folic_acid(**SHAPES[shape])
    request = fhir.hook_request(
        "order-sign", fhir.prefetch(fhir.observation("b12", 110, "pg/mL")), drafts=[draft]
    )
    found = [
        order
        for order in orders(request, parameters=parameters)
        if order["resourceType"] == "MedicationRequest"
    ]
    assert found
    assert [refused(order, parameters) for order in found] == [[] for _ in found]


# An order that breaks each rule: what stands in an element's place; nothing where it is taken away.
BREAKING: dict[tuple[str, str], dict[str, Any]] = {
    ("US Core", "us-core-21"): {"requester": None},
    ("US Core", "status, intent, medication, subject"): {"subject": None},
    ("US Core", "medication: extensible to RxNorm"): {
        "medicationCodeableConcept": {"coding": [{"system": "https://dmd.nhs.uk"}]}
    },
    ("US Core", "requester: of these kinds"): {"requester": {"reference": "Location/l"}},
    ("US Core", "route: extensible to SNOMED CT"): {
        "dosageInstruction": [{"route": {"text": "Oral"}}]
    },
    ("US Core", "status, intent, code, subject"): {"code": None},
    ("US Core", "category: a laboratory order has 108252007"): {"category": None},
    ("US Core", "code: a laboratory order is extensible to LOINC"): {
        "code": {"coding": [{"system": "http://snomed.info/sct"}]}
    },
    ("UK Core", "substitution: 1..1"): {"substitution": None},
    ("UK Core", "substitution: false unless it is meant"): {
        "substitution": {"allowedBoolean": True}
    },
    ("UK Core", "medication: in dm+d where it is there, first"): {
        "medicationCodeableConcept": {
            "coding": [
                {"system": "http://www.nlm.nih.gov/research/umls/rxnorm"},
                {"system": "https://dmd.nhs.uk"},
            ]
        }
    },
    ("UK Core", "route: prefers SNOMED CT"): {"dosageInstruction": [{"route": {"text": "Oral"}}]},
    ("UK Core", "status, intent, subject: as in base R4"): {"subject": None},
    ("this project", "the requester is one that may prescribe"): {
        "requester": {"reference": "Patient/p"}
    },
}


@pytest.mark.parametrize("rule", RULES, ids=[f"{rule.owner}: {rule.name}" for rule in RULES])
def test_the_table_can_tell(rule):
    whole = {"requester": {"reference": "Practitioner/p"}}
    order = next(
        {**order, **whole}
        for order in orders(
            EVERY_CARD["b12-deficiency-untreated"], order_intent="order", parameters="uk"
        )
        if order["resourceType"] == rule.kind
    )
    assert refused(order, "uk") == []
    changed = {**order, **BREAKING[rule.owner, rule.name]}
    assert (rule.owner, rule.name) in refused(
        {name: value for name, value in changed.items() if value is not None}, "uk"
    )
