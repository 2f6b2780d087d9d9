"""What a fact can be, for tools that choose facts instead of reading them from a record.

A domain stands with its fact, as ``domain``, where it does not follow from the fact's kind: where
other facts bound it (without treatment there is no interval of treatment), or where few of its
values differ for any card. It is made of classes, each of which stands for all values that cards,
facts and texts do not tell apart. Days count back from the day of the facts that are asked.
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
    """One class of a fact's values: how it is called, and a value that stands for it.

    ``like``: the label of another class of the fact that goes together with the same values of
    other facts, ``""`` for none. ``copied``: the value is that of another fact.
    """

    label: str
    fact: Fact
    like: str = ""
    copied: bool = False


class Domain:
    """What a fact can be. ``classes`` gives that from the other facts; ``copies``: those of them
    whose value the fact may take over.
    """

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
    """A domain that depends on nothing but the day, and is made once for each: ``at`` a time."""

    def __init__(self, at: Callable[[datetime], tuple[Class, ...]]):
        made = self.at = lru_cache(maxsize=4)(at)
        super().__init__(lambda facts: made(facts.now))


def one_of(*options: Class | Domain) -> Domain:
    """Any of the classes ``options``, whatever the other facts are, and of those of the domains
    among them."""
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
    """One domain for each way that another fact can be: ``yes`` where it holds or has a value,
    ``no`` where it does not or is absent."""
    evaluate = (of(on) if isinstance(on, str) else on).evaluate
    found = [_domain(options) for options in (yes, no, unknown)]
    by_holds = dict(zip((True, False, None), (domain.classes for domain in found), strict=True))
    return Domain(lambda facts: by_holds[evaluate(facts).holds](facts), _copies(found))


def where(on: Read[Fact] | str, then: Options, *, otherwise: Options) -> Domain:
    """One domain where another fact is known to hold or has a value, and one ``otherwise``."""
    return given(on, yes=then, no=otherwise, unknown=otherwise)


def _domain(options: Options) -> Domain:
    if isinstance(options, Domain):
        return options
    return one_of(options) if isinstance(options, Class) else one_of(*options)


def _copies(parts: Iterable[Domain]) -> frozenset[str]:
    return frozenset().union(*(part.copies for part in parts))


def same_as(name: str) -> Domain:
    """The value of the fact ``name``, which is to have one."""
    return Domain(lambda facts: (Class(f"as {name}", facts[name], copied=True),), frozenset({name}))


def values(*names: str) -> tuple[Class, ...]:
    """A class for each value of a category."""
    return tuple(Class(name, known(name)) for name in names)


def orders_of(label: str, *templates: str) -> Class:
    """The orders of some ``templates``."""
    return Class(label, known(templates))


def orders_or_absent(*templates: str) -> Domain:
    """No orders to make, or those of ``templates``, which stand for any."""
    return one_of(ABSENT, orders_of("some", *templates))


def orders_or_none(*templates: str) -> Domain:
    """As :func:`orders_or_absent`, of a fact that is never absent."""
    return one_of(orders_of("none"), orders_of("some", *templates))


def days_ago(*days: int) -> Domain:
    """A class for each day, by its distance from today; days to come are negative."""
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
    """A result of ``value`` in ``unit``, the analyte's first one where none is named, so many
    ``days`` ago."""
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
