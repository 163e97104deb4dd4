"""Owns the guide's integration in an API method: a portfolio from the exchange, else from the backend."""

import asyncio

import switchgear as sg
from switchgear.exchange import BackendApi, BinanceApi, Portfolio
from switchgear.practice.sim.server import SimThread


async def main(gear: sg.Switchgear, sim: SimThread) -> None:
    async with (
        BackendApi(sim.backend_url, clock=gear.clock) as backend,
        BinanceApi(
            gear,
            key=sim.key,
            secret=sim.secret,
            base_url=sim.base_url,
            fallbacks={"get_portfolio": sg.source(backend.get_portfolio, name="backend")},
        ) as binance,
    ):
        gear.configure("binance", "get_portfolio", retries=0)
        show("all is well", await binance.served("get_portfolio"))
        sim.add_faults({"match": "account", "action": "answer", "status": 503})
        for _ in range(4):
            show("the account endpoint is down", await binance.served("get_portfolio"))


def show(when: str, served: sg.Served[Portfolio]) -> None:
    because = f" ({served.reason})" if served.is_fallback else ""
    print(f"{when}: {served.value.total:,.2f} USDT from {served.source}{because}")


if __name__ == "__main__":
    with sg.Switchgear() as gear, SimThread() as sim:
        asyncio.run(main(gear, sim))
