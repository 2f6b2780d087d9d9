"""Facts about cobalamin therapy in the record."""

from __future__ import annotations

from ..fhir.dosage import SINGLE_DOSE
from .catalogue import Facts, fact
from .fact import Fact, absent, known, unknown
from .renal import current_medication
from .therapy import MEDICATION_QUERIES, course_start
from .unidentified import UNIDENTIFIED, has_unidentified_dose, has_unidentified_order


@fact("b12_therapy.active", "B12 treatment under way", queries=MEDICATION_QUERIES, uses=("cause.dietary",))
def therapy_active(facts: Facts) -> Fact:
    """A current course of a single-agent cobalamin: parenteral, nasal, oral from {therapy.oral_from} or unstated; or a
    dose within {therapy.dose_active_for}."""
    course = facts.record.cobalamin_course(facts)
    if course.active is None:
        return unknown(course.note)
    sources = [order.source for order in course.orders] or [dose.source for dose in course.recent_doses]
    return known(course.active, *sources)


@fact("b12_therapy.route", "route of B12 treatment", "category", values=("parenteral", "oral", "nasal"),
      queries=MEDICATION_QUERIES, uses=("b12_therapy.active",))  # fmt: skip
def therapy_route(facts: Facts) -> Fact:
    """The route of the newest current order, else of the newest dose."""
    return _detail(facts, "route")


@fact("b12_therapy.interval", "interval of B12 treatment", "number", unit="d", queries=MEDICATION_QUERIES,
      uses=("b12_therapy.active",))  # fmt: skip
def therapy_interval(facts: Facts) -> Fact:
    """Days between doses of the newest current order; absent where that is for a single dose."""
    interval = _detail(facts, "interval")
    return absent("a single dose") if interval.value == SINGLE_DOSE else interval


@fact("b12_therapy.start", "start of B12 treatment", "date", queries=MEDICATION_QUERIES, uses=("b12_therapy.active",))
def therapy_start(facts: Facts) -> Fact:
    """The first day of the unbroken course."""
    return _detail(facts, "start")


@fact("b12_therapy.days", "days since the start of B12 treatment", "number", unit="d", uses=("b12_therapy.start",))
def therapy_days(facts: Facts) -> Fact:
    """Days since the first day of the unbroken course that is under way."""
    start = facts["b12_therapy.start"]
    return start if start.value is None else known((facts.today - start.value).days, *start.sources)


@fact("b12_therapy.latest_start", "start of the latest B12 treatment", "date", queries=MEDICATION_QUERIES, uses=("b12_therapy.active",))
def latest_start(facts: Facts) -> Fact:
    """The first day of the latest unbroken course, whether it is under way or has ended."""
    active = facts["b12_therapy.active"]
    course = facts.record.cobalamin_course(facts)
    start = course.start if active.holds else course_start(course.spans)
    if start is not None:
        return known(start, *active.sources)
    return unknown(active.note or "not stated") if active.holds is not False or course.past else absent()


@fact("b12_therapy.latest_days", "days since the start of the latest B12 treatment", "number", unit="d", uses=("b12_therapy.latest_start",))
def latest_days(facts: Facts) -> Fact:
    """Days since the first day of the latest unbroken course, under way or ended."""
    start = facts["b12_therapy.latest_start"]
    return start if start.value is None else known((facts.today - start.value).days, *start.sources)


@fact("b12_therapy.past", "earlier B12 treatment", queries=MEDICATION_QUERIES, uses=("b12_therapy.active",))
def therapy_past(facts: Facts) -> Fact:
    """An earlier course of B12 treatment, and none under way."""
    active = facts["b12_therapy.active"]
    if active.is_unknown:
        return unknown(active.note)
    course = facts.record.cobalamin_course(facts)
    if not active.value and not course.past and (has_unidentified_order(facts.record) or has_unidentified_dose(facts.record)):
        return unknown(UNIDENTIFIED)
    return known(course.past and not active.value)


@fact("b12_therapy.ended", "end of the earlier B12 treatment", "date", queries=MEDICATION_QUERIES, uses=("b12_therapy.past",))
def therapy_ended(facts: Facts) -> Fact:
    """The end of the bounds of the last course, else its last dose, else unknown."""
    past = facts["b12_therapy.past"]
    if not past.holds:
        return unknown(past.note) if past.is_unknown else absent()
    ended = facts.record.cobalamin_course(facts).ended
    return unknown("not stated") if ended is None else known(ended, *past.sources)


@fact("b12_therapy.last_dose", "last recorded dose of B12", "date", queries=MEDICATION_QUERIES)
def last_dose(facts: Facts) -> Fact:
    """The day of the newest recorded dose, given or dispensed, that counts as treatment."""
    course = facts.record.cobalamin_course(facts)
    if course.last_dose is not None:
        return known(course.last_dose, course.doses[-1].source)
    if has_unidentified_dose(facts.record):
        return unknown(UNIDENTIFIED)
    complete = facts.record.complete(*MEDICATION_QUERIES[2:])
    return absent() if complete else unknown("doses not all received")


@fact(
    "b12_therapy.lapsed", "lapsed B12 treatment", "category", values=("ended", "overdue"), queries=MEDICATION_QUERIES,
    uses=("b12_therapy.active", "b12_therapy.past", "b12_therapy.ended", "b12_therapy.route", "b12_therapy.interval"),
)  # fmt: skip
def therapy_lapsed(facts: Facts) -> Fact:
    """``ended``: an earlier course that ended more than {therapy.ends_soon} ago, or at an unknown time. ``overdue``: an active injection
    with a stated interval of which the last of two or more doses in {lapsed.doses_within} is older than {therapy.late_after_intervals}."""
    active = facts["b12_therapy.active"]
    if active.is_unknown:
        return unknown(active.note)
    if not active.value:
        ended = facts["b12_therapy.ended"]
        if facts["b12_therapy.past"].is_unknown:
            return unknown(facts["b12_therapy.past"].note)
        recent = ended.value is not None and ended.value >= facts.today - facts.site.days("therapy.ends_soon")
        return known("ended", *ended.sources) if facts["b12_therapy.past"].holds and not recent else absent()
    interval = facts["b12_therapy.interval"].value
    course = facts.record.cobalamin_course(facts)
    if not course.orders or facts["b12_therapy.route"].value != "parenteral" or interval is None:
        return absent()
    earliest = facts.today - facts.site.days("lapsed.doses_within")
    doses = [dose for dose in course.doses if dose.day >= earliest and dose.route in ("parenteral", None)]
    late = float(facts.site.number("therapy.late_after_intervals")) * interval
    overdue = len(doses) >= 2 and (facts.today - doses[-1].day).days > late
    if overdue and has_unidentified_dose(facts.record, since=doses[-1].day):
        return unknown(UNIDENTIFIED)
    return known("overdue", doses[-1].source) if overdue else absent()


@fact("b12_therapy.order", "order of B12 treatment", "reference", queries=MEDICATION_QUERIES, uses=("b12_therapy.active",))
def therapy_order(facts: Facts) -> Fact:
    """The one MedicationRequest that B12 treatment rests on, so that a change can name it; absent where it is not one."""
    orders = facts.record.cobalamin_course(facts).orders if facts["b12_therapy.active"].holds else ()
    if len(orders) == 1 and orders[0].reference.startswith("MedicationRequest/"):
        return known(orders[0].reference, orders[0].source)
    return absent()


@fact(
    "b12.other_treatment", "another B12 treatment beside the stopped one", session=True, queries=MEDICATION_QUERIES,
    uses=("b12_therapy.active", "session.b12"),
)  # fmt: skip
def other_treatment(facts: Facts) -> Fact:
    """A therapeutic cobalamin that this session does not stop, current or drafted."""
    drafted = facts["session.b12"]
    active = facts["b12_therapy.active"]
    if drafted.holds:
        return drafted
    stopped = {stop.reference for stop in facts.session.stops}
    others = [order for order in facts.record.cobalamin_course(facts).orders if order.reference not in stopped]
    if others:
        return known(True, *(order.source for order in others))
    return unknown(active.note or drafted.note) if active.is_unknown or drafted.is_unknown else known(False)


def _detail(facts: Facts, name: str) -> Fact:
    active = facts["b12_therapy.active"]
    if not active.holds:
        return unknown(active.note) if active.is_unknown else absent()
    value = getattr(facts.record.cobalamin_course(facts), name)
    return unknown("not stated") if value is None else known(value, *active.sources)


@fact(
    "b12.low_on_therapy", "B12 low on treatment", queries=("b12-results",),
    uses=("b12_therapy.active", "b12_therapy.start", "b12.total", "b12.active", "patient.pregnant"),
)  # fmt: skip
def low_on_therapy(facts: Facts) -> Fact:
    """Therapy begun {therapy.settled_after} ago or earlier, and the newest total (not in pregnancy) or active B12, drawn
    {therapy.settled_after} after its start or later, is in the deficient class."""
    active = facts["b12_therapy.active"]
    if not active.holds:
        return unknown(active.note) if active.is_unknown else known(False)
    start = facts["b12_therapy.start"]
    if start.value is None:
        return unknown("start of treatment not known")
    settled = start.value + facts.site.days("therapy.settled_after")
    if settled > facts.today:
        return known(False)
    names = ["b12.active"] if facts["patient.pregnant"].holds else ["b12.total", "b12.active"]
    for name in names:
        result = facts[name].value
        if result is not None and result.level == "deficient" and result.moment.day >= settled:
            return known(True, result.source)
    if all(facts[name].is_unknown for name in names):
        return unknown("B12 result not received")
    return known(False)


@fact(
    "b12_therapy.continues", "B12 treatment going on after this session", session=True, queries=MEDICATION_QUERIES,
    uses=("b12_therapy.active",),
)  # fmt: skip
def therapy_continues(facts: Facts) -> Fact:
    """B12 treatment is under way, and this session does not stop every order of it."""
    active = facts["b12_therapy.active"]
    if not active.holds or not facts.session.stops:
        return active
    orders = facts.record.cobalamin_course(facts).orders
    stopped = {stop.reference for stop in facts.session.stops}
    if orders and all(order.reference in stopped for order in orders):
        return known(False, *active.sources)
    return active


@fact("b12_therapy.covers", "effective B12 treatment", uses=("b12_therapy.continues", "b12.low_on_therapy"))
def therapy_covers(facts: Facts) -> Fact:
    """B12 treatment goes on, and B12 is not known to be low on it: folate is not given alone."""
    going_on = facts["b12_therapy.continues"]
    if going_on.holds and facts["b12.low_on_therapy"].holds:
        return known(False, *facts["b12.low_on_therapy"].sources)
    return going_on


@fact("b12.any_intake", "any B12 intake", queries=MEDICATION_QUERIES[:2])
def any_intake(facts: Facts) -> Fact:
    """A current order or statement of any cobalamin of any dose, or of a multivitamin."""
    return current_medication(facts, "hydroxocobalamin", "cyanocobalamin", "mecobalamin", "adenosylcobalamin", "cobalamin-combination")
