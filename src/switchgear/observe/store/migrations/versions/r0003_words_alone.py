"""Lets a server's words say of which time and run their record is, so that a search looks at nothing else."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """From words that have to be looked up; a file's are an index alone, and stay as they are."""
    if op.get_context().dialect.name != "postgresql":
        return
    # Made anew and not added to: every row changes, and would be there twice until the server cleans up.
    op.rename_table("word", "word_0002")
    op.execute(
        "CREATE TABLE word AS SELECT word_0002.id, word_0002.shape, record.run, record.at_ms, word_0002.words"
        " FROM word_0002 JOIN record USING (id) ORDER BY id"
    )
    op.drop_table("word_0002")
    for name in ("shape", "run", "at_ms", "words"):
        op.alter_column("word", name, nullable=False)
    op.create_primary_key("word_pkey", "word", ["id"])
    op.execute("CREATE INDEX word_by_words ON word USING gin (words) WITH (fastupdate = off)")
    op.execute("ANALYZE word")  # until then the server takes a common word for a rare one
