"""Owns what a new order would come to, told before anything is booked."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from switchgear.practice.sim.accounts import OrderType, Side
from switchgear.practice.sim.coinbase.market import best_of
from switchgear.practice.sim.coinbase.refusals import insufficient_funds
from switchgear.practice.sim.coinbase.text import amount
from switchgear.practice.sim.ledger import crosses

if TYPE_CHECKING:
    from switchgear.practice.sim.accounts import Account, NewOrder
    from switchgear.practice.sim.coinbase.refusals import OrderRefusal
    from switchgear.practice.sim.ledger import Ledger

Json = dict[str, Any]
_UNIT = Decimal("0.00000001")


def refused(refusal: OrderRefusal) -> Json:
    """The preview of an order that would be refused."""
    zero = Decimal(0)
    return _preview(zero, zero, zero, zero) | {"errs": [refusal.preview]}


def preview(ledger: Ledger, account: Account, asked: NewOrder) -> Json:
    """The preview of an order that keeps the rules; it tells whether the balance carries it."""
    symbol, price = asked.symbol, ledger.price(asked.symbol)
    value = asked.quantity * (price if _meets(asked, price) else asked.price)
    fee, buying = value * symbol.commission_rate, asked.side is Side.BUY
    need, asset = (value + fee, symbol.quote) if buying else (asked.quantity, symbol.base)
    errors = [insufficient_funds().preview] if account.held(asset).free < need else []
    total = value + fee if buying else value - fee
    told = _preview(total, fee, asked.quantity, value)
    return told | best_of(ledger, symbol) | {"errs": errors}


def _meets(asked: NewOrder, price: Decimal) -> bool:
    """Whether it would trade at once."""
    if asked.type is OrderType.MARKET:
        return True
    return asked.type is not OrderType.STOP_LIMIT and crosses(asked, price)


def _preview(total: Decimal, fee: Decimal, base_size: Decimal, quote_size: Decimal) -> Json:
    return {
        "order_total": amount(total.quantize(_UNIT)),
        "commission_total": amount(fee.quantize(_UNIT)),
        "base_size": amount(base_size),
        "quote_size": amount(quote_size.quantize(_UNIT)),
        "warning": [],
        "is_max": False,
        "slippage": "0",
    }
