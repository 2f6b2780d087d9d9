"""Three-valued conditions and the decision on a card: unknown never fires, never excludes, and never passes for absent."""

import itertools
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cds_service.authored_yaml.source import Place
from cds_service.facts.fact import absent, known, unknown
from cds_service.fhir.interval import Interval
from cds_service.rules.card import Card, deciding_criteria
from cds_service.rules.conditions import AnyOf, CardHolds, Criterion
from cds_service.rules.decision import Decisions

TODAY = date(2026, 11, 23)
HERE = Place("card.yaml", 1, 1)
STATES = {
    "true": known(True),
    "false": known(False),
    "absent": absent(),
    "unknown": unknown("not received"),
}


class Stated(dict):
    today = TODAY


def no_card(_):
    return False


def criterion(operator, operand, *, fact="f", when_unknown=None, name=None):
    return Criterion(name or f"{fact}-{operator}", fact, operator, operand, when_unknown, HERE)


def truth(condition, **facts):
    return condition.truth(Stated(facts), no_card)


def card(card_id="a-card", include=(), exclude=()):
    says = {
        "indicator": "info",
        "summary": "s",
        "detail": (),
        "values": (),
        "source": "s",
        "evidence": (),
        "suggestions": (),
        "override_reasons": (),
        "tests": (),
    }
    return Card(
        id=card_id,
        version="1",
        status="active",
        title="t",
        rank=1,
        review_by="",
        hooks=("patient-view",),
        include=tuple(include),
        exclude=tuple(exclude),
        place=HERE,
        **says,
    )


def decide(*cards, whole_trace=False, **facts):
    return Decisions({one.id: one for one in cards}, Stated(facts), whole_trace=whole_trace)[
        cards[0].id
    ]


@pytest.mark.parametrize(
    ("operator", "operand", "truths"),
    [
        ("is", True, {"true": True, "false": False, "absent": False, "unknown": None}),
        ("is", False, {"true": False, "false": True, "absent": True, "unknown": None}),
        ("absent", True, {"true": False, "false": False, "absent": True, "unknown": None}),
        ("absent", False, {"true": True, "false": True, "absent": False, "unknown": None}),
        ("unknown", True, {"true": False, "false": False, "absent": False, "unknown": True}),
        ("unknown", False, {"true": True, "false": True, "absent": True, "unknown": False}),
    ],
)
def test_questions_to_a_fact_in_every_state(operator, operand, truths):
    assert {
        name: truth(criterion(operator, operand), f=fact) for name, fact in STATES.items()
    } == truths


@pytest.mark.parametrize(
    ("operator", "operand", "value", "expected"),
    [
        ("in", {"deficient", "indeterminate"}, "deficient", True), ("in", {"deficient"}, "sufficient", False), ("is", "deficient", "deficient", True),
        ("below", 14, 13, True), ("below", 14, 14, False), ("at_least", 14, 14, True), ("at_least", 14, 13, False), ("more_than", 14, 14, False),
        ("more_than", 14, 15, True), ("at_most", 14, 14, True), ("at_most", 14, 15, False), ("at_least", 14, float("inf"), True),
        ("within", 90, TODAY - timedelta(90), True), ("within", 90, TODAY - timedelta(91), False), ("older_than", 90, TODAY - timedelta(90), False),
        ("older_than", 90, TODAY - timedelta(91), True),
    ],
)  # fmt: skip
def test_operators(operator, operand, value, expected):
    operand = Decimal(operand) if isinstance(operand, int) else operand
    asked = criterion(operator, operand)
    assert truth(asked, f=known(value)) is expected
    assert truth(asked, f=unknown("x")) is None
    assert truth(asked, f=absent()) is False


@pytest.mark.parametrize("operator", ["below", "at_least", "more_than", "at_most"])
def test_a_comparator_result_that_spans_the_limit_leaves_the_question_open(operator):
    spanning = known(Interval.of(Decimal(4), "<"))
    assert truth(criterion(operator, Decimal(3)), f=spanning) is None
    assert truth(criterion(operator, Decimal(3), when_unknown=True), f=spanning) is True
    assert truth(criterion(operator, Decimal(4)), f=spanning) is (operator in ("below", "at_most"))


@pytest.mark.parametrize(
    ("state", "fires"), [("true", True), ("false", False), ("absent", False), ("unknown", False)]
)
def test_an_unknown_condition_for_firing_does_not_fire(state, fires):
    assert decide(card(include=[criterion("is", True)]), f=STATES[state]).fires is fires


@pytest.mark.parametrize(
    ("state", "fires"), [("true", False), ("false", True), ("absent", True), ("unknown", True)]
)
def test_an_unknown_exclusion_does_not_exclude(state, fires):
    assert decide(card(exclude=[criterion("is", True)]), f=STATES[state]).fires is fires


@pytest.mark.parametrize(
    ("state", "fires"), [("true", True), ("false", False), ("absent", False), ("unknown", True)]
)
def test_when_unknown_fire(state, fires):
    assert (
        decide(card(include=[criterion("is", True, when_unknown=True)]), f=STATES[state]).fires
        is fires
    )


KLEENE = {True: known(True), False: known(False), None: unknown("x")}


@pytest.mark.parametrize("truths", list(itertools.product(KLEENE, repeat=3)), ids=str)
def test_any_of_is_kleenes_or(truths):
    facts = dict(zip("abc", (KLEENE[value] for value in truths), strict=True))
    expected = True if True in truths else None if None in truths else False
    assert (
        truth(
            AnyOf("any", tuple(criterion("is", True, fact=name) for name in "abc"), HERE), **facts
        )
        is expected
    )


@given(
    st.lists(st.sampled_from([True, False, None]), max_size=5),
    st.lists(st.sampled_from([True, False, None]), max_size=5),
)
@settings(max_examples=60, deadline=None)
def test_a_card_fires_when_all_includes_are_true_and_no_exclude_is(includes, excludes):
    facts = {f"i{position}": KLEENE[value] for position, value in enumerate(includes)}
    facts |= {f"e{position}": KLEENE[value] for position, value in enumerate(excludes)}
    asked = card(
        include=[criterion("is", True, fact=f"i{position}") for position in range(len(includes))],
        exclude=[criterion("is", True, fact=f"e{position}") for position in range(len(excludes))],
    )
    made, traced = decide(asked, **facts), decide(asked, whole_trace=True, **facts)
    assert made.fires is traced.fires is (set(includes) <= {True} and True not in excludes)
    assert made.stopped_by == traced.stopped_by and bool(made.stopped_by) is not made.fires
    assert [step.truth for step in traced.steps] == [*includes, *excludes]


@given(st.lists(st.sampled_from([True, False]), min_size=1, max_size=5), st.data())
@settings(max_examples=40, deadline=None)
def test_turning_an_exclusion_unknown_never_silences_a_card(excludes, data):
    asked = card(
        exclude=[criterion("is", True, fact=f"e{position}") for position in range(len(excludes))]
    )
    facts = {f"e{position}": KLEENE[value] for position, value in enumerate(excludes)}
    before = decide(asked, **facts).fires
    facts[f"e{data.draw(st.integers(0, len(excludes) - 1))}"] = unknown("x")
    assert decide(asked, **facts).fires >= before


def looking(card_id, other, holds, **parts):
    return card(card_id, exclude=[CardHolds("other", other, holds, HERE)], **parts)


@pytest.mark.parametrize(("other_fires", "silenced"), [(True, True), (False, False), (None, False)])
def test_a_card_may_give_way_to_another_that_holds(other_fires, silenced):
    made = decide(
        looking("lower", "higher", True),
        card("higher", [criterion("is", True)]),
        f=KLEENE[other_fires],
    )
    assert made.fires is not silenced
    assert made.stopped_by == ("other" if silenced else "")


def test_a_card_of_another_hook_does_not_hold():
    assert decide(looking("lower", "elsewhere", True)).fires
    assert not decide(looking("lower", "elsewhere", False)).fires


def test_cards_that_look_at_each_other_in_a_chain_are_decided_once_each():
    chain = [looking(f"card-{number}", f"card-{number + 1}", True) for number in range(50)] + [
        card("card-50")
    ]
    assert [made.fires for made in Decisions({one.id: one for one in chain}, Stated()).all()] == [
        number % 2 == 0 for number in range(51)
    ]


def test_each_condition_tells_what_it_asks_and_which_card_it_looks_at():
    low, old = criterion("below", Decimal(1), fact="low"), criterion("is", True, fact="old")
    either, fires, silent = (
        AnyOf("either", (low, old), HERE),
        CardHolds("f", "higher", True, HERE),
        CardHolds("s", "other", False, HERE),
    )
    told = [
        (each.facts, each.criteria, each.alternatives, each.card, each.firing)
        for each in (low, either, fires, silent)
    ]
    assert told == [
        (("low",), (low,), (), "", ""),
        (("low", "old"), (low, old), (low, old), "", ""),
        ((), (), (), "higher", "higher"),
        ((), (), (), "other", ""),
    ]
    asking = card(include=[low, either], exclude=[silent, fires])
    assert (asking.asks, asking.looks_at) == ([low, low, old], ["other", "higher"])
    beside = {"higher": card("higher", include=[criterion("absent", True)]), asking.id: asking}
    assert [each.fact for each in deciding_criteria(asking, beside)] == ["low", "low", "old", "f"]
