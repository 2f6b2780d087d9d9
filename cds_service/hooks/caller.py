"""Who calls: the one place that asks."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address

from flask import g, request


def calling_client() -> str:
    """The authenticated client of this request: its ``iss``, followed by its tenant where it has one (CDS Hooks 3.0.0,
    "Trusting CDS Clients"). ``""`` where callers are not authenticated."""
    caller = g.get("caller")
    return " ".join(filter(None, (caller.iss, caller.tenant))) if caller else ""


def calling_party() -> str:
    """Who shares turns and limits: the authenticated client, else everybody at the caller's address."""
    return calling_client() or party_of(request.remote_addr or "")


def party_of(address: str) -> str:
    """Everybody at an address; of IPv6 the network of 64 bits, in which one machine has as many addresses as it likes."""
    try:
        parsed = ip_address(address.strip("[]"))
    except ValueError:
        return address[:64]
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    return str(parsed.ipv4_mapped) if parsed.ipv4_mapped else parsed.exploded[:19]
