"""Proves that an order is checked by the rules that its pair has, in full digits, and by no others."""

from __future__ import annotations

from decimal import Decimal, Inexact, localcontext
from typing import Any

import msgspec
import pytest

from switchgear.exchange import FieldError, OrderRequest, OrderType, Side, SymbolInfo
from switchgear.exchange.binance_rules import InfoAnswer, symbol_of

BTC = "BTC/USDT"
FILTER: dict[str, Any] = {
    "filterType": "NOTIONAL",
    "minNotional": "10.00000000",
    "applyMinToMarket": False,
    "maxNotional": "10000.00000000",
    "applyMaxToMarket": False,
    "avgPriceMins": 5,
}
"""As Binance documents it."""
MARKET_LOT: dict[str, Any] = {
    "filterType": "MARKET_LOT_SIZE",
    "minQty": "0.00100000",
    "maxQty": "100.00000000",
    "stepSize": "0.00100000",
}


def told(*filters: dict[str, Any], **more: Any) -> SymbolInfo:
    """The rules of a pair that Binance tells with these filters."""
    pair = {"symbol": "BTCUSDT", "status": "TRADING", "baseAsset": "BTC", "quoteAsset": "USDT"}
    answer = msgspec.json.encode({"symbols": [pair | {"filters": filters} | more]})
    return symbol_of(msgspec.json.decode(answer, type=InfoAnswer).symbols[0])


def limit(quantity: str, price: str) -> OrderRequest:
    """A purchase at a limit."""
    return OrderRequest(BTC, Side.BUY, OrderType.LIMIT, Decimal(quantity), price=Decimal(price))


def market(quantity: str) -> OrderRequest:
    """A purchase of so much."""
    return OrderRequest(BTC, Side.BUY, OrderType.MARKET, Decimal(quantity))


def spending(amount: str) -> OrderRequest:
    """A purchase for so much."""
    return OrderRequest(BTC, Side.BUY, OrderType.MARKET, quote_quantity=Decimal(amount))


@pytest.mark.parametrize("amount", ["5", "20000"])
def test_a_value_that_is_no_rule_for_market_orders_is_none(amount: str) -> None:
    """Binance's own example leaves market orders out, at both ends."""
    told(FILTER).check(spending(amount))


@pytest.mark.parametrize(
    ("rule", "amount"),
    [
        (FILTER | {"applyMinToMarket": True}, "5"),
        (FILTER | {"applyMaxToMarket": True}, "20000"),
        ({"filterType": "MIN_NOTIONAL", "minNotional": "10", "applyToMarket": True}, "5"),
    ],
)
def test_a_value_that_is_a_rule_for_market_orders_is_kept(
    rule: dict[str, Any], amount: str
) -> None:
    """Each end by its own word."""
    with pytest.raises(FieldError, match="quote_quantity"):
        told(rule).check(spending(amount))


@pytest.mark.parametrize(("quantity", "fits"), [("0.0999", False), ("0.1", True), ("101", False)])
def test_the_value_of_a_limit_order_is_always_one(quantity: str, *, fits: bool) -> None:
    """Whatever is said of market orders."""
    order = limit(quantity, "100")
    if fits:
        told(FILTER).check(order)
        return
    with pytest.raises(FieldError, match="price times quantity"):
        told(FILTER).check(order)


@pytest.mark.parametrize("quantity", ["0.0005", "100.001", "0.0015"])
def test_a_market_order_has_a_lot_of_its_own(quantity: str) -> None:
    """Too little, too much, or between two steps; a limit order may be so."""
    with pytest.raises(FieldError, match="quantity"):
        told(MARKET_LOT).check(market(quantity))
    told(MARKET_LOT).check(limit(quantity, "100"))
    told(MARKET_LOT).check(market("0.002"))


def test_a_rule_that_is_off_is_none() -> None:
    """A 0 in a filter says so."""
    off = {"filterType": "MARKET_LOT_SIZE", "minQty": "0.0", "maxQty": "0.0", "stepSize": "0.0"}
    told(off).check(market("0.0000001"))


def test_a_kind_of_order_that_a_pair_does_not_take_is_refused() -> None:
    """By type, and by what a market order names."""
    with pytest.raises(FieldError, match=r"type='market': .* takes limit"):
        told(orderTypes=["LIMIT", "LIMIT_MAKER"]).check(market("1"))
    with pytest.raises(FieldError, match="quote_quantity"):
        told(quoteOrderQtyMarketAllowed=False).check(spending("50"))
    told(orderTypes=["LIMIT", "MARKET"], quoteOrderQtyMarketAllowed=True).check(spending("50"))


def test_a_value_is_reckoned_in_full_digits() -> None:
    """9.99999 is less than 10 in a program that rounds to four digits, or that traps rounding."""
    with localcontext() as context:
        context.prec = 4
        with pytest.raises(FieldError, match=r"9\.99999"):
            told(FILTER).check(limit("0.0001", "99999.9"))
        context.traps[Inexact] = True
        told(FILTER).check(limit("1.23456789", "100.123456789"))
