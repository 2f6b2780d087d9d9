"""Every invariant is seen true by an example and false by the counter-example that has its name, and by nothing else.

A mistyped name in FHIRPath gives nothing rather than an error, so an invariant counts only once it has decided both ways.
"""

from __future__ import annotations

import pytest

from cds_service.authoring.validation import Validator
from cds_service.authoring.validation.conformance import holds, nodes_at
from cds_service.authoring.validation.node import Node
from tests.fhir_profiles.profiles import COUNTER_EXAMPLES, EXAMPLES, STRUCTURE_DEFINITIONS

VALIDATOR = Validator()
KEYS = [
    (constraint["key"], constraint["severity"])
    for definition in STRUCTURE_DEFINITIONS.values()
    for element in definition["differential"]["element"]
    for constraint in element.get("constraint", [])
]


def seen_true():
    """The keys of the invariants that are evaluated on an element of an example, and true of it."""
    found = set()
    for resource in EXAMPLES.values():
        roots = [
            (Node.root(resource), VALIDATOR.profiles.named(url))
            for url in resource.get("meta", {}).get("profile", [])
        ]
        for _, name, node in Node.root(resource).descendants():
            if name == "extension" and (
                definition := VALIDATOR.profiles.extension(node.value["url"])
            ):
                roots.append((node, definition))
        for root, profile in roots:
            for element in profile.elements:
                for node in nodes_at(root, element.steps):
                    found |= {
                        rule.key
                        for rule in element.constraints
                        if holds(rule.expression, node, resource)
                    }
    return found


def test_every_invariant_is_true_of_an_example():
    assert seen_true() == {key for key, _ in KEYS}


def test_keys_of_invariants_stand_once():
    assert len(KEYS) == len({key for key, _ in KEYS})


@pytest.mark.parametrize(("key", "severity"), KEYS)
def test_a_counter_example_breaks_the_invariant_that_it_is_named_after_and_nothing_else(
    key, severity
):
    findings = VALIDATOR.validate(COUNTER_EXAMPLES[key]).findings
    assert [(finding.code, finding.severity) for finding in findings] == [(key, severity)]
    assert findings[0].mend


def test_every_counter_example_is_named_after_an_invariant():
    assert set(COUNTER_EXAMPLES) - {key for key, _ in KEYS} == set()


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_conforms_to_the_profile_that_it_names(name):
    report = VALIDATOR.validate(EXAMPLES[name])
    assert report.findings == ()
    assert report.checked[0].profiles or name == "example-patient"


def test_every_profile_of_a_resource_has_an_example():
    named = {
        url.rpartition("/")[2]
        for resource in EXAMPLES.values()
        for url in resource.get("meta", {}).get("profile", [])
    }
    concrete = {
        name
        for name, item in STRUCTURE_DEFINITIONS.items()
        if item["type"] != "Extension" and not item["abstract"]
    }
    assert named == concrete


@pytest.mark.parametrize(
    "expression", ["statis = 'final'", "valu.ofType(Quantity).code = 'pg/mL'", "status.fooled"]
)
def test_a_mistyped_name_is_not_true(expression):
    assert not holds(
        expression, Node.root(EXAMPLES["b12-total-result"]), EXAMPLES["b12-total-result"]
    )


@pytest.mark.parametrize("expression", ["status.exsts()", "status ="])
def test_a_mistyped_function_or_syntax_is_an_error(expression):
    with pytest.raises(Exception, match=r"Not implemented|arity"):
        holds(expression, Node.root(EXAMPLES["b12-total-result"]), EXAMPLES["b12-total-result"])
