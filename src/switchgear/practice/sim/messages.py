"""Owns a request and an answer as plain values, so that a venue needs no socket."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from switchgear.practice.sim.accounts import Order

JSON = "application/json;charset=UTF-8"
HTML = "text/html"
_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it came; query is the raw text behind the question mark, header names fold."""

    method: str
    path: str
    query: str = ""
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    ip: str = "127.0.0.1"

    @property
    def form(self) -> str:
        """The raw body when it carries parameters, else nothing."""
        kind = self.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        readable = self.method != "GET" and kind == _FORM
        return self.body.decode("utf-8", "replace") if readable else ""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer; booked is the order that making it put in the ledger."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    kind: str = JSON
    booked: Order | None = None


def json_answer(
    payload: Any,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    booked: Order | None = None,
) -> Answer:
    """An answer with this payload as JSON."""
    return Answer(status, msgspec.json.encode(payload), headers or {}, JSON, booked)


def html_answer(status: int, words: str) -> Answer:
    """A page such as a proxy in front of a venue sends."""
    page = f"<html><head><title>{status} {words}</title></head><body>{words}</body></html>"
    return Answer(status, page.encode(), {}, HTML)
