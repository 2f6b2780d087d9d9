"""Calls are answered whole: the server's event loop waits for slow clients, so that none of them
holds a thread.

A WSGI server hands over a call when its headers have arrived, and the thread then waits for the
body as long as the client likes. Here the head is decided on first (``admission``), so that no byte
of a refused call is accepted. Then the body is collected through the server's own interface (RSGI),
within limits for its time, its size, and the bytes held at a time (``in_flight``). Hot calls
(``hot``) are then answered on the loop, one at a time, and all others by Flask in a thread.
"""

from __future__ import annotations

import asyncio
import io
import sys
from collections.abc import Callable, Coroutine, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, suppress
from functools import partial
from typing import Any, Protocol, TypeVar

import orjson

from ..trust.verifier import Caller
from .admission import ADMITTED, Admitted, Answer
from .errors import operation_outcome
from .hot import HotCall, HotCalls
from .in_flight import SMALL_BYTES, InFlight
from .places import Places, TooMany
from .refusals import REQUEST_ID, note_refusal, request_id
from .request import MustWait
from .turn import LoopTurn

BODY_SECONDS = 30
# A body that is refused is still read from the connection for so long. Otherwise its sender, who
# goes on sending, may lose the answer.
_DISCARD_SECONDS = 0.3
_DISCARD_BYTES = 10_000_000
# Two calls compute in threads at a time (hooks/turn.py). The other threads wait: up to 32 for FHIR
# servers (fhir_server/client.py), and 16 for the database (store/writer.py). So some are always
# left.
THREADS = 80
# Threads that decide on heads and answer calls without a body. Up to 16 wait for the keys of
# clients (trust/key_sources.py), and 12 for EHRs that launch the SMART app (workbench/smart).
HEAD_THREADS = 40

Value = TypeVar("Value")
WsgiApplication = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class _TooLarge(Exception):
    """A body is larger than may be read."""


class Admits(Protocol):
    """See :class:`.admission.Admission`."""

    def admit(self, environ: dict[str, Any]) -> Admitted | Answer:
        """Admit the call or answer it."""

    def refuse(self, environ: dict[str, Any], error: Exception) -> Answer:
        """The answer to a call that raised ``error``."""


class WholeCalls:
    """An RSGI application around a WSGI one. ``admission``: decides on the heads of calls with a
    body. ``hot``: recognises and answers hot calls."""

    def __init__(
        self,
        application: WsgiApplication,
        admission: Admits,
        hot: HotCalls | None = None,
        *,
        body_seconds: float = BODY_SECONDS,
    ):
        self._application = application
        self._admission = admission
        self._hot = hot
        self._body_seconds = body_seconds
        self._in_flight = InFlight()
        self._places = Places()
        self._loop_turn = LoopTurn()
        self._threads = ThreadPoolExecutor(THREADS, "call")
        self._head_threads = ThreadPoolExecutor(HEAD_THREADS, "head")

    async def __rsgi__(self, scope: Any, protocol: Any) -> None:
        """Answer one call (RSGI 1: ``scope`` is its head, ``protocol`` its body and its answer)."""
        if self._hot and (call := self._hot.recognised(scope)):
            answer = await self._answer_hot(self._hot, call, scope, protocol)
        elif _has_body(scope):
            answer = await self._answer_with_body(scope, protocol)
        else:
            answer = await _in(self._head_threads, self._answer, environ(scope), b"")
        protocol.response_bytes(*answer)

    async def _answer_hot(self, hot: HotCalls, call: HotCall, scope: Any, protocol: Any) -> Answer:
        try:
            admitted, caller = (
                await _in(self._head_threads, hot.admit, call)
                if hot.needs_token
                else hot.admit(call)
            )
        except Exception as error:
            await _discard(protocol)
            return _last(self._admission.refuse(environ(scope), error))
        return await self._once_whole(
            scope,
            protocol,
            admitted,
            partial(self._compute_hot, hot, call, caller, admitted.party, scope),
        )

    async def _compute_hot(
        self,
        hot: HotCalls,
        call: HotCall,
        caller: Caller | None,
        party: str,
        scope: Any,
        body: bytes,
    ) -> Answer:
        if len(body) == call.length:  # Flask refuses a body that breaks off
            await self._loop_turn.of(party)
            try:
                return hot.answer(call, caller, body)
            except MustWait:
                pass
            except Exception as error:
                return self._admission.refuse(environ(scope), error)
        return await _in(self._threads, self._answer, {**environ(scope), ADMITTED: caller}, body)

    async def _answer_with_body(self, scope: Any, protocol: Any) -> Answer:
        head = environ(scope)
        admitted = await _in(self._head_threads, self._admission.admit, head)
        if not isinstance(admitted, Admitted):
            await _discard(protocol)
            return _last(admitted)
        return await self._once_whole(
            scope, protocol, admitted, partial(_in, self._threads, self._answer, head)
        )

    async def _once_whole(
        self,
        scope: Any,
        protocol: Any,
        admitted: Admitted,
        answer: Callable[[bytes], Coroutine[Any, Any, Answer]],
    ) -> Answer:
        """The result of ``answer`` for the body, once it has arrived and the party has a place; a
        refusal if one of these fails."""
        async with AsyncExitStack() as held:
            try:
                async with asyncio.timeout(self._body_seconds):
                    body = await self._body(scope, protocol, admitted, held)
            except TimeoutError:
                return _refused(
                    scope,
                    408,
                    "timeout",
                    f"The body must arrive within {self._body_seconds:g} seconds.",
                )
            except _TooLarge:
                return _refused(
                    scope,
                    413,
                    "too-long",
                    f"The body may have {admitted.most_bytes} bytes at most.",
                )
            try:
                await held.enter_async_context(self._places.place(admitted.party))
            except TooMany:
                return _refused(
                    scope,
                    429,
                    "throttled",
                    "Too many calls of this client wait to be answered.",
                    ("retry-after", "1"),
                )
            return await answer(body)

    async def _body(
        self, scope: Any, protocol: Any, admitted: Admitted, held: AsyncExitStack
    ) -> bytes:
        announced = int(scope.headers.get("content-length", 0))
        if announced > admitted.most_bytes:
            await _discard(protocol)
            raise _TooLarge
        body, has_room = bytearray(), False
        async for part in protocol:
            body += part
            if len(body) > admitted.most_bytes:
                raise _TooLarge
            if len(body) > SMALL_BYTES and not has_room:
                await held.enter_async_context(
                    self._in_flight.room(admitted.party, announced or admitted.most_bytes)
                )
                has_room = True
        return bytes(body)

    def _answer(self, environment: dict[str, Any], body: bytes) -> Answer:
        environment["wsgi.input"] = io.BytesIO(body)
        # If a body breaks off, the announced length stays, so that Flask refuses the body as
        # incomplete.
        environment.setdefault("CONTENT_LENGTH", str(len(body)))
        started: list[Any] = []
        parts = self._application(
            environment, lambda status, headers, _=None: started.extend((status, headers))
        )
        try:
            content = b"".join(parts)
        finally:
            if close := getattr(parts, "close", None):
                close()
        return int(started[0][:3]), started[1], content


def _refused(scope: Any, status: int, code: str, why: str, *more: tuple[str, str]) -> Answer:
    identity = request_id(environ(scope).get("HTTP_X_REQUEST_ID"))
    note_refusal(status, None, why, "", identity)
    headers = [
        ("content-type", "application/json"),
        (REQUEST_ID.lower(), identity),
        ("connection", "close"),
        *more,
    ]
    return status, headers, orjson.dumps(operation_outcome(code, why))


def _has_body(scope: Any) -> bool:
    return "transfer-encoding" in scope.headers or scope.headers.get("content-length", "0") != "0"


async def _in(threads: ThreadPoolExecutor, do: Callable[..., Value], *arguments: Any) -> Value:
    return await asyncio.get_running_loop().run_in_executor(threads, do, *arguments)


async def _discard(protocol: Any) -> None:
    size = 0
    with suppress(TimeoutError):
        async with asyncio.timeout(_DISCARD_SECONDS):
            async for part in protocol:
                size += len(part)
                if size > _DISCARD_BYTES:
                    break


def _last(answer: Answer) -> Answer:
    """The answer with ``connection: close``, because the rest of a body might still follow."""
    status, headers, content = answer
    return (
        status,
        [*((name.lower(), value) for name, value in headers), ("connection", "close")],
        content,
    )


def environ(scope: Any) -> dict[str, Any]:
    """The WSGI environment (PEP 3333) of a call whose body has not arrived yet."""
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
        "wsgi.input": io.BytesIO(),
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
    made.pop("HTTP_TRANSFER_ENCODING", None)  # no longer true: the collected body has a length
    if "HTTP_CONTENT_LENGTH" in made:
        made["CONTENT_LENGTH"] = made.pop("HTTP_CONTENT_LENGTH")
    made["CONTENT_TYPE"] = made.pop("HTTP_CONTENT_TYPE", "")
    return made
