"""Finds the ranges of one result in which each card fires while the rest of the record stays the
same.

The search samples values around the limits of the analyte and the patient's own value. Where two
neighbouring samples give different cards, it bisects the interval down to the digits that
laboratories report. A card that fires only between two neighbouring samples would be missed;
therefore samples lie on both sides of every limit and close together in between.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple

from ..engine import Call, Engine
from ..facts.analytes import ANALYTES, Analyte, Family
from ..facts.catalogue import CATALOGUE, Facts
from ..facts.fact import Fact, known
from ..facts.laboratory import Result
from ..rules.written_units import written
from .supposed import supposed_result

MOST_STRIPS = 6
_SAMPLES = 24
_DIGITS = 3
_Ids = frozenset[str]


class Span(NamedTuple):
    """A part of a strip in which a card fires: its ends in percent of the width, and in words
    (``from 180 ng/L``)."""

    start: float
    end: float
    words: str


class Strip(NamedTuple):
    """The strip of one result. ``at``: the place of the patient's value, in percent; ``ends``: the
    first and last value; ``cards``: the title of each card and the spans in which it fires."""

    name: str
    title: str
    unit: str
    value: str
    at: float
    ends: tuple[str, str]
    cards: list[tuple[str, list[Span]]]


def strips(engine: Engine, call: Call, facts: Facts) -> list[Strip]:
    """The strips of the results that were evaluated, have an exact value, and change the outcome of
    a card at some value."""
    found = []
    for name in ANALYTES:
        fact = facts.known_so_far(name)
        if (
            fact is not None
            and isinstance(fact.value, Result)
            and fact.value.interval.point is not None
        ):
            found.append(_strip(engine, call, facts, name, fact.value))
    return [strip for strip in found if strip is not None][:MOST_STRIPS]


def _strip(engine: Engine, call: Call, facts: Facts, name: str, result: Result) -> Strip | None:
    analyte = ANALYTES[name]
    family = next(family for family in analyte.families if family.unit == result.unit)
    line = _Line(engine, call, facts, name, result)
    points = _samples(analyte, family, result, engine)
    turns = list(_turns(line, points))
    if not turns:
        return None
    low, high = points[0], points[-1]
    titles = {card.id: card.title for card in engine.cards_by_hook[call.hook].values()}
    bounds = [low, *turns, high]
    parts = [(start, end, line.cards(start)) for start, end in pairwise(bounds)]
    ids = sorted(set().union(*(ids for _, _, ids in parts)))
    words = _Words(
        family.unit, frozenset(cut.value for cut in analyte.cuts_for(family, engine.site))
    )
    cards = [(titles[card], list(_spans(card, parts, (low, high), words))) for card in ids]
    partly = [
        (title, spans)
        for title, spans in cards
        if not (len(spans) == 1 and spans[0].end - spans[0].start > 99.9)
    ]
    at = _place(min(max(result.interval.point or low, low), high), low, high)
    ends = (_number(low, family.unit), _number(high, family.unit))
    return Strip(
        name, CATALOGUE[name].title, written(family.unit), result.as_sent, at, ends, partly
    )


class _Line:
    """The cards that fire for each value of one fact. Facts that do not depend on it are evaluated
    once."""

    def __init__(self, engine: Engine, call: Call, facts: Facts, name: str, result: Result):
        self._engine, self._call, self._facts, self._name, self._result = (
            engine,
            call,
            facts,
            name,
            result,
        )
        self._kept = facts.apart_from(name)
        self._seen: dict[Decimal, _Ids] = {}

    def cards(self, number: Decimal) -> _Ids:
        """The ids of the cards that fire with the value ``number``, in the unit of the result."""
        if number not in self._seen:
            self._seen[number] = self._decided(self._stated(number))
        return self._seen[number]

    def _stated(self, number: Decimal) -> Fact:
        today = self._facts.today
        return known(
            supposed_result(
                self._engine,
                self._name,
                f"{number:f} {self._result.unit}",
                self._result.moment.instant,
                today,
            )
        )

    def _decided(self, fact: Fact) -> _Ids:
        supposed = self._facts.supposing({**self._kept, self._name: fact})
        return frozenset(
            decision.card.id
            for decision in self._engine.decisions(self._call, supposed).all()
            if decision.fires
        )


def _samples(analyte: Analyte, family: Family, result: Result, engine: Engine) -> list[Decimal]:
    """Ascending numbers around the limits and the value, in equal ratios, with both sides of every
    limit."""
    limits = [cut.value for cut in analyte.cuts_for(family, engine.site)]
    # A logarithmic strip has no place for 0: it begins as for 1, and 0 stands at its left end.
    value = result.interval.point or Decimal(1)
    least, most = min([*limits, value]) / 2, max([*limits, value]) * 2
    least = max(least, family.suspicious[0], family.reject[0] + _step(least))
    most = min(most, family.suspicious[1], family.reject[1])
    ratio = (most / least) ** (Decimal(1) / _SAMPLES)
    points = {_rounded(least * ratio**position) for position in range(_SAMPLES + 1)}
    points |= {
        side
        for limit in limits
        for side in (limit - _step(limit), limit, limit + _step(limit))
        if least <= side <= most
    }
    return sorted(point for point in points if least <= point <= most)


def _turns(line: _Line, points: Iterable[Decimal]) -> Iterator[Decimal]:
    """In ascending order, each number from which on other cards fire than below it."""
    for low, high in pairwise(points):
        if line.cards(low) != line.cards(high):
            yield _turn(line, low, high)


def _turn(line: _Line, low: Decimal, high: Decimal) -> Decimal:
    before = line.cards(low)
    while high - low > _step(high):
        middle = _rounded((low + high) / 2)
        if middle in (low, high):
            break
        low, high = (middle, high) if line.cards(middle) == before else (low, middle)
    return high


class _Words(NamedTuple):
    """Describes spans in ``unit``. A span whose last number is one of ``limits`` goes ``up to`` it;
    other spans end ``below`` the next number."""

    unit: str
    limits: frozenset[Decimal]

    def of(self, start: Decimal | None, end: Decimal | None) -> str:
        """The words for a span; ``None`` stands for an end of the strip."""
        told = [f"from {_number(start, self.unit)}"] if start is not None else []
        if end is not None:
            last = end - _step(end)
            told.append(
                f"up to {_number(last, self.unit)}"
                if last in self.limits
                else f"below {_number(end, self.unit)}"
            )
        return " ".join(told) or "everywhere"


def _spans(
    card: str,
    parts: list[tuple[Decimal, Decimal, _Ids]],
    ends: tuple[Decimal, Decimal],
    words: _Words,
) -> Iterator[Span]:
    """The spans in which a card fires, with adjacent parts joined."""
    low, high = ends
    joined: list[tuple[Decimal, Decimal]] = []
    for start, end, ids in parts:
        if card in ids:
            if joined and joined[-1][1] == start:
                joined[-1] = joined[-1][0], end
            else:
                joined.append((start, end))
    for start, end in joined:
        told = words.of(start if start != low else None, end if end != high else None)
        yield Span(_place(start, low, high), _place(end, low, high), told)


def _place(number: Decimal, low: Decimal, high: Decimal) -> float:
    """The place of a number on the logarithmic strip, in percent."""
    return round(float((number / low).ln() / (high / low).ln()) * 100, 2)


def _rounded(number: Decimal) -> Decimal:
    """Round to as many digits as laboratories report."""
    return round(number, _DIGITS - 1 - number.adjusted())


def _step(number: Decimal) -> Decimal:
    return Decimal(1).scaleb(number.adjusted() - _DIGITS + 1)


def _number(number: Decimal, unit: str) -> str:
    return f"{number.normalize():f} {written(unit)}"
