"""Owns what an account's other orders and holdings forbid, and how the ledger's no is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from switchgear.practice.sim.accounts import OrderType, Side
from switchgear.practice.sim.alpaca.amounts import amount
from switchgear.practice.sim.alpaca.refusals import (
    Refusal,
    duplicate,
    forbidden,
    unprocessable,
)
from switchgear.practice.sim.ledger import Reason

if TYPE_CHECKING:
    from decimal import Decimal

    from switchgear.practice.sim.accounts import Account, NewOrder, Order
    from switchgear.practice.sim.alpaca.ids import OrderIds
    from switchgear.practice.sim.alpaca.market import Asset
    from switchgear.practice.sim.ledger import Ledger, Refused


class Checks:
    """What stands against a new order on one account; each check raises Refusal."""

    def __init__(self, ledger: Ledger, account: Account, ids: OrderIds) -> None:
        self._ledger = ledger
        self._account = account
        self._ids = ids

    def before(self, asset: Asset, asked: NewOrder) -> None:
        """All that is looked at before the balance is."""
        self._check_value(asset, asked)
        self._check_wash(asked)
        if asked.side is Side.SELL and not asset.is_crypto:
            self._check_short(asset, asked)

    def _value(self, asked: NewOrder) -> Decimal:
        if asked.quote_quantity:
            return asked.quote_quantity
        return asked.quantity * (asked.price or self._ledger.price(asked.symbol))

    def _quantity(self, asked: NewOrder) -> Decimal:
        price = self._ledger.price(asked.symbol)
        return asked.quantity or asked.symbol.whole_steps(asked.quote_quantity / price)

    def _check_value(self, asset: Asset, asked: NewOrder) -> None:
        value, most = self._value(asked), asked.symbol.max_notional
        if asked.side is Side.BUY and value < asset.value_min:
            words = f"cost basis must be >= minimal amount of order {asset.value_min}"
            raise forbidden(words)
        if value > most:
            raise forbidden(f"cost basis must be <= maximal amount of order {most}")

    def _check_wash(self, asked: NewOrder) -> None:
        for order in self._account.open_orders(asked.symbol):
            reason = _wash(asked, order.asked)
            if reason is not None:
                raise forbidden(
                    "potential wash trade detected. use complex orders",
                    existing_order_id=self._ids.of(order),
                    reject_reason=reason,
                )

    def _check_short(self, asset: Asset, asked: NewOrder) -> None:
        """Refuse to sell more shares than are there and free: the account may not short."""
        held, wanted = self._account.held(asset.symbol.base), self._quantity(asked)
        owned = held.free + held.locked
        if not owned:
            if wanted % 1:
                raise unprocessable("fractional orders cannot be sold short")
            if any(o.asked.side is Side.BUY for o in self._account.open_orders(asked.symbol)):
                raise forbidden("cannot open a short sell while a long buy order is open")
            raise forbidden("account is not allowed to short")
        if wanted > held.free:
            raise forbidden(
                "insufficient qty available for order "
                f"(requested: {amount(wanted)}, available: {amount(held.free)})",
                available=amount(held.free),
                existing_qty=amount(owned),
                held_for_orders=amount(held.locked),
                related_orders=[self._ids.of(order) for order in self._sells(asked)],
                symbol=asset.flat_name,
            )

    def _sells(self, asked: NewOrder) -> list[Order]:
        orders = self._account.open_orders(asked.symbol)
        return [order for order in orders if order.asked.side is Side.SELL]

    def told(self, refused: Refused, asset: Asset, asked: NewOrder) -> Refusal:
        """The ledger's no in Alpaca's words."""
        match refused.reason:
            case Reason.DUPLICATE:
                return duplicate()
            case Reason.FUNDS:
                return self._funds(asset, asked)
            case Reason.STOP:
                side = "greater" if asked.side is Side.BUY else "less"
                price = amount(self._ledger.price(asked.symbol))
                words = f"stop price must be {side} than current price"
                return unprocessable(words, market_price=price)
            case Reason.PRICE:
                return unprocessable("invalid limit_price")
            case _:
                return unprocessable("invalid qty")

    def _funds(self, asset: Asset, asked: NewOrder) -> Refusal:
        if not asset.is_crypto:
            return forbidden(
                "insufficient buying power",
                buying_power=amount(self._account.held(asset.symbol.quote).free),
                cost_basis=amount(self._value(asked)),
            )
        buying = asked.side is Side.BUY
        name = asset.symbol.quote if buying else asset.symbol.base
        held = self._account.held(name)
        wanted = self._value(asked) if buying else self._quantity(asked)
        more: dict[str, Any] = {
            "available": amount(held.free),
            "balance": amount(held.free + held.locked),
            "symbol": name,
        }
        return forbidden(
            f"insufficient balance for {name} "
            f"(requested: {amount(wanted)}, available: {amount(held.free)})",
            **more,
        )


def _wash(new: NewOrder, old: NewOrder) -> str | None:
    """Why these two could trade with each other, None when they could not."""
    if new.side is old.side:
        return None
    if old.type is OrderType.MARKET:
        return "opposite side market/stop order exists"
    buy, sell = (new, old) if new.side is Side.BUY else (old, new)
    if new.type is OrderType.MARKET or buy.price >= sell.price:
        return "opposite side limit order exists. use complex/limit/stop_limit orders"
    return None
