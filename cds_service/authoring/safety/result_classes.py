"""What classes of laboratory results are made of: a result of so much, so old; no result, and one
that cannot be used."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from functools import cache, lru_cache
from itertools import pairwise
from typing import Any

from ...facts.analytes import ANALYTES, Analyte
from ...facts.fact import known
from ...facts.laboratory import Result
from ...facts.site import Site
from ...fhir.dates import Moment
from ...fhir.interval import Interval
from ...states.values import NOW
from .class_values import ABSENT, UNKNOWN
from .enumeration import Class, ClassesOf


def result_class(analyte: str, value: str, level: str, days_ago: int = 1, **more: Any) -> Class:
    """A result of ``value`` in the analyte's first unit, ``days_ago``."""
    instant = NOW - timedelta(days=days_ago)
    moment = Moment(instant.date(), instant)
    unit = ANALYTES[analyte].families[0].unit
    number = Decimal(value)
    result = Result(
        analyte,
        Interval(number, number),
        unit,
        level,
        f"{value} {unit}",
        moment,
        f"Observation/{analyte}",
        False,
        more.get("haemolysed", False),
        False,
    )
    return Class(
        f"{more.get('label', level or value)}{f'@{days_ago}' if days_ago != 1 else ''}",
        known(result, result.source),
    )


def always(*options: Class) -> ClassesOf:
    """The same classes whatever the other facts are."""
    return lambda facts: options


def result_classes(analyte: str, *values: tuple[str, str], days: Sequence[int] = (1,)) -> ClassesOf:
    """No result, an unusable one, and each of ``values`` (value and class) at each age in days."""
    return always(
        ABSENT,
        UNKNOWN,
        *(result_class(analyte, value, level, count) for value, level in values for count in days),
    )


@cache
def classes_by_cut_offs(analyte: Analyte) -> ClassesOf:
    """No result, an unusable one, and one in each class of ``analyte`` at the site's cut-offs."""

    @lru_cache(maxsize=16)
    def at(site: Site) -> tuple[Class, ...]:
        cuts = [cut.value for cut in analyte.cuts_for(analyte.families[0], site)]
        within = [
            cuts[0] * 4 / 5,
            *((low + high) / 2 for low, high in pairwise(cuts)),
            cuts[-1] * 6 / 5,
        ]
        found = (
            result_class(analyte.name, f"{value.normalize():f}", level)
            for value, level in zip(within, analyte.classes, strict=True)
        )
        return ABSENT, UNKNOWN, *found

    return lambda facts: at(facts.site)
