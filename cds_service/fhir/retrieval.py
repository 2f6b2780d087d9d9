"""Completing what a client prefetched: what is missing, how pages join, and which medications lead nowhere.

CDS Hooks 3.0.0, "Prefetch Template": it is the service's task to check prefetched data against its template and to
retrieve what else it needs. Fetching itself is an argument; nothing here opens a connection.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from .index import Asked, ResourceIndex
from .medication import unresolved_references
from .reading import Bundle, Entry, Link, Unread, Value
from .references import is_id, type_and_id

MOST_IDS = 50
MOST_SEARCHES = 4
PAGE_SIZE = 200


class Fetched(NamedTuple):
    """What a FHIR server answered: a resource, or a Bundle of all pages (with a ``next`` link where pages lack).

    ``whole``: whether absence may be concluded from it, as far as the token's scopes tell.
    """

    value: Value
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
    index: ResourceIndex,
    asked: Mapping[str, Asked],
    values: Mapping[str, Value],
    search: Callable[[str], str],
    fetch: Fetch,
) -> Retrieval:
    """File the prefetched ``values`` of the queries ``asked`` into ``index``, and fetch what they lack.

    ``search`` gives the relative URL of a query. Everything is asked for at once; only medications that what was fetched
    refers to need a second step.
    """
    if fetch is fetch_nothing:
        return Retrieval(frozenset(values), frozenset(query for query, value in values.items() if index.add(value, asked[query])))
    wanted = {query: url for query in asked if (url := _wanted(query, values, search))}
    complete = {query for query, value in values.items() if query not in wanted and index.add(value, asked[query])}
    tried: set[str] = set()
    urls = {**wanted, **_medications(index, tried)}
    fetched = fetch(urls) if urls else {}
    received = set(values)
    for name, found in fetched.items():
        value = merged(values[name], found.value) if name in values else found.value
        if index.add(value, asked.get(name)) and found.whole:
            complete.add(name)
        received.add(name)
    for query in wanted.keys() & values.keys() - fetched.keys():
        index.add(values[query], asked[query])
    add_medications(index, fetch, tried)
    return Retrieval(frozenset(received.intersection(asked)), frozenset(complete.intersection(asked)))


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


def _wanted(query: str, values: Mapping[str, Value], search: Callable[[str], str]) -> str:
    """What to ask for to complete a query: its search, or the next page; ``""`` where nothing lacks.

    An OperationOutcome is not asked again: a client sends it to prevent just that.
    """
    if query not in values:
        return _sized(search(query))
    value = values[query]
    if isinstance(value, Unread) and not value.kind:
        return _sized(search(query))
    if not isinstance(value, Bundle):
        return ""
    return value.next_url or (_sized(search(query)) if value.lacks_entries else "")


def _sized(search: str) -> str:
    """A search that asks for large pages, since each page costs a round trip."""
    return search if "?" not in search or "_count=" in search else f"{search}&_count={PAGE_SIZE}"


def joined(pages: Sequence[Bundle], next_url: str) -> Bundle:
    """The pages of a search as one Bundle; ``next_url``: of the first page that lacks, else ``""``."""
    return Bundle(
        total=next((page.total for page in pages if page.total is not None), None),
        link=[Link("next", next_url)] if next_url else [],
        entry=list(_unique(entry for page in pages for entry in page.entry)),
        unread=sum(page.unread for page in pages),
    )


def merged(prefetched: Value, fetched: Value) -> Value:
    """A prefetched Bundle completed by a fetched one, each resource once; anything else is replaced."""
    if not (isinstance(prefetched, Bundle) and isinstance(fetched, Bundle)):
        return fetched
    return joined([fetched, prefetched], fetched.next_url)


def _unique(entries: Iterable[Entry]) -> Iterable[Entry]:
    """The entries, without a resource that was there before."""
    seen: set[str] = set()
    for entry in entries:
        resource = entry.resource
        if resource is not None and resource.id:
            name = resource.relative
            if name in seen:
                continue
            seen.add(name)
        yield entry
