"""Cobalamin and other drug therapy in the record: orders, doses, and the course that they make up.

Statuses, bounds and gaps: clinical specification, sections 2 and 3 (``b12_therapy.active``).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from ..fhir.dates import add_days, first_day, last_day, parse_day
from ..fhir.dosage import MOST_AMOUNTS, MOST_INSTRUCTIONS, SINGLE_DOSE, Phase, read_dose_given, read_phases
from ..fhir.index import ResourceIndex
from ..fhir.medication import Product, product_of
from ..fhir.product import dose_matters
from ..fhir.r4 import (
    Dosage,
    MedicationAdministration,
    MedicationDispense,
    MedicationRequest,
    MedicationStatement,
    OfMedication,
)
from ..fhir.references import target_of
from .fact import Source
from .site import Site
from .unidentified import UNIDENTIFIED, has_unidentified_current, has_unidentified_dose

if TYPE_CHECKING:
    from .catalogue import Facts

MEDICATION_QUERIES = (
    "medication-requests", "medication-statements", "medication-administrations", "medication-dispenses",
)  # fmt: skip
# Without these it is not known whether a medication is taken, or which.
_DECIDING = ("status", "intent", "doNotPerform", "medicationCodeableConcept", "medicationReference", "contained")
_ORDER_INTENTS = frozenset({"order", "original-order", "reflex-order", "filler-order", "instance-order"})
_CURRENT = {"MedicationRequest": frozenset({"active"}), "MedicationStatement": frozenset({"active", "intended"})}
_PAST = {
    "MedicationRequest": frozenset({"completed", "stopped", "cancelled", "on-hold"}),
    "MedicationStatement": frozenset({"completed", "stopped", "on-hold"}),
}
_NO_EVIDENCE = frozenset({"draft", "entered-in-error", "not-taken"})
_GIVEN = {
    "MedicationAdministration": frozenset({"completed", "in-progress"}),
    "MedicationDispense": frozenset({"completed"}),
}
_NOT_GIVEN = {
    "MedicationAdministration": frozenset({"not-done", "on-hold", "entered-in-error", "stopped"}),
    "MedicationDispense": frozenset({"preparation", "in-progress", "cancelled", "on-hold", "entered-in-error", "stopped", "declined"}),
}


class Order(NamedTuple):
    """A medication order or statement. ``running``: its status says current (bounds are judged by day)."""

    product: Product
    running: bool
    phases: tuple[Phase, ...]
    start: date | None
    end: date | None
    reference: str

    def current(self, today: date) -> bool:
        """Whether the order is in force on ``today``."""
        return self.running and (self.end is None or self.end >= today)

    def phase_on(self, today: date) -> Phase:
        """The phase that runs on ``today``; the last one where the dates do not say."""
        begin = self.start
        for phase in self.phases[:-1]:
            begin = phase.start or begin
            if begin is not None and phase.duration is not None:
                begin = add_days(begin, phase.duration)
            elif phase.end is not None:
                begin = add_days(phase.end, 1)
            else:
                return phase
            if today < begin:
                return phase
        return self.phases[-1]

    @property
    def source(self) -> Source:
        """The provenance of a fact that rests on this order."""
        return Source(self.reference, self.start, self.product.source_text)


class Dose(NamedTuple):
    """A dose given or dispensed on a day. ``amount`` in micrograms (a day's, where dispensed)."""

    product: Product
    day: date
    route: str | None
    amount: Decimal | None
    reference: str

    @property
    def source(self) -> Source:
        """The provenance of a fact that rests on this dose."""
        return Source(self.reference, self.day, self.product.source_text)


class Span(NamedTuple):
    """Days of therapy; a next span that begins more than ``gap`` days after ``end`` is a new course."""

    start: date
    end: date
    gap: float


class CobalaminCourse(NamedTuple):
    """The cobalamin therapy of a record. ``active`` is ``None`` where it is not known.

    ``interval`` in days; ``start`` of the unbroken course; ``ended`` of the last course, where none is active;
    ``spans``: all dated therapy up to today, by start.
    """

    active: bool | None
    orders: tuple[Order, ...]
    doses: tuple[Dose, ...]
    recent_doses: tuple[Dose, ...]
    route: str | None
    interval: float | None
    start: date | None
    last_dose: date | None
    past: bool
    ended: date | None
    spans: tuple[Span, ...]
    note: str


def read_order(resource: MedicationRequest | MedicationStatement, index: ResourceIndex, site: Site) -> Order | None:
    """A MedicationRequest or MedicationStatement as an order; ``None`` where it is no evidence or none of our agents.

    ``ValueError`` where it cannot be told: its list then proves nothing absent.
    """
    if resource.status in _NO_EVIDENCE:
        return None
    if isinstance(resource, MedicationRequest) and (resource.doNotPerform is True or not _is_ordered_or_reported(resource)):
        return None
    product = product_of(resource, index, site.terminology)
    if product.identified and not product.agents:
        return None
    running = resource.status in _CURRENT[resource.kind]
    _refuse_untold(resource, known_status=running or resource.status in _PAST[resource.kind])
    zone = site.zone
    if isinstance(resource, MedicationRequest):
        dosages, period = resource.dosageInstruction, None
        stated = parse_day(resource.authoredOn, zone)
    else:
        dosages, period = resource.dosage, resource.effectivePeriod
        stated = first_day(period, zone) or parse_day(resource.effectiveDateTime, zone) or parse_day(resource.dateAsserted, zone)
    _refuse_untold_dosage(resource, dosages, product)
    phases = read_phases(dosages, product, zone)
    start = phases[0].start or stated
    end = last_day(period, zone) or _end(phases, start)
    return Order(product, running, phases, start, end, resource.relative)


def _refuse_untold(resource: OfMedication, *, known_status: bool) -> None:
    """That it can be read whether, and of what, a resource says that it is taken: a status ``unknown`` is not "none"."""
    if not known_status or resource.is_modified or any(place.partition(".")[0] in _DECIDING for place in resource.malformed):
        raise ValueError("a medication that cannot be told")


def _refuse_untold_dosage(resource: OfMedication, dosages: Sequence[Dosage], product: Product) -> None:
    """That the dosage of a cobalamin or a folate can be read; of other drugs it does not matter."""
    if not dose_matters(product):
        return
    if any(place.startswith(("dosage", "effective")) for place in resource.malformed) or are_untold(dosages):
        raise ValueError("a dosage that cannot be told")


def are_untold(dosages: Sequence[Dosage]) -> bool:
    """Whether a regimen cannot be told from its dosages: by any of them, or because no regimen has so many."""
    return len(dosages) > MOST_INSTRUCTIONS or any(map(_is_untold, dosages))


def _is_untold(dosage: Dosage) -> bool:
    """Whether a dosage states a dose that is no number, or something that the service does not know may change its meaning."""
    if (
        len(dosage.doseAndRate) > MOST_AMOUNTS
        or dosage.modifierExtension
        or (dosage.timing is not None and dosage.timing.modifierExtension)
    ):
        return True
    doses = [(dosage.doseQuantity, dosage.doseRange), *((item.doseQuantity, item.doseRange) for item in dosage.doseAndRate)]
    stated = [quantity for quantity, ends in doses for quantity in (quantity, *((ends.low, ends.high) if ends else ()))]
    return any(quantity is not None and quantity.is_untold for quantity in stated)


def _is_ordered_or_reported(request: MedicationRequest) -> bool:
    """Whether a MedicationRequest tells what is taken: an order, or the plan by which US Core records a drug that the patient reports."""
    if request.intent == "plan":
        return request.reportedBoolean is True or request.reportedReference is not None
    return not request.intent or request.intent in _ORDER_INTENTS


def _end(phases: tuple[Phase, ...], start: date | None) -> date | None:
    """The last day of the last phase, where every phase is bounded."""
    day = start
    for phase in phases:
        day = phase.start or day
        if phase.end is not None:
            day = phase.end
        elif phase.duration is not None and day is not None:
            day = add_days(day, phase.duration)
        elif phase.interval == SINGLE_DOSE and day is not None:
            continue
        else:
            return None
    return day


def read_dose(resource: MedicationAdministration | MedicationDispense, index: ResourceIndex, site: Site) -> Dose | None:
    """A MedicationAdministration or MedicationDispense as a dose at its time, or ``None`` where it is no evidence.

    ``ValueError`` where it cannot be told, and without a date for what is or may be a cobalamin: it may be recent, so that its
    list proves nothing absent.
    """
    if resource.status in _NOT_GIVEN[resource.kind]:
        return None
    product = product_of(resource, index, site.terminology)
    if product.identified and not product.agents:
        return None
    _refuse_untold(resource, known_status=resource.status in _GIVEN[resource.kind])
    zone = site.zone
    if isinstance(resource, MedicationAdministration):
        period = resource.effectivePeriod
        day = parse_day(resource.effectiveDateTime, zone) or first_day(period, zone) or last_day(period, zone)
        _refuse_untold_dosage(resource, (), product)
        given = resource.dosage
        if given is not None and (given.modifierExtension or (given.dose is not None and given.dose.is_untold)):
            raise ValueError("a dosage that cannot be told")
        phase = read_dose_given(resource.dosage, product, zone)
        amount = phase.dose
    else:
        day = parse_day(resource.whenHandedOver, zone) or parse_day(resource.whenPrepared, zone)
        _refuse_untold_dosage(resource, resource.dosageInstruction, product)
        phase = read_phases(resource.dosageInstruction, product, zone)[0]
        amount = phase.daily
    if day is not None:
        return Dose(product, day, phase.route, amount, resource.relative)
    if product.cobalamin or not product.identified:
        raise ValueError("a dose without a date")
    return None


def counts_as_therapy(route: str | None, daily: Decimal | None, facts: Facts) -> bool | None:
    """Whether a single-agent cobalamin of ``daily`` micrograms treats deficiency; ``None`` where that cannot be said.

    Parenteral and nasal do; oral from the parameter's dose, or unstated; without a known route a small dose stays open.
    """
    if route in ("parenteral", "nasal") or daily is None:
        return True
    dietary = facts.site.number("therapy.oral_from_dietary")
    threshold = facts.site.number("therapy.oral_from")
    if dietary < threshold and daily < threshold and facts["cause.dietary"].holds:
        threshold = dietary
    if daily >= threshold:
        return True
    return False if route == "oral" else None


def cobalamin_course(facts: Facts) -> CobalaminCourse:
    """Work out the cobalamin therapy of the record: whether one is active, since when, and what ran before."""
    record, today = facts.record, facts.today
    orders = [order for order in record.orders if order.product.cobalamin]
    judged = [
        (order, counts_as_therapy(phase.route, phase.daily, facts))
        for order in orders
        for phase in (order.phase_on(today) if order.current(today) else order.phases[0],)
    ]
    therapy = [order for order, counts in judged if counts]
    current = sorted((order for order in therapy if order.current(today)), key=lambda order: (order.start or date.min, order.reference))
    first_recent = today - facts.site.days("therapy.dose_active_for")
    doses = sorted(
        (
            dose
            for dose in record.doses
            if dose.product.cobalamin and dose.day <= today and counts_as_therapy(dose.route, dose.amount, facts)
        ),
        key=lambda dose: (dose.day, dose.reference),
    )
    recent = [dose for dose in doses if dose.day >= first_recent]
    active, note = _active(facts, bool(current or recent), judged, first_recent)
    spans = _spans(therapy, doses, today, facts.site)
    phase = current[-1].phase_on(today) if current else None
    undated = any(order.start is None for order in current)
    ends = [order.end or (doses[-1].day if doses else None) for order in therapy if not order.current(today)]
    return CobalaminCourse(
        active=active,
        orders=tuple(current),
        doses=tuple(doses),
        recent_doses=tuple(recent),
        route=phase.route if phase else (recent[-1].route if recent else None),
        interval=phase.interval if phase else None,
        start=None if undated or not active else course_start(spans),
        last_dose=doses[-1].day if doses else None,
        past=not current and not recent and bool(therapy or doses),
        ended=max((end for end in ends if end is not None), default=doses[-1].day if doses else None),
        spans=spans,
        note=note,
    )


def _active(facts: Facts, evidence: bool, judged: Iterable[tuple[Order, bool | None]], first_recent: date) -> tuple[bool | None, str]:
    if evidence:
        return True, ""
    if any(counts is None and order.current(facts.today) for order, counts in judged):
        return None, "a cobalamin order whose route is not stated"
    if has_unidentified_current(facts.record, facts.today) or has_unidentified_dose(facts.record, since=first_recent):
        return None, UNIDENTIFIED
    if not facts.record.complete(*MEDICATION_QUERIES):
        return None, "medications not all received"
    return False, ""


def order_spans(orders: Iterable[Order], agent: Callable[[Order], str], today: date, site: Site) -> list[Span]:
    """The days that dated orders cover up to ``today``; an order without bounds runs until the next one of its agent."""
    dated = [order for order in orders if order.start is not None]
    begins: dict[str, list[date]] = {}
    for order in sorted(dated, key=lambda order: order.start or date.min):
        assert order.start is not None
        begins.setdefault(agent(order), []).append(order.start)
    spans = []
    for order in dated:
        assert order.start is not None
        if order.start <= today:
            gap = allowed_gap(order.phases[-1].interval, site)
            spans.append(Span(order.start, _last_day(order, begins[agent(order)], today), gap))
    return spans


def allowed_gap(interval: float | None, site: Site) -> float:
    """How many days may lie between an order with doses every ``interval`` days and the next part of its course."""
    shortest = float(site.number("therapy.gap"))
    if not interval or interval == SINGLE_DOSE:
        return shortest
    return max(shortest, float(site.number("therapy.late_after_intervals")) * interval)


def _spans(therapy: list[Order], doses: list[Dose], today: date, site: Site) -> tuple[Span, ...]:
    gap, unstated = (float(site.number(name)) for name in ("therapy.gap", "therapy.gap_unstated"))
    spans = [Span(dose.day, dose.day, unstated if dose.route == "parenteral" else gap) for dose in doses]
    return tuple(sorted(spans + order_spans(therapy, lambda order: order.product.cobalamin, today, site)))


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


def _last_day(order: Order, begins: list[date], today: date) -> date:
    """The end of an order's span; without bounds it runs until the next one of the same drug begins.

    ``begins``: the days on which orders of the drug begin, ascending.
    """
    assert order.start is not None
    if order.current(today):
        return today
    if order.end is not None:
        return min(max(order.end, order.start), today)
    following = bisect_right(begins, order.start)
    return begins[following] if following < len(begins) else order.start


def replaced_references(request: MedicationRequest) -> frozenset[str]:
    """The orders that a draft names as the ones it continues: priorPrescription and basedOn."""
    return frozenset(filter(None, map(target_of, (request.priorPrescription, *request.basedOn))))
