"""Tests the JSON API over real HTTP: filters, pages, one call, exports, circuits and words, from each source."""

from __future__ import annotations

import csv
import io
import json
import re
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.server.kit import House

FILTERS: list[dict[str, Any]] = [
    {},
    {"exchange": "binance"},
    {"exchange": "Binance", "method": "createOrder"},
    {"level": "warning"},
    {"level": "CRITICAL"},
    {"event": "retry_scheduled"},
    {"text": "RESET BY peer"},
    {"since": "-3s"},
    {"until": "2026-01-01T00:00:02Z"},
    {"exchange": "coinbase", "level": "warning", "since": "-1h", "text": "last_good"},
]


def test_records_are_newest_first(told: House) -> None:
    """Without a filter every record is there once, the newest first."""
    page = told.get("logs")
    ids = [record["id"] for record in page["records"]]
    assert ids == sorted(set(ids), reverse=True)
    assert page["count"] == len(ids) > 10
    assert page["newest_id"] == ids[0]
    assert page["next_before_id"] is None


def test_pages_are_cut_without_gap_or_double(told: House) -> None:
    """Pages of three, each asked for behind the one before, give the same records as one page."""
    ids: list[int] = []
    page = told.get("logs", limit=3)
    while page["records"]:
        ids += [record["id"] for record in page["records"]]
        if page["next_before_id"] is None:
            break
        page = told.get("logs", limit=3, before_id=page["next_before_id"])
    assert ids == [record["id"] for record in told.logs()]


def test_a_filter_lets_through_only_what_matches(told: House) -> None:
    """Exchange, method and level at least are each obeyed."""
    found = told.logs(exchange="binance", method="create_order", level="error")
    assert found
    assert {(record["exchange"], record["method"]) for record in found} == {
        ("binance", "create_order")
    }
    assert {record["level"] for record in found} <= {"ERROR", "CRITICAL"}


@pytest.mark.parametrize("given", FILTERS, ids=str)
def test_a_count_is_that_of_the_records(told: House, given: dict[str, Any]) -> None:
    """The count of a filter is the number of records that it finds."""
    assert told.get("logs/count", **given)["count"] == len(told.logs(**given))


@pytest.mark.parametrize("given", FILTERS, ids=str)
def test_an_export_is_exactly_the_filter(told: House, given: dict[str, Any]) -> None:
    """Both exports hold the records that the page shows for the same filter, in its order, and say that it is all."""
    shown = told.logs(**given)
    lines = told.http.get("/api/v1/logs/export", params={**given, "format": "jsonl"}).text
    *held, last = map(json.loads, lines.splitlines())
    assert held == shown
    assert (last["whole"], last["records"]) == (True, len(shown))
    table = told.http.get("/api/v1/logs/export", params={**given, "format": "csv"}).text
    *rows, end = csv.DictReader(io.StringIO(table, newline=""))
    assert end["id"].startswith(f"# whole: {len(shown)} records; filter ")
    assert [(int(row["id"]), row["message"]) for row in rows] == [
        (record["id"], record["message"]) for record in shown
    ]


@pytest.mark.parametrize(("form", "kind"), [("jsonl", "application/x-ndjson"), ("csv", "text/csv")])
def test_an_export_is_a_file(house: House, form: str, kind: str) -> None:
    """A browser saves an export under a name, and takes it for nothing else."""
    head = house.http.get("/api/v1/logs/export", params={"format": form}).headers
    assert head["content-disposition"] == f'attachment; filename="switchgear-logs.{form}"'
    assert head["content-type"].startswith(kind)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"levle": "error"}, "levle"),
        ({"level": "loud"}, "level"),
        ({"since": "yesterday"}, "since"),
        ({"since": "2026-01-01T00:00:00"}, "since"),
        ({"limit": "0"}, "limit"),
        ({"limit": "10001"}, "limit"),
        ({"before_id": "-1"}, "before_id"),
        ({"exchange": "a b"}, "exchange"),
        ({"text": "a\0b"}, "text"),
        ({"text": ["a", "b"]}, "text"),
        ({"since": "-1s", "until": "-9s"}, "since"),
    ],
)
@pytest.mark.parametrize("path", ["logs", "logs/count", "logs/export", "live"])
def test_a_bad_filter_says_what_is_wrong(
    house: House, path: str, given: dict[str, Any], field: str
) -> None:
    """A filter that does not parse is a 400 that names the field, its value and what is allowed."""
    error = house.get(path, status=400, **given)["error"]
    assert error["field"] == field
    assert error["allowed"]
    assert field in error["message"]


def test_an_unknown_export_format_is_refused(house: House) -> None:
    """A format that is none names those that are."""
    error = house.get("logs/export", status=400, format="xlsx")["error"]
    assert (error["field"], error["value"]) == ("format", "xlsx")
    assert "jsonl, csv" in error["allowed"]


def test_one_call_is_told_in_order(told: House) -> None:
    """All records of a call that was retried: the failed attempt first, then its end."""
    ended = told.logs(method="get_account_balance", event="call_succeeded")[0]
    path = f"logs/binance/get_account_balance/{ended['call_id']}"
    steps = told.get(path)["records"]
    assert [step["event"] for step in steps] == ["retry_scheduled", "call_succeeded"]
    assert steps[-1] == ended
    assert ended["attempt"] == 2


@pytest.mark.parametrize(
    ("path", "field"),
    [("binance/get_x/0", "call_id"), ("binance/get_x/a", "call_id"), ("a%20b/get_x/1", "exchange")],
)
def test_a_call_that_cannot_be_is_refused(house: House, path: str, field: str) -> None:
    """An address that names no possible call is a 400 that says which part is wrong."""
    assert house.get(f"logs/{path}", status=400)["error"]["field"] == field


def test_names_are_what_was_called(told: House) -> None:
    """The filters offer each exchange and method that was called, and the five levels."""
    assert told.get("logs/names") == {
        "exchanges": ["binance", "coinbase"],
        "methods": ["create_order", "get_account_balance", "get_market_price"],
        "levels": ["debug", "info", "warning", "error", "critical"],
    }


def test_circuits_say_state_reason_and_numbers(told: House) -> None:
    """An open circuit has its reason, its countdown and its counts; a closed one has its rates."""
    board = told.get("circuits")
    circuits = {(one["exchange"], one["method"]): one for one in board["circuits"]}
    order = circuits["binance", "create_order"]
    assert order["state"] == "open"
    assert "ConnectionResetError" in order["reason"]
    assert 0 < order["retry_after_s"] <= 30
    assert order["since_ms"] < board["now_ms"]
    assert (order["openings"], order["counts"]["failed_calls"]) == (1, 3)
    assert order["counts"]["rejected_calls"] == 1
    price = circuits["binance", "get_market_price"]
    assert (price["state"], price["counts"]["success_rate"]) == ("closed", 1.0)
    assert price["counts"]["p50_ms"] == pytest.approx(12, rel=0.05)


def test_health_says_it_in_words(told: House) -> None:
    """The banner's words name the exchange, the method that is open and what stands in for it."""
    health = told.get("health")
    assert health["status"] == "degraded"
    words = {one["exchange"]: one["words"] for one in health["degraded"]}
    assert re.search("create_order .*open", words["binance"])
    assert "last_good" in words["coinbase"]


def test_status_counts_what_is_missing(told: House) -> None:
    """Nothing was lost here, and the page can say so."""
    status = told.get("status")
    assert (status["dropped"], status["dropped_warnings"], status["lost"]) == (0, 0, 0)
    assert status["source"] in {"program", "history"}
    assert status["version"]


def test_openapi_names_every_answer(house: House) -> None:
    """The description of the API holds each path, and each parameter of the filter."""
    described = house.get("openapi.json")
    assert set(described["paths"]) == {
        f"/api/v1/{path}"
        for path in (
            "logs", "logs/count", "logs/names", "logs/export", "logs/clear",
            "logs/overview", "logs/latency", "logs/around/{record_id}",
            "logs/{exchange}/{method}/{call_id}", "live", "circuits", "health", "status",
            "circuits/history", "circuits/holds", "circuits/hold", "circuits/release", "circuits/reset", "metrics",
            "orders", "orders/board", "orders/switch", "orders/{intent_id}", "orders/{intent_id}/abandon",
            "orders/{intent_id}/cancel", "me",
        )
    }  # fmt: skip
    names = {one["name"] for one in described["paths"]["/api/v1/logs"]["get"]["parameters"]}
    assert {"exchange", "method", "level", "since", "until", "text", "run"} <= names


def test_an_unknown_path_is_json_too(house: House) -> None:
    """What is not there is told in the shape of every other error."""
    assert house.get("nothing", status=404) == {"error": {"message": "Not Found"}}
