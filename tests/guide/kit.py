"""
Owns how the guide's tests make calls: the same scenario sync and async, and a plain client of the
practice exchange.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast

import requests

from switchgear import guide
from switchgear.core.clock import SystemClock
from tests.practice.kit import MARKET, signed_query

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import switchgear as sg
    from switchgear.practice.sim.server import SimThread
    from switchgear.testing import FakeClock

KEY = ("binance", "get_market_data")
DOWN = {"action": "answer", "status": 503}


class Boom(Exception):
    """The exchange failed in a way that no table knows: it counts."""


def boom() -> None:
    """Fail."""
    raise Boom("no answer")


class Bench:
    """The guide's functions in one colour, on a gear whose clock the test moves."""

    def __init__(self, gear: sg.Switchgear, clock: FakeClock, *, is_async: bool) -> None:
        self.gear = gear
        self.clock = clock
        self.is_async = is_async

    def execute(
        self,
        exchange: str,
        method: str,
        body: Callable[[], Any],
        fallback: object = None,
        **more: Any,
    ) -> Any:
        """execute_circuit_breaker, of a function of this colour."""
        call: dict[str, Any] = {"exchange": exchange, "method": method, "fallback": fallback}
        call |= more
        if not self.is_async:
            return guide.execute_circuit_breaker_sync(api_call=body, **call)
        call["fallback"] = _coloured(fallback)
        return asyncio.run(guide.execute_circuit_breaker(api_call=in_async(body), **call))

    def named(self, exchange: str, method: str, body: Callable[[], Any], *more: Any) -> Any:
        """execute_alpaca_call and its siblings."""
        if not self.is_async:
            return getattr(guide, f"execute_{exchange}_call_sync")(method, body, *more)
        execute = getattr(guide, f"execute_{exchange}_call")
        return asyncio.run(execute(method, in_async(body), *more))

    def retry(self, body: Callable[[], Any], *args: Any, **more: Any) -> Any:
        """retry_with_backoff, of a function of this colour."""
        if not self.is_async:
            return guide.retry_with_backoff_sync(body, *args, **more)
        return asyncio.run(guide.retry_with_backoff(in_async(body), *args, **more))

    def retried_order(self, method: str, body: Callable[[], Any], fallback: object = None) -> Any:
        """The guide's advanced example: a retry inside of a wrapper."""
        if not self.is_async:
            return guide.execute_binance_call_sync(
                method, lambda: guide.retry_with_backoff_sync(body, 3, 500, 2), None, fallback
            )
        call = guide.execute_binance_call(
            method,
            lambda: guide.retry_with_backoff(in_async(body), 3, 500, 2),
            None,
            _coloured(fallback),
        )
        return asyncio.run(call)

    def fail(self, times: int = 3, key: tuple[str, str] = KEY) -> None:
        """Calls that fail, as a caller without a fallback sees them."""
        for _ in range(times):
            try:
                self.execute(*key, boom)
            except Boom:
                continue
            raise AssertionError("the failure did not come through")

    def state(self, key: tuple[str, str] = KEY) -> sg.CircuitState:
        """What the circuit does now."""
        return self.gear.circuit(*key).state


def in_async(body: Callable[[], Any]) -> Callable[[], Any]:
    """The same as a coroutine function."""

    async def run() -> Any:
        return body()

    return run


def _coloured(fallback: object) -> object:
    if isinstance(fallback, list):
        return [_coloured(one) for one in cast("list[object]", fallback)]
    return in_async(fallback) if callable(fallback) else fallback


class Venue:
    """A plain client of the practice exchange, as a program has one before it knows of us."""

    def __init__(self, sim: SimThread) -> None:
        self.sim = sim

    def price(self, symbol: str = "BTCUSDT") -> str:
        """The last price."""
        return str(self._get(f"{self.sim.base_url}/api/v3/ticker/price", symbol=symbol)["price"])

    def backend_price(self, symbol: str = "BTCUSDT") -> str:
        """The price from the alternative source."""
        return str(self._get(f"{self.sim.backend_url}/prices/{symbol}")["price"])

    def backend_portfolio(self) -> Any:
        """The portfolio as the backend has it."""
        return self._get(f"{self.sim.backend_url}/portfolio")["portfolio"]

    def account(self, key: str | None = None) -> Any:
        """The account, signed."""
        query = signed_query(_now_ms())
        return self._get(f"{self.sim.base_url}/api/v3/account?{query}", key or self.sim.key)

    def order(self, name: str, **changed: str) -> Any:
        """A market order with this client order id."""
        query = signed_query(_now_ms(), **{**MARKET, **changed}, newClientOrderId=name)
        url = f"{self.sim.base_url}/api/v3/order?{query}"
        with requests.post(url, headers={"X-MBX-APIKEY": self.sim.key}, timeout=5) as answer:
            answer.raise_for_status()
            return answer.json()

    def backend_order(self, name: str) -> Any:
        """The same order by way of the backend."""
        sent = {**MARKET, "client_order_id": name}
        with requests.post(f"{self.sim.backend_url}/orders", json=sent, timeout=5) as answer:
            answer.raise_for_status()
            return answer.json()["order"]

    def booked(self, name: str) -> int:
        """How many orders with this client order id the exchange has booked."""
        return [order["client_order_id"] for order in self.sim.state()["orders"]].count(name)

    def asked(self, endpoint: str = "ticker.price") -> int:
        """How many requests have reached this endpoint so far."""
        return int(self.sim.state()["requests"].get(endpoint, 0))

    def _get(self, url: str, key: str | None = None, **params: str) -> Mapping[str, Any]:
        headers = {} if key is None else {"X-MBX-APIKEY": key}
        with requests.get(url, params=params, headers=headers, timeout=5) as answer:
            answer.raise_for_status()
            found: Mapping[str, Any] = answer.json()
            return found


def _now_ms() -> int:
    return int(SystemClock().wall().timestamp() * 1000)
