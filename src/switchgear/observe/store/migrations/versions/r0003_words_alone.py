"""Lets a server's words say of which time and run their record is, so that a search looks at nothing else."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """From words that have to be looked up; a file's are an index alone, and stay as they are."""
    if op.get_context().dialect.name != "postgresql":
        return
    # The table stays, and with it who may read it.
    op.execute("DROP INDEX word_by_words")
    op.execute("ALTER TABLE word ADD COLUMN run INTEGER, ADD COLUMN at_ms BIGINT")
    op.execute(
        "UPDATE word SET run = record.run, at_ms = record.at_ms FROM record WHERE record.id = word.id"
    )
    op.execute("ALTER TABLE word ALTER COLUMN run SET NOT NULL, ALTER COLUMN at_ms SET NOT NULL")
    op.execute("CREATE INDEX word_by_words ON word USING gin (words) WITH (fastupdate = off)")
    op.execute("ANALYZE word")  # until then the server takes a common word for a rare one
