"""Which value sets a code belongs to, from the FHIR ValueSet resources in ``fhir_profiles/value-sets``.

Membership is by ``system|code``. An ``is-a`` filter is honoured for the code systems whose codes spell their
hierarchy (ICD, ATC): ``I50`` covers ``I50.9``. Nothing is looked up outside the process.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from .definitions import DefinitionError, parse_definition, text_of, using
from .product_tokens import Vocabulary
from .r4 import CodeableConcept

LOINC = "http://loinc.org"
SNOMED = "http://snomed.info/sct"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
_ICD = frozenset({"http://hl7.org/fhir/sid/icd-10", "http://hl7.org/fhir/sid/icd-10-cm"})
CODES_SPELL_HIERARCHY = _ICD | {"http://www.whocc.no/atc"}
BASE = "https://b12-folate-cds.example.org/fhir"
# A misspelt one would hold no code that ever comes.
_SYSTEMS = CODES_SPELL_HIERARCHY | {
    LOINC, SNOMED, RXNORM, "https://dmd.nhs.uk", "https://fhir.hl7.org.uk/CodeSystem/OPCS-4",
    "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation", f"{BASE}/CodeSystem/b12-folate-cds",
}  # fmt: skip
_REVIEW = f"{BASE}/StructureDefinition/code-review"
_MEASURED = re.compile(r"\[(Mass|Moles|Mass or Moles|Moles or Mass)/volume\]")
_EMPTY: frozenset[str] = frozenset()


class Concept(NamedTuple):
    """One code of a value set."""

    system: str
    code: str
    display: str
    review_needed: bool


class Terminology:
    """The loaded value sets and medication names.

    ``value_sets`` and ``names`` are FHIR ValueSet and CodeSystem resources as parsed JSON.
    """

    def __init__(self, value_sets: Iterable[dict[str, Any]], medication_names: dict[str, Any]):
        self.concepts: dict[str, list[Concept]] = {}
        self._members: dict[tuple[str, str], frozenset[str]] = {}
        self._categories: dict[tuple[str, str], frozenset[str]] = {}
        self._parts: dict[str, frozenset[str]] = {}
        self._systems: set[str] = set()
        self.displays: dict[tuple[str, str], str] = {}
        for value_set in value_sets:
            self._add(value_set)
        self._measured = {key: match[1] for key, name in self.displays.items() if (match := _MEASURED.search(name))}
        names = {
            designation["value"]: concept["code"]
            for concept in medication_names.get("concept", [])
            for designation in concept.get("designation", [])
        }
        self.vocabulary = Vocabulary(names)
        self._cached_sets_of = lru_cache(maxsize=16384)(self._sets_in_hierarchy)

    @classmethod
    def load(cls, profiles: Path) -> Terminology:
        """Read ``value-sets/*.json`` and ``code-systems/medication-name.json`` under ``profiles``. Raises :class:`DefinitionError`."""
        value_sets = tuple((path, text_of(path)) for path in sorted((profiles / "value-sets").glob("*.json")))
        names = profiles / "code-systems" / "medication-name.json"
        return _read(value_sets, (names, text_of(names)))

    def _add(self, value_set: dict[str, Any]) -> None:
        set_id = value_set["id"]
        concepts = self.concepts.setdefault(set_id, [])
        for include in value_set["compose"]["include"]:
            if "system" not in include:
                (part,) = include["valueSet"]  # several in one include would be what they have in common
                self._parts[set_id] = self._parts.get(set_id, _EMPTY) | {part.rpartition("/")[2]}
                continue
            system = include["system"]
            self._systems.add(system)
            for concept in include.get("concept", []):
                key = system, concept["code"]
                self._members[key] = self._members.get(key, _EMPTY) | {set_id}
                self.displays.setdefault(key, concept.get("display", ""))
                review = any(extension.get("url") == _REVIEW for extension in concept.get("extension", []))
                concepts.append(Concept(system, concept["code"], concept.get("display", ""), review))
            for condition in include.get("filter", []):
                key = system, condition["value"]
                self._categories[key] = self._categories.get(key, _EMPTY) | {set_id}

    def sets_of(self, system: str, code: str) -> frozenset[str]:
        """The ids of all value sets that hold ``system|code``."""
        if system not in CODES_SPELL_HIERARCHY:
            return self._members.get((system, code), _EMPTY)
        # No code system of ours has longer codes; the bound keeps hostile ones out of the cache.
        return self._cached_sets_of(system, code) if len(code) <= 64 else _EMPTY

    def _sets_in_hierarchy(self, system: str, code: str) -> frozenset[str]:
        if system in _ICD and len(code) > 3 and code[3] != ".":
            code = f"{code[:3]}.{code[3:]}"  # as billing systems write it
        found = self._members.get((system, code), _EMPTY)
        for length in range(1, len(code) + 1):
            found |= self._categories.get((system, code[:length].rstrip(".")), _EMPTY)
        return found

    def holds(self, set_id: str, system: str, code: str) -> bool:
        """Whether the value set ``set_id``, or one of those that it is composed of, holds ``system|code``."""
        return not self.sets_of(system, code).isdisjoint(self._parts.get(set_id, _EMPTY) | {set_id})

    def measured_as(self, system: str, code: str) -> str:
        """What the LOINC name of a code says is measured: ``Mass``, ``Moles``, ``Mass or Moles``, or ``""``."""
        return self._measured.get((system, code), "")

    def sets_of_concept(self, concept: CodeableConcept | None) -> frozenset[str]:
        """The ids of all value sets that hold a coding of the CodeableConcept ``concept``."""
        found = _EMPTY
        for system, code in concept.codings if concept is not None else ():
            if sets := self.sets_of(system, code):
                found = found | sets if found else sets
        return found

    def sets_named_in(self, text: str) -> frozenset[str]:
        """The ids of all value sets that a name of the closed list in ``text`` means."""
        return self.vocabulary.meanings_in(text)

    def reads(self, system: str) -> bool:
        """Whether codes of ``system`` are read at all: a value set holds some of them. One of another system says nothing."""
        return system in self._systems

    def codes(self, set_id: str, system: str) -> list[str]:
        """The codes of ``set_id`` in ``system``, in the order of the value set. Unknown id: ``KeyError``."""
        return [concept.code for concept in self.concepts[set_id] if concept.system == system]


@lru_cache(maxsize=2)
def _read(value_sets: tuple[tuple[Path, str], ...], names: tuple[Path, str]) -> Terminology:
    """The terminology of files with their texts, read once for the same ones."""
    read = []
    for path, text in value_sets:
        value_set = parse_definition(path, text, "ValueSet")
        with using(path):
            _check_members(path, value_set)
        read.append(value_set)
    path, text = names
    medication_names = parse_definition(path, text, "CodeSystem")
    with using(path):
        assert medication_names["concept"]
        return Terminology(read, medication_names)


def _check_members(path: Path, value_set: dict[str, Any]) -> None:
    """That each part of a value set has members: one without is a slip, and would silence every card that asks for it."""
    for include in value_set["compose"]["include"]:
        if "system" in include and include["system"] not in _SYSTEMS:
            raise DefinitionError(path, 1, 1, f"no code system that is read here has the URL {include['system']!r}.")
        if not (include.get("valueSet") or (include["system"] and (include.get("concept") or include.get("filter")))):
            raise DefinitionError(path, 1, 1, "a part of 'compose.include' has no 'concept', 'filter' or 'valueSet'.")
        for concept in include.get("concept", []):
            assert isinstance(concept["code"], str)
