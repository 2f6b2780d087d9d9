"""B12 status, anaemia, kidney and potassium: the derived facts, rule by rule."""

from decimal import Decimal

import pytest

from tests.support.clinic import facts_of
from tests.support.fhir_builders import (
    HYDROXOCOBALAMIN,
    IM,
    LOINC,
    RXNORM,
    condition,
    dosage,
    medication_request,
    observation,
    patient,
)

NEURO, PREGNANT = condition("386033004"), condition("77386006", onsetDateTime="2026-07-01")
WOMAN_OF_30 = patient(birth="1996-05-01")
THERAPY = medication_request(
    HYDROXOCOBALAMIN, dosage(1, route=IM, every=(1, 3, "mo")), authoredOn="2026-11-10"
)
B12 = {value: observation("b12", value, "pg/mL", ago=5) for value in (110, 179, 180, 350, 351, 480)}
ACTIVE = {value: observation("active_b12", value, "pmol/L", ago=5) for value in (20, 25, 70, 71)}
MMA_HIGH, MMA_NORMAL = (
    observation("mma", 900, "nmol/L", ago=5),
    observation("mma", 400, "nmol/L", ago=5),
)
EGFR_NORMAL, EGFR_LOW = (
    observation("egfr", 60, "mL/min/{1.73_m2}"),
    observation("egfr", 59, "mL/min/{1.73_m2}"),
)
CHILD = patient(birth="2014-05-01")


def status_of(*resources, **more):
    fact = facts_of(*resources, **more)["b12.status"]
    return "unknown" if fact.is_unknown else fact.value


@pytest.mark.parametrize(
    ("resources", "status"),
    [
        pytest.param([], "unknown", id="no result"),
        pytest.param([B12[110], THERAPY], "treated", id="therapy"),
        pytest.param([B12[179]], "deficient", id="179 ng/L"),
        pytest.param([B12[180]], "indeterminate", id="180 ng/L"),
        pytest.param([B12[350]], "indeterminate", id="350 ng/L"),
        pytest.param([B12[351]], "sufficient", id="351 ng/L"),
        pytest.param([observation("b12_molar", 132, "pmol/L")], "deficient", id="132 pmol/L"),
        pytest.param([observation("b12_molar", 133, "pmol/L")], "indeterminate", id="133 pmol/L"),
        pytest.param([observation("b12_molar", 259, "pmol/L")], "sufficient", id="259 pmol/L"),
        pytest.param([ACTIVE[20]], "deficient", id="active 20"),
        pytest.param([ACTIVE[25]], "indeterminate", id="active 25"),
        pytest.param([ACTIVE[70]], "indeterminate", id="active 70"),
        pytest.param([ACTIVE[71]], "sufficient", id="active 71"),
        pytest.param([B12[480], ACTIVE[20]], "deficient", id="active first on the same day"),
        pytest.param([B12[110], ACTIVE[71]], "indeterminate", id="active sufficient, total deficient on the same day"),
        pytest.param([observation("b12", 110, "pg/mL", ago=1), ACTIVE[71]], "deficient", id="the later sample decides"),
        pytest.param([B12[180], MMA_HIGH, EGFR_NORMAL], "deficient", id="middle, MMA high, eGFR 60"),
        pytest.param([B12[180], MMA_HIGH, EGFR_LOW], "indeterminate", id="middle, MMA high, eGFR 59"),
        pytest.param([B12[180], MMA_HIGH], "indeterminate", id="middle, MMA high, eGFR unknown"),
        pytest.param([B12[180], MMA_NORMAL], "unlikely", id="middle, MMA normal"),
        pytest.param([B12[180], MMA_NORMAL, EGFR_LOW], "unlikely", id="middle, MMA normal, kidneys reduced"),
        pytest.param([B12[180], MMA_NORMAL, condition("84027009")], "indeterminate", id="middle, MMA normal, pernicious anaemia"),
        pytest.param([B12[480], MMA_HIGH], "indeterminate", id="sufficient, MMA high"),
        pytest.param([B12[480], condition("26452005", status="resolved")], "indeterminate", id="total gastrectomy on the problem list"),
        pytest.param([B12[480], condition("84027009", status="resolved")], "indeterminate", id="pernicious anaemia never resolves"),
        pytest.param([B12[480], NEURO], "sufficient", id="neurological features alone, all received"),
        pytest.param([B12[480], NEURO, observation("mcv", 112, "fL")], "indeterminate", id="neurological features with macrocytosis"),
        pytest.param([B12[480], observation("mcv", 112, "fL")], "sufficient", id="macrocytosis alone"),
        pytest.param([B12[480], observation("b12", 110, "pg/mL", ago=100)], "indeterminate", id="an earlier deficient result"),
        pytest.param([B12[480], observation("b12", 110, "pg/mL", ago=181)], "sufficient", id="one outside of the window"),
        pytest.param(
            [B12[480], medication_request({"text": "Multivitamin tablets"})], "indeterminate", id="sufficient on a multivitamin"
        ),
    ],
)  # fmt: skip
def test_rules_in_adults(resources, status):
    assert status_of(*resources) == status


@pytest.mark.parametrize(
    ("resources", "status"),
    [
        pytest.param([B12[110]], "indeterminate", id="a low total"),
        pytest.param([B12[110], NEURO], "deficient", id="a low total with neurological features"),
        pytest.param(
            [B12[110], MMA_HIGH, EGFR_NORMAL], "deficient", id="a low total with high MMA"
        ),
        pytest.param(
            [observation("b12", 110, "pg/mL", ago=1), ACTIVE[20]],
            "deficient",
            id="active decides whatever follows",
        ),
        pytest.param([B12[480]], "sufficient", id="a sufficient total"),
    ],
)
def test_rules_in_pregnancy(resources, status):
    assert status_of(*resources, PREGNANT, who=WOMAN_OF_30) == status


def test_below_16_years_nothing_is_classified():
    assert status_of(B12[110], who=CHILD) == "paediatric"
    assert status_of(B12[110], who=patient(birth="2010-11-24")) == "paediatric"
    assert status_of(B12[110], who=patient(birth="2010-11-23")) == "deficient"


def test_unknown_pregnancy_therapy_or_age_does_not_hide_deficiency():
    assert (
        status_of(B12[110], without=("conditions", "pregnancy-status"), who=WOMAN_OF_30)
        == "deficient"
    )
    assert status_of(B12[110], without=("medication-requests",)) == "deficient"
    assert status_of(B12[110], who=patient(birth=None)) == "deficient"


def test_a_reassuring_result_needs_the_data_while_neurological_features_hold():
    assert status_of(B12[480], NEURO, without=("medication-requests",)) == "indeterminate"
    assert status_of(B12[480], without=("medication-requests",)) == "sufficient"


@pytest.mark.parametrize(
    ("resources", "who", "pregnant"),
    [
        pytest.param([PREGNANT], WOMAN_OF_30, True, id="recorded"),
        pytest.param([PREGNANT], patient(birth="1996-05-01", gender="male"), False, id="a man"),
        pytest.param([PREGNANT], patient(birth="1957-05-01"), False, id="aged 69"),
        pytest.param(
            [condition("77386006", onsetDateTime="2025-07-01")],
            WOMAN_OF_30,
            False,
            id="more than 300 days ago",
        ),
        pytest.param([condition("77386006")], WOMAN_OF_30, False, id="undated"),
        pytest.param(
            [condition("77386006", status="resolved", onsetDateTime="2026-07-01")],
            WOMAN_OF_30,
            False,
            id="resolved",
        ),
    ],
)
def test_pregnancy(resources, who, pregnant):
    assert facts_of(*resources, who=who)["patient.pregnant"].holds is pregnant


def test_the_newest_statement_on_pregnancy_decides():
    def answered(code, day):
        coding = {
            "coding": [
                {"system": "http://snomed.info/sct" if code.isdigit() else LOINC, "code": code}
            ]
        }
        return observation(
            "b12",
            code={"coding": [{"system": LOINC, "code": "82810-3"}]},
            effectiveDateTime=day,
            valueCodeableConcept=coding,
        )

    assert (
        facts_of(PREGNANT, answered("60001007", "2026-10-01"), who=WOMAN_OF_30)[
            "patient.pregnant"
        ].holds
        is False
    )
    assert (
        facts_of(answered("LA15173-0", "2026-10-01"), who=WOMAN_OF_30)["patient.pregnant"].holds
        is True
    )
    assert facts_of(without=("pregnancy-status",), who=WOMAN_OF_30)["patient.pregnant"].is_unknown


WHEN = {"man": patient(birth="1980-01-01", gender="male"), "woman": WOMAN_OF_30, "old woman": patient(birth="1950-01-01"),
        "unknown sex": patient(birth="1980-01-01", gender=None), "girl of 13": patient(birth="2013-05-01"), "boy of 8": patient(birth="2018-05-01", gender="male"),
        "child of 3": patient(birth="2023-05-01"), "infant of 9 months": patient(birth="2026-02-01"), "infant of 5 months": patient(birth="2026-06-01")}  # fmt: skip


@pytest.mark.parametrize(
    ("who", "hb", "anaemic"),
    [
        ("man", 129, True), ("man", 130, False), ("woman", 119, True), ("woman", 120, False), ("old woman", 119, True),
        ("unknown sex", 119, True), ("unknown sex", 125, None), ("unknown sex", 130, False), ("girl of 13", 119, True),
        ("girl of 13", 120, False), ("boy of 8", 114, True), ("boy of 8", 115, False), ("child of 3", 109, True),
        ("child of 3", 110, False), ("infant of 9 months", 104, True), ("infant of 9 months", 105, False),
        ("infant of 5 months", 80, None),
    ],
)  # fmt: skip
def test_limits_of_anaemia(who, hb, anaemic):
    assert facts_of(observation("hb", hb, "g/L"), who=WHEN[who])["anaemia"].holds is anaemic


@pytest.mark.parametrize(
    ("hb", "pregnant", "unknown"),
    [
        (104, True, True),
        (105, None, None),
        (109, None, None),
        (110, False, None),
        (119, False, None),
        (120, False, False),
    ],
)
def test_anaemia_in_known_and_unknown_pregnancy(hb, pregnant, unknown):
    result = observation("hb", hb, "g/L")
    assert facts_of(result, PREGNANT, who=WOMAN_OF_30)["anaemia"].holds is pregnant
    assert facts_of(result, without=("conditions",), who=WOMAN_OF_30)["anaemia"].holds is unknown


def test_haemoglobin_in_millimoles_is_of_the_monomer():
    molar = observation(
        "hb", 7.0, "mmol/L", code={"coding": [{"system": LOINC, "code": "59260-0"}]}
    )
    assert facts_of(molar)["hb"].value.interval.point == Decimal("112.8015")


def test_no_haemoglobin_leaves_anaemia_unknown():
    assert facts_of()["anaemia"].is_unknown


@pytest.mark.parametrize(
    ("gender", "birth", "creatinine", "rate"),
    [  # CKD-EPI 2021, by the equation's published coefficients
        ("female", "1976-11-23", 1.0, 69),
        ("male", "1966-11-23", 1.2, 69),
        ("male", "1996-11-23", 0.9, 118),
        ("female", "1946-11-23", 0.6, 91),
    ],
)
def test_egfr_from_creatinine(gender, birth, creatinine, rate):
    found = facts_of(
        observation("creatinine", creatinine, "mg/dL"), who=patient(gender=gender, birth=birth)
    )["egfr"].value
    assert abs(found.interval.point - rate) < 1


def test_egfr_is_not_computed_without_sex_or_below_18_years():
    creatinine = observation("creatinine", 1.0, "mg/dL")
    assert facts_of(creatinine, who=patient(gender=None))["egfr"].value is None
    assert facts_of(creatinine, who=patient(birth="2010-01-01"))["egfr"].value is None


def test_reported_egfr_comes_before_the_computed_one_of_the_same_day():
    same_day = [
        observation("creatinine", 3.0, "mg/dL", ago=2),
        observation("egfr", 88, "mL/min/{1.73_m2}", ago=2),
    ]
    assert facts_of(*same_day)["renal.dysfunction"].holds is False
    newer = [
        observation("creatinine", 3.0, "mg/dL", ago=1),
        observation("egfr", 88, "mL/min/{1.73_m2}", ago=2),
    ]
    assert facts_of(*newer)["renal.dysfunction"].holds is True


@pytest.mark.parametrize(
    ("resources", "without", "holds"),
    [
        pytest.param([EGFR_LOW], (), True, id="eGFR 59"),
        pytest.param([EGFR_NORMAL], (), False, id="eGFR 60"),
        pytest.param([condition("433144002")], (), True, id="CKD 3"),
        pytest.param(
            [condition("N18.4", system="http://hl7.org/fhir/sid/icd-10-cm")],
            (),
            True,
            id="CKD 4 in ICD",
        ),
        pytest.param([condition("433144002", status="resolved")], (), None, id="resolved, no eGFR"),
        pytest.param([], (), None, id="neither"),
        pytest.param([EGFR_NORMAL], ("conditions",), None, id="problem list not received"),
        pytest.param([EGFR_LOW], ("conditions",), True, id="eGFR enough"),
    ],
)
def test_renal_dysfunction(resources, without, holds):
    assert facts_of(*resources, without=without)["renal.dysfunction"].holds is holds


@pytest.mark.parametrize(
    ("resources", "without", "holds"),
    [
        pytest.param(
            [medication_request({"text": "Furosemide 40 mg tablets"})],
            (),
            True,
            id="loop diuretic by name",
        ),
        pytest.param(
            [medication_request({"coding": [{"system": RXNORM, "code": "3407"}]})],
            (),
            True,
            id="digoxin by code",
        ),
        pytest.param(
            [medication_request({"text": "Furosemide 40 mg tablets"}, status="stopped")],
            (),
            False,
            id="stopped",
        ),
        pytest.param(
            [condition("I50.9", system="http://hl7.org/fhir/sid/icd-10-cm")],
            (),
            True,
            id="heart failure",
        ),
        pytest.param(
            [condition("I49.9", system="http://hl7.org/fhir/sid/icd-10")], (), True, id="arrhythmia"
        ),
        pytest.param([], (), False, id="none"),
        pytest.param([], ("conditions",), None, id="problem list not received"),
        pytest.param([], ("medication-requests",), None, id="medications not received"),
        pytest.param(
            [medication_request(None, medicationReference={"reference": "Medication/x"})],
            (),
            None,
            id="medication not identified",
        ),
    ],
)
def test_risk_from_low_potassium(resources, without, holds):
    assert facts_of(*resources, without=without)["potassium.risk"].holds is holds


@pytest.mark.parametrize(
    ("status", "verification", "holds"),
    [
        ("active", None, True), ("recurrence", None, True), ("relapse", None, True), (None, None, True), ("resolved", None, False),
        ("inactive", None, False), ("remission", None, False), ("active", "confirmed", True), ("active", "unconfirmed", False),
        ("active", "refuted", False), ("active", "entered-in-error", False), ("active", "provisional", False),
    ],
)  # fmt: skip
def test_which_problems_count(status, verification, holds):
    more = {"verificationStatus": {"coding": [{"code": verification}]}} if verification else {}
    assert (
        facts_of(condition("386033004", status=status, **more))["neuro.involvement"].holds is holds
    )


def test_an_abated_problem_without_status_does_not_count():
    assert (
        facts_of(condition("386033004", status=None, abatementDateTime="2020-01-01"))[
            "neuro.involvement"
        ].holds
        is False
    )
