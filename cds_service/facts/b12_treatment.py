"""Vitamin B12 treatment as one idea: what counts, whether it is under way, and by which evidence.

Clinical specification, section 3.2. An order that ended or has not yet begun says that doses were
planned, a recorded dose that one was given: the two are never told as the same.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from ..fhir.dates import add_days
from ..fhir.dosage import Phase
from .analytes import ANALYTES
from .courses import Span, course_start, dose_spans, order_spans, stated_interval
from .laboratory import Result, level
from .therapy import MEDICATION_QUERIES, Dose, Order
from .unidentified import UNIDENTIFIED, has_unidentified_current, has_unidentified_dose

if TYPE_CHECKING:
    from .catalogue import Facts

# How treatment stands: an order runs; one has just begun, without a recorded dose; a recorded dose
# covers; an order that has ended covers; nothing but such an order, or one that is yet to begin,
# and no sign that a dose was given; an earlier course; none.
STANDINGS = ("running", "ordered", "dose", "ended-order", "scheduled", "past", "none")
UNDER_WAY = STANDINGS[:5]


class Treatment(NamedTuple):
    """The cobalamin therapy of a record. ``standing``: one of STANDINGS, ``None`` where unknown.

    ``orders``: those in force, by start; ``planned``: those that are yet to begin and do not count;
    ``interval`` in days; ``start`` of the unbroken course; ``ended`` of the last course, where none
    is under way; ``spans``: all dated therapy up to today, by start.
    """

    standing: str | None
    orders: tuple[Order, ...]
    covering: tuple[Order, ...]
    planned: tuple[Order, ...]
    past: tuple[Order, ...]
    doses: tuple[Dose, ...]
    recent_doses: tuple[Dose, ...]
    route: str | None
    interval: float | None
    start: date | None
    ended: date | None
    spans: tuple[Span, ...]
    note: str

    @property
    def active(self) -> bool | None:
        """Whether treatment is under way."""
        return None if self.standing is None else self.standing in UNDER_WAY


def counts_as_therapy(route: str | None, daily: Decimal | None, facts: Facts, *, stopping: bool = False) -> bool | None:
    """Whether a single-agent cobalamin treats deficiency; ``None`` where that cannot be said.

    Parenteral and nasal do; oral from the parameter's dose (``daily`` in micrograms), or unstated;
    without a known route a small dose stays open. A dietary cause lowers the limit where the set
    says so and a lifelong cause is known absent (``stopping``: is not known to be there, because a
    stop is told rather than passed over).
    """
    if route in ("parenteral", "nasal") or daily is None:
        return True
    threshold = facts.site.number("therapy.oral_from")
    dietary = facts.site.number("therapy.oral_from_dietary")
    if dietary <= daily < threshold and facts["cause.dietary"].holds:
        lifelong = facts["cause.lifelong"].holds
        if lifelong is False or (stopping and lifelong is None):
            threshold = dietary
    if daily >= threshold:
        return True
    return False if route == "oral" else None


def treatment_of(facts: Facts) -> Treatment:
    """The treatment, for facts that rest on whether it is under way."""
    facts["b12_therapy.active"]  # so that what it was judged by is noted as its own
    return facts.record.b12_treatment(facts)


def b12_treatment(facts: Facts) -> Treatment:
    """Work out the cobalamin therapy of the record: how it stands, since when, and what ran before."""
    today = facts.today
    orders = [order for order in facts.record.orders if order.product.cobalamin]
    judged = [(order, _counts(order, facts)) for order in orders]
    therapy = sorted((order for order, counts in judged if counts), key=_by_start)
    doses = _therapeutic_doses(facts)
    first_recent = today - facts.site.days("therapy.dose_active_for")
    if not therapy and not doses:
        return _no_treatment(_open_question(facts, judged, first_recent))
    recent = [dose for dose in doses if dose.day >= first_recent]
    begun = [order for order in therapy if order.current(today) and order.begun(today)]
    covering: list[Order] = []
    cover_ended = False
    if not begun and not recent:
        covering, cover_ended = _covering(therapy, doses, facts)
    coming = _coming(therapy, facts, cover_ended=cover_ended)
    planned = [order for order in therapy if not order.begun(today) and order.running and order not in coming]
    past = [order for order in therapy if order not in begun and order not in coming and order not in planned]
    current = begun + coming
    spans = _spans(therapy, doses, facts)
    start = course_start([*spans, *(Span(order.start, order.start, 0) for order in coming if order.start)])
    if any(order.start is None for order in begun):
        start = None
    standing: str | None = _standing(facts, begun, recent, coming + covering, doses, start)
    note = "" if standing else _open_question(facts, judged, first_recent)
    if not standing:
        standing = None if note else "past" if past or doses else "none"
    leading = (begun or coming or sorted(covering or past, key=_by_end))[-1:]
    phase = leading[0].phase_on(today) if leading else None
    return Treatment(
        standing, tuple(current), tuple(covering), tuple(planned), tuple(past), tuple(doses), tuple(recent),
        phase.route if phase else (doses[-1].route if doses else None),
        phase.interval if phase else None,
        start,
        _ended(past, doses, today),
        spans,
        note,
    )  # fmt: skip


def _no_treatment(question: str) -> Treatment:
    """That there is none, unless there is an open ``question``."""
    return Treatment(None if question else "none", (), (), (), (), (), (), None, None, None, None, (), question)


def _by_start(order: Order) -> tuple[date, str]:
    return (order.start or date.min, order.reference)


def _by_end(order: Order) -> tuple[date, date, str]:
    return (order.end or date.min, *_by_start(order))


def _counts(order: Order, facts: Facts) -> bool | None:
    phase = order.phase_on(facts.today) if order.current(facts.today) else order.phases[0]
    return counts_as_therapy(phase.route, phase.daily, facts)


def _therapeutic_doses(facts: Facts) -> list[Dose]:
    given = [
        dose
        for dose in facts.record.doses
        if dose.product.cobalamin and dose.day <= facts.today and counts_as_therapy(dose.route, dose.amount, facts)
    ]
    return sorted(given, key=lambda dose: (dose.day, dose.reference))


def _coming(therapy: Sequence[Order], facts: Facts, *, cover_ended: bool) -> list[Order]:
    """The orders that are yet to begin and count all the same.

    With neurological features, or where a result ended a cover, only one with the regimen that is
    due now does.
    """
    coming = [order for order in therapy if order.current(facts.today) and not order.begun(facts.today)]
    if not coming:
        return []
    if facts["neuro.involvement"].holds:
        longest = facts.site.number("neuro.interval_up_to")
    elif cover_ended:
        longest = facts.site.number("loading.interval_up_to")
    else:
        return coming
    unfit = "cyanocobalamin" if facts["leber"].holds else ""
    return [order for order in coming if order.product.cobalamin != unfit and _is_given_by_injection_every(order.phases[0], longest)]


def _is_given_by_injection_every(phase: Phase, longest: Decimal) -> bool:
    return phase.route == "parenteral" and phase.interval is not None and phase.interval <= longest


def _covering(therapy: Sequence[Order], doses: Sequence[Dose], facts: Facts) -> tuple[list[Order], bool]:
    """The injections ordered until lately that still cover; and whether a result ended such a cover."""
    found = [order for order in therapy if _covers(order, facts)]
    standing = [order for order in found if not _is_ended_by_result(order, doses, facts)]
    return standing, len(standing) < len(found)


def _covers(order: Order, facts: Facts) -> bool:
    """Whether an injection that was ordered, active or completed, and has ended still covers today."""
    ended = order.completed or (order.running and order.begun(facts.today))
    if not ended or order.current(facts.today) or order.phases[-1].route != "parenteral":
        return False
    if not order.reference.startswith("MedicationRequest/"):
        return False
    last = last_scheduled_dose(order, facts.today)
    return last is not None and facts.today <= add_days(last, _cover_days(order, facts))


def _cover_days(order: Order, facts: Facts) -> float:
    interval = stated_interval(order)
    if interval is None:
        return float(facts.site.number("therapy.dose_active_for"))
    late = float(facts.site.number("therapy.late_after_intervals")) * interval
    return max(float(facts.site.number("therapy.cover_at_least")), late)


def last_scheduled_dose(order: Order, today: date) -> date | None:
    """The day of the last dose that an order which has ended planned up to ``today``.

    The last of n counted doses comes n - 1 intervals after the first. Without a stated interval any
    day of the bounds may have been the last; without bounds the first day of the phase is all that
    is known.
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
        length = phase.duration if phase.duration is not None else (phase.end - begin).days if phase.end else 0
        return min(add_days(begin, length), today)
    if not interval or math.isinf(interval):
        return begin
    if phase.doses is not None:
        intervals = phase.doses - 1
    elif phase.duration is not None:
        intervals = math.ceil(phase.duration / interval) - 1
    elif phase.end is not None:
        intervals = ((phase.end - begin).days + 1) // interval  # the last day is within the bounds
    else:
        return begin
    return min(add_days(begin, max(0, intervals) * interval), today)


def _is_ended_by_result(order: Order, doses: Sequence[Dose], facts: Facts) -> bool:
    """Whether a later result shows that the order does not cover: it is deficient, or, with
    neurological features, in the middle range."""
    result = _newest_result(facts)
    if result is None or result.level == "sufficient":
        return False
    given = any(order.start is None or dose.day >= order.start for dose in doses)
    since = last_scheduled_dose(order, facts.today) if given else order.start or order.end
    if since is None or result.moment.day <= since:
        return False
    if result.level == "deficient" or facts["neuro.involvement"].holds:
        return True
    acid: Result | None = facts["mma"].value
    late_and_high = acid is not None and acid.level == "high" and acid.moment.day > since
    return late_and_high and level(facts["egfr"]).value == "normal"


def _newest_result(facts: Facts) -> Result | None:
    """The newest B12 result of its window; a total not while pregnant, unless with neurological features."""
    pregnant = facts["patient.pregnant"].holds
    active: Result | None = facts["b12.active"].value
    if pregnant and (active is not None or not facts["neuro.involvement"].holds):
        return active
    total: Result | None = facts["b12.total"].value
    if total is None or active is None:
        return total or active
    return active if active.moment.day >= total.moment.day else total


def is_after_loading(order: Order, facts: Facts) -> bool:
    """Whether an order was a loading course by injection that ended within the days for which a dose
    covers, and no later result is deficient."""
    first = facts.today - facts.site.days("therapy.dose_active_for")
    ended = order.end is not None and first <= order.end <= facts.today
    longest = facts.site.number("loading.interval_up_to")
    loading = _is_given_by_injection_every(order.phases[0], longest)
    if not (ended and loading and (order.completed or order.running)):
        return False
    return not _is_ended_by_result(order, _therapeutic_doses(facts), facts)


def _standing(
    facts: Facts,
    begun: Sequence[Order],
    recent: Sequence[Dose],
    only_ordered: Sequence[Order],
    doses: Sequence[Dose],
    start: date | None,
) -> str:
    if begun:
        first_new = facts.today - facts.site.days("therapy.new_for")
        new = all(order.start is not None and order.start > first_new for order in begun)
        return "ordered" if new and not _given_since(doses, start) else "running"
    if recent:
        return "dose"
    if only_ordered:
        shown = _given_since(doses, start) or _sufficient_since(facts, start)
        return "ended-order" if shown else "scheduled"
    return ""


def _given_since(doses: Sequence[Dose], start: date | None) -> bool:
    return any(start is None or dose.day >= start for dose in doses)


def _sufficient_since(facts: Facts, start: date | None) -> bool:
    """Whether a B12 above the middle range was drawn after the first scheduled dose."""
    if start is None:
        return False
    return any(
        result.level == "sufficient" and result.moment.day > start
        for name in ("b12.total", "b12.active")
        for result in facts.record.results(ANALYTES[name], facts.today).usable(start)
    )


def _open_question(facts: Facts, judged: Sequence[tuple[Order, bool | None]], first_recent: date) -> str:
    """Why it cannot be said that no treatment is under way; ``""`` where it can."""
    today, record = facts.today, facts.record
    if any(counts is None and order.current(today) for order, counts in judged):
        return "a cobalamin order whose route is not stated"
    if has_unidentified_current(record, today) or has_unidentified_dose(record, since=first_recent):
        return UNIDENTIFIED
    if not record.complete(*MEDICATION_QUERIES):
        return "medications not all received"
    return ""


def _spans(therapy: Sequence[Order], doses: Sequence[Dose], facts: Facts) -> tuple[Span, ...]:
    ordered = order_spans(therapy, lambda order: order.product.cobalamin, facts.today, facts.site)
    return tuple(sorted(dose_spans(doses, facts.site) + ordered))


def _ended(past: Sequence[Order], doses: Sequence[Dose], today: date) -> date | None:
    """The end of the last course: of its bounds where that is past, else its last dose, else unknown."""
    last_dose = doses[-1].day if doses else None
    ends = [order.end if order.end and order.end <= today else last_dose for order in past]
    if past and ends[-1] is None:  # of the order that began last nothing tells
        return None
    return max((day for day in (*ends, last_dose) if day is not None), default=None)
