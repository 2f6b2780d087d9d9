"""Checks of the addresses that an operator configures."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit


def is_loopback(host: str) -> bool:
    """Whether a host name or address can be reached only from this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def url_mistake(url: str) -> str:
    """What is wrong with ``url`` as an address over TLS, in words; ``""`` if nothing is. Loopback
    needs no TLS.

    CDS Hooks 3.0.0, "Security and Safety": all data SHALL be transmitted over TLS.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return f"{url!r} is not a URL"
    if (
        parts.scheme not in ("http", "https")
        or not host
        or not (url.isascii() and url.isprintable())
        or " " in url
    ):
        return f"{url!r} is not an https URL"
    if parts.scheme == "http" and not is_loopback(host):
        return f"{url!r} is without TLS, and http is for loopback alone"
    if "@" in parts.netloc or "#" in url:
        return f"{url!r} has a user name or a fragment"
    return ""
