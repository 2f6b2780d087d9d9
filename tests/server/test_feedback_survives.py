"""Feedback that was acknowledged is on disk: through kill -9, a stop, and a database that is away for a while."""

import itertools
import json
import sqlite3
import threading
import time
from datetime import UTC, datetime

import pytest
import requests
from click.testing import CliRunner
from sqlalchemy import select

from cds_service.authoring.example import example_request
from cds_service.cli import main
from cds_service.config import Settings
from cds_service.engine import Engine
from cds_service.store.database import open_database
from cds_service.store.schema import CARD_SHOWN, FEEDBACK
from cds_service.store.store import report_of
from cds_service.store.writer import WAIT_SECONDS
from tests.support.databases import postgresql
from tests.support.fhir_builders import NOW, hook_request, observation, prefetch
from tests.support.serving import refused_start, serving
from tests.support.site import Site, accepted, overridden
from tests.support.waiting import PATIENCE, eventually

HOOK = "/cds-services/b12-folate-order-select"
EXAMPLE = example_request("order-select", NOW)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path):
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/cds.sqlite3"
    else:
        with postgresql() as found:
            yield found


def _stored(url, column):
    engine = open_database(url)
    with engine.connect() as connection:
        found = list(connection.execute(select(column)).scalars())
    engine.dispose()
    return found


class Senders:
    """Clients that send feedback, three cards at a time, until told to stop; what is refused they send again."""

    def __init__(self, base, number=3):
        self.acknowledged, self.refused = [], 0
        self._base, self._numbers, self._stop = base, itertools.count(), threading.Event()
        self._threads = [threading.Thread(target=self._send) for _ in range(number)]
        for thread in self._threads:
            thread.start()

    def _send(self):
        session = requests.Session()
        while not self._stop.is_set():
            cards = [f"card-{next(self._numbers)}" for _ in range(3)]
            while True:
                try:
                    answer = session.post(
                        f"{self._base}{HOOK}/feedback",
                        json={"feedback": [overridden(card) for card in cards]},
                        timeout=10,
                    )
                except requests.RequestException:
                    return  # the server is gone
                if answer.status_code == 200:
                    self.acknowledged += cards
                    break
                assert answer.status_code == 503
                self.refused += 1
                time.sleep(0.02)

    def stop(self):
        self._stop.set()
        for thread in self._threads:
            thread.join()


def test_kill_9_loses_no_acknowledged_feedback(url, tmp_path):
    with serving(tmp_path, "--workers", "2", CDS_DATABASE_URL=url) as server:
        senders = Senders(server.base, 4)
        eventually(lambda: len(senders.acknowledged) > 60)
        server.kill()
        senders.stop()
    stored = _stored(url, FEEDBACK.c.card_uuid)
    assert set(senders.acknowledged) <= set(stored)
    assert len(set(stored)) == len(stored)


def test_what_was_shown_is_written_before_the_service_ends(url, tmp_path):
    with serving(tmp_path, "--workers", "2", CDS_DATABASE_URL=url) as server:
        shown = [
            requests.post(server.base + HOOK, json=EXAMPLE, timeout=PATIENCE).json()["cards"][0][
                "uuid"
            ]
            for _ in range(20)
        ]
        server.stop()
        assert server.log.read_text().count("never written") == 0
        assert "Killing worker" not in server.log.read_text(), "one that starts still ends, too"
    assert sorted(_stored(url, CARD_SHOWN.c.card_uuid)) == sorted(shown)


def test_workers_share_what_was_overridden_and_report_as_one(url, tmp_path):
    """Whichever worker took the feedback: the card is silent at both, and the report of either counts all that was shown."""
    key = "a secret for tests, long enough to be one"
    view, request = (
        "/cds-services/b12-folate-patient-view",
        hook_request("patient-view", prefetch(observation("b12", 110, "pg/mL"))),
    )
    users = itertools.count()

    def cards():
        """For another user each time, by a connection of its own, so that either worker may have it."""
        request["context"]["userId"] = f"Practitioner/{next(users)}"
        return requests.post(server.base + view, json=request, timeout=PATIENCE).json()["cards"]

    with serving(
        tmp_path, "--workers", "2", CDS_DATABASE_URL=url, CDS_SNOOZE_DAYS="30", CDS_SNOOZE_KEY=key
    ) as server:
        shown = [cards()[0]["uuid"] for _ in range(12)]
        feedback = {"feedback": [overridden(shown[0], "action-completed")]}
        eventually(
            lambda: (
                requests.post(
                    f"{server.base}{view}/feedback", json=feedback, timeout=PATIENCE
                ).status_code
                == 200
            )
        )
        # a worker looks every fifteen seconds what was overridden
        eventually(lambda: not any(cards() for _ in range(16)) or time.sleep(0.5))
        server.stop()
    stored = _stored(url, CARD_SHOWN.c.card_uuid)
    assert set(shown) <= set(stored)
    engine = open_database(url)
    (reported,) = report_of(engine, 2, datetime.now(UTC)).cards
    engine.dispose()
    assert (reported.shown, reported.overridden.counted) == (len(stored), 1)


def test_hooks_go_on_while_the_database_is_away_and_feedback_is_neither_lost_nor_doubled(tmp_path):
    path = tmp_path / "cds.sqlite3"
    with serving(tmp_path, CDS_DATABASE_URL=f"sqlite:///{path}") as server:
        senders = Senders(server.base)
        eventually(lambda: len(senders.acknowledged) > 30)
        blocker = sqlite3.connect(path, isolation_level=None, timeout=PATIENCE)
        blocker.execute("BEGIN EXCLUSIVE")
        session = requests.Session()
        shown, began = [], time.monotonic()
        while len(shown) < 60 or not senders.refused:
            shown.append(
                session.post(server.base + HOOK, json=EXAMPLE, timeout=PATIENCE).json()["cards"][0][
                    "uuid"
                ]
            )
        each = (time.monotonic() - began) / len(shown)
        before = len(senders.acknowledged)
        blocker.execute("ROLLBACK")
        blocker.close()
        eventually(lambda: len(senders.acknowledged) > before + 30)
        senders.stop()
        server.stop()
    assert each < WAIT_SECONDS / 2, "a call waits for no commit"
    assert sorted(_stored(f"sqlite:///{path}", FEEDBACK.c.card_uuid)) == sorted(
        senders.acknowledged
    )
    assert sorted(_stored(f"sqlite:///{path}", CARD_SHOWN.c.card_uuid)) == sorted(shown)


def _report(url, *options):
    return CliRunner().invoke(main, ["report", *options], env={"CDS_DATABASE_URL": url})


def test_the_report_on_the_command_line(url):
    site = Site(url)
    site.now = datetime.now(UTC)
    (first,), (second,) = (
        site.post({**EXAMPLE, "context": {**EXAMPLE["context"], "userId": f"Practitioner/{user}"}})
        for user in ("one", "two")
    )
    site.tell(
        accepted(first["uuid"], first["suggestions"][0]["uuid"]),
        overridden(second["uuid"], "patient-refuses"),
    )
    site.store.close()
    text = _report(url)
    assert text.exit_code == 0, text.output
    for line in (
        f"folic-acid-b12-deficient {Engine(Settings()).cards['folic-acid-b12-deficient'].version}: shown 2",
        "1 of 2      50 % (9-91)       1. Add [regimen to start]; folic acid after it",
        "0 of 2      0 % (0-66)        3. Replace folic acid with [regimen to start]",
        "1 of 1      100 % (21-100)    patient-refuses",
    ):
        assert line in text.stdout
    as_json = json.loads(_report(url, "--json", "--weeks", "1").stdout)
    assert [card["shown"] for card in as_json["cards"]] == [2]


@pytest.mark.parametrize(
    "url", ["sqlite:///nowhere/cds.sqlite3", "postgresql://nobody@127.0.0.1:1/none"]
)
def test_a_report_without_a_database_says_so(url):
    answer = _report(url)
    assert isinstance(answer.exception, SystemExit), answer.exception
    assert answer.exit_code == 1
    assert answer.output.startswith("Error: CDS_DATABASE_URL: ")


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"CDS_DATABASE_URL": "cds.sqlite3"}, "CDS_DATABASE_URL"),
        ({"CDS_DATABASE_URL": "sqlite://"}, "CDS_DATABASE_URL"),
        ({"CDS_DATABASE_URL": "sqlite:///:memory:"}, "CDS_DATABASE_URL"),
        ({"CDS_DATABASE_URL": "mysql://user:Canaria-7461@localhost/x"}, "CDS_DATABASE_URL"),
        (
            {"CDS_DATABASE_URL": "postgresql+asyncpg://user:Canaria-7461@localhost/x"},
            "CDS_DATABASE_URL",
        ),
        (
            {"CDS_DATABASE_URL": "postgresql://user:Canaria-7461@localhost:port/x"},
            "CDS_DATABASE_URL",
        ),
        ({"CDS_SNOOZE_DAYS": "30"}, "CDS_SNOOZE_KEY"),
        ({"CDS_SNOOZE_DAYS": "30", "CDS_SNOOZE_KEY": "Canaria-7461"}, "CDS_SNOOZE_KEY"),
        ({"CDS_SNOOZE_DAYS": "-1"}, "CDS_SNOOZE_DAYS"),
        ({"CDS_SNOOZE_DAYS": "366"}, "CDS_SNOOZE_DAYS"),
    ],
)
def test_a_wrong_setting_stops_the_start_and_is_named_without_its_secret(variables, named):
    said = refused_start(**variables)
    assert named in said
    assert "Canaria" not in said
