"""
Owns the guide's advanced example, made safe: an order is sent once, and one whose answer was lost is looked up.

The guide retries an order that failed, and then gives it to its backend. Where the answer was lost after the
exchange had booked the order, that buys twice, or three times. So an order is tried again, or given to the backend,
only where it is proved that nothing was sent; else the outcome is unknown until the exchange is asked.
"""

import asyncio
from decimal import Decimal

import switchgear as sg
from switchgear.exchange import BackendApi, BinanceApi, OrderRequest, OrderType, Side
from switchgear.practice.sim.server import SimThread

ORDER = OrderRequest("BTC/USDT", Side.BUY, OrderType.MARKET, Decimal("0.01"))


async def buy(binance: BinanceApi) -> None:
    try:
        order = await binance.create_order(ORDER)
    except sg.OrderOutcomeUnknown as error:
        name = error.client_order_id
        assert name is not None
        print(f"unknown: {error}")
        found = await binance.desk.resolve(ORDER.symbol, name)
        print("resolved: " + ("it was never booked" if found is None else f"it is {found.status}"))
    else:
        print(f"{order.status}: {order.filled} BTC at {order.average_price}, by {order.exchange}")


async def main(gear: sg.Switchgear, sim: SimThread) -> None:
    async with BackendApi(sim.backend_url, clock=gear.clock) as backend:
        by_backend = sg.source(backend.create_order, name="backend", same_account=True)
        async with BinanceApi(
            gear,
            key=sim.key,
            secret=sim.secret,
            base_url=sim.base_url,
            fallbacks={"create_order": by_backend},
        ) as binance:
            sim.add_faults({"action": "refuse", "duration_s": 60})
            print("the exchange refuses connections, so the order provably never leaves")
            await buy(binance)
            sim.clear_faults()
            print("all is well")
            await buy(binance)
            sim.add_faults({"match": "order.create", "action": "reset_after", "count": 1})
            print("the answer is lost after booking")
            await buy(binance)
    state = sim.state()
    print(f"the exchange has {len(state['orders'])} orders, {len(state['duplicates'])} duplicates")


if __name__ == "__main__":
    with sg.Switchgear() as gear, SimThread() as sim:
        asyncio.run(main(gear, sim))
