"""
Owns the trading agent of one venue: it watches prices, values its portfolio, and hands orders to a desk.

It does all of that through switchgear, as a user's program would; what breaks is the scenario's.
"""

from __future__ import annotations

from collections import Counter, deque
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from switchgear.core.errors import OrderOutcomeUnknown, OrderRefused, SwitchgearError
from switchgear.exchange.model import OrderStatus, OrderType
from switchgear.order.intent import State
from switchgear.order.store import IntentQuery
from switchgear.practice.demo.orders import OrderBook, Outcome, outcome_of

if TYPE_CHECKING:
    from decimal import Decimal

    from switchgear.core.clock import Clock
    from switchgear.exchange.client import VenueApi
    from switchgear.exchange.model import Order
    from switchgear.order.desk import JournalDesk
    from switchgear.order.intent import Intent
    from switchgear.practice.demo.orders import Entry
    from switchgear.practice.demo.plan import Plan, Wish

_RESTING_MAX = 3
"""The agent cancels the oldest of its resting orders when there are more."""
_STANDS = frozenset({Outcome.BOOKED, Outcome.FOUND, Outcome.AGAIN})
_SETTLE_TRIES = 50
_SETTLE_WAIT_S = 0.1


@dataclass(slots=True)
class Seen:
    """What the agent got to see in a span of time."""

    values: Counter[str] = field(default_factory=Counter[str])
    """Prices and portfolio values by where they came from."""
    oldest_s: float = 0.0
    """Age of the oldest value that was served."""
    without: int = 0
    """Times that it had no value at all."""


class Agent:
    """A small trader. What it wants is in its plan; when it acts is up to who calls it."""

    def __init__(self, api: VenueApi, desk: JournalDesk, clock: Clock, plan: Plan) -> None:
        self.book = OrderBook()
        self.seen = Seen()
        """Of now on, once another one is put in its place."""
        self._api, self._desk = api, desk
        self._clock = clock
        self._plan = plan
        self._ticks = self._wishes = 0
        self._prices: dict[str, Decimal] = {}
        self._resting: deque[Entry] = deque()

    async def tick(self) -> None:
        """One round of work: a price always, the portfolio and an order now and then."""
        self._ticks += 1
        await self.watch(self._plan.symbols[self._ticks % len(self._plan.symbols)])
        if self._ticks % 10 == 1:
            await self._served("get_portfolio")
        if self._ticks % 2 == 0:
            await self.next_order()
        if self.book.questions():
            await self.ask()
        if self._ticks % 3 == 0:
            await self._tend()

    async def overreach(self) -> None:
        """Want what must be refused: more than there is money for, and a pair that is not listed."""
        await self.order(self._plan.too_big)
        await self.watch(self._plan.unknown)

    async def watch(self, symbol: str) -> None:
        """Look at a price."""
        price = await self._served("get_market_price", symbol)
        if price is not None:
            self._prices[symbol] = price

    async def next_order(self) -> Entry | None:
        """Send the next order of the plan, once there is a price; None before."""
        wanted = self._plan.wish(self._wishes)
        if wanted.symbol not in self._prices:
            await self.watch(wanted.symbol)
        if wanted.symbol not in self._prices:
            return None
        self._wishes += 1
        return await self.order(wanted)

    async def order(self, wanted: Wish) -> Entry:
        """Hand an order to the desk; one of which nothing is proved at once is left to its reconciler."""
        entry = self.book.begin(wanted.request(self._prices))
        try:
            order = await self._api.create_order(entry.request)
        except OrderRefused:
            self.book.end(entry, Outcome.REFUSED)
        except OrderOutcomeUnknown:
            return entry
        except SwitchgearError:
            self.book.end(entry, Outcome.UNSENT)
        else:
            self._booked(entry, await self._way_of(entry), order)
        return entry

    async def ask(self) -> None:
        """Read in the journal what the desk has found out of the orders whose answer did not come."""
        for entry in self.book.questions():
            try:
                await self._hear(entry)
            except SwitchgearError:
                return

    async def settle(self) -> None:
        """
        Come to know everything, when no more orders are sent: have the desk look until each question is answered.

        At most some seconds; what the desk cannot write down by then, the agent asks the exchange itself.
        """
        for _ in range(_SETTLE_TRIES):
            if not self.book.questions():
                return
            for entry in self.book.questions():
                with suppress(SwitchgearError):
                    await self._desk.resolve(entry.request.symbol, entry.name)
            await self.ask()
            await self._clock.sleep_async(_SETTLE_WAIT_S)
        for entry in self.book.questions():
            with suppress(SwitchgearError):
                order = await self._api.get_order(entry.request.symbol, client_order_id=entry.name)
                self._booked(entry, Outcome.FOUND, order)

    async def _hear(self, entry: Entry) -> None:
        outcome = outcome_of(await self._kept(entry))
        if outcome in _STANDS:
            order = await self._desk.resolve(entry.request.symbol, entry.name)
            if order is not None:
                self._booked(entry, outcome, order)
        elif outcome is not Outcome.ASKED:
            self.book.end(entry, outcome)

    async def _way_of(self, entry: Entry) -> Outcome:
        """How an order that is booked came to be."""
        kept = None
        with suppress(SwitchgearError):
            kept = await self._kept(entry)
        # That it is booked may be written down a moment later; how often it was sent, and that it was found, is.
        if kept is not None and kept.state is not State.FOUND:
            kept = replace(kept, state=State.ACKED)
        return Outcome.BOOKED if kept is None else outcome_of(kept)

    async def _kept(self, entry: Entry) -> Intent | None:
        query = IntentQuery(*self._desk.place, client_order_id=entry.name)
        found = await self._desk.journal.query(query)
        return found[0] if found else None

    def _booked(self, entry: Entry, outcome: Outcome, order: Order) -> None:
        self.book.end(entry, outcome, order)
        if entry.request.type is OrderType.LIMIT and not order.status.is_final:
            self._resting.append(entry)

    async def _tend(self) -> None:
        """Cancel the oldest resting order when there are many, else look how it stands."""
        if not self._resting:
            return
        entry, symbol = self._resting[0], self._resting[0].request.symbol
        try:
            if len(self._resting) > _RESTING_MAX:
                entry.order = await self._api.cancel_order(symbol, client_order_id=entry.name)
                entry.cancelled = entry.order.status is OrderStatus.CANCELED
            else:
                entry.order = await self._api.get_order(symbol, client_order_id=entry.name)
        except SwitchgearError:
            return
        if entry.order.status.is_final:
            self._resting.popleft()

    async def _served(self, method: str, *args: Any) -> Any:
        """The value of a method, counted by where it came from; None when there is none."""
        try:
            served = await self._api.served(method, *args)
        except SwitchgearError:
            self.seen.without += 1
            return None
        self.seen.values[served.source] += 1
        self.seen.oldest_s = max(self.seen.oldest_s, served.age_s)
        return served.value
