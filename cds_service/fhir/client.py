"""Reading a client's FHIR server on behalf of one hook call: all queries at once, within one budget of time and bytes.

CDS Hooks 3.0.0, "FHIR Resource Access". This is the only place that sends requests to FHIR servers. Whatever goes wrong
(no such server on the list, an expired token, a scope that excludes it, an error, a redirect, a time-out) leaves a query
unanswered, and what it would have told unknown; it is never an error of the hook.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from email.message import Message
from functools import cache
from ssl import SSLContext, create_default_context
from typing import NamedTuple
from urllib.parse import urljoin

from certifi import where
from requests import PreparedRequest, Request, RequestException, Response
from urllib3.exceptions import HTTPError

from .authorization import FhirAuthorization, Reach
from .connections import CheckedAdapter, Exchange
from .r4 import OperationOutcome, Resource
from .reading import Bundle, Unread, Value, read_value
from .retrieval import Fetch, Fetched, fetch_nothing, joined
from .servers import Address, Server, parse_address
from .version import READ_VERSIONS

MOST_PAGES = 20
THREADS = 64  # for each server of the list; they are made when needed
# Calls that wait for FHIR servers, so that threads are left for those that need none; and for one server, so that one which
# hangs leaves places for the others. Each has up to 14 queries: more calls would wait for the threads above.
MOST_WAITING = 32
MOST_WAITING_FOR_ONE = 16
_CHUNK = 65_536
_OUT_OF_TIME = "out of time"
_HEADERS = {
    "Accept": "application/fhir+json; fhirVersion=4.0, application/fhir+json;q=0.9, application/json;q=0.8",
    "Accept-Encoding": "gzip",
    "User-Agent": "b12-folate-cds",
}

log = logging.getLogger(__name__)
# Their messages carry URLs, and those carry the ids of patients.
logging.getLogger("urllib3").setLevel(logging.CRITICAL)


class Unanswered(Exception):
    """A query could not be answered: why, in words without patient data."""


@cache
def _trusting(authorities: str) -> SSLContext:
    """TLS with servers that are certified by the authorities of a PEM file, read once: the public ones take 20 ms."""
    return create_default_context(cafile=authorities)


class _Line(NamedTuple):
    """What there is for one server of the list, so that one which is slow takes nothing from another."""

    adapter: CheckedAdapter
    threads: ThreadPoolExecutor
    places: threading.BoundedSemaphore


class FhirClient:
    """Reads the FHIR servers that a site lists.

    ``budget``: seconds for all reading of a call. ``most_bytes``: the most that the answers of a call may hold,
    decompressed. ``ca_bundle``: a PEM file of certificate authorities in place of the public ones. ``waiting``: a context
    to wait in.
    """

    def __init__(
        self,
        servers: tuple[Server, ...],
        budget: float,
        most_bytes: int,
        ca_bundle: str = "",
        waiting: Callable[[], AbstractContextManager[None]] = nullcontext,
    ):
        self.budget = budget
        self.most_bytes = most_bytes
        self.waiting = waiting
        tls = _trusting(ca_bundle or where())
        self.places = threading.BoundedSemaphore(MOST_WAITING)
        self.lines = {
            server: _Line(CheckedAdapter(tls), ThreadPoolExecutor(THREADS, "fhir"), threading.BoundedSemaphore(MOST_WAITING_FOR_ONE))
            for server in servers
        }

    def reading(self, base_url: str, authorization: FhirAuthorization, patient_id: str) -> Fetch:
        """Reading the server at ``base_url`` for one hook call about a patient, with the token that came along."""
        base = parse_address(base_url)
        server = next((server for server in self.lines if base and server.lists(base)), None)
        if base is None or base.query is not None or server is None:
            log.info("FHIR server %s is not in CDS_FHIR_SERVERS", ascii(base.origin) if base else "with an unusual URL")
            return fetch_nothing
        return _Reading(self, server, base, authorization, patient_id).fetch


class _Reading:
    """The reading of one call. Its token goes to ``base`` and below, and nowhere else."""

    def __init__(self, client: FhirClient, server: Server, base: Address, authorization: FhirAuthorization, patient_id: str):
        self.client = client
        self.server = server
        self.line = client.lines[server]
        self.base = base
        self.authorization = authorization
        self.patient_id = patient_id
        lifetime = client.budget if authorization.expires_in is None else min(client.budget, authorization.expires_in)
        self.ends = time.monotonic() + lifetime
        self._bytes_left = client.most_bytes
        self._lock = threading.Lock()

    def fetch(self, urls: Mapping[str, str]) -> dict[str, Fetched]:
        """What could be had of ``urls`` (relative or absolute, by name) until the budget is spent; nothing, at once, where as
        many calls wait for FHIR servers as may."""
        with _room_within(self.line.places, self.client.places) as room:
            if room:
                return self._fetched(urls)
        log.info("FHIR server %s was not asked: too many calls wait for it, or for others", ascii(self.base.origin))
        return {}

    def _fetched(self, urls: Mapping[str, str]) -> dict[str, Fetched]:
        queries = {name: _Query(self, url) for name, url in urls.items()}
        running = {self.line.threads.submit(query.run): query for query in queries.values()}
        with self.client.waiting():
            waited = wait(running, max(self.ends - time.monotonic(), 0))
        for late in waited.not_done:
            if not late.cancel():
                running[late].abandon()
        answers = {}
        for name, query in queries.items():
            found = query.fetched()
            if found is not None:
                answers[name] = found
            if query.problem:
                log.info("FHIR query %s was not answered: %s", name, query.problem)
        return answers

    def spend(self, size: int) -> None:
        """Take received bytes from the budget of the call."""
        with self._lock:
            self._bytes_left -= size
            if self._bytes_left < 0:
                raise Unanswered("the answers are too large")

    def request(self, address: Address) -> PreparedRequest:
        """The request for an address below the base."""
        authorization = {"Authorization": f"Bearer {self.authorization.access_token}"}
        return Request("GET", address.url, headers={**_HEADERS, **authorization}).prepare()


@contextmanager
def _room_within(*limits: threading.BoundedSemaphore) -> Iterator[bool]:
    """Whether each of the ``limits`` leaves a place; those are taken until the block ends."""
    with ExitStack() as taken:
        for limit in limits:
            if not limit.acquire(blocking=False):
                yield False
                return
            taken.callback(limit.release)
        yield True


class _Query:
    """A read, or a search with its pages. ``problem``: why not all of it was answered."""

    def __init__(self, reading: _Reading, url: str):
        self.reading = reading
        self.problem = _OUT_OF_TIME
        self._whole = True
        # One value, for another thread reads it: the pages, and the URL of the one that follows.
        self._received: tuple[tuple[Bundle | Resource, ...], str] = ((), url)
        self._exchange: Exchange | None = None

    def run(self) -> None:
        """Get it, page after page."""
        try:
            pages, url = self._received
            asked: set[str] = set()
            while url:
                if url in asked or len(asked) >= MOST_PAGES:
                    raise Unanswered("too many pages")
                asked.add(url)
                page = self._page(url, first=not pages)
                pages, url = (*pages, page), page.next_url if isinstance(page, Bundle) else ""
                self._received = pages, url
            self.problem = ""
        except Unanswered as error:
            self.problem = str(error)
        except (RequestException, HTTPError, OSError, ValueError) as error:
            # Only its kind: the message has the URL, and that the patient.
            self.problem = type(error).__name__

    def abandon(self) -> None:
        """Stop waiting for it."""
        if self._exchange:
            self._exchange.abandon()

    def fetched(self) -> Fetched | None:
        """What was received until now."""
        pages, following = self._received
        if not pages:
            return None
        bundles = [page for page in pages if isinstance(page, Bundle)]
        return Fetched(joined(bundles, following) if bundles else pages[0], self._whole)

    def _page(self, url: str, *, first: bool) -> Bundle | Resource:
        """One resource or page. Raises :class:`Unanswered`, or what the connection raises.

        A page that follows may have any URL below the base: the server's paging is its own.
        """
        reading = self.reading
        address = parse_address(urljoin(f"{reading.base.url.rstrip('/')}/", url))
        path = address.below(reading.base) if address else None
        if address is None or path is None:
            raise Unanswered("an address outside of the server")
        if time.monotonic() >= reading.ends:
            raise Unanswered(_OUT_OF_TIME)
        search = address.query is not None or not first
        kind, _, identity = path.partition("/")
        if kind and first:
            reach = reading.authorization.reach(kind, search=search, patient_id=reading.patient_id)
            if reach is Reach.NOTHING:
                raise Unanswered("the scopes exclude it")
            self._whole &= reach is Reach.WHOLE
        page = self._get(reading.request(address))
        if page is None or isinstance(page, (Unread, OperationOutcome)):
            raise Unanswered("the answer is no data")
        wanted = isinstance(page, Bundle) if search else _is(page, kind, identity.partition("/")[0])
        if not wanted:
            raise Unanswered("the answer is to another question")
        return page

    def _get(self, request: PreparedRequest) -> Value:
        reading = self.reading
        exchange = self._exchange = Exchange(reading.server, reading.ends)
        with exchange.running():
            # The adapter itself, not a session: a session adds what the environment holds (proxies, .netrc), keeps
            # cookies, and reads the body of a redirect without limit.
            response = reading.line.adapter.send(request, stream=True, timeout=(exchange.left / 2, exchange.left))
            try:
                return read_value(self._body(response, exchange))
            finally:
                response.close()

    def _body(self, response: Response, exchange: Exchange) -> bytes:
        """The body of a good answer, decompressed, as long as time and bytes last."""
        if response.status_code != 200:
            raise Unanswered(f"status {response.status_code}")
        media_type = Message()
        media_type["Content-Type"] = response.headers.get("Content-Type", "")
        if not str(media_type.get_param("fhirVersion", READ_VERSIONS[0])).startswith(READ_VERSIONS):
            raise Unanswered("the server is of another FHIR version")
        body = bytearray()
        while chunk := response.raw.read1(_CHUNK, decode_content=True):
            self.reading.spend(len(chunk))
            body += chunk
            if exchange.over:
                raise Unanswered(_OUT_OF_TIME)
        return bytes(body)


def _is(value: Bundle | Resource, kind: str, identity: str) -> bool:
    """Whether a value is the resource of a type and id."""
    return isinstance(value, Resource) and (value.kind, value.id) == (kind, identity)
