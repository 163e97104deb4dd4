"""Owns what ccxt's errors mean, by class name, where no answer of the exchange says it better; it imports no ccxt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchgear.core.verdict.rulings import (
    CUT,
    DOWN,
    MAINTAINED,
    OURS,
    OURS_UNSENT,
    SILENT,
    UNKNOWN,
    UNREADABLE,
    Look,
    Ruling,
    refusal,
)
from switchgear.core.words import Kind, Scope

if TYPE_CHECKING:
    from collections.abc import Mapping

_REFUSED = refusal(Kind.INVALID_REQUEST)
_ORDER = refusal(Kind.INVALID_ORDER)
_GONE = refusal(Kind.ORDER_NOT_FOUND)
_LIMITED = refusal(Kind.RATE_LIMITED, Scope.ADDRESS, retry=True)
_RESTRICTED = refusal(Kind.ACCOUNT_RESTRICTED, Scope.ACCOUNT)

_RULED: Mapping[str, Ruling] = {
    "BaseError": UNKNOWN,
    # What no table of ccxt's has a word for: an answer that was cut off among them.
    "ExchangeError": UNKNOWN,
    "AuthenticationError": refusal(Kind.AUTHENTICATION, Scope.ACCOUNT),
    "PermissionDenied": refusal(Kind.PERMISSION, Scope.ACCOUNT),
    "AccountNotEnabled": _RESTRICTED,
    "AccountSuspended": _RESTRICTED,
    # Raised before anything is sent.
    "ArgumentsRequired": OURS_UNSENT,
    "NotSupported": OURS_UNSENT,
    "InvalidProxySettings": OURS_UNSENT,
    "BadRequest": _REFUSED,
    "BadSymbol": _REFUSED,
    "OperationRejected": _REFUSED,
    "NoChange": _REFUSED,
    "MarginModeAlreadySet": _REFUSED,
    "MarketClosed": refusal(Kind.MARKET_CLOSED),
    "ManualInteractionNeeded": _REFUSED,
    "RestrictedLocation": refusal(Kind.PERMISSION, Scope.ADDRESS),
    "InsufficientFunds": refusal(Kind.INSUFFICIENT_FUNDS),
    "InvalidAddress": _REFUSED,
    "AddressPending": _REFUSED,
    "InvalidOrder": _ORDER,
    "OrderNotFound": _GONE,
    "OrderNotCached": _GONE,
    "OrderImmediatelyFillable": _ORDER,
    "OrderNotFillable": _ORDER,
    "DuplicateOrderId": refusal(Kind.DUPLICATE_ORDER),
    "ContractUnavailable": _ORDER,
    "ExchangeClosedByUser": OURS,
    "OperationFailed": UNKNOWN,
    "NetworkError": CUT,
    "DDoSProtection": _LIMITED,
    "RateLimitExceeded": _LIMITED,
    "ExchangeNotAvailable": DOWN,
    "OnMaintenance": MAINTAINED,
    "InvalidNonce": refusal(Kind.CLOCK_SKEW, Scope.ADDRESS, retry=True),
    "ChecksumError": UNREADABLE,
    "RequestTimeout": SILENT,
    "BadResponse": UNREADABLE,
    "NullResponse": UNREADABLE,
    "CancelPending": UNKNOWN,
    "UnsubscribeError": OURS,
}

CLASSES: Mapping[str, Ruling] = {
    f"ccxt.base.errors.{name}": ruling.looking(Look.RELAYED) for name, ruling in _RULED.items()
}
"""By qualified name. The answer that an error carries decides first, then the error that caused it."""
