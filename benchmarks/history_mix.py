"""Owns what the benchmark of histories keeps and asks: records as three exchanges make them, and forty filters."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

from switchgear.core.words import Level
from switchgear.observe.query import LogQuery
from switchgear.observe.record import LogRecord

if TYPE_CHECKING:
    from collections.abc import Iterator

EXCHANGES = ("binance", "alpaca", "coinbase")
METHODS = (
    "get_market_price",
    "get_order_book",
    "get_balance",
    "get_order",
    "get_open_orders",
    "create_order",
    "cancel_order",
    "get_trades",
)
ACCOUNTS = ("main", "second")
POOL = 20_000
"""Records that are made once; each is used again and again, with another date and another number."""
MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000
END_MS = 1_767_225_600_000 + 7 * HOUR_MS + 12_345
RARE = "maintenance"
RARE_EVERY = 250_000
_KINDS = (
    ("timeout", None, "ReadTimeout: no answer within 2.0 s"),
    ("network", None, "ConnectError: connection reset by peer"),
    ("overloaded", 503, "ServiceUnavailable: busy, try later"),
    ("rate_limited", 429, "TooManyRequests: way too many requests"),
    ("invalid_order", 400, "Rejected: lot size filter"),
    ("insufficient_funds", 400, "Rejected: balance too low"),
)


def made(records: int, days: float, seed: int = 7) -> Iterator[LogRecord]:
    """So many records, oldest first, over so many days before END_MS: nine of ten plain successes."""
    rng = Random(seed)
    pool = [_one(rng) for _ in range(min(POOL, records))]
    start_ms, step_ms = END_MS - days * DAY_MS, days * DAY_MS / records
    for number in range(records):
        one = pool[rng.randrange(len(pool))] if number % RARE_EVERY else _rare(number)
        at_ms = int(start_ms + number * step_ms)
        yield one._replace(at_ms=at_ms, call_id=number // 48 + 1)


def _one(rng: Random) -> LogRecord:
    exchange = rng.choices(EXCHANGES, (6, 3, 1))[0]
    method = rng.choices(METHODS, (20, 10, 5, 10, 5, 3, 2, 10))[0]
    account = rng.choices(ACCOUNTS, (4, 1))[0]
    key = {"exchange": exchange, "method": method, "account": account}
    lasted_ms = int(rng.lognormvariate(4.5, 0.6) * 1000) / 1000
    drawn = rng.random()
    if drawn < 0.90:
        slow = rng.random() < 0.002
        message = f"succeeded in {lasted_ms:.1f} ms{', slow' if slow else ''}"
        level = Level.WARNING if slow else Level.INFO
        return _record(key, level, "call_succeeded", message, duration_ms=lasted_ms, attempt=1)
    kind, status, error = _KINDS[rng.choices(range(len(_KINDS)), (30, 20, 15, 25, 6, 4))[0]]
    failed: dict[str, Any] = {"kind": kind, "status": status, "duration_ms": lasted_ms}
    failed["code"] = str(-rng.randrange(1000, 1100)) if status == 400 else None
    if drawn < 0.95:
        message = f"attempt 1 failed, next in {rng.random() * 500:.1f} ms: {error}"
        detail = {"delay_ms": 120.0, "error": error}
        return _record(key, Level.WARNING, "retry_scheduled", message, **failed, detail=detail)
    if drawn < 0.97:
        return _record(
            key, Level.ERROR, "call_failed", f"failed after 3 attempts: {error}", **failed
        )
    if drawn < 0.985:
        message, detail = "not called: the circuit is open; next try in 12.0 s", {"scope": "method"}
        return _record(key, Level.WARNING, "call_rejected", message, scope="method", detail=detail)
    if drawn < 0.990:
        message = "circuit closed -> open: 5 of 10 calls failed"
        return _record(key, Level.ERROR, "circuit_moved", message, scope="method")
    if drawn < 0.995:
        name = f"sg-{rng.randrange(10**9):09d}"
        message = f"order {name} sent -> open: the exchange said so"
        return _record(key, Level.INFO, "intent_moved", message, order_id=name)
    return _record(
        key, Level.INFO, "note", f"rebalance {rng.randrange(1000)} of the book", detail={"a": 1}
    )


def _rare(number: int) -> LogRecord:
    key = {"exchange": "coinbase", "method": "get_trades", "account": "second"}
    message = f"exchange gate closed for 900.0 s: zebra crossing {number}"
    return _record(key, Level.CRITICAL, "gate_closed", message, kind=RARE, scope="exchange")


def _record(key: dict[str, str], level: Level, event: str, message: str, **more: Any) -> LogRecord:
    given: dict[str, Any] = {**key, **more}
    return LogRecord(0, 0, level, event, message=message, **given)


BY_NAME: dict[str, dict[str, Any]] = {
    "all": {},
    "exchange": {"exchange": "binance"},
    "the small exchange": {"exchange": "coinbase"},
    "no such exchange": {"exchange": "kraken"},
    "method": {"method": "create_order"},
    "key": {"exchange": "alpaca", "method": "get_order", "account": "second"},
    "key, rare": {"exchange": "coinbase", "method": "cancel_order", "account": "second"},
    "account": {"account": "second"},
    "from warning": {"level": Level.WARNING},
    "from error": {"level": Level.ERROR},
    "critical, rare": {"level": Level.CRITICAL},
    "failed": {"outcome": "failed"},
    "rejected": {"outcome": "rejected", "exchange": "binance"},
    "joined, empty": {"outcome": "joined"},
    "kind": {"kind": "timeout"},
    "kind, rare": {"kind": RARE},
    "kind, empty": {"kind": "banned"},
    "scope": {"scope": "method"},
    "scope, rare": {"scope": "exchange"},
    "event": {"event": "note"},
    "event, empty": {"event": "store_lost"},
    "key from error": {"exchange": "binance", "method": "get_order", "level": Level.ERROR},
}


def filters(records: int) -> dict[str, LogQuery]:
    """Forty filters as somebody lists them: broad, narrow, rare, empty, by time, by words, and deep pages."""
    return {
        name: LogQuery(**fields, limit=200)
        for name, fields in (BY_NAME | _by_more(records)).items()
    }


def _by_more(records: int) -> dict[str, dict[str, Any]]:
    """By time, by words, by a call and an order, and far back."""
    day = {"since_ms": END_MS - DAY_MS}
    return {
        "a minute": {"since_ms": END_MS - DAY_MS, "until_ms": END_MS - DAY_MS + MINUTE_MS},
        "the last hour": {"since_ms": END_MS - HOUR_MS},
        "an hour of errors": {"since_ms": END_MS - HOUR_MS, "level": Level.ERROR},
        "the last day": day,
        "a day of a key": {**day, "exchange": "alpaca", "method": "get_balance"},
        "a day of what is rare": {**day, "kind": RARE},
        "before the first": {"until_ms": END_MS - 400 * DAY_MS},
        "word of names": {"text": "binance timeout"},
        "word, common": {"text": "next"},
        "word, common, of few": {"text": "next", "exchange": "coinbase", "account": "second"},
        "words, common": {"text": "attempt fail peer"},
        "word, rare": {"text": "zebra"},
        "word, none": {"text": "xylophone"},
        "word and kind": {"text": "lot size", "kind": "invalid_order"},
        "word and a day": {"text": "rebal", **day},
        "a call": {"call_id": max(1, records // 96)},
        "an order": {"order_id": "sg-000000000"},
        "deep page": {"before_id": max(1, records // 10)},
    }
