"""The tables. ``migrations/`` creates them; a test compares the two."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Boolean, Column, Date, DateTime, Index, Integer, MetaData, Table, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

METADATA = MetaData()


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime, stored in UTC. In SQLite, which has no time zones, it is stored without
    one."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Use ``timestamp with time zone`` if the database has it."""
        return dialect.type_descriptor(DateTime(timezone=dialect.name != "sqlite"))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Convert to UTC before storing."""
        if value is None:
            return None
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return an aware datetime in UTC."""
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
    # The Monday of ``shown_at`` in UTC: with it, the trend is plain SQL on every database.
    Column("week", Date, nullable=False),
    Column("patient_hash", Text),
    # A card counts once for each occasion; NULL if the occasion is not known.
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
    # The suggestion's index in the card file; its label without the values that calls fill in.
    Column("position", Integer, nullable=False),
    Column("label", Text, nullable=False),
)

# No foreign key: feedback may arrive before its card is written, or for a card never shown here.
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
