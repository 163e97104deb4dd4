"""Owns what Coinbase's Advanced Trade API answers mean, one row a line; other failures have other tables."""


# fmt: off

from __future__ import annotations

from switchgear.core.verdict import coinbase_reasons as reason
from switchgear.core.verdict.rows import FOREIGN_PAGE, FOREIGN_STATUSES, Mark, Row, Wait
from switchgear.core.words import Kind, Scope

_4XX, _5XX, _FAILED = range(400, 500), range(500, 600), range(400, 600)
_REFUSED = (200, *range(400, 500))
"""An order is refused with status 200; a client hands in only what says `"success": false`."""

_PLAIN, _RETRY, _ASK = Mark.PLAIN, Mark.RETRY, Mark.UNKNOWN
_LOST = Mark.RETRY | Mark.COUNTS | Mark.UNKNOWN
"""A failure of theirs after which an order may stand: a 5xx is no guarantee that nothing was done."""


def _on(status: int) -> range:
    return range(status, status + 1)


# The waits are guesses for an answer that names none: the limits are so many a second.
ROWS: tuple[Row, ...] = (
    #   name                    status           codes                   message               kind                     scope           marks   wait         guess meaning
    # What says itself that it does not know, or that it failed, stands first.
    Row("aborted",              _FAILED,         reason.ABORTED,         "",                   Kind.OUTCOME_UNKNOWN,    Scope.METHOD,   _ASK,   Wait.NONE,   None, "given up on the way; it may be carried out all the same"),
    Row("internal_error",       _FAILED,          reason.INTERNAL,        "",                   Kind.UNAVAILABLE,        Scope.METHOD,   _LOST,  Wait.HEADER, None, "internal error; the outcome of an order is unknown"),
    Row("maintenance",          _on(503),        None,                   r"maintenance",       Kind.MAINTENANCE,        Scope.EXCHANGE, _LOST,  Wait.HEADER, None, "down for maintenance; the outcome of an order is unknown"),
    Row("unavailable",          _FAILED,          reason.UNAVAILABLE,     "",                   Kind.UNAVAILABLE,        Scope.METHOD,   _LOST,  Wait.HEADER, None, "the service behind the gateway does not answer"),
    Row("gateway_timeout",      _on(504),        None,                   "",                   Kind.TIMEOUT,            Scope.METHOD,   _LOST,  Wait.HEADER, None, "a gateway waited in vain"),
    Row("edge_connect_timeout", _on(522),        None,                   "",                   Kind.TIMEOUT,            Scope.METHOD,   _LOST,  Wait.HEADER, None, "Cloudflare, in front, could not connect in time"),
    Row("edge_timeout",         _on(524),        None,                   "",                   Kind.TIMEOUT,            Scope.METHOD,   _LOST,  Wait.HEADER, None, "Cloudflare, in front, waited in vain for the answer"),
    Row("edge_error",           range(520, 531), None,                   "",                   Kind.UNAVAILABLE,        Scope.METHOD,   _LOST,  Wait.HEADER, None, "Cloudflare, in front, found nobody or nothing it could use"),
    Row("server_error",         _5XX,            None,                   "",                   Kind.UNAVAILABLE,        Scope.METHOD,   _LOST,  Wait.HEADER, None, "server error, or a gateway that has nobody to ask (an HTML page)"),
    Row("preview_failed",       _REFUSED,        reason.CHECK_FAILED,    "",                   Kind.UNAVAILABLE,        Scope.METHOD,   _LOST,  Wait.NONE,   None, "a service that checks orders failed"),
    Row("commander_rejected",   _REFUSED,        reason.COMMANDER,       "",                   Kind.OUTCOME_UNKNOWN,    Scope.METHOD,   _ASK,   Wait.NONE,   None, "the order system rejected it and does not say why: look once whether it stands"),
    # Gates.
    Row("rate_limited",         _on(429),        None,                   "",                   Kind.RATE_LIMITED,       Scope.ACCOUNT,  _RETRY, Wait.RESET,  1.0,  "too many requests, of a user or, of the public ones, of an address"),
    Row("resource_exhausted",   _4XX,            reason.EXHAUSTED,       "",                   Kind.RATE_LIMITED,       Scope.ACCOUNT,  _RETRY, Wait.RESET,  1.0,  "the same, with another status"),
    Row("quotes_rate_limited",  _REFUSED,        reason.QUOTES_LIMITED,  "",                   Kind.ORDER_RATE_LIMITED, Scope.ACCOUNT,  _RETRY, Wait.RESET,  1.0,  "too many requests for a quote"),
    Row("clock_skew",           _4XX,            None,                   r"timestamp expired|token expired|token is expired|jwt expired|jwt is expired|expired token|expired jwt", Kind.CLOCK_SKEW,         Scope.ADDRESS,  _RETRY, Wait.NONE,   None, "the token had run out when it came: set the clock by theirs and sign anew"),
    Row("unauthorized",         _on(401),        None,                   "",                   Kind.AUTHENTICATION,     Scope.ACCOUNT,  _PLAIN, Wait.NONE,   None, "the key or the signature is not accepted"),
    Row("unauthenticated",      _4XX,            reason.UNAUTHENTICATED, "",                   Kind.AUTHENTICATION,     Scope.ACCOUNT,  _PLAIN, Wait.NONE,   None, "the same, with another status"),
    # Refusals: of an order or a cancel with status 200, of a request with 4xx.
    Row("permission_denied",    _4XX,            reason.SCOPE,           "",                   Kind.PERMISSION,         Scope.ACCOUNT,  _PLAIN, Wait.NONE,   None, "the key has not the scope for this"),
    Row("duplicate_order",      _REFUSED,        reason.DUPLICATE,       "",                   Kind.DUPLICATE_ORDER,    Scope.METHOD,   _PLAIN, Wait.NONE,   None, "this client order id was used before: look it up"),
    Row("insufficient_funds",   _REFUSED,        reason.FUNDS,           "",                   Kind.INSUFFICIENT_FUNDS, Scope.METHOD,   _PLAIN, Wait.NONE,   None, "not enough money for it"),
    Row("insufficient_balance", _REFUSED,        None,                   r"insufficient balance|insufficient funds", Kind.INSUFFICIENT_FUNDS, Scope.METHOD,   _PLAIN, Wait.NONE,   None, "the same, said by the message alone"),
    Row("market_closed",        _REFUSED,        reason.CLOSED,          "",                   Kind.MARKET_CLOSED,      Scope.METHOD,   _PLAIN, Wait.NONE,   None, "the product does not trade now"),
    Row("not_permitted",        _REFUSED,        reason.PERMISSION,      "",                   Kind.PERMISSION,         Scope.ACCOUNT,  _PLAIN, Wait.NONE,   None, "not at our location, or not for this account"),
    Row("account_restricted",   _REFUSED,        reason.RESTRICTED,      "",                   Kind.ACCOUNT_RESTRICTED, Scope.ACCOUNT,  _PLAIN, Wait.NONE,   None, "the account is held by a rule: in liquidation, close only"),
    Row("would_take",           _REFUSED,        reason.POST_ONLY,       "",                   Kind.INVALID_ORDER,      Scope.METHOD,   _PLAIN, Wait.NONE,   None, "a post-only order would have taken"),
    Row("wrong_product",        _REFUSED,        reason.PRODUCT,         "",                   Kind.INVALID_ORDER,      Scope.METHOD,   _PLAIN, Wait.NONE,   None, "no such product, or it does not take such an order"),
    Row("wrong_price",          _REFUSED,        reason.PRICE,           "",                   Kind.INVALID_ORDER,      Scope.METHOD,   _PLAIN, Wait.NONE,   None, "a price is out of bounds, or has too many digits"),
    Row("wrong_size",           _REFUSED,        reason.SIZE,            "",                   Kind.INVALID_ORDER,      Scope.METHOD,   _PLAIN, Wait.NONE,   None, "a size is out of bounds, or has too many digits"),
    Row("wrong_time",           _REFUSED,        reason.TIME,            "",                   Kind.INVALID_ORDER,      Scope.METHOD,   _PLAIN, Wait.NONE,   None, "a time of the order is wrong, or its type is not taken at this hour"),
    Row("wrong_configuration",  _REFUSED,        reason.SHAPE,           "",                   Kind.INVALID_ORDER,      Scope.METHOD,   _PLAIN, Wait.NONE,   None, "the parts of the order do not go together"),
    Row("no_liquidity",         _REFUSED,        reason.LIQUIDITY,       "",                   Kind.INVALID_ORDER,      Scope.METHOD,   _PLAIN, Wait.NONE,   None, "the book has nothing to take, or no price to go by"),
    Row("limit_breached",       _REFUSED,        reason.LIMITS,          "",                   Kind.INVALID_ORDER,      Scope.METHOD,   _PLAIN, Wait.NONE,   None, "a limit of position, risk or margin"),
    Row("quote_refused",        _REFUSED,        reason.QUOTES,          "",                   Kind.INVALID_ORDER,      Scope.METHOD,   _PLAIN, Wait.NONE,   None, "a request for a quote is refused"),
    Row("cancel_not_found",     _REFUSED,        reason.NO_ORDER,        "",                   Kind.ORDER_NOT_FOUND,    Scope.METHOD,   _PLAIN, Wait.NONE,   None, "the order to cancel is unknown or done: it may have filled"),
    Row("not_cancelable",       _REFUSED,        reason.DONE,            "",                   Kind.INVALID_ORDER,      Scope.METHOD,   _PLAIN, Wait.NONE,   None, "the order cannot be cancelled or changed any more, or not now: look"),
    Row("cancel_refused",       _REFUSED,        reason.CANCEL,          "",                   Kind.INVALID_REQUEST,    Scope.METHOD,   _PLAIN, Wait.NONE,   None, "the cancel is wrong, or is under way already"),
    Row("order_not_found",      _on(404),        None,                   r"order .*not found", Kind.ORDER_NOT_FOUND,    Scope.METHOD,   _PLAIN, Wait.NONE,   None, "no such order; just after a submit no proof that it is absent"),
    Row("invalid_argument",     _REFUSED,        reason.ARGUMENT,        "",                   Kind.INVALID_REQUEST,    Scope.METHOD,   _PLAIN, Wait.NONE,   None, "a parameter is missing or wrong"),
    Row("not_found",            _on(404),        reason.NOT_FOUND,       "",                   Kind.INVALID_REQUEST,    Scope.METHOD,   _PLAIN, Wait.NONE,   None, "no such product or account"),
    Row("unknown_error",        _4XX,            ("UNKNOWN",),           "",                   Kind.OUTCOME_UNKNOWN,    Scope.METHOD,   _ASK,   Wait.NONE,   None, "the gateway does not know what happened (its UNKNOWN)"),
    # Words that are not yet known, by how they begin: a check that failed, or a value that is wrong.
    Row("preview_refused",      _REFUSED,        ("PREVIEW_*",),         "",                   Kind.INVALID_ORDER,      Scope.METHOD,   _PLAIN, Wait.NONE,   None, "the check before the order refused it for another reason"),
    Row("invalid_value",        _REFUSED,        ("INVALID_*",),         "",                   Kind.INVALID_ORDER,      Scope.METHOD,   _PLAIN, Wait.NONE,   None, "another value of the order is wrong"),
    Row("reason_unknown",       _REFUSED,        reason.UNTOLD,          "",                   Kind.OUTCOME_UNKNOWN,    Scope.METHOD,   _ASK,   Wait.NONE,   None, "refused without a reason: look once whether the order stands"),
    Row("foreign_page",         FOREIGN_STATUSES, (),                    FOREIGN_PAGE,          Kind.OUTCOME_UNKNOWN,    Scope.METHOD,   _ASK,   Wait.NONE,   None, "a page that is none of Coinbase's: somebody in front refused, and what became of an order is not told"),
)
