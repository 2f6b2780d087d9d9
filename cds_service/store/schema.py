"""The tables. ``migrations/`` makes them; a test holds the two together."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Boolean, Column, Date, DateTime, Index, Integer, MetaData, Table, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

METADATA = MetaData()


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime, kept in UTC; SQLite, which has no time zones, keeps it without."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """``timestamp with time zone`` where the database has it."""
        return dialect.type_descriptor(DateTime(timezone=dialect.name != "sqlite"))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """UTC on the way in."""
        if value is None:
            return None
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Aware and UTC on the way out."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


CARD_SHOWN = Table(
    "card_shown",
    METADATA,
    Column("card_uuid", Text, primary_key=True),
    Column("card_id", Text, nullable=False),
    Column("card_version", Text, nullable=False),
    Column("indicator", Text, nullable=False),
    Column("service_id", Text, nullable=False),
    Column("client", Text, nullable=False),
    Column("shown_at", UtcDateTime, nullable=False),
    # The Monday of ``shown_at`` in UTC, so that a trend is plain SQL on every database.
    Column("week", Date, nullable=False),
    Column("patient_hash", Text),
    # Of which a card is drawn but once; none where it is not known.
    Column("occasion", Text),
)
Index("card_shown_week", CARD_SHOWN.c.week)
Index(
    "card_shown_hashed",
    CARD_SHOWN.c.shown_at,
    sqlite_where=CARD_SHOWN.c.patient_hash.is_not(None),
    postgresql_where=CARD_SHOWN.c.patient_hash.is_not(None),
)

SUGGESTION_SHOWN = Table(
    "suggestion_shown",
    METADATA,
    Column("suggestion_uuid", Text, primary_key=True),
    Column("card_uuid", Text, nullable=False, index=True),
    # Its index among the card's authored suggestions, and their label, without what calls fill in.
    Column("position", Integer, nullable=False),
    Column("label", Text, nullable=False),
)

# Feedback stands alone: it may come before its card was written, or for a card that was never ours.
FEEDBACK = Table(
    "feedback",
    METADATA,
    Column("digest", Text, primary_key=True),
    Column("card_uuid", Text, nullable=False, index=True),
    Column("client", Text, nullable=False),
    Column("service_id", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("outcome_at", UtcDateTime, nullable=False),
    Column("received_at", UtcDateTime, nullable=False),
    Column("reason_system", Text, nullable=False),
    Column("reason_code", Text, nullable=False),
    Column("commented", Boolean, nullable=False),
)

SUGGESTION_ACCEPTED = Table(
    "suggestion_accepted",
    METADATA,
    Column("digest", Text, primary_key=True),
    Column("suggestion_uuid", Text, primary_key=True),
)
