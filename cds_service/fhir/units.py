"""Units of laboratory results: UCUM codes, the units that laboratories print, and exact conversion.

All arithmetic is decimal, so that 0.28 umol/L is exactly 280 nmol/L and a result at a threshold
falls on its right side. Sources: UCUM (https://ucum.org); molar masses in the project's fact
base, section 1.2 (B12 1355.37, folic acid 441.4, MMA 118.09, homocysteine 135.18, haemoglobin
monomer 16114.5, potassium 39.098, creatinine 113.12 g/mol).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from .code_systems import UNITS_OF_MEASURE, canonical_system


class Unit(NamedTuple):
    """A unit as its dimension and its exact size in that dimension's base unit."""

    dimension: str
    factor: Decimal


MASS = "mass concentration"  # base ng/L
MOLAR = "molar concentration"  # base pmol/L
EQUIVALENTS = "equivalents concentration"  # base peq/L
VOLUME = "volume"  # base fL
NUMBER = "number concentration"  # base 10*9/L
FRACTION = "fraction"  # base %
FILTRATION = "indexed filtration rate"  # base mL/min/{1.73_m2}


def _unit(dimension: str, factor: str) -> Unit:
    return Unit(dimension, Decimal(factor))


_PER_LITRE = {"": "1", "d": "10", "m": "1e3"}
_PREFIX = {"p": "1e-3", "n": "1", "u": "1e3", "m": "1e6", "": "1e9"}

UCUM: dict[str, Unit] = {
    "fL": _unit(VOLUME, "1"),
    "um3": _unit(VOLUME, "1"),
    "10*9/L": _unit(NUMBER, "1"),
    "10^9/L": _unit(NUMBER, "1"),
    "10*3/uL": _unit(NUMBER, "1"),
    "10^3/uL": _unit(NUMBER, "1"),
    "10*12/L": _unit(NUMBER, "1000"),
    "10^12/L": _unit(NUMBER, "1000"),
    "10*6/uL": _unit(NUMBER, "1000"),
    "10^6/uL": _unit(NUMBER, "1000"),
    "/uL": _unit(NUMBER, "0.001"),
    "%": _unit(FRACTION, "1"),
    "mL/min/{1.73_m2}": _unit(FILTRATION, "1"),
    "mL/min/1.73.m2": _unit(FILTRATION, "1"),
    "meq/L": _unit(EQUIVALENTS, "1e9"),
}
for _prefix, _scale in _PREFIX.items():
    for _volume, _litre in _PER_LITRE.items():
        _factor = Decimal(_scale) * Decimal(_litre)
        UCUM[f"{_prefix}g/{_volume}L"] = Unit(MASS, _factor)
        UCUM[f"{_prefix}mol/{_volume}L"] = Unit(MOLAR, _factor * 1000)

# Read with the meaning that laboratories give it, although UCUM defines it as another unit.
MISUSED = frozenset({"mL/min/1.73.m2"})
# UCUM's annotations ("{cells}/uL") do not change the value, except the body surface, which is part
# of its unit.
_ANNOTATION = re.compile(r"\{(?!1\.73)[^{}]*\}")
_UCUM_READ_AS_COUNT = {"K/uL": "10*9/L"}
_LONGEST = 40
_LONGEST_WITH_ADDITION = 120

_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")
_SUPERSCRIPT = re.compile(r"[⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺]+")
_SIGNS = str.maketrans(
    {
        "µ": "u",
        "μ": "u",
        "×": "*",
        "✕": "*",
        "✖": "*",
        "∗": "*",
        "·": "*",
        "⋅": "*",
        "∙": "*",
        "•": "*",
        "−": "-",
        "⁄": "/",
        "∕": "/",
        "÷": "/",
    }
)
_PER = re.compile(r"\s+per\s+")
_DOT = re.compile(r"\.(?![0-9])|(?<![0-9])\.")
_INVERSE = re.compile(r"[*.]?((?:[dmunp]|mc|micro|milli|deci)?l)(?:\^|\*\*?)?-1\Z")
# The names that laboratories print, as normalised() returns them; a test tries every combination.
# The values are the decimal places from a litre, gram or mole to the prefixed one: a litre is 10^6
# microlitres.
PREFIXES = {
    "": 0,
    "d": 1,
    "deci": 1,
    "m": 3,
    "milli": 3,
    "u": 6,
    "mc": 6,
    "micro": 6,
    "n": 9,
    "nano": 9,
    "p": 12,
    "pico": 12,
}
LITRES = ("l", "liter", "liters", "litre", "litres")
AMOUNTS = {
    **dict.fromkeys(("g", "gm", "gr", "gram", "grams", "gramme", "grammes"), MASS),
    **dict.fromkeys(("mol", "mole", "moles"), MOLAR),
    **dict.fromkeys(("eq", "equiv"), EQUIVALENTS),
}
# The words for powers of ten in printed counts: the power, and the decimal places of the only
# volume that follows the word.
COUNT_WORDS = {
    **dict.fromkeys(("k", "thou", "thous", "thousand", "thousands", "tsd"), (3, 6)),
    **dict.fromkeys(("m", "mio", "mill", "million", "millions"), (6, 6)),
    **dict.fromkeys(("g", "giga", "gpt", "mrd", "billion", "billions"), (9, 0)),
    **dict.fromkeys(("t", "tera", "tpt"), (12, 0)),
}


def _any_of(names: Iterable[str]) -> str:
    return "|".join(map(re.escape, names))


_CUBIC_MILLIMETRE = r"mm(?:\^|\*\*?)?3|c(?:u|ubic)?mm|(?:cu|cubic)millimet(?:er|re)s?"
_PER_VOLUME = (
    rf"/(?:(?P<part>{_any_of(PREFIXES)})(?:{_any_of(LITRES)})"
    rf"|(?P<hundred>100ml)|(?P<cube>{_CUBIC_MILLIMETRE}))\Z"
)
# No laboratory uses a decigram or decimole.
_OF_AMOUNTS = [prefix for prefix, places in PREFIXES.items() if places != 1]
_CONCENTRATION = re.compile(
    rf"(?P<prefix>{_any_of(_OF_AMOUNTS)})(?P<amount>{_any_of(AMOUNTS)}){_PER_VOLUME}"
)
# In 103 and the like, the power has lost its superscript.
_NUMBERS = {"1000": 3, "1,000": 3, "103": 3, "106": 6, "109": 9, "1012": 12}
_COUNT = re.compile(
    r"(?:[x*]?(?:10(?:\^|\*\*?|e|exp|\()\+?(?P<exponent>[0-9]{1,2})\)?|(?P<number>[0-9,]+))|(?P<word>[a-z]+?))?"
    r"\*?" + _PER_VOLUME
)
_COUNTED = re.compile(r"(?:cells?|#)/")
_HIGHEST_POWER = 15
_CELL_VOLUME = re.compile(r"fl|femtolit(?:er|re)s?|um?(?:\^|\*\*?)?3|(?:cubic|cu)(?:microns?|um)")
_FILTRATION = re.compile(r"ml/min/[({\[]?1[.,]73\*?_?(?:m(?:\^|\*\*?)?2|sqm|qm)[)}\]]?")


def unit_of(
    code: str,
    system: str,
    printed: str,
    *,
    counts: bool,
    same: Callable[[Unit, Unit], bool],
    local: Mapping[str, str] | None = None,
) -> Unit | str:
    """The unit of a result, or the reason why there is none (clinical
    specification, section 2, "Unit").

    ``code``, ``system`` and ``printed``: as in a FHIR Quantity, ``""`` if missing. ``counts``:
    whether the analyte is a blood count. ``same``: says whether two units, of the code and as
    printed, express one quantity of the analyte. ``local``: the UCUM codes of printed units that
    the site adds, with the keys that :func:`normalised` returns.
    """
    coded = (
        unit_of_code(code, counts=counts)
        if code and canonical_system(system) == UNITS_OF_MEASURE
        else None
    )
    shown = (
        (unit_of_alias(printed, counts=counts) or _local_unit(printed, local)) if printed else None
    )
    if coded is not None and printed:
        told = shown or _told_by(printed[:_LONGEST_WITH_ADDITION], counts)
        if told is not None and not same(coded, told):
            return "a result whose unit and code disagree"
    return coded or shown or "a result without a usable unit"


def unit_of_code(code: str, *, counts: bool) -> Unit | None:
    """The unit of a UCUM code. ``counts``: whether the analyte is a blood count, where ``K/uL``
    does not mean kelvin."""
    if counts and code in _UCUM_READ_AS_COUNT:
        return UCUM[_UCUM_READ_AS_COUNT[code]]
    if len(code) > _LONGEST:
        return None
    return UCUM.get(code) or UCUM.get(_ANNOTATION.sub("", code))


def unit_of_alias(printed: str, *, counts: bool) -> Unit | None:
    """The unit that a printed unit means, or ``None``. ``counts``: whether the analyte is a blood
    count, where "g/l" and "k/ul" mean giga and thousand; elsewhere they mean gram and kelvin."""
    return _unit_of_alias(printed, counts) if len(printed) <= _LONGEST else None


@lru_cache(maxsize=2048)
def _unit_of_alias(printed: str, counts: bool) -> Unit | None:
    name = normalised(printed)
    if name in ("%", "percent", "pct"):
        return UCUM["%"]
    if counts:
        return _count(name)
    if _CELL_VOLUME.fullmatch(name):
        return UCUM["fL"]
    if _FILTRATION.fullmatch(name):
        return UCUM["mL/min/{1.73_m2}"]
    return _concentration(name)


def normalised(printed: str) -> str:
    """A printed unit in lower case, without blanks and dots, with one form of powers, signs and
    inverse litres."""
    text = (
        _SUPERSCRIPT.sub(lambda found: "^" + found[0].translate(_SUPERSCRIPTS), printed)
        .translate(_SIGNS)
        .lower()
    )
    text = _DOT.sub("", _ANNOTATION.sub("", "".join(_PER.sub("/", text).split())))
    return _INVERSE.sub(r"/\1", text)


def _local_unit(printed: str, local: Mapping[str, str] | None) -> Unit | None:
    if not local or len(printed) > _LONGEST:
        return None
    return UCUM.get(local.get(normalised(printed), ""))


def _count(name: str) -> Unit | None:
    match = _COUNT.match(_COUNTED.sub("/", name))
    if not match or int(match["exponent"] or 0) > _HIGHEST_POWER:
        return None
    places = _places(match)
    if match["word"]:
        power, only = COUNT_WORDS.get(match["word"], (0, -1))
        if places != only:
            return None
    elif match["number"]:
        if match["number"] not in _NUMBERS:
            return None
        power = _NUMBERS[match["number"]]
    else:
        power = int(match["exponent"] or 0)
    return Unit(NUMBER, Decimal(f"1e{power + places - 9}"))


def _concentration(name: str) -> Unit | None:
    match = _CONCENTRATION.match(name)
    if not match:
        return None
    dimension = AMOUNTS[match["amount"]]
    base = 9 if dimension == MASS else 12
    return Unit(dimension, Decimal(f"1e{base - PREFIXES[match['prefix']] + _places(match)}"))


def _places(match: re.Match[str]) -> int:
    """The decimal places from a litre to the volume."""
    if match["cube"]:
        return PREFIXES["u"]
    return PREFIXES["d"] if match["hundred"] else PREFIXES[match["part"]]


@lru_cache(maxsize=2048)
def _told_by(printed: str, counts: bool) -> Unit | None:
    """The unit that ``printed`` contains, where the vetted reading does not know it: one of another
    kind of analyte, or one with an addition before or after it ("pmol/L (SI)"). It may only
    contradict a code."""
    words = re.split(r"[\s()\[\]{};,*]+", printed)
    parts = [
        printed,
        *(" ".join(words[:end]) for end in range(len(words), 0, -1)),
        *(" ".join(words[start:]) for start in range(1, len(words))),
    ]
    for part in parts:
        if found := unit_of_alias(part, counts=counts) or unit_of_alias(part, counts=not counts):
            return found
    return None
