"""Alembic migrations, run when the service first reaches its database."""
