"""The service under attack as a site starts it, with its processes and its database: see ``tests/fuzz/probes.py``, which has those
too that take long or depend on how busy the machine is.

Each probe starts a service of its own; here those share one that need no other, one after the other."""

import time
from contextlib import nullcontext, suppress

import pytest

from tests.fuzz import probes
from tests.support.serving import serving


@pytest.fixture
def shared(started, monkeypatch):
    """The probe has the server that others have."""
    monkeypatch.setattr(probes, "serving", lambda folder: nullcontext(started.server))


def test_a_body_is_not_awaited_for_a_path_that_is_none(shared, tmp_path):
    probes.a_body_is_not_awaited_for_a_path_that_is_none(tmp_path)


def test_half_sent_bodies_take_little_memory(shared, tmp_path):
    probes.half_sent_bodies_take_little_memory(tmp_path)


def test_one_address_does_not_take_all_connections(shared, tmp_path):
    probes.one_address_does_not_take_all_connections(tmp_path)


def test_no_line_of_the_log_is_long(shared, tmp_path):
    probes.no_line_of_the_log_is_long(tmp_path)


def test_every_refusal_has_a_line_in_the_log(shared, tmp_path):
    """Soon: of many alike, as other tests make, the log has twenty in ten seconds."""
    for _ in range(12):
        with suppress(AssertionError):
            return probes.every_refusal_has_a_line_in_the_log(tmp_path)
        time.sleep(1)
    return probes.every_refusal_has_a_line_in_the_log(tmp_path)


def test_callers_without_a_token_cost_little(tmp_path, monkeypatch):
    """The flood comes last: after it the address has no call left."""
    with probes.trusting(tmp_path) as server:
        monkeypatch.setattr(probes, "trusting", lambda folder: nullcontext(server))
        probes.a_body_is_not_awaited_without_a_token(tmp_path)
        probes.refused_tokens_write_few_lines(tmp_path)
        probes.a_flood_without_a_token_is_limited(tmp_path)


def test_health_and_readiness_are_told(tmp_path):
    probes.health_and_readiness_are_told(tmp_path)


def test_processes_that_die(tmp_path, monkeypatch):
    """A worker, then the main process."""
    with serving(tmp_path) as server:
        monkeypatch.setattr(probes, "serving", lambda folder: nullcontext(server))
        probes.a_worker_that_dies_is_replaced(tmp_path)
        probes.workers_end_with_their_main_process(tmp_path)


def test_acknowledged_feedback_is_on_disk_also_when_the_file_was_taken_away(tmp_path):
    probes.acknowledged_feedback_is_on_disk_also_when_the_file_was_taken_away(tmp_path)


def test_a_database_of_a_newer_version_is_named(tmp_path):
    probes.a_database_of_a_newer_version_is_named(tmp_path)
