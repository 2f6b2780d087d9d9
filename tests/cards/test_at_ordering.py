"""What a clinician sees when choosing or signing orders, from whole requests."""

import pytest

from tests.support.clinic import card_of, fire, ids, suggestions
from tests.support.fhir_builders import (
    CYANOCOBALAMIN_INJECTION,
    CYANOCOBALAMIN_TABLET,
    DAILY,
    FOLIC_ACID_400UG,
    HYDROXOCOBALAMIN,
    IM,
    LOINC,
    ORAL,
    RXNORM,
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
    service_request,
)

HOOKS = pytest.mark.parametrize("hook", ["order-select", "order-sign"])
LOW = observation("b12", 110, "pg/mL", ago=3)
ANAEMIC = observation("hb", 10.1, "g/dL", ago=3)
CHECKS = ["potassium-now", "potassium-24h", "potassium-48h"]
LOADING = "hydroxocobalamin-loading-then-maintenance"
NEUROPATHY = condition("386033004")
PREGNANT = condition("77386006", onsetDateTime="2026-07-01")
WOMAN_OF_30 = patient(birth="1996-05-01")
CHILD = patient(birth="2014-05-01")


def tablet(milligrams=1, **more):
    return draft(CYANOCOBALAMIN_TABLET, dosage(milligrams, route=ORAL, every=DAILY), **more)


@HOOKS
def test_folic_acid_alone_in_b12_deficiency_with_anaemia(hook):
    cards = fire(hook, prefetch(LOW, ANAEMIC), drafts=[folic_acid(id="fa")])
    assert ids(cards) == ["folic-acid-b12-deficient"]
    assert cards[0]["indicator"] == "critical"
    assert [item.get("isRecommended") for item in cards[0]["suggestions"]] == [True, None]
    assert suggestions(cards, "folic-acid-b12-deficient") == [
        [LOADING, *CHECKS],
        [LOADING, *CHECKS, "-MedicationRequest/fa"],
    ]


def test_the_detail_gives_values_as_sent_with_unit_and_date():
    detail = fire("order-select", prefetch(LOW, ANAEMIC), drafts=[folic_acid()])[0]["detail"]
    assert "| Total vitamin B12 | 110 pg/mL | 20 Nov 2026 |" in detail
    assert "| Haemoglobin | 10.1 g/dL | 20 Nov 2026 |" in detail
    assert "Parameter set" not in detail
    british = fire(
        "order-select", prefetch(LOW, ANAEMIC), drafts=[folic_acid()], settings={"parameters": "uk"}
    )[0]["detail"]
    assert "Parameter set: uk." in british
    assert "Not known" not in detail


def test_accepting_hydroxocobalamin_and_firing_again():
    before = fire("order-select", prefetch(LOW, ANAEMIC), drafts=[folic_acid()])
    created = [action["resource"] for action in before[0]["suggestions"][0]["actions"]]
    accepted = [{**resource, "id": f"new-{number}"} for number, resource in enumerate(created)]
    assert ids(fire("order-sign", prefetch(LOW, ANAEMIC), drafts=[folic_acid(), *accepted])) == []
    without_checks = [folic_acid(), accepted[0]]
    assert ids(fire("order-sign", prefetch(LOW, ANAEMIC), drafts=without_checks)) == [
        "potassium-monitoring"
    ]


@pytest.mark.parametrize(
    ("drafted", "record", "expected"),
    [
        pytest.param([draft(FOLIC_ACID_400UG, dosage(0.4, route=ORAL, every=DAILY))], [LOW], ["folic-acid-add-b12"], id="a low dose in deficiency"),
        pytest.param([draft(FOLIC_ACID_400UG, dosage(0.4, route=ORAL, every=DAILY))], [], [], id="a low dose, B12 not tested"),
        pytest.param([folic_acid()], [observation("b12", 480, "pg/mL")], [], id="B12 sufficient"),
        pytest.param([folic_acid()], [observation("b12", 250, "pg/mL")], ["folic-acid-b12-unknown"], id="B12 in the middle range"),
        pytest.param([folic_acid()], [observation("b12", 250, "pg/mL"), service_request("mma")], ["folic-acid-await-b12"], id="middle range, MMA pending"),
        pytest.param([folic_acid()], [observation("b12", 250, "pg/mL"), observation("mma", 200, "nmol/L")], [], id="middle range, MMA normal"),
        pytest.param([folic_acid()], [service_request("b12")], ["folic-acid-await-b12"], id="B12 test pending"),
        pytest.param([folic_acid(), service_request("b12", status="draft")], [], ["folic-acid-await-b12"], id="B12 test drafted"),
        pytest.param([folic_acid()], [condition("84027009")], ["folic-acid-b12-deficient"], id="pernicious anaemia, not tested"),
        pytest.param([folic_acid()], [NEUROPATHY], ["folic-acid-b12-deficient"], id="neuropathy, not tested"),
        pytest.param([folic_acid()], [condition("E53.8", system="http://hl7.org/fhir/sid/icd-10-cm")], ["folic-acid-b12-unknown"], id="E53.8 alone may be folate"),
        pytest.param(
            [folic_acid()],
            [condition("E53.8", system="http://hl7.org/fhir/sid/icd-10-cm", text="Vitamin B12 deficiency")],
            ["folic-acid-b12-deficient"],
            id="E53.8 named B12",
        ),
        pytest.param([folic_acid(), hydroxocobalamin()], [LOW, observation("hb", 140, "g/L"), observation("potassium", 4.1, "mmol/L")], [], id="B12 beside it"),
        pytest.param(
            [folic_acid()],
            [LOW, medication_request(HYDROXOCOBALAMIN, dosage(1, route=IM, every=(1, 3, "mo")), authoredOn="2026-11-10")],
            [],
            id="B12 treatment just begun",
        ),
        pytest.param(
            [folic_acid()],
            [LOW, medication_request(HYDROXOCOBALAMIN, dosage(1, route=IM, every=(1, 3, "mo")), authoredOn="2025-11-10")],
            ["folic-acid-b12-deficient"],
            id="low on a year of treatment",
        ),
        pytest.param(
            [folic_acid()],
            [LOW, medication_request({"coding": [{"system": RXNORM, "code": "6851"}], "text": "Methotrexate"})],
            ["folic-acid-add-b12"],
            id="with methotrexate",
        ),
    ],
)  # fmt: skip
@HOOKS
def test_folate_drafts(hook, drafted, record, expected):
    assert ids(fire(hook, prefetch(*record), drafts=drafted)) == expected


def test_low_on_treatment_suggests_no_second_course():
    course = medication_request(
        HYDROXOCOBALAMIN, dosage(1, route=IM, every=(1, 3, "mo")), authoredOn="2025-11-10"
    )
    cards = fire("order-select", prefetch(LOW, ANAEMIC, course), drafts=[folic_acid()])
    assert suggestions(cards, "folic-acid-b12-deficient") == []
    assert "given, taken and absorbed" in cards[0]["detail"]


def test_stopping_all_b12_beside_new_folic_acid_speaks():
    course = medication_request(
        HYDROXOCOBALAMIN, dosage(1, route=IM, every=(1, 3, "mo")), authoredOn="2025-11-10", id="old"
    )
    stop = {**course, "status": "stopped"}
    unsafe = prefetch(observation("b12", 480, "pg/mL"), condition("84027009"), course)
    assert ids(fire("order-sign", unsafe, drafts=[folic_acid(), stop])) == [
        "folic-acid-b12-deficient",
        "b12-stop-lifelong",
    ]
    low = prefetch(LOW, course)
    assert ids(fire("order-sign", low, drafts=[folic_acid(), stop])) == [
        "folic-acid-b12-deficient",
        "b12-stop-lifelong",
    ]


QUARTERLY = medication_request(
    HYDROXOCOBALAMIN, dosage(1, route=IM, every=(1, 3, "mo")), authoredOn="2025-11-10", id="old"
)
TO_OLD = {"reference": "MedicationRequest/old"}
REPORTED = {
    "resourceType": "MedicationStatement",
    "id": "report",
    "status": "active",
    "subject": QUARTERLY["subject"],
    "medicationCodeableConcept": HYDROXOCOBALAMIN,
    "dosage": QUARTERLY["dosageInstruction"],
}


def _without_id(order):
    return {key: value for key, value in order.items() if key != "id"}


@pytest.mark.parametrize(
    ("record", "stopped"),
    [
        pytest.param(
            [QUARTERLY], {**QUARTERLY, "id": "new", "priorPrescription": TO_OLD}, id="it continues"
        ),
        pytest.param([QUARTERLY], {**QUARTERLY, "id": "new", "basedOn": [TO_OLD]}, id="based on"),
        pytest.param([QUARTERLY], _without_id(QUARTERLY), id="a stop without an id"),
        pytest.param([_without_id(QUARTERLY)], QUARTERLY, id="an order without an id"),
        pytest.param([_without_id(QUARTERLY)], _without_id(QUARTERLY), id="neither has an id"),
        pytest.param(
            [QUARTERLY, {**REPORTED, "derivedFrom": [TO_OLD]}], QUARTERLY, id="derived statement"
        ),
        pytest.param(
            [QUARTERLY, {**REPORTED, "basedOn": [TO_OLD]}], QUARTERLY, id="statement based on it"
        ),
    ],
)
def test_the_course_that_is_stopped_is_no_other_treatment(record, stopped):
    unsafe = prefetch(observation("b12", 480, "pg/mL"), condition("84027009"), *record)
    cards = fire("order-sign", unsafe, drafts=[folic_acid(), {**stopped, "status": "stopped"}])
    assert ids(cards) == ["folic-acid-b12-deficient", "b12-stop-lifelong"]


@pytest.mark.parametrize(
    ("other", "stopped"),
    [
        pytest.param(REPORTED, QUARTERLY, id="a statement of its own"),
        pytest.param({**QUARTERLY, "id": "other"}, QUARTERLY, id="another order"),
        pytest.param(
            {**QUARTERLY, "id": "other", "priorPrescription": TO_OLD},
            QUARTERLY,
            id="the order that continues it",
        ),
        pytest.param(
            {**QUARTERLY, "id": "other", "medicationCodeableConcept": CYANOCOBALAMIN_INJECTION},
            _without_id(QUARTERLY),
            id="of another cobalamin",
        ),
    ],
)
def test_another_course_beside_the_one_that_is_stopped_goes_on(other, stopped):
    record = prefetch(observation("b12", 480, "pg/mL"), condition("84027009"), QUARTERLY, other)
    assert fire("order-sign", record, drafts=[{**stopped, "status": "stopped"}]) == []


def test_pregnancy_keeps_the_folate_and_asks_for_active_b12():
    cards = fire("order-select", prefetch(LOW, PREGNANT, who=WOMAN_OF_30), drafts=[folic_acid(5)])
    assert ids(cards) == ["folic-acid-add-b12"]
    assert "Keep the folate" in cards[0]["detail"]
    assert suggestions(cards, "folic-acid-add-b12") == [["active-b12"]]


def test_pregnancy_with_neurological_features_adds_hydroxocobalamin_and_never_removes_folate():
    cards = fire(
        "order-select", prefetch(LOW, PREGNANT, NEUROPATHY, who=WOMAN_OF_30), drafts=[folic_acid(5)]
    )
    assert suggestions(cards, "folic-acid-add-b12") == [["hydroxocobalamin-neuro", *CHECKS]]


def test_replacing_folate_is_not_suggested_while_another_reason_for_it_is_unknown():
    cards = fire("order-select", prefetch(LOW, without=("conditions",)), drafts=[folic_acid()])
    assert suggestions(cards, "folic-acid-b12-deficient") == [[LOADING, *CHECKS]]
    assert "Not known: " in cards[0]["detail"]
    assert "another reason for folate" in cards[0]["detail"].rsplit("\n\n", 1)[1]


@pytest.mark.parametrize(
    ("gender", "birth", "kept"),
    [
        ("female", "1996-05-01", True), ("female", "1957-05-01", False), ("male", "1996-05-01", False),
        ("other", "1996-05-01", True), (None, "1996-05-01", True), (None, None, True), (None, "1957-05-01", False),
    ],
)  # fmt: skip
def test_folate_is_taken_from_nobody_who_may_be_pregnant(gender, birth, kept):
    """Whoever is not known to be a man may be: sex that is not stated is no statement."""
    record = prefetch(observation("b12", 110, "ng/L"), who=patient(gender=gender, birth=birth))
    drafted = folic_acid(5, id="folate")
    (card,) = fire("order-sign", record, drafts=[drafted])
    removing = [
        offered
        for offered in suggestions([card], "folic-acid-b12-deficient")
        if "-MedicationRequest/folate" in offered
    ]
    assert bool(removing) is not kept
    assert ("keep the folate and give B12 with it" in card["detail"]) is kept


def test_unknown_test_is_suggested_before_the_first_dose():
    assert suggestions(
        fire("order-select", prefetch(), drafts=[folic_acid()]), "folic-acid-b12-unknown"
    ) == [["serum-b12"]]
    middle = prefetch(observation("b12", 250, "pg/mL"))
    assert suggestions(
        fire("order-select", middle, drafts=[folic_acid()]), "folic-acid-b12-unknown"
    ) == [["mma"]]


def test_cyanocobalamin_with_leber_is_replaced():
    cards = fire(
        "order-select", prefetch(LOW, ANAEMIC, condition("58610003")), drafts=[tablet(id="cn")]
    )
    assert ids(cards) == ["cyanocobalamin-leber"]
    assert suggestions(cards, "cyanocobalamin-leber") == [
        [LOADING, *CHECKS, "-MedicationRequest/cn"]
    ]


def test_replacement_keeps_the_intent_of_the_draft():
    cards = fire(
        "order-sign", prefetch(LOW, condition("58610003")), drafts=[tablet(id="cn", intent="plan")]
    )
    assert cards[0]["suggestions"][0]["actions"][0]["resource"]["intent"] == "plan"


def test_hydroxocobalamin_with_leber_is_silent():
    record = prefetch(LOW, condition("58610003"), observation("hb", 140, "g/L"))
    assert ids(fire("order-select", record, drafts=[hydroxocobalamin()])) == []


@pytest.mark.parametrize(
    ("parameters", "indicator"), [("default", "warning"), ("uk", "info"), ("us", "info")]
)
def test_cyanocobalamin_in_renal_dysfunction(parameters, indicator):
    record = prefetch(LOW, observation("egfr", 38, "mL/min/{1.73_m2}"))
    cards = fire(
        "order-select", record, drafts=[tablet(id="cn")], settings={"parameters": parameters}
    )
    assert ids(cards) == ["cyanocobalamin-renal"]
    assert cards[0]["indicator"] == indicator
    assert suggestions(cards, "cyanocobalamin-renal")[0][0] == LOADING


def test_renal_card_is_silent_where_hydroxocobalamin_is_not_stocked():
    record = prefetch(LOW, observation("egfr", 38, "mL/min/{1.73_m2}"))
    formulary = {"formulary": frozenset({"cyanocobalamin-tablets"})}
    assert ids(fire("order-select", record, drafts=[tablet()], settings=formulary)) == []


def test_leber_card_never_suggests_cyanocobalamin():
    formulary = {"formulary": frozenset({"cyanocobalamin-injection", "cyanocobalamin-tablets"})}
    cards = fire(
        "order-select", prefetch(LOW, condition("58610003")), drafts=[tablet()], settings=formulary
    )
    assert ids(cards) == ["cyanocobalamin-leber"]
    assert suggestions(cards, "cyanocobalamin-leber") == []


def test_maintenance_replaces_maintenance():
    course = medication_request(
        CYANOCOBALAMIN_INJECTION, dosage(1, route=IM, every=(1, 1, "mo")), authoredOn="2026-01-10"
    )
    record = prefetch(course, condition("433144002"))
    prior = {"reference": f"MedicationRequest/{course['id']}"}
    renewal = draft(
        CYANOCOBALAMIN_INJECTION,
        dosage(1, route=IM, every=(1, 1, "mo")),
        id="cn",
        priorPrescription=prior,
    )
    assert suggestions(fire("order-select", record, drafts=[renewal]), "cyanocobalamin-renal") == [
        ["hydroxocobalamin-3-monthly", "-MedicationRequest/cn"]
    ]


def test_severe_allergy_to_any_cobalamin():
    cards = fire(
        "order-select", prefetch(LOW, allergy(criticality="high")), drafts=[hydroxocobalamin()]
    )
    assert ids(cards)[0] == "cobalamin-anaphylaxis"
    assert "suggestions" not in cards[0]
    assert ids(
        fire(
            "order-select",
            prefetch(LOW, allergy(), observation("hb", 140, "g/L")),
            drafts=[hydroxocobalamin()],
        )
    ) == ["cobalamin-allergy"]


def test_severe_allergy_leaves_no_cobalamin_in_any_suggestion():
    cards = fire("order-select", prefetch(LOW, allergy(criticality="high")), drafts=[folic_acid()])
    assert ids(cards) == ["folic-acid-b12-deficient"]
    assert suggestions(cards, "folic-acid-b12-deficient") == []
    assert "severe allergy" in cards[0]["detail"]


@pytest.mark.parametrize(
    ("value", "comparator", "card", "suggested"),
    [
        (2.7, None, "hypokalaemia-before-b12", ["potassium-now"]),
        (3.2, None, "low-potassium-before-b12", CHECKS),
        (3.5, "<", "low-potassium-before-b12", CHECKS),
        (3.0, "<", "hypokalaemia-before-b12", ["potassium-now"]),
    ],
)
def test_low_potassium_before_the_first_injection(value, comparator, card, suggested):
    record = prefetch(
        LOW, ANAEMIC, observation("potassium", value, "mmol/L", comparator=comparator)
    )
    cards = fire("order-sign", record, drafts=[hydroxocobalamin()])
    assert ids(cards) == [card]
    assert suggestions(cards, card) == [suggested]
    assert f"{comparator or ''}{value} mmol/L" in cards[0]["summary"]


SERIES = service_request(
    "potassium",
    occurrenceTiming={
        "event": ["2026-11-23T13:00:00Z", "2026-11-24T13:00:00Z", "2026-11-25T13:00:00Z"]
    },
)


@pytest.mark.parametrize(
    ("record", "drafted", "expected"),
    [
        pytest.param([ANAEMIC, observation("potassium", 4.1, "mmol/L")], [], [["potassium-24h", "potassium-48h"]], id="measured within 3 days"),
        pytest.param([ANAEMIC, observation("potassium", 4.1, "mmol/L", ago=4)], [], [CHECKS], id="measured 4 days ago"),
        pytest.param([ANAEMIC, service_request("potassium")], [], [["potassium-24h", "potassium-48h"]], id="one ordered"),
        pytest.param([ANAEMIC], [service_request("potassium", status="draft")], [["potassium-24h", "potassium-48h"]], id="one drafted"),
        pytest.param([ANAEMIC, SERIES], [], None, id="a series ordered"),
        pytest.param([ANAEMIC], [{**SERIES, "status": "draft"}], None, id="a series drafted"),
        pytest.param([observation("hb", 140, "g/L")], [], None, id="neither anaemia nor risk"),
        pytest.param([observation("hb", 140, "g/L"), condition("I48.0", system="http://hl7.org/fhir/sid/icd-10")], [], [CHECKS], id="atrial fibrillation"),
        pytest.param([], [], [CHECKS], id="no haemoglobin"),
    ],
)  # fmt: skip
def test_potassium_monitoring(record, drafted, expected):
    cards = fire("order-select", prefetch(LOW, *record), drafts=[hydroxocobalamin(), *drafted])
    if expected is None:
        assert ids(cards) == []
    else:
        assert ids(cards) == ["potassium-monitoring"]
        assert suggestions(cards, "potassium-monitoring") == expected


def test_no_potassium_card_once_treatment_is_under_way():
    course = medication_request(
        HYDROXOCOBALAMIN, dosage(1, route=IM, every=(1, 3, "mo")), authoredOn="2025-11-10"
    )
    assert ids(fire("order-select", prefetch(ANAEMIC, course), drafts=[hydroxocobalamin()])) == [
        "b12-duplicate"
    ]


@pytest.mark.parametrize(
    "drafted",
    [folic_acid(), hydroxocobalamin(), tablet()],
    ids=["folic acid", "injection", "tablet"],
)
def test_no_order_below_16_years(drafted):
    record = prefetch(
        LOW, ANAEMIC, condition("58610003"), NEUROPATHY, allergy(criticality="high"), who=CHILD
    )
    cards = fire("order-select", record, drafts=[drafted])
    assert cards
    assert not any("suggestions" in card for card in cards)


def test_at_most_one_suggestion_starts_a_course():
    record = prefetch(LOW, ANAEMIC, condition("58610003"))
    cards = fire("order-sign", record, drafts=[folic_acid(), tablet(0.05)])
    courses = [
        card
        for card in ids(cards)
        if any("hydroxocobalamin" in order for item in suggestions(cards, card) for order in item)
    ]
    assert len(courses) == 1 and courses[0] == ids(cards)[0]


def test_only_the_selected_drafts_are_judged():
    chosen, other = draft({"text": "Amoxicillin 500 mg"}, id="x"), folic_acid(id="fa")
    assert (
        fire(
            "order-select",
            prefetch(LOW),
            drafts=[chosen, other],
            selections=["MedicationRequest/x"],
        )
        == []
    )
    assert ids(fire("order-select", prefetch(LOW), drafts=[chosen, other], selections=["fa"])) == [
        "folic-acid-b12-deficient"
    ]
    assert ids(fire("order-select", prefetch(LOW), drafts=[chosen, other], selections=[])) == [
        "folic-acid-b12-deficient"
    ]


def test_drug_name_cannot_be_markup():
    evil = "<script>alert(1)</script> pg/mL [x](http://evil)"
    result = observation("b12", 110, "pg/mL")
    result["valueQuantity"]["unit"] = evil
    detail = fire("order-select", prefetch(result), drafts=[folic_acid()])[0]["detail"]
    assert "<script" not in detail and "](http" not in detail and "](" not in detail


def test_rxnorm_is_first_except_in_the_uk():
    for parameters, system in (("default", RXNORM), ("us", RXNORM), ("uk", "https://dmd.nhs.uk")):
        cards = fire(
            "order-select",
            prefetch(LOW),
            drafts=[folic_acid()],
            settings={"parameters": parameters},
        )
        order = card_of(cards, "folic-acid-b12-deficient")["suggestions"][0]["actions"][0][
            "resource"
        ]
        assert order["medicationCodeableConcept"]["coding"][0]["system"] == system


def test_later_potassium_checks_are_due_24_and_48_hours_from_now():
    cards = fire("order-select", prefetch(LOW, ANAEMIC), drafts=[folic_acid()])
    due = [
        action["resource"].get("occurrenceDateTime")
        for action in cards[0]["suggestions"][0]["actions"]
    ]
    assert due == [None, None, "2026-11-24T12:00:00+00:00", "2026-11-25T12:00:00+00:00"]


def test_the_code_of_a_test_is_loinc():
    assert (
        fire("order-select", prefetch(), drafts=[folic_acid()])[0]["suggestions"][0]["actions"][0][
            "resource"
        ]["code"]["coding"][0]["system"]
        == LOINC
    )


def test_potassium_that_was_low_within_30_days_is_named_where_b12_is_started():
    record = prefetch(
        LOW, observation("hb", 140, "g/L"), observation("potassium", 3.1, "mmol/L", ago=10)
    )
    cards = fire("order-select", record, drafts=[folic_acid()])
    assert "Potassium was low in the last 30 days: 3.1 mmol/L (13 Nov 2026)." in cards[0]["detail"]
    assert suggestions(cards, "folic-acid-b12-deficient")[0] == [LOADING, *CHECKS]


def test_unknown_age_is_treated_as_adult_and_said_wherever_an_order_is_suggested():
    cards = fire(
        "order-select",
        prefetch(LOW, condition("58610003"), who=patient(birth=None)),
        drafts=[tablet(id="cn")],
    )
    assert "suggestions" in cards[0]
    assert "age" in cards[0]["detail"].rsplit("Not known: ", 1)[1]


COBALT = allergy("54808007")
FULL = observation("hb", 140, "g/L", ago=3)
WARFARIN = medication_request({"text": "Warfarin 3 mg tablets"})
LOW_FOLATE = observation("folate", 2.1, "ng/mL", ago=3)


@pytest.mark.parametrize(
    ("record", "drafted", "expected"),
    [
        pytest.param(
            [COBALT, FULL], hydroxocobalamin(), ["cobalamin-allergy"], id="cobalt allergy"
        ),
        pytest.param(
            [allergy(verificationStatus={"coding": [{"code": "refuted"}]}), FULL],
            hydroxocobalamin(),
            [],
            id="refuted allergy",
        ),
        pytest.param(
            [WARFARIN, FULL], hydroxocobalamin(), ["b12-bleeding-risk"], id="warfarin, injection"
        ),
        pytest.param(
            [WARFARIN, FULL],
            draft(HYDROXOCOBALAMIN, dosage(1, every=(3, 1, "wk"))),
            ["b12-bleeding-risk"],
            id="warfarin, no route",
        ),
        pytest.param(
            [WARFARIN, FULL],
            draft(HYDROXOCOBALAMIN, dosage(1, route="34206005", every=(3, 1, "wk"))),
            [],
            id="warfarin, subcutaneous",
        ),
        pytest.param([WARFARIN, FULL], tablet(), [], id="warfarin, tablet"),
        pytest.param(
            [observation("platelets", 49, "10*9/L"), FULL],
            hydroxocobalamin(),
            ["b12-bleeding-risk"],
            id="platelets 49",
        ),
        pytest.param(
            [observation("platelets", 49, "K/uL"), FULL],
            hydroxocobalamin(),
            ["b12-bleeding-risk"],
            id="platelets 49 thousand",
        ),
        pytest.param(
            [observation("platelets", 50, "10*9/L"), FULL],
            hydroxocobalamin(),
            [],
            id="platelets 50",
        ),
        pytest.param([LOW_FOLATE, FULL], hydroxocobalamin(), ["folate-after-b12"], id="low folate"),
        pytest.param(
            [LOW_FOLATE, FULL],
            tablet(0.05),
            ["b12-oral-dose-low"],
            id="low folate, a small dose of B12",
        ),
        pytest.param(
            [LOW_FOLATE, FULL, medication_request({"text": "Folic acid 1 mg tablet"})],
            hydroxocobalamin(),
            [],
            id="folate under way",
        ),
    ],
)
def test_cobalamin_drafts(record, drafted, expected):
    assert ids(fire("order-select", prefetch(LOW, *record), drafts=[drafted])) == expected


def test_folic_acid_after_b12_by_parameter_set():
    for parameters, order in (
        ("default", "folic-acid-1mg-3-months"),
        ("uk", "folic-acid-5mg-4-months"),
        ("us", "folic-acid-1mg-3-months"),
    ):
        cards = fire(
            "order-select",
            prefetch(LOW, LOW_FOLATE, FULL),
            drafts=[hydroxocobalamin()],
            settings={"parameters": parameters},
        )
        assert suggestions(cards, "folate-after-b12") == [[order]]


def test_folate_beside_the_drafted_b12_is_not_suggested_again():
    both = [hydroxocobalamin(), folic_acid()]
    assert ids(fire("order-sign", prefetch(LOW, LOW_FOLATE, FULL), drafts=both)) == []


def test_a_child_gets_specialist_advice():
    cards = fire("order-select", prefetch(FULL, who=CHILD), drafts=[tablet()])
    assert ids(cards) == ["b12-paediatric"]
    assert "suggestions" not in cards[0]


ALTERNATE_DAYS = draft(HYDROXOCOBALAMIN, dosage(1, route=IM, every=(1, 2, "d")), id="alternate")
MAINTENANCE = draft(HYDROXOCOBALAMIN, dosage(1, route=IM, every=(1, 3, "mo")), id="maintenance")
COURSE = medication_request(
    HYDROXOCOBALAMIN, dosage(1, route=IM, every=(1, 3, "mo")), authoredOn="2026-01-10", id="course"
)
PEMETREXED = medication_request({"text": "Pemetrexed 500 mg infusion"})


@pytest.mark.parametrize(
    ("record", "drafted", "expected", "suggested"),
    [
        pytest.param([LOW, NEUROPATHY], [tablet(id="t")], "b12-neuro-regimen", [["hydroxocobalamin-neuro", "-MedicationRequest/t"]], id="tablet"),
        pytest.param([LOW, NEUROPATHY], [MAINTENANCE], "b12-neuro-regimen", [["hydroxocobalamin-neuro", "-MedicationRequest/maintenance"]], id="rare injections"),
        pytest.param([NEUROPATHY, service_request("b12")], [hydroxocobalamin(id="h")], "b12-neuro-regimen", [["serum-folate", "hydroxocobalamin-neuro", "-MedicationRequest/h"]], id="three times a week, not tested"),
        pytest.param([LOW, NEUROPATHY], [draft(HYDROXOCOBALAMIN)], "b12-neuro-regimen", [], id="regimen unstated"),
        pytest.param([LOW, NEUROPATHY], [ALTERNATE_DAYS], None, None, id="alternate days"),
        pytest.param([LOW, NEUROPATHY], [tablet(), ALTERNATE_DAYS], None, None, id="the most intensive decides"),
        pytest.param([NEUROPATHY, observation("b12", 480, "pg/mL")], [tablet()], None, None, id="sufficient"),
        pytest.param([LOW], [MAINTENANCE], "b12-loading-missing", [[LOADING, "-MedicationRequest/maintenance"]], id="no loading"),
        pytest.param([LOW], [MAINTENANCE, hydroxocobalamin()], None, None, id="loading beside it"),
        pytest.param([LOW, PEMETREXED], [MAINTENANCE], None, None, id="pemetrexed"),
        pytest.param([LOW, COURSE], [MAINTENANCE], "b12-duplicate", [["-MedicationRequest/maintenance"]], id="second course"),
        pytest.param([COURSE], [{**MAINTENANCE, "priorPrescription": {"reference": "MedicationRequest/course"}}], None, None, id="a renewal"),
        pytest.param([COURSE], [MAINTENANCE, {**COURSE, "status": "stopped"}], None, None, id="the old one stopped"),
    ],
)  # fmt: skip
def test_regimen_of_drafted_cobalamin(record, drafted, expected, suggested):
    no_risk = [FULL, observation("potassium", 4.1, "mmol/L")]
    cards = fire("order-sign", prefetch(*record, *no_risk), drafts=drafted)
    assert ids(cards) == ([expected] if expected else [])
    if expected:
        assert suggestions(cards, expected) == suggested


def test_order_under_way_that_ends_within_30_days_is_no_duplicate():
    for days, expected in ((30, []), (31, ["b12-duplicate"])):
        bounded = dosage(
            1,
            route=IM,
            every=(1, 1, "wk"),
            boundsPeriod={"start": "2026-10-01", "end": days_ago(-days)},
        )
        course = medication_request(HYDROXOCOBALAMIN, bounded)
        assert ids(fire("order-sign", prefetch(course, FULL), drafts=[MAINTENANCE])) == expected


def test_an_oral_dose_reads_without_superfluous_decimals():
    def summary(daily):
        return fire(
            "order-sign", prefetch(LOW, FULL), drafts=[draft(CYANOCOBALAMIN_TABLET, daily)]
        )[0]["summary"]

    assert summary(dosage(50, "ug", route=ORAL, every=DAILY)).startswith(
        "Oral B12 of 50 micrograms a day is low"
    )
    assert summary(dosage(1000, "ug", route=ORAL, every=(1, 1, "wk"))).startswith(
        "Oral B12 of 142.9 micrograms a day is low"
    )


def test_deficiency_by_methylmalonic_acid_is_not_called_a_result_in_the_deficient_range():
    record = [
        observation("b12", 250, "pg/mL"),
        observation("mma", 800, "nmol/L"),
        observation("egfr", 80, "mL/min/{1.73_m2}"),
    ]
    card = fire("order-select", prefetch(*record), drafts=[folic_acid()])[0]
    assert ids([card]) == ["folic-acid-b12-deficient"]
    assert "The B12 results on record show deficiency." in card["detail"]
    assert "deficient range" not in card["detail"]


@pytest.mark.parametrize(
    ("record", "says"),
    [
        pytest.param(
            [observation("b12", 250, "pg/mL")],
            "The B12 result is in the middle range: deficiency is possible.",
            id="in the middle range",
        ),
        pytest.param(
            [observation("b12", 480, "pg/mL"), observation("b12", 110, "pg/mL", ago=100)],
            "The B12 result is above the middle range, yet the record gives grounds to doubt it: "
            "deficiency is possible.",
            id="above it, and a deficient one before",
        ),
    ],
)
def test_why_deficiency_is_possible_is_decided(record, says):
    card = fire("order-select", prefetch(*record), drafts=[folic_acid()])[0]
    assert ids([card]) == ["folic-acid-b12-unknown"]
    told = [line for line in card["detail"].splitlines() if "deficiency is" in line]
    assert told == [says]
