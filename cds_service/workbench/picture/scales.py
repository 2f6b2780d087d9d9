"""Maps days and values to coordinates of the picture, and finds free places for labels."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import date, timedelta
from typing import NamedTuple

from ...fhir.dates import add_days, years_before
from ...rendering.card_text import day_text
from .lanes import Lane
from .patient_picture import PatientPicture

_SHORTEST = 90  # the least days that a picture covers
_BETWEEN_LABELS = 62.0
_STRIP = 24.0  # the width of the strip for all earlier days
_DAY_STEPS = (1, 2, 7, 14)
_MONTH_STEPS = (1, 2, 3, 6, 12, 24, 60)
_BETWEEN_TICKS = 17.0


class Tick(NamedTuple):
    """A mark on a scale: its coordinate and its label."""

    place: float
    label: str


class TimeScale:
    """Maps days to x coordinates between ``left`` and ``right``. All days before ``first`` lie on a
    strip at the left, all days after ``last`` at the right end."""

    def __init__(self, picture: PatientPicture, years: int, left: float, right: float):
        today = picture.today
        days = list(_days(picture))
        floor = years_before(today, years)
        earliest = min((day for day in days if day >= floor), default=today)
        span = max((today - earliest).days, _SHORTEST)
        self.first = add_days(today, -span - max(2, span // 40))
        ahead = [day for day in days if today < day <= add_days(today, span // 3)]
        self.last = add_days(max([today, *ahead]), max(4, span // 16))
        self.has_earlier = any(day < self.first for day in days)
        self.edge, self.right = left, right
        self.left = left + _STRIP if self.has_earlier else left

    def x(self, day: date) -> float:
        """The x coordinate of a day."""
        if day < self.first:
            return self.edge + _STRIP / 2
        if day > self.last:
            return self.right
        return self.left + (day - self.first).days / (self.last - self.first).days * (
            self.right - self.left
        )

    def ticks(self) -> list[Tick]:
        """The marks of the axis, as many as have room for their labels."""
        per_day = (self.right - self.left) / (self.last - self.first).days
        for step in _DAY_STEPS:
            if step * per_day >= _BETWEEN_LABELS:
                days = (
                    self.first + timedelta(days=number)
                    for number in range((self.last - self.first).days)
                )
                return [
                    Tick(self.x(day), day_text(day)[:-5])
                    for day in days
                    if day.toordinal() % step == 0
                ]
        step = next(
            (step for step in _MONTH_STEPS if step * 30.4 * per_day >= _BETWEEN_LABELS),
            _MONTH_STEPS[-1],
        )
        return [
            Tick(self.x(day), str(day.year) if step >= 12 else day_text(day)[2:])
            for day in self._months(step)
        ]

    def _months(self, step: int) -> Iterator[date]:
        for month in range(self.first.year * 12, self.last.year * 12 + 12, step):
            day = date(month // 12, month % 12 + 1, 1)
            if self.first <= day <= self.last:
                yield day


def _days(picture: PatientPicture) -> Iterator[date]:
    for lane in picture.lanes:
        yield from (point.day for point in lane.points if point.day is not None)
    for course in picture.courses:
        yield from (day for day in (course.start, course.end) if day is not None)
    for row in picture.doses:
        yield from (dose.day for dose in row.doses)


class ValueScale:
    """Maps values of a lane to y coordinates between ``top`` and ``bottom``. Values beyond the ends
    of the scale are drawn at its ends."""

    def __init__(self, lane: Lane, top: float, bottom: float):
        self.top, self.bottom = top, bottom
        values = [point.value for point in lane.usable if point.value is not None] + [
            limit.value for limit in lane.limits
        ]
        values = (
            values or [point.value for point in lane.points if point.value is not None] or [1.0]
        )
        self.by_multiples = lane.by_multiples and min(values) > 0
        low, high = (self._step(value) for value in (min(values), max(values)))
        least = math.log(3) if self.by_multiples else max(0.15 * abs(high), 0.1)
        margin = max(0.16 * (high - low), (least - (high - low)) / 2)
        self.low, self.high = low - margin, high + margin

    def _step(self, value: float) -> float:
        return math.log(value) if self.by_multiples else value

    def y(self, value: float) -> float:
        """The y coordinate of a value."""
        if self.by_multiples and value <= 0:
            return self.bottom
        share = (self._step(value) - self.low) / (self.high - self.low)
        return self.bottom - min(1.0, max(0.0, share)) * (self.bottom - self.top)

    def ticks(self) -> list[Tick]:
        """The marks of the scale: round values, as many as have room."""
        return _apart([Tick(self.y(value), f"{value:g}") for value in self._round_values()])

    def _round_values(self) -> Iterator[float]:
        if self.by_multiples:
            for power in range(
                math.floor(self.low / math.log(10)), math.ceil(self.high / math.log(10)) + 1
            ):
                yield from (
                    value
                    for value in (10.0**power, 2 * 10.0**power, 5 * 10.0**power)
                    if self.low < math.log(value) < self.high
                )
            return
        size = (self.high - self.low) * _BETWEEN_TICKS * 1.1 / (self.bottom - self.top)
        unit = 10.0 ** math.floor(math.log10(size))
        step = next(step * unit for step in (1, 2, 5, 10) if step * unit >= size)
        yield from (
            round(number * step, 6)
            for number in range(math.ceil(self.low / step), math.floor(self.high / step) + 1)
        )


def _apart(ticks: list[Tick]) -> list[Tick]:
    kept: list[Tick] = []
    for tick in ticks:
        if not kept or abs(kept[-1].place - tick.place) >= _BETWEEN_TICKS:
            kept.append(tick)
    return kept


class Frame(NamedTuple):
    """A rectangle that an element occupies."""

    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: Frame) -> bool:
        """Whether two rectangles overlap."""
        return (
            self.left < other.right
            and other.left < self.right
            and self.top < other.bottom
            and other.top < self.bottom
        )


class Room:
    """A rectangle in which labels are placed without overlapping."""

    def __init__(self, whole: Frame):
        self.whole = whole
        self.taken: list[Frame] = []

    def take(self, frame: Frame) -> None:
        """Occupy a place, even if it is not free."""
        self.taken.append(frame)

    def takes(self, frame: Frame) -> bool:
        """Occupy a place if it is free and inside the rectangle; return whether it was."""
        whole = self.whole
        inside = (
            whole.left <= frame.left
            and frame.right <= whole.right
            and whole.top <= frame.top
            and frame.bottom <= whole.bottom
        )
        if not inside or any(frame.meets(other) for other in self.taken):
            return False
        self.taken.append(frame)
        return True
