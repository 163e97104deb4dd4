"""Tests the answers about many records at once, and about a record's neighbours, from each source."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from switchgear.observe.overview import FACETS

if TYPE_CHECKING:
    from tests.server.kit import House

FILTERS: list[dict[str, Any]] = [
    {},
    {"exchange": "binance"},
    {"level": "warning", "method": "create_order"},
    {"outcome": "failed"},
    {"text": "reset", "since": "-1h"},
    {"exchange": "kraken"},
]


@pytest.mark.parametrize("given", FILTERS, ids=str)
def test_what_is_counted_is_what_is_shown(told: House, given: dict[str, Any]) -> None:
    """The total and the bars of a filter add up to the records that it finds."""
    overview = told.get("logs/overview", **given)
    found = told.logs(**given)
    assert overview["total"] == len(found)
    by_level = Counter(record["level"].lower() for record in found)
    summed = Counter[str]()
    for bar in overview["bars"]:
        summed.update({level: count for level, count in bar["counts"].items() if count})
    assert summed == by_level


def test_each_field_is_counted_as_if_it_were_not_filtered_by(told: House) -> None:
    """The values of the field in the filter stay to choose from; those of the others are within it."""
    overview = told.get("logs/overview", exchange="binance")
    facets = {one["field"]: one["values"] for one in overview["facets"]}
    assert tuple(facets) == FACETS
    exchanges = Counter(record["exchange"] for record in told.logs())
    assert {one["value"]: one["count"] for one in facets["exchange"]} == exchanges
    methods = Counter(record["method"] for record in told.logs(exchange="binance"))
    assert {one["value"]: one["count"] for one in facets["method"]} == methods
    counts = [one["count"] for one in facets["method"]]
    assert counts == sorted(counts, reverse=True)


def test_latency_is_that_of_the_successes(told: House) -> None:
    """Each point has how many succeeded, and percentiles in their order."""
    points = told.get("logs/latency", exchange="binance")["points"]
    calls = [one for one in told.logs(exchange="binance") if one["event"] == "call_succeeded"]
    assert sum(point["calls"] for point in points) == len(calls) > 0
    for point in points:
        assert 0 < point["p50_ms"] <= point["p95_ms"] <= point["p99_ms"]


def test_a_record_has_its_neighbours_whatever_they_are_of(told: House) -> None:
    """So many on each side as were asked for, newest first, and the record among them."""
    every = [record["id"] for record in told.logs()]
    page = told.get(f"logs/around/{every[4]}", each_side=2)
    assert [record["id"] for record in page["records"]] == every[2:7]
    assert (page["record_id"], page["each_side"], page["newest_id"]) == (every[4], 2, every[0])
    edge = told.get(f"logs/around/{every[0]}", each_side=1)
    assert [record["id"] for record in edge["records"]] == every[:2]
    alone = told.get(f"logs/around/{every[4]}", each_side=0)
    assert [record["id"] for record in alone["records"]] == [every[4]]


def test_a_record_that_is_gone_has_none(told: House) -> None:
    """An id that no record has is a 404 that says so."""
    gone = told.get("logs")["newest_id"] + 1000
    assert str(gone) in told.get(f"logs/around/{gone}", status=404)["error"]["message"]


@pytest.mark.parametrize(
    ("path", "given", "field"),
    [
        ("logs/around/0", {}, "record_id"),
        ("logs/around/x", {}, "record_id"),
        ("logs/around/1", {"each_side": "-1"}, "each_side"),
        ("logs/around/1", {"each_side": "201"}, "each_side"),
        ("logs/overview", {"levle": "x"}, "levle"),
        ("logs/latency", {"since": "x"}, "since"),
        ("logs", {"count": "maybe"}, "count"),
        ("logs/binance/get_x/1", {"run": "x"}, "run"),
    ],
)
def test_what_cannot_be_is_refused(
    house: House, path: str, given: dict[str, str], field: str
) -> None:
    """A question with a slip in it is a 400 that names the field."""
    assert house.get(path, status=400, **given)["error"]["field"] == field


def test_a_page_need_not_count(told: House) -> None:
    """With count=no the page is the same, and says that it did not count."""
    counted, bare = told.get("logs"), told.get("logs", count="no")
    assert (bare["count"], bare["count_is_exact"]) == (None, None)
    assert bare["records"] == counted["records"]


def test_a_call_can_be_told_by_its_run(told: House) -> None:
    """The run that a record names finds the same call; that of another process finds none in a file."""
    ended = told.logs(method="get_account_balance", event="call_succeeded")[0]
    path = f"logs/binance/get_account_balance/{ended['call_id']}"
    steps = told.get(path, run=ended["run"])["records"]
    assert [step["event"] for step in steps] == ["retry_scheduled", "call_succeeded"]
    if ended["run"]:
        assert told.get(path, run=ended["run"] + 1)["records"] == []


def test_the_status_names_the_forms_of_an_export(told: House) -> None:
    """What a page offers to save is what the server can write."""
    forms = told.get("status")["export_forms"]
    assert {"jsonl", "csv"} <= set(forms)
    for form in forms:
        answer = told.http.get("/api/v1/logs/export", params={"format": form})
        assert answer.status_code == 200
