"""Requests to the servers that a listed FHIR server names, such as its authorization server: short
JSON, within a time limit, without redirects.

Their addresses come from an answer, so a hostile server could name any. :class:`.servers.Named`
limits where a connection may go.
"""

from __future__ import annotations

import time
from threading import Timer
from typing import Any, NamedTuple

from requests import PreparedRequest, Request, RequestException, Response
from requests.auth import AuthBase
from urllib3.exceptions import HTTPError

from ..fhir.reading import parse_json
from .connections import CheckedAdapter, Exchange
from .problems import OUT_OF_TIME, STATUSES, told_failure
from .servers import Server, named_by

LONGEST_ANSWER = 256 * 1024
_CHUNK = 65_536
# Not compressed, so that the bytes that are counted are those that are read. No connection is kept,
# so that each is checked for its own server.
_HEADERS = {
    "Accept": "application/json",
    "Accept-Encoding": "identity",
    "Connection": "close",
    "User-Agent": "b12-folate-cds",
}


class NoAnswer(Exception):
    """A named server gave no answer. The message says why, without anything that was sent or
    received."""


class Answer(NamedTuple):
    """The status and the body of an answer."""

    status_code: int
    content: bytes

    def json(self) -> Any:
        """The body as JSON. Raises ``ValueError`` if it is not JSON."""
        return parse_json(self.content)

    def raise_for_status(self) -> None:
        """Raise :class:`NoAnswer` for an error status."""
        if self.status_code >= 400:
            raise NoAnswer(STATUSES.get(self.status_code, f"status {self.status_code}"))


class NamedServers:
    """Sends requests to the servers that ``listed`` names, all within ``seconds``. ``post`` takes
    the arguments that OAuth libraries pass to a session."""

    def __init__(self, listed: Server, adapter: CheckedAdapter, seconds: float):
        self._listed = listed
        self._adapter = adapter
        self._ends = time.monotonic() + seconds

    def names(self, url: str) -> bool:
        """Whether requests may go to ``url``, and a browser be sent there: with TLS, except between
        servers on this machine."""
        return named_by(self._listed, url) is not None

    def get(self, url: str) -> dict[str, Any]:
        """The JSON object at ``url``. Raises :class:`NoAnswer`."""
        answer = self._sent(Request("GET", url, headers=_HEADERS).prepare())
        answer.raise_for_status()
        try:
            value = answer.json()
        except ValueError:
            value = None
        if answer.status_code != 200 or not isinstance(value, dict):
            raise NoAnswer("the answer is no JSON object")
        return value

    def post(
        self, url: str, *, data: dict[str, str], headers: dict[str, str], auth: AuthBase
    ) -> Answer:
        """The answer to a form. ``auth``: authenticates the client. Raises :class:`NoAnswer`."""
        return self._sent(
            Request("POST", url, headers={**headers, **_HEADERS}, data=data, auth=auth).prepare()
        )

    def _sent(self, request: PreparedRequest) -> Answer:
        server = named_by(self._listed, request.url or "")
        if server is None:
            raise NoAnswer("the address is none over TLS")
        exchange = Exchange(server, self._ends)
        if exchange.over:
            raise NoAnswer(OUT_OF_TIME)
        # The timer breaks off a server that sends byte by byte, in any part of its answer.
        end = Timer(exchange.left, exchange.abandon)
        end.daemon = True
        end.start()
        try:
            with exchange.running():
                # The adapter itself instead of a session, as in asking.
                response = self._adapter.send(
                    request, stream=True, timeout=(exchange.left / 2, exchange.left)
                )
                try:
                    return Answer(response.status_code, _body(response, exchange))
                finally:
                    response.close()
        except (RequestException, HTTPError, OSError, ValueError) as error:
            raise NoAnswer(OUT_OF_TIME if exchange.over else told_failure(error)) from None
        finally:
            end.cancel()
            # A server may close a kept connection silently. An authorization code that is sent on
            # it is lost, and cannot be sent again.
            self._adapter.close()


def _body(response: Response, exchange: Exchange) -> bytes:
    body = bytearray()
    while chunk := response.raw.read1(_CHUNK, decode_content=False):
        body += chunk
        if len(body) > LONGEST_ANSWER:
            raise NoAnswer(f"the answer is larger than {LONGEST_ANSWER} bytes")
        if exchange.over:
            raise NoAnswer(OUT_OF_TIME)
    return bytes(body)
