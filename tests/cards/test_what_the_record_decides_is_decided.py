"""What a card says fits the record: it leaves nothing open that the record decides, and names what the record leaves open."""

import pytest

from tests.support.clinic import actions, card_of, cards_for
from tests.support.fhir_builders import (
    condition,
    days_ago,
    folic_acid,
    hydroxocobalamin,
    medication_request,
    observation,
    patient,
    procedure,
)

LOW = observation("b12", 110, "ng/L", ago=3)
MIDDLE = observation("b12", 250, "ng/L", ago=3)
HIGH = observation("b12", 480, "ng/L", ago=3)
LOW_FOLATE = observation("folate", 2, "ug/L", ago=3)
HIGH_MMA = observation("mma", 600, "nmol/L", ago=3)
NORMAL_MMA = observation("mma", 200, "nmol/L", ago=3)
HOMOCYSTEINE = observation("homocysteine", 9, "umol/L", ago=3)
HIGH_HOMOCYSTEINE = observation("homocysteine", 22, "umol/L", ago=3)
NEUROPATHY = condition("386033004")
PERNICIOUS = condition("84027009")
GASTRECTOMY = procedure("26452005")
LEBER = condition("58610003")
NITROUS_OXIDE = condition("73891003", recordedDate=days_ago(30))
METHOTREXATE = medication_request({"text": "Methotrexate 2.5 mg tablets"})
SEVERE_ANAEMIA = observation("hb", 60, "g/L", ago=1)
VERY_LOW_POTASSIUM = observation("potassium", 2.8, "mmol/L", ago=1)
LOW_POTASSIUM = observation("potassium", 3.2, "mmol/L", ago=1)
GOOD_KIDNEYS = observation("egfr", 85, "mL/min/{1.73_m2}")
POOR_KIDNEYS = observation("egfr", 40, "mL/min/{1.73_m2}")
ONLY_CYANOCOBALAMIN = {"formulary": frozenset({"cyanocobalamin-injection"})}


def shown(*record, card, **more):
    """The card ``card`` on opening the chart, or at the signing of drafts."""
    return card_of(cards_for(*record, **more), card)


STARTING = [
    pytest.param([LOW], None, "b12-deficiency-untreated", id="deficient"),
    pytest.param([LOW, LOW_FOLATE], None, "b12-folate-deficiency", id="folate low too"),
    pytest.param([PERNICIOUS], None, "b12-cause-untreated", id="pernicious anaemia"),
    pytest.param([LOW], [folic_acid()], "folic-acid-b12-deficient", id="folic acid"),
    pytest.param([LOW], [folic_acid(0.4)], "folic-acid-add-b12", id="little folic acid"),
]
CANNOT_WAIT = [
    pytest.param([LOW, NEUROPATHY], None, "b12-deficiency-neuro", id="neurological features"),
    pytest.param([HIGH, NITROUS_OXIDE, NEUROPATHY], None, "nitrous-oxide-neuro", id="nitrous oxide"),
    pytest.param([LOW, SEVERE_ANAEMIA], None, "b12-deficiency-untreated", id="severe anaemia"),
    pytest.param([LOW, NEUROPATHY], [folic_acid()], "folic-acid-b12-deficient", id="folic acid"),
]  # fmt: skip


@pytest.mark.parametrize(("record", "drafts", "card"), STARTING)
def test_a_very_low_potassium_is_corrected_before_the_injections_that_are_suggested(
    record, drafts, card
):
    words = shown(*record, VERY_LOW_POTASSIUM, card=card, drafts=drafts)["detail"]
    assert (
        "**Potassium 2.8 mmol/L (22 Nov 2026): correct it first, then start B12 with close "
        "monitoring.** Where B12 cannot wait (neurological damage, severe anaemia), treat both "
        "under monitoring." in words
    )
    assert "Potassium was low" not in words


@pytest.mark.parametrize(("record", "drafts", "card"), CANNOT_WAIT)
def test_a_very_low_potassium_does_not_delay_b12_that_cannot_wait(record, drafts, card):
    words = shown(*record, VERY_LOW_POTASSIUM, card=card, drafts=drafts)["detail"]
    assert (
        "**Potassium 2.8 mmol/L (22 Nov 2026): B12 cannot wait, so treat both under monitoring.**"
        in words
    )
    assert "correct it first" not in words


@pytest.mark.parametrize(("record", "drafts", "card"), STARTING + CANNOT_WAIT)
def test_a_potassium_that_is_low_but_not_very_low_is_only_named(record, drafts, card):
    words = shown(*record, LOW_POTASSIUM, card=card, drafts=drafts)["detail"]
    assert "Potassium was low in the last 30 days: 3.2 mmol/L" in words
    assert "**Potassium" not in words


def test_where_no_injection_fits_a_very_low_potassium_is_still_to_be_corrected():
    words = shown(
        LOW, LEBER, VERY_LOW_POTASSIUM, card="b12-deficiency-untreated", **ONLY_CYANOCOBALAMIN
    )["detail"]
    assert "**Potassium 2.8 mmol/L (22 Nov 2026): correct it.**" in words
    assert "start B12" not in words


ON_MMA = [
    pytest.param([MIDDLE], None, "b12-indeterminate", id="indeterminate"),
    pytest.param([MIDDLE, NEUROPATHY], None, "b12-indeterminate-neuro", id="neurological features"),
    pytest.param([MIDDLE, LOW_FOLATE], None, "folate-deficiency-b12-unknown", id="folate low"),
    pytest.param([MIDDLE, PERNICIOUS], None, "b12-cause-untreated", id="pernicious anaemia"),
    pytest.param([MIDDLE, NITROUS_OXIDE, NEUROPATHY], None, "nitrous-oxide-neuro", id="nitrous oxide"),
    pytest.param([MIDDLE], [folic_acid()], "folic-acid-b12-unknown", id="folic acid"),
    pytest.param([MIDDLE, PERNICIOUS], [folic_acid()], "folic-acid-b12-deficient", id="diagnosed, folic acid"),
    pytest.param([MIDDLE, PERNICIOUS, METHOTREXATE], [folic_acid()], "folic-acid-add-b12", id="methotrexate"),
]  # fmt: skip


@pytest.mark.parametrize(("record", "drafts", "card"), ON_MMA)
def test_a_high_methylmalonic_acid_without_an_egfr_names_the_kidney(record, drafts, card):
    words = shown(*record, HIGH_MMA, card=card, drafts=drafts)["detail"]
    assert "reduced function raises it too" in words
    assert "renal dysfunction" in words.rpartition("Not known: ")[2]
    other = shown(*record, HIGH_MMA, POOR_KIDNEYS, card=card, drafts=drafts)["detail"]
    assert "renal dysfunction" not in other and "function is not known" not in other


@pytest.mark.parametrize(
    ("record", "card"),
    [([HIGH], "b12-indeterminate"), ([HIGH, NEUROPATHY], "b12-indeterminate-neuro")],
)
def test_with_normal_kidneys_no_other_reason_for_a_high_methylmalonic_acid_is_given(record, card):
    raised = "Renal dysfunction is recorded, which can raise it too."
    assert raised in shown(*record, HIGH_MMA, POOR_KIDNEYS, card=card)["detail"]
    words = shown(*record, HIGH_MMA, GOOD_KIDNEYS, card=card)["detail"]
    assert raised not in words and "raises it too" not in words
    nephropathy = condition("E11.21", system="http://hl7.org/fhir/sid/icd-10-cm")
    assert raised not in shown(*record, HIGH_MMA, GOOD_KIDNEYS, nephropathy, card=card)["detail"]


@pytest.mark.parametrize(
    ("record", "drafts", "summary"),
    [
        pytest.param([LOW], [folic_acid()], "B12 deficiency is known: do not give folic acid alone", id="deficient"),
        pytest.param([NEUROPATHY], [folic_acid()], "B12 deficiency is possible: do not give folic acid alone", id="features alone"),
        pytest.param([MIDDLE, HIGH_MMA, PERNICIOUS], [folic_acid()], "B12 deficiency is likely: do not give folic acid alone", id="high MMA"),
        pytest.param([LOW], [folic_acid(0.4)], "Keep the folate, and attend to B12 too: deficiency is known", id="deficient, a low dose"),
        pytest.param([NEUROPATHY], [folic_acid(0.4)], "Keep the folate, and attend to B12 too: deficiency is possible", id="features alone, a low dose"),
        pytest.param([MIDDLE], None, "B12 is indeterminate: deficiency is possible", id="indeterminate"),
        pytest.param([MIDDLE, HIGH_MMA], None, "B12 is indeterminate: deficiency is likely", id="indeterminate, high MMA"),
        pytest.param([MIDDLE, NEUROPATHY], None, "Indeterminate B12 with neurological features: deficiency is possible", id="indeterminate, features"),
        pytest.param([MIDDLE, HIGH_MMA, NEUROPATHY], None, "Indeterminate B12 with neurological features: deficiency is likely", id="indeterminate, features, high MMA"),
        pytest.param([GASTRECTOMY], None, "A lifelong cause of B12 deficiency is on record, with no B12 treatment known", id="gastrectomy"),
        pytest.param([condition("234360003")], None, "A diagnosis of B12 deficiency is on record, with no B12 treatment known", id="diagnosis"),
    ],
)  # fmt: skip
def test_the_summary_says_how_likely_deficiency_is_and_what_is_on_record(record, drafts, summary):
    cards = cards_for(*record, drafts=drafts)
    assert cards[0]["summary"] == summary


@pytest.mark.parametrize(
    ("dose", "card"), [(5, "folic-acid-b12-deficient"), (0.4, "folic-acid-add-b12")]
)
def test_where_no_injection_fits_the_cards_on_folic_acid_send_to_the_pharmacy(dose, card):
    pharmacy = "ask the pharmacy for hydroxocobalamin"
    drafts = [folic_acid(dose)]
    unfit = shown(LOW, LEBER, card=card, drafts=drafts, **ONLY_CYANOCOBALAMIN)
    assert pharmacy in unfit["detail"]
    assert pharmacy not in shown(LOW, LEBER, card=card, drafts=drafts)["detail"]


def test_normal_methylmalonic_acid_leaves_folic_acid_to_the_clinician():
    words = shown(LOW_FOLATE, HIGH, NITROUS_OXIDE, NORMAL_MMA, card="folate-deficiency-b12-unknown")
    assert "Whether folic acid is given is for the clinician to decide." in words["detail"]
    assert "no folic acid until" not in words["detail"]
    assert "results are awaited" not in words["detail"]


def test_normal_tests_since_the_exposure_are_named_beside_neurological_features():
    record = [NITROUS_OXIDE, NEUROPATHY, HIGH, NORMAL_MMA]
    told = shown(*record, HOMOCYSTEINE, card="b12-indeterminate-neuro")
    assert (
        "Methylmalonic acid and homocysteine, both drawn since the exposure, are normal."
        in told["detail"]
    )
    assert "clarify" not in told["summary"]


def test_treatment_after_nitrous_oxide_waits_for_no_result_that_is_there():
    record = [NITROUS_OXIDE, NEUROPATHY, HIGH, NORMAL_MMA]
    card = "nitrous-oxide-neuro"
    awaited = shown(*record, card=card)["detail"]
    assert "**Begin treatment before results are back**" in awaited
    resulted = shown(*record, HIGH_HOMOCYSTEINE, card=card)["detail"]
    assert "**Begin treatment now.**" in resulted and "results are back" not in resulted


@pytest.mark.parametrize(
    ("record", "drafts", "card"),
    [
        ([observation("b12", 110, "ng/L", ago=181)], [folic_acid()], "folic-acid-b12-unknown"),
        ([PERNICIOUS, observation("b12", 480, "ng/L", ago=181)], None, "b12-cause-untreated"),
    ],
)
def test_an_older_result_is_not_denied(record, drafts, card):
    words = shown(*record, card=card, drafts=drafts)["detail"]
    assert "No usable B12 result of the last 180 days is known." in words


def test_a_lifelong_cause_on_record_is_not_looked_for():
    usual = shown(LOW, card="b12-deficiency-untreated")["detail"]
    assert "for life where the cause cannot be removed" in usual and "Look for the cause." in usual
    words = shown(LOW, PERNICIOUS, card="b12-deficiency-untreated")["detail"]
    assert "every 2 to 3 months; for life." in words
    assert "A cause that is treated for life is on record." in words
    assert "cannot be removed" not in words and "Look for the cause" not in words


def test_methotrexate_on_record_is_named_as_a_possible_cause_of_low_folate():
    words = shown(LOW_FOLATE, HIGH, METHOTREXATE, card="folate-deficiency")["detail"]
    assert "Methotrexate, which is recorded, can be the cause." in words
    assert words.count("ethotrexate,") == 1
    usual = shown(LOW_FOLATE, HIGH, card="folate-deficiency")["detail"]
    assert "coeliac disease, methotrexate, trimethoprim" in usual


@pytest.mark.parametrize(
    ("birth", "hb", "says"),
    [
        ("1960-03-02", 150, ["the patient is 65 years or older"]),
        ("1990-03-02", 100, ["Anaemia beside it is a reason to test."]),
        ("1960-03-02", 60, ["the patient is 65 years or older"]),
    ],
    ids=["age", "anaemia", "severe anaemia, which is named first"],
)
def test_a_test_beside_neurological_features_says_its_reason(birth, hb, says):
    words = shown(
        NEUROPATHY, observation("hb", hb, "g/L"), card="b12-test-indicated",
        who=patient(birth=birth, gender="male"),
    )["detail"]  # fmt: skip
    every = ["the patient is 65 years or older", "Anaemia beside it is a reason to test."]
    assert [words_of for words_of in every if words_of in words] == says


@pytest.mark.parametrize(
    ("drafts", "card", "note"),
    [
        ([folic_acid()], "folic-acid-b12-unknown", "Draw the sample before the first dose of folic acid."),
        ([hydroxocobalamin()], "b12-sample-first", "Draw the sample before the first dose of B12."),
    ],
)  # fmt: skip
def test_a_sample_before_the_first_dose_says_so_in_its_order(drafts, card, note):
    told = actions(shown(card=card, drafts=drafts))
    assert told and [order["resource"]["note"] for order in told] == [[{"text": note}]] * len(told)


@pytest.mark.parametrize(
    ("dose", "card"), [(5, "folic-acid-b12-deficient"), (0.4, "folic-acid-add-b12")]
)
@pytest.mark.parametrize("results", [[LOW], []], ids=["deficient", "B12 not known"])
def test_no_card_on_folic_acid_waits_for_results_to_treat_neurological_features(
    dose, card, results
):
    words = shown(*results, NEUROPATHY, card=card, drafts=[folic_acid(dose)])["detail"]
    assert "wait for results" not in words
    assert "do not wait to treat" in words.lower() or "treat now" in words
