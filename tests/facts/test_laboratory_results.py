"""Which laboratory result decides: newest, corrected, preliminary, whose it is, and absent against unknown."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cds_service.facts.queries import QUERIES
from cds_service.fhir.r4 import READ_RESOURCES, OfPatient
from tests.support.clinic import facts_of
from tests.support.fhir_builders import (
    LOINC,
    SNOMED,
    allergy,
    bundle,
    condition,
    days_ago,
    observation,
    patient,
    prefetch,
)


def level(*resources, **more):
    fact = facts_of(*resources, **more)["b12.total.level"]
    return "unknown" if fact.is_unknown else fact.value or "absent"


def b12(value, ago=1, **more):
    return observation("b12", value, "ng/L", ago=ago, **more)


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))), ids=str)
def test_the_newest_usable_result_decides_in_whatever_order_results_arrive(order):
    results = [b12(110, 2), b12(250, 8), b12(480, 30)]
    assert level(*(results[position] for position in order)) == "deficient"


@given(
    st.permutations(
        [b12(110, 5), b12(480, 5), b12(250, 5), b12(110, 5, status="amended"), b12(300, 40)]
    )
)
@settings(max_examples=30, deadline=None)
def test_results_of_one_day_give_one_answer_in_whatever_order_they_arrive(results):
    assert level(*results) == "deficient"


def at(hour, value, **more):
    """A potassium of yesterday at an hour, or of that day alone."""
    time = "" if hour is None else f"T{hour:02}:00:00Z"
    return observation("potassium", value, "mmol/L", effectiveDateTime=days_ago(1) + time, **more)


@pytest.mark.parametrize(
    ("results", "decides"),
    [
        pytest.param([at(None, 2.7), at(8, 4.2)], "2.7", id="the one without a time is lower"),
        pytest.param([at(None, 4.2), at(8, 2.7)], "2.7", id="the one with a time is lower"),
        pytest.param(
            [at(None, 4.5), at(8, 2.7), at(12, 4.2)], "4.2", id="of those with a time the newest"
        ),
        pytest.param([at(None, 2.9), at(8, 2.7), at(12, 4.2)], "2.9", id="perhaps after both"),
        pytest.param([at(None, 4.4), at(None, 2.9), at(8, 4.2)], "2.9", id="two without a time"),
        pytest.param(
            [
                at(None, 2.7, issued=days_ago(1) + "T07:00:00Z"),
                at(8, 4.2, issued=days_ago(1) + "T09:00:00Z"),
            ],
            "4.2",
            id="issued before",
        ),
        pytest.param(
            [at(None, 2.7), at(8, 4.2, issued=days_ago(1) + "T09:00:00Z")],
            "2.7",
            id="only one says when it was issued",
        ),
        pytest.param(
            [at(None, 2.7, valueQuantity={"value": 2.7}), at(8, 4.2)], "4.2", id="unusable"
        ),
        pytest.param([at(0, 2.7), at(8, 4.2)], "4.2", id="midnight is a time"),
    ],
)
def test_a_result_without_a_time_may_be_of_any_time_of_its_day(results, decides):
    for order in itertools.permutations(results):
        fact = facts_of(*order)["potassium"]
        assert fact.value.as_sent == f"{decides} mmol/L"


def test_a_result_without_a_time_is_older_than_those_of_the_next_day():
    older = at(None, 2.7)
    newer = observation("potassium", 4.2, "mmol/L", effectiveDateTime=days_ago(0) + "T01:00:00Z")
    assert facts_of(older, newer)["potassium"].value.as_sent == "4.2 mmol/L"


@pytest.mark.parametrize("status", ["corrected", "amended"])
@pytest.mark.parametrize("correction_first", [True, False])
def test_a_correction_supersedes_the_same_code_and_time(status, correction_first):
    pair = [b12(480, 5, status=status), b12(110, 5)]
    assert level(*(pair if correction_first else pair[::-1])) == "sufficient"


def test_a_correction_leaves_results_of_other_identifiers_and_times_alone():
    other = b12(110, 5, identifier=[{"system": "urn:other", "value": "77"}])
    assert (
        level(
            other,
            b12(480, 6, status="corrected", identifier=[{"system": "urn:lab", "value": "77"}]),
        )
        == "deficient"
    )


@pytest.mark.parametrize("status", ["entered-in-error", "cancelled", "registered"])
def test_results_of_other_statuses_are_as_if_not_there(status):
    assert level(b12(110, status=status)) == "absent"
    assert level(b12(110, 1, status=status), b12(480, 9)) == "sufficient"


@pytest.mark.parametrize("status", ["unknown", "done", ""])
def test_a_result_whose_status_does_not_say_that_it_is_final_makes_unknown_where_nothing_else_is_usable(
    status,
):
    assert level(b12(110, status=status)) == "unknown"
    assert level(b12(110, 1, status=status), b12(480, 9)) == "sufficient"


def test_a_preliminary_result_makes_unknown_only_where_nothing_else_is_usable():
    assert level(b12(110, status="preliminary")) == "unknown"
    assert level(b12(110, 1, status="preliminary"), b12(480, 9)) == "sufficient"
    assert level(b12(110, 1, status="preliminary"), b12(480, 181)) == "unknown"
    assert level(b12(110, 181, status="preliminary")) == "absent"


def test_a_preliminary_creatinine_leaves_egfr_unknown_and_not_absent():
    assert facts_of(observation("creatinine", 1.0, "mg/dL", status="preliminary"))[
        "egfr"
    ].is_unknown


def test_a_creatinine_whose_rate_cannot_be_worked_out_leaves_egfr_unknown_and_not_absent():
    assert facts_of(observation("creatinine", 1.0, "mg/dL"), who=patient(gender=None))[
        "egfr"
    ].is_unknown
    assert facts_of(observation("creatinine", 1.0, "furlongs"))["egfr"].is_unknown


@pytest.mark.parametrize(
    "newer",
    [
        pytest.param(b12(110, 1, status="preliminary"), id="preliminary"),
        pytest.param(observation("b12", 110, "furlongs", ago=1), id="unit not known"),
        pytest.param(observation("b12", ago=1), id="no value"),
        pytest.param(observation("b12", ago=1, valueString="insufficient sample"), id="text"),
        pytest.param(
            observation("b12", ago=1, dataAbsentReason={"text": "not done"}), id="data absent"
        ),
        pytest.param(b12(500, 1, comparator="<"), id="open comparator"),
    ],
)
def test_a_newer_unusable_result_does_not_erase_an_older_usable_one_and_is_told(newer):
    fact = facts_of(newer, b12(480, 9))["b12.total"]
    assert fact.value.level == "sufficient" and "newer" in fact.note
    assert facts_of(newer)["b12.total"].is_unknown


def test_an_undated_result_alone_is_unknown_and_beside_a_dated_one_does_not_count():
    undated = b12(110, effectiveDateTime=None)
    assert level(undated) == "unknown"
    assert level(undated, b12(480, 9)) == "sufficient"


@pytest.mark.parametrize(
    "subject",
    [
        pytest.param({"reference": "Patient/pat-2"}, id="another patient"),
        pytest.param(
            {"reference": "https://ehr.example.org/fhir/Patient/pat-10"},
            id="an id that begins the same",
        ),
        pytest.param({"reference": "Group/pat-1"}, id="another type"),
    ],
)
def test_a_result_of_another_never_counts(subject):
    """The answer is to another question, so that what is not in it is not known to be absent."""
    foreign = b12(110, 1, subject=subject)
    assert level(foreign) == "unknown"  # the answer is about another
    assert level(foreign, b12(480, 9)) == "unknown"  # a newer one may not have been received
    assert level(foreign, b12(110, 9)) == "deficient"
    assert facts_of({**condition("386033004"), "subject": subject})["neuro.involvement"].is_unknown


@pytest.mark.parametrize(
    "subject",
    [
        pytest.param({"reference": "urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0"}, id="a urn"),
        pytest.param({"reference": "pat-1"}, id="an id without its type"),
        pytest.param({"display": "Jane"}, id="a name alone"),
        pytest.param({"identifier": {"value": "pat-1"}}, id="an identifier alone"),
        pytest.param("Patient/pat-1", id="no Reference"),
        pytest.param(None, id="no subject"),
    ],
)
def test_of_what_may_be_the_patients_nothing_counts_and_no_absence_is_concluded(subject):
    """A disease or an allergy of whom it cannot be told may be this patient's: there being none is not known."""
    nobodys = b12(110, 1, subject=subject)
    assert level(nobodys) == "unknown"
    assert level(nobodys, b12(480, 9)) == "unknown"
    assert level(nobodys, b12(110, 9)) == "deficient"
    disease = {**condition("386033004"), "subject": subject}
    assert facts_of(disease)["neuro.involvement"].is_unknown
    reaction = {**allergy("419382002"), "patient": subject}
    assert facts_of(reaction)["allergy.cobalamin"].is_unknown


EPIC = "urn:oid:1.2.840.114350.1.13.0.1.7.2.657369"


def test_included_resources_that_are_of_no_patient_change_nothing():
    included = {
        "resource": {"resourceType": "Practitioner", "id": "x"},
        "search": {"mode": "include"},
    }
    found = bundle([], total=0)
    found["entry"].append(included)
    assert level(prefetched={**prefetch(), "b12-results": found}) == "absent"
    assert {query.resource_type for query in QUERIES.values()} == {"Patient"} | {
        read.__struct_config__.tag for read in READ_RESOURCES if issubclass(read, OfPatient)
    }


def _remark(*codes, system=EPIC, severity="warning"):
    """4101: nothing was found; 4119: there may be more; 4134 (information): the record is locked."""
    issues = [
        {
            "severity": severity,
            "code": "processing",
            "details": {"coding": [{"system": system, "code": code}]},
        }
        for code in codes
    ]
    return {"resourceType": "OperationOutcome", "issue": issues}


@pytest.mark.parametrize(
    ("value", "state"),
    [
        pytest.param(None, "absent", id="null: the client says there is none"),
        pytest.param(bundle([]), "absent", id="an empty Bundle"),
        pytest.param(
            {"resourceType": "Bundle", "type": "searchset"}, "absent", id="a Bundle without entry"
        ),
        pytest.param(bundle([], total=0), "absent", id="total 0"),
        pytest.param(
            {"resourceType": "OperationOutcome", "issue": []}, "unknown", id="OperationOutcome"
        ),
        pytest.param(
            bundle([{"resourceType": "OperationOutcome"}]),
            "unknown",
            id="OperationOutcome as an entry",
        ),
        pytest.param(
            bundle([_remark("4101")], total=0), "absent", id="Epic's entry that nothing was found"
        ),
        pytest.param(
            bundle([_remark("4101", "4119")], total=0),
            "absent",
            id="and that there may be more, as on every answer",
        ),
        pytest.param(
            bundle([_remark("4122"), _remark("59100")], total=0),
            "absent",
            id="that a parameter was not heeded",
        ),
        pytest.param(
            bundle([_remark("59204")], total=0),
            "unknown",
            id="that the client is not registered for a part",
        ),
        pytest.param(
            bundle([_remark("4119", "59204")], total=0),
            "unknown",
            id="a notice beside what is none",
        ),
        pytest.param(
            bundle([_remark("4134", severity="information")], total=0),
            "unknown",
            id="information that the record is locked",
        ),
        pytest.param(
            bundle([_remark("4101", system="urn:other")], total=0),
            "unknown",
            id="the code of somebody else",
        ),
        pytest.param(
            bundle([_remark()], total=0), "unknown", id="an OperationOutcome without issues"
        ),
        pytest.param(_remark("4101"), "unknown", id="no Bundle"),
        pytest.param(bundle([], total=1), "unknown", id="fewer entries than total"),
        pytest.param(
            bundle([], link=[{"relation": "self"}, {"relation": "next", "url": "u"}]),
            "unknown",
            id="next link",
        ),
    ],
)
def test_absent_or_unknown_by_the_state_of_the_prefetch(value, state):
    assert level(prefetched={**prefetch(), "b12-results": value}) == state


def test_a_missing_key_is_unknown():
    assert level(without=("b12-results",)) == "unknown"
    assert facts_of(without=("conditions",))["neuro.involvement"].is_unknown


@pytest.mark.parametrize(
    "more", [{"total": 7}, {"link": [{"relation": "next", "url": "u"}]}], ids=["total", "next link"]
)
def test_what_was_received_of_an_incomplete_list_counts_and_only_absence_is_unknown(more):
    values = prefetch(b12(110), condition("386033004"))
    values["b12-results"].update(more)
    values["conditions"].update(more)
    facts = facts_of(prefetched=values)
    assert (
        facts["b12.total.level"].value == "deficient" and facts["neuro.involvement"].holds is True
    )
    assert facts["mma"].is_unknown and facts["leber"].is_unknown


@pytest.mark.parametrize(
    "mark",
    [
        pytest.param({"note": [{"text": "Haemolysed +2"}]}, id="note"),
        pytest.param(
            {"interpretation": [{"coding": [{"display": "Hemolyzed specimen"}]}]},
            id="interpretation",
        ),
        pytest.param({"dataAbsentReason": {"text": "haemolysis"}}, id="reason"),
    ],
)
def test_a_haemolysed_potassium_proves_low_but_never_normal(mark):
    assert facts_of(observation("potassium", 4.1, "mmol/L", **mark))["potassium"].is_unknown
    assert facts_of(observation("potassium", 3.5, "mmol/L", **mark))["potassium"].is_unknown
    assert (
        facts_of(observation("potassium", 3.4, "mmol/L", **mark))["potassium.level"].value == "low"
    )
    assert (
        facts_of(observation("potassium", 2.9, "mmol/L", **mark))["potassium.level"].value
        == "severely-low"
    )


def test_a_haemolysed_sample_does_not_spare_the_repeat():
    first = {"note": [{"text": "haemolysed"}]}
    spared = facts_of(observation("potassium", 4.1, "mmol/L"))["potassium.checks"].value
    repeated = facts_of(observation("potassium", 4.1, "mmol/L", **first))["potassium.checks"].value
    assert "potassium-now" not in spared and "potassium-now" in repeated


def test_laboratory_potassium_comes_before_point_of_care_of_the_same_day_only():
    laboratory = observation(
        "potassium", 3.2, "mmol/L", effectiveDateTime=f"{days_ago(1)}T06:00:00Z"
    )
    bedside = observation(
        "potassium_poc", 4.2, "mmol/L", effectiveDateTime=f"{days_ago(1)}T22:00:00Z"
    )
    for order in ([laboratory, bedside], [bedside, laboratory]):
        assert facts_of(*order)["potassium.level"].value == "low"
    assert (
        facts_of(observation("potassium", 3.2, "mmol/L", ago=2), bedside)["potassium.level"].value
        == "normal"
    )
    haemolysed = observation("potassium", 4.4, "mmol/L", ago=1, note=[{"text": "haemolysed"}])
    assert (
        facts_of(haemolysed, observation("potassium_poc", 3.1, "mmol/L", ago=1))[
            "potassium.level"
        ].value
        == "low"
    )


@pytest.mark.parametrize(
    ("analyte", "fact", "text", "as_sent"),
    [
        ("b12", "b12.total", "110 pg/mL", "110 pg/mL"), ("b12", "b12.total", "<150 pg/mL", "<150 pg/mL"), ("b12", "b12.total", "< 150 ng/L", "<150 ng/L"),
        ("b12", "b12.total", ">=2000pg/mL", ">=2000 pg/mL"), ("b12", "b12.total", " 110.5 ng/L ", "110.5 ng/L"), ("hb", "hb", "11.9 g/dL", "11.9 g/dL"),
        ("potassium", "potassium", "2.8 mEq/L", "2.8 mEq/L"), ("platelets", "platelets", "40 K/uL", "40 K/uL"),
        ("platelets", "platelets", "40 10*9/L", "40 10*9/L"), ("platelets", "platelets", "40 x10^9/L", "40 x10^9/L"),
        ("platelets", "platelets", "40 /uL", "40 /uL"), ("egfr", "egfr", ">90 mL/min/1.73m2", ">90 mL/min/1.73m2"),
    ],
)  # fmt: skip
def test_a_text_of_the_strict_form_is_a_result(analyte, fact, text, as_sent):
    assert facts_of(observation(analyte, valueString=text))[fact].value.as_sent == as_sent


@pytest.mark.parametrize(
    "text",
    ["110", "pg/mL", "110 furlongs", "about 110 pg/mL", "110-120 pg/mL", "110 pg/mL (low)", "1,100 pg/mL", "-5 pg/mL", "110 pg/mL 120 pg/mL",
     "~110 pg/mL", "see comment", "", "haemolysed", "11 0 pg/mL", "1e2 pg/mL", "=110 pg/mL"],
)  # fmt: skip
def test_another_text_is_unusable(text):
    assert level(observation("b12", valueString=text)) == "unknown"


@given(st.text(max_size=25))
@settings(max_examples=40, deadline=None)
def test_no_text_makes_reading_a_result_fail(text):
    assert level(observation("b12", valueString=text), b12(480, 9)) in (
        "deficient",
        "indeterminate",
        "sufficient",
    )


def test_components_are_not_read():
    component = {
        "code": {"coding": [{"system": LOINC, "code": "2132-9"}]},
        "valueQuantity": {"value": 110, "unit": "ng/L"},
    }
    panel = observation(
        "b12", code={"coding": [{"system": LOINC, "code": "58410-2"}]}, component=[component]
    )
    assert level(panel) == "unknown"  # nobody asked for panels
    assert facts_of(panel)["b12.total"].value is None


@pytest.mark.parametrize("code", ["16695-9", "26916-7", "2171-7", "30904-7", "2170-9"])
def test_look_alikes_of_b12_do_not_count(code):
    assert level(b12(110, code={"coding": [{"system": LOINC, "code": code}]})) == "unknown"


def test_a_display_or_a_code_of_another_system_does_not_make_a_result():
    assert (
        level(
            b12(
                110,
                code={"text": "Vitamin B12", "coding": [{"system": "urn:local", "code": "2132-9"}]},
            )
        )
        == "unknown"
    )


ANTIBODY = {"code": {"coding": [{"system": LOINC, "code": "31444-3"}]}}


def antibody(ago, answer=None, **more):
    coded = {"10828004": "positive", "260385009": "negative", "42425007": "equivocal"}
    code = next((code for code, meaning in coded.items() if meaning == answer), None)
    value = {"valueCodeableConcept": {"coding": [{"system": SNOMED, "code": code}]}} if code else {}
    return observation("ifab", ago=ago, **value, **more)


THO = "http://terminology.hl7.org/CodeSystem"
CODED_ANSWERS = [
    *((LOINC, code, found) for code, found in (("LA6576-8", True), ("LA6577-6", False))),
    *((SNOMED, code, found) for code, found in (("260373001", True), ("260415000", False))),
    *((SNOMED, code, False) for code in ("42425007", "82334004")),
    *(
        (system, code, found)
        for system in (f"{THO}/v3-ObservationInterpretation", f"{THO}/v2-0078", "urn:oid:2.16.840.1.113883.12.78", "http://hl7.org/fhir/v2/0078")
        for code, found in (("POS", True), ("DET", True), ("NEG", False), ("ND", False), ("IND", False), ("E", False))
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("answers", "positive"),
    [
        pytest.param([antibody(4000, "positive")], True, id="however old"),
        pytest.param([antibody(4000, "positive"), antibody(10, "negative")], False, id="the newest decides"),
        pytest.param([antibody(10, "equivocal")], False, id="equivocal is not positive"),
        pytest.param([antibody(10, interpretation=[{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation", "code": "POS"}]}])], True, id="by interpretation"),
        pytest.param([antibody(4000, "positive"), antibody(10, "negative", status="entered-in-error")], True, id="an error does not erase it"),
        pytest.param([antibody(4000, "positive"), antibody(10, valueString="see comment")], True, id="nor does a newer unusable one"),
        pytest.param([antibody(10, "positive", status="preliminary")], None, id="preliminary alone"),
        pytest.param([antibody(10, valueString="see comment")], None, id="unusable alone"),
        pytest.param([antibody(10, valueString="Positive")], True, id="in words"),
        pytest.param([antibody(10, valueCodeableConcept={"text": "POSITIVE."})], True, id="a concept in words"),
        pytest.param([antibody(10, interpretation=[{"text": "Negative"}])], False, id="negative in words"),
        pytest.param([antibody(4000, "negative"), antibody(10, valueString="positive")], True, id="the newest in words"),
        pytest.param([antibody(10, valueString="Indeterminate")], False, id="indeterminate is not positive"),
        pytest.param([antibody(10, valueString="not positive")], None, id="other words"),
        pytest.param([antibody(10, valueString="unknown")], None, id="not answered"),
        pytest.param([antibody(10, valueString="POS (1:40)")], True, id="abbreviated, with a titre"),
        pytest.param([antibody(10, valueString="Not detected, <1.2 AU/mL")], False, id="not detected, with a number"),
        pytest.param([antibody(10, valueString="positiv")], True, id="in German"),
        pytest.param([antibody(10, valueBoolean=True)], True, id="true"),
        pytest.param([antibody(10, valueBoolean=False)], False, id="false"),
        *(
            pytest.param([antibody(10, **{place: value})], found, id=f"{code} as {place}")
            for system, code, found in CODED_ANSWERS
            for concept in [{"coding": [{"system": system, "code": code}]}]
            for place, value in (("valueCodeableConcept", concept), ("interpretation", [concept]))
        ),
    ],
)  # fmt: skip
def test_intrinsic_factor_antibody(answers, positive):
    assert facts_of(*answers)["cause.intrinsic_factor_antibody"].holds is positive


def diet(**more):
    return observation("b12", code={"coding": [{"system": SNOMED, "code": "24930006"}]}, **more)


@pytest.mark.parametrize(
    ("answer", "followed"),
    [
        *((({"valueString": text}), True) for text in ("Yes", "ja", "Vegan since 2010", "No meat", "Positive")),
        *(({"valueString": text}, False) for text in ("No", "NO.", "Nein", "denied", "Denies", "no, eats fish", "Non", "negative", "No - omnivore")),
        *(({"valueString": text}, None) for text in ("unknown", "Not asked", "declined", "unbekannt")),
        ({"valueCodeableConcept": {"text": "No"}}, False),
        ({"valueCodeableConcept": {"coding": [{"system": "urn:local", "code": "2", "display": "Nein"}]}}, False),
        ({"valueCodeableConcept": {"coding": [{"system": SNOMED, "code": "373067005"}]}}, False),
        ({"valueBoolean": False}, False),
        ({"valueBoolean": True}, True),
        ({"dataAbsentReason": {"coding": [{"code": "asked-declined"}]}}, None),
        ({}, True),
    ],
)  # fmt: skip
def test_a_diet_is_answered_in_words_as_by_code(answer, followed):
    assert facts_of(diet(**answer))["diet.vegan"].holds is followed
