"""Owns the tests of the race of a late attempt with a second one: who wins, and what becomes of the loser."""

from __future__ import annotations

import asyncio
import gc
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any
from weakref import ref

import pytest

from switchgear.core.policy import race as module
from switchgear.core.policy.race import Raced, race
from switchgear.testing import FakeClock
from tests.core.callkit import turns
from tests.core.policy.racetrack import AFTER_S, Boom, Stubborn, Track

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterator

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    """No attempt is kept when all have ended."""
    yield
    assert not module._ASTRAY


async def test_a_first_that_is_in_time_runs_alone() -> None:
    """The second is not asked, and the timer is called off."""
    track = Track()
    running = await track.start()
    track.clock.advance(AFTER_S - 0.1)
    await turns()
    track.first.wins()
    assert await running == Raced("value", by_second=False, loser_error=None)
    assert [timer._callback for _, _, timer in track.clock._queue] == [None]
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


@pytest.mark.parametrize("later", range(6))
async def test_a_first_that_ends_as_the_second_begins_wins(later: int) -> None:
    """Its answer comes some turns after its time: before the second's task has run, none is asked for."""
    track, loop = Track(), asyncio.get_running_loop()
    running = await track.start()

    def end(left: int) -> None:
        if left:
            loop.call_soon(end, left - 1)
        else:
            track.first.wins()

    track.clock.advance(AFTER_S)
    end(later)
    assert await running == Raced("value", by_second=False, loser_error=None)
    assert track.second.begun == (later > 1)


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
    assert not module._ASTRAY


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
    gc.collect()  # a task whose error nobody took complains when it is collected, and anyio fails the test


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


@pytest.mark.parametrize("after_s", [0.0, AFTER_S])
async def test_an_error_that_is_raised_is_in_no_ring(after_s: float) -> None:
    """When its holder lets it go it is gone, without the collector: tracebacks hold what users had in hand."""
    held: list[ref[Boom]] = []

    async def attempt() -> str:
        await turns(3)
        raise Boom

    gc.disable()
    try:
        try:
            await race(FakeClock(autojump=False), after_s, attempt, attempt)
        except Boom as error:
            held.append(ref(error))
        await turns()
        assert [one() for one in held] == [None]
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
    assert not module._ASTRAY
    assert {about["message"] for about in told} <= {"Task was destroyed but it is pending!"}
