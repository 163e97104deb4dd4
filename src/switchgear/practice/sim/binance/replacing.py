"""Owns Binance's endpoint that cancels an order and places another: two outcomes in one answer."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from switchgear.practice.sim.binance import shapes
from switchgear.practice.sim.binance.endpoint import (
    Call,
    OrderLimitHit,
    Route,
    Routes,
    Security,
    fixed,
)
from switchgear.practice.sim.binance.filters import check_filters
from switchgear.practice.sim.binance.orders import (
    ResponseType,
    check_restriction,
    read_new_order,
    read_restriction,
    read_target,
)
from switchgear.practice.sim.binance.params import CLIENT_ORDER_ID, Params, invalid, missing
from switchgear.practice.sim.binance.refusals import Refusal, refusal_of
from switchgear.practice.sim.binance.trading import SHOW, submit, unknown_order
from switchgear.practice.sim.ledger import Refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from switchgear.practice.sim.accounts import NewOrder
    from switchgear.practice.sim.binance.limits import TooMuch
    from switchgear.practice.sim.binance.orders import CancelRestriction, Target


class _Mode(StrEnum):
    """Whether the new order is tried when the cancel has failed."""

    STOP_ON_FAILURE = "STOP_ON_FAILURE"
    ALLOW_FAILURE = "ALLOW_FAILURE"


class _OverLimit(StrEnum):
    """What happens to the cancel when the account may place no more orders."""

    DO_NOTHING = "DO_NOTHING"
    CANCEL_ONLY = "CANCEL_ONLY"


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What became of one half; answer is None when it was not tried."""

    word: str
    answer: Any

    @property
    def succeeded(self) -> bool:
        return self.word == "SUCCESS"


_NOT_TRIED = _Outcome("NOT_ATTEMPTED", None)


@dataclass(frozen=True, slots=True)
class _Asked:
    """All that one request asks for."""

    mode: _Mode
    over_limit: _OverLimit
    target: Target
    only: CancelRestriction | None
    cancel_id: str
    order: NewOrder
    response_type: ResponseType


def _read(params: Params, fresh_id: Callable[[], str]) -> _Asked:
    mode = params.choice("cancelReplaceMode", _Mode, invalid("cancelReplaceMode"))
    if mode is None:
        raise missing("cancelReplaceMode")
    over_limit = params.choice(
        "orderRateLimitExceededMode", _OverLimit, invalid("orderRateLimitExceededMode")
    )
    target = read_target(params, "cancelOrderId", "cancelOrigClientOrderId")
    cancel_id = params.text("cancelNewClientOrderId", CLIENT_ORDER_ID) or fresh_id()
    only = read_restriction(params)
    order, response_type = read_new_order(params, fresh_id())
    over_limit = over_limit or _OverLimit.DO_NOTHING
    return _Asked(mode, over_limit, target, only, cancel_id, order, response_type)


def _replace(call: Call) -> Any:
    """Filters and the order limit come first: what they refuse leaves the old order alone."""
    asked, trader = _read(call.params, call.fresh_id), call.trader
    trader.settle_count(call.now_s)
    excess = trader.limit.refusal(call.now_s)
    if excess is not None and asked.over_limit is _OverLimit.DO_NOTHING:
        raise OrderLimitHit(excess)
    check_filters(call.ledger, call.account, asked.order)
    cancel = _try(lambda: _cancel(call, asked))
    placed = _place(call, asked, excess, cancelled=cancel.succeeded)
    return _answer(call, asked, cancel, placed, excess)


def _place(call: Call, asked: _Asked, excess: TooMuch | None, *, cancelled: bool) -> _Outcome:
    if not cancelled and asked.mode is _Mode.STOP_ON_FAILURE:
        call.trader.limit.count(call.now_s, 1)  # it counts as placed all the same
        return _NOT_TRIED
    placed = _try(lambda: _submit(call, asked, excess))
    if not placed.succeeded:
        call.note_refused(asked.order.client_order_id, Refusal(**placed.answer))
    return placed


def _submit(call: Call, asked: _Asked, excess: TooMuch | None) -> Any:
    if excess is not None:
        raise Refusal(-1015, excess.msg)
    return SHOW[asked.response_type](submit(call, asked.order))


def _cancel(call: Call, asked: _Asked) -> Any:
    order = asked.target.find(call.account, unknown_order())
    check_restriction(asked.only, order)
    call.ledger.cancel(call.account, order)
    return shapes.cancelled(order, asked.cancel_id)


def _try(half: Callable[[], Any]) -> _Outcome:
    try:
        return _Outcome("SUCCESS", half())
    except (Refusal, Refused) as error:
        refusal = refusal_of(error) if isinstance(error, Refused) else error
        return _Outcome("FAILURE", {"code": refusal.code, "msg": refusal.msg})


def _answer(
    call: Call, asked: _Asked, cancel: _Outcome, placed: _Outcome, excess: TooMuch | None
) -> Any:
    data = {
        "cancelResult": cancel.word,
        "newOrderResult": placed.word,
        "cancelResponse": cancel.answer,
        "newOrderResponse": placed.answer,
    }
    if cancel.succeeded and placed.succeeded:
        return data
    partly = cancel.succeeded or placed.succeeded
    call.status = 409 if partly else 400
    if excess is not None and asked.mode is _Mode.STOP_ON_FAILURE:
        call.status, call.retry_after_s = excess.status, excess.retry_after_s
    if partly:
        return {"code": -2021, "msg": "Order cancel-replace partially failed.", "data": data}
    return {"code": -2022, "msg": "Order cancel-replace failed.", "data": data}


ROUTES: Routes = {
    ("POST", "/api/v3/order/cancelReplace"): Route(
        "order.replace", fixed(1), Security.TRADE, _replace
    ),
}
