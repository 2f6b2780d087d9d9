"""The regimen that FHIR ``Dosage`` elements state: dose, route, interval and bounds, phase by phase."""

from __future__ import annotations

import math
import re
from datetime import date, tzinfo
from decimal import Decimal
from typing import Any, NamedTuple

from .dates import Moment, add_days, duration_days, parse_day, parse_moment, quantity_days
from .json_shape import as_dict, as_number, as_text, codings, dicts, texts
from .medication import Product, Strength

SINGLE_DOSE = math.inf

_ROUTES = {
    ("http://snomed.info/sct", "78421000"): "parenteral",  # intramuscular
    ("http://snomed.info/sct", "34206005"): "parenteral",  # subcutaneous
    ("http://snomed.info/sct", "47625008"): "parenteral",  # intravenous
    ("http://snomed.info/sct", "26643006"): "oral",
    ("http://snomed.info/sct", "37839007"): "oral",  # sublingual
    ("http://snomed.info/sct", "54471007"): "oral",  # buccal
    ("http://snomed.info/sct", "46713006"): "nasal",
}
_INTRAMUSCULAR = re.compile(r"intra-?muscular|\bi\.?m\b")
_ROUTE_NAMES = (
    ("parenteral", re.compile(r"intra-?muscular|subcutaneous|intravenous|subcut|subq|parenteral|\bi\.?m\b|\bs\.?[cq]\b|\bi\.?v\b|inject")),
    ("nasal", re.compile(r"nasal")),
    ("oral", re.compile(r"oral|mouth|\bp\.?o\b|sublingual|buccal")),
)  # fmt: skip
_FORMS = (
    ("parenteral", re.compile(r"inject|ampoule|\bamp\b|vial|prefilled syringe|parenteral")),
    ("nasal", re.compile(r"nasal")),
    ("oral", re.compile(r"tablet|capsule|oral|lozenge|sublingual|chewable|\btab\b|\bcap\b")),
)
_GTS = "http://terminology.hl7.org/CodeSystem/v3-GTSAbbreviation"
# days between doses
_TIMING_CODES = {
    "QD": 1.0, "AM": 1.0, "PM": 1.0, "BED": 1.0, "BID": 1 / 2, "TID": 1 / 3, "QID": 1 / 4, "QOD": 2.0, "Q1H": 1 / 24,
    "Q2H": 1 / 12, "Q3H": 1 / 8, "Q4H": 1 / 6, "Q6H": 1 / 4, "Q8H": 1 / 3, "WK": 7.0, "MO": 365.25 / 12,
}  # fmt: skip
# HL7 EventTiming: at, before or after each meal, however many there are.
_EVERY_MEAL = frozenset({"C", "AC", "PC"})
_MASS_UNITS = {"mg": Decimal(1000), "ug": Decimal(1), "mcg": Decimal(1), "g": Decimal(1_000_000)}
_MASS_WORD = re.compile(r"(micro|milli)gram(?:me)?(?:s|\(s\))?")
_VOLUME_UNITS = frozenset({"ml", "milliliter", "millilitre", "milliliters", "millilitres", "cm3"})
_COUNT_UNITS = re.compile(r"\{?(?:tbl|tab|tablet|cap|capsule|pill|lozenge)(?:s|\(s\))?\}?|1|unit|\{unit\}|\[?dose\]?")


class Phase(NamedTuple):
    """One dosage phase. Doses in micrograms, ``interval`` in days between doses (infinite for a single dose).

    ``None`` is unstated. ``duration`` in days, where bounded; ``start`` and ``end`` where dated.
    """

    dose: Decimal | None
    route: str | None
    intramuscular: bool
    interval: float | None
    start: date | None
    end: date | None
    duration: float | None

    @property
    def daily(self) -> Decimal | None:
        """Mean micrograms a day, or ``None`` where the dose or the interval is unstated."""
        if self.dose is None or self.interval is None:
            return None
        return Decimal(0) if self.interval == SINGLE_DOSE else self.dose / Decimal(str(self.interval))


def read_phases(dosages: Any, product: Product, zone: tzinfo) -> tuple[Phase, ...]:
    """The phases of a ``dosageInstruction`` (or ``dosage``) list, in sequence; one unstated phase where there is none.

    Instructions of one sequence number run at the same time (FHIR R4, ``Dosage.sequence``), as do those of none that never
    end: they are one phase where their route and bounds are the same.
    """
    phases: list[Phase] = []
    previous = math.inf
    for dosage in sorted(dicts(dosages), key=_sequence):
        phase, sequence = _phase(dosage, product, zone), _sequence(dosage)
        if phases and sequence == previous and _at_the_same_time(phases[-1], phase, numbered=sequence < math.inf):
            phases[-1] = _together(phases[-1], phase)
        else:
            phases.append(phase)
        previous = sequence
    return tuple(phases) or (_phase({}, product, zone),)


def _at_the_same_time(first: Phase, second: Phase, *, numbered: bool) -> bool:
    if not numbered and (first.end is not None or first.duration is not None):
        return False
    return (first.route, first.start, first.end, first.duration) == (second.route, second.start, second.end, second.duration)


def _together(first: Phase, second: Phase) -> Phase:
    """Two concurrent phases as one of the same doses a day; no dose where either leaves its dose or interval unstated.

    Of a stated and an unstated interval (as needed, say) the stated one stands: doses come at least so often.
    """
    if first.interval is None or second.interval is None:
        return first._replace(dose=None, interval=first.interval or second.interval)
    rate = 1 / first.interval + 1 / second.interval
    interval = 1 / rate if rate else SINGLE_DOSE
    if first.dose is None or second.dose is None or first.daily is None or second.daily is None:
        return first._replace(dose=None, interval=interval)
    dose = (first.daily + second.daily) * Decimal(str(interval)) if rate else first.dose + second.dose
    return first._replace(dose=dose, interval=interval)


def _sequence(dosage: dict[str, Any]) -> float:
    sequence = as_number(dosage.get("sequence"))
    return math.inf if sequence is None else sequence


def _phase(dosage: dict[str, Any], product: Product, zone: tzinfo) -> Phase:
    timing = as_dict(dosage.get("timing"))
    repeat = as_dict(timing.get("repeat"))
    period = as_dict(repeat.get("boundsPeriod"))
    length = quantity_days(repeat.get("boundsDuration")) or quantity_days(as_dict(repeat.get("boundsRange")).get("high"))
    start, end = parse_day(period.get("start"), zone), parse_day(period.get("end"), zone)
    events = _events(timing, zone)
    if events and not repeat:
        start, end = events[0].day, events[-1].day
    route, intramuscular = _route(dosage.get("route"), product)
    as_needed = dosage.get("asNeededBoolean") is True or bool(as_dict(dosage.get("asNeededCodeableConcept")))
    interval = None if as_needed else _interval(timing, repeat, events)
    if length is None and interval is not None and interval != SINGLE_DOSE:
        length = _length_of_count(repeat, interval)
    if start and not end and length:
        end = add_days(start, length)
    return Phase(_dose(dosage, product.strength), route, intramuscular, interval, start, end, length)


def _route(concept: Any, product: Product) -> tuple[str | None, bool]:
    """The route, and whether it is intramuscular (an injectable product without route counts as such)."""
    keys, names = codings(concept), " ".join(texts(concept)).lower()
    for key in keys:
        if key in _ROUTES:
            return _ROUTES[key], key[1] == "78421000"
    for route, pattern in _ROUTE_NAMES:
        if names and pattern.search(names):
            return route, bool(_INTRAMUSCULAR.search(names))
    if keys or names:
        return None, False
    described = product.described.lower()
    for route, pattern in _FORMS:
        if pattern.search(described):
            return route, route == "parenteral"
    if product.strength is not None and product.strength.per_ml and product.cobalamin:
        return "parenteral", True
    # Hydroxocobalamin is made for injection; without a route or form it is taken so.
    return ("parenteral", True) if product.cobalamin == "hydroxocobalamin" else (None, False)


def _events(timing: dict[str, Any], zone: tzinfo) -> list[Moment]:
    """The times that a timing lists one by one, ascending."""
    events = timing.get("event")
    return sorted(filter(None, (parse_moment(event, zone) for event in events))) if isinstance(events, list) else []


def _interval(timing: dict[str, Any], repeat: dict[str, Any], events: list[Moment]) -> float | None:
    if repeat.get("count") == 1 and "countMax" not in repeat:
        return SINGLE_DOSE
    period = duration_days(repeat.get("period"), repeat.get("periodUnit"))
    longest = duration_days(repeat.get("periodMax"), repeat.get("periodUnit"))
    named_days, times = _length(repeat.get("dayOfWeek")), _times_of_day(repeat)
    if period:
        frequency = _frequency(repeat, times)
        if named_days and period <= 1:  # every day or more often, yet on these days alone
            period, longest = 7 * period / named_days, None
        return (period + (longest or period)) / 2 / frequency if frequency else None
    if named_days:
        return 7 / named_days / (times or 1)
    if times:
        return 1 / times
    for coding in dicts(as_dict(timing.get("code")).get("coding")):
        if coding.get("system", _GTS) == _GTS and coding.get("code") in _TIMING_CODES:
            return _TIMING_CODES[coding["code"]]
    if len(events) == 1:
        return SINGLE_DOSE
    if len(events) > 1:
        return (events[-1].instant - events[0].instant).total_seconds() / 86400 / (len(events) - 1) or None
    return None


def _times_of_day(repeat: dict[str, Any]) -> int:
    """How many times of a day are named (by the clock, or as morning and night); 0 for none, and for "with meals"."""
    when = repeat.get("when")
    if isinstance(when, list) and not _EVERY_MEAL.intersection(item for item in when if isinstance(item, str)):
        return _length(repeat.get("timeOfDay")) or len(when)
    return _length(repeat.get("timeOfDay"))


def _length(value: Any) -> int:
    return len(value) if isinstance(value, list) else 0


def _length_of_count(repeat: dict[str, Any], interval: float) -> float | None:
    """Days that a stated number of doses lasts, at most."""
    count = as_number(repeat.get("countMax")) or as_number(repeat.get("count"))
    return count * interval if count and count > 0 else None


def _frequency(repeat: dict[str, Any], times: int) -> float | None:
    """Doses in a period: the mean of ``frequency`` and ``frequencyMax``; where neither is stated, the ``times`` of a day that
    are named, else 1; ``None`` where one is no number."""
    stated = [as_number(repeat[name]) or 0 for name in ("frequency", "frequencyMax") if repeat.get(name) is not None]
    if not stated:
        return float(times or 1)
    return sum(stated) / len(stated) if min(stated) > 0 else None


def _dose(dosage: dict[str, Any], strength: Strength | None) -> Decimal | None:
    """One dose in micrograms, or ``None`` where it is unstated or cannot be worked out."""
    stated = [*dicts(dosage.get("doseAndRate")), dosage]
    for quantity in (*(item.get("doseQuantity") for item in stated), dosage.get("dose")):
        if _is_number(quantity):
            return _micrograms(quantity, strength)
    for ends in (as_dict(item.get("doseRange")) for item in stated):
        if _is_number(ends.get("low")) and _is_number(ends.get("high")):
            low, high = _micrograms(ends["low"], strength), _micrograms(ends["high"], strength)
            return None if low is None or high is None else (low + high) / 2
    return None


def _is_number(quantity: Any) -> bool:
    """Whether a Quantity states one number."""
    quantity = as_dict(quantity)
    return as_number(quantity.get("value")) is not None and not quantity.get("comparator")


def _micrograms(quantity: Any, strength: Strength | None) -> Decimal | None:
    """A dose by the code and the printed name of its unit, of which one may be none of ours (SNOMED CT's code for a tablet,
    say); ``None`` where they disagree."""
    quantity = as_dict(quantity)
    stated = [as_text(quantity.get("code")), as_text(quantity.get("unit"))]
    units = [unit.lower() for unit in stated if unit] or [""]
    sizes = {size for size in (_size(unit, strength) for unit in units) if size is not None}
    return Decimal(str(quantity["value"])) * sizes.pop() if len(sizes) == 1 else None


def _size(unit: str, strength: Strength | None) -> Decimal | None:
    """Micrograms in one unit, of mass or of a product of ``strength``; no unit is a piece."""
    unit = unit.replace("\u00b5", "u").replace("\u03bc", "u")
    if word := _MASS_WORD.fullmatch(unit):
        unit = "ug" if word[1] == "micro" else "mg"
    if unit in _MASS_UNITS:
        return _MASS_UNITS[unit]
    if strength is None:
        return None
    if strength.per_ml:
        return strength.micrograms if unit in _VOLUME_UNITS else None
    return strength.micrograms if not unit or _COUNT_UNITS.fullmatch(unit) else None
