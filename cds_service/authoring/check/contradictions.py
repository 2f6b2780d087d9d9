"""Which conditions of a card can hold together, proved over every state of the facts that they can
tell apart.

Facts are treated as independent of each other. Every contradiction reported is therefore certain,
but those that follow from the meaning of facts are not found here
(``python -m cds_service test --mutate`` finds them).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import suppress
from functools import lru_cache
from typing import Any, NamedTuple, NoReturn

from ...facts.catalogue import CATALOGUE, Facts
from ...facts.fact import absent, known, unknown
from ...facts.session import OrderingSession
from ...facts.site import Site
from ...rules.card import Card
from ...rules.conditions import Condition
from ...rules.hook_table import any_at_ordering
from ...states.search import Check, Search
from ...states.values import NOW, ChosenFacts, Value, limits_of, values
from .finding import Finding

_MOST_TRIES = 2_000  # a fraction of a second; the present cards need fewer than fifty
_CARD = "the card "  # prefix of the name of an input that says whether a card holds


class Asked(NamedTuple):
    """A condition, and whether it is to hold; ``False`` also covers an unknown one."""

    condition: Condition
    holds: bool


class Beside(NamedTuple):
    """The surroundings of a card: the ids of the ``cards`` decided in the same calls, and the facts
    that are ``fixed`` in those calls, with their values; ``None`` for an absent one."""

    cards: frozenset[str]
    fixed: tuple[tuple[str, Any], ...]


def contradictions(card: Card, served: Collection[Card], site: Site) -> Iterator[Finding]:
    """Yield the criteria and texts of ``card`` that can never hold together with the others, and
    the criteria that always hold. ``served``: the cards of every parameter set."""
    cards = frozenset(other.id for other in served if set(other.hooks) & set(card.hooks))
    fixed = () if any_at_ordering(card.hooks) else _without_drafts(site)
    yield from _Contradictions(card, Beside(cards, fixed)).findings()


class _RecordAsked(Exception):
    """A fact reads more than the draft orders."""


@lru_cache(maxsize=8)
def _without_drafts(site: Site) -> tuple[tuple[str, Any], ...]:
    """The facts that are the same in every call without draft orders."""

    def no_record() -> NoReturn:
        raise _RecordAsked

    found = []
    for name in (name for name, definition in CATALOGUE.items() if definition.session):
        with suppress(_RecordAsked):
            fact = Facts(site, OrderingSession(), NOW, no_record)[name]
            if not fact.is_unknown:
                found.append((name, fact.value))
    return tuple(found)


class _Contradictions:
    """Goes through a card's conditions in order."""

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
                    yield self.never_decides(
                        condition, "never holds" if excludes else "always holds"
                    )
                else:
                    yield from self.idle_parts(condition)
                self.before.append(Asked(condition, not excludes))
        yield from self.never_shown()

    def never_fires(self, condition: Condition, excludes: bool) -> Finding:
        name, where = repr(condition.id), self.where(Asked(condition, not excludes))
        what = (
            f"{name} always excludes where {where}"
            if excludes
            else f"{name} can never hold where {where}"
        )
        if not where:
            what = (
                f"{name} {'always excludes' if excludes else 'can never hold'} on "
                f"{', '.join(self.card.hooks)}"
            )
        mend = "Change one of them; otherwise the card never fires."
        return Finding("never-fires", "error", condition.place, f"{self.card.id}: {what}.", mend)

    def never_decides(self, condition: Condition, does: str) -> Finding:
        where = self.where(Asked(condition, does == "never holds"))
        what = f"where {where}, {condition.id!r} {does}" if where else f"{condition.id!r} {does}"
        return Finding(
            "never-decides",
            "warning",
            condition.place,
            f"{self.card.id}: {what}.",
            "Remove it, or change one of them.",
        )

    def idle_parts(self, condition: Condition) -> Iterator[Finding]:
        for part in condition.alternatives:
            if not self.possible(Asked(part, True)):
                yield self.never_decides(part, "never holds")

    def never_shown(self) -> Iterator[Finding]:
        for what, shown in (("text", self.card.detail), ("suggestion", self.card.suggestions)):
            for part in shown:
                asked = [Asked(condition, True) for condition in part.when]
                if not self.possible(*asked):
                    told = (
                        f"{self.card.id}: this {what} is never shown: its 'when' never holds "
                        "where the card fires."
                    )
                    yield Finding(
                        "never-shown",
                        "warning",
                        part.place,
                        told,
                        "Remove it, or change its 'when'.",
                    )

    def where(self, asked: Asked) -> str:
        """The obstacle to ``asked``, in words: one earlier condition alone, or all of them; empty
        if ``asked`` is impossible by itself."""
        if not _possible((asked,), self.beside):
            return ""
        for other in self.before:
            if not _possible((other, asked), self.beside):
                return f"{other.condition.id!r} {'holds' if other.holds else 'does not hold'}"
        return "the criteria before it let the card through"

    def possible(self, *asked: Asked) -> bool:
        return _possible((*self.before, *asked), self.beside)


@lru_cache(maxsize=4096)
def _possible(asked: tuple[Asked, ...], beside: Beside) -> bool:
    """Whether some state of the facts gives every condition the answer asked for, or the search is
    too long to rule that out. Cached, since most cards are the same in every parameter set."""
    fixed = dict(beside.fixed)
    limits = limits_of(each.condition for each in asked)

    def options(name: str) -> list[Value]:
        if name in fixed:
            return [Value(absent() if fixed[name] is None else known(fixed[name]), None)]
        if name.startswith(_CARD):
            return [
                Value(known(holds), None)
                for holds in (False, True)
                if not holds or name.removeprefix(_CARD) in beside.cards
            ]
        return [
            *values(CATALOGUE[name], limits[name]),
            Value(absent(), "absent"),
            Value(unknown("tried"), "unknown"),
        ]

    search = Search(_MOST_TRIES)
    # The last condition is the one in question. Checking it first rejects a state soonest.
    found = search.states(ChosenFacts(options, {}), [_agrees(each) for each in reversed(asked)])
    return next(found, None) is not None or not search.whole


def _agrees(asked: Asked) -> Check:
    return lambda facts: (
        bool(asked.condition.truth(facts, lambda card: facts[_CARD + card].holds)) is asked.holds
    )
