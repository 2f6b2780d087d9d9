"""A database that cannot be written: hooks go on, feedback is refused in time, and nothing is lost or doubled after."""

import logging
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from cds_service.store import writer
from cds_service.store.errors import StoreUnavailable
from cds_service.store.records import Feedback
from tests.support.databases import SERVER, reachable, unreachable
from tests.support.site import eventually, overridden


@pytest.fixture
def outage(url):
    """Two functions: make the database impossible to write, and possible again."""
    if url.startswith("sqlite"):
        blocker = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None, timeout=20)
        yield lambda: blocker.execute("BEGIN EXCLUSIVE"), lambda: blocker.execute("ROLLBACK")
        blocker.close()
    else:
        with psycopg.connect(SERVER, autocommit=True) as server:
            yield lambda: unreachable(url, server), lambda: reachable(url, server)


def _timed(function):
    began = time.monotonic()
    return function(), time.monotonic() - began


def test_hooks_go_on_and_feedback_is_refused_and_kept_when_sent_again(site, outage):
    begin, end = outage
    site.folic_acid()
    site.tell(overridden("before"))
    begin()
    refused, seconds = _timed(lambda: site.send(overridden("during")))
    assert refused.status_code == 503
    assert seconds < writer.WAIT_SECONDS + 1
    assert int(refused.headers["Retry-After"]) > 0
    assert refused.get_json()["resourceType"] == "OperationOutcome"
    cards = [_timed(site.folic_acid) for _ in range(10)]
    assert max(seconds for _, seconds in cards) < 1
    end()
    eventually(lambda: site.send(overridden("during")).status_code == 200, 20)
    site.tell(overridden("before"))
    assert sorted(row["card_uuid"] for row in site.rows("feedback")) == ["before", "during"]
    shown = {row["card_uuid"] for row in site.rows("card_shown")}
    assert {card["uuid"] for card, _ in cards} <= shown
    assert len(shown) == 11


def test_once_the_outage_is_known_feedback_is_refused_at_once(site, outage):
    begin, end = outage
    site.tell(overridden("before"))
    begin()
    eventually(lambda: _timed(lambda: site.send(overridden("during")))[1] < 0.2, 20)
    refusals = [_timed(lambda: site.send(overridden("during"))) for _ in range(5)]
    end()
    assert {answer.status_code for answer, _ in refusals} == {503}
    assert max(seconds for _, seconds in refusals) < 0.5


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)  # the one of the two outages that makes senders wait
def test_feedback_that_waits_leaves_threads_for_hooks(site, outage):
    """Of forty senders at once sixteen wait, half as many as there are threads to answer; the others are refused at once."""
    begin, end = outage
    site.tell(overridden("before"))
    begin()
    with ThreadPoolExecutor(40) as pool:
        refused = list(pool.map(lambda number: _timed(lambda: _keep(site, f"card-{number}")), range(40)))
    end()
    assert [kept for kept, _ in refused] == [False] * 40
    assert 2 <= sum(seconds >= writer.SLOT_SECONDS for _, seconds in refused) <= 16


def _keep(site, card):
    try:
        site.store.keep([Feedback(card, "", "b12-folate-order-select", "overridden", site.now)])
    except StoreUnavailable:
        return False
    return True


def test_a_service_that_starts_without_its_database_answers_and_stores_later(sites, outage):
    sites().tell(overridden("makes the tables"))
    begin, end = outage
    begin()
    site = sites()
    card = site.folic_acid()
    assert site.send(overridden(card["uuid"])).status_code == 503
    end()
    eventually(lambda: site.send(overridden(card["uuid"])).status_code == 200, 20)
    assert [row["card_uuid"] for row in site.rows("card_shown")] == [card["uuid"]]


def test_what_does_not_fit_while_waiting_is_counted_as_lost(site, outage, monkeypatch, caplog):
    begin, end = outage
    site.tell(overridden("before"))
    begin()
    eventually(lambda: site.send(overridden("x")).status_code == 503)
    monkeypatch.setattr(writer, "MOST_EVENTS", 3)
    shown = [site.folic_acid()["uuid"] for _ in range(5)]
    assert site.store.lost == 2
    end()
    eventually(lambda: site.send(overridden("after")).status_code == 200, 20)
    with caplog.at_level(logging.ERROR):
        kept = [row["card_uuid"] for row in site.rows("card_shown")]
    assert sorted(kept) == sorted(shown[:3])
    assert "2 shown cards were never written" in caplog.text


def test_an_outage_is_logged_once_without_what_was_to_be_written(site, outage, caplog):
    begin, end = outage
    site.tell(overridden("before"))
    begin()
    for _ in range(3):
        site.send(overridden("Canaria-7461"))
    time.sleep(2 * writer.RETRY_SECONDS)
    eventually(lambda: "the database fails" in caplog.text, 20)
    end()
    eventually(lambda: "the database works again" in caplog.text, 20)
    assert caplog.text.count("the database fails") == 1
    assert "Canaria" not in caplog.text


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)  # SQLite in WAL mode can always be read
def test_the_report_is_unavailable_while_the_database_is(site, url):
    site.tell(overridden("before"))
    with psycopg.connect(SERVER, autocommit=True) as server:
        unreachable(url, server)
        answer = site.client.get("/api/report")
        reachable(url, server)
    assert answer.status_code == 503
    assert answer.get_json()["resourceType"] == "OperationOutcome"


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)  # SQLite has no locks on tables
def test_a_hanging_database_holds_up_neither_hooks_nor_feedback_for_long(site, url):
    site.tell(overridden("before"))
    with psycopg.connect(url) as locker:
        locker.execute("LOCK TABLE feedback IN ACCESS EXCLUSIVE MODE")
        answer, seconds = _timed(lambda: site.send(overridden("during")))
        assert answer.status_code == 503
        assert seconds < writer.WAIT_SECONDS + 1
        again, seconds = _timed(lambda: site.send(overridden("during")))
        assert again.status_code == 503
        assert seconds < 0.5
        assert _timed(site.folic_acid)[1] < 1
    eventually(lambda: site.send(overridden("during")).status_code == 200, 20)
    assert sorted(row["card_uuid"] for row in site.rows("feedback")) == ["before", "during"]
