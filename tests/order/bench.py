"""Owns one desk at a practice venue on a played clock and wire, for tests of what a desk does step by step."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from random import Random  # noqa: TID251  seeded
from typing import TYPE_CHECKING, Any, Self

import switchgear as sg
from switchgear.exchange import OrderRequest, OrderType, Side
from switchgear.order import IntentQuery, Journal, JournalDesk, MemoryStore
from switchgear.order.journal import InlineCommitter
from switchgear.practice.sim.practice import Practice
from tests.order.net import Cell, Fate, Net, executions_per_client_id
from tests.order.played import PlayedClock
from tests.order.world import APIS, SYMBOLS

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from types import TracebackType

    from switchgear.exchange.client import VenueApi
    from switchgear.order import Intent, OrderLimits
    from tests.order.net import Call


class Bench:
    """A desk, and what it stands on; a context manager."""

    def __init__(
        self, venue: str = "binance", *, limits: OrderLimits | None = None, store: Any = None
    ) -> None:
        self.venue, self.symbol = venue, SYMBOLS[venue]
        self.clock = PlayedClock(seed=1)
        self.practice = Practice(1, self.clock, venue)
        self.net = Net(self.practice, self.clock, Random(1))
        self.fates: list[Fate] = []
        """Of the next requests that place an order, in order; then all is fine."""
        self.looks: list[Fate] = []
        """Of those that look one up."""
        self.net.fate_of = self._fate
        self.store = MemoryStore() if store is None else store
        self.limits = limits
        self.runner = asyncio.Runner(loop_factory=self.clock.loop)
        self.gear, self.api, self.desk = self.program()

    def program(self, who: str = "one") -> tuple[sg.Switchgear, VenueApi, JournalDesk]:
        """A process: gear, client and desk, on the same journal as all others."""
        gear = sg.Switchgear(clock=self.clock, settings={"timeout_s": 5})
        keys, make = self.practice.venue.credentials, APIS[self.venue]
        api: Any = make
        made = api(
            gear,
            key=keys["key"],
            secret=keys["secret"],
            base_url="http://venue.test",
            check_rules=False,
        )
        self.net.attach(made)
        journal = Journal(
            self.store, self.clock, gear.hub.emit, committer=InlineCommitter(self.store), who=who
        )
        return gear, made, JournalDesk(made, journal, limits=self.limits, deadline_s=40)

    def _fate(self, call: Call) -> Fate:
        fates = {"order.create": self.fates, "order.get": self.looks}.get(call.endpoint, [])
        return fates.pop(0) if fates else Fate()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.gear.close()
        self.runner.close()

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """What a coroutine comes to, in played time."""
        return self.runner.run(work)

    def market(self, quantity: str = "0.001", **more: Any) -> OrderRequest:
        """A market order."""
        return OrderRequest(self.symbol, Side.BUY, OrderType.MARKET, Decimal(quantity), **more)

    def limit(self, price: str, quantity: str = "0.001", **more: Any) -> OrderRequest:
        """A limit order."""
        amounts = Decimal(quantity), Decimal(price)
        return OrderRequest(self.symbol, Side.BUY, OrderType.LIMIT, *amounts, **more)

    def submit(self, request: OrderRequest, **more: Any) -> Any:
        """An order, handed in and seen through."""
        return self.run(self.desk.submit(request, **more))

    @property
    def intents(self) -> list[Intent]:
        """All that the journal has, oldest first."""
        return list(reversed(self.store.query(IntentQuery())))

    @property
    def states(self) -> list[str]:
        """Of the newest intent, every state it was in."""
        return [move.new.value for move in self.store.moves(self.intents[-1].intent_id)]

    @property
    def booked(self) -> dict[str, int]:
        """The venue's truth."""
        return executions_per_client_id(self.practice)


LOST = Fate(Cell.LOST_ANSWER_RESET)
NEVER = Fate(Cell.RESET_BEFORE)
"""To the client the same as LOST."""
