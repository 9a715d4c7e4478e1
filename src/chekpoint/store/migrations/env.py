"""Alembic's entry: it is given a connection that is in a transaction already."""

from alembic import context

from chekpoint.store import tables_watch
from chekpoint.store.tables import metadata

_ = tables_watch  # its tables are in the metadata once it is imported
context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
