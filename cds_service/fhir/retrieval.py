"""Completing what a client prefetched: fetching missing values, missing pages, and the Medications
that resources refer to.

CDS Hooks 3.0.0, "Prefetch Template": the service checks prefetched data against its template and
retrieves what else it needs. The function that fetches is an argument; nothing here opens a
connection.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import NamedTuple, Protocol

from .completeness import Asked, Completeness
from .ehr_profile import MOST_RESULTS
from .index import ResourceIndex
from .medication import unresolved_references
from .r4 import Resource
from .reading import Bundle, Entry, Link, Unread, Value
from .references import is_id, type_and_id
from .terminology import Terminology

MOST_IDS = 50
MOST_SEARCHES = 4
NO_SERVER = "the request has no fhirServer"


class Fetched(NamedTuple):
    """The answer of a FHIR server: a resource, or a Bundle of all pages (with a ``next`` link if
    pages are missing); ``None`` for nothing.

    ``whole``: whether absence may be concluded from it, as far as the token's scopes show.
    ``problem``: why part of it is missing, without patient data; ``""`` if nothing is.
    ``in_order``: whether the server accepted the order that the query requested.
    """

    value: Value = None
    whole: bool = True
    problem: str = ""
    in_order: bool = True


Fetch = Callable[[Mapping[str, str]], Mapping[str, Fetched]]
"""Takes FHIR URLs by name (relative, or of a ``next`` link), and returns the answers by name."""


def not_fetching(why: str) -> Fetch:
    """The ``Fetch`` of a call for which no FHIR server is read. ``why``: the reason, without
    patient data."""
    return partial(_nothing, why)


def _nothing(why: str, urls: Mapping[str, str]) -> Mapping[str, Fetched]:
    return dict.fromkeys(urls, Fetched(problem=why))


fetch_nothing: Fetch = not_fetching(NO_SERVER)


class Wanted(Protocol):
    """The query of a prefetch key, and how its answer is judged."""

    @property
    def asked(self) -> Asked:
        """What the query asks for."""

    def url(self, patient: str) -> str:
        """The URL of the read or search, relative to a server's base."""


class Retrieval(NamedTuple):
    """The keys for which something was received, how much of each list was received, and why part
    of it is missing."""

    received: frozenset[str]
    complete: Mapping[str, Completeness]
    problems: Mapping[str, str]


def retrieve(
    index: ResourceIndex,
    patient: str,
    wanted: Mapping[str, Wanted],
    values: Mapping[str, Value],
    fetch: Fetch,
) -> Retrieval:
    """File the prefetched ``values`` of the ``wanted`` keys of ``patient`` (an id) into ``index``,
    and fetch what is missing.

    All URLs are requested at once. Only two cases need a second step: Medications that fetched
    resources refer to, and searches whose next page is not available.
    """
    searches = {
        key: wanted[key].url(patient) for key in wanted if key not in values or _lacks(values[key])
    }
    lacking = {
        key: _rest_of(values[key]) or search if key in values else search
        for key, search in searches.items()
    }
    complete = {
        key: index.add(value, wanted[key].asked)
        for key, value in values.items()
        if key not in lacking
    }
    tried: set[str] = set()
    urls = {**lacking, **_medications(index, tried)}
    if not urls:
        return Retrieval(frozenset(values), complete, {})
    fetched = _fetched(index, urls, searches, fetch)
    for name in fetched.keys() - wanted.keys():
        index.add(fetched[name].value)
    for key in lacking:
        complete[key] = _filed(
            index, wanted[key].asked, values.get(key), key in values, fetched[key]
        )
    add_medications(index, fetch, tried)
    received = {*values, *(key for key in lacking if fetched[key].value is not None)}
    problems = {key: fetched[key].problem for key in lacking if fetched[key].problem}
    return Retrieval(frozenset(received), complete, problems)


def _fetched(
    index: ResourceIndex, urls: Mapping[str, str], searches: Mapping[str, str], fetch: Fetch
) -> dict[str, Fetched]:
    """The answers for ``urls``. If a next page is not available, what came of it is filed, and the
    whole search of ``searches`` is requested."""
    fetched = dict(fetch(urls))
    # The link to a page may have expired, or name another host. The search itself may still be
    # answered.
    again = {
        key: search
        for key, search in searches.items()
        if urls[key] != search and fetched[key].problem
    }
    if again:
        first = dict(fetched)
        fetched |= {key: found for key, found in fetch(again).items() if found.value is not None}
        for key in again:
            index.add(first[key].value)
    return fetched


def _filed(
    index: ResourceIndex, asked: Asked, prefetched: Value, was_prefetched: bool, found: Fetched
) -> Completeness:
    """File the prefetched and the fetched value of one key; return how much of the list it is."""
    if found.value is None:
        # The prefetched part is incomplete, but if it is in order, the missing rest is older.
        return index.add(prefetched, asked) if was_prefetched else Completeness()
    value = merged(prefetched, found.value) if was_prefetched else found.value
    filed = index.add(value, asked if found.in_order else asked._replace(newest_first=False))
    return filed if found.whole else Completeness()


def add_medications(
    index: ResourceIndex,
    fetch: Fetch,
    tried: set[str],
    *,
    unless_named: Terminology | None = None,
) -> None:
    """Fetch the Medications that resources of ``index`` refer to and that are neither contained
    nor filed.

    ``tried``: references that are not requested again, to which the new ones are added.
    ``unless_named``: not the references whose display names an agent in this terminology.
    """
    urls = _medications(index, tried, unless_named)
    for found in (fetch(urls) if urls else {}).values():
        if found.value is not None:
            index.add(found.value)


def _medications(
    index: ResourceIndex, tried: set[str], unless_named: Terminology | None = None
) -> dict[str, str]:
    """The URLs for missing Medications that resources refer to: searches for many ids each, and the
    absolute URLs one by one."""
    references = [
        reference
        for reference in unresolved_references(index, unless_named)
        if reference not in tried
    ]
    tried.update(references)
    absolute = [reference for reference in references if "://" in reference][:MOST_IDS]
    relative = {type_and_id(reference) for reference in references if "://" not in reference}
    ids = sorted(
        name.removeprefix("Medication/") for name in relative if name.startswith("Medication/")
    )
    ids = [identity for identity in ids if is_id(identity)]
    batches = [ids[start : start + MOST_IDS] for start in range(0, len(ids), MOST_IDS)][
        :MOST_SEARCHES
    ]
    urls = [
        f"Medication?_id={','.join(batch)}&_count={MOST_RESULTS}" for batch in batches
    ] + absolute
    return {f"medications {number}": url for number, url in enumerate(urls, 1)}


def _lacks(value: Value) -> bool:
    """Whether a prefetched value is less than what the query asks for.

    The query is not repeated for an OperationOutcome: a client sends one to prevent just that.
    """
    if isinstance(value, Bundle):
        return not value.is_one_page and (value.has_next or value.lacks_entries or value.is_untold)
    return isinstance(value, Unread) and not value.kind


def _rest_of(value: Value) -> str:
    """The URL of the next page of a prefetched value; ``""`` if it names none, so that the whole
    list is requested."""
    return value.next_url if isinstance(value, Bundle) else ""


def joined(pages: Sequence[Bundle], next_url: str) -> Bundle:
    """The pages of a search as one Bundle. ``next_url``: that of the first missing page, else
    ``""``."""
    return Bundle(
        total=next((page.total for page in pages if page.total is not None), None),
        link=[Link("next", next_url)] if next_url else [],
        entry=list(_unique(entry for page in pages for entry in page.entry)),
        unread=sum(page.unread for page in pages),
        misshapen=any(page.is_untold for page in pages),
    )


def merged(prefetched: Value, fetched: Value) -> Value:
    """A prefetched Bundle completed by a fetched one, with each resource once. A value that is not
    a Bundle is replaced."""
    if not (isinstance(prefetched, Bundle) and isinstance(fetched, Bundle)):
        return fetched
    both = joined([fetched, prefetched], fetched.next_url)
    both.misshapen = fetched.is_untold  # only the answer tells whether more follows
    return both


def _unique(entries: Iterable[Entry]) -> Iterable[Entry]:
    """The entries without repeated resources. Differing versions stay; the index uses the
    newest."""
    seen: dict[str, Resource] = {}
    for entry in entries:
        resource = entry.resource
        if resource is not None and resource.id:
            before = seen.setdefault(resource.relative, resource)
            if before is not resource and before == resource:
                continue
        yield entry
