"""Facts about cobalamin therapy in the record, and what this session makes of it (clinical specification, section 3.2)."""

from __future__ import annotations

from datetime import date

from ..fhir.dates import add_days
from ..fhir.dosage import SINGLE_DOSE
from .b12_treatment import STANDINGS, counts_as_therapy, is_after_loading, treatment_of
from .catalogue import Facts, fact
from .fact import Fact, absent, known, unknown
from .laboratory import Result
from .renal import current_medication
from .therapy import MEDICATION_QUERIES, Order
from .unidentified import UNIDENTIFIED, has_unidentified_dose, has_unidentified_order

# What decides whether doses count, whether an order that is yet to begin does, and whether a result ends a cover.
_JUDGED_BY = (
    "cause.dietary", "cause.lifelong", "neuro.involvement", "leber", "b12.total", "b12.active", "mma", "egfr", "patient.pregnant",
)  # fmt: skip


@fact("b12_therapy.active", "B12 treatment under way", queries=MEDICATION_QUERIES, uses=_JUDGED_BY)
def therapy_active(facts: Facts) -> Fact:
    """A single-agent cobalamin (parenteral, nasal, oral from {therapy.oral_from} or unstated) by an order that is in force; a
    dose within {therapy.dose_active_for}; or injections ordered until lately, which cover for {therapy.late_after_intervals}
    after the last scheduled dose, at least {therapy.cover_at_least}, unless a later result is deficient."""
    treatment = facts.record.b12_treatment(facts)
    if treatment.active is None:
        return unknown(treatment.note)
    evidence = treatment.orders or treatment.recent_doses or treatment.covering
    return known(treatment.active, *(item.source for item in evidence))


@fact("b12_therapy.standing", "how B12 treatment stands", "category", values=STANDINGS, queries=MEDICATION_QUERIES,
      uses=("b12_therapy.active",))  # fmt: skip
def therapy_standing(facts: Facts) -> Fact:
    """Running: an order is in force. Ordered: it began less than {therapy.new_for} ago, and no dose is recorded. Dose: a recorded dose
    covers. Ended-order: an order that has ended covers. Scheduled: nothing but an order that has ended or is yet to begin, no
    recorded dose, and no B12 above the middle range since. Past: an earlier course. None."""
    active = facts["b12_therapy.active"]
    standing = treatment_of(facts).standing
    if standing == "none" and (has_unidentified_order(facts.record) or has_unidentified_dose(facts.record)):
        return unknown(UNIDENTIFIED)
    return unknown(active.note) if active.is_unknown else known(standing, *active.sources)


@fact("b12_therapy.given", "B12 treatment that shows signs of being given", uses=("b12_therapy.active", "b12_therapy.standing"))
def therapy_given(facts: Facts) -> Fact:
    """B12 treatment is under way, and not merely ordered: it has run for {therapy.new_for}, a dose is recorded, or B12 has risen."""
    active = facts["b12_therapy.active"]
    if not active.holds:
        return active
    return known(facts["b12_therapy.standing"].value not in ("ordered", "scheduled"), *active.sources)


@fact("b12_therapy.route", "route of B12 treatment", "category", values=("parenteral", "oral", "nasal"),
      queries=MEDICATION_QUERIES, uses=("b12_therapy.active",))  # fmt: skip
def therapy_route(facts: Facts) -> Fact:
    """The route of the order that began last; where none is in force, of the one that covers or ended last, else of the dose."""
    return _detail(facts, "route")


@fact("b12_therapy.interval", "interval of B12 treatment", "number", unit="d", queries=MEDICATION_QUERIES,
      uses=("b12_therapy.active",))  # fmt: skip
def therapy_interval(facts: Facts) -> Fact:
    """Days between doses of the order that gives the route; absent where that is for a single dose."""
    interval = _detail(facts, "interval")
    return absent("a single dose") if interval.value == SINGLE_DOSE else interval


@fact("b12_therapy.start", "start of B12 treatment", "date", queries=MEDICATION_QUERIES, uses=("b12_therapy.active",))
def therapy_start(facts: Facts) -> Fact:
    """The first day of the unbroken course; a gap of more than {therapy.gap} ({therapy.late_after_intervals}, if longer) breaks it."""
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
    treatment = treatment_of(facts)
    if treatment.start is not None:
        return known(treatment.start, *active.sources)
    return absent() if treatment.standing == "none" else unknown(active.note or "not stated")


@fact("b12_therapy.latest_days", "days since the start of the latest B12 treatment", "number", unit="d", uses=("b12_therapy.latest_start",))
def latest_days(facts: Facts) -> Fact:
    """Days since the first day of the latest unbroken course, under way or ended."""
    start = facts["b12_therapy.latest_start"]
    return start if start.value is None else known((facts.today - start.value).days, *start.sources)


@fact("b12_therapy.past", "earlier B12 treatment", uses=("b12_therapy.active", "b12_therapy.standing"))
def therapy_past(facts: Facts) -> Fact:
    """An earlier course of B12 treatment, and none under way."""
    if facts["b12_therapy.active"].holds:
        return known(False)
    standing = facts["b12_therapy.standing"]
    return unknown(standing.note) if standing.is_unknown else known(standing.value == "past")


@fact("b12_therapy.ended", "end of the earlier B12 treatment", "date", queries=MEDICATION_QUERIES, uses=("b12_therapy.past",))
def therapy_ended(facts: Facts) -> Fact:
    """The end of the bounds of the last course, else its last dose, else unknown."""
    past = facts["b12_therapy.past"]
    if not past.holds:
        return unknown(past.note) if past.is_unknown else absent()
    ended = treatment_of(facts).ended
    return unknown("not stated") if ended is None else known(ended, *past.sources)


@fact("b12_therapy.last_dose", "last recorded dose of B12", "date", queries=MEDICATION_QUERIES, uses=("b12_therapy.active",))
def last_dose(facts: Facts) -> Fact:
    """The day of the newest recorded dose, given or dispensed, that counts as treatment."""
    doses = treatment_of(facts).doses
    if doses:
        return known(doses[-1].day, doses[-1].source)
    if has_unidentified_dose(facts.record):
        return unknown(UNIDENTIFIED)
    complete = facts.record.complete(*MEDICATION_QUERIES[2:])
    return absent() if complete else unknown("doses not all received")


@fact(
    "b12_therapy.lapsed", "lapsed B12 treatment", "category", values=("ended", "overdue"), queries=MEDICATION_QUERIES,
    uses=(
        "b12_therapy.active", "b12_therapy.past", "b12_therapy.ended", "b12_therapy.route", "b12_therapy.interval", "neuro.involvement",
    ),
)  # fmt: skip
def therapy_lapsed(facts: Facts) -> Fact:
    """``ended``: an earlier course that ended more than {therapy.ends_soon} ago, at an unknown time, or with neurological features at any
    time. ``overdue``: an active injection
    with a stated interval of which the last of two or more doses in {lapsed.doses_within} is older than
    {therapy.late_after_intervals}."""
    active = facts["b12_therapy.active"]
    if active.is_unknown:
        return unknown(active.note)
    if not active.value:
        ended = facts["b12_therapy.ended"]
        if facts["b12_therapy.past"].is_unknown:
            return unknown(facts["b12_therapy.past"].note)
        recent = ended.value is not None and ended.value >= facts.today - facts.site.days("therapy.ends_soon")
        lapsed = facts["b12_therapy.past"].holds and (not recent or facts["neuro.involvement"].holds)
        return known("ended", *ended.sources) if lapsed else absent()
    interval = facts["b12_therapy.interval"].value
    treatment = treatment_of(facts)
    if not _begun(facts) or facts["b12_therapy.route"].value != "parenteral" or interval is None:
        return absent()
    earliest = facts.today - facts.site.days("lapsed.doses_within")
    doses = [dose for dose in treatment.doses if dose.day >= earliest and dose.route in ("parenteral", None)]
    late = float(facts.site.number("therapy.late_after_intervals")) * interval
    overdue = len(doses) >= 2 and (facts.today - doses[-1].day).days > late
    if overdue and has_unidentified_dose(facts.record, since=doses[-1].day):
        return unknown(UNIDENTIFIED)
    return known("overdue", doses[-1].source) if overdue else absent()


def _begun(facts: Facts) -> list[Order]:
    """The orders in force that have begun."""
    return [order for order in treatment_of(facts).orders if order.begun(facts.today)]


@fact("b12_therapy.order", "order of B12 treatment", "reference", queries=MEDICATION_QUERIES, uses=("b12_therapy.active",))
def therapy_order(facts: Facts) -> Fact:
    """The one MedicationRequest that B12 treatment rests on and that has begun, so that a change can name it; absent where it
    is not one."""
    orders = treatment_of(facts).orders if facts["b12_therapy.active"].holds else ()
    if len(orders) == 1 and orders[0].reference.startswith("MedicationRequest/") and orders[0].begun(facts.today):
        return known(orders[0].reference, orders[0].source)
    return absent()


@fact("b12_therapy.cyanocobalamin", "cyanocobalamin under way", queries=MEDICATION_QUERIES, uses=("b12_therapy.active",))
def cyanocobalamin_under_way(facts: Facts) -> Fact:
    """An order or statement in force is for cyanocobalamin."""
    found = [order for order in treatment_of(facts).orders if order.product.cobalamin == "cyanocobalamin"]
    return known(bool(found), *(order.source for order in found))


@fact("b12_therapy.order_start", "start of the order of B12 treatment", "date", queries=MEDICATION_QUERIES,
      uses=("b12_therapy.active",))  # fmt: skip
def order_start(facts: Facts) -> Fact:
    """The first day of the order in force that began last; absent where none is in force."""
    active = facts["b12_therapy.active"]
    if not active.holds:
        return unknown(active.note) if active.is_unknown else absent()
    begun = _begun(facts)
    if not begun:
        return absent()
    last = begun[-1]
    return unknown("not stated") if last.start is None else known(last.start, last.source)


@fact("b12_therapy.planned_start", "start of the planned B12 treatment", "date", queries=MEDICATION_QUERIES,
      uses=("b12_therapy.active",))  # fmt: skip
def planned_start(facts: Facts) -> Fact:
    """The day on which an order is to begin that is too far ahead, or of another regimen than is due now, to count as
    treatment; absent where there is none."""
    planned = treatment_of(facts).planned
    return known(planned[0].start, *(order.source for order in planned)) if planned else absent()


@fact("b12_therapy.planned_order", "planned order of B12 treatment", "reference", queries=MEDICATION_QUERIES,
      uses=("b12_therapy.active",))  # fmt: skip
def planned_order(facts: Facts) -> Fact:
    """The one MedicationRequest of ``b12_therapy.planned_start``, so that a suggestion can take its place; absent where it is
    not one."""
    planned = treatment_of(facts).planned
    if len(planned) == 1 and planned[0].reference.startswith("MedicationRequest/"):
        return known(planned[0].reference, planned[0].source)
    return absent()


@fact("b12_therapy.after_loading", "loading course that ended lately", queries=MEDICATION_QUERIES,
      uses=("b12_therapy.active", *_JUDGED_BY))  # fmt: skip
def after_loading(facts: Facts) -> Fact:
    """A loading course by injection ended within {therapy.dose_active_for}, and no later result is deficient."""
    found = [order for order in treatment_of(facts).past if is_after_loading(order, facts)]
    return known(bool(found), *(order.source for order in found))


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
    others = _orders_not_stopped(facts)
    if others:
        return known(True, *(order.source for order in others))
    return unknown(active.note or drafted.note) if active.is_unknown or drafted.is_unknown else known(False)


def _orders_not_stopped(facts: Facts) -> list[Order]:
    stopped = {stop.reference for stop in facts.session.stops}
    return [order for order in treatment_of(facts).orders if order.reference not in stopped]


def _detail(facts: Facts, name: str) -> Fact:
    active = facts["b12_therapy.active"]
    if not active.holds:
        return unknown(active.note) if active.is_unknown else absent()
    value = getattr(treatment_of(facts), name)
    return unknown("not stated") if value is None else known(value, *active.sources)


@fact("b12_therapy.not_given", "ordered injections of B12 of which none is recorded as given", queries=MEDICATION_QUERIES,
      uses=("b12_therapy.active", "b12_therapy.order_start"))  # fmt: skip
def not_given(facts: Facts) -> Fact:
    """All orders in force are for injections, and no dose is recorded since the last of them began."""
    active, start = facts["b12_therapy.active"], facts["b12_therapy.order_start"].value
    if not active.holds:
        return unknown(active.note) if active.is_unknown else known(False)
    injections = all(order.phase_on(facts.today).route == "parenteral" for order in _begun(facts))
    given = start is None or any(dose.day >= start for dose in treatment_of(facts).doses)
    return known(injections and not given, *active.sources)


@fact(
    "b12.low_on_therapy", "B12 low on treatment", queries=("b12-results",),
    uses=(
        "b12_therapy.active", "b12_therapy.start", "b12_therapy.order_start", "b12_therapy.not_given", "b12.total", "b12.active",
        "patient.pregnant", "neuro.involvement",
    ),
)  # fmt: skip
def low_on_therapy(facts: Facts) -> Fact:
    """The newest total (not in pregnancy) or active B12 is in the deficient class although treatment is under way:
    drawn {therapy.settled_after} after its start or later; or, with neurological features, where only injections are
    ordered and no dose is recorded since the last order began, on a later day than that."""
    active = facts["b12_therapy.active"]
    if not active.holds:
        return unknown(active.note) if active.is_unknown else known(False)
    settled = _low_from(facts)
    if settled is None:
        return unknown("start of treatment not known")
    if settled > facts.today:
        return known(False)
    names = ["b12.active"] if facts["patient.pregnant"].holds else ["b12.total", "b12.active"]
    for name in names:
        result: Result | None = facts[name].value
        if result is not None and result.level == "deficient" and result.moment.day >= settled:
            return known(True, result.source)
    if all(facts[name].is_unknown for name in names):
        return unknown("B12 result not received")
    return known(False)


def _low_from(facts: Facts) -> date | None:
    """The first day on which a low result says that the treatment under way does not work."""
    days = [start + facts.site.days("therapy.settled_after") for start in [facts["b12_therapy.start"].value] if start is not None]
    if facts["neuro.involvement"].holds and facts["b12_therapy.not_given"].holds:
        days.append(add_days(facts["b12_therapy.order_start"].value, 1))
    return min(days, default=None)


@fact(
    "b12_therapy.stopped", "B12 treatment that this session stops", session=True, queries=MEDICATION_QUERIES,
    uses=("b12_therapy.active", "cause.dietary", "cause.lifelong"),
)  # fmt: skip
def therapy_stopped(facts: Facts) -> Fact:
    """This session stops a cobalamin that treats deficiency, and no other order or statement of one is known to run."""
    stops = [stop for stop in facts.session.stops if stop.product.cobalamin]
    therapeutic = [stop for stop in stops if counts_as_therapy(stop.phase.route, stop.phase.daily, facts, stopping=True)]
    if not therapeutic or _orders_not_stopped(facts):
        return known(False)
    return known(True, *(stop.source for stop in therapeutic))


@fact(
    "b12_therapy.counts_for_folate", "B12 treatment that protects beside folate", session=True,
    uses=("b12_therapy.active", "b12_therapy.standing", "b12_therapy.stopped"),
)  # fmt: skip
def counts_for_folate(facts: Facts) -> Fact:
    """B12 treatment is under way, is not only scheduled, and this session does not stop it."""
    active = facts["b12_therapy.active"]
    if not active.holds:
        return active
    if facts["b12_therapy.standing"].value == "scheduled" or facts["b12_therapy.stopped"].holds:
        return known(False, *active.sources)
    return active


@fact("b12_therapy.covers", "effective B12 treatment", uses=("b12_therapy.counts_for_folate", "b12.low_on_therapy"))
def therapy_covers(facts: Facts) -> Fact:
    """B12 treatment protects beside folate, and B12 is not known to be low on it: folate is not given alone."""
    going_on = facts["b12_therapy.counts_for_folate"]
    if going_on.holds and facts["b12.low_on_therapy"].holds:
        return known(False, *facts["b12.low_on_therapy"].sources)
    return going_on


_COBALAMINS = ("hydroxocobalamin", "cyanocobalamin", "mecobalamin", "adenosylcobalamin", "cobalamin-combination")


@fact("b12.any_intake", "any B12 intake", queries=MEDICATION_QUERIES)
def any_intake(facts: Facts) -> Fact:
    """A current order or statement, which has begun, of any cobalamin of any dose or of a multivitamin; or a dose given within
    {therapy.dose_active_for}."""
    first = facts.today - facts.site.days("therapy.dose_active_for")
    given = [dose for dose in facts.record.doses if first <= dose.day <= facts.today and dose.product.has_cobalamin]
    if given:
        return known(True, *(dose.source for dose in given))
    ordered = current_medication(facts, *_COBALAMINS, begun=True)
    if ordered.holds or ordered.is_unknown:
        return ordered
    if has_unidentified_dose(facts.record, since=first):
        return unknown(UNIDENTIFIED)
    if not facts.record.complete(*MEDICATION_QUERIES):
        return unknown("medications not all received")
    return known(False)
