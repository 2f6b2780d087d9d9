"""The classes of a fact's values that given criteria tell apart, each with a value that stands for it and its words.

A card fires or not by which of its criteria are true; false and unknown come to the same (see ``rules/decision``). Values
for which the same criteria are true are therefore one class.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any, NamedTuple

from ..facts.catalogue import CATALOGUE, Definition
from ..facts.fact import Fact, absent, known, unknown
from ..facts.kinds import CATEGORY, DATE, ORDERS, RESULT, YES_NO, StatedResult
from ..fhir.interval import Interval
from ..rendering.card_text import value_text
from ..rules.conditions import Criterion
from .card_tests import StatedFacts
from .card_words import joined


class FactClass(NamedTuple):
    """A class of values: one that stands for it, which of the criteria are true of it, and its words (``below 3.5 mmol/L``)."""

    fact: Fact
    true_of: tuple[bool, ...]
    words: str


class _Option(NamedTuple):
    """A value to sort into its class: ``low`` and ``high`` are the limits that it lies at or between, where it is a number."""

    fact: Fact
    words: str
    low: Decimal | None = None
    high: Decimal | None = None


def true_of(fact: Fact, criteria: Sequence[Criterion], today: date) -> tuple[bool, ...]:
    """Which of ``criteria``, which all ask one fact, are true where it is ``fact``."""
    return tuple(bool(criterion.truth(StatedFacts({criterion.fact: fact}, today), lambda card: False)) for criterion in criteria)


def classes(criteria: Sequence[Criterion], today: date) -> list[FactClass]:
    """The classes of the fact that all of ``criteria`` ask: known values first, absent and unknown last."""
    definition = CATALOGUE[criteria[0].fact]
    limits = sorted({criterion.operand for criterion in criteria if isinstance(criterion.operand, Decimal)})
    options = list(_known(definition, limits, today))
    # A yes/no fact is never absent: what was looked for and not found is a no.
    if definition.kind is not YES_NO or any(criterion.operator == "absent" for criterion in criteria):
        options.append(_Option(absent(), "absent"))
    options.append(_Option(unknown("supposed"), "unknown"))
    alike: dict[tuple[bool, ...], list[_Option]] = {}
    for option in options:
        alike.setdefault(true_of(option.fact, criteria, today), []).append(option)
    return [FactClass(found[0].fact, truths, _words(definition, found, today)) for truths, found in alike.items()]


def _known(definition: Definition, limits: Sequence[Decimal], today: date) -> Iterator[_Option]:
    if definition.kind is YES_NO:
        yield from (_Option(known(True), "yes"), _Option(known(False), "no"))
    elif definition.kind is CATEGORY:
        yield from (_Option(known(value), value) for value in definition.values)
    elif not limits:
        yield _Option(known(("something",) if definition.kind is ORDERS else "something"), "present")
    else:
        yield from _ranges(definition, limits, today)


def _ranges(definition: Definition, limits: Sequence[Decimal], today: date) -> Iterator[_Option]:
    """A value at each limit, one on each side; for results also those with a comparator, which may leave a question open."""

    def option(number: Decimal, low: Decimal | None, high: Decimal | None) -> _Option:
        return _Option(known(_value(definition, number, today)), "", low, high)

    yield option(limits[0] - 1, None, limits[0])
    for limit, following in pairwise([*limits, None]):
        assert limit is not None
        yield option(limit, limit, limit)
        yield option((limit + following) / 2 if following is not None else limit + 1, limit, following)
    if definition.kind is RESULT:
        for comparator in ("<", "<=", ">", ">="):
            for limit in limits:
                stated = f"{comparator}{limit} {definition.unit}"
                yield _Option(known(StatedResult(Interval.of(limit, comparator), stated)), stated)


def _value(definition: Definition, number: Decimal, today: date) -> Any:
    if definition.kind is DATE:
        return today - timedelta(days=int(number))
    return StatedResult(Interval.of(number, None), f"{number} {definition.unit}") if definition.kind is RESULT else number


def _words(definition: Definition, options: Sequence[_Option], today: date) -> str:
    """The words of a class: its values, or the range of its numbers (what criteria tell apart is always one range)."""
    ranges = [option for option in options if not option.words]
    told = [_range_words(definition, ranges[0], ranges[-1], today)] if ranges else []
    # A comparator is worth telling only where no number does it.
    others = [option.words for option in options if option.words and not (ranges and isinstance(option.fact.value, StatedResult))]
    return joined([*told, *others], "or")


def _range_words(definition: Definition, first: _Option, last: _Option, today: date) -> str:
    def said(limit: Decimal) -> str:
        value = _value(definition, limit, today)
        text = value_text(definition, known(value), markdown=False)
        return f"{limit:f} days ago ({text})" if definition.kind is DATE else text

    if first.low is not None and first.low == first.high == last.high:
        return f"exactly {said(first.low)}"
    parts = []
    if first.low is not None:
        parts.append(f"{'at least' if first.low == first.high else 'more than'} {said(first.low)}")
    if last.high is not None:
        beyond = "less than" if definition.kind is DATE else "below"
        parts.append(f"{'at most' if last.low == last.high else beyond} {said(last.high)}")
    return " and ".join(parts)
