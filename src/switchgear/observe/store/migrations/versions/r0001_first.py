"""Makes the first shape: records, runs, circuits."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """From an empty file."""
    _record()
    op.create_table(
        "run",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("pid", sa.Integer, nullable=False),
        sa.Column("started_ms", sa.Integer, nullable=False),
        sa.Column("updated_ms", sa.Integer, nullable=False),
        sa.Column("ended_ms", sa.Integer),
        sa.Column("lost_below_warning", sa.Integer, nullable=False),
        sa.Column("lost_from_warning", sa.Integer, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "circuit",
        sa.Column("run", sa.Integer, primary_key=True),
        sa.Column("exchange", sa.Text, primary_key=True),
        sa.Column("method", sa.Text, primary_key=True),
        sa.Column("account", sa.Text, primary_key=True),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("since_ms", sa.Integer, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("until_ms", sa.Integer),
        sa.Column("held_by", sa.Text, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("openings", sa.Integer, nullable=False),
        sa.Column("updated_ms", sa.Integer, nullable=False),
        sa.Column("metrics", sa.Text, nullable=False),
    )


def _record() -> None:
    op.create_table(
        "record",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("run", sa.Integer, nullable=False),
        sa.Column("at_ms", sa.Integer, nullable=False),
        sa.Column("level", sa.Integer, nullable=False),
        sa.Column("event", sa.Text, nullable=False),
        sa.Column("exchange", sa.Text, nullable=False),
        sa.Column("method", sa.Text, nullable=False),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("call_id", sa.Integer, nullable=False),
        sa.Column("attempt", sa.Integer),
        sa.Column("duration_ms", sa.Float),
        sa.Column("kind", sa.Text),
        sa.Column("status", sa.Integer),
        sa.Column("code", sa.Text),
        sa.Column("source", sa.Text),
        sa.Column("detail", sa.Text),
        sqlite_autoincrement=True,
    )
    op.create_index("record_by_exchange", "record", ["exchange"])
    op.create_index("record_by_method", "record", ["exchange", "method"])
    op.create_index("record_by_time", "record", ["at_ms"])
    op.create_index("record_by_call", "record", ["call_id"], sqlite_where=sa.text("call_id > 0"))
