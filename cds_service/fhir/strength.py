"""The strength of a product, from a number and a unit printed in its name or from a FHIR Ratio.

Numbers are read as in clinical specification, section 2 ("Numbers in names"). All arithmetic is
decimal.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from .form_words import CONTAINERS, SOLIDS

_MICRO, _MILLI, _WHOLE = Decimal(1), Decimal(1000), Decimal(1_000_000)
# Micrograms in one unit of mass, by its printed name or UCUM code in lower case, with u for the
# micro sign.
MASS = {
    **dict.fromkeys(
        ("ug", "mcg", "mcgs", "microgram", "micrograms", "microgramme", "microgrammes"), _MICRO
    ),
    **dict.fromkeys(("mikrogramm", "microgramo", "microgramos", "microgrammi", "mcgm"), _MICRO),
    **dict.fromkeys(
        ("mg", "mgs", "mgm", "milligram", "milligrams", "milligramme", "milligrammes"), _MILLI
    ),
    **dict.fromkeys(("g", "gm", "gms", "gram", "grams", "gramme", "grammes"), _WHOLE),
}
VOLUME = {
    **dict.fromkeys(
        ("ml", "mls", "milliliter", "milliliters", "millilitre", "millilitres", "cc", "cm3"),
        Decimal(1),
    ),
    **dict.fromkeys(("l", "liter", "liters", "litre", "litres"), Decimal(1000)),
}
# Pieces of a product that are counted, and so have its strength each. Drops are none: what is
# printed on drops is the strength of a measure of them.
PIECES = SOLIDS.words | CONTAINERS.words | frozenset({
    "1", "actuat", "actuation", "actuations", "comprimé", "comprimés", "cápsula", "cápsulas",
    "dose", "doses", "ea", "each", "film", "films", "gélule", "gélules", "piece", "pieces",
    "puff", "puffs", "sachet", "sachets", "spray", "sprays", "stk", "stück", "unit",
})  # fmt: skip
COUNTED = PIECES | {"drop", "drops"}
_DIGITS = 15  # more than any measurement has
_NUMBER = re.compile(r"[\d.,' ]{1,40}")
_ANNOTATION = re.compile(r"\{[^{}]*\}")
_PLURAL = re.compile(r"\((?:s|n|en|e|es)\)$|\.$")


class Strength(NamedTuple):
    """Micrograms in one unit of a product (``per_ml``: in one millilitre)."""

    micrograms: Decimal
    per_ml: bool


class StatedQuantity(NamedTuple):
    """A FHIR Quantity as sent: its number, its printed unit and its code; ``""`` for a missing
    text."""

    value: Decimal
    unit: str = ""
    code: str = ""


def read_number(printed: str, *, small_unit: bool) -> Decimal | None:
    """The number that ``printed`` means, or ``None`` if that is uncertain.

    ``printed``: digits with points, commas, apostrophes or blanks. ``small_unit``: whether it
    counts micrograms or units. Before those, a blank, an apostrophe, or one comma or point before
    exactly three digits groups thousands. Before milligrams, grams and millilitres such a mark may
    also begin the decimals, and nothing is read. A number that begins with 0 or a point is a
    decimal. Source: clinical specification section 2.
    """
    marks = [mark for mark in printed if not mark.isdigit()]
    if (
        not _NUMBER.fullmatch(printed)
        or len(printed) - len(marks) > _DIGITS
        or not printed[-1:].isdigit()
    ):
        return None
    parts = re.split(r"[.,' ]", printed)
    if not marks:
        return Decimal(printed) if printed == "0" or printed[0] != "0" else None
    if len(marks) == 1 and marks[0] in ".," and (parts[0] == "" or parts[0].strip("0") == ""):
        return Decimal(f"0.{parts[1]}") if len(parts[0]) <= 1 else None
    if "" in parts or parts[0][0] == "0":
        return None
    grouped = (
        len(parts[0]) <= 3 and all(len(part) == 3 for part in parts[1:]) and len(set(marks)) == 1
    )
    if grouped:
        return Decimal("".join(parts)) if small_unit else None
    if len(marks) == 1 and marks[0] in ".,":
        return Decimal(f"{parts[0]}.{parts[1]}")
    return _grouped_with_decimals(parts, marks) if small_unit else None


def _grouped_with_decimals(parts: list[str], marks: list[str]) -> Decimal | None:
    """The number with one mark between thousands and another before decimals, such as 1.000,5 and
    1,000.5."""
    *groups, decimals = parts
    thousands = (
        len(groups[0]) <= 3
        and all(len(group) == 3 for group in groups[1:])
        and len(set(marks[:-1])) == 1
    )
    return (
        Decimal(f"{''.join(groups)}.{decimals}")
        if thousands and marks[-1] in ".," and marks[-1] != marks[0]
        else None
    )


def strength_of_ratio(
    numerator: StatedQuantity | None, denominator: StatedQuantity | None
) -> Strength | None:
    """The strength that a FHIR Ratio states (``Medication.ingredient.strength``), or ``None`` if it
    states none that can be read.

    The numerator is a mass, whose code and printed unit must agree. The denominator is a volume or
    a number of pieces, one if it is not stated. An amount per day, kilogram or area is not the
    strength of a product. Never raises.
    """
    if numerator is None or numerator.value <= 0:
        return None
    mass = _agreed(MASS.get(name) for name in _names(numerator))
    if mass is None:
        return None
    amount = numerator.value * mass
    if denominator is None:
        return Strength(amount, False)
    if denominator.value <= 0:
        return None
    names = _names(denominator)
    volume = _agreed(VOLUME.get(name) for name in names)
    if volume is not None:
        return Strength(amount / (denominator.value * volume), True)
    pieces = all(name in COUNTED or _ANNOTATION.fullmatch(name) for name in names)
    return Strength(amount / denominator.value, False) if pieces else None


def agreed_strength(found: Iterable[Strength]) -> Strength | None:
    """The strength that all of ``found`` state; ``None`` if there is none, or if they differ.

    A strength per millilitre takes precedence over one per piece, which is then the content of an
    ampoule or bottle.
    """
    stated = list(found)
    chosen = {strength for strength in stated if strength.per_ml} or set(stated)
    return chosen.pop() if len(chosen) == 1 else None


def unit_name(printed: str) -> str:
    """A unit, printed or by its code, as the tables of this module have it: in small letters, with
    the micro sign as u, without "(s)" or a full stop."""
    return _PLURAL.sub("", printed.strip().lower().replace("\u00b5", "u").replace("\u03bc", "u"))


def micrograms_in(unit: str, strength: Strength | None) -> Decimal | None:
    """Micrograms in one ``unit``, of mass or of a product of ``strength``; no unit is a piece.

    ``None`` where that cannot be said.
    """
    name = unit_name(unit).strip("{}[]")
    if name in MASS:
        return MASS[name]
    if strength is None:
        return None
    if strength.per_ml:
        return strength.micrograms * VOLUME[name] if name in VOLUME else None
    return strength.micrograms if not name or name in PIECES else None


def _names(quantity: StatedQuantity) -> list[str]:
    return [unit_name(name) for name in (quantity.code, quantity.unit) if name.strip()]


def _agreed(sizes: Iterable[Decimal | None]) -> Decimal | None:
    """The size on which all known names of a unit agree. An unknown name, such as a code of SNOMED
    CT beside "mg", contradicts nothing."""
    known = {size for size in sizes if size is not None}
    return known.pop() if len(known) == 1 else None
