"""Owns what tests of orders share: a house with a desk and a journal, and orders with a life."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from switchgear.exchange import BinanceApi
from switchgear.exchange.model import Order, OrderRequest, OrderStatus, OrderType, Side
from switchgear.order.desk import JournalDesk
from switchgear.order.errand import Errand
from switchgear.order.intent import Intent, State
from switchgear.order.journal import InlineCommitter, Journal
from switchgear.order.store import Change, Claim, MemoryStore, Write
from switchgear.order.ways import ways_of
from tests.server.kit import House

if TYPE_CHECKING:
    from pathlib import Path

    from switchgear.core.clock import Clock
    from switchgear.order.store import IntentStore

WHO = "trader-1:4711:9f3a2b1c"
OTHER = "trader-2:815:00c0ffee"
LOST = "the outcome is unknown: NetworkError: connection reset by peer"
WHYS = {
    State.SENT: "attempt 1",
    State.ACKED: "booked",
    State.REJECTED: "refused: 400 insufficient balance",
    State.UNKNOWN: LOST,
    State.ABSENT: "not there, and no copy of it can be booked any more",
}
NOWHERE = "http://127.0.0.1:9"
"""Nothing listens there: no test asks it."""


class Book:
    """Writes orders into a store as a program would have."""

    def __init__(self, store: IntentStore, clock: Clock, *, before: int = 0) -> None:
        self.store, self.clock = store, clock
        self._count = before

    def now_ms(self) -> int:
        """The date."""
        return round(self.clock.wall().timestamp() * 1000)

    def put(
        self,
        *states: State,
        place: tuple[str, str] = ("binance", "main"),
        why: str = "",
        by: str = WHO,
        owned_s: float = 0.0,
        **fields: Any,
    ) -> Intent:
        """An order that went through these states; the last move is for this reason."""
        self._count += 1
        count, date_ms = self._count, self.now_ms()
        now_ms = date_ms + count  # each a little later: which is the newest is never left to chance
        given: dict[str, Any] = {
            "symbol": "BTC/USDT",
            "side": Side.BUY,
            "type": OrderType.LIMIT,
            "quantity": Decimal("0.50000000"),
            "price": Decimal("42000.10"),
            "client_order_id": f"sg-{count:032x}",
        }
        of_intent = [name for name in fields if name not in OrderRequest.__dataclass_fields__]
        more = {name: fields.pop(name) for name in of_intent}
        request = OrderRequest(**{**given, **fields})
        intent = Intent(f"{count:032x}", *place, request, now_ms, **more)
        steps: list[Any] = [Write(intent, by)]
        for state in states:
            last = why if why and state is states[-1] else WHYS.get(state, "moved")
            sent = {"attempts": intent.attempts + 1, "sent_ms": now_ms}
            moved = intent.moved(state, now_ms, last, **(sent if state is State.SENT else {}))
            steps.append(Change(moved, intent.state, by))
            intent = moved
        steps.append(Claim(intent.intent_id, by, date_ms, date_ms + int(owned_s * 1000)))
        for outcome in self.store.apply(steps, durable=True):
            assert isinstance(outcome, Intent), outcome
        return intent


class OrderHouse(House):
    """A house whose gear has a desk of binance, which asks nobody; a context manager."""

    def __init__(self, folder: Path) -> None:
        super().__init__("memory", folder)
        self._api = BinanceApi(self.gear, key="practice", secret="practice", base_url=NOWHERE)
        self.begin_anew()

    def begin_anew(self) -> None:
        """Another journal, in which nothing was written down, and an empty log."""
        self.store = MemoryStore()
        self.book = Book(self.store, self.clock)
        emit, committer = self.gear.hub.emit, InlineCommitter(self.store)
        self.journal = Journal(self.store, self.clock, emit, committer=committer, who=WHO)
        self.desk = JournalDesk(self._api, self.journal)
        self.gear.desks[:] = [self.desk]
        self.gear.clear_logs()

    def asked_after(self, intent: Intent) -> None:
        """Have the desk's reconciler ask after an order."""
        ways = ways_of("binance", 5.0)
        sent_s = self.clock.monotonic_s()
        errand = Errand(self.journal, self.desk.access, ways, intent, sent_s=sent_s)
        self.desk.reconciler.hand_over(errand)


def stray(name: str = "sg-feedfeed", order_id: str = "8817260001") -> Order:
    """An order at the exchange that no journal has."""
    return Order(
        exchange="binance",
        symbol="ETH/USDT",
        order_id=order_id,
        client_order_id=name,
        side=Side.SELL,
        type=OrderType.LIMIT,
        status=OrderStatus.PARTIALLY_FILLED,
        quantity=Decimal("1.00"),
        filled=Decimal("0.25"),
        price=Decimal("3120.5"),
        average_price=None,
        created_at=None,
    )
