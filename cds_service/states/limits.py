"""The numbers that cards compare facts with, so that the walk tries a value for every
answer to all of them.

The classes of the proof know the limits of facts. A card, or a site's own one, may ask whether the
same value is below another number: what then lacks among the classes is added to them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

from ..facts.analytes import ANALYTES, Analyte
from ..facts.catalogue import CATALOGUE, Facts
from ..facts.domains import Class, Domain
from ..facts.fact import Fact, known
from ..facts.kinds import DATE, NUMBER, RESULT
from ..facts.laboratory import Result
from ..facts.site import Site
from ..fhir.interval import Interval
from ..rules.card import Card
from ..rules.conditions import Criterion
from .values import NOW, StatedFacts, around

_DAYS, _YEARS = (
    {
        "b12_therapy.days": "b12_therapy.start",
        "b12_therapy.latest_days": "b12_therapy.latest_start",
    },
    "patient.age",
)
# The input that a fact with a number rests on, where it is none itself.
INPUT_OF = {**_DAYS, _YEARS: "patient.age_months", "homocysteine.on_treatment": "homocysteine"}
# How sessions vary what a fact says of a draft, by the arguments of ``dosed_sessions``.
DRAFTED = {
    "draft.folate_daily": "folic_acid",
    "draft.b12_oral_daily": "oral_b12",
    "draft.b12_interval": "injected_every",
}


def comparisons(cards: Iterable[Card]) -> dict[str, list[Criterion]]:
    """The criteria of ``cards`` that compare with a number, each once, by the input or the fact on
    drafts that answers them."""
    found: dict[str, dict[Any, Criterion]] = {}
    for criterion in (criterion for card in cards for criterion in card.asks):
        if isinstance(criterion.operand, Decimal):
            asked = found.setdefault(INPUT_OF.get(criterion.fact, criterion.fact), {})
            asked[criterion.fact, criterion.operator, criterion.operand] = criterion
    return {name: list(asked.values()) for name, asked in found.items()}


def with_limits(classes: Mapping[str, Domain], cards: Iterable[Card]) -> dict[str, Domain]:
    """``classes`` of inputs with those that the numbers in ``cards`` tell apart besides."""
    asked = {name: found for name, found in comparisons(cards).items() if name in classes}
    return {
        **classes,
        **{name: _Extended(name, classes[name], found) for name, found in asked.items()},
    }


def agreeing_ages(ages: Domain) -> Domain:
    """Those of ``ages``, in months, that agree with whether the patient is below 16, which has been
    tried before them."""

    def domain(facts: Facts) -> Sequence[Class]:
        below_16 = facts["patient.paediatric"].holds
        adult_from = facts.site.number("age.adult_from") * 12
        months = [(age, age.fact.value) for age in ages(facts)]
        return [
            age
            for age, value in months
            if (None if value is None else value < adult_from) is below_16
        ]

    return domain


class _Extended:
    """The classes of the input ``name``, and one more for each combination of answers to ``asked``
    that they do not give."""

    def __init__(self, name: str, classes: Domain, asked: Sequence[Criterion]):
        self._name = name
        self._classes = classes
        self._asked = asked
        self._facts = {criterion.fact for criterion in asked}
        self._numbers = around(
            (_in_input(criterion) for criterion in asked), whole=CATALOGUE[name].kind is not RESULT
        )

    def __call__(self, facts: Facts) -> Sequence[Class]:
        options = self._classes(facts)
        valued = [
            option for option in options if option.fact.value is not None and not option.copied
        ]
        if not valued:
            return options
        given = {self._answers(option.fact) for option in valued}
        more: list[Class] = []
        for number in self._numbers:
            found = [
                (option, self._answers(option.fact))
                for option in _of_number(self._name, number, valued, facts.site)
            ]
            more += [option for option, answers in found if answers not in given]
            given |= {answers for _, answers in found}
        return [*options, *more]

    def _answers(self, fact: Fact) -> tuple[Any, ...]:
        """All that cards can tell of a value: whether it has the numbers that they ask for, and the
        class that facts put it in."""
        source = StatedFacts({name: _of_input(name, fact) for name in self._facts})
        return getattr(fact.value, "level", ""), *(
            bool(criterion.truth(source, lambda card: False)) for criterion in self._asked
        )


def _in_input(criterion: Criterion) -> Decimal:
    """The number of a criterion as the input that answers it counts: an age is
    counted in months."""
    number: Decimal = criterion.operand
    return number * 12 if criterion.fact == _YEARS else number


def _of_input(name: str, fact: Fact) -> Fact:
    """The fact ``name`` where its input is ``fact``."""
    if fact.value is None:
        return fact
    if name in _DAYS:
        return known((NOW.date() - fact.value).days)
    return known(fact.value // 12) if name == _YEARS else fact


def _of_number(name: str, number: Decimal, valued: Sequence[Class], site: Site) -> Iterator[Class]:
    """The classes of an input that stand for a number: of a result, one for each of ``valued``
    whose class is the same."""
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
    """Micrograms a day and days on both sides of every number in ``cards``, as
    ``dosed_sessions`` takes them."""
    asked = comparisons(cards)
    return {
        argument: [
            dose for dose in around((each.operand for each in asked[fact]), whole=True) if dose > 0
        ]
        if fact in asked
        else []
        for fact, argument in DRAFTED.items()
    }
