"""The numbers that a text states, and whether one of them is a parameter's: ``24 months`` is 730 days, ``0.4 mg`` 400 micrograms."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import NamedTuple

from cds_service.rules.card_set import ParameterEntry
from cds_service.rules.card_texts import PLACEHOLDER

_WORDS = {
    "a": 1,
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "eight": 8,
    "ten": 10,
    "twelve": 12,
}
_TIMES = {"day": 1.0, "week": 7.0, "month": 30.4375, "year": 365.25}
_MASSES = {"ug": 1.0, "microgram": 1.0, "mcg": 1.0, "mg": 1000.0}
_TIME, _MASS, _BARE = "time", "mass", ""
# A number in a name, a code or a date ("B12", "82810-3", "E53.8") is none of a limit.
_NUMBER = re.compile(
    r"(?<![\w.\-/])(?P<number>\d+(?:\.\d+)?|(?:a|one|two|three|four|five|six|eight|ten|twelve)(?= (?:day|week|month|year)s?\b))"
    r"(?!\d|\.\d|-\d)\s*(?P<unit>10\*9/L|[A-Za-zµ%]+(?:/[\w.{}]+)*)?"
)
# How often guidance or an order gives a dose is no limit of ours, though 3 months are the 90 days of some window.
_OF_A_REGIMEN = re.compile(r"\bevery (?:\d+ to )?\Z")
# Differences within which a round number of months or years means the same as days.
_APART = 0.02


class Stated(NamedTuple):
    """A number in a text: in days or micrograms, in another ``unit``, or bare."""

    unit: str
    number: float
    shown: str


def stated(text: str) -> Iterator[Stated]:
    """The numbers of ``text`` that are not filled in by a placeholder."""
    text = PLACEHOLDER.sub("", text)
    for match in _NUMBER.finditer(text):
        number = float(_WORDS.get(match["number"]) or match["number"])
        unit = match["unit"] or ""
        singular = unit.lower().removesuffix("s")
        shown = match[0].strip()
        if singular == "month" and _OF_A_REGIMEN.search(text[: match.start()]):
            continue
        if singular in _TIMES:
            yield Stated(_TIME, number * _TIMES[singular], shown)
        elif singular in _MASSES:
            yield Stated(_MASS, number * _MASSES[singular], shown)
        elif "/" in unit or unit in ("fL", "cm", "%"):
            yield Stated(unit, number, shown)
        elif match["number"] not in _WORDS:
            yield Stated(_BARE, number, shown)


def _values(entry: ParameterEntry) -> Iterator[tuple[str, float]]:
    if isinstance(entry.value, dict):
        yield from ((unit, float(number)) for unit, number in entry.value.items())
    elif isinstance(entry.value, Decimal):
        factor = {"days": 1.0, "years": 365.25}.get(entry.unit)
        unit = _TIME if factor else _MASS if entry.unit == "micrograms a day" else entry.unit
        yield unit, float(entry.value) * (factor or 1)


def _same(told: Stated, unit: str, number: float, entry: ParameterEntry) -> bool:
    if told.unit == unit:
        return abs(told.number - number) <= _APART * number
    # A bare small number counts things; a bare larger one ("below 16", "up to 70", "3.0") is the limit without its unit.
    written = float(entry.value) if isinstance(entry.value, Decimal) else number
    return told.unit == _BARE and told.number == written and (written >= 10 or "." in told.shown)


def repeated(
    text: str, read: Iterable[str], parameters: Mapping[str, ParameterEntry]
) -> list[tuple[str, str]]:
    """What ``text`` states that one of the parameters ``read`` says too, with its name."""
    found = []
    for told in stated(text):
        for name in read:
            if any(
                _same(told, unit, number, parameters[name])
                for unit, number in _values(parameters[name])
            ):
                found.append((told.shown, name))
    return found
