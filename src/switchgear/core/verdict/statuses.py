"""Owns what an HTTP status means where no row of the exchange's own table fits."""


# fmt: off

from __future__ import annotations

from switchgear.core.verdict.rows import Mark, Row, Wait
from switchgear.core.words import Kind, Scope

_PLAIN, _RETRY = Mark.PLAIN, Mark.RETRY
_LOST = Mark.RETRY | Mark.COUNTS | Mark.UNKNOWN
_ODD = Mark.COUNTS | Mark.UNKNOWN


def _row(first: int, last: int, kind: Kind, scope: Scope, marks: Mark, wait: Wait, meaning: str) -> Row:
    return Row(range(first, last + 1), None, "", kind, scope, marks, wait, None, meaning)


ROWS: tuple[Row, ...] = (
    # A 2xx is an answer, so it says nothing against the exchange; whoever could not use it may
    # have an order there.
    _row(200, 299, Kind.UNEXPECTED,      Scope.METHOD,   Mark.UNKNOWN, Wait.NONE,   "an answer that nobody could use"),
    _row(401, 401, Kind.AUTHENTICATION,  Scope.ACCOUNT,  _PLAIN,       Wait.NONE,   "the key or the signature is not accepted"),
    _row(403, 403, Kind.PERMISSION,      Scope.ACCOUNT,  _PLAIN,       Wait.NONE,   "not allowed to this key"),
    _row(407, 407, Kind.NETWORK,         Scope.EXCHANGE, Mark.COUNTS,  Wait.NONE,   "a proxy on the way refused us"),
    _row(408, 408, Kind.TIMEOUT,         Scope.METHOD,   _LOST,        Wait.HEADER, "the request did not arrive whole in time"),
    # A conflict may well be with the very order an earlier attempt booked, so it is no plain
    # refusal.
    _row(409, 409, Kind.INVALID_REQUEST, Scope.METHOD,   Mark.UNKNOWN, Wait.NONE,   "in conflict with what is already there"),
    _row(418, 418, Kind.BANNED,          Scope.ADDRESS,  _RETRY,       Wait.BAN,    "our address is banned"),
    _row(425, 425, Kind.UNAVAILABLE,     Scope.METHOD,   _RETRY,       Wait.HEADER, "too early: not processed"),
    _row(429, 429, Kind.RATE_LIMITED,    Scope.ADDRESS,  _RETRY,       Wait.HEADER, "too many requests"),
    _row(451, 451, Kind.PERMISSION,      Scope.ADDRESS,  _PLAIN,       Wait.NONE,   "not served for legal reasons, such as our location"),
    _row(400, 499, Kind.INVALID_REQUEST, Scope.METHOD,   _PLAIN,       Wait.NONE,   "plainly refused, 404 too"),
    _row(503, 503, Kind.OVERLOADED,      Scope.METHOD,   _LOST,        Wait.HEADER, "overloaded, or down for a while"),
    _row(504, 504, Kind.TIMEOUT,         Scope.METHOD,   _LOST,        Wait.HEADER, "a gateway waited in vain"),
    _row(522, 522, Kind.TIMEOUT,         Scope.METHOD,   _LOST,        Wait.HEADER, "the edge could not connect in time"),
    _row(524, 524, Kind.TIMEOUT,         Scope.METHOD,   _LOST,        Wait.HEADER, "the edge waited in vain for the answer"),
    _row(529, 529, Kind.OVERLOADED,      Scope.METHOD,   _LOST,        Wait.HEADER, "overloaded"),
    _row(598, 599, Kind.TIMEOUT,         Scope.METHOD,   _LOST,        Wait.HEADER, "a proxy waited in vain"),
    _row(500, 599, Kind.UNAVAILABLE,     Scope.METHOD,   _LOST,        Wait.HEADER, "server error, also those of an edge (520 to 530)"),
    _row(300, 399, Kind.UNEXPECTED,      Scope.METHOD,   _ODD,         Wait.NONE,   "a redirect where an answer should be"),
    _row(100, 199, Kind.UNEXPECTED,      Scope.METHOD,   _ODD,         Wait.NONE,   "an interim answer where a final one should be"),
)

OTHERWISE = Row(range(0), None, "", Kind.UNEXPECTED, Scope.METHOD, _ODD, Wait.NONE, None, "a status that does not exist, or none")
"""The safe default: it counts, it is not tried again, and an order's outcome is unknown."""
