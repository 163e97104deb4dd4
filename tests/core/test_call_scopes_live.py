"""Owns settings that decide, under way too, which scopes a call passes and what each of them calls slow."""

from __future__ import annotations

import switchgear as sg
from switchgear.core.verdict import Answer, judge
from switchgear.core.words import Effect
from tests.core.floor import ACCOUNT, CLOSED, EXCHANGE, METHOD, Floor, answer, floor

__all__ = ["floor"]


def take(floor: Floor, seconds: float, times: int, name: str = "get_price") -> None:
    """Calls that take so long and have a value."""
    for _ in range(times):
        floor.colour.call(floor.guard(name), lambda: floor.clock.advance(seconds))


# ------------------------------------------------------------------------------------ what is slow


def test_a_scopes_own_slow_call_s_decides_what_is_slow_there(floor: Floor) -> None:
    """The exchange's rule calls 2 s slow, whatever the method's warning time is."""
    floor.gear.configure("kraken", "@exchange", slow_call_rate=0.5, slow_call_s=1, minimum_calls=4)
    take(floor, 3, times=4)
    assert floor.rejection().scope is EXCHANGE


def test_a_methods_slow_call_s_does_not_decide_for_the_exchange(floor: Floor) -> None:
    """And the other way round: 3 s are not slow where 100 s are."""
    floor.gear.configure(
        "kraken", "@exchange", slow_call_rate=0.5, slow_call_s=100, minimum_calls=4
    )
    floor.gear.configure("kraken", "get_price", slow_call_s=1)
    take(floor, 3, times=5)
    floor.good("get_price")
    assert floor.wide().state is CLOSED


def test_two_rules_of_one_call_see_the_same_length_each_by_its_own_word(floor: Floor) -> None:
    """Both look: answers of 3 s open the method's, which allows 2 s, and not the exchange's, which allows 4 s."""
    for name, slow_s in (("@exchange", 4), ("get_price", 2)):
        floor.gear.configure(
            "kraken", name, slow_call_rate=0.5, slow_call_s=slow_s, minimum_calls=4
        )
    take(floor, 3, times=4)
    assert floor.rejection().scope is METHOD
    floor.good("get_order")


# -------------------------------------------------------------------------- which scopes it passes


def test_signed_set_under_way_takes_the_accounts_gate_away(floor: Floor) -> None:
    """A call that carries no key any more is not held back by a refused key."""
    floor.good("get_price", "get_order")
    floor.gear.configure("kraken", "get_price", signed=False)
    floor.fail(answer(401), "get_order")
    floor.good("get_price")
    assert floor.rejection("get_order").scope is ACCOUNT


def test_signed_set_under_way_adds_the_accounts_gate(floor: Floor) -> None:
    """And the other way round."""
    floor.gear.configure("kraken", "get_price", signed=False)
    floor.good("get_price", "get_order")
    floor.gear.configure("kraken", "get_price", signed=True)
    floor.fail(answer(401), "get_order")
    assert floor.rejection("get_price").scope is ACCOUNT


def test_effect_set_under_way_adds_the_orders_gate(floor: Floor) -> None:
    """What has become an order is held back by a limit of orders."""
    floor.gear.configure("binance", "query_it", effect="read")
    floor.good("binance.query_it", "binance.create_order")
    floor.gear.configure("binance", "query_it", effect="trade")
    verdict = judge(Answer(400, -1015, "Too many new orders"), "binance", Effect.TRADE)
    floor.fail(sg.ApiError("x", status=400, verdict=verdict), "binance.create_order")
    assert floor.rejection("binance.query_it").scope is ACCOUNT
    floor.gear.configure("binance", "query_it", effect="read")
    floor.good("binance.query_it")
