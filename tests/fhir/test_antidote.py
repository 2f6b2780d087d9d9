"""Hydroxocobalamin as an antidote to cyanide (5 g) is no treatment of B12 deficiency."""

import pytest

from tests.support.clinic import facts_of
from tests.support.fhir_builders import (
    IM,
    RXNORM,
    UCUM,
    dosage,
    medication_administration,
    medication_request,
)


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


@pytest.mark.parametrize(("dose", "unit"), [(5, "g"), (5000, "mg"), (10, "g")])
def test_nor_is_a_dose_of_5_g_whatever_the_product_is_called(dose, unit):
    antidote = medication_request(
        {"text": "Hydroxocobalamin"}, dosage(dose, unit, route="47625008")
    )
    assert facts_of(antidote)["b12_therapy.active"].holds is False
    given = medication_administration(
        {"text": "Hydroxocobalamin"},
        20,
        dosage={"dose": {"value": dose, "unit": unit, "system": UCUM, "code": unit}},
    )
    assert facts_of(given)["b12_therapy.active"].holds is False
    assert facts_of(given)["b12_therapy.last_dose"].value is None


def test_a_milligram_is_treatment():
    assert (
        facts_of(
            medication_request({"text": "hydroxocobalamin 1 mg injection"}, dosage(1, route=IM))
        )["b12_therapy.active"].holds
        is True
    )
