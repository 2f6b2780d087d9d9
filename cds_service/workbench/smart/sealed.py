"""Seals the state of a launch in a cookie until the EHR answers. Only this service can read or
create the cookie."""

from __future__ import annotations

import base64
import hmac
from hashlib import sha256
from typing import NamedTuple

import msgspec
from cryptography.fernet import Fernet, InvalidToken

# Long enough for signing in to an EHR.
LAUNCH_SECONDS = 600


class Launch(NamedTuple):
    """A launch under way. ``state``, ``nonce`` and ``verifier``: random values generated for it;
    ``iss``: the FHIR server's base URL."""

    state: str
    nonce: str
    verifier: str
    iss: str


class Seal:
    """Seals launches with a key derived from ``run_key``, which all workers of this start share."""

    def __init__(self, run_key: bytes):
        self._fernet = Fernet(
            base64.urlsafe_b64encode(hmac.digest(run_key, b"SMART launch", "sha256"))
        )

    def close(self, launch: Launch, now: float) -> str:
        """Encrypt and sign a launch with the time ``now`` (seconds since the epoch)."""
        return self._fernet.encrypt_at_time(msgspec.json.encode(launch), int(now)).decode()

    def open(self, sealed: str, now: float) -> Launch | None:
        """The sealed launch; ``None`` if this service did not seal it, or sealed it more than
        ``LAUNCH_SECONDS`` ago."""
        try:
            return msgspec.json.decode(
                self._fernet.decrypt_at_time(sealed.encode(), LAUNCH_SECONDS, int(now)), type=Launch
            )
        except (InvalidToken, UnicodeEncodeError):
            return None


def cookie_name(state: str) -> str:
    """The name of a launch's cookie. Each launch has its own, so that launches at the same time do
    not interfere."""
    return f"smart-{sha256(state.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"
