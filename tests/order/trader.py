"""
Owns the program that is killed: it orders for ever through a journal, or only sees through what others left.

`python -m tests.order.trader VENUE BASE_URL KEY SECRET JOURNAL SEED [--first N] [--clock TEXT] [--settle] [--careless]`

Each line that it prints is JSON, and out before it goes on: `about` names an order before anything is done about it,
`told` what its caller was told. Who kills it, and what is checked afterwards, is killing's.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import count
from random import Random  # noqa: TID251  seeded
from typing import TYPE_CHECKING, Any

import switchgear as sg
from switchgear.core.clock import SystemClock
from switchgear.core.errors import (
    JournalUnavailable,
    OrderOutcomeUnknown,
    OrderRefused,
    SwitchgearError,
)
from switchgear.exchange import (
    AlpacaApi,
    BinanceApi,
    CoinbaseApi,
    OrderRequest,
    OrderType,
    Side,
)
from switchgear.order import IntentQuery, JournalDesk, State, open_journal
from switchgear.order.ways import Resend, Ways
from switchgear.testing.clock import START_WALL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from threading import Event

    from switchgear.core.clock import Timer
    from switchgear.exchange.client import VenueApi

SETTINGS: dict[str, Any] = {
    "timeout_s": 6.0,
    "failure_threshold": 8,
    "reset_timeout_s": 5.0,
    "wait_s_max": 60.0,
}
SYMBOLS = {"binance": "BTC/USDT", "alpaca": "BTC/USD", "coinbase": "BTC/USD"}
AT_ONCE = 3
RECV_WINDOW_MS = 10_000
DEADLINES_S = (2.0, 25.0, 25.0)
"""By turns: some callers go on before there can be evidence."""
CARELESS = Ways(Resend.ANY_TIME, RECV_WINDOW_MS / 1000)
"""Binance's rules, mistaken: what is not found is sent again at once. For a harness that must see what comes of it."""
OPEN = frozenset(state for state in State if state.is_open)


class QuickClock(SystemClock):
    """
    The machine's clock, a number of times as fast, for several processes the same.

    What an exchange's rules and ours say in seconds stays as it is; a lease of two minutes is over sooner. Clients and
    venue keep the same time, so nothing that is true of one speed is untrue of another; only what the machine itself
    needs seems to take longer.
    """

    def __init__(self, speed: float = 1.0) -> None:
        super().__init__()
        self._machine_s: Callable[[], float] = self.monotonic_s
        now_s = self._machine_s()
        # One tuple: another thread never reads half of a change.
        self._pace = (now_s, now_s, speed)
        self.monotonic_s = self._now_s

    def _now_s(self) -> float:
        since_s, at_s, speed = self._pace
        return at_s + (self._machine_s() - since_s) * speed

    @property
    def speed(self) -> float:
        """Seconds of this clock in one of the machine's."""
        return self._pace[2]

    def go(self, speed: float) -> None:
        """Go so fast from now on; timers that run already end when they would have."""
        since_s, at_s, before = self._pace
        machine_s = self._machine_s()
        self._pace = (machine_s, at_s + (machine_s - since_s) * before, speed)

    def text(self) -> str:
        """What `of` makes the same clock of in another process of this machine."""
        return ",".join(map(repr, self._pace))

    @classmethod
    def of(cls, text: str) -> QuickClock:
        """The clock of which this is the text."""
        made = cls()
        since_s, at_s, speed = map(float, text.split(","))
        made._pace = (since_s, at_s, speed)
        return made

    def wall(self) -> datetime:
        """A date that every process agrees on."""
        return START_WALL + timedelta(seconds=self._now_s())

    def sleep(self, delay_s: float) -> None:
        """As Clock says."""
        super().sleep(delay_s / self.speed)

    async def sleep_async(self, delay_s: float) -> None:
        """As Clock says."""
        await super().sleep_async(delay_s / self.speed)

    def wait(self, event: Event, limit_s: float) -> bool:
        """As Clock says."""
        return super().wait(event, limit_s / self.speed)

    def timer(self, delay_s: float, callback: Callable[[], object]) -> Timer:
        """As Clock says."""
        return super().timer(delay_s / self.speed, callback)


def client(gear: sg.Switchgear, venue: str, url: str, key: str, secret: str) -> VenueApi:
    """A client of a practice venue."""
    given: dict[str, Any] = {"key": key, "secret": secret, "base_url": url, "check_rules": False}
    match venue:
        case "alpaca":
            return AlpacaApi(gear, **given)
        case "coinbase":
            return CoinbaseApi(gear, **given)
        case _:
            return BinanceApi(gear, recv_window_ms=RECV_WINDOW_MS, **given)


def order_of(number: int, venue: str, seed: int) -> tuple[OrderRequest, str | None]:
    """The order of this number, and its idempotency key if it has one: in every process the same."""
    dice, quantity = Random(f"{seed}:{number}"), Decimal("0.001")
    key = f"order {seed}:{number}" if dice.random() < 0.4 else None
    # Alpaca refuses to sell what there is not, and whatever could meet an order of one's own.
    sides = (Side.BUY,) if venue == "alpaca" else tuple(Side)
    side, symbol = dice.choice(sides), SYMBOLS[venue]
    if dice.random() < 0.6:
        return OrderRequest(symbol, side, OrderType.MARKET, quantity), key
    price = Decimal(30_000 if side is Side.BUY else 90_000)
    return OrderRequest(symbol, side, OrderType.LIMIT, quantity, price), key


class Trader:
    """Orders one number after the other, some at once."""

    def __init__(self, api: VenueApi, desk: JournalDesk, seed: int, first: int) -> None:
        self._api, self._desk, self._venue, self._seed = api, desk, api.exchange, seed
        self._numbers: Iterator[int] = count(first)

    async def run(self) -> None:
        """Never ends."""
        await asyncio.gather(*(self._go_on() for _ in range(AT_ONCE)))

    async def _go_on(self) -> None:
        for number in self._numbers:
            if not await self._order(number):
                await self._desk.journal.clock.sleep_async(1.0)

    async def _order(self, number: int) -> bool:
        """One order and what its caller is told; whether the next may follow at once."""
        request, key = order_of(number, self._venue, self._seed)
        name = self._desk.name_of(key)
        tell("about", name, number=number, keyed=key is not None)
        request = replace(request, client_order_id=name)
        deadline_s = DEADLINES_S[number % len(DEADLINES_S)]
        try:
            order = await self._desk.submit(request, idempotency_key=key, deadline_s=deadline_s)
        except SwitchgearError as error:
            end = end_of(error)
            tell("told", name, end=end, error=f"{type(error).__name__}: {error}")
            return end in {"refused", "unknown"}
        tell("told", name, end="booked" if order.client_order_id == name else "another")
        if request.type is OrderType.LIMIT:
            # Binance lets 200 rest; and where an order has ended, its id may be used again.
            with suppress(SwitchgearError):
                await self._api.cancel_order(request.symbol, order_id=order.order_id)
        return True


def end_of(error: SwitchgearError) -> str:
    """What an error tells the caller of an order."""
    match error:
        case OrderOutcomeUnknown():
            return "unknown"
        case OrderRefused():
            return "refused"
        case JournalUnavailable():
            return "not kept"
        case _:
            return "not sent"


def tell(line: str, name: str, **more: object) -> None:
    """A line, out of this process when this returns."""
    sys.stdout.write(json.dumps({"line": line, "name": name, **more}) + "\n")
    sys.stdout.flush()


async def settle(desk: JournalDesk) -> None:
    """See everything through that is open, or watched for late copies."""
    while True:
        wait_s = 1.0
        with suppress(SwitchgearError):  # asked again
            wait_s = await desk.reconciler.round()
            opened = await desk.journal.query(IntentQuery(*desk.place, states=OPEN))
            if not opened and not desk.reconciler.is_watching:
                return
        await desk.journal.clock.sleep_async(wait_s)


async def main(given: argparse.Namespace) -> None:
    """Order until killed, or settle and end."""
    clock = QuickClock.of(given.clock) if given.clock else QuickClock()
    settings = SETTINGS | ({"timeout_s": 60.0} if given.settle else {})
    with sg.Switchgear(clock=clock, settings=settings) as gear:
        api = client(gear, given.venue, given.base_url, given.key, given.secret)
        journal = open_journal(gear, given.journal)
        desk = JournalDesk(api, journal, ways=CARELESS if given.careless else None)
        tell("ready", journal.who)
        if given.settle:
            await settle(desk)
            await api.close()
            journal.close()
            return
        async with desk:
            await Trader(api, desk, given.seed, given.first).run()


def parsed(arguments: list[str]) -> argparse.Namespace:
    """What it is told on its command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("venue", "base_url", "key", "secret", "journal"):
        parser.add_argument(name)
    parser.add_argument("seed", type=int)
    parser.add_argument("--first", type=int, default=0, help="the number of the first order")
    parser.add_argument("--clock", help="what QuickClock.text gave; the machine's time without")
    parser.add_argument("--settle", action="store_true", help="order nothing")
    parser.add_argument("--careless", action="store_true", help="send again too early")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    asyncio.run(main(parsed(sys.argv[1:])))
