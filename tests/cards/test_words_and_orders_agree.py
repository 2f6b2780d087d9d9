"""A card's words agree with each other, with what it suggests, and with the record, from whole requests."""

import pytest

from tests.support.clinic import card_of, fire, ids, suggestions
from tests.support.fhir_builders import (
    CYANOCOBALAMIN_TABLET,
    DAILY,
    HYDROXOCOBALAMIN,
    IM,
    ORAL,
    SNOMED,
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
    patient,
    prefetch,
    procedure,
    resected_length,
    service_request,
)

LOW = observation("b12", 110, "ng/L", ago=3)
MIDDLE = observation("b12", 250, "ng/L", ago=3)
LOW_FOLATE = observation("folate", 2, "ug/L", ago=3)
NEUROPATHY = condition("386033004")
BYPASS = procedure("443906008")
PERNICIOUS = condition("84027009")
PREGNANT = condition("77386006", onsetDateTime=days_ago(60))
WOMAN = patient(birth="1994-03-02")
METHOTREXATE = medication_request({"text": "Methotrexate 2.5 mg tablets"})
QUARTERLY = dosage(1, route=IM, every=(1, 3, "mo"))
UNDER_WAY = medication_request(HYDROXOCOBALAMIN, QUARTERLY, id="old", authoredOn=days_ago(800))
STOP = {**UNDER_WAY, "status": "stopped"}
NO_HYDROXOCOBALAMIN = {
    "formulary": frozenset({"cyanocobalamin-injection", "cyanocobalamin-tablets"})
}


def dose(ago):
    return {
        "resourceType": "MedicationAdministration",
        "id": f"dose-{ago}",
        "status": "completed",
        "subject": SUBJECT,
        "medicationCodeableConcept": HYDROXOCOBALAMIN,
        "effectiveDateTime": days_ago(ago),
        "dosage": {"route": {"coding": [{"system": SNOMED, "code": IM}]}},
    }


def opened(*record, card, **more):
    """The card ``card`` on opening the chart."""
    who = more.pop("who", None)
    return card_of(fire("patient-view", prefetch(*record, who=who), **more), card)


def ordered(*record, drafts, card, who=None, **more):
    """The card ``card`` at the signing of ``drafts``."""
    return card_of(fire("order-sign", prefetch(*record, who=who), drafts=drafts, **more), card)


@pytest.mark.parametrize(
    ("record", "card"),
    [
        pytest.param([BYPASS], "bariatric-maintenance", id="after a bypass"),
        pytest.param(
            [{**procedure("307193005"), "extension": [resected_length(25)]}],
            "ileal-prophylaxis",
            id="after an ileal resection",
        ),
        pytest.param([PERNICIOUS, dose(200)], "therapy-lapsed", id="treatment lapsed"),
    ],
)
@pytest.mark.parametrize("results", [[], [MIDDLE]], ids=["B12 not known", "B12 indeterminate"])
def test_where_alternate_days_are_suggested_the_words_say_why(record, card, results):
    told = opened(*record, *results, NEUROPATHY, card=card)
    assert "hydroxocobalamin-neuro" in suggestions([told], card)[0]
    assert (
        "Neurological features are recorded: injections on alternate days come first"
        in told["detail"]
    )
    without = opened(*record, *results, card=card)
    assert (
        "alternate days" not in without["detail"]
        and "hydroxocobalamin-neuro" not in suggestions([without], card)[0]
    )


@pytest.mark.parametrize(
    ("record", "who"),
    [
        pytest.param([PREGNANT], WOMAN, id="pregnancy"),
        pytest.param([METHOTREXATE], None, id="methotrexate"),
    ],
)
def test_low_folate_never_asks_to_withhold_folate_that_is_needed(record, who):
    told = opened(LOW_FOLATE, *record, card="folate-deficiency-b12-unknown", who=who)
    assert (
        f"Keep the folate: it is needed for another reason ({'pregnancy' if who else 'methotrexate'})"
        in told["detail"]
    )
    assert (
        "no folic acid until" not in told["detail"] and "before folic acid" not in told["summary"]
    )


def test_low_folate_without_another_reason_waits_for_b12():
    told = opened(LOW_FOLATE, MIDDLE, card="folate-deficiency-b12-unknown")
    assert (
        "**no folic acid until B12 is settled or treated.**" in told["detail"]
        and "another reason" not in told["detail"]
    )
    assert suggestions([told], "folate-deficiency-b12-unknown") == [["mma"]]


def test_low_folate_and_low_total_b12_in_pregnancy_ask_for_active_b12():
    told = opened(LOW_FOLATE, LOW, PREGNANT, card="folate-deficiency-b12-unknown", who=WOMAN)
    assert suggestions([told], "folate-deficiency-b12-unknown") == [["active-b12"]]
    assert (
        "active B12 is more informative" in told["detail"] and "methylmalonic" not in told["detail"]
    )


def test_low_folate_in_pregnancy_asks_for_mma_once_active_b12_is_known():
    told = opened(
        LOW_FOLATE,
        observation("active_b12", 50, "pmol/L"),
        PREGNANT,
        card="folate-deficiency-b12-unknown",
        who=WOMAN,
    )
    assert suggestions([told], "folate-deficiency-b12-unknown") == [["mma"]]


def test_where_no_further_test_is_left_none_is_announced():
    record = [
        MIDDLE,
        observation("mma", 900, "nmol/L"),
        observation("egfr", 45, "mL/min/{1.73_m2}"),
    ]
    told = opened(*record, card="b12-indeterminate")
    assert "suggestions" not in told and "test" not in told["summary"]


@pytest.mark.parametrize(
    ("record", "sentence"),
    [
        pytest.param(
            [
                observation("b12", 450, "ng/L"),
                condition(
                    "F18.10", system="http://hl7.org/fhir/sid/icd-10-cm", recordedDate=days_ago(20)
                ),
            ],
            "Nitrous oxide is recorded",
            id="nitrous oxide",
        ),
        pytest.param(
            [observation("b12", 450, "ng/L"), observation("active_b12", 20, "pmol/L", ago=30)],
            "Another B12 result of the last 180 days was in the deficient range",
            id="an earlier low result",
        ),
    ],
)
@pytest.mark.parametrize(
    "problems", [[], [NEUROPATHY]], ids=["no features", "neurological features"]
)
def test_a_doubted_result_says_what_speaks_against_it(record, sentence, problems):
    with_features = "nitrous-oxide-neuro" if "Nitrous" in sentence else "b12-indeterminate-neuro"
    told = opened(*record, *problems, card=with_features if problems else "b12-indeterminate")
    assert sentence in told["detail"]


def test_diabetic_nephropathy_with_a_normal_egfr_is_not_called_reduced_kidney_function():
    nephropathy = condition("E11.21", system="http://hl7.org/fhir/sid/icd-10-cm")
    record = [nephropathy, observation("egfr", 95, "mL/min/{1.73_m2}")]
    told = ordered(
        *record,
        drafts=[draft(CYANOCOBALAMIN_TABLET, dosage(1, route=ORAL, every=DAILY))],
        card="cyanocobalamin-renal",
    )
    assert told["summary"] == "Renal dysfunction on record: cyanocobalamin is not the first choice"


def test_low_on_treatment_is_not_told_to_start_treatment():
    taken = medication_request(
        {"text": "Cyanocobalamin 1 mg tablets"},
        dosage(1, route=ORAL, every=DAILY),
        authoredOn=days_ago(100),
    )
    told = ordered(LOW, taken, drafts=[folic_acid()], card="folic-acid-b12-deficient")
    assert (
        "Start B12" not in told["detail"]
        and "B12 is low although treatment is under way" in told["detail"]
    )
    needed = ordered(LOW, taken, METHOTREXATE, drafts=[folic_acid()], card="folic-acid-add-b12")
    assert (
        "add B12" not in needed["detail"]
        and "B12 is low although treatment is under way" in needed["detail"]
    )


def test_a_severe_allergy_is_not_told_to_add_b12():
    severe = allergy(criticality="high")
    told = ordered(LOW, severe, METHOTREXATE, drafts=[folic_acid()], card="folic-acid-add-b12")
    assert "none is suggested" in told["detail"] and "add B12" not in told["detail"]


@pytest.mark.parametrize(
    ("record", "card"),
    [([NEUROPATHY], "folic-acid-b12-deficient"), ([], "folic-acid-b12-unknown")],
    ids=["critical", "warning"],
)
def test_folic_acid_beside_a_stop_of_b12_says_that_b12_is_stopped(record, card):
    assert (
        "This session stops the B12 treatment"
        in ordered(*record, UNDER_WAY, drafts=[STOP, folic_acid()], card=card)["detail"]
    )


def test_a_stop_after_a_bypass_names_the_cause():
    told = ordered(BYPASS, UNDER_WAY, drafts=[STOP], card="b12-stop-lifelong")
    assert "Cause on record: bariatric surgery" in told["detail"]


def test_an_overdue_dose_is_told_with_the_day_of_the_last_one():
    told = opened(PERNICIOUS, UNDER_WAY, dose(400), dose(300), card="therapy-lapsed")
    assert "the last dose recorded (27 Jan 2026) is older" in told["detail"]


def test_an_older_deficiency_is_told_with_value_unit_and_date():
    told = opened(observation("b12_molar", 90, "pmol/L", ago=700), card="b12-past-deficiency")
    assert "| Newest B12 result of any age | 90 pmol/L | 23 Dec 2024 |" in told["detail"]


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        pytest.param(
            [condition("83414005")],
            "Macrocytic or megaloblastic anaemia is on the problem list.",
            id="macrocytic anaemia",
        ),
        pytest.param(
            [NEUROPATHY, condition("300928006")],
            "A vegan or vegetarian diet is recorded.",
            id="vegan",
        ),
        pytest.param(
            [
                NEUROPATHY,
                medication_request({"text": "Omeprazole 20 mg capsules"}, authoredOn=days_ago(500)),
            ],
            "A proton-pump inhibitor or H2 blocker for 1 year or longer can lower B12.",
            id="omeprazole",
        ),
        pytest.param(
            [NEUROPATHY, {**procedure("307193005"), "extension": [resected_length(10)]}],
            "Surgery or disease that impairs the absorption of B12 is recorded.",
            id="a short ileal resection",
        ),
    ],
)
def test_a_test_that_is_indicated_says_why(record, reason):
    assert (
        reason
        in opened(
            *record, card="b12-test-indicated", who=patient(gender="male", birth="1980-01-01")
        )["detail"]
    )


@pytest.mark.parametrize(
    ("record", "card"),
    [
        ([LOW], "b12-deficiency-untreated"),
        ([LOW, NEUROPATHY], "b12-deficiency-neuro"),
        ([LOW, LOW_FOLATE], "b12-folate-deficiency"),
    ],
)
def test_folate_that_is_taken_without_b12_is_told(record, card):
    taken = medication_request({"text": "Folic acid 5 mg tablets"})
    assert "A folate is on the medication list" in opened(*record, taken, card=card)["detail"]
    assert "A folate is on the medication list" not in opened(*record, card=card)["detail"]


KEEP = "keep the folate"
NO_DRUG_IS_TOLD = medication_request(
    {"coding": [{"system": "http://hl7.org/fhir/sid/ndc", "code": "0000-0000"}]}
)


@pytest.mark.parametrize(
    ("needs", "who"),
    [
        pytest.param([METHOTREXATE], None, id="methotrexate"),
        pytest.param([PREGNANT], WOMAN, id="pregnancy"),
        pytest.param([], WOMAN, id="pregnancy is possible"),
        pytest.param([NO_DRUG_IS_TOLD], None, id="not known"),
    ],
)
@pytest.mark.parametrize(
    ("record", "card"),
    [([], "b12-deficiency-untreated"), ([NEUROPATHY], "b12-deficiency-neuro")],
)
def test_a_folate_that_is_taken_and_may_be_needed_is_told_to_be_kept(needs, who, record, card):
    low = observation("active_b12", 20, "pmol/L", ago=3)
    taken = medication_request({"text": "Folic acid 5 mg tablets"})
    told = opened(low, *record, *needs, taken, card=card, who=who)["detail"]
    assert "A folate is on the medication list" in told and KEEP in told.lower()


@pytest.mark.parametrize(
    ("record", "card"),
    [
        ([LOW], "folic-acid-b12-deficient"),
        ([], "folic-acid-b12-unknown"),
        ([service_request("b12")], "folic-acid-await-b12"),
    ],
)
def test_a_drafted_folate_is_kept_where_it_may_be_needed_with_a_drug_that_cannot_be_told(
    record, card
):
    known, unknown = (
        ordered(*record, *more, drafts=[folic_acid()], card=card)["detail"]
        for more in ([], [NO_DRUG_IS_TOLD])
    )
    assert KEEP not in known
    assert f"In pregnancy and with methotrexate or pemetrexed {KEEP}." in unknown


@pytest.mark.parametrize(
    ("record", "card"),
    [
        ([LOW], "b12-deficiency-untreated"),
        ([LOW, NEUROPATHY], "b12-deficiency-neuro"),
        ([PERNICIOUS], "b12-cause-untreated"),
    ],
)
def test_another_agent_than_the_words_name_is_explained(record, card):
    assert (
        "is not on this site's formulary"
        in opened(*record, card=card, settings=NO_HYDROXOCOBALAMIN)["detail"]
    )
    assert "formulary" not in opened(*record, card=card)["detail"]


def test_a_haemolysed_potassium_is_marked():
    haemolysed = observation("potassium", 2.8, "mmol/L", note=[{"text": "Sample haemolysed"}])
    told = ordered(haemolysed, drafts=[hydroxocobalamin()], card="hypokalaemia-before-b12")
    assert "| Potassium | 2.8 mmol/L (haemolysed) | 22 Nov 2026 |" in told["detail"]


def test_what_rests_on_one_missing_result_is_not_known_once():
    told = ordered(drafts=[hydroxocobalamin()], card="potassium-monitoring")
    assert told["detail"].endswith("Not known: vitamin B12 status from the results, anaemia.")


def test_loading_on_mondays_wednesdays_and_fridays_is_no_alternate_day_regimen():
    weekdays = dosage(1, route=IM, every=DAILY, dayOfWeek=["mon", "wed", "fri"])
    found = fire(
        "order-sign", prefetch(LOW, NEUROPATHY), drafts=[draft(HYDROXOCOBALAMIN, weekdays)]
    )
    assert "b12-neuro-regimen" in ids(found)
