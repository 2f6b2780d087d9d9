"""FHIR references: relative, absolute and versioned."""

from __future__ import annotations

import re

from .r4 import OfPatient, Reference

# FHIR R4, "id", but longer, for servers that exceed it; without characters special in a URL.
_ID = re.compile(r"(?!\.{1,2}\Z)[A-Za-z0-9._-]{1,128}")


def is_id(text: str) -> bool:
    """Whether ``text`` is the id of a resource that may be put into a URL unchanged."""
    return _ID.fullmatch(text) is not None


def is_reference(text: str) -> bool:
    """Whether ``text`` is a relative reference that may be shown unchanged."""
    kind, _, identity = text.partition("/")
    return kind.isascii() and kind.isalpha() and len(kind) <= 40 and is_id(identity)


def type_and_id(reference: str) -> str:
    """``Type/id`` of a reference, without server, version and query; ``""`` if it has none."""
    text = reference.strip()
    if not text or text.startswith(("#", "urn:")):
        return ""
    parts = text.split("?", 1)[0].rsplit("/", 4)
    if "_history" in parts:
        parts = parts[: parts.index("_history")]
    return "/".join(parts[-2:]) if len(parts) >= 2 else ""


def target_of(reference: Reference | None) -> str:
    """``Type/id`` that a Reference points to; ``""`` if there is none."""
    return type_and_id(reference.reference) if reference is not None else ""


def is_of_patient(resource: OfPatient, patient: str) -> bool:
    """Whether a resource is about ``patient`` (``Patient/id``), by its subject
    or patient element."""
    reference = resource.about
    return reference == patient or type_and_id(reference) == patient


def is_of_somebody(resource: OfPatient) -> bool:
    """Whether a resource states its patient by type and id, not only by a name, an identifier or a
    ``urn:``."""
    return type_and_id(resource.about) != ""
