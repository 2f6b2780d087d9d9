"""What the service reads of R4 is declared once, as R4 has it: names, types and cardinalities of the FHIR models."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
from fhir.resources.R4B import get_fhir_model_class
from msgspec.inspect import (
    AnyType,
    BoolType,
    FloatType,
    ListType,
    NoneType,
    RawType,
    StrType,
    StructType,
    UnionType,
    type_info,
)

from cds_service.fhir import r4
from tests.fhir_profiles.profiles import STRUCTURE_DEFINITIONS

ROOT = Path(__file__).parents[2]
# Declared once for all resources, and no element of a type's own.
HELPERS = {"malformed"}
# Of these a subset is read under another name than the model's type: the class here, the type there.
TYPES = {"AnyType": object, "RequestCode": "CodeableConcept", "Manifestation": "CodeableConcept", "AdministrationDosage": "MedicationAdministrationDosage",
         "ReferenceRange": "ObservationReferenceRange", "AllergyReaction": "AllergyIntoleranceReaction", "OutcomeIssue": "OperationOutcomeIssue",
         "DoseAndRate": "DosageDoseAndRate"}  # fmt: skip
TEXT = {
    "String",
    "Code",
    "Id",
    "Uri",
    "Url",
    "Canonical",
    "Date",
    "DateTime",
    "Instant",
    "Time",
    "Markdown",
    "str",
    "date",
    "datetime",
    "time",
}
NUMBERS = {"Decimal", "Integer", "PositiveInt", "UnsignedInt", "int", "float"}


def structures() -> list[type]:
    """Every structure that has elements of FHIR."""
    found = [
        item
        for item in vars(r4).values()
        if isinstance(item, type) and issubclass(item, msgspec.Struct)
    ]
    abstract = {r4.Element, r4.BackboneElement, r4.Resource, r4.OfPatient, r4.OfMedication}
    return [item for item in found if item not in abstract]


def model_of(structure: type) -> Any:
    return get_fhir_model_class(TYPES.get(structure.__name__, structure.__name__))


def elements(structure: type) -> list[tuple[str, Any]]:
    info = type_info(structure)
    assert isinstance(info, StructType)
    skipped = set(getattr(structure, "OTHER_VERSIONS", ())) | HELPERS
    return [(field.name, field.type) for field in info.fields if field.name not in skipped]


CASES = [
    (structure, name, kind) for structure in structures() for name, kind in elements(structure)
]


@pytest.mark.parametrize(
    ("structure", "name", "kind"),
    CASES,
    ids=lambda value: getattr(value, "__name__", value if isinstance(value, str) else ""),
)
def test_an_element_is_declared_as_the_model_has_it(structure: type, name: str, kind: Any) -> None:
    fields = model_of(structure).model_fields
    field = next(
        (found for found in fields.values() if (found.alias or "") == name), fields.get(name)
    )
    assert field is not None, f"{structure.__name__} has no element {name}"
    names = set(_names(field.annotation))
    if isinstance(kind, RawType):  # kept as it was sent, to be carried over into an order
        return
    is_list = "List" in names or "list" in names
    assert isinstance(kind, ListType) is is_list, names
    inner = kind.item_type if isinstance(kind, ListType) else kind
    assert _agrees(inner, names), (inner, names)


def _names(annotation: Any) -> list[str]:
    """The names of all types in an annotation of a model."""
    own = [getattr(annotation, "__name__", str(annotation)).rpartition(".")[2]]
    return own + [name for part in get_args(annotation) for name in _names(part)]


def _agrees(kind: Any, names: set[str]) -> bool:
    if isinstance(kind, UnionType):
        return any(_agrees(part, names) for part in kind.types if not isinstance(part, NoneType))
    if isinstance(kind, StructType):
        wanted = TYPES.get(kind.cls.__name__, kind.cls.__name__)
        # A Duration is a Quantity (FHIR R4, "Duration").
        return any(
            name.removesuffix("Type").replace("Duration", "Quantity") == wanted for name in names
        )
    if isinstance(kind, StrType):
        return bool(names & TEXT)
    if isinstance(kind, FloatType):
        return bool(names & NUMBERS)
    if isinstance(kind, BoolType):
        return bool(names & {"bool", "Boolean"})
    return isinstance(kind, (AnyType, RawType))


MEASURED = [
    name
    for name, profile in STRUCTURE_DEFINITIONS.items()
    if profile["type"] in {read.__name__ for read in r4.READ_RESOURCES}
]


@pytest.mark.parametrize(
    "name", [name for name in MEASURED if not name.endswith("-order") or name.startswith("draft-")]
)
def test_a_profile_of_what_is_read_constrains_only_elements_that_are_read(name: str) -> None:
    """What a client takes the trouble to send by a profile of ours, the service reads."""
    declared = {element.path for element in r4.declared_elements()}
    profile = STRUCTURE_DEFINITIONS[name]
    constrained = {
        re.sub(r"\[x\]$|:\w+", "", element["path"]).replace("[x].", "Quantity.")
        for element in profile["differential"]["element"]
    }
    assert not {
        path
        for path in constrained - {profile["type"]}
        if not any(found.startswith(path) for found in declared)
    }


READERS = [
    *(ROOT / "cds_service" / "fhir").rglob("*.py"),
    *(ROOT / "cds_service" / "facts").rglob("*.py"),
    *(ROOT / "cds_service" / "rendering").rglob("*.py"),
]


def names_used() -> set[str]:
    """Every attribute that the readers of FHIR access, and outside the declarations every text."""
    used = set()
    for path in READERS:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute):
                used.add(node.attr)
            elif isinstance(node, ast.Constant) and "r4" not in path.parts:
                used.add(node.value)
    return used


def test_every_declared_element_is_read_somewhere() -> None:
    used = names_used()
    assert [
        f"{structure.__name__}.{name}" for structure, name, _ in CASES if name not in used
    ] == []
