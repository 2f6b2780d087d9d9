"""The FHIR queries that facts read, by name, and the form in which an EHR is asked. Discovery's
templates are made from them.

Searches are by reference and token only, with each parameter once, and without status or date
limits, which would lose text-only, past and status-less resources (clinical specification, section
2).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from ..fhir.completeness import Asked
from ..fhir.ehr_profile import EhrProfile
from ..fhir.terminology import BASE, LOINC, SNOMED, Terminology
from .analytes import ANALYTES

LONGEST_TEMPLATE = 1000
PATIENT_TOKEN = "{{context.patientId}}"


class Query(NamedTuple):
    """A query: its resource type and, for Observations, the value sets whose codes it asks for."""

    resource_type: str
    value_sets: tuple[str, ...] = ()
    laboratory: bool = False


def _results(query: str, *findings: str) -> Query:
    """The query for the laboratory tests that name it, and for the value sets ``findings``."""
    tests = [
        name
        for analyte in ANALYTES.values()
        if analyte.query == query
        for name in analyte.value_sets
    ]
    return Query("Observation", (*tests, *findings), laboratory=True)


_SYSTEMS_OF_BARE_CODES = frozenset({LOINC, SNOMED})
QUERIES: dict[str, Query] = {
    "patient": Query("Patient"),
    "b12-results": _results("b12-results", "intrinsic-factor-antibody"),
    "blood-count": _results("blood-count"),
    "renal-and-potassium": _results("renal-and-potassium"),
    "pregnancy-status": Query("Observation", ("pregnancy-status",)),
    "findings": Query("Observation", ("vegan-or-vegetarian", "resected-ileum-length")),
    "conditions": Query("Condition"),
    "procedures": Query("Procedure"),
    "allergies": Query("AllergyIntolerance"),
    "medication-requests": Query("MedicationRequest"),
    "medication-statements": Query("MedicationStatement"),
    "medication-administrations": Query("MedicationAdministration"),
    "medication-dispenses": Query("MedicationDispense"),
    "service-requests": Query("ServiceRequest"),
}
# The service needs these lists, so no profile may declare that an EHR does not keep them.
ALWAYS_KEPT = frozenset(
    {"patient", "b12-results", "conditions", "allergies", "medication-requests"}
)
# Potassium has a part of its own if results come in no known order: many creatinines would push it
# off the first page.
_APART = {"renal-and-potassium": {"potassium": ANALYTES["potassium"].value_sets}}


class Part(NamedTuple):
    """A query or a part of it, as it is sent. ``key``: its prefetch key; ``query``: its name;
    ``before``, ``after``: its URL before and after the patient's id."""

    key: str
    query: str
    before: str
    after: str
    asked: Asked

    def url(self, patient: str) -> str:
        """The read or search, relative to a server's base; ``patient``: an id or
        a prefetch token."""
        return f"{self.before}{patient}{self.after}"


class Parts:
    """The parts in which some queries are sent, ``by_key`` of the prefetch. ``laboratory``: the
    keys of those that ask for laboratory results."""

    __slots__ = ("_keys", "by_key", "laboratory")

    def __init__(self, parts: Iterable[Part]):
        self.by_key: Mapping[str, Part] = {part.key: part for part in parts}
        self.laboratory = frozenset(part.key for part in self if QUERIES[part.query].laboratory)
        self._keys: dict[tuple[str, tuple[str, ...]], tuple[str, ...] | None] = {}

    def __iter__(self) -> Iterator[Part]:
        return iter(self.by_key.values())

    def keys_of(self, query: str, value_sets: tuple[str, ...] = ()) -> tuple[str, ...] | None:
        """The keys of ``query``, limited to those that ask for Observations of ``value_sets``;
        ``None`` if the EHR does not keep the list."""
        wanted = query, value_sets
        if wanted not in self._keys:
            kept = [part for part in self if part.query == query]
            keys = tuple(
                part.key
                for part in kept
                if not value_sets or not part.asked.value_sets.isdisjoint(value_sets)
            )
            self._keys[wanted] = keys if kept else None
        return self._keys[wanted]


class Queries:
    """The queries in the form that an EHR of ``profile`` takes, each in one part, or in several if
    one would be too long."""

    def __init__(self, profile: EhrProfile, terminology: Terminology):
        self.profile = profile
        self.parts: dict[str, Part] = {
            part.key: part
            for query in QUERIES
            if query not in profile.not_kept
            for part in _parts(query, profile, terminology)
        }
        self._chosen: dict[tuple[str, ...], Parts] = {}

    def of(self, queries: Iterable[str]) -> Parts:
        """The parts of ``queries``, without those that the EHR does not keep; cached."""
        wanted = tuple(queries)
        chosen = self._chosen.get(wanted)
        if chosen is None:
            chosen = self._chosen[wanted] = Parts(
                part for part in self.parts.values() if part.query in wanted
            )
        return chosen


def query_of(key: str) -> str | None:
    """The query to which a prefetch key belongs, whatever the form of the queries; ``None`` if
    there is no such key."""
    whole, _, number = key.rpartition("-")
    name = whole if number.isdigit() and whole else key
    return next(
        (query for query, parts in _APART.items() if name in parts),
        name if name in QUERIES else None,
    )


def _parts(query: str, profile: EhrProfile, terminology: Terminology) -> Iterator[Part]:
    kind, value_sets, _ = QUERIES[query]
    if kind == "Patient":
        yield Part(query, query, "Patient/", "", Asked(kind, profile=profile))
    elif not value_sets:
        yield Part(
            query, query, f"{kind}?patient=", _form(kind, profile), Asked(kind, profile=profile)
        )
    else:
        apart = {} if profile.order == "asked" else _APART.get(query, {})
        rest = tuple(
            name for name in value_sets if not any(name in part for part in apart.values())
        )
        for key, names in ((query, rest), *apart.items()):
            yield from _by_codes(key, query, names, profile, terminology)


def _by_codes(
    key: str, query: str, value_sets: Sequence[str], profile: EhrProfile, terminology: Terminology
) -> Iterator[Part]:
    """Searches for the codes of value sets, each for as many as fit into the longest template."""
    kind = QUERIES[query].resource_type
    before, after = f"{kind}?patient=", _form(kind, profile)
    room = LONGEST_TEMPLATE - len(before) - len(PATIENT_TOKEN) - len("&code=") - len(after)
    asked = Asked(kind, frozenset(value_sets), profile.order == "asked", profile)
    tokens = [token for name in value_sets for token in _tokens(name, profile, terminology)]
    for number, codes in enumerate(_fitting(dict.fromkeys(tokens), room), 1):
        yield Part(
            key if number == 1 else f"{key}-{number}",
            query,
            before,
            f"&code={','.join(codes)}{after}",
            asked,
        )


def _fitting(tokens: Iterable[str], room: int) -> Iterator[list[str]]:
    """Splits the tokens into lists of at most ``room`` characters when joined by commas."""
    fitting: list[str] = []
    for token in tokens:
        if fitting and len(",".join([*fitting, token])) > room:
            yield fitting
            fitting = []
        fitting.append(token)
    if fitting:
        yield fitting


def _form(kind: str, profile: EhrProfile) -> str:
    """The part of a search for ``kind`` that follows the patient and the codes."""
    count = profile.count_of(kind)
    return "".join(
        (
            f"&intent={','.join(profile.intents)}"
            if kind == "MedicationRequest" and profile.intents
            else "",
            "&_sort=-date" if kind == "Observation" and profile.order == "asked" else "",
            f"&_include={kind}:medication" if kind in profile.include else "",
            f"&_count={count}" if count else "",
        )
    )


def _tokens(value_set: str, profile: EhrProfile, terminology: Terminology) -> list[str]:
    """The search tokens that ask for a value set: its published codes, and the site's own that are
    marked for queries. Only codes of LOINC and SNOMED CT may go without their system."""
    keys = [
        (system, code)
        for system, code in terminology.query_codes(value_set)
        if not system.startswith(BASE)
    ]
    return [
        code
        if not profile.code_systems and system in _SYSTEMS_OF_BARE_CODES
        else f"{system}|{code}"
        for system, code in keys
    ]
