"""Tests clearing over HTTP: only what was counted and confirmed goes, and only where it may."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.server.kit import House

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(params=["memory", "history"])
def mine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    """A house of this process, read in both ways."""
    with House(request.param, tmp_path) as made:
        made.tell()
        yield made


def _but_the_trace(mine: House) -> list[dict[str, Any]]:
    """What the log holds beside the record of who cleared it."""
    trace, *kept = mine.logs()
    assert trace["message"].startswith("by local: cleared ")
    return kept


def test_what_was_counted_goes(mine: House) -> None:
    """The filter and count that `count` gave, given back, remove exactly those records."""
    before = mine.logs()
    counted = mine.get("logs/count", exchange="binance", level="warning")
    order = {"filter": counted["filter"], "confirm_count": counted["count"]}
    assert mine.post("logs/clear", order).json() == {"cleared": counted["count"]}
    kept = [
        one for one in before if one["exchange"] != "binance" or one["level"] in {"DEBUG", "INFO"}
    ]
    assert _but_the_trace(mine) == kept
    assert len(before) - len(kept) == counted["count"] > 0


def test_what_came_later_stays(mine: House) -> None:
    """A record that matches but came after the count was shown is neither counted nor removed."""
    counted = mine.get("logs/count")
    mine.call("binance", "get_market_price")
    mine.keep()
    order = {"filter": counted["filter"], "confirm_count": counted["count"]}
    assert mine.post("logs/clear", order).json() == {"cleared": counted["count"]}
    assert [one["event"] for one in _but_the_trace(mine)] == ["call_succeeded"]


def test_another_count_removes_nothing(mine: House) -> None:
    """A count that is not so is a 409, and every record stays."""
    counted = mine.get("logs/count")
    order = {"filter": counted["filter"], "confirm_count": counted["count"] - 1}
    answer = mine.post("logs/clear", order)
    assert answer.status_code == 409
    assert str(counted["count"]) in answer.json()["error"]["message"]
    assert len(mine.logs()) == counted["count"]


@pytest.mark.parametrize(
    ("order", "field"),
    [
        ({"filter": {}}, "confirm_count"),
        ({"confirm_count": 1}, "filter"),
        ({"filter": {}, "confirm_count": "1"}, "confirm_count"),
        ({"filter": {}, "confirm_count": -1}, "confirm_count"),
        ({"filter": {}, "confirm_count": 1, "force": True}, "force"),
        ({"filter": {"levle": "x"}, "confirm_count": 1}, "levle"),
        ([], "body"),
    ],
)
def test_an_order_that_is_none_removes_nothing(house: House, order: object, field: str) -> None:
    """Whatever is missing or too much is a 400 that names it."""
    house.call("binance", "get_market_price")
    answer = house.post("logs/clear", order)
    assert (answer.status_code, answer.json()["error"]["field"]) == (400, field)
    assert house.logs()


def test_the_log_of_another_process_is_not_cleared(tmp_path: Path) -> None:
    """A page that reads another process's file can remove nothing from it."""
    with House("other", tmp_path) as other:
        other.tell()
        counted = other.get("logs/count")
        order = {"filter": counted["filter"], "confirm_count": counted["count"]}
        assert other.post("logs/clear", order).status_code == 403
        assert other.get("logs/count")["count"] == counted["count"]
        assert other.get("status")["writable"] is False
