"""Owns what an HTTP status means where no row of the exchange's own table fits."""


# fmt: off

from __future__ import annotations

from switchgear.core.verdict.rows import Mark, Row, Wait
from switchgear.core.words import Kind, Scope

_PLAIN, _RETRY = Mark.PLAIN, Mark.RETRY
_LOST = Mark.RETRY | Mark.COUNTS | Mark.UNKNOWN
_ODD = Mark.COUNTS | Mark.UNKNOWN


def _row(name: str, first: int, last: int, kind: Kind, scope: Scope, marks: Mark, wait: Wait, meaning: str, pattern: str = "") -> Row:
    return Row(name, range(first, last + 1), None, pattern, kind, scope, marks, wait, None, meaning)


ROWS: tuple[Row, ...] = (
    # A 2xx is an answer, so it says nothing against the exchange; whoever could not use it may
    # have an order there.
    _row("unusable_answer",      200, 299, Kind.UNEXPECTED,      Scope.METHOD,   Mark.UNKNOWN, Wait.NONE,   "an answer that nobody could use"),
    _row("unauthorized",         401, 401, Kind.AUTHENTICATION,  Scope.ACCOUNT,  _PLAIN,       Wait.NONE,   "the key or the signature is not accepted"),
    _row("forbidden",            403, 403, Kind.PERMISSION,      Scope.ACCOUNT,  _PLAIN,       Wait.NONE,   "not allowed to this key"),
    _row("proxy_refused",        407, 407, Kind.NETWORK,         Scope.EXCHANGE, Mark.COUNTS,  Wait.NONE,   "a proxy on the way refused us"),
    _row("request_timeout",      408, 408, Kind.TIMEOUT,         Scope.METHOD,   _LOST,        Wait.HEADER, "the request did not arrive whole in time"),
    # A conflict may well be with the very order an earlier attempt booked, so it is no plain
    # refusal.
    _row("conflict",             409, 409, Kind.INVALID_REQUEST, Scope.METHOD,   Mark.UNKNOWN, Wait.NONE,   "in conflict with what is already there"),
    _row("banned",               418, 418, Kind.BANNED,          Scope.ADDRESS,  _RETRY,       Wait.BAN,    "our address is banned"),
    _row("too_early",            425, 425, Kind.UNAVAILABLE,     Scope.METHOD,   _RETRY,       Wait.HEADER, "too early: not processed"),
    _row("rate_limited",         429, 429, Kind.RATE_LIMITED,    Scope.ADDRESS,  _RETRY,       Wait.RESET,  "too many requests"),
    _row("legal_reasons",        451, 451, Kind.PERMISSION,      Scope.ADDRESS,  _PLAIN,       Wait.NONE,   "not served for legal reasons, such as our location"),
    # Said by a proxy that stopped waiting because we had; gRPC's CANCELLED comes with it too.
    _row("client_closed",        499, 499, Kind.OUTCOME_UNKNOWN, Scope.METHOD,   Mark.UNKNOWN, Wait.NONE,   "given up on the way; it may be carried out all the same"),
    _row("refused",              400, 499, Kind.INVALID_REQUEST, Scope.METHOD,   _PLAIN,       Wait.NONE,   "plainly refused, 404 too"),
    # The text alone tells maintenance from overload. An order is unknown all the same: a 5xx is no plain
    # refusal.
    _row("maintenance",          503, 503, Kind.MAINTENANCE,     Scope.EXCHANGE, _LOST,       Wait.HEADER, "down for maintenance", r"maintenance"),
    _row("overloaded",           503, 503, Kind.OVERLOADED,      Scope.METHOD,   _LOST,        Wait.HEADER, "overloaded, or down for a while"),
    _row("gateway_timeout",      504, 504, Kind.TIMEOUT,         Scope.METHOD,   _LOST,        Wait.HEADER, "a gateway waited in vain"),
    _row("edge_connect_timeout", 522, 522, Kind.TIMEOUT,         Scope.METHOD,   _LOST,        Wait.HEADER, "the edge could not connect in time"),
    _row("edge_timeout",         524, 524, Kind.TIMEOUT,         Scope.METHOD,   _LOST,        Wait.HEADER, "the edge waited in vain for the answer"),
    _row("edge_overloaded",      529, 529, Kind.OVERLOADED,      Scope.METHOD,   _LOST,        Wait.HEADER, "overloaded"),
    _row("proxy_timeout",        598, 599, Kind.TIMEOUT,         Scope.METHOD,   _LOST,        Wait.HEADER, "a proxy waited in vain"),
    _row("server_error",         500, 599, Kind.UNAVAILABLE,     Scope.METHOD,   _LOST,        Wait.HEADER, "server error, also those of an edge (520 to 530)"),
    _row("redirect",             300, 399, Kind.UNEXPECTED,      Scope.METHOD,   _ODD,         Wait.NONE,   "a redirect where an answer should be"),
    _row("interim_answer",       100, 199, Kind.UNEXPECTED,      Scope.METHOD,   _ODD,         Wait.NONE,   "an interim answer where a final one should be"),
)

OTHERWISE = Row("unknown", range(0), None, "", Kind.UNEXPECTED, Scope.METHOD, _ODD, Wait.NONE, None, "a status that does not exist, or none")
"""The safe default: it counts, it is not tried again, and an order's outcome is unknown."""
