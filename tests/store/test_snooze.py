"""Snoozing: off by default; after an override that says so a card stays silent for that patient, and only so far."""

import sqlite3
import time
from datetime import timedelta
from types import SimpleNamespace

import pytest
from flask import g

from cds_service.store.database import BUSY_SECONDS
from tests.support.clinic import ids
from tests.support.fhir_builders import hook_request, observation, prefetch
from tests.support.site import accepted, overridden
from tests.support.waiting import eventually

ON = {"snooze_days": 30, "snooze_key": "a secret for tests, long enough to be one"}
CARD = "b12-deficiency-untreated"


def _open_chart(site, patient="pat-1", **more):
    request = hook_request("patient-view", prefetch(observation("b12", 110, "pg/mL")), **more)
    request["context"]["patientId"] = patient
    request["prefetch"] = _of_patient(request["prefetch"], patient)
    return site.post(request)


def _of_patient(value, patient):
    if isinstance(value, dict):
        return {
            key: patient if item == "pat-1" else _of_patient(item, patient)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [_of_patient(item, patient) for item in value]
    return value.replace("Patient/pat-1", f"Patient/{patient}") if isinstance(value, str) else value


def _is_silent(site, **more):
    return CARD not in ids(_open_chart(site, **more))


def _override(site, reason="action-completed", **more):
    (card,) = _open_chart(site, **more)
    site.tell(overridden(card["uuid"], reason))


def test_off_by_default(site):
    _override(site)
    site.store.close()
    assert not _is_silent(site)
    assert {row["patient_hash"] for row in site.rows("card_shown")} == {None}


@pytest.mark.parametrize(
    "reason", ["action-completed", "indication-order-exists", "patient-refuses"]
)
def test_the_card_stays_silent_for_that_patient(sites, reason):
    site = sites(**ON)
    _override(site, reason)
    eventually(lambda: _is_silent(site))
    assert not _is_silent(site, patient="pat-2")


@pytest.mark.parametrize("reason", ["", "recipient-disagrees-evidence", "limited-time"])
def test_other_reasons_snooze_nothing(sites, reason):
    site = sites(**ON)
    _override(site, reason)
    _override(site, "patient-refuses", patient="pat-2")
    eventually(lambda: _is_silent(site, patient="pat-2"))
    assert not _is_silent(site)


def test_acceptance_snoozes_nothing(sites):
    site = sites(**ON)
    (card,) = _open_chart(site)
    site.tell(accepted(card["uuid"], card["suggestions"][0]["uuid"]))
    _override(site, patient="pat-2")
    eventually(lambda: _is_silent(site, patient="pat-2"))
    assert not _is_silent(site)


def test_an_override_that_was_taken_back_snoozes_nothing(sites):
    """As in the report: a card that was dismissed and acted upon later was accepted."""
    site = sites(**ON)
    (card,) = _open_chart(site)
    suggestion = card["suggestions"][0]["uuid"]
    site.tell(
        overridden(card["uuid"], "patient-refuses", at="2026-11-23T12:01:00Z"),
        accepted(card["uuid"], suggestion, at="2026-11-23T12:05:00Z"),
    )
    _override(site, patient="pat-2")
    eventually(lambda: _is_silent(site, patient="pat-2"))
    assert not _is_silent(site)


def test_an_override_after_the_suggestion_was_accepted_snoozes(sites):
    site = sites(**ON)
    (card,) = _open_chart(site)
    suggestion = card["suggestions"][0]["uuid"]
    site.tell(
        overridden(card["uuid"], "patient-refuses", at="2026-11-23T12:05:00Z"),
        accepted(card["uuid"], suggestion, at="2026-11-23T12:01:00Z"),
    )
    eventually(lambda: _is_silent(site))


def test_it_ends_after_the_days_that_were_set(sites):
    site = sites(**ON)
    _override(site)
    eventually(lambda: _is_silent(site))
    site.now += timedelta(days=30, seconds=-1)
    assert _is_silent(site)
    site.now += timedelta(seconds=1)
    assert not _is_silent(site)


def test_the_hash_is_erased_when_the_days_are_over(sites):
    site = sites(**ON)
    _override(site)
    eventually(lambda: _is_silent(site))
    site.store.close()
    later = sites(**ON)
    later.now += timedelta(days=31)
    later.store.start()
    assert {row["patient_hash"] for row in later.rows("card_shown")} == {None}


def test_hashes_are_erased_when_snoozing_is_turned_off(sites):
    site = sites(**ON)
    _override(site)
    eventually(lambda: _is_silent(site))
    assert len(site.rows("card_shown")[0]["patient_hash"]) == 64
    off = sites()
    off.store.start()
    assert {row["patient_hash"] for row in off.rows("card_shown")} == {None}


def test_another_worker_and_a_restarted_one_know_it(sites):
    site = sites(**ON)
    _override(site)
    eventually(lambda: _is_silent(site))
    other = sites(**ON)
    other.store.start()
    eventually(lambda: _is_silent(other))


def test_another_key_knows_nothing_of_it(sites):
    site = sites(**ON)
    _override(site)
    eventually(lambda: _is_silent(site))
    other = sites(**{**ON, "snooze_key": "another secret for tests, also long enough"})
    _override(other, patient="pat-2")
    eventually(lambda: _is_silent(other, patient="pat-2"))
    assert not _is_silent(other)


def test_the_same_id_on_another_server_or_of_another_client_is_another_patient(sites):
    site = sites(**ON)
    caller = {"caller": None}
    site.app.before_request(lambda: setattr(g, "caller", caller["caller"]))
    _override(site, fhirServer="https://one.example/fhir/")
    eventually(lambda: _is_silent(site, fhirServer="https://one.example/fhir"))
    assert not _is_silent(site, fhirServer="https://two.example/fhir")
    assert not _is_silent(site)
    caller["caller"] = SimpleNamespace(iss="https://ehr.example", tenant=None)
    assert not _is_silent(site, fhirServer="https://one.example/fhir")


def test_a_critical_card_is_never_snoozed(sites):
    site = sites(**ON)
    card = site.folic_acid()
    assert card["indicator"] == "critical"
    site.tell(overridden(card["uuid"], "patient-refuses"))
    _override(site)
    eventually(lambda: _is_silent(site))
    assert site.folic_acid()
    critical = [row for row in site.rows("card_shown") if row["indicator"] == "critical"]
    assert {row["patient_hash"] for row in critical} == {None}


def test_a_client_cannot_snooze_what_another_was_shown(sites):
    site = sites(**ON)
    caller = {"caller": SimpleNamespace(iss="https://one.example", tenant=None)}
    site.app.before_request(lambda: setattr(g, "caller", caller["caller"]))
    (card,) = _open_chart(site)
    caller["caller"] = SimpleNamespace(iss="https://two.example", tenant=None)
    site.tell(overridden(card["uuid"], "patient-refuses"))
    _override(site, patient="pat-2")
    eventually(lambda: _is_silent(site, patient="pat-2"))
    caller["caller"] = SimpleNamespace(iss="https://one.example", tenant=None)
    assert not _is_silent(site)


def test_the_patient_id_is_not_kept(sites):
    site = sites(**ON)
    _override(site, patient="Canaria-7461")
    eventually(lambda: _is_silent(site, patient="Canaria-7461"))
    assert "Canaria-7461" not in str(
        [site.rows(table) for table in ("card_shown", "suggestion_shown", "feedback")]
    )


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)  # a lock on everything
def test_a_database_that_does_not_answer_neither_delays_nor_unsnoozes(sites, url):
    site = sites(**ON)
    _override(site)
    eventually(lambda: _is_silent(site))
    blocker = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    blocker.execute("BEGIN EXCLUSIVE")
    began = time.monotonic()
    assert all(_is_silent(site) for _ in range(20))
    assert time.monotonic() - began < 20 * BUSY_SECONDS / 2
    blocker.execute("ROLLBACK")
    blocker.close()
