"""``check-ehr``: what an integrator is told of a server before go-live."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from cds_service.cli import main
from cds_service.ehr.profile_file import ehr_profile
from tests.support.ehr_rules import ATHENA, EPIC, GENERIC, HAPI, OPENEMR, ORACLE, Ehr
from tests.support.ehr_server import EhrServer, playing
from tests.support.fhir_builders import (
    CYANOCOBALAMIN_INJECTION,
    PATIENT,
    bundle,
    medication_request,
    observation,
    patient,
)
from tests.support.fhir_server import FhirServer, example_record, outcome, running

BY_REFERENCE = medication_request(
    {}, medicationCodeableConcept=None, medicationReference={"reference": "Medication/m-1"}
)
RECORD = (
    patient(name=[{"family": "Canaria"}]),
    *(observation("b12", 100 + ago, "pg/mL", ago=ago) for ago in (30, 20, 10)),
    *(observation("creatinine", 80, "umol/L", ago=ago) for ago in range(120, 0, -1)),
    BY_REFERENCE,
    {"resourceType": "Medication", "id": "m-1", "code": CYANOCOBALAMIN_INJECTION},
)

NEITHER_SORTED_NOR_COUNTED = Ehr(page=200, unsorted=True, counted=frozenset())


def _check(server: FhirServer | str, *more: str) -> Result:
    url = server if isinstance(server, str) else server.url
    return CliRunner().invoke(
        main, ["check-ehr", "--fhir-server", url, "--patient", PATIENT, *more]
    )


def _row(result: Result, key: str) -> list[str]:
    line = next(line for line in result.output.splitlines() if line.startswith(f"{key} "))
    return re.split(r"\s{2,}", line)


@pytest.mark.parametrize(
    ("ehr", "profile"),
    [
        (GENERIC.holding(patient()), "generic"),
        (HAPI.holding(*RECORD), "hapi"),
        (EPIC.holding(*RECORD), "epic"),
        (ORACLE.holding(*RECORD), "oracle"),
    ],
    ids=["generic", "HAPI", "Epic", "Oracle Health"],
)
def test_it_ends_with_the_profile_to_configure(ehr: Ehr, profile: str) -> None:
    with playing(ehr) as server:
        result = _check(server)
    assert result.exit_code == 0, result.output
    assert result.output.endswith(f"Profile to configure: CDS_EHR={profile}\n")


@pytest.mark.parametrize(
    "ehr",
    [OPENEMR, Ehr(page=10, most=10), NEITHER_SORTED_NOR_COUNTED],
    ids=["OpenEMR", "small pages", "neither sorted nor counted"],
)
def test_a_profile_of_its_own_is_a_file_with_which_nothing_is_refused(
    ehr: Ehr, tmp_path: Path
) -> None:
    """What is printed is what CDS_EHR reads; asked so, the server refuses nothing."""
    with playing(ehr.holding(*RECORD)) as server:
        first = _check(server)
        path = tmp_path / "ours.yaml"
        path.write_text(first.output.partition("CDS_EHR names:\n\n")[2], "utf-8")
        second = _check(server, "--profile", str(path))
    assert "the server refuses" not in second.output
    assert ehr_profile(str(path)).name == "ours"


def test_only_the_parameters_that_a_server_refuses_are_told_and_left_out() -> None:
    """Of a query with more parameters, a server that refuses two may be sent the others."""
    with playing(NEITHER_SORTED_NOR_COUNTED.holding(*RECORD)) as server:
        result = _check(server)
    for told in ("_sort", "_count"):
        assert f"b12-results: the server refuses a search with {told}, and" in result.output
    assert "codes with their system" not in result.output
    assert "\ncodes: with-system\norder: unknown\n" in result.output


def test_each_list_is_told_with_pages_order_and_what_is_missing() -> None:
    with playing(ORACLE.holding(*RECORD)) as server:
        result = _check(server)
    assert _row(result, "b12-results")[1:6] == ["200", "3", "no", "stated", "newest first"]
    assert _row(result, "renal-and-potassium")[1:4] == ["200", "100", "yes"]
    assert _row(result, "medication-statements")[1] == "404"
    for told in (
        "medication-statements: the server has no such list",
        "b12-results: the server refuses a search with _sort",
        "conditions: the server refuses a search with _count",
        "renal-and-potassium: pages of 100 entries, although 200 are requested",
        "medication-requests: 1 medications are references without a name",
    ):
        assert told in result.output


def test_a_cache_notices_and_foreign_entries_are_told() -> None:
    foreign = observation("b12", 110, "pg/mL", subject={"reference": "Patient/other"})
    ehr = Ehr((patient(), foreign), page=200, notices=("59204",))
    with playing(ehr) as server:
        answer = server.behaviours["*"]

        def stale(handler: Any) -> None:
            send = handler.send
            handler.send = lambda content, *rest, **more: send(
                {**content, "id": "the-same"}, *rest, **more
            )
            answer(handler)

        server.behaviours["Condition"] = stale
        result = _check(server)
    assert "conditions: answered from a cache" in result.output
    assert "b12-results: 1 entries are of another patient" in result.output
    assert "an OperationOutcome 59204" in result.output


def test_nothing_of_the_patient_and_nothing_of_the_token_is_shown(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("opaque-token-1\n", "utf-8")
    with running(FhirServer(example_record())) as server:
        result = _check(server, "--token-file", str(token))
        assert {seen.token for seen in server.seen} == {"Bearer opaque-token-1"}
    assert result.exit_code == 0
    for secret in ("opaque-token", "Canaria", PATIENT, "Amlodipine"):
        assert secret not in result.output


def test_a_server_that_finds_nothing_by_codes_with_their_system_is_found_out() -> None:
    """As OpenEMR did once: an empty list would be taken for the absence of every result."""
    with playing(Ehr(RECORD, page=200, blind_to_systems=True)) as server:
        result = _check(server)
    assert (
        "b12-results: a search by codes with their system finds nothing, by codes alone 3 entries"
        in result.output
    )
    assert "\ncodes: bare\n" in result.output


def test_what_a_server_ignores_is_told() -> None:
    with playing(ATHENA.holding(*RECORD)) as server:
        result = _check(server)
    assert "b12-results: according to its self link, the server ignores _sort." in result.output
    assert "\norder: unknown\n" in result.output


def test_a_server_that_refuses_the_token_cannot_be_used() -> None:
    with running(FhirServer(example_record())) as server:
        result = _check(server)
    assert result.exit_code == 1
    assert (
        "refuses the access token" in result.output
        and "The service cannot answer with this EHR" in result.output
    )


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/fhir", "https://ehr.invalid/fhir"])
def test_a_server_that_does_not_answer_is_told(url: str) -> None:
    result = _check(url)
    assert result.exit_code == 1 and "no address" in result.output


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--fhir-server", "ehr", "--patient", "1"], "is not the base URL"),
        (
            ["--fhir-server", "http://127.0.0.1/fhir", "--patient", "Patient/1"],
            "leave out 'Patient/'",
        ),
        (
            ["--fhir-server", "http://127.0.0.1/fhir", "--patient", "1", "--profile", "epci"],
            "Did you mean 'epic'?",
        ),
    ],
)
def test_slips_are_told(options: list[str], told: str) -> None:
    result = CliRunner().invoke(main, ["check-ehr", *options])
    assert result.exit_code != 0 and told in result.output and "Traceback" not in result.output


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Retry-After", f"Wed, 21 Oct 2099 07:28:00 +{'9' * 13}"),
        ("Retry-After", f"Wed, 21 Oct {'9' * 11} 07:28:00 GMT"),
        ("Content-Type", "application/fhir+json; fhirVersion*=4; fhirVersion*0=4.0"),
    ],
)
def test_a_header_that_nobody_can_read_ends_nothing(header: str, value: str) -> None:
    with playing(GENERIC.holding(*RECORD)) as server:
        server.behaviours["Procedure"] = lambda handler: handler.send(
            bundle([]), 503 if header == "Retry-After" else 200, **{header: value}
        )
        result = _check(server)
    assert result.exit_code == 0, result.exception
    assert _row(result, "procedures")[1] == ("503" if header == "Retry-After" else "200")


def test_a_server_that_fails_is_told_for_each_list() -> None:
    with playing(GENERIC.holding(*RECORD)) as server:
        _failing(server)
        result = _check(server)
    assert result.exit_code == 0
    assert "procedures: status 500. Facts that need it are unknown on every card." in result.output


def _failing(server: EhrServer) -> None:
    server.behaviours["Procedure"] = lambda handler: handler.send(outcome("exception"), 500)
