"""Owns Alpaca's way to say no: status, code and words; when it does is the endpoints' matter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

INVALID = 40010001
"""A parameter is wrong in itself; sent with 422."""
UNPROCESSABLE = 42210000
"""The order does not fit the asset or the time; sent with 422."""
FORBIDDEN = 40310000
"""The account may not do it now; sent with 403."""
NOT_FOUND = 40410000
LIMITED = 42910000


class Refusal(Exception):
    """What the venue says no with; code is None where Alpaca sends none."""

    def __init__(self, status: int, code: int | None, msg: str, **more: Any) -> None:
        # It may repeat what was sent, and half of a surrogate pair cannot be told again.
        self.msg = msg.encode("utf-8", "replace").decode()
        super().__init__(f"{status} {code}: {self.msg}")
        self.status = status
        self.code = code
        self.more: Mapping[str, Any] = more
        """Further fields of the body."""

    @property
    def body(self) -> dict[str, Any]:
        """The JSON that tells it."""
        return error_body(self.code, self.msg) | dict(self.more)


def error_body(code: int | str | None, msg: str) -> dict[str, Any]:
    """An error as JSON, without a code where it is None."""
    return {"message": msg} if code is None else {"code": code, "message": msg}


def invalid(msg: str) -> Refusal:
    """The refusal of a parameter that is wrong in itself."""
    return Refusal(422, INVALID, msg)


def unprocessable(msg: str, **more: Any) -> Refusal:
    """The refusal of an order that does not fit the asset or the time."""
    return Refusal(422, UNPROCESSABLE, msg, **more)


def forbidden(msg: str, **more: Any) -> Refusal:
    """The refusal of what the account may not do now."""
    return Refusal(403, FORBIDDEN, msg, **more)


def not_found(msg: str) -> Refusal:
    """The refusal of something that is not there."""
    return Refusal(404, NOT_FOUND, msg)


def bad_request(msg: str) -> Refusal:
    """The refusal of a market data request; these carry no code."""
    return Refusal(400, None, msg)


def unauthorized() -> Refusal:
    """The refusal of a key that is missing or wrong."""
    return Refusal(401, None, "unauthorized.")


def malformed() -> Refusal:
    """The refusal of a body that is no JSON object."""
    return Refusal(400, 40010000, "request body format is invalid")


def duplicate() -> Refusal:
    """The refusal of a client order id that the account has used before."""
    return invalid("client_order_id must be unique")


USUAL: Mapping[int, tuple[int | None, str]] = {
    400: (40010000, "request body format is invalid"),
    401: (None, "unauthorized."),
    403: (None, "forbidden."),
    404: (NOT_FOUND, "endpoint not found"),
    422: (UNPROCESSABLE, "unprocessable entity"),
    429: (LIMITED, "rate limit exceeded"),
    500: (50010000, "internal server error occurred"),
    502: (50210000, "bad gateway"),
    503: (50310000, "service unavailable"),
    504: (50410000, "request timed out"),
}
"""By status, the code and the words of an error of which nothing else is known."""


def usual(status: int) -> tuple[int | None, str]:
    """The code and the words that go with a status alone."""
    return USUAL.get(status, (status * 100_000 + 10_000, "unexpected error"))
