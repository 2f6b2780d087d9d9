"""The value sets that a code belongs to, from the FHIR ValueSet resources in
``fhir_profiles/value-sets``.

Membership is by ``system|code``, with the system as :func:`~.code_systems.canonical_system` returns
it. An ``is-a`` filter is supported for code systems whose codes spell their hierarchy (ICD, ATC):
``I50`` covers ``I50.9``. Nothing is looked up outside the process.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from .code_systems import (
    ATC,
    DMD,
    ICD_10,
    ICD_10_CM,
    OPCS_4,
    OWN,
    V3_INTERPRETATION,
    canonical_system,
)
from .code_systems import LOINC as LOINC
from .code_systems import RXNORM as RXNORM
from .code_systems import SNOMED as SNOMED
from .definitions import DefinitionError, parse_definition, text_of, using
from .placeholders import is_placeholder
from .product_tokens import Vocabulary
from .r4 import CodeableConcept

_ICD = frozenset({ICD_10, ICD_10_CM})
CODES_SPELL_HIERARCHY = _ICD | {ATC}
BASE = "https://b12-folate-cds.example.org/fhir"
# Under a misspelt system, a value set would contain no code that is ever sent.
_SYSTEMS = CODES_SPELL_HIERARCHY | {
    LOINC, SNOMED, RXNORM, DMD, OPCS_4, V3_INTERPRETATION, OWN,
}  # fmt: skip
# Marks after the codes of dual coding, in FHIR R4 ("Using ICD-[X] codes with FHIR") and ICD-10-GM.
_ICD_MARKS = "+*!\u2020"
_LONGEST_CODE = 64
_REVIEW = f"{BASE}/StructureDefinition/code-review"
_MEASURED = re.compile(r"\[(Mass|Moles|Mass or Moles|Moles or Mass)/volume\]")
_EMPTY: frozenset[str] = frozenset()


class Concept(NamedTuple):
    """One code of a value set."""

    system: str
    code: str
    display: str
    review_needed: bool


class SiteCode(NamedTuple):
    """A code that a site adds to the value set ``value_set``, or marks there. ``in_queries``: FHIR
    servers are queried for it; ``in_orders``: orders of the test carry it beside the published
    code; ``orders``: the order templates whose product it is. ``owner``: that of the folder."""

    value_set: str
    system: str
    code: str
    display: str
    in_queries: bool
    in_orders: bool
    orders: tuple[str, ...]
    owner: str

    @property
    def coding(self) -> dict[str, str]:
        """The code as a FHIR Coding."""
        return {
            "system": self.system,
            "code": self.code,
            **({"display": self.display} if self.display else {}),
        }


class Terminology:
    """The loaded value sets and medication names.

    ``value_sets`` and ``names`` are FHIR ValueSet and CodeSystem resources as parsed JSON.
    ``site_codes``: the codes that a site added. ``own_codes``: the published codes and branches
    that each value set lists itself.
    """

    def __init__(self, value_sets: Iterable[dict[str, Any]], medication_names: dict[str, Any]):
        self.concepts: dict[str, list[Concept]] = {}
        self.own_codes: dict[str, set[tuple[str, str]]] = {}
        self.site_codes: tuple[SiteCode, ...] = ()
        self.asked_in: tuple[str, ...] = (LOINC,)
        self._members: dict[tuple[str, str], frozenset[str]] = {}
        self._categories: dict[tuple[str, str], frozenset[str]] = {}
        self._parts: dict[str, frozenset[str]] = {}
        self.displays: dict[tuple[str, str], str] = {}
        for value_set in value_sets:
            self._add(value_set)
        names = {
            designation["value"]: concept["code"]
            for concept in medication_names.get("concept", [])
            for designation in concept.get("designation", [])
        }
        self.vocabulary = Vocabulary(names)
        self._index()

    def _index(self) -> None:
        """Compute what depends on the codes."""
        self._measured = {
            key: match[1]
            for key, name in self.displays.items()
            if key[0] == LOINC and (match := _MEASURED.search(name))
        }
        self._systems = frozenset(system for system, _ in (*self._members, *self._categories))
        self._longest_category = max((len(code) for _, code in self._categories), default=0)
        self._cached_sets_of = lru_cache(maxsize=16384)(self._sets_in_hierarchy)

    def with_codes(self, site_codes: Sequence[SiteCode]) -> Terminology:
        """A copy of this terminology with the codes of a site. This one does not change, and
        ``concepts`` holds only the published codes in both."""
        extended = copy.copy(self)
        extended.displays = dict(self.displays)
        extended._members = dict(self._members)
        for added in site_codes:
            key = canonical_system(added.system), added.code
            sets = extended._members.get(key, _EMPTY)
            if added.value_set not in sets:
                extended._members[key] = sets | {added.value_set}
                extended.displays.setdefault(key, added.display)
        extended.site_codes = (*self.site_codes, *site_codes)
        extended._index()
        return extended

    @classmethod
    def load(cls, profiles: Path) -> Terminology:
        """Read ``value-sets/*.json`` and ``code-systems/medication-name.json`` under ``profiles``.
        Raises :class:`DefinitionError`."""
        value_sets = tuple(
            (path, text_of(path)) for path in sorted((profiles / "value-sets").glob("*.json"))
        )
        names = profiles / "code-systems" / "medication-name.json"
        return _read(value_sets, (names, text_of(names)))

    def _add(self, value_set: dict[str, Any]) -> None:
        set_id = value_set["id"]
        concepts = self.concepts.setdefault(set_id, [])
        for include in value_set["compose"]["include"]:
            if "system" not in include:
                # several value sets in one include would mean their intersection
                (part,) = include["valueSet"]
                self._parts[set_id] = self._parts.get(set_id, _EMPTY) | {part.rpartition("/")[2]}
                continue
            system = include["system"]
            for concept in include.get("concept", []):
                key = canonical_system(system), concept["code"]
                self._members[key] = self._members.get(key, _EMPTY) | {set_id}
                self.own_codes.setdefault(set_id, set()).add(key)
                self.displays.setdefault(key, concept.get("display", ""))
                review = any(
                    extension.get("url") == _REVIEW for extension in concept.get("extension", [])
                )
                concepts.append(
                    Concept(system, concept["code"], concept.get("display", ""), review)
                )
            for condition in include.get("filter", []):
                key = canonical_system(system), condition["value"]
                self._categories[key] = self._categories.get(key, _EMPTY) | {set_id}
                self.own_codes.setdefault(set_id, set()).add(key)

    def sets_of(self, system: str, code: str) -> frozenset[str]:
        """The ids of all value sets that contain ``system|code``. ``system``: as
        :func:`~.code_systems.canonical_system` returns it."""
        if system not in CODES_SPELL_HIERARCHY:
            return self._members.get((system, code), _EMPTY)
        # No code system here has longer codes; the bound keeps hostile ones out of the cache.
        return self._cached_sets_of(system, code) if len(code) <= _LONGEST_CODE else _EMPTY

    def _sets_in_hierarchy(self, system: str, code: str) -> frozenset[str]:
        if system not in _ICD:
            return self._sets_of_branch(system, code)
        # In FHIR R4, several codes with blanks between them are one diagnosis ("J21.8+ B95.6*").
        found = self._members.get((system, code), _EMPTY)
        for part in code.upper().split():
            part = part.rstrip(_ICD_MARKS)
            if len(part) > 3 and part[3] != ".":
                part = f"{part[:3]}.{part[3:]}"  # billing systems leave out the dot
            found |= self._sets_of_branch(system, part)
            if system == ICD_10 and len(part) > 5:
                # WHO's codes end after the fourth character. The rest is a national subdivision of
                # the code.
                found |= self._members.get((system, part[:5]), _EMPTY)
        return found

    def _sets_of_branch(self, system: str, code: str) -> frozenset[str]:
        found = self._members.get((system, code), _EMPTY)
        for length in range(1, min(len(code), self._longest_category) + 1):
            found |= self._categories.get((system, code[:length].rstrip(".")), _EMPTY)
        return found

    def reads(self, system: str) -> bool:
        """Whether a value set has codes of ``system``, in whatever form that is written. The site's
        codes are included."""
        return canonical_system(system) in self._systems

    def identifies(self, codes: Iterable[tuple[str, str]], names: Iterable[str]) -> bool:
        """Whether codes or names identify something: by a code of a system that is read, or by a
        text or display that is no placeholder.

        Something unidentified may be relevant, and the list that it is in is incomplete (clinical
        specification, section 2, "Codes"). ``codes``: (system, code) of its codings. ``names``:
        its text and displays.
        """
        return not all(map(is_placeholder, names)) or any(
            code and self.reads(system) for system, code in codes
        )

    def holds(self, set_id: str, system: str, code: str) -> bool:
        """Whether the value set ``set_id``, or one of those that it is composed of, contains
        ``system|code``, in the form of :meth:`sets_of`."""
        return not self.sets_of(system, code).isdisjoint(self._parts.get(set_id, _EMPTY) | {set_id})

    def measured_as(self, system: str, code: str) -> str:
        """The kind of quantity that the LOINC name of a code states: ``Mass``, ``Moles``,
        ``Mass or Moles``, or ``""``."""
        return self._measured.get((system, code), "")

    def sets_of_concept(self, concept: CodeableConcept | None) -> frozenset[str]:
        """The ids of all value sets that hold a coding of the CodeableConcept ``concept``."""
        found = _EMPTY
        for coding in concept.coding if concept is not None else ():
            system, code = coding.system, coding.code
            if not (system and code):
                continue
            # A canonical system with a code of a value set needs no normalising.
            sets = None if system in CODES_SPELL_HIERARCHY else self._members.get((system, code))
            if sets := sets or self.sets_of(canonical_system(system), code.strip()):
                found = found | sets if found else sets
        return found

    def sets_named_in(self, text: str) -> frozenset[str]:
        """The ids of all value sets that names of the closed list in ``text`` mean."""
        return self.vocabulary.meanings_in(text)

    def codes(self, set_id: str, system: str) -> list[str]:
        """The codes of ``set_id`` in ``system``, in the order of the value set. Raises ``KeyError``
        for an unknown id."""
        return [concept.code for concept in self.concepts[set_id] if concept.system == system]

    def query_codes(self, set_id: str) -> list[tuple[str, str]]:
        """The (system, code) pairs with which FHIR servers are queried for ``set_id``: its codes in
        the systems of ``asked_in``, or all if it has none there, and the codes that the site marks
        for queries. The system is written as in the value set or the site's file."""
        published = [(concept.system, concept.code) for concept in self.concepts[set_id]]
        marked = [
            (added.system, added.code)
            for added in self.site_codes
            if added.value_set == set_id and added.in_queries
        ]
        return list(
            dict.fromkeys(
                [*([key for key in published if key[0] in self.asked_in] or published), *marked]
            )
        )

    def asking_in(self, systems: tuple[str, ...]) -> Terminology:
        """A copy of this terminology with which servers are queried for codes in ``systems``."""
        asking = copy.copy(self)
        asking.asked_in = systems
        asking._index()
        return asking

    def order_codings(self, codes: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
        """The site's codings that orders of a test with one of ``codes`` carry in addition."""
        sets = frozenset[str]().union(
            *(self.sets_of(canonical_system(system), code) for system, code in codes)
        )
        return [
            added.coding for added in self.site_codes if added.in_orders and added.value_set in sets
        ]

    def product_codings(self, order: str) -> list[dict[str, str]]:
        """The site's own codings of the product of the order template ``order``, one for each
        system."""
        return [added.coding for added in self.site_codes if order in added.orders]


@lru_cache(maxsize=2)
def _read(value_sets: tuple[tuple[Path, str], ...], names: tuple[Path, str]) -> Terminology:
    """The terminology of files with their texts, built once for the same texts."""
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
    """Check that each part of a value set has members: one without is a slip, and would silence
    every card that uses it. Raises :class:`DefinitionError`."""
    for include in value_set["compose"]["include"]:
        if "system" in include and include["system"] not in _SYSTEMS:
            raise DefinitionError(
                path, 1, 1, f"no code system that is read here has the URL {include['system']!r}."
            )
        if not (
            include.get("valueSet")
            or (include["system"] and (include.get("concept") or include.get("filter")))
        ):
            raise DefinitionError(
                path, 1, 1, "a part of 'compose.include' has no 'concept', 'filter' or 'valueSet'."
            )
        for concept in include.get("concept", []):
            assert isinstance(concept["code"], str)
