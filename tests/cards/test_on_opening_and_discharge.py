"""What a clinician sees on opening a chart and at discharge, from whole requests."""

import pytest

from tests.support.clinic import fire, ids, suggestions
from tests.support.fhir_builders import (
    CYANOCOBALAMIN_TABLET,
    DAILY,
    HYDROXOCOBALAMIN,
    IM,
    ORAL,
    allergy,
    condition,
    dosage,
    medication_request,
    observation,
    patient,
    prefetch,
    procedure,
    service_request,
)

LOW = observation("b12", 110, "pg/mL", ago=3)
NORMAL_HB = observation("hb", 140, "g/L", ago=3)
NO_RISK = (NORMAL_HB, observation("potassium", 4.2, "mmol/L", ago=1))
LOW_FOLATE = observation("folate", 2.1, "ng/mL", ago=3)
NEUROPATHY = condition("386033004")
LOADING = "hydroxocobalamin-loading-then-maintenance"
CHECKS = ["potassium-now", "potassium-24h", "potassium-48h"]
HOOKS = pytest.mark.parametrize("hook", ["patient-view", "encounter-discharge"])


@HOOKS
@pytest.mark.parametrize(
    ("record", "expected"),
    [
        pytest.param([LOW], ["b12-deficiency-untreated"], id="deficient"),
        pytest.param([LOW, LOW_FOLATE], ["b12-folate-deficiency"], id="B12 and folate deficient"),
        pytest.param([LOW, NEUROPATHY], ["b12-deficiency-neuro"], id="neurological features"),
        pytest.param([LOW, LOW_FOLATE, NEUROPATHY], ["b12-deficiency-neuro"], id="all three"),
        pytest.param([observation("b12", 480, "pg/mL")], [], id="sufficient"),
        pytest.param([observation("b12", 250, "pg/mL")], ["b12-indeterminate"], id="indeterminate"),
        pytest.param([LOW, medication_request(HYDROXOCOBALAMIN, dosage(1, route=IM, every=(1, 3, "mo")))], [], id="treated"),
        pytest.param([LOW, medication_request(CYANOCOBALAMIN_TABLET, dosage(1, route=ORAL, every=DAILY))], [], id="treated by mouth"),
        pytest.param(
            [LOW, medication_request(CYANOCOBALAMIN_TABLET, dosage(0.05, route=ORAL, every=DAILY))],
            ["b12-deficiency-untreated"],
            id="50 micrograms a day is no treatment",
        ),
        pytest.param([observation("b12", 110, "pg/mL", ago=181)], ["b12-past-deficiency"], id="a result of 181 days ago"),
        pytest.param([observation("b12", 110, "pg/mL", ago=180)], ["b12-deficiency-untreated"], id="a result of 180 days ago"),
        pytest.param([observation("active_b12", 20, "pmol/L")], ["b12-deficiency-untreated"], id="active B12 deficient"),
        pytest.param(
            [observation("b12", 300, "pg/mL"), observation("mma", 900, "nmol/L"), observation("egfr", 88, "mL/min/{1.73_m2}")],
            ["b12-deficiency-untreated"],
            id="middle range, MMA high, kidneys normal",
        ),
        pytest.param([observation("b12", 300, "pg/mL"), observation("mma", 900, "nmol/L")], ["b12-indeterminate"], id="MMA high, kidneys unknown"),
    ],
)  # fmt: skip
def test_untreated_deficiency(hook, record, expected):
    assert ids(fire(hook, prefetch(*record))) == expected


@HOOKS
def test_suggestions_with_anaemia(hook):
    record = prefetch(LOW, observation("hb", 10.1, "g/dL", ago=3))
    assert suggestions(fire(hook, record), "b12-deficiency-untreated") == [
        [LOADING, *CHECKS],
        ["cyanocobalamin-oral-1000"],
    ]


def test_no_potassium_checks_without_anaemia_or_risk():
    assert suggestions(fire("patient-view", prefetch(LOW, *NO_RISK)), "b12-deficiency-untreated")[
        0
    ] == [LOADING]


def test_neurological_features_get_alternate_days_and_nothing_oral():
    cards = fire("patient-view", prefetch(LOW, *NO_RISK, NEUROPATHY))
    assert suggestions(cards, "b12-deficiency-neuro") == [["hydroxocobalamin-neuro"]]


@pytest.mark.parametrize(
    "barrier",
    [observation("egfr", 38, "mL/min/{1.73_m2}"), condition("58610003")],
    ids=["kidney", "Leber's"],
)
def test_oral_cyanocobalamin_is_left_out(barrier):
    assert suggestions(
        fire("patient-view", prefetch(LOW, *NO_RISK, barrier)), "b12-deficiency-untreated"
    ) == [[LOADING]]


def test_oral_cyanocobalamin_with_unknown_kidney_function_says_so():
    card = fire("patient-view", prefetch(LOW, *NO_RISK))[0]
    assert "Kidney function is not known" in card["detail"]
    assert "renal dysfunction" not in card["detail"].split("\n\n")[0]


def test_without_hydroxocobalamin_the_formulary_decides():
    settings = {"formulary": frozenset({"cyanocobalamin-injection"})}
    assert suggestions(
        fire("patient-view", prefetch(LOW, *NO_RISK), settings=settings), "b12-deficiency-untreated"
    ) == [["cyanocobalamin-injection"]]
    leber = prefetch(LOW, *NO_RISK, condition("58610003"))
    assert (
        suggestions(fire("patient-view", leber, settings=settings), "b12-deficiency-untreated")
        == []
    )


def test_severe_allergy_makes_the_card_text_only():
    cards = fire("patient-view", prefetch(LOW, *NO_RISK, allergy(criticality="high")))
    assert ids(cards) == ["b12-deficiency-untreated"]
    assert suggestions(cards, "b12-deficiency-untreated") == []
    assert "severe allergy" in cards[0]["detail"]


def test_unknown_treatment_still_speaks_and_says_so():
    card = fire("patient-view", prefetch(LOW, without=("medication-requests",)))[0]
    assert "check before ordering" in card["detail"]
    assert "B12 treatment under way" in card["detail"].rsplit("Not known:", 1)[1]


def test_unknown_problem_list_still_speaks():
    card = fire("patient-view", prefetch(LOW, without=("conditions",)))[0]
    assert "neurological features" in card["detail"].rsplit("Not known:", 1)[1]


def test_children_get_no_card():
    assert fire("patient-view", prefetch(LOW, NEUROPATHY, who=patient(birth="2014-05-01"))) == []


def test_unknown_age_is_treated_as_adult_and_said():
    card = fire("patient-view", prefetch(LOW, who=patient(birth=None)))[0]
    assert "age" in card["detail"].rsplit("Not known:", 1)[1]


def test_a_low_total_b12_in_pregnancy_is_not_said_to_be_in_the_middle_range():
    pregnant = condition("77386006", onsetDateTime="2026-07-01")
    (card,) = fire(
        "patient-view", prefetch(LOW, pregnant, who=patient(gender="female", birth="1995-01-01"))
    )
    assert card["source"]["topic"]["code"] == "b12-indeterminate"
    assert "middle range" not in card["detail"]
    assert "Total B12 is low, which pregnancy alone can explain." in card["detail"]


def test_low_total_b12_in_pregnancy_is_not_deficiency():
    pregnant = condition("77386006", onsetDateTime="2026-07-01")
    woman = patient(birth="1996-05-01")
    cards = fire("patient-view", prefetch(LOW, pregnant, who=woman))
    assert ids(cards) == ["b12-indeterminate"]
    assert suggestions(cards, "b12-indeterminate") == [["active-b12"]]
    assert ids(fire("patient-view", prefetch(LOW, pregnant, NEUROPATHY, who=woman))) == [
        "b12-deficiency-neuro"
    ]


def test_uk_dietary_cause_counts_50_micrograms_as_treatment():
    vegan = condition("162538009")
    tablets = medication_request(CYANOCOBALAMIN_TABLET, dosage(50, "ug", route=ORAL, every=DAILY))
    assert (
        ids(fire("patient-view", prefetch(LOW, vegan, tablets), settings={"parameters": "uk"}))
        == []
    )
    assert ids(fire("patient-view", prefetch(LOW, vegan, tablets))) == ["b12-deficiency-untreated"]


@pytest.mark.parametrize(
    "folate", [(), (LOW_FOLATE,)], ids=["B12 deficient", "B12 and folate deficient"]
)
def test_neurological_features_that_were_not_received_are_not_said_to_be_none(folate):
    known, unknown = (
        fire("patient-view", prefetch(LOW, *folate, without=without))[0]["detail"]
        for without in ((), ("conditions",))
    )
    assert (
        "No neurological feature is recorded: ask about symptoms, which would change the regimen."
        in known
    )
    assert "No neurological feature" not in unknown
    assert (
        "It is not known whether a neurological feature is recorded: ask about symptoms, which would change the regimen."
        in unknown
    )


def test_b12_intake_that_was_not_received_is_not_said_to_be_none():
    mother = [condition("162538009"), condition("77386006", onsetDateTime="2026-07-01")]
    woman = patient(birth="1996-05-01")
    known = fire("patient-view", prefetch(*mother, who=woman))[0]["detail"]
    unknown = fire("patient-view", prefetch(*mother, who=woman, without=("medication-requests",)))[
        0
    ]["detail"]
    assert "No B12 intake is recorded: ask about supplements." in known
    assert "It is not known whether B12 is taken: ask about supplements." in unknown
    assert "No B12 intake" not in unknown


def test_the_interval_between_injections_reads_in_whole_days():
    course = medication_request(
        HYDROXOCOBALAMIN, dosage(1, route=IM, every=(1, 90, "d")), authoredOn="2025-11-23"
    )
    record = prefetch(course, condition("386033004", onsetDateTime="2025-01-01"))
    card = next(
        card for card in fire("patient-view", record) if ids([card]) == ["maintenance-interval"]
    )
    assert (
        card["summary"] == "Neurological features persist on B12 every 90 days: review the interval"
    )


def test_a_single_dose_of_today_has_no_interval_to_shorten():
    past = medication_request(
        HYDROXOCOBALAMIN,
        dosage(1, route=IM, every=(1, 3, "mo")),
        status="completed",
        authoredOn="2025-11-23",
    )
    single = medication_request(
        HYDROXOCOBALAMIN, dosage(1, route=IM, count=1), authoredOn="2026-11-23"
    )
    record = prefetch(past, single, condition("386033004", onsetDateTime="2025-01-01"))
    assert "maintenance-interval" not in ids(fire("patient-view", record))


def test_egfr_keeps_its_spelling_in_the_table_of_values():
    record = [observation("b12", 300, "pg/mL"), observation("egfr", 88, "mL/min/{1.73_m2}", ago=1)]
    assert "| eGFR | 88 mL/min" in fire("patient-view", prefetch(*record))[0]["detail"]


@pytest.mark.parametrize(
    ("record", "expected", "tests"),
    [
        pytest.param([LOW], "b12-deficiency-untreated", [], id="deficient"),
        pytest.param([LOW, LOW_FOLATE], "b12-folate-deficiency", [], id="B12 and folate deficient"),
        pytest.param([LOW, NEUROPATHY], "b12-deficiency-neuro", [], id="neurological features"),
        pytest.param(
            [condition("84027009")], "b12-cause-untreated", [["serum-b12", "serum-folate"]],
            id="pernicious anaemia",
        ),
    ],
)  # fmt: skip
def test_a_severe_allergy_is_read_before_any_regimen(record, expected, tests):
    card = fire("patient-view", prefetch(*record, allergy(criticality="high")))[0]
    assert ids([card]) == [expected]
    assert card["detail"].startswith(
        "**A severe allergy to a cobalamin is recorded, so none is suggested: ask a specialist.**"
    )
    assert suggestions([card], expected) == tests


def test_an_interval_in_months_reads_in_whole_days_too():
    course = medication_request(
        HYDROXOCOBALAMIN, dosage(1, route=IM, every=(1, 3, "mo")), authoredOn="2025-11-23"
    )
    record = prefetch(course, condition("386033004", onsetDateTime="2025-01-01"))
    card = next(
        card for card in fire("patient-view", record) if ids([card]) == ["maintenance-interval"]
    )
    assert (
        card["summary"] == "Neurological features persist on B12 every 91 days: review the interval"
    )


@pytest.mark.parametrize(
    ("record", "card_id", "regimen"),
    [
        pytest.param(
            condition("84027009"),
            "b12-cause-untreated",
            "hydroxocobalamin-loading-then-maintenance",
            id="pernicious anaemia",
        ),
        pytest.param(
            condition("38106008"),
            "ileal-prophylaxis",
            "hydroxocobalamin-monthly",
            id="ileal Crohn's disease",
        ),
        pytest.param(
            procedure("443906008"),
            "bariatric-maintenance",
            "hydroxocobalamin-3-monthly",
            id="gastric bypass",
        ),
    ],
)
def test_treatment_is_suggested_while_the_tests_before_it_are_pending(record, card_id, regimen):
    pending = [service_request("b12"), service_request("folate")]
    assert suggestions(fire("patient-view", prefetch(record, *NO_RISK, *pending)), card_id)[0] == [
        regimen
    ]
