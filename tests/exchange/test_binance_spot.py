"""Proves what is Binance's alone: Ed25519 keys, days of executions, linked orders, its window, over real sockets."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal, Inexact, localcontext
from typing import TYPE_CHECKING, Any

import pytest

import switchgear as sg
from switchgear.exchange import (
    BinanceApi,
    FieldError,
    OrderStatus,
)
from tests.exchange.fuzz_server import Feeder, answered
from tests.exchange.kit import (
    BTC,
    MARKET,
    RESTING,
    answer_bytes,
    asked,
    odd_server,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

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


class Spot:
    """Binance with one pair that is listed and one that is halted, and an open order in each."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.is_down = False
        """Whether the pairs cannot be told."""

    async def answer(self, request: bytes) -> bytes:
        """What it says."""
        verb, target, *_ = request.decode().split(" ", 2)
        path, _, query = target.partition("?")
        self.lines.append(f"{verb} {path} {query.partition('&recvWindow')[0]}")
        told: Any = [_open("BTCUSDT", 1), _open("BTCMXN", 2)]
        match verb, path.rpartition("/")[2]:
            case _, "time":
                told = {"serverTime": 1_767_225_600_000}
            case _, "exchangeInfo" if self.is_down:
                return answered(b"{}", status=b"503 Service Unavailable")
            case _, "exchangeInfo":
                told = {"symbols": [_pair("BTC", "USDT")]}
                if "BTCMXN" in query:
                    told = {"symbols": [_pair("BTC", "MXN", status="BREAK")]}
            case "DELETE", _:
                told = told[:1] if "BTCUSDT" in query else told[1:]
            case _:
                pass
        return answered(json.dumps(told).encode())


def _pair(base: str, quote: str, **more: Any) -> dict[str, Any]:
    names = {"symbol": base + quote, "baseAsset": base, "quoteAsset": quote}
    return {**names, "status": "TRADING", "filters": [], **more}


def _open(symbol: str, order_id: int) -> dict[str, Any]:
    words = {"side": "BUY", "type": "LIMIT", "status": "NEW", "time": 1}
    amounts = {"price": "1", "origQty": "1", "executedQty": "0", "cummulativeQuoteQty": "0"}
    return {"symbol": symbol, "orderId": order_id, "clientOrderId": "a", **words, **amounts}


@pytest.fixture
async def spot() -> Spot:
    """What Binance says."""
    return Spot()


@pytest.fixture
async def small(gear: sg.Switchgear, spot: Spot) -> AsyncIterator[BinanceApi]:
    """A client of it."""
    async with (
        Feeder(spot.answer) as feeder,
        BinanceApi(gear, key="practice-key", secret="practice-secret", base_url=feeder.url) as made,
    ):
        yield made


async def test_open_orders_have_the_names_of_halted_pairs_too(small: BinanceApi) -> None:
    """Two who ask at once both get every order, under the name that Binance gives its pair."""
    found = await asyncio.gather(small.get_open_orders(), small.get_open_orders())
    assert [[order.symbol for order in orders] for orders in found] == [[BTC, "BTC/MXN"]] * 2


async def test_open_orders_are_told_while_pairs_cannot_be(small: BinanceApi, spot: Spot) -> None:
    """A name that nobody can tell is guessed in Binance's own letters."""
    spot.is_down = True
    orders = await small.get_open_orders()
    assert [(order.symbol, order.order_id) for order in orders] == [(BTC, "1"), ("BTC/MXN", "2")]


async def test_all_orders_are_cancelled_without_asking_for_names(
    small: BinanceApi, spot: Spot
) -> None:
    """Each pair is cancelled as Binance spells it: its list of pairs is not needed for that."""
    spot.is_down = True
    assert (await small.cancel_all()).accepted == ("2", "1")
    cancels = [line for line in spot.lines if line.startswith("DELETE")]
    path = "DELETE /api/v3/openOrders symbol="
    assert cancels == [f"{path}BTCMXN", f"{path}BTCUSDT"]
    assert not [line for line in spot.lines if "exchangeInfo" in line]


async def test_a_pair_split_in_the_wrong_place_is_refused(api: BinanceApi, sim: Sim) -> None:
    """BT/CUSDT has the letters of BTC/USDT and would trade it: nothing is sent, and the pair is named."""
    wrong = replace(MARKET, symbol="BT/CUSDT")
    with pytest.raises(FieldError, match=r"did you mean BTC/USDT\?"):
        await api.create_order(wrong)
    assert sim.state()["orders"] == []
    for call in (api.get_symbol, api.get_market_price, api.get_order_book, api.get_trades):
        with pytest.raises(FieldError, match=r"did you mean BTC/USDT\?"):
            await call("BT/CUSDT")
    with pytest.raises(FieldError, match=r"did you mean BTC/USDT\?"):
        await api.get_market_prices([BTC, "BT/CUSDT"])


async def test_two_names_of_one_pair_are_not_two_prices(api: BinanceApi) -> None:
    """While the pairs are not known, it is the field that is named and not the answer that is blamed."""
    with pytest.raises(FieldError, match="is the same to binance as BTC/USDT"):
        await api.get_market_prices([BTC, "BT/CUSDT"])


async def test_zeros_that_say_nothing_do_not_have_an_order_refused(api: BinanceApi) -> None:
    """What the check lets through, the exchange takes."""
    quantity, price = Decimal("0.01000000000000"), Decimal("10000.000000000000")
    order = await api.create_order(replace(RESTING, quantity=quantity, price=price))
    assert (order.quantity, order.price) == (Decimal("0.01"), Decimal(10000))


async def test_a_filled_order_is_read_in_any_decimal_context(gear: sg.Switchgear) -> None:
    """10/3 is an average price, in a program that traps rounding as in one that keeps six digits."""
    filled = {"type": "MARKET", "status": "FILLED", "cummulativeQuoteQty": "10"}
    told = _open("BTCUSDT", 7) | filled | {"origQty": "3", "executedQty": "3"}
    async with (
        odd_server(answer_bytes(json.dumps(told).encode())) as url,
        BinanceApi(gear, key="practice-key", secret="practice-secret", base_url=url) as api,
    ):
        with localcontext() as context:
            context.prec = 6
            context.traps[Inexact] = True
            order = await api.get_order(BTC, order_id="7")
    assert f"{order.average_price:.12f}" == "3.333333333333"
