"""The codes that FHIR R4 allows in an element: its required bindings to value sets that can be
enumerated.

``required-codes.json`` lists them by value set, from R4's own definitions (HL7, version 4.0.1,
public domain by CC0), without the sets of all types, all resources and all licences. The models of
``fhir.resources`` know only the codes in the short description of an element: four of the eight of
``Observation.status``.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from ...fhir.loose_json import codings

_FILE = Path(__file__).with_name("required-codes.json")


@cache
def _by_element() -> dict[str, tuple[str, ...]]:
    sets = json.loads(_FILE.read_text("utf-8"))
    return {element: tuple(one["codes"]) for one in sets.values() for element in one["elements"]}


def required_codes(kind: str, name: str) -> tuple[str, ...]:
    """Return the codes for element ``name`` of type ``kind``, as ``system|code`` for a concept;
    empty if any code is allowed."""
    return _by_element().get(f"{kind}.{name}", ())


def fits(value: Any, codes: tuple[str, ...]) -> bool:
    """Whether a code, or one coding of a concept, is among ``codes``, as :func:`required_codes`
    returns them."""
    if isinstance(value, dict):
        return any(f"{system}|{code}" in codes for system, code in codings(value))
    return value in codes
