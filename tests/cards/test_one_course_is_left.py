"""Where a session holds several cobalamins, or one beside a course under way, accepting a suggestion leaves the one that fits, and the label says what is removed."""

import pytest

from tests.support.clinic import card_of, fire, ids, suggestions
from tests.support.fhir_builders import (
    CYANOCOBALAMIN_INJECTION,
    CYANOCOBALAMIN_TABLET,
    DAILY,
    HYDROXOCOBALAMIN,
    IM,
    ORAL,
    allergy,
    condition,
    dosage,
    draft,
    hydroxocobalamin,
    medication_request,
    observation,
    patient,
    prefetch,
    procedure,
)

LOW = observation("b12", 110, "ng/L", ago=3)
SUFFICIENT = observation("b12", 480, "ng/L", ago=3)
NEUROPATHY, LEBER = condition("386033004"), condition("58610003")
KIDNEYS = observation("egfr", 40, "mL/min/{1.73_m2}")
PEMETREXED = medication_request({"text": "Pemetrexed 500 mg infusion"})
NO_RISK = (observation("hb", 140, "g/L"), observation("potassium", 4.1, "mmol/L"))
TABLET = draft(CYANOCOBALAMIN_TABLET, dosage(1, route=ORAL, every=DAILY), id="tablet")
LOADING = hydroxocobalamin(id="loading")
RARE = draft(HYDROXOCOBALAMIN, dosage(1, route=IM, every=(1, 3, "mo")), id="rare")
ALTERNATE_DAYS = draft(HYDROXOCOBALAMIN, dosage(1, route=IM, every=(1, 2, "d")), id="alternate")
TABLETS_UNDER_WAY = medication_request(
    CYANOCOBALAMIN_TABLET, dosage(1, route=ORAL, every=DAILY), authoredOn="2026-09-20", id="course"
)
START, NEURO = "hydroxocobalamin-loading-then-maintenance", "hydroxocobalamin-neuro"
NO_TABLET, NO_RARE = "-MedicationRequest/tablet", "-MedicationRequest/rare"
UNFIT = pytest.mark.parametrize(
    ("unfit", "card"),
    [(LEBER, "cyanocobalamin-leber"), (KIDNEYS, "cyanocobalamin-renal")],
    ids=["Leber's", "kidneys"],
)


def ordering(*record, drafts, hook="order-sign", **more):
    return fire(hook, prefetch(*record, *NO_RISK, who=more.pop("who", None)), drafts=drafts, **more)


@UNFIT
@pytest.mark.parametrize(
    ("record", "beside"),
    [
        pytest.param([LOW], LOADING, id="loading"),
        pytest.param([LOW, NEUROPATHY], ALTERNATE_DAYS, id="alternate days"),
        pytest.param([SUFFICIENT], RARE, id="maintenance, B12 sufficient"),
        pytest.param([LOW, PEMETREXED], RARE, id="maintenance, pemetrexed"),
    ],
)
def test_hydroxocobalamin_that_fits_stays_alone(unfit, card, record, beside):
    cards = ordering(*record, unfit, drafts=[TABLET, beside])
    assert suggestions(cards, card) == [[NO_TABLET]]
    offered = card_of(cards, card)["suggestions"][0]
    assert offered["label"] == "Remove the drafted cyanocobalamin; keep hydroxocobalamin"
    assert offered["isRecommended"]
    assert "Hydroxocobalamin is drafted too: keep it" in card_of(cards, card)["detail"]


@UNFIT
def test_hydroxocobalamin_that_is_not_selected_stays_too(unfit, card):
    cards = ordering(
        LOW, unfit, drafts=[LOADING, TABLET], hook="order-select",
        selections=["MedicationRequest/tablet"],
    )  # fmt: skip
    assert suggestions(cards, card) == [[NO_TABLET]]


@pytest.mark.parametrize(
    ("record", "beside", "creates"),
    [
        pytest.param([LOW], RARE, START, id="maintenance without loading"),
        pytest.param([LOW, NEUROPATHY], RARE, NEURO, id="maintenance, neurological features"),
        pytest.param([LOW, NEUROPATHY], LOADING, NEURO, id="loading, neurological features"),
    ],
)
def test_hydroxocobalamin_that_does_not_fit_is_replaced_with_the_cyanocobalamin(
    record, beside, creates
):
    cards = ordering(*record, LEBER, drafts=[TABLET, beside])
    removed = f"-MedicationRequest/{beside['id']}"
    assert suggestions(cards, "cyanocobalamin-leber") == [[creates, NO_TABLET, removed]]
    label = card_of(cards, "cyanocobalamin-leber")["suggestions"][0]["label"]
    assert label.startswith("Replace cyanocobalamin with Hydroxocobalamin 1 mg IM")
    assert label.endswith("; remove the other draft of B12")
    assert all("suggestions" not in other for other in cards[1:])


def test_the_label_counts_the_drafts_that_are_removed_too():
    rarer = {**RARE, "id": "rarer"}
    cards = ordering(LOW, LEBER, drafts=[TABLET, RARE, rarer])
    assert suggestions(cards, "cyanocobalamin-leber") == [
        [START, NO_TABLET, NO_RARE, "-MedicationRequest/rarer"]
    ]
    label = card_of(cards, "cyanocobalamin-leber")["suggestions"][0]["label"]
    assert label.endswith("; remove the other drafts of B12")


def test_what_is_replaced_first_is_not_removed_again():
    """The card on missing loading comes before that on the kidneys, and replaces both drafts."""
    cards = ordering(LOW, KIDNEYS, drafts=[TABLET, RARE])
    assert ids(cards) == ["b12-loading-missing", "cyanocobalamin-renal"]
    assert suggestions(cards, "b12-loading-missing") == [[START, NO_TABLET, NO_RARE]]
    assert suggestions(cards, "cyanocobalamin-renal") == []


@UNFIT
@pytest.mark.parametrize(
    ("more", "who"),
    [
        pytest.param([allergy(criticality="high")], None, id="severe allergy"),
        pytest.param([], patient(birth="2015-01-01"), id="a child"),
    ],
)
def test_beside_an_allergy_and_below_16_nothing_is_removed(unfit, card, more, who):
    cards = ordering(LOW, unfit, *more, drafts=[TABLET, LOADING], who=who)
    assert all("suggestions" not in shown for shown in cards)
    assert all("keep it" not in shown["detail"] for shown in cards)


def test_beside_a_course_under_way_only_the_draft_of_cyanocobalamin_is_removed():
    course = {**TABLETS_UNDER_WAY, "medicationCodeableConcept": HYDROXOCOBALAMIN}
    course["dosageInstruction"] = [dosage(1, route=IM, every=(1, 3, "mo"))]
    cards = ordering(LEBER, course, drafts=[TABLET, RARE])
    assert suggestions(cards, "cyanocobalamin-leber") == [[NO_TABLET]]
    told = card_of(cards, "cyanocobalamin-leber")
    assert told["suggestions"][0]["label"] == "Remove the drafted cyanocobalamin"
    assert "keep it" not in told["detail"]


def test_injections_are_kept_beside_tablets_with_neurological_features():
    cards = ordering(LOW, NEUROPATHY, TABLETS_UNDER_WAY, drafts=[ALTERNATE_DAYS])
    assert ids(cards) == ["b12-duplicate"]
    assert suggestions(cards, "b12-duplicate") == []
    assert cards[0]["indicator"] == "info"
    assert "keep the injections**, and stop the other course" in cards[0]["detail"]
    assert "is this order a second course" not in cards[0]["summary"]


@pytest.mark.parametrize(
    ("record", "drafted"),
    [
        pytest.param([TABLETS_UNDER_WAY], ALTERNATE_DAYS, id="no neurological features"),
        pytest.param([NEUROPATHY, TABLETS_UNDER_WAY], TABLET, id="tablets drafted"),
        pytest.param(
            [NEUROPATHY, {**TABLETS_UNDER_WAY, "dosageInstruction": ALTERNATE_DAYS["dosageInstruction"]}],
            ALTERNATE_DAYS, id="injections under way",
        ),
    ],
)  # fmt: skip
def test_any_other_second_course_is_removed(record, drafted):
    cards = ordering(LOW, *record, drafts=[drafted])
    assert suggestions(cards, "b12-duplicate") == [[f"-MedicationRequest/{drafted['id']}"]]
    assert "keep the injections" not in card_of(cards, "b12-duplicate")["detail"]


def test_injected_cyanocobalamin_is_kept_beside_tablets_unless_leber_forbids_it():
    injection = draft(
        CYANOCOBALAMIN_INJECTION, dosage(1, route=IM, every=(1, 2, "d")), id="injection"
    )
    record = [LOW, NEUROPATHY, TABLETS_UNDER_WAY]
    cards = ordering(*record, KIDNEYS, drafts=[injection])
    assert suggestions(cards, "cyanocobalamin-renal") == suggestions(cards, "b12-duplicate") == []
    assert "keep the injections" in card_of(cards, "cyanocobalamin-renal")["detail"]
    cards = ordering(*record, LEBER, drafts=[injection])
    assert suggestions(cards, "cyanocobalamin-leber") == [["-MedicationRequest/injection"]]
    assert all("keep the injections" not in card["detail"] for card in cards)


def test_every_draft_that_is_replaced_is_in_the_label():
    cards = ordering(LOW, drafts=[TABLET, RARE])
    assert suggestions(cards, "b12-loading-missing") == [[START, NO_TABLET, NO_RARE]]
    label = card_of(cards, "b12-loading-missing")["suggestions"][0]["label"]
    assert label.startswith("Replace all drafted B12 with Hydroxocobalamin 1 mg IM")


@pytest.mark.parametrize(
    ("record", "tests"),
    [
        pytest.param([], ["serum-b12", "serum-folate"], id="not tested"),
        pytest.param([observation("b12", 250, "ng/L", ago=3)], ["mma"], id="in the middle range"),
        pytest.param([LOW], [], id="deficient"),
    ],
)
def test_a_low_oral_dose_is_replaced_with_the_sample_whichever_route_is_chosen(record, tests):
    low_dose = draft(CYANOCOBALAMIN_TABLET, dosage(500, "ug", route=ORAL, every=DAILY), id="tablet")
    cards = ordering(*record, procedure("26452005"), drafts=[low_dose])
    assert suggestions(cards, "b12-oral-dose-low") == [
        [*tests, "cyanocobalamin-oral-1000", NO_TABLET],
        [*tests, START, NO_TABLET],
    ]
