"""Owns the guide's access to metrics: success rate, durations, errors and circuit of one method."""

import asyncio

import aiohttp

import switchgear as sg
from switchgear.guide import execute_binance_call, get_api_call_metrics, use_gear
from switchgear.practice.sim.server import SimThread


async def main(sim: SimThread) -> None:
    sim.add_faults({"match": "ticker.*", "action": "html", "status": 502, "after": 20, "count": 2})
    async with aiohttp.ClientSession(raise_for_status=True) as client:

        async def get_prices() -> int:
            async with client.get(f"{sim.base_url}/api/v3/ticker/price") as answer:
                return len(await answer.json())

        for _ in range(30):
            try:
                await execute_binance_call("getMarketPrices", get_prices)
            except aiohttp.ClientResponseError as error:
                print(f"failed: {error.status}")

    metrics = get_api_call_metrics("Binance", "getMarketPrices")
    print(f"calls: {metrics.total_calls}, of which {metrics.failed_calls} failed")
    print(f"success rate: {metrics.success_rate:.1%}")
    print(f"average duration: {metrics.average_duration_ms:.1f} ms")
    print(f"from {metrics.min_duration_ms:.1f} to {metrics.max_duration_ms:.1f} ms")
    print(f"last error: {metrics.last_error}, by kind: {metrics.errors_by_kind}")
    print(f"circuit: {metrics.circuit_state.value}")


if __name__ == "__main__":
    with sg.Switchgear() as gear, SimThread() as sim:
        use_gear(gear)
        asyncio.run(main(sim))
