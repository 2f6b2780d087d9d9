"""The content of the pages of value sets and of order templates, from the FHIR resources."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from ...content import PROFILES
from ...facts.catalogue import CATALOGUE
from ...fhir.code_systems import (
    ATC,
    DMD,
    ICD_10,
    ICD_10_CM,
    LOINC,
    OPCS_4,
    RXNORM,
    SNOMED,
    V3_INTERPRETATION,
)
from ...fhir.terminology import BASE

_SYSTEMS = {
    LOINC: "LOINC",
    SNOMED: "SNOMED CT",
    RXNORM: "RxNorm",
    ICD_10: "ICD-10",
    ICD_10_CM: "ICD-10-CM",
    ATC: "ATC",
    DMD: "dm+d",
    OPCS_4: "OPCS-4",
    V3_INTERPRETATION: "ObservationInterpretation",
}
_MARKS = {"code-review": "review needed", "code-retired": "retired"}


def _resources(folder: str) -> Iterator[dict[str, Any]]:
    for path in sorted((PROFILES / folder).glob("*.json")):
        yield json.loads(path.read_text("utf-8"))


def value_set_rows() -> list[dict[str, Any]]:
    """Return each value set with its codes and the facts that read it, by title."""
    readers: dict[str, list[str]] = {}
    for name in CATALOGUE:
        for value_set in CATALOGUE[name].needs.value_sets:
            readers.setdefault(value_set, []).append(name)
    rows = [
        {
            **{
                key: resource.get(key, "")
                for key in ("id", "title", "url", "version", "description", "copyright")
            },
            "codes": [
                code for include in resource["compose"]["include"] for code in _codes(include)
            ],
            "excluded": [
                code
                for exclude in resource["compose"].get("exclude", ())
                for code in _codes(exclude)
            ],
            "facts": readers.get(resource["id"], []),
            "holds": [
                url.rpartition("/")[2]
                for include in resource["compose"]["include"]
                for url in include.get("valueSet", ())
            ],
        }
        for resource in _resources("value-sets")
    ]
    return sorted(rows, key=lambda row: str(row["title"]).lower())


def _codes(part: dict[str, Any]) -> Iterator[dict[str, str]]:
    if "system" not in part:
        return  # only other value sets are included
    system = _SYSTEMS.get(part["system"], part["system"])
    for concept in part.get("concept", ()):
        marks = [_mark(extension) for extension in concept.get("extension", ())]
        yield {
            "system": system,
            "code": concept["code"],
            "display": concept.get("display", ""),
            "mark": ", ".join(filter(None, marks)),
        }
    for rule in part.get("filter", ()):
        yield {"system": system, "code": rule["value"], "display": "and all below it", "mark": ""}


def _mark(extension: dict[str, Any]) -> str:
    return _MARKS.get(extension["url"].removeprefix(f"{BASE}/StructureDefinition/"), "")


def order_rows() -> list[dict[str, Any]]:
    """Return each order template: its order, codes, dosage and source."""
    rows = []
    for resource in _resources("activity-definitions"):
        concept = resource.get("productCodeableConcept") or resource.get("code") or {}
        codes = [
            {**coding, "system": _SYSTEMS.get(coding["system"], coding["system"])}
            for coding in concept.get("coding", ())
        ]
        rows.append(
            {
                **{
                    key: resource.get(key, "")
                    for key in ("id", "title", "kind", "version", "description", "url")
                },
                "codes": codes,
                "dosage": [dosage.get("text", "") for dosage in resource.get("dosage", ())],
                "citations": [
                    artifact.get("citation", "") for artifact in resource.get("relatedArtifact", ())
                ],
            }
        )
    return sorted(rows, key=lambda row: str(row["title"]).lower())
