"""``b12.status``, rule by rule of section 3.1 of the clinical specification."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.clinic import facts_of
from tests.support.fhir_builders import (
    HYDROXOCOBALAMIN,
    IM,
    LOINC,
    SNOMED,
    condition,
    days_ago,
    dosage,
    medication_administration,
    medication_request,
    observation,
    patient,
)

NEURO, PERNICIOUS, NITROUS = (
    condition("386033004"),
    condition("84027009"),
    condition("73891003", recordedDate=days_ago(20)),
)
DIAGNOSED = condition("190634004")
PREGNANT, WOMAN = condition("77386006", onsetDateTime=days_ago(100)), patient(birth="1996-05-01")
THERAPY = medication_request(
    HYDROXOCOBALAMIN, dosage(1, route=IM, every=(1, 3, "mo")), authoredOn=days_ago(20)
)
MULTIVITAMIN = medication_request({"text": "Multivitamin tablets"})


def total(value, ago=5, **more):
    return observation("b12", value, "ng/L", ago=ago, **more)


def molar(value, ago=5):
    return observation("b12_molar", value, "pmol/L", ago=ago)


def active(value, ago=5):
    return observation("active_b12", value, "pmol/L", ago=ago)


def mma(value=900):
    return observation("mma", value, "nmol/L", ago=5)


def egfr(value):
    return observation("egfr", value, "mL/min/{1.73_m2}")


def antibody(code="10828004"):
    return observation(
        "ifab", ago=500, valueCodeableConcept={"coding": [{"system": SNOMED, "code": code}]}
    )


MCV_HIGH, MCV_NORMAL = observation("mcv", 101, "fL"), observation("mcv", 100, "fL")


def status(*record, **more):
    fact = facts_of(*record, **more)["b12.status"]
    return "unknown" if fact.is_unknown else fact.value


def check(expected, *record, **more):
    assert status(*record, **more) == expected


@pytest.mark.parametrize(
    ("birth", "expected"),
    [
        ("2010-11-24", "paediatric"),
        ("2010-11-23", "deficient"),
        ("2020-01-01", "paediatric"),
        (None, "deficient"),
    ],
)
def test_rule_1_below_16_years_nothing_else_is_said(birth, expected):
    check(expected, total(110), who=patient(birth=birth))


def test_rule_1_comes_before_therapy():
    check("paediatric", total(110), THERAPY, who=patient(birth="2015-01-01"))


@pytest.mark.parametrize(
    "record",
    [[total(110)], [total(480)], [], [total(250), mma(), egfr(90)]],
    ids=["low", "high", "no result", "middle"],
)
def test_rule_2_therapy_comes_before_every_result(record):
    check("treated", *record, THERAPY)


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (total(179), "deficient"), (total(179.9), "deficient"), (total(180), "indeterminate"), (total(350), "indeterminate"), (total(350.1), "sufficient"),
        (molar(132.9), "deficient"), (molar(133), "indeterminate"), (molar(258), "indeterminate"), (molar(258.1), "sufficient"),
        (active(24.9), "deficient"), (active(25), "indeterminate"), (active(70), "indeterminate"), (active(70.1), "sufficient"),
    ],
)  # fmt: skip
def test_rules_3_6_and_7_at_their_cut_offs(result, expected):
    check(expected, result)


@given(st.integers(1, 8000).map(lambda tenths: tenths / 10))
@settings(max_examples=40, deadline=None)
def test_the_level_of_total_b12_alone_decides_the_status(value):
    check(
        "deficient" if value < 180 else "indeterminate" if value <= 350 else "sufficient",
        total(value),
    )


@pytest.mark.parametrize(
    "result", [total(180), total(350), molar(133), molar(258), active(25), active(70)]
)
@pytest.mark.parametrize(
    ("evidence", "expected"),
    [
        pytest.param([mma(401), egfr(60)], "deficient", id="MMA 401, eGFR 60"),
        pytest.param([mma(401), egfr(59)], "indeterminate", id="MMA 401, eGFR 59"),
        pytest.param([mma(401)], "indeterminate", id="MMA 401, eGFR unknown"),
        pytest.param([mma(400), egfr(90)], "unlikely", id="MMA 400"),
        pytest.param([mma(400), egfr(20)], "unlikely", id="MMA 400, whatever the eGFR"),
        pytest.param([egfr(90)], "indeterminate", id="no MMA"),
    ],
)
def test_rules_4_and_5_methylmalonic_acid_decides_a_middle_result(result, evidence, expected):
    check(expected, result, *evidence)


def test_the_limit_of_methylmalonic_acid_is_the_parameter_sets():
    for limit, parameters in ((400, "default"), (400, "us"), (280, "uk")):
        check("unlikely", total(250), mma(limit), egfr(90), parameters=parameters)
        check("deficient", total(250), mma(limit + 1), egfr(90), parameters=parameters)


def test_homocysteine_alone_never_classifies():
    check("indeterminate", total(250), observation("homocysteine", 60, "umol/L"))
    check("sufficient", total(480), observation("homocysteine", 60, "umol/L"))
    check("unknown", observation("homocysteine", 60, "umol/L"))


GROUNDS = [
    pytest.param([mma(401)], id="MMA high"),
    pytest.param([mma(401), egfr(20)], id="MMA high, whatever the eGFR"),
    pytest.param([NITROUS], id="nitrous oxide"),
    pytest.param([antibody()], id="intrinsic-factor antibody"),
    pytest.param([PERNICIOUS], id="pernicious anaemia"),
    pytest.param([condition("84027009", status="resolved")], id="pernicious anaemia, resolved"),
    pytest.param([condition("1153409008")], id="autoimmune gastritis"),
    pytest.param([condition("26452005")], id="total gastrectomy"),
    pytest.param([condition("1142087002")], id="hereditary"),
    pytest.param([NEURO, MCV_HIGH], id="neurological features and macrocytosis"),
    pytest.param([total(110, 100)], id="an earlier deficient total"),
    pytest.param([active(20, 100)], id="an earlier deficient active B12"),
]


@pytest.mark.parametrize("grounds", GROUNDS)
@pytest.mark.parametrize("result", [total(480, 1), active(90, 1)], ids=["total", "active"])
def test_rule_6_suspicion_keeps_a_sufficient_result_open(result, grounds):
    check("indeterminate", result, *grounds)


@pytest.mark.parametrize("grounds", [ground for ground in GROUNDS if "MMA" not in ground.id])
def test_rule_5_suspicion_keeps_a_middle_result_with_normal_mma_open(grounds):
    check("indeterminate", total(250, 1), mma(200), *grounds)


@pytest.mark.parametrize(
    "record",
    [
        pytest.param([NEURO], id="neurological features alone"),
        pytest.param([NEURO, MCV_NORMAL], id="neurological features, MCV 100"),
        pytest.param([MCV_HIGH], id="macrocytosis alone"),
        pytest.param([DIAGNOSED], id="a diagnosis, all received"),
        pytest.param([antibody("42425007")], id="equivocal antibody"),
        pytest.param([condition("84568007")], id="unspecified atrophic gastritis"),
        pytest.param(
            [condition("73891003", recordedDate=days_ago(181))], id="nitrous oxide 181 days ago"
        ),
        pytest.param([total(110, 181)], id="a deficient result out of its window"),
        pytest.param([total(250, 100)], id="an earlier middle result"),
    ],
)
def test_what_is_no_suspicion(record):
    check("sufficient", total(480, 1), *record)


def test_therapy_between_two_results_explains_the_rise():
    def ended(begin, end):
        bounds = {"start": days_ago(begin), "end": days_ago(end)}
        return medication_request(
            HYDROXOCOBALAMIN,
            dosage(1, route=IM, every=(1, 1, "wk"), boundsPeriod=bounds),
            status="completed",
            authoredOn=days_ago(begin),
        )

    check("sufficient", total(480, 1), total(110, 150), ended(140, 60))
    check(
        "sufficient",
        total(480, 1),
        total(110, 170),
        medication_administration(HYDROXOCOBALAMIN, 130),
    )
    check("indeterminate", total(480, 1), total(110, 150), ended(400, 200))


def test_therapy_between_two_results_counts_by_its_beginning_too():
    stopped = medication_request(
        HYDROXOCOBALAMIN,
        dosage(1, route=IM, every=(1, 3, "mo")),
        status="stopped",
        authoredOn=days_ago(100),
    )
    check("sufficient", total(480, 1), total(110, 150), stopped)


@pytest.mark.parametrize("problem", [NEURO, DIAGNOSED], ids=["neurological features", "diagnosis"])
@pytest.mark.parametrize("missing", ["medication-requests", "medication-statements", "procedures"])
def test_while_neuro_or_a_diagnosis_holds_what_was_not_received_is_suspicion(problem, missing):
    check("indeterminate", total(480), problem, without=(missing,))
    check("sufficient", total(480), without=(missing,))


def test_with_neurological_features_an_unreceived_blood_count_is_suspicion():
    check("indeterminate", total(480), NEURO, without=("blood-count",))


@pytest.mark.parametrize(
    "order",
    [
        MULTIVITAMIN,
        medication_request(
            {"text": "Cyanocobalamin 50 mcg tablets"}, dosage(50, "ug", every=(1, 1, "d"))
        ),
    ],
    ids=["multivitamin", "50 ug"],
)
def test_rule_6_any_intake_keeps_a_sufficient_result_open_but_not_an_unlikely_one(order):
    check("indeterminate", total(480), order)
    check("unlikely", total(250), mma(200), order)


def test_rule_8_unknown_without_a_usable_result():
    for record, without in (
        ([], ()),
        ([], ("b12-results",)),
        ([total(110, status="preliminary")], ()),
        ([mma()], ()),
        ([total(110, 181)], ()),
    ):
        check("unknown", *record, without=without)


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        pytest.param(
            [total(480, 5), active(20, 5)], "deficient", id="active first on the same day"
        ),
        pytest.param(
            [total(110, 5), active(90, 5)],
            "indeterminate",
            id="active sufficient, total of the day is another deficient result",
        ),
        pytest.param([total(110, 1), active(90, 5)], "deficient", id="the later total"),
        pytest.param([total(480, 5), active(20, 1)], "deficient", id="the later active"),
        pytest.param(
            [total(480, 1), active(40, 5)], "sufficient", id="the later total, active in the middle"
        ),
        pytest.param([total(480, 1), active(20, 181)], "sufficient", id="active out of its window"),
        pytest.param(
            [total(480, 1), observation("active_b12", 20, "ng/L")],
            "sufficient",
            id="active unusable: the other decides",
        ),
    ],
)
def test_the_later_of_total_and_active_decides(results, expected):
    check(expected, *results)


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        pytest.param([total(179)], "indeterminate", id="a low total"),
        pytest.param([molar(132)], "indeterminate", id="a low total in pmol/L"),
        pytest.param([total(179), NEURO], "deficient", id="a low total with neurological features"),
        pytest.param(
            [total(179), mma(900), egfr(90)], "deficient", id="a low total, MMA high, eGFR 90"
        ),
        pytest.param(
            [total(179), mma(900)], "indeterminate", id="a low total, MMA high, eGFR unknown"
        ),
        pytest.param([total(179), mma(200)], "indeterminate", id="a low total, MMA normal"),
        pytest.param([total(250), mma(200)], "unlikely", id="a middle total, MMA normal"),
        pytest.param([active(24)], "deficient", id="low active"),
        pytest.param(
            [total(110, 1), active(90, 100)],
            "sufficient",
            id="active decides, a low total of pregnancy is no ground for doubt",
        ),
        pytest.param(
            [total(480, 1), active(20, 100)],
            "deficient",
            id="active decides, whatever total follows",
        ),
        pytest.param([total(480)], "sufficient", id="a sufficient total"),
        pytest.param([total(110), THERAPY], "treated", id="therapy"),
    ],
)
def test_in_known_pregnancy(record, expected):
    check(expected, PREGNANT, *record, who=WOMAN)


def test_unknown_pregnancy_does_not_hide_deficiency():
    check("deficient", total(110), who=WOMAN, without=("conditions",))
    check("deficient", total(110), who=WOMAN, without=("pregnancy-status",))


def test_unknown_therapy_does_not_hide_deficiency():
    check("deficient", total(110), without=("medication-requests", "medication-administrations"))


def test_a_pregnancy_status_that_is_only_preliminary_leaves_pregnancy_unknown():
    answer = observation(
        "b12",
        code={"coding": [{"system": LOINC, "code": "82810-3"}]},
        status="preliminary",
        valueCodeableConcept={"coding": [{"system": SNOMED, "code": "77386006"}]},
    )
    assert facts_of(answer, who=WOMAN)["patient.pregnant"].is_unknown


@pytest.mark.parametrize(
    ("name", "display", "counts"),
    [("Vitamin B12 deficiency", None, True), ("Cobalamin deficiency", None, True), ("B-12 deficiency", None, True), ("Folate deficiency", None, False), ("", None, False), ("", "Deficiency of vitamin B 12", True)],
)  # fmt: skip
def test_e53_8_is_b12_deficiency_only_where_it_says_so(name, display, counts):
    problem = condition("E53.8", system="http://hl7.org/fhir/sid/icd-10-cm", text=name)
    if display:
        problem["code"]["coding"].append({"system": "urn:local", "code": "7", "display": display})
    assert facts_of(problem)["b12.diagnosed"].holds is counts
