"""Owns three exchanges side by side: the same order at each, and one portfolio over all while two of them break."""

import asyncio
from contextlib import AsyncExitStack
from decimal import Decimal

import switchgear as sg
from switchgear.exchange import (
    AlpacaApi,
    BinanceApi,
    CoinbaseApi,
    Exchanges,
    Order,
    OrderRequest,
    OrderType,
    PortfolioOverAll,
    Side,
    TradingApi,
)
from switchgear.practice.sim.fleet import FleetThread

SYMBOLS = {"binance": "BTC/USDT", "alpaca": "BTC/USD", "coinbase": "BTC/USD"}


def clients(gear: sg.Switchgear, sims: FleetThread) -> tuple[BinanceApi, AlpacaApi, CoinbaseApi]:
    seen = {"get_portfolio": sg.last_good(max_age_s=60)}
    b, a, c = sims["binance"], sims["alpaca"], sims["coinbase"]
    return (
        BinanceApi(gear, key=b.key, secret=b.secret, base_url=b.base_url, fallbacks=seen),
        # Nothing is remembered of Alpaca, so that it can go missing below.
        AlpacaApi(gear, key=a.key, secret=a.secret, base_url=a.base_url),
        CoinbaseApi(gear, key=c.key, secret=c.secret, base_url=c.base_url, fallbacks=seen),
    )


async def settled(api: TradingApi, order: Order, clock: sg.Clock) -> Order:
    # A real exchange accepts a market order first, and fills it a moment later: look again, for 10 s at most.
    for _ in range(50):
        if order.status.is_final:
            break
        await clock.sleep_async(0.2)
        order = await api.get_order(order.symbol, order_id=order.order_id)
    return order


async def buy(api: TradingApi, clock: sg.Clock) -> None:
    symbol = SYMBOLS[api.exchange]
    print(f"{api.exchange}: {symbol} is at {await api.get_market_price(symbol)}")
    request = OrderRequest(symbol, Side.BUY, OrderType.MARKET, Decimal("0.01"))
    order = await settled(api, await api.create_order(request), clock)
    print(f"  bought {order.filled} at {order.average_price}: {order.status}")


def show(when: str, found: PortfolioOverAll) -> None:
    totals = ", ".join(f"{worth:,.2f} {currency}" for currency, worth in found.totals.items())
    print(f"{when}: {totals}; the oldest part is {found.age_s:.3f} s old")
    for part in found.parts:
        if part.is_fallback:
            print(f"  {part.exchange} is from {part.source}: {part.reason}")
    for gone in found.missing:
        print(f"  {gone.exchange} is missing since {gone.since:%H:%M:%S}: {gone.reason}")


async def main(gear: sg.Switchgear, sims: FleetThread) -> None:
    gear.configure("*", "get_portfolio", retries=0, deadline_s=5)
    async with AsyncExitStack() as opened:
        apis = clients(gear, sims)
        for api in apis:
            await opened.enter_async_context(api)
            await buy(api, gear.clock)
        accounts = Exchanges(*apis, clock=gear.clock)
        show("all is well", await accounts.get_portfolio())
        sims["binance"].add_faults({"match": "account", "action": "html", "status": 502})
        show("Binance answers 502", await accounts.get_portfolio())
        sims["alpaca"].add_faults({"action": "refuse", "duration_s": 60})
        show("Alpaca refuses connections too", await accounts.get_portfolio())


if __name__ == "__main__":
    with sg.Switchgear() as gear, FleetThread() as sims:
        asyncio.run(main(gear, sims))
