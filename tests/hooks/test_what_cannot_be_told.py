"""An answer without cards never stands for something that the service could not tell: names that say nothing, lists of open length,
codes in another spelling, results and dates that cannot be used (clinical specification, sections 1 and 2)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.clinic import card_of, client, facts_of, fire, ids, suggestions
from tests.support.fhir_builders import (
    SNOMED,
    allergy,
    condition,
    days_ago,
    folic_acid,
    hook_request,
    hydroxocobalamin,
    medication_request,
    observation,
    patient,
    prefetch,
    procedure,
)

LOW = observation("b12", 110, "ng/L", ago=3)
NEURO = condition("309087008")
POTASSIUM = observation("potassium", 4.2, "mmol/L")
MISSING = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
NULL_FLAVOR = "http://terminology.hl7.org/CodeSystem/v3-NullFlavor"
REASON = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"


def coded(system: str, code: str, display: str, **more: Any) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code, "display": display}], **more}


NO_NAMES = {
    "US Core": coded(MISSING, "unknown", "Unknown", text="Unknown"),
    "null flavor": coded(NULL_FLAVOR, "MSK", "masked"),
    "in German": coded(NULL_FLAVOR, "UNK", "unbekannt"),
    "extension": {"extension": [{"url": REASON, "valueCode": "masked"}], "text": "Masked"},
    **{
        text: {"text": text}
        for text in ("unknown", "N/A", "WITHHELD", "Redacted", "See comments", "see  note", " - ")
    },
}
NAMES = {
    "a code that is read": coded(SNOMED, "716186003", "No known allergy", text="Unknown"),
    "a name of a local code": coded("urn:local", "17", "Amoxicillin", text="Unknown"),
    "a denial": {"text": "No known allergies"},
    "none": {"text": "None"},
    "a longer name": {"text": "Unknown antibiotic in childhood"},
}
LISTS = {
    "allergy.cobalamin": {**allergy(), "code": None},
    "neuro.involvement": {**condition("1"), "code": None},
    "bariatric": {**procedure("1"), "code": None},
    "b12_therapy.active": medication_request({}),
}


def named(fact: str, concept: dict[str, Any]) -> Any:
    resource = LISTS[fact]
    element = "code" if "code" in resource else "medicationCodeableConcept"
    return facts_of({**resource, element: concept})[fact]


@pytest.mark.parametrize("fact", LISTS)
@pytest.mark.parametrize("concept", NO_NAMES.values(), ids=NO_NAMES)
def test_a_placeholder_is_no_name_and_its_list_proves_nothing_absent(
    fact: str, concept: dict[str, Any]
) -> None:
    assert named(fact, concept).is_unknown


@pytest.mark.parametrize("fact", LISTS)
@pytest.mark.parametrize("concept", NAMES.values(), ids=NAMES)
def test_what_is_named_beside_a_placeholder_is_none_of_ours(
    fact: str, concept: dict[str, Any]
) -> None:
    assert not named(fact, concept).is_unknown


@pytest.mark.parametrize("hook", ["order-select", "order-sign"])
@pytest.mark.parametrize("concept", NO_NAMES.values(), ids=NO_NAMES)
def test_a_draft_with_a_placeholder_for_a_name_is_refused(
    hook: str, concept: dict[str, Any]
) -> None:
    draft = {**folic_acid(), "medicationCodeableConcept": concept}
    answer = client().post(
        f"/cds-services/b12-folate-{hook}", json=hook_request(hook, prefetch(LOW), drafts=[draft])
    )
    assert answer.status_code == 412
    assert "could not be identified" in answer.get_json()["issue"][0]["details"]["text"]


def test_a_reference_names_what_its_medication_does_not() -> None:
    """A Medication with a placeholder is named by the display of the reference; a display that is one names nothing."""

    def told(code: dict[str, Any], display: str) -> Any:
        order = medication_request({}, medicationReference={"reference": "#m", "display": display})
        del order["medicationCodeableConcept"]
        contained = [{"resourceType": "Medication", "id": "m", "code": code}]
        return facts_of({**order, "contained": contained})["b12_therapy.active"]

    assert told({"text": "Unknown"}, "Hydroxocobalamin 1 mg/mL injection").holds
    assert told({"text": "Unknown"}, "Amoxicillin 500 mg").holds is False
    assert told({"text": "Unknown"}, "Unknown").is_unknown
    assert told({}, "N/A").is_unknown


UNTOLD = {
    "total in quotes": {"total": "7"},
    "total as an object": {"total": {"value": 7}},
    "links as texts": {"link": ["https://ehr.example.org/fhir?page=2"]},
    "links by relation": {"link": {"next": "https://ehr.example.org/fhir?page=2"}},
    "relation as a number": {"link": [{"relation": 1, "url": "https://ehr.example.org/fhir?p=2"}]},
    "another case": {"link": [{"relation": "Next", "url": "https://ehr.example.org/fhir?p=2"}]},
    "no address": {"link": [{"relation": "next", "url": ""}]},
}


@pytest.mark.parametrize("more", UNTOLD.values(), ids=UNTOLD)
@pytest.mark.parametrize(
    ("key", "fact"),
    [("conditions", "neuro.involvement"), ("allergies", "allergy.cobalamin"),
     ("medication-requests", "b12_therapy.active")],
)  # fmt: skip
def test_a_list_whose_length_cannot_be_told_proves_nothing_absent(
    key: str, fact: str, more: dict[str, Any]
) -> None:
    values = prefetch(LOW)
    assert not facts_of(prefetched=values)[fact].is_unknown
    values[key] |= more
    assert facts_of(prefetched=values)[fact].is_unknown


@pytest.mark.parametrize(
    "more",
    [{"total": 0}, {"total": None}, {"link": [{"relation": "self", "url": "x"}]}, {"link": []}],
)
def test_a_list_that_tells_its_length_is_whole(more: dict[str, Any]) -> None:
    values = prefetch(LOW)
    values["conditions"] |= more
    assert not facts_of(prefetched=values)["neuro.involvement"].is_unknown


@pytest.mark.parametrize(
    "severity",
    [
        *({"criticality": code} for code in ("high", "High", "HIGH", " high", "CRITH", "h")),
        *({"reaction": [{"severity": code}]} for code in ("severe", "Severe", "SEVERE ", "fatal")),
    ],
    ids=str,
)
def test_an_allergy_is_severe_in_whatever_spelling(severity: dict[str, Any]) -> None:
    cards = fire(
        "order-sign", prefetch({**allergy(), **severity}, POTASSIUM), drafts=[hydroxocobalamin()]
    )
    assert card_of(cards, "cobalamin-anaphylaxis")["indicator"] == "critical"
    assert "cobalamin-allergy" not in ids(cards)


@pytest.mark.parametrize(
    "severity",
    [
        {},
        *({"criticality": code} for code in ("low", " Low", "UNABLE-TO-ASSESS")),
        *({"reaction": [{"severity": code}]} for code in ("mild", "Moderate", "")),
    ],
    ids=str,
)
def test_an_allergy_of_another_stated_severity_is_not_severe(severity: dict[str, Any]) -> None:
    assert facts_of({**allergy(), **severity})["allergy.cobalamin"].value == "other"


@pytest.mark.parametrize(
    ("resource", "fact"),
    [
        (condition("58610003 "), "leber"),
        (condition("\t309087008"), "neuro.involvement"),
        (condition(" D51.0", system="http://hl7.org/fhir/sid/icd-10-cm"), "b12.diagnosed"),
        (condition("d51.0", system="http://hl7.org/fhir/sid/icd-10-cm"), "b12.diagnosed"),
        (condition("d510", system="http://hl7.org/fhir/sid/icd-10"), "b12.diagnosed"),
        (condition("i50.9 ", system="http://hl7.org/fhir/sid/icd-10"), "potassium.risk"),
        (allergy("419382002 "), "allergy.cobalamin"),
        (procedure(" 443906008"), "bariatric"),
        (
            medication_request(
                coded("http://www.nlm.nih.gov/research/umls/rxnorm", "6809 ", "tablet"),
                authoredOn=days_ago(300),
            ),
            "metformin.long",
        ),
    ],
    ids=lambda item: item if isinstance(item, str) else "",
)
def test_a_code_is_read_with_blanks_around_it_and_one_of_icd_in_small_letters(
    resource: dict[str, Any], fact: str
) -> None:
    facts = facts_of(resource)
    assert facts[fact].holds if fact != "allergy.cobalamin" else facts[fact].value == "other"


IRRELEVANT = [
    {"id": 17}, {"meta": "v1"}, {"meta": {"lastUpdated": 5}}, {"issued": 20261120}, {"note": "seen"},
    {"interpretation": "L"}, {"referenceRange": [{"low": 3.5}]}, {"referenceRange": "3.5-5"},
    {"comment": ["seen"]}, {"partOf": "x"},
]  # fmt: skip
DECIDING = [
    {"code": {**LOW["code"], "text": 5}}, {"effectiveInstant": 5}, {"valueString": 110},
    {"dataAbsentReason": "unknown"}, {"implicitRules": 5},
    {"valueQuantity": {"value": 110, "unit": "ng/L", "comparator": 5}},
]  # fmt: skip


@pytest.mark.parametrize("element", IRRELEVANT, ids=str)
def test_an_element_that_decides_nothing_voids_no_result(element: dict[str, Any]) -> None:
    opened = fire("patient-view", prefetch({**LOW, **element}, NEURO))
    assert card_of(opened, "b12-deficiency-neuro")["indicator"] == "critical"
    low = observation("potassium", 2.7, "mmol/L", **element)
    signed = fire("order-sign", prefetch(low), drafts=[hydroxocobalamin()])
    assert card_of(signed, "hypokalaemia-before-b12")["indicator"] == "critical"


@pytest.mark.parametrize("element", DECIDING, ids=str)
def test_an_element_that_decides_voids_the_result(element: dict[str, Any]) -> None:
    assert facts_of({**LOW, **element})["b12.total"].is_unknown


@pytest.mark.parametrize("remark", [{"note": "haemolysed"}, {"interpretation": "H"}], ids=str)
def test_a_remark_that_cannot_be_read_may_say_that_a_potassium_is_haemolysed(
    remark: dict[str, Any],
) -> None:
    assert facts_of({**POTASSIUM, **remark})["potassium"].is_unknown
    assert not facts_of({**POTASSIUM, "id": 17})["potassium"].is_unknown


def test_a_range_of_which_a_part_cannot_be_read_is_not_shown() -> None:
    part = [{"low": {"value": 100, "unit": "ng/L"}, "high": 900}]
    result = facts_of({**LOW, "referenceRange": part})["b12.total"].value
    assert (result.range, result.side) == ("", "")


def test_an_antibody_is_positive_by_its_value_and_not_negative_beside_an_unreadable_flag() -> None:
    def antibody(answer: str) -> Any:
        found = observation("ifab", valueString=answer, interpretation="POS")
        return facts_of(found)["cause.intrinsic_factor_antibody"]

    assert antibody("Positive").holds
    assert antibody("Negative").is_unknown


@pytest.mark.parametrize(
    "told",
    [
        {"valueCodeableConcept": NO_NAMES["null flavor"]},
        {"valueCodeableConcept": NO_NAMES["in German"]},
        {"valueCodeableConcept": NO_NAMES["US Core"]},
        {"interpretation": "NEG"},
    ],
    ids=str,
)
def test_a_diet_whose_answer_is_missing_is_not_known(told: dict[str, Any]) -> None:
    diet = {**observation("b12"), "code": coded(SNOMED, "24930006", "Vegan diet")}
    assert facts_of(diet)["diet.vegan"].holds
    assert facts_of({**diet, **told})["diet.vegan"].is_unknown


def _b12(**more: Any) -> dict[str, Any]:
    return {**observation("b12", 110, "ng/L", ago=3), **more}


UNUSABLE = {
    "text": observation("b12", valueString="see comment"),
    "no unit": _b12(valueQuantity={"value": 110}),
    "undated": {k: v for k, v in _b12().items() if k != "effectiveDateTime"},
    "absent": observation("b12", dataAbsentReason={"text": "sample lost"}),
    "malformed": _b12(valueQuantity="110"),
    "proves nothing": observation("b12", 150, "ng/L", comparator=">"),
    "active": observation("active_b12", valueString="see comment"),
}
MACROCYTOSIS = observation("mcv", 112, "fL")


@pytest.mark.parametrize("result", UNUSABLE.values(), ids=UNUSABLE)
@pytest.mark.parametrize("grounds", [(MACROCYTOSIS,), (NEURO,)], ids=["macrocytosis", "neuro"])
def test_a_b12_result_that_cannot_be_used_spares_no_test(
    grounds: tuple[Any, ...], result: dict[str, Any]
) -> None:
    cards = fire("patient-view", prefetch(*grounds, result))
    assert ids(cards) == ids(fire("patient-view", prefetch(*grounds))) == ["b12-test-indicated"]
    assert suggestions(cards, "b12-test-indicated")


@pytest.mark.parametrize("result", UNUSABLE.values(), ids=UNUSABLE)
def test_a_b12_result_that_cannot_be_used_hides_no_older_deficiency(result: dict[str, Any]) -> None:
    older = observation("b12", 110, "ng/L", ago=400)
    assert ids(fire("patient-view", prefetch(older, result))) == ["b12-past-deficiency"]


@pytest.mark.parametrize("more", [{"total": 9}, UNTOLD["no address"]], ids=["total", "next"])
def test_where_a_usable_b12_may_be_missing_no_test_is_asked_for(more: dict[str, Any]) -> None:
    values = prefetch(MACROCYTOSIS, UNUSABLE["text"])
    values["b12-results"] |= more
    assert fire("patient-view", values) == []


NOT_DEAD = [
    *({"deceasedDateTime": day} for day in ("N/A", " ", "0001-01-01", "0001-01-01T00:00:00Z")),
    *({"deceasedDateTime": day} for day in ("9999-12-31", "1900-01-01", "1956", "1957-03-01")),
    {"deceasedDateTime": days_ago(-30)},
    {"deceasedDateTime": days_ago(9), "deceasedBoolean": False},
]
DEAD = [
    {"deceasedBoolean": True},
    {"deceasedBoolean": True, "deceasedDateTime": "N/A"},
    *({"deceasedDateTime": day} for day in (days_ago(0), "1957", "2026-11", "1957-03-02")),
    *({"deceasedDateTime": day} for day in (f"{days_ago(9)} 10:15:00", f"{days_ago(9)}T10:15:00Z")),
]


@pytest.mark.parametrize("died", NOT_DEAD, ids=str)
def test_a_patient_who_is_not_known_to_be_dead_gets_cards(died: dict[str, Any]) -> None:
    cards = fire("patient-view", prefetch(LOW, NEURO, who=patient(**died)))
    assert ids(cards) == ["b12-deficiency-neuro"]


@pytest.mark.parametrize("died", DEAD, ids=str)
@pytest.mark.parametrize("birth", ["1957-03-02", "1957", None])
def test_a_patient_who_is_known_to_be_dead_gets_none(
    died: dict[str, Any], birth: str | None
) -> None:
    assert fire("patient-view", prefetch(LOW, NEURO, who=patient(birth=birth, **died))) == []
