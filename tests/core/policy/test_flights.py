"""Owns the tests of equal reads in flight in either colour: who leads, what followers get, and that nothing is kept."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from threading import Event
from typing import TYPE_CHECKING, Any

import pytest

from switchgear.core.policy.flights import Flights, Joined, TookTooLong
from tests.core.policy.crowd import PATIENCE_S, WatchedClock, in_thread

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator


class Boom(Exception):
    """A read failed."""


class Stopped(BaseException):
    """What ends a program, as KeyboardInterrupt does."""


class Read:
    """A read that is begun by whoever leads, and ends when it is told to."""

    def __init__(self) -> None:
        self.begun = 0
        self.at_work = Event()
        self.end: Future[Any] = Future()

    def __call__(self) -> Any:
        """In a thread."""
        self.begun += 1
        self.at_work.set()
        return self.end.result(PATIENCE_S)

    async def awaited(self) -> Any:
        """In a task."""
        self.begun += 1
        self.at_work.set()
        return await asyncio.wrap_future(self.end)

    def is_out(self) -> None:
        """Return when it was begun."""
        assert self.at_work.wait(PATIENCE_S)


class Threads:
    """Callers that are threads."""

    def __init__(self) -> None:
        self.flights = Flights()
        self.clock = WatchedClock()

    def join(self, key: Hashable, read: Read, limit_s: float | None = 100.0) -> Future[Joined[Any]]:
        """A caller."""
        return in_thread(lambda: self.flights.join(key, read, self.clock, limit_s))

    def waits(self) -> None:
        """Return when one more waits for another."""
        self.clock.asked()

    def close(self) -> None:
        """Nothing to give back."""


class Tasks(Threads):
    """Callers that are tasks of one loop."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self._running = in_thread(self.loop.run_forever)

    def join(self, key: Hashable, read: Read, limit_s: float | None = 100.0) -> Future[Joined[Any]]:
        """A caller."""
        joined = self.flights.join_async(key, read.awaited, self.clock, limit_s)
        return asyncio.run_coroutine_threadsafe(joined, self.loop)

    def waits(self) -> None:
        """Return when one more waits for another."""
        self.clock.timed()

    def close(self) -> None:
        """Give back the loop."""
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._running.result(PATIENCE_S)
        self.loop.close()


@pytest.fixture(params=[Threads, Tasks])
def callers(request: pytest.FixtureRequest) -> Iterator[Threads]:
    """Callers of either colour; in the end no flight is kept."""
    made: Threads = request.param()
    yield made
    assert len(made.flights) == 0
    assert made.flights._flights == {}
    made.close()


def queue(
    callers: Threads, count: int, key: Hashable = "key"
) -> tuple[list[Read], list[Future[Joined[Any]]]]:
    """A leader and as many followers in this order, each with a read of its own; all wait."""
    reads = [Read() for _ in range(count + 1)]
    ends = [callers.join(key, reads[0])]
    reads[0].is_out()
    for read in reads[1:]:
        ends.append(callers.join(key, read))
        callers.waits()
    return reads, ends


def test_a_read_alone_is_made(callers: Threads) -> None:
    """Its value is the caller's own, again and again: nothing is remembered."""
    for value in (1, 2):
        read = Read()
        read.end.set_result(value)
        assert callers.join("key", read).result(PATIENCE_S) == Joined(value, led=True)
        assert read.begun == 1


def test_equal_reads_in_flight_are_made_once(callers: Threads) -> None:
    """One leads, three have its very value without a read of their own."""
    reads, ends = queue(callers, 3)
    assert len(callers.flights) == 1
    value = object()
    reads[0].end.set_result(value)
    joined = [end.result(PATIENCE_S) for end in ends]
    assert [one.led for one in joined] == [True, False, False, False]
    assert all(one.value is value for one in joined)
    assert [read.begun for read in reads] == [1, 0, 0, 0]


def test_other_keys_do_not_wait(callers: Threads) -> None:
    """Two keys are two reads at once, equal keys of different objects are one."""
    one, two, same = Read(), Read(), Read()
    first, second = callers.join(("a", 1), one), callers.join(("a", 2), two)
    one.is_out()
    two.is_out()
    third = callers.join(("a", len("1")), same)
    callers.waits()
    one.end.set_result(1)
    two.end.set_result(2)
    assert [end.result(PATIENCE_S).value for end in (first, second, third)] == [1, 2, 1]
    assert same.begun == 0


def test_keys_of_one_hash_are_told_apart(callers: Threads) -> None:
    """-1 and -2 have one hash in Python: two reads, and one more that is equal to the second."""
    assert hash(-1) == hash(-2)
    one, two, same = Read(), Read(), Read()
    first, second = callers.join(-1, one), callers.join(-2, two)
    one.is_out()
    two.is_out()
    third = callers.join(-2, same)
    callers.waits()
    assert len(callers.flights) == 2
    one.end.set_result(1)
    assert first.result(PATIENCE_S).value == 1
    two.end.set_result(2)
    assert [end.result(PATIENCE_S).value for end in (second, third)] == [2, 2]


def test_none_is_a_value_like_any(callers: Threads) -> None:
    """A read that gives None is over as any other."""
    reads, ends = queue(callers, 1)
    reads[0].end.set_result(None)
    assert [end.result(PATIENCE_S) for end in ends] == [
        Joined(None, led=True),
        Joined(None, led=False),
    ]


def test_who_comes_after_the_end_leads_anew(callers: Threads) -> None:
    """The flight is over before its followers have its value: whoever comes then gets a fresh one."""
    reads, ends = queue(callers, 1)
    reads[0].end.set_result("old")
    assert [end.result(PATIENCE_S).value for end in ends] == ["old", "old"]
    late = Read()
    late.end.set_result("new")
    assert callers.join("key", late).result(PATIENCE_S) == Joined("new", led=True)


def test_a_failure_reaches_each_as_a_copy(callers: Threads) -> None:
    """The leader raises its own error; each follower one of the same type and arguments, with its own traceback."""
    reads, ends = queue(callers, 2)
    boom = Boom("why")
    reads[0].end.set_exception(boom)
    errors = [end.exception(PATIENCE_S) for end in ends]
    assert errors[0] is boom
    assert len({id(error) for error in errors}) == 3
    assert [type(error) for error in errors] == [Boom] * 3
    assert [error.args for error in errors if error] == [("why",)] * 3
    assert [read.begun for read in reads] == [1, 0, 0]


def test_a_follower_runs_out_of_time_alone(callers: Threads) -> None:
    """At its limit it has a TookTooLong, and the others go on."""
    leader, short, long = Read(), Read(), Read()
    ends = [callers.join("key", leader)]
    leader.is_out()
    ends.append(callers.join("key", short, 5.0))
    callers.waits()
    if not isinstance(callers, Tasks):
        callers.clock.timed()
    ends.append(callers.join("key", long, None if isinstance(callers, Tasks) else 9.0))
    if not isinstance(callers, Tasks):
        callers.waits()
    callers.clock.advance(5)
    with pytest.raises(TookTooLong, match="within 5 s"):
        ends[1].result(PATIENCE_S)
    leader.end.set_result("value")
    assert ends[0].result(PATIENCE_S) == Joined("value", led=True)
    assert ends[2].result(PATIENCE_S).value == "value"
    assert short.begun == 0


@pytest.mark.parametrize("limit_s", [0.0, -1.0])
def test_a_follower_without_time_does_not_wait(callers: Threads, limit_s: float) -> None:
    """TookTooLong at once, which is a TimeoutError; one that leads has no limit here."""
    leader = Read()
    led = callers.join("key", leader, limit_s)
    leader.is_out()
    with pytest.raises(TimeoutError):
        callers.join("key", Read(), limit_s).result(PATIENCE_S)
    leader.end.set_result(1)
    assert led.result(PATIENCE_S) == Joined(1, led=True)


def test_a_leader_that_is_stopped_hurts_nobody(callers: Threads) -> None:
    """What ends a program ends the leader alone: the next in line leads, and so on."""
    reads, ends = queue(callers, 3)
    reads[0].end.set_exception(Stopped())
    with pytest.raises(Stopped):
        ends[0].result(PATIENCE_S)
    reads[1].is_out()
    assert len(callers.flights) == 1
    reads[1].end.set_exception(Stopped())
    with pytest.raises(Stopped):
        ends[1].result(PATIENCE_S)
    reads[2].is_out()
    reads[2].end.set_result("third")
    assert ends[2].result(PATIENCE_S) == Joined("third", led=True)
    assert ends[3].result(PATIENCE_S) == Joined("third", led=False)
    assert [read.begun for read in reads] == [1, 1, 1, 0]


def test_a_leader_that_is_stopped_alone_leaves_nothing(callers: Threads) -> None:
    """The next caller leads as if nothing had been."""
    read = Read()
    read.end.set_exception(Stopped())
    with pytest.raises(Stopped):
        callers.join("key", read).result(PATIENCE_S)
    assert len(callers.flights) == 0


class Broken:
    """A key that cannot be hashed, or not be compared, or not be judged equal."""

    def __init__(self, what: str) -> None:
        self.what = what

    def __hash__(self) -> int:
        if self.what == "hash":
            raise TypeError("no hash")
        return 1

    def __eq__(self, other: object) -> Any:
        if self.what == "bool":
            return self
        raise ValueError("no eq")

    def __bool__(self) -> bool:
        raise ValueError("neither true nor false")


@pytest.mark.parametrize("what", ["hash", "eq", "bool"])
def test_keys_that_break_are_shared_with_nobody(callers: Threads, what: str) -> None:
    """Two reads at once, each its caller's own, and no error of the key."""
    reads = [Read(), Read()]
    ends = [callers.join(Broken(what), read) for read in reads]
    for number, read in enumerate(reads):
        read.is_out()
        read.end.set_result(number)
    assert [end.result(PATIENCE_S) for end in ends] == [Joined(0, led=True), Joined(1, led=True)]


class Slow:
    """A key whose comparison does something of its own."""

    def __init__(self, compare: Callable[[], object]) -> None:
        self.compare = compare

    def __hash__(self) -> int:
        return 1

    def __eq__(self, other: object) -> bool:
        self.compare()
        return isinstance(other, Slow)


def test_a_comparison_may_use_the_flights_itself(callers: Threads) -> None:
    """A key's eq is foreign code: no lock is held while it runs, so other callers go on meanwhile."""

    def other() -> None:
        read = Read()
        read.end.set_result(1)
        assert (
            in_thread(lambda: callers.flights.join("other", read, callers.clock, 1))
            .result(PATIENCE_S)
            .led
        )

    leader, follower = Read(), Read()
    led = callers.join(Slow(other), leader)
    leader.is_out()
    followed = callers.join(Slow(other), follower)
    callers.waits()
    leader.end.set_result("value")
    assert led.result(PATIENCE_S).led
    assert followed.result(PATIENCE_S) == Joined("value", led=False)


def test_a_flight_that_ends_while_it_is_compared_is_not_joined() -> None:
    """Its value may be older than the question: the caller leads a new one."""
    callers, leader, late = Threads(), Read(), Read()
    key = Slow(int)
    led = callers.join(key, leader)
    leader.is_out()

    def end() -> None:
        leader.end.set_result("old")
        assert led.result(PATIENCE_S).value == "old"
        late.end.set_result("new")

    key.compare = end
    assert callers.join(Slow(int), late).result(PATIENCE_S) == Joined("new", led=True)
    assert late.begun == 1
    assert len(callers.flights) == 0


def test_a_child_process_begins_with_no_flight() -> None:
    """After a fork nobody waits for a thread that is not there; who was on the way ends without harm."""
    callers = Threads()
    reads, ends = queue(callers, 1)
    callers.flights._lock.acquire()
    callers.flights.forked()
    fresh = Read()
    fresh.end.set_result("fresh")
    assert callers.join("key", fresh).result(PATIENCE_S) == Joined("fresh", led=True)
    reads[0].end.set_result("old")
    assert [end.result(PATIENCE_S).value for end in ends] == ["old", "old"]
    assert len(callers.flights) == 0
