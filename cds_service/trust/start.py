"""Decides from the settings whether calls need a token, and refuses unsafe settings at start."""

from __future__ import annotations

from pathlib import Path

from ..config import Settings
from ..urls import is_loopback
from .client_file import load_clients
from .replay import open_store
from .verifier import TokenVerifier

OPEN_TO_ALL = (
    "CDS_INSECURE=1: this service answers ANYBODY who reaches {host}, without knowing who is "
    "calling. Patient data may be sent to it by anyone and its answers read by anyone. Never use "
    "this with patients' data."
)


class UnsafeSettings(ValueError):
    """The service must not start with these settings. The message names the fault and the
    remedy."""


def token_verifier(settings: Settings) -> TokenVerifier | None:
    """Create the verifier of this deployment's callers; ``None`` if anyone may call, which by
    default is so only on loopback.

    Raises :class:`UnsafeSettings`, or :class:`~cds_service.authored_yaml.source.AuthoringError` for
    mistakes in the file of clients.
    """
    if not settings.clients:
        if not settings.insecure and not is_loopback(settings.host):
            raise UnsafeSettings(
                f"CDS_HOST: {settings.host} can be reached from other machines, and no client is "
                "trusted. Name the clients in CDS_CLIENTS and the public address in CDS_BASE_URL "
                "(docs/trust.md), or listen on 127.0.0.1. CDS_INSECURE=1 starts without knowing "
                "who calls."
            )
        if settings.discovery == "protected":
            raise UnsafeSettings(
                "CDS_DISCOVERY: discovery cannot be protected without CDS_CLIENTS."
            )
        return None
    if settings.insecure:
        raise UnsafeSettings(
            "CDS_INSECURE: it says that anyone may call, and CDS_CLIENTS that nobody else may. "
            "Remove one of them."
        )
    if not settings.base_url:
        raise UnsafeSettings(
            "CDS_BASE_URL: it is missing. A token's aud is compared with it, for example "
            "https://cds.example.org"
        )
    return TokenVerifier(
        load_clients(Path(settings.clients)),
        open_store(settings.replay_store),
        settings.token_seconds,
    )
