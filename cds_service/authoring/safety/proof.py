"""The proof of each card in each state that it can tell apart, on each hook, in each parameter set
and formulary.

Cards are proved one by one, because a card depends on others only through whether they hold and
whether one of them already starts a course; both answers are tried. The limit of three cards and
their order are properties of ``shown`` and need no states.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

from ...facts.catalogue import Facts
from ...rendering.card_in_call import CardInCall, Patient
from ...rendering.cards import render_card, render_suggestions
from ...rendering.publication import Publication
from ...rules.card import Card
from ...rules.decision import Decision, Decisions
from ...states.domains import RESULTS_FOR_ORDERS, test_orders
from ...states.sessions import PATIENT
from ...states.values import NOW
from ...states.walk import StateFacts
from .independence import Renderings
from .invariants import (
    State,
    checks_as_specified,
    read_suggestions,
    tests_as_specified,
    unnamed,
    violated,
)
from .job import AssumedDecisions, Job, Scope, chosen_domains
from .repetition import Walks, differing
from .suggestion_words import wrong_suggestion
from .tally import Tally

_PATIENT = Patient(f"Patient/{PATIENT}", None, NOW)


def card_in_state(
    decision: Decision, decisions: Decisions, facts: Facts, publication: Publication
) -> CardInCall:
    """Return a card to render for the patient of all states."""
    return CardInCall(decision, decisions, facts, _PATIENT, publication)


def prove_card(scope: Scope, card_id: str) -> Tally:
    """Visit every state of a card in each session and setting that can make a difference to the
    card."""
    tally = Tally()
    walks = Walks([card_id])
    for job in scope.jobs():
        if card_id in job.cards:
            walk = walks.like(job)
            if walk is None:
                walks.note(job, _visit(job, card_id, tally))
            elif walk.fires:
                tally.deciding[job.parameters, card_id, ""] += 1
    return tally


def prove_orders(scope: Scope) -> Tally:
    """Prove the facts that order tests in every state. The proofs of cards try only a sample of
    them."""
    tally = Tally()
    for name in sorted(test_orders()):
        for job in differing(scope, ()):
            _visit_orders(job, name, tally)
    return tally


def _visit_orders(job: Job, name: str, tally: Tally) -> None:
    chosen = chosen_domains(relation=job.layers.relation)
    free = {other: domain for other, domain in chosen.items() if other not in test_orders()}
    if name == "order.after_nitrous_oxide":
        free |= RESULTS_FOR_ORDERS

    def broken_by(facts: StateFacts) -> list[str]:
        made, broken = facts[name], []
        if not any(
            (option.fact.state, bool(option.fact.value)) == (made.state, bool(made.value))
            for option in chosen[name].classes(facts)
        ):
            broken.append("orders that are not tried")
        if not (
            tests_as_specified(facts, name)
            and (name != "potassium.checks" or checks_as_specified(facts))
        ):
            broken.append("tests as specified")
        return broken

    for facts, broken in tally.walk(job, broken_by, domains=free):
        for rule in broken:
            tally.violate(rule, name, job, facts.labels)


def _visit(job: Job, card_id: str, tally: Tally) -> bool:
    """Visit every state of a card; return whether it fires in one.

    Texts are rendered in each state of the criteria, suggestions in each state of the facts that
    they read.
    """
    card = job.cards[card_id]
    worded, offers = replace(card, suggestions=()), looked_at_together(card)
    renderings = Renderings(looked_for=job.layers.independence)
    fires = False

    def ask(facts: StateFacts) -> tuple[str, list[str]]:
        decisions = AssumedDecisions((card_id,), job.cards, facts)
        decision = decisions[card_id]
        if not decision.fires:
            return decision.stopped_by, []
        facts.settle()
        broken = _violated_by_text(job, decision._replace(card=worded), decisions, facts)
        if not renderings.repeats(facts, decisions.assumed):
            offering = decision._replace(card=facts.either("offered", offers), truths=())
            with renderings.noting(facts):
                broken += _violated_by_suggestions(job, offering, decisions, facts)
        return "", broken

    for facts, (stopped_by, broken) in tally.walk(job, ask):
        tally.deciding[job.parameters, card_id, stopped_by] += 1
        fires |= not stopped_by
        for rule in broken:
            tally.violate(rule, card_id, job, facts.labels)
    return fires


def _violated_by_text(
    job: Job, decision: Decision, decisions: AssumedDecisions, facts: StateFacts
) -> list[str]:
    met = [
        name for name, label in facts.labels.items() if label == "unknown" and name in facts.free
    ]
    if not met:
        return []
    rendered, _ = render_card(
        card_in_state(decision, decisions, facts, job.publication), course_taken=False
    )
    missing = unnamed(met, rendered.shown.detail)
    return [f"the line 'Not known' does not name {', '.join(missing)}"] if missing else []


def looked_at_together(card: Card) -> list[Card]:
    """Return variants of a card with each suggestion alone, and with each two that are recommended.
    This is enough, since no suggestion depends on the others."""
    recommended = [suggestion for suggestion in card.suggestions if suggestion.recommended]
    offered = [*((each,) for each in card.suggestions), *combinations(recommended, 2)]
    return [replace(card, suggestions=suggestions) for suggestions in offered or [()]]


def _violated_by_suggestions(
    job: Job, decision: Decision, decisions: AssumedDecisions, facts: StateFacts
) -> list[str]:
    """The invariants that the suggestions of a card violate, as the first of its answer or after a
    card that starts a course. The decision has no trace, from which an order takes its reasons; no
    invariant depends on those."""
    card = job.cards[decision.card.id]  # the card with all its suggestions
    broken: list[str] = []
    for course_taken in (False, True):
        made, starts = render_suggestions(
            card_in_state(decision, decisions, facts, job.publication), course_taken=course_taken
        )
        broken += violated(State(card, read_suggestions(made), facts, course_taken))
        broken += (rule for suggestion in made for rule in wrong_suggestion(suggestion, facts))
        if not starts:  # then a course started before it makes no difference
            break
    return broken
