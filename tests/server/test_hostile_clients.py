"""Clients that mean harm, at the server as it is started: slow, oversized, broken and ambiguous requests over raw sockets."""

from __future__ import annotations

import gzip
import json
import re
import socket
import zlib
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack, suppress
from functools import partial

import pytest
import requests

from cds_service.hooks.rsgi import BODY_SECONDS
from tests.bench.servers import running
from tests.support.fhir_builders import hook_request, observation, prefetch
from tests.support.serving import held_port
from tests.support.waiting import PATIENCE, eventually

PATH = "/cds-services/b12-folate-patient-view"
BODY = json.dumps(hook_request("patient-view", prefetch(observation("b12", 110, "pg/mL")))).encode()
HEAD = f"POST {PATH} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n".encode()
MARK = "Canaria-7461"


@pytest.fixture
def server(started):
    """The service that tests share. It goes to the next one when no worker refuses calls (429) beside those that were left waiting."""
    yield started.server
    eventually(lambda: all(_posted(started.server).status_code == 200 for _ in range(10)))


def _connected(server) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", int(server.base.rsplit(":", 1)[1])))
    connection.settimeout(PATIENCE)
    return connection


def _sent(server, data: bytes, *, cut: bool = False) -> bytes:
    """All that comes back for ``data`` until the server is done: it hangs up, or refuses others twice and tells this client no more.
    ``cut``: the client has closed its side.
    """
    with _connected(server) as connection:
        with suppress(ConnectionError):
            connection.sendall(data)
            if cut:
                connection.shutdown(socket.SHUT_WR)
        connection.settimeout(0.1)
        received, others = b"", 0
        with suppress(ConnectionError):
            while others < 2:
                try:
                    part = connection.recv(65536)
                except TimeoutError:
                    _other_is_refused(server)
                    others += 1
                    continue
                if not part:
                    break
                received, others = received + part, 0
    return received


def _statuses(answer: bytes) -> list[int]:
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", answer)]


def _other_is_refused(server) -> None:
    """This takes longest of all answers: the server first throws away what still comes of the body. Whoever was to be answered
    before has been, however busy the machine is.
    """
    with _connected(server) as connection:
        connection.sendall(HEAD + b"Content-Length: 10000001\r\n\r\n{")
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert _statuses(answer) == [413]


def _chunks(*parts: bytes) -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


def _other_is_answered(server) -> None:
    """Before the server gives up those that it waits for, which it does after ``BODY_SECONDS``."""
    assert len(_posted(server).json()["cards"]) == 1


def _posted(server) -> requests.Response:
    return requests.post(
        f"{server.base}{PATH}",
        BODY,
        headers={"Content-Type": "application/json"},
        timeout=0.9 * BODY_SECONDS,
    )


def _others_are_answered(server) -> None:
    for _ in range(5):
        _other_is_answered(server)


@pytest.mark.parametrize(
    "begin",
    [b"", b"POST ", HEAD, HEAD + b"Content-Length: 1000\r\n\r\n", HEAD + b"Content-Length: 1000\r\n\r\n{", HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n"],
    ids=["nothing", "a word", "part of the headers", "no body", "part of a body", "part of the chunks"],
)  # fmt: skip
def test_slow_clients_hold_up_nobody(server, begin):
    """Three hundred clients begin a request and leave it there: calls of others are answered as ever."""
    with ExitStack() as slow:
        connections = [slow.enter_context(_connected(server)) for _ in range(300)]
        for connection in connections:
            connection.sendall(begin)
        _others_are_answered(server)


def test_clients_that_send_byte_by_byte_hold_up_nobody(server):
    with ExitStack() as slow:
        connections = [slow.enter_context(_connected(server)) for _ in range(100)]
        for connection in connections:
            connection.sendall(HEAD + b"Content-Length: 1000000\r\n\r\n")
        for _ in range(5):
            for connection in connections:
                connection.sendall(b" ")
            _others_are_answered(server)


def test_clients_that_do_not_read_their_answer_hold_up_nobody(server):
    call = HEAD + b"Content-Length: %d\r\n\r\n%s" % (len(BODY), BODY)
    with ExitStack() as slow:
        for _ in range(100):
            slow.enter_context(_connected(server)).sendall(call * 3)
        _others_are_answered(server)


def test_a_body_that_does_not_come_is_408():
    with held_port() as port, running("tests.support.impatient_app", str(port), port=port):
        with socket.create_connection(("127.0.0.1", port), PATIENCE) as connection:
            connection.sendall(HEAD + b"Content-Length: 1000\r\n\r\n{")
            answer = b"".join(iter(lambda: connection.recv(65536), b""))
        assert _statuses(answer) == [408]
        [issue] = json.loads(answer.partition(b"\r\n\r\n")[2])["issue"]
        assert (issue["code"], issue["details"]["text"]) == (
            "timeout",
            "The body must arrive within 0.5 seconds.",
        )


def test_large_bodies_come_in_turn_and_small_ones_at_once(server):
    """Of the larger bodies of one client 32 MB are taken in at a time, so that memory has a bound; calls of the usual size never wait."""
    large = BODY.ljust(3_000_000)
    post = partial(
        requests.post,
        f"{server.base}{PATH}",
        large,
        headers={"Content-Type": "application/json"},
        timeout=PATIENCE,
    )

    def waits():
        """A large call that is not answered while others are, nor for some time after; none where one of the sixteen came later."""
        call = pool.submit(post)
        _others_are_answered(server)
        return call if not wait([call], 0.5).done else None

    with ThreadPoolExecutor() as pool:
        with ExitStack() as slow:
            for _ in range(16):
                slow.enter_context(_connected(server)).sendall(
                    HEAD + b"Content-Length: 3000000\r\n\r\n" + large[:1_200_000]
                )
            seventeenth = eventually(waits)
        assert seventeenth.result().status_code == 200


def test_one_connection_is_one_call_at_a_time(server):
    """HTTP/2 without TLS is not spoken, the connection is closed: it would hold two hundred calls with headers of 16 MB each."""
    answer = _sent(server, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0]))
    assert not answer


# Size


@pytest.mark.parametrize("length", [10_000_001, 10**18, 10**30])
def test_a_length_beyond_the_limit_is_refused_without_the_body(server, length):
    assert _statuses(_sent(server, HEAD + b"Content-Length: %d\r\n\r\n{" % length)) in (
        [413],
        [400],
    )


def test_a_body_beyond_the_limit_without_a_length_is_cut_off(server):
    """By its parts it is noticed after 10 MB, whatever the client goes on to send."""
    sent = 0
    with _connected(server) as connection, suppress(ConnectionError):
        connection.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
        for _ in range(200):
            connection.sendall(b"100000\r\n%s\r\n" % (b" " * 0x100000))
            sent += 1
    assert 9 <= sent < 100
    answer = _sent(
        server, HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + _chunks(BODY.ljust(10_000_001))
    )
    assert set(_statuses(answer)) <= {413}


def test_a_body_in_parts_is_read_whole(server):
    """The control: without Content-Length, in parts of any size, the call is answered."""
    for parts in ((BODY,), (BODY[:7], BODY[7:8], BODY[8:])):
        answer = _sent(server, HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + _chunks(*parts))
        assert _statuses(answer) == [200]
        assert b"b12-deficiency-untreated" in answer


@pytest.mark.parametrize(
    "header",
    [b"X: " + b"a" * 2_000_000 + b"\r\n", b"".join(b"X%d: a\r\n" % n for n in range(5000))],
    ids=["long", "many"],
)
def test_headers_beyond_measure_are_refused(server, header):
    assert _statuses(_sent(server, HEAD + header + b"\r\n")) in ([431], [])


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "gzip, gzip", "identity, gzip"])
def test_a_compressed_body_is_not_unpacked(server, encoding):
    """So there is no decompression bomb."""
    for plain in (BODY, b" " * 20_000_000):
        packed = gzip.compress(plain, 1) if "gzip" in encoding else zlib.compress(plain, 1)
        answer = requests.post(
            f"{server.base}{PATH}",
            packed,
            headers={"Content-Type": "application/json", "Content-Encoding": encoding},
            timeout=PATIENCE,
        )
        assert answer.status_code == 415
        assert "Content-Encoding" in answer.json()["issue"][0]["details"]["text"]


# Ambiguous and broken messages

SMUGGLED = b"GET /cds-services HTTP/1.1\r\nHost: localhost\r\n\r\n"
REFUSED = {
    "two lengths": b"Content-Length: %d\r\nContent-Length: 3\r\n\r\n" % len(BODY) + BODY,
    "a list of lengths": b"Content-Length: %d, 3\r\n\r\n" % len(BODY) + BODY,
    "a negative length": b"Content-Length: -1\r\n\r\n" + BODY,
    "a signed length": b"Content-Length: +%d\r\n\r\n" % len(BODY) + BODY,
    "an unknown transfer coding": b"Transfer-Encoding: xchunked\r\n\r\n" + _chunks(BODY),
    "chunked and then another": b"Transfer-Encoding: chunked, identity\r\n\r\n" + _chunks(BODY),
    "a space before the colon": b"Transfer-Encoding : chunked\r\n\r\n" + _chunks(BODY),
    "chunks of no size": b"Transfer-Encoding: chunked\r\n\r\nzz\r\n" + BODY,
    "chunks without end": b"Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n" + BODY,
    "a folded header": b"X: a\r\n Content-Length: 3\r\nContent-Length: %d\r\n\r\n" % len(BODY)
    + BODY,
    "a carriage return in a header": b"X: a\rContent-Length: 3\r\nContent-Length: %d\r\n\r\n"
    % len(BODY)
    + BODY,
    "a NUL in a header": b"X: a\0b\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY,
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_message_whose_end_is_in_doubt_is_refused(server, name):
    """It is answered once, with 400, and the connection closes, so that nothing after it counts as another request."""
    answer = _sent(server, HEAD + REFUSED[name] + SMUGGLED)
    assert _statuses(answer) == [400]
    assert b"services" not in answer


@pytest.mark.parametrize("length", [3, len(BODY), len(_chunks(BODY)) + len(SMUGGLED)])
def test_with_a_length_and_chunks_the_chunks_count_and_nothing_after_them(server, length):
    """RFC 9112, section 6.3: Transfer-Encoding overrides Content-Length, and the connection closes after the answer."""
    headers = b"Content-Length: %d\r\nTransfer-Encoding: chunked\r\n\r\n" % length
    answer = _sent(server, HEAD + headers + _chunks(BODY) + SMUGGLED)
    assert _statuses(answer) == [200]
    assert b"b12-deficiency-untreated" in answer


def test_a_request_after_a_whole_one_is_another_one(server):
    """The control: requests one after the other on a connection are each answered."""
    answer = _sent(server, HEAD + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY + SMUGGLED)
    assert _statuses(answer) == [200, 200]


def test_a_body_that_breaks_off_is_not_read(server):
    """Even where what came is good JSON: more was announced."""
    assert _statuses(
        _sent(server, HEAD + b"Content-Length: %d\r\n\r\n" % (len(BODY) + 1) + BODY, cut=True)
    ) == [400]


def test_a_header_with_an_underscore_is_no_other_header(server):
    """``Content_Type`` is not ``Content-Type``, though both have the same name in WSGI."""
    head = HEAD.replace(b"Content-Type: application/json", b"Content_Type: application/json")
    assert _statuses(_sent(server, head + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY)) == [
        415
    ]


# Injection


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("//cds-services", 200),
        ("/cds-services/", 404),
        ("//evil.example/cds-services", 404),
        ("/cds-services//b12-folate-patient-view", 404),
    ],
)
def test_nobody_is_redirected_to_the_host_that_a_caller_names(server, path, status):
    for host, expected in (("localhost", status), ("evil.example", 421)):
        answer = _sent(
            server, f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()
        )
        assert _statuses(answer) == [expected]
        assert b"evil.example" not in answer


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "2130706433",
        "192.168.0.7",
        "[::2]",
        "[1:2]",
        "[",
        "",
    ],
)
def test_a_page_whose_name_leads_to_this_machine_is_not_answered(server, host):
    """DNS rebinding: a browser takes the page and the service for one origin, and asks no leave of the service."""
    for path in ("/cds-services", PATH, "/api/report", "/nowhere"):
        answer = _sent(
            server, f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()
        )
        assert _statuses(answer) in ([421], [400])
        assert b'services"' not in answer
        assert host.encode() not in answer or len(host) < 2


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:8080", "127.0.0.1", "127.0.0.1:1", "[::1]:8080", "127.8.8.8"]
)
def test_the_names_of_this_machine_are_answered(server, host):
    assert _statuses(
        _sent(
            server,
            f"GET /cds-services HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode(),
        )
    ) == [200]


INJECTED = [
    "%0d%0aSet-Cookie:%20a=b",
    "%0aX-Evil:%201",
    "%00",
    "%1b[31m",
    "%e2%80%a8",
    "%c0%ae%c0%ae/",
    "%ff",
    "<script>",
]


@pytest.mark.parametrize("evil", INJECTED)
def test_a_service_name_injects_nothing(server, evil):
    for path in (
        f"/cds-services/{MARK}{evil}",
        f"/cds-services/{MARK}{evil}/feedback",
        f"/{MARK}{evil}",
        f"//{MARK}{evil}",
    ):
        answer = _sent(
            server,
            HEAD.replace(PATH.encode(), path.encode())
            + b"Connection: close\r\nContent-Length: 2\r\n\r\n{}",
        )
        head, _, body = answer.partition(b"\r\n\r\n")
        assert _statuses(answer) in ([400], [404])
        assert not re.search(rb"(?im)^(set-cookie|x-evil)", head)
        assert MARK.encode() not in body
    assert MARK not in server.log.read_text()


@pytest.mark.parametrize(
    "evil",
    [
        "\r\nSet-Cookie: a=b",
        "\n2026-11-23 ERROR forged",
        "\x00",
        "\x1b[31m",
        "\u2028",
        "'\";--",
        "%s%n{0}",
    ],
)
@pytest.mark.parametrize(
    "element", ["hook", "hookInstance", "userId", "patientId", "encounterId", "fhirServer"]
)
def test_an_id_injects_nothing(server, element, evil):
    request = hook_request("patient-view", prefetch())
    (request["context"] if element.endswith("Id") else request)[element] = f"{MARK}{evil}"
    answer = requests.post(f"{server.base}{PATH}", json=request, timeout=PATIENCE)
    assert answer.status_code in (
        200,
        400,
        412,
        422,
    )  # 422: the record is of another patient than the one that is named
    assert "Set-Cookie" not in answer.headers
    assert MARK not in str(answer.headers)
    assert MARK not in server.log.read_text()


@pytest.mark.parametrize(
    "name", ["Origin", "Authorization", "Content-Type", "Host", "X-Forwarded-For", "Cookie"]
)
@pytest.mark.parametrize("evil", [b"\rSet-Cookie: a=b", b"\0", b"\x1b[31m", b"\xff\xfe", b"{0}%s"])
def test_a_header_injects_nothing(server, name, evil):
    header = f"{name}: {MARK}".encode() + evil + b"\r\n"
    answer = _sent(
        server,
        HEAD + header + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY,
    )
    assert _statuses(answer)[0] in (200, 400, 415, 421)
    assert b"set-cookie" not in answer.lower()
    assert MARK.encode() not in answer
    assert MARK not in server.log.read_text()
