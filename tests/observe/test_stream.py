"""Owns the tests of the live tail: in order, bounded for each reader, and readers apart from each other."""

from __future__ import annotations

import pytest

import switchgear as sg
from switchgear.observe.record import LogRecord
from switchgear.observe.stream import Stream
from switchgear.testing import FakeClock


def records(first: int, last: int) -> list[LogRecord]:
    """Plain records of these numbers."""
    return [
        LogRecord(number, 0, sg.Level.INFO, "note", "binance", "get_x", "main", "x")
        for number in range(first, last + 1)
    ]


def ids(found: list[LogRecord]) -> list[int]:
    """Their numbers."""
    return [record.id for record in found]


def test_a_reader_gets_what_comes_after_it_joined_once_and_in_order() -> None:
    """Nothing from before, nothing twice, nothing after it left."""
    stream, wakes = Stream(), list[int]()
    stream.write(records(1, 2))
    reader = stream.join(lambda: wakes.append(1))
    stream.write(records(3, 4))
    stream.write(records(5, 5))
    assert (ids(reader.take()), reader.take()) == ([3, 4, 5], [])
    assert len(wakes) == 2
    stream.leave(reader)
    stream.write(records(6, 6))
    assert (reader.take(), len(wakes)) == ([], 2)


def test_a_slow_reader_misses_the_oldest_and_learns_how_many() -> None:
    """It is bounded, whether records come one by one or in one heap, and costs no other reader any."""
    stream = Stream()
    slow, quick = stream.join(int, waiting_max=3), stream.join(int)
    for number in range(1, 6):
        stream.write(records(number, number))
    assert (slow.missed, ids(slow.take())) == (2, [3, 4, 5])
    stream.write(records(6, 20))
    assert (slow.missed, ids(slow.take())) == (14, [18, 19, 20])
    assert (quick.missed, ids(quick.take())) == (0, list(range(1, 21)))


def test_a_reader_that_cannot_be_woken_costs_no_other() -> None:
    """A tail whose event loop is gone raises; the readers beside it get their records all the same."""
    stream = Stream()
    before = stream.join(int)

    def gone() -> None:
        raise RuntimeError("Event loop is closed")

    stream.join(gone)
    after = stream.join(int)
    with pytest.raises(RuntimeError):
        stream.write(records(1, 1))
    assert (ids(before.take()), ids(after.take())) == ([1], [1])


def test_nothing_is_made_while_nobody_reads() -> None:
    """The stream asks for records only while there is a reader."""
    stream = Stream()
    assert stream.level > sg.Level.CRITICAL
    reader = stream.join(int)
    assert stream.level <= sg.Level.DEBUG
    stream.leave(reader)
    assert stream.level > sg.Level.CRITICAL


def test_a_gear_streams_every_level() -> None:
    """A call's success and failure both reach a reader of the gear's tail, in order."""
    with sg.Switchgear(clock=FakeClock(), settings={"retries": 0}) as gear:
        reader = gear.stream.join(int)
        guard = gear.guarded("binance", "get_x")
        guard.call_sync(int)
        gear.clock.sleep(1)

        def fail() -> None:
            raise ConnectionResetError

        guard.try_call_sync(fail)
        gear.flush()
        assert [one.event for one in reader.take()] == ["call_succeeded", "call_failed"]
