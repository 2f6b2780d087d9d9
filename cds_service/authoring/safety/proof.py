"""The proof: each card in each state it can tell apart, on each hook, in each
parameter set and formulary.

Cards are proved one by one, because a card sees nothing of another but whether it holds and whether
a course was started before it; both are tried both ways. That an answer holds at most three cards,
sorted, is a property of ``shown`` and needs no states.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import NamedTuple

from ...rendering.card_in_call import Patient
from ...rendering.cards import render_card, render_suggestions
from ...rules.card import Card, Suggestion
from ...rules.decision import Decision
from ...states.domains import RESULTS_FOR_ORDERS, test_orders
from ...states.sessions import PATIENT, Session
from ...states.values import NOW
from ...states.walk import Choices, StateFacts, fact_states, states
from .independence import Renderings
from .invariants import (
    State,
    checks_as_specified,
    read_suggestions,
    tests_as_specified,
    unnamed,
    violated,
)
from .job import (
    SETTINGS,
    AssumedDecisions,
    Job,
    bare_cards,
    chosen_domains,
    new_facts,
    status_relation,
)
from .repetition import Walks, differing
from .suggestion_words import wrong_suggestion

PATIENT_OF_STATES = Patient(f"Patient/{PATIENT}", None, NOW)


class Violation(NamedTuple):
    """A state in which something does not hold; ``state``: the class of each input
    that was asked for."""

    rule: str
    card: str
    setting: str
    session: str
    state: dict[str, str]

    def __str__(self) -> str:
        return f"{self.card}: {self.rule} [{self.setting}; {self.session}] {state_text(self.state)}"


def state_text(state: Mapping[str, str]) -> str:
    """The class of each input of a state."""
    return ", ".join(f"{name}={label}" for name, label in state.items())


@dataclass
class Tally:
    """What an enumeration saw. ``deciding``: how often each criterion of a card silenced it; ``""``
    counts firing. ``together``: two cards of one topic that may fire together, with a state that
    the classes admit."""

    visited: int = 0
    violations: list[Violation] = field(default_factory=list)
    deciding: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    contradictions: set[tuple[str, str]] = field(default_factory=set)
    together: dict[tuple[str, str], str] = field(default_factory=dict)

    def add(self, other: Tally) -> None:
        """Take in what another process saw."""
        self.visited += other.visited
        self.violations += other.violations
        self.deciding.update(other.deciding)
        self.contradictions |= other.contradictions
        self.together |= other.together


def prove_card(
    hook: str,
    card_id: str,
    sessions: Sequence[Session],
    settings: Collection[tuple[str, str]] = SETTINGS,
) -> Tally:
    """Visit every state of a card in each session and setting that can make a difference to it."""
    tally = Tally()
    walks = Walks([card_id])
    for parameters, formulary in settings:
        for session in sessions if card_id in bare_cards(parameters, formulary, hook) else ():
            job = Job(parameters, formulary, hook, session)
            walk = walks.like(job)
            if walk is None:
                walks.note(job, _visit(job, card_id, tally))
            elif walk.fires:
                tally.deciding[parameters, card_id, ""] += 1
    return tally


def prove_orders(
    hook: str, sessions: Sequence[Session], settings: Collection[tuple[str, str]] = SETTINGS
) -> Tally:
    """Visit every state of the facts that order tests, which the cards then take as
    they are proved here."""
    tally = Tally()
    for name in sorted(test_orders()):
        for job in differing(hook, sessions, settings, ()):
            _visit_orders(job, name, tally)
    return tally


def _visit_orders(job: Job, name: str, tally: Tally) -> None:
    free = {
        other: classes for other, classes in chosen_domains().items() if other not in test_orders()
    }
    if name == "order.after_nitrous_oxide":
        free |= RESULTS_FOR_ORDERS
    tried = chosen_domains()[name]

    def start(choices: Choices) -> StateFacts:
        return StateFacts(
            job.site, job.session.orders, NOW, free, choices, status_relation(), asked=job.asked
        )

    def broken_by(facts: StateFacts) -> list[str]:
        made, broken = facts[name], []
        if not any(
            (option.fact.state, bool(option.fact.value)) == (made.state, bool(made.value))
            for option in tried(facts)
        ):
            broken.append("orders that are not tried")
        if not (
            tests_as_specified(facts, name)
            and (name != "potassium.checks" or checks_as_specified(facts))
        ):
            broken.append("tests as specified")
        return broken

    for facts, broken in fact_states(start, broken_by):
        tally.visited += 1
        tally.violations += [
            Violation(rule, name, job.setting, job.session.label, dict(facts.labels))
            for rule in broken
        ]


def _visit(job: Job, card_id: str, tally: Tally) -> bool:
    """Visit every state of a card; whether it fires in one.

    Texts are rendered in each state of the criteria, suggestions in each state of what they read.
    """
    cards = bare_cards(job.parameters, job.formulary, job.hook)
    renderings = Renderings()
    fires = False

    def run(choices: Choices) -> tuple[StateFacts, str, list[str]]:
        facts = new_facts(job, choices)
        decisions = AssumedDecisions((card_id,), cards, facts, choices)
        decision = decisions[card_id]
        if not decision.fires:
            return facts, decision.stopped_by, []
        broken = _violated_by_text(job, decision, decisions, facts)
        if not renderings.repeats(choices, facts, decisions.assumed):
            together = looked_at_together(decision.card)
            offered = together[choices.choose(len(together))]
            with renderings.noting(facts):
                broken += _violated_by_suggestions(job, decision, offered, decisions, facts)
        return facts, "", broken

    for facts, stopped_by, broken in states(run):
        tally.visited += 1
        tally.deciding[job.parameters, card_id, stopped_by] += 1
        fires |= not stopped_by
        tally.violations += [
            Violation(rule, card_id, job.setting, job.session.label, dict(facts.labels))
            for rule in broken
        ]
    return fires


def _violated_by_text(
    job: Job, decision: Decision, decisions: AssumedDecisions, facts: StateFacts
) -> list[str]:
    met = [
        name for name, label in facts.labels.items() if label == "unknown" and name in facts.free
    ]
    if not met:
        return []
    bare = decision._replace(card=replace(decision.card, suggestions=()))
    rendered, _ = render_card(
        bare, decisions, facts, PATIENT_OF_STATES, job.publication, course_taken=False
    )
    missing = unnamed(met, rendered.shown["detail"])
    return [f"Not known does not name {', '.join(missing)}"] if missing else []


def looked_at_together(card: Card) -> list[tuple[Suggestion, ...]]:
    """Each suggestion of a card alone, and two that recommend something: what one offers does not
    depend on the others."""
    recommended = [suggestion for suggestion in card.suggestions if suggestion.recommended]
    return [*((suggestion,) for suggestion in card.suggestions), *combinations(recommended, 2)] or [
        ()
    ]


def _violated_by_suggestions(
    job: Job,
    decision: Decision,
    offered: tuple[Suggestion, ...],
    decisions: AssumedDecisions,
    facts: StateFacts,
) -> list[str]:
    """The invariants that some suggestions of a card violate, as the first of its answer or after
    one that starts a course.

    Without the trace of the decision: it gives an order its reasons, on which no invariant depends.
    """
    bare = decision._replace(card=replace(decision.card, suggestions=offered), truths=())
    broken: list[str] = []
    for course_taken in (False, True):
        made, starts = render_suggestions(
            bare, decisions, facts, PATIENT_OF_STATES, job.publication, course_taken=course_taken
        )
        broken += violated(State(decision.card, read_suggestions(made), facts, course_taken))
        broken += (rule for suggestion in made for rule in wrong_suggestion(suggestion, facts))
        if not starts:  # a course before it makes no difference
            break
    return broken
