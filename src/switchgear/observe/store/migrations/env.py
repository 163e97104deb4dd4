"""Runs the migrations on the connection that the store hands in.

Alembic loads this file by its path.
"""

from __future__ import annotations

from alembic import context

from switchgear.observe.store.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
# The transaction is the store's: a file is migrated as a whole or not at all.
context.run_migrations()
