"""FHIR dates as calendar days in the deployment's time zone.

A partial date counts as its earliest day (clinical specification, section 2). Only a partial birth
date counts as the middle of its period.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import NamedTuple, Self

from .r4 import Period, Quantity

_PARTIAL = re.compile(r"(\d{4})(?:-(\d{2}))?\Z")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}\Z")


class PartialDay(date):
    """The earliest day of a partial date, for which it counts. ``unit``: ``month`` or ``year``, the
    smallest unit that was sent. A day reckoned from it is of no such unit (``""``)."""

    unit = ""

    @classmethod
    def of(cls, year: str, month: str | None) -> Self:
        """The partial date of a year, or of a month in it. Raises ``ValueError`` if it is none."""
        made = cls(int(year), int(month or 1), 1)
        made.unit = "month" if month else "year"
        return made


class Moment(NamedTuple):
    """A point in time: the calendar day in the deployment's zone, and the instant, which orders
    moments of one day. ``timed``: whether a time of day was stated."""

    day: date
    instant: datetime
    timed: bool = True


def parse_moment(text: str, zone: tzinfo) -> Moment | None:
    """A FHIR ``date``, ``dateTime`` or ``instant`` as a :class:`Moment`, or ``None`` if it cannot
    be read.

    A date without a time is the start of its day in ``zone``. A time without an offset (invalid in
    FHIR, but sent by some clients) is read in ``zone``. A leap second is read as the second before.
    """
    try:
        # Fixed positions instead of patterns, because this runs for every result of a record.
        if len(text) > 15 and text[10] == "T" and text[4] == text[7] == "-" and text[13] == ":":
            stated = datetime.fromisoformat(
                text if ":60" not in text else text.replace(":60", ":59")
            )
            local = (
                stated.replace(tzinfo=zone) if stated.tzinfo is None else stated.astimezone(zone)
            )
            # In UTC, because Python compares times of one zone by the clock on the wall, which
            # shows one hour of autumn twice.
            return Moment(
                local.date(), (local if stated.tzinfo is None else stated).astimezone(UTC)
            )
        if len(text) == 10 and text[4] == text[7] == "-":
            day = date.fromisoformat(text)
            return Moment(day, datetime.combine(day, time(), zone), timed=False)
        if partial := _PARTIAL.match(text):
            day = PartialDay.of(partial[1], partial[2])
            return Moment(day, datetime.combine(day, time(), zone), timed=False)
    except (ValueError, OverflowError):
        return None
    return None


def parse_day(text: str, zone: tzinfo) -> date | None:
    """The calendar day of a FHIR date or dateTime in ``zone``, or ``None``."""
    moment = parse_moment(text, zone)
    return moment.day if moment else None


def parse_birth_date(text: str) -> date | None:
    """A birth date; a partial one becomes the middle of its month or year."""
    try:
        if partial := _PARTIAL.match(text):
            return (
                date(int(partial[1]), int(partial[2]), 15)
                if partial[2]
                else date(int(partial[1]), 7, 1)
            )
        return date.fromisoformat(text[:10]) if _DATE.match(text[:10]) else None
    except ValueError:
        return None


def completed_months(birth: date, today: date) -> int:
    """Completed calendar months from ``birth`` to ``today``. Where a month has no such day, it is
    completed on the first of the next: 1 March for a birthday on 29 February."""
    return (today.year - birth.year) * 12 + today.month - birth.month - (today.day < birth.day)


# Longer durations are not read. In any unit this exceeds every treatment, and arithmetic with
# shorter ones stays finite.
_LONGEST = 1e15
_PRINTED_UNITS = {"hour": "h", "day": "d", "week": "wk", "month": "mo", "year": "a"}
_DAYS_PER_UNIT = {
    "s": 1 / 86400,
    "min": 1 / 1440,
    "h": 1 / 24,
    "d": 1.0,
    "wk": 7.0,
    "mo": 365.25 / 12,
    "a": 365.25,
}


def duration_days(value: float | None, unit: str) -> float | None:
    """A FHIR duration in days, with mean Gregorian months and years; ``None`` if it cannot be
    read."""
    days = _DAYS_PER_UNIT.get(unit)
    return value * days if days and value and 0 < value <= _LONGEST else None


def quantity_days(duration: Quantity | None) -> float | None:
    """A FHIR Duration in days, by its UCUM code or else by its printed unit (``weeks``, for
    instance, beside a code of SNOMED CT)."""
    number = duration.number if duration is not None else None
    if duration is None or number is None:
        return None
    printed = duration.unit.strip()
    word = printed.lower().removesuffix("(s)").removesuffix("s")
    units = (duration.code, printed, _PRINTED_UNITS.get(word, ""))
    return next(filter(None, (duration_days(float(number), unit) for unit in units)), None)


def first_day(period: Period | None, zone: tzinfo) -> date | None:
    """The calendar day on which a Period begins, or ``None``."""
    return parse_day(period.start, zone) if period is not None else None


def last_day(period: Period | None, zone: tzinfo) -> date | None:
    """The calendar day on which a Period ends, or ``None``."""
    return parse_day(period.end, zone) if period is not None else None


def years_before(day: date, years: int) -> date:
    """The same day of the calendar ``years`` earlier; 28 February where there is no 29."""
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return day.replace(year=day.year - years, day=28)


def add_days(day: date, days: float) -> date:
    """``day`` moved by ``days``, rounded to whole days and kept within the calendar."""
    try:
        return day + timedelta(days=round(days))
    except OverflowError:
        return date.max if days > 0 else date.min
