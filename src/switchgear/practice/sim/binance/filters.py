"""Owns Binance's symbol filters: how exchangeInfo tells them, and that an order keeps them."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from switchgear.practice.sim.accounts import OrderType, Side
from switchgear.practice.sim.binance.quotes import AVERAGE_MINUTES, average_price, last_price
from switchgear.practice.sim.binance.refusals import Refusal
from switchgear.practice.sim.binance.shapes import amount

if TYPE_CHECKING:
    from switchgear.practice.sim.accounts import Account, NewOrder
    from switchgear.practice.sim.ledger import Ledger
    from switchgear.practice.sim.symbols import Symbol

MAX_NUM_ORDERS = 200
MAX_NUM_ALGO_ORDERS = 5
_MULTIPLIERS = {
    Side.BUY: (Decimal("0.1"), Decimal(5)),
    Side.SELL: (Decimal("0.2"), Decimal(10)),
}
"""A limit price stands within these multiples of the average price."""
_MARKET_DEPTHS = 240
"""A market order may be as large as so many seconds of depth."""


def market_max(symbol: Symbol) -> Decimal:
    """The largest quantity of a MARKET order."""
    return min(symbol.max_quantity, symbol.depth * _MARKET_DEPTHS)


def shown(symbol: Symbol) -> list[dict[str, Any]]:
    """The filters of a pair, as exchangeInfo lists them."""
    (bid_down, bid_up), (ask_down, ask_up) = _MULTIPLIERS[Side.BUY], _MULTIPLIERS[Side.SELL]
    step, least, most = symbol.step, symbol.min_quantity or symbol.step, market_max(symbol)
    return [
        {
            "filterType": "PRICE_FILTER",
            "minPrice": amount(symbol.min_price),
            "maxPrice": amount(symbol.max_price),
            "tickSize": amount(symbol.tick),
        },
        _lot("LOT_SIZE", least, symbol.max_quantity, step),
        _lot("MARKET_LOT_SIZE", least, most, step),
        {
            "filterType": "PERCENT_PRICE_BY_SIDE",
            "bidMultiplierUp": f"{bid_up}",
            "bidMultiplierDown": f"{bid_down}",
            "askMultiplierUp": f"{ask_up}",
            "askMultiplierDown": f"{ask_down}",
            "avgPriceMins": AVERAGE_MINUTES,
        },
        {
            "filterType": "NOTIONAL",
            "minNotional": amount(symbol.min_notional),
            "applyMinToMarket": True,
            "maxNotional": amount(symbol.max_notional),
            "applyMaxToMarket": True,
            "avgPriceMins": 0,
        },
        {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": MAX_NUM_ORDERS},
        {"filterType": "MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders": MAX_NUM_ALGO_ORDERS},
    ]


def _lot(name: str, least: Decimal, most: Decimal, step: Decimal) -> dict[str, Any]:
    quantities = {"minQty": amount(least), "maxQty": amount(most), "stepSize": amount(step)}
    return {"filterType": name} | quantities


def check_filters(ledger: Ledger, account: Account, asked: NewOrder) -> None:
    """Refuse an order with the name of the first filter that it breaks, in the order listed."""
    broken = _broken_by_amounts(ledger, asked) or _broken_by_number(account, asked)
    if broken is not None:
        raise Refusal(-1013, f"Filter failure: {broken}")


def _broken_by_amounts(ledger: Ledger, asked: NewOrder) -> str | None:
    symbol, is_market = asked.symbol, asked.type is OrderType.MARKET
    price = last_price(ledger, symbol)
    # What a quote amount buys is cut to whole steps, so it cannot be off them.
    quantity = asked.quantity or symbol.whole_steps(asked.quote_quantity / price)
    if not is_market and not _fits_price(asked):
        return "PRICE_FILTER"
    if asked.quantity and not symbol.fits_lot(quantity):
        return "LOT_SIZE"
    if is_market and quantity > market_max(symbol):
        return "MARKET_LOT_SIZE"
    if not is_market and not _near(asked, average_price(ledger, symbol)):
        return "PERCENT_PRICE_BY_SIDE"
    if not symbol.fits_notional(quantity * (price if is_market else asked.price)):
        return "NOTIONAL"
    return None


def _fits_price(asked: NewOrder) -> bool:
    stops = (asked.stop_price,) if asked.type is OrderType.STOP_LIMIT else ()
    return all(asked.symbol.fits_price(each) for each in (asked.price, *stops))


def _near(asked: NewOrder, average: Decimal) -> bool:
    down, up = _MULTIPLIERS[asked.side]
    return average * down <= asked.price <= average * up


def _broken_by_number(account: Account, asked: NewOrder) -> str | None:
    rest = account.open_orders(asked.symbol)
    if len(rest) >= MAX_NUM_ORDERS:
        return "MAX_NUM_ORDERS"
    algos = sum(order.asked.type is OrderType.STOP_LIMIT for order in rest)
    if asked.type is OrderType.STOP_LIMIT and algos >= MAX_NUM_ALGO_ORDERS:
        return "MAX_NUM_ALGO_ORDERS"
    return None
