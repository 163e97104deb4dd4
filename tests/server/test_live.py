"""Tests the live tail over real HTTP: what comes, in order, filtered, once, and resumed where it broke off."""

from __future__ import annotations

import json
from itertools import islice
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from switchgear.server import live
from tests.server.kit import House

if TYPE_CHECKING:
    from pathlib import Path


class Tail:
    """The events of an open tail."""

    def __init__(self, answer: httpx.Response) -> None:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        self._lines = answer.iter_lines()
        assert self.next()["event"] == "ready"

    def next(self) -> dict[str, str]:
        """The fields of the next event; heartbeats are passed over."""
        found: dict[str, str] = {}
        for line in self._lines:
            name, _, value = line.partition(": ")
            if name:
                found[name] = value
            elif "event" in found:
                return found
        return found

    def records(self, count: int) -> list[dict[str, Any]]:
        """The next records."""
        events = list(islice(iter(self.next, {}), count))
        assert {event["event"] for event in events} <= {"record"}
        assert [event["id"] for event in events] == [
            str(json.loads(event["data"])["id"]) for event in events
        ]
        return [json.loads(event["data"]) for event in events]


def _tail(house: House, headers: dict[str, str] | None = None, **params: Any) -> Any:
    return house.http.stream("GET", "/api/v1/live", params=params, headers=headers or {})


def test_what_comes_is_told_once_and_in_order(told: House) -> None:
    """A tail begins now: nothing of before, then each new record as the log has it."""
    before = told.logs()
    with _tail(told) as answer:
        tail = Tail(answer)
        told.call("binance", "get_account_balance", fails=1)
        told.call("binance", "get_market_price")
        told.keep()
        come = tail.records(3)
    assert come[::-1] == told.logs()[: len(told.logs()) - len(before)]


def test_a_tail_obeys_its_filter(told: House) -> None:
    """Only what matches comes."""
    with _tail(told, exchange="coinbase", level="info") as answer:
        tail = Tail(answer)
        told.call("binance", "get_market_price")
        told.call("coinbase", "get_account_balance")
        told.keep()
        assert [one["exchange"] for one in tail.records(1)] == ["coinbase"]


@pytest.mark.parametrize("by", ["header", "parameter"])
def test_a_tail_resumes_where_it_broke_off(told: House, by: str) -> None:
    """Whoever comes back with the last id it saw gets everything since, without gap or double."""
    newest_first = told.logs()
    last = newest_first[5]["id"]
    headers = {"last-event-id": str(last)} if by == "header" else {}
    # The address of a tail that broke off still names where it once began; the header is newer.
    after_id = 0 if by == "header" else last
    with _tail(told, headers=headers, after_id=after_id) as answer:
        come = Tail(answer).records(5)
    assert come == newest_first[4::-1]


@pytest.mark.parametrize("given", ["", "x", "-1", "1.5", "9" * 30, "٣"])
def test_a_resume_from_nowhere_is_refused(house: House, given: str) -> None:
    """A last id that is none is a 400 that says so."""
    head = [(b"last-event-id", given.encode())]
    answer = house.http.get("/api/v1/live", headers=httpx.Headers(head))
    assert answer.status_code == 400
    assert answer.json()["error"]["field"] == "Last-Event-ID"


def test_a_reader_that_is_too_slow_is_told_what_it_missed(tmp_path: Path) -> None:
    """A burst that is more than one step holds is cut, and the number left out is said."""
    with House("history", tmp_path) as house, _tail(house) as answer:
        tail = Tail(answer)
        for _ in range(700):
            house.gear.call_sync("binance", "get_market_price", int)
        house.keep()
        events = [tail.next() for _ in range(501)]
    kinds = [event["event"] for event in events]
    assert kinds[0] == "missed"
    assert kinds.count("record") + int(events[0]["data"]) == 700


def test_tails_are_bounded(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """When as many tails as allowed are open, the next one is refused and the open ones go on."""
    monkeypatch.setattr(live, "READERS_MAX", 1)
    with _tail(house) as answer:
        tail = Tail(answer)
        assert house.http.get("/api/v1/live").status_code == 503
        house.call("binance", "get_market_price")
        assert len(tail.records(1)) == 1


def test_a_tail_is_not_held_back_by_proxies(house: House) -> None:
    """A tail says that it is neither kept nor buffered on the way."""
    with _tail(house) as answer:
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-accel-buffering"] == "no"
