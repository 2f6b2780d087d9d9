"""Calls reach Flask whole: the server's event loop waits for slow clients, so that none of them holds a thread.

A WSGI server hands a call over when its headers are there, and the thread then waits for the body as long as the client
likes. Here a body is collected first, within a time and a size, by the server's own interface (RSGI). This is no policy on who
may call or what is read: the application decides that as it would for any other server.
"""

from __future__ import annotations

import asyncio
import io
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from typing import Any

import orjson

from .errors import operation_outcome

BODY_SECONDS = 30
# A call up to this size is always taken in. Larger ones only so many at a time, so that memory has a bound.
SMALL_BYTES = 1_000_000
LARGE_AT_ONCE = 16
# One call computes at a time (hooks/turn.py); the other threads wait: up to 32 for FHIR servers (fhir/client.py), 16 for the keys
# of clients (trust/key_sources.py) and 16 for the database (store/writer.py). So some are always left.
THREADS = 80

WsgiApplication = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class WholeCalls:
    """An RSGI application around a WSGI one. ``most_bytes``: no more of a body is read; the application refuses what has more."""

    def __init__(self, application: WsgiApplication, most_bytes: int, body_seconds: float = BODY_SECONDS):
        self._application = application
        self._most_bytes = most_bytes
        self._body_seconds = body_seconds
        self._large = asyncio.Semaphore(LARGE_AT_ONCE)
        self._threads = ThreadPoolExecutor(THREADS)

    async def __rsgi__(self, scope: Any, protocol: Any) -> None:
        """Answer one call (RSGI 1: ``scope`` is its head, ``protocol`` its body and its answer)."""
        async with AsyncExitStack() as held:
            try:
                async with asyncio.timeout(self._body_seconds):
                    body = await self._body(scope, protocol, held)
            except TimeoutError:
                answer = _too_slow(self._body_seconds)
            else:
                answer = await asyncio.get_running_loop().run_in_executor(self._threads, self._answer, environ(scope, body))
            protocol.response_bytes(*answer)

    async def _body(self, scope: Any, protocol: Any, held: AsyncExitStack) -> bytes:
        if int(scope.headers.get("content-length", 0)) > self._most_bytes:
            return b""  # refused for what it announces
        body, large = bytearray(), False
        async for part in protocol:
            body += part
            if len(body) > self._most_bytes:
                break
            if len(body) > SMALL_BYTES and not large:
                await held.enter_async_context(self._large)
                large = True
        return bytes(body)

    def _answer(self, environment: dict[str, Any]) -> tuple[int, list[tuple[str, str]], bytes]:
        started: list[Any] = []
        parts = self._application(environment, lambda status, headers, _=None: started.extend((status, headers)))
        try:
            content = b"".join(parts)
        finally:
            if close := getattr(parts, "close", None):
                close()
        return int(started[0][:3]), started[1], content


def environ(scope: Any, body: bytes) -> dict[str, Any]:
    """The WSGI environment (PEP 3333) of a call whose body is here."""
    host, _, port = scope.server.rpartition(":")
    made = {
        "REQUEST_METHOD": scope.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": scope.path.encode().decode("latin-1"),
        "QUERY_STRING": scope.query_string,
        "SERVER_NAME": host,
        "SERVER_PORT": port,
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "REMOTE_ADDR": scope.client.rpartition(":")[0],
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.scheme,
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    if scope.authority:
        made["HTTP_HOST"] = scope.authority
    for name, value in scope.headers.items():
        if "_" in name:
            continue  # would be taken for the header with hyphens
        key = f"HTTP_{name.upper().replace('-', '_')}"
        made[key] = f"{made[key]},{value}" if key in made else value
    made.pop("HTTP_TRANSFER_ENCODING", None)  # undone: what is here has a length
    # Of a body that breaks off, the length that was announced stays: Flask refuses it as incomplete.
    made["CONTENT_LENGTH"] = made.pop("HTTP_CONTENT_LENGTH", str(len(body)))
    made["CONTENT_TYPE"] = made.pop("HTTP_CONTENT_TYPE", "")
    return made


def _too_slow(seconds: float) -> tuple[int, list[tuple[str, str]], bytes]:
    text = f"The body must be here within {seconds:g} seconds."
    return 408, [("content-type", "application/json"), ("connection", "close")], orjson.dumps(operation_outcome("timeout", text))
