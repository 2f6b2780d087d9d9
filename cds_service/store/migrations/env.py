"""Alembic's environment: migrations run on the connection that the service passes, in its
transaction."""

from alembic import context

from cds_service.store.schema import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA)
with context.begin_transaction():
    context.run_migrations()
