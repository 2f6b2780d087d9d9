"""Snoozing: after an override with one of certain reasons, a card is not shown again for that
patient for some days. Off by default.

A keyed hash alone identifies the patient. It is stored with the decision event and erased when the
days are over. They count from the showing of the overridden card, by this service's clock.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, exists, select, update

from .schema import CARD_SHOWN, FEEDBACK

REASON_SYSTEM = "http://terminology.hl7.org/CodeSystem/non-adherence-reason-codes"
# With these reasons, repeating the advice soon would not help the patient: the action was done,
# ordered or declined.
REASONS = ("action-completed", "indication-order-exists", "patient-refuses")
CardVersion = tuple[str, str]
_NONE: frozenset[CardVersion] = frozenset()


class Snoozes:
    """A copy of one deployment's snoozes in memory, which hook calls read and the store's writer
    renews.

    ``days``: 0 for off. ``clock``: returns aware datetimes.
    """

    def __init__(self, days: int, key: str, clock: Callable[[], datetime]):
        self.days = days
        self._key = key.encode()
        self._clock = clock
        self._until: dict[str, dict[CardVersion, datetime]] = {}

    @property
    def on(self) -> bool:
        """Whether cards are snoozed at all."""
        return self.days > 0

    def patient_hash(self, client: str, fhir_server: str, patient_id: str) -> str | None:
        """The keyed hash of a patient on a client's server; ``None`` if snoozing is off. The same
        id on another server may be another patient."""
        if not self.on:
            return None
        identity = json.dumps([client, fhir_server.rstrip("/"), patient_id])
        return hmac.new(self._key, identity.encode(), "sha256").hexdigest()

    def of(self, patient_hash: str | None) -> frozenset[CardVersion]:
        """The ids and versions of the cards that are snoozed for a patient now, read from memory
        only."""
        if patient_hash is None or patient_hash not in self._until:
            return _NONE
        now = self._clock()
        return frozenset(card for card, until in self._until[patient_hash].items() if until > now)

    def renew(self, connection: Connection) -> None:
        """Erase the hashes whose days are over, and read the snoozes again."""
        began = self._clock() - timedelta(days=self.days)
        shown = CARD_SHOWN.c
        over = (shown.patient_hash.is_not(None)) & (shown.shown_at <= began)
        connection.execute(update(CARD_SHOWN).where(over).values(patient_hash=None))
        if not self.on:
            return
        overridden = (
            select(shown.patient_hash, shown.card_id, shown.card_version, shown.shown_at)
            .join(
                FEEDBACK,
                (FEEDBACK.c.card_uuid == shown.card_uuid) & (FEEDBACK.c.client == shown.client),
            )
            .where(shown.patient_hash.is_not(None), shown.shown_at > began)
            .where(FEEDBACK.c.outcome == "overridden", FEEDBACK.c.reason_system == REASON_SYSTEM)
            .where(FEEDBACK.c.reason_code.in_(REASONS))
            .where(~_accepted_later())
        )
        until: dict[str, dict[CardVersion, datetime]] = {}
        for patient_hash, card_id, version, shown_at in connection.execute(overridden):
            cards = until.setdefault(patient_hash, {})
            ends = shown_at + timedelta(days=self.days)
            cards[card_id, version] = max(ends, cards.get((card_id, version), ends))
        self._until = until


def _accepted_later() -> ColumnElement[bool]:
    """Whether a card was accepted after it was overridden; it then counts as accepted, as in the
    report."""
    later = FEEDBACK.alias()
    return exists().where(
        later.c.card_uuid == FEEDBACK.c.card_uuid,
        later.c.client == FEEDBACK.c.client,
        later.c.outcome == "accepted",
        later.c.outcome_at >= FEEDBACK.c.outcome_at,
    )
