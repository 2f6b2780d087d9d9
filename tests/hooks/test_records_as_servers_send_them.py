"""Records in the forms that real FHIR servers send: each is read as it is meant, seen by the cards of whole calls."""

from decimal import Decimal

import pytest

from tests.support.clinic import actions, facts_of, fire, ids
from tests.support.fhir_builders import (
    DAILY,
    HYDROXOCOBALAMIN,
    IM,
    LOINC,
    ORAL,
    RXNORM,
    SNOMED,
    UCUM,
    allergy,
    bundle,
    condition,
    days_ago,
    dosage,
    draft,
    hydroxocobalamin,
    medication_request,
    observation,
    patient,
    prefetch,
)

LOW = observation("b12", 120, "ng/L")
CYANOCOBALAMIN = {"coding": [{"system": RXNORM, "code": "11248"}], "text": "Cyanocobalamin"}
FOLIC_ACID = {"coding": [{"system": RXNORM, "code": "4511"}], "text": "Folic acid"}
FOLIC_ACID_TABLETS = {"text": "Folic acid 400 microgram tablets"}


def on_opening(*record):
    return ids(fire("patient-view", prefetch(*record)))


def at_signing(order, *record):
    return ids(fire("order-sign", prefetch(*record), drafts=[order]))


def given(days):
    return {
        "resourceType": "MedicationAdministration",
        "id": f"given-{days}",
        "status": "completed",
        "subject": LOW["subject"],
        "medicationCodeableConcept": HYDROXOCOBALAMIN,
        "effectiveDateTime": days_ago(days),
    }


def quantity(value, unit, **more):
    return {"value": value, "unit": unit, **more}


def oral(dose, *, of=CYANOCOBALAMIN, every=DAILY, **repeat):
    stated = dosage(None, route=ORAL, every=every, **repeat)
    return of, {**stated, "doseAndRate": [dose]}


UNTREATED = "b12-deficiency-untreated"


@pytest.mark.parametrize(
    "timing",
    [
        pytest.param(
            {"repeat": {"boundsDuration": quantity(2, "wk", code="wk", system=UCUM)}},
            id="weeks in UCUM",
        ),
        pytest.param({"repeat": {"boundsDuration": quantity(2, "weeks")}}, id="weeks in words"),
        pytest.param(
            {"repeat": {"boundsDuration": quantity(2, "week", code="258705008", system=SNOMED)}},
            id="weeks in SNOMED CT",
        ),
        pytest.param({"repeat": {"boundsDuration": quantity(14, "Day(s)")}}, id="days in words"),
        pytest.param(
            {"repeat": {"boundsRange": {"low": quantity(2, "wk"), "high": quantity(3, "wk")}}},
            id="two to three weeks",
        ),
        pytest.param(
            {"event": [days_ago(200), days_ago(198), days_ago(196)]}, id="days listed one by one"
        ),
    ],
)
def test_treatment_of_two_weeks_half_a_year_ago_is_over(timing):
    if repeat := timing.get("repeat"):
        repeat |= {"frequency": 3, "period": 1, "periodUnit": "wk"}
    order = medication_request(
        HYDROXOCOBALAMIN, {**dosage(1, route=IM), "timing": timing}, authoredOn=days_ago(200)
    )
    assert on_opening(order, LOW) == [UNTREATED]


def test_maintenance_begins_when_the_dated_loading_phase_has_ended():
    loading = dosage(
        1, route=IM, every=(3, 1, "wk"), boundsPeriod={"start": days_ago(200), "end": days_ago(186)}
    )
    maintenance = dosage(1, route=IM, every=(1, 3, "mo"), boundsPeriod={"start": days_ago(185)})
    order = medication_request(
        HYDROXOCOBALAMIN,
        {**loading, "sequence": 1},
        {**maintenance, "sequence": 2},
        authoredOn=days_ago(200),
    )
    pernicious_anaemia = condition("84027009")
    assert "therapy-lapsed" not in on_opening(
        order, given(190), given(100), given(20), pernicious_anaemia
    )
    assert facts_of(order)["b12_therapy.interval"].value == pytest.approx(91.3, abs=0.1)


@pytest.mark.parametrize(
    "dosages",
    [
        pytest.param(
            [dosage(0.4, route=ORAL, period=1, periodUnit="d", timeOfDay=["08:00:00", "20:00:00"])],
            id="two times of day",
        ),
        pytest.param(
            [dosage(0.4, route=ORAL, period=1, periodUnit="d", when=["MORN", "EVE"])],
            id="morning and evening",
        ),
        pytest.param(
            [dosage(0.4, route=ORAL, when=["MORN", "EVE"])], id="morning and evening, no period"
        ),
        pytest.param(
            [{**dosage(0.4, route=ORAL, every=DAILY), "sequence": 1}] * 2,
            id="two instructions at the same time",
        ),
        pytest.param([dosage(0.4, route=ORAL, every=DAILY)] * 2, id="two instructions without end"),
        pytest.param([dosage(0.4, route=ORAL, when=["AC"])], id="before meals, however many"),
    ],
)
def test_folic_acid_twice_a_day_counts_twice(dosages):
    assert at_signing(draft(FOLIC_ACID, *dosages)) == ["folic-acid-b12-unknown"]


@pytest.mark.parametrize(
    "dosages",
    [
        pytest.param([dosage(0.4, route=ORAL, when=["MORN"])], id="in the morning"),
        pytest.param(
            [dosage(0.4, route=ORAL, when=["MORN"], period=1, periodUnit="d")],
            id="every day in the morning",
        ),
        pytest.param(
            [{**dosage(0.2, route=ORAL, every=DAILY), "sequence": 1}] * 2,
            id="two halves at the same time",
        ),
        pytest.param(
            [dosage(0.4, route=ORAL, every=DAILY, boundsDuration=quantity(4, "wk", code="wk"))] * 2,
            id="bounded, so one after the other",
        ),
        pytest.param(
            [
                {**dosage(0.4, route=ORAL, every=DAILY), "sequence": 1},
                {**dosage(0.4, route=ORAL, every=DAILY), "sequence": 2},
            ],
            id="one after the other",
        ),
    ],
)
def test_low_dose_folic_acid_is_no_matter(dosages):
    assert at_signing(draft(FOLIC_ACID, *dosages)) == []


@pytest.mark.parametrize(
    ("first", "second", "daily", "interval"),
    [
        pytest.param(DAILY, (1, 1, "wk"), Decimal(8000) / 7, 7 / 8, id="daily and weekly"),
        pytest.param(DAILY, None, None, 1, id="daily and unstated"),
    ],
)
def test_concurrent_instructions_are_one_phase(first, second, daily, interval):
    order = draft(
        CYANOCOBALAMIN,
        *({**dosage(1, route=ORAL, every=every), "sequence": 1} for every in (first, second)),
    )
    (found,) = facts_of(drafts=[order]).session.drafts
    assert len(found.phases) == 1
    assert found.phase.interval == (interval and pytest.approx(interval))
    assert found.phase.daily == (daily and pytest.approx(daily))


def test_two_single_doses_at_the_same_time_add_up():
    order = draft(HYDROXOCOBALAMIN, *[{**dosage(1, route=IM, count=1), "sequence": 1}] * 2)
    (found,) = facts_of(drafts=[order]).session.drafts
    assert (found.phase.dose, found.phase.interval) == (2000, float("inf"))


@pytest.mark.parametrize(
    "dose",
    [
        pytest.param(
            {"doseRange": {"low": quantity(50, "ug"), "high": quantity(100, "ug")}},
            id="50 to 100 micrograms",
        ),
        pytest.param({"doseQuantity": quantity(0.05, "milligram")}, id="milligram"),
        pytest.param(
            {"doseQuantity": quantity(0.05, "Milligram(s)", code="258684004", system=SNOMED)},
            id="Milligram(s)",
        ),
        pytest.param({"doseQuantity": quantity(50, "micrograms")}, id="micrograms"),
        pytest.param({"doseQuantity": quantity(50, "\u00b5g")}, id="micro sign"),
        pytest.param({"doseQuantity": quantity(50, "\u03bcg")}, id="Greek mu"),
    ],
)
def test_a_low_oral_dose_is_no_treatment(dose):
    assert on_opening(medication_request(*oral(dose), authoredOn=days_ago(60)), LOW) == [UNTREATED]


@pytest.mark.parametrize("unit", ["tab(s)", "tablet(s)", "tablets", "{tbl}", "TAB"])
def test_one_tablet_of_400_micrograms_is_low_dose(unit):
    assert (
        at_signing(draft(*oral({"doseQuantity": quantity(1, unit)}, of=FOLIC_ACID_TABLETS))) == []
    )


@pytest.mark.parametrize(
    ("unit", "code"),
    [pytest.param("mg", "ug", id="mass"), pytest.param("mg", "{tbl}", id="mass and tablets")],
)
def test_a_dose_whose_unit_and_code_disagree_is_unstated(unit, code):
    dose = {"doseQuantity": quantity(1, unit, code=code, system=UCUM)}
    assert at_signing(draft(*oral(dose, of=FOLIC_ACID_TABLETS))) == ["folic-acid-b12-unknown"]


@pytest.mark.parametrize("route", ["SubQ", "SQ", "Subcutaneous", "Intra-muscular", "Injection"])
def test_an_injection_by_any_name_asks_for_potassium(route):
    order = draft({"text": "Cyanocobalamin 1000 mcg/mL"}, {**dosage(1), "route": {"text": route}})
    assert "hypokalaemia-before-b12" in at_signing(order, observation("potassium", 2.7, "mmol/L"))


@pytest.mark.parametrize(
    ("code", "text", "route"),
    [
        pytest.param("1423423", "Vitamin B12", "oral", id="oral solution"),
        pytest.param("861115", "NASCOBAL", "nasal", id="nasal spray by its brand"),
        pytest.param("309595", "Vitamin B12", "oral", id="tablet"),
        pytest.param("309594", "Vitamin B12", "parenteral", id="injection"),
    ],
)
def test_a_code_tells_the_form_where_the_text_is_short(code, text, route):
    order = draft({"coding": [{"system": RXNORM, "code": code}], "text": text})
    (found,) = facts_of(drafts=[order]).session.drafts
    assert found.phase.route == route


@pytest.mark.parametrize(
    "concept",
    [
        pytest.param(
            {"coding": [{"system": RXNORM, "code": code} for code in ("11248", "4511")]},
            id="a code for each ingredient",
        ),
        pytest.param(
            {**CYANOCOBALAMIN, "text": "Vitamin B complex with B12"},
            id="B12's code, a combination's name",
        ),
        pytest.param(
            {**CYANOCOBALAMIN, "text": "Vitamin B12 / pyridoxine tablet"},
            id="B12's code, a partner in the name",
        ),
    ],
)
def test_b12_in_a_combination_is_no_treatment(concept):
    assert on_opening(medication_request(concept, authoredOn=days_ago(60)), LOW) == [UNTREATED]


@pytest.mark.parametrize(
    ("name", "agent"),
    [
        pytest.param(
            "Vitamin B12 (hydroxocobalamin) 1 mg/mL injection",
            "hydroxocobalamin",
            id="the vitamin, then the agent",
        ),
        pytest.param(
            "HYDROXOCOBALAMIN (VITAMIN B-12) 1000 MCG/ML",
            "hydroxocobalamin",
            id="the agent, then the vitamin",
        ),
        pytest.param("Methylcobalamin (B12) 1000 mcg", "mecobalamin", id="mecobalamin"),
        pytest.param(
            "Vitamin B12 (cyanocobalamin) 1000 mcg", "cyanocobalamin", id="cyanocobalamin"
        ),
        pytest.param(
            "Cyanocobalamin / methylcobalamin 1000 mcg",
            "cyanocobalamin",
            id="both, of which one asks for care",
        ),
        pytest.param("B12 1000 mcg injection", "cyanocobalamin", id="B12"),
        pytest.param("Inj. B-12", "cyanocobalamin", id="B-12"),
    ],
)
def test_b12_by_the_name_of_the_vitamin_and_of_the_agent(name, agent):
    order, leber = (
        draft({"text": name}, dosage(1, route=IM, every=(3, 1, "wk"))),
        condition("58610003"),
    )
    assert facts_of(drafts=[order])["draft.b12"].holds is True
    assert ("cyanocobalamin-leber" in at_signing(order, leber)) is (agent == "cyanocobalamin")


def test_a_diet_that_is_answered_with_no_is_not_vegan():
    vegan = {**LOW, "id": "diet", "code": {"coding": [{"system": SNOMED, "code": "24930006"}]}}
    del vegan["valueQuantity"]
    no = {"coding": [{"system": SNOMED, "code": "373067005"}]}
    assert facts_of(vegan)["diet.vegan"].holds is True
    assert facts_of({**vegan, "valueCodeableConcept": no})["diet.vegan"].holds is False


@pytest.mark.parametrize(("last_said", "followed"), [(False, False), (True, True)])
def test_of_answers_on_one_diet_the_newest_decides(last_said, followed):
    answers = [
        observation("b12", ago=ago, code=condition("24930006")["code"], valueBoolean=said)
        for ago, said in ((900, not last_said), (10, last_said))
    ]
    facts = facts_of(prefetched=prefetch() | {"findings": bundle(answers)})
    assert facts["diet.vegan"].holds is followed


def test_a_medication_without_a_code_is_what_it_is_made_of():
    folic_acid = {
        "itemCodeableConcept": FOLIC_ACID,
        "strength": {"numerator": quantity(5, "mg"), "denominator": quantity(1, "{tbl}")},
    }
    medication = {"resourceType": "Medication", "id": "made", "ingredient": [folic_acid]}
    order = draft(
        FOLIC_ACID,
        dosage(5, route=ORAL, every=DAILY),
        contained=[medication],
        medicationReference={"reference": "#made"},
    )
    del order["medicationCodeableConcept"]
    assert at_signing(order, LOW) == ["folic-acid-b12-deficient"]


@pytest.mark.parametrize("code", ["39579001", "735173007"])
def test_a_coded_anaphylactic_reaction_is_severe_without_a_word(code):
    reaction = {"manifestation": [{"coding": [{"system": SNOMED, "code": code}]}]}
    assert "cobalamin-anaphylaxis" in at_signing(hydroxocobalamin(), allergy(reaction=[reaction]))


OIDS = {LOINC: "1", SNOMED: "96", RXNORM: "88", "http://hl7.org/fhir/sid/icd-10-cm": "90"}


def by_oid(concept):
    return {
        "coding": [
            {**coding, "system": f"urn:oid:2.16.840.1.113883.6.{OIDS[coding['system']]}"}
            for coding in concept["coding"]
        ]
    }


def test_code_systems_may_come_as_oids():
    neuropathy = condition("386033004")
    neuropathy["code"] = by_oid(neuropathy["code"])
    low = {**LOW, "code": by_oid(LOW["code"])}
    record = {**prefetch(neuropathy), "b12-results": bundle([low])}
    assert ids(fire("patient-view", record)) == ["b12-deficiency-neuro"]
    assert at_signing(draft(by_oid(FOLIC_ACID), dosage(5, route=ORAL, every=DAILY))) == [
        "folic-acid-b12-unknown"
    ]


@pytest.mark.parametrize("code", ["D51.0", "D510"])
@pytest.mark.parametrize(
    "system", ["http://hl7.org/fhir/sid/icd-10-cm", "http://hl7.org/fhir/sid/icd-10"]
)
def test_icd_10_with_or_without_the_dot(system, code):
    assert facts_of(condition(code, system=system))["cause.lifelong"].holds is True


@pytest.mark.parametrize("code", ["O24.410", "O26.93", "Z3A.20", "O13.2"])
def test_with_a_condition_of_pregnancy_folic_acid_is_not_to_be_replaced(code):
    woman, problem = (
        patient(birth="1995-05-05"),
        condition(code, system="http://hl7.org/fhir/sid/icd-10-cm", recordedDate=days_ago(60)),
    )
    order = draft(FOLIC_ACID, dosage(5, route=ORAL, every=DAILY))

    def removed(*record):
        cards = fire("order-sign", prefetch(LOW, *record, who=woman), drafts=[order])
        assert "folic-acid-b12-deficient" in ids(cards)
        return any(action["type"] == "delete" for card in cards for action in actions(card))

    assert removed(problem) is False
    assert (
        removed() is False
    )  # at an age at which pregnancy is possible, no suggestion removes folate
    assert facts_of(problem, who=woman)["patient.pregnant"].is_unknown
    assert (
        facts_of({**problem, "recordedDate": days_ago(301)}, who=woman)["patient.pregnant"].holds
        is False
    )


@pytest.mark.parametrize("code", ["77386006", "72892002", "47200007"])
def test_a_pregnancy_is_known_by_each_of_its_codes(code):
    assert (
        facts_of(condition(code, recordedDate=days_ago(60)), who=patient(birth="1995-05-05"))[
            "patient.pregnant"
        ].holds
        is True
    )


@pytest.mark.parametrize(
    ("asked", "pregnant"),
    [pytest.param(30, False, id="later"), pytest.param(90, None, id="earlier")],
)
def test_a_later_answer_settles_whether_a_pregnancy_goes_on(asked, pregnant):
    woman = patient(birth="1995-05-05")
    problem = condition(
        "O24.410", system="http://hl7.org/fhir/sid/icd-10-cm", recordedDate=days_ago(60)
    )
    answer = {
        **LOW, "id": "asked", "code": {"coding": [{"system": LOINC, "code": "82810-3"}]}, "effectiveDateTime": days_ago(asked),
        "valueCodeableConcept": {"coding": [{"system": SNOMED, "code": "60001007"}]},
    }  # fmt: skip
    del answer["valueQuantity"]
    assert facts_of(problem, answer, who=woman)["patient.pregnant"].holds is pregnant


@pytest.mark.parametrize("kind", ["MedicationDispense", "MedicationAdministration"])
def test_a_dose_without_a_date_leaves_it_open_whether_b12_is_given(kind):
    dose = {**given(10), "resourceType": kind}
    del dose["effectiveDateTime"]
    assert facts_of(dose)["b12_therapy.active"].is_unknown
    other = {**dose, "medicationCodeableConcept": {"text": "Omeprazole 20 mg capsules"}}
    assert facts_of(other)["b12_therapy.active"].holds is False


REPORTED = {"intent": "plan", "reportedBoolean": True}


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        pytest.param(REPORTED, False, id="reported by the patient"),
        pytest.param(
            {"intent": "plan", "reportedReference": {"reference": "Patient/p1"}},
            False,
            id="reported by somebody named",
        ),
        pytest.param({"intent": "plan"}, True, id="planned"),
        pytest.param(
            {"intent": "plan", "reportedBoolean": False}, True, id="planned and not reported"
        ),
        pytest.param({"intent": "proposal", "reportedBoolean": True}, True, id="proposed"),
    ],
)
def test_a_drug_that_the_patient_reports_is_taken_as_us_core_records_it(stated, expected):
    order = {**medication_request(*oral(quantity(1, "mg"))), **stated}
    assert (UNTREATED in on_opening(LOW, order)) is expected
