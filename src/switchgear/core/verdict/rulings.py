"""Owns what a failure without an answer can mean; which class means which is left to tables."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from switchgear.core.verdict.rows import Mark
from switchgear.core.words import Effect, Kind, Scope, Verdict


class Look(Enum):
    """Where else to look before a class alone decides."""

    NOWHERE = auto()
    ANSWER = auto()
    """The error carries the exchange's answer: status and headers, and perhaps a body."""
    WITHIN = auto()
    """The error wraps another, which knows better."""
    RELAYED = auto()
    """The error carries the answer; or its cause is another error, which knows better."""
    ERRNO = auto()
    """The operating system's number decides."""
    TLS = auto()
    """The reason OpenSSL gives decides."""


@dataclass(frozen=True, slots=True)
class Ruling:
    """What a class of error means, made beforehand: one verdict for a trade, one for the rest."""

    otherwise: Verdict
    on_trade: Verdict
    look: Look = Look.NOWHERE

    def verdict(self, effect: Effect) -> Verdict:
        """The verdict for a call with this effect."""
        return self.on_trade if effect is Effect.TRADE else self.otherwise

    def looking(self, look: Look) -> Ruling:
        """The same, where looking finds nothing."""
        return Ruling(self.otherwise, self.on_trade, look)


def _ruling(kind: Kind, scope: Scope, marks: Mark) -> Ruling:
    def verdict(ambiguous: bool) -> Verdict:
        return Verdict(
            kind=kind,
            scope=scope,
            retryable=Mark.RETRY in marks,
            counts=Mark.COUNTS in marks,
            ambiguous=ambiguous,
            unsent=Mark.UNSENT in marks,
        )

    return Ruling(verdict(ambiguous=False), verdict(ambiguous=Mark.UNKNOWN in marks))


def refusal(kind: Kind, scope: Scope = Scope.METHOD, *, retry: bool = False) -> Ruling:
    """The exchange plainly said no: for this reason, to whoever the scope names."""
    return _ruling(kind, scope, Mark.RETRY if retry else Mark.PLAIN)


_LOST = Mark.RETRY | Mark.COUNTS | Mark.UNKNOWN
_NEVER_LEFT = Mark.RETRY | Mark.COUNTS | Mark.UNSENT

NEVER_CONNECTED = _ruling(Kind.NETWORK, Scope.EXCHANGE, _NEVER_LEFT)
"""No connection came about: refused, no such name, no handshake. Nothing of the request left."""

NEVER_CONNECTED_IN_TIME = _ruling(Kind.TIMEOUT, Scope.EXCHANGE, _NEVER_LEFT)
"""The same, for want of time."""

UNTRUSTED = _ruling(Kind.NETWORK, Scope.EXCHANGE, Mark.COUNTS | Mark.UNSENT)
"""
The certificate is not the one we trust; trying again cannot help. Nothing of the request left.
"""

CUT = _ruling(Kind.NETWORK, Scope.METHOD, _LOST)
"""The connection broke, or its answer did; the request may have been carried out."""

UNREACHABLE = _ruling(Kind.NETWORK, Scope.EXCHANGE, _LOST)
"""No way to the host. An open connection can end so too, so it does not prove that nothing left."""

SILENT = _ruling(Kind.TIMEOUT, Scope.METHOD, _LOST)
"""No answer in time; the request may have been carried out."""

UNREADABLE = _ruling(Kind.UNEXPECTED, Scope.METHOD, _LOST)
"""An answer came and cannot be read; the request may have been carried out."""

REPEATED = _ruling(Kind.UNAVAILABLE, Scope.METHOD, _LOST)
"""The client tried several times by itself, and every answer was a server error."""

MISDIRECTED = _ruling(Kind.UNEXPECTED, Scope.METHOD, Mark.COUNTS | Mark.UNKNOWN)
"""The answer is a redirect that leads nowhere."""

NO_ROOM = _ruling(Kind.TIMEOUT, Scope.METHOD, Mark.RETRY | Mark.UNSENT)
"""Our own connection pool is full: no fault of the exchange, and nothing left."""

OURS_UNSENT = _ruling(Kind.INVALID_REQUEST, Scope.METHOD, Mark.UNSENT)
"""A mistake of ours, found before anything was sent."""

OURS = _ruling(Kind.INVALID_REQUEST, Scope.METHOD, Mark.UNKNOWN)
"""A mistake of ours in the use of the client; it does not say whether something was sent."""

STOPPED = _ruling(Kind.CANCELLED, Scope.METHOD, Mark.UNKNOWN)
"""Somebody here stopped the call; the exchange may still carry it out."""

UNKNOWN = _ruling(Kind.UNEXPECTED, Scope.METHOD, Mark.COUNTS | Mark.UNKNOWN)
"""The safe default: it counts, it is not tried again, and an order's outcome is unknown."""

DOWN = _ruling(Kind.UNAVAILABLE, Scope.METHOD, _LOST)
"""The exchange does not serve; the request may have been carried out."""

MAINTAINED = _ruling(Kind.MAINTENANCE, Scope.EXCHANGE, _LOST)
"""The exchange is down for maintenance."""

ORDER_UNKNOWN = _ruling(Kind.OUTCOME_UNKNOWN, Scope.METHOD, Mark.COUNTS | Mark.UNKNOWN)
"""Somebody already found out that the outcome of this order is unknown."""

ORDER_REFUSED = _ruling(Kind.INVALID_ORDER, Scope.METHOD, Mark.PLAIN)
"""The exchange plainly refused the order."""

OUT_OF_TIME = _ruling(Kind.TIMEOUT, Scope.METHOD, Mark.PLAIN)
"""The whole call ran out of its own time, with no order on its way: no fault of the exchange."""
