"""The same patient, told in another way, gets the same answer (clinical specification, section 2).

Each variant says the same in other words; cards, their order and urgency, and the suggested orders must not change.
Everything but the uuids is compared; texts too, unless they quote what was changed.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.safety import variants
from tests.safety.patients import (
    CLINICAL,
    HOOKS,
    ICD10,
    RESULTS,
    VERIFICATION,
    Visit,
    answer,
    result,
    said,
    visits,
)
from tests.support.clinic import fire, ids, suggestions
from tests.support.fhir_builders import (
    CYANOCOBALAMIN_TABLET,
    DAILY,
    FOLIC_ACID_1MG,
    FOLIC_ACID_400UG,
    HYDROXOCOBALAMIN,
    IM,
    ORAL,
    SUBJECT,
    allergy,
    condition,
    days_ago,
    dosage,
    draft,
    folic_acid,
    hydroxocobalamin,
    medication_request,
    observation,
    prefetch,
)

EXAMPLES = settings(
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=(Phase.generate, Phase.shrink),
)


COURSE = medication_request(
    HYDROXOCOBALAMIN,
    dosage(1, route=IM, every=(1, 12, "wk")),
    authoredOn=days_ago(400),
    id="course",
)
DOSE = {
    "resourceType": "MedicationAdministration", "id": "dose", "status": "completed", "subject": SUBJECT,
    "medicationCodeableConcept": HYDROXOCOBALAMIN, "effectiveDateTime": days_ago(200),
}  # fmt: skip
# What the generator seldom meets: the number of doses decides (therapy-lapsed); two results of one time; a haemolysed
# sample would be unusable.
MAINTAINED = Visit(
    "patient-view", {}, prefetch(condition("84027009", id="cause"), COURSE, DOSE), [], []
)
TIED = Visit(
    "patient-view",
    {},
    prefetch(*(observation("b12", value, "ng/L", id=f"b12-{value}") for value in (110, 250, 480))),
    [],
    [],
)
CLEAR = Visit(
    "order-sign",
    {},
    prefetch(observation("potassium", 4.2, "mmol/L", id="k")),
    [hydroxocobalamin(id="draft")],
    [],
)


# Each way to say the same, and whether the texts stay the same too.
VARIANTS = (
    (variants.other_units, False),
    (variants.reordered, True),
    (variants.elsewhere, True),
    (variants.duplicated, True),
    (variants.with_drafts_twice, True),
    (variants.with_irrelevant_resources, True),
    (variants.in_other_zones, True),
    (variants.with_errors_struck_out, True),
    (variants.with_other_references, True),
    (variants.with_medication_resources, True),
    (variants.with_unknown_elements, True),
    (variants.with_more_codings, True),
    (variants.with_more_codings_of_statuses, True),
    (variants.empty_in_other_words, True),
    (variants.unanswered_in_other_words, True),
)


def same(visit, seed):
    """Check every variant of ``visit``: to make the patient costs more than to ask about them."""
    told = answer(visit)
    for variant, words in VARIANTS:
        assert said(answer(variant(visit, Random(seed))), words=words) == said(told, words=words), (
            variant.__name__
        )
    # Resources of others make an answer doubtful; what is in them never tells anything.
    strangers = variants.with_strangers, variants.with_strangers_of_whom_nothing_is_told
    known, empty = (said(answer(variant(visit, Random(seed)))) for variant in strangers)
    assert known == empty


@pytest.mark.parametrize("hook", HOOKS)
def test_the_same_patient_told_otherwise_gets_the_same_answer(hook):
    settings(EXAMPLES, max_examples=40)(given(visits(hooks=(hook,)), st.integers(0, 2**16))(same))()


@pytest.mark.parametrize(("visit", "seed"), [(MAINTAINED, 0), (TIED, 1), (TIED, 2), (CLEAR, 0)])
def test_a_patient_that_is_seldom_generated_told_otherwise_gets_the_same_answer(visit, seed):
    same(visit, seed)


@pytest.mark.parametrize(
    ("hook", "other"), [("order-sign", "order-select"), ("patient-view", "encounter-discharge")]
)
def test_two_hooks_at_one_point_of_care_say_the_same(hook, other):
    # The tables of section 4 are by point of care: at ordering; on opening the chart and at discharge. Without selections
    # every order counts as selected. Orders at discharge name the encounter, so they are compared by name.
    def card(cards):
        return [(*one[:3], [orders[:3] for orders in one[3]]) for one in said(cards)]

    @settings(EXAMPLES, max_examples=60)
    @given(visits(hooks=(hook,)))
    def check(visit: Visit) -> None:
        here = replace(visit, selections=[])
        assert card(answer(replace(here, hook=other))) == card(answer(here))

    check()


# Rows of the specification (section 4) that show that the generated patients are not all alike.
ROWS = {
    "order-sign": {
        "folic-acid-b12-deficient",
        "folic-acid-b12-unknown",
        "folic-acid-add-b12",
        "cobalamin-anaphylaxis",
        "cobalamin-allergy",
        "potassium-monitoring",
        "b12-neuro-regimen",
        "b12-loading-missing",
        "cyanocobalamin-renal",
        "b12-sample-first",
        "b12-duplicate",
    },
    "patient-view": {
        "b12-deficiency-untreated",
        "b12-deficiency-neuro",
        "b12-indeterminate",
        "b12-cause-untreated",
        "therapy-lapsed",
        "b12-low-on-therapy",
        "response-inadequate",
        "response-reticulocytes",
        "monitoring-due",
        "bariatric-maintenance",
    },
}


class AllMet(Exception):
    """Every row that is looked for was met: more patients would show nothing new."""


@pytest.mark.parametrize("hook", ROWS)
def test_the_generated_patients_meet_many_rows_and_often_none(hook):
    wanted = ROWS[hook] | {"silence"}
    met: set[str] = set()

    @settings(EXAMPLES, max_examples=600, phases=(Phase.generate,))
    @given(visits(hooks=(hook,)))
    def look(visit: Visit) -> None:
        met.update(ids(answer(visit)) or ["silence"])
        if wanted <= met:
            raise AllMet

    with suppress(AllMet):
        look()
    assert wanted <= met, sorted(wanted - met)


@pytest.mark.parametrize("parameters", ["default", "uk", "us"])
def test_maintenance_interval_is_answered_in_every_parameter_set(parameters):
    record = [
        COURSE,
        condition("386033004"),
        condition("Z98.84", system=ICD10),
        observation("mma", 200, "nmol/L", ago=3),
    ]
    assert ids(fire("patient-view", prefetch(*record), settings={"parameters": parameters})) == [
        "maintenance-interval"
    ]


# --- each unit of each result ----------------------------------------------------------------------------------------

# What a result is decisive for, and on which hook.
CONTEXT: dict[str, tuple[list[dict[str, Any]], list[dict[str, Any]]]] = {
    "mma": ([observation("b12", 250, "ng/L"), observation("egfr", 90, "mL/min/{1.73_m2}")], []),
    "homocysteine": (
        [COURSE, observation("egfr", 90, "mL/min/{1.73_m2}"), observation("mma", 200, "nmol/L")],
        [],
    ),
    **dict.fromkeys(
        ("folate", "folate_molar", "folate-red-cell"), ([observation("b12", 480, "ng/L")], [])
    ),
    "mcv": ([observation("b12", 480, "ng/L"), condition("386033004")], []),
    **dict.fromkeys(("hb", "platelets", "potassium", "potassium_poc"), ([], [hydroxocobalamin()])),
    **dict.fromkeys(
        ("egfr", "creatinine"),
        ([], [draft(CYANOCOBALAMIN_TABLET, dosage(1, route=ORAL, every=DAILY))]),
    ),
}


@pytest.mark.parametrize(
    ("name", "unit", "values"),
    [(row[0], row[1], row[3]) for row in RESULTS if row[0] != "reticulocytes"],
)
def test_a_result_means_the_same_in_each_unit_of_its_family(name, unit, values):
    record, drafts = CONTEXT.get(name, ([], []))
    answers = set()
    for value in values:
        visit = Visit(
            "order-sign" if drafts else "patient-view",
            {},
            prefetch(*record, result(name, value, unit)),
            drafts,
            [],
        )
        expected = said(answer(visit), words=False)
        answers.add(str(expected))
        for other in variants.UNITS[unit]:
            for form in range(5):
                stated = variants.in_unit(visit, other, form)
                assert said(answer(stated), words=False) == expected, stated.request()
    assert len(answers) > 1


# --- what was not received -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("total", "complete"), [(0, True), (1, False)])
def test_a_total_counts_what_was_searched_not_what_is_included(total, complete):
    # "a Bundle with ... fewer entries than total": the facts that need it are unknown
    included = {
        "resource": {"resourceType": "Medication", "id": "m", "code": FOLIC_ACID_1MG},
        "search": {"mode": "include"},
    }
    short = {"resourceType": "Bundle", "type": "searchset", "total": total, "entry": [included]}
    record = prefetch(observation("b12", 110, "ng/L"))
    cards, known, unknown = (
        said(fire("patient-view", values))
        for values in (
            record | {"medication-requests": short},
            record,
            {key: value for key, value in record.items() if key != "medication-requests"},
        )
    )
    assert cards == (known if complete else unknown) and known != unknown


# --- duplicates, each in its smallest form ---------------------------------------------------------------------------


def test_a_dose_that_comes_twice_is_one_dose():
    # therapy-lapsed: at least 2 doses recorded in the last 2 years
    record = [condition("84027009"), COURSE, DOSE]
    assert "therapy-lapsed" not in ids(fire("patient-view", prefetch(*record)))
    assert "therapy-lapsed" not in ids(fire("patient-view", prefetch(*record, DOSE)))


def test_a_result_that_comes_twice_is_one_result():
    # monitoring-due: stable when the last two homocysteine since the start are normal
    result = observation("homocysteine", 9, "umol/L", ago=200)
    assert "monitoring-due" in ids(fire("patient-view", prefetch(COURSE, result)))
    assert "monitoring-due" in ids(fire("patient-view", prefetch(COURSE, result, result)))


def test_an_order_that_comes_twice_is_one_order():
    # maintenance-interval: change to monthly, naming the order it replaces
    record = [
        COURSE,
        condition("386033004"),
        condition("Z98.84", system=ICD10),
        observation("homocysteine", 8, "umol/L", ago=3),
    ]
    once, twice = (fire("patient-view", prefetch(*record, *more)) for more in ([], [COURSE]))
    assert suggestions(once, "maintenance-interval") == [["hydroxocobalamin-monthly"]]
    assert suggestions(twice, "maintenance-interval") == [["hydroxocobalamin-monthly"]]


def test_the_dose_of_a_draft_that_comes_twice_is_its_dose():
    low = draft(FOLIC_ACID_400UG, dosage(0.4, route=ORAL, every=DAILY), id="fa")
    assert fire("order-sign", prefetch(), drafts=[low]) == []
    assert fire("order-sign", prefetch(), drafts=[low, low]) == []


def test_a_draft_that_comes_twice_is_removed_once():
    folate = folic_acid(id="fa")
    answers = [
        fire("order-sign", prefetch(observation("b12", 110, "ng/L")), drafts=drafts)
        for drafts in ([folate], [folate, folate])
    ]
    assert suggestions(answers[0], "folic-acid-b12-deficient") == suggestions(
        answers[1], "folic-acid-b12-deficient"
    )


# --- statuses with more than one coding ------------------------------------------------------------------------------

LOCAL = {"system": "urn:oid:1.2.840.1", "code": "A", "display": "Active"}


def _status(system: str, code: str, *, local_first: bool) -> dict[str, Any]:
    codings = [{"system": system, "code": code}, LOCAL]
    return {"coding": codings[::-1] if local_first else codings}


@pytest.mark.parametrize("local_first", [False, True])
@pytest.mark.parametrize(
    ("element", "system", "code"),
    [("clinicalStatus", CLINICAL, "active"), ("verificationStatus", VERIFICATION, "confirmed")],
)
def test_the_status_of_a_problem_may_have_a_local_coding(element, system, code, local_first):
    features = condition("386033004") | {element: _status(system, code, local_first=local_first)}
    assert ids(fire("patient-view", prefetch(observation("b12", 110, "ng/L"), features))) == [
        "b12-deficiency-neuro"
    ]


@pytest.mark.parametrize("local_first", [False, True])
def test_the_clinical_status_of_an_allergy_may_have_a_local_coding(local_first):
    system = "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical"
    severe = allergy(
        criticality="high", clinicalStatus=_status(system, "active", local_first=local_first)
    )
    assert "cobalamin-anaphylaxis" in ids(
        fire("order-sign", prefetch(severe), drafts=[hydroxocobalamin()])
    )


@pytest.mark.parametrize("local_first", [False, True])
@pytest.mark.parametrize("code", ["entered-in-error", "refuted"])
def test_an_allergy_that_was_struck_out_may_have_a_local_coding(code, local_first):
    system = "http://terminology.hl7.org/CodeSystem/allergyintolerance-verification"
    refuted = allergy(
        criticality="high", verificationStatus=_status(system, code, local_first=local_first)
    )
    assert "cobalamin-anaphylaxis" not in ids(
        fire("order-sign", prefetch(refuted), drafts=[hydroxocobalamin()])
    )


# --- medications by reference ----------------------------------------------------------------------------------------


def _in_drafts(medication: dict[str, Any], order: dict[str, Any]) -> tuple[list[Any], list[Any]]:
    return [order, medication], []


def _in_prefetch(medication: dict[str, Any], order: dict[str, Any]) -> tuple[list[Any], list[Any]]:
    return [order], [medication]


@pytest.mark.parametrize("place", [_in_drafts, _in_prefetch])
def test_the_medication_of_a_draft_by_reference(place: Callable[..., tuple[list[Any], list[Any]]]):
    # "by medicationReference (contained, in the prefetch, or fetched)"
    medication = {"resourceType": "Medication", "id": "fa", "code": FOLIC_ACID_1MG}
    order = draft(
        None,
        dosage(5, route=ORAL, every=DAILY),
        medicationReference={"reference": "Medication/fa"},
        id="draft",
    )
    drafts, fetched = place(medication, order)
    record = prefetch(observation("b12", 110, "ng/L"))
    record["medication-requests"]["entry"] += [
        {"resource": item, "search": {"mode": "include"}} for item in fetched
    ]
    assert ids(fire("order-sign", record, drafts=drafts)) == ["folic-acid-b12-deficient"]
