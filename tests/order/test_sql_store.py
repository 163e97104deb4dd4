"""Tests what a journal in SQL adds to the contract: opening, several at once, durability, and every way to fail."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event

from switchgear.core.errors import SettingsError
from switchgear.observe.store.errors import StoreError
from switchgear.order.intent import Intent, State
from switchgear.order.sql_rows import selecting
from switchgear.order.sql_store import SqlStore
from switchgear.order.store import Change, Claim, DuplicateIntent, IntentQuery, Switch, Write
from tests.order.stores import BY, FULL, Place, intent, request, wrote

if TYPE_CHECKING:
    from collections.abc import Generator

    from switchgear.order.store import Outcome

ALL = IntentQuery()
NOBODY = 65_534
ON = Switch(on=True, at_ms=1, by="ann", why="odd")


# ------------------------------------------------------------------------------------------- opening


def test_what_was_kept_is_there_after_opening_again(place: Place) -> None:
    """Intents, moves and switches outlive the store that wrote them, whether they were to be durable or not."""
    first = place.open()
    wrote(first, FULL)
    (kept,) = first.apply([Write(intent(1), BY)], durable=False)
    first.apply([Change(intent(1).moved(State.SENT, 5, "s"), State.NEW, BY), ON], durable=False)
    moves = first.moves("i1")
    assert len(moves) == 2
    assert kept == intent(1)
    first.close()
    again = place.open()
    assert again.query(ALL) == [FULL, intent(1).moved(State.SENT, 5, "s")]
    assert (again.moves("i1"), again.switches()) == (moves, [ON])


def test_a_closed_store_opens_itself_again(place: Place) -> None:
    """Closing lets go of the connections; whoever comes late finds everything."""
    store = place.open()
    wrote(store, intent(1))
    store.close()
    assert store.get("i1") == intent(1)
    wrote(store, intent(2))


def test_a_newer_version_is_refused(place: Place) -> None:
    """A journal whose shape this version does not know is not touched, and the message says why."""
    place.open().close()
    place.ask("update journal set version = 2")
    with pytest.raises(SettingsError, match="from a newer version of switchgear: its shape is 2"):
        place.open()
    assert list(place.ask("select version from journal")) == [(2,)]


@pytest.mark.parametrize("name", ["journal", "intent"])
def test_another_programs_tables_are_refused(place: Place, name: str) -> None:
    """Where a table of ours would go somebody else's stands: nothing is made, nothing is changed."""
    place.ask(f"create table {name} (words text)")
    with pytest.raises(SettingsError, match="another program's"):
        place.open()
    assert list(place.ask(f"select * from {name}")) == []


def test_the_database_may_hold_other_tables(schema: Place) -> None:
    """A PostgreSQL database is shared: tables of other names stand beside ours."""
    schema.ask("create table customer (words text)")
    wrote(schema.open(), intent(1))


def test_another_programs_file_is_refused_untouched(file: Place) -> None:
    """A SQLite file of somebody else keeps every byte."""
    file.ask("create table customer (words text)")
    path = Path(file.where)
    before = path.read_bytes()
    with pytest.raises(SettingsError, match="another program's database"):
        file.open()
    assert path.read_bytes() == before
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_a_file_that_is_no_database_is_refused(file: Place) -> None:
    """Any other file keeps every byte too."""
    path = Path(file.where)
    path.write_bytes(b"Dear diary, " * 1_000)
    with pytest.raises(SettingsError, match="it is no database"):
        file.open()
    assert path.read_bytes() == b"Dear diary, " * 1_000


def test_a_damaged_file_is_a_store_error(file: Place) -> None:
    """A journal whose pages were overwritten cannot be used, and says so."""
    store = file.open()
    wrote(store, *(intent(number) for number in range(1, 100)))
    store.close()
    path = Path(file.where)
    whole = path.read_bytes()
    path.write_bytes(whole[:4096] + b"\x55" * (len(whole) - 4096))
    with pytest.raises(StoreError, match=r"orders\.db: "):
        file.open().query(ALL)


@pytest.mark.parametrize(
    ("where", "allowed"),
    [
        ("mysql://ann:secret@host/db", "must be a path or postgresql"),
        ("postgresql+asyncpg://ann:secret@host/db", "must be a path or postgresql"),
        ("postgresql://ann:secret@host:port/db", "must be of the form postgresql"),
    ],
)
def test_a_place_that_cannot_be_is_refused(where: str, allowed: str) -> None:
    """A URL of another kind is refused by its kind, and its password is not in the message."""
    with pytest.raises(SettingsError, match=allowed) as caught:
        SqlStore(where)
    assert "secret" not in str(caught.value)


def test_a_path_that_cannot_be_is_refused(tmp_path: Path) -> None:
    """A folder is no file, and a folder is not made."""
    with pytest.raises(SettingsError, match="it is a folder"):
        SqlStore(tmp_path)
    with pytest.raises(SettingsError, match="in a folder that exists"):
        SqlStore(str(tmp_path / "no" / "orders.db"))


def test_a_bound_that_cannot_be_is_refused(file: Place, schema: Place) -> None:
    """A file needs room for its tables, and a server's size is not ours to bound."""
    with pytest.raises(SettingsError, match="bytes_max=10: must be 409600 or more"):
        file.open(bytes_max=10)
    with pytest.raises(SettingsError, match="only a SQLite file has one"):
        schema.open(bytes_max=1_000_000)


def test_a_server_that_is_not_there_is_a_store_error(tmp_path: Path) -> None:
    """The message names the database, and no password."""
    url = f"postgresql://ann:secret@/shop?host={tmp_path}&password=secret"
    with pytest.raises(StoreError, match="postgresql://ann@/shop: ") as caught:
        SqlStore(url)
    assert "secret" not in str(caught.value)


# ---------------------------------------------------------------------------------------- the tables


@pytest.mark.parametrize(
    ("query", "index"),
    [
        (IntentQuery("a", "b", frozenset({State.SENT})), "intent_open"),
        (IntentQuery(states=frozenset({State.NEW, State.SENT})), "intent_open"),
        (IntentQuery("a", "b"), "intent_by_account"),
        (IntentQuery("a", "b", frozenset(State), since_ms=5), "intent_by_account"),
        (IntentQuery(), "intent_by_time"),
        (IntentQuery(since_ms=5), "intent_by_time"),
        (IntentQuery("a", "b", client_order_id="c"), "intent_by_name"),
        (IntentQuery("a", "b", idempotency_key="c"), "intent_by_key"),
    ],
    ids=lambda value: value if isinstance(value, str) else "-",
)
def test_a_question_is_answered_from_an_index(file: Place, query: IntentQuery, index: str) -> None:
    """However many intents there are, what is asked for is found without a look at all, and pages without sorting."""
    dialect = file.open()._reading.dialect
    sql = selecting(query).compile(dialect=dialect, compile_kwargs={"literal_binds": True})
    plan = [str(row[3]) for row in file.ask(f"explain query plan {sql}")]
    assert f"INDEX {index}" in plan[0], plan
    assert len(plan) == 1 or index in {"intent_open", "intent_by_key", "intent_by_name"}, plan


def test_a_sqlite_file_says_whose_it_is(file: Place) -> None:
    """Its header carries our id, and it is written ahead, so that readers never wait."""
    file.open()
    assert file.ask("pragma application_id") == [(0x5357474F,)]
    assert file.ask("pragma journal_mode") == [("wal",)]


# ---------------------------------------------------------------------------------------- durability


@pytest.mark.parametrize(("durable", "level"), [(True, 2), (False, 1)])
def test_a_durable_batch_is_committed_with_full_sync(
    file: Place, durable: bool, level: int
) -> None:
    """
    When SQLite commits, it is set to sync what it has written ahead (2), or not to (1).

    This proves what SQLite was told, not that a disk obeys; the first of a store, and each after one of the other kind.
    """
    store = file.open()
    seen: list[object] = []

    def committing(connection: Any) -> None:
        seen.append(connection.exec_driver_sql("pragma synchronous").scalar())

    event.listen(store._writing, "commit", committing)
    store.apply([Write(intent(1), BY)], durable=durable)
    store.apply([Write(intent(2), BY)], durable=not durable)
    store.apply([Write(intent(3), BY)], durable=durable)
    assert seen == [level, 3 - level, level]


def test_a_durable_batch_waits_for_the_servers_log(schema: Place) -> None:
    """When PostgreSQL commits, it is set to wait until its log is on disk, or not to."""
    store = schema.open()
    seen: list[object] = []

    def committing(connection: Any) -> None:
        seen.append(connection.exec_driver_sql("show synchronous_commit").scalar())

    event.listen(store._writing, "commit", committing)
    for number, durable in enumerate((True, False, True), start=1):
        store.apply([Write(intent(number), BY)], durable=durable)
    assert seen == ["on", "off", "on"]


# -------------------------------------------------------------------------------- what cannot be kept


def kinds(outcomes: list[Outcome]) -> list[type]:
    """What sort of outcome each is."""
    return [type(each) for each in outcomes]


@pytest.mark.parametrize("bad", ["a\0b", "a\ud800b"], ids=["NUL", "half a character"])
def test_a_name_that_no_database_can_hold_is_refused_alone(place: Place, bad: str) -> None:
    """A step with such a name never fails the batch, which would be tried again for ever."""
    store = place.open()
    moved = intent(1).moved(State.ACKED, 5, "booked", order_id=bad)
    outcomes = store.apply(
        [
            Write(intent(1), BY),
            Write(intent(2, idempotency_key=bad), BY),
            Write(intent(3), bad),
            Change(moved, State.NEW, BY),
            Claim("i1", bad, 0, 1),
            Claim(bad, "p1", 0, 1),
            Switch(True, 1, bad, "odd"),
            Write(intent(4), BY),
        ],
        durable=True,
    )
    assert kinds(outcomes) == [Intent, *[SettingsError] * 6, Intent]
    assert store.query(ALL) == [intent(4), intent(1)]
    assert (store.switches(), len(store.moves("i1"))) == ([], 1)


def test_words_for_people_are_kept_as_far_as_they_can_be(place: Place) -> None:
    """What an exchange said may hold anything: what cannot be kept of it is a question mark."""
    store = place.open()
    (kept,) = store.apply([Write(intent(1, why="a\0b\ud800c"), BY)], durable=True)
    assert kept == store.get("i1") == intent(1, why="a?b?c")
    assert store.moves("i1")[0].why == "a?b?c"


def test_a_name_too_long_for_an_index_is_refused_alone(place: Place) -> None:
    """The longest names go in, in any script; one more character does not."""
    longest = "".join(chr(0x1F600 + number % 80) for number in range(200))
    fits = intent(1, exchange=longest, account=longest, idempotency_key=longest)
    outcomes = place.open().apply(
        [Write(fits, BY), Write(intent(2, idempotency_key="x" * 201), BY)], durable=True
    )
    assert kinds(outcomes) == [Intent, SettingsError]


def test_an_intent_id_is_given_once(place: Place) -> None:
    """An intent with the id of another, whatever its names, is a duplicate of that one."""
    store = place.open()
    wrote(store, intent(1))
    (refused,) = store.apply([Write(intent(1, request=request("c2")), BY)], durable=True)
    assert isinstance(refused, DuplicateIntent)
    assert refused.found == intent(1)


# ------------------------------------------------------------------------------------- what goes wrong


@contextmanager
def somebody_else() -> Generator[None]:
    """Whom file modes bind: root is not, so for a while the process is nobody."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_read_only_file_keeps_nothing() -> None:
    """What may not be written is a store error, for whoever it is so; those who may write go on."""
    with tempfile.TemporaryDirectory() as folder, Place(Path(folder) / "orders.db") as public:
        Path(folder).chmod(0o755)
        path = Path(folder) / "orders.db"
        wrote(public.open(), intent(1))
        public.close()
        path.chmod(0o444)
        with somebody_else(), pytest.raises(StoreError, match=r"orders\.db: "):
            public.open().apply([Write(intent(2), BY)], durable=True)
        path.chmod(0o644)
        store = public.open()
        assert store.query(ALL) == [intent(1)]
        wrote(store, intent(2))


@pytest.mark.slow
def test_a_full_disk_keeps_nothing_of_a_batch(file: Place) -> None:
    """The batch that does not fit is gone whole, and with room again the store goes on; many commits fill it."""
    store = file.open(bytes_max=500_000)
    kept: list[Intent] = []

    def fill() -> None:
        for first in range(1, 10_000, 50):
            kept.extend(wrote(store, *(intent(first + more) for more in range(50))))

    with pytest.raises(StoreError, match=r"orders\.db: database or disk is full"):
        fill()
    assert kept
    assert store.query(IntentQuery(limit=100_000)) == kept[::-1]
    assert Path(file.where).stat().st_size <= 500_000
    assert file.ask("pragma integrity_check") == [("ok",)]
    file.ask("delete from move")  # stands for room on the disk
    wrote(store, intent(20_000))


def test_a_file_that_was_moved_away_is_not_written(file: Place) -> None:
    """Nobody would ever find what is written there: it is a store error until the file is back."""
    path = Path(file.where)
    store = file.open()
    wrote(store, intent(1))
    path.rename(path.with_name("elsewhere.db"))
    for use in (lambda: store.apply([Write(intent(2), BY)], durable=True), lambda: store.get("i1")):
        with pytest.raises(StoreError, match="moved away"):
            use()
    assert not path.exists()
    path.with_name("elsewhere.db").rename(path)
    wrote(store, intent(2))
