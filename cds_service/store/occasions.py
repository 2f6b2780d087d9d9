"""Which cards were drawn on one occasion: for one patient and user on one day, however often an
order was touched meanwhile.

An EHR asks anew at each change of an order, and each answer has cards with new uuids. A clinician
sees one card, and answers one.
"""

from __future__ import annotations

import hmac
import json
import os
import secrets
from datetime import UTC, datetime

# Workers of one start share the key by their environment; it is written nowhere else and ends with
# them, so that nobody can find out later whose occasion one was.
RUN_KEY = "B12_FOLATE_CDS_RUN_KEY"


def share_key_with_workers() -> None:
    """Make the key of this start, before there are workers."""
    os.environ[RUN_KEY] = secrets.token_hex(32)


def run_key() -> bytes:
    """The key of this start of the service; where no start shares one, a key of this process
    alone, new each time."""
    return (os.environ.get(RUN_KEY) or secrets.token_hex(32)).encode()


class Occasions:
    """Names occasions, for the life of a start of the service."""

    def __init__(self) -> None:
        self._key = run_key()

    def name(
        self, client: str, fhir_server: str, patient_id: str, user_id: str, now: datetime
    ) -> str:
        """The occasion of a call: a keyed hash of who is shown whose cards, and
        of the day in UTC."""
        said = [
            client,
            fhir_server.rstrip("/"),
            patient_id,
            user_id,
            now.astimezone(UTC).date().isoformat(),
        ]
        return hmac.new(self._key, json.dumps(said).encode(), "sha256").hexdigest()
