"""CDS Hooks 3.0.0, "Security and Safety"."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from cds_service.authored_yaml.source import AuthoringError
from cds_service.config import Settings
from cds_service.trust.client_file import load_clients
from tests.support.ehr import ISS

WITHOUT_TLS = [
    "http://cds.example.org",
    "http://192.168.1.7",
    "http://localhost.evil.example",
    "ftp://cds.example.org",
    "//cds.example.org",
]


@pytest.mark.parametrize("url", WITHOUT_TLS)
def test_data_shall_be_transmitted_over_tls(tmp_path: Path, url: str) -> None:
    """All data SHALL be transmitted over HTTPS: neither the service's own address nor a client's keys may be without it."""
    with pytest.raises(ValidationError, match=r"TLS|https"):
        Settings(base_url=url)
    clients = tmp_path / "clients.yaml"
    clients.write_text(json.dumps({"clients": [{"iss": ISS, "jku": f"{url}/jwks.json"}]}), "utf-8")
    with pytest.raises(AuthoringError, match=r"TLS|https"):
        load_clients(clients)


@pytest.mark.parametrize("url", ["http://ehr.example.org/fhir", "http://8.8.8.8:8080/fhir"])
def test_a_fhir_server_beyond_the_sites_networks_shall_have_tls(url: str) -> None:
    """Calling a CDS Service: "The scheme SHALL be https when production data is exchanged"; what has none cannot be listed."""
    with pytest.raises(ValidationError, match="without TLS"):
        Settings(fhir_servers=(url,))
    assert Settings(fhir_servers=(url.replace("http", "https"),)).listed_fhir_servers


@pytest.mark.parametrize(
    "url",
    [
        "https://cds.example.org",
        "https://cds.example.org:8443/b12",
        "http://127.0.0.1:8080",
        "http://localhost:8080",
    ],
)
def test_tls_and_loopback_are_accepted(url: str) -> None:
    """What stays on this machine needs no TLS."""
    assert Settings(base_url=url).base_url == url
