"""The possible values of a fact, for tools that choose facts instead of reading them from a record.

A fact states its ``domain`` if it does not follow from the fact's kind: if other facts bound it
(without treatment there is no interval of treatment), or if few of its values make a difference to
any card. A domain consists of classes, each of which represents all values that cards, facts and
texts do not distinguish. Days count back from the day of the facts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from ..fhir.dates import Moment
from ..fhir.interval import Interval
from .analytes import ANALYTES
from .fact import Fact, absent, known, unknown
from .laboratory import Result
from .reads import Read, of

if TYPE_CHECKING:
    from .catalogue import Facts


class Class(NamedTuple):
    """One class of a fact's values: its label, and a value that represents it.

    ``like``: the label of another class of the fact that occurs with the same values of other
    facts, ``""`` for none. ``copied``: the value is that of another fact.
    """

    label: str
    fact: Fact
    like: str = ""
    copied: bool = False


class Domain:
    """The possible values of a fact. ``classes`` returns them, given the other facts; ``copies``:
    those of the other facts whose value this one may copy."""

    def __init__(
        self, classes: Callable[[Facts], Sequence[Class]], copies: frozenset[str] = frozenset()
    ):
        self.classes = classes
        self.copies = copies


Options = Class | Domain | tuple[Class | Domain, ...]

UNKNOWN, ABSENT = Class("unknown", unknown("chosen")), Class("absent", absent())
TRUE, FALSE = Class("true", known(True)), Class("false", known(False))
YES_NO = (TRUE, FALSE, UNKNOWN)


class Dated(Domain):
    """A domain that depends only on the time: ``at`` returns its classes, which are kept for each
    time."""

    def __init__(self, at: Callable[[datetime], tuple[Class, ...]]):
        made = self.at = lru_cache(maxsize=4)(at)
        super().__init__(lambda facts: made(facts.now))


def one_of(*options: Class | Domain) -> Domain:
    """The classes among ``options`` and those of the domains among them, whatever the other facts
    are."""
    fixed = [option for option in options if isinstance(option, Class | Dated)]
    if len(fixed) == len(options):
        return Dated(
            lambda now: tuple(
                each
                for option in fixed
                for each in (option.at(now) if isinstance(option, Dated) else (option,))
            )
        )
    return Domain(
        lambda facts: [
            each
            for option in options
            for each in ((option,) if isinstance(option, Class) else option.classes(facts))
        ],
        _copies(option for option in options if isinstance(option, Domain)),
    )


def given(on: Read[Fact] | str, *, yes: Options, no: Options, unknown: Options) -> Domain:
    """One domain for each answer of another fact: ``yes`` if it holds or has a value, ``no`` if it
    does not hold or is absent, ``unknown`` if it is unknown."""
    evaluate = (of(on) if isinstance(on, str) else on).evaluate
    found = [_domain(options) for options in (yes, no, unknown)]
    by_holds = dict(zip((True, False, None), (domain.classes for domain in found), strict=True))
    return Domain(lambda facts: by_holds[evaluate(facts).holds](facts), _copies(found))


def where(on: Read[Fact] | str, then: Options, *, otherwise: Options) -> Domain:
    """One domain if another fact is known to hold or has a value, and one ``otherwise``."""
    return given(on, yes=then, no=otherwise, unknown=otherwise)


def _domain(options: Options) -> Domain:
    if isinstance(options, Domain):
        return options
    return one_of(options) if isinstance(options, Class) else one_of(*options)


def _copies(parts: Iterable[Domain]) -> frozenset[str]:
    return frozenset().union(*(part.copies for part in parts))


def same_as(name: str) -> Domain:
    """The value of the fact ``name``, which must have one."""
    return Domain(lambda facts: (Class(f"as {name}", facts[name], copied=True),), frozenset({name}))


def values(*names: str) -> tuple[Class, ...]:
    """A class for each value of a category."""
    return tuple(Class(name, known(name)) for name in names)


def orders_of(label: str, *templates: str) -> Class:
    """The orders of some ``templates``."""
    return Class(label, known(templates))


def orders_or_absent(*templates: str) -> Domain:
    """Absent, or the orders of ``templates``, which represent any orders."""
    return one_of(ABSENT, orders_of("some", *templates))


def orders_or_none(*templates: str) -> Domain:
    """As :func:`orders_or_absent`, for a fact that is never absent."""
    return one_of(orders_of("none"), orders_of("some", *templates))


def days_ago(*days: int) -> Domain:
    """A class for each day, by its distance from today; days in the future are negative."""
    return Dated(
        lambda now: tuple(
            Class(
                f"{count} days ago" if count >= 0 else f"in {-count} days",
                known(now.date() - timedelta(days=count)),
            )
            for count in days
        )
    )


def result_of(
    analyte: str,
    value: str,
    level: str,
    days: int = 1,
    *,
    unit: str = "",
    label: str = "",
    haemolysed: bool = False,
) -> Dated:
    """A result of ``value``, ``days`` ago, in ``unit`` or else in the analyte's first unit."""
    unit, number = unit or ANALYTES[analyte].families[0].unit, Decimal(value)
    called = f"{label or level or value}{f'@{days}' if days != 1 else ''}"

    def at(now: datetime) -> tuple[Class, ...]:
        instant = now - timedelta(days=days)
        found = Result(
            analyte,
            Interval(number, number),
            unit,
            level,
            f"{value} {unit}",
            Moment(instant.date(), instant),
            f"Observation/{analyte}",
            suspicious=False,
            haemolysed=haemolysed,
            point_of_care=False,
        )
        return (Class(called, known(found, found.source)),)

    return Dated(at)


def results_of(analyte: str, *found: tuple[str, str], days: Sequence[int] = (1,)) -> Domain:
    """No result, one that cannot be used, and each of ``found`` (value and class) at each age
    in ``days``."""
    return one_of(
        ABSENT,
        UNKNOWN,
        *(result_of(analyte, value, level, age) for value, level in found for age in days),
    )
