"""
Owns one library that places orders over a broken wire and says what it was told: `order_rivals.py TASK`.

TASK is JSON; "library" is a name of LIBRARIES. It prints a line of JSON each: `ready` with the version, `told` of each
order, and `done`. It begins when it reads a line. What stands at the exchange afterwards, rivals in tests/order counts;
our own desk, which does the same in our environment, is rival_desk's.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from contextlib import suppress
from decimal import Decimal
from importlib import import_module, metadata
from queue import SimpleQueue
from threading import Event, Lock, Semaphore, Thread
from typing import TYPE_CHECKING, Any, NamedTuple

from switchgear.core.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

# The packages are in the witness environment, not in the one that checks types.
load: Any = import_module
AGAIN = 3
"""So many times more than once, where it is tried again."""
PAUSE_S = 0.2
"""Before it is."""
BOOKED, FAILED, UNKNOWN, NOTHING = "booked", "failed", "unknown", "nothing"
"""What a caller was told: nothing is a call that has not come back."""
SYMBOLS = {"binance": "BTC/USDT", "alpaca": "BTC/USD", "coinbase": "BTC/USD"}
_STEPS = {"binance": Decimal("0.00001"), "alpaca": Decimal("1e-8"), "coinbase": Decimal("1e-8")}
_PRICES = {
    ("buy", True): Decimal(30_000),
    ("buy", False): Decimal(80_000),
    ("sell", False): Decimal(40_000),
    ("sell", True): Decimal(90_000),
}
"""By side and whether it is to rest; the market is at 60,000."""


class Ask(NamedTuple):
    """One order: its side and quantity are no other's, so it is known by them whatever id a library gives it."""

    symbol: str
    side: str
    quantity: Decimal
    price: Decimal

    rests: bool
    """It does not fill at once; who is told of it takes it away."""


def ask(venue: str, number: int) -> Ask:
    """The order of this number: a quarter rest, the others fill at once."""
    # Alpaca refuses to sell what there is not; elsewhere as much is sold as bought.
    only_buys, rests = venue == "alpaca", number % 8 in {2, 5}
    side = "buy" if only_buys or number % 2 == 0 else "sell"
    turn = number if only_buys else number // 2
    quantity = Decimal("0.001") + turn * _STEPS[venue]
    return Ask(SYMBOLS[venue], side, quantity, _PRICES[side, rests], rests)


def tell(line: str, **more: object) -> None:
    """A line, out of this process when this returns."""
    sys.stdout.write(json.dumps({"line": line, **more}) + "\n")
    sys.stdout.flush()


async def paced(task: dict[str, Any], order: Callable[[int], Awaitable[None]]) -> None:
    """Every order, some at once, and so many a second at most."""
    clock, free = SystemClock(), asyncio.Semaphore(task["at_once"])
    begun_s = clock.monotonic_s()

    async def go(number: int) -> None:
        try:
            await order(number)
        finally:
            free.release()

    async with asyncio.TaskGroup() as group:
        for number in range(task["orders"]):
            await free.acquire()
            await clock.sleep_async(begun_s + number / task["rate"] - clock.monotonic_s())
            group.create_task(go(number))


# --------------------------------------------------------------------------------------------- ccxt


def ccxt_exchange(task: dict[str, Any], **options: object) -> Any:
    """An exchange of ccxt at the practice venue; its throttle, which would only wait here, is off."""
    url = task["url"]
    urls, more = {
        "binance": (
            {"public": f"{url}/api/v3", "private": f"{url}/api/v3"},
            {"fetchCurrencies": False, "fetchMargins": False, "fetchMarkets": {"types": ["spot"]}},
        ),
        "alpaca": ({"trader": url, "market": url, "broker": url}, {}),
        "coinbase": ({"rest": url}, {}),
    }[task["venue"]]
    given = {"apiKey": task["key"], "secret": task["secret"], "urls": {"api": urls}}
    given |= {"enableRateLimit": False, "timeout": int(task["timeout_s"] * 1000)}
    kind: Any = getattr(load("ccxt.async_support"), task["venue"])
    exchange = kind({**given, "options": {**more, **options}})
    if task["venue"] == "binance":
        # What an error code means it looks up by the host: here as at the real one.
        of_host = exchange.get_exceptions_by_url

        def as_there(asked: str, breadth: str) -> Any:
            return of_host(asked.replace(url, "https://api.binance.com"), breadth)

        exchange.get_exceptions_by_url = as_there
    return exchange


async def ccxt_ordered(exchange: Any, task: dict[str, Any], number: int, tries: int) -> None:
    """One order; whoever calls takes an error for a failure, or tries again after one of the network."""
    one, errors = ask(task["venue"], number), load("ccxt.base.errors")
    given = (one.symbol, "limit", one.side, float(one.quantity), float(one.price))
    for left in reversed(range(tries)):
        try:
            order = await exchange.create_order(*given)
        except Exception as error:  # noqa: BLE001  whatever it is, the caller was told no
            if left and isinstance(error, errors.NetworkError):
                await SystemClock().sleep_async(PAUSE_S)
                continue
            tell("told", number=number, end=FAILED, error=type(error).__name__)
            return
        tell("told", number=number, end=BOOKED)
        if one.rests:
            with suppress(Exception):  # it may rest
                await exchange.cancel_order(order["id"], one.symbol)
        return


def ccxt_run(tries: int = 1, **options: object) -> Callable[[dict[str, Any]], None]:
    """A program on ccxt that tries so many times."""

    async def main(task: dict[str, Any]) -> None:
        exchange = ccxt_exchange(task, **options)
        await exchange.load_markets()
        began(f"ccxt {load('ccxt').__version__}")
        await paced(task, lambda number: ccxt_ordered(exchange, task, number, tries))
        await exchange.close()

    return lambda task: asyncio.run(main(task))


# ---------------------------------------------------------------------------------------- alpaca-py


class AlpacaPy:
    """alpaca-py as it is shipped: its own retries, and no limit to how long it waits for an answer."""

    def __init__(self, task: dict[str, Any]) -> None:
        self._task, self._clock = task, SystemClock()
        self._free, self._clients = Semaphore(task["at_once"]), SimpleQueue[Any]()
        self._lock, self._heard = Lock(), set[int]()
        for _ in range(task["at_once"]):
            self._clients.put(self._client())
        began(f"alpaca-py {metadata.version('alpaca-py')}")

    def _client(self) -> Any:
        task, module = self._task, load("alpaca.trading.client")
        return module.TradingClient(task["key"], task["secret"], url_override=task["url"])

    def run(self) -> None:
        """Every order on a thread, and one that watches it: a call that does not come back must not stop the rest."""
        begun_s, threads = self._clock.monotonic_s(), list[Thread]()
        for number in range(self._task["orders"]):
            self._free.acquire()
            self._clock.sleep(begun_s + number / self._task["rate"] - self._clock.monotonic_s())
            threads.append(Thread(target=self._watched, args=(number,), daemon=True))
            threads[-1].start()
        for thread in threads:
            thread.join()

    def _watched(self, number: int) -> None:
        told, client = Event(), self._clients.get()
        Thread(target=self._order, args=(number, client, told), daemon=True).start()
        if self._clock.wait(told, self._task["silent_s"]):
            self._clients.put(client)
        else:
            self._told(number, NOTHING, "")
            self._clients.put(self._client())
        self._free.release()

    def _told(self, number: int, end: str, error: str) -> None:
        with self._lock:
            if number not in self._heard:
                self._heard.add(number)
                tell("told", number=number, end=end, error=error)

    def _order(self, number: int, client: Any, told: Event) -> None:
        one, requests = ask("alpaca", number), load("alpaca.trading.requests")
        request = requests.LimitOrderRequest(
            symbol=one.symbol,
            qty=float(one.quantity),
            side=one.side,
            time_in_force="gtc",
            limit_price=float(one.price),
        )
        try:
            order = client.submit_order(request)
        except Exception as error:  # noqa: BLE001  whatever it is, the caller was told no
            self._told(number, FAILED, type(error).__name__)
        else:
            self._told(number, BOOKED, "")
            if one.rests:
                with suppress(Exception):  # it may rest
                    client.cancel_order_by_id(order.id)
        told.set()


# -------------------------------------------------------------------------------------- the program


def began(version: str) -> None:
    """Say that all is ready, and wait to be told to begin."""
    tell("ready", version=version)
    sys.stdin.readline()


LIBRARIES: dict[str, Callable[[dict[str, Any]], None]] = {
    "ccxt": ccxt_run(),
    "ccxt, maxRetriesOnFailure 3": ccxt_run(maxRetriesOnFailure=AGAIN),
    "ccxt, blind retry": ccxt_run(1 + AGAIN),
    "alpaca-py": lambda task: AlpacaPy(task).run(),
}
"""By name what runs; those of alpaca-py trade at Alpaca alone."""


if __name__ == "__main__":
    told_to: dict[str, Any] = json.loads(sys.argv[1])
    LIBRARIES[told_to["library"]](told_to)
    tell("done")
    os._exit(0)  # threads may hang in a call for ever
