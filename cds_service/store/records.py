"""Writes shown cards and feedback in batches. Writing the same record twice changes nothing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection, Table, bindparam, update
from sqlalchemy.dialects import postgresql, sqlite

from .schema import CARD_SHOWN, FEEDBACK, SUGGESTION_ACCEPTED, SUGGESTION_SHOWN


class ShownSuggestion(NamedTuple):
    """A suggestion of a shown card: its uuid, its index in the card file, and its label.

    The label shows titles in place of the values that a call fills in.
    """

    uuid: str
    position: int
    label: str


class ShownCard(NamedTuple):
    """A decision event: a card that left the service. ``client``: the ``iss`` of an authenticated
    client, else ``""``.

    ``patient_hash``: a keyed hash, only where cards are snoozed (see :mod:`.snooze`); ``occasion``:
    see :mod:`.occasions`.
    """

    uuid: str
    id: str
    version: str
    indicator: str
    service_id: str
    client: str
    shown_at: datetime
    suggestions: tuple[ShownSuggestion, ...]
    patient_hash: str | None = None
    occasion: str | None = None


class Feedback(NamedTuple):
    """What one user did with one card (CDS Hooks 3.0.0, "Feedback"). ``outcome_at``: aware.
    ``reason_system`` and ``reason_code``: ``""`` without a reason."""

    card_uuid: str
    client: str
    service_id: str
    outcome: str
    outcome_at: datetime
    accepted: tuple[str, ...] = ()
    reason_system: str = ""
    reason_code: str = ""
    commented: bool = False

    @property
    def digest(self) -> str:
        """Identifies one interaction: a repeat has the same digest and is stored once; a later
        change of mind has another digest."""
        moment = self.outcome_at.astimezone(UTC).isoformat()
        parts = [
            self.client,
            self.card_uuid,
            self.outcome,
            moment,
            sorted(set(self.accepted)),
            self.reason_system,
            self.reason_code,
        ]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def monday(moment: datetime) -> date:
    """The date of the Monday of a moment's week in UTC."""
    day = moment.astimezone(UTC).date()
    return day - timedelta(days=day.weekday())


def insert_shown(connection: Connection, cards: Iterable[ShownCard]) -> None:
    """Write decision events. Events that are already stored stay unchanged."""
    rows = []
    suggestions = []
    for card in cards:
        rows.append(
            {
                "card_uuid": card.uuid,
                "card_id": card.id,
                "card_version": card.version,
                "indicator": card.indicator,
                "service_id": card.service_id,
                "client": card.client,
                "shown_at": card.shown_at,
                "week": monday(card.shown_at),
                "patient_hash": card.patient_hash,
                "occasion": card.occasion,
            }
        )
        for uuid, position, label in card.suggestions:
            suggestions.append(
                {
                    "suggestion_uuid": uuid,
                    "card_uuid": card.uuid,
                    "position": position,
                    "label": label,
                }
            )
    _insert(connection, CARD_SHOWN, rows)
    _insert(connection, SUGGESTION_SHOWN, suggestions)


def insert_feedback(
    connection: Connection, feedback: Iterable[Feedback], received_at: datetime
) -> None:
    """Write feedback. Feedback that is already stored stays unchanged, except that it is marked as
    commented if a comment has come since."""
    # Every process writes in the same order, so that two processes with the same feedback cannot
    # deadlock. Of the items of one interaction, one with a comment is sorted last and kept.
    by_digest = dict(
        sorted((item.digest, item) for item in sorted(feedback, key=lambda item: item.commented))
    )
    rows = [
        {
            "digest": digest,
            "card_uuid": item.card_uuid,
            "client": item.client,
            "service_id": item.service_id,
            "outcome": item.outcome,
            "outcome_at": item.outcome_at,
            "received_at": received_at,
            "reason_system": item.reason_system,
            "reason_code": item.reason_code,
            "commented": item.commented,
        }
        for digest, item in by_digest.items()
    ]
    accepted = [
        {"digest": digest, "suggestion_uuid": uuid}
        for digest, item in by_digest.items()
        for uuid in sorted(set(item.accepted))
    ]
    _insert(connection, FEEDBACK, rows)
    if commented := [{"of": row["digest"]} for row in rows if row["commented"]]:
        connection.execute(
            update(FEEDBACK).where(FEEDBACK.c.digest == bindparam("of")).values(commented=True),
            commented,
        )
    _insert(connection, SUGGESTION_ACCEPTED, accepted)


def _insert(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    if rows:
        dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
        connection.execute(dialect.insert(table).on_conflict_do_nothing(), rows)
