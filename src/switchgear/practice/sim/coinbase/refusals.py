"""Owns Coinbase's ways to say no: no key, a bad request, and a refused order, each in its own form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from switchgear.practice.sim.ledger import Reason, Refused

if TYPE_CHECKING:
    from collections.abc import Callable

UNKNOWN = "UNKNOWN_FAILURE_REASON"
UNKNOWN_PREVIEW = "UNKNOWN_PREVIEW_FAILURE_REASON"
_DECIMALS_OF_PRICE = "Too many decimals in order price"
_DECIMALS_OF_AMOUNT = "Too many decimals in order amount"


class Unauthorized(Exception):
    """No key, or a token that does not hold; the answer never tells which part of it."""

    def __init__(self, *, expired: bool = False) -> None:
        super().__init__("expired" if expired else "unauthorized")
        self.expired = expired


class GatewayRefusal(Exception):
    """What the gateway says no with, before an order is looked at."""

    def __init__(self, status: int, error: str, details: str) -> None:
        super().__init__(f"{status} {error}: {details}")
        self.status = status
        self.error = error
        self.details = details


class OrderRefusal(Exception):
    """What the exchange says no to an order with; the answer's status is still 200."""

    def __init__(
        self, reason: str = UNKNOWN, preview: str = UNKNOWN_PREVIEW, message: str = ""
    ) -> None:
        super().__init__(f"{reason}, {preview}")
        self.reason = reason
        self.preview = preview
        self.message = message

    @property
    def code(self) -> str:
        """The more telling of its two reasons."""
        return self.preview if self.reason == UNKNOWN else self.reason


def invalid(details: str) -> GatewayRefusal:
    """The refusal of a request that cannot be read."""
    return GatewayRefusal(400, "INVALID_ARGUMENT", details)


def not_found(details: str) -> GatewayRefusal:
    """The refusal of a request for something that is not there."""
    return GatewayRefusal(404, "NOT_FOUND", details)


def forbidden() -> GatewayRefusal:
    """The refusal of a key that may not do this."""
    return GatewayRefusal(403, "PERMISSION_DENIED", "Missing required scopes")


def price_precision(preview: str = "PREVIEW_INVALID_PRICE_PRECISION") -> OrderRefusal:
    """The refusal of a price that is off its increment."""
    return OrderRefusal("INVALID_PRICE_PRECISION", preview, _DECIMALS_OF_PRICE)


def size_precision() -> OrderRefusal:
    """The refusal of a base size that is off its increment."""
    preview = "PREVIEW_INVALID_SIZE_PRECISION"
    return OrderRefusal("INVALID_SIZE_PRECISION", preview, _DECIMALS_OF_AMOUNT)


def bad_configuration() -> OrderRefusal:
    """The refusal of an order whose configuration does not fit together."""
    return OrderRefusal("UNSUPPORTED_ORDER_CONFIGURATION", "PREVIEW_INVALID_ORDER_CONFIG")


def both(reason: str, message: str = "") -> OrderRefusal:
    """A refusal whose second reason is the first with PREVIEW_ before it."""
    return OrderRefusal(reason, f"PREVIEW_{reason}", message)


def only_preview(preview: str) -> OrderRefusal:
    """A refusal that only its second reason explains."""
    return OrderRefusal(UNKNOWN, preview)


def order_refusal(word: str, message: str) -> OrderRefusal:
    """The refusal that one of its reasons names."""
    if word.startswith("PREVIEW_"):
        return OrderRefusal(UNKNOWN, word, message)
    return OrderRefusal(word, UNKNOWN_PREVIEW, message)


def insufficient_funds() -> OrderRefusal:
    """The refusal of an order that the balance does not carry."""
    return both("INSUFFICIENT_FUND", "Insufficient balance in source account")


_FROM_LEDGER: dict[Reason, Callable[[], OrderRefusal]] = {
    Reason.PRICE: price_precision,
    Reason.LOT: size_precision,
    Reason.NOTIONAL: lambda: only_preview("PREVIEW_INVALID_QUOTE_SIZE_TOO_SMALL"),
    Reason.DUPLICATE: lambda: OrderRefusal("DUPLICATE_CLIENT_ORDER_ID"),
    Reason.FUNDS: insufficient_funds,
    Reason.POST_ONLY: lambda: both("INVALID_LIMIT_PRICE_POST_ONLY"),
    Reason.STOP: lambda: only_preview("PREVIEW_INVALID_STOP_PRICE"),
    Reason.NOT_OPEN: OrderRefusal,
}


def refusal_of(refused: Refused) -> OrderRefusal:
    """The ledger's no in Coinbase's words."""
    return _FROM_LEDGER[refused.reason]()


def gateway_body(error: str, details: str) -> dict[str, Any]:
    """The body of a refusal by the gateway."""
    return {"error": error, "error_details": details, "message": details}


USUAL = {
    400: ("INVALID_ARGUMENT", "invalid argument"),
    401: ("unauthenticated", "Unauthorized"),
    403: ("PERMISSION_DENIED", "Missing required scopes"),
    404: ("NOT_FOUND", "not found"),
    409: ("ALREADY_EXISTS", "already exists"),
    429: ("RESOURCE_EXHAUSTED", "too many requests"),
    500: ("INTERNAL", "internal error"),
    501: ("UNIMPLEMENTED", "unknown service or method"),
    502: ("UNAVAILABLE", "bad gateway"),
    503: ("UNAVAILABLE", "service unavailable"),
    504: ("DEADLINE_EXCEEDED", "deadline exceeded"),
}
"""The word and the details that the gateway mostly gives with a status, for faults without them."""
OTHER = ("unknown", "unknown error")
