"""Facts about cobalamin therapy in the record."""

from __future__ import annotations

from .catalogue import Facts, fact
from .fact import Fact, absent, known, unknown
from .renal import current_medication
from .therapy import MEDICATION_QUERIES


@fact("b12_therapy.active", "B12 treatment under way", queries=MEDICATION_QUERIES, uses=("cause.dietary",))
def therapy_active(facts: Facts) -> Fact:
    """A current course of a single-agent cobalamin: parenteral, nasal, oral from 500 ug a day or unstated; or a dose
    within 120 days."""
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
    """Days between doses of the newest current order."""
    return _detail(facts, "interval")


@fact("b12_therapy.start", "start of B12 treatment", "date", queries=MEDICATION_QUERIES, uses=("b12_therapy.active",))
def therapy_start(facts: Facts) -> Fact:
    """The first day of the unbroken course."""
    return _detail(facts, "start")


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
    """Therapy begun 28 days ago or earlier, and the newest total (not in pregnancy) or active B12, drawn 28 days after
    its start or later, is in the deficient class."""
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
