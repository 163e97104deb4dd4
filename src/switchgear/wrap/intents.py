"""Owns the client order id of an order that goes through ccxt: under the name that the exchange itself gives it."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from switchgear.core.clock import Clock

ORDERS = frozenset(
    {
        "create_order",
        "create_limit_order",
        "create_limit_buy_order",
        "create_limit_sell_order",
        "create_market_order",
        "create_market_buy_order",
        "create_market_sell_order",
        "create_market_order_with_cost",
        "create_market_buy_order_with_cost",
        "create_market_sell_order_with_cost",
        "create_post_only_order",
        "create_reduce_only_order",
        "create_stop_order",
        "create_stop_limit_order",
        "create_stop_market_order",
        "create_stop_loss_order",
        "create_take_profit_order",
        "create_trigger_order",
        "create_trailing_amount_order",
        "create_trailing_percent_order",
    }
)
"""Methods that place one order, whose last argument is params."""
_UNIFIED = "clientOrderId"
_OWN = {
    "alpaca": "client_order_id",
    "binance": "newClientOrderId",
    "coinbase": "client_order_id",  # ccxt drops the unified name and draws an id of its own
    "kraken": "cl_ord_id",
    "okx": "clOrdId",
}
"""What the exchange itself calls it, where that is known: there, an order without an id gets one."""
_DASHED = frozenset({"coinbase", "kraken"})
"""Exchanges that want it in the form of a UUID."""


class Intent(NamedTuple):
    """An order about to be placed."""

    client_order_id: str


def intent_of(
    exchange: Any,
    inner: Callable[..., Any],
    method: str,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    clock: Clock,
) -> tuple[Intent | None, tuple[Any, ...], dict[str, Any]]:
    """
    The order's own id, and the arguments that carry it; the same for all its attempts.

    None where the call places no order, or where neither the user nor a table says how this exchange calls an id.
    """
    if method not in ORDERS:
        return None, args, kwargs
    try:
        bound = inspect.signature(inner).bind(exchange, *args, **kwargs)
    except TypeError:
        return None, args, kwargs  # ccxt says what is wrong with it
    params = dict(bound.arguments.get("params") or {})
    own = _OWN.get(exchange.id)
    given = [params[name] for name in (own, _UNIFIED) if name and params.get(name)]
    if own is None:
        return (Intent(str(given[0])) if given else None), args, kwargs
    mine = str(given[0]) if given else _drawn(clock, exchange.id in _DASHED)
    params.pop(_UNIFIED, None)
    params[own] = mine
    bound.arguments["params"] = params
    return Intent(mine), bound.args[1:], bound.kwargs


def _drawn(clock: Clock, dashed: bool) -> str:
    """A UUID of version 4, in letters and digits that every exchange takes."""
    bits = 0
    for _ in range(4):
        bits = bits << 32 | int(clock.chance() * 2**32)
    bits = bits & ~(0xF << 76) | 4 << 76
    bits = bits & ~(0x3 << 62) | 2 << 62
    plain = f"{bits:032x}"
    if not dashed:
        return plain
    return "-".join((plain[:8], plain[8:12], plain[12:16], plain[16:20], plain[20:]))
