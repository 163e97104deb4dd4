"""Tests that the file's shape, the migrations that make it and the tables that the code knows are one."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from switchgear.observe import store
from switchgear.observe.history import HistoryReader, LogQuery
from switchgear.observe.store import engine
from switchgear.observe.store.schema import metadata
from tests.observe.history.kit import ask, records

if TYPE_CHECKING:
    from collections.abc import Callable

    from switchgear.observe.history import HistoryWriter


def test_the_code_knows_every_revision() -> None:
    """REVISIONS names what is in migrations/versions, oldest first."""
    config = Config()
    config.set_main_option("script_location", str(Path(store.__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    found = [one.revision for one in ScriptDirectory.from_config(config).walk_revisions()]
    assert tuple(reversed(found)) == engine.REVISIONS


def test_the_migrations_make_what_the_tables_say(writer: HistoryWriter, path: Path) -> None:
    """Between the file and schema.py Alembic finds no difference."""
    with engine.reading_engine(path).connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_the_file_says_that_it_is_ours(writer: HistoryWriter, path: Path) -> None:
    """Its header carries our id, and it is written ahead, so that readers never wait."""
    assert ask(path, "pragma application_id") == [(engine.APPLICATION_ID,)]
    assert ask(path, "pragma journal_mode") == [("wal",)]


def test_several_writers_can_start_at_once_on_no_file(
    make: Callable[..., HistoryWriter], path: Path
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
    assert HistoryReader(path).count(LogQuery()) == 40


def test_a_page_comes_from_an_index(writer: HistoryWriter, path: Path) -> None:
    """The newest records of a key, of an exchange and of a call are found without sorting and without a scan."""
    for where, index in [
        ("exchange = 'a'", "record_by_exchange"),
        ("exchange = 'a' and method = 'b'", "record_by_method"),
        ("call_id = 7 and call_id > 0", "record_by_call"),
    ]:
        plan = ask(
            path, f"explain query plan select * from record where {where} order by id desc limit 9"
        )
        assert [index in one[3] and "TEMP" not in one[3] for one in plan] == [True], plan
