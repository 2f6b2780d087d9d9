"""Who calls: the only place that decides it."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address

from flask import g, request

from ..trust.verifier import Caller


def calling_client() -> str:
    """The authenticated client of this request, see :func:`client_of`."""
    return client_of(g.get("caller"))


def calling_party() -> str:
    """The party of this request, see :func:`party`."""
    return party(g.get("caller"), request.remote_addr or "")


def client_of(caller: Caller | None) -> str:
    """An authenticated client: its ``iss``, followed by its tenant if it has one (CDS Hooks 3.0.0,
    "Trusting CDS Clients"). ``""`` if callers are not authenticated."""
    return " ".join(filter(None, (caller.iss, caller.tenant))) if caller else ""


def party(caller: Caller | None, address: str) -> str:
    """Who shares turns and limits: the authenticated client, or everybody at the caller's
    address."""
    return client_of(caller) or party_of(address)


def party_of(address: str) -> str:
    """Everybody at an address. For IPv6, everybody in its network of 64 bits, because one machine
    can have any number of addresses there."""
    try:
        parsed = ip_address(address.strip("[]"))
    except ValueError:
        return address[:64]
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    return str(parsed.ipv4_mapped) if parsed.ipv4_mapped else parsed.exploded[:19]
