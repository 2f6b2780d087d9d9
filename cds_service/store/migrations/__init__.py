"""Alembic migrations. They run when the service first connects to its database."""
