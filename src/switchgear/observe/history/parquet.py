"""
Owns records as a Parquet file, written and read by DuckDB, which is imported here and nowhere else.

Which records, and what their fields may be, is export's and importing's.
"""

from __future__ import annotations

import json
import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from switchgear.core.errors import SettingsError
from switchgear.observe.history.export import FIELDS, as_dict, encoded
from switchgear.observe.store.clean import REPLACEMENT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from switchgear.observe.history.export import End
    from switchgear.observe.record import LogRecord

MARK = "switchgear"
"""Under which the file says, beside its rows, whether it is whole."""
_PIECE_BYTES = 65_536
_ROWS = 1_000
_TYPES = {
    **dict.fromkeys(("id", "at_ms", "call_id", "attempt", "status", "run"), "BIGINT"),
    "duration_ms": "DOUBLE",
}


def to_parquet(records: Iterable[LogRecord], end: Callable[[], End]) -> Iterator[bytes]:
    """
    The file, piece by piece, once all records have come; on disk meanwhile, never in memory.

    Args:
        records: What is exported.
        end: What is said of them when all have passed.

    Raises:
        SettingsError: DuckDB is not installed.
    """
    duckdb = _library()
    return _written(duckdb, records, end)


def _written(duckdb: Any, records: Iterable[LogRecord], end: Callable[[], End]) -> Iterator[bytes]:
    columns = {name: _TYPES.get(name, "VARCHAR") for name in FIELDS}
    with tempfile.TemporaryDirectory(prefix="switchgear-") as folder:
        lines, made = Path(folder) / "records.jsonl", Path(folder) / "records.parquet"
        with lines.open("wb") as file:
            for record in records:
                file.write(_line(record))
        mark = json.dumps(end().as_dict())
        with closing(_connection(duckdb)) as database:
            source = f"read_json({_text(lines)}, format='newline_delimited', columns={columns})"
            kept = f"FORMAT parquet, COMPRESSION zstd, KV_METADATA {{{MARK}: {_text(mark)}}}"
            database.execute(f"COPY (FROM {source}) TO {_text(made)} ({kept})")
        with made.open("rb") as file:
            while piece := file.read(_PIECE_BYTES):
                yield piece


def read_parquet(path: Path) -> tuple[dict[str, Any] | None, Iterator[dict[str, Any]]]:
    """
    What the file says of itself, None when it says nothing, and its rows by name.

    Raises:
        SettingsError: DuckDB is not installed, or the file is no Parquet.
    """
    duckdb = _library()
    database = _connection(duckdb)
    try:
        where = "SELECT value FROM parquet_kv_metadata(?) WHERE key = ?"
        told = database.execute(where, [str(path), MARK]).fetchone()
        rows = database.execute("SELECT * FROM read_parquet(?)", [str(path)])
    except duckdb.Error as error:
        database.close()
        raise SettingsError("file", str(path), f"is no Parquet file: {error}") from None
    mark: dict[str, Any] | None = None if told is None else json.loads(told[0])
    return mark, _rows(database, rows)


def _rows(database: Any, rows: Any) -> Iterator[dict[str, Any]]:
    with closing(database):
        names = [column[0] for column in rows.description]
        while found := rows.fetchmany(_ROWS):
            for row in found:
                values = dict(zip(names, row, strict=True))
                if isinstance(values.get("detail"), str):
                    values["detail"] = json.loads(values["detail"])
                yield values


def _line(record: LogRecord) -> bytes:
    values = as_dict(record)
    values["detail"] = encoded(values["detail"]).decode()
    # A NUL ends a text where C reads it; in the detail, which is JSON in JSON, it is spelled out.
    clean = {
        name: value.replace("\0", REPLACEMENT) if isinstance(value, str) else value
        for name, value in values.items()
    }
    return encoded(clean) + b"\n"


def _library() -> Any:
    try:
        import duckdb
    except ModuleNotFoundError:
        allowed = "needs DuckDB; pip install 'switchgear[parquet]' brings it"
        raise SettingsError("format", "parquet", allowed) from None
    return duckdb


def _connection(duckdb: Any) -> Any:
    # What it does not bring with it, it would fetch; and it shall read no other file than it is told to.
    return duckdb.connect(config={"autoinstall_known_extensions": "false", "threads": "1"})


def _text(value: object) -> str:
    """The value as a literal of SQL."""
    return "'" + str(value).replace("'", "''") + "'"
