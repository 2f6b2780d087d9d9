"""The proof over every distinguishable state: that it holds on a sample, and that it would find what is wrong."""

from collections import Counter
from dataclasses import replace
from functools import cache
from itertools import product

import pytest

from cds_service.authoring.safety import groups, independence, invariants, proof, report
from cds_service.authoring.safety import job as jobs
from cds_service.authoring.safety.job import SETTINGS, Job, Scope, bare_cards, engine
from cds_service.authoring.safety.repetition import Walks, distinct_sessions
from cds_service.authoring.safety.tally import Tally
from cds_service.facts.session import OrderingSession
from cds_service.rules.card import OrderSource
from cds_service.states.sessions import OPENING, ordering_sessions
from cds_service.states.values import NOW
from cds_service.states.walk import Relation, StateFacts, walk
from tests.safety.sample import sampled as sampled

SESSIONS = {
    session.label: session for session in ordering_sessions(engine("default", "all").terminology)
}
CORE = ("folic acid 1 mg", "cyanocobalamin 600 ug by mouth")


def job(label, parameters="default"):
    if label == OPENING.label:
        return Job(parameters, "all", "patient-view", OPENING)
    return Job(parameters, "all", "order-select", SESSIONS[label])


@pytest.mark.usefixtures("sampled")
@pytest.mark.parametrize("labels", [(OPENING.label,), CORE])
def test_no_invariant_is_violated_in_the_sample_of_the_core(labels):
    tally = Tally()
    sessions = [job(label).session for label in labels]
    for prove, arguments in report.parts([Scope(job(labels[0]).hook, sessions, SETTINGS[:1])]):
        # Orders of tests read of a session which tests it has, and these have none.
        if prove is not proof.prove_orders or OPENING.label in labels:
            tally.add(prove(*arguments))
    assert tally.visited > 40_000
    assert not tally.violations, tally.violations[0]
    assert not tally.contradictions


def test_every_hook_of_a_kind_has_the_same_cards():
    """So that one of patient-view and discharge, one of order-select and order-sign, stands for both."""
    loaded = engine("default", "all")
    assert loaded.cards_by_hook["patient-view"] == loaded.cards_by_hook["encounter-discharge"]
    assert loaded.cards_by_hook["order-select"] == loaded.cards_by_hook["order-sign"]


def broken(monkeypatch, card_id, suggestion):
    """The states of one card whose first suggestion is changed."""
    real = bare_cards.__wrapped__

    @cache
    def cards(*setting):
        found = real(*setting)
        card = found[card_id]
        return {
            **found,
            card_id: replace(card, suggestions=(replace(card.suggestions[0], **suggestion),)),
        }

    monkeypatch.setattr(jobs, "bare_cards", cards)
    tally = Tally()
    proof._visit(job(OPENING.label), card_id, tally)
    return {violation.rule for violation in tally.violations}


@pytest.mark.parametrize(
    ("card_id", "create", "found"),
    [
        pytest.param("b12-deficiency-untreated", ["hydroxocobalamin-neuro"], {"no_cobalamin_with_severe_allergy", "no_order_below_16", "potassium_checks_go_along"}, id="whatever the allergy"),
        pytest.param("b12-deficiency-neuro", ["cyanocobalamin-oral-1000"], {"nothing_oral_with_neuro", "cyanocobalamin_never_unfit"}, id="tablets with neurological features"),
        pytest.param("bariatric-maintenance", ["cyanocobalamin-injection"], {"cyanocobalamin_never_unfit", "potassium_checks_go_along"}, id="cyanocobalamin whatever the kidney"),
        pytest.param("b12-cause-untreated", ["folic-acid-1mg-3-months"], {"folate_never_alone"}, id="folic acid alone"),
        pytest.param("b12-deficiency-untreated", ["hydroxocobalamin-monthly", "hydroxocobalamin-neuro"], {"one_course"}, id="two courses"),
    ],
)  # fmt: skip
def test_the_proof_finds_an_unsafe_suggestion(monkeypatch, card_id, create, found):
    sources = tuple(OrderSource(template, "") for template in create)
    assert broken(monkeypatch, card_id, {"create": sources, "when": ()}) >= found - {
        "no_order_below_16"
    }


def found_in_the_group(monkeypatch, change):
    """The rules that the cards about untreated deficiency, each changed by ``change``, break when they are alone."""
    real = bare_cards.__wrapped__

    @cache
    def cards(*setting):
        found = real(*setting)
        return {
            card_id: change(found[card_id]) for card_id in groups.GROUPS["b12-deficiency-neuro"]
        }

    monkeypatch.setattr(jobs, "bare_cards", cards)
    tally = Tally()
    groups._no_silence(job(OPENING.label), tally)
    groups._critical_survives(job(OPENING.label), "b12-deficiency-neuro", tally)
    return {violation.rule for violation in tally.violations}


def stops_for_the_unknown(card):
    def hurt(condition):
        return (
            replace(condition, when_unknown=None)
            if getattr(condition, "when_unknown", None)
            else condition
        )

    return replace(card, include=tuple(hurt(condition) for condition in card.include))


def test_a_card_that_stops_for_the_unknown_is_found(monkeypatch):
    assert not found_in_the_group(monkeypatch, lambda card: card)
    rules = found_in_the_group(monkeypatch, stops_for_the_unknown)
    assert "no card fires for an untreated deficiency" in rules
    assert any(rule.startswith("with b12_therapy.active unknown") for rule in rules)


def all_of(ask):
    """What ``ask`` says in each state."""

    def start(choices):
        return StateFacts(engine("default", "all").site, OrderingSession(), NOW, {}, choices)

    return [found for _, found in walk(start, ask)]


def test_choices_try_every_combination_once():
    sizes = (2, 3, 4)
    tried = all_of(lambda facts: tuple(facts.either(size, range(size)) for size in sizes))
    assert sorted(tried) == sorted(product(*map(range, sizes)))


def test_choices_follow_what_was_chosen_before():
    def ask(facts):
        return (
            (0, facts.either("second", range(3))) if facts.either("first", range(2)) == 0 else (1,)
        )

    assert all_of(ask) == [(0, 0), (0, 1), (0, 2), (1,)]


def test_a_relation_leaves_what_goes_together():
    relation = Relation(
        [
            {"status": "treated", "therapy": "true"},
            {"status": "deficient", "therapy": "false", "b12": "low"},
        ]
    )
    treated = relation.narrowed(relation.everything, "status", "treated")
    assert relation.narrowed(treated, "therapy", "true")
    assert not relation.narrowed(treated, "therapy", "false")
    assert relation.narrowed(treated, "b12", "normal"), "that row says nothing of it"


@pytest.mark.parametrize(
    "card_id", ["folic-acid-b12-unknown", "b12-bleeding-risk", "b12-stop-lifelong"]
)
def test_a_walk_that_is_left_out_as_a_repetition_would_have_seen_the_same(card_id):
    """The first repetition of each walk, and every fourth of those that follow."""
    walks, seen, repetitions = Walks([card_id]), {}, Counter()
    for session in distinct_sessions():
        for setting in SETTINGS[:2]:
            this = Job(*setting, "order-select", session)
            before = walks.like(this)
            if before is not None:
                repetitions[id(before)] += 1
                if repetitions[id(before)] % 4 != 1:
                    continue
            tally = Tally()
            fires = proof._visit(this, card_id, tally)
            outcome = (
                fires,
                tally.visited,
                {key[2]: times for key, times in tally.deciding.items()},
            )
            if before is None:
                walks.note(this, fires)
                seen[id(walks.made[-1])] = outcome
            else:
                assert outcome == seen[id(before)], this.session.label
    assert repetitions.total() > 100


@pytest.mark.parametrize(
    ("card_id", "label"),
    [
        ("folate-after-b12", CORE[1]),
        ("b12-sample-first", CORE[1]),
        ("maintenance-interval", OPENING.label),
        ("b12-cause-untreated", OPENING.label),
    ],
)
def test_a_rendering_that_is_left_out_as_a_repetition_would_have_shown_the_same(
    monkeypatch, card_id, label
):
    shown = set()

    def record(state):
        read = tuple(
            state.facts[name].value for name in ("allergy.cobalamin", "b12_therapy.active")
        )
        shown.add((tuple(state.suggestions), state.course_taken, read))
        return True

    monkeypatch.setattr(invariants, "INVARIANTS", (record,))
    tally = Tally()
    proof._visit(job(label), card_id, tally)
    seen, shown = shown, set()
    monkeypatch.setattr(independence.Renderings, "repeats", lambda self, facts, assumed: False)
    every = Tally()
    proof._visit(job(label), card_id, every)
    assert seen == shown
    assert tally.visited < every.visited
    assert tally.deciding.keys() == every.deciding.keys()
