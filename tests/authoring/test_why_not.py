"""``explain --why-not``: the change that is told turns the card, and no smaller one does."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from decimal import Decimal
from itertools import combinations, product

import pytest
from click.testing import CliRunner

from cds_service.authored_yaml.source import load
from cds_service.authoring.card_tests import applicable_tests, read_test
from cds_service.authoring.why_not import Supposed, why_not
from cds_service.authoring.why_not_report import why_not_call
from cds_service.cli import main
from cds_service.engine import PARAMETER_SETS
from cds_service.facts.catalogue import CATALOGUE, Facts
from cds_service.facts.fact import absent, known, unknown
from cds_service.facts.kinds import CATEGORY, DATE, NUMBER, ORDERS, RESULT, YES_NO, StatedResult
from cds_service.facts.session import OrderingSession
from cds_service.fhir.interval import Interval
from cds_service.hooks.any_hook import read_request
from cds_service.rules.card_file import Vocabulary, parse_card
from cds_service.rules.decision import Decisions
from cds_service.states.values import TODAY, StatedFacts
from tests.spec.scenarios import EVERY_CARD, INJECTIONS, LOW_B12, PARAESTHESIA, PERNICIOUS
from tests.support.clinic import engine
from tests.support.fhir_builders import (
    NOW,
    condition,
    folic_acid,
    hook_request,
    observation,
    prefetch,
)

CASES = [
    (parameter_set, card_id)
    for parameter_set in PARAMETER_SETS
    for card_id in engine(parameter_set).cards
]


def asked(card, cards):
    """Every criterion that the outcome for a card may rest on."""
    for each in (*card.include, *card.exclude):
        yield from each.criteria
        yield from asked(cards[each.card], cards) if each.card in cards else ()


def every_value(name, criteria):
    """Values of a fact, written out without regard to what the criteria tell apart."""
    kind = CATALOGUE[name].kind
    numbers = sorted(
        {
            limit + step
            for item in criteria
            if isinstance(limit := item.operand, Decimal)
            for step in (-1, Decimal("-0.01"), 0, Decimal("0.01"), 1)
        }
    )
    values = {
        YES_NO: [True, False],
        CATEGORY: list(CATALOGUE[name].values),
        NUMBER: numbers,
        RESULT: [
            StatedResult(Interval.of(number, comparator), "")
            for number in numbers
            for comparator in (None, "<", "<=", ">", ">=")
        ],
        DATE: [TODAY - timedelta(days=int(number)) for number in numbers] or [TODAY],
        ORDERS: [("serum-b12",)],
    }[kind]
    return [*map(known, values), unknown("tried"), *([] if kind is YES_NO else [absent()])]


def turning(card, cards, stated, size):
    """Brute force: each set of ``size`` facts of which some values turn the outcome for the card."""
    by_fact: dict[str, list] = {}
    for criterion in asked(card, cards):
        by_fact.setdefault(criterion.fact, []).append(criterion)
    values = {name: every_value(name, criteria) for name, criteria in by_fact.items()}
    fires = Decisions(cards, StatedFacts(stated)).holds(card.id)
    return {
        frozenset(names)
        for names in combinations(values, size)
        if any(
            Decisions(
                cards, StatedFacts({**stated, **dict(zip(names, chosen, strict=True))})
            ).holds(card.id)
            is not fires
            for chosen in product(*(values[name] for name in names))
        )
    }


def told(found):
    return {frozenset(change.fact for change in changes) for changes in found.changes}


@pytest.mark.parametrize(("parameter_set", "card_id"), CASES)
def test_what_is_told_turns_the_card_in_each_of_its_tests_and_nothing_smaller_does(
    parameter_set, card_id
):
    cards = engine(parameter_set).cards
    card = cards[card_id]
    for test in applicable_tests(card, parameter_set):
        _, stated, wanted = read_test(card, test)
        found = why_not(card, cards, StatedFacts(stated))
        assert found.changes
        for changes in found.changes:
            then = {**stated, **{change.fact: change.then.fact for change in changes}}
            assert Decisions(cards, StatedFacts(then)).holds(card_id) is not (wanted == "fires")
        size = len(found.changes[0])
        assert all(len(changes) == size for changes in found.changes)
        for smaller in range(1, size):
            assert turning(card, cards, stated, smaller) == set()
        if parameter_set == "default":
            assert told(found) == turning(card, cards, stated, size)


SMALL = [
    card_id
    for card_id, card in engine().cards.items()
    if len({criterion.fact for criterion in asked(card, engine().cards)}) <= 5
]


@pytest.mark.parametrize("card_id", SMALL)
def test_where_nothing_is_known_brute_force_finds_the_same(card_id):
    cards = engine().cards
    found = why_not(cards[card_id], cards, StatedFacts({}))
    size = len(found.changes[0])
    assert [turning(cards[card_id], cards, {}, smaller) for smaller in range(1, size)] == [
        set()
    ] * (size - 1)
    assert told(found) == turning(cards[card_id], cards, {}, size)


# --- cards that are made up, and what is told of them


def made_up(tmp_path, **criteria):
    """Cards by id with their criteria."""
    vocabulary = Vocabulary(CATALOGUE, {"source": 1}, {}, {}, PARAMETER_SETS, ())
    cards = {}
    for name, (include, exclude) in criteria.items():
        path = tmp_path / f"{name}.yaml"
        path.write_text(
            f"id: {name}\nversion: 1.0.0\ntitle: A card\nrank: 1\nhooks: [order-sign]\ninclude: {include}\nexclude: {exclude}\n"
            "card: {indicator: info, summary: Text, source: source}\n",
            "utf-8",
        )
        content = load(path)
        cards[name] = parse_card(content, content.place, vocabulary, "default")
    return cards


def said(found):
    return [{change.fact: change.then.words for change in changes} for changes in found.changes]


POTASSIUM = StatedFacts(
    {"potassium": known(StatedResult(Interval.of(Decimal("4.2"), None), "4.2 mmol/L"))}
)


@pytest.mark.parametrize(
    ("criterion", "facts", "words"),
    [
        ("fact: potassium, below: 3.5 mmol/L", POTASSIUM, "below 3.5 mmol/L"),
        ("fact: potassium, at_most: 3.5 mmol/L", POTASSIUM, "at most 3.5 mmol/L"),
        ("fact: potassium, more_than: 5.5 mmol/L", POTASSIUM, "more than 5.5 mmol/L"),
        ("fact: potassium, at_least: 5.5 mmol/L", POTASSIUM, "at least 5.5 mmol/L"),
        ("fact: potassium, absent: true", POTASSIUM, "absent"),
        ("fact: potassium, unknown: true", POTASSIUM, "unknown"),
        ("fact: potassium, absent: false", StatedFacts({}), "present"),
        ("fact: b12_therapy.days, at_most: 60 d", StatedFacts({}), "at most 60 days"),
        ("fact: b12_therapy.start, older_than: 28 d", StatedFacts({}), "more than 28 days ago (26 Oct 2026)"),
        ("fact: b12_therapy.start, within: 28 d", StatedFacts({}), "at most 28 days ago (26 Oct 2026)"),
        ("fact: b12.status, in: [deficient, indeterminate]", StatedFacts({}), "deficient or indeterminate"),
        ("fact: anaemia, is: true", StatedFacts({}), "yes"),
        ("fact: anaemia, is: false", StatedFacts({"anaemia": known(True)}), "no"),
        ("fact: anaemia, is: false, when_unknown: fire", StatedFacts({"anaemia": known(True)}), "no or unknown"),
        ("fact: order.clarification, absent: false", StatedFacts({}), "present"),
    ],
)  # fmt: skip
def test_the_words_for_what_would_have_to_be(tmp_path, criterion, facts, words):
    cards = made_up(tmp_path, ours=(f"[{{id: c, {criterion}}}]", "[]"))
    (change,) = said(why_not(cards["ours"], cards, facts))
    assert list(change.values()) == [words]


def test_a_range_between_two_limits_is_told_as_one(tmp_path):
    between = "[{id: low, fact: potassium, below: 3.5 mmol/L}, {id: not-severe, fact: potassium, at_least: 3.0 mmol/L}]"
    cards = made_up(tmp_path, ours=(between, "[]"))
    assert said(why_not(cards["ours"], cards, POTASSIUM)) == [
        {"potassium": "at least 3.0 mmol/L and below 3.5 mmol/L"}
    ]


def test_of_changes_of_one_fact_what_is_not_known_comes_first_and_the_unknown_last(tmp_path):
    cards = made_up(
        tmp_path,
        ours=(
            "[{id: known, fact: folate.reason, absent: true}, {id: open, fact: b12.status, unknown: true}]",
            "[{id: not-known, fact: leber, is: true}]",
        ),
    )
    facts = StatedFacts({"folate.reason": absent(), "b12.status": unknown("no result")})
    assert [list(change) for change in said(why_not(cards["ours"], cards, facts))] == [
        ["b12.status"],
        ["leber"],
        ["folate.reason"],
    ]


def test_nothing_helps_a_card_that_contradicts_itself(tmp_path):
    never = "[{id: low, fact: potassium, below: 3.5 mmol/L}, {id: high, fact: potassium, at_least: 5.0 mmol/L}]"
    cards = made_up(tmp_path, ours=(never, "[]"))
    found = why_not(cards["ours"], cards, POTASSIUM)
    assert (found.changes, found.exhausted) == ([], True)


def test_that_no_small_change_helps_is_not_told_as_that_none_does(tmp_path):
    cards = made_up(
        tmp_path, ours=("[{id: a, fact: leber, is: true}, {id: b, fact: anaemia, is: true}]", "[]")
    )
    found = why_not(cards["ours"], cards, StatedFacts({}), 1)
    assert (found.changes, found.exhausted) == ([], False)


def test_a_card_that_looks_at_another_is_turned_by_the_facts_of_that_one(tmp_path):
    cards = made_up(
        tmp_path,
        ours=(
            "[{id: anaemia, fact: anaemia, is: true}]",
            "[{id: theirs, card: theirs, holds: true}]",
        ),
        theirs=(
            "[{id: leber, fact: leber, is: true}]",
            "[{id: deepest, card: deepest, holds: true}]",
        ),
        deepest=("[{id: status, fact: b12.status, in: [deficient]}]", "[]"),
    )
    facts = StatedFacts({"anaemia": known(True), "leber": known(True)})
    assert said(why_not(cards["ours"], cards, facts)) == [
        {"b12.status": "deficient"},
        {"leber": "no or unknown"},
    ]


# --- the command


@pytest.fixture
def explain(tmp_path):
    def explained(request, *arguments, moment=NOW):
        path = tmp_path / "request.json"
        path.write_text(json.dumps(request), "utf-8")
        return CliRunner().invoke(
            main, ["explain", str(path), "--now", moment.isoformat(), *arguments]
        )

    return explained


def test_a_silent_card_is_told_with_the_value_now_the_value_needed_and_what_it_rests_on(explain):
    answer = explain(
        hook_request("patient-view", prefetch(observation("b12", 480, "pg/mL"))),
        "--why-not",
        "b12-deficiency-untreated",
    )
    assert answer.exit_code == 0
    assert (
        "b12-deficiency-untreated: silent, stopped by b12-deficient: b12.status in deficient\nIt would fire if one fact were different:\n"
        in answer.output
    )
    assert "  b12.status is sufficient; it would have to be deficient\n" in answer.output
    assert "b12.total = 480 pg/mL" in answer.output


def test_what_is_told_is_so_when_the_patient_is_so(explain):
    """The result that would make b12.status deficient does make the card fire, and then it tells the way back."""
    answer = explain(
        hook_request("patient-view", prefetch(LOW_B12)),
        "--why-not",
        "b12-deficiency-untreated",
        "--json",
    )
    found = json.loads(answer.output)
    assert (found["outcome"], found["would_be"], found["stopped_by"]) == ("fires", "silent", None)
    assert ("neuro.involvement", "yes") in {
        (change["facts"][0]["fact"], change["facts"][0]["would_have_to_be"])
        for change in found["changes"]
    }
    silent = explain(
        hook_request("patient-view", prefetch(LOW_B12, condition(PARAESTHESIA))),
        "--why-not",
        "b12-deficiency-untreated",
        "--json",
    )
    assert json.loads(silent.output)["stopped_by"]["id"] == "neurological-features"


def test_a_card_silenced_by_another_names_the_other_and_what_becomes_of_it(explain):
    stopped = {**INJECTIONS, "status": "stopped"}
    request = hook_request(
        "patient-view", prefetch(observation("b12", 250, "pg/mL"), condition(PERNICIOUS), stopped)
    )
    answer = explain(request, "--why-not", "b12-indeterminate")
    assert "stopped by treatment-lapsed: card therapy-lapsed holds" in answer.output
    assert "card therapy-lapsed is silent" in answer.output


def test_several_facts_that_rest_on_one_are_told_together(explain):
    answer = explain(
        hook_request("order-select", prefetch(LOW_B12), drafts=[folic_acid()]),
        "--why-not",
        "folic-acid-await-b12",
    )
    assert "It would fire if 3 facts were different:" in answer.output
    assert (
        "b12.status_open, b12.test_awaited and b12.deficiency_likely rest on the same b12.status_beside_folate, and may change together"
        in answer.output
    )


def test_what_a_fact_rests_on_is_told(explain):
    answer = explain(
        hook_request("patient-view", prefetch(LOW_B12)), "--why-not", "b12-past-deficiency"
    )
    assert (
        "      it rests on b12.result_day = 22 Nov 2026, and on what is recorded or drafted\n"
        in answer.output
    )
    assert re.search(
        r"      it follows from .*b12\.results_status = deficient: one of these would have to change\n",
        answer.output,
    )
    assert re.search(
        r"  b12\.results_status follows from (.+, )?b12\.total = 110 pg/mL", answer.output
    )


@pytest.mark.parametrize("card_id", EVERY_CARD)
def test_on_whole_requests_the_change_turns_the_card_and_facts_follow_from_what_is_told(card_id):
    """A fact that is said to follow from others alone is the same when nothing but those is given."""
    body = json.dumps(EVERY_CARD[card_id]).encode()
    call = read_request(engine(), body)
    facts, cards = engine().facts(call, NOW), engine().cards_by_hook[call.hook]
    told = why_not_call(engine(), call, NOW, card_id)
    found = why_not(cards[card_id], cards, facts)
    assert told["outcome"] != "silent" and len(told["changes"]) == len(found.changes) > 0
    for changes, shown in zip(found.changes, told["changes"], strict=True):
        supposed = Supposed(facts, {change.fact: change.then.fact for change in changes})
        assert not Decisions(cards, supposed).holds(card_id)
        for change in (change for change in shown["facts"] if change["only_on_these"]):
            given = {name: facts[name] for name in change["rests_on"]}
            alone = Facts(
                facts.site,
                OrderingSession(),
                facts.now,
                lambda: pytest.fail("the record was read"),
                given,
            )
            assert (alone[change["fact"]].state, alone[change["fact"]].value) == (
                facts[change["fact"]].state,
                facts[change["fact"]].value,
            )


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--why-not", "b12-deficiency-untreatd"], "Did you mean 'b12-deficiency-untreated'?"),
        (
            ["--why-not", "b12-duplicate"],
            "No card 'b12-duplicate' speaks on patient-view. It speaks on order-select, order-sign.\n",
        ),
        (["--why-not", ""], "No card '' speaks on patient-view.\n"),
        (
            ["--why-not", "b12-deficiency-untreated", "--card", "b12-deficiency-untreated"],
            "--why-not names the card",
        ),
    ],
)
def test_mistakes_of_the_asker(explain, arguments, told):
    answer = explain(hook_request("patient-view", prefetch(LOW_B12)), *arguments)
    assert answer.exit_code != 0 and told in answer.output
    assert "Traceback" not in answer.output
