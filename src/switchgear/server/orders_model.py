"""Owns the shapes of answers about orders, as OpenAPI describes them; the values are orders_source's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from decimal import Decimal

    from switchgear.exchange.model import Order
    from switchgear.order.intent import Intent, Move
    from switchgear.order.store import Switch
    from switchgear.server.orders_source import Desk, Life, Next

_AMOUNTS = ("quantity", "quote_quantity", "price", "stop_price")
_Money = str | None
"""A decimal as text, digit by digit; null where there is none."""


class IntentOut(BaseModel):
    """An order as it was written down, and what is known of it."""

    intent_id: str
    exchange: str
    account: str
    client_order_id: str
    symbol: str
    side: str = Field(description="buy or sell.")
    type: str = Field(description="market, limit or stop_limit.")
    quantity: _Money = Field(description="Of the base asset, a decimal as text.")
    quote_quantity: _Money = Field(description="What it spends or brings in, a decimal as text.")
    price: _Money = Field(description="Its limit, a decimal as text.")
    stop_price: _Money = Field(description="What wakes a stop-limit order, a decimal as text.")
    time_in_force: str
    post_only: bool
    notional: _Money = Field(description="What it was worth in the quote asset, if it was known.")
    state: str = Field(
        description="new, sent, acked, rejected, unknown, found, absent or abandoned."
    )
    is_open: bool = Field(description="What became of it is still to be found out.")
    is_booked: bool = Field(description="It stands, or stood, at the exchange.")
    never_left: bool = Field(
        description="It is rejected, and not by the exchange: nothing of it was ever sent."
    )
    why: str = Field(description="What its last move was made for.")
    created_ms: int = Field(description="Epoch ms at which it was written down.")
    since_ms: int = Field(description="Epoch ms of its last move: since when it is in its state.")
    sent_ms: int | None = Field(description="Epoch ms at which a copy was last on its way.")
    attempts: int = Field(description="How many copies of it may have reached the exchange.")
    order_id: str | None = Field(description="The exchange's own name, once it is booked.")
    idempotency_key: str | None = Field(description="The caller's own name for it.")
    owner: str = Field(description="The process that has, or had last, the task to see it through.")
    owned_until_ms: int = Field(description="Until then nobody else may.")

    @classmethod
    def of(cls, intent: Intent) -> IntentOut:
        """An intent as it is kept."""
        return cls.model_validate(_intent_dict(intent))


class NextOut(BaseModel):
    """What happens next about an order whose outcome is open."""

    words: str
    in_s: float | None = Field(description="Seconds until then; null where nobody knows it here.")

    @classmethod
    def of(cls, following: Next) -> NextOut:
        """In words, and when."""
        in_s = following.in_s
        return cls(words=following.words, in_s=None if in_s is None else round(max(0.0, in_s), 1))


class InDoubtOut(IntentOut):
    """An order of which nobody knows what became of it."""

    next: NextOut

    @classmethod
    def of_doubt(cls, intent: Intent, following: Next) -> InDoubtOut:
        """With what happens next about it."""
        more = {"next": NextOut.of(following).model_dump()}
        return cls.model_validate({**_intent_dict(intent), **more})


class MoveOut(BaseModel):
    """One line of an order's life."""

    at_ms: int
    old: str | None = Field(description="null when it was written down.")
    new: str
    why: str
    by: str = Field(description="A process, or a person.")

    @classmethod
    def of(cls, move: Move) -> MoveOut:
        """A move as it is kept."""
        old = None if move.old is None else move.old.value
        return cls(at_ms=move.at_ms, old=old, new=move.new.value, why=move.why, by=move.by)


class OrderPage(BaseModel):
    """Orders that match a filter, newest first."""

    intents: list[IntentOut]
    more: bool = Field(description="There are older ones: ask with a greater limit.")
    in_doubt: list[InDoubtOut] = Field(
        description="Whatever the filter says, as of the same moment; oldest first."
    )
    journals: int = Field(description="How many journals were asked; 0 means that there is none.")
    now_ms: int


class OrderLife(BaseModel):
    """One order with every move that it made, oldest first."""

    intent: IntentOut
    moves: list[MoveOut]
    next: NextOut | None = Field(description="null once its outcome is known.")
    can_abandon: bool
    refusal: str = Field(description="Why it cannot be abandoned; empty when it can.")
    now_ms: int

    @classmethod
    def of(cls, life: Life, now_ms: int) -> OrderLife:
        """All that is known of one."""
        return cls(
            intent=IntentOut.of(life.intent),
            moves=[MoveOut.of(move) for move in life.moves],
            next=None if life.next is None else NextOut.of(life.next),
            can_abandon=not life.refusal,
            refusal=life.refusal,
            now_ms=now_ms,
        )


class SwitchOut(BaseModel):
    """A kill switch that is on: no new order is sent."""

    exchange: str = Field(description="Empty for all.")
    account: str = Field(description="Empty for all.")
    by: str
    why: str
    at_ms: int

    @classmethod
    def of(cls, switch: Switch) -> SwitchOut:
        """A switch as it is kept."""
        names = ("exchange", "account", "by", "why", "at_ms")
        return cls(**{name: getattr(switch, name) for name in names})


class PlaceOut(BaseModel):
    """Where orders are made."""

    exchange: str
    account: str


class SwitchesOut(BaseModel):
    """The kill switches that are on, and what there is to halt."""

    switches: list[SwitchOut]
    places: list[PlaceOut] = Field(description="Of the desks here, and of the newest orders.")
    now_ms: int


class StrayOut(BaseModel):
    """An open order at the exchange whose name is one of ours, and that is in no journal."""

    exchange: str
    account: str
    order_id: str
    client_order_id: str
    symbol: str
    side: str
    type: str
    status: str
    quantity: _Money
    quote_quantity: _Money
    filled: _Money
    price: _Money
    created_ms: int | None

    @classmethod
    def of(cls, desk: Desk, order: Order) -> StrayOut:
        """A stray of a desk's account."""
        names = ("order_id", "client_order_id", "symbol")
        amounts = ("quantity", "quote_quantity", "filled", "price")
        at = order.created_at
        exchange, account = desk.place
        told: dict[str, Any] = {
            "exchange": exchange,
            "account": account,
            **{name: getattr(order, name) for name in names},
            **{name: getattr(order, name).value for name in ("side", "type", "status")},
            **{name: _money(getattr(order, name)) for name in amounts},
            "created_ms": None if at is None else round(at.timestamp() * 1000),
        }
        return cls.model_validate(told)


class DeskOut(BaseModel):
    """A desk of this process."""

    exchange: str
    account: str
    asking: int = Field(description="How many orders it asks after in the background.")
    last_error: str = Field(description="Why its last round did not come to its end.")


class OrdersBoard(BaseModel):
    """What somebody must look at first: halts, orders in doubt, strays."""

    journals: int = Field(description="0 means that there is none here.")
    switches: list[SwitchOut]
    in_doubt: list[InDoubtOut] = Field(description="Oldest first.")
    strays: list[StrayOut] | None = Field(description="null where no desk is in this process.")
    desks: list[DeskOut]
    now_ms: int


class Abandon(BaseModel):
    """Who has nobody look after an order any more, and why."""

    model_config = ConfigDict(extra="forbid", strict=True)

    by: str
    why: str


class Turn(BaseModel):
    """New orders stop, or go again: of one exchange and account, or of all."""

    model_config = ConfigDict(extra="forbid", strict=True)

    on: bool = Field(description="true halts, false lets go again.")
    by: str
    why: str
    exchange: str = ""
    account: str = ""


def _intent_dict(intent: Intent) -> dict[str, Any]:
    request = intent.request
    kept = ("intent_id", "exchange", "account", "client_order_id", "symbol", "notional", "why")
    more = ("created_ms", "sent_ms", "attempts", "order_id", "idempotency_key", "owner")
    return {
        **{name: getattr(intent, name) for name in (*kept, *more, "owned_until_ms")},
        **{name: _money(getattr(request, name)) for name in _AMOUNTS},
        "side": request.side.value,
        "type": request.type.value,
        "time_in_force": request.time_in_force.value,
        "post_only": request.post_only,
        "state": intent.state.value,
        "is_open": intent.state.is_open,
        "is_booked": intent.state.is_booked,
        "never_left": intent.never_left,
        "since_ms": intent.changed_ms or intent.created_ms,
    }


def _money(amount: Decimal | None) -> str | None:
    """Every digit, and no exponent."""
    return None if amount is None else format(amount, "f")
