"""Owns what every practice venue offers to the world round it; how it answers is the venue's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from switchgear.practice.sim.accounts import Account
    from switchgear.practice.sim.faults import Answer as FaultAnswer
    from switchgear.practice.sim.ledger import Ledger
    from switchgear.practice.sim.messages import Answer, Request


class Venue(Protocol):
    """An exchange: a request in, an answer out. Not thread-safe; one event loop owns it."""

    name: str
    """binance, alpaca or coinbase."""
    credentials: Mapping[str, str]
    """What a client needs to trade on the one account: key and secret, as the venue calls for them."""
    ledger: Ledger
    account: Account
    refused: list[dict[str, Any]]
    """Orders that were not booked: client_order_id, code, msg, status, via."""

    @staticmethod
    def endpoint_names() -> Collection[str]:
        """The names of all endpoints, as endpoint_name gives them."""
        ...

    def endpoint_name(self, method: str, path: str) -> str | None:
        """The name that faults and counts use for this endpoint, None when there is none."""
        ...

    def handle(self, request: Request, now_s: float) -> Answer:
        """Answer one request; now_s is the time since the venue opened. Never raises."""
        ...

    def usual_headers(self, request: Request, now_s: float) -> dict[str, str]:
        """The headers that every answer to this request carries, such as used weight."""
        ...

    def faulted(self, fault: FaultAnswer, retry_after_s: int | None) -> tuple[Any, dict[str, str]]:
        """
        The JSON body, and further headers, of the error that a fault gives in the venue's place.

        Where code and msg are None they follow from the status, as this venue would say it.
        retry_after_s is how long to stay away, None where the fault does not say.
        """
        ...
