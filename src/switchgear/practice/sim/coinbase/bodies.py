"""Owns what the bodies of Coinbase's order endpoints may look like; judging an order is left to orders."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, TypeVar, cast

import msgspec
from msgspec import Meta, Struct

from switchgear.practice.sim.coinbase.refusals import invalid
from switchgear.practice.sim.json_text import NotJsonError, read_json

_T = TypeVar("_T")
CANCELS_MAX = 100
Number = Annotated[str, Meta(pattern=r"^-?[0-9]{1,20}(\.[0-9]{1,20})?$")]
"""An amount as text: neither a JSON number nor an exponent will do."""
Instant = Annotated[datetime, Meta(tz=True)]
Name = Annotated[str, Meta(min_length=1)]
SideWord = Literal["BUY", "SELL", "UNKNOWN_ORDER_SIDE"]
DirectionWord = Literal[
    "STOP_DIRECTION_STOP_UP", "STOP_DIRECTION_STOP_DOWN", "UNKNOWN_STOP_DIRECTION"
]


class _Strict(Struct, frozen=True, forbid_unknown_fields=True):
    pass


class MarketTerms(_Strict, frozen=True):
    """A market order; None stands for what was not sent."""

    quote_size: Number | None = None
    base_size: Number | None = None
    rfq_disabled: bool | None = None
    reduce_only: bool | None = None


class LimitTerms(_Strict, frozen=True):
    """A limit order that ends at once unless it is filled."""

    quote_size: Number | None = None
    base_size: Number | None = None
    limit_price: Number | None = None
    rfq_disabled: bool | None = None
    reduce_only: bool | None = None


class RestingTerms(LimitTerms, frozen=True):
    """A limit order that may rest until it is cancelled."""

    post_only: bool = False


class DatedTerms(RestingTerms, frozen=True):
    """A limit order that may rest until an instant."""

    end_time: Instant | None = None


class StopTerms(_Strict, frozen=True):
    """A limit order that waits for its stop price."""

    base_size: Number | None = None
    limit_price: Number | None = None
    stop_price: Number | None = None
    stop_direction: DirectionWord | None = None
    reduce_only: bool | None = None


class DatedStopTerms(StopTerms, frozen=True):
    """The same, until an instant."""

    end_time: Instant | None = None


Terms = MarketTerms | LimitTerms | StopTerms


class Configuration(_Strict, frozen=True, omit_defaults=True):
    """What kind of order it is, and its terms; one of them is sent, the last four are not offered."""

    market_market_ioc: MarketTerms | None = None
    market_market_fok: MarketTerms | None = None
    sor_limit_ioc: LimitTerms | None = None
    limit_limit_fok: LimitTerms | None = None
    limit_limit_gtc: RestingTerms | None = None
    limit_limit_gtd: DatedTerms | None = None
    stop_limit_stop_limit_gtc: StopTerms | None = None
    stop_limit_stop_limit_gtd: DatedStopTerms | None = None
    twap_limit_gtd: Any = None
    trigger_bracket_gtc: Any = None
    trigger_bracket_gtd: Any = None
    scaled_limit_gtc: Any = None


class OrderPreview(_Strict, frozen=True, kw_only=True):
    """A new order without a name; what is not judged is taken and changes nothing."""

    product_id: str
    order_configuration: Configuration
    side: SideWord = "UNKNOWN_ORDER_SIDE"
    leverage: Number | None = None
    margin_type: Any = None
    retail_portfolio_id: Any = None
    attached_order_configuration: Any = None
    prediction_metadata: Any = None
    cost_basis_method: Any = None
    commission_rate: Any = None


class NewOrderBody(OrderPreview, frozen=True, kw_only=True):
    """The body of a new order."""

    client_order_id: Name
    self_trade_prevention_id: Any = None
    preview_id: Any = None
    sor_preference: Any = None
    equity_order_metadata: Any = None


class CancelBody(_Strict, frozen=True):
    """The body of a cancel of several orders."""

    order_ids: Annotated[list[str], Meta(min_length=1, max_length=CANCELS_MAX)]


def read_body(body: bytes, kind: type[_T]) -> _T:
    """The body in this form; raises GatewayRefusal when it is none."""
    try:
        return read_json(body, kind)
    except NotJsonError as error:
        raise invalid(str(error)) from None


def named_in(body: bytes) -> str | None:
    """The client order id in a body that may be anything; None when there is none."""
    try:
        name = read_json(body, dict[str, Any]).get("client_order_id")
    except NotJsonError:
        return None
    return name if isinstance(name, str) else None


def told_again(configuration: Configuration) -> dict[str, Any]:
    """The configuration as the venue tells it: what was sent, with its defaults and without gaps."""
    told: dict[str, Any] = msgspec.to_builtins(configuration)
    return {kind: _without_gaps(terms) for kind, terms in told.items()}


def _without_gaps(terms: Any) -> Any:
    if not isinstance(terms, dict):
        return terms
    sent = cast("dict[str, Any]", terms)  # it comes from JSON, so its names are text
    return {name: value for name, value in sent.items() if value is not None}
