"""Proves how the demo is told and how fast it goes: each line's words, and the scenario fitted into a time."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from decimal import Decimal
from io import StringIO

import pytest
from rich.console import Console

from switchgear.core.errors import SettingsError
from switchgear.core.words import Kind
from switchgear.exchange.holdings import Portfolio
from switchgear.exchange.together import Missing, Part, PortfolioOverAll
from switchgear.practice.demo.agent import Seen
from switchgear.practice.demo.narrator import Narrator, did, rows, saw, worth
from switchgear.practice.demo.run import SCENARIO, SECONDS_MIN, run
from switchgear.practice.demo.stand import TRADES, Span
from switchgear.practice.demo.story import END_S, Pace
from switchgear.practice.sim.fleet import VENUES
from switchgear.practice.sim.scenario import EVERY, load
from switchgear.testing import FakeClock

MIX = load(SCENARIO)
DOWN = "Service is down for maintenance (HTTP 503, code UNAVAILABLE); try again in 1.5 s"
HELD_BACK = "coinbase.get_portfolio was not called"
LIVE = ("primary", 0.0, "")
"""Where the part of a portfolio comes from that the exchange tells now."""


@pytest.mark.parametrize(
    ("seconds", "rounds"), [(20, 1), (25, 1), (60, 1), (90, 1), (119.9, 1), (120, 2), (3600, 60)]
)
def test_whole_rounds_fill_the_time(seconds: float, rounds: int) -> None:
    """No round is cut off: in a short time it goes faster, in a long one there are more, a little slower."""
    pace = Pace(MIX, seconds)
    assert pace.rounds == rounds
    assert rounds * MIX.duration_s / pace.speed == pytest.approx(seconds - END_S)
    assert 0.5 < pace.speed <= 60 / (SECONDS_MIN - END_S)


def test_without_a_time_it_goes_on_at_its_own_speed() -> None:
    """Then it is played round after round as it is written."""
    pace = Pace(MIX, None)
    assert (pace.rounds, pace.speed) == (None, 1.0)


def test_the_scenario_breaks_every_venue() -> None:
    """All that are run are traded on, and each breaks in a way of its own."""
    assert tuple(TRADES) == VENUES
    assert {step.venue for step in MIX.steps} == {*VENUES, EVERY}


@pytest.mark.parametrize(
    ("facts", "orders", "words"),
    [
        ({}, {}, "let everything through"),
        ({"slow": 2, "retries": 3}, {}, "2 noted as slow, retried 3x"),
        ({"opened get_x": 1, "closed get_x": 1}, {}, "opened get_x, a probe closed each"),
        ({"closed get_x": 1}, {}, "a probe closed get_x"),
        ({"reopened get_x": 2}, {}, "a probe failed, 2x"),
        ({"opened a": 1, "opened b": 1, "opened c": 2}, {}, "opened 3 circuits"),
        ({"gate banned": 1, "rejected": 9}, {}, "closed the gate (banned), held back 9 calls"),
        ({}, {"lost and found": 2, "not there": 1}, "looked 3 up, sent none again"),
        ({}, {"lost and found": 2, "sent again": 1}, "looked 3 up, sent 1 again"),
        ({}, {"refused": 1}, "passed the refusals on"),
    ],
)
def test_what_switchgear_did_is_told(
    facts: dict[str, int], orders: dict[str, int], words: str
) -> None:
    """Each thing that it does has words of its own."""
    assert did(Counter(facts), Counter(orders)) == words


@pytest.mark.parametrize(
    ("seen", "orders", "words"),
    [
        (Seen(), {}, "nothing was asked"),
        (Seen(Counter(primary=4)), {}, "4 values live"),
        (
            Seen(Counter(primary=1, last_good=2, backend=3), oldest_s=1.26),
            {},
            "1 values live, 3 from backend, 2 from last_good (to 1.3 s old)",
        ),
        (Seen(without=1), {"booked": 2, "asked": -1}, "1 without a value, orders: 2 booked"),
    ],
)
def test_what_the_agent_saw_is_told(seen: Seen, orders: dict[str, int], words: str) -> None:
    """Values by source, the oldest, those that were not to be had, and orders."""
    assert saw(seen, Counter(orders)) == words


def test_the_portfolio_says_what_is_old_and_who_is_missing() -> None:
    """Each currency has its sum; an account that is told from memory, or not at all, is named."""
    now = FakeClock().wall()
    live = Part("binance", "main", Portfolio("binance", "USDT", {}, {}, Decimal("1200.4")), *LIVE)
    old = Part(
        "alpaca", "main", Portfolio("alpaca", "USD", {}, {}, Decimal(7)), "last_good", 1.5, ""
    )
    gone = Missing("coinbase", "main", now, Kind.TIMEOUT, "no answer " * 50, None)
    whole = PortfolioOverAll((live, old), (), now)
    assert worth(whole) == "1,200 USDT + 7 USD, alpaca from last_good, 1.5 s old"
    in_part = worth(PortfolioOverAll((live,), (gone,), now + timedelta(seconds=9)))
    assert in_part.startswith("in part: 1,200 USDT, coinbase is missing since 00:00:00 (no answer")
    assert len(in_part) < 200
    assert worth(PortfolioOverAll((), (gone,), now)).startswith("in part: nothing is known, coin")


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("no answer within 2 s", "no answer within 2 s"),
        (
            f"GateClosedError: {HELD_BACK}: gate closed: ApiError: coinbase.get_x: {DOWN}",
            f"gate closed: {DOWN}",
        ),
        (
            "ApiError: coinbase.get_portfolio: Unauthorized (HTTP 401)",
            "Unauthorized (HTTP 401)",
        ),
        (
            f"CircuitOpenError: {HELD_BACK}: circuit open: 3 in a row, last ApiError: a.b: {DOWN}",
            f"circuit open: 3 in a row, last {DOWN}",
        ),
    ],
)
def test_who_is_missing_is_told_with_the_point(reason: str, told: str) -> None:
    """Why an account is missing is told by its innermost cause, which nothing cuts off."""
    now = FakeClock().wall()
    gone = Missing("coinbase", "main", now, Kind.MAINTENANCE, reason, None)
    words = worth(PortfolioOverAll((), (gone,), now))
    assert words.endswith(f"coinbase is missing since 00:00:00 ({told})")


def test_only_parts_of_a_sum_are_indented() -> None:
    """In the table what stands below a line, indented, adds up to it; counts of other things do not."""
    labels = [label for label, _ in rows([])]
    assert {"retries", "opened again"} <= set(labels)
    assert [label.strip() for label in labels if label.startswith(" ")] == [
        *("succeeded", "failed", "other"),
        *("found", "refused", "unknown"),
        "matched",
    ]


def test_a_line_has_time_venue_and_three_parts() -> None:
    """What is told is one plain line: nothing of it is broken or coloured in a pipe."""
    out = StringIO()
    narrator = Narrator(Console(file=out))
    narrator.breaks(3.04, "alpaca", "prices fail")
    span = Span(Counter(retries=1), Seen(Counter(primary=1)), Counter())
    narrator.told(12.0, "coinbase", "mended   " + "x" * 300, span)
    first, second = out.getvalue().splitlines()
    assert first == "   3.0 s  alpaca    breaks   prices fail"
    assert second.startswith("  12.0 s  coinbase  mended   xxx")
    assert second.endswith("x -> retried 1x -> 1 values live")


@pytest.mark.parametrize("seconds", [0, SECONDS_MIN - 0.1, float("nan"), float("inf"), -30])
def test_too_few_seconds_are_refused(seconds: float) -> None:
    """A time that the scenario does not fit in is refused before anything starts."""
    with pytest.raises(SettingsError, match=r"seconds=.*from 20"):
        run(seconds=seconds, port=0)
