"""Which conditions of a card can hold together, proved over every state of the facts between which they can tell.

Facts are taken as independent of each other: what is told is certain, and a contradiction that rests on what facts mean is not
told here (``python -m cds_service test --mutate`` finds such).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import lru_cache
from itertools import groupby, pairwise
from typing import Any, NamedTuple, NoReturn

from ...facts.catalogue import CATALOGUE, Definition, Facts
from ...facts.fact import Fact, absent, known, unknown
from ...facts.kinds import CATEGORY, DATE, NUMBER, RESULT, YES_NO, StatedResult
from ...facts.session import OrderingSession
from ...facts.site import Site
from ...fhir.interval import Interval
from ...rules.card import Card
from ...rules.conditions import Condition, Criterion
from ...rules.hook_table import any_at_ordering
from ..card_tests import TODAY, StatedFacts
from .finding import Finding

_MOST_TRIES = 2_000  # a fraction of a second; the present cards need fewer than fifty
_NOW = datetime.combine(TODAY, time(), UTC)


class Asked(NamedTuple):
    """A condition, and whether it holds (``False``: it does not hold, or is not known to)."""

    condition: Condition
    holds: bool


class Beside(NamedTuple):
    """What a card is decided beside: the ids of the ``cards`` of the same calls, and the facts that are ``fixed`` in them."""

    cards: frozenset[str]
    fixed: Mapping[str, Fact]


def contradictions(card: Card, served: Collection[Card], site: Site) -> Iterator[Finding]:
    """The criteria and texts of ``card`` that never hold beside the others, and the criteria that always do. ``served``: the cards
    of every parameter set."""
    cards = frozenset(other.id for other in served if set(other.hooks) & set(card.hooks))
    fixed = {} if any_at_ordering(card.hooks) else _without_drafts(site)
    yield from _Contradictions(card, Beside(cards, fixed)).findings()


class _RecordAsked(Exception):
    """A fact that looks at more than the drafts."""


@lru_cache(maxsize=8)
def _without_drafts(site: Site) -> Mapping[str, Fact]:
    """The facts that are the same in every call without drafted orders."""

    def no_record() -> NoReturn:
        raise _RecordAsked

    found = {}
    for name in (name for name, definition in CATALOGUE.items() if definition.session):
        with suppress(_RecordAsked):
            found[name] = Facts(site, OrderingSession(), _NOW, no_record)[name]
    return found


class _Contradictions:
    """Goes through a card's conditions in their order."""

    def __init__(self, card: Card, beside: Beside):
        self.card = card
        self.beside = beside
        self.before: list[Asked] = []

    def findings(self) -> Iterator[Finding]:
        for excludes, conditions in ((False, self.card.include), (True, self.card.exclude)):
            for condition in conditions:
                if not self.possible(Asked(condition, not excludes)):
                    yield self.never_fires(condition, excludes)
                    return
                if not self.possible(Asked(condition, excludes)):
                    yield self.never_decides(condition, "never holds" if excludes else "always holds")
                else:
                    yield from self.idle_parts(condition)
                self.before.append(Asked(condition, not excludes))
        yield from self.never_shown()

    def never_fires(self, condition: Condition, excludes: bool) -> Finding:
        name, where = repr(condition.id), self.where(Asked(condition, not excludes))
        what = f"wherever {where}, {name} excludes" if excludes else f"{name} can never hold where {where}"
        if not where:
            what = f"{name} {'always excludes' if excludes else 'can never hold'} on {', '.join(self.card.hooks)}"
        mend = "Change one of them, or the card is silent for ever."
        return Finding("never-fires", "error", condition.place, f"{self.card.id}: {what}.", mend)

    def never_decides(self, condition: Condition, does: str) -> Finding:
        where = self.where(Asked(condition, does == "never holds"))
        what = f"where {where}, {condition.id!r} {does}" if where else f"{condition.id!r} {does}"
        return Finding("never-decides", "warning", condition.place, f"{self.card.id}: {what}.", "Remove it, or change one of them.")

    def idle_parts(self, condition: Condition) -> Iterator[Finding]:
        for part in condition.alternatives:
            if not self.possible(Asked(part, True)):
                yield self.never_decides(part, "never holds")

    def never_shown(self) -> Iterator[Finding]:
        for what, shown in (("text", self.card.detail), ("suggestion", self.card.suggestions)):
            for part in shown:
                asked = [Asked(condition, True) for condition in part.when]
                if not self.possible(*asked):
                    told = f"{self.card.id}: this {what} is never shown: where the card fires, its 'when' never holds."
                    yield Finding("never-shown", "warning", part.place, told, "Remove it, or change its 'when'.")

    def where(self, asked: Asked) -> str:
        """What stands against ``asked``, in words: one condition alone, or all those before; nothing where it never can be."""
        if not _possible([asked], self.beside):
            return ""
        for other in self.before:
            if not _possible([other, asked], self.beside):
                return f"{other.condition.id!r} {'holds' if other.holds else 'does not hold'}"
        return "the criteria before it let the card through"

    def possible(self, *asked: Asked) -> bool:
        return _possible([*self.before, *asked], self.beside)


def _possible(asked: Sequence[Asked], beside: Beside) -> bool:
    """Whether some state of the facts gives every condition the answer asked for, or it takes too long to rule that out."""
    tries = iter(range(_MOST_TRIES))

    def goes_on(chosen: list[Asked], rest: Sequence[Asked]) -> bool:
        if not rest:
            return True
        for alternative in _alternatives(rest[0]):
            if next(tries, None) is None:
                return True
            together = [*chosen, *alternative]
            if _agree(together, beside) and goes_on(together, rest[1:]):
                return True
        return False

    return goes_on([], asked)


def _alternatives(asked: Asked) -> list[list[Asked]]:
    """The ways in which an answer comes about, each a list of answers of single criteria."""
    if not asked.condition.alternatives:
        return [[asked]]
    parts = [Asked(criterion, asked.holds) for criterion in asked.condition.alternatives]
    return [[part] for part in parts] if asked.holds else [parts]


def _agree(chosen: list[Asked], beside: Beside) -> bool:
    def subject(asked: Asked) -> str:
        return asked.condition.facts[0] if asked.condition.facts else ""

    groups = {fact: frozenset(group) for fact, group in groupby(sorted(chosen, key=subject), key=subject)}
    return all(_fact_can(group, beside.fixed.get(fact)) if fact else _cards_can(group, beside.cards) for fact, group in groups.items())


def _cards_can(group: frozenset[Asked], cards: Collection[str]) -> bool:
    fires: dict[str, bool] = {}
    for asked in group:
        card, wanted = asked.condition.card, bool(asked.condition.firing) is asked.holds
        if fires.setdefault(card, wanted) is not wanted or (wanted and card not in cards):
            return False
    return True


@lru_cache(maxsize=4096)
def _fact_can(group: frozenset[Asked], fixed: Fact | None) -> bool:
    criteria = [criterion for asked in group for criterion in asked.condition.criteria]
    states = [fixed] if fixed is not None else _states(criteria)
    return any(all(_holds(asked.condition, fact) is asked.holds for asked in group) for fact in states)


def _holds(condition: Condition, fact: Fact) -> bool:
    return bool(condition.truth(StatedFacts(dict.fromkeys(condition.facts, fact)), lambda card: False))


def _states(criteria: Sequence[Criterion]) -> list[Fact]:
    """States of one fact between which ``criteria`` can tell: absent, unknown, and values at, between and beyond the limits."""
    limits = sorted({criterion.operand for criterion in criteria if isinstance(criterion.operand, Decimal)})
    between = [(low + high) / 2 for low, high in pairwise([Decimal(0), *limits])]
    around = [*limits, *between, limits[-1] + 1] if limits else [Decimal(1)]
    return [absent(), unknown("tried"), *(known(value) for value in _values(CATALOGUE[criteria[0].fact], around))]


def _values(definition: Definition, around: list[Decimal]) -> list[Any]:
    if definition.kind is YES_NO:
        return [True, False]
    if definition.kind is CATEGORY:
        return list(definition.values)
    if definition.kind is NUMBER:
        return around
    if definition.kind is RESULT:
        # No result is below zero.
        pairs = [(value, comparator) for value in around for comparator in (None, "<", "<=", ">", ">=") if value or comparator != "<"]
        intervals = [Interval.of(value, comparator) for value, comparator in pairs]
        return [StatedResult(interval, "") for interval in intervals]
    if definition.kind is DATE:
        return [date.fromordinal(TODAY.toordinal() - int(days) + step) for days in around for step in (-1, 0, 1)]
    return ["something"]
