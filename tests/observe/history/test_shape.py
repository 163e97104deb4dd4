"""Tests that the file's shape, the migrations that make it and the tables that the code knows are one."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect

from switchgear.observe import store
from switchgear.observe.history import HistoryReader, HistoryWriter, LogQuery
from switchgear.observe.store import sqlite_engine, versions
from switchgear.observe.store.place import place_of
from switchgear.observe.store.schema import INDEXES, metadata
from tests.observe.history.kit import ask, records

if TYPE_CHECKING:
    from collections.abc import Callable

    from switchgear.testing import FakeClock


def test_the_code_knows_every_revision() -> None:
    """REVISIONS names what is in migrations/versions, oldest first."""
    config = Config()
    config.set_main_option("script_location", str(Path(store.__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    found = [one.revision for one in ScriptDirectory.from_config(config).walk_revisions()]
    assert tuple(reversed(found)) == versions.REVISIONS


def is_in_schema(name: str | None, kind: str, _: object) -> bool:
    """Whether schema.py says it to Alembic: neither the tables of words nor indexes."""
    return kind != "index" and not (kind == "table" and str(name).startswith("word"))


def test_the_migrations_make_what_the_tables_say(writer: HistoryWriter, where: Path | str) -> None:
    """Between the place and schema.py Alembic finds no difference, and the indexes are those that it names."""
    place = place_of(where)
    options = {
        "version_table": versions.version_table(place.sql.name),
        "include_name": is_in_schema,
    }
    engine = place.reading_engine()
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, metadata) == []
        found = {
            one["name"]: one["column_names"] for one in inspect(connection).get_indexes("record")
        }
    after = [] if place.sql.name == "sqlite" else ["id"]
    assert found == {name: [column, *after] for name, column in INDEXES.items()}
    engine.dispose()


def test_the_file_says_that_it_is_ours(path: Path, clock: FakeClock) -> None:
    """Its header carries our id, and it is written ahead, so that readers never wait."""
    HistoryWriter(path, clock).close()
    assert ask(path, "pragma application_id") == [(sqlite_engine.APPLICATION_ID,)]
    assert ask(path, "pragma journal_mode") == [("wal",)]


def test_several_writers_can_start_at_once_on_nothing(
    make: Callable[..., HistoryWriter], where: Path | str
) -> None:
    """Of several that find nothing there one makes the shape, and all of them write."""
    together = threading.Barrier(4)

    def start() -> None:
        together.wait(5.0)
        writer = make()
        writer.write(records(1, 10))
        writer.flush()

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert HistoryReader(where).count(LogQuery()) == 40


def test_a_page_comes_from_an_index(path: Path, clock: FakeClock) -> None:
    """The newest records of a shape, of a call and of an order are found without sorting and without a scan."""
    HistoryWriter(path, clock).close()
    for where, index in [
        ("shape = 1", "record_by_shape"),
        ("call_id = 7 and call_id > 0", "record_by_call"),
        ("order_id = 'a' and order_id is not null", "record_by_order"),
    ]:
        plan = ask(
            path, f"explain query plan select * from record where {where} order by id desc limit 9"
        )
        assert [index in one[3] and "TEMP" not in one[3] for one in plan] == [True], plan
