"""The token goes to the FHIR server of the list and nowhere else, and no answer costs more than it may."""

from __future__ import annotations

import gzip
import logging
import socket
import tracemalloc
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from cds_service.fhir_server.authorization import FhirAuthorization
from cds_service.fhir_server.client import FhirClient
from cds_service.fhir_server.servers import Server
from tests.fhir_access.calls import authorization, ids_of, post, treatment_is_unknown
from tests.support.clinic import client
from tests.support.fhir_builders import (
    CYANOCOBALAMIN_INJECTION,
    PATIENT,
    bundle,
    hook_request,
    medication_request,
    observation,
    prefetch,
)
from tests.support.fhir_server import TOKEN, FhirServer, Handler, example_record, reset, running

LOW = observation("b12", 110, "pg/mL")
NO_MEDICATIONS = prefetch(LOW, without=("medication-requests",))


@pytest.fixture
def other() -> Iterator[FhirServer]:
    """Another server on this machine, which would give away anything."""
    with running(FhirServer(example_record(), token=None)) as server:
        yield server


@pytest.fixture(scope="module")
def listed() -> Iterator[FhirServer]:
    """One server for many tests, so that the service is loaded once for them."""
    with running(FhirServer(example_record())) as server:
        yield server


# Server-side request forgery by fhirServer


@pytest.mark.parametrize(
    "settings",
    [
        {"fhir_servers": ""},
        {"fhir_servers": "https://ehr.example.org/fhir"},
        {"host": "0.0.0.0", "insecure": True},
    ],
)
def test_a_server_that_is_not_listed_is_not_asked(
    ehr: FhirServer, settings: dict[str, Any]
) -> None:
    assert treatment_is_unknown(post(ehr, "patient-view", NO_MEDICATIONS, settings=settings))
    assert post(ehr, settings=settings).status_code == 412
    assert ehr.connections == 0


@pytest.mark.parametrize(
    "url",
    [
        "{origin}", "{origin}/", "{origin}/fhi", "{origin}/fhirs", "{origin}/other", "{origin}/fhir/..", "{origin}/fhir/../admin",
        "{origin}/fhir/%2e%2e/admin", "{origin}/fhir/%2E%2E%2Fadmin", "{origin}/fhir/..%5cadmin", "{origin}/fhir?x=", "{origin}/fhir#x",
        "http://user@{netloc}/fhir", "http://{netloc}@ehr.example.org/fhir", "http://{netloc}\\@ehr.example.org/fhir",
        "https://{netloc}/fhir", "http://localhost:{port}/fhir", "http://127.0.0.2:{port}/fhir", "http://2130706433:{port}/fhir",
        "http://0x7f.1:{port}/fhir", "http://0177.0.0.1:{port}/fhir", "http://[::1]:{port}/fhir", "http://[::ffff:127.0.0.1]:{port}/fhir",
        "http://0.0.0.0:{port}/fhir", "http://127.1:{port}/fhir", "http://169.254.169.254/latest/meta-data", "http://127.0.0.1.:{port}/fhir",
    ],
)  # fmt: skip
def test_only_the_very_base_url_that_is_listed_is_asked(listed: FhirServer, url: str) -> None:
    """One server is listed, by its address; everything else, though it may lead to the same machine, is not."""
    url = url.format(origin=listed.origin, netloc=f"127.0.0.1:{listed.port}", port=listed.port)
    response = post(url, "patient-view", NO_MEDICATIONS, settings={"fhir_servers": listed.url})
    assert response.status_code == 400 or treatment_is_unknown(response)
    assert listed.seen == []


@pytest.mark.parametrize(
    "url",
    [
        "{url}",
        "{url}/",
        "HTTP://127.0.0.1:{port}/fhir",
        "{origin}/x/../fhir",
        "{origin}/fhir/tenant-1/..",
    ],
)
def test_a_base_url_may_be_written_in_several_ways(listed: FhirServer, url: str) -> None:
    url = url.format(url=listed.url, origin=listed.origin, port=listed.port)
    assert not treatment_is_unknown(
        post(url, "patient-view", NO_MEDICATIONS, settings={"fhir_servers": listed.url})
    )
    listed.seen.clear()


def test_a_tenant_below_a_listed_base_is_allowed_and_kept_apart(ehr: FhirServer) -> None:
    """The token of one tenant does not go to another by a ``next`` link; the search itself is asked for anew."""
    url = f"{ehr.url}/MedicationRequest?patient={PATIENT}"
    page = bundle([], link=[{"relation": "next", "url": url}])
    settings = {"fhir_servers": ehr.origin}
    assert not treatment_is_unknown(
        post(
            ehr, "patient-view", {**NO_MEDICATIONS, "medication-requests": page}, settings=settings
        )
    )
    ehr.seen.clear()
    response = post(
        f"{ehr.url}/tenant-1",
        "patient-view",
        {**NO_MEDICATIONS, "medication-requests": page},
        settings=settings,
    )
    assert treatment_is_unknown(response)
    assert [seen.path for seen in ehr.seen] == ["/fhir/tenant-1/MedicationRequest"]


@pytest.mark.parametrize(
    "patient_id",
    [
        "../admin",
        "..",
        ".",
        "1/../../admin",
        "1?x=",
        "1&_include=*",
        "1,2",
        "1#",
        "1 ",
        "%2e%2e",
        "1\r\nX: y",
    ],
)
def test_a_patient_id_does_not_steer_the_request(ehr: FhirServer, patient_id: str) -> None:
    request = hook_request("patient-view", fhirServer=ehr.url, fhirAuthorization=authorization())
    request["context"]["patientId"] = patient_id
    assert client(ehr="generic").post(
        "/cds-services/b12-folate-patient-view", json=request
    ).status_code in (400, 412)
    assert ehr.seen == []


# Names that lead elsewhere


def _resolver(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[str]:
    """Let ``ehr.example.org`` resolve to one answer after another, as a hostile name server does."""
    asked: list[str] = []
    genuine = socket.getaddrinfo

    def getaddrinfo(host: Any, port: Any, *arguments: Any, **options: Any) -> Any:
        if host != "ehr.example.org":
            return genuine(host, port, *arguments, **options)
        asked.append(host)
        found = answers[min(len(asked), len(answers)) - 1]
        return [
            (
                socket.AF_INET6 if ":" in item else socket.AF_INET,
                socket.SOCK_STREAM,
                6,
                "",
                (item, port),
            )
            for item in found
        ]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "::ffff:127.0.0.1", "0.0.0.0"])
def test_a_listed_name_does_not_lead_into_a_private_network(
    ehr: FhirServer, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    asked = _resolver(monkeypatch, [address])
    url = f"https://ehr.example.org:{ehr.port}/fhir"
    assert treatment_is_unknown(
        post(url, "patient-view", NO_MEDICATIONS, settings={"fhir_servers": url})
    )
    assert asked
    assert ehr.connections == 0


def test_a_listed_name_may_lead_into_a_network_that_the_site_names(
    ehr: FhirServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was checked is what is connected to: the name is resolved once, though its next answer would be another."""
    asked = _resolver(monkeypatch, ["127.0.0.1"], ["127.0.0.2"])
    url = f"http://ehr.example.org:{ehr.port}/fhir"
    settings = {"fhir_servers": url, "fhir_networks": "127.0.0.1/32"}
    assert not treatment_is_unknown(post(url, "patient-view", NO_MEDICATIONS, settings=settings))
    assert asked == ["ehr.example.org"]
    assert ehr.seen[0].headers["Host"] == f"ehr.example.org:{ehr.port}"


def test_among_several_addresses_only_an_allowed_one_is_used(
    ehr: FhirServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    _resolver(monkeypatch, ["127.0.0.2", "127.0.0.1"])
    url = f"http://ehr.example.org:{ehr.port}/fhir"
    settings = {"fhir_servers": url, "fhir_networks": "127.0.0.1/32"}
    assert not treatment_is_unknown(post(url, "patient-view", NO_MEDICATIONS, settings=settings))


# Redirects and links


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("own", [True, False])
def test_no_redirect_is_followed(
    ehr: FhirServer, other: FhirServer, status: int, own: bool
) -> None:
    target = f"{(ehr if own else other).url}/Elsewhere?patient={PATIENT}"
    ehr.behaviours["MedicationRequest"] = lambda handler: handler.send(b"", status, Location=target)
    assert treatment_is_unknown(post(ehr, "patient-view", NO_MEDICATIONS))
    assert ehr.kinds() == ["MedicationRequest"]
    assert other.connections == 0


LINKS = [
    "{other}/MedicationRequest?patient=pat-1", "//{othernetloc}/fhir/MedicationRequest?x=1", "http://{netloc}@{othernetloc}/fhir/M?x=1",
    "http://{othernetloc}\\@{netloc}/fhir/M?x=1", "http://{netloc}#@{othernetloc}/fhir/M?x=1", "{origin}/admin?x=1", "{origin}/fhirs/M?x=1",
    "{origin}/fhir/../admin?x=1", "{origin}/fhir/%2e%2e/admin?x=1", "../admin?x=1", "/admin?x=1", "file:///etc/passwd", "ftp://{netloc}/fhir",
    "https://{netloc}/fhir/M?x=1", "http://localhost:{port}/fhir/M?x=1", "http://[", "http://{netloc}:99/fhir/M?x=1", "{origin}\r\nX: /fhir?x=1",
    "{other}/Condition?patient=pat-1", "{other}/MedicationRequest/1",
]  # fmt: skip


@pytest.mark.parametrize("link", LINKS)
@pytest.mark.parametrize("prefetched", [True, False])
def test_a_next_link_that_leaves_the_server_is_not_followed(
    ehr: FhirServer, other: FhirServer, link: str, prefetched: bool
) -> None:
    """What is asked for instead is below fhirServer: the same path, and the search itself."""
    url = link.format(
        other=other.url,
        origin=ehr.origin,
        port=ehr.port,
        netloc=f"127.0.0.1:{ehr.port}",
        othernetloc=f"127.0.0.1:{other.port}",
    )
    page = bundle([], link=[{"relation": "next", "url": url}])
    ehr.behaviours["MedicationRequest"] = lambda handler: handler.send(page)
    values = {**NO_MEDICATIONS, "medication-requests": page} if prefetched else NO_MEDICATIONS
    assert treatment_is_unknown(post(ehr, "patient-view", values))
    assert 1 <= len(ehr.seen) <= 3
    assert all(seen.path.startswith("/fhir/") for seen in ehr.seen)
    assert other.connections == 0


def test_an_absolute_reference_that_leaves_the_server_is_not_followed(
    ehr: FhirServer, other: FhirServer
) -> None:
    other.resources.append(
        {"resourceType": "Medication", "id": "m-1", "code": CYANOCOBALAMIN_INJECTION}
    )
    order = medication_request(
        {},
        medicationCodeableConcept=None,
        medicationReference={"reference": f"{other.url}/Medication/m-1"},
        authoredOn="2026-01-01",
    )
    assert treatment_is_unknown(post(ehr, "patient-view", prefetch(LOW, order)))
    assert ehr.seen == []
    assert other.connections == 0


def test_neither_proxies_nor_passwords_of_the_environment_are_used(
    ehr: FhirServer, other: FhirServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, other.origin)
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login somebody password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    assert not treatment_is_unknown(post(ehr, "patient-view", NO_MEDICATIONS))
    assert ehr.seen[0].token == f"Bearer {TOKEN}"
    assert other.connections == 0


def test_cookies_do_not_pass_from_one_call_to_the_next(ehr: FhirServer) -> None:
    ehr.behaviours["*"] = lambda handler: handler.send(
        handler.page(ehr.searched(handler.request_seen)), **{"Set-Cookie": "patient=pat-1; Path=/"}
    )
    for _ in range(2):
        post(ehr, "patient-view", NO_MEDICATIONS)
    assert len(ehr.seen) == 2
    assert not any("Cookie" in seen.headers for seen in ehr.seen)


# Answers made to harm


def _answer(ehr: FhirServer, body: bytes, **headers: str) -> Any:
    ehr.behaviours["MedicationRequest"] = lambda handler: handler.send(body, **headers)
    return post(ehr, "patient-view", NO_MEDICATIONS)


@cache
def _bomb(times: int) -> bytes:
    """100 MB of spaces, packed so many times."""
    return gzip.compress(_bomb(times - 1), 6) if times else b" " * 100_000_000


@pytest.mark.parametrize("status", [200, 302, 503])
@pytest.mark.parametrize("times", [0, 1, 2])
def test_a_decompression_bomb_is_left_alone(ehr: FhirServer, times: int, status: int) -> None:
    body = _bomb(times)
    encoding = ", ".join(["gzip"] * times) or "identity"
    headers = {
        "Content-Encoding": encoding,
        "Location": f"{ehr.url}/Elsewhere?x=1",
        "Retry-After": "1",
    }
    ehr.behaviours["MedicationRequest"] = lambda handler: handler.send(body, status, **headers)
    tracemalloc.start()
    try:
        assert treatment_is_unknown(post(ehr, "patient-view", NO_MEDICATIONS))
        assert tracemalloc.get_traced_memory()[1] < 40_000_000
    finally:
        tracemalloc.stop()


def test_all_answers_of_a_call_share_one_limit_of_bytes(ehr: FhirServer) -> None:
    filler = {"resourceType": "Basic", "id": "b", "text": {"div": "x" * 40_000}}
    ehr.behaviours["*"] = lambda handler: handler.send(bundle([filler]))
    urls = {f"query {number}": f"Basic?_tag={number}" for number in range(9)}
    for most_bytes, answered in ((100_000, 2), (1_000_000, 9)):
        reader = FhirClient((Server(None),), 2.0, most_bytes)
        found = reader.reading(ehr.url, FhirAuthorization(TOKEN, "Bearer"), PATIENT)(urls)
        assert sum(fetched.value is not None for fetched in found.values()) == answered


def test_a_body_without_end_is_cut_off(ehr: FhirServer) -> None:
    def endless(handler: Handler) -> None:
        handler.connection.sendall(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/fhir+json\r\n\r\n"
        )
        try:
            while True:
                handler.connection.sendall(b" " * 100_000)
        except OSError:
            handler.close_connection = True

    ehr.behaviours["MedicationRequest"] = endless
    assert treatment_is_unknown(
        post(ehr, "patient-view", NO_MEDICATIONS, settings={"max_body_bytes": 500_000})
    )


def test_headers_without_end_are_cut_off(ehr: FhirServer) -> None:
    def endless(handler: Handler) -> None:
        handler.connection.sendall(b"HTTP/1.1 200 OK\r\n")
        try:
            for number in range(100_000):
                handler.connection.sendall(b"X-%d: %s\r\n" % (number, b"x" * 1000))
        except OSError:
            handler.close_connection = True

    ehr.behaviours["MedicationRequest"] = endless
    assert treatment_is_unknown(post(ehr, "patient-view", NO_MEDICATIONS))


@pytest.mark.parametrize("depth", [2_000, 200_000])
@pytest.mark.parametrize("text", ['{"entry":[', '{"a":', "["])
def test_deep_json_is_no_answer(ehr: FhirServer, text: str, depth: int) -> None:
    assert treatment_is_unknown(_answer(ehr, text.encode() * depth))


@pytest.mark.parametrize(
    "number", ["1" * 5000, "1e999", "-1e999", "NaN", "1e-999", "99999999999999999999999"]
)
def test_numbers_beyond_all_measure_do_no_harm(ehr: FhirServer, number: str) -> None:
    body = '{"resourceType": "Bundle", "total": %s, "entry": []}'
    assert _answer(ehr, (body % number).encode()).status_code == 200
    ehr.behaviours["Observation"] = lambda handler: handler.send(
        b'{"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "Observation", "status": "final", "id": "o", '
        b'"subject": {"reference": "Patient/pat-1"}, "effectiveDateTime": "2026-11-22", "code": {"coding": [{"system": "http://loinc.org", '
        b'"code": "2132-9"}]}, "valueQuantity": {"unit": "pg/mL", "value": '
        + number.encode()
        + b"}}}]}"
    )
    laboratory = ("b12-results", "blood-count", "renal-and-potassium")
    response = post(ehr, "patient-view", prefetch(without=laboratory))
    assert response.status_code in (200, 412)
    if response.status_code == 200:
        assert ids_of(response) == []


def test_data_of_another_patient_does_not_count(ehr: FhirServer) -> None:
    stray = {**LOW, "subject": {"reference": "Patient/pat-2"}}
    ehr.behaviours["Observation"] = lambda handler: handler.send(bundle([stray]))
    assert (
        ids_of(post(ehr)) == []
    )  # nor is it known that the patient has no result, which would indicate a test
    ehr.behaviours["Patient"] = lambda handler: handler.send(
        {"resourceType": "Patient", "id": "pat-2", "birthDate": "2020-01-01"}
    )
    assert post(ehr).status_code == 412


# What stays behind


def test_neither_token_nor_patient_is_logged(
    ehr: FhirServer, other: FhirServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    calls = [
        lambda: post(ehr),
        lambda: post(ehr, granted={"access_token": f"{TOKEN}x"}),
        lambda: post(ehr, granted={"scope": "user/Patient.read"}),
        lambda: post(f"http://ehr.example.org/{PATIENT}\u001b[31m", granted={}),
        lambda: post(f"https://{PATIENT}.example.org/fhir/{PATIENT}?x={TOKEN}"),
    ]
    ehr.behaviours["Condition"] = lambda handler: handler.send(
        b"", 302, Location=f"{other.url}/{PATIENT}"
    )
    ehr.behaviours["Procedure"] = lambda handler: handler.send(f"<{PATIENT}>".encode())
    ehr.behaviours["ServiceRequest"] = reset
    ehr.behaviours["MedicationRequest"] = lambda handler: handler.send(
        bundle([], link=[{"relation": "next", "url": f"{other.url}/{PATIENT}"}])
    )
    for call in calls:
        call()
    text = caplog.text.replace(
        f"https://{PATIENT}.example.org", ""
    )  # the host of a refused server is told
    assert TOKEN not in text
    assert PATIENT not in text
    assert "FHIR query conditions was not answered" in text
