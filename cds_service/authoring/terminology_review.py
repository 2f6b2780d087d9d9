"""Which codes still need review, and why. ``check`` lists them so that none is shipped silently.

In a value set, each concept carries the extensions ``code-review`` and ``code-review-reason``. A
filter cannot carry extensions apart from the other concepts of its include, so each such filter has
an include of its own that carries them. In an order template, a coding carries them if it is
doubtful or names only the ingredient of a product; the concept carries them if a code is missing.
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
_VALUE_SETS, _ORDERS = "value-sets", "activity-definitions"


class UnverifiedCode(NamedTuple):
    """A code, or with ``and_below`` a branch of codes, whose meaning in ``file`` no source
    confirms.

    ``file``: a value set or an order template, below ``fhir_profiles``. If an order lacks a code,
    ``system`` and ``code`` are empty and ``display`` is the text of what it orders.
    """

    file: str
    system: str
    code: str
    display: str
    reason: str
    and_below: bool

    @property
    def in_order(self) -> bool:
        """Whether the code belongs to an order template."""
        return self.file.startswith(_ORDERS)


def unverified_codes(profiles: Path = PROFILES) -> list[UnverifiedCode]:
    """Return every code in the value sets and order templates that is marked ``review: needed``, by
    file, in file order.

    :param profiles: the folder that holds ``value-sets/*.json`` and
                     ``activity-definitions/*.json``, FHIR R4 resources.
    :raises ValueError: a file is not JSON.
    :raises KeyError: a resource has no ``compose.include``, or no product or code.

    A code that is marked in two files is listed for each. ``reason`` is ``""`` if none is recorded.
    """
    found: list[UnverifiedCode] = []
    for path in sorted((profiles / _VALUE_SETS).glob("*.json")):
        for include in json.loads(path.read_text("utf-8"))["compose"]["include"]:
            found += _marked(f"{_VALUE_SETS}/{path.name}", include)
    for path in sorted((profiles / _ORDERS).glob("*.json")):
        order = json.loads(path.read_text("utf-8"))
        concept = (
            order["productCodeableConcept"] if "productCodeableConcept" in order else order["code"]
        )
        found += _marked_in_order(f"{_ORDERS}/{path.name}", concept)
    return found


def _marked(file: str, include: dict[str, Any]) -> Iterator[UnverifiedCode]:
    system = include.get("system", "")  # no system if the include only refers to other value sets
    for concept in include.get("concept", []):
        if _extension(concept, _REVIEW) == "needed":
            yield UnverifiedCode(
                file,
                system,
                concept["code"],
                concept.get("display", ""),
                _extension(concept, _REASON),
                False,
            )
    if _extension(include, _REVIEW) == "needed":
        for condition in include.get("filter", []):
            yield UnverifiedCode(
                file, system, condition["value"], "", _extension(include, _REASON), True
            )


def _marked_in_order(file: str, concept: dict[str, Any]) -> Iterator[UnverifiedCode]:
    if _extension(concept, _REVIEW) == "needed":
        yield UnverifiedCode(file, "", "", concept["text"], _extension(concept, _REASON), False)
    for coding in concept["coding"]:
        if _extension(coding, _REVIEW) == "needed":
            yield UnverifiedCode(
                file,
                coding["system"],
                coding["code"],
                coding["display"],
                _extension(coding, _REASON),
                False,
            )


def _extension(element: dict[str, Any], url: str) -> str:
    """The value of the element's extension ``url``, or ``""``."""
    for extension in element.get("extension", []):
        if extension.get("url") == url:
            return str(extension.get("valueCode", extension.get("valueString", "")))
    return ""
