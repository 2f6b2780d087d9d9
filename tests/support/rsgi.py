"""Calls to the service as its server makes them (RSGI), in this process: by the hot path, or by Flask alone."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from flask import Flask

from cds_service.hooks.admission import Admission
from cds_service.hooks.rsgi import WholeCalls

PATHS = ("hot", "flask")


class Sent(NamedTuple):
    """A request as a client sends it. ``headers``: names in lower case, as often as they are sent."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    query: str = ""
    address: str = "127.0.0.1"


class Answered(NamedTuple):
    """What came back."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


class Headers:
    """The headers of a request, as granian gives them."""

    def __init__(self, items: Iterable[tuple[str, str]]):
        self._items = list(items)

    def items(self) -> list[tuple[str, str]]:
        return self._items

    def get(self, name: str, default: Any = None) -> Any:
        return next((value for key, value in self._items if key == name), default)

    def __contains__(self, name: str) -> bool:
        return any(key == name for key, _ in self._items)


class Scope:
    """The head of a call."""

    proto, http_version, rsgi_version, scheme, authority = "http", "1.1", "1.5", "http", None
    server = "127.0.0.1:8080"

    def __init__(self, sent: Sent):
        self.method, self.path, self.query_string = sent.method, sent.path, sent.query
        self.client = f"{sent.address}:40000"
        names = [name for name, _ in sent.headers]
        host = [] if "host" in names else [("host", "localhost:8080")]
        length = (
            [("content-length", str(len(sent.body)))]
            if sent.body and not {"content-length", "transfer-encoding"} & {*names}
            else []
        )
        self.headers = Headers([*host, *sent.headers, *length])


class Protocol:
    """The body of a call, in parts of 64 kB, and its answer."""

    def __init__(self, body: bytes):
        self._body = body
        self.answer: Answered | None = None

    async def __aiter__(self) -> Any:
        for start in range(0, len(self._body), 65536):
            yield self._body[start : start + 65536]

    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        """The answer leaves, once."""
        assert self.answer is None
        self.answer = Answered(
            status, tuple((name.lower(), value) for name, value in headers), body
        )


class Served:
    """An application as its server calls it. ``path``: one of ``PATHS``."""

    def __init__(self, app: Flask, path: str):
        self.app = app
        hot = app.extensions["hot"] if path == "hot" else None
        self.calls = WholeCalls(app.wsgi_app, Admission(app), hot)

    def __call__(self, sent: Sent) -> Answered:
        """The answer to one request."""
        return self.all_of([sent])[0]

    def all_of(self, many: Iterable[Sent]) -> list[Answered]:
        """The answers to requests that come at once."""

        async def answer(sent: Sent) -> Answered:
            protocol = Protocol(sent.body)
            await self.calls.__rsgi__(Scope(sent), protocol)
            assert protocol.answer is not None
            return protocol.answer

        async def answers() -> list[Answered]:
            return await asyncio.gather(*map(answer, many))

        return asyncio.run(answers())


def post(service: str, body: bytes, headers: Mapping[str, str] | None = None, **more: Any) -> Sent:
    """A hook call with a body that is said to be JSON; ``headers`` come beside and over that."""
    chosen = {"content-type": "application/json", **(headers or {})}
    return Sent("POST", f"/cds-services/{service}", tuple(chosen.items()), body, **more)
