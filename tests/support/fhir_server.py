"""A FHIR server over real HTTP: reads, searches, pages, tokens, compression; and it can be made to misbehave.

In a thread for tests that look at what reached it; as ``python -m tests.support.fhir_server PORT SECONDS_A_QUERY`` in a process of
its own, with the record of :func:`example_record`.
"""

from __future__ import annotations

import argparse
import gzip
import json
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.support.waiting import PATIENCE

TOKEN = "opaque-token-1"
BASE_PATH = "/fhir"
Behaviour = Callable[["Handler"], None]


@dataclass
class Seen:
    """A request that arrived. ``kind``: the resource type asked for."""

    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]

    @property
    def kind(self) -> str:
        return self.path.removeprefix(BASE_PATH).strip("/").split("/")[0]

    @property
    def token(self) -> str | None:
        return self.headers.get("Authorization")


@dataclass
class FhirServer:
    """``resources`` answer reads and searches. ``page_size``: entries a page. ``behaviours``: by resource type, in place of an answer.
    ``released``: set when what is :func:`withheld` may be answered.
    """

    resources: list[dict[str, Any]] = field(default_factory=list)
    token: str | None = TOKEN
    page_size: int | None = None
    delay: float = 0.0
    compress: bool = False
    content_type: str = "application/fhir+json"
    behaviours: dict[str, Behaviour] = field(default_factory=dict)
    seen: list[Seen] = field(default_factory=list)
    connections: int = 0
    scheme: str = "http"
    host: str = "127.0.0.1"
    port: int = 0
    released: threading.Event = field(default_factory=threading.Event)

    @property
    def origin(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.origin}{BASE_PATH}"

    def kinds(self) -> list[str]:
        """The resource types that were asked for, sorted."""
        return sorted(request.kind for request in self.seen)

    def searched(self, request: Seen) -> list[dict[str, Any]]:
        """The resources that a search finds."""
        found = [
            resource for resource in self.resources if resource["resourceType"] == request.kind
        ]
        ids = _listed(request, "_id")
        codes = _listed(request, "code")
        patients = [f"Patient/{identity}" for identity in _listed(request, "patient")]
        return [
            resource
            for resource in found
            if (not ids or resource["id"] in ids)
            and (not codes or not _tokens(resource).isdisjoint(codes))
            and (
                not patients
                or (resource.get("subject") or resource.get("patient") or {}).get("reference")
                in patients
            )
        ]


def _tokens(resource: dict[str, Any]) -> set[str]:
    """The codes of a resource as a search may ask for them: with system, and without."""
    codings = resource["code"].get("coding", ())
    return {coding["code"] for coding in codings} | {
        f"{coding['system']}|{coding['code']}" for coding in codings if "system" in coding
    }


def _listed(request: Seen, parameter: str) -> list[str]:
    return [item for value in request.query.get(parameter, ()) for item in value.split(",")]


class Handler(BaseHTTPRequestHandler):
    """Answers one connection's requests."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True
    server: _Server

    def setup(self) -> None:
        super().setup()
        self.fhir.connections += 1

    @property
    def fhir(self) -> FhirServer:
        return self.server.fhir

    def log_message(self, *_: Any) -> None:
        """Silence."""

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        self.request_seen = Seen(parts.path, parse_qs(parts.query), dict(self.headers.items()))
        self.fhir.seen.append(self.request_seen)
        if self.fhir.delay:
            time.sleep(self.fhir.delay)
        behaviour = self.fhir.behaviours.get(self.request_seen.kind) or self.fhir.behaviours.get(
            "*"
        )
        (behaviour or Handler.answer)(self)

    def answer(self) -> None:
        """As a FHIR server does."""
        request = self.request_seen
        if self.fhir.token is not None and request.token != f"Bearer {self.fhir.token}":
            return self.send(outcome("security"), 401)
        if not request.path.startswith(f"{BASE_PATH}/"):
            return self.send(outcome("not-found"), 404)
        parts = request.path.removeprefix(f"{BASE_PATH}/").split("/")
        if len(parts) > 1:
            name = {"resourceType": parts[0], "id": parts[1]}.items()
            found = next(
                (resource for resource in self.fhir.resources if name <= resource.items()), None
            )
            return self.send(found, 200) if found else self.send(outcome("not-found"), 404)
        return self.send(self.page(self.fhir.searched(request)), 200)

    def page(self, found: list[dict[str, Any]]) -> dict[str, Any]:
        """The page of a search that was asked for."""
        start = int(self.request_seen.query.get("_offset", ["0"])[0])
        size = self.fhir.page_size or len(found) or 1
        entries = [
            {"resource": resource, "search": {"mode": "match"}}
            for resource in found[start : start + size]
        ]
        bundle: dict[str, Any] = {
            "resourceType": "Bundle",
            "type": "searchset",
            "total": len(found),
            "entry": entries,
        }
        if start + size < len(found):
            query = "&".join(
                f"{name}={','.join(values)}"
                for name, values in self.request_seen.query.items()
                if name != "_offset"
            )
            bundle["link"] = [
                {
                    "relation": "next",
                    "url": f"{self.fhir.origin}{self.request_seen.path}?{query}&_offset={start + size}",
                }
            ]
        return bundle

    def send(self, content: Any, status: int = 200, **headers: str) -> None:
        """Send JSON (or bytes as they are)."""
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        if self.fhir.compress and "Content-Encoding" not in headers:
            body = gzip.compress(body)
            headers["Content-Encoding"] = "gzip"
        for name, value in {
            "Content-Type": self.fhir.content_type,
            "Content-Length": str(len(body)),
            **headers,
        }.items():
            self.send_header(name, value)
        self.end_headers()
        with suppress(OSError):
            self.wfile.write(body)
            self.wfile.flush()


def reset(handler: Handler) -> None:
    """Drop the connection without an answer."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.shutdown(socket.SHUT_RDWR)
    handler.connection.close()
    handler.close_connection = True


def outcome(code: str) -> dict[str, Any]:
    return {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": code}]}


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    fhir: FhirServer

    def handle_error(self, *_: Any) -> None:
        """A connection that a client broke off is no news."""


@contextmanager
def running(
    fhir: FhirServer, tls: ssl.SSLContext | None = None, handler: type[Handler] = Handler
) -> Iterator[FhirServer]:
    """The server until the block ends."""
    server = _Server((fhir.host, fhir.port), handler)
    server.fhir = fhir
    fhir.port = server.server_address[1]
    if tls:
        fhir.scheme = "https"
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield fhir
    finally:
        fhir.released.set()
        server.shutdown()
        server.server_close()
        thread.join()


def example_record() -> list[dict[str, Any]]:
    """The record of a patient with something in every query."""
    from tests.support.fhir_builders import (
        CYANOCOBALAMIN_TABLET,
        SUBJECT,
        allergy,
        condition,
        days_ago,
        medication_request,
        observation,
        patient,
        service_request,
    )

    therapy = {"subject": SUBJECT, "medicationCodeableConcept": {"text": "Metformin 500 mg tablet"}}
    return [
        patient(),
        observation("b12", 110, "pg/mL", ago=3),
        observation("hb", 101, "g/L", ago=3),
        observation("mcv", 112, "fL", ago=3),
        observation("egfr", 80, "mL/min/{1.73_m2}", ago=3),
        condition("309087008"),
        {
            "resourceType": "Procedure",
            "id": "proc-1",
            "status": "completed",
            "subject": SUBJECT,
            "code": {"text": "Appendicectomy"},
        },
        allergy("91936005"),
        medication_request({"text": "Amlodipine 5 mg tablet"}),
        medication_request(CYANOCOBALAMIN_TABLET, status="stopped", authoredOn=days_ago(900)),
        {"resourceType": "MedicationStatement", "id": "st-1", "status": "active", **therapy},
        {
            "resourceType": "MedicationAdministration",
            "id": "ad-1",
            "status": "completed",
            "effectiveDateTime": days_ago(3),
            **therapy,
        },
        {
            "resourceType": "MedicationDispense",
            "id": "di-1",
            "status": "completed",
            "whenHandedOver": days_ago(3),
            **therapy,
        },
        service_request("hb"),
    ]


def withheld(handler: Handler) -> None:
    """No answer before the test lets go, or is over."""
    handler.fhir.released.wait(2 * PATIENCE)
    handler.answer()


def main() -> None:
    """Serve until the process ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("seconds", type=float)
    parser.add_argument("--page-size", type=int)
    given = parser.parse_args()
    fhir = FhirServer(
        example_record(), page_size=given.page_size, delay=given.seconds, port=given.port
    )
    with running(fhir):
        threading.Event().wait()


if __name__ == "__main__":
    main()
