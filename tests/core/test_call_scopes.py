"""Owns whole calls through circuits and gates of four scopes: what moves which of them, and whom it holds back."""

from __future__ import annotations

from typing import Any

import pytest

import switchgear as sg
from switchgear.core.errors import AttemptTimeout
from switchgear.core.verdict import Answer, judge
from switchgear.core.words import Effect
from tests.core.colours import Boom
from tests.core.floor import (
    ACCOUNT,
    ADDRESS,
    CLOSED,
    EXCHANGE,
    HALF,
    METHOD,
    OPEN,
    UNREACHED,
    Floor,
    answer,
    floor,
)

__all__ = ["floor"]


# ------------------------------------------------------------------------- the exchange's circuit


@pytest.mark.parametrize("how", list(UNREACHED))
def test_what_never_reached_the_exchange_moves_its_circuit(floor: Floor, how: str) -> None:
    """Three such calls of one method: every other method and account is rejected by the exchange's scope."""
    floor.fail(UNREACHED[how](), "get_price", times=3)
    assert isinstance(floor.rejection("get_price"), sg.CircuitOpenError)
    for name, given in (
        ("create_order", {}),
        ("get_order", {"account": "other"}),
        ("get_time", {"signed": False}),
    ):
        error = floor.rejection(name, **given)
        assert (type(error), error.scope) == (sg.CircuitOpenError, EXCHANGE)
        assert error.method == name
        assert error.retry_after_s == 10
    floor.good("binance.get_price", "coinbase.get_price")
    assert floor.gear.circuit("kraken", "get_price").failures == 0


def test_different_methods_count_together_at_the_exchange(floor: Floor) -> None:
    """One connection refused in each of three methods and accounts opens it."""
    floor.fail(UNREACHED["refused"](), "get_price")
    floor.fail(UNREACHED["no such name"](), "get_order", account="other")
    floor.good("binance.get_price")
    floor.fail(UNREACHED["refused"](), "get_time", signed=False)
    assert floor.rejection("create_order").scope is EXCHANGE


def test_the_exchange_s_probe_is_whichever_call_comes_first(floor: Floor) -> None:
    """Once its time is over one call of any method goes out, and closes it for all."""
    floor.unreachable()
    floor.clock.advance(10)
    probe = floor.begin("get_order")
    assert floor.rejection("get_price").scope is EXCHANGE
    assert floor.rejection("get_assets").scope is EXCHANGE
    assert probe.end() is None
    floor.good("get_price", "get_assets", "get_order")
    moves = [(str(one.key), one.new) for one in _moves(floor)]
    assert moves == [("kraken.@exchange", state) for state in (OPEN, HALF, CLOSED)]


def _moves(floor: Floor) -> list[sg.CircuitMoved]:
    floor.gear.flush()
    return floor.told.of(sg.CircuitMoved)


def test_maintenance_without_a_time_counts_at_the_exchange(floor: Floor) -> None:
    """Three such answers, and the exchange's circuit finds out when it is back."""
    floor.fail(answer(503, "down for maintenance"), times=3)
    error = floor.rejection("get_order", account="other")
    assert (type(error), error.scope) == (sg.CircuitOpenError, EXCHANGE)
    assert not any(gate.closed for gate in floor.gear.gates())
    floor.good("binance.get_price")
    floor.clock.advance(10)
    floor.good("get_order")


def test_maintenance_with_a_time_closes_the_exchanges_gate(floor: Floor) -> None:
    """One answer with Retry-After holds back all methods and accounts until then, and no circuit counts it."""
    floor.fail(answer(503, "down for maintenance", Retry_After="60"))
    for name, given in (
        ("get_order", {}),
        ("create_order", {"account": "other"}),
        ("get_time", {"signed": False}),
    ):
        error = floor.rejection(name, **given)
        assert (type(error), error.scope) == (sg.GateClosedError, EXCHANGE)
        assert error.retry_after_s is not None
        assert 60.1 <= error.retry_after_s <= 60.1 * 1.05
    floor.good("binance.get_price")
    assert [view.failures for view in floor.gear.circuits()] == [0] * len(floor.gear.circuits())
    floor.clock.advance(60.1 * 1.05)
    floor.good("get_price", "get_order")


# ------------------------------------------------------------------------------- gates by scope


CALLS: dict[str, tuple[str, dict[str, Any]]] = {
    "mine": ("get_order", {}),
    "my orders": ("create_order", {}),
    "my cancels": ("cancel_order", {}),
    "another account": ("get_order", {"account": "other"}),
    "no key": ("get_time", {"signed": False}),
    "another exchange": ("alpaca.get_order", {}),
}


@pytest.mark.parametrize(
    ("exchange", "error", "by", "scope", "stopped"),
    [
        (
            "binance",
            (418, "banned"),
            "get_order",
            ADDRESS,
            "mine, my orders, my cancels, another account, no key",
        ),
        (
            "binance",
            (429, "limit"),
            "get_order",
            ADDRESS,
            "mine, my orders, my cancels, another account, no key",
        ),
        (
            "kraken",
            (429, "limit"),
            "get_order",
            ADDRESS,
            "mine, my orders, my cancels, another account, no key",
        ),
        ("coinbase", (429, "limit"), "get_order", ACCOUNT, "mine, my orders, my cancels"),
        ("binance", (401, "bad key"), "get_order", ACCOUNT, "mine, my orders, my cancels"),
        ("kraken", (401, "bad key"), "create_order", ACCOUNT, "mine, my orders, my cancels"),
        ("coinbase", (429, "limit"), "get_time", ADDRESS, "no key"),
        ("coinbase", (401, "no key"), "get_time", None, ""),
    ],
)
def test_each_refusal_closes_its_own_gate(
    floor: Floor,
    exchange: str,
    error: tuple[int, str],
    by: str,
    scope: sg.Scope | None,
    stopped: str,
) -> None:
    """What the answer speaks of is held back, all else goes on, and no circuit counts it."""
    given = {"signed": False} if by == "get_time" else {}
    floor.fail(answer(*error, exchange=exchange), f"{exchange}.{by}", **given)
    held_back = set(filter(None, stopped.split(", ")))
    for who, (name, more) in CALLS.items():
        full = name if "." in name else f"{exchange}.{name}"
        if who in held_back:
            rejection = floor.rejection(full, **more)
            assert (type(rejection), rejection.scope) == (sg.GateClosedError, scope), who
        else:
            floor.good(full, **more)
    assert {view.failures for view in floor.gear.circuits()} == {0}
    assert {view.state for view in floor.gear.circuits()} == {CLOSED}


def test_a_limit_of_orders_stops_orders_of_that_account_alone(floor: Floor) -> None:
    """Binance's -1015: cancels, lookups and the orders of other accounts go on."""
    verdict = judge(Answer(400, -1015, "Too many new orders"), "binance", Effect.TRADE)
    refused = sg.ApiError("Too many new orders", status=400, code=-1015, verdict=verdict)
    floor.fail(refused, "binance.create_order")
    assert floor.rejection("binance.create_order").scope is ACCOUNT
    floor.good("binance.cancel_order", "binance.get_order", "binance.get_time")
    floor.good("binance.create_order", account="other")


def test_coinbases_public_limit_lets_a_cancel_through(floor: Floor) -> None:
    """A limit on calls without a key is counted by address, and holds back calls without a key alone."""
    limited = answer(429, "rate limit exceeded", exchange="coinbase", X_RateLimit_Reset="30")
    floor.fail(limited, "coinbase.get_market_price", signed=False)
    for name in ("get_market_price", "get_order_book"):
        assert floor.rejection(f"coinbase.{name}", signed=False).retry_after_s == pytest.approx(
            30.1, rel=0.05
        )
    floor.good("coinbase.cancel_order", "coinbase.create_order", "coinbase.get_order")
    (gate,) = [gate for gate in floor.gear.gates() if gate.closed]
    assert (gate.scope, gate.public_only, gate.account) == (ADDRESS, True, "")


# ----------------------------------------------------------------------------- the methods' own


@pytest.mark.parametrize(
    "error", [answer(500), answer(502), Boom("what?")], ids=["500", "502", "unknown"]
)
def test_a_failing_endpoint_opens_its_own_circuit_alone(floor: Floor, error: BaseException) -> None:
    """Three failures of one method hold back that method of that account, and nothing else."""
    floor.fail(error, times=3)
    assert floor.rejection().scope is METHOD
    floor.good("get_order", "binance.get_price")
    floor.good("get_price", account="other")
    assert [view.scope for view in floor.gear.circuits() if view.state is OPEN] == [METHOD]


def test_a_slow_endpoint_opens_its_own_circuit_alone(floor: Floor) -> None:
    """Answers that are slow count at the method's rate."""
    floor.gear.configure(
        "kraken", "get_price", slow_call_rate=0.5, slow_call_s=1, minimum_calls=3, window_calls=4
    )
    for _ in range(3):
        floor.colour.call(floor.guard(), lambda: floor.clock.advance(2))
    assert floor.rejection().scope is METHOD
    floor.good("get_order", "binance.get_price")
    floor.good("get_price", account="other")


@pytest.mark.parametrize(
    ("error", "left"),
    [
        (answer(500), 0),
        (answer(400), 0),
        (AttemptTimeout("no answer"), 2),
        (ConnectionResetError("cut"), 2),
    ],
    ids=["500", "400", "timeout", "cut"],
)
def test_an_answer_heals_the_exchanges_count_and_no_answer_does_not(
    floor: Floor, error: BaseException, left: int
) -> None:
    """Refused twice, then any answer of another method: it is up; a timeout proves nothing of it."""
    floor.unreachable(2)
    floor.fail(error, "get_order")
    assert floor.wide().failures == left
    floor.good("get_price")
    assert floor.wide().failures == 0


def test_an_answer_with_500_closes_the_exchanges_half_open_circuit(floor: Floor) -> None:
    """Its question was whether anybody is there; the method counts its own failure."""
    floor.unreachable()
    floor.clock.advance(10)
    floor.fail(answer(500), "get_order")
    assert floor.wide().state is CLOSED
    assert floor.gear.circuit("kraken", "get_order").failures == 1
    floor.good("get_price", "get_order")


def test_a_timeout_leaves_the_exchanges_circuit_half_open_with_its_place(floor: Floor) -> None:
    """It is a failure of its method; the next call of any method is the exchange's probe again."""
    floor.unreachable()
    floor.clock.advance(10)
    for _ in range(2):
        floor.fail(AttemptTimeout("no answer"), "get_order")
        assert floor.wide().state is HALF
    floor.good("get_price")
    assert floor.wide().state is CLOSED
    assert floor.gear.circuit("kraken", "get_order").failures == 2


# ------------------------------------------------------------------------------------ all or none


def test_what_its_own_circuit_refuses_is_no_probe_of_the_exchange(floor: Floor) -> None:
    """However often the open method is asked, the exchange's one place is there for a method that may go."""
    floor.gear.configure("kraken", "get_price", reset_timeout_s=100)
    floor.fail(answer(500), "get_price", times=3)
    floor.unreachable()
    floor.clock.advance(10)
    for _ in range(5):
        assert floor.rejection("get_price").scope is METHOD
    floor.good("get_order")
    assert floor.wide().state is CLOSED


def test_what_the_exchange_refuses_is_no_probe_of_the_method(floor: Floor) -> None:
    """The other way round."""
    floor.gear.configure("kraken", "@exchange", reset_timeout_s=100)
    floor.fail(answer(500), "get_price", times=3)
    floor.unreachable()
    floor.clock.advance(10)
    for _ in range(5):
        assert floor.rejection("get_price").scope is EXCHANGE
    floor.gear.reset("kraken", "@exchange", by="me")
    floor.good("get_price")
    assert floor.gear.circuit("kraken", "get_price").state is CLOSED


def test_a_cancelled_call_gives_its_places_back_in_all(floor: Floor) -> None:
    """The probe of the exchange's and the method's circuit is cancelled: the next call is both again."""
    floor.fail(answer(500), "get_price", times=3)
    floor.unreachable()
    floor.clock.advance(10)
    probe = floor.begin("get_price")
    assert floor.rejection("get_price").scope is EXCHANGE
    probe.cancel()
    assert floor.wide().state is HALF
    floor.good("get_price")
    assert (floor.wide().state, floor.gear.circuit("kraken", "get_price").state) == (CLOSED, CLOSED)


@pytest.mark.parametrize("late", [None, answer(500), UNREACHED["refused"](), Boom("late")], ids=str)
def test_late_results_change_nothing_in_any_scope(floor: Floor, late: BaseException | None) -> None:
    """Calls of before both circuits opened end while they are half-open: only the probe decides."""
    early = [floor.begin("get_price"), floor.begin("get_order")]
    floor.fail(answer(500), "get_price", times=3)
    floor.unreachable()
    floor.clock.advance(10)
    probe = floor.begin("get_price")
    for flight in early:
        assert flight.end(late) is late
        assert floor.rejection("get_price").scope is EXCHANGE
    assert probe.end() is None
    floor.good("get_price", "get_order")
    assert {view.state for view in floor.gear.circuits()} == {CLOSED}
