"""Owns coalescing as whole calls meet it: which reads share an attempt, and what each caller gets."""

from __future__ import annotations

import traceback
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

import switchgear as sg
from switchgear.core.event import CallJoined
from tests.core.callkit import Boom, Calls, HttpError, turns
from tests.core.engine_kit import (
    RESET,
    Remote,
    begin,
    coalesced,
    ends,
    is_straight,
    move,
    owed,
    policy,
    still,
    taught,
)
from tests.core.fallback_kit import PATIENCE_S, Desk, Waits
from tests.core.policy.crowd import in_thread

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

__all__ = ["still"]

KEY = ("binance", "get_price")
MANY = 50
FEW = 12


@pytest.fixture
def threads(sync_calls: Calls, monkeypatch: pytest.MonkeyPatch) -> tuple[Calls, Waits]:
    """Calls in threads, and how many of them wait."""
    return sync_calls, Waits(sync_calls.clock, monkeypatch)


# --------------------------------------------------------------------------------- which share one


def test_fifty_equal_reads_are_one_attempt(still: Calls) -> None:
    """All get the very same value; one call is counted, and the others as joined."""
    guard, remote, value = coalesced(still), Remote(), object()

    async def scene() -> list[object]:
        calls = await begin(*(guard.call(remote.read, "BTC") for _ in range(MANY)))
        assert len(remote.out) == 1
        assert owed(still) == {"weight": 1, "calls": 1, "flights": 1}
        remote.gives(0, value)
        return await ends(*calls)

    assert all(one is value for one in still.run(scene()))
    metrics = still.metrics()
    assert (metrics.total_calls, metrics.success_calls, metrics.joined_calls) == (1, 1, MANY - 1)
    assert (metrics.rejected_calls, metrics.in_flight) == (0, 0)
    assert owed(still) == {}


def test_equal_reads_of_threads_are_one_attempt(threads: tuple[Calls, Waits]) -> None:
    """The same with a thread for each caller."""
    calls, waits = threads
    guard, desk = coalesced(calls), Desk()
    futures = [in_thread(partial(guard.call_sync, desk.price, "BTC"))]
    desk.wait()
    futures += [in_thread(partial(guard.call_sync, desk.price, "BTC")) for _ in range(FEW)]
    waits.until(FEW)
    desk.answer("price")
    assert [future.result(PATIENCE_S) for future in futures] == ["price"] * (FEW + 1)
    assert desk.asked == ["BTC"]
    metrics = calls.metrics()
    assert (metrics.total_calls, metrics.joined_calls) == (1, FEW)
    assert owed(calls) == {}


def test_the_decorated_form_shares_as_well(still: Calls) -> None:
    """One guarded function, called many times at once with the same arguments, by place and by name."""
    remote = Remote()
    read = coalesced(still)(remote.read)

    async def scene() -> list[object]:
        calls = await begin(
            *(read("BTC", depth=5) for _ in range(3)), *(read("ETH") for _ in range(3))
        )
        assert remote.asked == [("BTC",), ("ETH",)]
        remote.gives(0, 1)
        remote.gives(1, 2)
        return await ends(*calls)

    assert still.run(scene()) == [1, 1, 1, 2, 2, 2]


def reading(remote: Remote, number: int) -> Callable[[], Awaitable[object]]:
    """A lambda to which that number belongs."""
    return lambda: remote.read(number)


def test_what_differs_is_its_own_read(still: Calls) -> None:
    """Other arguments, another object's method, another account, a lambda with other variables."""
    guard, other = coalesced(still), still.gear.guarded("binance", "get_price", account="desk")
    still.gear.configure(*KEY, coalesce=True)
    one, two = Remote(), Remote()

    async def scene() -> None:
        calls = await begin(
            guard.call(one.read, "BTC"),
            guard.call(one.read, "ETH"),
            guard.call(one.read, "BTC", depth=5),
            guard.call(two.read, "BTC"),
            other.call(one.read, "BTC"),
            *(guard.call(reading(one, number)) for number in range(2)),
        )
        assert (len(one.out), len(two.out)) == (6, 1)
        for future in one.out + two.out:
            future.set_result(None)
        await ends(*calls)

    still.run(scene())
    assert still.metrics().joined_calls == 0


def test_two_objects_of_a_class_do_not_share_a_decorated_method(still: Calls) -> None:
    """The object is an argument like any other; reads of the same object are one."""

    class Client:
        def __init__(self, remote: Remote) -> None:
            self.remote = remote

        @coalesced(still)
        async def fetch(self, symbol: str) -> object:
            return await self.remote.read(symbol)

    one, two = Client(Remote()), Client(Remote())

    async def scene() -> list[object]:
        calls = await begin(one.fetch("BTC"), two.fetch("BTC"), one.fetch("BTC"))
        assert (len(one.remote.out), len(two.remote.out)) == (1, 1)
        one.remote.gives(0, "one")
        two.remote.gives(0, "two")
        return await ends(*calls)

    assert still.run(scene()) == ["one", "two", "one"]


@pytest.mark.parametrize(
    ("method", "effect"),
    [
        ("create_order", None),
        ("cancel_order", None),
        ("get_price", "trade"),
        ("get_price", "idempotent"),
    ],
)
def test_only_reads_are_shared(still: Calls, method: str, effect: str | None) -> None:
    """Two equal orders are two orders, whatever the settings say; so are two cancels."""
    settings: dict[str, Any] = {} if effect is None else {"effect": effect}
    guard, remote = coalesced(still, method, **settings), Remote()

    async def scene() -> None:
        calls = await begin(*(guard.call(remote.read, "BTC") for _ in range(3)))
        assert len(remote.out) == 3
        for number in range(3):
            remote.gives(number)
        await ends(*calls)

    still.run(scene())
    metrics = still.metrics(method)
    assert (metrics.total_calls, metrics.joined_calls) == (3, 0)


def test_what_cannot_be_compared_is_shared_with_nobody(still: Calls) -> None:
    """A list as an argument: every call makes its own attempt, and none fails for it."""
    guard, remote = coalesced(still), Remote()

    async def scene() -> list[object]:
        calls = await begin(*(guard.call(remote.read, ["BTC"]) for _ in range(2)))
        remote.gives(0, 1)
        remote.gives(1, 2)
        return await ends(*calls)

    assert still.run(scene()) == [1, 2]


def test_a_read_that_comes_after_the_answer_is_made_anew(still: Calls) -> None:
    """Nothing is kept of a flight that is over: a value is never older than the call."""
    guard, remote = coalesced(still), Remote()

    async def scene() -> None:
        for number in range(3):
            (call,) = await begin(guard.call(remote.read))
            remote.gives(number, number)
            assert await call == number

    still.run(scene())
    assert still.metrics().joined_calls == 0


def test_guards_with_other_fallbacks_do_not_share(still: Calls) -> None:
    """What one of them would serve instead is not what the other asked for."""
    plain, backed = coalesced(still), still.guard(fallback=sg.static("stand-in"))
    remote = Remote()

    async def scene() -> list[object]:
        calls = await begin(
            plain.call(remote.read), backed.call(remote.read), backed.call(remote.read)
        )
        assert len(remote.out) == 2
        remote.fails(0)
        remote.fails(1)
        return await ends(*calls)

    first, second, third = still.run(scene())
    assert (first, second, third) == (RESET, "stand-in", "stand-in")


def test_it_is_switched_on_and_off_live(still: Calls) -> None:
    """Flights under way end as they were begun; afterwards the straight path is open again."""
    guard, remote = coalesced(still), Remote()

    async def scene() -> list[object]:
        calls = await begin(guard.call(remote.read), guard.call(remote.read))
        coalesced(still, coalesce=False)
        calls += await begin(guard.call(remote.read))
        assert len(remote.out) == 2
        remote.gives(0, "shared")
        remote.gives(1, "own")
        return await ends(*calls)

    assert not is_straight(still)
    assert still.run(scene()) == ["shared", "shared", "own"]
    assert is_straight(still)
    assert policy(still).flights is None


# -------------------------------------------------------------------------------- what each of them gets


def test_who_joined_is_told_and_counted_apart(still: Calls) -> None:
    """CallJoined with how long it waited; total_calls and the durations are those of the attempts alone."""
    guard, remote = coalesced(still), Remote()

    async def scene() -> None:
        calls = await begin(guard.call(remote.read))
        await move(still, 1)
        calls += await begin(guard.call(remote.read))
        await move(still, 2)
        remote.gives(0)
        await ends(*calls)

    still.run(scene())
    (joined,) = still.told(CallJoined)
    (succeeded,) = still.told(sg.CallSucceeded)
    assert (joined.duration_s, joined.error, joined.key) == (2, "", sg.Key.of(*KEY))
    assert (succeeded.duration_s, succeeded.attempts) == (3, 1)
    assert joined.call_id not in (0, succeeded.call_id)
    metrics = still.metrics()
    assert (metrics.total_calls, metrics.joined_calls, metrics.max_duration_ms) == (1, 1, 3000)


def test_an_error_is_shared_by_copies(still: Calls) -> None:
    """The leader has the error itself, each other one of its own: same words, same kind, one failure counted."""
    guard, remote, error = coalesced(still), Remote(), HttpError(503)

    async def scene() -> list[object]:
        calls = await begin(*(guard.call(remote.read) for _ in range(5)))
        remote.fails(0, error)
        return await ends(*calls)

    found = still.run(scene())
    assert found[0] is error
    assert len({id(one) for one in found}) == 5
    assert {(type(one), str(one)) for one in found} == {(HttpError, "HTTP 503")}
    assert all(one.status == 503 for one in found if isinstance(one, HttpError))
    assert still.gear.circuit(*KEY).failures == 1
    assert (still.metrics().failed_calls, still.metrics().joined_calls) == (1, 4)
    assert {event.error for event in still.told(CallJoined)} == {"HttpError: HTTP 503"}


def test_tracebacks_do_not_grow_with_the_callers(still: Calls) -> None:
    """Of fifty callers with one error nobody's traceback is longer than the second one's, in either order."""
    guard, remote = coalesced(still), Remote()

    async def caller() -> int:
        try:
            await guard.call(remote.read)
        except Boom as error:
            return len(traceback.extract_tb(error.__traceback__))
        raise AssertionError

    async def scene() -> list[int]:
        calls = await begin(*(caller() for _ in range(MANY)))
        remote.fails(0, Boom("?"))
        return await ends(*calls)

    lengths = still.run(scene())[1:]
    assert set(lengths) == {lengths[0]}


def test_a_thread_that_joined_has_a_copy_too(threads: tuple[Calls, Waits]) -> None:
    """The same between threads, whose frames must not lead to each other."""
    calls, waits = threads
    guard, desk, error = coalesced(calls), Desk(), Boom("?")
    futures = [in_thread(partial(guard.call_sync, desk.price))]
    desk.wait()
    futures += [in_thread(partial(guard.call_sync, desk.price)) for _ in range(2)]
    waits.until(2)
    desk.answer(error)
    found = [future.exception(PATIENCE_S) for future in futures]
    assert found[0] is error
    assert len({id(one) for one in found}) == 3
    lengths = [len(traceback.extract_tb(one.__traceback__)) for one in found if one is not None]
    assert lengths[1] == lengths[2]


def test_where_the_value_is_from_is_shared_as_well(still: Calls) -> None:
    """served() of a caller that joined says the fallback's name, reason and age, as the leader's does."""
    calls = still
    guard = calls.guard(fallback=sg.last_good(60), coalesce=True, retries=0, timeout_s=None)
    remote = Remote()

    async def scene() -> list[sg.Served[object]]:
        (good,) = await begin(guard.call(remote.read))
        remote.gives(0, "price")
        await good
        await move(calls, 5)
        tasks = await begin(*(guard.served(remote.read) for _ in range(3)))
        remote.fails(1)
        return await ends(*tasks)

    for served in calls.run(scene()):
        assert (served.value, served.age_s, served.is_fallback) == ("price", 5, True)
        assert served.source.startswith("last_good")
        assert "reset" in served.reason
    metrics = calls.metrics()
    assert (metrics.fallback_calls, metrics.joined_calls) == (1, 2)


def test_every_form_of_call_can_join_every_other(still: Calls) -> None:
    """A bare value, Served and Ok of one attempt."""
    guard, remote = coalesced(still), Remote()

    async def scene() -> list[Any]:
        calls = await begin(
            guard.call(remote.read), guard.served(remote.read), guard.try_call(remote.read)
        )
        assert len(remote.out) == 1
        remote.gives(0, "price")
        return await ends(*calls)

    bare, served, tried = still.run(scene())
    assert (bare, served, tried) == ("price", sg.Served("price"), sg.Ok("price"))


def test_a_retry_of_the_leader_is_waited_for(still: Calls) -> None:
    """Two attempts for all callers together: they see neither the first error nor the wait."""
    guard, remote = coalesced(still, retries=1, retry_delay_s=1), Remote()

    async def scene() -> list[object]:
        calls = await begin(*(guard.call(remote.read) for _ in range(3)))
        remote.fails(0)
        await turns()
        await move(still, 1)
        remote.gives(1, "price")
        return await ends(*calls)

    assert still.run(scene()) == ["price"] * 3
    assert (still.metrics().total_calls, still.metrics().retried_attempts) == (1, 1)


def test_a_hedged_leader_answers_all(still: Calls) -> None:
    """Coalesced and hedged: three callers, two attempts, one value."""
    guard, remote = coalesced(still, hedge=0.95), Remote()
    taught(still, guard)

    async def scene() -> list[object]:
        calls = await begin(*(guard.call(remote.read) for _ in range(3)))
        await move(still, 1)
        assert len(remote.out) == 2
        remote.gives(1, "price")
        return await ends(*calls)

    assert still.run(scene()) == ["price"] * 3
    assert owed(still) == {}


def test_an_open_circuit_rejects_each_caller_by_itself(calls: Calls) -> None:
    """A call that is not made is not joined either: every caller is counted as rejected."""
    guard = coalesced(calls, failure_threshold=1)
    calls.error(guard, calls.answers(Boom()))
    found = [calls.error(guard, int) for _ in range(3)]
    assert {type(error) for error in found} == {sg.CircuitOpenError}
    assert (calls.metrics().rejected_calls, calls.metrics().joined_calls) == (3, 0)
