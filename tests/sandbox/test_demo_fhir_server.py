"""The demo FHIR server answers what it is asked, or says that it cannot; it is for this machine, and for reading."""

from __future__ import annotations

import socket
from itertools import chain
from typing import Any

import pytest
import requests

from cds_service.sandbox.fhir_search import KINDS
from tests.sandbox.started import Started
from tests.support.serving import held_port
from tests.support.waiting import PATIENCE

Json = dict[str, Any]
OBSERVATIONS = "Observation?patient=margaret-hill"


def _get(started: Started, url: str, status: int = 200, **headers: str) -> Json:
    answer = requests.get(f"{started.fhir}/{url}", headers=headers, timeout=PATIENCE)
    assert (answer.status_code, answer.headers["Content-Type"]) == (
        status,
        "application/fhir+json",
    ), answer.text
    content: Json = answer.json()
    return content


def _found(bundle: Json) -> list[str]:
    return [
        entry["resource"]["id"]
        for entry in bundle.get("entry", [])
        if entry["search"]["mode"] == "match"
    ]


@pytest.mark.parametrize(
    ("url", "parameter"),
    [
        (f"{OBSERVATIONS}&date=ge2020-01-01", "date"),
        (f"{OBSERVATIONS}&code:in=http://example.org/ValueSet/b12", "code:in"),
        (f"{OBSERVATIONS}&code:not=2132-9", "code:not"),
        ("Observation?patient.name=Hill", "patient.name"),
        ("Observation?patient:Patient=margaret-hill", "patient:Patient"),
        ("Observation?patient=", "patient"),
        ("Patient?_summary=count", "_summary"),
        ("Patient?_has:Observation:patient:code=2132-9", "_has:Observation:patient:code"),
        ("Patient?_elements=id", "_elements"),
        (f"{OBSERVATIONS}&_sort=code", "_sort"),
        (f"{OBSERVATIONS}&_sort=-date,value", "_sort"),
        (f"{OBSERVATIONS}&_count=many", "_count"),
        (f"{OBSERVATIONS}&_count=-1", "_count"),
        (f"{OBSERVATIONS}&_include=Observation:performer", "_include"),
        (f"{OBSERVATIONS}&_include=MedicationRequest:medication", "_include"),
        (f"{OBSERVATIONS}&_include:iterate=Observation:patient", "_include:iterate"),
        (f"{OBSERVATIONS}&_revinclude=Provenance:target", "_revinclude"),
    ],
)
def test_what_is_not_supported_is_refused_by_name(
    started: Started, url: str, parameter: str
) -> None:
    [issue] = _get(started, url, 400)["issue"]
    assert issue["expression"] == [parameter]


@pytest.mark.parametrize(
    ("url", "status"),
    [("Patient/nobody", 404), ("Coverage/1", 404), ("Coverage?patient=margaret-hill", 404)],
)
def test_what_is_not_there_is_not_found(started: Started, url: str, status: int) -> None:
    assert _get(started, url, status)["resourceType"] == "OperationOutcome"


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_nothing_can_be_written(started: Started, method: str) -> None:
    answer = requests.request(
        method, f"{started.fhir}/Patient/margaret-hill", json={}, timeout=PATIENCE
    )
    assert answer.status_code == 405
    assert requests.post(f"{started.fhir}/Patient", json={}, timeout=PATIENCE).status_code == 405
    assert _get(started, "Patient/margaret-hill")["name"][0]["family"] == "Hill"


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("code=2132-9", ["Vitamin B12, serum"]),
        ("code=http://loinc.org|2132-9", ["Vitamin B12, serum"]),
        (
            "code=http://loinc.org|718-7,http://loinc.org|787-2",
            ["Haemoglobin", "Mean corpuscular volume"],
        ),
        (
            "code=http://loinc.org|",
            ["Vitamin B12, serum", "Folate, serum", "Haemoglobin", "Mean corpuscular volume"],
        ),
        ("code=http://snomed.info/sct|2132-9", []),
        ("code=2132-9&code=718-7", []),
        ("code=718-7&status=final,amended", ["Haemoglobin"]),
        ("code=718-7&status=preliminary", []),
        ("code=718-7&category=laboratory", ["Haemoglobin"]),
    ],
)
def test_results_are_found_by_code_status_and_category(
    started: Started, query: str, wanted: list[str]
) -> None:
    bundle = _get(started, f"{OBSERVATIONS}&{query}")
    assert [entry["resource"]["code"]["text"] for entry in bundle.get("entry", [])] == wanted
    assert bundle["total"] == len(wanted)


@pytest.mark.parametrize(
    "reference",
    ["patient=samuel-kerr", "patient=Patient/samuel-kerr", "subject=Patient/samuel-kerr"],
)
def test_results_come_in_the_order_that_was_asked_for(started: Started, reference: str) -> None:
    def days(order: str) -> list[str]:
        entries = _get(started, f"Observation?{reference}&_sort={order}")["entry"]
        return [entry["resource"]["effectiveDateTime"] for entry in entries]

    assert len(days("date")) == 2
    assert days("date") == sorted(days("date")) == days("-date")[::-1]


def test_pages_hold_everything_once(started: Started) -> None:
    whole = _found(_get(started, "Patient?_sort=identifier&_count=100"))
    url, pages = f"{started.fhir}/Patient?_sort=identifier&_count=12", []
    while url:
        bundle = requests.get(url, timeout=PATIENCE).json()
        pages.append(_found(bundle))
        assert bundle["total"] == len(whole)
        url = next((link["url"] for link in bundle["link"] if link["relation"] == "next"), "")
    assert [len(page) for page in pages[:-1]] == [12] * (len(pages) - 1)
    assert list(chain.from_iterable(pages)) == whole


def test_medications_come_along_where_that_is_asked_for(started: Started) -> None:
    orders = "MedicationRequest?patient=henry-stone&intent=order&status=active"
    assert [entry["resource"]["resourceType"] for entry in _get(started, orders)["entry"]] == [
        "MedicationRequest"
    ]
    order, medication = _get(started, f"{orders}&_include=MedicationRequest:medication")["entry"]
    assert (
        order["resource"]["medicationReference"]["reference"]
        == f"Medication/{medication['resource']['id']}"
    )
    assert (order["search"]["mode"], medication["search"]["mode"]) == ("match", "include")
    assert (
        _get(started, medication["fullUrl"].removeprefix(f"{started.fhir}/"))
        == medication["resource"]
    )


def test_a_search_may_be_posted_as_a_form(started: Started) -> None:
    form = {"patient": "margaret-hill", "code": "http://loinc.org|718-7"}
    posted = requests.post(
        f"{started.fhir}/Observation/_search", data=form, timeout=PATIENCE
    ).json()
    assert posted["entry"] == _get(started, f"{OBSERVATIONS}&code=718-7")["entry"]


def test_the_statement_names_what_is_taken(started: Started) -> None:
    statement = _get(started, "metadata")
    assert (statement["resourceType"], statement["fhirVersion"]) == ("CapabilityStatement", "4.0.1")
    kinds = {resource["type"]: resource for resource in statement["rest"][0]["resource"]}
    assert set(kinds) == set(KINDS)
    for kind, resource in kinds.items():
        for parameter in resource["searchParam"]:
            if parameter["name"] not in ("_sort", "_count"):
                assert _get(started, f"{kind}?{parameter['name']}=x")["total"] == 0
        for include in resource.get("searchInclude", []):
            _get(started, f"{kind}?_include={include}")


def test_every_reference_of_a_record_leads_to_a_resource(started: Started) -> None:
    def references(value: Any) -> set[str]:
        if isinstance(value, list):
            return set().union(*map(references, value))
        if isinstance(value, dict):
            named = {value["reference"]} if isinstance(value.get("reference"), str) else set()
            return named.union(*map(references, value.values()))
        return set()

    bundles = [_get(started, f"{kind}?_count=1000") for kind in KINDS]
    resources = {
        f"{item['resource']['resourceType']}/{item['resource']['id']}": item["resource"]
        for b in bundles
        for item in b.get("entry", [])
    }
    assert references(list(resources.values())) <= set(resources)


def test_both_servers_listen_on_one_address_of_this_machine_alone(started: Started) -> None:
    """The whole of 127/8 is this machine: who listened on every address would answer there, too."""
    for base in (started.service, started.demo):
        port = int(base.rpartition(":")[2])
        socket.create_connection(("127.0.0.1", port), timeout=PATIENCE).close()
        with pytest.raises(OSError):
            socket.create_connection(("127.0.0.2", port), timeout=PATIENCE)


def test_a_page_that_led_a_name_of_its_own_here_is_refused(started: Started) -> None:
    assert _get(started, "Patient", 421, Host="evil.example")["resourceType"] == "OperationOutcome"


def test_no_other_pages_may_read(started: Started) -> None:
    for url in (f"{started.fhir}/Patient", f"{started.service}/cds-services"):
        answer = requests.get(url, headers={"Origin": "https://evil.example"}, timeout=PATIENCE)
        assert "Access-Control-Allow-Origin" not in answer.headers


def test_a_port_that_is_taken_is_told(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from click.testing import CliRunner

    from cds_service.cli import main

    with socket.socket() as taken, held_port() as free:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ended = CliRunner().invoke(main, ["sandbox", "--port", str(free), "--fhir-port", str(port)])
    assert ended.exit_code == 1
    assert f"--fhir-port: cannot listen on 127.0.0.1:{port}" in ended.output
