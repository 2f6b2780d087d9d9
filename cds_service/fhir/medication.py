"""Reading which medication a FHIR resource is about, and what that medication is."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from msgspec import Raw

from .index import ResourceIndex
from .product import COBALAMINS as COBALAMINS
from .product import Product as Product
from .product import is_folate as is_folate
from .product_identification import IngredientPart, identify
from .r4 import (
    Medication,
    MedicationAdministration,
    MedicationDispense,
    MedicationRequest,
    MedicationStatement,
    OfMedication,
)
from .r4.datatypes import Quantity
from .r4.resources import MedicationIngredient
from .reading import read_resources
from .references import type_and_id
from .strength import StatedQuantity
from .strength import Strength as Strength
from .terminology import Terminology

_KINDS: tuple[type[OfMedication], ...] = (
    MedicationRequest, MedicationStatement, MedicationAdministration, MedicationDispense,
)  # fmt: skip
# No order contains so many resources. A Medication beyond them is not found.
MOST_CONTAINED = 100
_MOST = 20  # codings and names of a concept, ingredients of a Medication


def product_of(
    resource: OfMedication, index: ResourceIndex | None, terminology: Terminology
) -> Product:
    """The product of a MedicationRequest, MedicationStatement, MedicationAdministration or
    MedicationDispense."""
    reference, concept = resource.medicationReference, resource.medicationCodeableConcept
    codes, names = (concept.codings, concept.names) if concept else ([], [])
    ingredients: tuple[IngredientPart, ...] = ()
    if reference is not None and not (codes or names):
        medication = _referenced(resource, reference.reference, index)
        codes, names, ingredients = (
            _described(medication) if medication is not None else ([], [], ())
        )
        display = reference.display.strip()
        names = names or (
            [display] if display and not any(part.names for part in ingredients) else []
        )
    return identify(tuple(codes[:_MOST]), tuple(names[:_MOST]), ingredients, terminology)


def _described(
    medication: Medication,
) -> tuple[list[tuple[str, str]], list[str], tuple[IngredientPart, ...]]:
    """The codes, names and active ingredients of a Medication.

    All are empty if it is malformed or has a modifier, because it may then be something else.
    """
    active = [item for item in medication.ingredient if item.isActive is not False]
    if (
        medication.is_modified
        or medication.malformed
        or any(item.modifierExtension for item in active)
    ):
        return [], [], ()
    codes, names = (
        (medication.code.codings, medication.code.names)
        if medication.code is not None
        else ([], [])
    )
    return codes, names, tuple(_ingredient(item) for item in active[:_MOST])


def _ingredient(item: MedicationIngredient) -> IngredientPart:
    concept = item.itemCodeableConcept
    codes, names = (concept.codings, concept.names) if concept else ([], [])
    numerator = _stated(item.strength.numerator) if item.strength else None
    denominator = _stated(item.strength.denominator) if item.strength else None
    if item.strength and item.strength.denominator is not None and denominator is None:
        numerator = None  # the stated denominator cannot be read
    return IngredientPart(tuple(codes[:_MOST]), tuple(names[:_MOST]), numerator, denominator)


def _stated(quantity: Quantity | None) -> StatedQuantity | None:
    """The number and unit of a Quantity without a comparator, or ``None``."""
    number = quantity.number if quantity is not None and not quantity.comparator else None
    return (
        None
        if number is None or quantity is None
        else StatedQuantity(number, quantity.unit, quantity.code)
    )


def _referenced(
    resource: OfMedication, reference: str, index: ResourceIndex | None
) -> Medication | None:
    target = reference.strip()
    if target.startswith("#"):
        return contained_medication(resource.contained, target)
    return (
        index.medications.get(target if target.startswith("urn:") else type_and_id(target))
        if index
        else None
    )


def contained_medication(contained: Iterable[Raw], reference: str) -> Medication | None:
    """The contained Medication that ``reference`` (``#id``) points to, among the first
    ``MOST_CONTAINED``. A widespread library writes the id itself with ``#``, too."""
    wanted = reference.lstrip("#")
    named = (
        found
        for found in read_resources(islice(contained, MOST_CONTAINED))
        if isinstance(found, Medication) and found.id.lstrip("#") == wanted
    )
    return next(named, None)


def unresolved_references(index: ResourceIndex, *, nameless: bool = False) -> list[str]:
    """The references, as sent, of resources in ``index`` to medications that are neither contained
    nor filed.

    ``nameless``: only the references without a display.
    """
    found: dict[str, None] = {}
    for kind in _KINDS:
        for resource in index.of_type(kind):
            reference = resource.medicationReference
            if reference is None or resource.medicationCodeableConcept is not None:
                continue
            target = type_and_id(reference.reference)
            if (
                target
                and target not in index.medications
                and not (nameless and reference.display.strip())
            ):
                found[reference.reference.strip()] = None
    return list(found)
