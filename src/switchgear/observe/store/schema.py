"""Owns the tables as they are now; how a file comes to have them is left to migrations."""

from __future__ import annotations

from sqlalchemy import Column, Float, Index, Integer, MetaData, Table, Text, text

metadata = MetaData()

record = Table(
    "record",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("run", Integer, nullable=False),
    Column("at_ms", Integer, nullable=False),
    Column("level", Integer, nullable=False),
    Column("event", Text, nullable=False),
    Column("exchange", Text, nullable=False),
    Column("method", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("call_id", Integer, nullable=False),
    Column("attempt", Integer),
    Column("duration_ms", Float),
    Column("kind", Text),
    Column("status", Integer),
    Column("code", Text),
    Column("source", Text),
    Column("detail", Text),
    # An id is never given twice, also not after the newest records were cleared: pages are cut by
    # it.
    sqlite_autoincrement=True,
)
# Every index of SQLite ends in the row's id, so each of these is a page of its filter, newest
# first.
Index("record_by_exchange", record.c.exchange)
Index("record_by_method", record.c.exchange, record.c.method)
Index("record_by_time", record.c.at_ms)
Index("record_by_call", record.c.call_id, sqlite_where=text("call_id > 0"))

run = Table(
    "run",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("pid", Integer, nullable=False),
    Column("started_ms", Integer, nullable=False),
    Column("updated_ms", Integer, nullable=False),
    Column("ended_ms", Integer),
    Column("lost_below_warning", Integer, nullable=False),
    Column("lost_from_warning", Integer, nullable=False),
    sqlite_autoincrement=True,
)

circuit = Table(
    "circuit",
    metadata,
    Column("run", Integer, primary_key=True),
    Column("exchange", Text, primary_key=True),
    Column("method", Text, primary_key=True),
    Column("account", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("since_ms", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    Column("until_ms", Integer),
    Column("held_by", Text, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("openings", Integer, nullable=False),
    Column("updated_ms", Integer, nullable=False),
    Column("metrics", Text, nullable=False),
)
