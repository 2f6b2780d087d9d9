"""What the CapabilityStatement of a FHIR server says about the lists that it keeps and the queries
that it accepts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

from ..fhir.ehr_profile import EhrProfile
from ..fhir.loose_json import as_dict, as_list, as_text, dicts


class _Kind(NamedTuple):
    """What a statement says about a resource type. An empty set: it says nothing."""

    interactions: frozenset[str]
    parameters: frozenset[str]
    includes: frozenset[str]


def profile_of_statement(
    statement: Any, profile: EhrProfile, lists: dict[str, str], always: frozenset[str]
) -> EhrProfile:
    """``profile``, changed by what a CapabilityStatement (parsed JSON) says; ``profile`` itself if
    nothing in it can be read.

    ``lists``: the resource type of each query. The queries in ``always`` are sent whatever the
    statement says. A server that lists ``_count`` among its parameters lists the parameters that
    control a search: if ``_sort`` is then missing, it does not sort, and a count is requested only
    for types with ``_count``. A server that lists neither (HAPI) accepts both.
    """
    kinds = _kinds(statement)
    if not kinds:
        return profile
    not_kept = {
        query
        for query, kind in lists.items()
        if query not in always and not _searchable(kinds.get(kind))
    }
    counted = frozenset(kind for kind, found in kinds.items() if "_count" in found.parameters)
    results = kinds.get("Observation")
    sorts = not counted or results is None or "_sort" in results.parameters
    orders = kinds.get("MedicationRequest")
    intents = not orders or not orders.parameters or "intent" in orders.parameters
    return replace(
        profile,
        name="its CapabilityStatement",
        not_kept=frozenset(not_kept),
        order=profile.order if sorts else "unknown",
        counted=counted or None,
        intents=profile.intents if intents else (),
        include=frozenset(
            kind
            for kind, found in kinds.items()
            if found.includes & {"*", f"{kind}:medication"} and _is_medication(kind)
        ),
    )


def kept_types(statement: Any) -> frozenset[str]:
    """The resource types that can be searched according to a CapabilityStatement; none if it cannot
    be read."""
    return frozenset(kind for kind, found in _kinds(statement).items() if _searchable(found))


def _is_medication(kind: str) -> bool:
    return kind.startswith("Medication") and kind != "Medication"


def _searchable(kind: _Kind | None) -> bool:
    """Whether a list is kept: its type is listed and, if the statement lists interactions, can be
    searched."""
    return kind is not None and (not kind.interactions or "search-type" in kind.interactions)


def _kinds(statement: Any) -> dict[str, _Kind]:
    """The resource types of the statement's server."""
    found = {}
    content = as_dict(statement)
    if content.get("resourceType") != "CapabilityStatement":
        return {}
    for rest in dicts(content.get("rest")):
        if rest.get("mode", "server") != "server":
            continue
        for resource in dicts(rest.get("resource")):
            found[as_text(resource.get("type"))] = _Kind(
                frozenset(as_text(item.get("code")) for item in dicts(resource.get("interaction"))),
                frozenset(as_text(item.get("name")) for item in dicts(resource.get("searchParam"))),
                frozenset(as_text(item) for item in as_list(resource.get("searchInclude"))),
            )
    found.pop("", None)
    return found
