"""Owns what tests of the practice Alpaca share: a desk with its keys, without a socket."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from switchgear.practice.sim.alpaca.venue import KEY, SECRET
from switchgear.practice.sim.messages import Request
from switchgear.practice.sim.practice import Practice
from switchgear.testing.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import Mapping

KEYS = {"APCA-API-KEY-ID": KEY, "APCA-API-SECRET-KEY": SECRET}
TRADING = "2026-01-02T10:00:00-05:00"
"""An hour at which equities trade."""
ORDERS = "/v2/orders"
COIN: dict[str, Any] = {"symbol": "BTC/USD", "side": "buy", "time_in_force": "gtc"}
COIN_MARKET = {**COIN, "type": "market", "qty": "0.01"}
COIN_LOW = {**COIN, "type": "limit", "qty": "0.01", "limit_price": "30000"}
SHARE: dict[str, Any] = {"symbol": "AAPL", "side": "buy", "time_in_force": "day"}
SHARE_MARKET = {**SHARE, "type": "market", "qty": "2"}
SHARE_LOW = {**SHARE, "type": "limit", "qty": "2", "limit_price": "100"}


@dataclass(frozen=True)
class Reply:
    """One answer, read; json is None where the body is empty."""

    status: int
    json: Any
    headers: Mapping[str, str]

    @property
    def error(self) -> tuple[int, int | None, str]:
        """Status, code and message of a refusal."""
        return self.status, self.json.get("code"), self.json["message"]


class Desk:
    """A practice Alpaca with a clock of its own, and requests put to it directly."""

    def __init__(self, at: str | None = None, seed: int = 1) -> None:
        self.clock = FakeClock()
        if at is not None:
            self._set_wall(at)
        self.practice = Practice(seed, self.clock, venue="alpaca")

    def _set_wall(self, at: str) -> None:
        self.clock.wall_offset_s += (datetime.fromisoformat(at) - self.clock.wall()).total_seconds()

    def jump(self, at: str) -> None:
        """Go on to a date in one second of prices, so that a night takes no time."""
        self._set_wall((datetime.fromisoformat(at) - timedelta(seconds=1)).isoformat())
        self.clock.advance(1)

    def raw(
        self,
        method: str,
        path: str,
        query: str = "",
        body: bytes = b"",
        headers: Mapping[str, str] = KEYS,
    ) -> Reply:
        """Exactly this request."""
        answer = self.practice.handle(Request(method, path, query, body, headers))
        return Reply(answer.status, json.loads(answer.body or b"null"), answer.headers)

    def get(self, path: str, **query: Any) -> Reply:
        """A request with the keys."""
        return self.raw("GET", path, urlencode(query))

    def order(self, shape: Mapping[str, Any], **more: Any) -> Reply:
        """A new order."""
        return self.raw("POST", ORDERS, body=json.dumps({**shape, **more}).encode())

    def cancel(self, order_id: str) -> Reply:
        """A cancel."""
        return self.raw("DELETE", f"{ORDERS}/{order_id}")

    def look(self, order_id: str) -> Any:
        """The order as it is now."""
        return self.get(f"{ORDERS}/{order_id}").json

    def price(self, name: str = "BTC/USD") -> Decimal:
        """The price that the ledger trades at now."""
        return Decimal(self.practice.state()["prices"][name])

    def free(self, asset: str = "USD") -> Decimal:
        """What the ledger has of an asset that no order keeps back."""
        return Decimal(self.practice.state()["balances"][asset]["free"])
