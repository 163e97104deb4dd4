"""Owns what an exchange's rules let a desk do about an order whose answer was lost; doing it is errand's."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

CLOCK_S = 2.0
"""Our idea of an exchange's time may be wrong by so much; Binance takes instants up to 1 s ahead of its own."""
ALPACA_UNDER_WAY_S = 300.0
"""Alpaca never refuses a request for its age: a copy that has not arrived after so long is taken for lost."""


class Resend(StrEnum):
    """When the same order may be sent again, under the same client order id."""

    NEVER = "never"
    EXPIRED = "expired"
    """When no copy that was sent before can be booked any more, and it was looked for after that in vain."""
    ANY_TIME = "any_time"
    """The exchange books an id once, for ever: a further copy of it is refused, or answered with the first order."""


@dataclass(frozen=True, slots=True)
class Ways:
    """The rules of one exchange."""

    resend: Resend
    expires_s: float | None
    """So long after it was last on its way no copy can be booked; None where nobody can say."""
    settle_s: float = 10.0
    """And so much later a look-up knows of all that was booked."""
    looks: int = 2
    """So often in a row it must not be found, after that, to be taken for absent."""
    every_s: float = 1.0
    """Between two looks at first; each further one waits longer, LOOK_S_MAX at most."""

    @property
    def proof_s(self) -> float | None:
        """So long after the last copy left, not to be found is a proof; None where it never is."""
        return None if self.expires_s is None else self.expires_s + self.settle_s


LOOK_S_MAX = 30.0


def ways_of(exchange: str, expires_s: float | None) -> Ways:
    """
    The rules of an exchange.

    Binance: an id may be used again once its order is done, so a late copy could be booked a second time; a copy older
    than recvWindow is refused (REST API, timing security). Alpaca: an id is unique for an account for ever, 422 for a
    second one. Coinbase: an id that is not unique is answered with the order it belongs to; a token has an end.
    Any other: nothing is known, so nothing is ever sent again.

    Args:
        exchange: By its name in keys.
        expires_s: How long a request to place an order is taken, as its client has it set.
    """
    match exchange:
        case "binance" if expires_s is not None:
            return Ways(Resend.EXPIRED, expires_s + CLOCK_S)
        case "coinbase" if expires_s is not None:
            return Ways(Resend.ANY_TIME, expires_s + CLOCK_S, settle_s=5.0)
        case "alpaca":
            return Ways(Resend.ANY_TIME, ALPACA_UNDER_WAY_S, settle_s=5.0)
        case _:
            return Ways(Resend.NEVER, None)
