"""The proof: each card in each state it can tell apart, on each hook, in each parameter set and formulary.

Cards are proved one by one, because a card sees nothing of another but whether it holds and whether a course was started
before it; both are tried both ways. That an answer holds at most three cards, sorted,
is a property of ``shown`` and needs no states.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from ...rendering.cards import Patient, render_card
from .classes import NOW, TEST_ORDERS
from .enumeration import Choices, StateFacts, states
from .invariants import State, checks_as_specified, read_suggestions, tests_as_specified, violated
from .job import SETTINGS, AssumedDecisions, Job, bare_cards, chosen_classes, engine, new_facts, status_relation
from .repetition import Walks, differing
from .sessions import PATIENT, Session

PATIENT_OF_STATES = Patient(f"Patient/{PATIENT}", None, NOW)


class Violation(NamedTuple):
    """A state in which something does not hold; ``state``: the class of each input that was asked for."""

    rule: str
    card: str
    setting: str
    session: str
    state: dict[str, str]

    def __str__(self) -> str:
        facts = ", ".join(f"{name}={label}" for name, label in self.state.items())
        return f"{self.card}: {self.rule} [{self.setting}; {self.session}] {facts}"


@dataclass
class Tally:
    """What an enumeration saw. ``deciding``: how often each criterion of a card silenced it; ``""`` counts firing."""

    visited: int = 0
    violations: list[Violation] = field(default_factory=list)
    deciding: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    contradictions: set[tuple[str, str]] = field(default_factory=set)

    def add(self, other: Tally) -> None:
        """Take in what another process saw."""
        self.visited += other.visited
        self.violations += other.violations
        self.deciding.update(other.deciding)
        self.contradictions |= other.contradictions


def prove_card(hook: str, card_id: str, sessions: Sequence[Session], settings: Collection[tuple[str, str]] = SETTINGS) -> Tally:
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


def prove_orders(hook: str, sessions: Sequence[Session]) -> Tally:
    """Visit every state of the facts that order tests, which the cards then take as they are proved here."""
    tally = Tally()
    for name in ("potassium.checks", *TEST_ORDERS):
        for job in differing(hook, sessions, SETTINGS[:1], ()):
            _visit_orders(job, name, tally)
    return tally


def _visit_orders(job: Job, name: str, tally: Tally) -> None:
    free = {other: classes for other, classes in chosen_classes().items() if other not in TEST_ORDERS and other != "potassium.checks"}

    def run(choices: Choices) -> tuple[StateFacts, bool]:
        facts = StateFacts(job.site, job.session.orders, NOW, free, choices, status_relation(), asked=job.asked)
        return facts, tests_as_specified(facts, name) and (name != "potassium.checks" or checks_as_specified(facts))

    for facts, holds in states(run):
        tally.visited += 1
        if not holds:
            tally.violations.append(Violation("tests as specified", name, job.setting, job.session.label, dict(facts.labels)))


def _visit(job: Job, card_id: str, tally: Tally) -> bool:
    """Visit every state of a card, as the first of its answer and after one that starts a course; whether it fires in one."""
    fires, starts = _visit_card(job, card_id, False, tally)
    if starts:
        _visit_card(job, card_id, True, tally)
    return fires


def _visit_card(job: Job, card_id: str, course_taken: bool, tally: Tally) -> tuple[bool, bool]:
    """Whether the card fires in a state, and whether it suggests a cobalamin in one."""
    cards = bare_cards(job.parameters, job.formulary, job.hook)
    publication = engine(job.parameters, job.formulary).publication
    fires = starts = False

    def run(choices: Choices) -> tuple[StateFacts, str, bool, list[str]]:
        facts = new_facts(job, choices)
        decisions = AssumedDecisions((card_id,), cards, facts, choices)
        decision = decisions[card_id]
        if not decision.fires:
            return facts, decision.stopped_by, False, []
        rendered, starts_course = render_card(decision, decisions, facts, PATIENT_OF_STATES, publication, course_taken=course_taken)
        state = State(decision.card, read_suggestions(rendered.shown), facts, course_taken)
        return facts, "", starts_course, list(violated(state))

    for facts, stopped_by, starts_course, broken in states(run):
        tally.visited += 1
        tally.deciding[job.parameters, card_id, stopped_by] += 1
        fires |= not stopped_by
        starts |= starts_course
        tally.violations += [Violation(rule, card_id, job.setting, job.session.label, dict(facts.labels)) for rule in broken]
    return fires, starts
