"""What a launch has to remember until the EHR answers, sealed in a cookie: this service alone can
read it, and nobody can make one."""

from __future__ import annotations

import base64
import hmac
from hashlib import sha256
from typing import NamedTuple

import msgspec
from cryptography.fernet import Fernet, InvalidToken

# Long enough to sign in to an EHR in between.
LAUNCH_SECONDS = 600


class Launch(NamedTuple):
    """A launch under way. ``state``, ``nonce`` and ``verifier`` were made for it; ``iss``: the FHIR
    server's base URL."""

    state: str
    nonce: str
    verifier: str
    iss: str


class Seal:
    """Seals launches with a key made from that of this start, which all of its workers share."""

    def __init__(self, run_key: bytes):
        self._fernet = Fernet(
            base64.urlsafe_b64encode(hmac.digest(run_key, b"SMART launch", "sha256"))
        )

    def close(self, launch: Launch, now: float) -> str:
        """The launch, encrypted and signed, with the time ``now`` (seconds since the epoch)."""
        return self._fernet.encrypt_at_time(msgspec.json.encode(launch), int(now)).decode()

    def open(self, sealed: str, now: float) -> Launch | None:
        """The launch; ``None`` for what this service did not seal, or sealed more than
        ``LAUNCH_SECONDS`` ago."""
        try:
            return msgspec.json.decode(
                self._fernet.decrypt_at_time(sealed.encode(), LAUNCH_SECONDS, int(now)), type=Launch
            )
        except (InvalidToken, UnicodeEncodeError):
            return None


def cookie_name(state: str) -> str:
    """The cookie of a launch: each has its own, so that two at once do not disturb each other."""
    return f"smart-{sha256(state.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"
