"""Runs the migrations on the connection that the store hands in.

Alembic loads this file by its path.
"""

from __future__ import annotations

from alembic import context

from switchgear.observe.store.schema import metadata
from switchgear.observe.store.versions import version_table

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    version_table=version_table(connection.dialect.name),
)
# The transaction is the store's: a store is migrated as a whole or not at all.
context.run_migrations()
