"""Expansions of the value sets: the codes that they enumerate, for tools without a terminology
server.

A filter (`is-a`) cannot be expanded without its code system. The expansion is then marked as not
closed (FHIR R4's extension valueset-unclosed): the value set may have other codes too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_UNCLOSED = "http://hl7.org/fhir/StructureDefinition/valueset-unclosed"


def expanded(value_set: dict[str, Any], value_sets: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """Return ``value_set`` with its expansion. ``value_sets``: all value sets by URL, for those
    that include others."""
    includes = list(_includes(value_set, value_sets))
    codes = {
        (include["system"], concept["code"]): _contained(include["system"], concept)
        for include in includes
        for concept in include.get("concept", [])
    }
    for exclude in value_set["compose"].get("exclude", []):
        for concept in exclude.get("concept", []):
            codes.pop((exclude["system"], concept["code"]), None)
    expansion: dict[str, Any] = {
        "timestamp": value_set["date"],
        "total": len(codes),
        "contains": list(codes.values()),
    }
    if any("concept" not in include for include in includes):
        expansion = {"extension": [{"url": _UNCLOSED, "valueBoolean": True}], **expansion}
    return {
        **value_set,
        "expansion": {name: value for name, value in expansion.items() if value != []},
    }


def _includes(
    value_set: dict[str, Any], value_sets: Mapping[str, dict[str, Any]]
) -> Iterator[dict[str, Any]]:
    for include in value_set["compose"]["include"]:
        if "valueSet" not in include:
            yield include
        for url in include.get("valueSet", []):
            yield from _includes(value_sets[url.partition("|")[0]], value_sets)


def _contained(system: str, concept: dict[str, Any]) -> dict[str, Any]:
    return {
        "system": system,
        **{name: concept[name] for name in ("code", "display") if name in concept},
    }
