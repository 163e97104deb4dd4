"""Trades crypto on the practice Alpaca venue with ccxt's async side, unmodified, and tells what became of each step."""

from __future__ import annotations

from typing import Any

from tests.witness.clients.ccxt_kit import UNHURRIED, Witness, ccxt, shown

PAIR = "BTC/USD"
LOW = 10_000
UNKNOWN = "00000000-0000-4000-8000-000000000000"


def connect(base_url: str, key: str, secret: str) -> Any:
    """Its Alpaca, pointed at this venue."""
    urls = {"api": {"trader": base_url, "market": base_url, "broker": base_url}}
    return ccxt.alpaca({**UNHURRIED, "apiKey": key, "secret": secret, "urls": urls})


def trade(witness: Witness) -> None:
    """Everything that goes well; it has no call of its own for a lookup by client id."""
    venue, run, diary, order = witness.venue, witness.run, witness.diary, witness.order
    diary.step("markets", lambda: {"base": run(venue.load_markets())[PAIR]["base"]})
    diary.price(PAIR, lambda: run(venue.fetch_ticker(PAIR))["last"])
    witness.market(PAIR)
    witness.balance("balance", "USD")
    limit = (PAIR, "limit", "buy", 0.01, LOW, {"clientOrderId": "w-1"})
    number = order("limit", lambda: venue.create_order(*limit))["id"]
    order("by_id", lambda: venue.fetch_order(number, PAIR))
    raw = ("v2/orders:by_client_order_id", ["trader", "private"], "GET", {"client_order_id": "w-1"})
    diary.step("by_client_id", lambda: shown(venue.parse_order(run(venue.request(*raw)))))
    diary.step("open", lambda: shown(*run(venue.fetch_open_orders(PAIR))))
    order("duplicate", lambda: venue.create_order(*limit))
    order("cancel", lambda: venue.cancel_order(number, PAIR))
    order("cancelled", lambda: venue.fetch_order(number, PAIR))
    order("duplicate_later", lambda: venue.create_order(*limit))
    done = order("market", lambda: venue.create_order(PAIR, "market", "buy", 0.01))["id"]
    witness.closed("filled", lambda: venue.fetch_order(done, PAIR))
    order("unfilled_cancel", lambda: venue.cancel_order(done, PAIR))
    witness.balance("position", "BTC")
    diary.step("fills", lambda: {"quantity": run(venue.fetch_my_trades(PAIR))[-1]["amount"]})


def refused(witness: Witness) -> None:
    """What the venue says no to; ccxt rounds by itself, so raw parameters go past its rounding."""
    venue, order = witness.venue, witness.order
    unlisted, long = {"symbol": "NOPE/USD"}, {"limit_price": "10000.123"}
    order("no_funds", lambda: venue.create_order(PAIR, "market", "buy", 2))
    order("bad_symbol", lambda: venue.create_order(PAIR, "market", "buy", 1, None, unlisted))
    order("too_precise", lambda: venue.create_order(PAIR, "limit", "buy", 1, LOW, long))
    order("too_small", lambda: venue.create_order(PAIR, "limit", "buy", 0.0001, LOW))
    order("unknown_order", lambda: venue.fetch_order(UNKNOWN, PAIR))
    order("unknown_cancel", lambda: venue.cancel_order(UNKNOWN, PAIR))
    task = witness.diary.task
    url, key, secret = task["base_url"], task["key"], task["secret"]
    witness.balance("bad_key", "USD", witness.connect(url, "someone", secret))
    witness.balance("bad_secret", "USD", witness.connect(url, key, "wrong"))


def main() -> None:
    """All of it, in order."""
    witness = Witness(connect)
    trade(witness)
    refused(witness)
    venue = witness.venue
    witness.failing(
        (429, 500, 503, 504),
        lambda: venue.create_order(PAIR, "market", "buy", 0.01),
        lambda: venue.cancel_order(UNKNOWN, PAIR),
    )
    witness.close()


if __name__ == "__main__":
    main()
