"""The seal of a launch, where a connection to a named server may go, and which settings go together."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest

from cds_service.config import Settings
from cds_service.fhir_server.servers import named_by, read_servers
from cds_service.workbench.smart.sealed import LAUNCH_SECONDS, Launch, Seal

LAUNCH = Launch("state", "nonce", "verifier", "https://ehr.example.org/fhir")


def test_a_sealed_launch_opens_for_ten_minutes():
    seal = Seal(b"key")
    sealed = seal.close(LAUNCH, 1_000_000)
    assert seal.open(sealed, 1_000_000 + LAUNCH_SECONDS) == LAUNCH
    assert seal.open(sealed, 1_000_001 + LAUNCH_SECONDS) is None
    assert "ehr.example.org" not in sealed


def test_what_another_start_sealed_or_anybody_changed_does_not_open():
    sealed = Seal(b"key").close(LAUNCH, 1_000_000)
    assert Seal(b"other").open(sealed, 1_000_000) is None
    changed = sealed[:40] + ("A" if sealed[40] != "A" else "B") + sealed[41:]
    for odd in (changed, sealed[:-4], "", "é", "used"):
        assert Seal(b"key").open(odd, 1_000_000) is None


def _may(listed, named, address, networks=(), development=False):
    [server] = read_servers(
        [listed], [ip_network(network) for network in networks], development=development
    )
    found = named_by(server, named)
    return found is not None and found.may_connect(ip_address(address))


EHR = "https://ehr.example.org/fhir"
IDP = "https://idp.example.org/token"


@pytest.mark.parametrize(
    ("listed", "named", "address", "networks", "may"),
    [
        (EHR, IDP, "93.184.215.14", (), True),
        (EHR, "https://ehr.example.org/token", "93.184.215.14", (), True),
        (EHR, IDP, "10.1.2.3", (), False),
        (EHR, IDP, "10.1.2.3", ("10.1.0.0/16",), True),
        (EHR, IDP, "127.0.0.1", (), False),
        (EHR, IDP, "169.254.169.254", (), False),
        (EHR, IDP, "::ffff:10.1.2.3", (), False),
        (EHR, "https://10.1.2.3/token", "10.1.2.3", (), False),
        (EHR, "https://localhost/token", "127.0.0.1", (), False),
        (EHR, "http://127.0.0.1:6379/", "127.0.0.1", (), False),
        (EHR, "http://idp.example.org/token", "93.184.215.14", (), False),
        (EHR, "http://idp.example.org/token", "10.1.2.3", ("10.1.0.0/16",), False),
        (EHR, "https://user@idp.example.org/token", "93.184.215.14", (), False),
        ("https://10.1.2.3/fhir", "https://10.1.2.3/token", "10.1.2.3", (), True),
        ("https://10.1.2.3/fhir", "https://10.1.2.4/token", "10.1.2.4", (), False),
        ("http://127.0.0.1:8081/fhir", "http://127.0.0.1:8081/token", "127.0.0.1", (), True),
        ("http://127.0.0.1:8081/fhir", "http://127.0.0.1:6379/", "127.0.0.1", (), False),
    ],
)
def test_where_a_server_that_a_listed_one_names_may_be(listed, named, address, networks, may):
    assert _may(listed, named, address, networks) is may


def test_without_tls_a_browser_is_sent_from_this_machine_to_this_machine_alone():
    [elsewhere] = read_servers([EHR], (), development=False)
    [here] = read_servers(["http://localhost:8081/fhir"], (), development=False)
    assert named_by(elsewhere, "http://127.0.0.1:9000/authorize") is None
    assert named_by(here, "http://127.0.0.1:9000/authorize") is not None
    assert named_by(here, "http://idp.example.org/authorize") is None


def test_in_development_a_server_on_this_machine_names_others_on_it_alone():
    assert _may("loopback", "http://127.0.0.1:9000/token", "127.0.0.1", development=True)
    assert not _may("loopback", IDP, "93.184.215.14", development=True)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"smart_client_id": "app"}, "set CDS_BASE_URL too"),
        (
            {"smart_client_secret": "secret"},
            "set CDS_SMART_CLIENT_ID too; without it there is no SMART app",
        ),
        ({"smart_frames": "https://ehr.example.org/chart"}, "is not an origin"),
        ({"smart_client_id": "app\n", "base_url": "https://cds.example.org"}, "pattern"),
    ],
)
def test_settings_that_do_not_go_together_are_told(settings, told):
    with pytest.raises(ValueError, match=told):
        Settings(**settings)
