"""Completing what a client prefetched: what is missing, how pages join, and which medications lead nowhere.

CDS Hooks 3.0.0, "Prefetch Template": it is the service's task to check prefetched data against its template and to
retrieve what else it needs. Fetching itself is an argument; nothing here opens a connection.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from .index import ResourceIndex, is_bundle, lacks_entries
from .json_shape import as_list, as_text, dicts
from .medication import unresolved_references
from .references import is_id, reference_to, type_and_id

MOST_IDS = 50
MOST_SEARCHES = 4
PAGE_SIZE = 200


class Fetched(NamedTuple):
    """What a FHIR server answered: a resource, or a Bundle of all pages (with a ``next`` link where pages lack).

    ``whole``: whether absence may be concluded from it, as far as the token's scopes tell.
    """

    value: Any
    whole: bool = True


Fetch = Callable[[Mapping[str, str]], Mapping[str, Fetched]]
"""From names to FHIR URLs (relative, or of a ``next`` link), to what could be had under those names."""


def fetch_nothing(urls: Mapping[str, str]) -> Mapping[str, Fetched]:
    """The fetching of a call that came without a FHIR server."""
    return {}


class Retrieval(NamedTuple):
    """The queries of which something was received, and those of which all was."""

    received: frozenset[str]
    complete: frozenset[str]


def retrieve(
    index: ResourceIndex, queries: Sequence[str], values: Mapping[str, Any], search: Callable[[str], str], fetch: Fetch
) -> Retrieval:
    """File the prefetched ``values`` of ``queries`` into ``index``, and fetch what they lack.

    ``search`` gives the relative URL of a query. Everything is asked for at once; only medications that what was fetched
    refers to need a second step.
    """
    if fetch is fetch_nothing:
        return Retrieval(frozenset(values), frozenset(query for query, value in values.items() if index.add(value)))
    wanted = {query: url for query in queries if (url := _wanted(query, values, search))}
    complete = {query for query, value in values.items() if query not in wanted and index.add(value)}
    tried: set[str] = set()
    urls = {**wanted, **_medications(index, tried)}
    fetched = fetch(urls) if urls else {}
    received = set(values)
    for name, found in fetched.items():
        value = merged(values[name], found.value) if name in values else found.value
        if index.add(value) and found.whole:
            complete.add(name)
        received.add(name)
    for query in wanted.keys() & values.keys() - fetched.keys():
        index.add(values[query])
    add_medications(index, fetch, tried)
    return Retrieval(frozenset(received.intersection(queries)), frozenset(complete.intersection(queries)))


def add_medications(index: ResourceIndex, fetch: Fetch, tried: set[str], *, nameless: bool = False) -> None:
    """Fetch the Medications that resources of ``index`` refer to and that are neither contained nor filed.

    ``tried``: references that need not be asked for again. ``nameless``: only those of which not even a name is stated.
    """
    urls = _medications(index, tried, nameless=nameless)
    for found in (fetch(urls) if urls else {}).values():
        index.add(found.value)


def _medications(index: ResourceIndex, tried: set[str], *, nameless: bool = False) -> dict[str, str]:
    """Searches for the Medications that lead nowhere, many in one; those with an absolute URL are read one by one."""
    references = [reference for reference in unresolved_references(index, nameless=nameless) if reference not in tried]
    tried.update(references)
    absolute = [reference for reference in references if "://" in reference][:MOST_IDS]
    relative = {type_and_id(reference) for reference in references if "://" not in reference}
    ids = sorted(name.removeprefix("Medication/") for name in relative if name.startswith("Medication/"))
    ids = [identity for identity in ids if is_id(identity)]
    batches = [ids[start : start + MOST_IDS] for start in range(0, len(ids), MOST_IDS)][:MOST_SEARCHES]
    urls = [_sized(f"Medication?_id={','.join(batch)}") for batch in batches] + absolute
    return {f"medications {number}": url for number, url in enumerate(urls, 1)}


def _wanted(query: str, values: Mapping[str, Any], search: Callable[[str], str]) -> str:
    """What to ask for to complete a query: its search, or the next page; ``""`` where nothing lacks.

    An OperationOutcome is not asked again: a client sends it to prevent just that.
    """
    if query not in values:
        return _sized(search(query))
    value = values[query]
    if value is None:
        return ""
    if not isinstance(value, dict) or not isinstance(value.get("resourceType"), str):
        return _sized(search(query))
    return next_link(value) or (_sized(search(query)) if lacks_entries(value) else "")


def _sized(search: str) -> str:
    """A search that asks for large pages, since each page costs a round trip."""
    return search if "?" not in search or "_count=" in search else f"{search}&_count={PAGE_SIZE}"


def next_link(value: Any) -> str:
    """The URL of a Bundle's next page, ``""`` where there is none."""
    links = dicts(value.get("link")) if isinstance(value, dict) else []
    return next((as_text(link.get("url")) for link in links if link.get("relation") == "next"), "")


def joined(pages: Sequence[dict[str, Any]], next_url: str) -> dict[str, Any]:
    """The pages of a search as one Bundle; ``next_url``: of the first page that lacks, else ``""``."""
    entries = list(_unique(entry for page in pages for entry in as_list(page.get("entry"))))
    bundle: dict[str, Any] = {"resourceType": "Bundle", "entry": entries}
    for page in pages:
        if "total" in page:
            bundle.setdefault("total", page["total"])
    if next_url:
        bundle["link"] = [{"relation": "next", "url": next_url}]
    return bundle


def merged(prefetched: Any, fetched: Any) -> Any:
    """A prefetched Bundle completed by a fetched one, each resource once; anything else is replaced."""
    if not (isinstance(prefetched, dict) and isinstance(fetched, dict) and is_bundle(prefetched) and is_bundle(fetched)):
        return fetched
    return joined([fetched, prefetched], next_link(fetched))


def _unique(entries: Iterable[Any]) -> Iterable[Any]:
    """The entries, without a resource that was there before."""
    seen: set[str] = set()
    for entry in entries:
        resource = entry.get("resource") if isinstance(entry, dict) else None
        name = reference_to(resource) if isinstance(resource, dict) and resource.get("id") else ""
        if name and name in seen:
            continue
        seen.add(name)
        yield entry
