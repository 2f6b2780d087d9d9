"""Spans of therapy, and the unbroken course that they make up (clinical specification,
section 3.2, point 6)."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Iterable
from datetime import date
from typing import NamedTuple

from ..fhir.dates import add_days
from ..fhir.dosage import SINGLE_DOSE, Phase
from .reads import Computation, number
from .therapy import Dose, Order


class Span(NamedTuple):
    """Days of therapy. A span that begins more than ``gap`` days after ``end`` is a new course."""

    start: date
    end: date
    gap: float


def stated_interval(order: Order) -> float | None:
    """Days between the doses of an order's last phase; ``None`` where unstated or a single dose."""
    interval = order.phases[-1].interval
    return None if interval == SINGLE_DOSE else interval


class Gaps(Computation):
    """The days that may lie between two parts of one course, and the spans of therapy that follow
    from them."""

    shortest = number("therapy.gap")
    unstated = number("therapy.gap_unstated")
    late_after = number("therapy.late_after_intervals")

    def dose_spans(self, doses: Iterable[Dose]) -> list[Span]:
        """Each recorded dose as a span of one day."""
        return [Span(dose.day, dose.day, self._allowed(None, dose.route)) for dose in doses]

    def order_spans(self, orders: Iterable[Order], agent: Callable[[Order], str]) -> list[Span]:
        """The days that dated orders cover up to today.

        An order without bounds runs until the next one of its agent.
        """
        today = self.facts.today
        dated = sorted(
            ((order.start, order) for order in orders if order.start is not None),
            key=lambda item: item[0],
        )
        begins: dict[str, list[date]] = {}
        for start, order in dated:
            begins.setdefault(agent(order), []).append(start)
        return [
            Span(
                start,
                _last_day(order, start, begins[agent(order)], today),
                self._allowed(stated_interval(order), order.phases[-1].route),
            )
            for start, order in dated
            if start <= today
        ]

    def _allowed(self, interval: float | None, route: str | None) -> float:
        """The days that may lie between two parts, more for long intervals.

        Injections without a stated ``interval`` (in days) are assumed to come up to 3 months apart.
        """
        shortest = float(self.shortest)
        if interval:
            return max(shortest, float(self.late_after) * interval)
        return float(self.unstated) if route == "parenteral" else shortest


def _last_day(order: Order, start: date, begins: list[date], today: date) -> date:
    """The last day of an order's span. ``begins``: when orders of its agent begin, ascending."""
    if order.current(today):
        return today
    if order.end is not None:
        return min(max(order.end, start), today)
    following = bisect_right(begins, start)
    return min(begins[following], today) if following < len(begins) else start


def course_start(spans: Iterable[Span]) -> date | None:
    """The first day of the unbroken course that reaches furthest."""
    ordered = sorted(spans)
    if not ordered:
        return None
    start, reach, gap = ordered[0]
    for begin, end, allowed in ordered[1:]:
        if (begin - reach).days > gap:
            start, reach, gap = begin, end, allowed
        elif end >= reach:
            reach, gap = end, max(allowed, gap) if end == reach else allowed
    return start


def last_scheduled_dose(order: Order, today: date) -> date | None:
    """The day of the last dose that an ended order planned up to ``today``.

    The last of n counted doses comes n - 1 intervals after the first. Without a stated interval,
    any day of the bounds may have been the last; without bounds, only the first day of the phase is
    known.
    """
    last = day = order.start
    if day is None:
        return order.end
    for phase in order.phases:
        begin = phase.start or day
        if begin > today:
            break
        last = _last_of_phase(phase, begin, today)
        if phase.duration is not None:
            day = add_days(begin, phase.duration)
        elif phase.end is not None:
            day = add_days(phase.end, 1)
        else:
            break
    return last


def _last_of_phase(phase: Phase, begin: date, today: date) -> date:
    interval = phase.interval
    if interval is None:  # any day of its bounds may have been the last
        length = (
            phase.duration
            if phase.duration is not None
            else (phase.end - begin).days
            if phase.end
            else 0
        )
        return min(add_days(begin, length), today)
    if not interval or math.isinf(interval):
        return begin
    if phase.doses is not None:
        intervals = phase.doses - 1
    elif phase.duration is not None:
        intervals = math.ceil(phase.duration / interval) - 1
    elif phase.end is not None:
        intervals = (phase.end - begin).days // interval  # the last day is within the bounds
    else:
        return begin
    return min(add_days(begin, max(0, intervals) * interval), today)
