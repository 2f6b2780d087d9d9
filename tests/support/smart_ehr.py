"""An EHR that launches SMART apps, in a process of its own: an authorization server, a FHIR server, and a page with a link.

``python -m tests.support.smart_ehr PORT``. What goes wrong is asked for by name: of its configuration by the path before ``/fhir``
(:data:`CONFIGURATIONS`), of what it grants by the ``launch`` (:data:`GRANTS`).
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import escape
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
import requests

from tests.support.ehr import jwk, private_key
from tests.support.fhir_builders import PATIENT
from tests.support.fhir_server import (
    BASE_PATH,
    FhirServer,
    Handler,
    Seen,
    example_record,
    outcome,
    running,
)
from tests.support.serving import held_port
from tests.support.waiting import eventually

PUBLIC, CONFIDENTIAL, SECRET = "public-app", "confidential-app", "a secret: of the app"
CONFIGURATION = "/.well-known/smart-configuration"
Changes = Callable[[dict[str, Any]], Any]
CONFIGURATIONS: dict[str, Changes] = {
    "no-pkce": lambda said: said.pop("code_challenge_methods_supported"),
    "plain-pkce": lambda said: said.update(code_challenge_methods_supported=["plain"]),
    "no-issuer": lambda said: said.pop("issuer"),
    "no-tls": lambda said: said.update(token_endpoint="http://idp.example.org/token"),
    "file": lambda said: said.update(jwks_uri="file:///etc/passwd"),
    "script": lambda said: said.update(authorization_endpoint="javascript:alert(1)"),
    "private-token": lambda said: said.update(token_endpoint="https://10.1.2.3/token"),
    "endless": lambda said: said.update(padding="x" * 300_000),
    "elsewhere": lambda said: said.update(
        token_endpoint=said["token_endpoint"].replace("127.0.0.1", "localhost")
    ),
    "no-keys": lambda said: said.update(jwks_uri=said["jwks_uri"] + "/none"),
}
# Each changes what the id_token says, how it is signed, or the token response.
GRANTS: dict[str, dict[str, Any]] = {
    "as-it-should": {},
    "wrong-issuer": {"claims": {"iss": "https://other.example.org"}},
    "wrong-nonce": {"claims": {"nonce": "another"}},
    "no-nonce": {"claims": {"nonce": None}},
    "wrong-audience": {"claims": {"aud": "another-app"}},
    "expired": {"claims": {"exp": 1_000_000_000, "iat": 999_999_000}},
    "of-another-token": {"claims": {"at_hash": "MTIzNDU2Nzg5MDEyMzQ1Ng"}},
    "other-key": {"key": "key-2"},
    "unsigned": {"alg": "none"},
    "shared-secret": {"alg": "HS256"},
    "no-id-token": {"answer": {"id_token": None}},
    "no-patient": {"answer": {"patient": None}},
    "odd-patient": {"answer": {"patient": "../Patient?name=x"}},
    "endless": {"answer": {"expires_in": float("inf")}},
    "odd-token": {"answer": {"access_token": "token\r\nX: y"}},
    "no-doses": {
        "answer": {
            "scope": "launch openid patient/Patient.rs patient/Observation.rs patient/MedicationRequest.rs"
        }
    },
    "no-results": {"answer": {"scope": "launch openid patient/Patient.rs patient/Condition.rs"}},
}


class Grant(NamedTuple):
    """What a code stands for."""

    asked: dict[str, str]
    used: list[bool]


class SmartEhr:
    """What the EHR remembers, all of which ``/seen`` tells."""

    def __init__(self) -> None:
        self.grants: dict[str, Grant] = {}
        self.seen: dict[str, Any] = {
            "tokens": [],
            "codes": [],
            "read": [],
            "exchanges": [],
            "asked": [],
            "verifiers": [],
        }


class _Handler(Handler):
    ehr: SmartEhr

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        ehr, path = self.ehr, parts.path
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        self.request_seen = Seen(path, parse_qs(parts.query), dict(self.headers.items()))
        if path == "/seen":
            return self.send(ehr.seen)
        if path == "/chart":
            return self._chart(query)
        if path.endswith(CONFIGURATION):
            return self._configuration(path)
        if path == "/authorize":
            return self._authorize(query)
        if path == "/jwks":
            return self.send({"keys": [jwk("RS256", "key-1"), {"kty": "new", "kid": "x"}]})
        if not path.startswith(f"{BASE_PATH}/"):
            return self.send(outcome("not-found"), 404)
        ehr.seen["read"].append(path.removeprefix(f"{BASE_PATH}/").split("/")[0])
        token = (self.request_seen.token or "").removeprefix("Bearer ")
        if path != f"{BASE_PATH}/metadata" and token not in ehr.seen["tokens"]:
            return self.send(outcome("security"), 401)
        return self.answer()

    def _chart(self, query: dict[str, str]) -> None:
        """The chart of a patient, with a link to the app, or the app in a frame."""
        url = escape(query["app"])
        shown = (
            f'<iframe src="{url}" title="app" width=900 height=700></iframe>'
            if "frame" in query
            else f'<a href="{url}">Open</a>'
        )
        self.fhir.content_type = "text/html"
        self.send(
            f"<!DOCTYPE html><html lang=en><title>Chart</title><link rel=icon href=data:,><h1>Chart</h1>{shown}</html>".encode()
        )
        self.fhir.content_type = "application/json"

    def _configuration(self, path: str) -> None:
        origin = self.fhir.origin
        said = {
            "issuer": origin, "jwks_uri": f"{origin}/jwks", "authorization_endpoint": f"{origin}/authorize?tenant=1",
            "token_endpoint": f"{origin}/token", "code_challenge_methods_supported": ["S256"], "grant_types_supported": ["authorization_code"],
            "capabilities": ["launch-ehr", "client-public", "client-confidential-symmetric", "sso-openid-connect", "permission-v2"],
        }  # fmt: skip
        CONFIGURATIONS.get(path.split("/")[1], lambda _: None)(said)
        self.send(said)

    def _authorize(self, query: dict[str, str]) -> None:
        self.ehr.seen["asked"].append(query)
        if query["launch"] == "denied":
            return self._back(query, error="access_denied", error_description="<script>no</script>")
        code = secrets.token_urlsafe(20)
        self.ehr.seen["codes"].append(code)
        self.ehr.grants[code] = Grant(query, [])
        return self._back(query, code=code)

    def _back(self, query: dict[str, str], **answer: str) -> None:
        location = f"{query['redirect_uri']}?{urlencode({**answer, 'state': query['state']})}"
        self.send(b"", 302, Location=location)

    def do_POST(self) -> None:
        form = {
            name: values[0]
            for name, values in parse_qs(
                self.rfile.read(int(self.headers["Content-Length"])).decode()
            ).items()
        }
        authorization = self.headers.get("Authorization", "")
        self.ehr.seen["exchanges"].append({"basic": authorization.startswith("Basic "), **form})
        grant = self.ehr.grants.get(form.get("code", ""))
        problem = (
            "invalid_grant"
            if grant is None or grant.used
            else self._mistake(grant.asked, form, authorization)
        )
        if problem or grant is None:
            return self.send({"error": problem, "error_description": f"of {form.get('code')}"}, 400)
        grant.used.append(True)
        self.ehr.seen["verifiers"].append(form["code_verifier"])
        # A number beyond those that Python writes as JSON.
        answer = json.dumps(self._granted(grant.asked)).replace("Infinity", "1e999")
        return self.send(answer.encode())

    def _mistake(self, asked: dict[str, str], form: dict[str, str], authorization: str) -> str:
        challenge = (
            base64.urlsafe_b64encode(
                hashlib.sha256(form.get("code_verifier", "").encode()).digest()
            )
            .decode()
            .rstrip("=")
        )
        if asked["client_id"] == CONFIDENTIAL:
            proven = (
                authorization
                == f"Basic {base64.b64encode(f'{CONFIDENTIAL}:{SECRET}'.encode()).decode()}"
            )
        else:
            proven = form.get("client_id") == PUBLIC and not authorization
        fits = (
            form.get("grant_type") == "authorization_code"
            and form.get("redirect_uri") == asked["redirect_uri"]
            and (asked["code_challenge_method"], asked["code_challenge"]) == ("S256", challenge)
            and urlsplit(asked["aud"]).path.endswith(BASE_PATH)
        )
        return "" if proven and fits else "invalid_grant" if proven else "invalid_client"

    def _granted(self, asked: dict[str, str]) -> dict[str, Any]:
        change = GRANTS[asked["launch"]]
        now, token = int(time.time()), secrets.token_urlsafe(20)
        self.ehr.seen["tokens"].append(token)
        digest = (
            base64.urlsafe_b64encode(hashlib.sha256(token.encode()).digest()[:16])
            .decode()
            .rstrip("=")
        )
        claims = {
            "iss": self.fhir.origin, "sub": "user-1", "aud": asked["client_id"], "exp": now + 600, "iat": now, "nonce": asked["nonce"],
            "at_hash": digest, "fhirUser": f"{self.fhir.url}/Practitioner/1", **change.get("claims", {}),
        }  # fmt: skip
        said = {name: value for name, value in claims.items() if value is not None}
        algorithm = change.get("alg", "RS256")
        key = {"none": None, "HS256": "a shared secret of more than 32 bytes!"}.get(
            algorithm, private_key("RS256", change.get("key", "key-1"))
        )
        answer = {
            "access_token": token, "token_type": "Bearer", "expires_in": 300, "scope": asked["scope"], "patient": PATIENT,
            "id_token": jwt.encode(said, key, algorithm, headers={"kid": "key-1"}), **change.get("answer", {}),
        }  # fmt: skip
        return {name: value for name, value in answer.items() if value is not None}


class Launching(NamedTuple):
    """The EHR as it is reached from tests."""

    origin: str

    def iss(self, configuration: str = "") -> str:
        """Its FHIR base URL, with a fault of its configuration."""
        return (
            f"{self.origin}/{configuration}{BASE_PATH}"
            if configuration
            else f"{self.origin}{BASE_PATH}"
        )

    def seen(self) -> Any:
        """What reached it."""
        return requests.get(f"{self.origin}/seen", timeout=60).json()


@contextmanager
def launching() -> Iterator[Launching]:
    """The EHR in a process of its own, until the block ends."""
    with held_port() as port:
        process = subprocess.Popen([sys.executable, "-m", "tests.support.smart_ehr", str(port)])
        ehr = Launching(f"http://127.0.0.1:{port}")
        try:
            eventually(lambda: _answers(ehr))
            yield ehr
        finally:
            process.terminate()
            process.wait()


def _answers(ehr: Launching) -> bool:
    try:
        return bool(ehr.seen())
    except requests.ConnectionError:
        return False


def main() -> None:
    """Serve until the process ends."""
    handler = type("_Bound", (_Handler,), {"ehr": SmartEhr()})
    fhir = FhirServer(
        example_record(), token=None, port=int(sys.argv[1]), content_type="application/json"
    )
    with running(fhir, handler=handler):
        threading.Event().wait()


if __name__ == "__main__":
    main()
