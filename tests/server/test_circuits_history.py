"""Tests what circuits did lately, over real HTTP and from each source: spans, spells, openings, and how far back."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from switchgear.observe.history import HistoryReader
from switchgear.observe.ring import Ring
from switchgear.server.reach import Reach
from tests.server.kit import SOURCES, House

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(params=SOURCES)
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    """A house, read in each of the ways."""
    with House(request.param, tmp_path) as made:
        made.gear.configure("*", retries=0)
        made.call("binance", "get_price")
        yield made


def past(house: House, **params: Any) -> dict[str, Any]:
    """What binance.get_price did."""
    house.keep()
    found = house.get("circuits/history", **params)
    (one,) = [one for one in found["circuits"] if one["method"] == "get_price"]
    return {**one, "answer": found}


def fail(house: House, times: int = 3) -> None:
    """Calls that fail."""
    for _ in range(times):
        house.call("binance", "get_price", fails=1)


def test_spans_follow_each_other_without_a_gap(house: House) -> None:
    """Closed, open, half-open by the next call, closed again: each begins where the last ended; then it is now."""
    fail(house)
    house.clock.advance(40)
    house.call("binance", "get_price")
    spans = past(house)["spans"]
    states = [one["state"] for one in spans]
    assert states in (["closed", "open", "closed"], ["closed", "open", "half_open", "closed"])
    for before, after in pairwise(spans):
        assert before["end_ms"] == after["start_ms"]
    assert spans[-1]["end_ms"] == past(house)["answer"]["now_ms"]


def test_a_spell_says_from_when_until_when_and_why(house: House) -> None:
    """One spell for the time in which it was not closed, with the record of the move that it began with."""
    fail(house)
    lasting = past(house)["spells"]
    assert [(one["state"], one["closed_ms"], one["openings"]) for one in lasting] == [
        ("open", None, 1)
    ]
    assert lasting[0]["until_ms"] == lasting[0]["opened_ms"] + 30_000
    house.clock.advance(40)
    house.call("binance", "get_price")
    (spell,) = past(house)["spells"]
    assert spell["opened_ms"] < spell["closed_ms"]
    assert "3 failures in a row" in spell["why"]
    (moved,) = house.logs(event="circuit_moved", level="error")
    assert moved["id"] == spell["record_id"]


def test_openings_are_those_of_the_last_day(house: House) -> None:
    """Two openings are counted, a hold is none, and after a day both are forgotten."""
    for _ in range(2):
        fail(house)
        house.clock.advance(31)
        house.call("binance", "get_price")
    house.gear.hold("binance", "get_price", by="ops", why="incident", for_s=5)
    assert past(house)["openings"] == 2
    house.clock.advance(86_400)
    house.call("binance", "get_price")
    found = past(house)
    assert (found["openings"], found["spells"]) == (0, [])
    assert [one["state"] for one in found["spans"]] == ["closed"]


def test_a_hold_ends_in_the_strip_when_its_time_does(house: House) -> None:
    """Nobody has called since: the span of the hold ends with its time, and the spell is over."""
    house.gear.hold("binance", "get_price", by="ops", why="incident", for_s=60)
    house.clock.advance(120)
    found = past(house)
    held = [one for one in found["spans"] if one["state"] == "forced_open"]
    assert [one["end_ms"] - one["start_ms"] for one in held] == [60_000]
    (spell,) = found["spells"]
    assert (spell["by"], spell["why"]) == ("ops", "incident")
    assert spell["closed_ms"] == held[0]["end_ms"]


def test_how_far_back_the_log_reaches_is_told(house: House) -> None:
    """A program that has just begun knows nothing of the hour before, and says since when it does."""
    answer = past(house)["answer"]
    first = house.logs()[-1]["at_ms"]
    assert answer["known_since_ms"] == answer["day_known_since_ms"] == first
    house.clock.advance(3_700)
    house.call("binance", "get_price")
    answer = past(house)["answer"]
    assert answer["known_since_ms"] is None
    assert answer["day_known_since_ms"] == first


@pytest.mark.parametrize("since", ["-2d", "tomorrow", "9999-01-01T00:00:00Z"])
def test_more_than_a_day_is_not_looked_at(house: House, since: str) -> None:
    """What is no instant of the last day names its field."""
    assert house.get("circuits/history", status=400, since=since)["error"]["field"] == "since"


def test_since_may_be_less_than_an_hour(house: House) -> None:
    """The spans begin where they are asked to."""
    house.clock.advance(600)
    house.call("binance", "get_price")
    found = past(house, since="-5m")
    assert found["spans"][0]["start_ms"] == found["answer"]["since_ms"]


def test_a_full_memory_says_since_when_it_is_whole() -> None:
    """The first record after what was pushed out, of the queue that reaches back least; with room, the oldest."""
    ring = Ring(lambda fact: fact, entries_max=3)
    found = [ring.whole_since_ms]
    ring.keep([(1, 100, None)], [(2, 200, None)])
    found.append(ring.whole_since_ms)
    ring.keep([(number, number * 100, None) for number in range(3, 7)], [])
    assert [*found, ring.whole_since_ms] == [None, 100, 400]


def test_the_oldest_record_of_a_file_is_found_after_it_went(tmp_path: Path) -> None:
    """It is the first one, and another one when that was cleared."""
    with House("history", tmp_path) as made:
        for _ in range(9):
            made.call("binance", "get_price")
        made.keep()
        reach = Reach(_reader(made))
        times = [one["at_ms"] for one in made.logs()][::-1]
        assert reach.since_ms() == times[0]
        counted = made.get("logs/count", until=times[3])
        made.post("logs/clear", {"filter": counted["filter"], "confirm_count": counted["count"]})
        left = [one["at_ms"] for one in made.logs()][::-1]
        assert reach.since_ms() == left[0] > times[3]


def _reader(house: House) -> HistoryReader:
    return HistoryReader(house._path, house.clock)
