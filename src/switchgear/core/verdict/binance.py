"""Owns what Binance's spot API answers mean, one row a line; other failures have other tables."""


# fmt: off

from __future__ import annotations

from switchgear.core.verdict.rows import FOREIGN_PAGE, FOREIGN_STATUSES, Mark, Row, Wait
from switchgear.core.words import Kind, Scope

_ANY, _4XX, _5XX = range(600), range(400, 500), range(500, 600)
_ENGINE = (-2010, -2011, -1010, -2038)
"""The matching engine refused; these four share their messages, and only the message says why."""

_PLAIN, _RETRY = Mark.PLAIN, Mark.RETRY
_LOST = Mark.RETRY | Mark.COUNTS | Mark.UNKNOWN
"""
A failure of theirs after which an order may stand. Binance: a 5xx is not a failure of the order,
its execution is unknown.
"""

# What says itself that it does not know stands first. A refusal is believed only with a 4xx: the same
# code on another status proves nothing about an order. The waits in seconds are guesses for an answer
# without Retry-After: the weight window is a minute, the shortest order window 10 s, the shortest ban
# 2 minutes; of the firewall's block nothing is documented.
ROWS: tuple[Row, ...] = (
    #   name                     status           codes               message                            kind                     scope           marks    wait         guess   meaning
    Row("unknown_error",         _ANY,            (-1000,),           "",                                Kind.OVERLOADED,         Scope.METHOD,   _LOST,   Wait.HEADER, None,   "unknown error while processing, mostly under load"),
    Row("disconnected",          _ANY,            (-1001,),           "",                                Kind.UNAVAILABLE,        Scope.METHOD,   _LOST,   Wait.HEADER, None,   "disconnected: internal error, could not process"),
    Row("unexpected_response",   _ANY,            (-1006,),           "",                                Kind.OUTCOME_UNKNOWN,    Scope.METHOD,   _LOST,   Wait.HEADER, None,   "unexpected answer from the message bus; execution status unknown"),
    Row("backend_timeout",       _ANY,            (-1007,),           "",                                Kind.OUTCOME_UNKNOWN,    Scope.METHOD,   _LOST,   Wait.HEADER, None,   "backend timeout, 10 s; execution status unknown"),
    Row("server_busy",           _ANY,            (-1008,),           "",                                Kind.OVERLOADED,         Scope.EXCHANGE, _LOST,   Wait.HEADER, None,   "server busy; retry slowly"),
    Row("shutting_down",         _ANY,            (-1016,),           "",                                Kind.UNAVAILABLE,        Scope.METHOD,   _LOST,   Wait.HEADER, None,   "this service is shutting down, or is no longer there"),
    Row("ip_banned",             range(418, 419), None,               "",                                Kind.BANNED,             Scope.ADDRESS,  _RETRY,  Wait.BAN,    120.0,  "our address is banned, 2 minutes to 3 days; it grows when calls go on"),
    Row("ip_banned_by_code",     _4XX,            (-1003,),           r"banned until",                   Kind.BANNED,             Scope.ADDRESS,  _RETRY,  Wait.BAN,    120.0,  "the same, with another status"),
    Row("order_rate_limited",    _4XX,            (-1015,),           "",                                Kind.ORDER_RATE_LIMITED, Scope.ACCOUNT,  _RETRY,  Wait.HEADER, 10.0,   "too many new orders of this account"),
    Row("rate_limited",          range(429, 430), None,               "",                                Kind.RATE_LIMITED,       Scope.ADDRESS,  _RETRY,  Wait.HEADER, 60.0,   "the request weight of our address is used up"),
    Row("rate_limited_by_code",  _4XX,            (-1003,),           "",                                Kind.RATE_LIMITED,       Scope.ADDRESS,  _RETRY,  Wait.HEADER, 60.0,   "the same, with another status"),
    Row("firewall_blocked",      range(403, 404), (),                 "",                                Kind.BANNED,             Scope.ADDRESS,  _RETRY,  Wait.HEADER, 300.0,  "the web firewall blocks our address (an HTML page, no code)"),
    Row("location_restricted",   range(451, 452), None,               "",                                Kind.PERMISSION,         Scope.ADDRESS,  _PLAIN,  Wait.NONE,   None,   "not served at our location"),
    Row("cancel_replace_failed", _4XX,            (-2021, -2022),     "",                                Kind.OUTCOME_UNKNOWN,    Scope.METHOD,   Mark.UNKNOWN, Wait.NONE, None, "cancel-replace failed, in part (-2021 with 409) or whole: its data says what"),
    Row("server_error",          _5XX,            None,               "",                                Kind.UNAVAILABLE,        Scope.METHOD,   _LOST,   Wait.HEADER, None,   "server error; the execution status of an order is unknown"),
    Row("duplicate_order",       _4XX,            _ENGINE,            r"duplicate order",                Kind.DUPLICATE_ORDER,    Scope.METHOD,   _PLAIN,  Wait.NONE,   None,   "an open order uses this client order id: look it up"),
    Row("insufficient_funds",    _4XX,            _ENGINE,            r"insufficient balance",           Kind.INSUFFICIENT_FUNDS, Scope.METHOD,   _PLAIN,  Wait.NONE,   None,   "not enough free balance"),
    Row("market_closed",         _4XX,            _ENGINE,            r"market is closed",               Kind.MARKET_CLOSED,      Scope.METHOD,   _PLAIN,  Wait.NONE,   None,   "the symbol is not trading"),
    Row("would_take",            _4XX,            _ENGINE,            r"immediately match and take",     Kind.INVALID_ORDER,      Scope.METHOD,   _PLAIN,  Wait.NONE,   None,   "a post-only order would have taken"),
    Row("account_refused",       _4XX,            _ENGINE,            r"disabled on this account|may not place or cancel|symbol is restricted|symbol is not permitted|trading is not enabled", Kind.PERMISSION, Scope.ACCOUNT, _PLAIN, Wait.NONE, None, "the account may not do this, or not with this symbol"),
    Row("unknown_order",         _4XX,            _ENGINE,            r"unknown order",                  Kind.ORDER_NOT_FOUND,    Scope.METHOD,   _PLAIN,  Wait.NONE,   None,   "the order to cancel is unknown or done: it may have filled"),
    Row("engine_refused",        _4XX,            _ENGINE,            "",                                Kind.INVALID_ORDER,      Scope.METHOD,   _PLAIN,  Wait.NONE,   None,   "the engine refused for another reason in its message"),
    Row("no_such_order",         _4XX,            (-2013,),           "",                                Kind.ORDER_NOT_FOUND,    Scope.METHOD,   _PLAIN,  Wait.NONE,   None,   "no such order; just after a submit no proof that it is absent"),
    Row("order_archived",        _4XX,            (-2026, -2039),     "",                                Kind.ORDER_NOT_FOUND,    Scope.METHOD,   _PLAIN,  Wait.NONE,   None,   "archived, over 90 days old; or the two ids are of different orders"),
    Row("filter_failure",        _4XX,            (-1013,),           "",                                Kind.INVALID_ORDER,      Scope.METHOD,   _PLAIN,  Wait.NONE,   None,   "a filter (lot size, price, notional) refused before the engine"),
    Row("clock_skew",            _4XX,            (-1021,),           "",                                Kind.CLOCK_SKEW,         Scope.ADDRESS,  _RETRY,  Wait.NONE,   None,   "our timestamp is outside recvWindow: set the clock by theirs; not forwarded to the engine"),
    Row("not_authorized",        _4XX,            (-1002,),           "",                                Kind.PERMISSION,         Scope.ACCOUNT,  _PLAIN,  Wait.NONE,   None,   "not authorized for this request"),
    Row("bad_signature",         _4XX,            (-1022, -2014),     "",                                Kind.AUTHENTICATION,     Scope.ACCOUNT,  _PLAIN,  Wait.NONE,   None,   "bad signature, or a key of the wrong form"),
    Row("key_rejected",          _4XX,            (-2015,),           "",                                Kind.AUTHENTICATION,     Scope.ACCOUNT,  _PLAIN,  Wait.NONE,   None,   "bad key, or our address or this action is not allowed to it"),
    Row("not_supported",         _4XX,            (-1014, -1020),     "",                                Kind.INVALID_REQUEST,    Scope.METHOD,   _PLAIN,  Wait.NONE,   None,   "an order combination or an operation that is not supported"),
    Row("no_reference_price",    _4XX,            (-2016, -2043),     "",                                Kind.INVALID_REQUEST,    Scope.METHOD,   _PLAIN,  Wait.NONE,   None,   "no trading window, or no reference price, for this symbol"),
    Row("bad_parameter",         _4XX,            range(-1199, -1099), "",                               Kind.INVALID_REQUEST,    Scope.METHOD,   _PLAIN,  Wait.NONE,   None,   "a bad parameter (-1100 charset, -1121 symbol)"),
    Row("foreign_page",             FOREIGN_STATUSES, (),              FOREIGN_PAGE,                      Kind.OUTCOME_UNKNOWN,    Scope.METHOD,   Mark.UNKNOWN, Wait.NONE, None, "a page that is none of Binance's: somebody in front refused, and what became of an order is not told"),
)
