"""What an agent may order: each limit refuses before anything is written, and says what it refuses."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from switchgear.core.errors import JournalUnavailable
from switchgear.exchange import OrderRequest, OrderType, Side
from switchgear.exchange.model import FieldError
from switchgear.observe.store.errors import StoreError
from switchgear.order import Journal, JournalDesk, MemoryStore, OrderLimits
from switchgear.order.intent import State
from switchgear.order.journal import InlineCommitter
from switchgear.order.store import Write
from tests.order.bench import Bench
from tests.order.net import Cell, Fate
from tests.order.stores import BY, intent

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from switchgear.order import IntentQuery
    from switchgear.order.intent import Intent
    from switchgear.order.store import Outcome, Step

ONE_OPEN = OrderLimits(open_orders_max=1)
WORTHS = [
    OrderLimits(notional_max=Decimal(1_000)),
    OrderLimits(notional_day_max=Decimal(1_000)),
]


@pytest.mark.parametrize(
    ("limits", "field"),
    [
        (OrderLimits(notional_max=Decimal(10)), "notional"),
        (OrderLimits(notional_day_max=Decimal(10)), "notional of today"),
        (OrderLimits(symbols=frozenset({"ETH/USDT"})), "symbol"),
        (OrderLimits(sides=frozenset({Side.SELL})), "side"),
        (OrderLimits(price_away_max_percent=Decimal(5)), "price"),
    ],
)
def test_a_limit_refuses_before_anything_is_written(limits: OrderLimits, field: str) -> None:
    """The error names the field, its value and what is allowed."""
    with Bench(limits=limits) as bench:
        with pytest.raises(FieldError) as caught:
            bench.submit(bench.limit("30000"))
        assert caught.value.field == field
        assert bench.intents == []


def test_a_market_order_is_weighed_by_the_last_price() -> None:
    """0.001 of some 60,000."""
    with Bench(limits=OrderLimits(notional_max=Decimal(100))) as bench:
        bench.submit(bench.market())
        with pytest.raises(FieldError, match="notional"):
            bench.submit(bench.market("0.01"))


@pytest.mark.parametrize("limits", WORTHS)
@pytest.mark.parametrize("stop", [None, "20000"])
def test_a_sale_is_weighed_by_the_last_price_where_its_own_is_lower(
    limits: OrderLimits, stop: str | None
) -> None:
    """Its own price is only a floor: 0.5 at 100 is booked at some 60,000 all the same."""
    with Bench(limits=limits) as bench:
        kind = OrderType.LIMIT if stop is None else OrderType.STOP_LIMIT
        more: dict[str, Any] = {} if stop is None else {"stop_price": Decimal(stop)}
        low = OrderRequest(bench.symbol, Side.SELL, kind, Decimal("0.5"), Decimal(100), **more)
        with pytest.raises(FieldError, match="notional"):
            bench.submit(low)
        assert bench.intents == []


def test_a_sale_is_weighed_by_its_own_price_where_that_is_higher() -> None:
    """It is not booked under it; and what was noted for the day is just that."""
    with Bench(limits=OrderLimits(notional_max=Decimal(100))) as bench:
        quantity, price = Decimal("0.001"), Decimal(90_000)
        bench.submit(OrderRequest(bench.symbol, Side.SELL, OrderType.LIMIT, quantity, price))
        assert [each.notional for each in bench.intents] == ["90.000"]
        with pytest.raises(FieldError, match="notional='101"):
            bench.submit(
                OrderRequest(bench.symbol, Side.SELL, OrderType.LIMIT, quantity, Decimal(101_000))
            )


def test_a_purchase_under_a_price_is_weighed_by_that_alone() -> None:
    """It cannot cost more, and no price is asked for: the market may be out of reach."""
    with Bench(limits=OrderLimits(notional_max=Decimal(40))) as bench:
        bench.gear.hold("binance", "get_market_price", state="open", by="ops", why="a", for_s=None)
        bench.submit(bench.limit("30000"))
        assert [each.notional for each in bench.intents] == ["30.000"]


def test_a_desk_without_limits_fills_the_day_of_one_that_has_them() -> None:
    """What an order itself tells of its worth is kept; what only the market could tell is not asked for."""
    with Bench("alpaca", limits=OrderLimits(notional_day_max=Decimal(80))) as bench:
        bench.limits = None
        free = bench.program("two")[2]
        bench.run(free.submit(bench.limit("30000")))
        bench.run(free.submit(bench.market()))
        amount: dict[str, Any] = {"quote_quantity": Decimal(25)}
        bench.run(
            free.submit(OrderRequest(bench.symbol, Side.BUY, OrderType.MARKET, None, **amount))
        )
        assert {each.notional for each in bench.intents} == {"30.000", None, "25"}
        with pytest.raises(FieldError, match="notional of today='85"):
            bench.submit(bench.limit("30000"))


def test_the_day_adds_up_and_ends() -> None:
    """What was refused does not count; at midnight in UTC it begins anew."""
    with Bench(limits=OrderLimits(notional_day_max=Decimal(70))) as bench:
        bench.submit(bench.limit("30000"))
        bench.submit(bench.limit("30000"))
        with pytest.raises(FieldError, match="notional of today='90"):
            bench.submit(bench.limit("30000"))
        bench.clock.advance(86_400)
        bench.submit(bench.limit("30000"))


def test_two_orders_at_once_do_not_both_fit_under_a_limit() -> None:
    """They are weighed one after the other."""
    with Bench(limits=OrderLimits(notional_day_max=Decimal(40))) as bench:

        async def both() -> list[Any]:
            calls = [bench.desk.submit(bench.limit("30000")) for _ in range(2)]
            return await asyncio.gather(*calls, return_exceptions=True)

        found = bench.run(both())
        assert sorted(type(each).__name__ for each in found) == ["FieldError", "Order"]


def test_open_orders_are_counted_where_they_stand() -> None:
    """At the exchange."""
    with Bench(limits=OrderLimits(open_orders_max=1)) as bench:
        bench.submit(bench.limit("30000"))
        with pytest.raises(FieldError, match="open orders"):
            bench.submit(bench.limit("30000"))
        bench.submit(bench.market())


def test_orders_at_once_do_not_share_the_last_place() -> None:
    """An order that is under way, and not at the exchange yet, has its place already."""
    with Bench(limits=OrderLimits(open_orders_max=2)) as bench:
        slow, unseen = Fate(Cell.SLOW, delay_s=1), Fate(Cell.UNSEEN, unseen_s=5)
        bench.net.fate_of = lambda call: slow if call.endpoint == "order.create" else unseen

        async def all_at_once() -> list[Any]:
            calls = [bench.desk.submit(bench.limit("30000")) for _ in range(4)]
            return await asyncio.gather(*calls, return_exceptions=True)

        found = bench.run(all_at_once())
        kinds = sorted(type(each).__name__ for each in found)
        assert kinds == ["FieldError", "FieldError", "Order", "Order"]
        assert len(bench.booked) == 2


@pytest.mark.parametrize("state", [State.NEW, State.SENT, State.UNKNOWN])
def test_what_may_be_booked_has_a_place(state: State) -> None:
    """An intent of the account whose outcome is open counts, whoever wrote it; another account's does not."""
    with Bench(limits=ONE_OPEN) as bench:
        bench.store.apply([Write(replace(intent(1), account="second"), BY)], durable=True)
        doubtful = replace(intent(2), state=state)
        bench.store.apply([Write(doubtful, BY)], durable=True)
        with pytest.raises(FieldError, match="open orders='2'"):
            bench.submit(bench.limit("30000"))


def test_an_order_at_the_exchange_counts_once() -> None:
    """Though the journal does not know yet that it is booked."""
    with Bench(limits=OrderLimits(open_orders_max=2)) as bench:
        order = bench.submit(bench.limit("30000"))
        (kept,) = bench.intents
        bench.store._intents[kept.intent_id] = replace(kept, state=State.SENT)
        bench.submit(bench.limit("30000"))
        with pytest.raises(FieldError, match="open orders='3'"):
            bench.submit(bench.limit("30000"))
        assert order.client_order_id == kept.client_order_id


class LateCommitter(InlineCommitter):
    """Carries out what nobody waits for when the next step comes that is waited for, as a busy thread does."""

    def __init__(self, store: MemoryStore) -> None:
        super().__init__(store)
        self._late: list[tuple[Any, Any]] = []

    def post(
        self, steps: Sequence[Step], told: Callable[[list[Outcome] | Exception], object]
    ) -> None:
        """Later."""
        self._late.append((steps, told))

    async def commit(self, steps: Sequence[Step], *, durable: bool) -> list[Outcome]:
        """All that came before, and then this."""
        late, self._late = self._late, []
        for each in late:
            super().post(*each)
        return await super().commit(steps, durable=durable)


def late_desk(bench: Bench, store: MemoryStore) -> JournalDesk:
    """A desk whose journal lags behind what it was told."""
    journal = Journal(store, bench.clock, bench.gear.hub.emit, committer=LateCommitter(store))
    return JournalDesk(bench.api, journal, limits=ONE_OPEN)


def test_an_order_that_is_done_frees_its_place_at_once() -> None:
    """What the journal was told of it, and has not carried out yet, is waited for."""
    with Bench() as bench:
        desk = late_desk(bench, MemoryStore())
        first = bench.run(desk.submit(bench.limit("30000")))
        bench.run(bench.api.cancel_order(bench.symbol, order_id=first.order_id))
        bench.run(desk.submit(bench.limit("30000")))
        assert len(bench.booked) == 2


class Unreadable(MemoryStore):
    """A store that cannot be read now."""

    def query(self, query: IntentQuery) -> list[Intent]:
        """Never."""
        raise StoreError(f"no answer to {query.account}")


def test_a_journal_that_cannot_be_asked_lets_nothing_pass() -> None:
    """It is told as the journal's, and nothing was written or sent."""
    with Bench() as bench:
        store = Unreadable()
        desk = late_desk(bench, store)
        with pytest.raises(JournalUnavailable, match="under way could not be asked for"):
            bench.run(desk.submit(bench.limit("30000"), idempotency_key="k"))
        assert (store._intents, bench.booked) == ({}, {})


def test_a_limit_is_named_though_the_journal_cannot_be_read() -> None:
    """Whether it is a replay nobody can tell, which is noted; nothing was written or sent."""
    store = Unreadable()
    with Bench(limits=OrderLimits(symbols=frozenset({"ETH/USDT"})), store=store) as bench:
        with pytest.raises(FieldError, match="symbol='BTC/USDT'") as caught:
            bench.submit(bench.limit("30000"), idempotency_key="k")
        assert "no answer to main" in caught.value.__notes__[0]
        assert (store._intents, bench.booked) == ({}, {})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("notional_max", Decimal(0)),
        ("notional_day_max", 5.0),
        ("open_orders_max", 0),
        ("open_orders_max", True),
        ("price_away_max_percent", Decimal("NaN")),
        ("symbols", frozenset({"btc"})),
    ],
)
def test_a_limit_that_cannot_be(field: str, value: Any) -> None:
    """Named at once."""
    wrong: dict[str, Any] = {field: value}
    with pytest.raises(FieldError):
        OrderLimits(**wrong)
