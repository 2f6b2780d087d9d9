"""Measure hook calls while the database is stopped: ``python -m tests.bench.outage [SECONDS] [POSTGRESQL-SERVER-URL]``.

One worker; 40 calls a second, each of which shows a card, and a client that sends feedback all the time: for ``SECONDS`` (60) with
the database, as long without it, and as long after it came back. Then what is stored is compared with what was acknowledged and
shown. SQLite is stopped by an exclusive lock, PostgreSQL by ending its connections and refusing new ones.
"""

from __future__ import annotations

import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from tempfile import TemporaryDirectory
from unittest.mock import patch

import orjson
import psycopg
import requests
from sqlalchemy import Column, select

from cds_service.authoring.example import example_request
from cds_service.store.database import open_database
from cds_service.store.schema import CARD_SHOWN, FEEDBACK
from tests.bench.client import once, target
from tests.bench.servers import free_port, running
from tests.support.databases import postgresql, reachable, unreachable
from tests.support.fhir_builders import NOW
from tests.support.site import overridden

PATH = "/cds-services/b12-folate-order-select"
CALLS_A_SECOND = 40
Switch = Callable[[], object]


class Hooks:
    """The calls; ``shown``: the uuids of the cards that came."""

    def __init__(self, port: int):
        body = orjson.dumps(example_request("order-select", NOW))
        self._target = target(port, PATH, body, b'"folic-acid-b12-deficient"')
        self.shown: list[str] = []

    def during(self, name: str, seconds: float) -> None:
        """Call at an even pace and print the latencies."""
        latencies, begin = [], time.perf_counter()
        for number in range(int(seconds * CALLS_A_SECOND)):
            time.sleep(max(0.0, begin + number / CALLS_A_SECOND - time.perf_counter()))
            sent = time.perf_counter()
            answer = once(self._target)
            latencies.append(1000 * (time.perf_counter() - sent))
            self.shown += [card["uuid"] for card in orjson.loads(answer)["cards"]]
        latencies.sort()
        p50, p99 = (latencies[int(share * (len(latencies) - 1))] for share in (0.5, 0.99))
        print(
            f"  {name:<22} p50 {p50:6.1f}   p99 {p99:6.1f}   max {latencies[-1]:6.1f} ms   ({len(latencies)} calls)",
            flush=True,
        )


class FeedbackSender:
    """A client that sends one card's feedback after the other, and again what was refused."""

    def __init__(self, port: int):
        self.acknowledged: list[str] = []
        self.refused = 0
        self._url, self._stop = f"http://127.0.0.1:{port}{PATH}/feedback", threading.Event()
        self._thread = threading.Thread(target=self._send, daemon=True)
        self._thread.start()

    def _send(self) -> None:
        session, number = requests.Session(), 0
        while not self._stop.wait(0.1):
            card = f"card-{number}"
            status = session.post(
                self._url, json={"feedback": [overridden(card)]}, timeout=10
            ).status_code
            if status == requests.codes.ok:
                self.acknowledged.append(card)
                number += 1
            elif status == requests.codes.service_unavailable:
                self.refused += 1
            else:
                raise RuntimeError(f"feedback was answered with {status}")

    def stop(self) -> None:
        """Send no more."""
        self._stop.set()
        self._thread.join()


@contextmanager
def _sqlite(folder: str) -> Iterator[tuple[str, Switch, Switch]]:
    blocker = sqlite3.connect(f"{folder}/cds.sqlite3", isolation_level=None, timeout=20)
    yield (
        f"sqlite:///{folder}/cds.sqlite3",
        lambda: blocker.execute("BEGIN EXCLUSIVE"),
        lambda: blocker.execute("ROLLBACK"),
    )
    blocker.close()


@contextmanager
def _postgresql(address: str) -> Iterator[tuple[str, Switch, Switch]]:
    with (
        patch("tests.support.databases.SERVER", address),
        postgresql() as url,
        psycopg.connect(address, autocommit=True) as server,
    ):
        yield url, lambda: unreachable(url, server), lambda: reachable(url, server)


def main(seconds: float = 60.0, server: str = "") -> None:
    """Print the latencies before, during and after, and what became of cards and feedback."""
    with ExitStack() as held:
        folder, port = held.enter_context(TemporaryDirectory()), free_port()
        url, stop, start = held.enter_context(_postgresql(server) if server else _sqlite(folder))
        held.enter_context(patch.dict("os.environ", CDS_DATABASE_URL=url))
        print(
            f"{url.partition(':')[0]}; {CALLS_A_SECOND} calls a second, {seconds:g} s each",
            flush=True,
        )
        with running("cds_service", "serve", "--port", str(port), port=port):
            hooks, feedback = Hooks(port), FeedbackSender(port)
            hooks.during("(warming up)", 3)
            hooks.during("with the database", seconds)
            stop()
            hooks.during("without", seconds)
            start()
            hooks.during("after", seconds)
            feedback.stop()
        _compare("cards shown", hooks.shown, _stored(url, CARD_SHOWN.c.card_uuid))
        _compare(
            f"feedback acknowledged ({feedback.refused} refusals)",
            feedback.acknowledged,
            _stored(url, FEEDBACK.c.card_uuid),
        )


def _stored(url: str, column: Column[str]) -> list[str]:
    engine = open_database(url)
    with engine.connect() as connection:
        found = list(connection.execute(select(column)).scalars())
    engine.dispose()
    return found


def _compare(what: str, sent: list[str], stored: list[str]) -> None:
    lost, doubled = len(set(sent) - set(stored)), len(stored) - len(set(stored))
    print(
        f"  {len(sent)} {what}: {lost} lost, {doubled} doubled, {len(set(stored) - set(sent))} more than that"
    )


if __name__ == "__main__":
    main(*map(float, sys.argv[1:2]), *sys.argv[2:])
