"""Owns what Alpaca's trading and data API answers mean, one row a line; other failures have other tables."""


# fmt: off

from __future__ import annotations

from switchgear.core.verdict.rows import FOREIGN_PAGE, FOREIGN_STATUSES, Mark, Row, Wait
from switchgear.core.words import Kind, Scope

_4XX, _5XX = range(400, 500), range(500, 600)
_REFUSED = (40310000,)
"""An order is refused. One code has many causes, and only the message says which."""
_UNUSABLE = (42210000, 40010001)
"""The request cannot be carried out, likewise."""

_PLAIN, _RETRY, _ASK = Mark.PLAIN, Mark.RETRY, Mark.UNKNOWN
_LOST = Mark.RETRY | Mark.COUNTS | Mark.UNKNOWN
"""A failure of theirs after which an order may stand."""


def _on(status: int) -> range:
    return range(status, status + 1)


# The first three digits of a code repeat the status that is meant; the status that came is sometimes
# another. A refusal is believed only with a 4xx. The wait is a guess for an answer that names none: the
# window of the limit is a minute.
ROWS: tuple[Row, ...] = (
    #   name                         status    codes                      message                      kind                     scope          marks   wait         guess meaning
    Row("key_refused",               _on(401), None,                      "",                          Kind.AUTHENTICATION,     Scope.ACCOUNT, _PLAIN, Wait.NONE,   None, "the key is not accepted, or is one of paper where live is meant"),
    Row("rate_limited",              _on(429), (42910000,),               "",                          Kind.RATE_LIMITED,       Scope.ACCOUNT, _RETRY, Wait.RESET,  60.0, "200 requests a minute and account are used up"),
    Row("data_rate_limited",         _on(429), None,                      "",                          Kind.RATE_LIMITED,       Scope.METHOD,  _RETRY, Wait.RESET,  60.0, "the same of the market data, which has a limit of its own: trading goes on"),
    Row("day_trade_protection",      _4XX,     (40310100,),               "",                          Kind.ACCOUNT_RESTRICTED, Scope.ACCOUNT, _PLAIN, Wait.NONE,   None, "pattern day trader protection: no further day trade"),
    Row("insufficient_buying_power", _4XX,     _REFUSED,                  r"buying power",             Kind.INSUFFICIENT_FUNDS, Scope.METHOD,  _PLAIN, Wait.NONE,   None, "not enough buying power"),
    Row("insufficient_balance",      _4XX,     _REFUSED,                  r"insufficient balance",     Kind.INSUFFICIENT_FUNDS, Scope.METHOD,  _PLAIN, Wait.NONE,   None, "not enough of a currency"),
    Row("insufficient_quantity",     _4XX,     _REFUSED,                  r"insufficient qty",         Kind.INSUFFICIENT_FUNDS, Scope.METHOD,  _PLAIN, Wait.NONE,   None, "what is to be sold is not there, or other orders hold it"),
    Row("wash_trade",                _4XX,     _REFUSED,                  r"wash trade",               Kind.INVALID_ORDER,      Scope.METHOD,  _PLAIN, Wait.NONE,   None, "an own order on the other side is open"),
    Row("suspended_by_user",         _4XX,     _REFUSED,                  r"rejected by user request", Kind.PERMISSION,         Scope.ACCOUNT, _PLAIN, Wait.NONE,   None, "the user of the account has suspended trading"),
    Row("shorting_not_allowed",      _4XX,     _REFUSED,                  r"not allowed to short|cannot be sold short", Kind.PERMISSION,         Scope.ACCOUNT, _PLAIN, Wait.NONE,   None, "the account may not sell short, or not this asset"),
    Row("account_not_authorized",    _4XX,     _REFUSED,                  r"not authorized to trade|not eligible to trade|jurisdiction", Kind.PERMISSION,         Scope.ACCOUNT, _PLAIN, Wait.NONE,   None, "the account may not trade, or not this kind of asset"),
    Row("account_restricted",        _4XX,     _REFUSED,                  r"account is restricted|liquidation only", Kind.ACCOUNT_RESTRICTED, Scope.ACCOUNT, _PLAIN, Wait.NONE,   None, "the account may only close what it has"),
    Row("cost_basis_too_small",      _4XX,     _REFUSED,                  r"cost basis must be",       Kind.INVALID_ORDER,      Scope.METHOD,  _PLAIN, Wait.NONE,   None, "the order is worth less than the least that is taken"),
    Row("order_refused",             _4XX,     _REFUSED,                  "",                          Kind.INVALID_ORDER,      Scope.METHOD,  _PLAIN, Wait.NONE,   None, "refused for another reason in its message"),
    Row("not_authorized",            _on(403), (40110000,),               "",                          Kind.PERMISSION,         Scope.ACCOUNT, _PLAIN, Wait.NONE,   None, "the key may not do this"),
    Row("forbidden",                 _on(403), (),                        "",                          Kind.PERMISSION,         Scope.ACCOUNT, _PLAIN, Wait.NONE,   None, "the same, without a code"),
    Row("duplicate_order",           _4XX,     (40010001,),               r"client.?order.?id must be unique", Kind.DUPLICATE_ORDER,    Scope.METHOD,  _PLAIN, Wait.NONE,   None, "this client order id was used before, in whatever state that order is: look it up"),
    Row("not_cancelable",            _4XX,     _UNUSABLE,                 r"order is already in|not cancelable|order pending cancel", Kind.INVALID_ORDER,      Scope.METHOD,  _PLAIN, Wait.NONE,   None, "the order to cancel is done, perhaps filled, or on its way out: look"),
    Row("market_closed",             _4XX,     _UNUSABLE,                 r"not tradable|during market hours", Kind.MARKET_CLOSED,      Scope.METHOD,  _PLAIN, Wait.NONE,   None, "the asset does not trade, or not at this hour"),
    Row("invalid_request",           _4XX,     (40010000, 40010001),      "",                          Kind.INVALID_REQUEST,    Scope.METHOD,  _PLAIN, Wait.NONE,   None, "a parameter is missing or wrong"),
    Row("unprocessable",             _4XX,     (42210000,),               "",                          Kind.INVALID_REQUEST,    Scope.METHOD,  _PLAIN, Wait.NONE,   None, "a parameter does not go with the asset or the order"),
    Row("order_not_found",           _on(404), None,                      r"order not found",          Kind.ORDER_NOT_FOUND,    Scope.METHOD,  _PLAIN, Wait.NONE,   None, "no such order; just after a submit no proof that it is absent"),
    Row("not_found",                 _on(404), (40410000,),               "",                          Kind.INVALID_REQUEST,    Scope.METHOD,  _PLAIN, Wait.NONE,   None, "no such position or asset"),
    Row("internal_error",            _5XX,     range(50000000, 51000000), "",                          Kind.UNAVAILABLE,        Scope.METHOD,  _LOST,  Wait.HEADER, None, "internal error; the outcome of an order is unknown"),
    Row("gateway_timeout",           _on(504), None,                      "",                          Kind.TIMEOUT,            Scope.METHOD,  _LOST,  Wait.HEADER, None, "a proxy in front waited in vain (an HTML page)"),
    Row("server_error",              _5XX,     None,                      "",                          Kind.UNAVAILABLE,        Scope.METHOD,  _LOST,  Wait.HEADER, None, "a proxy in front has nobody to ask (an HTML page)"),
    # These two are no errors. Who hands one in has not read what it says of each order.
    Row("accepted",                  _on(204), None,                      "",                          Kind.OUTCOME_UNKNOWN,    Scope.METHOD,  _ASK,   Wait.NONE,   None, "a cancel is accepted, which is not final: ask for the order"),
    Row("bulk_answer",               _on(207), None,                      "",                          Kind.OUTCOME_UNKNOWN,    Scope.METHOD,  _ASK,   Wait.NONE,   None, "a status for each item stands in the body"),
    Row("foreign_page",              FOREIGN_STATUSES, (),            FOREIGN_PAGE,                 Kind.OUTCOME_UNKNOWN,    Scope.METHOD,  _ASK,   Wait.NONE,   None, "a page that is none of Alpaca's: somebody in front refused, and what became of an order is not told"),
)
