"""The value sets and order templates as the tests read them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from cds_service.content import PROFILES
from cds_service.facts.analytes import ANALYTES
from tests.support.fhir_builders import LOINC, codings_of

EXTENSION = "https://b12-folate-cds.example.org/fhir/StructureDefinition/"


def _read(folder: str) -> dict[str, dict[str, Any]]:
    return {
        path.stem: json.loads(path.read_text("utf-8"))
        for path in sorted((PROFILES / folder).glob("*.json"))
    }


VALUE_SETS = _read("value-sets")
CODE_SYSTEMS = _read("code-systems")
STRUCTURE_DEFINITIONS = _read("structure-definitions")
EXAMPLES = _read("examples")


def _with_quantity(example: dict[str, Any], name: str, **changes: Any) -> dict[str, Any]:
    return {**example, "id": name, "valueQuantity": {**example["valueQuantity"], **changes}}


def _results_that_break() -> Iterator[tuple[str, dict[str, Any]]]:
    """Of the example of each laboratory test a result in a unit of nothing in blood, one that nobody can have, and, where the test has
    codes for mass and for moles, one whose code is for the other of the two."""
    for value_set in (
        value_set for analyte in ANALYTES.values() for value_set in analyte.value_sets
    ):
        example = EXAMPLES[f"{value_set}-result"]
        yield (
            f"{value_set}-unit",
            _with_quantity(example, f"{value_set}-unit", unit="kg", code="kg"),
        )
        yield (
            f"{value_set}-possible",
            _with_quantity(
                example, f"{value_set}-possible", value=example["valueQuantity"]["value"] * 10**6
            ),
        )
        unit_is_molar = "mol/" in example["valueQuantity"]["code"]
        others = [
            coding
            for coding in codings_of(value_set, LOINC)
            if ("[Mass/" if unit_is_molar else "[Moles/") in coding["display"]
        ]
        if others:
            yield (
                f"{value_set}-property",
                {**example, "id": f"{value_set}-property", "code": {"coding": others[:1]}},
            )


# By the invariant that each breaks.
COUNTER_EXAMPLES = dict(_results_that_break()) | {
    path.stem: json.loads(path.read_text("utf-8"))
    for path in sorted((Path(__file__).parent / "counter-examples").glob("*.json"))
}
ACTIVITY_DEFINITIONS = _read("activity-definitions")


class Entry(NamedTuple):
    """A code of a value set, or the branch of codes of a filter (``display`` is then empty)."""

    value_set: str
    side: str
    system: str
    code: str
    display: str
    is_filter: bool
    sources: tuple[str, ...]
    review: bool
    reason: str
    retired: bool


def _entries() -> Iterator[Entry]:
    for name, value_set in VALUE_SETS.items():
        for side in ("include", "exclude"):
            for part in (part for part in value_set["compose"].get(side, []) if "system" in part):
                for concept in part.get("concept", []):
                    yield _entry(
                        name, side, part["system"], concept["code"], concept, is_filter=False
                    )
                for condition in part.get("filter", []):
                    yield _entry(
                        name, side, part["system"], condition["value"], part, is_filter=True
                    )


def _entry(
    name: str, side: str, system: str, code: str, element: dict[str, Any], *, is_filter: bool
) -> Entry:
    extensions = [
        (item["url"].removeprefix(EXTENSION), item) for item in element.get("extension", [])
    ]
    return Entry(
        name,
        side,
        system,
        code,
        element.get("display", ""),
        is_filter,
        tuple(item["valueString"] for url, item in extensions if url == "code-source"),
        any(url == "code-review" and item["valueCode"] == "needed" for url, item in extensions),
        "".join(item["valueString"] for url, item in extensions if url == "code-review-reason"),
        any(url == "code-retired" and item["valueBoolean"] for url, item in extensions),
    )


ENTRIES = list(_entries())


def codings_in(element: Any) -> Iterator[dict[str, Any]]:
    """Every Coding and coded Quantity in a resource."""
    if isinstance(element, dict):
        if "system" in element and "code" in element:
            yield element
        for part in element.values():
            yield from codings_in(part)
    elif isinstance(element, list):
        for part in element:
            yield from codings_in(part)
