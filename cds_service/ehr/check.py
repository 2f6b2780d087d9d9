"""The check of an EHR before go-live: how its FHIR server answers each query, and which profile
the answers suggest.

The caller passes the function that sends requests. The findings hold numbers and codes, and no
patient data.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import combinations, pairwise
from typing import Any, NamedTuple

from ..facts.queries import ALWAYS_KEPT, QUERIES, Part, Queries
from ..fhir.ehr_profile import MOST_RESULTS, EhrProfile, Notice, is_notice
from ..fhir.loose_json import as_dict, as_list, as_text, codings, dicts
from ..fhir_server.capability import kept_types
from ..fhir_server.fetching import Probed
from ..fhir_server.refusal import without

Ask = Callable[[str], Probed]
_PARTS_OF_FORM = ("_sort", "_count", "_include", "intent", "code")
SLOW_SECONDS = 1.0
_MEDICATIONS = frozenset(
    query.resource_type
    for query in QUERIES.values()
    if query.resource_type.startswith("Medication")
)


class ListFound(NamedTuple):
    """The result of one query.

    ``key``: the prefetch key. ``answer``: to the query in the profile's form, or in the plainer
    form that the server accepted. ``entries``: matches on the first page. ``refused``: parameters
    that had to be left out. ``order``: ``newest first``, ``not newest first``, or ``""`` if
    unknown. ``nameless``: references to medications without a name. ``included``: Medications in
    the answer. ``notices``: codes of its OperationOutcomes. ``cached``: answered from a cache,
    which the request forbade. ``bare``: matches for codes without their system. ``ignored``:
    parameters missing from the server's ``self`` link. ``foreign``: entries of another patient or
    of none.
    """

    key: str
    query: str
    answer: Probed
    entries: int = 0
    continues: bool = False
    total: int | None = None
    refused: frozenset[str] = frozenset()
    order: str = ""
    nameless: int = 0
    included: int = 0
    notices: tuple[Notice, ...] = ()
    cached: bool = False
    bare: int = 0
    ignored: frozenset[str] = frozenset()
    foreign: int = 0

    @property
    def taken(self) -> bool:
        """Whether the server answered with data."""
        return self.answer.good

    @property
    def absent(self) -> bool:
        """Whether the server has no such list."""
        return self.answer.not_there


class Checked(NamedTuple):
    """The findings. ``asked_as``: the profile of the check; ``statement``: the CapabilityStatement,
    or why there is none; ``profile``: the profile to configure."""

    asked_as: EhrProfile
    statement: Probed
    lists: tuple[ListFound, ...]
    profile: EhrProfile

    @property
    def usable(self) -> bool:
        """Whether the service can work with this EHR, which needs the Patient and at least one
        laboratory list."""
        taken = {found.query for found in self.lists if found.taken}
        return "patient" in taken and any(QUERIES[query].laboratory for query in taken)


def check_ehr(queries: Queries, patient: str, ask: Ask) -> Checked:
    """Run every query of the service for the patient with the id ``patient``, one at a time."""
    statement = ask("metadata")
    lists = tuple(_checked(part, patient, ask, queries.profile) for part in queries.of(QUERIES))
    return Checked(queries.profile, statement, lists, _profile(queries.profile, statement, lists))


def _checked(part: Part, patient: str, ask: Ask, profile: EhrProfile) -> ListFound:
    url = part.url(patient)
    answer = ask(url)
    refused: frozenset[str] = frozenset()
    if answer.refused:
        url, answer, refused = _taken_form(url, answer, ask)
    found = ListFound(part.key, part.query, answer, refused=refused)
    if not found.taken or "?" not in url:
        return found
    again = ask(url)
    bare = without(url, frozenset({"code"}))
    bundle = as_dict(answer.value)
    entries = dicts(bundle.get("entry"))
    resources = [as_dict(entry.get("resource")) for entry in entries]
    matches = _matches(answer, part)
    total = bundle.get("total")
    beside = [
        resource
        for resource in resources
        if resource.get("resourceType") != part.asked.resource_type
    ]
    return found._replace(
        entries=len(matches),
        continues=_continues(bundle),
        total=total if isinstance(total, int) else None,
        order=_order(matches),
        nameless=sum(_is_nameless(resource, resources) for resource in matches),
        included=sum(resource.get("resourceType") == "Medication" for resource in beside),
        notices=tuple(dict.fromkeys(_notices(beside))),
        cached=bool(bundle.get("id")) and bundle.get("id") == as_dict(again.value).get("id"),
        bare=len(_matches(ask(bare), part)) if bare != url else 0,
        ignored=_ignored(url, bundle),
        foreign=sum(not _is_of(resource, patient) for resource in matches),
    )


def _taken_form(url: str, refused: Probed, ask: Ask) -> tuple[str, Probed, frozenset[str]]:
    """The URL, the answer and the parameters left out of the first form of a refused search that
    the server accepts: with as few as possible of ``_PARTS_OF_FORM`` left out."""
    parts = [name for name in _PARTS_OF_FORM if without(url, frozenset({name})) != url]
    sizes = range(1, len(parts) + 1)
    for dropped in (frozenset(names) for size in sizes for names in combinations(parts, size)):
        form = without(url, dropped)
        answer = ask(form)
        if answer.good:
            return form, answer, dropped
    return url, refused, frozenset()


def _continues(bundle: dict[str, Any]) -> bool:
    return any(link.get("relation") == "next" for link in dicts(bundle.get("link")))


def _matches(answer: Probed, part: Part) -> list[dict[str, Any]]:
    resources = [
        as_dict(entry.get("resource")) for entry in dicts(as_dict(answer.value).get("entry"))
    ]
    return [
        resource
        for resource in resources
        if resource.get("resourceType") == part.asked.resource_type
    ]


def _ignored(url: str, bundle: dict[str, Any]) -> frozenset[str]:
    """The search parameters that the server ignored, according to its ``self`` link (FHIR R4,
    "Server Conformance"). Empty if the link is missing or does not even name the patient."""
    links = [
        as_text(link.get("url"))
        for link in dicts(bundle.get("link"))
        if link.get("relation") == "self"
    ]
    heeded = {
        name.partition("=")[0].partition(":")[0]
        for link in links
        for name in link.partition("?")[2].split("&")
    }
    return frozenset(_names(url) - heeded) if heeded & {"patient", "subject"} else frozenset()


def _names(url: str) -> set[str]:
    return {parameter.partition("=")[0] for parameter in url.partition("?")[2].split("&")} - {
        "patient"
    }


def _order(matches: Sequence[dict[str, Any]]) -> str:
    """Whether the dated entries came newest first; ``""`` if they span fewer than two days."""
    days = [
        as_text(resource.get("effectiveDateTime"))[:10]
        for resource in matches
        if as_text(resource.get("effectiveDateTime"))
    ]
    if len(set(days)) < 2:
        return ""
    return (
        "newest first"
        if all(earlier >= later for earlier, later in pairwise(days))
        else "not newest first"
    )


def _is_nameless(resource: dict[str, Any], beside: Iterable[dict[str, Any]]) -> bool:
    """Whether a medication is a reference without a name to a resource that is not in the
    answer."""
    reference = as_dict(resource.get("medicationReference"))
    name = as_text(reference.get("reference"))
    if not name or as_text(reference.get("display")) or name.startswith("#"):
        return False
    return not any(
        name.endswith(f"Medication/{other.get('id')}")
        for other in beside
        if other.get("resourceType") == "Medication"
    )


def _is_of(resource: dict[str, Any], patient: str) -> bool:
    reference = as_text(
        as_dict(resource.get("subject") or resource.get("patient")).get("reference")
    )
    return reference.split("/_history/")[0].endswith(f"Patient/{patient}")


def _notices(resources: Iterable[dict[str, Any]]) -> Iterable[Notice]:
    for resource in resources:
        if resource.get("resourceType") == "OperationOutcome":
            for issue in dicts(resource.get("issue")):
                yield from (Notice(*coding) for coding in codings(issue.get("details")))


def _profile(asked_as: EhrProfile, statement: Probed, lists: Sequence[ListFound]) -> EhrProfile:
    """The profile to configure, as far as the answers determine it."""
    kept = kept_types(statement.value)
    refused = {name for found in lists for name in found.refused}
    uncounted = {QUERIES[found.query].resource_type for found in lists if "_count" in found.refused}
    counted = (
        {QUERIES[found.query].resource_type for found in lists if found.taken}
        - uncounted
        - {"Patient"}
    )
    caps = [
        found.entries
        for found in lists
        if found.continues and found.entries < (asked_as.count or MOST_RESULTS)
    ]
    absent = {
        found.query
        for found in lists
        if found.absent or (kept and QUERIES[found.query].resource_type not in kept)
    }
    everywhere = [set(found.notices) for found in lists if found.taken and found.query != "patient"]
    standing = set.intersection(*everywhere) if everywhere else set()
    new = {notice for notice in standing if not is_notice([notice], asked_as.notices)}
    return replace(
        asked_as,
        not_kept=(asked_as.not_kept | absent) - ALWAYS_KEPT,
        notices=asked_as.notices | new,
        code_systems=asked_as.code_systems
        and "code" not in refused
        and not any(found.bare > found.entries == 0 for found in lists),
        order="unknown" if asked_as.order == "asked" and _is_unsorted(lists) else asked_as.order,
        count=max(caps) if caps else asked_as.count,
        counted=frozenset(counted) if uncounted else asked_as.counted,
        intents=() if "intent" in refused else asked_as.intents,
        include=asked_as.include
        | _includable(statement, lists) - {kind for kind in _MEDICATIONS if "_include" in refused},
    )


def _is_unsorted(lists: Sequence[ListFound]) -> bool:
    """Whether results do not come newest first, although the query asks for that order."""
    if any("_sort" in found.refused | found.ignored for found in lists):
        return True
    results = [
        found
        for found in lists
        if QUERIES[found.query].resource_type == "Observation" and found.taken
    ]
    return any(found.order == "not newest first" for found in results)


def _includable(statement: Probed, lists: Sequence[ListFound]) -> frozenset[str]:
    """The resource types whose searches can include their Medications. Empty if no list has
    references without a name."""
    if not any(found.nameless for found in lists):
        return frozenset()
    return frozenset(kind for kind in _MEDICATIONS if includes_of(statement, kind))


def software(statement: Probed) -> str:
    """The server's software, its version and its FHIR version, from its CapabilityStatement."""
    content = as_dict(statement.value)
    named = as_dict(content.get("software"))
    parts = [
        as_text(named.get("name")),
        as_text(named.get("version")),
        f"FHIR {as_text(content.get('fhirVersion')) or 'of unknown version'}",
    ]
    return " ".join(filter(None, parts))


def includes_of(statement: Probed, kind: str) -> bool:
    """Whether the CapabilityStatement declares that searches for the resource type ``kind`` can
    include its Medications."""
    for rest in dicts(as_dict(statement.value).get("rest")):
        for resource in dicts(rest.get("resource")):
            if resource.get("type") == kind:
                return bool(
                    {"*", f"{kind}:medication"}
                    & {as_text(item) for item in as_list(resource.get("searchInclude"))}
                )
    return False
