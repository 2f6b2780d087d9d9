"""Which calls are hot, and how they are answered: on the event loop, without Flask, a WSGI
environment or a thread.

A call is hot if its head has the form that most clients send and is not to be refused. Every other
call goes through Flask, which answers all unusual calls. The checks are the same and in the same
order: the service, the content type and the host by the head; then the token, in a thread, because
keys may have to be fetched and used tokens are recorded in a file; then the body, within the same
limits. Flask's error handlers answer a body that is refused. A call that would have to wait is left
to a thread.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

from ..trust.verifier import Caller
from .admission import Admitted, Answer
from .authentication import Authentication
from .caller import client_of, party
from .hook_calls import HookCalls

# The greatest length of a hot body. Even if it is made to be slow, it blocks the event loop for
# only some 50 ms: see docs/security.md.
HOT_BYTES = 200_000
_SERVICES = "/cds-services/"
_JSON = frozenset(
    {"application/json", "application/json; charset=utf-8", "application/json;charset=utf-8"}
)
# The headers that decide how a call is answered. An answer of status 200 depends on no other
# header.
_DECIDING = frozenset(
    ["authorization", "content-encoding", "content-length", "content-type", "host", "origin",
    "transfer-encoding"],
)  # fmt: skip


class HotCall(NamedTuple):
    """A call whose head is hot. ``length``: of its body, as announced."""

    service_id: str
    path: str
    length: int
    authorization: str
    address: str


class HotCalls:
    """Recognises hot hook calls and answers them.

    ``authentication``: checks their tokens, if callers are registered. ``is_own``: whether a host
    is the service's own, if only those are answered. ``has_origins``: whether pages of some origins
    may call, whose answers need other headers.
    """

    def __init__(
        self,
        calls: HookCalls,
        authentication: Authentication | None,
        is_own: Callable[[str], bool] | None,
        most_bytes: int,
        *,
        has_origins: bool,
    ):
        self._calls = calls
        self._authentication = authentication
        self._is_own = lru_cache(64)(is_own) if is_own else None
        self._most_bytes = most_bytes
        self._has_origins = has_origins

    @property
    def needs_token(self) -> bool:
        """Whether :meth:`admit` checks a token, for which it may wait."""
        return self._authentication is not None

    def recognised(self, scope: Any) -> HotCall | None:
        """The call with this head (of RSGI); ``None`` if it is not hot."""
        path: str = scope.path
        if scope.method != "POST" or not path.startswith(_SERVICES):
            return None
        service_id = path[len(_SERVICES) :]
        headers: dict[str, str] = {}
        for name, value in scope.headers.items():
            if name in _DECIDING:
                if name in headers:
                    return None
                headers[name] = value
        length = headers.get("content-length", "")
        is_hot = (
            self._calls.is_service(service_id)
            and headers.get("content-type", "").lower() in _JSON
            and length.isdecimal()
            and len(length) < 10
            and 0 < int(length) <= min(self._most_bytes, HOT_BYTES)
            and "transfer-encoding" not in headers
            and "content-encoding" not in headers
            and not (self._has_origins and "origin" in headers)
            and not scope.authority
            and (self._is_own is None or self._is_own(headers.get("host", "")))
        )
        if not is_hot:
            return None
        return HotCall(
            service_id,
            path,
            int(length),
            headers.get("authorization", ""),
            scope.client.rpartition(":")[0],
        )

    def admit(self, call: HotCall) -> tuple[Admitted, Caller | None]:
        """Admit a hot call, and return its caller. Raises what
        :class:`.authentication.Authentication` raises."""
        caller = None
        if self._authentication is not None:
            caller = self._authentication.caller(call.authorization, call.path, call.address)
        return Admitted(party(caller, call.address), self._most_bytes), caller

    def answer(self, call: HotCall, caller: Caller | None, body: bytes) -> Answer:
        """Answer a hot call without waiting for anything. Raises :class:`.request.MustWait`, or the
        error for which the call is refused."""
        content = self._calls.answer(call.service_id, body, client_of(caller), may_wait=False)
        return (
            200,
            [("content-type", "application/json"), ("content-length", str(len(content)))],
            content,
        )
