"""Trades on the practice Binance venue with ccxt's async side, unmodified, and tells what became of each step."""

from __future__ import annotations

from typing import Any

from tests.witness.clients.ccxt_kit import UNHURRIED, Witness, ccxt, shown

PAIR = "BTC/USDT"
LOW = 10_000
OPTIONS = {"fetchCurrencies": False, "fetchMargins": False, "fetchMarkets": {"types": ["spot"]}}


def connect(base_url: str, key: str, secret: str) -> Any:
    """Its Binance, pointed at this venue; asking for spot markets alone."""
    spot = f"{base_url}/api/v3"
    asked = {"apiKey": key, "secret": secret, "urls": {"api": {"public": spot, "private": spot}}}
    return ccxt.binance({**UNHURRIED, **asked, "options": OPTIONS})


def trade(witness: Witness) -> None:
    """Everything that goes well."""
    venue, run, diary, order = witness.venue, witness.run, witness.diary, witness.order
    diary.step("markets", lambda: {"base": run(venue.load_markets())[PAIR]["base"]})
    diary.price("BTCUSDT", lambda: run(venue.fetch_ticker(PAIR))["last"])
    witness.market(PAIR)
    witness.balance("balance", "USDT")
    more = {"clientOrderId": "w-1"}
    limit = (PAIR, "limit", "buy", 0.01, LOW, more)
    number = order("limit", lambda: venue.create_order(*limit))["id"]
    order("by_id", lambda: venue.fetch_order(number, PAIR))
    order("by_client_id", lambda: venue.fetch_order("", PAIR, more))
    diary.step("open", lambda: shown(*run(venue.fetch_open_orders(PAIR))))
    order("duplicate", lambda: venue.create_order(*limit))
    order("cancel", lambda: venue.cancel_order(number, PAIR))
    order("cancelled", lambda: venue.fetch_order(number, PAIR))
    order("market", lambda: venue.create_order(PAIR, "market", "buy", 0.01))
    diary.step("fills", lambda: {"quantity": run(venue.fetch_my_trades(PAIR))[-1]["amount"]})


def refused(witness: Witness) -> None:
    """What the venue says no to; ccxt rounds by itself, so raw parameters go past its rounding."""
    venue, order = witness.venue, witness.order
    step, long = {"quantity": "0.0100001"}, {"quantity": "0.010000001"}
    order("no_funds", lambda: venue.create_order(PAIR, "market", "buy", 99))
    order("bad_symbol", lambda: venue.fetch_order("1", PAIR, {"symbol": "NOPE"}))
    order("bad_step", lambda: venue.create_order(PAIR, "limit", "buy", 1, LOW, step))
    order("too_precise", lambda: venue.create_order(PAIR, "limit", "buy", 1, LOW, long))
    order("too_small", lambda: venue.create_order(PAIR, "limit", "buy", 0.0001, LOW))
    order("unknown_order", lambda: venue.fetch_order("99999999", PAIR))
    order("unknown_cancel", lambda: venue.cancel_order("99999999", PAIR))
    task = witness.diary.task
    url, key, secret = task["base_url"], task["key"], task["secret"]
    witness.balance("bad_key", "USDT", witness.connect(url, "someone", secret))
    witness.balance("bad_signature", "USDT", witness.connect(url, key, "wrong"))
    late = witness.connect(task["shifted_url"], key, secret)
    witness.balance("skewed", "USDT", late)
    witness.run(late.load_time_difference())
    witness.balance("synced", "USDT", late)


def main() -> None:
    """All of it, in order."""
    witness = Witness(connect)
    trade(witness)
    refused(witness)
    venue = witness.venue
    witness.failing(
        (418, 429, 503, 504),
        lambda: venue.create_order(PAIR, "market", "buy", 0.01),
        lambda: venue.cancel_order("99999999", PAIR),
    )
    witness.close()


if __name__ == "__main__":
    main()
