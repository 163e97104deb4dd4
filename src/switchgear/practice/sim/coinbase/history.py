"""Owns which orders and fills a search of Coinbase's history finds, newest first and page by page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from switchgear.practice.sim.accounts import Order, Side
from switchgear.practice.sim.coinbase import shapes
from switchgear.practice.sim.coinbase.market import PRODUCT_TYPES
from switchgear.practice.sim.coinbase.queries import Query, page_of
from switchgear.practice.sim.coinbase.refusals import invalid
from switchgear.practice.sim.coinbase.shapes import ORDER_TYPES, Owner, StatusWord

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from switchgear.practice.sim.accounts import Account, Execution

Json = dict[str, Any]
_ORDERS = _ORDERS_MAX = 1_000
_FILLS, _FILLS_MAX = 100, 1_000
_ORDER_TYPES = ("UNKNOWN_ORDER_TYPE", "BRACKET", "TWAP", *ORDER_TYPES.values())
_SORTS = ("UNKNOWN_SORT_BY",)


def orders(account: Account, owner: Owner, query: Query) -> Json:
    """The orders that the query means, the newest first."""
    found = list(_matching(account.orders, owner, query))[::-1]
    page = page_of(found, lambda order: order.order_id, query, _ORDERS, _ORDERS_MAX)
    told = [shapes.told(owner, order) for order in page.items]
    return {"orders": told, "sequence": "0", "has_next": page.has_next, "cursor": page.cursor}


def _matching(all_orders: Iterable[Order], owner: Owner, query: Query) -> Iterator[Order]:
    statuses = query.words("order_status", tuple(StatusWord))
    if StatusWord.OPEN in statuses and len(set(statuses)) > 1:
        raise invalid("Cannot pair OPEN orders with other order types")
    types, side = query.words("order_types", _ORDER_TYPES), query.word("order_side", tuple(Side))
    since_ms, until_ms = query.instant_ms("start_date"), query.instant_ms("end_date")
    is_spot = query.word("product_type", PRODUCT_TYPES) != "FUTURE"
    query.word("sort_by", _SORTS)
    # One of the names is what older clients send.
    names, ids = query.all("product_ids", "product_id"), query.all("order_ids")
    for order in all_orders:
        if (
            is_spot
            and (not names or order.asked.symbol.name in names)
            and (not ids or owner.order_id(order) in ids)
            and (not statuses or shapes.status_of(order) in statuses)
            and (not types or ORDER_TYPES[order.asked.type] in types)
            and side in {None, order.asked.side}
            and _within(order.at_ms, since_ms, until_ms)
        ):
            yield order


def fills(account: Account, owner: Owner, query: Query) -> Json:
    """The fills that the query means, the newest first."""
    names, ids = query.all("product_ids", "product_id"), query.all("order_ids", "order_id")
    trades = query.all("trade_ids")
    since_ms = query.instant_ms("start_sequence_timestamp")
    until_ms = query.instant_ms("end_sequence_timestamp")
    query.word("sort_by", (*_SORTS, "TRADE_TIME"))
    found: list[tuple[Execution, Json]] = []
    for order in account.orders:
        if names and order.asked.symbol.name not in names:
            continue
        if ids and owner.order_id(order) not in ids:
            continue
        found += [(each, shapes.fill(owner, order, each)) for each in order.executions]
    kept = [
        (trade, told)
        for trade, told in found
        if _within(trade.at_ms, since_ms, until_ms) and (not trades or told["trade_id"] in trades)
    ]
    kept.sort(key=lambda pair: pair[0].trade_id, reverse=True)
    page = page_of(kept, lambda pair: pair[0].trade_id, query, _FILLS, _FILLS_MAX)
    return {"fills": [told for _, told in page.items], "cursor": page.cursor}


def _within(at_ms: int, since_ms: int | None, until_ms: int | None) -> bool:
    """Whether an instant is in a span whose end is out."""
    return (since_ms or 0) <= at_ms and (until_ms is None or at_ms < until_ms)
