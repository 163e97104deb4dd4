"""Owns having a desk of this process do something from another event loop; what a desk does is the room `order`'s."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from switchgear.core.errors import ApiError, SwitchgearError
from switchgear.core.words import Kind, fold
from switchgear.exchange.model import OrderStatus
from switchgear.order.desk import JournalDesk
from switchgear.order.intent import StaleIntent
from switchgear.server.orders_source import NoIntent, checked_place, named

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from concurrent.futures import Future

    from switchgear.exchange.model import Order
    from switchgear.order.intent import Intent
    from switchgear.server.orders_source import Orders

T = TypeVar("T")

_LOOK_S = 1.0
"""So often it is looked at whether the desk's event loop still runs: one that ended tells nobody."""
_OVER = frozenset({Kind.ORDER_NOT_FOUND, Kind.INVALID_REQUEST, Kind.INVALID_ORDER})
"""What a cancel is refused with when the order is over already; only a lookup tells."""


class NoDesk(NoIntent):
    """No desk of this process is of this account."""


class DeskGone(SwitchgearError):
    """The desk's event loop does not run: nothing was begun."""


class DeskEnded(DeskGone):
    """The desk's event loop ended after it had begun: what was asked for may be done or not."""


class Cancelled(NamedTuple):
    """How an order stands after it was to be cancelled."""

    order: Order
    is_canceled: bool


def desk_of(orders: Orders, exchange: str, account: str) -> JournalDesk:
    """
    The desk of an account; of several one that runs.

    Raises:
        NoDesk: There is none; the message names those there are.
        SettingsError: One of these is no name.
    """
    place = checked_place(exchange or " ", account or " ")
    desks = [desk for desk in orders.desks if isinstance(desk, JournalDesk)]
    found = [desk for desk in desks if _folded(desk) == place]
    if not found:
        there = "; ".join(sorted({named(*desk.place) for desk in desks})) or "none"
        raise NoDesk(f"no desk of this program is of {named(*place)}; those there are: {there}")
    return next((desk for desk in reversed(found) if _is_running(desk)), found[-1])


async def done_by(desk: JournalDesk, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """
    What a coroutine comes to in the event loop of a desk; it goes on there when whoever waits here has gone.

    Raises:
        DeskGone: The loop does not run: nothing was begun.
        DeskEnded: It ended before the work did, which may be done or not.
    """
    loop = desk.loop
    if loop is None or not _is_running(desk):
        where = named(*desk.place)
        raise DeskGone(f"the desk of {where} is not at work: its program has not entered it")
    begun = work()
    try:
        future = asyncio.run_coroutine_threadsafe(begun, loop)
    except RuntimeError:  # closed since it was looked at
        begun.close()
        raise DeskGone("the event loop of the desk has ended: nothing was begun") from None
    await _ended(future, loop)
    if future.cancelled() or not future.done():
        raise DeskEnded("the event loop of the desk ended before it told what came of it")
    return future.result()


async def cancelled(desk: JournalDesk, intent: Intent) -> Cancelled:
    """
    An order, cancelled, however often that is asked; or as it stands, where it was over before.

    Raises:
        StaleIntent: It is not booked, or nobody knows yet whether it is.
        ApiError: The exchange refuses, though the order is not over.
        SwitchgearError: As a guarded call raises it.
    """
    if not intent.state.is_open and not intent.state.is_booked and intent.order_id is None:
        raise StaleIntent(f"order {intent.client_order_id} is {intent.state}: it is not booked")
    name = intent.client_order_id
    try:
        order = await desk.api.cancel_order(intent.symbol, client_order_id=name)
    except ApiError as error:
        if error.verdict is None or error.verdict.kind not in _OVER:
            raise
        found = await desk.access.find(intent.symbol, name)
        if found is None and intent.state.is_open:
            said = f"order {name} is not at the exchange yet, and may still come: cancel it again"
            raise StaleIntent(said) from error
        if found is None or not found.status.is_final:
            raise
        order = found
    return Cancelled(order, order.status is OrderStatus.CANCELED)


async def _ended(future: Future[T], loop: asyncio.AbstractEventLoop) -> None:
    """Until the work is done, or its event loop cannot do it any more."""
    mine, bell = asyncio.get_running_loop(), asyncio.Event()

    def ring(_: object) -> None:
        with suppress(RuntimeError):  # nobody is there any more who would hear it
            mine.call_soon_threadsafe(bell.set)

    future.add_done_callback(ring)
    while not future.done() and loop.is_running():
        with suppress(TimeoutError):
            await asyncio.wait_for(bell.wait(), _LOOK_S)


def _is_running(desk: JournalDesk) -> bool:
    return desk.loop is not None and desk.loop.is_running()


def _folded(desk: JournalDesk) -> tuple[str, str]:
    exchange, account = desk.place
    return fold("exchange", exchange), fold("account", account)
