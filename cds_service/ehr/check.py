"""Before go-live: what an EHR's FHIR server does with every query, and the profile
that follows from it.

Asking is an argument. What is found holds numbers and codes, nothing of the patient.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import pairwise
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
    """What came of one query.

    ``key``: in the prefetch. ``answer``: in the form of the profile, or in the plainer one
    that was taken. ``entries``: matches on the first page. ``refused``: the parameters without
    which it is taken. ``order``: ``newest first``, ``not newest first``, or ``""`` where
    nothing tells. ``nameless``: references to medications that come with no name. ``notices``:
    codes of OperationOutcomes in it. ``cached``: the same search was answered from a cache,
    though asked not to. ``foreign``: entries of another patient or of nobody. ``bare``:
    entries where codes are asked for without their system. ``ignored``: parameters that the
    server's ``self`` link leaves out.
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
        """Whether it was answered with data."""
        return self.answer.good

    @property
    def absent(self) -> bool:
        """Whether the server has no such list."""
        return self.answer.not_there


class Checked(NamedTuple):
    """What was found. ``statement``: the CapabilityStatement, or why there is none.
    ``profile``: to configure."""

    asked_as: EhrProfile
    statement: Probed
    lists: tuple[ListFound, ...]
    profile: EhrProfile

    @property
    def usable(self) -> bool:
        """Whether the service can answer with this EHR: the patient and a
        laboratory list are there."""
        taken = {found.query for found in self.lists if found.taken}
        return "patient" in taken and any(QUERIES[query].laboratory for query in taken)


def check_ehr(queries: Queries, patient: str, ask: Ask) -> Checked:
    """Ask every query of the service about ``patient`` (an id), one after the other."""
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
    """The form of a refused search that is taken with as little left out as may be,
    and what that is."""
    candidates = [
        frozenset({name}) for name in _PARTS_OF_FORM if without(url, frozenset({name})) != url
    ]
    candidates += [frozenset().union(*candidates)] if len(candidates) > 1 else []
    for dropped in candidates:
        form = without(url, dropped)
        answer = ask(form)
        if answer.good:
            return form, answer, dropped
    return url, refused, frozenset()


def _continues(bundle: dict[str, Any]) -> bool:
    """Whether a Bundle says that another page follows."""
    return any(link.get("relation") == "next" for link in dicts(bundle.get("link")))


def _matches(answer: Probed, part: Part) -> list[dict[str, Any]]:
    """The resources of an answer that are of the type that was asked for."""
    resources = [
        as_dict(entry.get("resource")) for entry in dicts(as_dict(answer.value).get("entry"))
    ]
    return [
        resource
        for resource in resources
        if resource.get("resourceType") == part.asked.resource_type
    ]


def _ignored(url: str, bundle: dict[str, Any]) -> frozenset[str]:
    """The parameters of a search that the server did not heed, by its ``self`` link (FHIR R4,
    "Server Conformance"); none where it has no such link, or one that tells nothing."""
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
    """Whether dated entries came newest first, where there are two days or more."""
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
    """Whether a medication is a reference without a name, to nothing that came along."""
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
    """The profile to configure, as far as the answers tell."""
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
    """Whether results do not come newest first, though that is asked for."""
    if any("_sort" in found.refused | found.ignored for found in lists):
        return True
    results = [
        found
        for found in lists
        if QUERIES[found.query].resource_type == "Observation" and found.taken
    ]
    return any(found.order == "not newest first" for found in results)


def _includable(statement: Probed, lists: Sequence[ListFound]) -> frozenset[str]:
    """The resource types that can bring their Medications along, where a list has
    references without a name."""
    if not any(found.nameless for found in lists):
        return frozenset()
    return frozenset(kind for kind in _MEDICATIONS if includes_of(statement, kind))


def software(statement: Probed) -> str:
    """What a CapabilityStatement names the server: its software, version and FHIR version."""
    content = as_dict(statement.value)
    named = as_dict(content.get("software"))
    parts = [
        as_text(named.get("name")),
        as_text(named.get("version")),
        f"FHIR {as_text(content.get('fhirVersion')) or 'of unknown version'}",
    ]
    return " ".join(filter(None, parts))


def includes_of(statement: Probed, kind: str) -> bool:
    """Whether a CapabilityStatement says that Medications can come along with a resource type."""
    for rest in dicts(as_dict(statement.value).get("rest")):
        for resource in dicts(rest.get("resource")):
            if resource.get("type") == kind:
                return bool(
                    {"*", f"{kind}:medication"}
                    & {as_text(item) for item in as_list(resource.get("searchInclude"))}
                )
    return False
