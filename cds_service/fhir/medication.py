"""Reading which medication a FHIR resource is about, and what that medication is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from itertools import islice

from msgspec import Raw

from .index import ResourceIndex
from .placeholders import is_placeholder
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
    form = ""
    if reference is not None and not (codes or names):
        medication = _referenced(resource, reference.reference, index)
        if medication is not None and not _may_be_another(medication):
            find = partial(_referenced, resource, index=index)
            codes, names, ingredients, form = _described(medication, find)
        display = reference.display.strip()
        if all(map(is_placeholder, names)) and not any(part.names for part in ingredients):
            names = [display] if display else names
    return identify(tuple(codes[:_MOST]), tuple(names[:_MOST]), ingredients, terminology, form)


def _may_be_another(medication: Medication) -> bool:
    """Whether a Medication is malformed or has a modifier, and so may be something else than it
    states."""
    return (
        medication.is_modified
        or bool(medication.malformed)
        or any(item.modifierExtension for item in _active(medication))
    )


def _active(medication: Medication) -> list[MedicationIngredient]:
    return [item for item in medication.ingredient if item.isActive is not False]


def _described(
    medication: Medication, find: Callable[[str], Medication | None]
) -> tuple[list[tuple[str, str]], list[str], tuple[IngredientPart, ...], str]:
    """The codes, names and active ingredients of a Medication, and the names of its form. ``find``
    returns a Medication by reference."""
    code, form = medication.code, medication.form
    return (
        code.codings if code is not None else [],
        code.names if code is not None else [],
        tuple(_ingredient(item, find) for item in _active(medication)[:_MOST]),
        " ".join(form.names[:_MOST]) if form is not None else "",
    )


def _ingredient(
    item: MedicationIngredient, find: Callable[[str], Medication | None]
) -> IngredientPart:
    """An ingredient, by its concept or by the Medication that it refers to. What was not sent is
    known by the name of the reference."""
    concept, reference = item.itemCodeableConcept, item.itemReference
    display = ""
    if concept is None and reference is not None:
        target = find(reference.reference)
        if target is not None and not _may_be_another(target):
            concept = target.code
        display = reference.display.strip()
    codes, names = (concept.codings, concept.names) if concept else ([], [])
    if display and not names:
        names = [display]
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
    return index.medications.find(target) if index else None


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


def unresolved_references(
    index: ResourceIndex, unless_named: Terminology | None = None
) -> list[str]:
    """The references, as sent, of resources in ``index`` to medications that are neither contained
    nor filed.

    ``unless_named``: not the references whose display names an agent in this terminology.
    """
    found: dict[str, None] = {}
    for kind in _KINDS:
        for resource in index.of_type(kind):
            reference = resource.medicationReference
            if reference is None or resource.medicationCodeableConcept is not None:
                continue
            if (
                type_and_id(reference.reference)
                and reference.reference not in index.medications
                and not (unless_named and product_of(resource, None, unless_named).agents)
            ):
                found[reference.reference.strip()] = None
    return list(found)
