"""Owns the watch that `switchgear serve --config` keeps on each exchange of the file; showing it is `serving`."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from switchgear import exchange
from switchgear.core.errors import SwitchgearError
from switchgear.core.policy.fallback import last_good

if TYPE_CHECKING:
    from switchgear.cli.config import ExchangeTable
    from switchgear.core.clock import Clock
    from switchgear.exchange.client import VenueApi
    from switchgear.gear import Switchgear

_REMEMBERED_S = 300.0


def open_api(gear: Switchgear, table: ExchangeTable) -> VenueApi:
    """
    The client of the exchange that a table names.

    Raises:
        SettingsError: Its address or its key cannot be.
    """
    remembered = last_good(_REMEMBERED_S)
    given: dict[str, Any] = {
        "key": table.key,
        "secret": table.secret,
        "account": table.account,
        "base_url": table.base_url,
        "fallbacks": {"get_market_price": remembered, "get_portfolio": remembered},
    }
    match table.name:
        case "alpaca":
            return exchange.AlpacaApi(gear, paper=table.paper, **given)
        case "coinbase":
            return exchange.CoinbaseApi(gear, **given)
        case _:
            return exchange.BinanceApi(gear, paper=table.paper, **given)


async def watch(clock: Clock, api: VenueApi, table: ExchangeTable) -> None:
    """Look at prices and portfolio now and then; what fails is in the log."""
    while True:
        for symbol in table.symbols:
            with suppress(SwitchgearError):
                await api.get_market_price(symbol)
        if table.key:
            with suppress(SwitchgearError):
                await api.get_portfolio()
        await clock.sleep_async(table.every_s)
