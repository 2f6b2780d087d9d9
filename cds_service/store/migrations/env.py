"""How Alembic reaches the database: by the connection, in the transaction, that it is handed."""

from alembic import context

from cds_service.store.schema import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA)
with context.begin_transaction():
    context.run_migrations()
