"""The closed condition language: a criterion asks one question of one fact, in three-valued logic.

Operators: ``is``, ``in``, ``below``, ``at_least``, ``more_than``, ``at_most``, ``within``,
``older_than``, ``absent``, ``unknown``; ``any_of`` joins criteria one level deep; ``card`` with
``holds`` looks at another card of the same call.

Every condition has these attributes, empty if they do not apply, so that no caller needs to know
its type: ``facts``, those that it asks; ``criteria``, those within it, or the criterion itself;
``alternatives``, the parts of an ``any_of``; ``card``, the one that it looks at; ``firing``, the
card that must fire for it to hold.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, ClassVar, Protocol

from ..authored_yaml.source import Place


class FactLike(Protocol):
    """The part of a fact that a condition reads."""

    value: Any

    @property
    def is_unknown(self) -> bool:
        """Whether the fact could not be determined."""


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


def _is(value: Any, wanted: Any, today: date) -> Truth:
    equal: Truth = value == wanted
    return equal


def _in(value: Any, wanted: Any, today: date) -> Truth:
    return value in wanted


def _at_least(value: Any, limit: Decimal, today: date) -> Truth:
    return _not(_below(value, limit, today))


def _at_most(value: Any, limit: Decimal, today: date) -> Truth:
    return _not(_more_than(value, limit, today))


def _within(value: Any, days: Decimal, today: date) -> Truth:
    recent: Truth = value >= today - timedelta(days=int(days))
    return recent


def _older_than(value: Any, days: Decimal, today: date) -> Truth:
    return not _within(value, days, today)


# Functions of the module, because conditions refer to them, and cards are sent to other processes.
OPERATORS: Mapping[str, Test] = {
    "is": _is,
    "in": _in,
    "below": _below,
    "at_least": _at_least,
    "more_than": _more_than,
    "at_most": _at_most,
    "within": _within,
    "older_than": _older_than,
}
OPERATORS_OF_A_LIST = ("in",)
STATE_OPERATORS = ("absent", "unknown")
_derive = object.__setattr__  # sets what a frozen condition derives when it is made


def _is_denied(value: Any, operand: Any, today: date) -> Truth:
    """The answer of ``absent`` and ``unknown`` for a known value, which is neither."""
    return operand is False


def unnamed(fact: str, operator: str) -> str:
    """The id of a criterion that its card does not name."""
    return f"{fact}-{operator}"


@dataclass(frozen=True, slots=True)
class Criterion:
    """One named question. ``when_unknown``: the truth that replaces an unknown answer, if the
    author states one."""

    id: str
    fact: str
    operator: str
    operand: Any
    when_unknown: Truth
    place: Place = field(compare=False)
    # Derived once from the operator: the answers for an unknown and for an absent fact, and the
    # test of a value.
    facts: tuple[str, ...] = field(init=False, repr=False, compare=False)
    alternatives: ClassVar[tuple[Criterion, ...]] = ()
    card: ClassVar[str] = ""
    firing: ClassVar[str] = ""
    _if_unknown: Truth = field(init=False, repr=False, compare=False)
    _if_absent: bool = field(init=False, repr=False, compare=False)
    _test: Test = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        operator, operand = self.operator, self.operand
        _derive(self, "facts", (self.fact,))
        _derive(
            self, "_if_unknown", operand is True if operator == "unknown" else self.when_unknown
        )
        _derive(
            self,
            "_if_absent",
            operand is (operator == "absent") if operator in ("is", *STATE_OPERATORS) else False,
        )
        _derive(self, "_test", _is_denied if operator in STATE_OPERATORS else OPERATORS[operator])

    def truth(self, facts: FactSource, card_holds: CardTruth) -> Truth:
        """True, false, or ``None`` if the fact leaves it open."""
        found = facts[self.fact]
        if found.is_unknown:
            return self._if_unknown
        value = found.value
        if value is None:
            return self._if_absent
        # Most criteria compare for equality, so the common case skips the function call.
        answer = (
            value == self.operand
            if self.operator == "is"
            else self._test(value, self.operand, facts.today)
        )
        return self.when_unknown if answer is None else answer

    @property
    def criteria(self) -> tuple[Criterion, ...]:
        """This criterion alone."""
        return (self,)


@dataclass(frozen=True, slots=True)
class AnyOf:
    """True when one of its criteria is true."""

    id: str
    criteria: tuple[Criterion, ...]
    place: Place = field(compare=False)
    facts: tuple[str, ...] = field(init=False, repr=False, compare=False)
    card: ClassVar[str] = ""
    firing: ClassVar[str] = ""

    def __post_init__(self) -> None:
        _derive(
            self, "facts", tuple(name for criterion in self.criteria for name in criterion.facts)
        )

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
    def alternatives(self) -> tuple[Criterion, ...]:
        """Its criteria, of which one is enough."""
        return self.criteria


@dataclass(frozen=True, slots=True)
class CardHolds:
    """True if another card fires in the same call, before the limit of cards; with ``holds`` false,
    if it does not."""

    id: str
    card: str
    holds: bool
    place: Place = field(compare=False)
    facts: ClassVar[tuple[str, ...]] = ()  # none of its own
    criteria: ClassVar[tuple[Criterion, ...]] = ()
    alternatives: ClassVar[tuple[Criterion, ...]] = ()

    def truth(self, facts: FactSource, card_holds: CardTruth) -> Truth:
        """Whether the other card's outcome is the one asked for."""
        return card_holds(self.card) is self.holds

    @property
    def firing(self) -> str:
        """The other card, if it must fire."""
        return self.card if self.holds else ""


Condition = Criterion | AnyOf | CardHolds
