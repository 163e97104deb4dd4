"""Owns how the stores' tests open a journal, look into it from outside, and make what is kept in it."""

from __future__ import annotations

import sqlite3
from contextlib import closing, contextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from switchgear.exchange.model import OrderRequest, OrderType, Side, TimeInForce
from switchgear.order.intent import Intent, State
from switchgear.order.sql_store import SqlStore
from switchgear.order.store import Write

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from types import TracebackType

    from switchgear.order.store import IntentStore
    from tests.order.postgres import Postgres

BY = "test:1"


class Place:
    """A SQLite file or a PostgreSQL schema, opened any number of times; all are closed in the end."""

    def __init__(self, where: Path | str, server: Postgres | None = None) -> None:
        self.where = where
        self._server = server
        self._opened: list[SqlStore] = []

    def open(self, **settings: Any) -> SqlStore:
        """A further store on it, as another process would have it."""
        self._opened.append(SqlStore(self.where, **settings))
        return self._opened[-1]

    def ask(self, sql: str) -> Sequence[Sequence[object]]:
        """What the database itself answers to one statement."""
        if self._server is not None:
            return self._server.ask(str(self.where), sql)
        with closing(sqlite3.connect(self.where, isolation_level=None)) as raw:
            return raw.execute(sql).fetchall()

    @contextmanager
    def halfway(self, sql: str) -> Generator[None]:
        """Another process in the middle of a transaction, in which it has said this much."""
        if self._server is not None:
            with self._server.halfway(str(self.where), sql):
                yield
            return
        with closing(sqlite3.connect(self.where, isolation_level=None)) as raw:
            raw.execute("begin immediate")
            raw.execute(sql)
            yield
            raw.rollback()

    def close(self) -> None:
        """Close every store that was opened."""
        for store in self._opened:
            store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()


def request(name: str = "c1", **more: Any) -> OrderRequest:
    """A limit order, under a client order id."""
    usual: dict[str, Any] = {
        "symbol": "BTC/USDT",
        "side": Side.BUY,
        "type": OrderType.LIMIT,
        "quantity": Decimal("0.10"),
        "price": Decimal(100),
    }
    return OrderRequest(client_order_id=name, **(usual | more))


def intent(number: int = 1, **more: Any) -> Intent:
    """An intent like any other but for its number, which is in its ids and its date."""
    asked = more.pop("request", None) or request(f"c{number}")
    made = Intent(f"i{number}", "binance", "main", asked, created_ms=1_000 + number)
    return replace(made, **more)


def wrote(store: IntentStore, *intents: Intent) -> list[Intent]:
    """The intents as they are kept, after a batch that writes them."""
    outcomes = store.apply([Write(each, BY) for each in intents], durable=True)
    kept = [each for each in outcomes if isinstance(each, Intent)]
    assert len(kept) == len(outcomes), outcomes
    return kept


FULL = Intent(
    intent_id="intent-é-1",
    exchange="binance",
    account="main",
    request=OrderRequest(
        symbol="BTC/USDT",
        side=Side.SELL,
        type=OrderType.STOP_LIMIT,
        quantity=Decimal("0.10"),
        price=Decimal("99.990"),
        time_in_force=TimeInForce.IOC,
        client_order_id="name-1",
        stop_price=Decimal("1E+2"),
    ),
    created_ms=1_700_000_000_001,
    state=State.SENT,
    version=3,
    idempotency_key="key ☂",
    changed_ms=1_700_000_000_002,
    sent_ms=1_700_000_000_003,
    attempts=2,
    notional="9.99900",
    order_id="0815",
    why="it was\nsent 'again'; \N{FACE WITH TEARS OF JOY}",
    owner="host:1",
    owned_until_ms=1_700_000_000_004,
)
"""No field is what it is by default."""
REQUESTS = {
    "stop-limit": FULL.request,
    "market, by what it spends": OrderRequest(
        "BTC/USDT",
        Side.BUY,
        OrderType.MARKET,
        client_order_id="c",
        quote_quantity=Decimal("100.00"),
    ),
    "market": OrderRequest(
        "AAPL/USD", Side.BUY, OrderType.MARKET, quantity=Decimal(1), client_order_id="c"
    ),
    "post-only": request("c", post_only=True, time_in_force=TimeInForce.DAY),
    "smallest": request("c", quantity=Decimal("0.000000000000000001")),
    "largest": request("c", quantity=Decimal("99999999999999999999.000000000000000001")),
    "an exponent": request("c", quantity=Decimal("1E+3"), price=Decimal("1E-8")),
    "without a name": replace(request(), client_order_id=None),
}
