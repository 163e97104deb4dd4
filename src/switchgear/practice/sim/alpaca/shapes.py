"""Owns the JSON shapes of Alpaca's trading answers; decides nothing."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from switchgear.practice.sim.accounts import Side, Status
from switchgear.practice.sim.alpaca import hours
from switchgear.practice.sim.alpaca.amounts import amount, rounded
from switchgear.practice.sim.alpaca.books import books_of
from switchgear.practice.sim.alpaca.ids import derived, instant_ns, order_id, told
from switchgear.practice.sim.alpaca.market import BY_NAME, CASH
from switchgear.practice.sim.alpaca.words import Force, words_of

if TYPE_CHECKING:
    from switchgear.practice.sim.accounts import Account, Execution, Order
    from switchgear.practice.sim.alpaca.books import Lot, Prices
    from switchgear.practice.sim.alpaca.market import Asset
    from switchgear.practice.sim.ledger import Ledger

Json = dict[str, Any]
_STATUSES = {
    Status.NEW: "new",
    Status.PARTIALLY_FILLED: "partially_filled",
    Status.FILLED: "filled",
    Status.CANCELED: "canceled",
    Status.EXPIRED: "expired",
    Status.REJECTED: "rejected",
}
_AT_ONCE = {Force.IOC, Force.FOK, Force.OPG, Force.CLS}
"""What these leave unfilled is canceled, and does not expire."""


def submitted_ns(order: Order) -> int:
    """When an order was taken, in epoch nanoseconds."""
    return instant_ns(order.at_ms, order.order_id)


def status(order: Order, now_ms: int) -> str:
    """The state of an order; accepted is one that waits for the market to open."""
    if order.status is Status.NEW and now_ms < order.asked.not_before_ms:
        return "accepted"
    if order.status is Status.EXPIRED and words_of(order.asked).force in _AT_ONCE:
        return "canceled"
    return _STATUSES[order.status]


def _times(order: Order, state: str) -> Json:
    """When what happened to an order happened, None for what did not."""
    created = told(submitted_ns(order))
    updated = told(instant_ns(order.updated_ms, order.order_id))
    is_day = words_of(order.asked).force is Force.DAY
    expires_ms = order.asked.not_after_ms if is_day else None
    return {
        "created_at": created,
        "updated_at": updated,
        "submitted_at": created,
        "filled_at": updated if state == "filled" else None,
        "expired_at": updated if state == "expired" else None,
        "expires_at": None if expires_ms is None else told(instant_ns(expires_ms)),
        "canceled_at": updated if state == "canceled" else None,
        "failed_at": None,
        "replaced_at": None,
    }


def order(order: Order, seed: int, now_ms: int) -> Json:
    """An order as every endpoint tells it."""
    asked, words, state = order.asked, words_of(order.asked), status(order, now_ms)
    asset, executed = BY_NAME[asked.symbol.name], order.executed
    mean = rounded(order.quote_executed / executed) if executed else None
    names = {"id": order_id(seed, order.order_id), "client_order_id": asked.client_order_id}
    return (
        names
        | _times(order, state)
        | {
            "replaced_by": None,
            "replaces": None,
            "asset_id": asset.id,
            "symbol": asset.name,
            "asset_class": asset.kind,
            "notional": amount(words.notional) if words.notional else None,
            "qty": None if words.notional else amount(order.quantity),
            "filled_qty": amount(executed),
            "filled_avg_price": None if mean is None else amount(mean),
            "order_class": "",
            "order_type": words.type,
            "type": words.type,
            "side": asked.side.lower(),
            "position_intent": "buy_to_open" if asked.side is Side.BUY else "sell_to_close",
            "time_in_force": words.force,
            "limit_price": amount(asked.price) if asked.price else None,
            "stop_price": amount(asked.stop_price) if asked.stop_price else None,
            "status": state,
            "extended_hours": words.extended,
            "legs": None,
            "trail_percent": None,
            "trail_price": None,
            "hwm": None,
            "subtag": None,
            "source": None,
        }
    )


def asset(asset: Asset) -> Json:
    """A listed asset."""
    crypto, symbol = asset.is_crypto, asset.symbol
    shape: Json = {
        "id": asset.id,
        "class": asset.kind,
        "exchange": asset.exchange,
        "symbol": asset.name,
        "name": asset.title,
        "status": "active" if asset.active else "inactive",
        "tradable": asset.active,
        "marginable": False,
        "maintenance_margin_requirement": 100,
        "margin_requirement_long": "100",
        "margin_requirement_short": "100",
        "shortable": False,
        "easy_to_borrow": False,
        "fractionable": asset.fractionable,
        "attributes": [] if crypto or not asset.fractionable else ["fractional_eh_enabled"],
    }
    if crypto:
        shape |= {
            "min_order_size": amount(symbol.min_quantity or symbol.step),
            "min_trade_increment": amount(symbol.step),
            "price_increment": amount(symbol.tick),
        }
    return shape


def account(ledger: Ledger, owner: Account, prices: Prices) -> Json:
    """The account; what open orders keep back is out of the buying powers, and within cash and equity."""
    held, worth = owner.held(CASH), prices.worth(books_of(owner).lots)
    free, cash, value = amount(held.free), amount(held.free + held.locked), amount(worth)
    equity = amount(held.free + held.locked + worth)
    powers = ("buying_power", "regt_buying_power", "effective_buying_power")
    sums: Json = {
        **dict.fromkeys((*powers, "non_marginable_buying_power"), free),
        "cash": cash,
        **dict.fromkeys(("equity", "portfolio_value"), equity),
        **dict.fromkeys(("long_market_value", "position_market_value"), value),
        **dict.fromkeys(("initial_margin", "maintenance_margin"), value),
    }
    return (
        {"id": derived(ledger.seed, "account")} | _ACCOUNT | sums | _before(ledger, owner, prices)
    )


def _before(ledger: Ledger, owner: Account, prices: Prices) -> Json:
    """What the account was worth when the exchanges closed last."""
    close_ms = hours.last_close(ledger.now_ms)
    books = books_of(owner, close_ms)
    worth = prices.worth(books.lots, close_ms)
    return {
        "last_equity": amount(books.cash + worth),
        "last_maintenance_margin": amount(worth),
        "balance_asof": hours.at_new_york(close_ms).date().isoformat(),
    }


_ACCOUNT: Json = {
    "admin_configurations": {},
    "user_configurations": None,
    "account_number": "PA3PRACTICE1",
    "status": "ACTIVE",
    "crypto_status": "ACTIVE",
    "currency": CASH,
    "daytrading_buying_power": "0",
    "options_buying_power": "0",
    "bod_dtbp": "0",
    "accrued_fees": "0",
    "pending_transfer_in": "0",
    "pattern_day_trader": False,
    "trading_blocked": False,
    "transfers_blocked": False,
    "account_blocked": False,
    "created_at": "2026-01-01T00:00:00Z",
    "trade_suspended_by_user": False,
    "multiplier": "1",
    "shorting_enabled": False,
    "short_market_value": "0",
    "sma": "0",
    "daytrade_count": 0,
    "crypto_tier": 1,
    "options_approved_level": 0,
    "options_trading_level": 0,
    "intraday_adjustments": "0",
    "pending_reg_taf_fees": "0",
}
"""What is the same for every practice account: it trades its own money, long only."""


def position(lot: Lot, owner: Account, prices: Prices) -> Json:
    """One holding; shares of a whole are told in parts of one, and not in percent."""
    asset, start_ms = lot.asset, prices.day_start_ms(lot.asset)
    price, before = prices.now(asset), prices.at(asset, start_ms)
    cost, value = lot.quantity * lot.average, lot.quantity * price
    # What was bought today has only moved since then.
    begin = lot.average if lot.since_ms > start_ms else before
    gain, today = value - cost, lot.quantity * (price - begin)
    return {
        "asset_id": asset.id,
        "symbol": asset.flat_name,
        "exchange": asset.exchange,
        "asset_class": asset.kind,
        "asset_marginable": False,
        "qty": amount(lot.quantity),
        "qty_available": amount(owner.held(asset.symbol.base).free),
        "avg_entry_price": amount(rounded(lot.average)),
        "side": "long",
        "market_value": amount(rounded(value)),
        "cost_basis": amount(rounded(cost)),
        "unrealized_pl": amount(rounded(gain)),
        "unrealized_plpc": _share(gain, cost),
        "unrealized_intraday_pl": amount(rounded(today)),
        "unrealized_intraday_plpc": _share(today, lot.quantity * begin),
        "current_price": amount(price),
        "lastday_price": amount(before),
        "change_today": _share(price - before, before),
    }


def _share(part: Decimal, whole: Decimal) -> str:
    return amount(rounded(part / whole)) if whole else "0"


def activity_id(trade: Execution, seed: int) -> str:
    """The name of a fill among an account's activities."""
    at = told(instant_ns(trade.at_ms))
    digits = "".join(each for each in at.split(".")[0] if each.isdigit())
    return f"{digits}{trade.at_ms % 1000:03d}::{derived(seed, 'fill', trade.trade_id)}"


def fill(order: Order, trade: Execution, seed: int) -> Json:
    """One execution among an account's activities."""
    done = sum(
        (each.quantity for each in order.executions if each.trade_id <= trade.trade_id), Decimal(0)
    )
    left = order.quantity - done
    asset = BY_NAME[order.asked.symbol.name]
    return {
        "id": activity_id(trade, seed),
        "activity_type": "FILL",
        "transaction_time": told(instant_ns(trade.at_ms, trade.trade_id)),
        "type": "partial_fill" if left else "fill",
        "price": amount(trade.price),
        "qty": amount(trade.quantity),
        "side": order.asked.side.lower(),
        "symbol": asset.name,
        "leaves_qty": amount(left),
        "order_id": order_id(seed, order.order_id),
        "cum_qty": amount(done),
        "order_status": "partially_filled" if left else "filled",
        "swap_rate": "1",
    }


def clock(now_ms: int) -> Json:
    """The market's clock, in New York's time."""
    return {
        "timestamp": hours.at_new_york(now_ms).isoformat(),
        "is_open": hours.is_open(now_ms),
        "next_open": hours.at_new_york(hours.next_open(now_ms)).isoformat(),
        "next_close": hours.at_new_york(hours.coming(now_ms).close_ms).isoformat(),
    }


def trading_day(session: hours.Session, settled: hours.Session) -> Json:
    """One line of the calendar; settled is the session after it."""

    def at(instant_ms: int, form: str) -> str:
        return hours.at_new_york(instant_ms).strftime(form)

    return {
        "date": session.day.isoformat(),
        "open": at(session.open_ms, "%H:%M"),
        "close": at(session.close_ms, "%H:%M"),
        "session_open": at(session.pre_ms, "%H%M"),
        "session_close": at(session.post_ms, "%H%M"),
        "settlement_date": settled.day.isoformat(),
    }
