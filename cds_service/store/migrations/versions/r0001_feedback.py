"""The tables of shown cards and of the feedback on them."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the four tables."""
    moment = sa.DateTime(timezone=op.get_bind().dialect.name != "sqlite")
    _cards_shown(moment)
    _feedback(moment)


def _cards_shown(moment: sa.DateTime) -> None:
    hashed = sa.text("patient_hash IS NOT NULL")
    op.create_table(
        "card_shown",
        sa.Column("card_uuid", sa.Text, primary_key=True),
        sa.Column("card_id", sa.Text, nullable=False),
        sa.Column("card_version", sa.Text, nullable=False),
        sa.Column("indicator", sa.Text, nullable=False),
        sa.Column("service_id", sa.Text, nullable=False),
        sa.Column("client", sa.Text, nullable=False),
        sa.Column("shown_at", moment, nullable=False),
        sa.Column("week", sa.Date, nullable=False),
        sa.Column("patient_hash", sa.Text),
    )
    op.create_index("card_shown_week", "card_shown", ["week"])
    op.create_index(
        "card_shown_hashed",
        "card_shown",
        ["shown_at"],
        sqlite_where=hashed,
        postgresql_where=hashed,
    )
    op.create_table(
        "suggestion_shown",
        sa.Column("suggestion_uuid", sa.Text, primary_key=True),
        sa.Column("card_uuid", sa.Text, nullable=False, index=True),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("label", sa.Text, nullable=False),
    )


def _feedback(moment: sa.DateTime) -> None:
    op.create_table(
        "feedback",
        sa.Column("digest", sa.Text, primary_key=True),
        sa.Column("card_uuid", sa.Text, nullable=False, index=True),
        sa.Column("client", sa.Text, nullable=False),
        sa.Column("service_id", sa.Text, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("outcome_at", moment, nullable=False),
        sa.Column("received_at", moment, nullable=False),
        sa.Column("reason_system", sa.Text, nullable=False),
        sa.Column("reason_code", sa.Text, nullable=False),
        sa.Column("commented", sa.Boolean, nullable=False),
    )
    op.create_table(
        "suggestion_accepted",
        sa.Column("digest", sa.Text, primary_key=True),
        sa.Column("suggestion_uuid", sa.Text, primary_key=True),
    )
