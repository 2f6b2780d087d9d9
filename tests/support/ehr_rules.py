"""EHRs as their documents describe them, over the record of one patient: what they refuse, cap, leave out, and put on every answer.

:class:`Ehr` answers queries in the process, for the prefetch of a client and for a FHIR server (:func:`served`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl

from cds_service.engine import Call, Engine
from cds_service.facts.queries import PATIENT_TOKEN
from cds_service.fhir.retrieval import Fetched, fetch_nothing
from cds_service.hooks.prefetch import prefetch_templates
from tests.support.clinic import prefetching, sent

EPIC_SYSTEM = "urn:oid:1.2.840.114350.1.13.0.1.7.2.657369"
_CONTROLS = {"_sort", "_count", "_include", "_id"}


class Refusal(Exception):
    """The EHR answers a query with a status other than 200. ``diagnostics``: what it says."""

    def __init__(self, status: int, diagnostics: str = ""):
        self.status = status
        self.diagnostics = diagnostics
        super().__init__(status)


@dataclass(frozen=True)
class Ehr:
    """``resources``: the record, in the order in which it was filed. ``lacks``: resource types that it has no list for.

    ``unsorted``: it takes no ``_sort``. ``newest_first``: its own order. ``needs_systems``, ``bare_codes``: it refuses codes without, or
    with, their system. ``page``: entries a page where no number is asked for; ``most``: at most. ``counted``: the types of which a number
    may be asked for, ``None`` for all. ``needs_intent``: it refuses MedicationRequests without. ``notices``: Epic's codes on every
    Bundle. ``states_total``: a Bundle says how many there are. ``includes``: Medications come along where that is asked for.
    ``blind_to_systems``: it finds nothing by codes with their system. ``ignores``: parameters that it does not heed, as its self link says.
    """

    resources: tuple[dict[str, Any], ...] = ()
    lacks: frozenset[str] = frozenset()
    unsorted: bool = False
    newest_first: bool = False
    needs_systems: bool = False
    bare_codes: bool = False
    blind_to_systems: bool = False
    ignores: frozenset[str] = frozenset()
    page: int = 20
    most: int = 10_000
    counted: frozenset[str] | None = None
    needs_intent: bool = False
    notices: tuple[str, ...] = ()
    states_total: bool = True
    includes: bool = False
    asked: list[str] = field(default_factory=list, compare=False)

    def answer(self, url: str) -> dict[str, Any]:
        """The resource, or the page of a search, that a client gets. Raises :class:`Refusal`."""
        self.asked.append(url)
        kind, mark, query = url.partition("?")
        if not mark:
            return self._read(*kind.split("/"))
        asked = {name: value for name, value in parse_qsl(query) if name not in self.ignores}
        self._check(kind, asked)
        found = self._found(kind, asked)
        start = int(asked.get("_offset", 0))
        size = min(int(asked.get("_count", self.page)), self.most)
        page = found[start : start + size]
        entries = [{"resource": resource, "search": {"mode": "match"}} for resource in page]
        entries += [
            {"resource": included, "search": {"mode": "include"}}
            for included in self._included(page, asked)
        ]
        entries += (
            [{"resource": notice(*self.notices), "search": {"mode": "outcome"}}]
            if self.notices
            else []
        )
        bundle: dict[str, Any] = {"resourceType": "Bundle", "type": "searchset", "entry": entries}
        if self.states_total:
            bundle["total"] = len(found)
        if self.ignores:
            bundle["link"] = [
                {
                    "relation": "self",
                    "url": f"{kind}?{'&'.join(f'{name}={value}' for name, value in asked.items())}",
                }
            ]
        if start + size < len(found):
            rest = "&".join(f"{name}={value}" for name, value in asked.items() if name != "_offset")
            bundle.setdefault("link", []).append(
                {"relation": "next", "url": f"{kind}?{rest}&_offset={start + size}"}
            )
        return bundle

    def _read(self, kind: str, identity: str) -> dict[str, Any]:
        for resource in self.resources:
            if (resource["resourceType"], resource.get("id")) == (kind, identity):
                return resource
        raise Refusal(404)

    def _check(self, kind: str, asked: Mapping[str, str]) -> None:
        if kind in self.lacks:
            raise Refusal(404)
        if self.unsorted and "_sort" in asked:
            raise Refusal(400, 'Unknown parameter "_sort"')
        if "_count" in asked and self.counted is not None and kind not in self.counted:
            raise Refusal(400, "The parameter _count is not supported")
        if kind == "MedicationRequest" and self.needs_intent and "intent" not in asked:
            raise Refusal(400, "intent is required")
        systems = ["|" in token for token in asked.get("code", "").split(",") if token]
        if self.needs_systems and not all(systems):
            raise Refusal(400, "A system must be provided for each code")
        if self.bare_codes and any(systems):
            raise Refusal(400)

    def _found(self, kind: str, asked: Mapping[str, str]) -> list[dict[str, Any]]:
        tokens = set(filter(None, asked.get("code", "").split(",")))
        if self.blind_to_systems and any("|" in token for token in tokens):
            return []
        identities = set(filter(None, asked.get("_id", "").split(",")))
        intents = set(filter(None, asked.get("intent", "").split(",")))
        found = [
            resource
            for resource in self.resources
            if resource["resourceType"] == kind
            and (not identities or resource.get("id") in identities)
            and (not tokens or not tokens.isdisjoint(_tokens(resource)))
            and (not intents or kind != "MedicationRequest" or resource.get("intent") in intents)
        ]
        if asked.get("_sort") == "-date" or self.newest_first:
            found.sort(key=_date, reverse=True)
        return found

    def _included(
        self, page: list[dict[str, Any]], asked: Mapping[str, str]
    ) -> list[dict[str, Any]]:
        if "_include" not in asked or not self.includes:
            return []
        named = {(resource.get("medicationReference") or {}).get("reference") for resource in page}
        return [
            resource
            for resource in self.resources
            if f"{resource['resourceType']}/{resource.get('id')}" in named
        ]

    def holding(self, *resources: dict[str, Any]) -> Ehr:
        """The same EHR with another record."""
        return replace(self, resources=resources, asked=[])


GENERIC = Ehr(page=200)
HAPI = Ehr(states_total=False, includes=True)
NO_STATEMENTS = Ehr(page=200, lacks=frozenset({"MedicationStatement"}))
EPIC = Ehr(lacks=frozenset({"MedicationStatement"}), unsorted=True, page=1000, notices=("4119",))
# Observation and what else has _count; newest first; no MedicationStatement and no Medication of its own; pages of 50, at most 100.
ORACLE = Ehr(
    lacks=frozenset({"MedicationStatement", "Medication"}),
    unsorted=True,
    newest_first=True,
    needs_systems=True,
    page=50,
    most=100,
    counted=frozenset({"Observation", "MedicationRequest", "MedicationDispense", "ServiceRequest"}),
)
ATHENA = Ehr(page=200, needs_intent=True, ignores=frozenset({"_sort"}))
OPENEMR = Ehr(page=200, bare_codes=True)


def notice(*codes: str) -> dict[str, Any]:
    """An OperationOutcome of Epic's with an issue for each code."""
    issues = [
        {
            "severity": "warning",
            "code": "informational",
            "details": {"coding": [{"system": EPIC_SYSTEM, "code": code}]},
        }
        for code in codes
    ]
    return {"resourceType": "OperationOutcome", "issue": issues}


def prefetched(
    ehr: Ehr, engine: Engine, hook: str, patient: str, *, follows_pages: bool = True
) -> dict[str, Any]:
    """What a client of this EHR sends for discovery's templates: nothing under the key of a query that it refuses."""
    values = {}
    for key, template in prefetch_templates(engine.queries, engine.queries_by_hook[hook]).items():
        try:
            values[key] = (
                whole(ehr, template.replace(PATIENT_TOKEN, patient))
                if follows_pages
                else ehr.answer(template.replace(PATIENT_TOKEN, patient))
            )
        except Refusal:
            continue
    return values


def whole(ehr: Ehr, url: str) -> dict[str, Any]:
    """The answer with all its pages."""
    pages = [ehr.answer(url)]
    while following := [
        link["url"] for link in pages[-1].get("link", ()) if link["relation"] == "next"
    ]:
        pages.append(ehr.answer(following[0]))
    if len(pages) == 1:
        return pages[0]
    return {"resourceType": "Bundle", "entry": [entry for page in pages for entry in page["entry"]]}


def fetching(ehr: Ehr) -> Callable[[Mapping[str, str]], Mapping[str, Fetched]]:
    """Reading this EHR's FHIR server for a call."""

    def fetch(urls: Mapping[str, str]) -> Mapping[str, Fetched]:
        found = {}
        for name, url in urls.items():
            try:
                found[name] = Fetched(sent(whole(ehr, url)))
            except Refusal as refusal:
                found[name] = Fetched(problem=f"status {refusal.status}")
        return found

    return fetch


def call_of(
    hook: str,
    patient: str,
    values: Mapping[str, Any],
    drafts: list[Any] | None = None,
    fetch: Any = fetch_nothing,
) -> Call:
    """A hook call with these prefetched values."""
    bundle = (
        {"resourceType": "Bundle", "entry": [{"resource": item} for item in drafts]}
        if drafts
        else None
    )
    encounter = "enc-1" if hook == "encounter-discharge" else None
    return Call(
        hook,
        patient,
        encounter,
        sent(bundle) if bundle else None,
        None,
        prefetching(dict(values)),
        fetch,
    )


def _tokens(resource: dict[str, Any]) -> set[str]:
    codings = (resource.get("code") or {}).get("coding", ())
    return {coding["code"] for coding in codings} | {
        f"{coding.get('system')}|{coding['code']}" for coding in codings
    }


def _date(resource: dict[str, Any]) -> str:
    return str(
        resource.get("effectiveDateTime")
        or (resource.get("effectivePeriod") or {}).get("start")
        or resource.get("authoredOn")
        or ""
    )
