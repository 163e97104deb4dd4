"""Owns how the body of a new order becomes an order: its fields, their kinds, and what goes together."""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, TypeVar, cast

from switchgear.practice.sim.accounts import NewOrder, OrderType, Side, TimeInForce
from switchgear.practice.sim.alpaca.market import find_asset
from switchgear.practice.sim.alpaca.refusals import (
    forbidden,
    invalid,
    malformed,
    unprocessable,
)
from switchgear.practice.sim.alpaca.timing import Span, span_of
from switchgear.practice.sim.alpaca.words import Force, Type, Words

if TYPE_CHECKING:
    from enum import StrEnum

    from switchgear.practice.sim.alpaca.market import Asset

_E = TypeVar("_E", bound="StrEnum")
_ZERO = Decimal(0)
_NAME_MAX = 128
_MAGNITUDES = range(-30, 15)
"""Powers of ten that a first digit may stand for; nobody trades in others."""
_STEP = Decimal("0.000000001")
_CENT = Decimal("0.01")
_SUB_PENNY = Decimal("0.0001")
_FIELDS = frozenset(
    {
        *("symbol", "qty", "notional", "side", "type", "time_in_force", "limit_price"),
        *("stop_price", "trail_price", "trail_percent", "extended_hours", "client_order_id"),
        *("order_class", "legs", "take_profit", "stop_loss", "position_intent"),
        "advanced_instructions",
    }
)
_ADVANCED = ("legs", "take_profit", "stop_loss", "advanced_instructions")
_LEDGER_TYPES = {
    Type.MARKET: OrderType.MARKET,
    Type.LIMIT: OrderType.LIMIT,
    Type.STOP_LIMIT: OrderType.STOP_LIMIT,
}
_LEDGER_FORCES = {Force.IOC: TimeInForce.IOC, Force.FOK: TimeInForce.FOK}
_SIDES = {"buy": Side.BUY, "sell": Side.SELL}
_INTENTS = {Side.BUY: "buy_to_open", Side.SELL: "sell_to_close"}


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the body says, each field read and none yet held against the others."""

    asset: Asset
    side: Side
    type: Type
    force: Force
    quantity: Decimal
    notional: Decimal
    limit: Decimal
    stop: Decimal
    extended: bool


def read_body(body: bytes) -> dict[str, Any]:
    """
    The fields that a body sends, without those it sends as null; numbers keep every digit.

    Raises:
        Refusal: It is no JSON object, or has a field that no order has.
    """
    try:
        sent = json.loads(body, parse_float=Decimal, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise malformed() from None
    if not isinstance(sent, dict):
        raise malformed()
    fields = cast("dict[str, Any]", sent)  # the keys of a JSON object are text
    for name in fields:
        if name not in _FIELDS:
            raise invalid(f'unknown field "{name}"')
    return {name: value for name, value in fields.items() if value is not None}


def _no_constant(text: str) -> Any:
    raise ValueError(text)  # NaN and Infinity are no JSON


def client_order_id(sent: dict[str, Any], generated: str) -> str:
    """The name that the caller gave the order, or the generated one."""
    name = sent.get("client_order_id", "")
    if not isinstance(name, str) or not _is_text(name):
        raise invalid("invalid client_order_id")
    if len(name) > _NAME_MAX:
        raise invalid(f"client_order_id must be no more than {_NAME_MAX} characters")
    return name or generated


def _is_text(value: str) -> bool:
    """Whether it can be told again: half of a surrogate pair cannot."""
    return value == value.encode("utf-8", "replace").decode()


def read_order(sent: dict[str, Any], name: str, now_ms: int) -> tuple[Asset, NewOrder]:
    """
    The asset and the order that these fields ask for; name is its client order id.

    Raises:
        Refusal: A field is wrong, or does not go with another, with the asset or with the hour.
    """
    asked = _read(sent)
    if asked.asset.is_crypto:
        _check_crypto(asked)
    else:
        _check_equity(asked)
    _check_intent(sent, asked.side)
    return asked.asset, _order(asked, name, now_ms)


def _read(sent: dict[str, Any]) -> _Asked:
    asset = _asset(sent)
    side = _SIDES.get(str(sent.get("side")))
    if side is None:
        raise invalid("invalid side")
    kind = _word(sent, "type", Type, "invalid order type")
    force = _word(sent, "time_in_force", Force, "invalid time_in_force")
    _check_simple(sent, asset)
    quantity, notional = _size(sent)
    limit, stop = _prices(sent, kind)
    extended = sent.get("extended_hours", False)
    if not isinstance(extended, bool):
        raise invalid("invalid extended_hours")
    return _Asked(asset, side, kind, force, quantity, notional, limit, stop, extended)


def _asset(sent: dict[str, Any]) -> Asset:
    name = sent.get("symbol", "")
    if not isinstance(name, str) or not name:
        raise invalid("symbol is required")
    asset = find_asset(name)
    if asset is None:
        raise unprocessable(f'asset "{name}" not found')
    if not asset.active:
        raise invalid(f"asset {asset.name} is not active")
    return asset


def _word(sent: dict[str, Any], field: str, kind: type[_E], words: str) -> _E:
    try:
        return kind(str(sent.get(field)))
    except ValueError:
        raise invalid(words) from None


def _check_simple(sent: dict[str, Any], asset: Asset) -> None:
    """Refuse what is not a single plain order: this venue offers no other."""
    order_class = sent.get("order_class", "")
    # In a tuple, and not in a set: a list, which a body may send here, has no hash.
    plain = order_class in ("", "simple")
    if not plain and asset.is_crypto:
        raise invalid(f"crypto orders not allowed for advanced order_class: {order_class}")
    if not plain or any(sent.get(field) for field in _ADVANCED):
        raise invalid("invalid order_class")


def _size(sent: dict[str, Any]) -> tuple[Decimal, Decimal]:
    """Quantity and notional, one of them 0."""
    quantity, notional = _number(sent, "qty"), _number(sent, "notional")
    if quantity is None and notional is None:
        raise invalid("qty or notional is required")
    if quantity is not None and notional is not None:
        raise invalid("only one of qty or notional is accepted")
    if quantity is not None:
        # Digits behind the ninth are cut off in silence, as the venue does.
        whole = quantity.quantize(_STEP, ROUND_DOWN)
        if whole <= 0:
            raise invalid("qty must be > 0")
        return whole, _ZERO
    assert notional is not None
    if notional < 1:
        raise unprocessable("notional must be >= 1.00")
    if notional % _CENT:
        raise unprocessable("notional value must be limited to 2 decimal places")
    return _ZERO, notional


def _prices(sent: dict[str, Any], kind: Type) -> tuple[Decimal, Decimal]:
    """Limit and stop price, 0 where the type has none."""
    limit, stop = _number(sent, "limit_price"), _number(sent, "stop_price")
    for field in ("trail_price", "trail_percent"):
        if _number(sent, field) is not None and kind is not Type.TRAILING_STOP:
            raise invalid(f"{field} is only allowed for trailing stop orders")
    match kind:
        case Type.MARKET if limit is not None or stop is not None:
            raise invalid("market orders require no stop or limit price")
        case Type.LIMIT if limit is None:
            raise invalid("limit orders require a limit price")
        case Type.LIMIT if stop is not None:
            raise invalid("limit orders require only limit price")
        case Type.STOP_LIMIT if limit is None or stop is None:
            raise invalid("stop limit orders require both stop and limit price")
        case Type.STOP if stop is None:
            raise invalid("stop orders require a stop price")
        case _:
            pass
    for words, price in (("limit price", limit), ("stop price", stop)):
        if price is not None and price <= 0:
            raise invalid(f"{words} must be > 0")
    return limit or _ZERO, stop or _ZERO


def _number(sent: dict[str, Any], field: str) -> Decimal | None:
    """A number, sent as one or as text; None when it was not sent."""
    value = sent.get(field)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        raise invalid(f"invalid {field}")
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise invalid(f"invalid {field}") from None
    if not number.is_finite() or number.adjusted() not in _MAGNITUDES:
        raise invalid(f"invalid {field}")
    return number


def _check_crypto(asked: _Asked) -> None:
    if asked.type not in _LEDGER_TYPES:
        raise invalid("invalid order type for crypto order")
    if asked.force not in {Force.GTC, Force.IOC}:
        raise unprocessable("invalid crypto time_in_force")
    least = asked.asset.symbol.min_quantity
    if least is not None and _ZERO < asked.quantity < least:
        raise invalid(f"qty must be >= {least:f} with trade increment {_STEP:f}")
    for field, price in (("limit_price", asked.limit), ("stop_price", asked.stop)):
        if price % asked.asset.symbol.tick:
            raise unprocessable(f"invalid {field} {price:f}. must be a multiple of price_increment")


def _check_equity(asked: _Asked) -> None:
    fractional = bool(asked.notional or asked.quantity % 1)
    if fractional and not asked.asset.fractionable:
        raise forbidden(f'asset "{asked.asset.name}" is not fractionable')
    if asked.type not in _LEDGER_TYPES:
        raise invalid("invalid order type")
    if fractional and asked.force is not Force.DAY:
        raise unprocessable("fractional orders must be DAY orders")
    if asked.notional and asked.type is not Type.MARKET:
        raise unprocessable("notional orders must be market orders")
    for field, price in (("limit_price", asked.limit), ("stop_price", asked.stop)):
        if price % (_CENT if price >= 1 else _SUB_PENNY):
            raise unprocessable(
                f"invalid {field} {price:f}. "
                "sub-penny increment does not fulfill minimum pricing criteria"
            )
    resting = asked.force in {Force.DAY, Force.GTC}
    if asked.extended and not (asked.type is Type.LIMIT and resting):
        raise unprocessable("extended hours order must be DAY or GTC limit orders")


def _check_intent(sent: dict[str, Any], side: Side) -> None:
    told, inferred = sent.get("position_intent", ""), _INTENTS[side]
    if told not in ("", inferred):  # a tuple, as above
        raise unprocessable(f"position intent mismatch, inferred: {inferred}, specified: {told}")


def _order(asked: _Asked, name: str, now_ms: int) -> NewOrder:
    asset = asked.asset
    extended = asked.extended and not asset.is_crypto
    span = Span() if asset.is_crypto else span_of(asked.force, now_ms, extended=extended)
    quantity, notional = asked.quantity, asked.notional
    if notional and asked.limit:  # a limit says by itself how much that money buys
        quantity, notional = asset.symbol.whole_steps(notional / asked.limit), _ZERO
    return NewOrder(
        symbol=asset.symbol,
        side=asked.side,
        type=_LEDGER_TYPES[asked.type],
        client_order_id=name,
        quantity=quantity,
        price=asked.limit,
        quote_quantity=notional,
        time_in_force=_LEDGER_FORCES.get(asked.force, TimeInForce.GTC),
        stop_price=asked.stop,
        stop_above=asked.side is Side.BUY,
        not_before_ms=span.not_before_ms,
        not_after_ms=span.not_after_ms,
        label=Words(asked.type, asked.force, extended, asked.notional).label(),
    )
