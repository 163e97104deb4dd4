"""Owns what runs until it is interrupted: the practice exchange, the pages, the watch on exchanges."""

from __future__ import annotations

import asyncio
import signal
from contextlib import AsyncExitStack, suppress
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import typer

from switchgear.core.errors import SettingsError, SwitchgearError
from switchgear.gear import Switchgear

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from pathlib import Path

    from switchgear.cli.config import Config, ExchangeTable, HistoryTable
    from switchgear.exchange.binance import BinanceApi
    from switchgear.practice.sim.server import Sim
    from switchgear.server import LogSource, Server

PORT = 8080
_REMEMBERED_S = 300.0


def until_interrupted(work: Coroutine[Any, Any, None]) -> None:
    """Run something until it ends, or SIGINT or SIGTERM cancels it."""

    async def live() -> None:
        task = asyncio.create_task(work)
        for each in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(each, task.cancel)
        with suppress(asyncio.CancelledError):
            await task

    asyncio.run(live())


def practise(host: str, port: int, seed: int) -> None:
    """Run the practice exchange; raises SettingsError when it cannot listen there."""
    from switchgear.practice.sim.server import run

    try:
        until_interrupted(run(host, port, seed, on_start=_introduce))
    except (OSError, OverflowError) as error:
        words = getattr(error, "strerror", None) or str(error)
        raise SettingsError("port", port, f"cannot be had on {host}: {words}") from None


def _introduce(sim: Sim) -> None:
    faults = f"{sim.base_url}/_sim/faults"
    rule = '{"match": "order.create", "action": "reset_after", "count": 1}'
    typer.echo(f"practice exchange and backend: {sim.base_url}")
    typer.echo(f"control, also while connections are refused: {sim.control_url}")
    typer.echo(f"key {sim.key}, secret {sim.secret}")
    typer.echo(f"the truth:  curl {sim.base_url}/_sim/state")
    typer.echo(f"break it:   curl -d '{rule}' {faults}")
    typer.echo(f"mend it:    curl -X DELETE {faults}")


def serve_history(path: Path, port: int | None) -> None:
    """Show what another program writes; raises SettingsError when file or port cannot be used."""
    from switchgear.server import HistorySource

    until_interrupted(_show(HistorySource(path), PORT if port is None else port))


async def _show(source: LogSource, port: int) -> None:
    from switchgear.server import serve

    with serve(source, port=port) as server:
        _announce(server)
        await asyncio.Event().wait()


def _announce(server: Server) -> None:
    typer.echo(f"switchgear: {server.url}/api-logs and {server.url}/circuits")


def serve_exchanges(config: Config, history: Path | None, port: int | None) -> None:
    """
    Watch the exchanges of a settings file through switchgear, and show it.

    Args:
        config: The file.
        history: Where to keep records, before what the file says.
        port: Of the pages, before what the file says.

    Raises:
        SettingsError: Port, history or an address cannot be used.
    """
    from switchgear.server import GearSource

    kept = _history_of(config, history)
    table = None if kept is None else asdict(kept)
    with Switchgear(settings=config.settings, history=table) as gear:
        shown = config.server.port if port is None else port
        page = GearSource(gear, gear.reader)
        until_interrupted(_watch_and_show(gear, config, page, shown))


def _history_of(config: Config, path: Path | None) -> HistoryTable | None:
    from switchgear.cli.config import HistoryTable

    if path is None:
        return config.history
    return replace(config.history or HistoryTable(""), path=str(path))


async def _watch_and_show(gear: Switchgear, config: Config, source: LogSource, port: int) -> None:
    from switchgear.server import serve

    async with AsyncExitStack() as stack:
        apis = [
            (await stack.enter_async_context(_api(gear, table)), table)
            for table in config.exchanges
        ]
        _announce(stack.enter_context(serve(source, host=config.server.host, port=port)))
        async with asyncio.TaskGroup() as group:
            for api, table in apis:
                group.create_task(_watch(gear, api, table))
            await asyncio.Event().wait()


def _api(gear: Switchgear, table: ExchangeTable) -> BinanceApi:
    from switchgear.core.policy.fallback import last_good
    from switchgear.exchange.binance import BinanceApi

    remembered = last_good(_REMEMBERED_S)
    return BinanceApi(
        gear,
        key=table.key,
        secret=table.secret,
        account=table.account,
        base_url=table.base_url,
        fallbacks={"get_market_price": remembered, "get_portfolio": remembered},
    )


async def _watch(gear: Switchgear, api: BinanceApi, table: ExchangeTable) -> None:
    """Look at prices and portfolio now and then; what fails is in the log."""
    while True:
        for symbol in table.symbols:
            with suppress(SwitchgearError):
                await api.get_market_price(symbol)
        if table.key:
            with suppress(SwitchgearError):
                await api.get_portfolio()
        await gear.clock.sleep_async(table.every_s)
