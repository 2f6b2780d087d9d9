"""Which codes of the value sets still need review, and why: ``check`` lists them, so that none is shipped silently.

A concept carries the extensions ``code-review`` and ``code-review-reason`` itself. A filter cannot be told apart from the
concepts of its include, so each filter has an include of its own that carries them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from ..content import PROFILES
from ..fhir.terminology import BASE

_REVIEW = f"{BASE}/StructureDefinition/code-review"
_REASON = f"{BASE}/StructureDefinition/code-review-reason"


class UnverifiedCode(NamedTuple):
    """A code, or with ``and_below`` a branch of codes, that no source confirms to mean what its value set says."""

    value_set: str
    system: str
    code: str
    display: str
    reason: str
    and_below: bool


def unverified_codes(profiles: Path = PROFILES) -> list[UnverifiedCode]:
    """Every code in ``profiles/value-sets`` that is marked ``review: needed``, by value set and in its order.

    :param profiles: the folder that holds ``value-sets/*.json``, FHIR R4 ValueSet resources.
    :raises ValueError: a file is not JSON. ``KeyError``: it is not a ValueSet with ``id`` and ``compose.include``.

    A code that is marked in two value sets is listed for each. ``reason`` is ``""`` where none is recorded.
    """
    found: list[UnverifiedCode] = []
    for path in sorted((profiles / "value-sets").glob("*.json")):
        value_set = json.loads(path.read_text("utf-8"))
        for include in value_set["compose"]["include"]:
            found += _marked(value_set["id"], include)
    return found


def _marked(value_set: str, include: dict[str, Any]) -> Iterator[UnverifiedCode]:
    system = include.get("system", "")  # none where it is composed of other value sets
    for concept in include.get("concept", []):
        if _extension(concept, _REVIEW) == "needed":
            yield UnverifiedCode(value_set, system, concept["code"], concept.get("display", ""), _extension(concept, _REASON), False)
    if _extension(include, _REVIEW) == "needed":
        for condition in include.get("filter", []):
            yield UnverifiedCode(value_set, system, condition["value"], "", _extension(include, _REASON), True)


def _extension(element: dict[str, Any], url: str) -> str:
    """The value of the element's extension ``url``, or ``""``."""
    for extension in element.get("extension", []):
        if extension.get("url") == url:
            return str(extension.get("valueCode", extension.get("valueString", "")))
    return ""
