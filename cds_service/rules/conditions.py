"""The closed condition language: a criterion asks one question of one fact, in three-valued logic.

Operators: ``is``, ``in``, ``below``, ``at_least``, ``more_than``, ``at_most``, ``within``, ``older_than``, ``absent``,
``unknown``; ``any_of`` joins criteria one level deep; ``card`` with ``holds`` looks at another card of the same call.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Protocol

from .yaml_source import Place


class FactLike(Protocol):
    """What a condition sees of a fact."""

    value: Any

    @property
    def is_unknown(self) -> bool:
        """Whether it could not be determined."""


class FactSource(Protocol):
    """Facts by name, and the day of the call."""

    today: date

    def __getitem__(self, name: str) -> FactLike: ...


Truth = bool | None
CardTruth = Callable[[str], bool]
Test = Callable[[Any, Any, date], Truth]


def _number(value: Any) -> Any:
    return getattr(value, "interval", value)


def _below(value: Any, limit: Decimal, today: date) -> Truth:
    value = _number(value)
    below: Truth = value.below(limit) if hasattr(value, "below") else value < limit
    return below


def _more_than(value: Any, limit: Decimal, today: date) -> Truth:
    value = _number(value)
    above: Truth = value.above(limit) if hasattr(value, "above") else value > limit
    return above


def _not(truth: Truth) -> Truth:
    return None if truth is None else not truth


OPERATORS: Mapping[str, Test] = {
    "is": lambda value, wanted, today: value == wanted,
    "in": lambda value, wanted, today: value in wanted,
    "below": _below,
    "at_least": lambda value, limit, today: _not(_below(value, limit, today)),
    "more_than": _more_than,
    "at_most": lambda value, limit, today: _not(_more_than(value, limit, today)),
    "within": lambda value, days, today: value >= today - timedelta(days=int(days)),
    "older_than": lambda value, days, today: value < today - timedelta(days=int(days)),
}
STATE_OPERATORS = ("absent", "unknown")


def unnamed(fact: str, operator: str) -> str:
    """The id of a criterion that its card gives none."""
    return f"{fact}-{operator}"


@dataclass(frozen=True, slots=True)
class Criterion:
    """One named question. ``when_unknown``: the truth that an unknown answer is taken for, where the author says so."""

    id: str
    fact: str
    operator: str
    operand: Any
    when_unknown: Truth
    place: Place = field(compare=False)

    def truth(self, facts: FactSource, card_holds: CardTruth) -> Truth:
        """True, false, or ``None`` where the fact does not tell."""
        found = facts[self.fact]
        if self.operator == "unknown":
            return found.is_unknown is self.operand
        if found.is_unknown:
            return self.when_unknown
        if self.operator == "absent":
            return (found.value is None) is self.operand
        if found.value is None:
            return self.operator == "is" and self.operand is False
        answer = OPERATORS[self.operator](found.value, self.operand, facts.today)
        return self.when_unknown if answer is None else answer

    @property
    def facts(self) -> tuple[str, ...]:
        """The facts that it asks."""
        return (self.fact,)


@dataclass(frozen=True, slots=True)
class AnyOf:
    """True when one of its criteria is true."""

    id: str
    criteria: tuple[Criterion, ...]
    place: Place = field(compare=False)

    def truth(self, facts: FactSource, card_holds: CardTruth) -> Truth:
        """Kleene *or*."""
        undecided = False
        for criterion in self.criteria:
            answer = criterion.truth(facts, card_holds)
            if answer:
                return True
            undecided |= answer is None
        return None if undecided else False

    @property
    def facts(self) -> tuple[str, ...]:
        """The facts that its criteria ask."""
        return tuple(name for criterion in self.criteria for name in criterion.facts)


@dataclass(frozen=True, slots=True)
class CardHolds:
    """True when another card fires (before the limit of cards) in the same call."""

    id: str
    card: str
    holds: bool
    place: Place = field(compare=False)

    def truth(self, facts: FactSource, card_holds: CardTruth) -> Truth:
        """Whether the other card's outcome is the one asked for."""
        return card_holds(self.card) is self.holds

    @property
    def facts(self) -> tuple[str, ...]:
        """None of its own."""
        return ()


Condition = Criterion | AnyOf | CardHolds
