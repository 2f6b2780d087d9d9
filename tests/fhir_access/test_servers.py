"""``CDS_FHIR_SERVERS`` and ``CDS_FHIR_NETWORKS``: what a site may write and what it allows."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from requests import Request

from cds_service.config import Settings
from cds_service.fhir_server.servers import Address, parse_address, read_servers


def _allows(entries: list[str], url: str, *, host: str = "127.0.0.1") -> bool:
    address = parse_address(url)
    return address is not None and any(
        server.lists(address)
        for server in read_servers(entries, (), development=host == "127.0.0.1")
    )


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("https://EHR.example.org/FHIR/R4", Address("https", "ehr.example.org", 443, "/FHIR/R4")),
        ("https://ehr.example.org:443/fhir/", Address("https", "ehr.example.org", 443, "/fhir/")),
        ("https://ehr%2Eexample.org/fhir", Address("https", "ehr.example.org", 443, "/fhir")),
        ("http://[::1]:8080", Address("http", "[::1]", 8080, "")),
        (
            "https://ehr.example.org/a/./b/../c?x=1",
            Address("https", "ehr.example.org", 443, "/a/c", "x=1"),
        ),
    ],
)
def test_an_address_is_normalised(url: str, parts: Address) -> None:
    assert parse_address(url) == parts


@pytest.mark.parametrize(
    "url",
    [
        "", "ehr.example.org/fhir", "/fhir", "file:///etc/passwd", "ftp://ehr.example.org", "https://", "https:///fhir", "https://u@h/fhir",
        "https://u:p@h/fhir", "https://h/fhir#a", "https://h/%2e%2e/x", "https://h/a%2Fb", "https://h/a%5cb", "https://h\\x/fhir", "https://h/ x",
        "https://h/\n", "https://h:port/", "https://h:99999/", "https://h:0/", "https://\u0435hr.example.org/fhir", "https://[::1%25eth0]/",
    ],
)  # fmt: skip
def test_what_is_no_plain_address_is_none(url: str) -> None:
    assert parse_address(url) is None


_SCHEMES = st.sampled_from(["https://", "HTTP://", "http:", "//", ""])
_PIECES = st.sampled_from(
    [
        *"/\\@:?#.%[]&=|^`{}~ \t",
        "..",
        "ehr.example.org",
        "127.0.0.1",
        "%2e",
        "%2F",
        "fhir",
        "443",
        "\u0435",
        "xn--",
        "a",
    ]
)


@given(st.tuples(_SCHEMES, st.lists(_PIECES, max_size=12).map("".join)).map("".join))
def test_what_is_sent_is_what_was_checked(url: str) -> None:
    """The library that sends a request reads the address as it was read for the check."""
    address = parse_address(url)
    if address is not None:
        assert parse_address(address.url) == address
        sent = urlsplit(str(Request("GET", address.url).prepare().url))
        assert (
            sent.scheme,
            sent.hostname,
            sent.port or {"http": 80, "https": 443}[sent.scheme],
        ) == (
            address.scheme,
            address.host.strip("[]"),
            address.port,
        )
        assert sent.path == (address.path or "/")


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://ehr.example.org/fhir", True), ("https://ehr.example.org:443/fhir/", True), ("https://EHR.Example.org/fhir/r4", True),
        ("https://ehr.example.org/fhir2", False), ("https://ehr.example.org/", False), ("https://ehr.example.org/FHIR", False),
        ("https://ehr.example.org:8443/fhir", False), ("http://ehr.example.org/fhir", False), ("https://ehr.example.org.evil.example/fhir", False),
        ("https://sub.ehr.example.org/fhir", False), ("http://127.0.0.1/fhir", False),
    ],
)  # fmt: skip
def test_origin_and_path_decide(url: str, allowed: bool) -> None:
    assert _allows(["https://ehr.example.org/fhir/"], url) is allowed


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("http://127.0.0.1:8080/fhir", True), ("https://localhost/fhir", True), ("http://[::1]:9/", True), ("http://127.1.2.3/x", True),
        ("http://localhost.example.org/", False), ("http://10.0.0.1/", False), ("http://169.254.169.254/", False), ("http://0.0.0.0/", False),
        ("http://2130706433/", False), ("http://0x7f000001/", False), ("https://ehr.example.org/fhir", False),
    ],
)  # fmt: skip
def test_loopback_means_this_machine(url: str, allowed: bool) -> None:
    assert _allows(["loopback"], url) is allowed
    assert not _allows(["loopback"], url, host="0.0.0.0")
    assert not _allows(["loopback"], url, host="cds.example.org")


PRIVATE = ["10.0.0.1", "172.16.0.1", "192.168.1.1", "127.0.0.1", "169.254.169.254", "0.0.0.0", "100.64.0.1", "::1", "fe80::1", "fc00::1",
           "::ffff:10.0.0.1", "::ffff:169.254.169.254", "224.0.0.1", "ff02::1", "255.255.255.255",
           "64:ff9b::10.0.0.1", "64:ff9b:1::10.0.0.1", "2002:a00:1::", "2001:0:a00:1::", "::10.0.0.1", "::ffff:0:10.0.0.1", "fec0::1"]  # fmt: skip


@pytest.mark.parametrize("address", PRIVATE)
def test_a_name_may_not_lead_to_a_private_address(address: str) -> None:
    (server,) = read_servers(["https://ehr.example.org/fhir"], (), development=True)
    assert not server.may_connect(ip_address(address))
    assert server.may_connect(ip_address("8.8.8.8"))
    assert server.may_connect(ip_address("2001:4860:4860::8888"))


def test_a_name_may_lead_into_a_network_of_the_site() -> None:
    networks = (ip_network("10.20.0.0/16"), ip_network("fd00:1::/64"))
    plain, secure = read_servers(
        ["http://ehr/fhir", "https://ehr/fhir"], networks, development=False
    )
    for server in (plain, secure):
        assert server.may_connect(ip_address("10.20.3.4"))
        assert server.may_connect(ip_address("::ffff:10.20.3.4"))
        assert server.may_connect(ip_address("fd00:1::5"))
        assert not server.may_connect(ip_address("10.21.0.1"))
    nat64 = read_servers(["https://ehr/fhir"], (ip_network("64:ff9b::/96"),), development=False)[0]
    assert nat64.may_connect(ip_address("64:ff9b::8.8.8.8"))
    assert secure.may_connect(ip_address("8.8.8.8"))
    assert not plain.may_connect(ip_address("8.8.8.8"))  # never in clear over the internet


def test_a_listed_address_means_that_address() -> None:
    (server,) = read_servers(["https://10.1.2.3/fhir"], (), development=False)
    assert server.may_connect(ip_address("10.1.2.3"))
    assert not server.may_connect(ip_address("10.1.2.4"))
    assert not server.may_connect(ip_address("8.8.8.8"))


@pytest.mark.parametrize(
    "entry",
    [
        "ehr.example.org",
        "https://ehr.example.org/fhir?x=1",
        "https://u:p@ehr.example.org",
        "*",
        "http://ehr.example.org/fhir",
    ],
)
def test_an_entry_that_cannot_be_meant_stops_the_start(entry: str) -> None:
    with pytest.raises(ValidationError, match="CDS_FHIR_SERVERS"):
        Settings(fhir_servers=entry)


@pytest.mark.parametrize("networks", ["10.20.0.1/16", "ten", "10.0.0.0/99"])
def test_a_network_that_cannot_be_meant_stops_the_start(networks: str) -> None:
    with pytest.raises(ValidationError, match="fhir_networks"):
        Settings(fhir_networks=networks)


@pytest.mark.parametrize("budget", ["0", "-1", "31", "soon", "nan"])
def test_a_budget_is_between_nothing_and_half_a_minute(budget: str) -> None:
    with pytest.raises(ValidationError, match="fhir_budget"):
        Settings(fhir_budget=budget)


def test_by_default_this_machine_may_be_read_while_the_service_is_on_loopback() -> None:
    assert [server.base for server in Settings().listed_fhir_servers] == [None]
    assert Settings(host="0.0.0.0").listed_fhir_servers == ()
    assert Settings(fhir_servers="").listed_fhir_servers == ()
    listed = Settings(
        host="0.0.0.0", fhir_servers="loopback, https://ehr.example.org/fhir"
    ).listed_fhir_servers
    assert [server.base and server.base.url for server in listed] == [
        "https://ehr.example.org/fhir"
    ]
