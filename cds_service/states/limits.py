"""The numbers with which cards compare facts, so that the walk tries a value for every combination
of answers.

Domains have the limits of facts. A card, perhaps a site's own, may compare the same value with
another number; the classes that are then missing are added.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any, NoReturn

from ..facts.analytes import ANALYTES, Analyte
from ..facts.catalogue import CATALOGUE, Facts
from ..facts.domains import Class, Domain
from ..facts.fact import Fact, known
from ..facts.kinds import DATE, NUMBER, RESULT
from ..facts.laboratory import Result
from ..facts.session import OrderingSession
from ..facts.site import Site
from ..fhir.interval import Interval
from ..rules.card import Card
from ..rules.conditions import Criterion
from .domains import domains, in_unit_of
from .values import NOW, StatedFacts, around

# The facts on drafts whose numbers sessions vary, each with its argument of ``dosed_sessions``.
DRAFTED = {
    "draft.folate_daily": "folic_acid",
    "draft.b12_oral_daily": "oral_b12",
    "draft.b12_interval": "injected_every",
}


def inputs_of(name: str) -> list[str]:
    """The inputs that give a fact its number, day or result: if it is chosen, itself and the facts
    that it copies; else the inputs of the facts that it is worked out from."""
    chosen = domains().get(name)
    if chosen is not None:
        return [name, *(each for copied in sorted(chosen.copies) for each in inputs_of(copied))]
    uses = (used for used in CATALOGUE[name].uses if CATALOGUE[used].kind.is_ordered)
    return list(dict.fromkeys(each for used in uses for each in inputs_of(used)))


def comparisons(cards: Iterable[Card]) -> dict[str, list[Criterion]]:
    """The criteria of ``cards`` that compare with a number, each once, by each input that answers
    them, or by the fact on drafts that does."""
    found: dict[str, dict[Any, Criterion]] = {}
    for criterion in (criterion for card in cards for criterion in card.asks):
        if isinstance(criterion.operand, Decimal):
            for name in inputs_of(criterion.fact) or [criterion.fact]:
                asked = found.setdefault(name, {})
                asked[criterion.fact, criterion.operator, criterion.operand] = criterion
    return {name: list(asked.values()) for name, asked in found.items()}


def with_limits(chosen: Mapping[str, Domain], cards: Iterable[Card]) -> dict[str, Domain]:
    """The ``chosen`` domains, with more classes where the numbers in ``cards`` distinguish more
    values."""
    asked = {name: found for name, found in comparisons(cards).items() if name in chosen}
    return {
        **chosen,
        **{name: _Extended(name, chosen[name], found) for name, found in asked.items()},
    }


def agreeing_ages(ages: Domain) -> Domain:
    """Those of ``ages``, in months, that agree with ``patient.paediatric``, which is chosen before
    them."""

    def classes(facts: Facts) -> Sequence[Class]:
        below_16 = facts["patient.paediatric"].holds
        adult_from = facts.site.number("age.adult_from") * 12
        months = [(age, age.fact.value) for age in ages.classes(facts)]
        return [
            age
            for age, value in months
            if (None if value is None else value < adult_from) is below_16
        ]

    return Domain(classes)


class _Extended(Domain):
    """The domain of the input ``name``, with one more class for each combination of answers to
    ``asked`` that its own classes do not give."""

    def __init__(self, name: str, domain: Domain, asked: Sequence[Criterion]):
        super().__init__(self._classes, domain.copies)
        self._name = name
        self._domain = domain
        self._asked = asked
        self._facts = {criterion.fact for criterion in asked}
        # The input, and the facts that copy its value.
        self._taken = [each for each in domains() if name in inputs_of(each)]
        self._numbers = around(
            (in_unit_of(name, criterion.operand, criterion.fact) for criterion in asked),
            whole=CATALOGUE[name].kind is not RESULT,
        )
        self._lacking = lru_cache(maxsize=256)(self._not_given)

    def _classes(self, facts: Facts) -> Sequence[Class]:
        options = self._domain.classes(facts)
        own = tuple(
            option for option in options if option.fact.value is not None and not option.copied
        )
        return [*options, *self._lacking(own, facts.site)] if own else options

    def _not_given(self, own: tuple[Class, ...], site: Site) -> list[Class]:
        """The classes whose answers none of the input's ``own`` classes gives."""
        given = {self._answers(option.fact, site) for option in own}
        more: list[Class] = []
        for number in self._numbers:
            found = [
                (option, self._answers(option.fact, site))
                for option in _of_number(self._name, number, own, site)
            ]
            more += [option for option, answers in found if answers not in given]
            given |= {answers for _, answers in found}
        return more

    def _answers(self, fact: Fact, site: Site) -> tuple[Any, ...]:
        """Everything that cards distinguish in a value: its class, and the answers to their
        comparisons. If the answers rest on another input too, every value counts as different."""
        facts = Facts(
            site, OrderingSession(), NOW, _no_record, given=dict.fromkeys(self._taken, fact)
        )
        try:
            asked = StatedFacts({name: facts[name] for name in self._facts})
        except _RestsOnMore:
            return (fact.value,)
        return getattr(fact.value, "level", ""), *(
            bool(criterion.truth(asked, lambda card: False)) for criterion in self._asked
        )


class _RestsOnMore(Exception):
    """A fact that is compared with a number rests on more than one input."""


def _no_record() -> NoReturn:
    raise _RestsOnMore


def _of_number(name: str, number: Decimal, valued: Sequence[Class], site: Site) -> Iterator[Class]:
    """The classes of an input that represent ``number``; for a result, one for each of ``valued``
    in whose class the number lies."""
    if CATALOGUE[name].kind is DATE:
        yield Class(f"{number} days ago", known(NOW.date() - timedelta(days=int(number))))
    elif CATALOGUE[name].kind is NUMBER:
        yield Class(f"{number:f} {CATALOGUE[name].unit}", known(type(valued[0].fact.value)(number)))
    else:
        for option in valued:
            result: Result = option.fact.value
            if level_at(ANALYTES[result.analyte], number, result.unit, site) == result.level:
                sent = f"{number.normalize():f} {result.unit}"
                moved = result._replace(interval=Interval(number, number), as_sent=sent)
                yield Class(
                    f"{sent}, else as {option.label}", known(moved, result.source), option.label
                )


def level_at(analyte: Analyte, value: Decimal, unit: str, site: Site) -> str:
    """The class of a value at a site; ``""`` for an analyte without classes."""
    if not analyte.classes:
        return ""
    family = next(family for family in analyte.families if family.unit == unit)
    return analyte.classes[Interval(value, value).classes(analyte.cuts_for(family, site))[0]]


def doses(cards: Iterable[Card]) -> dict[str, list[Decimal]]:
    """Daily doses in micrograms, and intervals in days, on both sides of every number in ``cards``,
    as ``dosed_sessions`` takes them."""
    asked = comparisons(cards)
    return {
        argument: [
            dose for dose in around((each.operand for each in asked[fact]), whole=True) if dose > 0
        ]
        if fact in asked
        else []
        for fact, argument in DRAFTED.items()
    }
