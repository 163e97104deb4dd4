"""What an agent may order: each limit refuses before anything is written, and says what it refuses."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from switchgear.exchange import Side
from switchgear.exchange.model import FieldError
from switchgear.order import OrderLimits
from tests.order.bench import Bench


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
