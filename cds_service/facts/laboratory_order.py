"""The order of the results of one analyte, newest first (clinical specification, section 2,
"Newest")."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from itertools import groupby
from typing import NamedTuple

from ..fhir.dates import Moment, parse_moment
from ..fhir.r4 import Observation

_LATEST = datetime.max.replace(tzinfo=UTC)
# No laboratory reports one analyte so often in a day. A reading without a time is compared with so
# many of its day, because comparing each with all others takes too long.
_MOST_OF_A_DAY = 50


class Reading(NamedTuple):
    """An Observation that may be a result, and when it was made. Whether it is usable is not yet
    known."""

    moment: Moment | None
    status: str
    resource: Observation
    point_of_care: bool


class _Standing(NamedTuple):
    """When a reading was issued, and how abnormal it is: what orders those of one time."""

    issued: datetime | None
    abnormality: tuple[int, Decimal]


def newest_first(
    readings: list[Reading], zone: tzinfo, abnormality: Callable[[Reading], tuple[int, Decimal]]
) -> list[Reading]:
    """Undated readings first; then by day, on one day laboratory before point of care, then by
    time.

    Of readings of one time, the one with the later ``issued`` comes first, else the more abnormal
    one. A reading whose time of day is not stated may be of any time of its day: it comes before
    the newest one of the day that it would precede at the same time. The last keys make the order
    independent of the order in which resources arrive.
    """
    standings: dict[int, _Standing] = {}

    def standing(reading: Reading) -> _Standing:
        known = standings.get(id(reading))
        if known is None:
            issued = parse_moment(reading.resource.issued, zone)
            known = _Standing(issued.instant if issued else None, abnormality(reading))
            standings[id(reading)] = known
        return known

    ordered: list[Reading] = []
    for _, of_a_day in groupby(sorted(readings, key=_when, reverse=True), lambda r: _when(r)[:2]):
        day: list[Reading] = []
        for (_, _, timed, _), alike in groupby(of_a_day, _when):
            group = list(alike)
            if len(group) > 1:
                group.sort(key=lambda reading: _tie(reading, standing(reading)), reverse=True)
            if timed or not day:
                day += group
                continue
            for untimed in group:
                place = (
                    place
                    for place, other in enumerate(day[:_MOST_OF_A_DAY])
                    if _precedes(standing(untimed), standing(other))
                )
                day.insert(next(place, len(day)), untimed)
        ordered += day
    return ordered


def _when(reading: Reading) -> tuple[date, bool, bool, datetime]:
    moment = reading.moment
    return (
        (date.max, True, True, _LATEST)
        if moment is None
        else (moment.day, not reading.point_of_care, moment.timed, moment.instant)
    )


def _precedes(untimed: _Standing, other: _Standing) -> bool:
    """Whether a reading without a time of day comes before another of its day: it was issued
    later, where both say when, else it is more abnormal."""
    if untimed.issued and other.issued and untimed.issued != other.issued:
        return untimed.issued > other.issued
    return untimed.abnormality > other.abnormality


def _tie(reading: Reading, standing: _Standing) -> tuple[float, tuple[int, Decimal], str, str]:
    resource = reading.resource
    measured = resource.valueQuantity
    return (
        standing.issued.timestamp() if standing.issued else 0.0,
        standing.abnormality,
        resource.id,
        ""
        if resource.id or measured is None
        else f"{bytes(measured.value).decode()} {measured.unit} {measured.code}",
    )
