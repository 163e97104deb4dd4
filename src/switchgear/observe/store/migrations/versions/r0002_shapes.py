"""
Turns records into shapes, sums over time and words that can be found; makes all of it on a server.

The records of a file are carried over a thousand at a time, in the transaction of the whole step.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, cast
from uuid import uuid4

import sqlalchemy as sa
from alembic import op

if TYPE_CHECKING:
    from collections.abc import Iterator

revision = "0002"
down_revision = "0001"

_BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_STEP = 1_000
_MINUTE_MS = 60_000
_WIDTHS = (360 * _MINUTE_MS, 30 * _MINUTE_MS, _MINUTE_MS)
_WORD = re.compile(r"[^\W_]+")
_SCOPES = {"@exchange": "exchange", "@address": "address", "@account": "account"}


def upgrade() -> None:
    """From records as they were, if there are any."""
    if op.get_context().dialect.name == "postgresql":
        # No server ever held the first shape: it was made a moment ago, and is empty.
        for name in ("record", "run", "circuit"):
            op.drop_table(name)
        _run_and_circuit()
        _tables()
        op.execute(
            "CREATE TABLE word (id BIGINT PRIMARY KEY, shape INTEGER NOT NULL, words TSVECTOR NOT NULL)"
        )
        op.execute("CREATE INDEX word_by_words ON word USING gin (words) WITH (fastupdate = off)")
        _begin(0)
        return
    for name in ("exchange", "method", "time", "call"):
        op.drop_index(f"record_by_{name}", "record")
    op.rename_table("record", "record_0001")
    for name in ("id_min", "id_max"):
        op.add_column("run", sa.Column(name, sa.Integer))
    _tables()
    op.execute(
        "CREATE VIRTUAL TABLE word USING"
        " fts5(words, content='', columnsize=0, detail=none, tokenize='ascii')"
    )
    connection = op.get_bind()
    newest = connection.exec_driver_sql(
        "select seq from sqlite_sequence where name = 'record_0001'"
    ).scalar()
    _begin(newest or 0)
    _Carrier(connection).carry()
    op.drop_table("record_0001")
    for one in _indexes(sqlite=True):
        op.create_index(*one[0], **one[1])


def _begin(newest: int) -> None:
    state = sa.table("state", sa.column("id"), sa.column("born"), sa.column("newest"))
    op.bulk_insert(state, [{"id": 1, "born": uuid4().hex, "newest": newest}])


def _tables() -> None:
    op.create_table(
        "shape",
        sa.Column("id", sa.Integer, primary_key=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("exchange", "method", "account")),
        sa.Column("level", sa.Integer, nullable=False),
        sa.Column("event", sa.Text, nullable=False),
        *(sa.Column(name, sa.Text) for name in ("kind", "scope", "source")),
        sa.Column("plain", sa.Integer, nullable=False),
    )
    op.create_table(
        "record",
        sa.Column("id", _BIG, primary_key=True, autoincrement=False),
        sa.Column("run", sa.Integer, nullable=False),
        sa.Column("at_ms", _BIG, nullable=False),
        sa.Column("shape", sa.Integer, nullable=False),
        sa.Column("call_id", _BIG, nullable=False),
        *(sa.Column(name, _BIG) for name in ("attempt", "duration_us", "status")),
        *(sa.Column(name, sa.Text) for name in ("code", "message", "order_id", "detail")),
    )
    op.create_table(
        "rollup",
        sa.Column("width", _BIG, primary_key=True, autoincrement=False),
        sa.Column("shape", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("start", _BIG, primary_key=True, autoincrement=False),
        *(sa.Column(name, _BIG, nullable=False) for name in ("count", "id_min", "id_max")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "state",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("born", sa.Text, nullable=False),
        sa.Column("newest", _BIG, nullable=False),
    )
    if op.get_context().dialect.name == "postgresql":
        for one in _indexes(sqlite=False):
            op.create_index(*one[0], **one[1])


def _indexes(*, sqlite: bool) -> Iterator[tuple[tuple[Any, ...], dict[str, Any]]]:
    for name, column, where in (
        ("record_by_shape", "shape", None),
        ("record_by_call", "call_id", "call_id > 0"),
        ("record_by_order", "order_id", "order_id IS NOT NULL"),
    ):
        condition = None if where is None else sa.text(where)
        if sqlite:
            yield (name, "record", [column]), {"sqlite_where": condition}
        else:
            yield (name, "record", [column, "id"]), {"postgresql_where": condition}


def _run_and_circuit() -> None:
    op.create_table(
        "run",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("pid", sa.Integer, nullable=False),
        *(sa.Column(name, _BIG, nullable=False) for name in ("started_ms", "updated_ms")),
        sa.Column("ended_ms", _BIG),
        *(sa.Column(f"lost_{name}_warning", _BIG, nullable=False) for name in ("below", "from")),
        *(sa.Column(name, _BIG) for name in ("id_min", "id_max")),
    )
    op.create_table(
        "circuit",
        sa.Column("run", sa.Integer, primary_key=True, autoincrement=False),
        *(sa.Column(name, sa.Text, primary_key=True) for name in ("exchange", "method", "account")),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("since_ms", _BIG, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("until_ms", _BIG),
        sa.Column("held_by", sa.Text, nullable=False),
        *(sa.Column(name, _BIG, nullable=False) for name in ("failures", "openings", "updated_ms")),
        sa.Column("metrics", sa.Text, nullable=False),
    )


class _Carrier:
    """Carries the records of a file over, oldest first, so that their ids stay."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection
        self._shapes: dict[tuple[Any, ...], int] = {}
        self._runs: dict[int, list[int]] = {}

    def carry(self) -> None:
        last = -1
        asked = f"select * from record_0001 where id > ? order by id limit {_STEP}"  # noqa: S608  names and numbers of ours alone
        while rows := self._connection.exec_driver_sql(asked, (last,)).mappings().all():
            last = rows[-1]["id"]
            self._step([_Old(row) for row in rows])
        self._say(
            "insert into shape values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [(n, *one) for one, n in self._shapes.items()],
        )
        self._say(
            "update run set id_min = ?, id_max = ? where id = ?",
            [(*ends, run) for run, ends in self._runs.items()],
        )

    def _step(self, old: list[_Old]) -> None:
        sums: dict[tuple[int, int, int], list[int]] = {}
        numbered = [(one, self._shapes.setdefault(one.names, len(self._shapes) + 1)) for one in old]
        for one, shape in numbered:
            _stretch(self._runs.setdefault(one.run, [one.id, one.id]), one.id)
            for number in (shape, -one.level):
                for width in _WIDTHS:
                    _count(sums, (width, number, one.at_ms - one.at_ms % width), one.id)
                _count(sums, (0, number, 0), one.id)
        self._say(
            f"insert into record values ({', '.join('?' * 12)})",  # noqa: S608  names and numbers of ours alone
            [one.row(shape) for one, shape in numbered],
        )
        self._say(
            "insert into rollup values (?, ?, ?, ?, ?, ?) on conflict (width, shape, start) do update set"
            " count = count + excluded.count, id_min = min(id_min, excluded.id_min),"
            " id_max = max(id_max, excluded.id_max)",
            [(*key, *value) for key, value in sums.items()],
        )
        words = [(one.id, " ".join(one.words())) for one in old]
        self._say("insert into word (rowid, words) values (?, ?)", [one for one in words if one[1]])

    def _say(self, statement: str, rows: list[Any]) -> None:
        if rows:
            self._connection.exec_driver_sql(statement, rows)


class _Old:
    """A record of the first shape."""

    def __init__(self, row: Any) -> None:
        self._row = row
        self.id, self.run, self.at_ms = row["id"], row["run"], row["at_ms"]
        self.level: int = row["level"]
        lasted_ms = row["duration_ms"]
        self._lasted_us = None if lasted_ms is None else round(lasted_ms * 1000)
        self._plain = (
            row["event"] == "call_succeeded"
            and self._lasted_us is not None
            and row["message"] == f"succeeded in {self._lasted_us / 1000:.1f} ms"
        )
        self._detail, detail = _detail(row["detail"])
        order_id, scope = (
            value if isinstance(value := detail.get(name), str) else None
            for name in ("client_order_id", "scope")
        )
        self._order_id = order_id if row["event"] == "intent_moved" else None
        if row["event"] == "circuit_moved":
            scope = _SCOPES.get(row["method"], "method")
        elif row["event"] not in {"call_rejected", "gate_closed"}:
            scope = None
        names = [row[name] for name in ("exchange", "method", "account", "level", "event", "kind")]
        self.names = (*names, scope, row["source"], int(self._plain))

    def row(self, shape: int) -> tuple[Any, ...]:
        """As it is now."""
        row = self._row
        before = (self.id, self.run, self.at_ms, shape, row["call_id"], row["attempt"])
        message = None if self._plain else row["message"]
        after = (row["status"], row["code"], message, self._order_id, self._detail)
        return (*before, self._lasted_us, *after)

    def words(self) -> list[str]:
        """What it says, and its names do not."""
        exchange, method, account, _, event, kind, scope, source, _ = self.names
        named = {"succeeded", "in", "ms"} if self._plain else set[str]()
        for name in (exchange, method, account, event, kind, scope, source):
            named.update(_WORD.findall((name or "").lower()))
        message = "" if self._plain else self._row["message"]
        own = (message, self._row["code"], self._row["status"], self._order_id)
        said = _WORD.findall(" ".join("" if one is None else str(one) for one in own).lower())
        return [word[:200] for word in dict.fromkeys(said) if word not in named]


def _detail(kept: Any) -> tuple[str | None, dict[str, Any]]:
    """A detail as it is kept now, and what it says; one that is no JSON object becomes the text in one."""
    if not kept:
        return None, {}
    try:
        said: Any = json.loads(kept, parse_constant=_refuse)
    except (ValueError, RecursionError):
        said = None
    if isinstance(said, dict):
        return kept, cast("dict[str, Any]", said)
    text = kept.decode(errors="replace") if isinstance(kept, bytes) else str(kept)
    return json.dumps({"detail": text}), {}


def _refuse(constant: str) -> None:
    raise ValueError(constant)  # what reads a detail now knows no NaN


def _count(sums: dict[tuple[int, int, int], list[int]], key: tuple[int, int, int], at: int) -> None:
    found = sums.setdefault(key, [0, at, at])
    found[0] += 1
    found[1], found[2] = min(found[1], at), max(found[2], at)


def _stretch(ends: list[int], at: int) -> None:
    ends[0], ends[1] = min(ends[0], at), max(ends[1], at)
