"""The regimen that FHIR ``Dosage`` elements state: dose, route, interval and
bounds, phase by phase."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, tzinfo
from decimal import Decimal
from typing import NamedTuple

from .code_systems import V3_TIMES, canonical_system
from .dates import (
    Moment,
    add_days,
    duration_days,
    first_day,
    last_day,
    parse_moment,
    quantity_days,
)
from .medication import Product, Strength
from .product import ANTIDOTE_FROM, COBALAMINS
from .r4 import (
    AdministrationDosage,
    CodeableConcept,
    Dosage,
    DoseAndRate,
    Quantity,
    Timing,
    TimingRepeat,
)
from .routes import stated_route
from .strength import micrograms_in

SINGLE_DOSE = math.inf
_NO_TIMING, _NO_REPEAT = Timing(), TimingRepeat()
# No regimen has so many instructions, times or amounts. Longer lists are not read, because each
# item takes long to read for its few bytes.
MOST_INSTRUCTIONS = 200
MOST_AMOUNTS = 50
_MOST_TIMES = 1000
_MOST_DOSES = 1e6  # a greater number is no count of doses, whatever the period

_AS_NEEDED = re.compile(
    r"\bp\.?r\.?n\b|as (?:needed|required)|when (?:needed|required)|if (?:needed|required)"
)
# days between doses
_TIMING_CODES = {
    "QD": 1.0, "AM": 1.0, "PM": 1.0, "BED": 1.0, "BID": 1 / 2, "TID": 1 / 3, "QID": 1 / 4,
    "QOD": 2.0, "Q1H": 1 / 24,
    "Q2H": 1 / 12, "Q3H": 1 / 8, "Q4H": 1 / 6, "Q6H": 1 / 4, "Q8H": 1 / 3, "WK": 7.0,
    "MO": 365.25 / 12,
}  # fmt: skip
# HL7 EventTiming: at, before or after each meal, without the number of meals.
_EVERY_MEAL = frozenset({"C", "AC", "PC"})


class Phase(NamedTuple):
    """One dosage phase, with the dose in micrograms and ``interval`` as the days between doses
    (infinite for a single dose).

    ``None`` means unstated. ``duration``: in days, if the phase is bounded. ``start`` and ``end``:
    if it is dated. ``doses``: their number, if it is stated.
    """

    dose: Decimal | None
    route: str | None
    intramuscular: bool
    interval: float | None
    start: date | None
    end: date | None
    duration: float | None
    doses: float | None = None

    @property
    def daily(self) -> Decimal | None:
        """Mean micrograms a day, or ``None`` where the dose or the interval is unstated."""
        if self.dose is None or self.interval is None:
            return None
        return (
            Decimal(0) if self.interval == SINGLE_DOSE else self.dose / Decimal(str(self.interval))
        )


def read_phases(dosages: Sequence[Dosage], product: Product, zone: tzinfo) -> tuple[Phase, ...]:
    """The phases of a ``dosageInstruction`` (or ``dosage``) list, in sequence. An empty list makes
    one phase of an empty ``Dosage``.

    Instructions with one sequence number run at the same time (FHIR R4, ``Dosage.sequence``), and
    so do instructions without a number that never end. If their route and bounds are the same,
    they are one phase.
    """
    phases: list[Phase] = []
    previous = math.inf
    if len(dosages) > 1:
        dosages = sorted(dosages if len(dosages) <= MOST_INSTRUCTIONS else (), key=_sequence)
    for dosage in dosages:
        phase, sequence = _phase(dosage, product, zone), _sequence(dosage)
        if (
            phases
            and sequence == previous
            and _at_the_same_time(phases[-1], phase, numbered=sequence < math.inf)
        ):
            phases[-1] = _together(phases[-1], phase)
        else:
            phases.append(phase)
        previous = sequence
    return tuple(phases) or (_phase(Dosage(), product, zone),)


def product_as_used(product: Product, phases: Sequence[Phase]) -> Product:
    """``product``, corrected by its dose and route. Hydroxocobalamin by the gram is the antidote to
    cyanide. A cobalamin that is taken neither by mouth, injection nor nose, such as eye drops or a
    cream, treats no deficiency."""
    if product.cobalamin == "hydroxocobalamin" and any(
        phase.dose is not None and phase.dose >= ANTIDOTE_FROM for phase in phases
    ):
        agents = product.agents - COBALAMINS | {"cobalamin-antidote"}
        return replace(product, agents=agents, cobalamins=frozenset())
    elsewhere = bool(product.cobalamin) and all(phase.route == "other" for phase in phases)
    return replace(product, applied_elsewhere=True) if elsewhere else product


def read_dose_given(dosage: AdministrationDosage | None, product: Product, zone: tzinfo) -> Phase:
    """The route and the amount of a single administered dose."""
    stated = dosage or AdministrationDosage()
    return _phase(Dosage(route=stated.route, doseQuantity=stated.dose), product, zone)


def _at_the_same_time(first: Phase, second: Phase, *, numbered: bool) -> bool:
    if not numbered and (first.end is not None or first.duration is not None):
        return False
    return (first.route, first.start, first.end, first.duration) == (
        second.route,
        second.start,
        second.end,
        second.duration,
    )


def _together(first: Phase, second: Phase) -> Phase:
    """Two concurrent phases as one with the same amount a day; without a dose if either phase
    leaves its dose or interval unstated.

    If only one phase states its interval (the other may be as needed), that interval is kept:
    doses come at least so often.
    """
    if first.interval is None or second.interval is None:
        return first._replace(dose=None, interval=first.interval or second.interval)
    rate = 1 / first.interval + 1 / second.interval
    interval = 1 / rate if rate else SINGLE_DOSE
    if first.dose is None or second.dose is None or first.daily is None or second.daily is None:
        return first._replace(dose=None, interval=interval)
    dose = (
        (first.daily + second.daily) * Decimal(str(interval)) if rate else first.dose + second.dose
    )
    return first._replace(dose=dose, interval=interval)


def _sequence(dosage: Dosage) -> float:
    return math.inf if dosage.sequence is None else dosage.sequence


def _phase(dosage: Dosage, product: Product, zone: tzinfo) -> Phase:
    timing = dosage.timing or _NO_TIMING
    repeat = timing.repeat or _NO_REPEAT
    length = quantity_days(repeat.boundsDuration)
    if length is None and repeat.boundsRange is not None:
        length = quantity_days(repeat.boundsRange.high)
    start, end = first_day(repeat.boundsPeriod, zone), last_day(repeat.boundsPeriod, zone)
    events = _events(timing, zone) if timing.event else []
    if events and timing.repeat is None:
        start, end = events[0].day, events[-1].day
    route, intramuscular = _route(dosage.route, product)
    as_needed = dosage.asNeededBoolean is True or dosage.asNeededCodeableConcept is not None
    interval = None if as_needed else _interval(timing, repeat, events)
    doses = _count(repeat)
    counted = (
        doses * interval if doses and interval is not None and interval != SINGLE_DOSE else None
    )
    if start and not end and (length or counted):
        # The last of n doses comes n - 1 intervals after the first.
        end = add_days(start, length or (counted or 0) - (interval or 0))
    length = length or counted
    dose = _dose(dosage, product.strength)
    if route == "oral" and not as_needed and product.is_solid:
        dose, interval = _one_a_day(dosage, product.strength, dose, interval)
    return Phase(dose, route, intramuscular, interval, start, end, length, doses)


def _one_a_day(
    dosage: Dosage, strength: Strength | None, dose: Decimal | None, interval: float | None
) -> tuple[Decimal | None, float | None]:
    """Dose and interval, with the default of a solid oral form (one unit, once a day) for each that
    is not stated."""
    if dose is None and strength is not None and not strength.per_ml and not _states_dose(dosage):
        dose = strength.micrograms
    if dose is not None and interval is None and not _states_frequency(dosage):
        interval = 1.0
    return dose, interval


def _states_frequency(dosage: Dosage) -> bool:
    """Whether the structure of a dosage states, readably or not, how often a dose is taken, or its
    text says that it is taken as needed."""
    timing = dosage.timing or _NO_TIMING
    repeat = timing.repeat or _NO_REPEAT
    return (
        repeat.frequency is not None
        or repeat.frequencyMax is not None
        or repeat.period is not None
        or repeat.periodMax is not None
        or bool(repeat.periodUnit or repeat.dayOfWeek or repeat.timeOfDay or repeat.when)
        or bool(timing.event or (timing.code is not None and timing.code.coding))
        or bool(dosage.text and _AS_NEEDED.search(dosage.text.lower()))
    )


def _states_dose(dosage: Dosage) -> bool:
    """Whether a dose is stated in any form, even in one that cannot be computed."""
    return any(
        item.doseQuantity is not None or item.doseRange is not None
        for item in stated_amounts(dosage)
    )


def _route(concept: CodeableConcept | None, product: Product) -> tuple[str | None, bool]:
    """The route, and whether it is intramuscular. An injectable product without a readable route
    counts as intramuscular."""
    keys, names = (concept.codings, concept.names) if concept else ([], [])
    if route := stated_route(keys, names):
        return route
    made_for = product.made_for
    # A product dosed by the millilitre is injected, and hydroxocobalamin is made for injection.
    by_volume = product.strength is not None and product.strength.per_ml and product.cobalamin
    if made_for is None and (by_volume or product.cobalamin == "hydroxocobalamin"):
        return "parenteral", True
    if made_for is None or (made_for.way not in ("parenteral", "other") and (keys or names)):
        return None, False
    return made_for


def _events(timing: Timing, zone: tzinfo) -> list[Moment]:
    """The times that a timing lists, ascending."""
    events = timing.event if len(timing.event) <= _MOST_TIMES else ()
    return sorted(filter(None, (parse_moment(event, zone) for event in events)))


def _interval(timing: Timing, repeat: TimingRepeat, events: list[Moment]) -> float | None:
    if repeat.count == 1 and repeat.countMax is None:
        return SINGLE_DOSE
    period = duration_days(repeat.period, repeat.periodUnit)
    longest = duration_days(repeat.periodMax, repeat.periodUnit)
    named_days, times = len(repeat.dayOfWeek), _times_of_day(repeat)
    if period:
        frequency = _frequency(repeat, times)
        if named_days and period <= 1:  # every day or more often, but only on these days
            period, longest = 7 * period / named_days, None
        return (period + (longest or period)) / 2 / frequency if frequency else None
    if named_days:
        return 7 / named_days / (times or 1)
    if times:
        return 1 / times
    for coding in timing.code.coding if timing.code else ():
        if canonical_system(coding.system) in (V3_TIMES, "") and coding.code in _TIMING_CODES:
            return _TIMING_CODES[coding.code]
    if len(events) == 1:
        return SINGLE_DOSE
    if len(events) > 1:
        return (events[-1].instant - events[0].instant).total_seconds() / 86400 / (
            len(events) - 1
        ) or None
    return None


def _times_of_day(repeat: TimingRepeat) -> int:
    """The number of times of day that are named (by the clock, or as morning and night); 0 for
    none. "With meals" does not count."""
    if repeat.when and _EVERY_MEAL.isdisjoint(repeat.when):
        return len(repeat.timeOfDay) or len(repeat.when)
    return len(repeat.timeOfDay)


def _count(repeat: TimingRepeat) -> float | None:
    """The stated number of doses; of a range, the greatest."""
    count = repeat.count if repeat.countMax is None else repeat.countMax
    return count if count and 0 < count < _MOST_DOSES else None


def _frequency(repeat: TimingRepeat, times: int) -> float | None:
    """Doses in a period: the mean of ``frequency`` and ``frequencyMax``. If neither is stated, the
    ``times`` of day that are named, else 1. ``None`` if one of them cannot be a number of doses."""
    stated = [number for number in (repeat.frequency, repeat.frequencyMax) if number is not None]
    if not stated:
        return float(times or 1)
    return sum(stated) / len(stated) if min(stated) > 0 and max(stated) < _MOST_DOSES else None


def stated_amounts(dosage: Dosage) -> list[DoseAndRate | Dosage]:
    """The places where a dosage may state its dose: ``doseAndRate``, and in STU3 the dosage."""
    return [*dosage.doseAndRate, dosage]


def _dose(dosage: Dosage, strength: Strength | None) -> Decimal | None:
    """One dose in micrograms, or ``None`` if it is unstated or cannot be computed.

    Of several amounts (as tablets and as a mass, say) the first that can be computed counts.
    """
    stated = stated_amounts(dosage)
    for item in stated:
        if (amount := _micrograms(item.doseQuantity, strength)) is not None:
            return amount
    for item in stated:
        ends = item.doseRange
        if ends is not None and _number(ends.low) is not None and _number(ends.high) is not None:
            low, high = _micrograms(ends.low, strength), _micrograms(ends.high, strength)
            return None if low is None or high is None else (low + high) / 2
    return None


def _number(quantity: Quantity | None) -> Decimal | None:
    """The number of a Quantity without a comparator."""
    return quantity.number if quantity is not None and not quantity.comparator else None


def _micrograms(quantity: Quantity | None, strength: Strength | None) -> Decimal | None:
    """A dose in micrograms, from the code and the printed name of its unit. One of the two may be
    unknown here (the code of SNOMED CT for a tablet, for instance). ``None`` if they disagree."""
    number = _number(quantity)
    if quantity is None or number is None:
        return None
    units = [unit for unit in (quantity.code, quantity.unit) if unit.strip()] or [""]
    sizes = {size for unit in units if (size := micrograms_in(unit, strength)) is not None}
    return number * sizes.pop() if len(sizes) == 1 else None
