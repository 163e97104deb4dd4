"""Owns what each caller of a shared read keeps for itself: its deadline, its error, its arguments, its settings."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

import switchgear as sg
from switchgear.core.event import CallJoined
from tests.core.callkit import Calls, turns
from tests.core.engine_kit import Remote, begin, coalesced, ends, move, owed, still
from tests.core.fallback_kit import PATIENCE_S, Desk, Waits
from tests.core.policy.crowd import in_thread

if TYPE_CHECKING:
    from collections.abc import Awaitable

__all__ = ["still"]

# -------------------------------------------------------------------------------------- its deadline


def test_a_caller_that_joined_ends_with_our_own_error(still: Calls) -> None:
    """Its deadline is over: DeadlineExceeded with exchange, method and its own seconds."""
    guard, remote = coalesced(still, deadline_s=9), Remote()

    async def scene() -> object:
        (leader,) = await begin(guard.call(remote.read))
        coalesced(still, deadline_s=1)
        (follower,) = await begin(guard.call(remote.read))
        await move(still, 1)
        remote.gives(0)
        await ends(leader)
        return (await ends(follower))[0]

    error = still.run(scene())
    assert isinstance(error, sg.DeadlineExceeded)
    assert (error.exchange, error.method) == ("binance", "get_price")
    assert "1 s" in str(error)


def test_a_caller_that_comes_to_lead_has_what_is_left_of_its_deadline(still: Calls) -> None:
    """Deadline 2 s; the leader is cancelled after 1.5 s: the next has half a second more, not two."""
    guard, remote = coalesced(still, deadline_s=2), Remote()

    async def scene() -> object:
        leader, follower = await begin(guard.call(remote.read), guard.call(remote.read))
        await move(still, 1.5)
        leader.cancel()
        await turns(10)
        assert not follower.done()
        await move(still, 0.5)
        assert follower.done()
        return (await ends(leader, follower))[1]

    assert isinstance(still.run(scene()), sg.DeadlineExceeded)
    assert owed(still) == {}


# ------------------------------------------------------------------------------------- its arguments


def test_two_equal_objects_are_two_objects(still: Calls) -> None:
    """A decorated method of clients that compare equal but hold other keys: each has its own answer."""

    @dataclass(frozen=True)
    class Client:
        name: str
        secret: str = field(compare=False)

        async def balance(self) -> str:
            await turns()
            return self.secret

    balance = coalesced(still, "get_balance")(Client.balance)

    async def scene() -> list[str]:
        return list(await asyncio.gather(balance(Client("x", "a")), balance(Client("x", "b"))))

    assert still.run(scene()) == ["a", "b"]


def test_true_and_one_are_two_arguments(still: Calls) -> None:
    """They are equal in Python, and other requests all the same."""
    guard, remote = coalesced(still), Remote()

    async def scene() -> None:
        calls = await begin(guard.call(remote.read, 1), guard.call(remote.read, True))
        assert remote.asked == [(1,), (True,)]
        remote.gives(0)
        remote.gives(1)
        await ends(*calls)

    still.run(scene())


# ------------------------------------------------------------------------------ what it is told as


def test_a_thread_that_did_not_join_is_not_told_as_joined(
    sync_calls: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A function that gives an awaitable: who waited makes its own call after all, so there is no CallJoined."""
    waits, desk, guard = Waits(sync_calls.clock, monkeypatch), Desk(), coalesced(sync_calls)

    async def later() -> str:
        return "value"

    def read() -> Awaitable[str]:
        desk.price()
        return later()

    first = in_thread(partial(guard.call_sync, read))
    desk.wait()
    second = in_thread(partial(guard.call_sync, read))
    waits.until(1)
    desk.answer(None, None)
    for future in (first, second):
        assert sync_calls.run(awaited(future.result(PATIENCE_S))) == "value"
    assert sync_calls.metrics().total_calls == 2
    assert sync_calls.told(CallJoined) == []


async def awaited(made: Awaitable[str]) -> str:
    """What it comes to."""
    return await made


# ------------------------------------------------------------------------------- switched off under way


@pytest.mark.parametrize("look", range(6))
def test_a_setting_that_goes_while_a_call_is_on_its_way_hurts_nobody(
    sync_calls: Calls, look: int
) -> None:
    """Coalescing is switched off between any two steps of a call, each of which looks at the clock."""
    guard, looks = sync_calls.guard(coalesce=True), list[int]()
    real = sync_calls.clock.monotonic_s

    def switching() -> float:
        looks.append(1)
        if len(looks) == look + 1:
            sync_calls.guard(coalesce=False)
        return real()

    sync_calls.clock.monotonic_s = switching
    assert guard.call_sync(int) == 0
    assert owed(sync_calls) == {}


def test_a_setting_that_goes_while_arguments_are_compared_hurts_nobody(calls: Calls) -> None:
    """The hash of an argument is foreign code, and may take as long as a reload does."""
    guard = coalesced(calls)

    class Argument:
        def __hash__(self) -> int:
            coalesced(calls, coalesce=False)
            return 1

        def __eq__(self, other: object) -> bool:
            return self is other

    def five(_argument: Any) -> int:
        return 5

    assert calls.call(guard, five, Argument()) == 5
    assert owed(calls) == {}
