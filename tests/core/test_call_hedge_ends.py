"""Owns how the two attempts of a hedged call end: what each is charged with, is told, and how long it may take."""

from __future__ import annotations

import pytest

import switchgear as sg
from tests.core.callkit import Boom, HttpError, turns
from tests.core.engine_kit import RESET, Hedging, ends, hedging, move, owed

__all__ = ["hedging"]

KEY = ("binance", "get_price")
SECRET = "S3CR3TS3CR3T"


async def won(hedging: Hedging, winner: int, error: BaseException) -> object:
    """A call whose other attempt fails before the winner answers: what it comes to."""
    call = await hedging.late()
    hedging.remote.fails(1 - winner, error)
    await turns()
    hedging.remote.gives(winner)
    return (await ends(call))[0]


# ------------------------------------------------------------------------------------ what it was told


@pytest.mark.parametrize("winner", [0, 1])
def test_a_ban_that_the_loser_was_told_closes_the_gate(hedging: Hedging, winner: int) -> None:
    """One attempt is answered 418 before the other has a value: our address is banned all the same."""
    assert hedging.calls.run(won(hedging, winner, HttpError(418, "300"))) == "value"
    closed = [gate.scope for gate in hedging.calls.gear.gates() if gate.closed]
    assert closed == [sg.Scope.ADDRESS]


def test_no_retry_undercuts_what_the_second_was_told(hedging: Hedging) -> None:
    """429 with 20 s for the second, a reset for the first: the retry comes after the 20 s, not at once."""
    hedging.guarded(retries=1, retry_delay_s=0)

    async def scene() -> object:
        call = await hedging.late()
        hedging.remote.fails(1, HttpError(429, "20"))
        await turns()
        hedging.remote.fails(0, RESET)
        await turns(10)
        hedging.both_out(2)
        await move(hedging.calls, 19)
        hedging.both_out(2)
        call.cancel()
        return (await ends(call))[0]

    hedging.calls.run(scene())
    assert owed(hedging.calls) == {}


# ----------------------------------------------------------------------------------- how long it takes


def test_a_hedge_does_not_overrun_the_deadline(hedging: Hedging) -> None:
    """Deadline 2 s, hedge after 1 s, both hang: the call is over at 2 s and not at 3 s."""
    hedging.guarded(deadline_s=2)

    async def scene() -> object:
        call = await hedging.late()
        hedging.both_out()
        await move(hedging.calls, 1)
        assert call.done()
        return (await ends(call))[0]

    assert isinstance(hedging.calls.run(scene()), sg.DeadlineExceeded)
    assert owed(hedging.calls) == {}


def test_a_slow_winner_is_a_slow_sample(hedging: Hedging) -> None:
    """A read that took longer than slow_call_s is one, hedged or not."""
    hedging.guarded(slow_call_s=2, slow_call_rate=1, minimum_calls=1000)

    async def scene() -> object:
        call = await hedging.late()
        await move(hedging.calls, 5)
        hedging.remote.gives(0)
        return await call

    hedging.calls.run(scene())
    window = hedging.calls.gear.circuit(*KEY).window
    assert window is not None
    assert window.slow == 1


# ------------------------------------------------------------------------------------- what it counts


@pytest.mark.parametrize("winner", [0, 1])
def test_a_hedged_result_that_is_a_failure_counts(hedging: Hedging, winner: int) -> None:
    """What failed_result says of the winner's value holds for the circuit too, as without a hedge."""
    hedging.guarded(failed_result="bad".__eq__)

    async def scene() -> object:
        call = await hedging.late()
        hedging.remote.gives(winner, "bad")
        return (await ends(call))[0]

    assert isinstance(hedging.calls.run(scene()), sg.ApiError)
    assert hedging.calls.gear.circuit(*KEY).failures == 1
    assert owed(hedging.calls) == {}


@pytest.mark.parametrize("winner", [0, 1])
def test_an_ignored_error_of_the_loser_is_neutral(hedging: Hedging, winner: int) -> None:
    """What the settings call neutral opens no circuit, whichever attempt raised it."""
    hedging.guarded(ignore=LookupError, failure_threshold=1)
    assert hedging.calls.run(won(hedging, winner, LookupError("mine"))) == "value"
    assert hedging.calls.state() is sg.CircuitState.CLOSED


def test_a_loser_that_timed_out_is_a_timeout(hedging: Hedging) -> None:
    """Cut by timeout_s while the other goes on: the circuit's reason says what it was."""
    hedging.guarded(timeout_s=3, failure_threshold=1)

    async def scene() -> object:
        call = await hedging.late()
        await move(hedging.calls, 2)
        hedging.remote.gives(1)
        return await call

    assert hedging.calls.run(scene()) == "value"
    assert "no answer within 3 s" in hedging.calls.gear.circuit(*KEY).reason


# -------------------------------------------------------------------------------------- foreign words


@pytest.mark.parametrize("winner", [0, 1])
def test_the_losers_error_is_redacted_in_the_reason(hedging: Hedging, winner: int) -> None:
    """A secret in the text of its error comes into no reason, and so into no log and no page."""
    hedging.guarded(failure_threshold=1)
    error = Boom(f"GET https://api/x?signature={SECRET}&apiKey=T0P{SECRET}")
    hedging.calls.run(won(hedging, winner, error))
    assert hedging.calls.state() is sg.CircuitState.OPEN
    assert SECRET not in hedging.calls.gear.circuit(*KEY).reason


@pytest.mark.parametrize("winner", [0, 1])
def test_a_loser_whose_words_cannot_be_read_costs_nobody_the_value(
    hedging: Hedging, winner: int
) -> None:
    """An error whose own str raises: the call has the winner's value."""

    class Mute(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no words")

    assert hedging.calls.run(won(hedging, winner, Mute())) == "value"
    assert owed(hedging.calls) == {}
