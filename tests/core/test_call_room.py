"""Owns places in flight as whole calls meet them: who waits and who is refused, in what order, and what comes back."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

import switchgear as sg
from tests.core.callkit import Boom, Calls, turns
from tests.core.engine_kit import (
    Remote,
    ban,
    begin,
    bulkhead,
    ends,
    hold,
    is_straight,
    move,
    owed,
    still,
)
from tests.core.fallback_kit import PATIENCE_S, Desk, Waits
from tests.core.policy.crowd import in_thread

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["still"]

KEY = ("binance", "get_price")
SCOPES = [
    ("get_price", sg.Scope.METHOD),
    ("@account", sg.Scope.ACCOUNT),
    ("@address", sg.Scope.ADDRESS),
    ("@exchange", sg.Scope.EXCHANGE),
]


def roomy(calls: Calls, most: int | None, method: str = "get_price", **settings: Any) -> sg.Guarded:
    """A read that fails at once, with so many places in flight in one scope."""
    calls.gear.configure("binance", method, max_in_flight=most)
    usual: dict[str, Any] = {"retries": 0, "timeout_s": None}
    return calls.guard(**(usual | settings))


def busy(calls: Calls, guard: sg.Guarded, body: Callable[[], object]) -> object:
    """What body gives while a call of this guard is in flight."""

    def work() -> object:
        return body()

    return calls.call(guard, work)


# -------------------------------------------------------------------------------- who waits, and in what order


@pytest.mark.parametrize(("method", "scope"), SCOPES)
def test_no_more_than_the_limit_are_in_flight_and_the_others_stand_in_line(
    still: Calls, method: str, scope: sg.Scope
) -> None:
    """Seven calls, two places: each that ends lets the oldest in; all seven are served in their order."""
    guard, remote = roomy(still, 2, method), Remote()

    async def scene() -> list[object]:
        calls = await begin(*(guard.call(remote.read, number) for number in range(7)))
        for number in range(7):
            assert len(remote.out) == min(number + 2, 7)
            places = bulkhead(still, scope)
            assert (places.in_flight, places.waiting) == (min(2, 7 - number), max(5 - number, 0))
            remote.gives(number, number)
            await turns(10)
        return await ends(*calls)

    assert still.run(scene()) == list(range(7))
    assert remote.asked == [(number,) for number in range(7)]
    assert (still.metrics().total_calls, still.metrics().rejected_calls) == (7, 0)
    assert owed(still) == {}


def test_threads_stand_in_the_same_line(sync_calls: Calls, monkeypatch: pytest.MonkeyPatch) -> None:
    """Five threads, one place: one after another, the oldest first."""
    calls, waits, desk = sync_calls, Waits(sync_calls.clock, monkeypatch), Desk()
    guard, futures = roomy(calls, 1), [in_thread(partial(roomy(calls, 1).call_sync, desk.price, 0))]
    desk.wait()
    for number in range(1, 5):
        futures.append(in_thread(partial(guard.call_sync, desk.price, number)))
        waits.until(1)
    for number in range(4):
        assert desk.asked == list(range(number + 1))
        desk.answer(f"of {number}")
        desk.wait()
    desk.answer("of 4")
    assert [future.result(PATIENCE_S) for future in futures] == [f"of {n}" for n in range(5)]
    assert owed(calls) == {}


def test_a_wider_limit_is_shared_by_methods_and_a_narrower_one_is_not(still: Calls) -> None:
    """The account's place: another method of it waits, another account does not, nor what carries no key."""
    guard, remote = roomy(still, 1, "@account"), Remote()
    others = {
        "same account": still.guard("get_time"),
        "other account": still.gear.guarded("binance", "get_price", account="desk"),
        "no key": still.guard("get_symbols", signed=False),
    }

    async def scene() -> None:
        calls = await begin(guard.call(remote.read))
        calls += await begin(*(other.call(remote.read, name) for name, other in others.items()))
        assert remote.asked == [(), ("other account",), ("no key",)]
        for number in range(3):
            remote.gives(number)
        await turns(10)
        assert remote.asked[3:] == [("same account",)]
        remote.gives(3)
        await ends(*calls)

    still.run(scene())


def test_two_limits_hold_at_once(still: Calls) -> None:
    """Two of the exchange, one of the method: one of each method is in flight, and no third one."""
    still.gear.configure("binance", "@exchange", max_in_flight=2)
    guard, other, third = roomy(still, 1), still.guard("get_time"), still.guard("get_depth")
    remote = Remote()

    async def scene() -> None:
        calls = await begin(
            *(
                one.call(remote.read, number)
                for number, one in enumerate((guard, guard, other, third))
            )
        )
        assert remote.asked == [(0,), (2,)]
        for number in range(4):
            assert bulkhead(still, sg.Scope.EXCHANGE).in_flight <= 2
            assert bulkhead(still).in_flight <= 1
            remote.gives(number)
            await turns(10)
        await ends(*calls)

    still.run(scene())
    assert len(remote.asked) == 4
    assert owed(still) == {}


def test_the_straight_path_is_not_taken_where_places_are_counted(calls: Calls) -> None:
    """Neither in its own scope nor in a wider one."""
    guard = calls.guard()
    assert is_straight(calls)
    calls.gear.configure("binance", "@exchange", max_in_flight=1)
    assert not is_straight(calls)
    assert busy(calls, guard, lambda: bulkhead(calls, sg.Scope.EXCHANGE).in_flight) == 1
    assert owed(calls) == {}


# --------------------------------------------------------------------------------------- who is refused


@pytest.mark.parametrize(("method", "scope"), SCOPES)
def test_without_a_wait_a_call_beyond_the_limit_is_refused(
    calls: Calls, method: str, scope: sg.Scope
) -> None:
    """wait_s_max of 0: BulkheadFullError at once, that says whose limit it is; it is counted as rejected."""
    guard, refused = roomy(calls, 1, method, wait_s_max=0), list[sg.BulkheadFullError]()

    def body() -> None:
        try:
            guard.call_sync(int)
        except sg.BulkheadFullError as error:
            refused.append(error)

    busy(calls, guard, body)
    (error,) = refused
    assert (error.scope, error.retry_after_s) == (scope, None)
    assert "as many calls in flight as allowed: 1" in error.reason
    assert (error.__cause__, error.__context__) == (None, None)
    metrics = calls.metrics()
    assert (metrics.total_calls, metrics.success_calls, metrics.rejected_calls) == (1, 1, 1)
    assert owed(calls) == {}


@pytest.mark.parametrize(("wait_s_max", "deadline_s"), [(5, None), (3, None), (5, 2), (1, 2)])
def test_a_task_waits_no_longer_than_it_may(
    still: Calls, wait_s_max: float, deadline_s: float | None
) -> None:
    """Until wait_s_max or the deadline, whichever is sooner, and not a moment less."""
    guard, remote = roomy(still, 1, wait_s_max=wait_s_max), Remote()
    limit_s = min(wait_s_max, wait_s_max if deadline_s is None else deadline_s)

    async def scene() -> object:
        (first,) = await begin(guard.call(remote.read))
        still.guard(deadline_s=deadline_s)
        (second,) = await begin(guard.call(remote.read))
        await move(still, limit_s - 0.5)
        assert not second.done()
        await move(still, 0.5)
        assert second.done()
        remote.gives(0)
        await first
        return (await ends(second))[0]

    assert isinstance(still.run(scene()), sg.BulkheadFullError)
    assert len(remote.out) == 1
    assert still.metrics().rejected_calls == 1
    assert owed(still) == {}


@pytest.mark.parametrize(("wait_s_max", "deadline_s"), [(5, None), (5, 2)])
def test_a_thread_waits_no_longer_than_it_may(
    sync_calls: Calls, wait_s_max: float, deadline_s: float | None
) -> None:
    """The same for a thread: the clock has moved by just that when it is refused."""
    calls = sync_calls
    guard = roomy(calls, 1, wait_s_max=wait_s_max, deadline_s=deadline_s)
    waited_s = list[float]()

    def body() -> None:
        began_s = calls.clock.now_s
        with pytest.raises(sg.BulkheadFullError):
            guard.call_sync(int)
        waited_s.append(calls.clock.now_s - began_s)

    busy(calls, guard, body)
    assert waited_s == [deadline_s or wait_s_max]
    assert owed(calls) == {}


def test_the_wait_is_taken_from_the_deadline(still: Calls) -> None:
    """Three seconds, two of them in line: the attempt has one, and the error names the deadline."""
    guard, remote = roomy(still, 1, deadline_s=3), Remote()

    async def scene() -> object:
        first, second = await begin(guard.call(remote.read), guard.call(remote.read))
        await move(still, 2)
        remote.gives(0)
        await turns(10)
        assert len(remote.out) == 2
        await move(still, 0.5)
        assert not second.done()
        await move(still, 0.5)
        await first
        return (await ends(second))[0]

    error = still.run(scene())
    assert isinstance(error, sg.DeadlineExceeded)
    assert error.deadline_s == 3
    assert owed(still) == {}


def test_a_call_that_is_refused_has_its_fallback(still: Calls) -> None:
    """The reason of what it is served says that there was no place."""
    roomy(still, 1)
    guard, remote = still.guard(fallback=sg.static("stand-in"), wait_s_max=1), Remote()

    async def scene() -> sg.Served[object]:
        first, second = await begin(guard.call(remote.read), guard.served(remote.read))
        await move(still, 1)
        remote.gives(0)
        await first
        served: sg.Served[object] = await second
        return served

    served = still.run(scene())
    assert (served.value, served.is_fallback) == ("stand-in", True)
    assert "as many calls in flight as allowed" in served.reason


@pytest.mark.parametrize(
    ("shut", "kind"),
    [
        (ban, sg.GateClosedError),
        (hold("get_price"), sg.CircuitOpenError),
        (hold("@exchange"), sg.CircuitOpenError),
    ],
    ids=["gate", "method", "exchange"],
)
def test_what_was_shut_while_it_waited_refuses_it_when_its_place_comes(
    still: Calls, shut: Callable[[Calls], None], kind: type[sg.Rejected]
) -> None:
    """At once, without an attempt, one after another: the place goes on from each to the next."""
    guard, remote = roomy(still, 1), Remote()

    async def scene() -> list[object]:
        calls = await begin(*(guard.call(remote.read) for _ in range(4)))
        shut(still)
        await turns(10)
        assert [call.done() for call in calls] == [False] * 4
        remote.gives(0)
        await turns(10)
        return await ends(*calls)

    first, *others = still.run(scene())
    assert first == "value"
    assert {type(error) for error in others} == {kind}
    assert len(remote.out) == 1
    assert owed(still) == {}


def test_a_circuit_that_the_first_opens_refuses_those_in_line(still: Calls) -> None:
    """Its failure is the last one allowed: nobody in line is sent after it."""
    guard, remote = roomy(still, 1, failure_threshold=1), Remote()

    async def scene() -> list[object]:
        calls = await begin(*(guard.call(remote.read) for _ in range(3)))
        remote.fails(0, Boom("HTTP 503"))
        await turns(20)
        return await ends(*calls)

    first, *others = still.run(scene())
    assert isinstance(first, Boom)
    assert {type(error) for error in others} == {sg.CircuitOpenError}
    assert len(remote.out) == 1
    assert owed(still) == {}


# ------------------------------------------------------------------------------------ the limit, set live


@pytest.mark.parametrize("raised", [3, None])
def test_a_limit_that_is_raised_lets_those_in_who_wait(still: Calls, raised: int | None) -> None:
    """At once, as many as fit now."""
    guard, remote = roomy(still, 1, "@exchange"), Remote()

    async def scene() -> None:
        calls = await begin(*(guard.call(remote.read) for _ in range(6)))
        roomy(still, raised, "@exchange")
        await turns(10)
        assert len(remote.out) == (raised or 6)
        for number in range(6):
            remote.gives(number)
            await turns(10)
        await ends(*calls)

    still.run(scene())
    assert owed(still) == {}


def test_a_limit_that_is_lowered_stops_nobody_and_lets_nobody_in(still: Calls) -> None:
    """Three are out: the next comes in when fewer than the new limit are left."""
    guard, remote = roomy(still, 3, "@exchange"), Remote()

    async def scene() -> None:
        calls = await begin(*(guard.call(remote.read) for _ in range(4)))
        roomy(still, 1, "@exchange")
        for number in range(2):
            remote.gives(number)
            await turns(10)
            assert len(remote.out) == 3
        remote.gives(2)
        await turns(10)
        assert len(remote.out) == 4
        remote.gives(3)
        await ends(*calls)

    still.run(scene())
    assert remote.cut == []
    assert owed(still) == {}


@pytest.mark.parametrize("most", [1, None])
def test_a_limit_that_a_guard_sets_anew_is_obeyed(calls: Calls, most: int | None) -> None:
    """Another guard of the same method sets it lower, or takes it away: it holds for those that there are."""
    guard = calls.guard(max_in_flight=3, retries=0)
    calls.guard(max_in_flight=most, wait_s_max=0)
    assert bulkhead(calls).most == most

    def within() -> type[object]:
        return type(guard.try_call_sync(int))

    assert calls.call(guard, within) is (sg.Ok if most is None else sg.Err)
