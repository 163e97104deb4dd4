"""Owns the endpoints of the practice Coinbase that place, preview, cancel and look up orders."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from switchgear.practice.sim.accounts import Status
from switchgear.practice.sim.coinbase import previews, shapes
from switchgear.practice.sim.coinbase.bodies import (
    CancelBody,
    NewOrderBody,
    OrderPreview,
    read_body,
    told_again,
)
from switchgear.practice.sim.coinbase.orders import new_order, product_of
from switchgear.practice.sim.coinbase.refusals import OrderRefusal, not_found, refusal_of
from switchgear.practice.sim.ledger import Refused

if TYPE_CHECKING:
    from switchgear.practice.sim.accounts import NewOrder
    from switchgear.practice.sim.coinbase.house import Call, House

Json = dict[str, Any]
_CANCELLED = "UNKNOWN_CANCEL_FAILURE_REASON"


def create(house: House, call: Call) -> Json:
    """POST orders: an id that is known answers with its order, whatever became of that."""
    body = read_body(call.body, NewOrderBody)
    known = house.account.named(body.client_order_id)
    if known is not None:
        return shapes.created(house.owner, known)
    try:
        asked = _asked(house, body, body.client_order_id)
        call.booked = house.ledger.place(house.account, asked)
    except (OrderRefusal, Refused) as error:
        refusal = refusal_of(error) if isinstance(error, Refused) else error
        house.note_refused(body.client_order_id, refusal.code, refusal.message)
        return shapes.refused(refusal, told_again(body.order_configuration))
    return shapes.created(house.owner, call.booked)


def preview(house: House, call: Call) -> Json:
    """POST orders/preview: what a new order would come to, and why it would be refused."""
    body = read_body(call.body, OrderPreview)
    try:
        asked = _asked(house, body, "")
    except OrderRefusal as refusal:
        return previews.refused(refusal)
    return previews.preview(house.ledger, house.account, asked)


def _asked(house: House, body: OrderPreview, name: str) -> NewOrder:
    price = house.ledger.price(product_of(body.product_id).symbol)
    return new_order(body, name, price, house.ledger.now_ms)


def cancel(house: House, call: Call) -> Json:
    """POST orders/batch_cancel: each id has a result of its own."""
    ids, results = read_body(call.body, CancelBody).order_ids, list[Json]()
    for index, order_id in enumerate(ids):
        repeats = order_id in ids[:index]
        reason = "DUPLICATE_CANCEL_REQUEST" if repeats else _cancel(house, order_id)
        result = {"success": reason == _CANCELLED, "failure_reason": reason}
        results.append(result | {"order_id": order_id})
    return {"results": results}


def _cancel(house: House, order_id: str) -> str:
    """The word for what became of one cancel; even a success has one of a failure."""
    order = house.order(order_id)
    if order is not None and order.status is Status.FILLED:
        return "ORDER_IS_FULLY_FILLED"
    if order is None or not order.is_open:
        return "UNKNOWN_CANCEL_ORDER"
    house.ledger.cancel(house.account, order)
    return _CANCELLED


def get(house: House, call: Call) -> Json:
    """GET orders/historical/{order_id}."""
    order = house.order(call.part)
    if order is None:
        raise not_found("order with this orderID was not found")
    return {"order": shapes.told(house.owner, order)}
