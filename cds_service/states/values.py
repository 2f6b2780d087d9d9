"""Values of a fact on each side of its limits, by its kind; and the day on which every state is
evaluated."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any, NamedTuple

from ..facts.catalogue import Definition
from ..facts.fact import Fact, known, unknown
from ..facts.kinds import CATEGORY, DATE, ORDERS, REFERENCE, RESULT, YES_NO, StatedResult
from ..fhir.interval import Interval
from ..rules.conditions import Condition
from .search import Undecided

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
TODAY = NOW.date()
_COMPARATORS = ("", "<", "<=", ">", ">=")


class StatedFacts:
    """Facts as a test states them; every other fact is unknown."""

    def __init__(self, stated: Mapping[str, Fact], today: date = TODAY):
        self.today = today
        self._stated = stated

    def __getitem__(self, name: str) -> Fact:
        return self._stated.get(name) or unknown("not stated")


class Value(NamedTuple):
    """A fact that represents all values that limits do not distinguish from it.

    ``text``: as a test states it, ``None`` if no test can; ``number``: the number that limits are
    compared with; ``comparator``: that of a result.
    """

    fact: Fact
    text: Any
    number: Decimal | None = None
    comparator: str = ""


def around(limits: Iterable[Decimal], *, whole: bool) -> list[Decimal]:
    """Each of ``limits``, a number in each interval between them, one below and one above.
    ``whole``: only whole numbers."""
    ordered = sorted(set(limits))
    if whole:
        return sorted(
            {
                Decimal(int(limit) + near)
                for limit in ordered
                for near in (-1, 0, 1)
                if limit + near >= 0
            }
        )
    between = [(low + high) / 2 for low, high in pairwise(ordered)]
    return sorted({*ordered, *between, ordered[0] * 9 / 10, ordered[-1] * 11 / 10})


def limits_of(conditions: Iterable[Condition]) -> dict[str, set[Decimal]]:
    """The numbers with which criteria compare each fact that they ask."""
    found: dict[str, set[Decimal]] = {}
    for criterion in (criterion for condition in conditions for criterion in condition.criteria):
        found.setdefault(criterion.fact, set()).update(
            [criterion.operand] if isinstance(criterion.operand, Decimal) else []
        )
    return found


def values(
    definition: Definition, limits: Collection[Decimal], today: date = TODAY
) -> Iterator[Value]:
    """Values of a fact, one for every combination of answers to questions about ``limits``."""
    if definition.kind is YES_NO:
        yield from (Value(known(True), True), Value(known(False), False))
    elif definition.kind is CATEGORY:
        yield from (Value(known(value), value) for value in definition.values)
    elif definition.kind is ORDERS:
        yield Value(known(("an-order",)), ["an-order"])
    elif definition.kind is REFERENCE:
        yield Value(known("something"), None)
    elif definition.kind is DATE:
        for days in around(limits or (Decimal(1),), whole=True):
            day = today - timedelta(days=int(days))
            yield Value(known(day), day.isoformat(), days)
    else:
        yield from _numbers(definition, limits or (Decimal(1),))


def _numbers(definition: Definition, limits: Collection[Decimal]) -> Iterator[Value]:
    """Numbers around ``limits``; for results also those with a comparator, which may leave a
    question open."""
    is_result = definition.kind is RESULT
    numbers = around(limits, whole=not is_result and all(limit == int(limit) for limit in limits))
    for comparator in _COMPARATORS if is_result else ("",):
        for number in numbers:
            text = f"{comparator}{number:f} {definition.unit}"
            if not is_result:
                yield Value(known(number), text, number)
            elif number or comparator != "<":  # no result is below zero
                yield Value(
                    known(StatedResult(Interval.of(number, comparator or None), text)),
                    text,
                    number,
                    comparator,
                )


class ChosenFacts:
    """Facts for a search, each of which is one of its ``values`` once it is needed."""

    today = TODAY

    def __init__(self, values: Callable[[str], Sequence[Value]], chosen: Mapping[str, Value]):
        self._values = values
        self.chosen = chosen

    def __getitem__(self, name: str) -> Fact:
        if name not in self.chosen:
            raise Undecided(name, self._values(name))
        return self.chosen[name].fact

    def with_choice(self, name: str, value: Value) -> ChosenFacts:
        """The same facts, one more of them chosen."""
        return ChosenFacts(self._values, {**self.chosen, name: value})
