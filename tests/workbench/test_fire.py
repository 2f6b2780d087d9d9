"""``fire`` and ``explain`` on the command line: a request file, or a patient on a real FHIR server."""

import json
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner

from cds_service.authoring.example import example_request
from cds_service.cli import main
from tests.support.fhir_builders import NOW, PATIENT
from tests.support.fhir_server import FhirServer, example_record, running


@pytest.fixture
def server():
    with running(FhirServer(example_record(), token=None)) as fhir:
        yield fhir


def _ran(*arguments):
    return CliRunner().invoke(main, arguments)


def test_a_request_file_is_fired(tmp_path):
    file = tmp_path / "request.json"
    file.write_text(json.dumps(example_request("order-select", datetime.now(UTC))))
    ran = _ran("fire", str(file))
    assert ran.exit_code == 0, ran.output
    assert ran.output.startswith("CRITICAL: B12 deficiency is known: do not give folic acid alone")
    assert (
        json.loads(_ran("fire", str(file), "--json").output)["cards"][0]["indicator"] == "critical"
    )


@pytest.mark.parametrize("command", ["fire", "explain"])
def test_a_patient_on_a_fhir_server_is_asked_about_with_an_order(server, command):
    ran = _ran(
        command,
        "--fhir-server",
        server.url,
        "--patient",
        PATIENT,
        "--now",
        NOW.isoformat(),
        "--order",
        "folic acid 5 mg",
        "--order",
        "B12 test",
    )
    assert ran.exit_code == 0, ran.output
    assert (
        "folic-acid-b12-deficient: fires" in ran.output
        if command == "explain"
        else "do not give folic acid alone" in ran.output
    )


def test_the_token_of_a_file_is_sent(server, tmp_path):
    server.token = "secret"
    (tmp_path / "token").write_text("secret\n")
    ran = _ran(
        "fire",
        "--fhir-server",
        server.url,
        "--patient",
        PATIENT,
        "--now",
        NOW.isoformat(),
        "--token-file",
        str(tmp_path / "token"),
    )
    assert ran.exit_code == 0, ran.output
    assert {seen.token for seen in server.seen} == {"Bearer secret"}
    assert "secret" not in ran.output


@pytest.mark.parametrize("command", ["fire", "explain"])
@pytest.mark.parametrize("written", ["yesterday", "", "2026-13-01", "0001-01-01"])
def test_a_time_that_cannot_be_read_is_told_with_one_that_can(command, written):
    ran = _ran(
        command, "--fhir-server", "http://localhost:1/fhir", "--patient", "1", "--now", written
    )
    assert ran.exit_code == 2
    assert f"'{written}' is not a time in ISO 8601, such as 2026-03-01T09:00+01:00." in ran.output


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "Name a request file, or --fhir-server"),
        (("--fhir-server", "http://localhost:1/fhir"), "needs --patient"),
        (("--order", "folic acid 1 mg"), "need --fhir-server"),
        (("--fhir-server", "nowhere", "--patient", "1"), "nowhere"),
        (
            (
                "--fhir-server",
                "http://localhost:1/fhir",
                "--patient",
                "1",
                "--hook",
                "patient-view",
                "--order",
                "x",
            ),
            "has no draft orders",
        ),
        (
            ("--fhir-server", "http://localhost:1/fhir", "--patient", "1"),
            "a hook call would get status 412",
        ),
    ],
)
def test_what_cannot_be_asked_is_told(arguments, told):
    ran = _ran("fire", *arguments)
    assert ran.exit_code != 0
    assert told in ran.output
