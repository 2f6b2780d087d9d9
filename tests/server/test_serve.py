"""The service as it is started: a real server, over HTTP."""

import subprocess
import sys

import pytest
import requests

from cds_service.authoring.example import example_request
from tests.support.fhir_builders import NOW
from tests.support.serving import refused_start, serving


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("server")) as server:
        yield server.base


def test_discovery_and_a_hook(base):
    services = requests.get(f"{base}/cds-services", timeout=10).json()["services"]
    assert {service["hook"] for service in services} == {"patient-view", "order-select", "order-sign", "encounter-discharge"}
    answer = requests.post(f"{base}/cds-services/b12-folate-order-select", json=example_request("order-select", NOW), timeout=10)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert "cards" in answer.json()


def test_a_second_service_does_not_share_the_port_of_the_first(base):
    port = base.rpartition(":")[2]
    second = subprocess.run([sys.executable, "-m", "cds_service", "serve", "--port", port], capture_output=True, text=True, timeout=60)
    assert second.returncode == 1
    assert second.stderr == f"Error: CDS_HOST, CDS_PORT: cannot listen on 127.0.0.1:{port}: Address already in use\n"


def test_unknown_page_is_an_operation_outcome(base):
    answer = requests.get(f"{base}/nothing", timeout=10)
    assert answer.status_code == 404
    assert answer.json()["resourceType"] == "OperationOutcome"


@pytest.mark.parametrize(
    ("variable", "value"), [("CDS_PARAMETERS", "fr"), ("CDS_FORMULARY", "aspirin"), ("CDS_TIMEZONE", "Mars/Base"), ("CDS_PORT", "http")]
)
def test_a_wrong_setting_stops_the_start_and_is_named(variable, value):
    assert variable in refused_start(**{variable: value})
