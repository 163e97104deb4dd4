"""
Proves the guide's log: five levels, what is logged by itself and by hand, filters, export, and the
page.
"""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

import pytest
import requests

from switchgear import SettingsError, guide, register_secret
from switchgear.guide import LogLevel
from tests.guide.kit import KEY, Bench, boom

if TYPE_CHECKING:
    from switchgear import LogRecord

CANARY = "canary-3f9a1c77e0"


def refused() -> None:
    """Fail with proof that nothing was sent."""
    raise ConnectionRefusedError("refused")


def events(**filters: Any) -> list[str]:
    """The events in the log, oldest first."""
    return [record.event for record in reversed(guide.get_logs(**filters))]


def one(**filters: Any) -> LogRecord:
    """The only record that the filters let through."""
    (record,) = guide.get_logs(**filters)
    return record


@pytest.mark.guide("Enhanced Logging System", "Log Levels")
def test_five_levels_tell_what_matters(bench: Bench) -> None:
    """
    Attempts are DEBUG, successes INFO, rejections and fallbacks WARNING, failures ERROR, lost
    orders CRITICAL.
    """
    guide.set_circuit_breaker_config("*", "*", {"log_level": "debug"})
    bench.execute(*KEY, lambda: "up")
    bench.fail()
    bench.execute(*KEY, boom, lambda: "cached")
    guide.set_circuit_breaker_config("binance", "create_order", {"failure_threshold": 1})
    bench.fail(1, ("binance", "create_order"))
    with pytest.raises(Exception, match="circuit open"):
        bench.execute("binance", "create_order", boom, refused)
    levels = {record.event: record.level for record in guide.get_logs()}
    assert levels["attempt_started"] is LogLevel.DEBUG
    assert levels["call_succeeded"] is LogLevel.INFO
    assert levels["call_rejected"] is levels["fallback_served"] is LogLevel.WARNING
    assert levels["call_failed"] is levels["circuit_moved"] is LogLevel.ERROR
    assert levels["fallback_exhausted"] is LogLevel.CRITICAL
    assert list(LogLevel) == sorted(LogLevel)


@pytest.mark.guide("Logging API Calls")
def test_calls_are_logged_by_themselves(bench: Bench) -> None:
    """
    Attempt, failure, opening, rejection and fallback of a call stand in the log without a line of
    the caller's.
    """
    bench.execute("binance", "getAccountBalance", lambda: 1, config={"log_level": "debug"})
    assert events() == ["attempt_started", "call_succeeded"]
    guide.clear_logs()
    bench.execute("binance", "getAccountBalance", boom, lambda: 0, config={"failure_threshold": 1})
    bench.execute("binance", "getAccountBalance", boom, lambda: 0)
    assert sorted(events(level="warning")) == [
        *("call_failed", "call_rejected", "circuit_moved", "fallback_served", "fallback_served")
    ]
    ids = {record.call_id for record in guide.get_logs(text="attempt")}
    assert len(ids) == 1


@pytest.mark.guide("Manual Logging")
def test_events_are_logged_by_hand(bench: Bench) -> None:
    """A message of the caller's own keeps its level and its metadata; the shorthands have theirs."""
    guide.log_api_call_attempt("binance", "getMarketData")
    guide.log_api_call_success("binance", "getMarketData", 12.5)
    guide.log_api_call_failure("binance", "getMarketData", TimeoutError("late"), 900)
    guide.log(
        level=LogLevel.WARNING,
        exchange="binance",
        method="placeOrder",
        message="Order placed but confirmation delayed",
        metadata={"orderId": "12345", "status": "pending", "price": Decimal("1.50")},
    )
    found = [(record.level.name, record.message) for record in reversed(guide.get_logs())]
    assert sorted(found) == [
        ("DEBUG", "API call attempt"),
        ("ERROR", "API call failed in 900.0 ms: TimeoutError: late"),
        ("INFO", "API call succeeded in 12.5 ms"),
        ("WARNING", "Order placed but confirmation delayed"),
    ]
    placed = one(method="place_order")
    assert placed.detail == {"orderId": "12345", "status": "pending", "price": "1.50"}
    assert guide.get_api_call_metrics("binance", "getMarketData").total_calls == 0


@pytest.mark.guide("Manual Logging")
@pytest.mark.parametrize(
    "metadata",
    [
        {"note": f"key {CANARY}"},
        {"api_key": "tell-nobody-9"},
        {"headers": {"Authorization": "Bearer tell-nobody-9"}},
        {("tell-nobody-9",): CANARY},
        {"nested": [{"deep": CANARY}], "nan": float("nan")},
    ],
)
def test_secrets_in_a_note_are_masked(bench: Bench, metadata: Any) -> None:
    """Neither a registered secret nor a value under a secret's name reaches a record."""
    register_secret(CANARY)
    register_secret("tell-nobody-9")
    guide.log(level="info", exchange="a", method="b", message=f"sent {CANARY}\n", metadata=metadata)
    record = one()
    assert CANARY not in repr(record)
    assert "tell-nobody-9" not in repr(record)
    assert record.message == "sent ***\\n"


@pytest.mark.guide("Manual Logging")
def test_an_unknown_level_is_refused(bench: Bench) -> None:
    """The error names the five levels, and nothing is logged."""
    with pytest.raises(SettingsError, match="level='loud': must be one of DEBUG, INFO"):
        guide.log(level="loud", exchange="a", method="b", message="!")
    assert guide.get_logs() == []


@pytest.mark.guide("Accessing Logs")
def test_logs_are_filtered(bench: Bench) -> None:
    """Level means at least; exchange, method, time and text each hold; the newest comes first."""
    start_ms = bench.clock.wall().timestamp() * 1000
    for level in LogLevel:
        guide.log(level=level, exchange="Binance", method="getTime", message=f"at {level.name}")
        bench.clock.advance(1)
    guide.log(level="error", exchange="coinbase", method="getTime", message="elsewhere")
    errors = guide.get_logs(exchange="binance", level=LogLevel.ERROR)
    assert [record.message for record in errors] == ["at CRITICAL", "at ERROR"]
    late = guide.get_logs(start_time=start_ms + 2900, end_time=start_ms + 4100)
    assert [record.message for record in late] == ["at CRITICAL", "at ERROR"]
    assert one(text="ELSEWHERE").exchange == "coinbase"
    assert len(guide.get_logs(limit=2)) == 2


@pytest.mark.guide("Accessing Logs")
def test_at_most_a_thousand_come_unasked(bench: Bench) -> None:
    """Without a limit the newest thousand records are given."""
    for number in range(1005):
        guide.log(level="info", exchange="a", method="b", message=str(number))
    found = guide.get_logs()
    assert (len(found), found[0].message, found[-1].message) == (1000, "1004", "5")


@pytest.mark.guide("Accessing Logs")
@pytest.mark.parametrize(
    ("filters", "field"),
    [
        ({"level": "loud"}, "level"),
        ({"start_time": "yesterday"}, "start_time"),
        ({"start_time": -5}, "start_time"),
        ({"start_time": 20, "end_time": 10}, "start_time"),
        ({"end_time": float("nan")}, "end_time"),
        ({"limit": 0}, "limit"),
        ({"exchange": "no such name!"}, "exchange"),
    ],
)
def test_a_filter_that_cannot_be_is_refused(bench: Bench, filters: Any, field: str) -> None:
    """The error names the filter as the caller wrote it."""
    with pytest.raises(SettingsError) as caught:
        guide.get_logs(**filters)
    assert caught.value.field == field


@pytest.mark.guide("Accessing Logs")
def test_logs_are_exported_and_cleared(bench: Bench) -> None:
    """An export holds exactly what the filters let through, in both forms; so does a clear."""
    bench.execute(*KEY, lambda: "up")
    bench.fail(2)
    lines = [json.loads(line) for line in guide.export_logs(level="error").splitlines()]
    assert [line["message"] for line in lines] == ["failed: Boom: no answer"] * 2
    rows = list(csv.DictReader(io.StringIO(guide.export_logs("csv"))))
    assert [row["event"] for row in rows] == ["call_failed", "call_failed", "call_succeeded"]
    with pytest.raises(SettingsError, match="format='xml': must be one of jsonl, csv"):
        guide.export_logs(cast("Any", "xml"))
    assert guide.clear_logs(level="error") == 2
    assert events() == ["call_succeeded"]
    assert guide.clear_logs() == 1
    assert guide.get_logs() == []


@pytest.mark.slow  # the web framework is loaded here
@pytest.mark.guide("API Logs Dashboard")
def test_the_page_shows_filters_exports_and_clears(bench: Bench) -> None:
    """/api-logs is served, and behind it the same records are filtered, exported and cleared."""
    bench.execute(*KEY, lambda: "up")
    bench.fail(1)
    url = bench.gear.serve(port=0).url.rstrip("/")
    page = requests.get(f"{url}/api-logs", timeout=5)
    assert (page.status_code, page.headers["Content-Type"].split(";")[0]) == (200, "text/html")
    found = requests.get(f"{url}/api/v1/logs?exchange=binance&level=error", timeout=5).json()
    assert "Boom" in json.dumps(found)
    assert "call_succeeded" not in json.dumps(found)
    exported = requests.get(f"{url}/api/v1/logs/export?format=jsonl&level=error", timeout=5).text
    only, last = map(json.loads, exported.splitlines())
    assert (only["event"], last["whole"]) == ("call_failed", True)
