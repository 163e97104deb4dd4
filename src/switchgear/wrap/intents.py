"""Owns the client order ids of orders that go through ccxt: under the name that the exchange itself gives them."""

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
        "create_order_with_take_profit_and_stop_loss",
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
BATCH = "create_orders"
"""Places several, each with params of its own."""
EDIT = "edit_order"
"""Changes one, or puts another in its place."""
PLACING = ORDERS | {BATCH, EDIT}
UNIFIED = "clientOrderId"
OWN_NAMES = {
    "alpaca": "client_order_id",
    "binance": "newClientOrderId",
    "coinbase": "client_order_id",  # ccxt drops the unified name and draws an id of its own
    "kraken": "cl_ord_id",
    "okx": "clOrdId",
}
"""What the exchange itself calls it, where that is known: there, an order without an id gets one."""
_OWN_IN_BATCH = {**OWN_NAMES, "kraken": UNIFIED}
"""What ccxt puts into a batch: of Kraken's orders there it takes the unified name alone."""
DASHED = frozenset({"coinbase", "kraken"})
"""Exchanges that want it in the form of a UUID."""
_EDITED_AS_NEW = frozenset({"alpaca", "binance"})
"""Exchanges where an edited order is a new one with an id of its own; elsewhere an id names the order to be edited."""
_TRIED = ("preview", "test", "validate")
"""Params with which nothing is ordered: such a request may go out without the id."""


class Intent(NamedTuple):
    """What is about to be ordered, by the ids that must stand in the request."""

    client_order_ids: tuple[str, ...]
    is_shown: bool
    """They stand in the request as they are; elsewhere than at the exchanges we know nobody can say."""

    @property
    def client_order_id(self) -> str | None:
        """Of the one order; None of several."""
        return self.client_order_ids[0] if len(self.client_order_ids) == 1 else None


def intent_of(
    exchange: Any,
    inner: Callable[..., Any],
    method: str,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    clock: Clock,
) -> tuple[Intent | None, tuple[Any, ...], dict[str, Any]]:
    """
    The own ids of what a call orders, and the arguments that carry them; the same for all its attempts.

    None where neither the user nor a table says how this exchange calls an id, and where nothing is ordered.
    """
    try:
        bound = inspect.signature(inner).bind(exchange, *args, **kwargs)
    except TypeError:
        return None, args, kwargs  # ccxt says what is wrong with it
    given = bound.arguments
    if method == BATCH:
        ids, given["orders"] = _batch(exchange.id, given.get("orders"), clock)
    else:
        params = dict(given.get("params") or {})
        own = (
            None
            if method == EDIT and exchange.id not in _EDITED_AS_NEW
            else OWN_NAMES.get(exchange.id)
        )
        ids, given["params"] = _named(exchange.id, own, params, clock)
    intent = Intent(ids, exchange.id in OWN_NAMES) if ids else None
    return intent, bound.args[1:], bound.kwargs


def _batch(exchange_id: str, orders: Any, clock: Clock) -> tuple[tuple[str, ...], Any]:
    as_it_is: Any = orders
    given: list[Any] = list(orders) if isinstance(orders, list) else []  # pyright: ignore[reportUnknownArgumentType]  callers are not all typed
    if not all(isinstance(each, dict) for each in given):
        return (), as_it_is
    ids: tuple[str, ...] = ()
    found: list[dict[str, Any]] = []
    for order in given:
        own = _OWN_IN_BATCH.get(exchange_id)
        its, params = _named(exchange_id, own, dict(order.get("params") or {}), clock)
        ids += its
        found.append({**order, "params": params})
    return ids, found if given else as_it_is


def _named(
    exchange_id: str, own: str | None, params: dict[str, Any], clock: Clock
) -> tuple[tuple[str, ...], dict[str, Any]]:
    """The id of one order, and its params with it; where nobody gave one, and the exchange is known, a new one."""
    if any(params.get(name) for name in _TRIED):
        return (), params
    given = [params[name] for name in (own, UNIFIED) if name and params.get(name)]
    if own is None:
        return tuple(str(each) for each in given), params
    mine = str(given[0]) if given else _drawn(clock, exchange_id in DASHED)
    params.pop(UNIFIED, None)
    params[own] = mine
    return (mine,), params


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
