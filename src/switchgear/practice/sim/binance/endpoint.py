"""Owns what an endpoint is: its name, its weight, who may call it, and what it is handed to answer."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any

from switchgear.practice.sim.binance.limits import OrderLimit, TooMuch
from switchgear.practice.sim.binance.market import SYMBOLS, TradingStatus, status_of
from switchgear.practice.sim.binance.orders import known_symbol, read_symbol
from switchgear.practice.sim.binance.params import Params, bad_combination
from switchgear.practice.sim.binance.refusals import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from switchgear.practice.sim.accounts import Account, Order
    from switchgear.practice.sim.ledger import Ledger
    from switchgear.practice.sim.symbols import Symbol

_SYMBOLS_RANGE = r'^\["[A-Z0-9-_.]{1,20}"(,"[A-Z0-9-_.]{1,20}"){0,}\]$'


class Security(Enum):
    """Who may call an endpoint."""

    NONE = "anybody"
    USER_DATA = "a signature by any key of the account"
    TRADE = "a signature by a key that may trade"


class OrderLimitHit(Exception):
    """The account has placed too many orders that did not trade."""

    def __init__(self, excess: TooMuch) -> None:
        super().__init__(excess.msg)
        self.excess = excess


@dataclass(slots=True)
class Trader:
    """The owner of all keys: one account, its order limit, and the orders that count against it."""

    account: Account
    limit: OrderLimit = field(default_factory=OrderLimit)
    unfilled: list[Order] = field(default_factory=list["Order"])

    def settle_count(self, now_s: float) -> None:
        """Stop counting the orders that have traded: from its first fill on, whenever that is."""
        for order in [order for order in self.unfilled if order.executions]:
            self.unfilled.remove(order)
            self.limit.count(now_s, -1)


@dataclass(slots=True)
class Call:
    """One call of an endpoint, and what else its answer says besides the payload."""

    params: Params
    ledger: Ledger
    trader: Trader
    now_s: float
    """Seconds since the venue opened."""
    fresh_id: Callable[[], str]
    """Makes up a client order id."""
    note_refused: Callable[[str, Refusal], None]
    """Keeps an order that was not booked among the refused ones, by its client order id."""
    status: int = 200
    retry_after_s: int | None = None
    booked: Order | None = None

    @property
    def account(self) -> Account:
        """The account of a signed call."""
        return self.trader.account


@dataclass(frozen=True, slots=True)
class Route:
    """One endpoint; name is what faults and counts call it."""

    name: str
    weight: Callable[[Params], int]
    security: Security
    run: Callable[[Call], Any]
    """Makes the JSON payload; raises Refusal, Refused or OrderLimitHit."""


Routes = dict[tuple[str, str], Route]
"""By method and path."""


def fixed(weight: int) -> Callable[[Params], int]:
    """The same weight whatever is asked."""
    return lambda _: weight


def if_sent(name: str, weight: int, otherwise: int) -> Callable[[Params], int]:
    """One weight with this parameter, another without."""
    return lambda params: weight if name in params else otherwise


def by_number(
    counted: Callable[[Params], int], steps: Mapping[int, int], most: int
) -> Callable[[Params], int]:
    """A weight that grows: steps has it by the largest number it holds for, most is beyond them."""

    def weigh(params: Params) -> int:
        number = counted(params)
        return next((weight for upto, weight in steps.items() if number <= upto), most)

    return weigh


def chosen_symbols(params: Params) -> tuple[list[Symbol], bool]:
    """The symbols that a market data request means, and whether it named a single one."""
    status = read_status(params)
    if "symbol" in params and "symbols" in params:
        raise bad_combination()
    if "symbol" in params:
        return [symbol_in(params, status)], True
    listed = params.text("symbols", _SYMBOLS_RANGE)
    if listed is None:
        return [each for each in SYMBOLS.values() if status in {None, status_of(each)}], False
    names: list[str] = json.loads(listed)
    if len(set(names)) < len(names):
        raise Refusal(-1151, "Symbol is present multiple times in the list.")
    known = [known_symbol(name) for name in names]
    return [each for each in known if status in {None, status_of(each)}], False


def read_status(params: Params) -> TradingStatus | None:
    """The status that symbols must have to be told of; None for any."""
    return params.choice("symbolStatus", TradingStatus, Refusal(-1122, "Invalid symbolStatus."))


def symbol_in(params: Params, status: TradingStatus | None) -> Symbol:
    """The one symbol a request names, which must have this status."""
    symbol = read_symbol(params)
    if status not in {None, status_of(symbol)}:
        text = "The symbol's status does not match the requested symbolStatus."
        raise Refusal(-1220, text)
    return symbol
