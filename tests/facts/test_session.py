"""The orders of the session: which are selected, which are stops, and what they amount to together."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cds_service.engine import Call
from cds_service.facts.session import SessionReader, UnreadableOrders
from tests.support.clinic import client, engine, facts_of, fire, ids, prefetching, sent
from tests.support.fhir_builders import (
    CYANOCOBALAMIN_TABLET,
    DAILY,
    FOLIC_ACID_1MG,
    HYDROXOCOBALAMIN,
    IM,
    NOW,
    ORAL,
    RXNORM,
    allergy,
    bundle,
    condition,
    days_ago,
    dosage,
    draft,
    folic_acid,
    hook_request,
    hydroxocobalamin,
    medication_administration,
    medication_request,
    observation,
    prefetch,
    service_request,
)

FOLATE, COBALAMIN = folic_acid(id="fol"), hydroxocobalamin(id="cob")
ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
NEURO, VEGAN = condition("386033004"), condition("24930006")


def tablets(micrograms, **more):
    return draft(
        {"text": "Cyanocobalamin tablets"},
        dosage(micrograms, "ug", route=ORAL, every=DAILY),
        **more,
    )


def drafted(selections, drafts=(FOLATE, COBALAMIN)):
    facts = facts_of(drafts=list(drafts), selections=selections)
    return facts["draft.folate"].holds, facts["draft.b12"].holds


@pytest.mark.parametrize(
    ("selections", "folate", "cobalamin"),
    [
        pytest.param(None, True, True, id="absent: every draft"),
        pytest.param([], True, True, id="empty: every draft"),
        pytest.param(["MedicationRequest/fol"], True, False, id="one"),
        pytest.param(["MedicationRequest/fol", "MedicationRequest/cob"], True, True, id="both"),
        pytest.param(["fol"], True, False, id="a bare id"),
        pytest.param(
            ["https://ehr.example.org/fhir/MedicationRequest/fol"],
            True,
            False,
            id="an absolute reference",
        ),
        pytest.param(["MedicationRequest/fol/_history/2"], True, False, id="a versioned reference"),
        pytest.param(["MedicationRequest/other"], True, True, id="none that is there: every draft"),
        pytest.param(
            ["MedicationRequest/fol", "MedicationRequest/other"],
            True,
            True,
            id="one that is not there: every draft",
        ),
        pytest.param(
            ["MedicationRequest/fol", {"reference": "MedicationRequest/cob"}],
            True,
            True,
            id="one that is no text: every draft",
        ),
        pytest.param(
            ["MedicationRequest/fol", "urn:uuid:d1577c69-dfbe-44ad-ba6d-3e05e953b2ea"],
            True,
            True,
            id="a URN of no draft: every draft",
        ),
        pytest.param(
            ["MedicationRequest/fol", "MEDICATIONREQUEST/COB"],
            True,
            True,
            id="in capitals: every draft",
        ),
        pytest.param([7, None, {}], True, True, id="nonsense: every draft"),
    ],
)
def test_selections(selections, folate, cobalamin):
    assert drafted(selections) == (folate, cobalamin)


def test_what_is_in_the_session_counts_selected_or_not():
    facts = facts_of(drafts=[FOLATE, COBALAMIN], selections=["MedicationRequest/fol"])
    assert facts["draft.b12"].holds is False and facts["session.b12"].holds is True
    other_way = facts_of(drafts=[FOLATE, COBALAMIN], selections=["MedicationRequest/cob"])
    assert other_way["draft.folate"].holds is False and other_way["session.folate"].holds is True


def test_selecting_a_test_selects_no_medication():
    test = service_request("b12", status="draft", id="test")
    assert drafted(["ServiceRequest/test"], [FOLATE, test]) == (False, False)


def test_selecting_an_order_of_another_type_that_is_there_selects_no_medication_beside_it():
    feed = {"resourceType": "NutritionOrder", "id": "feed", "status": "draft"}
    selections = ["MedicationRequest/cob", "NutritionOrder/feed"]
    assert drafted(selections, [FOLATE, COBALAMIN, feed]) == (False, True)
    assert drafted(selections, [FOLATE, COBALAMIN]) == (True, True)


URN = "urn:uuid:d1577c69-dfbe-44ad-ba6d-3e05e953b2ea"


@pytest.mark.parametrize("named", [{}, {"id": "fol"}])
def test_a_draft_that_is_selected_by_its_full_url_is_selected(named):
    folate = {key: value for key, value in FOLATE.items() if key != "id"} | named
    amoxicillin = draft({"text": "Amoxicillin 500 mg capsules"}, id="amx")
    request = hook_request(
        "order-select",
        prefetch(observation("b12", 110, "ng/L")),
        drafts=[amoxicillin],
        selections=["MedicationRequest/amx", URN],
    )
    request["context"]["draftOrders"]["entry"].append({"fullUrl": URN, "resource": folate})
    assert posted(request) == (200, ["folic-acid-b12-deficient"])
    request["context"]["selections"] = ["MedicationRequest/amx"]
    assert posted(request) == (200, [])


def posted(request):
    """The status of the answer, and the ids of its cards."""
    response = client().post(f"/cds-services/b12-folate-{request['hook']}", json=request)
    body = response.get_json()
    return response.status_code, ids(body.get("cards", []))


@pytest.mark.parametrize("status", ["stopped", "cancelled", "completed", "on-hold"])
def test_a_stop_is_neither_a_draft_nor_therapy(status):
    facts = facts_of(drafts=[{**COBALAMIN, "status": status}])
    assert facts["draft.b12"].holds is False and facts["session.b12"].holds is False
    assert facts["b12_therapy.active"].holds is False


@pytest.mark.parametrize("status", ["draft", "active", "unknown", None])
def test_every_other_order_of_the_session_is_a_draft(status):
    order = {
        key: value for key, value in {**COBALAMIN, "status": status}.items() if value is not None
    }
    assert facts_of(drafts=[order])["draft.b12"].holds is True


@pytest.mark.parametrize("more", [{"doNotPerform": True}, {"status": "entered-in-error"}], ids=str)
def test_orders_that_do_not_count(more):
    facts = facts_of(drafts=[{**COBALAMIN, **more}])
    assert facts["draft.b12"].holds is False and facts["session.b12"].holds is False


@pytest.mark.parametrize("orders", [None, {"resourceType": "Bundle"}, bundle([])], ids=str)
def test_a_session_without_orders(orders):
    session = read(orders)
    assert session.drafts == () and session.stops == ()


@pytest.mark.parametrize(
    "entry", [[None, 7, {}], [{"resource": None}], [{"resource": {"id": "x"}}], 7], ids=str
)
def test_draft_orders_with_entries_that_are_no_resources_are_refused(entry):
    """An empty answer would say that nothing is wrong with them."""
    with pytest.raises(UnreadableOrders) as refused:
        read({"resourceType": "Bundle", "entry": entry})
    assert refused.value.status == 400


def read(orders):
    return SessionReader("pat-1", engine().terminology, engine().zone).read(
        sent(orders), None, still_choosing=False
    )


UNTOLD = {
    "a reference that leads nowhere": {"medicationReference": {"reference": "Medication/nowhere"}},
    "no medication at all": {},
    "a medication of the wrong shape": {"medicationCodeableConcept": "Folic acid"},
    "a modifier that is not understood": {"medicationCodeableConcept": COBALAMIN["medicationCodeableConcept"], "modifierExtension": [{"url": "urn:x", "valueBoolean": True}]},
    "implicit rules": {"medicationCodeableConcept": COBALAMIN["medicationCodeableConcept"], "implicitRules": "urn:rules"},
}  # fmt: skip


@pytest.mark.parametrize("how", UNTOLD)
def test_a_draft_that_cannot_be_told_is_412_and_named(how):
    with pytest.raises(UnreadableOrders, match="MedicationRequest/untold") as refused:
        facts_of(
            drafts=[{**draft(None, id="untold"), **UNTOLD[how]}],
            selections=["MedicationRequest/none"],
            hook="order-sign",
        )
    assert refused.value.status == 412


@pytest.mark.parametrize("how", UNTOLD)
def test_a_draft_that_cannot_be_told_hides_no_card_on_one_that_can_and_is_named(how):
    untold = {**draft(None, id="untold"), **UNTOLD[how]}
    (card, *_) = fire(
        "order-sign", prefetch(observation("b12", 110, "ng/L")), drafts=[folic_acid(5), untold]
    )
    assert ids([card]) == ["folic-acid-b12-deficient"]
    assert "Not known:" in card["detail"] and "MedicationRequest/untold" in card["detail"]


DANGLING = {**draft(None, id="untold"), "medicationReference": {"reference": "Medication/nowhere"}}
SEVERE = allergy(criticality="high")


@pytest.mark.parametrize("hook", ["order-select", "order-sign"])
@pytest.mark.parametrize(
    ("record", "told"),
    [
        pytest.param(observation("b12", 600, "ng/L"), folic_acid(), id="folic acid, B12 600"),
        pytest.param(
            observation("b12", 600, "ng/L"),
            draft({"text": "Multivitamin tablets"}),
            id="a multivitamin",
        ),
        pytest.param(SEVERE, {**folic_acid(), "status": "stopped"}, id="a stop"),
    ],
)
def test_a_draft_that_cannot_be_told_is_412_where_no_card_would_name_it(hook, record, told):
    values = prefetch(record)
    assert posted(hook_request(hook, values, drafts=[told])) == (200, [])
    for drafts in ([told, DANGLING], [DANGLING, told]):
        assert posted(hook_request(hook, values, drafts=drafts)) == (412, [])


def test_a_stop_that_cannot_be_told_may_stop_a_cobalamin_and_is_named():
    stop = {**DANGLING, "status": "stopped"}
    low = observation("b12", 110, "ng/L")
    assert facts_of(low, drafts=[folic_acid(), stop])["draft.b12_stop"].is_unknown
    assert facts_of(low, drafts=[COBALAMIN | {"status": "stopped"}, stop])["draft.b12_stop"].holds
    (card, *_) = fire("order-sign", prefetch(low), drafts=[folic_acid(), stop])
    assert "what the drafted order MedicationRequest/untold is" in card["detail"]


def test_a_draft_that_cannot_be_told_is_412_where_the_one_that_can_is_not_selected():
    request = hook_request(
        "order-select",
        prefetch(SEVERE),
        drafts=[DANGLING, hydroxocobalamin()],
        selections=["MedicationRequest/untold"],
    )
    assert posted(request) == (412, [])


def test_a_card_that_is_snoozed_is_not_replaced_by_a_refusal():
    call = Call(
        "order-sign",
        "pat-1",
        None,
        sent(bundle([hydroxocobalamin(), DANGLING])),
        None,
        prefetching(prefetch(medication_request({"text": "Warfarin 3 mg tablets"}))),
    )
    shown = engine().answer(call, NOW)
    assert shown
    every = {(card.source.id, engine().cards[card.source.id].version) for card in shown}
    assert engine().answer(call, NOW, every) == []


@pytest.mark.parametrize(
    "named",
    [
        pytest.param({"medicationReference": {"identifier": {"value": "1"}}}, id="an identifier"),
        pytest.param(
            {"medicationReference": {"type": "Medication", "identifier": {"value": "1"}}},
            id="a type and an identifier",
        ),
        pytest.param(
            {"medicationCodeableConcept": {"coding": [{"system": RXNORM}]}}, id="a system alone"
        ),
        pytest.param(
            {"medicationCodeableConcept": {"extension": [{"url": ABSENT, "valueCode": "masked"}]}},
            id="masked",
        ),
        pytest.param(
            {
                "medicationCodeableConcept": {
                    "coding": [{"extension": [{"url": ABSENT, "valueCode": "masked"}]}]
                }
            },
            id="a masked code",
        ),
    ],
)
def test_a_draft_that_names_what_is_not_read_is_412_while_orders_are_chosen_too(named):
    order = {**draft(None, id="untold"), **named}
    for hook in ("order-select", "order-sign"):
        assert posted(hook_request(hook, prefetch(), drafts=[order])) == (412, [])


NESTED = {
    "contained in a RequestGroup": {"resourceType": "RequestGroup", "contained": [FOLATE]},
    "contained in a CarePlan": {"resourceType": "CarePlan", "contained": [FOLATE]},
    "in a Bundle": bundle([FOLATE]),
}


@pytest.mark.parametrize("hook", ["order-select", "order-sign"])
@pytest.mark.parametrize("where", NESTED)
def test_drafts_inside_another_resource_are_422(hook, where):
    test = service_request("b12", status="draft")
    for beside in ([], [test], [folic_acid()]):
        request = hook_request(hook, prefetch(), drafts=beside, selections=[])
        request["context"]["draftOrders"]["entry"].append({"resource": NESTED[where]})
        assert posted(request) == (422, [])


def test_a_request_group_that_refers_to_the_drafts_beside_it_is_no_draft():
    group = {
        "resourceType": "RequestGroup",
        "id": "group",
        "action": [{"resource": {"reference": "MedicationRequest/fol"}}],
    }
    request = hook_request(
        "order-sign", prefetch(observation("b12", 110, "ng/L")), drafts=[FOLATE, group]
    )
    assert posted(request) == (200, ["folic-acid-b12-deficient"])


def test_a_form_that_has_just_been_opened_is_no_draft():
    """A known client sends it in order-select; when it is signed so, nothing can be said of it."""
    assert facts_of(drafts=[draft(None)], hook="order-select").session.drafts == ()


@pytest.mark.parametrize(
    ("doses", "above"),
    [
        ((0.4,), False),
        ((0.401,), True),
        ((0.2, 0.2), False),
        ((0.3, 0.3), True),
        ((1,), True),
        ((5,), True),
        ((0.4, 0.001), True),
    ],
)
def test_folate_doses_of_several_drafts_add_up(doses, above):
    facts = facts_of(drafts=[folic_acid(dose) for dose in doses])
    assert facts["draft.folate_daily"].value == pytest.approx(sum(doses) * 1000, rel=1e-9)
    assert facts["draft.folate_above_400_ug"].holds is above


@given(st.lists(st.integers(1, 2000), min_size=1, max_size=5))
@settings(max_examples=30, deadline=None)
def test_the_sum_of_folate_doses_is_exact(doses):
    orders = [
        draft(FOLIC_ACID_1MG, dosage(micrograms / 1000, route=ORAL, every=DAILY))
        for micrograms in doses
    ]
    assert facts_of(drafts=orders)["draft.folate_daily"].value == sum(doses)


@pytest.mark.parametrize(
    "stated", [pytest.param({}, id="nothing"), pytest.param(dosage(0.4), id="no frequency"), pytest.param({**dosage(0.4, every=DAILY), "asNeededBoolean": True}, id="PRN"), pytest.param(dosage(None, every=DAILY), id="no dose")]
)  # fmt: skip
def test_folate_without_a_stated_dose_counts_as_above_400_ug(stated):
    facts = facts_of(drafts=[draft({"text": "Folic acid"}, stated)])
    assert (
        facts["draft.folate_daily"].is_unknown and facts["draft.folate_above_400_ug"].holds is True
    )


def test_only_selected_folate_adds_up():
    other = folic_acid(5, id="other")
    assert (
        facts_of(drafts=[folic_acid(0.4, id="fol"), other], selections=["fol"])[
            "draft.folate_above_400_ug"
        ].holds
        is False
    )


CASES = [
    ("injection", hydroxocobalamin(), True, True),
    (
        "one injection",
        draft(HYDROXOCOBALAMIN, {**dosage(1, route=IM), "timing": {"repeat": {"count": 1}}}),
        True,
        True,
    ),
    ("oral 1000 ug", tablets(1000), True, False),
    ("oral 500 ug", tablets(500), True, False),
    ("oral 499 ug", tablets(499), False, False),
    (
        "sublingual 1000 ug",
        draft(CYANOCOBALAMIN_TABLET, dosage(1, route="37839007", every=DAILY)),
        True,
        False,
    ),
    ("oral, dose unstated", draft({"text": "Cyanocobalamin tablets"}), True, False),
    ("nasal", draft({"text": "Cyanocobalamin nasal spray"}), True, False),
    ("multivitamin", draft({"text": "Multivitamin tablets"}), False, False),
    ("folic acid", folic_acid(), False, False),
    ("route not known", draft({"text": "Cyanocobalamin"}, dosage(1, every=DAILY)), True, None),
]


@pytest.mark.parametrize(
    ("order", "without_neuro", "with_neuro"),
    [case[1:] for case in CASES],
    ids=[case[0] for case in CASES],
)
def test_therapeutic_cobalamin_with_neurological_features_only_parenteral(
    order, without_neuro, with_neuro
):
    assert facts_of(drafts=[order])["session.b12"].holds is without_neuro
    assert facts_of(NEURO, drafts=[order])["session.b12"].holds is with_neuro
    assert (
        facts_of(drafts=[order], without=("conditions",))["session.b12"].holds is without_neuro
    ), "unknown neurological features are not known"


def test_in_the_uk_a_dietary_cause_makes_50_ug_therapeutic():
    assert facts_of(VEGAN, drafts=[tablets(50)], parameters="uk")["session.b12"].holds is True
    assert facts_of(VEGAN, drafts=[tablets(49)], parameters="uk")["session.b12"].holds is False
    assert facts_of(drafts=[tablets(50)], parameters="uk")["session.b12"].holds is False
    assert facts_of(VEGAN, drafts=[tablets(50)])["session.b12"].holds is False


def test_the_most_intensive_of_several_cobalamins_decides():
    quarterly = draft(HYDROXOCOBALAMIN, dosage(1, route=IM, every=(1, 3, "mo")))
    facts = facts_of(drafts=[quarterly, hydroxocobalamin(), tablets(100)])
    assert facts["session.b12"].holds is True and facts["session.b12_loading"].holds is True
    assert facts["draft.b12_interval"].value == pytest.approx(7 / 3)


@pytest.mark.parametrize(
    ("every", "loading"),
    [
        ((1, 1, "d"), True),
        ((1, 4, "d"), True),
        ((1, 5, "d"), False),
        ((3, 1, "wk"), True),
        ((1, 1, "wk"), False),
        ((1, 3, "mo"), False),
        (None, None),
    ],
)
def test_a_loading_course_gives_a_dose_at_least_every_4_days(every, loading):
    assert (
        facts_of(drafts=[draft(HYDROXOCOBALAMIN, dosage(1, route=IM, every=every))])[
            "session.b12_loading"
        ].holds
        is loading
    )


@pytest.mark.parametrize(
    ("every", "regimen"),
    [
        ((1, 1, "d"), "alternate-days"),
        ((1, 2, "d"), "alternate-days"),
        ((3, 1, "wk"), "loading"),
        ((1, 4, "d"), "loading"),
        ((1, 5, "d"), "less"),
        ((1, 3, "mo"), "less"),
        (None, "unstated"),
    ],
)
def test_how_often_hydroxocobalamin_is_drafted(every, regimen):
    drafted = draft(HYDROXOCOBALAMIN, dosage(1, route=IM, every=every))
    rare = draft(HYDROXOCOBALAMIN, dosage(1, route=IM, every=(1, 3, "mo")))
    for drafts in ([drafted], [rare, tablets(1000), drafted]):
        assert facts_of(drafts=drafts)["session.hydroxocobalamin"].value == regimen
    assert facts_of(drafts=[tablets(1000)])["session.hydroxocobalamin"].holds is False
    unidentified = {**draft(None), "medicationReference": {"reference": "Medication/elsewhere"}}
    assert facts_of(drafts=[drafted, unidentified])["session.hydroxocobalamin"].is_unknown


def test_oral_cobalamin_is_no_loading_course():
    assert facts_of(drafts=[tablets(1000)])["session.b12_loading"].holds is False


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("Methotrexate 2.5 mg tablets", "methotrexate"),
        ("Pemetrexed 500 mg", "pemetrexed"),
        ("Pralatrexate 20 mg/ml", "pemetrexed"),
        ("Amoxicillin", None),
    ],
)
def test_a_reason_for_folate_counts_drafted_or_current(name, reason):
    assert facts_of(drafts=[folic_acid(), draft({"text": name})])["folate.reason"].value == reason
    assert (
        facts_of(medication_request({"text": name}), drafts=[folic_acid()])["folate.reason"].value
        == reason
    )


def test_a_dose_of_methotrexate_without_any_order_leaves_open_whether_folate_is_needed():
    administered = medication_administration({"text": "Methotrexate 15 mg injection"}, 5)
    dispensed = {
        **{key: value for key, value in administered.items() if key != "effectiveDateTime"},
        "resourceType": "MedicationDispense",
        "whenHandedOver": days_ago(20),
    }
    stopped = medication_request({"text": "Methotrexate 2.5 mg tablets"}, status="stopped")
    for dose in (administered, dispensed):
        assert facts_of(dose, drafts=[folic_acid()])["folate.reason"].is_unknown
        assert facts_of(dose, stopped, drafts=[folic_acid()])["folate.reason"].value is None
        assert not facts_of(dose, stopped, drafts=[folic_acid()])["folate.reason"].is_unknown


@pytest.mark.parametrize("name", ["Pemetrexed 500 mg", "Pralatrexate 20 mg/ml"])
@pytest.mark.parametrize(
    ("ago", "unknown"),
    [pytest.param(9, True), pytest.param(30, True), pytest.param(31, False)],
)
def test_after_a_cycle_of_pemetrexed_it_is_open_whether_folate_is_needed(name, ago, unknown):
    """Each cycle is an order of its own, the next is often not written, and folate goes on after the last."""
    ordered = medication_request({"text": name}, status="completed", authoredOn=days_ago(ago))
    infused = medication_administration({"text": name}, ago)
    past = medication_request({"text": name}, status="completed", authoredOn=days_ago(300))
    for record in ((ordered,), (past, infused), (past, ordered)):
        reason = facts_of(*record, drafts=[folic_acid()])["folate.reason"]
        assert (reason.is_unknown, reason.value) == (unknown, None)


@pytest.mark.parametrize(
    ("change", "duplicate"),
    [
        pytest.param({}, True, id="beside it"),
        pytest.param(
            {"priorPrescription": {"reference": "MedicationRequest/old"}},
            False,
            id="the draft continues it",
        ),
        pytest.param(
            {"basedOn": [{"reference": "MedicationRequest/old"}]},
            False,
            id="the draft is based on it",
        ),
    ],
)
def test_a_cobalamin_beside_one_under_way(change, duplicate):
    old = medication_request(
        HYDROXOCOBALAMIN,
        dosage(1, route=IM, every=(1, 3, "mo")),
        id="old",
        authoredOn=days_ago(200),
    )
    assert facts_of(old, drafts=[{**COBALAMIN, **change}])["b12.duplicate"].holds is duplicate
    stop = {**old, "status": "stopped"}
    assert facts_of(old, drafts=[{**COBALAMIN, **change}, stop])["b12.duplicate"].holds is False


def test_tests_of_the_session():
    facts = facts_of(
        drafts=[
            FOLATE,
            service_request("b12", status="draft"),
            {**service_request("mma"), "status": "cancelled"},
        ]
    )
    assert facts["test.drafted.b12"].holds is True and facts["test.drafted.mma"].holds is False
