"""The profile of each result of a laboratory test, made of what the reader itself works by, so that
what conforms is usable.

The value set says what is measured and whether its codes mean mass or moles; the analyte says in
which units a result can be read and which values are possible.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from ..facts.analytes import ANALYTES, Analyte, Family
from ..fhir.terminology import BASE, LOINC
from ..fhir.units import EQUIVALENTS, MASS, MISUSED, MOLAR, UCUM
from .edition import MATURITY, PUBLISHER

# Limits are open below; the least of these belong to what is possible in practice:
# 29.999999 is "from 30".
_HAIR = Decimal("0.000001")
# What a LOINC name says is measured, by the dimension of the units that fit.
_PROPERTY = {MASS: "Mass", MOLAR: "Moles", EQUIVALENTS: "Moles"}

Json = dict[str, Any]
# What the LOINC name of a code says is measured, "" where it says nothing.
MeasuredAs = Mapping[str, str]


def result_value_sets() -> Iterator[tuple[str, Analyte]]:
    """The value set of each result profile, with its analyte."""
    for analyte in ANALYTES.values():
        for value_set in analyte.value_sets:
            yield value_set, analyte


def result_profile(
    value_set: Json, analyte: Analyte, measured_as: Callable[[str, str], str], before: Json
) -> Json:
    """The StructureDefinition of a result whose code is in ``value_set``, the FHIR resource.

    ``measured_as``: what the name of a code (system, code) says is measured, as the terminology has
    it. ``before``: the profile as it was, ``{}`` for a new one; its version and date are kept,
    since whoever changes something raises them.
    """
    key = value_set["id"]
    codes = {
        concept["code"]: measured_as(LOINC, concept["code"])
        for part in value_set["compose"]["include"]
        for concept in part.get("concept", ())
        if part.get("system") == LOINC
    }
    return {
        "resourceType": "StructureDefinition",
        "id": f"{key}-result",
        "url": f"{BASE}/StructureDefinition/{key}-result",
        "version": before.get("version", "1.0.0"),
        "name": f"{value_set['name']}Result",
        "title": f"{value_set['title']}: a result that the service can use",
        **MATURITY,
        "date": before.get("date", value_set["date"]),
        "publisher": PUBLISHER,
        "description": (
            f"A result that is coded from the value set {key} ({value_set['title']}) as the "
            "service reads it: final, dated, of a patient, with a value in UCUM units that fit."
        ),
        "fhirVersion": "4.0.1",
        "kind": "resource",
        "abstract": False,
        "type": "Observation",
        "baseDefinition": f"{BASE}/StructureDefinition/measurement",
        "derivation": "constraint",
        "differential": {"element": list(_elements(value_set, analyte, codes))},
    }


def _elements(value_set: Json, analyte: Analyte, codes: MeasuredAs) -> Iterator[Json]:
    key = value_set["id"]
    binding = {
        "strength": "required",
        "description": "One of the codings is in the value set; names are never matched.",
        "valueSet": value_set["url"],
    }
    yield _element("Observation")
    yield _element("Observation.code", short="What was measured", binding=binding)
    yield _element(
        "Observation.value[x]",
        constraint=[*_property(key, analyte, codes), _possible(key, analyte)],
    )
    yield _element("Observation.value[x].code", constraint=[_unit(key, analyte, codes)])


def _element(path: str, **more: Any) -> Json:
    return {"id": path, "path": path, **more}


def _constraint(key: str, why: str, human: str, expression: str) -> Json:
    return {
        "key": key,
        "requirements": why,
        "severity": "error",
        "human": human,
        "expression": expression,
    }


def _dimensions(analyte: Analyte, codes: MeasuredAs) -> list[str]:
    """The dimensions of units in which a result can be read under one of ``codes`` at least."""
    every = dict.fromkeys(dimension for family in analyte.families for dimension in family.factors)
    return [
        dimension
        for dimension in every
        if any(_fits(dimension, measured) for measured in codes.values())
    ]


def _fits(dimension: str, measured: str) -> bool:
    return not measured or dimension not in _PROPERTY or _PROPERTY[dimension] in measured


def _codes_in(dimension: str) -> list[str]:
    """The UCUM codes of a dimension, without those that mean something else in UCUM
    than in the service."""
    return [
        code for code, unit in UCUM.items() if unit.dimension == dimension and code not in MISUSED
    ]


def _property(key: str, analyte: Analyte, codes: MeasuredAs) -> Iterator[Json]:
    """Where the codes of one dimension do not fit the units of another: the rule that
    keeps them apart."""
    rules = []
    for dimension in _dimensions(analyte, codes):
        others = [code for code, measured in codes.items() if not _fits(dimension, measured)]
        if others:
            coded = f"system = '{LOINC}' and code in ({_listed(others)})"
            rules.append(
                f"(code in ({_listed(_codes_in(dimension))}) implies "
                f"%resource.code.coding.where({coded}).empty())"
            )
    if rules:
        yield _constraint(
            f"{key}-property",
            "A code for mass per volume with a unit of moles is a contradiction, so neither is "
            "believed. Send the code that belongs to the unit.",
            "The unit measures what the LOINC code says: mass or moles.",
            f"code.empty() or ({' and '.join(rules)})",
        )


def _unit(key: str, analyte: Analyte, codes: MeasuredAs) -> Json:
    dimensions = _dimensions(analyte, codes)
    units = [code for dimension in dimensions for code in _codes_in(dimension)]
    shown = [family.unit for family in analyte.families if family.unit in units]
    named = re.sub(r" concentration or (?=\w+ concentration)", " or ", " or ".join(dimensions))
    return _constraint(
        f"{key}-unit",
        "A result in a unit of another dimension cannot be compared with a cut-off.",
        (
            f"The unit is that of {'an' if named[0] in 'aeiou' else 'a'} {named}, such as "
            f"{' or '.join(shown)}."
        ),
        f"$this in ({_listed(units)})",
    )


def _listed(codes: list[str]) -> str:
    return " | ".join(f"'{code}'" for code in codes)


def _possible(key: str, analyte: Analyte) -> Json:
    rules = [rule for family in analyte.families for rule in _rules(family)]
    return _constraint(
        f"{key}-possible",
        (
            "A value outside of what is possible is a slip of the unit or of the pen, and nothing "
            "is concluded from it."
        ),
        f"The value is possible: {' or '.join(map(_words, analyte.families))}.",
        f"value.empty() or code.empty() or ({' and '.join(rules)})",
    )


def _words(family: Family) -> str:
    low, high = family.reject
    least = (
        f"above {low:f}"
        if low == low.to_integral_value()
        else f"from {(low + _HAIR).normalize():f}"
    )
    return f"{least} up to {high:f} {family.unit}"


def _rules(family: Family) -> Iterator[str]:
    """For the units of one size together: the value in the unit of comparison lies
    within the limits."""
    low, high = family.reject
    by_size: dict[Decimal, list[str]] = {}
    for code, unit in UCUM.items():
        if unit.dimension in family.factors:
            by_size.setdefault(unit.factor * family.factors[unit.dimension], []).append(code)
    for size, codes in by_size.items():
        value = "value" if size == 1 else f"(value * {size.normalize():f})"
        yield f"(code in ({_listed(codes)}) implies ({value} > {low:f} and {value} <= {high:f}))"
