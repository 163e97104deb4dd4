"""Owns the functions that every candidate guards: one answers, the others fail in one way each, in both colours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from switchgear import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable

    Function = Callable[[], Any]


class StrangeError(Exception):
    """An exception that no table knows, as a program's own are."""


def answers() -> int:
    return 1


async def answers_async() -> int:
    return 1


def fails() -> int:
    raise ConnectionResetError("connection reset by peer")


async def fails_async() -> int:
    raise ConnectionResetError("connection reset by peer")


def fails_strangely() -> int:
    raise StrangeError("the answer had no price")


def fails_by_status() -> int:
    raise ApiError("HTTP 503: unavailable", status=503)


FAILING: dict[str, tuple[Function, type[Exception]]] = {
    "sync fail": (fails, ConnectionResetError),
    "sync fail, class unknown": (fails_strangely, StrangeError),
    "sync fail, status 503": (fails_by_status, ApiError),
}
"""The ways to fail: the class says all; no table knows the class; the answer has to be looked at."""
