"""Defensive access to JSON of unknown shape: what authors write, and what servers say of themselves
and in refusals.

Resources of patients are read as typed structures (:mod:`.reading`).
"""

from __future__ import annotations

from typing import Any


def as_list(value: Any) -> list[Any]:
    """``value`` as a list: itself, a single item wrapped, or empty for null."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def as_dict(value: Any) -> dict[str, Any]:
    """``value`` where it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def as_text(value: Any) -> str:
    """``value`` where it is a non-blank JSON string, stripped, else ``""``."""
    return value.strip() if isinstance(value, str) else ""


def dicts(value: Any) -> list[dict[str, Any]]:
    """The JSON objects of ``value``, which may be a list, one object, or null."""
    if isinstance(value, list):
        return [item for item in value if isinstance(item, dict)]
    return [value] if isinstance(value, dict) else []


def codings(concept: Any) -> list[tuple[str, str]]:
    """``(system, code)`` of each coding of a CodeableConcept that has both."""
    if not isinstance(concept, dict):
        return []
    listed = concept.get("coding")
    found = []
    for coding in listed if isinstance(listed, list) else dicts(listed):
        if isinstance(coding, dict):
            system, code = coding.get("system"), coding.get("code")
            if isinstance(system, str) and isinstance(code, str):
                found.append((system, code))
    return found
