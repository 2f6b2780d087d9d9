"""Reading clients' FHIR servers on behalf of hook calls: which servers may be read, how many calls
may wait, and what is known of each server.

CDS Hooks 3.0.0, "FHIR Resource Access". Only this module, :mod:`.fetching` and :mod:`.asking` send
requests to FHIR servers. After any failure (a server that is not listed, an expired token, a scope
that excludes the query, an error, a redirect, a time-out) the query is unanswered and the facts
that need it are unknown. A failure is never an error of the hook.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from functools import cache, partial
from ssl import SSLContext, create_default_context
from typing import Any, NamedTuple

from certifi import where

from ..fhir.ehr_profile import EhrProfile
from ..fhir.retrieval import Fetch, Fetched
from .authorization import FhirAuthorization
from .connections import CheckedAdapter
from .fetching import Probed, Reading, Source
from .named_servers import NamedServers
from .servers import Address, Server, parse_address

THREADS = 64  # for each server of the list; started when needed
# How many calls may wait for FHIR servers, so that threads are left for calls that need none; and
# for one server, so that a server that hangs leaves places for the others. Each call has up to 15
# queries: more calls would wait for the threads above.
MOST_WAITING = 32
MOST_WAITING_FOR_ONE = 16
# How many base URLs below one entry of the list (one for each tenant, say) are remembered.
_MOST_BASES = 256
_STATEMENT_SECONDS = 30.0
_STATEMENT_BYTES = 20_000_000
_ASK_AGAIN_SECONDS = 600.0
_UNLISTED = "the FHIR server is not listed (CDS_FHIR_SERVERS)"
_NO_TOKEN = (
    "fhirServer came without fhirAuthorization, and is not listed as open (CDS_FHIR_SERVERS)"
)
_TOO_MANY = "too many calls wait for the FHIR server, or for others"

log = logging.getLogger(__name__)


@cache
def _trusting(authorities: str) -> SSLContext:
    """The TLS context that trusts the authorities of a PEM file. It is cached, because reading the
    public ones takes 20 ms."""
    return create_default_context(cafile=authorities)


class _Known:
    """What is known of the server at one base URL: the parts of queries that it refused, and the
    profile from its CapabilityStatement."""

    def __init__(self) -> None:
        self._refused: dict[str, frozenset[str]] = {}
        self.profile: EhrProfile | None = None
        self.ask_after = 0.0

    def refused(self, kind: str) -> frozenset[str]:
        """The parts to leave out of a query for ``kind``."""
        return self._refused.get(kind, frozenset())

    def learn(self, kind: str, dropped: frozenset[str]) -> None:
        """Remember that a query for ``kind`` is accepted without ``dropped``."""
        if kind in self._refused or len(self._refused) < 32:
            self._refused[kind] = dropped


class _Line(NamedTuple):
    """The connections, threads and places of one listed server, so that a slow server takes nothing
    from another."""

    adapter: CheckedAdapter
    threads: ThreadPoolExecutor
    places: threading.BoundedSemaphore
    known: dict[Address, _Known]

    def about(self, base: Address) -> _Known:
        """What is known of the server at ``base``."""
        if base not in self.known and len(self.known) >= _MOST_BASES:
            return _Known()
        return self.known.setdefault(base, _Known())


class FhirClient:
    """Reads the FHIR servers that a site lists.

    ``budget``: seconds for all reading of a call. ``most_bytes``: the size of all answers of a
    call, decompressed. ``ca_bundle``: a PEM file of certificate authorities in place of the public
    ones. ``waiting``: a context to wait in. ``statement_profile``: makes a profile from a
    CapabilityStatement; without it, no statement is read.
    """

    def __init__(
        self,
        servers: tuple[Server, ...],
        budget: float,
        most_bytes: int,
        ca_bundle: str = "",
        waiting: Callable[[], AbstractContextManager[None]] = nullcontext,
        statement_profile: Callable[[Any], EhrProfile] | None = None,
    ):
        self.budget = budget
        self.most_bytes = most_bytes
        self.waiting = waiting
        self.statement_profile = statement_profile
        self._tls = tls = _trusting(ca_bundle or where())
        self.places = threading.BoundedSemaphore(MOST_WAITING)
        self.lines = {
            server: _Line(
                CheckedAdapter(tls),
                ThreadPoolExecutor(THREADS, "fhir"),
                threading.BoundedSemaphore(MOST_WAITING_FOR_ONE),
                {},
            )
            for server in servers
        }

    def reading(
        self, base_url: str, authorization: FhirAuthorization | None, patient_id: str
    ) -> Fetch:
        """The function that reads the server at ``base_url`` for one hook call about a patient,
        with the token of the call, if any."""
        server, base = self._listed(base_url)
        if server is None or base is None:
            told = ascii(base.origin) if base else "with an unusual URL"
            return partial(_unread, f"FHIR server {told} was not read", _UNLISTED)
        if not authorization and not server.open:
            return partial(_unread, f"FHIR server {base.origin!a} was not read", _NO_TOKEN)
        line = self.lines[server]
        reading = Reading(
            self._source(server, base), authorization, patient_id, self.budget, self.most_bytes
        )
        return partial(self._fetch, reading, line)

    def probing(
        self, base_url: str, authorization: FhirAuthorization | None, seconds: float
    ) -> Callable[[str], Probed] | None:
        """The function that sends one request to the server at ``base_url`` and waits ``seconds``
        at most; ``None`` for a server that is not listed."""
        server, base = self._listed(base_url)
        if server is None or base is None:
            return None
        source = self._source(server, base)
        return lambda url: Reading(source, authorization, "", seconds, self.most_bytes).probe(url)

    def named_by(self, base_url: str, seconds: float) -> NamedServers | None:
        """A client of the servers that the one at ``base_url`` names, all within ``seconds``;
        ``None`` for a server that is not listed."""
        server, base = self._listed(base_url)
        if server is None or base is None:
            return None
        return NamedServers(server, CheckedAdapter(self._tls), seconds)

    def profile_of(
        self, base_url: str, authorization: FhirAuthorization | None
    ) -> EhrProfile | None:
        """The profile from the CapabilityStatement of the server at ``base_url``; ``None`` if the
        call may not read that server, and until the statement is known. It is read once, outside
        of calls, and without the token."""
        server, base = self._listed(base_url)
        if (
            server is None
            or base is None
            or self.statement_profile is None
            or not (authorization or server.open)
        ):
            return None
        line = self.lines[server]
        known = line.about(base)
        if known.profile is None and base in line.known and time.monotonic() >= known.ask_after:
            known.ask_after = time.monotonic() + _ASK_AGAIN_SECONDS
            line.threads.submit(
                self._read_statement, self._source(server, base), known, self.statement_profile
            )
        return known.profile

    def _read_statement(
        self, source: Source, known: _Known, profile_of: Callable[[Any], EhrProfile]
    ) -> None:
        reading = Reading(source, None, "", _STATEMENT_SECONDS, _STATEMENT_BYTES)
        try:
            known.profile = profile_of(reading.statement())
        except Exception as error:
            log.info(
                "FHIR server %s: its CapabilityStatement could not be read: %s",
                ascii(source.base.origin),
                error,
            )
        else:
            lacking = ", ".join(sorted(known.profile.not_kept)) or "none"
            log.info(
                "FHIR server %s: lists that it does not keep, by its CapabilityStatement: %s",
                ascii(source.base.origin),
                lacking,
            )

    def _source(self, server: Server, base: Address) -> Source:
        line = self.lines[server]
        return Source(server, base, line.adapter, line.about(base))

    def _listed(self, base_url: str) -> tuple[Server | None, Address | None]:
        base = parse_address(base_url)
        if base is None or base.query is not None:
            return None, base
        return next((server for server in self.lines if server.lists(base)), None), base

    def _fetch(
        self, reading: Reading, line: _Line, urls: Mapping[str, str]
    ) -> Mapping[str, Fetched]:
        """The answers to ``urls`` until the budget is spent. If as many calls as may wait for FHIR
        servers already do, nothing is asked."""
        with _room_within(line.places, self.places) as room:
            if not room:
                return _unread(
                    f"FHIR server {reading.source.base.origin!a} was not asked", _TOO_MANY, urls
                )

            def waited(running: Any, seconds: float) -> Any:
                with self.waiting():
                    return wait(running, seconds)

            return reading.run(urls, line.threads, waited)


def _unread(what: str, why: str, urls: Mapping[str, str]) -> Mapping[str, Fetched]:
    log.info("%s: %s", what, why)
    return dict.fromkeys(urls, Fetched(problem=why))


@contextmanager
def _room_within(*limits: threading.BoundedSemaphore) -> Iterator[bool]:
    """Yield whether each of the ``limits`` has a place. If so, they are taken for the block."""
    with ExitStack() as taken:
        for limit in limits:
            if not limit.acquire(blocking=False):
                yield False
                return
            taken.callback(limit.release)
        yield True
