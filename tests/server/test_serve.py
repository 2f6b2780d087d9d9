"""The service as it is started: a real server, over HTTP."""

import os
import re
import time

import pytest
import requests

from cds_service.authoring.example import example_request
from cds_service.cores import usable_cores
from tests.bench.servers import _children
from tests.support.fhir_builders import NOW
from tests.support.serving import refused_start, serving
from tests.support.waiting import PATIENCE


def test_discovery_and_a_hook(base):
    services = requests.get(f"{base}/cds-services", timeout=PATIENCE).json()["services"]
    assert {service["hook"] for service in services} == {
        "patient-view",
        "order-select",
        "order-sign",
        "encounter-discharge",
    }
    answer = requests.post(
        f"{base}/cds-services/b12-folate-order-select",
        json=example_request("order-select", NOW),
        timeout=PATIENCE,
    )
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert "cards" in answer.json()


def test_who_reads_what_to_try_is_answered_at_once(started):
    """The start takes seconds; what it shows comes when a call is answered, and not before."""
    assert started.first == 200


def test_a_second_service_does_not_share_the_port_of_the_first(base):
    port = base.rpartition(":")[2]
    assert (
        refused_start("--port", port)
        == f"Error: CDS_HOST, CDS_PORT: cannot listen on 127.0.0.1:{port}: Address already in use\n"
    )


def test_without_a_setting_each_usable_core_has_a_worker(tmp_path):
    """Of two cores at most, so that the test is cheap on a machine of many. So many workers come, and no more, since all are started
    at once; that they answer is not awaited."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(cores)[:2])  # which the server inherits
    try:
        expected = usable_cores()

        def have_come(server):
            return len(_children(server.process.pid)) >= expected

        with serving(tmp_path, ready=have_come, CDS_WORKERS="") as server:
            time.sleep(0.5)
            assert len(_children(server.process.pid)) == expected
            server.kill()
    finally:
        os.sched_setaffinity(0, cores)


def test_unknown_page_is_an_operation_outcome(base):
    answer = requests.get(f"{base}/nothing", timeout=PATIENCE)
    assert answer.status_code == 404
    assert answer.json()["resourceType"] == "OperationOutcome"


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("CDS_PARAMETERS", "fr"),
        ("CDS_FORMULARY", "aspirin"),
        ("CDS_TIMEZONE", "Mars/Base"),
        ("CDS_PORT", "http"),
    ],
)
def test_a_wrong_setting_stops_the_start_and_is_named(variable, value):
    assert variable in refused_start(**{variable: value})


@pytest.mark.parametrize(
    ("variable", "meant"),
    [
        ("CDS_CLIENT", "CDS_CLIENTS"),
        ("CDS_BASEURL", "CDS_BASE_URL"),
        ("CDS_CORS_ORIGIN", "CDS_CORS_ORIGINS"),
        ("CDS_DISCOVERRY", "CDS_DISCOVERY"),
    ],
)
def test_a_misspelled_setting_stops_the_start(variable, meant):
    """Passed over, CDS_CLIENT=clients.yaml would let anyone call."""
    assert (
        refused_start(**{variable: "x"})
        == f"Error: {variable} is not a setting. Did you mean {meant}?\n"
    )


def test_a_variable_of_others_is_told_and_does_not_stop_the_start(started):
    """Kubernetes makes such ones of a service that is called cds-hooks."""
    assert "Warning: CDS_HOOKS_PORT is not a setting" in started.server.log.read_text()


def test_what_is_wrong_with_a_setting_is_told_without_the_words_of_a_library():
    assert refused_start(CDS_SNOOZE_DAYS="30").startswith(
        "Error: CDS_SNOOZE_KEY: snoozing cards needs a secret of at least 32 characters"
    )


def test_the_log_says_when_and_why_a_fhir_server_was_not_read(started):
    """A call is answered with 412 for it, and a client cannot see why."""
    request = {
        **example_request("patient-view", NOW),
        "prefetch": {},
        "fhirServer": "https://ehr.example.org/fhir/r4-4711",
    }
    request["fhirAuthorization"] = {
        "access_token": "token-4711",
        "token_type": "Bearer",
        "expires_in": 300,
        "scope": "user/*.read",
        "subject": "x",
    }
    answer = requests.post(
        f"{started.server.base}/cds-services/b12-folate-patient-view",
        json=request,
        timeout=PATIENCE,
    )
    assert answer.status_code == 412
    log = started.server.log.read_text()
    told = "FHIR server 'https://ehr.example.org' was not read: the FHIR server is not listed (CDS_FHIR_SERVERS)"
    assert re.search(
        rf"^\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{{4}} INFO {re.escape(told)}$", log, re.M
    )
    assert "4711" not in log


def test_a_database_that_does_not_answer_is_told_and_does_not_stop_the_start(tmp_path):
    """It may come up later; the log of a failure later on names its kind alone."""
    url = "postgresql://someone:secret-4711@127.0.0.1:1/cds"
    with serving(tmp_path, CDS_DATABASE_URL=url) as server:
        log = server.log.read_text()
    assert re.search("^Warning: CDS_DATABASE_URL: .*Connection refused", log, re.M)
    assert "4711" not in log
