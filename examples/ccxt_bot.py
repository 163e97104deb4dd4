"""
Owns a small bot on ccxt through a bad quarter of an hour, twice: as it is, and with one line before it starts.

Needs ccxt, and a practice Binance: run `switchgear sim --venue binance` in one terminal, and in another
`eval "$(switchgear sim --env --venue binance)"`, then this program. The same faults are put in force for both.
"""

import asyncio
import os
from typing import Any, Protocol

import aiohttp
import ccxt.async_support as ccxt  # type: ignore[import-not-found,unused-ignore]

import switchgear as sg

URL = os.environ["BINANCE_URL"]
SYMBOL, STEP, TICK_S = "BTC/USDT", 0.001, 0.05

# Ticks, and what breaks in them; a row is an answer of the exchange's that is on record.
PLAN: dict[str, tuple[int, dict[str, Any] | None]] = {
    "all is well": (4, None),
    "an answer is lost": (3, {"match": "order.create", "action": "reset_after", "count": 1}),
    "a proxy says 524": (
        3,
        {"match": "order.create", "action": "answer", "status": 524, "booked": True, "count": 1},
    ),
    "reads fail now and then": (
        6,
        {"match": "ticker.24hr", "action": "answer", "status": 503, "probability": 0.4},
    ),
    "an outage": (12, {"match": "venue", "action": "answer", "status": 503}),
    "it is back": (10, None),
    "the limit is exceeded": (
        10,
        {"match": "venue", "action": "row", "row": "rate_limited", "retry_after_s": 60},
    ),
}


class Exchange(Protocol):
    """What the bot uses of ccxt."""

    async def fetch_ticker(self, symbol: str, /) -> dict[str, Any]:
        """The newest price, among other things."""
        ...

    async def fetch_order(
        self, order_id: str, symbol: str, params: dict[str, Any], /
    ) -> dict[str, Any]:
        """An order, by its id or by what params say."""
        ...

    async def create_order(
        self, symbol: str, kind: str, side: str, amount: float, price: float, /
    ) -> dict[str, Any]:
        """Place one."""
        ...


class Bot:
    """Bids a little below the price at every tick, and keeps the ids of its orders."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self.prices, self.orders = list[float](), list[str]()

    async def tick(self) -> None:
        """Look, and bid."""
        try:
            ticker = await self.exchange.fetch_ticker(SYMBOL)
        except ccxt.BaseError:
            return  # the next tick is another chance
        self.prices.append(ticker["last"])
        try:
            order = await self.exchange.create_order(
                SYMBOL, "limit", "buy", STEP, round(0.9 * ticker["last"])
            )
        except ccxt.BaseError as error:
            client_id = getattr(error, "client_order_id", None)
            if client_id is None:
                return  # it did not work, as far as anybody can tell
            order = await self.exchange.fetch_order("", SYMBOL, {"clientOrderId": client_id})
        if order["id"] is not None:
            self.orders.append(order["id"])


async def control(path: str, fault: dict[str, Any] | None = None, method: str = "GET") -> Any:
    """Ask the practice exchange for its truth, or break it."""
    verb = method if fault is None else "POST"
    async with (
        aiohttp.ClientSession() as session,
        session.request(verb, f"{URL}/_sim/{path}", json=fault) as answer,
    ):
        return await answer.json()


async def booked_and_asked() -> tuple[int, int]:
    """Orders that the exchange has, and requests that it got."""
    state = await control("state")
    return len(state["orders"]), sum(state["requests"].values())


async def run(guarded: bool) -> dict[str, int]:
    keys = {"apiKey": os.environ["BINANCE_KEY"], "secret": os.environ["BINANCE_SECRET"]}
    where = {"urls": {"api": dict.fromkeys(("public", "private"), f"{URL}/api/v3")}}
    only_spot = {
        "options": {
            "fetchCurrencies": False,
            "fetchMargins": False,
            "fetchMarkets": {"types": ["spot"]},
        }
    }
    exchange: Any = ccxt.binance({**keys, **where, **only_spot, "rateLimit": 1})
    gear = sg.Switchgear(settings={"retry_delay_s": 0.01, "reset_timeout_s": 0.2})
    if guarded:
        exchange = gear.wrap(exchange)  # the line
    await exchange.load_markets()
    bot, asked = Bot(exchange), {}
    booked_before, _ = await booked_and_asked()
    for name, (ticks, fault) in PLAN.items():
        if fault is not None:
            await control("faults", fault)
        _, before = await booked_and_asked()
        for _ in range(ticks):
            await bot.tick()
            await gear.clock.sleep_async(TICK_S)
        asked[name] = (await booked_and_asked())[1] - before
        await control("faults", method="DELETE")
    await exchange.close()
    gear.close()
    booked = (await booked_and_asked())[0] - booked_before
    return {
        "prices seen": len(bot.prices),
        "orders at the exchange": booked,
        "of them unknown to the bot": booked - len(bot.orders),
        "requests past the limit": asked["the limit is exceeded"],
        "requests in the outage": asked["an outage"],
    }


async def main() -> None:
    bare, guarded = await run(guarded=False), await run(guarded=True)
    ticks = sum(each for each, _ in PLAN.values())
    print(f"{f'in {ticks} ticks':28}{'ccxt':>8}{'guarded':>9}")
    for said in bare:
        print(f"{said:28}{bare[said]:8}{guarded[said]:9}")


asyncio.run(main())
