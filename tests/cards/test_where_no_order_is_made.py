"""What cards say and order for a child, and beside a severe allergy to a cobalamin, where no cobalamin is ordered."""

import pytest

from tests.support.clinic import card_of, fire, ids, suggestions
from tests.support.fhir_builders import (
    DAILY,
    HYDROXOCOBALAMIN,
    IM,
    RXNORM,
    allergy,
    condition,
    days_ago,
    dosage,
    folic_acid,
    hydroxocobalamin,
    medication_request,
    observation,
    patient,
    prefetch,
    service_request,
)

CHILD = patient(birth="2016-03-02")
SEVERE = allergy(criticality="high")
LOW = observation("b12", 110, "ng/L", ago=3)
MIDDLE = observation("b12", 250, "ng/L", ago=3)
LOW_FOLATE = observation("folate", 2, "ug/L", ago=3)
HIGH_MMA = observation("mma", 600, "nmol/L", ago=3)
NEUROPATHY = condition("386033004")
PERNICIOUS = condition("84027009")
UNDER_WAY = medication_request(
    HYDROXOCOBALAMIN, dosage(1, route=IM, every=DAILY), id="old", authoredOn=days_ago(200)
)
QUARTERLY = medication_request(
    HYDROXOCOBALAMIN, dosage(1, route=IM, every=(1, 3, "mo")), authoredOn=days_ago(300)
)
BEFORE = condition("386033004", onsetDateTime=days_ago(400))
ICD_10_CM = "http://hl7.org/fhir/sid/icd-10-cm"
PREGNANT = condition("77386006", onsetDateTime=days_ago(60))
WARFARIN = medication_request({"coding": [{"system": RXNORM, "code": "11289"}]})


def signed(*record, drafts, who=None):
    return fire("order-sign", prefetch(*record, who=who), drafts=drafts)


def opened(*record):
    who = patient(birth="1994-03-02") if PREGNANT in record else None
    return fire("patient-view", prefetch(*record, who=who))


def test_a_child_with_anaemia_is_watched_for_potassium_without_orders():
    record = [observation("hb", 90, "g/L", ago=2), observation("potassium", 4, "mmol/L")]
    cards = signed(*record, drafts=[hydroxocobalamin()], who=CHILD)
    assert ids(cards) == ["potassium-monitoring", "b12-paediatric"]
    assert all("suggestions" not in card for card in cards)


@pytest.mark.parametrize(
    ("potassium", "card"), [(2.8, "hypokalaemia-before-b12"), (3.2, "low-potassium-before-b12")]
)
def test_a_childs_potassium_tests_are_told_as_ordered_once_they_are(potassium, card):
    low = observation("potassium", potassium, "mmol/L")
    cards = signed(low, drafts=[hydroxocobalamin()], who=CHILD)
    assert "already ordered" not in card_of(cards, card)["detail"]
    requested = [
        service_request("potassium", occurrenceDateTime=f"2026-11-{day}T12:00:00Z")
        for day in (23, 24, 25)
    ]
    cards = signed(low, *requested, drafts=[hydroxocobalamin()], who=CHILD)
    assert "already ordered" in card_of(cards, card)["detail"]


@pytest.mark.parametrize(
    ("record", "card", "tests"),
    [
        pytest.param([PERNICIOUS], "b12-cause-untreated", ["serum-b12", "serum-folate"], id="a cause on record"),
        pytest.param([PERNICIOUS, MIDDLE], "b12-cause-untreated", ["mma"], id="a cause, B12 indeterminate"),
        pytest.param([PERNICIOUS, {**UNDER_WAY, "status": "stopped"}], "therapy-lapsed", ["serum-b12", "serum-folate"], id="treatment lapsed"),
    ],
)  # fmt: skip
def test_with_a_severe_allergy_the_tests_stay_on_opening(record, card, tests):
    assert suggestions(opened(*record, SEVERE), card) == [tests]


def test_with_a_severe_allergy_the_tests_stay_beside_folic_acid():
    cards = signed(NEUROPATHY, SEVERE, drafts=[folic_acid()])
    assert suggestions(cards, "folic-acid-b12-deficient") == [["serum-b12", "serum-folate"]]
    low_dose = folic_acid(0.4)
    cards = signed(NEUROPATHY, SEVERE, drafts=[low_dose])
    assert suggestions(cards, "folic-acid-add-b12") == [["serum-b12", "serum-folate"]]


ADVICE = (
    "b12 first", "treat b12", "treat, or", "treatment need not wait", "both vitamins", "cannot wait",
    "do not delay", "oral route", "subcutaneous", "untreated for it", "advised for life", "monthly is an option",
)  # fmt: skip


@pytest.mark.parametrize(
    ("record", "drafts", "card"),
    [
        pytest.param([LOW, LOW_FOLATE], [], "b12-folate-deficiency", id="both low"),
        pytest.param([MIDDLE, HIGH_MMA], [], "b12-indeterminate", id="indeterminate, MMA high"),
        pytest.param([MIDDLE], [], "b12-indeterminate", id="indeterminate"),
        pytest.param([LOW_FOLATE, MIDDLE, HIGH_MMA], [], "folate-deficiency-b12-unknown", id="folate low"),
        pytest.param([observation("mcv", 110, "fL")], [], "b12-test-indicated", id="large red cells"),
        pytest.param([QUARTERLY, BEFORE], [], "maintenance-interval", id="neurological features persist"),
        pytest.param([condition("Z98.84", system=ICD_10_CM), PREGNANT], [], "bariatric-pregnancy", id="pregnant after surgery"),
        pytest.param([], [folic_acid()], "folic-acid-b12-unknown", id="folic acid"),
        pytest.param([service_request("b12", ago=2)], [folic_acid()], "folic-acid-await-b12", id="folic acid, B12 awaited"),
        pytest.param([observation("potassium", 2.8, "mmol/L")], [hydroxocobalamin()], "hypokalaemia-before-b12", id="hypokalaemia"),
        pytest.param([observation("potassium", 3.2, "mmol/L")], [hydroxocobalamin()], "low-potassium-before-b12", id="low potassium"),
        pytest.param([LOW, WARFARIN], [hydroxocobalamin()], "b12-bleeding-risk", id="bleeding risk"),
    ],
)  # fmt: skip
def test_no_words_advise_b12_where_none_may_be_given(record, drafts, card):
    def advised(*more, who=None):
        record_now = [*record, *more]
        cards = signed(*record_now, drafts=drafts, who=who) if drafts else opened(*record_now)
        shown = card_of(cards, card)
        return [
            words for words in ADVICE if words in f"{shown['summary']} {shown['detail']}".lower()
        ]

    assert advised()
    assert not advised(SEVERE)
    if drafts:
        assert not advised(who=CHILD)


def test_a_session_that_stops_b12_is_not_told_to_keep_it_beside_a_severe_allergy():
    stop = {**UNDER_WAY, "status": "stopped"}
    record = [LOW, UNDER_WAY]
    kept = card_of(signed(*record, drafts=[folic_acid(), stop]), "folic-acid-b12-deficient")
    assert "keep it, or replace it" in kept["detail"]
    cards = signed(*record, SEVERE, drafts=[folic_acid(), stop])
    assert "keep it" not in card_of(cards, "folic-acid-b12-deficient")["detail"]


def test_beside_a_severe_allergy_no_suggestion_takes_the_place_of_a_later_order():
    later = medication_request(
        HYDROXOCOBALAMIN,
        dosage(1, route=IM, every=(1, 3, "mo"), boundsPeriod={"start": days_ago(-30)}),
    )
    usual = card_of(opened(LOW, later), "b12-deficiency-untreated")
    assert "The suggestion replaces that order" in usual["detail"]
    allergic = card_of(opened(LOW, later, SEVERE), "b12-deficiency-untreated")
    assert "B12 is ordered, to begin on 23 Dec 2026: review those orders" in allergic["detail"]
