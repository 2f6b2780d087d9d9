"""Anaemia by age, sex and pregnancy; eGFR; renal dysfunction; potassium and the risk from it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.clinic import facts_of
from tests.support.fhir_builders import (
    RXNORM,
    condition,
    days_ago,
    medication_request,
    observation,
    patient,
)

ICD_CM = "http://hl7.org/fhir/sid/icd-10-cm"
PREGNANT = condition("77386006", onsetDateTime=days_ago(100))
UNRECEIVED = ("conditions", "pregnancy-status")


def anaemia(value, *record, **more):
    return facts_of(observation("hb", value, "g/L"), *record, **more)["anaemia"].holds


# Who; the birthday that begins the group and the last day before the next one; below this: anaemia
GROUPS = [
    ("6 months", "female", "2026-05-23", 105), ("23 months", "male", "2024-11-24", 105), ("2 years", "male", "2024-11-23", 110),
    ("4 years", "female", "2021-11-24", 110), ("5 years", "female", "2021-11-23", 115), ("11 years", "male", "2014-11-24", 115),
    ("12 years", "male", "2014-11-23", 120), ("14 years", "male", "2011-11-24", 120), ("14 years, girl", "female", "2011-11-24", 120),
    ("15 years, boy", "male", "2011-11-23", 130), ("15 years, girl", "female", "2011-11-23", 120), ("man of 40", "male", "1986-01-01", 130),
    ("man of 90", "male", "1936-01-01", 130), ("woman of 40", "female", "1986-01-01", 120), ("woman of 80", "female", "1946-01-01", 120),
    ("man of unknown age", "male", None, 130), ("woman of unknown age, not pregnant", "female", None, 120),
]  # fmt: skip


@pytest.mark.parametrize(
    ("sex", "birth", "limit"), [row[1:] for row in GROUPS], ids=[row[0] for row in GROUPS]
)
def test_limits_of_anaemia(sex, birth, limit):
    who = patient(gender=sex, birth=birth)
    assert anaemia(limit - 0.1, who=who) is True
    assert anaemia(limit, who=who) is False


def test_below_six_months_there_is_no_limit():
    who = patient(birth="2026-05-24")
    assert anaemia(60, who=who) is None and anaemia(200, who=who) is None


@pytest.mark.parametrize(
    ("value", "expected"), [(104, True), (105, None), (109, None), (110, False), (125, False)]
)
def test_in_pregnancy_the_trimester_leaves_a_gap(value, expected):
    assert anaemia(value, PREGNANT, who=patient(birth="1996-01-01")) is expected
    assert anaemia(value, PREGNANT, who=patient(birth="2013-01-01")) is expected, (
        "a pregnant girl of 13"
    )


@pytest.mark.parametrize(
    ("value", "expected"), [(104, True), (105, None), (119, None), (120, False)]
)
@pytest.mark.parametrize("birth", ["2011-11-23", "1975-11-24"], ids=["15 years", "50 years"])
def test_where_pregnancy_is_unknown_in_a_woman_of_15_to_50(value, expected, birth):
    assert anaemia(value, who=patient(birth=birth), without=UNRECEIVED) is expected


@pytest.mark.parametrize("birth", ["1975-11-23", "2011-11-24"], ids=["51 years", "14 years"])
def test_outside_of_15_to_50_unknown_pregnancy_changes_nothing(birth):
    assert anaemia(119, who=patient(birth=birth), without=UNRECEIVED) is True


@pytest.mark.parametrize(
    ("value", "expected"), [(119, True), (120, None), (129, None), (130, False)]
)
@pytest.mark.parametrize("sex", [None, "unknown", "other"])
def test_where_sex_is_unknown_both_limits_hold(value, expected, sex):
    assert anaemia(value, who=patient(gender=sex)) is expected


def test_no_haemoglobin_is_unknown_and_never_not_anaemic():
    assert facts_of()["anaemia"].is_unknown
    assert facts_of(without=("blood-count",))["anaemia"].is_unknown
    assert facts_of(observation("hb", 90, "g/L", ago=91))["anaemia"].is_unknown


@given(st.integers(250, 2000).map(lambda tenths: tenths / 10), st.sampled_from(GROUPS))
@settings(max_examples=40, deadline=None)
def test_who_is_anaemic_at_a_value_is_anaemic_below_it(value, group):
    who = patient(gender=group[1], birth=group[2])
    if anaemia(value, who=who):
        assert anaemia(max(25, value - 10), who=who) is True


@pytest.mark.parametrize(
    ("value", "record", "who", "severe"),
    [
        (79, [], patient(), True), (80, [], patient(), False), (79, [PREGNANT], patient(birth="1996-01-01"), False), (69, [PREGNANT], patient(birth="1996-01-01"), True),
        (69, [], patient(birth="2021-11-24"), True), (70, [], patient(birth="2021-11-24"), False), (79, [], patient(birth="2021-11-23"), True),
    ],
)  # fmt: skip
def test_severe_anaemia(value, record, who, severe):
    assert (
        facts_of(observation("hb", value, "g/L"), *record, who=who)["anaemia.severe"].holds
        is severe
    )


@pytest.mark.parametrize(
    ("value", "birth", "holds"),
    [
        (100, "1960-01-01", False),
        (100.1, "1960-01-01", True),
        (120, "2011-11-23", True),
        (120, "2011-11-24", False),
        (120, None, True),
    ],
)
def test_macrocytosis_above_100_fl_from_15_years(value, birth, holds):
    assert (
        facts_of(observation("mcv", value, "fL"), who=patient(birth=birth))["macrocytosis"].holds
        is holds
    )


# CKD-EPI 2021 (N Engl J Med 2021;385:1737), as the National Kidney Foundation's calculator prints it
PUBLISHED = [
    ("female", 50, 1.0, 69), ("male", 60, 1.2, 69), ("male", 50, 1.0, 92), ("female", 30, 0.7, 119), ("male", 30, 0.9, 118), ("female", 70, 1.5, 37), ("male", 80, 2.0, 33),
    ("female", 80, 0.6, 91), ("male", 45, 4.0, 18),
]  # fmt: skip


@pytest.mark.parametrize(("sex", "years", "creatinine", "rate"), PUBLISHED)
def test_egfr_by_ckd_epi_2021(sex, years, creatinine, rate):
    who = patient(gender=sex, birth=f"{2026 - years}-11-23")
    assert round(
        facts_of(observation("creatinine", creatinine, "mg/dL"), who=who)[
            "egfr"
        ].value.interval.point
    ) == pytest.approx(rate, abs=1)


@given(st.integers(40, 400), st.integers(18, 95), st.sampled_from(["female", "male"]))
@settings(max_examples=30, deadline=None)
def test_more_creatinine_never_means_a_higher_egfr(hundredths, years, sex):
    who = patient(gender=sex, birth=f"{2026 - years}-01-01")
    less, more = (
        facts_of(observation("creatinine", value, "mg/dL"), who=who)["egfr"].value.interval.point
        for value in (hundredths / 100, hundredths / 100 + 0.1)
    )
    assert more < less


@pytest.mark.parametrize(
    "who",
    [
        patient(gender=None),
        patient(gender="other"),
        patient(birth=None),
        patient(birth="2010-01-01"),
    ],
    ids=["sex unknown", "other", "age unknown", "aged 16"],
)
def test_egfr_is_not_worked_out_without_adult_age_and_sex(who):
    assert facts_of(observation("creatinine", 3, "mg/dL"), who=who)["egfr"].value is None


@pytest.mark.parametrize(
    ("creatinine_ago", "reported_ago", "reduced"),
    [(5, 5, False), (4, 5, True), (5, 4, False)],
    ids=["same day: reported", "newer creatinine", "newer reported"],
)
def test_the_newer_of_reported_and_computed_decides(creatinine_ago, reported_ago, reduced):
    record = [
        observation("creatinine", 3.0, "mg/dL", ago=creatinine_ago),
        observation("egfr", 90, "mL/min/{1.73_m2}", ago=reported_ago),
    ]
    assert facts_of(*record)["renal.dysfunction"].holds is reduced


def test_an_unusable_reported_egfr_leaves_the_computed_one():
    record = [
        observation("creatinine", 3.0, "mg/dL", ago=5),
        observation("egfr", 90, "mL/min", ago=1),
    ]
    assert facts_of(*record)["renal.dysfunction"].holds is True


def egfr(value):
    return observation("egfr", value, "mL/min/{1.73_m2}")


@pytest.mark.parametrize(
    ("record", "without", "holds"),
    [
        pytest.param([egfr(59)], (), True, id="eGFR 59"),
        pytest.param([egfr(60)], (), False, id="eGFR 60"),
        pytest.param([egfr(59.9)], (), True, id="eGFR 59.9"),
        pytest.param([condition("433144002")], (), True, id="CKD 3"),
        pytest.param([condition("N18.6", system=ICD_CM)], (), True, id="end-stage"),
        pytest.param([condition("N18.3", system=ICD_CM)], (), True, id="stage 3 before 2020"),
        pytest.param([condition("105502003")], (), True, id="dialysis"),
        pytest.param([condition("127013003")], (), True, id="diabetic nephropathy"),
        pytest.param(
            [condition("E11.21", system=ICD_CM)], (), True, id="diabetic nephropathy in ICD"
        ),
        pytest.param([condition("433144002"), egfr(90)], (), True, id="either"),
        pytest.param([condition("431856006"), egfr(90)], (), False, id="CKD 2"),
        pytest.param([], (), None, id="neither"),
        pytest.param([egfr(90)], ("conditions",), None, id="problem list not received"),
        pytest.param(
            [condition("433144002")], ("renal-and-potassium",), True, id="results not received"
        ),
    ],
)
def test_renal_dysfunction(record, without, holds):
    assert facts_of(*record, without=without)["renal.dysfunction"].holds is holds


DRUGS = ["Digoxin 125 microgram tablets", "Furosemide 40 mg", "Bumetanide 1 mg", "Bendroflumethiazide 2.5 mg", "Hydrochlorothiazide 25 mg", "Indapamide 2.5 mg",
         "Amiodarone 200 mg", "Sotalol 80 mg", "Flecainide 50 mg", "Dofetilide 250 mcg", "Dronedarone 400 mg"]  # fmt: skip


@pytest.mark.parametrize(
    ("code", "risk"),
    [
        ("C09BA05", True),  # ramipril and diuretics
        ("C09BX01", True),  # perindopril, amlodipine and indapamide
        ("C09DA01", True),  # losartan and diuretics
        ("C09DX01", True),  # valsartan, amlodipine and hydrochlorothiazide
        ("C09XA52", True),  # aliskiren and hydrochlorothiazide
        ("C07BB07", True),  # bisoprolol and thiazides
        ("C07DB01", True),  # atenolol, thiazides and other diuretics
        ("C08GA02", True),  # amlodipine and diuretics
        ("C02LC05", True),  # moxonidine and diuretics
        ("C03AB03", True),  # hydrochlorothiazide and potassium
        ("C09BB04", False),  # perindopril and amlodipine
        ("C09DX04", False),  # valsartan and sacubitril
        ("C09DX05", False),  # nebivolol and valsartan
        ("C09AA05", False),  # ramipril
        ("C02AC05", False),  # moxonidine
    ],
)
def test_a_thiazide_in_a_combination_makes_low_potassium_dangerous(code, risk):
    ordered = medication_request({"coding": [{"system": "http://www.whocc.no/atc", "code": code}]})
    assert facts_of(ordered)["potassium.risk"].holds is risk


@pytest.mark.parametrize("name", DRUGS)
def test_drugs_that_make_low_potassium_dangerous(name):
    assert facts_of(medication_request({"text": name}))["potassium.risk"].holds is True
    assert (
        facts_of(medication_request({"text": name}, status="stopped"))["potassium.risk"].holds
        is False
    )


@pytest.mark.parametrize(
    ("record", "without", "holds"),
    [
        pytest.param(
            [medication_request({"coding": [{"system": RXNORM, "code": "3407"}]})],
            (),
            True,
            id="digoxin by code",
        ),
        pytest.param([condition("I50.20", system=ICD_CM)], (), True, id="I50.20"),
        pytest.param([condition("I47.1", system=ICD_CM)], (), True, id="I47.1"),
        pytest.param([condition("I48.91", system=ICD_CM)], (), True, id="I48.91"),
        pytest.param([condition("I49.9", system=ICD_CM)], (), True, id="I49.9"),
        pytest.param([condition("I51.9", system=ICD_CM)], (), False, id="I51.9"),
        pytest.param([condition("42343007")], (), True, id="congestive heart failure"),
        pytest.param([medication_request({"text": "Ramipril 5 mg"})], (), False, id="another drug"),
        pytest.param([], ("medication-statements",), None, id="statements not received"),
        pytest.param([], ("conditions",), None, id="problem list not received"),
        pytest.param(
            [condition("42343007")], ("medication-requests",), True, id="one ground is enough"
        ),
    ],
)
def test_risk_from_low_potassium(record, without, holds):
    assert facts_of(*record, without=without)["potassium.risk"].holds is holds


@pytest.mark.parametrize(
    ("value", "level"),
    [(2.9, "severely-low"), (3.0, "low"), (3.4, "low"), (3.5, "normal"), (5.9, "normal")],
)
def test_potassium_levels(value, level):
    assert facts_of(observation("potassium", value, "mmol/L"))["potassium.level"].value == level


@pytest.mark.parametrize(
    ("ago", "value", "low"), [(30, 3.4, True), (31, 3.4, False), (30, 3.5, False)]
)
def test_potassium_of_the_last_30_days(ago, value, low):
    assert (
        facts_of(observation("potassium", value, "mmol/L", ago=ago))["potassium.recently_low"].holds
        is low
    )


@pytest.mark.parametrize(
    ("value", "unit", "analyte", "expected"),
    [(6.9, "nmol/L", "folate_molar", "deficient"), (7, "nmol/L", "folate_molar", "indeterminate"), (10, "nmol/L", "folate_molar", "indeterminate"),
     (10.1, "nmol/L", "folate_molar", "sufficient"), (2.9, "ug/L", "folate", "deficient"), (3, "ug/L", "folate", "indeterminate"),
     (4.4, "ng/mL", "folate", "indeterminate"), (4.5, "ng/mL", "folate", "sufficient")],
)  # fmt: skip
def test_folate_status(value, unit, analyte, expected):
    assert facts_of(observation(analyte, value, unit))["folate.status"].value == expected


@pytest.mark.parametrize(("value", "unit", "code", "expected"), [(339, "nmol/L", "14731-4", "deficient"), (340, "nmol/L", "14731-4", "sufficient"), (149, "ug/L", "2283-0", "deficient"), (150, "ug/L", "2283-0", "sufficient")])  # fmt: skip
def test_red_cell_folate_decides_only_without_serum(value, unit, code, expected):
    red_cell = observation(
        "folate", value, unit, code={"coding": [{"system": "http://loinc.org", "code": code}]}
    )
    assert facts_of(red_cell)["folate.status"].value == expected
    assert (
        facts_of(red_cell, observation("folate", 3.5, "ug/L"))["folate.status"].value
        == "indeterminate"
    )
