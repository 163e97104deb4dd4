"""Proves that an order that cannot be is refused where it is written down, with the field's name."""

from __future__ import annotations

from decimal import Decimal, Inexact, Rounded, localcontext
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchgear.core.errors import SettingsError
from switchgear.exchange import (
    FieldError,
    OrderRequest,
    OrderStatus,
    OrderType,
    Side,
    TimeInForce,
)
from switchgear.exchange.believed import ratio, times
from switchgear.exchange.binance_answers import (
    AccountAnswer,
    HeldAnswer,
    TickerAnswer,
    balances_of,
    order_params,
    portfolio_of,
)
from switchgear.exchange.holdings import Balance, valued
from switchgear.exchange.model import plain

GOOD: dict[str, Any] = {
    "symbol": "BTC/USDT",
    "side": Side.BUY,
    "type": OrderType.LIMIT,
    "quantity": Decimal("0.5"),
    "price": Decimal(100),
}


def order(**changes: Any) -> OrderRequest:
    """A good limit order, but for these fields."""
    return OrderRequest(**(GOOD | changes))


@pytest.mark.parametrize(
    ("field", "value", "allowed"),
    [
        ("quantity", 0.5, "must be a Decimal, such as"),
        ("quantity", 1, "must be a Decimal"),
        ("quantity", "0.5", "must be a Decimal"),
        ("quantity", True, "must be a Decimal"),
        ("quantity", None, "must be a Decimal"),
        ("quantity", Decimal(0), "above 0"),
        ("quantity", Decimal(-1), "above 0"),
        ("quantity", Decimal("NaN"), "finite"),
        ("quantity", Decimal("sNaN"), "finite"),
        ("quantity", Decimal("Infinity"), "finite"),
        ("quantity", Decimal("1E+20"), "at most 20 whole digits"),
        ("quantity", Decimal("1E+999999"), "at most 20 whole digits"),
        ("quantity", Decimal("1E-19"), "18 places"),
        ("price", 100.0, "must be a Decimal"),
        ("price", None, "must be a Decimal"),
        ("price", Decimal(-5), "above 0"),
        ("side", "hold", "buy, sell"),
        ("side", None, "buy, sell"),
        ("type", "stop", "market, limit, stop_limit"),
        ("type", OrderType.OTHER, "market, limit or stop_limit"),
        ("symbol", "BTCUSDT", "BTC/USDT"),
        ("symbol", "btc/usdt", "BTC/USDT"),
        ("symbol", "BTC/USDT\n", "BTC/USDT"),
        ("symbol", "B" * 21 + "/USDT", "BTC/USDT"),
        ("symbol", None, "BTC/USDT"),
        ("time_in_force", "WEEK", "GTC, IOC, FOK, DAY"),
        ("client_order_id", "", "1 to 36"),
        ("client_order_id", "a" * 37, "1 to 36"),
        ("client_order_id", "a b", "1 to 36"),
        ("client_order_id", "é", "1 to 36"),
        ("client_order_id", 7, "1 to 36"),
    ],
)
def test_a_field_that_cannot_be_is_named(field: str, value: Any, allowed: str) -> None:
    """The error names the field and what is allowed, and is a ValueError too."""
    with pytest.raises(FieldError) as caught:
        order(**{field: value})
    assert caught.value.field == field
    assert allowed in str(caught.value)
    assert isinstance(caught.value, SettingsError)
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize(
    ("more", "field"),
    [({"price": Decimal(1)}, "price"), ({"price": None, "time_in_force": "IOC"}, "time_in_force")],
)
def test_a_market_order_has_neither_price_nor_time(more: dict[str, Any], field: str) -> None:
    """What a market order would ignore is refused."""
    with pytest.raises(FieldError) as caught:
        order(type="market", **more)
    assert caught.value.field == field


def test_words_become_their_enums() -> None:
    """Plain words are taken, and read back as enums."""
    request = order(side="sell", type="limit", time_in_force="IOC")
    assert (request.side, request.type, request.time_in_force) == (
        Side.SELL,
        OrderType.LIMIT,
        TimeInForce.IOC,
    )
    assert isinstance(request.side, Side)


@given(
    st.decimals(min_value=Decimal("1E-18"), max_value=Decimal("1E+19"), allow_nan=False, places=18)
)
def test_an_amount_is_written_in_plain_digits(quantity: Decimal) -> None:
    """What is sent has no exponent, and is the very number that was asked for."""
    sent = order_params(order(quantity=quantity))["quantity"]
    assert sent.replace(".", "").isdigit()
    assert Decimal(sent) == quantity


def test_zeros_that_say_nothing_are_not_sent() -> None:
    """An exchange counts them as digits, and refuses an amount with more than it has places for."""
    amounts = {"quantity": Decimal("0.01000000000000"), "price": Decimal("30000.0000000000")}
    stop = {"type": "stop_limit", "stop_price": Decimal("30010.0000000000")}
    sent = order_params(order(**amounts, **stop))
    assert (sent["quantity"], sent["price"], sent["stopPrice"]) == ("0.01", "30000", "30010")
    spent = {"quantity": None, "price": None, "quote_quantity": Decimal("50.00")}
    assert order_params(order(type="market", **spent))["quoteOrderQty"] == "50"


def test_zeros_that_say_nothing_are_no_places() -> None:
    """An amount is as long as it is when it is written down."""
    quantity = Decimal("0.5" + "0" * 30)
    assert order_params(order(quantity=quantity))["quantity"] == "0.5"


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("0", "0"),
        ("100", "100"),
        ("1E+5", "100000"),
        ("0.0100", "0.01"),
        ("1E-18", "0.000000000000000001"),
        ("12345678901234567890.123456789012345678", "12345678901234567890.123456789012345678"),
    ],
)
def test_plain_digits_are_exact_in_any_decimal_context(amount: str, text: str) -> None:
    """Neither the precision of the program nor its traps reach what is sent."""
    with localcontext() as context:
        context.prec = 2
        context.traps[Inexact] = context.traps[Rounded] = True
        assert plain(Decimal(amount)) == text


def test_reckoning_is_its_own_in_any_decimal_context() -> None:
    """Products, ratios, sums and what remains are neither rounded to two digits nor trapped."""
    with localcontext() as context:
        context.prec = 2
        context.traps[Inexact] = context.traps[Rounded] = True
        third = ratio(Decimal(10), Decimal(3))
        held = Balance("BTC", Decimal("1.234"), Decimal("0.001"))
        product = times(Decimal("1.234"), Decimal("5.678"))
        worth = valued("venue", "USDT", {"BTC": held}, lambda _: Decimal("3.001")).total
    assert f"{third:.20f}" == "3.33333333333333333333"
    assert (product, held.total) == (Decimal("7.006652"), Decimal("1.235"))
    assert worth == Decimal("3.706235")


def test_exponents_are_written_out() -> None:
    """1E+3 goes out as 1000."""
    sent = order_params(order(quantity=Decimal("1E+3")))
    assert (sent["quantity"], sent["price"], sent["timeInForce"]) == ("1000", "100", "GTC")


@pytest.mark.parametrize("status", OrderStatus)
def test_only_open_and_partly_filled_orders_can_change(status: OrderStatus) -> None:
    """Every other status is final."""
    assert status.is_final is (status.value not in {"open", "partially_filled"})


def test_a_portfolio_values_through_bridges_and_inverses() -> None:
    """Direct, inverse, through another asset, the currency itself, or honestly unpriced."""
    amounts = {"BTC": "2", "USDT": "5", "TRY": "40", "ABC": "10", "ODD": "1"}
    held = [HeldAnswer(a, Decimal(n), Decimal(0)) for a, n in amounts.items()]
    none = HeldAnswer("NIL", Decimal(0), Decimal(0))
    prices = {"BTCUSDT": "100", "USDTTRY": "40", "ABCBTC": "0.5"}
    tickers = [TickerAnswer(name, Decimal(price)) for name, price in prices.items()]
    found = portfolio_of(balances_of(AccountAnswer([*held, none])), tickers, "USDT")
    assert found.values == {
        "BTC": Decimal(200),
        "USDT": Decimal(5),
        "TRY": Decimal(1),
        "ABC": Decimal(500),
    }
    assert (found.total, found.unpriced) == (Decimal(706), ("ODD",))
