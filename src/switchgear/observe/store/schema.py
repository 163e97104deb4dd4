"""
Owns the tables as they are now, in SQLite and in PostgreSQL; how a database comes to have them is left to migrations.

The words of records lie in a table `word` of each database's own making, which sqlite_sql and postgres_sql know.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, MetaData, Table, Text

metadata = MetaData()
_BIG = BigInteger().with_variant(Integer, "sqlite")  # SQLite's integers are all of one size

shape = Table(
    "shape",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("exchange", Text, nullable=False),
    Column("method", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("level", Integer, nullable=False),
    Column("event", Text, nullable=False),
    Column("kind", Text),
    Column("scope", Text),
    Column("source", Text),
    Column("plain", Integer, nullable=False),
)
"""What many records have in common, once; a record names it by its number. None is ever deleted."""

record = Table(
    "record",
    metadata,
    # An id is never given twice, also not after the newest records were cleared: it comes from `state`.
    Column("id", _BIG, primary_key=True, autoincrement=False),
    Column("run", Integer, nullable=False),
    Column("at_ms", _BIG, nullable=False),
    Column("shape", Integer, nullable=False),
    Column("call_id", _BIG, nullable=False),
    Column("attempt", _BIG),
    Column("duration_us", _BIG),
    Column("status", _BIG),
    Column("code", Text),
    Column("message", Text),
    Column("order_id", Text),
    Column("detail", Text),
)
INDEXES = {"record_by_shape": "shape", "record_by_call": "call_id", "record_by_order": "order_id"}
"""Of records, by name, each with its column; the id comes after it, in SQLite by itself."""

rollup = Table(
    "rollup",
    metadata,
    Column("width", _BIG, primary_key=True, autoincrement=False),
    Column("shape", Integer, primary_key=True, autoincrement=False),
    Column("start", _BIG, primary_key=True, autoincrement=False),
    Column("count", _BIG, nullable=False),
    Column("id_min", _BIG, nullable=False),
    Column("id_max", _BIG, nullable=False),
    sqlite_with_rowid=False,
)
"""How many records of a shape there are in a span of time, and between which ids they lie; see rollups."""

state = Table(
    "state",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("born", Text, nullable=False),
    Column("newest", _BIG, nullable=False),
)
"""One row: a name of this store alone, and the id that was given last."""

run = Table(
    "run",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("pid", Integer, nullable=False),
    Column("started_ms", _BIG, nullable=False),
    Column("updated_ms", _BIG, nullable=False),
    Column("ended_ms", _BIG),
    Column("lost_below_warning", _BIG, nullable=False),
    Column("lost_from_warning", _BIG, nullable=False),
    Column("id_min", _BIG),
    Column("id_max", _BIG),
    sqlite_autoincrement=True,
)

circuit = Table(
    "circuit",
    metadata,
    Column("run", Integer, primary_key=True, autoincrement=False),
    Column("exchange", Text, primary_key=True),
    Column("method", Text, primary_key=True),
    Column("account", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("since_ms", _BIG, nullable=False),
    Column("reason", Text, nullable=False),
    Column("until_ms", _BIG),
    Column("held_by", Text, nullable=False),
    Column("failures", _BIG, nullable=False),
    Column("openings", _BIG, nullable=False),
    Column("updated_ms", _BIG, nullable=False),
    Column("metrics", Text, nullable=False),
)
