"""Tests orders that buy for an amount of the quote asset: an exchange tells what quantity that came to."""

from __future__ import annotations

from decimal import Decimal

import pytest

from switchgear.exchange import OrderRequest, OrderType, Side
from tests.order.bench import Bench
from tests.order.net import Cell, Fate, executions_per_client_id
from tests.order.world import APIS

AMOUNT = Decimal(25)


@pytest.mark.parametrize("venue", APIS)
@pytest.mark.parametrize("cell", [Cell.FINE, Cell.LOST_ANSWER_RESET, Cell.GATEWAY_BOOKED])
def test_it_is_booked_once_and_told_as_booked(venue: str, cell: Cell) -> None:
    """Answered, or lost and found: the order is the one that was asked for, though its quantity was not."""
    with Bench(venue) as bench:
        bench.fates = [Fate(cell)]
        request = OrderRequest(
            bench.symbol, Side.BUY, OrderType.MARKET, None, quote_quantity=AMOUNT
        )
        order = bench.submit(request, idempotency_key="for 25")
        assert order.filled > 0
        assert bench.submit(request, idempotency_key="for 25").order_id == order.order_id
        assert list(executions_per_client_id(bench.practice).values()) == [1]
