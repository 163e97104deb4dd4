"""
Real libraries place orders over a wire that breaks, as our desk does: what each has booked twice and lost is counted.

`scripts/rival_orders.py` is the long form. What a library lost is no test of it; that some is lost shows that the count
sees it.
"""

from __future__ import annotations

import subprocess
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import pytest

from tests.order.killing import ROOT
from tests.order.rivals import EVERYBODY, OURS, Plan, Report, Rivalry, carried_out, trades_at
from tests.witness.clients.order_rivals import LIBRARIES, SYMBOLS, ask

ORDERS = 40
FAULTS: list[dict[str, Any]] = [
    {"match": "order.create", "action": "reset_after", "probability": 0.2},
    {
        "match": "order.create",
        "action": "answer",
        "status": 504,
        "booked": True,
        "probability": 0.2,
    },
    {"match": "order.get", "action": "unseen", "for_s": 3, "probability": 0.3},
]
WIRE: list[dict[str, Any]] = [
    {"match": "*", "action": "reset", "side": "answer", "probability": 0.05},
    {"match": "*", "action": "cut", "at_byte": 40, "probability": 0.05},
]
"""Frequent, so that some are met whatever the machine does; and nothing that makes a call wait for ever."""


@cache
def run() -> dict[str, Report]:
    """What each came to: all at the same time, since most of it is waiting."""
    subprocess.run([ROOT / "scripts" / "witness-venv"], check=True, capture_output=True)
    places = {
        OURS: "binance",
        "ccxt": "coinbase",
        "ccxt, blind retry": "binance",
        "ccxt, maxRetriesOnFailure 3": "alpaca",
        "alpaca-py": "alpaca",
    }
    assert places.keys() == set(EVERYBODY)
    plans = [
        Plan(library, venue, ORDERS, 1, FAULTS, WIRE, rate=16.0)
        for library, venue in places.items()
    ]
    with ThreadPoolExecutor(len(plans)) as pool:
        return dict(zip(places, pool.map(carried_out, plans), strict=True))


@pytest.mark.slow  # five processes that order, four of them import other people's libraries
def test_our_desk_books_nothing_twice_and_loses_nothing() -> None:
    """Where an id may be used again."""
    ours = run()[OURS]
    assert (ours.twice, ours.lost, ours.told["nothing"]) == (0, 0, 0)
    assert ours.met > ORDERS / 10


@pytest.mark.slow  # as above
@pytest.mark.parametrize("library", LIBRARIES)
def test_what_a_library_books_twice_or_loses_is_counted(library: str) -> None:
    """Two in five orders are booked and not answered; each was told something all the same."""
    report = run()[library]
    assert report.twice + report.lost
    assert report.told["booked"]
    assert sum(report.told.values()) == ORDERS


@pytest.mark.slow  # as above
@pytest.mark.parametrize("library", ["ccxt, blind retry", "alpaca-py"])
def test_what_has_no_id_of_its_own_is_booked_twice(library: str) -> None:
    """Each try goes out under another id: one is booked, and its answer is a 504."""
    assert run()[library].twice


# ----------------------------------------------------------------------------- the count itself


@pytest.mark.parametrize("venue", SYMBOLS)
def test_each_order_is_known_by_side_and_quantity(venue: str) -> None:
    """No two are alike."""
    asks = [ask(venue, number) for number in range(2_000)]
    assert len({(one.side, one.quantity) for one in asks}) == len(asks)


def counted(library: str, told: str, settled: str, times: int) -> Report:
    """What is made of one order."""
    rivalry, one = Rivalry(Plan(library, "binance", 1)), ask("binance", 0)
    rivalry.take({"line": "told", "number": 0, "end": told})
    if settled:
        rivalry.take({"line": "settled", "number": 0, "end": settled})
    rivalry.count([{"side": one.side.upper(), "quantity": str(one.quantity)}] * times)
    return rivalry.report


@pytest.mark.parametrize(
    ("library", "told", "settled", "times", "twice", "lost"),
    [
        ("ccxt", "booked", "", 1, 0, 0),
        ("ccxt", "failed", "", 0, 0, 0),
        ("ccxt", "booked", "", 2, 1, 0),
        ("ccxt", "failed", "", 1, 0, 1),
        ("ccxt", "failed", "", 2, 1, 1),
        ("ccxt", "booked", "", 0, 0, 1),
        ("alpaca-py", "nothing", "", 1, 0, 0),
        (OURS, "booked", "booked", 1, 0, 0),
        (OURS, "unknown", "booked", 1, 0, 0),
        (OURS, "unknown", "failed", 0, 0, 0),
        (OURS, "failed", "", 0, 0, 0),
        (OURS, "unknown", "unknown", 0, 0, 1),
        (OURS, "unknown", "", 0, 0, 1),
        (OURS, "unknown", "failed", 1, 0, 1),
        (OURS, "booked", "failed", 1, 0, 1),
        (OURS, "failed", "booked", 1, 0, 1),
    ],
)
def test_what_is_counted(
    library: str, told: str, settled: str, times: int, twice: int, lost: int
) -> None:
    """What was told, what is written down in the end, and what stands must agree."""
    report = counted(library, told, settled, times)
    assert (report.twice, report.lost) == (twice, lost)


def test_what_has_not_come_back_is_counted_apart() -> None:
    """Its caller was told nothing, so nothing untrue."""
    assert counted("alpaca-py", "nothing", "", 1).unheard == 1


def test_who_trades_where() -> None:
    """The SDK of one exchange trades there alone."""
    assert [venue for venue in SYMBOLS if trades_at("alpaca-py", venue)] == ["alpaca"]
    assert all(trades_at(OURS, venue) for venue in SYMBOLS)
