"""Owns a story of trouble that is wider than a method, for tests of API, page and command line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import httpx

from switchgear.core.words import CircuitState, Key, Kind, Scope

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.server.kit import House

PUBLIC = "get_market_price"
"""Called without a key wherever the story calls it."""
HOSTILE = '<b onclick="document.title=1">moving</b> keys'


def answers(error: Exception | None = None) -> Callable[[], int]:
    """A function that gives 1, or raises."""

    def function() -> int:
        if error is not None:
            raise error
        return 1

    return function


def refused(status: int, code: int | None, retry_after_s: int) -> httpx.HTTPStatusError:
    """An exchange's answer that names a time."""
    request = httpx.Request("GET", "http://127.0.0.1/")
    body = json.dumps(
        {} if code is None else {"code": code, "msg": "too many", "message": "too many"}
    )
    head = {"retry-after": str(retry_after_s)}
    response = httpx.Response(status, headers=head, text=body, request=request)
    return httpx.HTTPStatusError(f"{status}", request=request, response=response)


def widen(house: House) -> None:
    """
    Binance is gone while its weights are nearly used up, Alpaca's main account is held, gates close.

    Coinbase limits what carries no key, and fails one order of four.
    """
    gear = house.gear
    gear.configure("*", retries=0)
    gear.configure("coinbase", "create_order", failure_rate=0.5, window_calls=10)
    for exchange in ("alpaca", "binance", "coinbase"):
        gear.guarded(exchange, PUBLIC, signed=False).try_call_sync(answers())
        for _ in range(3):
            gear.guarded(exchange, "create_order").try_call_sync(answers())
    gear.guarded("alpaca", "create_order", account="second").try_call_sync(answers())
    gear.guarded("coinbase", "create_order").try_call_sync(answers(refused(500, None, 0)))
    gear.guarded("binance", "create_order").try_call_sync(answers(refused(429, -1015, 20)))
    for _ in range(3):
        gone = ConnectionRefusedError("connection refused")
        gear.guarded("binance", "get_account_balance").try_call_sync(answers(gone))
    gear.guarded("coinbase", PUBLIC).try_call_sync(answers(refused(429, None, 15)))
    gear.guarded("kraken", "get_symbols").try_call_sync(answers(refused(429, None, 25)))
    house.clock.advance(1)
    sent_s = house.clock.monotonic_s()
    gear.heard("binance", {"x-mbx-used-weight-1m": "5042"}, method="get_order", sent_s=sent_s)
    # A hold by pattern would bind the second account as well.
    main = gear.registry.commons["alpaca"].circuits[Key.of_scope("alpaca", Scope.ACCOUNT)]
    main.hold(CircuitState.FORCED_OPEN, by="ops", why=HOSTILE)
    budget = gear.registry.commons["binance"].budget
    while budget.take(Kind.NETWORK):
        pass
    house.keep()
