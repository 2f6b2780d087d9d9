"""Facts about cobalamin therapy in the record (clinical specification, section 3.2)."""

from __future__ import annotations

from ..fhir.dosage import SINGLE_DOSE
from .b12_treatment import STANDINGS, UNDER_WAY, judged_treatment, treatment
from .catalogue import fact
from .domains import ABSENT, UNKNOWN, Class, Domain, days_ago, given, same_as, values, where
from .fact import Fact, absent, known, unknown
from .lists import received
from .medications import UNIDENTIFIED, doses, has_unidentified, orders
from .reads import Computation, Read, days, number, of
from .therapy import MEDICATION_QUERIES, Order

ROUTES = ("parenteral", "oral", "nasal")
# One day for each interval between the limits 5, 10, 28, 56, 90 and 180 of facts and cards.
STARTS = days_ago(2, 7, 20, 40, 60, 100, 210)


def of_course(*when_active: Class | Domain) -> Domain:
    """The domain of a property of the treatment under way: absent without treatment, unknown if
    that is unknown."""
    return given("b12_therapy.active", yes=(*when_active, UNKNOWN), no=ABSENT, unknown=UNKNOWN)


@fact("b12_therapy.active", "B12 treatment under way")
class TreatmentUnderWay(Computation):
    """A single-agent cobalamin (parenteral, nasal, or oral at {therapy.oral_from} or more or
    without a stated dose) by an order in force; a dose within {therapy.dose_active_for}; or
    injections whose order ended recently, which cover for {therapy.late_after_intervals} after the
    last scheduled dose, for at least {therapy.cover_at_least}, unless a later result shows
    deficiency."""

    treatment = judged_treatment()

    def compute(self) -> Fact:
        treatment = self.treatment
        if treatment.active is None:
            return unknown(treatment.note)
        evidence = treatment.orders or treatment.recent_doses or treatment.covering
        return known(treatment.active, *(item.source for item in evidence))


class OfTreatment(Computation):
    """What facts about B12 treatment have in common."""

    active = of("b12_therapy.active")
    treatment = treatment()

    def begun(self) -> list[Order]:
        """The orders in force that have begun."""
        today = self.facts.today
        return [order for order in self.treatment.orders if order.begun(today)]

    def detail(self, name: str) -> Fact:
        """The attribute ``name`` of the treatment under way; absent without treatment."""
        active = self.active
        if not active.holds:
            return unknown(active.note) if active.is_unknown else absent()
        value = getattr(self.treatment, name)
        return unknown("not stated") if value is None else known(value, *active.sources)


@fact("b12_therapy.standing", "standing of B12 treatment", "category", values=STANDINGS)
class Standing(OfTreatment):
    """Running: an order is in force. Ordered: it began less than {therapy.new_for} ago, and no dose
    is recorded. Dose: a recorded dose covers. Ended-order: an order that has ended covers.
    Scheduled: there is only an order that has ended or is yet to begin, without a recorded dose or
    a B12 above the middle range since. Past: an earlier course. None: no treatment."""

    orders = orders()
    doses = doses()
    domain = given(
        "b12_therapy.active",
        yes=values(*UNDER_WAY),
        no=(*values("past", "none"), UNKNOWN),
        unknown=UNKNOWN,
    )

    def compute(self) -> Fact:
        active = self.active
        standing = self.treatment.standing
        if standing == "none" and (has_unidentified(self.orders) or has_unidentified(self.doses)):
            return unknown(UNIDENTIFIED)
        return unknown(active.note) if active.is_unknown else known(standing, *active.sources)


@fact("b12_therapy.given", "B12 treatment that shows signs of being given")
class GivenTreatment(Computation):
    """B12 treatment is under way and not only ordered: it has run for {therapy.new_for}, a dose is
    recorded, or B12 has risen."""

    active = of("b12_therapy.active")
    standing = of("b12_therapy.standing")

    def compute(self) -> Fact:
        active = self.active
        if not active.holds:
            return active
        return known(self.standing.value not in ("ordered", "scheduled"), *active.sources)


@fact(
    "b12_therapy.route",
    "route of B12 treatment",
    "category",
    values=ROUTES,
)
class Route(OfTreatment):
    """The route of the order that began last; if none is in force, of the order that covers or
    ended last, else of the last dose."""

    domain = of_course(*values(*ROUTES))

    def compute(self) -> Fact:
        return self.detail("route")


@fact("b12_therapy.interval", "interval of B12 treatment", "number", unit="d")
class IntervalOfTreatment(OfTreatment):
    """Days between doses of the order that gives the route; absent if that order is for a single
    dose."""

    domain = of_course(*(Class(f"{count} days", known(float(count))) for count in (1, 30, 90)))

    def compute(self) -> Fact:
        interval = self.detail("interval")
        return absent("a single dose") if interval.value == SINGLE_DOSE else interval


@fact("b12_therapy.start", "start of B12 treatment", "date")
class Start(OfTreatment):
    """The first day of the unbroken course; a gap of more than {therapy.gap}
    ({therapy.late_after_intervals}, if longer) breaks it."""

    domain = of_course(STARTS)

    def compute(self) -> Fact:
        return self.detail("start")


class _DaysSince(Computation):
    """The days since ``start``, which each subclass defines."""

    start: Read[Fact]

    def compute(self) -> Fact:
        start = self.start
        return (
            start
            if start.value is None
            else known((self.facts.today - start.value).days, *start.sources)
        )


@fact("b12_therapy.days", "days since the start of B12 treatment", "number", unit="d")
class DaysSinceStart(_DaysSince):
    """Days since the first day of the unbroken course that is under way."""

    start = of("b12_therapy.start")


@fact("b12_therapy.latest_start", "start of the latest B12 treatment", "date")
class LatestStart(OfTreatment):
    """The first day of the latest unbroken course, whether it is under way or has ended."""

    domain = given(
        "b12_therapy.active",
        yes=same_as("b12_therapy.start"),
        no=(ABSENT, UNKNOWN, STARTS),
        unknown=(UNKNOWN, STARTS),
    )

    def compute(self) -> Fact:
        active, treatment = self.active, self.treatment
        if treatment.start is not None:
            return known(treatment.start, *active.sources)
        return absent() if treatment.standing == "none" else unknown(active.note or "not stated")


@fact(
    "b12_therapy.latest_days",
    "days since the start of the latest B12 treatment",
    "number",
    unit="d",
)
class DaysSinceLatestStart(_DaysSince):
    """Days since the first day of the latest unbroken course, under way or ended."""

    start = of("b12_therapy.latest_start")


@fact("b12_therapy.past", "earlier B12 treatment")
class PastTreatment(Computation):
    """There was an earlier course of B12 treatment, and none is under way."""

    active = of("b12_therapy.active")
    standing = of("b12_therapy.standing")

    def compute(self) -> Fact:
        if self.active.holds:
            return known(False)
        standing = self.standing
        return unknown(standing.note) if standing.is_unknown else known(standing.value == "past")


@fact("b12_therapy.ended", "end of the earlier B12 treatment", "date")
class End(Computation):
    """The end of the last course by the bounds of its order, else its last dose, else unknown."""

    past = of("b12_therapy.past")
    treatment = treatment()
    domain = given(past, yes=(days_ago(10, 450), UNKNOWN), no=ABSENT, unknown=UNKNOWN)

    def compute(self) -> Fact:
        past = self.past
        if not past.holds:
            return unknown(past.note) if past.is_unknown else absent()
        ended = self.treatment.ended
        return unknown("not stated") if ended is None else known(ended, *past.sources)


@fact("b12_therapy.last_dose", "last recorded dose of B12", "date")
class LastDose(Computation):
    """The day of the newest recorded dose, given or dispensed, that counts as treatment."""

    treatment = treatment()
    doses = doses()
    complete = received(*MEDICATION_QUERIES[2:])
    # Treatment can only be overdue if doses are recorded.
    domain = where(
        of("b12_therapy.lapsed").is_one_of("overdue"),
        days_ago(450),
        otherwise=(ABSENT, days_ago(450), UNKNOWN),
    )

    def compute(self) -> Fact:
        found = self.treatment.doses
        if found:
            return known(found[-1].day, found[-1].source)
        if has_unidentified(self.doses):
            return unknown(UNIDENTIFIED)
        return absent() if self.complete() else unknown("doses not all received")


_MAY_HAVE_ENDED = (ABSENT, *values("ended"))


@fact("b12_therapy.lapsed", "lapsed B12 treatment", "category", values=("ended", "overdue"))
class Lapse(OfTreatment):
    """``ended``: an earlier course ended more than {therapy.ends_soon} ago or at an unknown time,
    or with neurological features at any time. ``overdue``: an injection in force has a stated
    interval, two or more doses are recorded within {lapsed.doses_within}, and the last of them is
    older than {therapy.late_after_intervals}."""

    past = of("b12_therapy.past")
    ended = of("b12_therapy.ended")
    route = of("b12_therapy.route")
    interval = of("b12_therapy.interval")
    neuro = of("neuro.involvement")
    ends_soon = days("therapy.ends_soon")
    doses_within = days("lapsed.doses_within")
    late_after = number("therapy.late_after_intervals")
    doses = doses()
    domain = given(
        "b12_therapy.active",
        yes=(ABSENT, *values("overdue"), UNKNOWN),
        no=given(past, yes=_MAY_HAVE_ENDED, no=_MAY_HAVE_ENDED, unknown=UNKNOWN),
        unknown=UNKNOWN,
    )

    def compute(self) -> Fact:
        active = self.active
        if active.is_unknown:
            return unknown(active.note)
        return self._overdue() if active.value else self._ended()

    def _ended(self) -> Fact:
        ended, past = self.ended, self.past
        if past.is_unknown:
            return unknown(past.note)
        recent = ended.value is not None and ended.value >= self.facts.today - self.ends_soon
        lapsed = past.holds and (not recent or self.neuro.holds)
        return known("ended", *ended.sources) if lapsed else absent()

    def _overdue(self) -> Fact:
        today, interval = self.facts.today, self.interval.value
        if not self.begun() or self.route.value != "parenteral" or interval is None:
            return absent()
        earliest = today - self.doses_within
        given = [
            dose
            for dose in self.treatment.doses
            if dose.day >= earliest and dose.route in ("parenteral", None)
        ]
        overdue = (
            len(given) >= 2 and (today - given[-1].day).days > float(self.late_after) * interval
        )
        if overdue and has_unidentified(dose for dose in self.doses if dose.day >= given[-1].day):
            return unknown(UNIDENTIFIED)
        return known("overdue", given[-1].source) if overdue else absent()
