"""Owns how Binance reads a request: parameters, their spelling, key, signature and timing."""

from __future__ import annotations

import re
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import unquote_plus

from switchgear.practice.sim.binance.refusals import AuthRefusal, Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from switchgear.practice.sim.binance.keys import ApiKey
    from switchgear.practice.sim.messages import Request

_E = TypeVar("_E", bound=StrEnum)
_DECIMAL = r"^([0-9]{1,20})(\.[0-9]{1,20})?$"
_INTEGER = r"^[0-9]{1,20}$"
SYMBOL = r"^[A-Z0-9-_.]{1,20}$"
CLIENT_ORDER_ID = r"^[a-zA-Z0-9-_]{1,36}$"
_KEY = r"^[a-zA-Z0-9-_]{1,128}$"
_PLACES_MAX = 8
_RECV_WINDOW_MS = Decimal(5_000)
_RECV_WINDOW_MS_MAX = Decimal(60_000)
_AHEAD_MS_MAX = 1_000
_MICROSECONDS_FROM = 10**15
"""A timestamp this large is in microseconds; in milliseconds it would be in the year 33658."""


class Params:
    """The parameters of one request, and which of them the endpoint has read."""

    def __init__(self, request: Request) -> None:
        # A parameter in both places counts once, and the query string wins.
        form, query = _pairs(request.form), _pairs(request.query)
        self._sent = dict(form) | dict(query)
        self._repeats = len(dict(form)) < len(form) or len(dict(query)) < len(query)
        self._read: set[str] = set()

    def __contains__(self, name: str) -> bool:
        return name in self._sent

    def peek(self, name: str) -> str | None:
        """The value as sent, unchecked, and without counting as read."""
        return self._sent.get(name)

    def text(self, name: str, legal: str | None = None) -> str | None:
        """The value, None when it was not sent; empty or outside the legal range is refused."""
        self._read.add(name)
        value = self._sent.get(name)
        if value is None:
            return None
        if not value:
            raise Refusal(-1105, f"Parameter '{name}' was empty.")
        if legal is not None and re.fullmatch(legal, value, re.ASCII) is None:
            raise illegal(name, legal)
        return value

    def needed(self, name: str, legal: str | None = None) -> str:
        """The value of a mandatory parameter."""
        value = self.text(name, legal)
        if value is None:
            raise missing(name)
        return value

    def decimal(self, name: str) -> Decimal | None:
        """An amount with at most eight decimal places, None when it was not sent."""
        value = self.text(name, _DECIMAL)
        if value is None:
            return None
        if len(value.partition(".")[2]) > _PLACES_MAX:
            raise Refusal(-1111, f"Parameter '{name}' has too much precision.")
        return Decimal(value)

    def integer(self, name: str) -> int | None:
        """A whole number, None when it was not sent."""
        value = self.text(name, _INTEGER)
        return None if value is None else int(value)

    def instant(self, name: str) -> int | None:
        """An instant in epoch milliseconds, sent as such or in microseconds; None when not sent."""
        value = self.integer(name)
        return value // 1000 if value is not None and value >= _MICROSECONDS_FROM else value

    def flag(self, name: str) -> bool:
        """True or false in small letters; false when it was not sent."""
        return self.text(name, "true|false") == "true"

    def limit(self, default: int, most: int, *, cut: bool = False) -> int:
        """How many to list at most; more than there may be is refused, or cut down to it."""
        value = self.integer("limit")
        if value is None:
            return default
        if value < 1 or (value > most and not cut):
            raise invalid("limit")
        return min(value, most)

    def choice(self, name: str, kind: type[_E], refusal: Refusal) -> _E | None:
        """One of the words of this kind, None when it was not sent; any other word is refused."""
        value = self.text(name)
        if value is None:
            return None
        try:
            return kind(value)
        except ValueError:
            raise refusal from None

    def forbid(self, name: str) -> None:
        """Refuse a parameter that does not belong to this order type."""
        if name in self._sent:
            raise Refusal(-1106, f"Parameter '{name}' sent when not required.")

    def check(self) -> None:
        """Refuse a parameter that stands twice in the same place."""
        if self._repeats:
            raise Refusal(-1101, "Duplicate values for a parameter detected.")

    def finish(self) -> None:
        """Refuse what was sent and never read; call it before anything is booked."""
        read, sent = len(self._read & self._sent.keys()), len(self._sent)
        if not self._read and sent:
            text = f"Too many parameters; expected '0' and received '{sent}'."
            raise Refusal(-1101, text)
        if read < sent:
            text = f"Not all sent parameters were read; read '{read}' parameter(s) but was sent "
            raise Refusal(-1104, f"{text}'{sent}'.")


def missing(name: str) -> Refusal:
    """The refusal of a request without a mandatory parameter."""
    text = f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed."
    return Refusal(-1102, text)


def illegal(name: str, legal: str) -> Refusal:
    """The refusal of a value with the wrong characters."""
    text = f"Illegal characters found in parameter '{name}'; legal range is '{legal}'."
    return Refusal(-1100, text)


def invalid(name: str) -> Refusal:
    """The refusal of a value that is well written and does not hold."""
    return Refusal(-1130, f"Data sent for parameter '{name}' is not valid.")


def bad_combination() -> Refusal:
    """The refusal of parameters that exclude each other."""
    return Refusal(-1128, "Combination of optional parameters invalid.")


def _pairs(text: str) -> list[tuple[str, str]]:
    parts = (part.partition("=") for part in text.split("&") if part)
    return [(unquote_plus(name), unquote_plus(value)) for name, _, value in parts]


def authenticate(
    request: Request, params: Params, keys: Mapping[str, ApiKey], now_ms: int, *, trades: bool
) -> None:
    """
    Check key, signature and timing of a signed request; trades says that it places or cancels.

    Raises:
        AuthRefusal: the key is missing, malformed, unknown, or may not trade and would.
        Refusal: timestamp or signature is missing, wrong, or outside the window.
    """
    name = request.headers.get("X-MBX-APIKEY", "")
    if re.fullmatch(_KEY, name, re.ASCII) is None:
        raise AuthRefusal(-2014, "API-key format invalid.")
    params.needed("timestamp", _INTEGER)
    window_ms = _recv_window_ms(params)
    signature = params.needed("signature")
    key = keys.get(name)
    if key is None or (trades and not key.may_trade):
        raise AuthRefusal(-2015, "Invalid API-key, IP, or permissions for action.")
    if not key.holds(_signed_text(request), signature):
        raise Refusal(-1022, "Signature for this request is not valid.")
    check_timing(params, window_ms, now_ms)


def check_timing(params: Params, window_ms: Decimal, now_ms: int) -> None:
    """Refuse a request that is too old, or from the future by a second or more."""
    sent = int(params.needed("timestamp", _INTEGER))
    sent_ms = Decimal(sent) / 1000 if sent >= _MICROSECONDS_FROM else Decimal(sent)
    if sent_ms >= now_ms + _AHEAD_MS_MAX:
        text = "Timestamp for this request was 1000ms ahead of the server's time."
        raise Refusal(-1021, text)
    if now_ms - sent_ms > window_ms:
        raise Refusal(-1021, "Timestamp for this request is outside of the recvWindow.")


def _recv_window_ms(params: Params) -> Decimal:
    value = params.text("recvWindow", r"^[0-9]{1,20}(\.[0-9]{1,3})?$")
    window_ms = _RECV_WINDOW_MS if value is None else Decimal(value)
    if window_ms > _RECV_WINDOW_MS_MAX:
        text = (
            f"'recvWindow' contains unexpected value. Cannot be greater than {_RECV_WINDOW_MS_MAX}."
        )
        raise Refusal(-1102, text)
    return window_ms


def _signed_text(request: Request) -> bytes:
    """The query string and the body as sent, joined by nothing, without the closing signature."""
    parts = (request.query, request.body.decode("utf-8", "replace"))
    return "".join(re.sub(r"(^|&)signature=[^&]*$", "", part) for part in parts).encode()
