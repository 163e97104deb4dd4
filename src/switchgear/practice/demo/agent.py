"""
Owns the trading agent of one venue: it watches prices, values its portfolio, sends orders and asks after them.

It does all of that through switchgear, as a user's program would; what breaks is the scenario's.
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from switchgear.core.errors import OrderOutcomeUnknown, OrderRefused, SwitchgearError
from switchgear.exchange.model import OrderStatus, OrderType
from switchgear.practice.demo.orders import OrderBook, Outcome

if TYPE_CHECKING:
    from decimal import Decimal

    from switchgear.core.clock import Clock
    from switchgear.exchange.client import VenueApi
    from switchgear.exchange.model import Order
    from switchgear.practice.demo.orders import Entry
    from switchgear.practice.demo.plan import Plan, Wish

_RESTING_MAX = 3
"""The agent cancels the oldest of its resting orders when there are more."""
_SETTLE_TRIES = 80
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

    def __init__(self, api: VenueApi, clock: Clock, plan: Plan) -> None:
        self.book = OrderBook()
        self.seen = Seen()
        """Of now on, once another one is put in its place."""
        self._api = api
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
        elif self._ticks % 3 == 0:
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
        """Send an order, and look it up at once when its answer does not come."""
        entry = self.book.begin(wanted.request(self._prices))
        try:
            self._booked(entry, Outcome.BOOKED, await self._api.create_order(entry.request))
        except OrderRefused:
            self.book.end(entry, Outcome.REFUSED)
        except OrderOutcomeUnknown:
            await self.ask()
        except SwitchgearError:
            self.book.end(entry, Outcome.UNSENT)
        return entry

    async def ask(self) -> None:
        """Look up the orders whose answer did not come; one that cannot be looked up now waits."""
        for entry in self.book.questions():
            try:
                await self._look_up(entry)
            except SwitchgearError:
                return

    async def settle(self) -> None:
        """
        Come to know everything, when no more orders are sent: ask until each question is answered.

        What was not there is asked for again. At most some seconds.
        """
        for _ in range(_SETTLE_TRIES):
            if not self.book.questions():
                break
            await self.ask()
            await self._clock.sleep_async(_SETTLE_WAIT_S)
        for entry in self.book.of(Outcome.ABSENT):
            try:
                await self._look_up(entry)
            except SwitchgearError:
                return

    async def _look_up(self, entry: Entry) -> None:
        found = await self._api.desk.resolve(entry.request.symbol, entry.name)
        if found is None:
            self.book.end(entry, Outcome.ABSENT)
        else:
            self._booked(entry, Outcome.FOUND, found)

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
