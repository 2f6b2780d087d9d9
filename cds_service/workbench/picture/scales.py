"""Where days and values stand in the picture: the scale of time, that of a lane, and what is
free for a label."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import date, timedelta
from typing import NamedTuple

from ...fhir.dates import add_days, years_before
from ...rendering.card_text import day_text
from .lanes import Lane
from .patient_picture import PatientPicture

_SHORTEST = 90  # days that a picture covers at least
_BETWEEN_LABELS = 62.0
_STRIP = 24.0  # width of what stands for all that is earlier
_DAY_STEPS = (1, 2, 7, 14)
_MONTH_STEPS = (1, 2, 3, 6, 12, 24, 60)
_BETWEEN_TICKS = 17.0


class Tick(NamedTuple):
    """A place on a scale with its label."""

    place: float
    label: str


class TimeScale:
    """Days to places between ``left`` and ``right``. Days before ``first`` share a strip on the
    left; those after ``last`` its end."""

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
        """Where a day stands."""
        if day < self.first:
            return self.edge + _STRIP / 2
        if day > self.last:
            return self.right
        return self.left + (day - self.first).days / (self.last - self.first).days * (
            self.right - self.left
        )

    def ticks(self) -> list[Tick]:
        """The days on which the axis is marked, as many as have room for their label."""
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
    """Values of a lane to places between ``top`` and ``bottom``; what lies beyond its
    ends stands at them."""

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
        """Where a value stands."""
        if self.by_multiples and value <= 0:
            return self.bottom
        share = (self._step(value) - self.low) / (self.high - self.low)
        return self.bottom - min(1.0, max(0.0, share)) * (self.bottom - self.top)

    def ticks(self) -> list[Tick]:
        """Round values, as many as stand apart."""
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
    """A rectangle that something takes."""

    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: Frame) -> bool:
        """Whether two rectangles have room in common."""
        return (
            self.left < other.right
            and other.left < self.right
            and self.top < other.bottom
            and other.top < self.bottom
        )


class Room:
    """A rectangle in which labels look for a place that nothing else takes."""

    def __init__(self, whole: Frame):
        self.whole = whole
        self.taken: list[Frame] = []

    def take(self, frame: Frame) -> None:
        """Take a place whatever stands there."""
        self.taken.append(frame)

    def takes(self, frame: Frame) -> bool:
        """Take a place if it is free and within; whether it was."""
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
