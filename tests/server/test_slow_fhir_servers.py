"""Calls that wait for a slow FHIR server hold up no other call of the same worker."""

import threading
from typing import NamedTuple

import pytest
import requests

from tests.fhir_access.calls import authorization
from tests.support.fhir_builders import hook_request, prefetch
from tests.support.fhir_server import FhirServer, example_record, withheld
from tests.support.fhir_server import running as fhir_running
from tests.support.serving import Server, serving
from tests.support.waiting import PATIENCE, eventually

READS_NO_SERVER = hook_request("patient-view", prefetch())


class Running(NamedTuple):
    """The service, and two FHIR servers that it reads."""

    server: Server
    slow: FhirServer
    quick: FhirServer


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    with (
        fhir_running(FhirServer(example_record(), behaviours={"*": withheld})) as slow,
        fhir_running(FhirServer(example_record())) as quick,
        serving(
            tmp_path_factory.mktemp("server"),
            CDS_FHIR_SERVERS=f"{slow.url},{quick.url}",
            CDS_FHIR_BUDGET="30",
        ) as server,
    ):
        yield Running(server, slow, quick)


@pytest.fixture
def slow(running):
    """A FHIR server that answers nothing before it is told to."""
    running.slow.released.clear()
    running.slow.seen.clear()
    return running.slow


class Calls:
    """Calls that read a FHIR server, all at once, each in a thread of its own. ``statuses``: of those that were answered."""

    def __init__(self, base, fhir, number):
        self.statuses = []
        self._url = f"{base}/cds-services/b12-folate-patient-view"
        self._request = reading(fhir)
        self._threads = [threading.Thread(target=self._call) for _ in range(number)]
        for thread in self._threads:
            thread.start()

    def _call(self):
        self.statuses.append(called(self._url, self._request).status_code)

    def end(self):
        for thread in self._threads:
            thread.join()


def reading(fhir):
    return hook_request("patient-view", fhirServer=fhir.url, fhirAuthorization=authorization())


def called(url, request):
    return requests.post(url, json=request, timeout=PATIENCE)


def patient_view(server):
    return f"{server.base}/cds-services/b12-folate-patient-view"


@pytest.fixture
def server(running):
    return running.server


def test_others_are_answered_while_calls_wait(slow, server):
    calls = Calls(server.base, slow, 2)
    eventually(lambda: sum(not seen.path.endswith("/metadata") for seen in slow.seen) == 28)
    for _ in range(5):
        assert called(patient_view(server), READS_NO_SERVER).status_code == 200
    assert not calls.statuses
    slow.released.set()
    calls.end()
    assert calls.statuses == [200, 200]


def test_a_slow_server_takes_nothing_from_calls_that_read_another(slow, running):
    """Twelve calls with 168 queries wait, more than may run at a time; the other site's data is read as ever."""
    calls = Calls(running.server.base, slow, 12)
    eventually(lambda: len(slow.seen) >= 60)
    answer = called(patient_view(running.server), reading(running.quick))
    assert not calls.statuses
    slow.released.set()
    calls.end()
    assert [card["source"]["topic"]["code"] for card in answer.json()["cards"]] == [
        "b12-deficiency-neuro"
    ]


def test_many_calls_for_a_server_that_hangs_leave_threads_for_others(slow, server):
    """Of a hundred calls sixteen wait for the server and the others are told at once what lacks; who needs no server waits for none."""
    calls = Calls(server.base, slow, 100)
    eventually(lambda: len(calls.statuses) >= 84)
    assert called(patient_view(server), READS_NO_SERVER).status_code == 200
    assert calls.statuses == [412] * 84
    slow.released.set()
    calls.end()
    assert calls.statuses[84:] == [200] * 16
