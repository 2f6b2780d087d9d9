"""Reading a FHIR server for one hook call: reads, and searches with their pages, within one budget
of time and bytes."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple, Protocol
from urllib.parse import urljoin

from requests import RequestException
from urllib3.exceptions import HTTPError

from ..fhir.r4 import OperationOutcome, Resource
from ..fhir.reading import Bundle, Unread, parse_json, read_value
from ..fhir.retrieval import Fetched, joined
from .asking import Asking, Budget, Refused, Unanswered
from .authorization import FhirAuthorization, Reach
from .connections import CheckedAdapter
from .problems import ELSEWHERE, EXPIRED, OUT_OF_TIME, told_failure
from .refusal import plainer, told_reason, without
from .servers import Address, Server, parse_address

MOST_PAGES = 20
log = logging.getLogger(__name__)


class Probed(NamedTuple):
    """One answer as received: its status (0 for none), the seconds it took, its JSON (``None`` for
    none), and in ``told`` why it is no answer."""

    status: int
    seconds: float
    value: Any = None
    told: str = ""

    @property
    def good(self) -> bool:
        """Whether it is an answer."""
        return self.status == 200 and not self.told

    @property
    def refused(self) -> bool:
        """Whether the server refuses the form of the query."""
        return self.status == 400

    @property
    def not_there(self) -> bool:
        """Whether the server has nothing at this URL."""
        return self.status in (404, 405, 501)


class Forms(Protocol):
    """The parts of queries that a server was found to refuse, by resource type."""

    def refused(self, kind: str) -> frozenset[str]:
        """The parts to leave out of a query for ``kind``."""

    def learn(self, kind: str, dropped: frozenset[str]) -> None:
        """Remember that a query for ``kind`` is accepted without ``dropped``."""


class Source(NamedTuple):
    """The server that a call reads: its entry in the list, its base URL, its connections, and the
    forms of query that it accepts."""

    server: Server
    base: Address
    adapter: CheckedAdapter
    forms: Forms


class Reading:
    """The reading of one call. ``budget``: in seconds. ``most_bytes``: of all answers,
    decompressed. ``authorization``: ``None`` for an open server."""

    def __init__(
        self,
        source: Source,
        authorization: FhirAuthorization | None,
        patient_id: str,
        budget: float,
        most_bytes: int,
    ):
        self.source = source
        self.authorization = authorization
        self.patient_id = patient_id
        lifetime = authorization.expires_in if authorization else None
        ends = time.monotonic() + (budget if lifetime is None else min(budget, lifetime))
        self.budget = Budget(
            ends, most_bytes, OUT_OF_TIME if lifetime is None or lifetime > budget else EXPIRED
        )

    def run(
        self, urls: Mapping[str, str], threads: ThreadPoolExecutor, wait: Any
    ) -> dict[str, Fetched]:
        """The answers to ``urls`` (relative or absolute, by name), as far as they came within the
        budget. ``wait``: waits for futures, for a number of seconds."""
        queries = {name: Query(self, url) for name, url in urls.items()}
        running = {threads.submit(query.run): query for query in queries.values()}
        for late in wait(running, max(self.budget.ends - time.monotonic(), 0)).not_done:
            if not late.cancel():
                running[late].abandon()
        for name, query in queries.items():
            if query.problem:
                log.info("FHIR query %s was not answered in full: %s", name, query.problem)
        return {name: query.fetched() for name, query in queries.items()}

    def statement(self) -> dict[str, Any]:
        """The server's CapabilityStatement. Raises :class:`Unanswered`, without patient data in
        the message."""
        found = self.probe("metadata")
        if (
            found.told
            or not isinstance(found.value, dict)
            or found.value.get("resourceType") != "CapabilityStatement"
        ):
            raise Unanswered(found.told or "the answer is no CapabilityStatement")
        return found.value

    def probe(self, url: str) -> Probed:
        """Send one request for ``url`` as it is, and return the answer, whatever it is."""
        begun = time.monotonic()
        try:
            value = Query(self, url).once()
        except Unanswered as error:
            return Probed(
                error.status, time.monotonic() - begun, getattr(error, "outcome", None), str(error)
            )
        except (RequestException, HTTPError, OSError, ValueError) as error:
            return Probed(0, time.monotonic() - begun, None, told_failure(error))
        return Probed(200, time.monotonic() - begun, value)

    def address(self, url: str, searched: str = "") -> tuple[Address, bool]:
        """The address of ``url`` (relative, or absolute and below the base), and whether the URL
        names another host.

        A server that knows itself by another name than its clients puts that name into the links of
        a search. Such a page, with the path of the resource type ``searched`` or of the base, is
        requested at the base. Raises :class:`Unanswered` for any other address.
        """
        base = self.source.base
        found = parse_address(urljoin(f"{base.url.rstrip('/')}/", url))
        if found is not None and found.below(base) is not None:
            return found, False
        here = base.path.rstrip("/")
        if (
            searched
            and found is not None
            and found.query
            and found.path in (here, f"{here}/", f"{here}/{searched}")
        ):
            return Address(base.scheme, base.host, base.port, found.path, found.query), True
        raise Unanswered("a link leads to an address outside of fhirServer")

    def reach(self, kind: str, *, search: bool) -> Reach:
        """How much of ``kind`` the token may read. Raises :class:`Unanswered` if nothing."""
        if not self.authorization:
            return Reach.WHOLE
        reach = self.authorization.reach(kind, search=search, patient_id=self.patient_id)
        if reach is Reach.NOTHING:
            raise Unanswered(
                f"the scopes of the access token do not cover {kind}, or are for another patient"
            )
        return reach


class Query:
    """A read, or a search with its pages. ``problem``: why part of it was not answered."""

    def __init__(self, reading: Reading, url: str):
        self.reading = reading
        self.problem = reading.budget.out_of_time
        self._whole = True
        self._in_order = True
        self._moved = False
        self._searched = (
            url.partition("?")[0] if "?" in url and url.partition("?")[0].isalpha() else ""
        )
        # A single value, because another thread reads it: the pages, and the URL of the next page.
        self._received: tuple[tuple[Bundle | Resource, ...], str] = ((), url)
        self._asking = Asking(
            reading.source.server, reading.source.adapter, reading.authorization, reading.budget
        )

    def run(self) -> None:
        """Fetch the resource, or the search page by page."""
        try:
            self._read_pages()
            pages, _ = self._received
            stated = any(isinstance(page, Bundle) and page.total is not None for page in pages)
            self.problem = ELSEWHERE if self._moved and not stated else ""
        except Unanswered as error:
            self.problem = str(error)
        except (RequestException, HTTPError, OSError, ValueError) as error:
            self.problem = told_failure(error)

    def _read_pages(self) -> None:
        pages, url = self._received
        asked: set[str] = set()
        while url:
            if url in asked or len(asked) >= MOST_PAGES:
                raise Unanswered(f"more than {MOST_PAGES} pages")
            asked.add(url)
            page = self._page(url) if pages else self._first(url)
            pages, url = (*pages, page), page.next_url if isinstance(page, Bundle) else ""
            self._received = pages, url
            if isinstance(page, Bundle) and page.has_next and not url:
                self._whole = False
                raise Unanswered("the link to the next page has no address")

    def abandon(self) -> None:
        """Stop waiting for the answer."""
        self._asking.abandon()

    def fetched(self) -> Fetched:
        """What was received so far."""
        pages, following = self._received
        if not pages:
            return Fetched(problem=self.problem)
        bundles = [page for page in pages if isinstance(page, Bundle)]
        value = joined(bundles, following) if bundles else pages[0]
        return Fetched(
            value, self._whole and self.problem != ELSEWHERE, self.problem, self._in_order
        )

    def once(self) -> Any:
        """The JSON of the answer to one request. Raises :class:`Unanswered`, or an error of the
        connection."""
        return parse_json(self._asking.once(self.reading.address(self._received[1])[0]))

    def _first(self, url: str) -> Bundle | Resource:
        """The resource, or the first page. A search is sent in the form that the server is known to
        accept, and in a plainer form if the server refuses that. The next page of a prefetched
        value is requested exactly as its link says."""
        kind = self._searched
        if not kind:
            return self._page(url, first=True)
        forms = self.reading.source.forms
        known = forms.refused(kind)
        form = without(url, known)
        try:
            return self._taken(url, form, self._page(form, first=True))
        except Refused as refused:
            simpler, dropped = plainer(form, refused.outcome)
            if simpler == form:
                raise
            log.info(
                "FHIR server refuses a search for %s; it is asked once more without %s: %s",
                kind,
                ", ".join(sorted(dropped)),
                refused,
            )
            page = self._taken(url, simpler, self._page(simpler, first=True))
            forms.learn(kind, known | dropped)
            return page

    def _taken(self, wanted: str, form: str, page: Bundle | Resource) -> Bundle | Resource:
        self._in_order = ("_sort=" in wanted) == ("_sort=" in form)
        return page

    def _page(self, url: str, *, first: bool = False) -> Bundle | Resource:
        """One resource or page. Raises :class:`Unanswered`, or an error of the connection.

        A further page may have any URL below the base, because each server pages in its own way.
        """
        reading = self.reading
        address, moved = reading.address(url, "" if first else self._searched)
        self._moved |= moved
        if time.monotonic() >= reading.budget.ends:
            raise Unanswered(reading.budget.out_of_time)
        search = address.query is not None or not first
        kind, _, identity = (address.below(reading.source.base) or "").partition("/")
        if kind and first:
            self._whole &= reading.reach(kind, search=search) is Reach.WHOLE
        text = self._asking.get(address)
        page = read_value(text)
        if page is None or isinstance(page, (Unread, OperationOutcome)):
            told = told_reason(_json(text)) if isinstance(page, OperationOutcome) else ""
            raise Unanswered("the answer holds no data" + (f": {told}" if told else ""))
        wanted = isinstance(page, Bundle) if search else _is(page, kind, identity.partition("/")[0])
        if not wanted:
            raise Unanswered("the answer does not fit the query")
        return page


def _is(value: Bundle | Resource, kind: str, identity: str) -> bool:
    """Whether a value is the resource with this type and id."""
    return isinstance(value, Resource) and (value.kind, value.id) == (kind, identity)


def _json(text: bytes) -> Any:
    try:
        return parse_json(text)
    except ValueError:
        return None
