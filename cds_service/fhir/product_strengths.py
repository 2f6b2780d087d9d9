"""The amounts in a product's name: numbers with units, per volume or per piece, and lists of
numbers for several ingredients."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from .product_tokens import Token
from .product_words import OTHER_UNITS, RATES
from .strength import COUNTED, MASS, VOLUME, Strength, read_number

_PER = frozenset({"per", "pro", "par", "por", "je", "each"})
_MILLIGRAM = MASS["mg"]


class Amounts(NamedTuple):
    """Consecutive strengths, ``None`` for one that cannot be read. ``listed``: there are several,
    each of another ingredient."""

    strengths: tuple[Strength | None, ...]
    listed: bool


class _Printed(NamedTuple):
    number: str
    unit: str


def read_amounts(tokens: list[Token], index: int) -> tuple[Amounts | None, int]:
    """The amounts that begin with the number at ``index``, and the index after them. ``None`` for
    numbers without the unit of an amount.

    In a list such as ``2.5-25-1 mg``, a number without a unit takes the unit of the next number.
    """
    printed: list[_Printed] = []
    while True:
        number, index = _number(tokens, index)
        unit, index = _unit(tokens, index)
        printed.append(_Printed(number, unit))
        following = index + 1
        if not (
            following < len(tokens) and tokens[index].text == "-" and tokens[following].is_number
        ):
            break
        index = following
    if not printed[-1].unit or (printed[-1].unit in VOLUME and len(printed) == 1):
        return None, index
    basis, index = _basis(tokens, index)
    unit, strengths = "", []
    for each in reversed(printed):
        unit = each.unit or unit
        strengths.append(_strength(each.number, unit, basis))
    return Amounts(tuple(reversed(strengths)), len(printed) > 1), index


def _number(tokens: list[Token], index: int) -> tuple[str, int]:
    """The number at ``index``, with the groups of three digits that follow it after blanks if a
    unit comes after them."""
    number, following = tokens[index].text, index + 1
    if number.isdigit() and len(number) <= 3:
        groups = number
        while (
            following < len(tokens) and tokens[following].is_number and _is_group(tokens[following])
        ):
            groups += f" {tokens[following].text}"
            following += 1
        if (
            following > index + 1
            and following < len(tokens)
            and (tokens[following].text in MASS or tokens[following].text in OTHER_UNITS)
        ):
            return groups, following
    return number, index + 1


def _is_group(token: Token) -> bool:
    return not token.glued and len(token.text) == 3 and token.text.isdigit()


def _unit(tokens: list[Token], index: int) -> tuple[str, int]:
    unit = tokens[index].text if index < len(tokens) else ""
    if unit in MASS or unit in OTHER_UNITS or unit in VOLUME or unit == "%":
        return unit, index + 1 + (
            index + 1 < len(tokens) and tokens[index + 1].text in ("dfe", "rae", "ne")
        )
    return "", index


def _basis(tokens: list[Token], index: int) -> tuple[Strength | None, int]:
    """The volume (in millilitres) or the number of pieces that contains an amount, and the index
    after it. ``None`` if it cannot be read."""
    nothing = Strength(Decimal(1), False), index
    if index >= len(tokens) or not (
        tokens[index].text in _PER or tokens[index].text in ("/", "in")
    ):
        return nothing
    position, number = index + 1, "1"
    if position < len(tokens) and tokens[position].is_number:
        number, position = tokens[position].text, position + 1
    unit = tokens[position].text if position < len(tokens) else ""
    size = read_number(number, small_unit=False)
    if unit in VOLUME:
        return (Strength(size * VOLUME[unit], True) if size else None), position + 1
    if tokens[index].text == "in":
        return nothing
    if unit in RATES:
        return None, position + 1
    if unit in COUNTED and unit != "1":
        return (Strength(size, False) if size else None), position + 1
    return nothing


def _strength(number: str, unit: str, basis: Strength | None) -> Strength | None:
    if unit not in MASS or basis is None:
        return None
    value = read_number(number, small_unit=MASS[unit] < _MILLIGRAM)
    return Strength(value * MASS[unit] / basis.micrograms, basis.per_ml) if value else None
