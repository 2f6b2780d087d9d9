"""The smallest changes of facts that would make a silent card fire, or a firing card silent.

Only facts asked by the criteria of the card, or of the cards that it asks about, are changed, each
independently of the facts that it is worked out from.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import NamedTuple, Protocol

from ..facts.catalogue import CATALOGUE
from ..facts.fact import Fact, State
from ..rules.card import Card, deciding_criteria
from ..rules.conditions import Criterion
from ..rules.decision import Decision, Decisions
from .fact_classes import FactClass, classes, true_of

MOST_CHANGES = 8
Cards = Mapping[str, Card]


class Change(NamedTuple):
    """A fact's present value and the class that it would have to be in."""

    fact: str
    now: Fact
    then: FactClass


class WhyNot(NamedTuple):
    """The answer for one card.

    ``changes``: every change of the smallest number of facts that reverses the outcome, the least
    surprising first. If there is none, ``exhausted`` is true if no change of any size reverses the
    outcome, and false if only changes of up to :data:`MOST_CHANGES` facts were tried.
    """

    decision: Decision
    changes: list[tuple[Change, ...]]
    exhausted: bool


class KnownFacts(Protocol):
    """Facts by name, from a call or as a test states them, and the day of decision."""

    today: date

    def __getitem__(self, name: str) -> Fact: ...


class Supposed:
    """The facts of ``actual``, with those in ``supposed`` replaced."""

    def __init__(self, actual: KnownFacts, supposed: Mapping[str, Fact]):
        self.today = actual.today
        self._actual = actual
        self._supposed = supposed

    def __getitem__(self, name: str) -> Fact:
        return self._supposed.get(name) or self._actual[name]


def looked_at(card: Card, cards: Cards) -> list[str]:
    """Return the cards that ``card`` asks about, directly or through another card."""
    found: dict[str, None] = {}
    for condition, _ in card.criteria:
        if condition.card in cards:
            found |= dict.fromkeys([condition.card, *looked_at(cards[condition.card], cards)])
    return list(found)


def why_not(card: Card, cards: Cards, facts: KnownFacts, most: int = MOST_CHANGES) -> WhyNot:
    """Return the smallest changes of facts that reverse the outcome of ``card``.

    ``cards``: the cards of the call, ``card`` among them. The search is breadth-first by the number
    of changed facts and decides with the real ``decide``. It misses nothing: the outcome cannot
    change while the facts that it now rests on (:func:`_pivots`) stay the same, so every change
    that reverses it changes one of those.
    """
    return _Search(card, cards, facts).run(most)


class _Search:
    def __init__(self, card: Card, cards: Cards, facts: KnownFacts):
        self._card, self._cards, self._facts = card, cards, facts
        self._asked: dict[str, list[Criterion]] = {}
        for criterion in deciding_criteria(card, cards):
            self._asked.setdefault(criterion.fact, []).append(criterion)
        self._others = {name: self._other_classes(name) for name in self._asked}

    def _other_classes(self, name: str) -> list[FactClass]:
        """The classes of a fact other than its present one."""
        now = true_of(self._facts[name], self._asked[name], self._facts.today)
        return [
            found for found in classes(self._asked[name], self._facts.today) if found.true_of != now
        ]

    def run(self, most: int) -> WhyNot:
        """Search level by level; level *n* holds all changes of *n* facts that may matter."""
        now = self._decided({})
        level = [now]
        for _ in range(most):
            level = list(self._following(level))
            turned = [state for state in level if state.fires is not now.fires]
            if turned or not level:
                break
        changes = [
            tuple(Change(name, self._facts[name], then) for name, then in state.supposed.items())
            for state in turned
        ]
        return WhyNot(
            now.decisions[self._card.id], sorted(changes, key=self._surprise), exhausted=not level
        )

    def _following(self, level: Iterable[_State]) -> Iterator[_State]:
        """Each change of the level extended by one more fact, without duplicates."""
        met: set[frozenset[tuple[str, tuple[bool, ...]]]] = set()
        for state in level:
            for name in dict.fromkeys(_pivots(self._card, self._cards, state.decisions)):
                if name in state.supposed:
                    continue
                for then in self._others[name]:
                    supposed = {**state.supposed, name: then}
                    key = frozenset((fact, found.true_of) for fact, found in supposed.items())
                    if key not in met:
                        met.add(key)
                        yield self._decided(supposed)

    def _decided(self, supposed: dict[str, FactClass]) -> _State:
        facts = Supposed(self._facts, {name: then.fact for name, then in supposed.items()})
        decisions = Decisions(self._cards, facts)
        return _State(supposed, decisions, decisions.holds(self._card.id))

    def _surprise(self, changes: Sequence[Change]) -> tuple[int, ...]:
        """A sort key, the least surprising change first: a change to a value, to absent, to
        unknown; a change of a fact that is now unknown; a number that moves by few classes; then
        the order in which the criteria ask."""
        states = [
            (State.VALUE, State.ABSENT, State.UNKNOWN).index(change.then.fact.state)
            for change in changes
        ]
        order = list(self._asked)
        return (
            sum(states),
            sum(not change.now.is_unknown for change in changes),
            sum(map(self._steps, changes)),
            *(order.index(change.fact) for change in changes),
        )

    def _steps(self, change: Change) -> int:
        """By how many classes a number moves."""
        if change.now.value is None or not CATALOGUE[change.fact].kind.is_ordered:
            return 0
        every = [found.true_of for found in classes(self._asked[change.fact], self._facts.today)]
        now = true_of(change.now, self._asked[change.fact], self._facts.today)
        return abs(every.index(now) - every.index(change.then.true_of)) if now in every else 0


class _State(NamedTuple):
    """The supposed facts and the outcome for the card."""

    supposed: dict[str, FactClass]
    decisions: Decisions
    fires: bool


def _pivots(card: Card, cards: Cards, decisions: Decisions) -> Iterator[str]:
    """The facts of which at least one must change before the outcome for ``card`` can: those of the
    criterion that stops it or, if it fires, those of all its criteria."""
    decision = decisions[card.id]
    # A decision without a whole trace ends with the criterion that stops the card.
    steps = decision.steps if decision.fires else decision.steps[-1:]
    for condition in (step.condition for step in steps):
        yield from condition.facts
        if condition.card in cards:
            yield from _pivots(cards[condition.card], cards, decisions)
