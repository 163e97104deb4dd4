"""Owns the tests of the race of a late attempt with a second one: who wins, what becomes of the other, and errors."""

from __future__ import annotations

import asyncio
import gc
import sys
from contextlib import suppress
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any
from weakref import ref

import pytest

from switchgear.core.policy import race as module
from switchgear.core.policy.race import Raced, race
from switchgear.testing import FakeClock
from tests.core.callkit import turns

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterator

pytestmark = pytest.mark.anyio
AFTER_S = 2.0


class Boom(Exception):
    """An attempt failed."""


class Attempt:
    """An attempt that ends when it is told to, and notes what happens to it."""

    def __init__(self) -> None:
        self.begun = 0
        self.cancelled = 0
        self.task: asyncio.Task[Any] | None = None
        self._end: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def __call__(self) -> str:
        self.begun += 1
        self.task = asyncio.current_task()
        try:
            return await self._end
        except asyncio.CancelledError:
            self.cancelled += 1
            raise

    def wins(self, value: str = "value") -> None:
        """It succeeds."""
        self._end.set_result(value)

    def fails(self, error: BaseException) -> None:
        """It fails."""
        self._end.set_exception(error)


class Stubborn(Attempt):
    """An attempt that takes no notice of being cancelled."""

    async def __call__(self) -> str:
        self.begun += 1
        self.task = asyncio.current_task()
        while not self._end.done():
            with suppress(asyncio.CancelledError):
                await asyncio.wait({self._end})
            self.cancelled += not self._end.done()
        return self._end.result()


class Track:
    """A race on a clock that stands still until it is moved."""

    def __init__(self, first: Attempt | None = None, second: Attempt | None = None) -> None:
        self.clock = FakeClock(autojump=False)
        self.first = first or Attempt()
        self.second = second or Attempt()
        self.asked = 0
        self.allowed = True

    def ask(self) -> Awaitable[str] | None:
        """The second attempt, where it is allowed."""
        self.asked += 1
        return self.second() if self.allowed else None

    async def start(self, after_s: float = AFTER_S) -> asyncio.Task[Raced[str]]:
        """The race, under way."""
        running = asyncio.create_task(race(self.clock, after_s, self.first, self.ask))
        await turns()
        return running

    async def start_both(self) -> asyncio.Task[Raced[str]]:
        """The race with both attempts under way."""
        running = await self.start()
        self.clock.advance(AFTER_S)
        await turns()
        assert (self.first.begun, self.second.begun, self.asked) == (1, 1, 1)
        return running


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    """No attempt is kept, and no loop complained of an error that nobody took."""
    yield
    gc.collect()
    assert module._ASTRAY == set()


@pytest.fixture(autouse=True)
def complaints() -> Iterator[list[dict[str, Any]]]:
    """What the loop was told by its tasks; a test that wants to have some takes them out."""
    told: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, about: told.append(about))
    yield told
    gc.collect()
    assert told == []


async def test_a_first_that_is_in_time_runs_alone() -> None:
    """The second is not asked, and the timer does nothing any more."""
    track = Track()
    running = await track.start()
    track.clock.advance(AFTER_S - 0.1)
    await turns()
    track.first.wins()
    assert await running == Raced("value", by_second=False, loser_error=None)
    track.clock.advance(10)
    await turns()
    assert track.asked == 0


async def test_a_first_that_fails_in_time_fails_the_race_at_once() -> None:
    """Its very error, and no second attempt: that is what a retry is for."""
    track, boom = Track(), Boom()
    running = await track.start()
    track.first.fails(boom)
    with pytest.raises(Boom) as caught:
        await running
    assert caught.value is boom
    assert track.asked == 0


async def test_the_second_begins_after_its_time_and_not_before() -> None:
    """One instant before it there is one attempt, at it there are two."""
    track = Track()
    running = await track.start()
    track.clock.advance(AFTER_S - 0.001)
    await turns()
    assert track.asked == 0
    track.clock.advance(0.001)
    await turns()
    assert (track.asked, track.second.begun) == (1, 1)
    track.first.wins()
    await running


async def test_the_second_wins_and_the_first_is_cancelled() -> None:
    """The value is the second's, and the first has ended when the race has."""
    track = Track()
    running = await track.start_both()
    track.second.wins("second")
    assert await running == Raced("second", by_second=True, loser_error=None)
    assert (track.first.cancelled, track.second.cancelled) == (1, 0)
    assert track.first.task is not None
    assert track.first.task.done()


async def test_the_first_wins_late_and_the_second_is_cancelled() -> None:
    """The first was only slow: its value counts."""
    track = Track()
    running = await track.start_both()
    track.first.wins("first")
    assert await running == Raced("first", by_second=False, loser_error=None)
    assert (track.first.cancelled, track.second.cancelled) == (0, 1)


async def test_of_two_that_win_in_one_turn_the_first_has_won() -> None:
    """A draw is the first's; nobody is cancelled."""
    track = Track()
    running = await track.start_both()
    track.second.wins("second")
    track.first.wins("first")
    assert await running == Raced("first", by_second=False, loser_error=None)
    assert (track.first.cancelled, track.second.cancelled) == (0, 0)


@pytest.mark.parametrize("same_turn", [False, True])
@pytest.mark.parametrize("winner", ["first", "second"])
async def test_when_one_fails_the_other_decides(winner: str, same_turn: bool) -> None:
    """The race goes on, and what the loser failed with is told beside the value."""
    track, boom = Track(), Boom()
    running = await track.start_both()
    wins, loses = track.first, track.second
    if winner == "second":
        wins, loses = loses, wins
    loses.fails(boom)
    if not same_turn:
        await turns()
        assert not running.done()
    wins.wins()
    assert await running == Raced("value", by_second=winner == "second", loser_error=boom)


@pytest.mark.parametrize("order", ["first", "second", "both"])
async def test_when_both_fail_the_error_of_the_first_is_raised(order: str) -> None:
    """Whichever failed sooner."""
    track, boom = Track(), Boom("first")
    running = await track.start_both()
    if order == "second":
        track.second.fails(ValueError())
        await turns()
    track.first.fails(boom)
    if order == "first":
        await turns()
    if order != "second":
        assert not running.done()
        track.second.fails(ValueError())
    with pytest.raises(Boom) as caught:
        await running
    assert caught.value is boom
    assert caught.value.__context__ is None


@pytest.mark.parametrize("ends_well", [True, False])
async def test_where_no_second_is_allowed_the_first_goes_on_alone(ends_well: bool) -> None:
    """None was given: the first has all the time it wants, and its end is the race's."""
    track = Track()
    track.allowed = False
    running = await track.start()
    track.clock.advance(AFTER_S)
    await turns()
    assert (track.asked, track.second.begun) == (1, 0)
    assert not running.done()
    if ends_well:
        track.first.wins()
        assert await running == Raced("value", by_second=False, loser_error=None)
    else:
        track.first.fails(Boom())
        with pytest.raises(Boom):
            await running
    assert track.asked == 1


async def test_a_second_that_cannot_even_begin_is_one_that_failed() -> None:
    """Asking raised: the first decides, and the error is told."""
    track, boom = Track(), Boom()

    def ask() -> Awaitable[str] | None:
        raise boom

    running = asyncio.create_task(race(track.clock, AFTER_S, track.first, ask))
    await turns()
    track.clock.advance(AFTER_S)
    await turns()
    track.first.wins()
    assert await running == Raced("value", by_second=False, loser_error=boom)


async def test_a_first_that_cannot_even_begin_fails_the_race() -> None:
    """As one that was awaited."""

    def begin() -> Awaitable[str]:
        raise Boom

    with pytest.raises(Boom):
        await race(FakeClock(), AFTER_S, begin, lambda: None)


async def test_a_first_that_ends_in_the_turn_of_the_second_stays_alone() -> None:
    """Its time was over and its answer came, both at once: no second is asked for nothing."""
    track = Track()
    running = await track.start()
    track.clock.advance(AFTER_S)
    track.first.wins()
    assert await running == Raced("value", by_second=False, loser_error=None)
    assert track.second.begun == 0


async def test_a_first_that_ends_before_the_second_was_asked_stays_alone() -> None:
    """The second's task is there, and has not run yet, as the answer comes."""
    track = Track()
    running = await track.start()
    track.clock.advance(AFTER_S)
    await turns(1)
    track.first.wins()
    assert (await running).value == "value"
    assert track.second.begun == 0


@pytest.mark.parametrize("after_s", [0.0, -1.0])
async def test_with_no_time_of_its_own_the_first_has_a_turn(after_s: float) -> None:
    """What is answered without a wait is never raced; what waits is, though the clock stands."""

    async def at_once() -> str:
        return "at once"

    track = Track()
    assert (await race(track.clock, after_s, at_once, track.ask)).value == "at once"
    assert track.asked == 0
    running = await track.start(after_s)
    assert track.second.begun == 1
    track.second.wins("second")
    assert (await running).by_second


async def test_any_awaitable_will_do() -> None:
    """Futures are raced as coroutines are; the loser is cancelled."""
    clock, loop = FakeClock(autojump=False), asyncio.get_running_loop()
    first: asyncio.Future[str] = loop.create_future()
    second: asyncio.Future[str] = loop.create_future()
    running = asyncio.create_task(race(clock, AFTER_S, lambda: first, lambda: second))
    await turns()
    clock.advance(AFTER_S)
    await turns()
    second.set_result("second")
    assert await running == Raced("second", by_second=True, loser_error=None)
    assert first.cancelled()


# ----------------------------------------------------------------------------------------- the loser


async def test_a_loser_has_a_turn_to_clean_up() -> None:
    """What it does when it is cancelled is done when the race has ended."""
    track, cleaned = Track(), list[str]()

    async def first() -> str:
        try:
            return await track.first()
        finally:
            cleaned.append("cleaned")

    running = asyncio.create_task(race(track.clock, AFTER_S, first, track.ask))
    running.add_done_callback(lambda _: cleaned.append("raced"))
    await turns()
    track.clock.advance(AFTER_S)
    await turns()
    track.second.wins()
    await running
    await turns()
    assert cleaned == ["cleaned", "raced"]


async def test_a_loser_that_takes_no_notice_does_not_hold_the_winner_up() -> None:
    """The race ends; the loser goes its way, is cancelled once, is kept while it runs, and its value is dropped."""
    track = Track(first=Stubborn())
    running = await track.start_both()
    track.second.wins("second")
    assert await running == Raced("second", by_second=True, loser_error=None)
    assert track.first.cancelled == 1
    assert len(module._ASTRAY) == 1
    gc.collect()
    track.first.wins("too late")
    await turns()
    assert module._ASTRAY == set()


@pytest.mark.parametrize("stubborn", [False, True])
async def test_a_loser_that_fails_too_late_is_not_heard_of(stubborn: bool) -> None:
    """Its error, on being cancelled or long after, is in no warning and not the race's."""
    track = Track(first=Stubborn() if stubborn else None)

    async def first() -> str:
        try:
            return await track.first()
        finally:
            raise Boom

    running = asyncio.create_task(race(track.clock, AFTER_S, first, track.ask))
    await turns()
    track.clock.advance(AFTER_S)
    await turns()
    track.second.wins()
    assert await running == Raced("value", by_second=True, loser_error=None)
    if stubborn:
        track.first.wins()
        await turns()


async def test_a_loser_that_cleans_up_for_long_is_not_cancelled_twice() -> None:
    """It needs more turns than one: it gets them, undisturbed, after the race."""
    track, cleaned = Track(), list[str]()

    async def first() -> str:
        try:
            return await track.first()
        finally:
            await turns(10)
            cleaned.append("cleaned")

    running = asyncio.create_task(race(track.clock, AFTER_S, first, track.ask))
    await turns()
    track.clock.advance(AFTER_S)
    await turns()
    track.second.wins()
    await running
    assert cleaned == []
    await turns(20)
    assert cleaned == ["cleaned"]


# --------------------------------------------------------------------------------------- cancellation


@pytest.mark.parametrize("both", [False, True])
async def test_a_cancellation_from_outside_cancels_all_and_is_raised(both: bool) -> None:
    """Alone or in the race: whoever runs is cancelled, and has ended when the race has."""
    track = Track()
    running = await (track.start_both() if both else track.start())
    running.cancel("why")
    with pytest.raises(asyncio.CancelledError):
        await running
    assert (track.first.cancelled, track.second.cancelled) == (1, both)
    track.clock.advance(10)
    await turns()
    assert track.asked == both


async def test_a_race_that_is_cancelled_before_its_attempt_ran_begins_none() -> None:
    """No coroutine is made that nobody awaits."""
    track = Track()
    running = asyncio.create_task(race(track.clock, AFTER_S, track.first, track.ask))
    asyncio.get_running_loop().call_soon(running.cancel)
    with pytest.raises(asyncio.CancelledError):
        await running
    assert track.first.begun == 0


async def test_a_race_that_is_cancelled_before_its_second_ran_does_not_ask_for_it() -> None:
    """No second attempt is made, nor paid for, that nobody awaits."""
    track = Track()
    running = await track.start()
    track.clock.advance(AFTER_S)
    while running._fut_waiter is not None:  # type: ignore[attr-defined]  # until it has what it waited for
        await turns(1)
    asyncio.get_running_loop().call_soon(running.cancel)
    with pytest.raises(asyncio.CancelledError):
        await running
    assert track.second.begun == 0
    assert track.first.cancelled == 1


async def test_a_cancelled_race_waits_for_what_its_attempts_clean_up() -> None:
    """As one attempt alone would be waited for; a second cancellation reaches them too, and changes nothing else."""
    track, cleaned = Track(), list[str]()

    async def first() -> str:
        try:
            return await track.first()
        finally:
            with suppress(asyncio.CancelledError):
                await asyncio.Event().wait()
            cleaned.append("cleaned")

    running = asyncio.create_task(race(track.clock, AFTER_S, first, track.ask))
    await turns()
    running.cancel()
    await turns()
    assert not running.done()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert cleaned == ["cleaned"]


async def test_a_cancellation_while_the_loser_has_its_turn_is_raised() -> None:
    """The winner is known, the loser is stubborn, and somebody cancels: that comes first."""
    track = Track(first=Stubborn())
    running = await track.start_both()
    track.second.wins()
    while not track.first.cancelled:
        await turns(1)
        if running.done():
            break
        running.cancel()
    if running.cancelled():
        with pytest.raises(asyncio.CancelledError):
            await running
    track.first.wins()
    await turns()


async def test_an_attempt_that_was_cancelled_by_others_has_failed() -> None:
    """It awaited what somebody cancelled: that is its failure, not the end of the race."""
    track = Track()
    running = await track.start_both()
    track.second.fails(asyncio.CancelledError())
    await turns()
    track.first.wins()
    raced = await running
    assert raced.value == "value"
    assert isinstance(raced.loser_error, asyncio.CancelledError)


async def test_a_first_that_was_cancelled_by_others_ends_the_race_so() -> None:
    """As it would alone: the error is raised, and the task of the caller is not cancelled."""
    track = Track()
    running = await track.start()
    track.first.fails(asyncio.CancelledError())
    with pytest.raises(asyncio.CancelledError):
        await running
    assert running.cancelling() == 0


async def test_a_timeout_round_a_race_cuts_it() -> None:
    """asyncio.timeout tells its own cancellation: it comes out as TimeoutError."""
    track = Track()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await race(track.clock, AFTER_S, track.first, track.ask)


class Leave(BaseException):
    """What ends a program, as KeyboardInterrupt and SystemExit do."""


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, Leave])
@pytest.mark.parametrize("who", ["alone", "first", "second", "both"])
async def test_what_ends_a_program_passes_at_once(error: type[BaseException], who: str) -> None:
    """It is raised where the race is awaited, not out of the loop, and the other attempt is cancelled."""
    track, caught = Track(), list[BaseException]()

    async def caller() -> None:
        try:
            await race(track.clock, AFTER_S, track.first, track.ask)
        except BaseException as raised:  # noqa: BLE001  that is what is looked at
            caught.append(raised)

    running = asyncio.create_task(caller())
    await turns()
    if who != "alone":
        track.clock.advance(AFTER_S)
        await turns()
    ends = error()
    if who != "second":
        track.first.fails(ends)
    if who in ("second", "both"):
        track.second.fails(ends)
    await running
    assert caught == [ends]
    await turns()
    assert track.second.cancelled == (who == "first")
    assert track.first.cancelled == (who == "second")


async def test_what_ends_a_program_comes_before_a_value_of_the_same_turn() -> None:
    """One wins as the other is interrupted: the interrupt is not lost."""
    track = Track()
    running = await track.start_both()
    track.first.wins()
    track.second.fails(Leave())
    with pytest.raises(Leave):
        await running


async def test_what_ends_a_program_on_being_cancelled_is_raised() -> None:
    """The loser, or one of a cancelled race, ends so in its last turn."""
    for cancelled in (False, True):
        track = Track()

        async def first(track: Track = track) -> str:
            try:
                return await track.first()
            finally:
                raise Leave

        running = asyncio.create_task(race(track.clock, AFTER_S, first, track.ask))
        await turns()
        track.clock.advance(AFTER_S)
        await turns()
        if cancelled:
            running.cancel()
        else:
            track.second.wins()
        with pytest.raises(Leave):
            await running


def test_an_astray_loser_can_still_end_the_program() -> None:
    """Long after the race the stubborn loser is interrupted: that comes out of the loop, as from any task."""

    async def main() -> None:
        track = Track(first=Stubborn())
        running = await track.start_both()
        track.second.wins()
        assert (await running).by_second
        track.first.fails(KeyboardInterrupt())
        await turns(100)

    runner = asyncio.Runner()
    with pytest.raises(KeyboardInterrupt):
        runner.run(main())
    runner.close()


# -------------------------------------------------------------------------------------------- the rest

WHO: ContextVar[str] = ContextVar("who", default="nobody")


async def test_attempts_see_the_context_of_the_caller() -> None:
    """What was set before is seen by both; what they set stays theirs."""
    clock, seen = FakeClock(autojump=False), list[str]()

    async def attempt(name: str) -> str:
        seen.append(WHO.get())
        WHO.set(name)
        await turns(3)
        seen.append(WHO.get())
        return name

    WHO.set("caller")
    assert (await race(clock, 0, lambda: attempt("first"), lambda: attempt("second"))).value
    assert WHO.get() == "caller"
    assert seen[:2] == ["caller", "caller"]
    assert set(seen[2:]) <= {"first", "second"}


async def test_an_error_that_is_raised_is_in_no_ring() -> None:
    """When its holder lets it go it is gone, without the collector: tracebacks hold what users had in hand."""
    track = Track()
    running = await track.start_both()
    gc.disable()
    try:
        track.first.fails(Boom())
        track.second.fails(ValueError())
        try:
            await running
        except Boom as error:
            held = ref(error)
            assert sys.exc_info()[1] is error
        del running
        track.first._end = track.second._end = asyncio.Future()
        await turns()
        assert held() is None
    finally:
        gc.enable()


def test_a_race_that_is_thrown_away_with_its_loop_is_silent() -> None:
    """The loop is closed under it: the collector ends it, and nothing is raised there."""
    loop = asyncio.new_event_loop()

    async def begin() -> asyncio.Task[Raced[str]]:
        return await Track().start_both()

    told: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _, about: told.append(about))
    running = loop.run_until_complete(begin())
    loop.close()
    del running
    gc.collect()
    module._ASTRAY.clear()
    gc.collect()
    assert {about["message"] for about in told} <= {"Task was destroyed but it is pending!"}
