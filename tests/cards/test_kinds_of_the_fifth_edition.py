"""What an independent reading found against the text, each kind from whole requests (clinical specification, fifth edition)."""

import pytest

from tests.support.clinic import card_of, facts_of, fire, ids, orders, suggestions
from tests.support.fhir_builders import (
    CYANOCOBALAMIN_INJECTION,
    CYANOCOBALAMIN_TABLET,
    DAILY,
    HYDROXOCOBALAMIN,
    IM,
    ORAL,
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
    service_request,
)

LOW = observation("b12", 60, "ng/L", ago=3)
NEURO, LEBER, PERNICIOUS = condition("386033004"), condition("58610003"), condition("84027009")
WOMAN, MAN = patient(birth="1996-05-01"), patient(gender="male")
PREGNANT = condition("77386006", onsetDateTime=days_ago(60))
NITROUS_OXIDE = condition("73891003", recordedDate=days_ago(20))
METHOTREXATE = medication_request({"text": "Methotrexate 2.5 mg tablets"})
NO_RISK = (observation("hb", 145, "g/L"), observation("potassium", 4.1, "mmol/L"))
QUARTERLY = dosage(1, route=IM, every=(1, 3, "mo"))
COURSE = medication_request(HYDROXOCOBALAMIN, QUARTERLY, authoredOn=days_ago(300), id="course")
STOP = {**COURSE, "status": "stopped"}
TABLET = draft(CYANOCOBALAMIN_TABLET, dosage(1, route=ORAL, every=DAILY), id="tab")


def given(ago, concept=HYDROXOCOBALAMIN):
    return {
        "resourceType": "MedicationAdministration",
        "id": f"given-{ago}",
        "status": "completed",
        "subject": SUBJECT,
        "effectiveDateTime": days_ago(ago),
        "medicationCodeableConcept": concept,
    }


def opening(*record, **more):
    return fire("patient-view", prefetch(*record, who=more.pop("who", None)), **more)


def ordering(*record, drafts, **more):
    return fire("order-sign", prefetch(*record, who=more.pop("who", None)), drafts=drafts, **more)


def accepted(cards):
    """The cobalamin orders that are left when every first suggestion of an answer is accepted: created, and removed."""
    done = [
        action
        for card in cards
        for action in card.get("suggestions", [{"actions": []}])[0]["actions"]
    ]
    created = [action["resource"] for action in done if action["type"] == "create"]
    removed = [action["resourceId"] for action in done if action["type"] == "delete"]
    return [order for order in created if order["resourceType"] == "MedicationRequest"], removed


# --- stops


def test_every_b12_stopped_and_folic_acid_drafted_with_methotrexate_is_told():
    cards = ordering(LOW, COURSE, METHOTREXATE, drafts=[STOP, folic_acid(5)])
    told = card_of(cards, "folic-acid-add-b12")
    assert (
        "Keep the folate" in told["detail"]
        and "This session stops the B12 treatment" in told["detail"]
    )
    assert "suggestions" not in told


def test_every_b12_stopped_and_folic_acid_drafted_is_critical_and_orders_no_cobalamin():
    cards = ordering(LOW, COURSE, drafts=[STOP, folic_acid(5)])
    assert card_of(cards, "folic-acid-b12-deficient")["indicator"] == "critical"
    assert accepted(cards)[0] == []


def test_a_stop_is_told_by_a_deficient_result_alone():
    told = card_of(ordering(LOW, COURSE, drafts=[STOP]), "b12-stop-lifelong")
    assert "stop only with a plan" in told["detail"] and "lifelong" not in told["detail"]


# --- one course


@pytest.mark.parametrize(
    ("record", "drafts"),
    [
        pytest.param(
            [LOW, NEURO], [folic_acid(5), TABLET], id="an oral draft with neurological features"
        ),
        pytest.param([LOW, NEURO, LEBER], [folic_acid(5), TABLET], id="with Leber's"),
        pytest.param([LOW, LEBER], [TABLET], id="cyanocobalamin with Leber's"),
        pytest.param(
            [LOW, NEURO], [TABLET, draft(HYDROXOCOBALAMIN, QUARTERLY, id="rare")], id="two drafts"
        ),
    ],
)
def test_accepting_our_own_suggestions_leaves_one_course(record, drafts):
    cards = ordering(*record, *NO_RISK, drafts=drafts)
    created, removed = accepted(cards)
    cobalamins = {f"MedicationRequest/{order['id']}" for order in drafts} - {
        f"MedicationRequest/{drafts[0]['id']}" if "Folic" in str(drafts[0]) else ""
    }
    assert (
        len([order for order in created if "obalamin" in str(order["medicationCodeableConcept"])])
        == 1
    )
    assert cobalamins <= set(removed)
    for card in cards:
        for suggestion in card.get("suggestions", []):
            assert (
                "remove" in suggestion["label"].lower()
                or "replace" in suggestion["label"].lower()
                or "-MedicationRequest" not in str(orders(suggestion))
            )


@pytest.mark.parametrize(
    ("problem", "possible"),
    [
        pytest.param(LEBER, False, id="by its own code"),
        pytest.param(
            condition("H47.22", system="http://hl7.org/fhir/sid/icd-10-cm"), True, id="by H47.22"
        ),
        pytest.param(
            {**LEBER, "modifierExtension": [{"url": "https://ehr.example/x", "valueCode": "u"}]},
            True,
            id="under a modifier",
        ),
    ],
)
def test_lebers_is_to_be_confirmed_only_where_it_is_on_record_as_possible(problem, possible):
    card = card_of(ordering(problem, drafts=[TABLET]), "cyanocobalamin-leber")
    assert ("It is on record as possible only: confirm it." in card["detail"]) is possible


def test_beside_a_running_course_leber_card_removes_the_draft_and_tells_to_change_the_course():
    running = medication_request(CYANOCOBALAMIN_INJECTION, QUARTERLY, authoredOn=days_ago(300))
    cards = ordering(running, LEBER, drafts=[TABLET])
    assert suggestions(cards, "cyanocobalamin-leber") == [["-MedicationRequest/tab"]]
    assert (
        "The course under way is cyanocobalamin too: change it"
        in card_of(cards, "cyanocobalamin-leber")["detail"]
    )
    assert suggestions(cards, "b12-duplicate") == [["-MedicationRequest/tab"]]


@pytest.mark.parametrize("begins", [3, 40])
def test_a_planned_order_is_replaced_by_name_where_treatment_is_due_now(begins):
    planned = medication_request(
        HYDROXOCOBALAMIN, QUARTERLY, authoredOn=days_ago(-begins), id="later"
    )
    cards = opening(LOW, NEURO, planned, *NO_RISK)
    (order,) = accepted(cards)[0]
    assert order["priorPrescription"] == {"reference": "MedicationRequest/later"}
    assert "The suggestion replaces that order" in cards[0]["detail"]


def test_no_course_is_suggested_for_prevention_beside_a_planned_order():
    planned = medication_request(HYDROXOCOBALAMIN, QUARTERLY, authoredOn=days_ago(-40), id="later")
    told = card_of(
        opening(procedure("443906008"), planned, observation("b12", 480, "ng/L")),
        "bariatric-maintenance",
    )
    assert "suggestions" not in told and "no other course is suggested" in told["detail"]


# --- what a result says


def test_a_low_total_of_pregnancy_is_no_ground_to_doubt_an_active_b12():
    record = [
        observation("active_b12", 90, "pmol/L", ago=20),
        observation("b12", 110, "ng/L", ago=2),
        PREGNANT,
    ]
    assert facts_of(*record, who=WOMAN)["b12.status"].value == "sufficient"
    assert (
        facts_of(
            *record,
            NEURO,
            observation("mcv", 90, "fL"),
            observation("mma", 200, "nmol/L"),
            who=WOMAN,
        )["b12.status"].value
        == "indeterminate"
    )


@pytest.mark.parametrize(
    ("asked", "answered", "pending"),
    [("active_b12", "b12", True), ("b12", "active_b12", True), ("b12", "b12", False)],
)
def test_a_total_does_not_answer_a_pending_active_b12_nor_the_reverse(asked, answered, pending):
    units = {"b12": "ng/L", "active_b12": "pmol/L"}
    record = [
        service_request(asked, ago=5),
        observation(answered, 300 if answered == "b12" else 60, units[answered], ago=1),
    ]
    assert facts_of(*record)["test.pending.b12"].holds is pending


@pytest.mark.parametrize(
    ("record", "fact", "value"),
    [
        pytest.param([observation("hb", 50, "g/L", comparator=">", ago=1), observation("hb", 70, "g/L", ago=2)], "anaemia", True, id="haemoglobin"),
        pytest.param([observation("creatinine", 3, "mg/dL", comparator="<", ago=1), observation("creatinine", 3, "mg/dL", ago=2)], "renal.dysfunction", True, id="creatinine"),
        pytest.param([observation("b12", 100, "ng/L", comparator=">", ago=1), observation("b12", 100, "ng/L", ago=2)], "b12.total.level", "deficient", id="B12"),
        pytest.param([observation("potassium", 3, "mmol/L", comparator=">", ago=1), observation("potassium", 3.1, "mmol/L", ago=2)], "potassium.level", "low", id="potassium"),
    ],
)  # fmt: skip
def test_a_comparator_result_that_proves_nothing_hides_no_older_one(record, fact, value):
    assert facts_of(*record)[fact].value == value


@pytest.mark.parametrize(
    ("analyte", "unit", "one", "other", "decides"),
    [
        ("b12", "ng/L", 100, 480, 100),
        ("potassium", "mmol/L", 3.1, 4.4, 3.1),
        ("mma", "nmol/L", 200, 900, 900),
        ("hb", "g/L", 80, 140, 80),
        ("creatinine", "mg/dL", 1, 3, 3),
    ],
)
def test_of_two_results_of_one_time_the_later_issued_decides_else_the_more_abnormal(
    analyte, unit, one, other, decides
):
    name = {"creatinine": "egfr"}.get(analyte, "b12.total" if analyte == "b12" else analyte)

    def told(*results):
        return facts_of(*results)[name].value.as_sent

    results = [observation(analyte, value, unit, id=f"o-{value}") for value in (one, other)]
    assert f"{decides} {unit}" in told(*results) and f"{decides} {unit}" in told(*results[::-1])
    less = other if decides == one else one
    later = [
        {**result, "issued": f"2026-11-2{2 if str(less) in result['id'] else 1}T10:00:00Z"}
        for result in results
    ]
    assert f"{less} {unit}" in told(*later)


def test_the_other_of_two_results_of_one_time_is_no_ground_for_suspicion():
    results = [
        observation("b12", 480, "ng/L", issued="2026-11-22T12:00:00Z"),
        observation("b12", 100, "ng/L", issued="2026-11-22T08:00:00Z"),
    ]
    assert facts_of(*results)["b12.status"].value == "sufficient"


def test_platelets_in_a_unit_that_cannot_be_theirs_are_not_used():
    count = observation("platelets", 40, "10*9/L")
    count["valueQuantity"] |= {"unit": "mmol/L"}
    assert facts_of(count)["platelets"].is_unknown


def test_an_unusable_reticulocyte_result_from_before_the_start_silences_nothing():
    course = medication_request(
        HYDROXOCOBALAMIN, dosage(1, route=IM, every=(3, 1, "wk")), authoredOn=days_ago(7)
    )
    before = observation("hb", 80, "g/L", ago=8)
    old = {
        **observation("hb", None, ago=20),
        "code": {"coding": [{"system": "http://loinc.org", "code": "60474-4"}]},
        "valueString": "clotted",
    }
    values = prefetch(course, before)
    values["blood-count"]["entry"].append({"resource": old})
    assert "response-reticulocytes" in ids(fire("patient-view", values))


@pytest.mark.parametrize(("value", "unit"), [(5001, "b12"), (3691, "b12_molar")])
def test_a_very_high_b12_without_treatment_is_doubted_and_starts_nothing(value, unit):
    very_high = observation(unit, value, "ng/L" if unit == "b12" else "pmol/L")
    rest = [observation("mma", 200, "nmol/L"), observation("mcv", 90, "fL")]
    cards = opening(very_high, NEURO, *rest)
    assert (
        ids(cards) == ["b12-indeterminate-neuro"] and "unrecorded injections" in cards[0]["detail"]
    )
    diagnosed = opening(very_high, condition("190634004"), *rest)
    assert "b12-cause-untreated" not in ids(diagnosed) and accepted(diagnosed)[0] == []
    folate = ordering(very_high, NEURO, *rest, drafts=[folic_acid(5)])
    assert "folic-acid-b12-unknown" in ids(folate) and "folic-acid-b12-deficient" not in ids(folate)


# --- treatment and intake


def test_an_injection_of_last_month_is_intake_in_pregnancy():
    vegan = condition("24930006")
    assert "pregnancy-intake" in ids(opening(vegan, PREGNANT, who=WOMAN))
    assert "pregnancy-intake" not in ids(opening(vegan, PREGNANT, given(30), who=WOMAN))


def test_a_course_ordered_today_is_not_told_as_under_way():
    course = medication_request(
        HYDROXOCOBALAMIN, dosage(1, route=IM, every=(3, 1, "wk")), authoredOn=days_ago(0)
    )
    told = card_of(
        opening(observation("folate", 2, "ug/L"), observation("b12", 480, "ng/L"), course, who=MAN),
        "folate-deficiency",
    )
    assert (
        "under way" not in told["detail"]
        and "B12 is ordered, and no dose is recorded yet" in told["detail"]
    )
    (order,) = accepted([told])[0]
    assert order["note"] == [{"text": "Begin once B12 treatment has begun."}]


def test_a_course_that_is_only_scheduled_does_not_protect_beside_folate():
    ended = medication_request(
        HYDROXOCOBALAMIN, dosage(1, route=IM, every=(3, 1, "wk"), count=6), authoredOn=days_ago(60)
    )
    before = observation("b12", 60, "ng/L", ago=70)
    cards = ordering(before, ended, drafts=[folic_acid(5)])
    told = card_of(cards, "folic-acid-b12-deficient")
    assert "no dose is recorded: is it given?" in told["detail"] and "suggestions" not in told


def test_a_dead_patient_gets_no_card():
    for died in ({"deceasedBoolean": True}, {"deceasedDateTime": "2026-11-20"}):
        assert opening(LOW, NEURO, who=patient(**died)) == []
        assert ordering(LOW, drafts=[folic_acid(5)], who=patient(**died)) == []
    assert opening(LOW, who=patient(deceasedBoolean=False)) != []


# --- tests


def test_a_card_asks_for_nothing_that_was_just_ordered():
    before = ordering(NEURO, drafts=[folic_acid(5)])
    (first,) = [
        card for card in before if card["source"]["topic"]["code"] == "folic-acid-b12-deficient"
    ]
    created = [
        {**action["resource"], "id": f"new-{number}"}
        for number, action in enumerate(first["suggestions"][0]["actions"])
    ]
    again = ordering(NEURO, drafts=[folic_acid(5), *created])
    assert [
        order
        for card in again
        for suggestion in card.get("suggestions", [])
        for order in orders(suggestion)
    ] == []


def test_no_test_is_ordered_by_two_cards_of_an_answer():
    cards = opening(procedure("443906008"), PREGNANT, who=WOMAN)
    told = [
        order
        for card in cards
        for suggestion in card.get("suggestions", [])[:1]
        for order in orders(suggestion)
    ]
    assert len(told) == len(set(told))
    drafted = ordering(
        observation("potassium", 3.2, "mmol/L"),
        LOW,
        NEURO,
        drafts=[TABLET, hydroxocobalamin(id="h")],
    )
    ordered = [
        order
        for card in drafted
        for suggestion in card.get("suggestions", [])[:1]
        for order in orders(suggestion)
    ]
    checks = [order for order in ordered if order.startswith("potassium")]
    assert checks and len(checks) == len(set(checks))


@pytest.mark.parametrize(
    ("occurrence", "left"),
    [
        pytest.param({}, ["potassium-24h", "potassium-48h"], id="no time"),
        pytest.param(
            {"occurrenceDateTime": "2026-11-24T12:00:00Z"},
            ["potassium-now", "potassium-48h"],
            id="in 24 hours",
        ),
        pytest.param(
            {"occurrenceDateTime": "2026-11-25T12:00:00Z"},
            ["potassium-now", "potassium-24h"],
            id="in 48 hours",
        ),
        pytest.param(
            {"occurrenceDateTime": "2026-11-23T20:00:00Z"},
            ["potassium-24h", "potassium-48h"],
            id="in 8 hours",
        ),
    ],
)
def test_each_potassium_check_is_spared_by_a_request_for_it_alone(occurrence, left):
    asked = service_request("potassium", authoredOn="2026-11-23T11:00:00Z", **occurrence)
    anaemic = observation("hb", 95, "g/L")
    assert suggestions(
        ordering(anaemic, asked, drafts=[hydroxocobalamin()]), "potassium-monitoring"
    ) == [left]
    old = {**asked, "authoredOn": "2026-11-21T11:00:00Z"}
    assert (
        len(
            suggestions(
                ordering(anaemic, old, drafts=[hydroxocobalamin()]), "potassium-monitoring"
            )[0]
        )
        == 3
    )


def test_prevention_with_a_reassuring_result_and_nothing_against_it_asks_for_no_potassium():
    record = [procedure("443906008"), observation("b12", 480, "ng/L")]
    assert suggestions(opening(*record), "bariatric-maintenance")[0] == [
        "hydroxocobalamin-3-monthly"
    ]
    low = observation("potassium", 3.2, "mmol/L", ago=20)
    assert "potassium-now" in suggestions(opening(*record, low), "bariatric-maintenance")[0]


def test_the_sample_comes_first_with_neurological_features_and_an_oral_draft():
    reassuring = dosage(1, route=IM, every=(1, 2, "d"))
    cards = ordering(NEURO, *NO_RISK, drafts=[draft(HYDROXOCOBALAMIN, reassuring, id="h"), TABLET])
    assert "b12-sample-first" in ids(cards)
    assert "b12-sample-first" not in ids(
        ordering(
            NEURO,
            METHOTREXATE,
            medication_request({"text": "Pemetrexed 500 mg infusion"}),
            *NO_RISK,
            drafts=[TABLET],
        )
    )


# --- nitrous oxide, combinations, women who may be pregnant


def test_nitrous_oxide_with_neurological_features_is_treated_before_the_results():
    cards = opening(NITROUS_OXIDE, NEURO, observation("b12", 480, "ng/L"), *NO_RISK)
    told = card_of(cards, "nitrous-oxide-neuro")
    assert told["detail"].startswith("**Nitrous oxide is recorded: exposure must stop.**")
    assert suggestions(cards, "nitrous-oxide-neuro")[0][:3] == [
        "homocysteine",
        "mma",
        "hydroxocobalamin-neuro",
    ]
    severe = card_of(
        opening(NITROUS_OXIDE, NEURO, allergy(criticality="high")), "nitrous-oxide-neuro"
    )
    assert all(
        "obalamin" not in order
        for suggestion in severe["suggestions"]
        for order in orders(suggestion)
    )
    assert "Hydroxocobalamin 1 mg" not in severe["detail"]


def test_exposure_must_stop_is_said_by_the_first_card_alone():
    cards = opening(NITROUS_OXIDE, NEURO, LOW, observation("folate", 2, "ug/L"))
    said = ["exposure must stop" in card["detail"] for card in cards]
    assert said[0] and not any(said[1:])


COMBINED = {"text": "Thiamine / pyridoxine / cyanocobalamin injection"}


def test_the_b12_of_a_combination_counts_for_leber_allergy_and_potassium_and_is_not_removed():
    combined = draft(COMBINED, dosage(None, route=IM), id="complex")
    leber = ordering(LEBER, drafts=[combined])
    assert "cyanocobalamin-leber" in ids(leber) and "suggestions" not in card_of(
        leber, "cyanocobalamin-leber"
    )
    assert "cobalamin-anaphylaxis" in ids(ordering(allergy(criticality="high"), drafts=[combined]))
    assert "potassium-monitoring" in ids(ordering(observation("hb", 90, "g/L"), drafts=[combined]))
    assert ids(ordering(LOW, *NO_RISK, drafts=[combined])) == []


def test_no_folate_is_taken_from_a_woman_who_may_be_pregnant():
    told = card_of(
        ordering(LOW, *NO_RISK, drafts=[folic_acid(5, id="fol")], who=WOMAN),
        "folic-acid-b12-deficient",
    )
    assert "keep the folate and give B12 with it" in told["detail"]
    assert "-MedicationRequest/fol" not in str(
        [orders(suggestion) for suggestion in told["suggestions"]]
    )
    assert "after" not in told["suggestions"][0]["label"] and "once B12" not in told["detail"]
    man = card_of(
        ordering(LOW, *NO_RISK, drafts=[folic_acid(5, id="fol")], who=MAN),
        "folic-acid-b12-deficient",
    )
    assert "-MedicationRequest/fol" in orders(man["suggestions"][1])


def test_a_label_names_every_order_that_it_creates():
    told = card_of(opening(LOW, observation("hb", 90, "g/L")), "b12-deficiency-untreated")
    for title in ("Potassium now", "Potassium at 24 hours", "Potassium at 48 hours"):
        assert title in told["suggestions"][0]["label"]


# --- parameter sets and formulary


def test_a_dietary_cause_alone_has_its_own_regimen_in_the_united_kingdom():
    vegan = condition("24930006")
    british = opening(LOW, vegan, *NO_RISK, settings={"parameters": "uk"})
    # Beside it stand potassium tests: UK servers are asked for more lists of results than this client sends.
    assert (
        suggestions(british, "b12-deficiency-untreated")[0][0]
        == "hydroxocobalamin-loading-then-6-monthly"
    )
    assert (
        "50 micrograms to 150 micrograms daily by mouth" in british[0]["detail"]
        and "2 to 3 months" not in british[0]["detail"]
    )
    assert suggestions(opening(LOW, vegan, *NO_RISK), "b12-deficiency-untreated")[0] == [
        "hydroxocobalamin-loading-then-maintenance"
    ]


def test_a_resection_of_unknown_length_leaves_open_whether_the_cause_is_dietary_alone():
    """What is for life would be undertreated with two injections a year."""
    record = (LOW, condition("24930006"), procedure("307193005"), *NO_RISK)
    cards = opening(*record, settings={"parameters": "uk"})
    (order, *_) = suggestions(cards, "b12-deficiency-untreated")[0]
    assert order == "hydroxocobalamin-loading-then-maintenance"


@pytest.mark.parametrize(
    ("record", "card", "order"),
    [
        ([LOW], "b12-deficiency-untreated", "cyanocobalamin-injection"),
        ([LOW, NEURO], "b12-deficiency-neuro", "cyanocobalamin-neuro"),
        (
            [procedure("443906008"), observation("b12", 480, "ng/L")],
            "bariatric-maintenance",
            "cyanocobalamin-monthly",
        ),
        ([PERNICIOUS, given(200)], "therapy-lapsed", "cyanocobalamin-monthly"),
    ],
)
def test_where_hydroxocobalamin_is_not_stocked_the_schedule_is_of_cyanocobalamin(
    record, card, order
):
    settings = {"formulary": frozenset({"cyanocobalamin-injection", "cyanocobalamin-tablets"})}
    cards = opening(*record, settings=settings)
    assert order in suggestions(cards, card)[0]
    assert "ydroxocobalamin 1 mg" not in card_of(cards, card)["detail"]
    assert all(
        "cyanocobalamin" not in item
        for suggestion in suggestions(opening(*record, LEBER, settings=settings), card)
        for item in suggestion
    )


def test_the_united_states_are_told_that_the_label_differs():
    assert (
        "The US label of hydroxocobalamin has another regimen"
        in opening(LOW, settings={"parameters": "us"})[0]["detail"]
    )
    assert "US label" not in opening(LOW)[0]["detail"]
