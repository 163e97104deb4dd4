"""Owns the shapes of placing and cancelling an order over HTTP, as OpenAPI describes them; orders_place does both."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from switchgear.exchange.model import OrderRequest, OrderType, Side, TimeInForce
from switchgear.server.model import ErrorDetail

if TYPE_CHECKING:
    from switchgear.exchange.model import Order

DEADLINE_S_MAX = 600
_MONEY = re.compile(r"[0-9]{1,20}(\.[0-9]{1,18})?", re.ASCII)
_AMOUNTS = ("quantity", "quote_quantity", "price", "stop_price")
_TOLD = (*_AMOUNTS, "filled", "average_price")


def _money(value: object) -> Decimal | None:
    if value is None:
        return None
    if not isinstance(value, str):
        said = 'must be a decimal as a string, such as "0.25": a JSON number may lose digits'
        raise PydanticCustomError("money", said)
    if not _MONEY.fullmatch(value):
        said = 'must be a decimal above 0 as a string, in plain digits, such as "0.25"'
        raise PydanticCustomError("money", said)
    return Decimal(value)


_MoneyIn = Annotated[
    Decimal | None,
    BeforeValidator(_money),
    WithJsonSchema(
        {"anyOf": [{"type": "string", "pattern": f"^{_MONEY.pattern}$"}, {"type": "null"}]}
    ),
]
_MoneyOut = str | None


class OrderIn(BaseModel):
    """An order to be placed. Amounts and prices are decimals as strings; a JSON number is refused."""

    model_config = ConfigDict(extra="forbid", strict=True)

    exchange: str
    account: str = "main"
    symbol: str = Field(description="Base and quote, as BTC/USDT.")
    side: str = Field(description=f"One of {', '.join(Side)}.")
    type: str = Field(description="One of market, limit, stop_limit.")
    quantity: _MoneyIn = Field(None, description="Of the base asset, above 0.")
    price: _MoneyIn = Field(None, description="For an order with a limit.")
    stop_price: _MoneyIn = Field(None, description="What wakes a stop_limit order.")
    quote_quantity: _MoneyIn = Field(
        None, description="Instead of quantity: what a market order spends or brings in."
    )
    time_in_force: str = Field("GTC", description=f"One of {', '.join(TimeInForce)}.")
    client_order_id: str | None = Field(
        None, description="1 to 36 letters, digits, - or _; made from the key when not given."
    )
    post_only: bool = False
    deadline_s: float | None = Field(
        None,
        gt=0,
        le=DEADLINE_S_MAX,
        allow_inf_nan=False,
        description="How many seconds to wait for evidence; the desk's when not given.",
    )

    def request(self) -> OrderRequest:
        """The order as a desk takes it; FieldError for a field that cannot be."""
        words: dict[str, Any] = {
            "side": self.side,
            "type": self.type,
            "time_in_force": self.time_in_force,
        }
        return OrderRequest(
            symbol=self.symbol,
            client_order_id=self.client_order_id,
            post_only=self.post_only,
            **words,
            **{name: getattr(self, name) for name in _AMOUNTS},
        )


class OrderOut(BaseModel):
    """An order as the exchange told of it."""

    exchange: str
    symbol: str
    order_id: str = Field(description="The exchange's own name for it.")
    client_order_id: str
    side: str
    type: str = Field(description=f"One of {', '.join(OrderType)}.")
    status: str = Field(
        description="open, partially_filled, filled, canceled, rejected or expired."
    )
    quantity: _MoneyOut = Field(description="Of the base asset, a decimal as text.")
    quote_quantity: _MoneyOut = Field(description="What it spends or brings in.")
    filled: _MoneyOut = Field(description="What was traded so far, of the base asset.")
    price: _MoneyOut
    stop_price: _MoneyOut
    average_price: _MoneyOut = Field(description="null while nothing is filled, or not told.")
    created_ms: int | None = Field(description="null where the exchange does not say.")

    @classmethod
    def of(cls, order: Order) -> OrderOut:
        """An order, its amounts digit by digit."""
        at = order.created_at
        told: dict[str, Any] = {
            **{
                name: getattr(order, name)
                for name in ("exchange", "symbol", "order_id", "client_order_id")
            },
            **{name: getattr(order, name).value for name in ("side", "type", "status")},
            **{name: _text(getattr(order, name)) for name in _TOLD},
            "created_ms": None if at is None else round(at.timestamp() * 1000),
        }
        return cls.model_validate(told)


class PlacedOut(BaseModel):
    """An order that is booked."""

    intent_id: str = Field(description="Under which its life is found.")
    is_replay: bool = Field(description="It was there already: the same key came again.")
    order: OrderOut


class UnknownOut(BaseModel):
    """An order of which nothing is proved yet; it goes on being looked for."""

    message: str
    intent_id: str = Field(description="Ask for it there, or come again with the same key.")
    client_order_id: str


class CancelIn(BaseModel):
    """Who cancels an order, and why."""

    model_config = ConfigDict(extra="forbid", strict=True)

    by: str
    why: str


class CancelOut(BaseModel):
    """How an order stands after it was to be cancelled."""

    is_canceled: bool = Field(description="false where it was over already, as filled.")
    order: OrderOut


class OrderErrorDetail(ErrorDetail):
    """Why an order was not placed, or not cancelled."""

    reason: str | None = Field(
        None,
        description="One of rule, name_taken, refused, not_booked, halted, journal, not_admitted, not_sent, "
        "no_desk, unknown.",
    )
    kind: str | None = Field(None, description="What the exchange's error means, if it gave one.")
    code: str | None = Field(None, description="The exchange's own code.")


class OrderError(BaseModel):
    """The answer when an order was not placed, or not cancelled."""

    error: OrderErrorDetail


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else format(amount, "f")
