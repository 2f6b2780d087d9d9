"""The occasion on which a card was shown, so that a card that is returned again is not counted
twice."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the column. Cards shown before have NULL in it and count as occasions of their own."""
    op.add_column("card_shown", sa.Column("occasion", sa.Text))
