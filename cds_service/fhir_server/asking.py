"""One request to a FHIR server and its answer, within the time and bytes that a call has left.

The access token is sent only to the call's server, at its base URL and below.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from typing import Any

from requests import PreparedRequest, Request, Response
from urllib3.exceptions import HTTPError

from ..fhir.reading import parse_json
from ..fhir.version import READ_VERSIONS
from .authorization import FhirAuthorization
from .connections import CheckedAdapter, Exchange
from .problems import STATUSES, retry_seconds
from .refusal import told_reason
from .servers import Address, Server

_CHUNK = 65_536
_MOST_REASON = 65_536
_HEADERS = {
    "Accept": (
        "application/fhir+json; fhirVersion=4.0, application/fhir+json;q=0.9, "
        "application/json;q=0.8"
    ),
    "Accept-Encoding": "gzip",
    # HAPI otherwise answers a search from a cache for a minute. Not no-store as well, for which
    # HAPI gives up paging: it then sends only the first 100 entries, without a sign that there are
    # more.
    "Cache-Control": "no-cache",
    "User-Agent": "b12-folate-cds",
}
_LATER = (429, 503)
_VERSION = re.compile(r';\s*fhirVersion\s*=\s*"?([^";\s]*)', re.IGNORECASE)  # of a media type

# Messages of urllib3 contain URLs, and the URLs contain the ids of patients.
logging.getLogger("urllib3").setLevel(logging.CRITICAL)


class Unanswered(Exception):
    """A query could not be answered. The message says why, without patient data. ``status``: that
    of the answer, 0 if there was none."""

    def __init__(self, told: str, status: int = 0):
        self.status = status
        super().__init__(told)


class Refused(Unanswered):
    """The server refuses the form of a query. ``outcome``: its answer as parsed JSON; ``None`` if
    it could not be read."""

    def __init__(self, outcome: Any):
        self.outcome = outcome
        told = told_reason(outcome)
        super().__init__(STATUSES[400] + (f": {told}" if told else ""), 400)


class _Later(Unanswered):
    """The server asks for a later attempt. ``after``: the seconds to wait, ``None`` if it does not
    say."""

    def __init__(self, told: str, status: int, after: float | None):
        self.after = after
        super().__init__(told, status)


class Budget:
    """What one call may take from a server: time until ``ends`` (of ``time.monotonic``), and
    ``most_bytes`` for all its answers, decompressed.

    ``out_of_time``: the message when the time is up.
    """

    def __init__(self, ends: float, most_bytes: int, out_of_time: str):
        self.ends = ends
        self.out_of_time = out_of_time
        self._bytes_left = most_bytes
        self._lock = threading.Lock()

    def spend(self, size: int) -> None:
        """Count received bytes. Raises :class:`Unanswered` if they exceed the budget."""
        with self._lock:
            self._bytes_left -= size
            if self._bytes_left < 0:
                raise Unanswered("the answers are larger than CDS_MAX_BODY_BYTES")


class Asking:
    """The requests of one query, one after the other. ``authorization``: ``None`` for an open
    server."""

    def __init__(
        self,
        server: Server,
        adapter: CheckedAdapter,
        authorization: FhirAuthorization | None,
        budget: Budget,
    ):
        self._server = server
        self._adapter = adapter
        self._authorization = authorization
        self._budget = budget
        self._exchange: Exchange | None = None

    def get(self, address: Address) -> bytes:
        """The answer. If the server asks for a later attempt within the budget, the answer to
        that. Raises as :meth:`once`."""
        try:
            return self.once(address)
        except _Later as later:
            if later.after is None or time.monotonic() + later.after >= self._budget.ends:
                raise
            time.sleep(later.after)
            return self.once(address)

    def once(self, address: Address) -> bytes:
        """The answer to one request, if its status is 200. Raises :class:`Unanswered`, or an error
        of the connection."""
        exchange = self._exchange = Exchange(self._server, self._budget.ends)
        with exchange.running():
            # The adapter itself instead of a session, which would add settings of the environment
            # (proxies, .netrc), keep cookies, and read the body of a redirect without limit.
            response = self._adapter.send(
                self._request(address), stream=True, timeout=(exchange.left / 2, exchange.left)
            )
            try:
                if response.status_code != 200:
                    raise self._not_answered(response, exchange)
                version = _VERSION.search(response.headers.get("Content-Type", ""))
                if version and not version[1].startswith(READ_VERSIONS):
                    raise Unanswered("the server is of another FHIR version")
                return self._body(response, exchange)
            finally:
                response.close()

    def _not_answered(self, response: Response, exchange: Exchange) -> Unanswered:
        status = response.status_code
        if status == 400:
            return Refused(self._reason(response, exchange))
        told = STATUSES.get(status, f"status {status}")
        if status in _LATER:
            return _Later(told, status, retry_seconds(response.headers.get("Retry-After", "")))
        return Unanswered(told, status)

    def _reason(self, response: Response, exchange: Exchange) -> Any:
        """The body of a refusal, if it is short JSON that can be read."""
        try:
            return parse_json(self._body(response, exchange, _MOST_REASON))
        except (HTTPError, OSError, ValueError):
            return None

    def _body(self, response: Response, exchange: Exchange, most: int | None = None) -> bytes:
        """The decompressed body. Raises :class:`Unanswered` if time or bytes run out, and
        ``ValueError`` if the body is longer than ``most``."""
        body = bytearray()
        while chunk := response.raw.read1(_CHUNK, decode_content=True):
            self._budget.spend(len(chunk))
            body += chunk
            if exchange.over:
                raise Unanswered(self._budget.out_of_time)
            if most is not None and len(body) > most:
                raise ValueError("too long")
        return bytes(body)

    def _request(self, address: Address) -> PreparedRequest:
        authorization = (
            {"Authorization": f"Bearer {self._authorization.access_token}"}
            if self._authorization
            else {}
        )
        return Request("GET", address.url, headers={**_HEADERS, **authorization}).prepare()

    def abandon(self) -> None:
        """Break off the request in progress."""
        if self._exchange:
            self._exchange.abandon()
