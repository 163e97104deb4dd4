"""Owns the guide's basic example: a market price, else a cached one, else that of another source."""

import asyncio
from decimal import Decimal

import aiohttp

import switchgear as sg
from switchgear.guide import execute_binance_call, get_logs, use_gear
from switchgear.practice.sim.server import SimThread

CACHE: dict[str, Decimal] = {}


async def get_market_price(client: aiohttp.ClientSession, sim: SimThread, symbol: str) -> Decimal:
    async def from_binance() -> Decimal:
        url = f"{sim.base_url}/api/v3/ticker/price"
        async with client.get(url, params={"symbol": symbol}) as answer:
            CACHE[symbol] = Decimal((await answer.json())["price"])
            return CACHE[symbol]

    async def from_cache() -> Decimal:
        return CACHE[symbol]

    async def from_backend() -> Decimal:
        async with client.get(f"{sim.backend_url}/prices/{symbol}") as answer:
            return Decimal((await answer.json())["price"])

    return await execute_binance_call(
        "getMarketPrice", from_binance, fallback=[from_cache, from_backend]
    )


async def main(sim: SimThread) -> None:
    async with aiohttp.ClientSession(raise_for_status=True) as client:
        print(f"BTCUSDT {await get_market_price(client, sim, 'BTCUSDT')}")
        sim.add_faults({"match": "ticker.*", "action": "reset_before"})
        print("the exchange resets every connection")
        print(f"BTCUSDT {await get_market_price(client, sim, 'BTCUSDT')}")
        print(f"ETHUSDT {await get_market_price(client, sim, 'ETHUSDT')}")
    for record in reversed(get_logs(level="warning")):
        print(f"  {record.level.name:8} {record.method}: {record.message}")


if __name__ == "__main__":
    with sg.Switchgear() as gear, SimThread() as sim:
        use_gear(gear)
        asyncio.run(main(sim))
