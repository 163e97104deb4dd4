"""Owns one ccxt exchange, wrapped, that places and asks after an order while all that it sends is told; prints it."""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import sys
from typing import Any

import switchgear as sg

URL, KEY, SECRET = (os.environ[f"BINANCE_{name}"] for name in ("URL", "KEY", "SECRET"))
OPTIONS = {"fetchMarkets": ["spot"], "fetchMargins": False, "fetchCurrencies": False}


def made(gear: sg.Switchgear, module: str) -> Any:
    """The exchange, guarded."""
    exchange = importlib.import_module(module).binance(
        {"apiKey": KEY, "secret": SECRET, "options": OPTIONS}
    )
    exchange.urls["api"].update(public=f"{URL}/api/v3", private=f"{URL}/api/v3")
    return gear.wrap(exchange)


def trade(gear: sg.Switchgear) -> str:
    """Place an order and ask after one that is not there; what the error said."""
    exchange = made(gear, "ccxt")
    exchange.create_order("BTC/USDT", "limit", "buy", 0.01, 30000)
    try:
        exchange.fetch_order("999", "BTC/USDT")
    except Exception as error:  # noqa: BLE001  whatever it is, its words are looked at
        return str(error)
    return ""


async def trade_later(gear: sg.Switchgear) -> str:
    """The same, asynchronously."""
    exchange = made(gear, "ccxt.async_support")
    try:
        await exchange.create_order("BTC/USDT", "limit", "buy", 0.01, 30000)
        await exchange.fetch_order("999", "BTC/USDT")
    except Exception as error:  # noqa: BLE001  as above
        return str(error)
    finally:
        await exchange.close()
    return ""


with sg.Switchgear(settings={"wire": True, "retries": 0}) as gear:
    said = trade(gear) if sys.argv[1] == "sync" else asyncio.run(trade_later(gear))
    records = [{**record._asdict(), "detail": dict(record.detail)} for record in gear.logs()[::-1]]
print(json.dumps({"said": said, "records": records, "secret": SECRET, "key": KEY}))
