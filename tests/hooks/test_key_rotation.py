"""A client replaces its keys, and its web server fails in every way: over real HTTP on loopback, or in a file."""

import os
import ssl
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from cds_service.trust import key_sources
from cds_service.trust.jwks import KeyProblem
from cds_service.trust.key_sources import KeyUrl, fetch_jwks
from tests.support.ehr import (
    ISS,
    bearer,
    jwk,
    jwks,
    jwks_server,
    private_key,
    refused,
    service,
    token,
)
from tests.support.waiting import PATIENCE, eventually, growing


@pytest.fixture
def published():
    with jwks_server() as server:
        yield server


def _call(client, kid="key-1"):
    return client.get("/cds-services", headers=bearer(token(kid=kid)))


def test_keys_are_fetched_once_and_kept(tmp_path, published):
    client = service(tmp_path, {"iss": ISS, "jku": published.url})
    assert [_call(client).status_code for _ in range(5)] == [200] * 5
    assert published.asked == ["/jwks.json"]


def test_a_new_key_is_fetched_when_a_token_names_it(tmp_path, published, monkeypatch):
    client = service(tmp_path, {"iss": ISS, "jku": published.url})
    assert _call(client).status_code == 200
    published.publish(jwk(), jwk(kid="key-2"))
    monkeypatch.setattr(key_sources, "BETWEEN_FETCHES", 0)
    assert _call(client, "key-2").status_code == 200
    assert _call(client).status_code == 200
    assert len(published.asked) == 2


def test_unknown_keys_make_one_fetch_and_no_flood(tmp_path, published):
    """Who sends tokens with invented kids cannot make the service ask the client's server again and again."""
    client = service(tmp_path, {"iss": ISS, "jku": published.url})
    for number in range(20):
        refused(
            client.get(
                "/cds-services", headers=bearer(token(kid=f"invented-{number}", key=private_key()))
            )
        )
    assert len(published.asked) == 1
    assert _call(client).status_code == 200


def test_a_withdrawn_key_is_refused_after_the_next_refresh(tmp_path, published, monkeypatch):
    client = service(tmp_path, {"iss": ISS, "jku": published.url})
    assert _call(client).status_code == 200
    published.publish(jwk(kid="key-2"))
    monkeypatch.setattr(key_sources, "BETWEEN_FETCHES", 0)
    monkeypatch.setattr(key_sources, "REFRESH_SECONDS", 0)
    assert "kid" in refused(_call(client))


def test_keys_grow_old_in_the_background(tmp_path, published, monkeypatch):
    """Past the refresh time a request is answered with the keys at hand, and the next finds the new ones."""
    client = service(tmp_path, {"iss": ISS, "jku": published.url})
    assert _call(client).status_code == 200
    arrived, release = threading.Event(), threading.Event()

    def slow(handler):
        arrived.set()
        release.wait(PATIENCE)
        published.send(handler, jwks(jwk(kid="key-2")))

    published.answer = slow
    monkeypatch.setattr(key_sources, "BETWEEN_FETCHES", 0)
    clock = time.monotonic
    monkeypatch.setattr(
        key_sources.time, "monotonic", lambda: clock() + 1.5 * key_sources.REFRESH_SECONDS
    )
    assert _call(client).status_code == 200  # while the answer is held back
    assert arrived.wait(PATIENCE)
    release.set()
    assert _call(client, "key-2").status_code == 200


def test_old_keys_bridge_a_failure_but_not_for_ever(tmp_path, published, monkeypatch, caplog):
    client = service(tmp_path, {"iss": ISS, "jku": published.url})
    assert _call(client).status_code == 200
    published.answer = lambda handler: published.send(handler, "out of order", 500)
    monkeypatch.setattr(key_sources, "BETWEEN_FETCHES", 0)
    monkeypatch.setattr(key_sources, "REFRESH_SECONDS", 0)
    assert _call(client).status_code == 200
    assert "status 500" in caplog.text
    monkeypatch.setattr(key_sources, "KEEP_SECONDS", 0)
    assert "kid" in refused(_call(client))


def _drip(handler):
    handler.send_response(200)
    handler.end_headers()
    for _ in range(1000):
        handler.wfile.write(b" ")
        handler.wfile.flush()
        time.sleep(0.1)


def _redirect(handler):
    handler.send_response(302)
    handler.send_header("Location", "/elsewhere.json")
    handler.end_headers()


def _chunked(handler):
    handler.protocol_version = "HTTP/1.1"
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    for _ in range(100):
        handler.wfile.write(b"2000\r\n" + b" " * 8192 + b"\r\n")


FAILURES = {
    "redirect": (_redirect, "status 302"),
    "not found": (lambda handler: handler.send_error(404), "status 404"),
    "no content": (lambda handler: handler.send_error(204), "status 204"),
    "too large": (lambda handler: handler.wfile.write(b"HTTP/1.0 200 OK\r\n\r\n" + b" " * 10_000_000), "larger than"),
    "too large in chunks": (_chunked, "larger than"),
    "slow": (_drip, "takes longer"),
    "silent": (lambda handler: time.sleep(PATIENCE), "cannot be fetched"),
    "closed": (lambda handler: handler.connection.close(), "cannot be connected to"),
    "cut off": (lambda handler: handler.wfile.write(b'HTTP/1.0 200 OK\r\nContent-Length: 500\r\n\r\n{"keys"'), "cannot be fetched"),
    "a page": (lambda handler: handler.wfile.write(b"HTTP/1.0 200 OK\r\n\r\n<html>"), "not a JWK Set"),
    "compressed": (lambda handler: handler.wfile.write(b"HTTP/1.0 200 OK\r\nContent-Encoding: gzip\r\n\r\n\x1f\x8b\x08"), "not a JWK Set"),
    "no HTTP": (lambda handler: handler.wfile.write(b"SSH-2.0-OpenSSH\r\n"), "cannot be"),
}  # fmt: skip


@pytest.mark.parametrize("name", FAILURES)
def test_a_server_that_does_not_answer_with_keys(published, name, monkeypatch):
    """Told in words, in bounded time, with no redirect followed; the request is then refused, not failed."""
    published.answer, why = FAILURES[name]
    for limit in growing(0.5) if name in ("slow", "silent") else [PATIENCE]:
        monkeypatch.setattr(key_sources, "WAIT_SECONDS", limit)
        published.asked.clear()
        with pytest.raises(KeyProblem) as told:
            fetch_jwks(published.url)
        if why in str(told.value):  # a limit that is too short for this machine says less
            break
    assert why in str(told.value)
    assert published.asked == ["/jwks.json"]


def test_neither_proxies_nor_passwords_of_the_environment_are_used(
    tmp_path, published, monkeypatch
):
    """A proxy could show other keys where the address is without TLS, as on loopback; and passwords are not for the client's server."""
    with jwks_server() as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url.removesuffix("/jwks.json"))
        (tmp_path / "netrc").write_text("machine 127.0.0.1 login somebody password secret\n")
        monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
        headers = []
        published.answer = lambda handler: (
            headers.append(handler.headers),
            published.send(handler, jwks()),
        )
        assert fetch_jwks(published.url).keys
        assert proxy.asked == []
        assert "Authorization" not in headers[0]


def test_nobody_listens():
    with pytest.raises(KeyProblem, match="cannot be connected to"):
        fetch_jwks("http://127.0.0.1:1/jwks.json")


def _certificate(folder):
    """A certificate for 127.0.0.1 that nobody but its own key has signed, in a file with that key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(
        name,
        name,
        key.public_key(),
        x509.random_serial_number(),
        now - timedelta(1),
        now + timedelta(1),
    )
    address = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    signed = builder.add_extension(address, critical=False).sign(key, hashes.SHA384())
    path = folder / "certificate.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(signed.public_bytes(Encoding.PEM) + private)
    return path


def test_a_server_whose_certificate_nobody_vouches_for(tmp_path, monkeypatch):
    """Who sits between cannot show other keys; a site's own authority is named by REQUESTS_CA_BUNDLE."""
    certificate = _certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with jwks_server(context) as published:
        assert published.url.startswith("https://")
        with pytest.raises(KeyProblem, match="certificate is not trusted"):
            fetch_jwks(published.url)
        assert published.asked == []
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
        assert set(fetch_jwks(published.url).keys) == {"key-1"}


def test_a_silent_server_delays_one_request_and_not_all(published, monkeypatch):
    """While a fetch hangs, a request waits at most for its time from the start, and the keys at hand still serve."""
    source = KeyUrl(published.url)
    assert source.find("key-1")
    released = threading.Event()
    published.answer = lambda handler: released.wait(PATIENCE)
    monkeypatch.setattr(key_sources, "BETWEEN_FETCHES", 0)
    # The fetch itself may hang for long, the request waits for a moment.
    monkeypatch.setattr(
        key_sources, "fetch_jwks", lambda url: released.wait(PATIENCE) and fetch_jwks(url)
    )
    monkeypatch.setattr(key_sources, "WAIT_SECONDS", 0.3)
    assert source.find("invented") is None
    first = source._started
    time.sleep(0.3)
    monkeypatch.setattr(key_sources, "BETWEEN_FETCHES", PATIENCE)
    assert source.find("key-1")
    assert source.find("invented") is None
    assert source._started == first
    released.set()


def test_invented_kids_hold_few_threads_while_the_clients_server_hangs(published):
    """Of forty requests at once sixteen wait for the keys; the others are refused at once, so that threads are left for calls."""
    released = threading.Event()
    published.answer = lambda handler: (released.wait(PATIENCE), published.send(handler, jwks()))
    source = KeyUrl(published.url)
    with ThreadPoolExecutor(40) as pool:
        asked = [pool.submit(source.find, "invented") for _ in range(40)]
        eventually(lambda: sum(one.done() for one in asked) == 24)
        released.set()
    assert [one.result() for one in asked] == [None] * 40
    assert len(published.asked) == 1


def test_many_requests_at_once_make_one_fetch(published):
    published.answer = lambda handler: (time.sleep(0.2), published.send(handler, jwks()))
    source = KeyUrl(published.url)
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(source.find("key-1"))) for _ in range(10)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 10 and all(found)
    assert len(published.asked) == 1


def _replace(path, text):
    other = path.with_suffix(".new")
    other.write_text(text, "utf-8")
    os.replace(other, path)


def test_a_file_is_read_again_when_it_changes(tmp_path):
    """A new key counts at once, and a removed one no more."""
    client = service(tmp_path)
    assert _call(client).status_code == 200
    _replace(tmp_path / "jwks.json", jwks(jwk(), jwk(kid="key-2")))
    assert [_call(client, kid).status_code for kid in ("key-1", "key-2")] == [200, 200]
    _replace(tmp_path / "jwks.json", jwks(jwk(kid="key-2")))
    assert "kid" in refused(_call(client))
    assert _call(client, "key-2").status_code == 200


@pytest.mark.parametrize("spoil", [lambda path: path.write_text("{"), lambda path: path.unlink()])
def test_a_spoilt_file_leaves_the_keys_from_before_and_is_logged_once(tmp_path, caplog, spoil):
    client = service(tmp_path)
    assert _call(client).status_code == 200
    spoil(tmp_path / "jwks.json")
    assert [_call(client).status_code for _ in range(3)] == [200] * 3
    assert caplog.text.count("cannot be read") == 1
