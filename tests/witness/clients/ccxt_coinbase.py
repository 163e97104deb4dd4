"""Trades on the practice Coinbase venue with ccxt's async side, unmodified, and tells what became of each step."""

from __future__ import annotations

from typing import Any

from tests.witness.clients.ccxt_kit import UNHURRIED, Witness, ccxt, shown
from tests.witness.clients.strangers import fresh_pem

PAIR = "BTC/USD"
LOW = 10_000
UNKNOWN = "00000000-0000-4000-8000-000000000000"


def connect(base_url: str, key: str, secret: str) -> Any:
    """Its Coinbase, pointed at this venue."""
    urls = {"api": {"rest": base_url}}
    return ccxt.coinbase({**UNHURRIED, "apiKey": key, "secret": secret, "urls": urls})


def named(orders: list[Any], name: str) -> dict[str, object]:
    """An order by its client id: there is no such call, so the list is searched."""
    return shown(next(order for order in orders if order["clientOrderId"] == name))


def trade(witness: Witness) -> None:
    """Everything that goes well; its own name for a client id is dropped, the venue's arrives."""
    venue, run, diary, order = witness.venue, witness.run, witness.diary, witness.order
    diary.step("markets", lambda: {"base": run(venue.load_markets())[PAIR]["base"]})
    diary.price("BTC-USD", lambda: run(venue.fetch_ticker(PAIR))["last"])
    witness.market(PAIR)
    witness.balance("balance", "USD")
    limit = (PAIR, "limit", "buy", 0.01, LOW, {"client_order_id": "w-1"})
    number = order("limit", lambda: venue.create_order(*limit))["id"]
    order("by_id", lambda: venue.fetch_order(number, PAIR))
    diary.step("by_client_id", lambda: named(run(venue.fetch_orders(PAIR)), "w-1"))
    diary.step("open", lambda: shown(*run(venue.fetch_open_orders(PAIR))))
    order("duplicate", lambda: venue.create_order(*limit))
    order("cancel", lambda: venue.cancel_order(number, PAIR))
    order("cancelled", lambda: venue.fetch_order(number, PAIR))
    order("duplicate_later", lambda: venue.create_order(*limit))
    done = order("market", lambda: venue.create_market_buy_order_with_cost(PAIR, 100))["id"]
    witness.closed("filled", lambda: venue.fetch_order(done, PAIR))
    order("unfilled_cancel", lambda: venue.cancel_order(done, PAIR))
    witness.balance("position", "BTC")
    diary.step("fills", lambda: {"quantity": run(venue.fetch_my_trades(PAIR))[-1]["amount"]})


def refused(witness: Witness) -> None:
    """What the venue says no to; ccxt rounds by itself, so raw parameters go past its rounding."""
    venue, order = witness.venue, witness.order
    unlisted = {"product_id": "NOPE-USD"}
    terms = {"base_size": "0.01", "limit_price": "10000.123", "post_only": False}
    long = {"order_configuration": {"limit_limit_gtc": terms}}
    order("no_funds", lambda: venue.create_order(PAIR, "limit", "buy", 99, LOW))
    order("bad_symbol", lambda: venue.create_order(PAIR, "limit", "buy", 1, LOW, unlisted))
    order("too_precise", lambda: venue.create_order(PAIR, "limit", "buy", 1, LOW, long))
    order("unknown_order", lambda: venue.fetch_order(UNKNOWN, PAIR))
    order("unknown_cancel", lambda: venue.cancel_order(UNKNOWN, PAIR))
    task = witness.diary.task
    url, key, secret = task["base_url"], task["key"], task["secret"]
    witness.balance("bad_key", "USD", witness.connect(url, "organizations/x/apiKeys/y", secret))
    witness.balance("bad_signature", "USD", witness.connect(url, key, fresh_pem()))
    witness.balance("skewed", "USD", witness.connect(task["shifted_url"], key, secret))


def main() -> None:
    """All of it, in order."""
    witness = Witness(connect)
    trade(witness)
    refused(witness)
    venue = witness.venue
    witness.failing(
        (429, 500, 503, 504),
        lambda: venue.create_market_buy_order_with_cost(PAIR, 100),
        lambda: venue.cancel_order(UNKNOWN, PAIR),
    )
    witness.close()


if __name__ == "__main__":
    main()
