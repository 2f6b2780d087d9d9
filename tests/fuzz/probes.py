"""The service as a site starts it, its processes and its database, under attack: each probe tries one thing, and says by an
``AssertionError`` what went wrong."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import sqlite3
import stat
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import requests

from cds_service.hooks.hot import HOT_BYTES
from tests.bench.servers import _children, _cpu_seconds
from tests.fuzz.bodies import KINDS
from tests.fuzz.report import Finding, Report
from tests.support.ehr import BASE, ISS, bearer, jwks, token
from tests.support.fhir_builders import folic_acid, hook_request, observation, prefetch
from tests.support.serving import Server, serving

VIEW = "/cds-services/b12-folate-patient-view"
SIGN = "/cds-services/b12-folate-order-sign"
BODY = json.dumps(hook_request("patient-view", prefetch(observation("b12", 110, "pg/mL")))).encode()
JSON_HEAD = "Content-Type: application/json\r\n"
AWAY = "127.0.0.2"  # another client on this machine

Probe = Callable[[Path], None]
PROBES: dict[str, Probe] = {}


def probe(check: Probe) -> Probe:
    """Register a probe by its name."""
    PROBES[check.__name__] = check
    return check


@contextmanager
def trusting(folder: Path, **settings: str) -> Iterator[Server]:
    """The service with one registered client."""
    (folder / "jwks.json").write_text(jwks(), "utf-8")
    (folder / "clients.yaml").write_text(
        json.dumps({"clients": [{"iss": ISS, "jwks_file": "jwks.json"}]}), "utf-8"
    )
    chosen = {
        "CDS_CLIENTS": str(folder / "clients.yaml"),
        "CDS_BASE_URL": BASE,
        "CDS_REPLAY_STORE": str(folder / "replay.sqlite3"),
    }
    with serving(folder, **chosen, **settings) as server:
        yield server


def opened(server: Server, source: str = "127.0.0.1") -> socket.socket:
    """A connection from an address of this machine."""
    return socket.create_connection(
        ("127.0.0.1", int(server.base.rpartition(":")[2])), 10, (source, 0)
    )


def head(path: str, length: int | None, more: str = JSON_HEAD, method: str = "POST") -> bytes:
    """The head of a call."""
    size = "" if length is None else f"Content-Length: {length}\r\n"
    return f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n{more}{size}\r\n".encode()


def received(connection: socket.socket, seconds: float) -> bytes:
    """What comes within so many seconds, up to the end of an answer's head."""
    connection.settimeout(seconds)
    found = b""
    with suppress(OSError):
        while b"\r\n\r\n" not in found and (part := connection.recv(65536)):
            found += part
    return found


def status_of(answer: bytes) -> int:
    """The status of an answer, 0 where there is none."""
    match = re.match(rb"HTTP/1\.1 (\d{3})", answer)
    return int(match[1]) if match else 0


def workers(server: Server) -> list[int]:
    """The ids of its worker processes."""
    return _children(server.process.pid)


def memory(server: Server) -> float:
    """Megabytes that its workers hold."""
    pages = sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in workers(server))
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def asked(
    server: Server, method: str, path: str, *, seconds: float = 20, **more: Any
) -> tuple[int, float]:
    """The status of a call and how long it took; 0 where no answer came."""
    begun = time.monotonic()
    try:
        status = requests.request(method, server.base + path, timeout=seconds, **more).status_code
    except requests.RequestException:
        status = 0
    return status, time.monotonic() - begun


def posted(
    server: Server, path: str = VIEW, body: bytes = BODY, seconds: float = 20
) -> tuple[int, float]:
    """The same for a body of JSON."""
    return asked(
        server,
        "POST",
        path,
        seconds=seconds,
        data=body,
        headers={"Content-Type": "application/json"},
    )


# Callers without a token


@probe
def a_body_is_not_awaited_without_a_token(folder: Path) -> None:
    """The refusal comes when the head is there, for a body that is announced and for one in chunks."""
    with trusting(folder) as server:
        for length, more in (
            (900_000, JSON_HEAD),
            (None, JSON_HEAD + "Transfer-Encoding: chunked\r\n"),
        ):
            with opened(server) as connection:
                connection.sendall(head(VIEW, length, more))
                assert status_of(received(connection, 5)) == 401, (
                    "the service waits for the body of a call without a token"
                )


@probe
def a_body_is_not_awaited_for_a_path_that_is_none(folder: Path) -> None:
    with serving(folder) as server:
        for path, method, status in (
            ("/nothing", "POST", 404),
            ("/cds-services", "PUT", 405),
            ("/cds-services/none", "POST", 404),
        ):
            with opened(server) as connection:
                connection.sendall(head(path, 900_000, method=method))
                got = status_of(received(connection, 5))
                assert got == status, f"{method} {path}: {got or 'the service waits for the body'}"


@probe
def half_sent_bodies_take_little_memory(folder: Path) -> None:
    """Four hundred bodies of 1 MB, of which the last bytes do not come."""
    with serving(folder) as server:
        posted(server)
        before = memory(server)
        with ExitStack() as held:
            for _ in range(400):
                connection = held.enter_context(opened(server, AWAY))
                connection.settimeout(1)
                with suppress(OSError):
                    connection.sendall(head(VIEW, 1_000_000) + b" " * 999_000)
            time.sleep(1)
            taken = memory(server) - before
            status, seconds = posted(server)
        assert taken < 200, f"400 half-sent bodies of 1 MB take {taken:.0f} MB"
        assert status == 200 and seconds < 2, (
            f"another client's call: {status} after {seconds:.1f} s"
        )


@probe
def connections_that_send_nothing_are_closed(folder: Path) -> None:
    with serving(folder) as server, opened(server) as connection:
        connection.settimeout(45)
        try:
            assert connection.recv(1) == b""
        except TimeoutError:
            raise AssertionError("a connection that sends nothing is held for 45 s") from None


@probe
def one_address_does_not_take_all_connections(folder: Path) -> None:
    with serving(folder) as server, ExitStack() as held:
        for _ in range(1100):
            with suppress(OSError):
                held.enter_context(opened(server, AWAY)).sendall(b"GET /")
        time.sleep(3)
        status, seconds = posted(server, seconds=10)
        assert status == 200 and seconds < 2, (
            f"another client's call: {status or 'no answer'} after {seconds:.1f} s"
        )


@probe
def a_flood_without_a_token_is_limited(folder: Path) -> None:
    with trusting(folder) as server:
        found = set()
        with requests.Session() as session:
            for _ in range(1500):
                answer = session.get(f"{server.base}/cds-services", timeout=10)
                found.add(answer.status_code)
                if answer.status_code == 429:
                    assert int(answer.headers["Retry-After"]) >= 1
                    break
        assert 429 in found, "1,500 calls at once without a token are all answered"
        path = f"{BASE}{VIEW}"
        answer = requests.post(
            f"{server.base}{VIEW}",
            BODY,
            headers={"Content-Type": "application/json", **bearer(token(path))},
            timeout=10,
        )
        assert answer.status_code == 200, "a client with a token is refused for what others did"


HOSTILE = {
    "searches of many values": lambda: ("/fhir/ValueSet/_search", b"url=" + b"," * 490_000, "application/x-www-form-urlencoded"),
    "orders of many dosages": lambda: (SIGN, json.dumps(hook_request("order-sign", prefetch(), drafts=[folic_acid(), {
        **folic_acid(), "dosageInstruction": [{}] * 450_000}])).encode(), "application/json"),
    "slow orders that are hot": lambda: (*KINDS["tiny drafts"](HOT_BYTES - 20_000)[:2], "application/json"),
    "large records": lambda: (VIEW, json.dumps(hook_request("patient-view", prefetch(*(
        observation("b12", 300, "pg/mL", ago=n % 900) for n in range(25_000))))).encode(), "application/json"),
}  # fmt: skip


def _crowd(folder: Path, kind: str) -> None:
    """Ninety hostile calls at once; discovery and a relevant hook call of another client are answered within a second each."""
    path, body, content_type = HOSTILE[kind]()

    def attack() -> None:
        with suppress(OSError), opened(server, AWAY) as connection:
            connection.settimeout(60)
            connection.sendall(head(path, len(body), f"Content-Type: {content_type}\r\n") + body)
            connection.recv(100)

    with serving(folder) as server:
        posted(server)
        crowd = [threading.Thread(target=attack, daemon=True) for _ in range(90)]
        for thread in crowd:
            thread.start()
        time.sleep(1)
        slowest = []
        for _ in range(3):
            for what, call in (
                ("discovery", lambda: asked(server, "GET", "/cds-services", seconds=60)),
                ("a hook call", lambda: posted(server, seconds=60)),
            ):
                before = processor(server)
                status, seconds = call()
                slowest.append((what, status, min(seconds, processor(server) - before)))
    for what, status, seconds in slowest:
        assert status == 200 and seconds < 1, (
            f"{what}: {status or 'no answer'} after {seconds:.1f} s of the worker's processor"
        )


def processor(server: Server) -> float:
    """Seconds of processor that its workers took. One computes at most for as long as a call waits for it on a machine that is free:
    on one that is busy, a clock would tell of its other work."""
    return sum(map(_cpu_seconds, workers(server)))


@probe
def a_crowd_of_searches_holds_up_nobody(folder: Path) -> None:
    _crowd(folder, "searches of many values")


@probe
def a_crowd_of_slow_orders_holds_up_nobody(folder: Path) -> None:
    _crowd(folder, "orders of many dosages")


@probe
def a_crowd_of_hot_orders_holds_up_nobody(folder: Path) -> None:
    """The slowest bodies of a size that is answered on the event loop."""
    _crowd(folder, "slow orders that are hot")


@probe
def a_crowd_of_large_records_holds_up_nobody(folder: Path) -> None:
    _crowd(folder, "large records")


# What the log says


@probe
def no_line_of_the_log_is_long(folder: Path) -> None:
    request = hook_request("patient-view", {}, fhirServer="http://" + "a." * 500_000 + "x/fhir")
    request["fhirAuthorization"] = {"access_token": "t", "token_type": "Bearer"}
    with serving(folder) as server:
        status, _ = posted(server, VIEW, json.dumps(request).encode())
        assert status in (400, 412)
        longest = max(map(len, server.log.read_text().splitlines()))
    assert longest < 2000, f"a line of {longest} characters in the log"


@probe
def refused_tokens_write_few_lines(folder: Path) -> None:
    with trusting(folder) as server, requests.Session() as session:
        before = len(server.log.read_bytes())
        for _ in range(400):
            session.post(
                f"{server.base}{VIEW}",
                b"{}",
                headers={"Content-Type": "application/json", "Authorization": "Bearer a.b.c"},
                timeout=10,
            )
        written = len(server.log.read_bytes()) - before
    assert written < 20_000, f"400 refused tokens write {written} bytes into the log"
    assert written, "refused tokens leave no trace in the log"


@probe
def every_refusal_has_a_line_in_the_log(folder: Path) -> None:
    with serving(folder) as server:
        broken = {**hook_request("patient-view", prefetch()), "hookInstance": 4711}
        headers = {"Content-Type": "application/json", "X-Request-Id": "req-2607"}
        answer = requests.post(
            f"{server.base}{VIEW}", json.dumps(broken), headers=headers, timeout=10
        )
        assert answer.status_code == 400
        lines = [
            line
            for line in server.log.read_text().splitlines()
            if " 400 " in line and "hookInstance" in line
        ]
    assert lines, "a refused call leaves no line in the log"
    assert "req-2607" in lines[0] and "4711" not in lines[0]


# Processes


@probe
def a_worker_that_dies_is_replaced(folder: Path) -> None:
    with serving(folder) as server:
        os.kill(workers(server)[0], signal.SIGKILL)
        ends = time.monotonic() + 30
        status = 0
        while status != 200 and time.monotonic() < ends:
            assert server.process.poll() is None, "kill -9 of one worker ends the service"
            status, _ = posted(server, seconds=1)
            time.sleep(0.2)
        assert status == 200, "a worker that was killed is not replaced within 30 s"


@probe
def workers_end_with_their_main_process(folder: Path) -> None:
    with serving(folder) as server:
        left = workers(server)
        os.kill(server.process.pid, signal.SIGKILL)
        server.process.wait()
        ends = time.monotonic() + 10
        while time.monotonic() < ends and any(map(_lives, left)):
            time.sleep(0.1)
        orphans = [pid for pid in left if _lives(pid)]
        for pid in orphans:
            os.kill(pid, signal.SIGKILL)
    assert not orphans, "workers go on for 10 s after their main process was killed"


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@probe
def health_and_readiness_are_told(folder: Path) -> None:
    with trusting(
        folder, CDS_DISCOVERY="protected", CDS_DATABASE_URL="sqlite:////none/cds.sqlite3"
    ) as server:
        assert asked(server, "GET", "/healthz")[0] == 200, "there is no /healthz"
        time.sleep(1.5)
        answer = requests.get(f"{server.base}/readyz", timeout=10)
        assert answer.status_code == 200, f"/readyz answers {answer.status_code}"
        assert "store" in answer.text and "degraded" in answer.text


# The store


def _feedback(number: int) -> bytes:
    moment = f"2026-11-23T10:05:{number % 60:02}Z"
    return json.dumps(
        {
            "feedback": [
                {"card": f"card-{number}", "outcome": "overridden", "outcomeTimestamp": moment}
            ]
        }
    ).encode()


@probe
def acknowledged_feedback_is_on_disk_also_when_the_file_was_taken_away(folder: Path) -> None:
    file = folder / "taken.sqlite3"
    with serving(folder, CDS_DATABASE_URL=f"sqlite:///{file}") as server:
        assert posted(server, f"{SIGN}/feedback", _feedback(0))[0] == 200
        for companion in folder.glob("taken.sqlite3*"):
            companion.unlink()
        acknowledged = [
            n
            for n in range(1, 25)
            if posted(server, f"{SIGN}/feedback", _feedback(n))[0] == 200 or time.sleep(0.2)
        ]
    stored: set[str] = set()
    with suppress(sqlite3.Error), sqlite3.connect(file) as connection:
        stored = {card for (card,) in connection.execute("SELECT card_uuid FROM feedback")}
    lost = [n for n in acknowledged if f"card-{n}" not in stored]
    assert not lost, (
        f"of {len(acknowledged)} that were acknowledged after the database was deleted, {len(lost)} are nowhere"
    )
    assert acknowledged, "feedback is refused for ever after the database was deleted"


@probe
def the_database_is_for_its_owner_alone(folder: Path) -> None:
    folder.chmod(0o755)
    before = os.umask(0o022)
    try:
        with serving(folder, CDS_DATABASE_URL=f"sqlite:///{folder}/own.sqlite3") as server:
            posted(server, f"{SIGN}/feedback", _feedback(1))
            modes = {
                file.name: stat.S_IMODE(file.stat().st_mode) for file in folder.glob("own.sqlite3*")
            }
    finally:
        os.umask(before)
    assert modes and set(modes.values()) == {0o600}, (
        f"others may read {', '.join(f'{name} ({mode:o})' for name, mode in modes.items())}"
    )


@probe
def a_database_of_a_newer_version_is_named(folder: Path) -> None:
    file = folder / "newer.sqlite3"
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
        connection.execute("INSERT INTO alembic_version VALUES ('9999')")
    with serving(folder, CDS_DATABASE_URL=f"sqlite:///{file}") as server:
        assert posted(server, f"{SIGN}/feedback", _feedback(1))[0] == 503
        time.sleep(1)
        log = server.log.read_text()
    assert "9999" in log and "newer" in log.split("9999")[0][-200:] + log.split("9999")[1][:200], (
        "the log does not say that the database is newer"
    )


# Clients


@probe
def a_half_closed_client_gets_its_answer_or_the_page_says_why_not(folder: Path) -> None:
    with serving(folder) as server, opened(server) as connection:
        connection.sendall(head(VIEW, len(BODY)) + BODY)
        connection.shutdown(socket.SHUT_WR)
        answered = status_of(received(connection, 5)) == 200
    page = (Path(__file__).parents[2] / "docs" / "security.md").read_text("utf-8")
    assert answered or "closes its side" in page, (
        "a client that closes its side after its request gets no answer, and no page says so"
    )


class Ran(NamedTuple):
    """A probe that was run: what it found, ``""`` for nothing."""

    name: str
    fault: str


def run(
    report: Report, make_folder: Callable[[], Path], names: list[str] | None = None
) -> list[Ran]:
    """Run probes and note what they find."""
    found = []
    for name in names or PROBES:
        fault = ""
        try:
            PROBES[name](make_folder())
        except AssertionError as error:
            fault = str(error).splitlines()[0]
        except Exception as error:
            fault = f"{type(error).__name__}: {error}"[:300]
        report.count("probes")
        if fault:
            report.add(Finding("probes", f"{name}: {fault}"))
        found.append(Ran(name, fault))
    return found
