"""Owns that retries which were not made after all cost nothing of the budget, and give no call more time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

import switchgear as sg
from tests.core.callkit import Calls
from tests.core.engine_kit import RESET, TOKENS, begin, ends, hold, move, owed, still, tokens

__all__ = ["still"]


def test_a_retry_that_would_block_a_loop_costs_nothing(sync_calls: Calls) -> None:
    """WouldBlockLoop instead of the wait: no attempt was made, so its tokens are back."""
    guard = sync_calls.guard(failure_threshold=None)

    async def scene() -> None:
        for _ in range(40):
            with pytest.raises(sg.WouldBlockLoop):
                guard.call_sync(sync_calls.answers(RESET))

    sync_calls.run(scene())
    assert tokens(sync_calls) == TOKENS


def cancel(_calls: Calls, call: asyncio.Task[object]) -> None:
    """From outside."""
    call.cancel()


def hold_open(calls: Calls, _call: asyncio.Task[object]) -> None:
    """A person holds its circuit open."""
    hold("get_price")(calls)


@pytest.mark.parametrize("ending", [cancel, hold_open])
def test_a_retry_that_ended_in_its_wait_costs_nothing(
    still: Calls, ending: Callable[[Calls, asyncio.Task[object]], None]
) -> None:
    """Cancelled between two attempts, or refused when its time came."""
    guard, exchange = still.guard(retry_delay_s=1), still.answers(RESET)

    async def scene() -> None:
        (call,) = await begin(guard.call(still.function(exchange)))
        ending(still, call)
        await move(still, 1)
        await ends(call)

    still.run(scene())
    assert len(exchange.at_s) == 1
    assert tokens(still) == TOKENS
    assert owed(still) == {}
