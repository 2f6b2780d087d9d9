"""A FHIR server that fails, is slow or may not be read leaves facts unknown; the hook is answered all the same."""

from __future__ import annotations

import json
import logging
import socket
import time
from collections.abc import Callable
from typing import Any

import pytest

from cds_service.fhir_server.client import THREADS
from tests.fhir_access.calls import QUERY_TYPES, authorization, ids_of, post, treatment_is_unknown
from tests.support.clinic import client
from tests.support.fhir_builders import bundle, hook_request, observation, prefetch
from tests.support.fhir_server import FhirServer, Handler, outcome, reset, withheld
from tests.support.waiting import PATIENCE, growing

LOW = observation("b12", 110, "pg/mL")
NO_MEDICATIONS = prefetch(LOW, without=("medication-requests",))


Reasons = Callable[..., list[str]]


@pytest.fixture
def reasons(caplog: pytest.LogCaptureFixture) -> Reasons:
    """Why queries were not answered, as the log has it: every reason, or those with one of the words."""
    caplog.set_level(logging.INFO, "cds_service.fhir_server")

    def found(*words: str) -> list[str]:
        told = [
            line.partition("was not answered in full: ")[2]
            for line in caplog.text.splitlines()
            if "was not answered in full: " in line
        ]
        return [reason for reason in told if not words or any(word in reason for word in words)]

    return found


def _ask(ehr: FhirServer, **more: Any) -> Any:
    """Everything is prefetched but the medication requests."""
    return post(ehr, "patient-view", NO_MEDICATIONS, **more)


def _truncated(handler: Handler) -> None:
    handler.send(json.dumps(bundle([])).encode(), **{"Content-Length": "5000"})
    handler.close_connection = True


def _endless_error(handler: Handler) -> None:
    handler.connection.sendall(
        b"HTTP/1.1 503 Later\r\nRetry-After: 100\r\nContent-Length: 1000000\r\n\r\n"
    )
    handler.fhir.released.wait(PATIENCE)
    handler.close_connection = True


FAILURES = {
    **{f"status {status}": lambda handler, status=status: handler.send(outcome("exception"), status) for status in
       (201, 204, 206, 400, 401, 403, 404, 406, 410, 413, 429, 500, 502, 503, 504)},
    "an error whose body does not come": _endless_error,
    "a status with a wish to be asked later": lambda handler: handler.send(outcome("throttled"), 503, **{"Retry-After": "100"}),
    "an outcome that is called a success": lambda handler: handler.send(outcome("exception")),
    "an outcome beside the results": lambda handler: handler.send(bundle([outcome("incomplete")])),
    "a page of HTML": lambda handler: handler.send(b"<html>Log in</html>", **{"Content-Type": "text/html"}),
    "nothing": lambda handler: handler.send(b""),
    "a cut-off body": _truncated,
    "a dropped connection": reset,
    "a list": lambda handler: handler.send([]),
    "null": lambda handler: handler.send(None),
    "a resource that was not asked for": lambda handler: handler.send({"resourceType": "Patient", "id": "pat-1"}),
    "less than the total": lambda handler: handler.send(bundle([], total=1)),
    "a broken compression": lambda handler: handler.send(b"no gzip", **{"Content-Encoding": "gzip"}),
    "another compression": lambda handler: handler.send(b"x", **{"Content-Encoding": "br"}),
    "FHIR R5": lambda handler: handler.send(bundle([]), **{"Content-Type": "application/fhir+json; fhirVersion=5.0"}),
    "FHIR STU3": lambda handler: handler.send(bundle([]), **{"Content-Type": "application/fhir+json;fhirVersion=3.0"}),
}  # fmt: skip


@pytest.mark.parametrize("failure", FAILURES)
def test_a_query_that_fails_is_unknown_and_no_error_of_the_hook(
    ehr: FhirServer, failure: str, reasons: Reasons
) -> None:
    ehr.behaviours["MedicationRequest"] = FAILURES[failure]
    assert treatment_is_unknown(_ask(ehr))
    assert not reasons("CDS_FHIR_BUDGET"), "a failure costs no time"
    assert set(ehr.kinds()) == {"MedicationRequest"}


@pytest.mark.parametrize(
    "media_type",
    [
        "application/fhir+json; fhirVersion=4.0",
        'application/fhir+json; charset=utf-8; FHIRVersion="4.3"',
        "application/json",
    ],
)
def test_r4_and_r4b_are_read(ehr: FhirServer, media_type: str) -> None:
    ehr.content_type = media_type
    assert not treatment_is_unknown(_ask(ehr))


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500, 503])
def test_an_answer_is_not_asked_for_again(ehr: FhirServer, status: int) -> None:
    ehr.behaviours["MedicationRequest"] = lambda handler: handler.send(outcome("exception"), status)
    _ask(ehr)
    assert len(ehr.seen) == 1


def test_a_dropped_connection_is_tried_once_more(ehr: FhirServer) -> None:
    ehr.behaviours["MedicationRequest"] = lambda handler: (
        reset(handler) if len(ehr.seen) == 1 else handler.answer()
    )
    assert not treatment_is_unknown(_ask(ehr))
    assert len(ehr.seen) == 2
    ehr.seen.clear()
    ehr.behaviours["MedicationRequest"] = reset
    assert treatment_is_unknown(_ask(ehr))
    assert len(ehr.seen) == 2


def test_a_server_that_is_down_costs_no_time(reasons: Reasons) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/fhir"
        assert treatment_is_unknown(post(url, "patient-view", NO_MEDICATIONS))
        assert post(url).status_code == 412
    assert reasons() and not reasons("CDS_FHIR_BUDGET")


def test_a_host_that_has_no_address_is_no_error() -> None:
    settings = {"fhir_servers": "https://ehr.invalid/fhir"}
    assert treatment_is_unknown(
        post("https://ehr.invalid/fhir", "patient-view", NO_MEDICATIONS, settings=settings)
    )


def test_the_token_is_checked_by_the_server(ehr: FhirServer) -> None:
    assert treatment_is_unknown(_ask(ehr, granted={"access_token": "another"}))
    assert ehr.seen[0].token == "Bearer another"


# Time


def test_the_budget_bounds_the_whole_call(ehr: FhirServer) -> None:
    """What answers in time counts; what does not is unknown."""
    ehr.behaviours["MedicationRequest"] = withheld
    for budget in growing(0.5):
        started = time.monotonic()
        response = post(ehr, settings={"fhir_budget": budget})
        assert time.monotonic() - started >= budget
        if response.status_code == 200:
            break
    assert ids_of(response) == ["b12-deficiency-neuro"]
    assert treatment_is_unknown(response)


@pytest.mark.parametrize("quiet", [True, False])
def test_nothing_is_sent_after_the_answer(ehr: FhirServer, quiet: bool) -> None:
    """Not even a second try, over another connection, of what was broken off."""
    ehr.behaviours["*"] = withheld if quiet else lambda handler: _drip(handler, header=True)
    for budget in growing(0.4):
        assert treatment_is_unknown(_ask(ehr, settings={"fhir_budget": budget}))
        if ehr.seen:
            break
    time.sleep(0.5)
    assert len(ehr.seen) == 1


def test_many_slow_pages_share_one_budget(ehr: FhirServer) -> None:
    ehr.page_size = 1
    ehr.resources += [{**ehr.resources[5], "id": f"c-{number}"} for number in range(16)]
    for budget in growing(0.8):
        ehr.delay = budget / 8
        ehr.seen.clear()
        response = post(ehr, settings={"fhir_budget": budget})
        if response.status_code == 200:
            break
    assert ids_of(response) == ["b12-deficiency-neuro"]
    assert 1 < ehr.kinds().count("Condition") <= 8


def _drip(handler: Handler, *, header: bool) -> None:
    """One byte now and then, each in time for a reader that waits for the next byte only."""
    body = json.dumps(bundle([])).encode().ljust(4000)
    head = (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/fhir+json\r\nContent-Length: %d\r\n"
        % len(body)
    )
    quick, slow = (b"", head + b"X-Filler: " + b"x" * 4000) if header else (head + b"\r\n", body)
    try:
        handler.connection.sendall(quick)
        for byte in slow:
            handler.connection.sendall(bytes([byte]))
            time.sleep(0.05)
    except OSError:
        handler.close_connection = True


@pytest.mark.parametrize("header", [True, False])
def test_a_server_that_sends_byte_by_byte_holds_neither_the_hook_nor_its_threads(
    ehr: FhirServer, header: bool
) -> None:
    """What it sends would take minutes; a hook is answered when its budget is spent, and the next finds threads to read with."""
    ehr.behaviours["*"] = lambda handler: _drip(handler, header=header)
    for _ in range(THREADS // 14 + 2):  # more queries than there are threads
        assert post(ehr, settings={"fhir_budget": 0.5}).status_code == 412
    ehr.behaviours.clear()
    assert ids_of(post(ehr)) == ["b12-deficiency-neuro"]


def test_nothing_is_asked_with_an_expired_token(ehr: FhirServer) -> None:
    for expires_in in (0, -1):
        assert treatment_is_unknown(_ask(ehr, granted={"expires_in": expires_in}))
    assert ehr.seen == []


def test_a_token_is_used_no_longer_than_it_lives(ehr: FhirServer) -> None:
    """With a second left, a page that would be asked for after it is not asked for."""
    ehr.delay, ehr.page_size = 0.6, 1
    ehr.resources += [{**ehr.resources[8], "id": f"m-{number}"} for number in range(3)]
    assert treatment_is_unknown(
        post(ehr, "patient-view", NO_MEDICATIONS, granted={"expires_in": 1})
    )
    assert len(ehr.seen) <= 2


def test_nothing_is_asked_without_a_token(ehr: FhirServer) -> None:
    request = hook_request("patient-view", NO_MEDICATIONS, fhirServer=ehr.url)
    assert treatment_is_unknown(
        client().post("/cds-services/b12-folate-patient-view", json=request)
    )
    assert ehr.seen == []


# Scopes


@pytest.mark.parametrize(
    ("scope", "asked"),
    [
        ("user/*.read", QUERY_TYPES),
        ("patient/*.rs", QUERY_TYPES),
        ("system/*.cruds openid fhirUser", QUERY_TYPES),
        ("launch openid", QUERY_TYPES),
        ("", QUERY_TYPES),
        (None, QUERY_TYPES),
        (
            "user/Patient.read user/Observation.read",
            [kind for kind in QUERY_TYPES if kind in ("Observation", "Patient")],
        ),
        ("user/Patient.r user/Observation.r user/Condition.s", ["Condition", "Patient"]),
        ("user/Patient.write user/Observation.cud", []),
    ],
)
def test_what_the_scopes_exclude_is_not_asked(
    ehr: FhirServer, scope: str | None, asked: list[str]
) -> None:
    post(ehr, granted={"scope": scope})
    assert ehr.kinds() == asked


def test_a_scope_that_hides_a_part_leaves_absence_unknown(ehr: FhirServer) -> None:
    """``MedicationRequest.rs?category=…``: the server leaves out the rest without a word."""
    granted = {
        "scope": "user/MedicationRequest.rs?category=http://terminology.hl7.org/CodeSystem/medicationrequest-category|inpatient"
    }
    assert treatment_is_unknown(_ask(ehr, granted=granted))
    assert ehr.kinds() == ["MedicationRequest"]
    assert not treatment_is_unknown(
        _ask(ehr, granted={"scope": f"{granted['scope']} patient/*.rs"})
    )


def test_a_token_for_another_patient_is_not_used(ehr: FhirServer) -> None:
    """An empty answer about another patient would read as absence."""
    granted = {"scope": "patient/*.rs", "patient": "pat-2"}
    assert treatment_is_unknown(_ask(ehr, granted=granted))
    assert ehr.seen == []
    assert not treatment_is_unknown(_ask(ehr, granted={**granted, "patient": "pat-1"}))
    assert not treatment_is_unknown(_ask(ehr, granted={"scope": "user/*.rs", "patient": "pat-2"}))


# The request


@pytest.mark.parametrize(
    ("element", "value"),
    [
        ("access_token", 1), ("access_token", "two words"), ("access_token", "a\r\nX-Evil: 1"),
        ("access_token", "caf\u00e9"), ("access_token", "x" * 20_000), ("token_type", "MAC"), ("expires_in", "300"),
        ("expires_in", 1.5), ("scope", ["user/*.read"]), ("patient", 7), ("subject", {}),
    ],
)  # fmt: skip
def test_an_authorization_that_cannot_be_meant_is_refused_and_named(
    ehr: FhirServer, element: str, value: Any
) -> None:
    response = post(ehr, granted={element: value})
    assert response.status_code == 400
    assert response.get_json()["issue"][0]["expression"] == [f"fhirAuthorization.{element}"]
    assert ehr.seen == []


@pytest.mark.parametrize("element", ["access_token", "token_type"])
def test_an_authorization_without_its_token_is_refused(ehr: FhirServer, element: str) -> None:
    response = post(ehr, granted={element: None})
    assert (response.status_code, response.get_json()["issue"][0]["code"]) == (400, "required")


@pytest.mark.parametrize("element", ["expires_in", "scope", "subject"])
def test_what_else_is_required_of_clients_may_be_missing(ehr: FhirServer, element: str) -> None:
    assert ids_of(post(ehr, granted={element: None})) == ["b12-deficiency-neuro"]


def test_an_authorization_needs_a_server() -> None:
    """CDS Hooks 3.0.0, HTTP Request: "If fhirAuthorization is provided, this field is REQUIRED"."""
    request = hook_request("patient-view", prefetch(), fhirAuthorization=authorization())
    response = client().post("/cds-services/b12-folate-patient-view", json=request)
    assert response.status_code == 400
    assert response.get_json()["issue"][0]["expression"] == ["fhirServer"]


@pytest.mark.parametrize(
    "url",
    [
        "",
        "ehr",
        "ftp://ehr.example.org",
        "//ehr.example.org/fhir",
        "https://ehr.example.org/a b",
        "javascript:1",
    ],
)
def test_a_fhir_server_that_is_no_http_url_is_refused(url: str) -> None:
    response = client().post(
        "/cds-services/b12-folate-patient-view",
        json=hook_request("patient-view", prefetch(), fhirServer=url),
    )
    assert response.status_code == 400
    assert response.get_json()["issue"][0]["expression"] == ["fhirServer"]
