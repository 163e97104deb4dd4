"""Owns Binance's way to say no: numbers and words; the practice backend says it with them too."""

from __future__ import annotations

from switchgear.practice.sim.ledger import Reason, Refused


class Refusal(Exception):
    """What the venue says no with: its number and its words."""

    def __init__(self, code: int, msg: str) -> None:
        super().__init__(f"{code}: {msg}")
        self.code = code
        self.msg = msg


class AuthRefusal(Refusal):
    """A refusal of the key, answered with HTTP 401."""


_WORDS = {
    Reason.PRICE: (-1013, "Filter failure: PRICE_FILTER"),
    Reason.LOT: (-1013, "Filter failure: LOT_SIZE"),
    Reason.NOTIONAL: (-1013, "Filter failure: NOTIONAL"),
    Reason.DUPLICATE: (-2010, "Duplicate order sent."),
    Reason.FUNDS: (-2010, "Account has insufficient balance for requested action."),
    Reason.POST_ONLY: (-2010, "Order would immediately match and take."),
    Reason.STOP: (-2010, "Stop price would trigger immediately."),
    Reason.NOT_OPEN: (-2011, "Unknown order sent."),
}


def refusal_of(refused: Refused) -> Refusal:
    """The ledger's no in Binance's words."""
    return Refusal(*_WORDS[refused.reason])
