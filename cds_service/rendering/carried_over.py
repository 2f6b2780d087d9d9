"""What an order that replaces a draft keeps of it: requester, payer, reasons and place, but never
the drug.

The elements are those of FHIR R4's MedicationRequest. Elements about the replaced drug (medication,
dosage, dispense, substitution, the prescription before it, identifiers, words that name the drug)
do not apply to the new one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from ..fhir.medication import MOST_CONTAINED
from ..fhir.r4 import MedicationRequest

# The elements that are kept, and the form that R4 gives them: an object, or a list of objects.
CARRIED: Mapping[str, type] = {
    "category": list,
    "encounter": dict,
    "supportingInformation": list,
    "requester": dict,
    "performer": dict,
    "performerType": dict,
    "reasonCode": list,
    "reasonReference": list,
    "groupIdentifier": dict,
    "insurance": list,
}
_PRIORITIES = ("routine", "urgent", "asap", "stat")
_WORD = re.compile(r"[^\W\d_]{4,}")


def carry_over(request: MedicationRequest, order: dict[str, Any]) -> dict[str, Any]:
    """``order``, a MedicationRequest as JSON, with the elements that still apply of the draft
    ``request`` that it replaces.

    Lists are joined, those of the order first. Any other element is the draft's, because a person
    decided it. A note is kept unless it mentions the old drug. Contained resources are kept if an
    element that is kept refers to them.
    """
    kept = {
        name: value
        for name, form in CARRIED.items()
        if (value := _well_formed(_sent(request, name), form))
    }
    priority = _sent(request, "priority")
    if priority in _PRIORITIES:
        kept["priority"] = priority
    contained = [msgspec.json.decode(item) for item in request.contained[:MOST_CONTAINED]]
    if noted := _objects(_sent(request, "note")):
        drug = {word for text in _drug_texts(request, contained) for word in _words(text)}
        if notes := [note for note in noted if drug.isdisjoint(_words(note.get("text")))]:
            kept["note"] = notes
    made = {**order, **{name: _joined(order.get(name), value) for name, value in kept.items()}}
    if contained:
        wanted = list(_contained_references(kept))
        if referred_to := [item for item in _objects(contained) if item.get("id") in wanted]:
            made["contained"] = referred_to
    return made


def _sent(request: MedicationRequest, name: str) -> Any:
    """An element as JSON; ``None`` if it was not sent."""
    text = getattr(request, name)
    return msgspec.json.decode(text) if memoryview(text).nbytes else None


def without_contained(order: dict[str, Any]) -> dict[str, Any]:
    """``order`` without its contained resources and the elements that refer to them. A contained
    resource may not contain others (FHIR R4, dom-2)."""
    if "contained" not in order:
        return order
    return {
        name: value
        for name, value in order.items()
        if name != "contained" and not list(_contained_references(value))
    }


def _objects(value: Any) -> list[dict[str, Any]]:
    """The objects in a list; none of any other value."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _well_formed(value: Any, form: type) -> Any:
    """An element in the form of R4; ``None`` if it was sent in another form."""
    if form is list:
        return _objects(value) or None
    return value if isinstance(value, dict) and value else None


def _joined(own: Any, kept: Any) -> Any:
    """Two lists as one without duplicates. For any other elements, the draft's, because a person
    decided it."""
    if isinstance(own, list) and isinstance(kept, list):
        return [*own, *(item for item in kept if item not in own)]
    return kept


def _drug_texts(request: MedicationRequest, contained: Any) -> Iterator[Any]:
    """The names that the draft gives its drug. A note with one of their words may be about it."""
    if request.medicationCodeableConcept:
        yield from request.medicationCodeableConcept.names
    if request.medicationReference:
        yield request.medicationReference.display
    for concept in _objects([item.get("code") for item in _objects(contained)]):
        yield concept.get("text")
        yield from (coding.get("display") for coding in _objects(concept.get("coding")))


def _words(text: Any) -> set[str]:
    return {word.casefold() for word in _WORD.findall(text)} if isinstance(text, str) else set()


def _contained_references(element: Any) -> Iterator[str]:
    if isinstance(element, dict):
        reference = element.get("reference")
        if isinstance(reference, str) and reference.startswith("#"):
            yield reference[1:]
        for item in element.values():
            yield from _contained_references(item)
    elif isinstance(element, list):
        for item in element:
            yield from _contained_references(item)
