"""Trust in the service as it is started: what refuses to start, and two worker processes that share one memory of tokens."""

import json
import os
import socket
import subprocess
import sys
import threading
from collections import Counter

import pytest
import requests

from tests.support.ehr import BASE, DISCOVERY, ISS, bearer, jwk, jwks, token
from tests.support.serving import refused_start, serving
from tests.support.waiting import PATIENCE, eventually

DOWN = "https://down.example.org"


def _environment(settings):
    return {f"CDS_{name.upper()}": str(value) for name, value in settings.items()}


@pytest.fixture
def trusted(tmp_path):
    """The settings of a deployment with one client."""
    (tmp_path / "jwks.json").write_text(jwks(), "utf-8")
    (tmp_path / "clients.yaml").write_text(
        json.dumps({"clients": [{"iss": ISS, "jwks_file": "jwks.json"}]}), "utf-8"
    )
    return {
        "clients": tmp_path / "clients.yaml",
        "base_url": BASE,
        "replay_store": tmp_path / "replay.sqlite3",
    }


def _start_refused(settings):
    """What a start with these settings says when it fails."""
    unset = {name: None for name in os.environ if name.startswith("CDS_")}
    with (
        socket.socket() as taken
    ):  # on a port that is taken, so that a start that is not refused ends too
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        return refused_start(
            "--port", str(taken.getsockname()[1]), **unset | _environment(settings)
        )


def test_a_refused_start_ends_with_a_status_and_no_traceback():
    command = [sys.executable, "-m", "cds_service", "serve"]
    ended = subprocess.run(
        command,
        env={**os.environ, "CDS_HOST": "0.0.0.0"},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert ended.returncode == 1
    assert ended.stderr.startswith("Error: CDS_HOST: 0.0.0.0 can be reached from other machines")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "cds.example.org"])
def test_another_address_than_loopback_needs_trusted_clients(host):
    said = _start_refused({"host": host})
    assert host in said
    assert "CDS_CLIENTS" in said and "CDS_BASE_URL" in said and "CDS_INSECURE=1" in said


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"base_url": ""}, "CDS_BASE_URL: it is missing"),
        ({"base_url": "http://cds.example.org"}, "CDS_BASE_URL"),
        ({"base_url": "cds.example.org"}, "CDS_BASE_URL"),
        ({"insecure": 1}, "CDS_INSECURE"),
        ({"discovery": "hidden"}, "CDS_DISCOVERY"),
        ({"clients": "", "discovery": "protected"}, "CDS_DISCOVERY"),
        (
            {"clients": "/none/clients.yaml"},
            "/none/clients.yaml:1:1: the file of trusted clients (CDS_CLIENTS) cannot be read",
        ),
        ({"replay_store": "/none/replay.sqlite3"}, "CDS_REPLAY_STORE: /none/replay.sqlite3"),
        (
            {"replay_store": "redis://:secret-4711@127.0.0.1:1/0"},
            "CDS_REPLAY_STORE: Redis at 127.0.0.1",
        ),
        ({"token_seconds": 5}, "CDS_TOKEN_SECONDS"),
        ({"cors_origins": "*"}, "CDS_CORS_ORIGINS"),
    ],
)
def test_a_wrong_setting_stops_the_start_and_is_named(trusted, changes, named):
    said = _start_refused(trusted | changes)
    assert named in said
    assert "secret-4711" not in said


def test_a_mistake_in_the_clients_file_or_their_keys_stops_the_start(trusted, tmp_path):
    (tmp_path / "clients.yaml").write_text(
        "clients:\n- iss: https://ehr.example.org\n  jwks_fil: jwks.json\n", "utf-8"
    )
    assert (
        "clients.yaml:3:3: there is no key 'jwks_fil' here. Did you mean 'jwks_file'?"
        in _start_refused(trusted)
    )
    (tmp_path / "clients.yaml").write_text(
        "clients:\n- iss: https://ehr.example.org\n  jwks_file: other.json\n", "utf-8"
    )
    assert "other.json cannot be read: No such file" in _start_refused(trusted)
    (tmp_path / "other.json").write_text(jwks(jwk("ES256")), "utf-8")
    assert "other.json: it has no usable key; key 1 is for none of ES384" in _start_refused(trusted)


def _raw_answer(url, request):
    host, port = url.split("//")[1].split(":")
    with socket.create_connection((host, int(port)), PATIENCE) as connection:
        connection.sendall(request)
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
    return received


def test_two_workers(trusted, tmp_path):
    """Two processes, one memory of tokens; a client whose server is down when this one starts; and requests that only a raw socket
    can send."""
    down = {"iss": DOWN, "jku": "http://127.0.0.1:1/jwks.json"}
    (tmp_path / "clients.yaml").write_text(
        json.dumps({"clients": [{"iss": ISS, "jwks_file": "jwks.json"}, down]}), "utf-8"
    )
    with serving(
        tmp_path, "--workers", "2", **_environment(trusted | {"discovery": "protected"})
    ) as server:
        _keys_that_cannot_be_had_are_told(server)
        _a_token_is_taken_once(server.base)
        for first, second in ((token(), token()), (token(), "x"), ("x", token())):
            head = f"GET /cds-services HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {first}\r\nAuthorization: Bearer {second}\r\nConnection: close\r\n\r\n"
            assert _raw_answer(server.base, head.encode()).startswith(b"HTTP/1.1 401")
        plain = f"GET /cds-services HTTP/1.1\r\nHost: evil.example\r\nauthorization: bearer {token()}\r\nConnection: close\r\n\r\n"
        assert _raw_answer(server.base, plain.encode()).startswith(b"HTTP/1.1 200")
        injected = b"POST /cds-services/x%0d%0aSet-Cookie:%20a=b HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer a.b.c\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        answer = _raw_answer(server.base, injected)
        assert (
            answer.startswith(b"HTTP/1.1 401")
            and b"set-cookie" not in answer.lower().split(b"\r\n\r\n")[0]
        )
        assert "401 hooks.discover: The token was used before" in server.log.read_text()


def _keys_that_cannot_be_had_are_told(server):
    """They do not stop the start, and no token of that client counts."""
    told = "Warning: CDS_CLIENTS: http://127.0.0.1:1/jwks.json: it cannot be connected to"
    assert told in server.log.read_text()
    assert _called(f"{server.base}/cds-services", token(DISCOVERY, iss=DOWN)) == 401


def _status_of(url, signed):
    """What a call with a token is answered; where the store of tokens is too busy to tell, or calls came too fast, it is made again."""
    return eventually(lambda: status if (status := _called(url, signed)) not in (429, 503) else 0)


def _called(url, signed):
    return requests.get(url, headers=bearer(signed), timeout=PATIENCE).status_code


def _a_token_is_taken_once(url):
    """Forty tokens, each sent by eight connections at once: one of the eight is answered, whichever worker got it."""
    tokens = [token(DISCOVERY) for _ in range(40)]
    answers = Counter()
    barrier = threading.Barrier(8)

    def send():
        for signed in tokens:
            barrier.wait(PATIENCE)
            answers[signed, _status_of(f"{url}/cds-services", signed)] += 1

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answers[signed, 200] for signed in tokens} == {1}
    assert {answers[signed, 401] for signed in tokens} == {7}
