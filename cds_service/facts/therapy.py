"""Medication orders and doses in the record: their statuses and bounds (clinical specification,
section 2)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta, tzinfo
from decimal import Decimal
from typing import Any, NamedTuple

from ..fhir.dates import add_days, first_day, last_day, parse_day
from ..fhir.dosage import (
    MOST_AMOUNTS,
    MOST_INSTRUCTIONS,
    Phase,
    product_as_used,
    read_dose_given,
    read_phases,
    stated_amounts,
)
from ..fhir.index import ResourceIndex
from ..fhir.medication import Product, product_of
from ..fhir.product import ANTIFOLATES, dose_matters
from ..fhir.r4 import (
    Dosage,
    DoseAndRate,
    MedicationAdministration,
    MedicationDispense,
    MedicationRequest,
    MedicationStatement,
    OfMedication,
    Period,
)
from ..fhir.references import target_of
from .fact import Source
from .order_end import end_of_phases, states_end
from .site import Site

MEDICATION_QUERIES = (
    "medication-requests",
    "medication-statements",
    "medication-administrations",
    "medication-dispenses",
)
# If one of these elements cannot be read, it is not known whether a medication is taken, or which.
_DECIDING = (
    "status",
    "intent",
    "doNotPerform",
    "medicationCodeableConcept",
    "medicationReference",
    "contained",
)
_ORDER_INTENTS = frozenset(
    {"order", "original-order", "reflex-order", "filler-order", "instance-order"}
)
_NO_ORDER_INTENTS = frozenset({"proposal", "plan", "option"})
# The codes of R4, "" for none. Any other code has no meaning.
_INTENTS = _ORDER_INTENTS | _NO_ORDER_INTENTS | {""}
_CURRENT = {
    "MedicationRequest": frozenset({"active"}),
    "MedicationStatement": frozenset({"active", "intended"}),
}
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
    "MedicationDispense": frozenset(
        {
            "preparation",
            "in-progress",
            "cancelled",
            "on-hold",
            "entered-in-error",
            "stopped",
            "declined",
        }
    ),
}


# An order that begins later is not current treatment (clinical specification, section 2).
BEGINS_WITHIN = timedelta(days=14)


class Order(NamedTuple):
    """A medication order or statement. ``running``: its status is a current one (its bounds are
    judged by day).

    ``completed``: its status says that it was carried out in full. ``reports``: the orders that a
    statement rests on.
    """

    product: Product
    running: bool
    phases: tuple[Phase, ...]
    start: date | None
    end: date | None
    reference: str
    completed: bool = False
    reports: frozenset[str] = frozenset()

    def current(self, today: date) -> bool:
        """Whether the order is in force on ``today``; one that begins more than 14
        days ahead is not."""
        if self.start is not None and self.start > today + BEGINS_WITHIN:
            return False
        return self.running and (self.end is None or self.end >= today)

    def begun(self, today: date) -> bool:
        """Whether its first day has come; an order without a start has begun."""
        return self.start is None or self.start <= today

    def phase_on(self, today: date) -> Phase:
        """The phase in force on ``today``: the first that has not ended, or that has no end. If it
        is not known when a phase of some days began, what it and the later ones have in common."""
        begin = self.start
        for number, phase in enumerate(self.phases[:-1]):
            begin = phase.start or begin
            if begin is not None and phase.duration is not None:
                begin = add_days(begin, phase.duration)
            elif phase.end is not None:
                begin = add_days(phase.end, 1)
            elif phase.duration is not None:
                return _in_common(self.phases[number:])
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
    """A dose given or dispensed on a day. ``amount``: in micrograms, per day if dispensed."""

    product: Product
    day: date
    route: str | None
    amount: Decimal | None
    reference: str

    @property
    def source(self) -> Source:
        """The provenance of a fact that rests on this dose."""
        return Source(self.reference, self.day, self.product.source_text)


def read_order(
    resource: MedicationRequest | MedicationStatement, index: ResourceIndex, site: Site
) -> Order | None:
    """A MedicationRequest or MedicationStatement as an order; ``None`` if it is no evidence or of
    none of our agents.

    Raises ``ValueError`` if it cannot be read: its list then proves no drug absent.
    """
    if resource.status in _NO_EVIDENCE:
        return None
    if isinstance(resource, MedicationRequest) and (
        resource.doNotPerform is True or not _is_ordered_or_reported(resource)
    ):
        return None
    product = product_of(resource, index, site.terminology)
    if product.identified and not product.agents:
        return None
    running = resource.status in _CURRENT[resource.kind]
    known_status = running or resource.status in _PAST[resource.kind]
    known_intent = isinstance(resource, MedicationStatement) or resource.intent in _INTENTS
    _refuse_untold(resource, known_status=known_status and known_intent)
    zone = site.zone
    dosages, period, stated = _stated_use(resource, zone)
    _refuse_untold_dosage(resource, dosages, product)
    phases = read_phases(dosages, product, zone)
    start = phases[0].start or stated
    end = last_day(period, zone) or end_of_phases(phases, start)
    if running and end is None and states_end(dosages, period, resource.malformed):
        _refuse_untold_end(product)
    return Order(
        product_as_used(product, phases),
        running,
        phases,
        start,
        end,
        resource.relative,
        resource.status == "completed",
        _reported_references(resource),
    )


def _stated_use(
    resource: MedicationRequest | MedicationStatement, zone: tzinfo
) -> tuple[Sequence[Dosage], Period | None, date | None]:
    """The dosages of an order or statement, the period of a statement, and the day from which it
    holds if the dosages name none."""
    if isinstance(resource, MedicationRequest):
        return resource.dosageInstruction, None, parse_day(resource.authoredOn, zone)
    period = resource.effectivePeriod
    begun = period.start if period is not None else ""
    days = (begun, resource.effectiveDateTime, resource.dateAsserted)
    # A day that is stated but cannot be read is not the next one that is stated.
    stated = next((parse_day(day, zone) for day in days if day.strip()), None)
    return resource.dosage, period, stated


def _reported_references(
    resource: MedicationRequest | MedicationStatement,
) -> frozenset[str]:
    if isinstance(resource, MedicationRequest):
        return frozenset()
    return frozenset(filter(None, map(target_of, (*resource.basedOn, *resource.derivedFrom))))


def _refuse_untold(resource: OfMedication, *, known_status: bool) -> None:
    """Raises ``ValueError`` unless it is clear whether the patient takes a medication, and which: a
    status ``unknown`` does not mean "not taken"."""
    if not known_status or resource.is_modified or resource.lacks_part_of(_DECIDING):
        raise ValueError("a medication that may not be taken, or cannot be identified")


def _refuse_untold_dosage(
    resource: OfMedication, dosages: Sequence[Dosage], product: Product
) -> None:
    """Raises ``ValueError`` if the dosage of a cobalamin or a folate cannot be read; for other
    drugs the dosage does not matter."""
    if not dose_matters(product):
        return
    if any(place.startswith(("dosage", "effective")) for place in resource.malformed) or are_untold(
        dosages
    ):
        raise ValueError("a dosage that cannot be read")


def _refuse_untold_end(product: Product) -> None:
    """Raises ``ValueError`` if a card is silent, or suggests less, while ``product`` is taken. What
    only speaks for a danger, such as an anticoagulant, counts as taken."""
    if dose_matters(product) or not product.agents.isdisjoint(ANTIFOLATES):
        raise ValueError("an order whose end cannot be told")


def are_untold(dosages: Sequence[Dosage]) -> bool:
    """Whether the regimen cannot be read from its dosages: one of them is unreadable, or they are
    more than any regimen has."""
    return len(dosages) > MOST_INSTRUCTIONS or any(map(_is_untold, dosages))


def _is_untold(dosage: Dosage) -> bool:
    """Whether a dosage has a dose that is not a number, more amounts than any dosage, or a modifier
    that may change its meaning."""
    if (
        len(dosage.doseAndRate) > MOST_AMOUNTS
        or dosage.modifierExtension
        or (dosage.timing is not None and dosage.timing.modifierExtension)
    ):
        return True
    return any(map(_is_untold_amount, stated_amounts(dosage)))


def _is_untold_amount(stated: Dosage | DoseAndRate) -> bool:
    amount, ends = stated.doseQuantity, stated.doseRange
    if amount is not None and amount.is_untold:
        return True
    return ends is not None and any(
        end is not None and end.is_untold for end in (ends.low, ends.high)
    )


def _is_ordered_or_reported(request: MedicationRequest) -> bool:
    """Whether a MedicationRequest says what the patient takes: an order, or the plan by which US
    Core records a drug that the patient reports."""
    if request.intent == "plan":
        return request.reportedBoolean is True or request.reportedReference is not None
    return request.intent not in _NO_ORDER_INTENTS


def _in_common(phases: Sequence[Phase]) -> Phase:
    """The dose, route and interval that all ``phases`` have, each unstated if they differ."""

    def shared(name: str) -> Any:
        values = {getattr(phase, name) for phase in phases}
        return values.pop() if len(values) == 1 else None

    return Phase(
        shared("dose"),
        shared("route"),
        bool(shared("intramuscular")),
        shared("interval"),
        start=None,
        end=None,
        duration=None,
    )


def read_dose(
    resource: MedicationAdministration | MedicationDispense, index: ResourceIndex, site: Site
) -> Dose | None:
    """A MedicationAdministration or MedicationDispense as a dose at its time, or ``None`` if it is
    no evidence.

    Raises ``ValueError`` if it cannot be read, or if what is or may be a cobalamin has no date: the
    dose may be recent, so that its list proves no drug absent.
    """
    if resource.status in _NOT_GIVEN[resource.kind]:
        return None
    product = product_of(resource, index, site.terminology)
    if product.identified and not product.agents:
        return None
    _refuse_untold(resource, known_status=resource.status in _GIVEN[resource.kind])
    zone = site.zone
    if isinstance(resource, MedicationAdministration):
        period, stated = resource.effectivePeriod, resource.effectiveDateTime
        day = parse_day(stated, zone) or first_day(period, zone) or last_day(period, zone)
        _refuse_untold_dosage(resource, (), product)
        _refuse_untold_dose(resource)
        phase = read_dose_given(resource.dosage, product, zone)
        amount = phase.dose
    else:
        day = parse_day(resource.whenHandedOver, zone) or parse_day(resource.whenPrepared, zone)
        _refuse_untold_dosage(resource, resource.dosageInstruction, product)
        phase = read_phases(resource.dosageInstruction, product, zone)[0]
        amount = phase.daily
    product = product_as_used(product, (phase,))
    if day is not None:
        return Dose(product, day, phase.route, amount, resource.relative)
    if product.cobalamin or not product.identified:
        raise ValueError("a dose without a date")
    return None


def _refuse_untold_dose(resource: MedicationAdministration) -> None:
    given = resource.dosage
    if given is None:
        return
    if given.modifierExtension or (given.dose is not None and given.dose.is_untold):
        raise ValueError("a dosage that cannot be read")


def replaced_references(request: MedicationRequest) -> frozenset[str]:
    """The orders that a draft continues, by its priorPrescription and basedOn."""
    return frozenset(filter(None, map(target_of, (request.priorPrescription, *request.basedOn))))
