"""The proof: each card in each state it can tell apart, on each hook, in each parameter set and formulary.

Cards are proved one by one, because a card sees nothing of another but whether it holds and whether a course was started
before it; both are tried both ways. That an answer holds at most three cards, sorted,
is a property of ``shown`` and needs no states.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from functools import cache
from itertools import product
from typing import Any, ClassVar, NamedTuple

from ...config import PRODUCTS, Settings
from ...engine import PARAMETER_SETS, Engine
from ...facts.catalogue import CATALOGUE
from ...facts.session import OrderingSession
from ...facts.site import Site
from ...rendering.cards import Patient, render_card
from ...rules.card import Card
from ...rules.conditions import AnyOf, CardHolds, Criterion
from ...rules.decision import Decision, Decisions
from .classes import NOW, STATUS_CLASSES, TEST_ORDERS, input_classes
from .enumeration import Choices, Relation, StateFacts, states
from .invariants import State, checks_as_specified, read_suggestions, tests_as_specified, violated
from .sessions import PATIENT, Session, ordering_sessions

FORMULARIES = {"all": frozenset(PRODUCTS), "without hydroxocobalamin": frozenset(PRODUCTS) - {"hydroxocobalamin-injection"}}
# Left free in the relation: every status that they allow together is tried with each of them, the impossible included.
_GROUNDS_OF_SUSPICION = frozenset({
    "b12.earlier_deficient", "nitrous_oxide", "cause.gastric_or_hereditary", "b12.diagnosed", "b12.any_intake", "mcv",
})  # fmt: skip
PATIENT_OF_STATES = Patient(f"Patient/{PATIENT}", None, NOW)
OPENING = Session("on opening or at discharge", OrderingSession())


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


class RecordingSite(Site):
    """A site that remembers which of its parameters and products were asked for, in ``asked``."""

    asked: ClassVar[set[tuple[str, str]]] = set()

    def number(self, name: str, unit: str | None = None) -> Decimal:
        """As of any site."""
        self.asked.add(("parameter", name))
        return super().number(name, unit)

    def text(self, name: str) -> str:
        """As of any site."""
        self.asked.add(("parameter", name))
        return super().text(name)

    def days(self, name: str) -> timedelta:
        """As of any site."""
        self.asked.add(("parameter", name))
        return super().days(name)

    def stocks(self, product: str) -> bool:
        """As of any site."""
        self.asked.add(("product", product))
        return super().stocks(product)

    def told(self, asked: Iterable[tuple[str, str]]) -> list[Any]:
        """What it answers to questions that another site was asked."""
        return [self.parameters[name] if kind == "parameter" else name in self.formulary for kind, name in sorted(asked)]


@cache
def engine(parameters: str, formulary: str) -> Engine:
    """The engine of a parameter set and formulary."""
    return Engine(Settings.model_validate({"parameters": parameters, "formulary": FORMULARIES[formulary]}))


@cache
def site_of(parameters: str, formulary: str) -> RecordingSite:
    """The site of an engine, made to remember what it is asked."""
    site = engine(parameters, formulary).site
    return RecordingSite(site.parameter_set, site.parameters, site.formulary, site.zone, site.terminology)


@cache
def status_relation() -> Relation:
    """Which B12 status goes with which inputs, from the definition of ``b12.status`` itself.

    The grounds of suspicion are left free, so that some states are tried which cannot be, and none that can be is left out.
    """
    loaded = engine("default", "all")
    classes = input_classes()

    def run(choices: Choices) -> dict[str, str]:
        facts = StateFacts(loaded.site, OrderingSession(), NOW, classes, choices)
        status = facts["b12.status"]
        told = {name: label for name, label in facts.labels.items() if name not in _GROUNDS_OF_SUSPICION}
        return {**told, "b12.status": "unknown" if status.is_unknown else status.value}

    return Relation([dict(row) for row in {tuple(sorted(row.items())) for row in states(run)}])


@cache
def _classes() -> Mapping[str, Any]:
    return {**input_classes(), "b12.status": lambda facts: STATUS_CLASSES}


@cache
def bare_cards(parameters: str, formulary: str, hook: str) -> dict[str, Card]:
    """The cards of a hook without their texts, which nothing but the texts' own checks depends on."""
    cards = engine(parameters, formulary).cards_by_hook[hook]
    return {card_id: replace(card, summary="-", detail=(), values=()) for card_id, card in cards.items()}


def new_facts(parameters: str, formulary: str, session: Session, choices: Choices, fixed: Mapping[str, str] | None = None) -> StateFacts:
    """The facts of one run."""
    return StateFacts(site_of(parameters, formulary), session.orders, NOW, _classes(), choices, status_relation(), fixed)


class AssumedDecisions(Decisions):
    """The decisions on some cards, with every answer tried to the question whether another card holds."""

    def __init__(self, decided: Collection[str], cards: Mapping[str, Card], facts: StateFacts, choices: Choices):
        super().__init__(cards, facts)
        self._decided = decided
        self._choices = choices
        self._assumed: dict[str, bool] = {}

    def __getitem__(self, card_id: str) -> Decision:
        if card_id in self._decided:
            return super().__getitem__(card_id)
        return Decision(self._cards[card_id], self.holds(card_id), "", ())

    def holds(self, card_id: str) -> bool:
        """Yes and no, one after the other; the same within a state."""
        if card_id in self._decided:
            return super().holds(card_id)
        if card_id not in self._assumed:
            self._assumed[card_id] = card_id in self._cards and bool(self._choices.choose(2))
        return self._assumed[card_id]


class Job(NamedTuple):
    """What is proved together: one session on one hook, in one setting."""

    parameters: str
    formulary: str
    hook: str
    session: Session

    @property
    def setting(self) -> str:
        """The setting as told in a violation."""
        return f"{self.parameters}, formulary {self.formulary}, {self.hook}"


SETTINGS = tuple(product(PARAMETER_SETS, FORMULARIES))


def sessions_by_hook() -> list[tuple[str, Session]]:
    """The parts of the whole proof: each hook with each of its sessions."""
    return [("patient-view", OPENING), *(("order-select", session) for session in distinct_sessions())]


@cache
def distinct_sessions() -> list[Session]:
    """The ordering sessions of which no two are the same to every fact and criterion."""
    found: dict[Any, Session] = {}
    for session in ordering_sessions(engine("default", "all").terminology):
        found.setdefault(_signature(session), session)
    return list(found.values())


def _signature(session: Session) -> Any:
    """All that cards can tell of a session: what facts say of it, with numbers by the criteria that ask for them."""
    told = []
    for neuro, dietary in product(("true", "false", "unknown"), repeat=2):
        for parameters in ("default", "uk"):
            fixed = {"neuro.involvement": neuro, "cause.dietary": dietary, "diet.vegan": "unknown", "b12_therapy.active": "false"}
            facts = new_facts(parameters, "all", session, Choices(), fixed)
            told += [_told(name, facts, parameters) for name, definition in CATALOGUE.items() if definition.session]
    stops = any(stop.product.cobalamin for stop in session.orders.stops)
    return (stops, *told)


def _told(name: str, facts: StateFacts, parameters: str) -> Any:
    found = facts[name]
    if CATALOGUE[name].kind != "number" or found.value is None:
        return name, found.state, found.value
    asked = [criterion for card in engine(parameters, "all").cards.values() for criterion in criteria(card) if criterion.fact == name]
    above = found.value > facts.site.number("folate.low_dose_up_to")
    return name, above, tuple(criterion.truth(facts, lambda card: False) for criterion in asked)


def criteria(card: Card) -> Iterator[Criterion]:
    """Every criterion of a card, those within ``any_of`` too."""
    for condition in card.conditions:
        if isinstance(condition, AnyOf):
            yield from condition.criteria
        elif isinstance(condition, Criterion):
            yield condition


def prove(hook: str, session: Session, settings: Collection[tuple[str, str]] = SETTINGS) -> Tally:
    """Visit every state of every card of one hook and session, in each setting that can make a difference to the card."""
    tally = Tally()
    proved: dict[str, list[_Proved]] = {}
    for parameters, formulary in settings:
        job = Job(parameters, formulary, hook, session)
        if (parameters, formulary) == SETTINGS[0] and (hook == "patient-view" or session.orders.tests):
            tally.add(prove_orders(job))
        for card_id, card in bare_cards(parameters, formulary, hook).items():
            before = proved.setdefault(card_id, [])
            same = next(
                (
                    earlier
                    for earlier in before
                    if earlier.is_same(card, site_of(parameters, formulary), bare_cards(parameters, formulary, hook))
                ),
                None,
            )
            if same is None:
                before.append(_prove_card(job, card_id, tally))
            elif same.fires:
                tally.deciding[parameters, card_id, ""] += 1
    return tally


class _Proved(NamedTuple):
    """A card as it was proved: with what the site answered to all that was asked of it."""

    card: Card
    asked: frozenset[tuple[str, str]]
    told: list[Any]
    others: frozenset[str]
    fires: bool

    def is_same(self, card: Card, site: RecordingSite, cards: Mapping[str, Card]) -> bool:
        """Whether ``card`` at ``site``, among ``cards``, runs through the same states with the same outcome."""
        decides = (card.include, card.exclude, card.suggestions) == (self.card.include, self.card.exclude, self.card.suggestions)
        return decides and site.told(self.asked) == self.told and _looked_at(card, cards) == self.others


def _looked_at(card: Card, cards: Mapping[str, Card]) -> frozenset[str]:
    """Those of ``cards`` that ``card`` looks at."""
    return frozenset(condition.card for condition in card.conditions if isinstance(condition, CardHolds) and condition.card in cards)


def prove_orders(job: Job) -> Tally:
    """Visit every state of the facts that order tests, which the cards then take as they are proved here."""
    tally = Tally()
    free = {name: classes for name, classes in _classes().items() if name not in TEST_ORDERS and name != "potassium.checks"}
    site = site_of(job.parameters, job.formulary)
    for name in ("potassium.checks", *TEST_ORDERS):

        def run(choices: Choices, name: str = name) -> tuple[StateFacts, bool]:
            facts = StateFacts(site, job.session.orders, NOW, free, choices, status_relation())
            return facts, tests_as_specified(facts, name) and (name != "potassium.checks" or checks_as_specified(facts))

        for facts, holds in states(run):
            tally.visited += 1
            if not holds:
                tally.violations.append(Violation("tests as specified", name, job.setting, job.session.label, dict(facts.labels)))
    return tally


def _prove_card(job: Job, card_id: str, tally: Tally) -> _Proved:
    """Visit every state of a card, as the first of its answer and after one that starts a course, where it may start one."""
    site = site_of(job.parameters, job.formulary)
    site.asked.clear()
    fires, starts = _visit_card(job, card_id, False, tally)
    if starts:
        _visit_card(job, card_id, True, tally)
    asked = frozenset(site.asked)
    cards = bare_cards(job.parameters, job.formulary, job.hook)
    return _Proved(cards[card_id], asked, site.told(asked), _looked_at(cards[card_id], cards), fires)


def _visit_card(job: Job, card_id: str, course_taken: bool, tally: Tally) -> tuple[bool, bool]:
    """Whether the card fires in a state, and whether it suggests a cobalamin in one."""
    cards = bare_cards(job.parameters, job.formulary, job.hook)
    publication = engine(job.parameters, job.formulary).publication
    fires = starts = False

    def run(choices: Choices) -> tuple[StateFacts, str, bool, list[str]]:
        facts = new_facts(job.parameters, job.formulary, job.session, choices)
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
