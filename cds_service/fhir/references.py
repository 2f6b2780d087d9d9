"""FHIR references: relative, absolute and versioned."""

from __future__ import annotations

import re
from typing import Any

from .json_shape import as_dict, as_text

# FHIR R4, "id", with room for servers that go beyond it; nothing that means something in a URL.
_ID = re.compile(r"(?!\.{1,2}\Z)[A-Za-z0-9._-]{1,128}")


def is_id(text: str) -> bool:
    """Whether ``text`` is the id of a resource that may be put into a URL as it stands."""
    return _ID.fullmatch(text) is not None


def reference_to(resource: dict[str, Any]) -> str:
    """``Type/id`` of a resource, or its type alone where it has no id."""
    kind, identity = as_text(resource.get("resourceType")), as_text(resource.get("id"))
    return f"{kind}/{identity}" if identity else kind


def type_and_id(reference: Any) -> str:
    """``Type/id`` of a reference string or Reference: server, version and query removed; ``""`` where there is none."""
    if isinstance(reference, dict):
        reference = reference.get("reference")
    text = as_text(reference)
    if not text or text.startswith(("#", "urn:")):
        return ""
    parts = text.split("?", 1)[0].split("/")
    if "_history" in parts:
        parts = parts[: parts.index("_history")]
    return "/".join(parts[-2:]) if len(parts) >= 2 else ""


def is_of_patient(resource: dict[str, Any], patient: str) -> bool:
    """Whether a resource is about ``patient`` (``Patient/id``), by its subject or patient element."""
    reference = _subject(resource).get("reference")
    return reference == patient or type_and_id(reference) == patient


def is_of_somebody(resource: dict[str, Any]) -> bool:
    """Whether a resource tells whom it is about: by type and id, not only by a name, an identifier or a ``urn:``."""
    return type_and_id(_subject(resource)) != ""


def _subject(resource: dict[str, Any]) -> dict[str, Any]:
    return as_dict(resource.get("subject") or resource.get("patient"))
