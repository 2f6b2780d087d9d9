"""The occasion on which a card was drawn, so that drawing it again is not counted
as another patient."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the column; a card shown before has an occasion of its own."""
    op.add_column("card_shown", sa.Column("occasion", sa.Text))
