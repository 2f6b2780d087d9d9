"""The profile of each laboratory result, made from the tables of the reader itself, so that every
conforming result is usable.

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

# Lower limits are exclusive, so a limit of 29.999999 means "from 30" and is shown that way.
_HAIR = Decimal("0.000001")
# The property in a LOINC name, by the dimension of the units that fit it.
_PROPERTY = {MASS: "Mass", MOLAR: "Moles", EQUIVALENTS: "Moles"}

Json = dict[str, Any]
# The property that the LOINC name of each code states; "" if it states none.
MeasuredAs = Mapping[str, str]


def result_value_sets() -> Iterator[tuple[str, Analyte]]:
    """Yield the value set of each result profile, with its analyte."""
    for analyte in ANALYTES.values():
        for value_set in analyte.value_sets:
            yield value_set, analyte


def result_profile(
    value_set: Json, analyte: Analyte, measured_as: Callable[[str, str], str], before: Json
) -> Json:
    """Return the StructureDefinition of a result whose code is in ``value_set``, the FHIR resource.

    ``measured_as``: returns the property that the name of a code (system, code) states, from the
    terminology; ``before``: the present profile, ``{}`` for a new one. Its version and date are
    kept, because whoever changes the profile raises them.
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
    """The dimensions of units in which a result can be read under at least one of ``codes``."""
    every = dict.fromkeys(dimension for family in analyte.families for dimension in family.factors)
    return [
        dimension
        for dimension in every
        if any(_fits(dimension, measured) for measured in codes.values())
    ]


def _fits(dimension: str, measured: str) -> bool:
    return not measured or dimension not in _PROPERTY or _PROPERTY[dimension] in measured


def _codes_in(dimension: str) -> list[str]:
    """The UCUM codes of a dimension, except those that the service reads differently from UCUM."""
    return [
        code for code, unit in UCUM.items() if unit.dimension == dimension and code not in MISUSED
    ]


def _property(key: str, analyte: Analyte, codes: MeasuredAs) -> Iterator[Json]:
    """The rule that keeps codes and units of different dimensions apart, if there can be any."""
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
            "An impossible value is a mistake in the unit or in the number, and nothing is "
            "concluded from it."
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
    """A rule for all units of one size: the value, converted to the unit of the limits, is within
    them."""
    low, high = family.reject
    by_size: dict[Decimal, list[str]] = {}
    for code, unit in UCUM.items():
        if unit.dimension in family.factors:
            by_size.setdefault(unit.factor * family.factors[unit.dimension], []).append(code)
    for size, codes in by_size.items():
        value = "value" if size == 1 else f"(value * {size.normalize():f})"
        yield f"(code in ({_listed(codes)}) implies ({value} > {low:f} and {value} <= {high:f}))"
