"""A CDS client that signs its calls, its JWK Set on a real HTTP server, and the service that trusts it."""

from __future__ import annotations

import json
import ssl
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from unittest.mock import patch

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from flask.testing import FlaskClient
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from cds_service.app import create_app
from cds_service.config import Settings
from cds_service.trust import key_sources
from tests.support.fhir_builders import NOW
from tests.support.waiting import PATIENCE

BASE = "https://cds.example.org"
ISS = "https://ehr.example.org"
DISCOVERY = f"{BASE}/cds-services"
PATIENT_VIEW = f"{BASE}/cds-services/b12-folate-patient-view"

CURVES = {"ES256": ec.SECP256R1, "ES384": ec.SECP384R1, "ES512": ec.SECP521R1}


@cache
def _pair(kind: str, name: str, bits: int) -> Any:
    return (
        ec.generate_private_key(CURVES[kind]())
        if kind in CURVES
        else rsa.generate_private_key(65537, bits)
    )


def private_key(alg: str = "ES384", name: str = "key-1", bits: int = 2048) -> Any:
    """The key pair of this ``name`` for ``alg``, the same each time."""
    return _pair(alg if alg in CURVES else "RSA", name, bits)


def jwk(
    alg: str = "ES384", kid: str = "key-1", *, key: Any = None, **changes: Any
) -> dict[str, Any]:
    """The public JWK of :func:`private_key`, or of ``key``."""
    public = (key or private_key(alg, kid)).public_key()
    shown = (ECAlgorithm if isinstance(public, ec.EllipticCurvePublicKey) else RSAAlgorithm).to_jwk(
        public, as_dict=True
    )
    # Without what the library adds of its own, such as key_ops.
    return (
        {name: value for name, value in shown.items() if name != "key_ops"}
        | {"kid": kid, "use": "sig"}
        | changes
    )


def jwks(*keys: dict[str, Any]) -> str:
    return json.dumps({"keys": keys or [jwk()]})


def claims(url: str = DISCOVERY, **changes: Any) -> dict[str, Any]:
    """What a token for ``url`` says; a change to ``None`` leaves the claim out."""
    now = int(time.time())
    said = {
        "iss": ISS,
        "aud": url,
        "exp": now + 300,
        "iat": now,
        "jti": str(uuid.uuid4()),
    } | changes
    return {name: value for name, value in said.items() if value is not None}


def token(
    url: str = DISCOVERY,
    *,
    alg: str = "ES384",
    kid: str | None = "key-1",
    key: Any = None,
    header: dict[str, Any] | None = None,
    **changes: Any,
) -> str:
    """A token for ``url`` as the client of :func:`registered` signs it, with the ``changes`` to its claims."""
    headers = {"kid": kid} if kid is not None else {}
    return jwt.encode(
        claims(url, **changes),
        key or private_key(alg, kid or "key-1"),
        alg,
        headers=headers | (header or {}),
    )


def bearer(signed: str | None = None) -> dict[str, str]:
    """The header of a call with a token; a fresh one for discovery by default."""
    return {"Authorization": f"Bearer {signed or token()}"}


def service(folder: Path, *entries: dict[str, Any], **settings: Any) -> FlaskClient:
    """The service with these trusted clients; by default the one whose only key is ``key-1``, with a protected discovery."""
    if not entries:
        (folder / "jwks.json").write_text(jwks(), "utf-8")
        entries = ({"iss": ISS, "jwks_file": "jwks.json"},)
    (folder / "clients.yaml").write_text(json.dumps({"clients": entries}), "utf-8")  # JSON is YAML
    # Tests call more often than a client would.
    chosen = {
        "calls_per_second": 0,
        "base_url": BASE,
        "discovery": "protected",
        "replay_store": str(folder / "replay.sqlite3"),
        **settings,
    }
    return create_app(
        Settings(clients=str(folder / "clients.yaml"), **chosen), clock=lambda: NOW
    ).test_client()


def refused(response: Any) -> str:
    """Check that a call was refused as CDS Hooks and RFC 6750 have it; gives the reason."""
    assert response.status_code == 401, response.get_data(as_text=True)
    outcome = response.get_json()
    assert outcome["resourceType"] == "OperationOutcome"
    [issue] = outcome["issue"]
    assert (issue["severity"], issue["code"]) == ("error", "login")
    [challenge] = response.headers.getlist("WWW-Authenticate")
    assert challenge.startswith("Bearer realm=")
    text: str = issue["details"]["text"]
    return text


class JwksServer:
    """A client's web server. ``answer`` is called with the request's handler; ``asked`` counts the requests by path."""

    def __init__(self, origin: str):
        self.url = f"{origin}/jwks.json"
        self.asked: list[str] = []
        self.answer: Callable[[BaseHTTPRequestHandler], None] = lambda handler: self.send(
            handler, jwks()
        )

    @staticmethod
    def send(
        handler: BaseHTTPRequestHandler, body: str | bytes, status: int = 200, **headers: str
    ) -> None:
        content = body.encode() if isinstance(body, str) else body
        handler.send_response(status)
        for name, value in {
            "Content-Type": "application/json",
            "Content-Length": str(len(content)),
            **headers,
        }.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(content)

    def publish(self, *keys: dict[str, Any]) -> None:
        """Answer from now on with these keys."""
        self.answer = lambda handler: self.send(handler, jwks(*keys))


@contextmanager
def jwks_server(tls: ssl.SSLContext | None = None) -> Iterator[JwksServer]:
    """A web server on loopback that publishes ``key-1``. However busy the machine, the service waits for it; a test of how long
    it waits sets its own limit.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            published.asked.append(self.path)
            published.answer(self)

        def log_message(self, *_: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: Any) -> None:
            """A service that hangs up on an endless answer is what the tests want, and no news."""

    with (
        patch.object(key_sources, "WAIT_SECONDS", PATIENCE),
        Server(("127.0.0.1", 0), Handler) as server,
    ):
        if tls:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        published = JwksServer(
            f"{'https' if tls else 'http'}://127.0.0.1:{server.server_address[1]}"
        )
        serving = threading.Thread(target=server.serve_forever, daemon=True)
        serving.start()
        try:
            yield published
        finally:
            server.shutdown()
