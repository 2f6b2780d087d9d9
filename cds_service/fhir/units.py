"""Units of laboratory results: UCUM codes, the vetted aliases of printed units, and exact conversion.

Everything is decimal, so that 0.28 umol/L is exactly 280 nmol/L and a result at a threshold falls on its right side.
Sources: UCUM (https://ucum.org); molar masses in ``fact base section 1.2`` (B12 1355.37, folic acid 441.4, MMA 118.09,
homocysteine 135.18, haemoglobin monomer 16114.5, potassium 39.098, creatinine 113.12 g/mol).
"""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple


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

# Printed units, lower case, without spaces, micro sign as u. Counts have their own table because "g/l" and "k/ul"
# mean giga and thousand there, gram and kelvin elsewhere.
_ALIASES = {code.lower(): code for code in UCUM} | {
    "mcg/l": "ug/L",
    "mcg/ml": "ug/mL",
    "mcg/dl": "ug/dL",
    "mcmol/l": "umol/L",
    "micromol/l": "umol/L",
    "picogram/ml": "pg/mL",
    "picograms/ml": "pg/mL",
    "nanogram/ml": "ng/mL",
    "nanograms/ml": "ng/mL",
    "microgram/l": "ug/L",
    "micrograms/l": "ug/L",
    "gm/dl": "g/dL",
    "gm/l": "g/L",
    "gr/dl": "g/dL",
    "micromoles/l": "umol/L",
    "nanomol/l": "nmol/L",
    "picomol/l": "pmol/L",
    "mequiv/l": "meq/L",
    "femtoliter": "fL",
    "femtolitre": "fL",
    "cubicmicrons": "um3",
    "um^3": "um3",
    "ml/min/1.73m2": "mL/min/{1.73_m2}",
    "ml/min/1.73m^2": "mL/min/{1.73_m2}",
    "ml/min/1.73m\u00b2": "mL/min/{1.73_m2}",
    "ml/min/1.73_m2": "mL/min/{1.73_m2}",
    "ml/min/(1.73m2)": "mL/min/{1.73_m2}",
    "percent": "%",
}
_COUNT_ALIASES = {
    **dict.fromkeys(
        ("x10^9/l", "x10*9/l", "x10e9/l", "10e9/l", "10^9/l", "10*9/l", "giga/l", "g/l", "gpt/l", "k/ul", "k/mcl",
         "10*3/mm3", "10^3/mm3", "10e3/ul", "10^3/ul", "10*3/ul", "x10^3/ul", "x10*3/ul", "x10e3/ul", "thou/ul",
         "thou/mcl", "thousand/ul", "k/mm3", "k/cumm"), "10*9/L"),
    **dict.fromkeys(("tera/l", "x10^12/l", "10e12/l", "10^12/l", "10*12/l", "10*6/ul", "10^6/ul", "m/ul"), "10*12/L"),
    **dict.fromkeys(("/ul", "/mcl", "/mm3", "cells/ul"), "/uL"),
    "%": "%",
    "percent": "%",
}  # fmt: skip
_UCUM_READ_AS_COUNT = {"K/uL": "10*9/L"}


def _normalised(printed: str) -> str:
    return "".join(printed.split()).replace("\u00b5", "u").replace("\u03bc", "u").lower()


def unit_of_code(code: str, *, counts: bool) -> Unit | None:
    """The unit of a UCUM code. ``counts``: the analyte is a blood count, where ``K/uL`` is no kelvin."""
    if counts and code in _UCUM_READ_AS_COUNT:
        return UCUM[_UCUM_READ_AS_COUNT[code]]
    return UCUM.get(code)


def unit_of_alias(printed: str, *, counts: bool) -> Unit | None:
    """The unit that a printed unit stands for by the vetted list, or ``None``. ``counts`` as above."""
    return _unit_of_alias(printed, counts) if len(printed) <= 40 else None


@lru_cache(maxsize=1024)
def _unit_of_alias(printed: str, counts: bool) -> Unit | None:
    name = _normalised(printed)
    code = _COUNT_ALIASES.get(name) if counts else _ALIASES.get(name)
    return UCUM[code] if code else None
