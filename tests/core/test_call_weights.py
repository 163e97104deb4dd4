"""Owns an exchange's own limits as whole calls meet them: who waits, is refused or goes on, and what comes back."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

import switchgear as sg
from tests.core.callkit import Boom, Calls, HttpError, turns
from tests.core.engine_kit import (
    REFUSED,
    RESET,
    Remote,
    begin,
    ends,
    is_straight,
    move,
    owed,
    still,
)

__all__ = ["still"]

CAPACITY = 6_000
USED = "X-MBX-USED-WEIGHT-1M"
EDGE_S = 0.1
"""A window of the exchange is over for sure so long after its end by our own date."""


def heard(calls: Calls, used: int) -> None:
    """An answer tells how much of the weight of this minute is used."""
    calls.gear.heard("binance", {USED: str(used)}, sent_s=calls.clock.now_s)


def used(calls: Calls, limit: str = "request_weight") -> float:
    """What is used of a limit, by our count."""
    (found,) = [view.used for view in calls.gear.limits() if view.limit == limit]
    return found


def heavy(calls: Calls, weight: float = 1_000, **settings: Any) -> sg.Guarded:
    """A read of that weight that fails at once."""
    return calls.guard(weight=weight, retries=0, **settings)


# ------------------------------------------------------------------------------------- who may fill what


@pytest.mark.parametrize(
    ("share", "refused"),
    [
        (0.80, {"get_price"}),
        (0.90, {"get_price", "get_account_balance", "create_order"}),
        (1.00, {"get_price", "get_account_balance", "create_order", "cancel_order", "get_order"}),
    ],
)
def test_reads_are_held_back_while_cancels_go_on(
    calls: Calls, share: float, refused: set[str]
) -> None:
    """At 80 % of the weight market data stops, at 90 % orders and account reads, at 100 % all."""
    methods = ("get_price", "get_account_balance", "create_order", "cancel_order", "get_order")
    guards = {method: calls.guard(method) for method in methods}
    heard(calls, int(CAPACITY * share))
    found = {name for name, guard in guards.items() if calls.do("try_call", guard, int) != sg.Ok(0)}
    assert found == refused


def test_a_refusal_says_which_limit_how_full_and_for_how_long(calls: Calls) -> None:
    """GateClosedError of the address; until the minute is surely over; counted as rejected, not as a failure."""
    guard = heavy(calls)
    calls.clock.advance(10)
    for _ in range(4):
        calls.call(guard, int)
    error = calls.error(guard, int)
    assert isinstance(error, sg.GateClosedError)
    assert error.scope is sg.Scope.ADDRESS
    assert error.retry_after_s == pytest.approx(50 + EDGE_S)
    assert "request_weight has no room: 4000 of 6000" in error.reason
    metrics = calls.metrics()
    assert (metrics.total_calls, metrics.failed_calls, metrics.rejected_calls) == (4, 0, 1)
    assert owed(calls) == {}


def test_orders_are_counted_by_account(calls: Calls) -> None:
    """45 of the 50 orders of ten seconds; then the account waits, and another account does not."""
    guard = calls.guard("create_order", wait_s_max=0)
    other = calls.gear.guarded("binance", "create_order", account="desk")
    for _ in range(45):
        calls.call(guard, int)
    error = calls.error(guard, int)
    assert isinstance(error, sg.GateClosedError)
    assert error.scope is sg.Scope.ACCOUNT
    assert "orders_10s" in error.reason
    assert calls.call(other, int) == 0
    assert calls.call(calls.guard("cancel_order"), int) == 0


def test_the_straight_path_pays_as_well(calls: Calls) -> None:
    """It is open while there is room, and each of its calls is counted; without room a call is refused."""
    guard = heavy(calls)
    assert is_straight(calls)
    seen = [calls.call(guard, owed, calls) for _ in range(4)]
    assert seen == [{"weight": 1_000, "calls": 1}] * 4
    assert is_straight(calls)
    assert used(calls) == 4_000
    assert isinstance(calls.error(guard, int), sg.GateClosedError)


def test_a_weight_that_is_set_counts_from_the_next_call_on(calls: Calls) -> None:
    """Instead of the table's; live."""
    calls.call(calls.guard("get_order_book"), int)
    assert used(calls) == 5
    calls.call(calls.guard("get_order_book", weight=250), int)
    assert used(calls) == 255
    calls.call(calls.guard("get_order_book", weight=None), int)
    assert used(calls) == 260


# -------------------------------------------------------------------------------------- wait, or be refused


@pytest.mark.parametrize(
    ("into_s", "settings", "waits"),
    [
        (56, {}, True),
        (54, {}, False),
        (0, {"wait_s_max": 100}, True),
        (59, {"wait_s_max": 0}, False),
        (56, {"deadline_s": 2}, False),
        (56, {"deadline_s": 10}, True),
    ],
    ids=str,
)
def test_a_call_waits_for_the_next_window_only_if_it_may_wait_so_long(
    calls: Calls, into_s: float, settings: dict[str, Any], waits: bool
) -> None:
    """Longer than wait_s_max or the deadline: refused at once; else it waits just so long, and is made."""
    guard = heavy(calls, **settings)
    calls.clock.advance(into_s)
    heard(calls, 5_000)
    began_s, exchange = calls.clock.now_s, calls.answers("value")
    if not waits:
        error = calls.error(guard, exchange)
        assert isinstance(error, sg.GateClosedError)
        assert error.retry_after_s == pytest.approx(60 + EDGE_S - into_s)
        assert (calls.clock.now_s, exchange.at_s) == (began_s, [])
        return
    assert calls.call(guard, exchange) == "value"
    assert exchange.at_s == [pytest.approx(began_s + 60 + EDGE_S - into_s)]
    assert used(calls) == 1_000
    assert owed(calls) == {}


def test_the_wait_is_told_in_no_duration(calls: Calls) -> None:
    """A call's duration begins with its first attempt."""
    guard = heavy(calls)
    calls.clock.advance(57)
    heard(calls, 5_000)
    calls.call(guard, int)
    (event,) = calls.told(sg.CallSucceeded)
    assert event.duration_s == 0


def test_many_tasks_that_wait_take_no_more_than_there_is(still: Calls) -> None:
    """Twelve reads of 1,000: four at once, four in each minute that follows, the other four too late."""
    guard, remote = heavy(still, wait_s_max=100), Remote()

    async def scene() -> list[object]:
        calls = await begin(*(guard.call(remote.read, number) for number in range(12)))
        for minute in range(2):
            assert len(remote.out) == 4 * (minute + 1)
            for number in range(4 * minute, 4 * minute + 4):
                remote.gives(number)
            await turns(10)
            await move(still, 60.2)
        assert len(remote.out) == 8
        return await ends(*calls)

    found = still.run(scene())
    assert found.count("value") == 8
    assert sum(isinstance(one, sg.GateClosedError) for one in found) == 4
    assert owed(still) == {}


def test_a_cancelled_wait_took_nothing(still: Calls) -> None:
    """Whoever waited and left has paid for nothing."""
    guard, remote = heavy(still, wait_s_max=100), Remote()
    heard(still, 4_500)

    async def scene() -> object:
        (call,) = await begin(guard.call(remote.read))
        call.cancel()
        return (await ends(call))[0]

    assert isinstance(still.run(scene()), asyncio.CancelledError)
    assert used(still) == 4_500
    assert owed(still) == {}


def test_a_circuit_that_opens_while_a_call_waits_refuses_it_when_its_time_comes(
    still: Calls,
) -> None:
    """Nothing is sent and nothing is paid."""
    guard, remote = heavy(still, wait_s_max=100), Remote()
    heard(still, 4_500)

    async def scene() -> object:
        (call,) = await begin(guard.call(remote.read))
        still.gear.hold("binance", "@exchange", by="ops", why="incident")
        await move(still, 61)
        return (await ends(call))[0]

    assert isinstance(still.run(scene()), sg.CircuitOpenError)
    assert (remote.out, used(still)) == ([], 0)


def test_an_open_circuit_refuses_before_any_wait_for_weight(calls: Calls) -> None:
    """There is no use in waiting for room where there is no way."""
    guard = heavy(calls, wait_s_max=100)
    heard(calls, 6_000)
    calls.gear.hold("binance", by="ops", why="incident")
    began_s = calls.clock.now_s
    assert isinstance(calls.error(guard, int), sg.CircuitOpenError)
    assert calls.clock.now_s == began_s


def test_a_synchronous_call_in_a_loop_does_not_wait_for_weight(async_calls: Calls) -> None:
    """WouldBlockLoop that says for how long; where it may not wait, the refusal as ever."""
    calls = async_calls
    guard = heavy(calls, wait_s_max=100)
    heard(calls, 4_500)

    async def scene() -> None:
        with pytest.raises(sg.WouldBlockLoop) as caught:
            guard.call_sync(int)
        assert caught.value.delay_s == pytest.approx(60 + EDGE_S)
        heavy(calls, wait_s_max=1)
        with pytest.raises(sg.GateClosedError):
            guard.call_sync(int)

    calls.run(scene())
    assert calls.metrics().total_calls == 0
    assert owed(calls) == {}


def test_a_retry_pays_again_and_waits_for_room(calls: Calls) -> None:
    """Each attempt is a request: the third has to wait for the next minute."""
    guard = calls.guard(weight=2_000, failure_threshold=None)
    calls.clock.advance(58)
    exchange = calls.answers(RESET, RESET, "value")
    assert calls.call(guard, exchange) == "value"
    assert exchange.at_s[1] < 1_060
    assert exchange.at_s[2] >= 1_060 + EDGE_S
    assert owed(calls) == {}


def test_a_refused_call_has_its_fallback(calls: Calls) -> None:
    """No room and no time to wait: served from elsewhere, with the limit as the reason."""
    guard = calls.guard(fallback=sg.static("stand-in"), wait_s_max=0)
    heard(calls, 6_000)
    served = calls.do("served", guard, int)
    assert (served.value, served.is_fallback) == ("stand-in", True)
    assert "request_weight" in served.reason


# -------------------------------------------------------------------------------------- what comes back


@pytest.mark.parametrize(
    ("error", "cost"),
    [
        (None, 1_000),
        (RESET, 1_000),
        (Boom("?"), 1_000),
        (HttpError(404), 1_000),
        (HttpError(503), 1_000),
        (LookupError("ignored"), 1_000),
        (REFUSED, 0),
    ],
    ids=lambda value: f"{value!r}",
)
@pytest.mark.parametrize("way", ["straight", "flow"])
def test_what_was_sent_is_used_and_what_was_not_comes_back(
    calls: Calls, error: Exception | None, cost: float, way: str
) -> None:
    """An attempt whose connection was refused cost nothing; all that may have arrived did."""
    guard = heavy(
        calls,
        ignore=LookupError,
        failure_threshold=9,
        log_level="DEBUG" if way == "flow" else "INFO",
    )
    assert is_straight(calls) is (way == "straight")
    calls.do("try_call", guard, calls.answers("value" if error is None else error))
    assert used(calls) == cost
    assert owed(calls) == {}


def test_a_cancelled_attempt_is_over_and_used(still: Calls) -> None:
    """It may have been counted there: nothing stays on its way, and its cost is not given back."""
    guard, remote = heavy(still), Remote()

    async def scene() -> None:
        (call,) = await begin(guard.call(remote.read))
        assert owed(still) == {"weight": 1_000, "calls": 1}
        call.cancel()
        await ends(call)

    still.run(scene())
    assert used(still) == 1_000
    assert owed(still) == {}


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(), GeneratorExit()], ids=repr)
def test_ctrl_c_leaves_nothing_on_its_way(sync_calls: Calls, error: BaseException) -> None:
    """Raised by the function, on the straight path."""
    assert sync_calls.error(heavy(sync_calls), sync_calls.answers(error)) is error
    assert owed(sync_calls) == {}


def test_a_rejected_ticket_takes_no_weight(calls: Calls) -> None:
    """Half-open with its probe out: the weight that was taken for the others is given back."""
    guard = heavy(calls, failure_threshold=1, reset_timeout_s=5)
    calls.error(guard, calls.answers(Boom()))
    calls.clock.advance(5)

    def probe() -> float:
        for _ in range(3):
            with pytest.raises(sg.CircuitOpenError):
                guard.call_sync(int)
        return used(calls)

    assert calls.call(guard, probe) == 2_000
    assert owed(calls) == {}


def test_a_call_without_room_at_a_limit_keeps_no_place_in_flight(still: Calls) -> None:
    """While it waits for weight, and after it was refused: the place is another's to have."""
    still.gear.configure("binance", "@exchange", max_in_flight=1)
    guard, remote = heavy(still, wait_s_max=100), Remote()
    heard(still, 4_500)

    async def scene() -> None:
        (call,) = await begin(guard.call(remote.read))
        assert owed(still) == {}
        heavy(still, wait_s_max=1)
        with pytest.raises(sg.GateClosedError):
            await guard.call(remote.read)
        assert owed(still) == {}
        cancel = still.guard("cancel_order", wait_s_max=0)
        assert await cancel.call(int) == 0
        await move(still, 61)
        remote.gives(0)
        await call

    still.run(scene())
    assert owed(still) == {}
