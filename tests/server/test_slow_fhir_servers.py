"""Calls that wait for a slow FHIR server hold up no other call of the same worker."""

import threading
import time

import requests

from tests.bench.servers import free_port, running
from tests.fhir_access.calls import authorization
from tests.support.fhir_builders import hook_request, prefetch
from tests.support.fhir_server import FhirServer, example_record
from tests.support.fhir_server import running as fhir_running


def test_others_are_answered_while_calls_wait(monkeypatch):
    monkeypatch.setenv("CDS_FHIR_BUDGET", "20")
    port = free_port()
    url = f"http://127.0.0.1:{port}/cds-services/b12-folate-patient-view"
    with fhir_running(FhirServer(example_record(), delay=1.8)) as slow, running("cds_service", "serve", "--port", str(port), port=port):
        waits = hook_request("patient-view", fhirServer=slow.url, fhirAuthorization=authorization())
        answers = []
        callers = [threading.Thread(target=lambda: answers.append(requests.post(url, json=waits, timeout=10))) for _ in range(2)]
        for caller in callers:
            caller.start()
        while len(slow.seen) < 28:
            time.sleep(0.01)
        started = time.monotonic()
        for _ in range(5):
            assert requests.post(url, json=hook_request("patient-view", prefetch()), timeout=10).status_code == 200
        assert time.monotonic() - started < 1.5
        assert not answers
        for caller in callers:
            caller.join()
    assert [answer.status_code for answer in answers] == [200, 200]


def test_a_slow_server_takes_nothing_from_calls_that_read_another(monkeypatch):
    """Twelve calls with 168 queries wait, more than may run at a time; the other site's data is read as ever."""
    port = free_port()
    url = f"http://127.0.0.1:{port}/cds-services/b12-folate-patient-view"
    with fhir_running(FhirServer(example_record(), delay=4)) as slow, fhir_running(FhirServer(example_record())) as quick:
        monkeypatch.setenv("CDS_FHIR_SERVERS", f"{slow.url},{quick.url}")
        monkeypatch.setenv("CDS_FHIR_BUDGET", "3")
        waits, reads = (hook_request("patient-view", fhirServer=ehr.url, fhirAuthorization=authorization()) for ehr in (slow, quick))
        with running("cds_service", "serve", "--port", str(port), port=port):
            callers = [threading.Thread(target=requests.post, args=(url,), kwargs={"json": waits, "timeout": 10}) for _ in range(12)]
            for caller in callers:
                caller.start()
            while len(slow.seen) < 60:
                time.sleep(0.01)
            answer = requests.post(url, json=reads, timeout=10)
            still_waiting = any(caller.is_alive() for caller in callers)
            for caller in callers:
                caller.join()
    assert still_waiting
    assert [card["source"]["topic"]["code"] for card in answer.json()["cards"]] == ["b12-deficiency-neuro"]


def test_many_calls_for_a_server_that_hangs_leave_threads_for_others(monkeypatch):
    """Of a hundred calls sixteen wait for the server and the others are told at once what lacks; who needs no server waits for none."""
    port = free_port()
    url = f"http://127.0.0.1:{port}/cds-services/b12-folate-patient-view"
    monkeypatch.setenv("CDS_FHIR_BUDGET", "4")
    with fhir_running(FhirServer(example_record(), delay=10)) as hung, running("cds_service", "serve", "--port", str(port), port=port):
        waits = hook_request("patient-view", fhirServer=hung.url, fhirAuthorization=authorization())
        seconds = []

        def call():
            started = time.monotonic()
            assert requests.post(url, json=waits, timeout=30).status_code == 412
            seconds.append(time.monotonic() - started)

        callers = [threading.Thread(target=call) for _ in range(100)]
        for caller in callers:
            caller.start()
        while len(seconds) < 84 and any(caller.is_alive() for caller in callers):
            time.sleep(0.01)
        answer = requests.post(url, json=hook_request("patient-view", prefetch()), timeout=30)
        waiting = sum(caller.is_alive() for caller in callers)
        for caller in callers:
            caller.join()
    assert answer.status_code == 200
    assert waiting == 16
    assert sum(second >= 3 for second in seconds) == 16
