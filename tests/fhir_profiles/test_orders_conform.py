"""Every order that the service writes conforms to its profile, and the examples of orders are orders that it writes."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from cds_service.authoring.validation import Validator
from cds_service.engine import PARAMETER_SETS
from cds_service.rendering.orders import OrderContext
from tests.fhir_profiles.profiles import ACTIVITY_DEFINITIONS, EXAMPLES
from tests.spec.scenarios import ANSWERS, actions_of
from tests.support.clinic import engine

VALIDATOR = Validator()
DRUGS = ("hydroxocobalamin", "cyanocobalamin", "folic-acid")
CONTEXT = OrderContext(
    "Patient/example-patient", None, datetime(2026, 11, 25, 9, 0, tzinfo=UTC), "proposal"
)


def template_of(order):
    return order["instantiatesCanonical"][0].rpartition("/")[2].partition("|")[0]


def profile_for(order):
    if order["resourceType"] == "ServiceRequest":
        return VALIDATOR.profiles.named("laboratory-order")
    (drug,) = (drug for drug in DRUGS if template_of(order).startswith(drug))
    return VALIDATOR.profiles.named(f"{drug}-order")


def test_every_order_in_a_suggestion_conforms(call):
    orders = [
        action["resource"]
        for request in ANSWERS.values()
        for action in actions_of(call(request))
        if action["type"] == "create"
    ]
    assert {profile_for(order).id for order in orders} == {
        *(f"{drug}-order" for drug in DRUGS),
        "laboratory-order",
    }
    for order in orders:
        assert VALIDATOR.validate(order, profile_for(order)).findings == ()


@pytest.mark.parametrize("parameter_set", PARAMETER_SETS)
def test_every_order_template_makes_orders_that_conform(parameter_set):
    templates = engine(parameter_set).publication.templates
    assert set(templates) == set(ACTIVITY_DEFINITIONS)
    for template in templates.values():
        for context in (
            CONTEXT,
            CONTEXT._replace(encounter="e1", intent="order", replaces="MedicationRequest/m1"),
        ):
            order = template.order(context)
            assert VALIDATOR.validate(order, profile_for(order)).findings == ()


@pytest.mark.parametrize(
    "name", [name for name, example in EXAMPLES.items() if "instantiatesCanonical" in example]
)
def test_an_example_of_an_order_is_what_the_service_writes(name):
    example = {key: value for key, value in EXAMPLES[name].items() if key not in ("id", "meta")}
    assert example == engine().publication.templates[template_of(example)].order(CONTEXT)
