"""Owns the tests of the way from calls to sinks: exact counts, order, bounds, isolation, life and fork."""

from __future__ import annotations

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

import switchgear as sg
from switchgear.observe import fact
from switchgear.observe import hub as module
from switchgear.testing import FakeClock
from tests.observe.facts import KEY, Broken, Kept

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE_S = 20.0  # a bound for a test that hangs; no test waits for it
SETTINGS = {"retries": 0, "failure_threshold": 1_000_000}


@pytest.fixture
def gear(monkeypatch: pytest.MonkeyPatch) -> Iterator[sg.Switchgear]:
    """A gear on a fake clock, which hands over when it is flushed: its own thread is late by far."""
    monkeypatch.setattr(module, "_POLL_S", 600.0)
    with sg.Switchgear(clock=FakeClock(), settings=SETTINGS) as made:
        yield made


def fail() -> None:
    """Fail as a network does."""
    raise ConnectionResetError("gone")


def succeed() -> None:
    """Do as asked."""


def note(gear: sg.Switchgear, text: str, level: sg.Level = sg.Level.INFO) -> None:
    """A fact of the test's own."""
    gear.hub.emit(sg.Note(gear.clock.monotonic_s(), KEY, level, text))


def called(gear: sg.Switchgear, *, fails: bool = False) -> None:
    """One call."""
    gear.guarded("binance", "get_x").try_call_sync(fail if fails else succeed)


# --------------------------------------------------------------------------------- counts and order


@pytest.mark.slow
def test_counts_are_exact_under_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight threads succeed, fail and read while the drain runs and queues overflow; slow: 1,600 calls in 8 threads."""
    monkeypatch.setattr(module, "QUEUE_MAX", 256)
    monkeypatch.setattr(fact, "LOOK_MASK", 15)
    monkeypatch.setattr(module, "_POLL_S", 0.001)
    with sg.Switchgear(clock=FakeClock(), settings=SETTINGS) as gear:
        guard = gear.guarded("binance", "get_x")

        def work(_: int) -> None:
            for number in range(200):
                guard.try_call_sync(fail if number % 4 == 0 else succeed)
                if number % 50 == 0:
                    gear.metrics("binance", "get_x")

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(work, range(8)))
        found = gear.metrics("binance", "get_x")
    assert (found.total_calls, found.success_calls, found.failed_calls) == (1600, 1200, 400)
    assert (found.in_flight, found.errors_by_kind) == (0, {"network": 400})


def test_records_are_numbered_in_the_order_of_what_happened(gear: sg.Switchgear) -> None:
    """Successes and failures wait in different queues, and come out as they came in, without a gap."""
    sink = Kept()
    gear.hub.attach(sink)
    for number in range(20):
        called(gear, fails=number % 3 == 0)
        gear.clock.sleep(0.001)
    gear.flush()
    fails = [record.event == "call_failed" for record in sink.records]
    assert fails == [number % 3 == 0 for number in range(20)]
    ids = [record.id for record in sink.records]
    assert ids == list(range(ids[0], ids[0] + 20))
    assert [record.at_ms for record in sink.records] == sorted(one.at_ms for one in sink.records)


def test_facts_of_one_instant_keep_their_order(gear: sg.Switchgear) -> None:
    """Facts are told in the order in which they came, though the clock did not move between them."""
    gear.configure("*", failure_threshold=1)
    called(gear, fails=True)
    called(gear)
    events = [record.event for record in reversed(gear.logs())]
    assert events == ["circuit_moved", "call_failed", "call_rejected"]
    for number in range(5):
        note(gear, str(number))
    assert [record.message for record in reversed(gear.logs(limit=5))] == list("01234")


def test_a_step_of_the_date_does_not_mix_the_records(gear: sg.Switchgear) -> None:
    """When the machine's date is set back, numbers still grow with what happened."""
    note(gear, "before")
    gear.flush()
    gear.clock.wall_offset_s = -3600  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]  it is a FakeClock
    note(gear, "after")
    newest, older = gear.logs()
    assert (newest.message, older.message) == ("after", "before")
    assert older.at_ms - newest.at_ms == 3_600_000


# -------------------------------------------------------------------------------------------- bounds


def test_queues_are_bounded_and_drops_are_counted(
    monkeypatch: pytest.MonkeyPatch, gear: sg.Switchgear
) -> None:
    """With nobody draining, the oldest go, each class by itself, and the counts of calls stay exact."""
    monkeypatch.setattr(module, "QUEUE_MAX", 40)
    for _ in range(100):
        called(gear)
    for _ in range(30):
        called(gear, fails=True)
    gear.hub.fold()
    assert gear.hub.dropped == {"below_warning": 60, "from_warning": 20, "undelivered": 0}
    assert len(gear.logs()) == 50
    found = gear.metrics("binance", "get_x")
    assert (found.success_calls, found.failed_calls) == (100, 30)


def test_what_is_not_yet_counted_is_bounded_too(
    monkeypatch: pytest.MonkeyPatch, gear: sg.Switchgear
) -> None:
    """Calls count for themselves when the drain does not come: memory holds no more than a few hundred."""
    monkeypatch.setattr(module, "QUEUE_MAX", 64)
    monkeypatch.setattr(fact, "LOOK_MASK", 31)
    longest = 0
    for _ in range(2_000):
        called(gear)
        note(gear, "x")
        longest = max(longest, len(gear.hub.successes) + len(gear.hub.pending))
    assert longest <= 64 + 3 * 32


# ----------------------------------------------------------------------------------------- isolation


def test_a_broken_sink_is_said_once_and_costs_no_other_anything(gear: sg.Switchgear) -> None:
    """The sinks beside it get all; it is said again only when it broke again after it had worked."""
    broken, healthy = Broken("mail"), Kept()
    gear.hub.attach(broken)
    gear.hub.attach(healthy)
    for _ in range(5):
        called(gear)
        gear.flush()
    broken.mended = True
    gear.flush()
    called(gear)
    gear.flush()
    broken.mended = False
    called(gear)
    gear.flush()
    gear.flush()
    said = [one.message for one in healthy.records if one.event == "sink_failed"]
    assert said == ["mail failed: OSError: disk full"] * 2
    assert sum(one.event == "call_succeeded" for one in healthy.records) == 7
    assert any(one.event == "call_succeeded" for one in broken.records)


def test_a_broken_listener_is_said_once_and_isolated(gear: sg.Switchgear) -> None:
    """The listener behind it hears every event, and a call knows nothing of it."""
    heard: list[object] = []

    def raises(_: object) -> None:
        raise ValueError("mine")

    gear.on(sg.Note, raises)
    gear.on(sg.Note, heard.append)
    for _ in range(3):
        note(gear, "x")
    gear.flush()
    assert len(heard) == 3
    failures = [one.message for one in gear.logs(level="error")]
    assert len(failures) == 1
    assert failures[0].endswith("raises failed: ValueError: mine")


def test_each_sink_gets_its_own_level_and_it_is_asked_live(gear: sg.Switchgear) -> None:
    """Levels of two sinks do not meet, and a change holds from the next batch on."""
    every, errors = Kept("every"), Kept("errors", sg.Level.ERROR)
    gear.hub.attach(every)
    gear.hub.attach(errors)
    for level in sg.Level:
        note(gear, level.name, level)
    gear.flush()
    assert [one.message for one in every.records] == [level.name for level in sg.Level]
    assert [one.message for one in errors.records] == ["ERROR", "CRITICAL"]
    every.level = sg.Level.CRITICAL
    note(gear, "x", sg.Level.ERROR)
    gear.flush()
    assert (len(every.records), len(errors.records)) == (5, 3)


def test_a_detached_sink_and_a_listener_that_ended_get_nothing_more(gear: sg.Switchgear) -> None:
    """What was taken off stays off."""
    sink, heard = Kept(), list[object]()
    gear.hub.attach(sink)
    off = gear.on(sg.Note, heard.append)
    note(gear, "1")
    gear.flush()
    gear.hub.detach(sink)
    off()
    off()
    note(gear, "2")
    gear.flush()
    assert (len(sink.records), len(heard)) == (1, 1)


# -------------------------------------------------------------------------------- calling back inside


def test_a_listener_may_call_back_into_the_gear(gear: sg.Switchgear) -> None:
    """It calls, configures, reads and flushes without a deadlock, and what it caused follows in order."""
    heard: list[str] = []

    def listen(event: sg.Note) -> None:
        heard.append(event.message)
        if event.message == "first":
            gear.configure("binance", retries=1)
            called(gear)
            note(gear, "second")
            gear.flush()
            assert gear.metrics("binance", "get_x").success_calls == 1
            assert gear.logs(limit=1)

    gear.on(sg.Note, listen)
    note(gear, "first")
    gear.flush()
    gear.flush()
    assert heard == ["first", "second"]
    assert [one for one in gear.logs() if one.event == "sink_failed"] == []


def test_a_listener_may_wait_for_a_thread_that_reads_the_gear(gear: sg.Switchgear) -> None:
    """Another thread asks for logs, metrics and health, and calls, while a listener waits for it."""
    done: list[int] = []

    def listen(_: object) -> None:
        def ask() -> None:
            called(gear)
            gear.health()
            done.append(len(gear.logs()) + gear.metrics("binance", "get_x").total_calls)

        thread = threading.Thread(target=ask)
        thread.start()
        thread.join(PATIENCE_S)
        assert not thread.is_alive()

    gear.on(sg.Note, listen)
    note(gear, "x")
    gear.flush()
    assert done == [3]


def test_calls_go_on_while_a_sink_hangs(gear: sg.Switchgear) -> None:
    """A sink that never comes back delays no call, no log and no metric."""
    entered, go_on = threading.Event(), threading.Event()

    class Hanging(Kept):
        def write(self, batch: Any) -> None:
            entered.set()
            go_on.wait(PATIENCE_S)

    gear.hub.attach(Hanging())
    called(gear)
    thread = threading.Thread(target=gear.hub.flush)
    thread.start()
    assert entered.wait(PATIENCE_S)
    called(gear)
    assert gear.metrics("binance", "get_x").success_calls == 2
    assert len(gear.logs()) == 2
    go_on.set()
    thread.join(PATIENCE_S)
    assert not thread.is_alive()


# ---------------------------------------------------------------------------------------------- life


def test_the_drain_hands_over_by_itself() -> None:
    """Without a flush a record reaches a sink, from a thread that keeps no program alive."""
    arrived = threading.Event()
    seen: list[threading.Thread] = []

    class Seen(Kept):
        def write(self, batch: Any) -> None:
            seen.append(threading.current_thread())
            arrived.set()

    with sg.Switchgear(settings=SETTINGS) as gear:
        gear.hub.attach(Seen())
        called(gear)
        assert arrived.wait(PATIENCE_S)
    assert seen[0] is not threading.current_thread()
    assert seen[0].daemon


def test_an_idle_hub_wakes_a_few_times_a_second_and_no_more() -> None:
    """The drain waits its whole interval each time: an idle program costs next to nothing."""
    waits: list[float | None] = []

    class Counted(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            waits.append(timeout)
            if len(waits) == 3:
                hub._closed = True
            return False

    hub = module.Hub(FakeClock(), sg.Switchgear(clock=FakeClock()).ring)
    hub._wake = Counted()
    hub._run()
    assert waits == [module._POLL_S] * 3
    assert module._POLL_S >= 0.05


def test_close_hands_over_and_ends_the_thread() -> None:
    """After close nothing waits, the thread is gone, and a second close changes nothing."""
    sink = Kept()
    gear = sg.Switchgear(clock=FakeClock(), settings=SETTINGS)
    gear.hub.attach(sink)
    called(gear)
    thread = gear.hub._thread
    assert thread is not None
    gear.close()
    gear.close()
    assert not thread.is_alive()
    assert [one.event for one in sink.records] == ["call_succeeded"]
    called(gear)
    assert gear.metrics("binance", "get_x").success_calls == 2


def test_a_listener_may_close_the_gear() -> None:
    """Closing from inside the drain's own thread ends it without waiting for itself."""
    closed = threading.Event()
    with sg.Switchgear(settings=SETTINGS) as gear:

        def listen(_: object) -> None:
            gear.close()
            closed.set()

        gear.on(sg.Note, listen)
        note(gear, "x")
        assert closed.wait(PATIENCE_S)
        thread = gear.hub._thread
        assert thread is not None
        thread.join(PATIENCE_S)
        assert not thread.is_alive()


FORK = """
import os, sys, threading
import switchgear as sg
gear = sg.Switchgear(settings={"retries": 0})
arrived, entered, go_on = threading.Event(), threading.Event(), threading.Event()
parent = os.getpid()
class Sink:
    name, level = "sink", 0
    def write(self, batch):
        if os.getpid() == parent:
            entered.set()
            go_on.wait(20)
        else:
            arrived.set()
gear.hub.attach(Sink())
gear.call_sync("binance", "get_x", int)
if sys.argv[1] == "busy":
    entered.wait(20)
pid = os.fork()
if pid == 0:
    gear.call_sync("binance", "get_x", int)
    came = arrived.wait(5)
    found = gear.metrics("binance", "get_x").success_calls
    os._exit(0 if came and found >= 1 and len(gear.logs()) >= 1 else 3)
_, status = os.waitpid(pid, 0)
go_on.set()
gear.close()
print(os.waitstatus_to_exitcode(status), gear.metrics("binance", "get_x").success_calls)
"""


@pytest.mark.parametrize("drain", ["idle", "busy"])
@pytest.mark.slow
def test_a_forked_child_counts_and_tells(drain: str) -> None:
    """A child's calls reach its sinks, even when the parent's drain was inside a sink; slow: a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", FORK, drain], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.split() == ["0", "1"]
