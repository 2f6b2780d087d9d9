"""Which agent a medication is, by code, by reference, last by name; and its strength."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from msgspec import Raw

from .index import ResourceIndex
from .r4 import (
    Medication,
    MedicationAdministration,
    MedicationDispense,
    MedicationRequest,
    MedicationStatement,
    OfMedication,
)
from .reading import read_resources
from .references import type_and_id
from .terminology import Terminology

COBALAMINS = frozenset({"hydroxocobalamin", "cyanocobalamin", "mecobalamin", "adenosylcobalamin"})
FOLATES = frozenset({"folic-acid", "levomefolate", "leucovorin"})
_COMBINATIONS = frozenset({"cobalamin-combination", "folate-combination"})
AGENTS = COBALAMINS | FOLATES | _COMBINATIONS | frozenset({
    "cobalamin-antidote", "methotrexate", "pemetrexed", "pralatrexate", "digoxin", "loop-diuretic",
    "thiazide-diuretic", "antiarrhythmic", "metformin", "acid-suppressant", "anticoagulant", "nitrous-oxide",
})  # fmt: skip
_KINDS: tuple[type[OfMedication], ...] = (
    MedicationRequest, MedicationStatement, MedicationAdministration, MedicationDispense,
)  # fmt: skip
_MOST = 20
_LONGEST = 300
_PARTNER = "partner-ingredient"
_ANTIDOTE_FROM = Decimal(2_500_000)  # micrograms: no product for deficiency holds more than 5 mg
_MICROGRAMS = {"g": Decimal(1_000_000), "mg": Decimal(1000), "ug": Decimal(1)}
# A number is read from its first digit and as a whole, or a name of digits would take the time of its length cubed.
_AMOUNT = (
    r"(?<!\d)(\d++(?:[.,]\d++)?+)\s*+(mg|mcg|ug|microgrammes?|micrograms?|milligrams?|g)(?![a-z])"
    r"(?:\s*+/\s*+(\d++(?:\.\d++)?+)?\s*+(ml|millilit(?:er|re)s?)(?![a-z]))?"
)
_STRENGTH = re.compile(_AMOUNT)
_FOLATE_STRENGTH = re.compile(rf"(?:folic acid|folate|levomefolate|methylfolate|leucovorin|folinic acid)[^0-9/+]{{0,20}}{_AMOUNT}")


class Strength(NamedTuple):
    """Micrograms in one unit of a product (``per_ml``: in one millilitre)."""

    micrograms: Decimal
    per_ml: bool


class Product(NamedTuple):
    """A medication as recognised. ``by``: ``code``, ``name``, or ``""`` where nothing identifies it.

    ``label`` is its name; ``described`` all that its codes and names say, where its form may be read.
    ``agents`` is empty for a medication that is recognised as none of ours; ``identified`` is false where there is
    neither a code nor a name to go by.
    """

    agents: frozenset[str]
    by: str
    label: str
    strength: Strength | None
    identified: bool = True
    described: str = ""

    @property
    def cobalamin(self) -> str:
        """The single-agent cobalamin that this product is, or ``""``; of several cyanocobalamin, which asks for most care."""
        found = self.agents & COBALAMINS if not self.agents & _COMBINATIONS else frozenset()
        return "cyanocobalamin" if "cyanocobalamin" in found else min(found, default="")

    @property
    def has_folate(self) -> bool:
        """Whether the product contains a folate, alone or combined."""
        return bool(self.agents & FOLATES) or "folate-combination" in self.agents

    @property
    def has_cobalamin(self) -> bool:
        """Whether the product contains any cobalamin, a combination's included, the antidote excluded."""
        return bool(self.agents & (COBALAMINS | {"cobalamin-combination"}))


def is_folate(product: Product, route: str | None) -> bool:
    """Whether a product by ``route`` counts as folate: leucovorin only by mouth, a combination only with a stated folate."""
    if "leucovorin" in product.agents and route != "oral":
        return False
    return product.has_folate and (not product.agents & _COMBINATIONS or product.strength is not None)


def product_of(resource: OfMedication, index: ResourceIndex | None, terminology: Terminology) -> Product:
    """The product that a MedicationRequest, MedicationStatement, -Administration or -Dispense is about."""
    reference, concept = resource.medicationReference, resource.medicationCodeableConcept
    codes, names = (concept.codings, concept.names) if concept else ([], [])
    if reference is not None and not (codes or names):
        medication = _referenced(resource, reference.reference, index)
        codes, names = _described(medication) if medication is not None else ([], [])
        names = names or ([reference.display.strip()] if reference.display.strip() else [])
    # What identifies a medication is short; the bound keeps a hostile name out of the cache.
    return _identify(tuple(codes[:_MOST]), tuple(name[:_LONGEST] for name in names[:_MOST]), terminology)


def _described(medication: Medication) -> tuple[list[tuple[str, str]], list[str]]:
    """The codes and names of a Medication; of one without a code, those of what it is made of, as one product.

    One under a modifier that is not understood is not described: it may be something else.
    """
    active = [item for item in medication.ingredient if item.isActive is not False]
    if medication.is_modified or medication.malformed or any(item.modifierExtension for item in active):
        return [], []
    if medication.code is not None and (medication.code.codings or medication.code.names):
        return medication.code.codings, medication.code.names
    concepts = [item.itemCodeableConcept for item in active if item.itemCodeableConcept]
    together = " / ".join(name for concept in concepts for name in concept.names[:1])
    displays = [name for concept in concepts for name in concept.names[1:]]
    return [coding for concept in concepts for coding in concept.codings], [name for name in (together, *displays) if name]


def _referenced(resource: OfMedication, reference: str, index: ResourceIndex | None) -> Medication | None:
    target = reference.strip()
    if target.startswith("#"):
        return contained_medication(resource.contained, target)
    return index.medications.get(target if target.startswith("urn:") else type_and_id(target)) if index else None


def contained_medication(contained: Iterable[Raw], reference: str) -> Medication | None:
    """The contained Medication that ``reference`` (``#id``) leads to. A widespread library writes the id with its ``#``, too."""
    wanted = reference.lstrip("#")
    named = (found for found in read_resources(contained) if isinstance(found, Medication) and found.id.lstrip("#") == wanted)
    return next(named, None)


def unresolved_references(index: ResourceIndex, *, nameless: bool = False) -> list[str]:
    """The references, as sent, by which resources of ``index`` name a medication that is neither contained nor filed.

    ``nameless``: only those of which not even a name is stated.
    """
    found: dict[str, None] = {}
    for kind in _KINDS:
        for resource in index.of_type(kind):
            reference = resource.medicationReference
            if reference is None or resource.medicationCodeableConcept is not None:
                continue
            target = type_and_id(reference.reference)
            if target and target not in index.medications and not (nameless and reference.display.strip()):
                found[reference.reference.strip()] = None
    return list(found)


@lru_cache(maxsize=8192)
def _identify(codes: tuple[tuple[str, str], ...], names: tuple[str, ...], terminology: Terminology) -> Product:
    label = names[0] if names else next(filter(None, (terminology.displays.get(code) for code in codes)), "")
    agents: frozenset[str] = frozenset()
    for system, code in codes:
        agents |= terminology.sets_of(system, code) & AGENTS
    displays = [terminology.displays[code] for code in codes if code in terminology.displays]
    named: frozenset[str] = frozenset()
    for name in names:
        named |= terminology.sets_named_in(name)
    by, told = ("code", [*displays, *names]) if agents else ("name" if names else "", list(names))
    agents = agents or named & AGENTS
    if named & COBALAMINS - {"cyanocobalamin"} & agents and not any("cyanocobalamin" in name.lower() for name in names):
        agents -= {"cyanocobalamin"}  # "Vitamin B12 (hydroxocobalamin)": the vitamin's name, not the agent's
    agents = _without_antidote(agents, _strength(told, agents))
    if agents & COBALAMINS and (_PARTNER in named or (agents | named) & (FOLATES | {"cobalamin-combination"})):
        agents = (agents - COBALAMINS) | {"cobalamin-combination"}
    return Product(agents, by, label, _strength(told, agents), bool(codes or names), " ".join(told))


def _without_antidote(agents: frozenset[str], strength: Strength | None) -> frozenset[str]:
    """``agents`` without the cobalamin of a cyanide antidote, known by its code or name, or by 5 g of hydroxocobalamin."""
    grams = strength is not None and not strength.per_ml and strength.micrograms >= _ANTIDOTE_FROM
    if "cobalamin-antidote" in agents or ("hydroxocobalamin" in agents and grams):
        return (agents - COBALAMINS) | {"cobalamin-antidote"}
    return agents


def _strength(names: list[str], agents: frozenset[str]) -> Strength | None:
    """The strength that the names state; of a combination, its folate's."""
    combined = bool(agents & _COMBINATIONS)
    for name in names:
        text = _plain(name)
        match = _FOLATE_STRENGTH.search(text) if agents & FOLATES or combined else None
        match = match or (None if combined else _STRENGTH.search(text))
        if match:
            amount, volume = _micrograms(match[1], match[2]), Decimal(match[3] or 1)
            if not match[4]:
                return Strength(amount, False)
            return Strength(amount / volume, True) if volume else None
    return None


def _plain(text: str) -> str:
    text = text.lower().replace("\u00b5", "u").replace("\u03bc", "u")
    return re.sub(r"(?<=\d)[,](?=\d{3}(?!\d))", "", text)


def _micrograms(number: str, unit: str) -> Decimal:
    if unit.startswith(("mcg", "microgram")):
        unit = "ug"
    elif unit.startswith("milligram"):
        unit = "mg"
    return Decimal(number.replace(",", ".")) * _MICROGRAMS[unit]
