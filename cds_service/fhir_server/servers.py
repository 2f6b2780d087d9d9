"""Which FHIR servers may be read, and to which addresses a connection may go.

``fhirServer``, ``next`` links and absolute references come from outside. They are compared as the
HTTP library parses them, so that no second parser can disagree about where a request goes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import NamedTuple

from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

LOOPBACK = "loopback"
OPEN = "open+"
IPAddress = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_GIVEN_OUT = IPv6Network("2000::/3")
_PORTS = {"http": 80, "https": 443}
_PLAIN = re.compile(r"[!-\[\]-~]+")  # printable ASCII without space and backslash
_HOST = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\]")
_HIDDEN = re.compile(r"%(2e|2f|5c)", re.IGNORECASE)  # a dot or slash that a server may decode


class Address(NamedTuple):
    """The parts of a URL, normalised: lower case, explicit port, no dot segments. ``query``:
    without its ``?``."""

    scheme: str
    host: str
    port: int
    path: str
    query: str | None = None

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        port = "" if self.port == _PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{self.host}{port}"

    @property
    def url(self) -> str:
        """The address as a URL."""
        return f"{self.origin}{self.path}" + ("" if self.query is None else f"?{self.query}")

    def below(self, base: Address) -> str | None:
        """The path from ``base`` to here, ``""`` for ``base`` itself; ``None`` if the origin is
        another one, or the path is not below that of ``base``."""
        root = base.path.rstrip("/")
        if self[:3] != base[:3] or not (self.path == root or self.path.startswith(f"{root}/")):
            return None
        return self.path[len(root) :].strip("/")


def parse_address(url: str) -> Address | None:
    """The parts of an absolute http or https URL; ``None`` for anything else, and for a URL that is
    not plain.

    A plain URL has no user name, fragment, white space or backslash, only ASCII, and no encoded
    dot, slash or backslash in its path.
    """
    if not _PLAIN.fullmatch(url):
        return None
    try:
        parts = parse_url(url)
    except LocationParseError:
        return None
    scheme, host, path = parts.scheme or "", parts.host or "", parts.path or ""
    if (
        scheme not in _PORTS
        or not _HOST.fullmatch(host)
        or parts.auth is not None
        or parts.fragment is not None
        or parts.port == 0
    ):
        return None
    return (
        None
        if _HIDDEN.search(path)
        else Address(scheme, host, parts.port or _PORTS[scheme], path, parts.query)
    )


class Server(NamedTuple):
    """An entry of the list. ``base`` is ``None`` for every server on this machine. ``open``: the
    server may be read without a token."""

    base: Address | None
    networks: tuple[Network, ...] = ()
    open: bool = False

    def lists(self, address: Address) -> bool:
        """Whether ``address`` is the base URL of a server that this entry allows."""
        if self.base is None:
            return _is_loopback(address.host)
        return address.below(self.base) is not None

    def may_connect(self, address: IPAddress) -> bool:
        """Whether a connection may go to ``address``, to which the host of an allowed URL resolved.

        An entry with an IP address allows only that address. A host name must not lead into a
        private network, as it would after DNS rebinding, unless the site lists the network. Without
        TLS it must lead into a listed network.
        """
        address = _plain(address)
        if self.base is None or self.base.host == "localhost":
            return address.is_loopback
        literal = _literal(self.base.host)
        if literal is not None:
            return address == literal
        if any(address in network for network in self.networks):
            return True
        return self.base.scheme == "https" and _is_public(address)


class Named(NamedTuple):
    """A server at ``address`` that a ``listed`` one names, such as its authorization server. Fewer
    addresses are allowed for it than for a listed one."""

    listed: Server
    address: Address

    def may_connect(self, address: IPAddress) -> bool:
        """Whether a connection may go to ``address``, to which the host resolved.

        The origin of the listed server is allowed, a public address over TLS, and an address in a
        network that the site lists. Where every server on this machine is listed, such a server may
        name only others on this machine, so that no answer leads into a private network.
        """
        base = self.listed.base
        if base is None or self.address[:3] == base[:3]:
            return self.listed.may_connect(address)
        plain = _plain(address)
        return any(plain in network for network in self.listed.networks) or (
            self.address.scheme == "https" and _is_public(plain)
        )


def named_by(listed: Server, url: str) -> Named | None:
    """The server of a ``url`` that the ``listed`` one names; ``None`` if the URL is not plain, or
    has no TLS. Only servers on this machine may name each other without TLS."""
    address = parse_address(url)
    is_here = listed.base is None or _is_loopback(listed.base.host)
    if address is None or (
        address.scheme == "http" and not (is_here and _is_loopback(address.host))
    ):
        return None
    return Named(listed, address)


def read_servers(
    entries: Sequence[str], networks: Sequence[Network], *, development: bool
) -> tuple[Server, ...]:
    """The servers that a site lists.

    ``entries``: base URLs, or ``loopback``, which counts in ``development`` only. The prefix
    ``open+`` marks a server that needs no token. Raises ``ValueError`` for an invalid entry.
    """
    servers = []
    for entry in entries:
        url, is_open = entry.removeprefix(OPEN), entry.startswith(OPEN)
        if url == LOOPBACK:
            servers += [Server(None, open=is_open)] if development else []
            continue
        base = parse_address(url)
        if base is None or base.query is not None:
            raise ValueError(
                f"{entry!r} is not the base URL of a FHIR server; write it as "
                "https://ehr.example.org/fhir"
            )
        private = _is_loopback(base.host) or _is_private(base.host)
        if base.scheme == "http" and not private and not (networks and _literal(base.host) is None):
            raise ValueError(
                f"{entry!r} is without TLS; http is for loopback, private addresses and "
                "CDS_FHIR_NETWORKS"
            )
        servers.append(Server(base, tuple(networks), is_open))
    return tuple(servers)


def _plain(address: IPAddress) -> IPAddress:
    """An IPv4-mapped IPv6 address as its IPv4 address; any other address unchanged."""
    return address.ipv4_mapped or address if isinstance(address, IPv6Address) else address


def _is_public(address: IPAddress) -> bool:
    """Whether an address belongs to the public internet.

    Python counts IPv6 addresses that contain an IPv4 one (NAT64, 6to4) as global, but a gateway
    leads from them into any network that it knows; it also counts deprecated site-local addresses.
    RFC 6052, section 2.1, and RFC 3056 define those prefixes; 2000::/3 is the allocated space
    (IANA, Internet Protocol Version 6 Address Space).
    """
    if isinstance(address, IPv6Address) and (address not in _GIVEN_OUT or address.sixtofour):
        return False
    return address.is_global and not address.is_multicast


def _literal(host: str) -> IPAddress | None:
    try:
        return _plain(ip_address(host.strip("[]")))
    except ValueError:
        return None


def _is_loopback(host: str) -> bool:
    literal = _literal(host)
    return host == "localhost" if literal is None else literal.is_loopback


def _is_private(host: str) -> bool:
    literal = _literal(host)
    return literal is not None and not literal.is_global
