"""Owns the guide's basic usage: one call guarded, the circuit opening while the exchange is down, and recovery."""

import asyncio

import aiohttp

import switchgear as sg
from switchgear.guide import execute_binance_call, use_gear
from switchgear.practice.sim.server import SimThread


async def main(sim: SimThread) -> None:
    async with aiohttp.ClientSession(sim.base_url, raise_for_status=True) as client:

        async def get_server_time() -> int:
            async with client.get("/api/v3/time") as answer:
                return int((await answer.json())["serverTime"])

        # The circuit of this example stays open for 0.2 s, so that you need not wait 30.
        config = {"failureThreshold": 3, "resetTimeoutMs": 200}
        now_ms = await execute_binance_call("getServerTime", get_server_time, config)
        print(f"the exchange says it is {now_ms}")

        sim.add_faults({"match": "time", "action": "answer", "status": 503})
        for attempt in range(1, 6):
            try:
                await execute_binance_call("getServerTime", get_server_time, config)
            except sg.CircuitOpenError as error:
                print(f"call {attempt}: {error}")
            except aiohttp.ClientResponseError as error:
                print(f"call {attempt}: the exchange answered {error.status}")

        sim.clear_faults()
        await sg.SystemClock().sleep_async(0.25)
        await execute_binance_call("getServerTime", get_server_time, config)
        print("the exchange is back, and the circuit is closed")


if __name__ == "__main__":
    with sg.Switchgear() as gear, SimThread() as sim:
        use_gear(gear)
        asyncio.run(main(sim))
