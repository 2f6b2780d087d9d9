"""FHIR references: relative, absolute and versioned."""

from __future__ import annotations

import re

from .r4 import OfPatient, Reference

# FHIR R4, "id", with room for servers that go beyond it; nothing that means something in a URL.
_ID = re.compile(r"(?!\.{1,2}\Z)[A-Za-z0-9._-]{1,128}")


def is_id(text: str) -> bool:
    """Whether ``text`` is the id of a resource that may be put into a URL as it stands."""
    return _ID.fullmatch(text) is not None


def is_reference(text: str) -> bool:
    """Whether ``text`` is a relative reference that may be shown as it stands."""
    kind, _, identity = text.partition("/")
    return kind.isascii() and kind.isalpha() and len(kind) <= 40 and is_id(identity)


def type_and_id(reference: str) -> str:
    """``Type/id`` of a reference: server, version and query removed; ``""`` where there is none."""
    text = reference.strip()
    if not text or text.startswith(("#", "urn:")):
        return ""
    parts = text.split("?", 1)[0].rsplit("/", 4)
    if "_history" in parts:
        parts = parts[: parts.index("_history")]
    return "/".join(parts[-2:]) if len(parts) >= 2 else ""


def target_of(reference: Reference | None) -> str:
    """``Type/id`` that a Reference leads to, ``""`` where it leads nowhere."""
    return type_and_id(reference.reference) if reference is not None else ""


def is_of_patient(resource: OfPatient, patient: str) -> bool:
    """Whether a resource is about ``patient`` (``Patient/id``), by its subject
    or patient element."""
    reference = resource.about
    return reference == patient or type_and_id(reference) == patient


def is_of_somebody(resource: OfPatient) -> bool:
    """Whether a resource tells whom it is about: by type and id, not only by a name, an
    identifier or a ``urn:``."""
    return type_and_id(resource.about) != ""
