"""Reading and searching the made-up records (FHIR R4, "Search").

Unsupported parameters are refused and never ignored: an ignored parameter goes unnoticed by
someone who tries a client here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from ..hooks.errors import BadRequest
from ..hooks.fhir_search import Search, searchset, values_of, whole_number
from .chart import Json

USUAL_COUNT, MOST_COUNT = 50, 1_000
CONTROLS = ("_sort", "_count", "_offset", "_include", "_format")


class Kind(NamedTuple):
    """The search parameters of a resource type, each with its element. ``tokens`` and
    ``references``: parameters of these types; ``sorts``: the values of ``_sort``; ``includes``:
    the values of ``_include`` after the type, with the referring element."""

    tokens: Mapping[str, str] = {}
    references: Mapping[str, str] = {}
    sorts: Mapping[str, str] = {}
    includes: Mapping[str, str] = {}

    @property
    def parameters(self) -> dict[str, str]:
        """The type of each parameter, as a CapabilityStatement states it."""
        return {
            "_id": "token",
            **dict.fromkeys(self.tokens, "token"),
            **dict.fromkeys(self.references, "reference"),
        }


_SUBJECT = {"patient": "subject", "subject": "subject"}
_MEDICATION = {"medication": "medicationReference", "patient": "subject"}
_BY_PATIENT = {"patient": "subject"}
KINDS: dict[str, Kind] = {
    "Patient": Kind(
        {"identifier": "identifier", "gender": "gender"},
        {},
        {"identifier": "identifier", "family": "name", "birthdate": "birthDate"},
    ),
    "Practitioner": Kind({"identifier": "identifier"}),
    "Encounter": Kind({"status": "status"}, _SUBJECT, {"date": "period"}, _BY_PATIENT),
    "Observation": Kind(
        {"code": "code", "category": "category", "status": "status"},
        _SUBJECT,
        {"date": "effectiveDateTime"},
        _BY_PATIENT,
    ),
    "Condition": Kind(
        {"code": "code", "category": "category", "clinical-status": "clinicalStatus"},
        _SUBJECT,
        {"onset-date": "onsetDateTime", "recorded-date": "recordedDate"},
        _BY_PATIENT,
    ),
    "Procedure": Kind(
        {"code": "code", "status": "status"}, _SUBJECT, {"date": "performedDateTime"}, _BY_PATIENT
    ),
    "AllergyIntolerance": Kind(
        {"code": "code", "clinical-status": "clinicalStatus"},
        {"patient": "patient"},
        {"date": "recordedDate"},
        {"patient": "patient"},
    ),
    "MedicationRequest": Kind(
        {"status": "status", "intent": "intent"},
        _SUBJECT,
        {"authoredon": "authoredOn"},
        _MEDICATION,
    ),
    "MedicationStatement": Kind({"status": "status"}, _SUBJECT, {}, _MEDICATION),
    "MedicationAdministration": Kind({"status": "status"}, _SUBJECT, {}, _MEDICATION),
    "MedicationDispense": Kind({"status": "status"}, _SUBJECT, {}, _MEDICATION),
    "Medication": Kind({"code": "code"}),
    "ServiceRequest": Kind(
        {"code": "code", "status": "status", "intent": "intent"},
        _SUBJECT,
        {"authored": "authoredOn"},
        _BY_PATIENT,
    ),
    "DeviceRequest": Kind({"status": "status"}, _SUBJECT),
}
Arguments = Iterable[tuple[str, str]]


class Records:
    """Resources that can be read by type and id, and searched."""

    def __init__(self, resources: Iterable[Json]):
        self._kept: dict[str, dict[str, Json]] = {kind: {} for kind in KINDS}
        for resource in resources:
            self._kept[resource["resourceType"]][resource["id"]] = resource

    def read(self, kind: str, identity: str) -> Json | None:
        """The resource of this type and id, or ``None``."""
        return self._kept.get(kind, {}).get(identity)

    def search(self, kind: str, arguments: Arguments, url: str) -> Json:
        """Search the resources of a type in ``KINDS`` by the ``arguments`` of a query and return
        the Bundle. ``url``: the absolute URL of the type.

        Raises :class:`BadRequest` for unsupported arguments.
        """
        resources = list(self._kept[kind].values())
        asked = _read(kind, arguments)
        for element, newest_first in reversed(asked.sort):
            resources.sort(
                key=lambda resource: _sort_key(resource.get(element)), reverse=newest_first
            )
        bundle = searchset(asked.search, resources, url)
        entries = bundle.get("entry", [])
        for resource in self._included([entry["resource"] for entry in entries], asked.includes):
            full = f"{url.rpartition('/')[0]}/{resource['resourceType']}/{resource['id']}"
            entries.append({"fullUrl": full, "resource": resource, "search": {"mode": "include"}})
        return bundle

    def answer(self, url: str, base: str) -> Json | None:
        """The resource or Bundle that the server at ``base`` returns for a relative URL, such as a
        completed prefetch template.

        Raises :class:`BadRequest`.
        """
        kind, is_search, query = url.partition("?")
        if is_search:
            return self.search(kind, parse_qsl(query, keep_blank_values=True), f"{base}/{kind}")
        return self.read(*kind.split("/"))

    def _included(self, found: Sequence[Json], elements: Iterable[str]) -> Iterator[Json]:
        named = [
            (resource.get(element) or {}).get("reference", "")
            for element in elements
            for resource in found
        ]
        for reference in dict.fromkeys(filter(None, named)):
            kind, _, identity = reference.partition("/")
            yield self._kept[kind][identity]


class _Asked(NamedTuple):
    """A parsed search. ``sort``: elements, each with whether the latest comes first; ``includes``:
    elements that refer to the resources to include."""

    search: Search
    sort: tuple[tuple[str, bool], ...]
    includes: tuple[str, ...]


def _read(kind: str, arguments: Arguments) -> _Asked:
    of = KINDS[kind]
    tests: list[Callable[[Mapping[str, Any]], bool]] = []
    used: list[tuple[str, str]] = []
    page = {"_count": USUAL_COUNT, "_offset": 0}
    sort: list[tuple[str, bool]] = []
    includes: list[str] = []
    for name, value in arguments:
        if name in page:
            page[name] = whole_number(name, value)
            continue
        if name == "_format":
            continue  # the server has only one format
        if name == "_sort":
            sort += [_sorting(of, key) for key in value.split(",")]
        elif name == "_include":
            includes.append(_including(kind, of, value))
        elif name in of.parameters and value:
            tests.append(_test(of, name, values_of(value)))
        else:
            known = ", ".join([*of.parameters, *CONTROLS])
            raise BadRequest(
                f"{kind} can be searched by: {known}; each without modifiers and with a value.",
                name,
                code="not-supported",
            )
        used.append((name, value))
    return _Asked(
        Search(tuple(tests), min(page["_count"], MOST_COUNT), page["_offset"], tuple(used)),
        tuple(sort),
        tuple(includes),
    )


def _sorting(of: Kind, key: str) -> tuple[str, bool]:
    name = key.removeprefix("-")
    if name not in of.sorts:
        raise BadRequest(
            f"_sort accepts: {', '.join(of.sorts) or 'nothing'}.", "_sort", code="not-supported"
        )
    return of.sorts[name], key != name


def _including(kind: str, of: Kind, value: str) -> str:
    prefix, _, name = value.partition(":")
    if prefix != kind or name not in of.includes:
        known = ", ".join(f"{kind}:{name}" for name in of.includes)
        raise BadRequest(
            f"_include accepts: {known or 'nothing'}.", "_include", code="not-supported"
        )
    return of.includes[name]


def _test(of: Kind, name: str, values: list[str]) -> Callable[[Mapping[str, Any]], bool]:
    if name == "_id":
        return lambda resource: resource["id"] in values
    if name in of.references:
        element = of.references[name]
        wanted = {f"Patient/{value.removeprefix('Patient/')}" for value in values}
        return lambda resource: (resource.get(element) or {}).get("reference") in wanted
    element = of.tokens[name]
    return lambda resource: not _tokens(resource.get(element)).isdisjoint(values)


def _tokens(value: Any) -> set[str]:
    """The token values that match an element: a code, a CodeableConcept, an Identifier, or a list
    of these."""
    if isinstance(value, str):
        return {value}
    if isinstance(value, list):
        return set[str]().union(*map(_tokens, value))
    found: set[str] = set()
    for coding in (value or {}).get("coding", [value] if value else []):
        code, system = coding.get("code", coding.get("value", "")), coding.get("system", "")
        found |= {code, f"{system}|{code}", f"{system}|"}
    return found


def _sort_key(value: Any) -> str:
    """The text to sort resources by: a date, the family of a name, the value of an identifier, or
    the start of a period."""
    if isinstance(value, list):
        return _sort_key(value[0]) if value else ""
    if isinstance(value, dict):
        return str(value.get("family") or value.get("value") or value.get("start") or "")
    return str(value or "")
