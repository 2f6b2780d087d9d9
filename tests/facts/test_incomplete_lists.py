"""A list that was not received whole proves dangers and never reassurance (clinical specification, section 2, "Prefetch")."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.clinic import facts_of
from tests.support.fhir_builders import (
    SNOMED,
    allergy,
    bundle,
    condition,
    days_ago,
    observation,
    patient,
    prefetch,
    procedure,
    service_request,
)

MORE = [{"relation": "next", "url": "https://ehr.example.org/fhir?page=2"}]


def of_part(key: str, *results: dict[str, Any]) -> Any:
    """Facts of a record whose list ``key`` goes on, in an order that tells nothing of what follows: oldest first."""
    values = prefetch(*results)
    values[key] |= {"link": MORE, "entry": values[key]["entry"][::-1]}
    return facts_of(prefetched=values)


CASES = {
    "b12.total.level": ("b12-results", "b12", "ng/L", (110, "deficient"), 480),
    "mma.level": ("b12-results", "mma", "nmol/L", (900, "high"), 200),
    "folate.status": ("b12-results", "folate", "ng/mL", (2, "deficient"), 9),
    "macrocytosis": ("blood-count", "mcv", "fL", (112, True), 90),
    "anaemia": ("blood-count", "hb", "g/L", (80, True), 140),
    "potassium.level": ("renal-and-potassium", "potassium", "mmol/L", (2.7, "severely-low"), 4.2),
    "renal.dysfunction": ("renal-and-potassium", "egfr", "mL/min/{1.73_m2}", (30, True), 90),
}


@pytest.mark.parametrize("name", CASES)
def test_a_danger_counts_and_what_would_reassure_is_unknown(name: str) -> None:
    key, analyte, unit, (dangerous, expected), reassuring = CASES[name]
    older = observation(analyte, reassuring, unit, ago=2)
    assert of_part(key, observation(analyte, dangerous, unit), older)[name].value == expected
    assert of_part(key, observation(analyte, reassuring, unit), older)[name].is_unknown
    assert not facts_of(observation(analyte, reassuring, unit))[name].is_unknown


def test_a_rate_from_creatinine_reassures_no_more_than_one_that_is_reported() -> None:
    older = observation("creatinine", 0.8, "mg/dL", ago=9)
    assert of_part("renal-and-potassium", observation("creatinine", 0.8, "mg/dL"), older)[
        "egfr"
    ].is_unknown
    assert of_part("renal-and-potassium", observation("creatinine", 3.4, "mg/dL"), older)[
        "renal.dysfunction"
    ].holds


def test_a_list_that_came_newest_first_is_whole_back_to_the_day_after_its_oldest_entry() -> None:
    values = prefetch(
        observation("b12", 480, "ng/L", ago=2), observation("b12", 470, "ng/L", ago=60)
    )
    values["b12-results"]["link"] = MORE
    assert facts_of(prefetched=values)["b12.total.level"].value == "sufficient"


def b12(value: float, ago: float) -> dict[str, Any]:
    return observation("b12", value, "ng/L", ago=ago)


def test_an_older_deficient_result_beside_one_that_would_reassure_leaves_b12_indeterminate() -> (
    None
):
    facts = of_part("b12-results", b12(480, 2), b12(110, 60))
    assert facts["b12.total"].is_unknown
    assert facts["b12.status"].value == "indeterminate"


@pytest.mark.parametrize(
    "older",
    [
        pytest.param(b12(480, 60), id="no deficient one"),
        pytest.param(b12(110, 181), id="one out of its window"),
        pytest.param(b12(110, 2), id="one of the same sample"),
    ],
)
def test_what_is_no_older_deficient_result_leaves_b12_unknown(older: dict[str, Any]) -> None:
    values = prefetch(b12(480, 2) | {"issued": "2026-11-22T09:00:00Z"}, older)
    values["b12-results"] |= {"total": 9}
    assert facts_of(prefetched=values)["b12.status"].is_unknown


def coded(analyte: str, answer: str, ago: float) -> dict[str, Any]:
    value = {"coding": [{"system": SNOMED, "code": answer}]}
    return observation(analyte, ago=ago, valueCodeableConcept=value)


def test_an_antibody_that_is_negative_is_known_only_if_no_newer_answer_can_be_missing() -> None:
    negative, positive = coded("ifab", "260385009", 10), coded("ifab", "10828004", 400)
    name = "cause.intrinsic_factor_antibody"
    assert of_part("b12-results", negative, positive)[name].is_unknown
    assert of_part("b12-results", negative, positive)["cause.lifelong"].is_unknown
    assert facts_of(negative, positive)[name].holds is False
    assert of_part("b12-results", coded("ifab", "10828004", 10), negative)[name].holds


def status_of_pregnancy(answer: str) -> dict[str, Any]:
    status = coded("b12", answer, 5)
    return {**status, "code": {"coding": [{"system": "http://loinc.org", "code": "82810-3"}]}}


NOT_PREGNANT, PREGNANT = status_of_pregnancy("60001007"), status_of_pregnancy("77386006")
WOMAN = patient(birth="1996-05-05")


@pytest.mark.parametrize("lacking", ["conditions", "pregnancy-status"])
def test_not_pregnant_is_known_only_if_nothing_newer_can_be_missing(lacking: str) -> None:
    """Folate is kept in a pregnancy that may be on the part of the record that did not come."""

    def pregnant(statement: dict[str, Any], *, whole: bool) -> bool | None:
        values = prefetch(who=WOMAN) | {"pregnancy-status": bundle([statement])}
        if not whole:
            values[lacking] |= {"total": 9}
        return facts_of(prefetched=values)["patient.pregnant"].holds

    assert pregnant(NOT_PREGNANT, whole=True) is False
    assert pregnant(NOT_PREGNANT, whole=False) is None
    assert pregnant(PREGNANT, whole=False) is True


def test_a_pregnancy_on_the_problem_list_counts_whatever_else_is_missing() -> None:
    recorded = condition("77386006", onsetDateTime=days_ago(40))
    values = prefetch(recorded, who=WOMAN, without=("pregnancy-status",))
    assert facts_of(prefetched=values)["patient.pregnant"].holds


IN_ERROR = "entered-in-error"
STATUS = "http://terminology.hl7.org/CodeSystem"
CONDITION_STATUS = {"coding": [{"system": f"{STATUS}/condition-ver-status", "code": IN_ERROR}]}
ALLERGY_STATUS = {
    "coding": [{"system": f"{STATUS}/allergyintolerance-verification", "code": IN_ERROR}]
}


@pytest.mark.parametrize(
    ("resource", "status", "fact"),
    [
        (condition("1"), {"verificationStatus": CONDITION_STATUS}, "neuro.involvement"),
        (allergy(), {"verificationStatus": ALLERGY_STATUS}, "allergy.cobalamin"),
        (procedure("1"), {"status": IN_ERROR}, "bariatric"),
        (service_request("b12"), {"status": IN_ERROR}, "test.pending.b12"),
    ],
    ids=lambda part: part if isinstance(part, str) else "",
)
def test_what_was_entered_in_error_leaves_nothing_open_whatever_it_was_about(
    resource: dict[str, Any], status: dict[str, Any], fact: str
) -> None:
    """Servers send some without their code. One that stands without a code leaves its list open."""
    nameless = {key: value for key, value in resource.items() if key != "code"}
    assert facts_of(nameless)[fact].is_unknown
    assert facts_of(nameless | status)[fact].holds is False
