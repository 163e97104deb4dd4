"""Proves what is Binance's alone: Ed25519 keys, days of executions, linked orders, its window, over real sockets."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

import switchgear as sg
from switchgear.exchange import (
    BinanceApi,
    FieldError,
    OrderStatus,
)
from tests.exchange.kit import (
    BTC,
    MARKET,
    RESTING,
    answer_bytes,
    asked,
    odd_server,
)

if TYPE_CHECKING:
    from switchgear.practice.sim.server import Sim
    from switchgear.testing import FakeClock

pytestmark = pytest.mark.anyio


async def test_an_ed25519_key_signs_too(gear: sg.Switchgear, sim: Sim) -> None:
    """A private key in PEM signs reads, orders and cancels as an HMAC secret does."""
    key, secret = sim.credentials["ed25519_key"], sim.credentials["ed25519_secret"]
    async with BinanceApi(gear, key=key, secret=secret, base_url=sim.base_url) as api:
        order = await api.create_order(RESTING)
        assert (await api.get_order(BTC, order_id=order.order_id)).order_id == order.order_id
        await api.cancel_order(BTC, order_id=order.order_id)
        assert await api.get_account_balance()
    assert secret.splitlines()[1] not in repr(gear.logs())


async def test_executions_are_asked_for_day_by_day(
    api: BinanceApi, clock: FakeClock, sim: Sim
) -> None:
    """Those of several days come whole and in order; further back than a month is refused here."""
    since = clock.wall()
    first = await api.create_order(MARKET)
    clock.advance(3 * 86_400)
    second = await api.create_order(MARKET)
    trades = await api.get_trades(BTC, since=since)
    assert [trade.order_id for trade in trades] == [first.order_id, second.order_id]
    assert asked(sim, "trades.list") == 4
    with pytest.raises(FieldError, match="31 days"):
        await api.get_trades(BTC, since=since - timedelta(days=40))


@pytest.mark.parametrize("window", [0, 60_001, 1.5, True])
def test_a_window_that_cannot_be_is_named(gear: sg.Switchgear, window: Any) -> None:
    """RecvWindow is 1 to 60,000 ms."""
    with pytest.raises(FieldError, match="recv_window_ms"):
        BinanceApi(gear, recv_window_ms=window)


async def test_linked_orders_are_cancelled_with_the_others(gear: sg.Switchgear) -> None:
    """Orders that somebody placed as a list are told in a list of reports; each of them is in the report."""
    order = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "status": "CANCELED"}
    order |= {"price": "1", "origQty": "1", "executedQty": "0", "cummulativeQuoteQty": "0"}
    reports = [{**order, "orderId": each, "clientOrderId": f"a{each}"} for each in (8, 9)]
    told = [{**order, "orderId": 7, "clientOrderId": "a"}]
    told += [{"symbol": "BTCUSDT", "orderListId": 5, "orderReports": reports}]
    async with (
        odd_server(answer_bytes(json.dumps(told).encode())) as url,
        BinanceApi(gear, key="practice-key", secret="practice-secret", base_url=url) as api,
    ):
        assert (await api.cancel_all(BTC)).accepted == ("7", "8", "9")


async def test_a_page_of_a_proxy_does_not_say_that_a_pair_is_not_traded(
    api: BinanceApi, sim: Sim
) -> None:
    """The rules could not be had, so the exchange itself checks the order."""
    sim.add_faults({"match": "exchange_info", "action": "html", "status": 404})
    assert (await api.create_order(MARKET)).status is OrderStatus.FILLED


async def test_a_book_is_as_deep_as_asked(gear: sg.Switchgear) -> None:
    """What an exchange gives beyond that is left out."""
    lines = {"bids": [["3", "1"], ["2", "1"], ["1", "1"]], "asks": [["4", "1"], ["5", "1"]]}
    async with (
        odd_server(answer_bytes(json.dumps(lines).encode())) as url,
        BinanceApi(gear, base_url=url) as api,
    ):
        book = await api.get_order_book(BTC, 1)
    assert book.bids == ((Decimal(3), Decimal(1)),)
    assert book.asks == ((Decimal(4), Decimal(1)),)
