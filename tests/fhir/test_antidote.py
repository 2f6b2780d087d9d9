"""Hydroxocobalamin as an antidote to cyanide (5 g) is no treatment of B12 deficiency."""

import pytest

from tests.support.clinic import facts_of
from tests.support.fhir_builders import IM, RXNORM, dosage, medication_request


@pytest.mark.parametrize(
    "concept",
    [
        pytest.param({"text": "Cyanokit 5 g"}, id="by name"),
        pytest.param({"text": "hydroxocobalamin 5000 MG Injection"}, id="by its strength"),
        pytest.param(
            {
                "coding": [{"system": RXNORM, "code": "700499"}],
                "text": "hydroxocobalamin 5000 MG Injection",
            },
            id="by code",
        ),
        pytest.param(
            {
                "coding": [
                    {"system": RXNORM, "code": "700499"},
                    {"system": RXNORM, "code": "317106"},
                ]
            },
            id="beside another code",
        ),
    ],
)
def test_the_antidote_is_not_treatment(concept):
    assert (
        facts_of(medication_request(concept, dosage(None, route=IM)))["b12_therapy.active"].holds
        is False
    )


def test_a_milligram_is_treatment():
    assert (
        facts_of(
            medication_request({"text": "hydroxocobalamin 1 mg injection"}, dosage(1, route=IM))
        )["b12_therapy.active"].holds
        is True
    )
