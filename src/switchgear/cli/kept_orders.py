"""Owns the orders of a journal as the commands ask for them; what a person may do by hand is orders_source's."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from switchgear.core.clock import SystemClock
from switchgear.core.errors import SettingsError
from switchgear.gear import Switchgear
from switchgear.order import open_journal
from switchgear.server import orders_query
from switchgear.server.orders_model import IntentOut, OrderLife, SwitchOut
from switchgear.server.orders_source import Orders

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

    from switchgear.order import Journal


class Said(NamedTuple):
    """Who turns a switch, why, and of which account; of all where exchange and account are empty."""

    by: str
    why: str
    exchange: str = ""
    account: str = ""


class KeptOrders:
    """
    The orders of a journal.

    Args:
        where: Its file, or `postgresql://…`; None where none was named.

    Every method raises SettingsError where there is no such journal, and JournalBroken when it cannot be read now.
    """

    def __init__(self, where: str | None) -> None:
        self._where = where

    def intents(self, given: Mapping[str, str]) -> list[IntentOut]:
        """Those that match, newest first; raises SettingsError for a filter that cannot be."""
        query = orders_query.parse(given)

        async def found() -> list[IntentOut]:
            async with self._orders() as orders:
                return [IntentOut.of(intent) for intent in await orders.query(query)]

        return asyncio.run(found())

    def switches(self) -> list[SwitchOut]:
        """The kill switches that are on."""

        async def found() -> list[SwitchOut]:
            async with self._orders() as orders:
                return await _switches(orders)

        return asyncio.run(found())

    def life(self, intent_id: str) -> OrderLife:
        """One order with every move that it made; raises NoIntent."""

        async def found() -> OrderLife:
            async with self._orders() as orders:
                return await _life(orders, intent_id)

        return asyncio.run(found())

    def abandon(self, intent_id: str, *, by: str, why: str) -> OrderLife:
        """Abandon an order; its life then. Raises as Orders.abandon does."""

        async def abandoned() -> OrderLife:
            async with self._orders() as orders:
                await orders.abandon(intent_id, by=by, why=why, now_ms=_now_ms())
                return await _life(orders, intent_id)

        return asyncio.run(abandoned())

    def turn(self, said: Said, *, on: bool) -> list[SwitchOut]:
        """Halt new orders or let them go; what is halted then. Raises as Orders.halt does."""

        async def turned() -> list[SwitchOut]:
            async with self._orders() as orders:
                await (orders.halt if on else orders.resume)(**said._asdict())
                return await _switches(orders)

        return asyncio.run(turned())

    @asynccontextmanager
    async def _orders(self) -> AsyncGenerator[Orders]:
        # A gear of its own takes what is told: here it goes to whoever hears the logger `switchgear`.
        with Switchgear() as gear:
            journal = opened(gear, _needed(self._where))
            try:
                yield Orders(journals=[journal])
            finally:
                journal.close()


def opened(gear: Switchgear, where: str) -> Journal:
    """
    A journal that is there already, told of in the log of a gear.

    Raises:
        SettingsError: There is no such file, or it is no journal.
        StoreError: It cannot be used now.
    """
    if "://" not in where and not Path(where).is_file():
        raise SettingsError("journal", where, "must be a journal; there is no such file")
    return open_journal(gear, where)


async def _switches(orders: Orders) -> list[SwitchOut]:
    return [SwitchOut.of(each) for each in await orders.switches()]


async def _life(orders: Orders, intent_id: str) -> OrderLife:
    now_ms = _now_ms()
    return OrderLife.of(await orders.life(intent_id, now_ms), now_ms)


def _needed(where: str | None) -> str:
    if where is None:
        allowed = "give --journal FILE, or set SWITCHGEAR_JOURNAL"
        raise SettingsError("journal", None, allowed)
    return where


def _now_ms() -> int:
    return round(SystemClock().wall().timestamp() * 1000)
