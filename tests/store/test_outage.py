"""A database that cannot be written: hooks go on, feedback is refused in time, and nothing is lost or doubled after."""

import logging
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from cds_service.store import database, writer
from cds_service.store.errors import StoreUnavailable
from cds_service.store.records import Feedback
from tests.support.databases import SERVER, reachable, unreachable
from tests.support.site import overridden
from tests.support.waiting import AT_ONCE, PATIENCE, eventually


@pytest.fixture(autouse=True)
def _soon_noticed(monkeypatch):
    """SQLite gives up a locked file after a second."""
    monkeypatch.setattr(database, "BUSY_SECONDS", 1)


@pytest.fixture
def outage(url):
    """Two functions: make the database impossible to write, and possible again."""
    if url.startswith("sqlite"):
        blocker = sqlite3.connect(
            url.removeprefix("sqlite:///"), isolation_level=None, timeout=PATIENCE
        )
        yield lambda: blocker.execute("BEGIN EXCLUSIVE"), lambda: blocker.execute("ROLLBACK")
        blocker.close()
    else:
        with psycopg.connect(SERVER, autocommit=True) as server:
            yield lambda: unreachable(url, server), lambda: reachable(url, server)


@pytest.fixture
def at_once(monkeypatch):
    """Do something that must not wait for the thread that writes: it would wait without end, or nearly."""

    def do(function):
        with monkeypatch.context() as patience:
            for limit in ("WAIT_SECONDS", "SLOT_SECONDS"):
                patience.setattr(writer, limit, PATIENCE)
            began = time.monotonic()
            done = function()
        assert time.monotonic() - began < AT_ONCE
        return done

    return do


def test_hooks_go_on_and_feedback_is_refused_and_kept_when_sent_again(site, outage, at_once):
    begin, end = outage
    site.folic_acid()
    site.tell(overridden("before"))
    begin()
    refused = site.send(overridden("during"))
    assert refused.status_code == 503
    assert int(refused.headers["Retry-After"]) > 0
    assert refused.get_json()["resourceType"] == "OperationOutcome"
    cards = [at_once(site.folic_acid) for _ in range(10)]
    end()
    eventually(lambda: site.send(overridden("during")).status_code == 200)
    site.tell(overridden("before"))
    assert sorted(row["card_uuid"] for row in site.rows("feedback")) == ["before", "during"]
    shown = {row["card_uuid"] for row in site.rows("card_shown")}
    assert {card["uuid"] for card in cards} <= shown
    assert len(shown) == 11


def test_once_the_outage_is_known_feedback_is_refused_at_once(site, outage, at_once, caplog):
    begin, end = outage
    site.tell(overridden("before"))
    begin()
    eventually(lambda: site.send(overridden("during")) and "the database fails" in caplog.text)
    refusals = [at_once(lambda: site.send(overridden("during"))) for _ in range(5)]
    end()
    assert {answer.status_code for answer in refusals} == {503}


@pytest.mark.parametrize(
    "url", ["sqlite"], indirect=True
)  # the one of the two outages that makes senders wait
def test_feedback_that_waits_leaves_threads_for_hooks(sites, outage, monkeypatch):
    """Of forty senders at once sixteen wait, half as many as there are threads to answer; the others are refused at once."""
    for of, limit in (
        (database, "BUSY_SECONDS"),
        (writer, "WAIT_SECONDS"),
        (writer, "SLOT_SECONDS"),
        (writer, "STUCK_SECONDS"),
    ):
        monkeypatch.setattr(of, limit, PATIENCE)
    begin, end = outage
    site = sites()
    site.tell(overridden("before"))
    begin()
    with ThreadPoolExecutor(40) as pool:
        sent = [pool.submit(_keep, site, f"card-{number}") for number in range(40)]
        eventually(lambda: sum(one.done() for one in sent) == 24)
        assert not any(one.result() for one in sent if one.done())
        end()
    assert sum(one.result() for one in sent) == 16


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
    eventually(lambda: site.send(overridden(card["uuid"])).status_code == 200)
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
    eventually(lambda: site.send(overridden("after")).status_code == 200)
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
    eventually(lambda: "the database fails" in caplog.text)
    end()
    eventually(lambda: "the database works again" in caplog.text)
    assert caplog.text.count("the database fails") == 1
    assert "Canaria" not in caplog.text


@pytest.mark.parametrize(
    "url", ["postgresql"], indirect=True
)  # SQLite in WAL mode can always be read
def test_the_report_is_unavailable_while_the_database_is(site, url):
    site.tell(overridden("before"))
    with psycopg.connect(SERVER, autocommit=True) as server:
        unreachable(url, server)
        answer = site.client.get("/api/report")
        reachable(url, server)
    assert answer.status_code == 503
    assert answer.get_json()["resourceType"] == "OperationOutcome"


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)  # SQLite has no locks on tables
def test_a_hanging_database_holds_up_neither_hooks_nor_feedback_for_long(site, url, at_once):
    site.tell(overridden("before"))
    with psycopg.connect(url) as locker:
        locker.execute("LOCK TABLE feedback IN ACCESS EXCLUSIVE MODE")
        assert site.send(overridden("during")).status_code == 503
        assert at_once(lambda: site.send(overridden("during"))).status_code == 503
        assert at_once(site.folic_acid)
    eventually(lambda: site.send(overridden("during")).status_code == 200)
    assert sorted(row["card_uuid"] for row in site.rows("feedback")) == ["before", "during"]


def test_why_a_database_cannot_be_opened_is_told_in_its_own_words():
    assert database.connection_problem("sqlite:////none/cds.sqlite3") == (
        "unable to open database file"
    )
