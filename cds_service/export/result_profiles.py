"""The limits in the profiles of results: what is possible of a value, in every unit in which the service reads it.

The profiles are written by hand but for one invariant each, ``<value set>-possible``, which is made of the reader's own table,
so that what conforms is usable.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from ..facts.analytes import ANALYTES, Analyte, Family
from ..fhir.units import UCUM

# Limits are open below; the least of these belong to what is possible in practice: 29.999999 is "from 30".
_HAIR = Decimal("0.000001")


def result_value_sets() -> Iterator[tuple[str, Analyte]]:
    """The value set of each result profile, with its analyte."""
    for analyte in ANALYTES.values():
        for value_set in analyte.value_sets:
            yield value_set, analyte


def with_limits(profile: dict[str, Any], value_set: str, analyte: Analyte) -> dict[str, Any]:
    """``profile``, the StructureDefinition of a result, with the invariant on what is possible."""
    key = f"{value_set}-possible"
    elements = [_limited(element, key, analyte) for element in profile["differential"]["element"]]
    return {**profile, "differential": {"element": elements}}


def _limited(element: dict[str, Any], key: str, analyte: Analyte) -> dict[str, Any]:
    if element["path"] != "Observation.value[x]":
        return element
    constraints = [_possible(item, analyte) if item["key"] == key else item for item in element["constraint"]]
    return {**element, "constraint": constraints}


def _possible(constraint: dict[str, Any], analyte: Analyte) -> dict[str, Any]:
    told = " or ".join(map(_words, analyte.families))
    rules = [rule for family in analyte.families for rule in _rules(family)]
    expression = f"value.empty() or code.empty() or ({' and '.join(rules)})"
    return {**constraint, "human": f"The value is possible: {told}.", "expression": expression}


def _words(family: Family) -> str:
    low, high = family.reject
    least = f"above {low:f}" if low == low.to_integral_value() else f"from {(low + _HAIR).normalize():f}"
    return f"{least} up to {high:f} {family.unit}"


def _rules(family: Family) -> Iterator[str]:
    """For the units of one size together: the value in the unit of comparison lies within the limits."""
    low, high = family.reject
    by_size: dict[Decimal, list[str]] = {}
    for code, unit in UCUM.items():
        if unit.dimension in family.factors:
            by_size.setdefault(unit.factor * family.factors[unit.dimension], []).append(code)
    for size, codes in by_size.items():
        value = "value" if size == 1 else f"(value * {size.normalize():f})"
        units = " | ".join(f"'{code}'" for code in codes)
        yield f"(code in ({units}) implies ({value} > {low:f} and {value} <= {high:f}))"
