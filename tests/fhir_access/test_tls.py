"""A FHIR server over TLS: its certificate must be its own and from an authority that the site trusts."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from tests.fhir_access.calls import ids_of, post
from tests.support.fhir_server import FhirServer, example_record, running


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def bundle_file(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tls") / "authorities.pem"
    authority.cert_pem.write_to_path(path)
    return path


@pytest.fixture
def secure(authority: trustme.CA, request: pytest.FixtureRequest) -> Iterator[FhirServer]:
    """A server whose certificate is for the name of the test's parameter, ``127.0.0.1`` without one."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(getattr(request, "param", "127.0.0.1")).configure_cert(context)
    with running(FhirServer(example_record()), context) as server:
        yield server


def _ask(server: FhirServer, **settings: Any) -> Any:
    return post(server, settings={"fhir_servers": server.url, **settings})


def test_an_authority_of_the_site_is_trusted(secure: FhirServer, bundle_file: Path) -> None:
    for _ in range(2):
        assert ids_of(_ask(secure, fhir_ca_bundle=str(bundle_file))) == ["b12-deficiency-neuro"]


def test_without_it_the_server_is_not_asked(secure: FhirServer) -> None:
    assert _ask(secure).status_code == 412
    assert secure.seen == []


@pytest.mark.parametrize("secure", ["other.example.org"], indirect=True)
def test_a_certificate_of_another_host_is_refused(secure: FhirServer, bundle_file: Path) -> None:
    assert _ask(secure, fhir_ca_bundle=str(bundle_file)).status_code == 412
    assert secure.seen == []


def test_a_bundle_that_cannot_be_read_stops_the_start(tmp_path: Path) -> None:
    from pydantic import ValidationError

    from cds_service.config import Settings

    (tmp_path / "empty.pem").write_text("no certificate\n")
    for name in ("missing.pem", "empty.pem"):
        with pytest.raises(ValidationError, match="fhir_ca_bundle"):
            Settings(fhir_ca_bundle=str(tmp_path / name))
