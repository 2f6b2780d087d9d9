"""Used tokens are refused by every process, and forgotten when they have expired: in a file and in a real Redis."""

import multiprocessing
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import contextmanager

import pytest

from cds_service.trust import redis_store, replay
from cds_service.trust.replay import FileStore, StoreFailure, open_store, token_digest
from tests.support.serving import held_port
from tests.support.waiting import PATIENCE, eventually
from tests.trust.racing import race

LATER = time.time() + 3600


@pytest.fixture(scope="module")
def redis_port():
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("no redis-server is installed")
    with held_port() as port:
        command = [
            program,
            "--port",
            str(port),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--appendonly",
            "no",
            "--requirepass",
            "hushhush",
        ]
        server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        eventually(lambda: _listens(port))
        yield port
        server.terminate()
        server.wait(PATIENCE)


def _listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(autouse=True)
def _patient(monkeypatch):
    monkeypatch.setattr(redis_store, "TIMEOUT_SECONDS", PATIENCE)
    monkeypatch.setattr(replay, "BUSY_SECONDS", PATIENCE)


@pytest.fixture(params=["file", "redis"])
def address(request, tmp_path):
    if request.param == "file":
        return str(tmp_path / "used.sqlite3")
    return f"redis://:hushhush@127.0.0.1:{request.getfixturevalue('redis_port')}/0"


def _digest(name):
    return token_digest("https://ehr.example.org", f"{name}-{time.time_ns()}")


def test_a_token_is_new_once(address):
    store = open_store(address)
    store.check()
    one, two = _digest("one"), _digest("two")
    assert [store.first_use(token, LATER) for token in (one, one, two, one, two)] == [
        True,
        False,
        True,
        False,
        False,
    ]


def test_a_restart_forgets_nothing(address):
    token = _digest("kept")
    assert open_store(address).first_use(token, LATER)
    assert not open_store(address).first_use(token, LATER)


def test_of_many_processes_one_takes_the_token(address):
    """Four workers get the same 50 tokens at the same moment: each token is taken once."""
    open_store(
        address
    ).check()  # as the start of the service does: SQLite lets one alone make a file write ahead
    context = multiprocessing.get_context("spawn")
    tokens = [_digest(str(number)) for number in range(50)]
    start, results = context.Barrier(4), context.Queue()
    workers = [
        context.Process(target=race, args=(address, tokens, LATER, start, results))
        for _ in range(4)
    ]
    for worker in workers:
        worker.start()
    taken = [results.get(timeout=PATIENCE) for _ in workers]
    for worker in workers:
        worker.join()
    assert [sum(answers) for answers in zip(*taken, strict=True)] == [1] * 50


def test_of_many_threads_one_takes_the_token(address):
    store, token, taken = open_store(address), _digest("threads"), []
    threads = [
        threading.Thread(target=lambda: taken.append(store.first_use(token, LATER)))
        for _ in range(16)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == [False] * 15 + [True]


def test_a_killed_process_forgets_nothing(tmp_path):
    """SIGKILL right after the answer: the token stays used."""
    path = tmp_path / "used.sqlite3"
    program = (
        "import sys, time\nfrom pathlib import Path\nfrom cds_service.trust.replay import FileStore\n"
        f"print(FileStore(Path(sys.argv[1])).first_use(bytes(16), {LATER}), flush=True)\ntime.sleep({PATIENCE})\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "True\n"
    process.send_signal(signal.SIGKILL)
    process.wait(PATIENCE)
    process.stdout.close()
    assert not FileStore(path).first_use(bytes(16), LATER)


def test_expired_tokens_are_forgotten(tmp_path):
    """The file does not grow with the calls that were ever made, only with those whose tokens still live."""
    path = tmp_path / "used.sqlite3"
    store = FileStore(path)
    for number in range(1000):
        store.first_use(token_digest("old", str(number)), time.time() - 10)
    kept, ending = token_digest("new", "kept"), token_digest("new", "ending")
    store.first_use(kept, LATER)
    store.first_use(ending, time.time() + PATIENCE)
    for number in range(200):
        store.first_use(token_digest("new", str(number)), LATER)
    left = (
        sqlite3.connect(path)
        .execute("SELECT count(*) FROM used WHERE expires < ?", (time.time(),))
        .fetchone()[0]
    )
    assert left < 100
    assert not store.first_use(kept, LATER)
    assert not store.first_use(ending, LATER)


def test_redis_forgets_by_itself(redis_port):
    import redis

    token = _digest("expires")
    url = f"redis://:hushhush@127.0.0.1:{redis_port}/0"
    open_store(url).first_use(token, time.time() + 10_000)
    assert (
        10_000 - PATIENCE < redis.Redis.from_url(url).ttl(f"cds-hooks:jti:{token.hex()}") <= 10_001
    )


@contextmanager
def _losing_one_answer(redis_port):
    """A way to Redis that carries everything, but hangs up once when a token has been noted and before the answer."""
    lost = threading.Event()

    def carry(connection):
        with connection, socket.create_connection(("127.0.0.1", redis_port)) as server:
            while command := connection.recv(65536):
                server.sendall(command)
                answer = server.recv(65536)
                if b"NX" in command and not lost.is_set():
                    lost.set()
                    return
                connection.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept():
            for _ in range(2):
                threading.Thread(target=carry, args=(listener.accept()[0],), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield listener.getsockname()[1], lost


def test_a_lost_answer_of_redis_does_not_make_a_token_used(redis_port):
    """The command is sent again and finds its own note; a second use is refused as ever."""
    token = _digest("lost")
    with _losing_one_answer(redis_port) as (port, lost):
        store = open_store(f"redis://:hushhush@127.0.0.1:{port}/0")
        assert store.first_use(token, LATER)
        assert lost.is_set()
        assert not store.first_use(token, LATER)


def test_only_its_owner_reads_the_file(tmp_path):
    FileStore(tmp_path / "used.sqlite3").first_use(_digest("x"), LATER)
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


def test_the_file_holds_neither_issuer_nor_jti(tmp_path):
    FileStore(tmp_path / "used.sqlite3").first_use(
        token_digest("https://ehr.example.org", "jti-4711"), LATER
    )
    content = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"ehr.example" not in content and b"4711" not in content


def test_issuer_and_jti_are_told_apart():
    """No two pairs make the same digest because a letter moves from one to the other."""
    pairs = [("a", "bc"), ("ab", "c"), ("a ", "bc"), ("a", " bc"), ("1 a", "bc"), ("", "abc")]
    assert len({token_digest(*pair) for pair in pairs}) == len(pairs)


def test_a_file_that_cannot_be_used(tmp_path):
    broken = tmp_path / "broken"
    broken.write_bytes(b"this is no database" * 100)
    for path in (tmp_path / "none" / "x", tmp_path, broken):
        with pytest.raises(StoreFailure, match="cannot be used"):
            FileStore(path).check()


def test_a_locked_file_fails_in_bounded_time_and_recovers(tmp_path, monkeypatch):
    monkeypatch.setattr(replay, "BUSY_SECONDS", 0.5)
    path = tmp_path / "used.sqlite3"
    store = FileStore(path)
    store.check()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreFailure, match="locked"):
        store.first_use(bytes(16), LATER)
    other.execute("COMMIT")
    assert store.first_use(bytes(16), LATER)


def test_a_redis_that_is_not_there_or_has_another_password(redis_port):
    with held_port() as nobodys:
        for port in (nobodys, redis_port):
            with pytest.raises(StoreFailure) as told:
                open_store(f"redis://:secret-4711@127.0.0.1:{port}/0").check()
            assert "127.0.0.1 does not answer" in str(told.value)
            assert "secret-4711" not in str(told.value)
    with pytest.raises(StoreFailure, match="not a Redis URL"):
        open_store("redis://127.0.0.1:port/0")
