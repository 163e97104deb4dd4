"""
Owns our own desk doing what the rivals do: it places the same orders through a journal and says what it was told.

`python -m tests.order.rival_desk TASK`; the lines are those of order_rivals in tests/witness/clients. When all is told
it reads the clock anew, sees through what is open, and says of each order what the journal has in the end (`settled`).
"""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import asynccontextmanager, closing, suppress
from typing import TYPE_CHECKING, Any

import switchgear as sg
from switchgear.core.errors import SwitchgearError
from switchgear.exchange import OrderRequest, OrderType, Side
from switchgear.order import IntentQuery, JournalDesk, open_journal
from tests.order.trader import DEADLINES_S, SETTINGS, QuickClock, client, end_of, settle
from tests.witness.clients.order_rivals import BOOKED, FAILED, UNKNOWN, ask, began, paced, tell

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from switchgear.exchange.client import VenueApi

_ALL = 10_000_000


async def ordered(desk: JournalDesk, api: VenueApi, venue: str, number: int, name: str) -> None:
    """One order and what its caller is told."""
    one = ask(venue, number)
    request = OrderRequest(
        one.symbol, Side(one.side), OrderType.LIMIT, one.quantity, one.price, client_order_id=name
    )
    try:
        order = await desk.submit(request, deadline_s=DEADLINES_S[number % len(DEADLINES_S)])
    except SwitchgearError as error:
        end = UNKNOWN if end_of(error) == "unknown" else FAILED
        tell("told", number=number, end=end, error=type(error).__name__)
        return
    tell("told", number=number, end=BOOKED)
    if one.rests:
        with suppress(SwitchgearError):  # it may rest
            await api.cancel_order(one.symbol, order_id=order.order_id)


@asynccontextmanager
async def opened(
    task: dict[str, Any], clock: str, timeout_s: float
) -> AsyncGenerator[tuple[VenueApi, JournalDesk]]:
    """A client and a desk on the journal of this task."""
    settings = SETTINGS | {"timeout_s": timeout_s}
    with sg.Switchgear(clock=QuickClock.of(clock), settings=settings) as gear:
        api = client(gear, task["venue"], task["url"], task["key"], task["secret"])
        with closing(open_journal(gear, task["journal"])) as journal:
            yield api, JournalDesk(api, journal)
        await api.close()


async def main(task: dict[str, Any]) -> None:
    """Order, then settle."""
    numbers: dict[str, int] = {}
    async with opened(task, task["clock"], SETTINGS["timeout_s"]) as (api, desk), desk:

        async def order(number: int) -> None:
            numbers[name := desk.name_of(None)] = number
            await ordered(desk, api, task["venue"], number, name)

        began(f"switchgear {sg.__version__}")
        await paced(task, order)
    tell("done")
    # Seconds are short now, and the machine must not be too slow for them.
    async with opened(task, sys.stdin.readline().strip(), 60.0) as (_, desk):
        await settle(desk)
        for intent in await desk.journal.query(IntentQuery(limit=_ALL)):
            state = intent.state
            end = UNKNOWN if state.is_open else BOOKED if state.is_booked else FAILED
            tell("settled", number=numbers[intent.client_order_id], end=end)
    tell("done")


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
