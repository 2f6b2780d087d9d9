"""The regimen that FHIR ``Dosage`` elements state: dose, route, interval and bounds, phase by phase."""

from __future__ import annotations

import math
import re
from datetime import date, tzinfo
from decimal import Decimal
from typing import Any, NamedTuple

from .dates import add_days, duration_days, parse_day, parse_moment
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
_INTRAMUSCULAR = re.compile(r"intramuscular|\bi\.?m\b")
_ROUTE_NAMES = (
    ("parenteral", re.compile(r"intramuscular|subcutaneous|intravenous|subcut|parenteral|\bi\.?m\b|\bs\.?c\b|\bi\.?v\b|inject")),
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
_MASS_UNITS = {"mg": Decimal(1000), "ug": Decimal(1), "mcg": Decimal(1), "g": Decimal(1_000_000)}
_VOLUME_UNITS = frozenset({"ml", "milliliter", "millilitre", "milliliters", "millilitres", "cm3"})
_COUNT_UNITS = re.compile(r"\{?(?:tbl|tab|tabs|tablet|cap|caps|capsule|pill|lozenge)s?\}?|1|unit|\{unit\}|\[?dose\]?")


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
    """The phases of a ``dosageInstruction`` (or ``dosage``) list, in sequence; one unstated phase where there is none."""
    ordered = sorted(enumerate(dicts(dosages)), key=lambda item: (_sequence(item[1]), item[0]))
    phases = tuple(_phase(dosage, product, zone) for _, dosage in ordered)
    return phases or (_phase({}, product, zone),)


def _sequence(dosage: dict[str, Any]) -> float:
    sequence = as_number(dosage.get("sequence"))
    return math.inf if sequence is None else sequence


def _phase(dosage: dict[str, Any], product: Product, zone: tzinfo) -> Phase:
    timing = as_dict(dosage.get("timing"))
    repeat = as_dict(timing.get("repeat"))
    period = as_dict(repeat.get("boundsPeriod"))
    duration = as_dict(repeat.get("boundsDuration"))
    length = duration_days(duration.get("value"), duration.get("code") or duration.get("unit"))
    start, end = parse_day(period.get("start"), zone), parse_day(period.get("end"), zone)
    route, intramuscular = _route(dosage.get("route"), product)
    as_needed = dosage.get("asNeededBoolean") is True or bool(as_dict(dosage.get("asNeededCodeableConcept")))
    interval = None if as_needed else _interval(timing, repeat, zone)
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
    label = product.label.lower()
    for route, pattern in _FORMS:
        if pattern.search(label):
            return route, route == "parenteral"
    if product.strength is not None and product.strength.per_ml and product.cobalamin:
        return "parenteral", True
    # Hydroxocobalamin is made for injection; without a route or form it is taken so.
    return ("parenteral", True) if product.cobalamin == "hydroxocobalamin" else (None, False)


def _interval(timing: dict[str, Any], repeat: dict[str, Any], zone: tzinfo) -> float | None:
    if repeat.get("count") == 1 and "countMax" not in repeat:
        return SINGLE_DOSE
    period = duration_days(repeat.get("period"), repeat.get("periodUnit"))
    longest = duration_days(repeat.get("periodMax"), repeat.get("periodUnit"))
    days, times = repeat.get("dayOfWeek"), repeat.get("timeOfDay")
    named_days = len(days) if isinstance(days, list) else 0
    if period:
        frequency = _frequency(repeat)
        if named_days and period <= 1:  # every day or more often, yet on these days alone
            period, longest = 7 * period / named_days, None
        return (period + (longest or period)) / 2 / frequency if frequency else None
    if named_days:
        return 7 / named_days / (len(times) if isinstance(times, list) and times else 1)
    if isinstance(times, list) and times:
        return 1 / len(times)
    for coding in dicts(as_dict(timing.get("code")).get("coding")):
        if coding.get("system", _GTS) == _GTS and coding.get("code") in _TIMING_CODES:
            return _TIMING_CODES[coding["code"]]
    events = timing.get("event")
    moments = sorted(filter(None, (parse_moment(event, zone) for event in events))) if isinstance(events, list) else []
    if len(moments) == 1:
        return SINGLE_DOSE
    if len(moments) > 1:
        return (moments[-1].instant - moments[0].instant).total_seconds() / 86400 / (len(moments) - 1) or None
    return None


def _length_of_count(repeat: dict[str, Any], interval: float) -> float | None:
    """Days that a stated number of doses lasts, at most."""
    count = as_number(repeat.get("countMax")) or as_number(repeat.get("count"))
    return count * interval if count and count > 0 else None


def _frequency(repeat: dict[str, Any]) -> float | None:
    """Doses in a period: the mean of ``frequency`` and ``frequencyMax``, 1 where neither is stated; ``None`` where one is no number."""
    stated = [as_number(repeat[name]) or 0 for name in ("frequency", "frequencyMax") if repeat.get(name) is not None]
    if not stated:
        return 1.0
    return sum(stated) / len(stated) if min(stated) > 0 else None


def _dose(dosage: dict[str, Any], strength: Strength | None) -> Decimal | None:
    """One dose in micrograms, or ``None`` where it is unstated or cannot be worked out."""
    candidates = [dose.get("doseQuantity") for dose in dicts(dosage.get("doseAndRate"))]
    for quantity in (*candidates, dosage.get("doseQuantity"), dosage.get("dose")):
        quantity = as_dict(quantity)
        value = as_number(quantity.get("value"))
        if value is None or quantity.get("comparator"):
            continue
        return _micrograms(Decimal(str(value)), quantity, strength)
    return None


def _micrograms(value: Decimal, quantity: dict[str, Any], strength: Strength | None) -> Decimal | None:
    """A dose by the code of its unit or, where that is none of ours (SNOMED CT's for a tablet, say), by the printed unit."""
    stated = [as_text(quantity.get("code")), as_text(quantity.get("unit"))]
    sizes = (_size(unit.lower(), strength) for unit in stated if unit) if any(stated) else (_size("", strength),)
    return next((value * size for size in sizes if size is not None), None)


def _size(unit: str, strength: Strength | None) -> Decimal | None:
    """Micrograms in one unit, of mass or of a product of ``strength``; no unit is a piece."""
    unit = unit.replace("\u00b5", "u").replace("\u03bc", "u")
    if unit.startswith("microgram"):
        unit = "ug"
    if unit in _MASS_UNITS:
        return _MASS_UNITS[unit]
    if strength is None:
        return None
    if strength.per_ml:
        return strength.micrograms if unit in _VOLUME_UNITS else None
    return strength.micrograms if not unit or _COUNT_UNITS.fullmatch(unit) else None
