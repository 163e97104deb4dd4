"""Tests the writer while the file is well: what is kept, what waits, what is swept, and how it begins and ends."""

from __future__ import annotations

import threading
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from switchgear.core.words import CircuitState, Key, Level
from switchgear.observe.history import HistoryReader, HistoryWriter, LogQuery
from switchgear.observe.history import writer as writing
from tests.observe.history.kit import KEY, START_MS, circuit, program, record, records

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from switchgear.observe.record import LogRecord
    from switchgear.testing import FakeClock

EVERYTHING = LogQuery(limit=10_000)
DAY_S = 86_400.0


def messages(found: list[LogRecord]) -> list[str]:
    """What the records say, oldest first."""
    return [one.message for one in reversed(found)]


def test_what_is_written_is_kept_in_order(writer: HistoryWriter, reader: HistoryReader) -> None:
    """Batches of any size and level come back newest first, in the order in which they came."""
    mixed = [record(n, level=Level.ERROR if n % 3 else Level.DEBUG) for n in range(1, 2501)]
    writer.write(mixed[:1])
    writer.write(mixed[1:])
    assert writer.flush()
    assert messages(reader.query(EVERYTHING)) == [one.message for one in mixed]
    assert (writer.written, writer.lost) == (2500, {"below_warning": 0, "from_warning": 0})


def test_a_full_queue_lets_the_oldest_below_warning_go(
    make: Callable[..., HistoryWriter], where: Path | str, clock: FakeClock
) -> None:
    """While the disk is slow successes give way to failures; each loss is counted by its class, and shown."""
    writer = make(queue_max=4)
    with writer._changed:  # the thread cannot take anything yet
        writer.write([record(1)])
        writer.write([record(2), record(3, level=Level.ERROR), record(4), record(5)])
        writer.write([record(6, level=Level.WARNING), record(7, level=Level.CRITICAL)])
        writer.write([record(8, level=Level.ERROR), record(9, level=Level.ERROR)])
    assert writer.flush()
    reader = HistoryReader(where, clock)
    kept = messages(reader.query(EVERYTHING))
    assert kept == [f"message {n}" for n in (6, 7, 8, 9)]
    assert writer.lost == {"below_warning": 4, "from_warning": 1}
    assert reader.lost() == writer.lost


def test_only_the_newest_rows_stay(make: Callable[..., HistoryWriter], where: Path | str) -> None:
    """rows_max holds after a sweep, and what goes is the oldest."""
    make(rows_max=10).close()
    writer = make(rows_max=10)
    writer.write(records(1, 25))
    assert writer.flush()
    found = messages(HistoryReader(where).query(EVERYTHING))
    assert found == [f"message {n}" for n in range(16, 26)]


def test_a_sweep_goes_in_bounded_steps(
    make: Callable[..., HistoryWriter], where: Path | str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More than one step's worth is deleted in several, and flush waits for them all."""
    monkeypatch.setattr(writing, "SWEEP_ROWS", 7)
    writer = make(rows_max=10)
    writer.write(records(1, 100))
    assert writer.flush()
    assert HistoryReader(where).count(EVERYTHING) == 10


def test_old_records_go(
    make: Callable[..., HistoryWriter], where: Path | str, clock: FakeClock
) -> None:
    """age_max_s counts from a record's date; one exactly as old as allowed stays."""
    writer = make(age_max_s=DAY_S)
    writer.write(records(0, 5))
    assert writer.flush()
    clock.advance(DAY_S + 0.003)
    assert writer.flush()
    found = messages(HistoryReader(where).query(EVERYTHING))
    assert found == ["message 3", "message 4", "message 5"]


def test_a_sweep_is_not_made_for_each_batch(
    make: Callable[..., HistoryWriter], where: Path | str, clock: FakeClock
) -> None:
    """Between two sweeps more than rows_max may stand there; when the time comes they go."""
    writer = make(rows_max=10)
    writer.write(records(1, 10))
    writer.flush()
    writer.write(records(11, 30))
    writer.flush()
    reader = HistoryReader(where)
    assert reader.count(EVERYTHING) == 30
    clock.advance(writing.SWEEP_EVERY_S)
    writer.flush()
    assert reader.count(EVERYTHING) == 10


def test_an_id_is_never_given_twice(writer: HistoryWriter, reader: HistoryReader) -> None:
    """After the newest records were cleared the next ones still come after them."""
    writer.write(records(1, 5))
    writer.flush()
    reader.clear(LogQuery(), 5)
    writer.write([record(6)])
    writer.flush()
    assert [one.id for one in reader.query(EVERYTHING)] == [6]


def test_a_circuit_is_kept_as_it_stands(
    writer: HistoryWriter, reader: HistoryReader, clock: FakeClock
) -> None:
    """The newest snapshot of a key takes the place of the one before; others stay."""
    other = Key("alpaca", "get_portfolio", "second")
    writer.snapshot([circuit(), circuit(other)])
    assert writer.flush()
    opened = circuit(
        state=CircuitState.OPEN,
        reason="3 failures\0",
        until_ms=START_MS + 9,
        openings=1,
        metrics={"total_calls": 7, "errors_by_kind": {"timeout": 3}, "success_rate": 0.5},
    )
    writer.snapshot([opened])
    assert writer.flush()
    second, first = reader.circuits()
    assert (first.state, first.reason, first.until_ms) == (
        CircuitState.OPEN,
        "3 failures\ufffd",
        START_MS + 9,
    )
    assert first.metrics == opened.metrics
    assert (second.key, second.state, second.run) == (other, CircuitState.CLOSED, writer.run)


def test_what_comes_after_close_is_lost_and_counted(writer: HistoryWriter) -> None:
    """A record that is handed over too late raises nothing, and flush does not wait for it."""
    writer.close()
    writer.write([record(1), record(2, level=Level.ERROR)])
    assert writer.flush(0.0)
    assert writer.lost == {"below_warning": 1, "from_warning": 1}


def test_nothing_written_starts_no_thread(make: Callable[..., HistoryWriter]) -> None:
    """A writer that was given nothing has no thread and no run, and closes at once."""
    before = threading.active_count()
    writer = make()
    writer.close()
    assert threading.active_count() == before
    assert writer.run is None


def test_several_threads_lose_nothing(writer: HistoryWriter, reader: HistoryReader) -> None:
    """Records handed over by many threads at once are each kept once."""

    def hand_over(first: int) -> None:
        for number in range(first, first + 100):
            writer.write([record(number)])

    threads = [threading.Thread(target=hand_over, args=(first,)) for first in range(0, 800, 100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert writer.flush()
    assert len(set(messages(reader.query(EVERYTHING)))) == 800


@pytest.mark.slow  # starts a process
def test_another_process_sees_what_is_written(where: Path | str) -> None:
    """A page in this process shows the records, circuits and losses of a program that runs in another."""
    body = (
        "from tests.observe.history.kit import circuit\n"
        "writer.write(records(1, 100)); writer.snapshot([circuit()])\n"
        "print(writer.flush(), flush=True); sys.stdin.read()\n"
    )
    with program(where, body) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "True\n"
        reader = HistoryReader(where)
        run = reader.current_runs()[0]
        seen = (
            reader.count(EVERYTHING),
            [one.key for one in reader.circuits()],
            run.pid,
            run.ended_ms,
        )
        child.kill()
    assert seen == (100, [KEY], child.pid, None)


@pytest.mark.slow  # starts a process
def test_the_end_of_the_program_keeps_what_waits(where: Path | str) -> None:
    """A program that just ends, without close, loses nothing and ends its run."""
    with program(where, "writer.write(records(1, 3000))") as child:
        assert child.wait() == 0
    reader = HistoryReader(where)
    assert reader.count(EVERYTHING) == 3000
    assert reader.runs()[0].ended_ms is not None


@pytest.mark.slow  # starts a process
def test_a_fork_makes_two_writers(where: Path | str) -> None:
    """Parent and child go on in runs of their own; what waited at the fork is kept once, by the parent."""
    body = (
        "import warnings; warnings.simplefilter('ignore')\n"
        "writer.write(records(1, 50)); writer.flush(); writer.write(records(51, 100))\n"
        "child = os.fork()\n"
        "writer.write(records(101, 150)); writer.close()\n"
        "if child: os.waitpid(child, 0)\n"
        "else: os._exit(0)\n"
    )
    with program(where, body) as parent:
        assert parent.wait() == 0
    reader = HistoryReader(where)
    kept = Counter(one.run for one in reader.query(EVERYTHING))
    assert (kept, reader.check()) == ({1: 150, 2: 50}, [])
    pids = {run.pid for run in reader.runs()}
    assert parent.pid in pids
    assert len(pids) == 2
