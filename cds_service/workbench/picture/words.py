"""Puts numbers, doses and intervals into words for the picture, and cleans texts of the record."""

from __future__ import annotations

import math
import re
from decimal import Decimal

from ...fhir.dosage import SINGLE_DOSE, Phase
from ...fhir.interval import Interval
from ...rendering.card_text import one_line
from ...rules.written_units import written

LONGEST = 60
# Characters that XML forbids (XML 1.0, production 2) and that one_line does not remove.
_NOT_XML = re.compile(r"[\ud800-\udfff\ufffe\uffff]")
_DIGITS = 4
_LARGE, _SMALL = Decimal(10) ** 7, Decimal(10) ** -4
_MOST_PHASES = 3
_ROUTES = {"parenteral": "by injection", "oral": "by mouth", "nasal": "nasal"}
_WEEK, _MONTH, _YEAR = 7.0, 365.25 / 12, 365.25
_COUNTS = {1: "once", 2: "twice"}
_TOLERANCE = 0.02
# The tolerance for months and years, because intervals are whole days: 91 days are 3 months.
_HALF_A_DAY = 0.5


def from_record(text: str, limit: int = LONGEST) -> str:
    """A text of the record on one line of at most ``limit`` characters, without invisible
    characters, and with units as people write them."""
    return one_line(written(_NOT_XML.sub("", text[: 4 * limit])), limit)


def unit_words(unit: str) -> str:
    """A UCUM unit as people write it: ``µmol/L``."""
    return f"µ{unit[1:]}" if unit.startswith("u") else unit


def number_words(value: Decimal) -> str:
    """A number with as many digits as a reader needs: ``180``, ``4.25``, ``1.2e+09``."""
    if value and not _SMALL <= abs(value) < _LARGE:
        return f"{value:.1e}"
    places = max(0, _DIGITS - 1 - value.adjusted()) if value else 0
    text = f"{value:.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def interval_words(interval: Interval) -> str:
    """A result's value with its comparator: ``180``, ``<150``, ``≥2000``."""
    value = interval.low if interval.low is not None else interval.high
    if value is None:
        return ""
    if interval.point is not None:
        return number_words(value)
    sign = (
        (">" if interval.low_open else "≥")
        if interval.high is None
        else ("<" if interval.high_open else "≤")
    )
    return f"{sign}{number_words(value)}"


def amount_words(micrograms: Decimal | None) -> str:
    """A dose in words: ``1 mg``, ``250 micrograms``, ``dose not stated``."""
    if micrograms is None:
        return "dose not stated"
    if micrograms >= 1000:
        return f"{number_words(micrograms / 1000)} mg"
    return f"{number_words(micrograms)} microgram{'' if micrograms == 1 else 's'}"


def route_words(phase_route: str | None, *, intramuscular: bool = False) -> str:
    """A route in words: ``by injection``, ``route not stated``."""
    if intramuscular:
        return "intramuscular"
    return _ROUTES.get(phase_route or "", "route not stated")


def rhythm_words(interval: float | None) -> str:
    """The days between doses in words: ``daily``, ``3 times a week``, ``every 3 months``."""
    if interval is None:
        return "frequency not stated"
    if interval == SINGLE_DOSE:
        return "once"
    if interval < 1 - _TOLERANCE:
        return _so_often(1 / interval if interval else math.inf, "day") or "several times a day"
    if _is_near(interval, 1):
        return "daily"
    if _is_near(interval, 2):
        return "on alternate days"
    if interval < _WEEK and (told := _so_often(_WEEK / interval, "week")):
        return told
    for length, unit in ((_YEAR, "year"), (_MONTH, "month"), (_WEEK, "week")):
        if told := _every(interval, length, unit):
            return told
    return f"every {number_words(Decimal(round(interval)))} days"


def _is_near(value: float, whole: float) -> bool:
    return abs(value - whole) <= _TOLERANCE * whole


def _so_often(times: float, unit: str) -> str:
    """``3 times a week``; ``""`` if the number of times is not a small whole number."""
    if not times < 25 or not _is_near(times, round(times)):
        return ""
    return f"{_COUNTS.get(round(times), f'{round(times)} times')} a {unit}"


def _every(interval: float, length: float, unit: str) -> str:
    count = round(interval / length)
    if count < 1 or abs(interval - count * length) > (1e-6 if unit == "week" else _HALF_A_DAY):
        return ""
    return f"every {unit}" if count == 1 else f"every {count} {unit}s"


def phase_words(phase: Phase) -> str:
    """A phase of a regimen in words: ``1 mg 3 times a week for 14 days``."""
    between = ", " if phase.dose is None or phase.interval is None else " "
    told = f"{amount_words(phase.dose)}{between}{rhythm_words(phase.interval)}"
    if phase.doses:
        return f"{told}, {phase.doses:g} dose{'' if phase.doses == 1 else 's'}"
    return f"{told} for {length_words(phase.duration)}" if phase.duration else told


def length_words(days: float) -> str:
    """A length of time in words: ``14 days``, ``6 weeks``, ``3 months``."""
    for length, unit in ((_YEAR, "year"), (_MONTH, "month"), (_WEEK, "week")):
        count = round(days / length)
        if count >= 1 and days >= 2 * _WEEK and abs(days - count * length) <= _HALF_A_DAY:
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return f"{number_words(Decimal(round(days)))} day{'' if round(days) == 1 else 's'}"


def regimen_words(phases: tuple[Phase, ...]) -> str:
    """The phases of a regimen in words, in order; further phases are only counted."""
    told = [phase_words(phase) for phase in phases[:_MOST_PHASES]]
    more = len(phases) - len(told)
    return ", then ".join([*told, f"{more} more phases"] if more else told)
