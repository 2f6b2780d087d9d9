"""Vitamin B12 treatment as one concept: what counts, whether it is under way, and on what evidence.

Clinical specification, section 3.2. An order that has ended or has not yet begun shows that doses
were planned; a recorded dose shows that one was given. The two are never treated as the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from ..fhir.dates import add_days
from ..fhir.dosage import Phase
from .catalogue import Facts
from .courses import Gaps, Span, course_start, last_scheduled_dose, stated_interval
from .laboratory import Result
from .lists import received
from .medications import (
    COBALAMIN_AGENTS,
    UNIDENTIFIED,
    current_orders,
    doses,
    has_unidentified,
    orders,
)
from .reads import Computation, Read, days, number, of, part
from .results import level_of, results
from .therapy import MEDICATION_QUERIES, Dose, Order

# The evidence for treatment: an order is in force; an order has just begun, without a recorded
# dose; a recorded dose covers; an order that has ended covers; there is only such an order, or one
# that is yet to begin, and no sign that a dose was given; an earlier course; none.
STANDINGS = ("running", "ordered", "dose", "ended-order", "scheduled", "past", "none")
UNDER_WAY = STANDINGS[:5]


class Treatment(NamedTuple):
    """The cobalamin therapy of a record. ``standing``: one of STANDINGS, ``None`` if unknown.

    ``orders``: those in force, by start; ``planned``: those that are yet to begin and do not count;
    ``interval``: in days; ``start``: of the unbroken course; ``ended``: the end of the last course,
    if none is under way; ``spans``: all dated therapy up to today, by start.
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


class CountingAsTherapy(Computation):
    """Decides which single-agent cobalamin treats deficiency."""

    oral_from = number("therapy.oral_from")
    oral_from_dietary = number("therapy.oral_from_dietary")
    dietary = of("cause.dietary")
    lifelong = of("cause.lifelong")

    def counts(
        self, route: str | None, daily: Decimal | None, *, stopping: bool = False
    ) -> bool | None:
        """Whether a cobalamin by ``route``, ``daily`` micrograms a day, treats deficiency; ``None``
        if that is not known.

        Parenteral and nasal cobalamin does; so does oral cobalamin from the parameter's dose, and
        any without a stated dose. A small dose by an unknown route stays open. A dietary cause
        lowers the limit if the parameter set says so and a lifelong cause is known to be absent.
        For an order that is being stopped (``stopping``) it suffices that none is known, because it
        is safer to report a stop than to miss it.
        """
        if route in ("parenteral", "nasal") or daily is None:
            return True
        threshold, dietary = self.oral_from, self.oral_from_dietary
        if dietary <= daily < threshold and self.dietary.holds:
            lifelong = self.lifelong.holds
            if lifelong is False or (stopping and lifelong is None):
                threshold = dietary
        if daily >= threshold:
            return True
        return False if route == "oral" else None


class TreatmentOfRecord(Computation):
    """The cobalamin therapy of the record: its standing, its start, and what came before."""

    orders = orders(*COBALAMIN_AGENTS)
    current_orders = current_orders()
    doses = doses(*COBALAMIN_AGENTS)
    complete = received(*MEDICATION_QUERIES)
    therapy = part(CountingAsTherapy)
    gaps = part(Gaps)
    neuro = of("neuro.involvement")
    leber = of("leber")
    pregnant = of("patient.pregnant")
    total = of("b12.total")
    active = of("b12.active")
    mma = of("mma")
    egfr_level = level_of("egfr")
    totals = results("b12.total")
    actives = results("b12.active")
    dose_active_for = days("therapy.dose_active_for")
    cover_unstated = number("therapy.dose_active_for")
    cover_at_least = number("therapy.cover_at_least")
    late_after = number("therapy.late_after_intervals")
    new_for = days("therapy.new_for")
    neuro_interval_up_to = number("neuro.interval_up_to")
    loading_interval_up_to = number("loading.interval_up_to")

    def work_out(self) -> Treatment:
        """The treatment as of today."""
        today = self.facts.today
        judged = [(order, self._counts(order)) for order in self.orders if order.product.cobalamin]
        therapy = sorted((order for order, counts in judged if counts), key=_by_start)
        doses = self._therapeutic_doses()
        first_recent = today - self.dose_active_for
        if not therapy and not doses:
            return _no_treatment(self._open_question(judged, first_recent))
        recent = [dose for dose in doses if dose.day >= first_recent]
        begun = [order for order in therapy if order.current(today) and order.begun(today)]
        covering: list[Order] = []
        cover_ended = False
        if not begun and not recent:
            covering, cover_ended = self._covering(therapy, doses)
        coming = self._coming(therapy, cover_ended=cover_ended)
        standing_now = {id(order) for order in (*begun, *coming)}
        planned: list[Order] = []
        past: list[Order] = []
        for order in therapy:
            if id(order) not in standing_now:
                is_planned = order.running and not order.begun(today)
                (planned if is_planned else past).append(order)
        spans = self._spans(therapy, doses)
        start = _start(begun, coming, spans)
        standing: str | None = self._standing(begun, recent, coming + covering, doses, start)
        note = "" if standing else self._open_question(judged, first_recent)
        if not standing:
            standing = None if note else "past" if past or doses else "none"
        leading = (begun or coming or sorted(covering or past, key=_by_end))[-1:]
        phase = leading[0].phase_on(today) if leading else None
        route = phase.route if phase else doses[-1].route if doses else None
        interval = phase.interval if phase else None
        return Treatment(
            standing, tuple(begun + coming), tuple(covering), tuple(planned), tuple(past),
            tuple(doses), tuple(recent), route, interval, start, _ended(past, doses, today),
            spans, note,
        )  # fmt: skip

    def _spans(self, therapy: Sequence[Order], doses: Sequence[Dose]) -> tuple[Span, ...]:
        return tuple(sorted(self.gaps.dose_spans(doses) + self.gaps.order_spans(therapy, _agent)))

    def after_loading(self, orders: Iterable[Order], doses: Sequence[Dose]) -> list[Order]:
        """Those of ``orders`` that were a loading course by injection, ended within the days for
        which a dose covers, and have no later deficient result. ``doses``: by day."""
        return [order for order in orders if self._is_after_loading(order, doses)]

    def _is_after_loading(self, order: Order, doses: Sequence[Dose]) -> bool:
        today = self.facts.today
        ended = order.end is not None and today - self.dose_active_for <= order.end <= today
        loading = _is_given_by_injection_every(order.phases[0], self.loading_interval_up_to)
        if not (ended and loading and (order.completed or order.running)):
            return False
        return not self._is_ended_by_result(order, doses)

    def _counts(self, order: Order) -> bool | None:
        today = self.facts.today
        phase = order.phase_on(today) if order.current(today) else order.phases[0]
        return self.therapy.counts(phase.route, phase.daily)

    def _therapeutic_doses(self) -> list[Dose]:
        today, counts = self.facts.today, self.therapy.counts
        given = [
            dose
            for dose in self.doses
            if dose.product.cobalamin and dose.day <= today and counts(dose.route, dose.amount)
        ]
        return sorted(given, key=lambda dose: (dose.day, dose.reference))

    def _coming(self, therapy: Sequence[Order], *, cover_ended: bool) -> list[Order]:
        """The orders that are yet to begin but already count.

        With neurological features, or if a result ended a cover, only an order with the regimen
        that is due now counts.
        """
        today = self.facts.today
        coming = [order for order in therapy if order.current(today) and not order.begun(today)]
        if not coming:
            return []
        if self.neuro.holds:
            longest = self.neuro_interval_up_to
        elif cover_ended:
            longest = self.loading_interval_up_to
        else:
            return coming
        unfit = "cyanocobalamin" if self.leber.holds else ""
        return [
            order
            for order in coming
            if order.product.cobalamin != unfit
            and _is_given_by_injection_every(order.phases[0], longest)
        ]

    def _covering(
        self, therapy: Sequence[Order], doses: Sequence[Dose]
    ) -> tuple[list[Order], bool]:
        """The injections ordered until lately that still cover, and whether a result has ended such
        a cover."""
        found = [order for order in therapy if self._covers(order)]
        standing = [order for order in found if not self._is_ended_by_result(order, doses)]
        return standing, len(standing) < len(found)

    def _covers(self, order: Order) -> bool:
        """Whether an order for injections, active or completed, that has ended still covers
        today."""
        today = self.facts.today
        ended = order.completed or (order.running and order.begun(today))
        if not ended or order.current(today) or order.phases[-1].route != "parenteral":
            return False
        if not order.reference.startswith("MedicationRequest/"):
            return False
        last = last_scheduled_dose(order, today)
        return last is not None and today <= add_days(last, self._cover_days(order))

    def _cover_days(self, order: Order) -> float:
        interval = stated_interval(order)
        if interval is None:
            return float(self.cover_unstated)
        return max(float(self.cover_at_least), float(self.late_after) * interval)

    def _is_ended_by_result(self, order: Order, doses: Sequence[Dose]) -> bool:
        """Whether a later result shows that the order does not cover: a deficient one, or one in
        the middle range with neurological features, or with a later high methylmalonic acid and a
        normal eGFR. ``doses``: by day."""
        result = self._newest_result()
        if result is None or result.level == "sufficient":
            return False
        given = _given_since(doses, order.start)
        since = last_scheduled_dose(order, self.facts.today) if given else order.start or order.end
        if since is None or result.moment.day <= since:
            return False
        if result.level == "deficient" or self.neuro.holds:
            return True
        acid: Result | None = self.mma.value
        late_and_high = acid is not None and acid.level == "high" and acid.moment.day > since
        return late_and_high and self.egfr_level.value == "normal"

    def _newest_result(self) -> Result | None:
        """The newest B12 result within its window; in pregnancy active B12, and a total only with
        neurological features and without active B12."""
        pregnant = self.pregnant.holds
        active: Result | None = self.active.value
        if pregnant and (active is not None or not self.neuro.holds):
            return active
        total: Result | None = self.total.value
        if total is None or active is None:
            return total or active
        return active if active.moment.day >= total.moment.day else total

    def _standing(
        self,
        begun: Sequence[Order],
        recent: Sequence[Dose],
        only_ordered: Sequence[Order],
        doses: Sequence[Dose],
        start: date | None,
    ) -> str:
        if begun:
            first_new = self.facts.today - self.new_for
            new = all(order.start is not None and order.start > first_new for order in begun)
            return "ordered" if new and not _given_since(doses, start) else "running"
        if recent:
            return "dose"
        if only_ordered:
            return (
                "ended-order"
                if _given_since(doses, start) or self._is_sufficient_since(start)
                else "scheduled"
            )
        return ""

    def _is_sufficient_since(self, start: date | None) -> bool:
        """Whether a B12 above the middle range was drawn after ``start``, the day of the first
        scheduled dose."""
        if start is None:
            return False
        kinds = (self.totals, self.actives)
        return any(
            result.level == "sufficient" and result.moment.day > start
            for kind in kinds
            for result in kind.usable(start)
        )

    def _open_question(
        self, judged: Sequence[tuple[Order, bool | None]], first_recent: date
    ) -> str:
        """Why treatment cannot be ruled out; ``""`` if it can."""
        if any(counts is None and order.current(self.facts.today) for order, counts in judged):
            return "a cobalamin order whose route is not stated"
        if has_unidentified(self.current_orders) or has_unidentified(
            dose for dose in self.doses if dose.day >= first_recent
        ):
            return UNIDENTIFIED
        return "" if self.complete() else "medications not all received"


def judged_treatment() -> Read[Treatment]:
    """The treatment, for the fact that decides whether it is under way. It is worked out once for a
    record."""

    def evaluate(facts: Facts) -> Treatment:
        return facts.record.remember("B12 treatment", lambda: TreatmentOfRecord(facts).work_out())

    return Read(TreatmentOfRecord.needs, evaluate)


def treatment() -> Read[Treatment]:
    """The treatment, for facts that rest on whether it is under way. They depend on that fact, and
    not on the facts that it reads."""
    judged = judged_treatment()

    def evaluate(facts: Facts) -> Treatment:
        facts["b12_therapy.active"]
        return judged.evaluate(facts)

    return Read(judged.needs._replace(facts=("b12_therapy.active",)), evaluate)


_TREATMENT = treatment()


def treatment_of(facts: Facts) -> Treatment:
    """The treatment of a call's record."""
    return _TREATMENT.evaluate(facts)


def _agent(order: Order) -> str:
    return order.product.cobalamin


def _no_treatment(question: str) -> Treatment:
    """No treatment, or unknown treatment if there is an open ``question``."""
    return Treatment(
        None if question else "none", (), (), (), (), (), (), None, None, None, None, (), question
    )


def _start(begun: Sequence[Order], coming: Sequence[Order], spans: Sequence[Span]) -> date | None:
    """The first day of the unbroken course; unknown if an order in force has no start."""
    if any(order.start is None for order in begun):
        return None
    due = (Span(order.start, order.start, 0) for order in coming if order.start)
    return course_start([*spans, *due])


def _by_start(order: Order) -> tuple[date, str]:
    return (order.start or date.min, order.reference)


def _by_end(order: Order) -> tuple[date, date, str]:
    return (order.end or date.min, *_by_start(order))


def _is_given_by_injection_every(phase: Phase, longest: Decimal) -> bool:
    return phase.route == "parenteral" and phase.interval is not None and phase.interval <= longest


def _given_since(doses: Sequence[Dose], start: date | None) -> bool:
    # Doses come by day, so that the last one decides: this is called for each order.
    return bool(doses) and (start is None or doses[-1].day >= start)


def _ended(past: Sequence[Order], doses: Sequence[Dose], today: date) -> date | None:
    """The end of the last course: the end of its bounds if that is past, else its last dose, else
    unknown."""
    last_dose = doses[-1].day if doses else None
    ends = [order.end if order.end and order.end <= today else last_dose for order in past]
    if past and ends[-1] is None:  # nothing shows when the last order ended
        return None
    return max((day for day in (*ends, last_dose) if day is not None), default=None)
