"""A card's words name the agent, the route and the regimen that fit this patient and this site, and none that does not."""

import pytest

from tests.support.clinic import card_of, cards_for, fire, suggestions
from tests.support.fhir_builders import (
    CYANOCOBALAMIN_INJECTION,
    CYANOCOBALAMIN_TABLET,
    DAILY,
    HYDROXOCOBALAMIN,
    IM,
    ORAL,
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
HIGH_MMA = observation("mma", 600, "nmol/L", ago=3)
NEUROPATHY = condition("386033004")
LEBER = condition("58610003")
KIDNEYS = condition("433144002")
VEGAN_ANAEMIA = condition("234360003")
SEVERE_ANAEMIA = observation("hb", 60, "g/L", ago=1)
MAINTENANCE = draft(HYDROXOCOBALAMIN, dosage(1, route=IM, every=(1, 3, "mo")), id="rare")
TABLET = draft(CYANOCOBALAMIN_TABLET, dosage(1000, "ug", route=ORAL, every=DAILY), id="tablet")
WARFARIN = medication_request({"text": "Warfarin 3 mg tablet"})
LONG_UNDER_WAY = medication_request(
    HYDROXOCOBALAMIN, dosage(1, route=IM, every=(1, 3, "mo")), authoredOn=days_ago(60)
)
BY_MOUTH = "cyanocobalamin 50 micrograms to 150 micrograms daily by mouth"


def told(*record, card, **more):
    return card_of(cards_for(*record, **more), card)["detail"]


@pytest.mark.parametrize(
    ("record", "drafts", "card"),
    [
        pytest.param([LOW], [MAINTENANCE], "b12-loading-missing", id="no loading"),
        pytest.param([LOW, NEUROPATHY], [MAINTENANCE], "b12-neuro-regimen", id="neurological features"),
        pytest.param([procedure("443906008")], None, "bariatric-maintenance", id="after a bypass"),
        pytest.param([procedure("307193005", extension=[resected_length(30)])], None, "ileal-prophylaxis", id="ileum resected"),
    ],
)  # fmt: skip
def test_an_injection_that_is_not_stocked_or_does_not_fit_is_not_named(record, drafts, card):
    stocked = {"formulary": frozenset({"cyanocobalamin-injection"})}
    injection = "cyanocobalamin 1000 micrograms IM"
    assert injection in told(*record, card=card, drafts=drafts, **stocked)
    unfit = told(*record, LEBER, card=card, drafts=drafts, **stocked)
    unstocked = told(
        *record, card=card, drafts=drafts, formulary=frozenset({"cyanocobalamin-tablets"})
    )
    for words in (unfit, unstocked):
        assert injection not in words
        assert "ask the pharmacy for hydroxocobalamin" in words


def test_a_dietary_cause_alone_has_one_order_in_the_united_kingdom():
    cards = fire("patient-view", prefetch(LOW, VEGAN_ANAEMIA), settings={"parameters": "uk"})
    offered = suggestions(cards, "b12-deficiency-untreated")
    assert [order[0] for order in offered] == ["hydroxocobalamin-loading-then-6-monthly"]
    detail = card_of(cards, "b12-deficiency-untreated")["detail"]
    assert BY_MOUTH in detail and "1000 micrograms a day" not in detail


@pytest.mark.parametrize(
    "unfit", [LEBER, KIDNEYS, SEVERE_ANAEMIA], ids=["Leber's", "kidneys", "Hb"]
)
@pytest.mark.parametrize(
    ("drafts", "card"),
    [(None, "b12-deficiency-untreated"), ([MAINTENANCE], "b12-loading-missing")],
)
def test_a_dietary_cause_names_no_tablets_that_do_not_fit(drafts, card, unfit):
    record = [LOW, VEGAN_ANAEMIA]
    assert BY_MOUTH in told(*record, card=card, drafts=drafts, parameters="uk")
    assert BY_MOUTH not in told(*record, unfit, card=card, drafts=drafts, parameters="uk")


def test_a_cause_with_neurological_features_is_told_the_regimen_that_is_suggested():
    usual = told(condition("84027009"), card="b12-cause-untreated")
    assert "three times a week" in usual and "alternate days" not in usual
    neuro = told(condition("84027009"), NEUROPATHY, card="b12-cause-untreated")
    assert "alternate days" in neuro and "three times a week" not in neuro


@pytest.mark.parametrize(
    ("more", "routes"),
    [
        pytest.param([], ["subcutaneous", "oral route"], id="nothing else"),
        pytest.param([LEBER], [], id="Leber's"),
        pytest.param([KIDNEYS], [], id="kidneys"),
        pytest.param([NEUROPATHY], ["subcutaneous"], id="neurological features"),
        pytest.param([SEVERE_ANAEMIA], ["subcutaneous"], id="severe anaemia"),
    ],
)
def test_bleeding_risk_names_the_other_routes_that_fit(more, routes):
    every_second_day = draft(HYDROXOCOBALAMIN, dosage(1, route=IM, every=(1, 2, "d")))
    words = told(LOW, WARFARIN, *more, card="b12-bleeding-risk", drafts=[every_second_day])
    assert [route for route in ("subcutaneous", "oral route") if route in words] == routes


@pytest.mark.parametrize(
    ("more", "who"),
    [
        pytest.param(
            [medication_request({"text": "Methotrexate 2.5 mg"})], None, id="methotrexate"
        ),
        pytest.param([], patient(birth="1994-03-02"), id="pregnancy possible"),
    ],
)
def test_folate_that_is_needed_is_not_told_to_come_after_b12(more, who):
    record = [LOW_FOLATE, MIDDLE, HIGH_MMA]
    card = "folate-deficiency-b12-unknown"
    assert "B12 comes before folic acid" in told(*record, card=card)
    assert "B12 comes before folic acid" not in told(*record, *more, card=card, who=who)


def test_tests_of_another_card_are_told_as_suggested_there_not_as_ordered():
    words = told(
        LOW, NEUROPATHY, observation("potassium", 2.8, "mmol/L"),
        card="hypokalaemia-before-b12", drafts=[TABLET, hydroxocobalamin()],
    )  # fmt: skip
    assert (
        "Potassium now: in the suggestion of the card “Neurological features: B12 by injection on "
        "alternate days is advised”; not ordered until that is accepted." in words
    )


@pytest.mark.parametrize(
    ("record", "drafts", "card"),
    [
        pytest.param([LOW], None, "b12-deficiency-untreated", id="deficient"),
        pytest.param([LOW, NEUROPATHY], None, "b12-deficiency-neuro", id="neurological features"),
        pytest.param([LOW, LOW_FOLATE], None, "b12-folate-deficiency", id="B12 and folate low"),
        pytest.param([condition("84027009")], None, "b12-cause-untreated", id="pernicious anaemia"),
        pytest.param([procedure("443906008")], None, "bariatric-maintenance", id="after a bypass"),
        pytest.param([procedure("307193005", extension=[resected_length(30)])], None, "ileal-prophylaxis", id="ileum resected"),
        pytest.param([LOW], [folic_acid()], "folic-acid-b12-deficient", id="folic acid"),
        pytest.param([LOW], [folic_acid(0.4)], "folic-acid-add-b12", id="little folic acid"),
    ],
)  # fmt: skip
def test_a_cobalamin_is_suggested_with_the_allergy_that_is_not_severe(record, drafts, card):
    words = "not marked as severe: ask what happened"
    assert words not in told(*record, card=card, drafts=drafts)
    assert words in told(*record, allergy(), card=card, drafts=drafts)


@pytest.mark.parametrize(
    ("record", "drafts", "card"),
    [
        ([MIDDLE], [], "b12-indeterminate"),
        ([MIDDLE, NEUROPATHY], [], "b12-indeterminate-neuro"),
        ([LOW_FOLATE], [], "folate-deficiency-b12-unknown"),
        ([LOW_FOLATE, observation("b12", 480, "ng/L", ago=3)], [], "folate-deficiency"),
        ([observation("mcv", 118, "fL", ago=3)], [], "b12-test-indicated"),
        ([observation("b12", 110, "ng/L", ago=400)], [], "b12-past-deficiency"),
        ([LOW, LONG_UNDER_WAY], [], "b12-low-on-therapy"),
        ([], [folic_acid()], "folic-acid-b12-unknown"),
        ([service_request("b12")], [folic_acid()], "folic-acid-await-b12"),
        ([], [hydroxocobalamin()], "b12-sample-first"),
    ],
)
def test_severe_anaemia_is_named_first_where_no_treatment_is_suggested_too(record, drafts, card):
    def beside(*more):
        return told(*record, *more, card=card, drafts=drafts)

    severe = beside(observation("hb", 52, "g/L", ago=1))
    assert severe.startswith("**Severe anaemia: haemoglobin 52 g/L (22 Nov 2026).** Transfusion")
    for other in (beside(), beside(observation("hb", 101, "g/L", ago=1))):
        assert "Severe anaemia" not in other


def injections_since(days, concept=HYDROXOCOBALAMIN, months=3):
    every = dosage(1, route=IM, every=(1, months, "mo"))
    return medication_request(concept, every, authoredOn=days_ago(days), id="course")


POTASSIUM = {value: observation("potassium", value, "mmol/L") for value in (2.8, 3.2, 4.1)}
VEGAN, PREGNANT = condition("24930006"), condition("77386006", onsetDateTime=days_ago(60))
NORMAL_MMA = observation("mma", 200, "nmol/L", ago=10)
MONITORED = [
    observation("b12", 700, "ng/L", ago=10),
    observation("homocysteine", 8, "umol/L", ago=10),
    NORMAL_MMA,
]
ABOVE_TARGET = [*MONITORED[:1], observation("homocysteine", 14, "umol/L", ago=10), NORMAL_MMA]
NORMAL_KIDNEYS = observation("egfr", 90, "mL/min/{1.73_m2}")
WOMAN, CHILD = patient(birth="1994-03-02"), patient(birth="2014-01-01")


@pytest.mark.parametrize(
    ("record", "drafts", "who", "card"),
    [
        ([LOW, POTASSIUM[4.1]], [hydroxocobalamin()], None, "potassium-monitoring"),
        ([LOW, POTASSIUM[3.2]], [hydroxocobalamin()], None, "low-potassium-before-b12"),
        ([LOW, POTASSIUM[2.8]], [hydroxocobalamin()], None, "hypokalaemia-before-b12"),
        ([LOW, allergy()], [hydroxocobalamin()], None, "cobalamin-allergy"),
        ([LOW, allergy(criticality="high")], [hydroxocobalamin()], None, "cobalamin-anaphylaxis"),
        ([LONG_UNDER_WAY], [MAINTENANCE], None, "b12-duplicate"),
        ([LOW, LONG_UNDER_WAY], [{**LONG_UNDER_WAY, "status": "stopped"}], None, "b12-stop-lifelong"),
        ([LOW, WARFARIN], [hydroxocobalamin()], None, "b12-bleeding-risk"),
        ([], [TABLET], CHILD, "b12-paediatric"),
        ([injections_since(100)], None, None, "monitoring-due"),
        ([injections_since(200), *ABOVE_TARGET, NORMAL_KIDNEYS], None, None, "homocysteine-above-target"),
        ([injections_since(200), *MONITORED, NEUROPATHY, procedure("443906008")], None, None, "maintenance-interval"),
        ([injections_since(7), observation("hb", 55, "g/L", ago=8)], None, None, "response-reticulocytes"),
        ([injections_since(60), observation("hb", 55, "g/L", ago=60)], None, None, "response-inadequate"),
        ([procedure("307193005")], None, None, "ileal-resection-length"),
        ([PREGNANT, procedure("443906008")], None, WOMAN, "bariatric-pregnancy"),
        ([PREGNANT, VEGAN], None, WOMAN, "pregnancy-intake"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_severe_anaemia_comes_first_on_every_card_that_the_record_shows(record, drafts, who, card):
    severe = told(*record, observation("hb", 52, "g/L", ago=1), card=card, drafts=drafts, who=who)
    assert severe.startswith(
        "**Severe anaemia: haemoglobin 52 g/L (22 Nov 2026).** Transfusion and specialist advice"
    )
    milder = told(*record, observation("hb", 101, "g/L", ago=1), card=card, drafts=drafts, who=who)
    assert "Severe anaemia" not in milder


@pytest.mark.parametrize(
    ("record", "card"),
    [
        pytest.param([*ABOVE_TARGET, NORMAL_KIDNEYS], "homocysteine-above-target", id="homocysteine"),
        pytest.param([*MONITORED, NEUROPATHY, procedure("443906008")], "maintenance-interval", id="neurological features"),
    ],
)  # fmt: skip
def test_a_shorter_interval_says_that_the_agent_changes_too(record, card):
    to_hydroxocobalamin = "hydroxocobalamin monthly changes the agent too"
    to_cyanocobalamin = "cyanocobalamin monthly changes the agent too"
    other = injections_since(200, CYANOCOBALAMIN_INJECTION)
    assert to_hydroxocobalamin in told(other, *record, card=card)
    same = told(injections_since(200), *record, card=card)
    assert "changes the agent" not in same
    stocked = {"formulary": frozenset({"cyanocobalamin-injection"})}
    assert to_cyanocobalamin in told(injections_since(200), *record, card=card, **stocked)
    assert "changes the agent" not in told(other, *record, card=card, **stocked)


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        pytest.param(procedure("443906008"), "Bariatric surgery", id="bypass"),
        pytest.param(procedure("307193005"), "Resection of the ileum", id="ileum resected"),
        pytest.param(condition("38106008"), "Crohn's disease of the ileum", id="Crohn's disease"),
    ],
)
def test_why_monthly_injections_may_be_needed_is_decided(reason, words):
    every_reason = ("Bariatric surgery", "Resection of the ileum", "Crohn's disease of the ileum")
    record = [
        injections_since(200),
        *MONITORED,
        condition("386033004", onsetDateTime=days_ago(300)),
    ]
    detail = told(*record, reason, card="maintenance-interval")
    assert [name for name in every_reason if name in detail] == [words]
    alone = told(*record, card="maintenance-interval")
    assert not [name for name in every_reason if name in alone]
    assert "1 mg monthly may be needed where symptoms persist." in alone


def test_the_need_in_pregnancy_is_not_told_to_a_mother_who_breast_feeds():
    lactating = condition("866041003", onsetDateTime=days_ago(30))
    for state, own, other in (
        (PREGNANT, "In pregnancy", "lactation"),
        (lactating, "In lactation", "pregnancy"),
    ):
        detail = told(state, VEGAN, card="pregnancy-intake", who=WOMAN)
        assert own in detail and other not in detail


@pytest.mark.parametrize(
    ("record", "card"),
    [
        pytest.param([procedure("443906008")], "bariatric-maintenance", id="after a bypass"),
        pytest.param([procedure("307193005", extension=[resected_length(30)])], "ileal-prophylaxis", id="ileum resected"),
        pytest.param([condition("84027009"), injections_since(300) | {"status": "stopped"}], "therapy-lapsed", id="treatment lapsed"),
    ],
)  # fmt: skip
def test_how_old_a_usable_result_may_be_is_said(record, card):
    assert "No usable B12 result of the last 180 days is known" in told(*record, card=card)


def test_folate_is_drawn_with_b12_where_the_resected_length_is_not_known():
    cards = fire("patient-view", prefetch(procedure("307193005")))
    assert suggestions(cards, "ileal-resection-length") == [["serum-b12", "serum-folate"]]
