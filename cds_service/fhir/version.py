"""Recognising resources of other FHIR versions, so that none is misread as R4.

The service reads R4 and R4B, and resources of DSTU2, STU3 and R5 that mean the same. The elements
and types listed here mean something else, or state what R4 states in an element that is read. A
resource with one of them never counts, and nothing is concluded from its absence.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .r4 import Resource

READ_VERSIONS = ("4.0", "4.3")
_Marker = tuple[str, Callable[[Any], bool], str]


def _stated(value: Any) -> bool:
    return value is not None


def _true(value: Any) -> bool:
    return value is True


_CODEABLE_REFERENCE: _Marker = ("medication", _stated, "R5")
# Element, the values of it that differ from R4, version.
_ELEMENTS: dict[str, tuple[_Marker, ...]] = {
    "MedicationRequest": (_CODEABLE_REFERENCE,),
    "MedicationStatement": (
        _CODEABLE_REFERENCE,
        ("taken", lambda taken: taken not in (None, "y"), "STU3"),
        ("wasNotTaken", _stated, "DSTU2"),
        ("patient", _stated, "DSTU2"),
    ),
    "MedicationAdministration": (
        _CODEABLE_REFERENCE,
        ("notGiven", _true, "STU3"),
        ("wasNotGiven", _true, "DSTU2"),
        ("patient", _stated, "DSTU2"),
        ("effectiveTimeDateTime", _stated, "DSTU2"),
        ("effectiveTimePeriod", _stated, "DSTU2"),
    ),
    "MedicationDispense": (
        _CODEABLE_REFERENCE,
        ("notDoneCodeableConcept", _stated, "STU3"),
        ("notDoneReference", _stated, "STU3"),
        ("patient", _stated, "DSTU2"),
    ),
    "Procedure": (("notDone", _true, "STU3"), ("notPerformed", _true, "DSTU2")),
    "AllergyIntolerance": (("substance", _stated, "DSTU2"),),
    "ServiceRequest": (
        (
            "code",
            lambda code: bool(code) and (_stated(code.concept) or _stated(code.reference)),
            "R5",
        ),
    ),
}


# Resource types of older versions that are a MedicationRequest or a ServiceRequest in R4.
_TYPES = {
    "MedicationOrder": "DSTU2",
    "DiagnosticOrder": "DSTU2",
    "ProcedureRequest": "STU3 or DSTU2",
}


def other_version(resource: Resource) -> str:
    """The FHIR version of a resource that must not be read as R4, else ``""``."""
    for element, differs, version in _ELEMENTS.get(resource.__class__.__name__, ()):
        if differs(getattr(resource, element)):
            return version
    return ""


def version_of_type(resource_type: str) -> str:
    """The FHIR version of a resource type that has another name in R4, else ``""``."""
    return _TYPES.get(resource_type, "")
