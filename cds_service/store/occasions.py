"""Occasions: all cards for one patient and one user on one day belong to one occasion, however
often an order is changed meanwhile.

An EHR calls again at each change of an order, and each answer has cards with new uuids. The
clinician, however, sees one card and responds to one.
"""

from __future__ import annotations

import hmac
import json
import os
import secrets
from datetime import UTC, datetime

# The workers of one start share the key through their environment. It is stored nowhere else and is
# gone when they end, so that nobody can find out later whose occasion it was.
RUN_KEY = "B12_FOLATE_CDS_RUN_KEY"


def share_key_with_workers() -> None:
    """Create the key of this start. Call this before workers are started."""
    os.environ[RUN_KEY] = secrets.token_hex(32)


def run_key() -> bytes:
    """The key of this start of the service. If none is shared, return a new random key at each
    call."""
    return (os.environ.get(RUN_KEY) or secrets.token_hex(32)).encode()


class Occasions:
    """Names occasions. The names last as long as the service runs."""

    def __init__(self) -> None:
        self._key = run_key()

    def name(
        self, client: str, fhir_server: str, patient_id: str, user_id: str, now: datetime
    ) -> str:
        """The occasion of a call: a keyed hash of client, FHIR server, patient, user and the day in
        UTC."""
        said = [
            client,
            fhir_server.rstrip("/"),
            patient_id,
            user_id,
            now.astimezone(UTC).date().isoformat(),
        ]
        return hmac.new(self._key, json.dumps(said).encode(), "sha256").hexdigest()
