"""Tests a journal in SQL that several use at the same time, and a server that goes away and comes back."""

from __future__ import annotations

import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import event

from switchgear.observe.store.errors import StoreError
from switchgear.order import sql_store
from switchgear.order.intent import Intent, StaleIntent, State
from switchgear.order.store import Change, Claim, DuplicateIntent, IntentQuery, Switch, Write
from tests.order.postgres import Postgres
from tests.order.stores import BY, Place, intent, request, wrote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from switchgear.order.sql_store import SqlStore
    from switchgear.order.store import Outcome, Step

ALL = IntentQuery()
ON = Switch(on=True, at_ms=1, by="ann", why="odd")


def together(*jobs: Callable[[], object]) -> None:
    """Run each in a thread of its own, all from the same moment on; the first error is raised."""
    start = threading.Barrier(len(jobs))
    errors: list[BaseException] = []

    def run(job: Callable[[], object]) -> None:
        try:
            start.wait(5.0)
            job()
        except BaseException as error:  # noqa: BLE001  raised below, in the test's own thread
            errors.append(error)

    threads = [threading.Thread(target=run, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for error in errors:
        raise error


@pytest.mark.usefixtures("patient")
def test_several_can_start_at_once_where_nothing_is(place: Place) -> None:
    """Of several that find no tables one makes them, and all of them write."""

    def start(number: int) -> None:
        wrote(place.open(), intent(number))

    together(*(lambda number=number: start(number) for number in range(6)))
    assert len(place.open().query(ALL)) == 6


@pytest.mark.usefixtures("patient")
def test_of_two_that_write_the_same_name_one_wins(place: Place) -> None:
    """Two stores write forty client order ids at the same time: each is kept once, and the loser is told the winner."""
    names = range(40)
    outcomes: dict[str, list[Outcome]] = {"a": [], "b": []}

    def write(who: str) -> None:
        store = place.open()
        for number in names:
            one = intent(number, intent_id=f"{who}{number}")
            outcomes[who] += store.apply([Write(one, who)], durable=False)

    together(lambda: write("a"), lambda: write("b"))
    store = place.open()
    for ours, theirs in zip(outcomes["a"], outcomes["b"], strict=True):
        won, lost = (ours, theirs) if isinstance(ours, Intent) else (theirs, ours)
        assert isinstance(won, Intent)
        assert isinstance(lost, DuplicateIntent)
        assert lost.found == won == store.get(won.intent_id)
    assert len(store.query(ALL)) == len(names)


def test_of_two_stores_one_owns_an_intent(place: Place) -> None:
    """A claim in one process keeps the other away until its instant, then the other has it."""
    one, two = place.open(), place.open()
    wrote(one, intent(1))
    (first,) = one.apply([Claim("i1", "p1", 0, 100)], durable=False)
    assert isinstance(first, Intent)
    (second,) = two.apply([Claim("i1", "p2", 50, 200)], durable=False)
    assert isinstance(second, StaleIntent)
    (third,) = two.apply([Claim("i1", "p2", 100, 200)], durable=False)
    assert isinstance(third, Intent)
    assert one.get("i1") == two.get("i1") == third


def test_a_move_in_one_store_makes_the_view_of_another_stale(place: Place) -> None:
    """Two processes move the same intent from the same view of it: the second is refused."""
    one, two = place.open(), place.open()
    wrote(one, intent(1))
    (seen,) = two.query(ALL)
    one.apply([Change(intent(1).moved(State.ACKED, 5, "booked"), State.NEW, "p1")], durable=False)
    (refused,) = two.apply([Change(seen.moved(State.SENT, 5, "s"), State.NEW, "p2")], durable=False)
    assert isinstance(refused, StaleIntent)
    assert [each.by for each in two.moves("i1")] == [BY, "p1"]


def test_a_switch_in_one_store_halts_another(place: Place) -> None:
    """A kill switch holds for every process from the moment on at which it was turned."""
    one, two = place.open(), place.open()
    one.apply([ON], durable=True)
    (refused,) = two.apply([Write(intent(1), BY)], durable=True)
    assert str(refused) == "orders are halted by ann: odd"
    assert two.switches() == [ON]


@pytest.mark.usefixtures("impatient")
def test_a_lock_of_somebody_else_is_a_store_error(place: Place) -> None:
    """Whoever waits too long for another process hears so, keeps nothing of the batch, and can write later."""
    store = place.open()
    wrote(store, intent(1))
    batch: list[Step] = [Write(intent(2), BY), Claim("i1", "p1", 0, 9)]
    with place.halfway("update intent set owner = 'p2' where intent_id = 'i1'"):
        with pytest.raises(StoreError, match=r"database is locked|lock timeout"):
            store.apply(batch, durable=True)
        assert store.query(ALL) == [intent(1)]
    assert [type(each) for each in store.apply(batch, durable=True)] == [Intent, Intent]


@pytest.mark.usefixtures("impatient")
def test_a_switch_waits_for_intents_under_way(schema: Place) -> None:
    """Once a switch is on, no transaction that began without it can still keep a new intent."""
    store = schema.open()
    with (
        schema.halfway(f"select pg_advisory_xact_lock_shared({sql_store._TURN})"),
        pytest.raises(StoreError, match="lock timeout"),
    ):
        store.apply([ON], durable=True)
    assert store.apply([ON], durable=True) == [None]


def test_reading_goes_on_while_another_writes(place: Place) -> None:
    """What was committed can be read in the middle of another process's transaction."""
    store = place.open()
    wrote(store, intent(1))
    with place.halfway("update intent set owner = 'p2' where intent_id = 'i1'"):
        assert store.get("i1") == intent(1)
        assert store.query(ALL) == [intent(1)]


@pytest.mark.usefixtures("patient")
def test_any_thread_reads_while_one_writes(place: Place) -> None:
    """Readers of the same store see whole batches only, and never wait for an error."""
    store = place.open()
    done = threading.Event()

    def write() -> None:
        for first in range(0, 40, 2):
            wrote(store, intent(first), intent(first + 1))
        done.set()

    def read() -> None:
        while not done.is_set():
            assert len(store.query(ALL)) % 2 == 0

    together(write, read, read)
    assert len(store.query(ALL)) == 40


PROGRAM = """
import sys
from switchgear.order import sql_store
from switchgear.order.intent import Intent
from switchgear.order.store import Write
from tests.order.stores import intent

who, where = sys.argv[1:]
sql_store.LOCK_WAIT_S = 30.0
store = sql_store.SqlStore(where)
won = 0
for number in range(60):
    (kept,) = store.apply([Write(intent(number, intent_id=f"{who}{number}"), who)], durable=True)
    won += isinstance(kept, Intent)
print(won)
"""


@pytest.mark.slow
def test_several_processes_share_a_journal(place: Place) -> None:
    """Three processes, two seconds for their starts, write the same names: together they keep each of them once."""
    running = [
        subprocess.Popen(
            [sys.executable, "-c", PROGRAM, who, str(place.where)],
            stdout=subprocess.PIPE,
            text=True,
        )
        for who in "abc"
    ]
    won = [int(each.communicate(timeout=60)[0]) for each in running]
    assert sum(won) == 60
    assert len(place.open().query(ALL)) == 60


# ------------------------------------------------------------------- a server that is in trouble


def once(schema: Place, when: str, trouble: str) -> None:
    """Have the server make trouble, and only the first time that it comes to it."""
    schema.ask("create sequence times")
    schema.ask(
        "create function trouble() returns trigger language plpgsql as $$ begin"
        f" if nextval('times') = 1 then {trouble}; end if; return null; end $$"
    )
    schema.ask(f"create constraint trigger troubled after insert or update on intent {when}")


AT_ONCE = "for each row execute function trouble()"
AT_COMMIT = f"deferrable initially deferred {AT_ONCE}"
DEADLOCK = "raise exception 'in the way' using errcode = 'deadlock_detected'"
HANG_UP = "perform pg_terminate_backend(pg_backend_pid())"


@pytest.mark.parametrize("trouble", [DEADLOCK, HANG_UP], ids=["deadlock", "connection"])
def test_what_was_not_committed_is_tried_again_once(schema: Place, trouble: str) -> None:
    """A batch that lost to another process, or its connection, before the commit is kept all the same, once."""
    store = schema.open()
    wrote(store, intent(1))
    once(schema, AT_ONCE, trouble)
    moved = intent(1).moved(State.SENT, 5, "sent")
    outcomes = store.apply([Write(intent(2), BY), Change(moved, State.NEW, BY)], durable=True)
    assert outcomes == [intent(2), moved]
    assert store.query(ALL) == [intent(2), moved]
    assert (len(store.moves("i1")), len(store.moves("i2"))) == (2, 1)
    assert schema.ask("select last_value from times")[0][0] == 3


def test_a_commit_is_never_tried_again(schema: Place) -> None:
    """A connection lost while committing may have kept the batch: that is said, and left to whoever asked."""
    store = schema.open()
    once(schema, AT_COMMIT, HANG_UP)
    with pytest.raises(StoreError, match="whether it was kept is unknown"):
        store.apply([Write(intent(1), BY)], durable=True)
    assert store.query(ALL) == []
    wrote(store, intent(1))


def test_a_commit_that_the_server_refuses_is_not_kept(schema: Place) -> None:
    """An error at the commit over a good connection means that nothing was kept, and nothing else is said."""
    store = schema.open()
    once(schema, AT_COMMIT, "raise exception 'no room'")
    with pytest.raises(StoreError, match=r"no room$"):
        store.apply([Write(intent(1), BY)], durable=True)
    assert store.query(ALL) == []
    wrote(store, intent(1))


def test_a_batch_that_fails_in_its_middle_is_gone_whole(schema: Place) -> None:
    """What a batch did before the error is undone with it."""
    store = schema.open()
    wrote(store, intent(1))
    once(schema, AT_ONCE, "raise exception 'no room'")
    moved = intent(1).moved(State.SENT, 5, "sent")
    schema.ask("select setval('times', 1, false)")
    with pytest.raises(StoreError, match="no room"):
        store.apply([Change(moved, State.NEW, BY), Write(intent(2), BY)], durable=True)
    assert (store.query(ALL), len(store.moves("i1"))) == ([intent(1)], 1)


@pytest.mark.usefixtures("impatient")
def test_whoever_gave_in_goes_alone(schema: Place) -> None:
    """The second try waits until every other transaction has ended: nobody is in its way again."""
    store = schema.open()
    once(schema, AT_ONCE, DEADLOCK)
    with (
        schema.halfway(f"select pg_advisory_xact_lock_shared({sql_store._TURN})"),
        pytest.raises(StoreError, match="lock timeout"),
    ):
        store.apply([Write(intent(1), BY)], durable=True)
    wrote(store, intent(1))


def test_after_a_failure_a_server_is_asked_anew(schema: Place) -> None:
    """A connection to what has become a mere copy, which takes nothing, is not kept."""
    store = schema.open()
    with store._writing.connect() as connection:
        connection.exec_driver_sql("set default_transaction_read_only = on")
        connection.commit()
    with pytest.raises(StoreError, match="read-only transaction"):
        store.apply([Write(intent(1), BY)], durable=True)
    wrote(store, intent(1))


@pytest.mark.slow
@pytest.mark.usefixtures("patient")
def test_two_batches_in_each_others_way_are_both_kept(schema: Place) -> None:
    """Batches that move the same intents the other way round end, once the server has seen that neither can go on."""
    one, two = schema.open(), schema.open()
    count = 30
    wrote(one, *(intent(number) for number in range(count)))
    kept: list[Outcome] = []

    def move(store: SqlStore, numbers: range) -> None:
        moved = [intent(number).moved(State.SENT, 5, "s") for number in numbers]
        kept.extend(store.apply([Change(each, State.NEW, BY) for each in moved], durable=False))

    together(lambda: move(one, range(count)), lambda: move(two, range(count - 1, -1, -1)))
    assert sum(isinstance(each, Intent) for each in kept) == count


@pytest.fixture
def own_server() -> Iterator[Postgres]:
    """A server that one test may stop."""
    server = Postgres()
    yield server
    server.end()


@pytest.mark.slow
def test_a_server_that_was_stopped_is_used_again(own_server: Postgres) -> None:
    """While it is away each use is a store error that keeps nothing; a second is gone for starting one twice."""
    with Place(own_server.fresh(), own_server) as place:
        store = place.open()
        wrote(store, intent(1))
        assert store.get("i1") is not None
        own_server.stop()
        for _ in range(2):
            with pytest.raises(StoreError, match="postgresql://"):
                store.apply([Write(intent(2), BY)], durable=True)
            with pytest.raises(StoreError, match="postgresql://"):
                store.query(ALL)
        own_server.start()
        assert store.query(ALL) == [intent(1)]
        wrote(store, intent(2))


@pytest.mark.slow
def test_a_server_stopped_in_the_middle_keeps_nothing(own_server: Postgres) -> None:
    """A batch that was under way when the server stopped is gone whole; a second is gone for starting one twice."""
    with Place(own_server.fresh(), own_server) as place:
        store = place.open()
        under_way, stopped = threading.Event(), threading.Event()

        def wait(*_: object) -> None:
            under_way.set()
            stopped.wait(30.0)

        def stop() -> None:
            under_way.wait(30.0)
            own_server.stop()
            stopped.set()

        event.listen(store._writing, "commit", wait, once=True)
        stopper = threading.Thread(target=stop)
        stopper.start()
        with pytest.raises(StoreError, match="whether it was kept is unknown"):
            store.apply([Write(intent(1), BY), Write(intent(2), BY)], durable=True)
        stopper.join()
        own_server.start()
        assert store.query(ALL) == []
        wrote(store, intent(1, request=request("c2")))


@pytest.mark.slow
def test_a_server_that_was_restarted_unseen_costs_nothing(own_server: Postgres) -> None:
    """Connections that broke while nobody used them are no error; a second is gone for starting one twice."""
    with Place(own_server.fresh(), own_server) as place:
        store = place.open()
        wrote(store, intent(1))
        assert store.get("i1") == intent(1)
        own_server.stop()
        own_server.start()
        assert store.get("i1") == intent(1)
        wrote(store, intent(2))
        own_server.stop()
        own_server.start()
        wrote(store, intent(3))
        assert len(store.query(ALL)) == 3
