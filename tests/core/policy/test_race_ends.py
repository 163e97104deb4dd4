"""Owns the tests of a race that is cut off: cancelled from outside, or by what ends a program."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from switchgear.core.policy import race as module
from switchgear.core.policy.race import race
from tests.core.callkit import turns
from tests.core.policy.racetrack import AFTER_S, Stubborn, Track

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    """No attempt is kept when all have ended."""
    yield
    assert not module._ASTRAY


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


@pytest.mark.parametrize("number", [1, 2])
async def test_an_attempt_that_is_cancelled_before_its_first_step_is_never_begun(
    number: int,
) -> None:
    """The loop is shut down in that very turn: no coroutine is made that nobody awaits, and nothing is paid for."""
    track, loop = Track(), asyncio.get_running_loop()
    before = asyncio.all_tasks()

    def shut_down() -> None:  # in each turn, until there are the race and that many attempts
        tasks = asyncio.all_tasks() - before
        if len(tasks) <= number:
            loop.call_soon(shut_down)
            return
        for task in tasks:
            task.cancel()

    shut_down()
    running = asyncio.create_task(race(track.clock, AFTER_S, track.first, track.ask))
    await turns()
    track.clock.advance(AFTER_S)
    with pytest.raises(asyncio.CancelledError):
        await running
    assert (track.first.begun, track.second.begun) == (number - 1, 0)


async def test_a_second_that_somebody_cancels_before_its_first_step_has_failed() -> None:
    """The first decides, though the other has no end of its own."""
    track, loop = Track(), asyncio.get_running_loop()
    running = await track.start()
    before = asyncio.all_tasks()

    def cancel_second() -> None:  # in each turn, until it is there
        tasks = asyncio.all_tasks() - before
        if not tasks:
            loop.call_soon(cancel_second)
        for task in tasks:
            task.cancel()

    cancel_second()
    track.clock.advance(AFTER_S)
    await turns()
    track.first.wins()
    raced = await running
    assert (raced.value, track.second.begun) == ("value", 0)
    assert isinstance(raced.loser_error, asyncio.CancelledError)


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
    """The winner is known, the loser takes no notice, and somebody cancels: that is raised, and waits for nobody."""
    track = Track(first=Stubborn())
    running = await track.start_both()
    track.first.at_cancel = running.cancel
    track.second.wins()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert track.first.cancelled == 1
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
