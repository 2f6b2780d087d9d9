"""The smallest change of facts that would make a silent card fire, or a card that fires silent.

Facts are changed where the card's criteria, and those of the cards that it looks at, ask them; each
on its own, so that a fact which rests on others is told at the level at which it is asked.
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
    """A fact, as it is and as it would have to be."""

    fact: str
    now: Fact
    then: FactClass


class WhyNot(NamedTuple):
    """What was found out about one card.

    ``changes``: every change of as few facts as possible after which the outcome is the other one,
    the least surprising first. Where there is none, ``exhausted`` says that no change of any size
    does it, and not only none of up to :data:`MOST_CHANGES` facts.
    """

    decision: Decision
    changes: list[tuple[Change, ...]]
    exhausted: bool


class KnownFacts(Protocol):
    """Facts by name, of a call or as a test states them, and the day."""

    today: date

    def __getitem__(self, name: str) -> Fact: ...


class Supposed:
    """The facts of ``actual``, but for those that are ``supposed`` otherwise."""

    def __init__(self, actual: KnownFacts, supposed: Mapping[str, Fact]):
        self.today = actual.today
        self._actual = actual
        self._supposed = supposed

    def __getitem__(self, name: str) -> Fact:
        return self._supposed.get(name) or self._actual[name]


def looked_at(card: Card, cards: Cards) -> list[str]:
    """The cards that ``card`` looks at, directly or through another."""
    found: dict[str, None] = {}
    for condition, _ in card.criteria:
        if condition.card in cards:
            found |= dict.fromkeys([condition.card, *looked_at(cards[condition.card], cards)])
    return list(found)


def why_not(card: Card, cards: Cards, facts: KnownFacts, most: int = MOST_CHANGES) -> WhyNot:
    """Search breadth first, by the number of facts changed, with the one ``decide``.

    ``cards``: those of the call, ``card`` among them. The search leaves nothing out: an outcome
    stays as it is while the facts stay that it rests on as things stand (:func:`_pivots`), so that
    every change which turns it has one of those.
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
        """The classes of a fact that it is not of now."""
        now = true_of(self._facts[name], self._asked[name], self._facts.today)
        return [
            found for found in classes(self._asked[name], self._facts.today) if found.true_of != now
        ]

    def run(self, most: int) -> WhyNot:
        """Level by level, a level being all changes of one number of facts that may matter."""
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
        """Every change that alters one fact more, each once."""
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
        """How much a reader would be surprised, the least first: by learning what was not known, by
        another value, by there being none; by a near number, by a far one. Changes that surprise
        alike come in the order in which the criteria ask."""
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
        """How many classes a number moves by."""
        if change.now.value is None or not CATALOGUE[change.fact].kind.is_ordered:
            return 0
        every = [found.true_of for found in classes(self._asked[change.fact], self._facts.today)]
        now = true_of(change.now, self._asked[change.fact], self._facts.today)
        return abs(every.index(now) - every.index(change.then.true_of)) if now in every else 0


class _State(NamedTuple):
    """Facts supposed otherwise, and what becomes of the card."""

    supposed: dict[str, FactClass]
    decisions: Decisions
    fires: bool


def _pivots(card: Card, cards: Cards, decisions: Decisions) -> Iterator[str]:
    """Facts of which at least one has to change before the outcome for ``card`` does: while
    all of them stay, the criterion that stops it still does, or, where it fires, all
    criteria still let it."""
    decision = decisions[card.id]
    # a decision ends with the criterion that stops
    steps = decision.steps if decision.fires else decision.steps[-1:]
    for condition in (step.condition for step in steps):
        yield from condition.facts
        if condition.card in cards:
            yield from _pivots(cards[condition.card], cards, decisions)
