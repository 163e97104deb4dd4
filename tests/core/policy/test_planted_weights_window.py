"""Owns where the window of a ledger ends to the very instant, by dates, by told ends and by numbers that fell."""

from __future__ import annotations

import pytest

from switchgear.core.policy.window import EDGE_S_MAX
from switchgear.testing.clock import START_WALL
from tests.core.policy.limited import Desk

PERIOD_S = 3.125
"""Its edge is a sixteenth of a second, so that all sums here are exact; by the date it ends in 1.875 s."""

HI_S = 1.9375
LO_S = 1.8125
EDGE_S = 1.875
"""An instant within the edge."""


@pytest.fixture
def fine() -> Desk:
    """Nothing used yet, of windows that are exact."""
    return Desk(period_s=PERIOD_S)


@pytest.fixture
def desk() -> Desk:
    """Nothing used yet; the minute has 40 s to go."""
    return Desk()


def ends_s(desk: Desk) -> float:
    """Seconds until the window has surely ended."""
    return desk.ledger.view().resets_in_s


def dated(desk: Desk, second: int, trip_s: float) -> None:
    """An answer whose Date is that second of the first minute, to a request that was sent so long ago."""
    now_s = desk.clock.now_s
    with desk.ledger.latch:
        desk.ledger.dated_locked(START_WALL.timestamp() + second, now_s - trip_s, now_s)


def told_end(desk: Desk, reset_s: float, slack_s: float = 0.0) -> None:
    """An answer at once, which says when the window ends."""
    desk.hear(None, desk.clock.now_s, reset_s=reset_s, slack_s=slack_s)


# ------------------------------------------------------------------------------------------ a date


def test_a_window_that_is_not_aligned_lasts_a_whole_period() -> None:
    """It begins with its ledger, wherever the minute is."""
    assert ends_s(Desk(aligned=False)) == pytest.approx(60 + EDGE_S_MAX)


@pytest.mark.parametrize(("trip_s", "ends"), [(0.5625, 3.0), (0.625, HI_S - 0.625)])
def test_a_date_that_was_long_on_its_way_says_nothing(
    fine: Desk, trip_s: float, ends: float
) -> None:
    """With its second it leaves half a period open at most, or the window ends where it did."""
    fine.clock.advance(trip_s)
    dated(fine, 22, trip_s)
    assert ends_s(fine) == ends


@pytest.mark.parametrize(
    ("at_s", "second", "trip_s"), [(0.0, 22, 0.0625), (0.9375, 21, 0.25), (2.0, 36, 0.5625)]
)
def test_a_date_that_just_agrees_moves_no_end(
    fine: Desk, at_s: float, second: int, trip_s: float
) -> None:
    """What it leaves open touches our edge from after or before, or is of the window before ours."""
    fine.clock.advance(at_s)
    before_s = ends_s(fine)
    dated(fine, second, trip_s)
    assert ends_s(fine) == before_s


def test_a_date_of_the_minute_before_agrees_with_a_window_that_just_began(desk: Desk) -> None:
    """The request was sent in the last second of a minute, and answered in the next one."""
    desk.clock.advance(40.15)
    before = desk.ledger.view()
    dated(desk, 59, 0.2)
    assert desk.ledger.view() == before


def test_an_end_that_a_date_moves_ends_no_window(desk: Desk) -> None:
    """The exchange's clock is 3 s behind: the end moves, and what is used stays used until then."""
    desk.pay(6)
    dated(desk, 16, 0.2)
    assert ends_s(desk) == pytest.approx(44)
    assert desk.used == 6


def test_a_date_says_nothing_of_a_window_that_is_not_aligned() -> None:
    """It does not begin at a full minute of any clock."""
    desk = Desk(aligned=False)
    dated(desk, 50, 0.2)
    assert ends_s(desk) == pytest.approx(60 + EDGE_S_MAX)


# -------------------------------------------------------------------------------------- a told end


@pytest.mark.parametrize(
    ("reset_s", "slack_s", "ends"),
    [
        (1.0, 0.0, 1.0625),  # an instant: an edge about it
        (1.0, 0.15625, 1.0),  # wider than an edge: as it was told
        (2.5, 0.5625, 2.0),  # begins where our edge ends: that instant
        (1.8125, 0.5625, 1.875),  # ends where our edge begins: that instant
        (1.75, 1.5625, 1.75),  # half a period is open
        (1.75, 1.6875, HI_S),  # more than that: it says nothing
        (3.0, 0.0, 3.0625),  # later than we thought
        (0.0, 0.0, HI_S),  # no end at all
    ],
)
def test_a_told_end_is_believed_to_the_instant(
    fine: Desk, reset_s: float, slack_s: float, ends: float
) -> None:
    """Where it meets what is known here both count; and the window that runs is not over by being told its end."""
    fine.pay(3)
    told_end(fine, reset_s, slack_s)
    assert (ends_s(fine), fine.used) == (ends, 3)


def test_what_ends_within_the_edge_of_a_told_end_counts_in_both(fine: Desk) -> None:
    """The edge lies before the told instant as well as behind it; what ended before the edge counts in the old one."""
    fine.pay(3)
    told_end(fine, 1.0)
    fine.clock.advance(0.9375)
    fine.pay(2)
    fine.clock.advance(0.25)
    assert fine.used == 2


def test_an_end_that_is_told_for_our_own_edge_is_not_the_next_windows(fine: Desk) -> None:
    """It is told at the edge, for the instant at which that ends: the window is still the old one."""
    fine.pay(3)
    fine.clock.advance(1.875)
    told_end(fine, 0.0625)
    assert (ends_s(fine), fine.used) == (0.125, 3)


def test_an_edge_that_moves_keeps_what_ended_before_it(desk: Desk) -> None:
    """3 before the edge, 3 in it, and then an answer that tells the end anew: the new window begins with 3."""
    desk.pay(3)
    desk.clock.advance(39.95)
    desk.pay(3)
    told_end(desk, 0.1, 0.2)
    desk.clock.advance(1)
    assert desk.used == 3


def test_all_counts_in_both_where_the_edge_was_not_known_before(desk: Desk) -> None:
    """The end is told for now, half a minute early: nobody knows what had ended before its edge, so nothing is lost."""
    desk.pay(3)
    desk.clock.advance(39.95)
    assert desk.used == 3
    desk.clock.advance(1)
    desk.pay(2)
    told_end(desk, 0.1, 0.6)
    desk.clock.advance(0.2)
    assert desk.used == 2


# ------------------------------------------------------------------------------ a number that fell


@pytest.mark.parametrize(("told", "used"), [(1, 2), (4, 4)])
def test_a_number_that_fell_within_a_wide_edge_ends_the_window_now(
    desk: Desk, told: float, used: float
) -> None:
    """The end is known to 2 s; what ended in them counts in the new window with what is told, what ended before not."""
    told_end(desk, 30.0, 2.0)
    desk.clock.advance(1)
    desk.pay(3)
    desk.hear(8, desk.clock.now_s)
    desk.clock.advance(27.5)
    desk.pay(2)
    desk.clock.advance(0.5)
    desk.answer(told)
    assert desk.used == used
    assert ends_s(desk) == pytest.approx(60)


@pytest.mark.parametrize(
    ("now_s", "ends"),
    [
        (1.5625, PERIOD_S),  # half a period after the higher number was asked for
        (1.625, HI_S - 1.625),  # more than that: it may have begun at any time
        (LO_S, 0.0625),  # at our own edge: the window ends now
    ],
)
def test_a_number_that_fell_moves_the_end_as_far_as_is_known(
    fine: Desk, now_s: float, ends: float
) -> None:
    """The new window began between the request that was told 8 and the answer that told 1."""
    fine.hear(8, fine.clock.now_s)
    fine.clock.advance(1.5)
    sent_s = fine.clock.now_s
    fine.clock.advance(now_s - 1.5)
    fine.hear(1, sent_s)
    assert ends_s(fine) == ends


@pytest.mark.parametrize(("used", "ends"), [(4, 60.0), (5, 38.1)])
def test_a_number_that_fell_to_half_is_of_a_new_window(
    desk: Desk, used: float, ends: float
) -> None:
    """A little less than 8 is a correction, and moves no end."""
    desk.answer(8)
    desk.clock.advance(1)
    desk.answer(used)
    assert desk.used == used
    assert ends_s(desk) == pytest.approx(ends)


def test_what_others_use_in_a_window_that_fell_moves_it_no_further(desk: Desk) -> None:
    """After 8 came 1, a new window, and then 3: more is used in it, and it ends where it did."""
    desk.answer(8)
    desk.clock.advance(1)
    desk.answer(1)
    desk.clock.advance(1)
    desk.answer(3)
    assert ends_s(desk) == pytest.approx(58.5)


# ----------------------------------------------------------------------------------------- its turn


@pytest.mark.parametrize("looked", [False, True])
def test_what_ends_as_the_edge_begins_counts_in_both(fine: Desk, looked: bool) -> None:
    """At that very instant, whoever looks first."""
    toll = fine.toll(3)
    assert toll.take() == 0
    fine.clock.advance(LO_S)
    if looked:
        assert fine.used == 3
    toll.returned()
    fine.clock.advance(1)
    assert fine.used == 3


def test_a_window_is_over_at_the_very_instant(fine: Desk) -> None:
    """Seen at its edge, and again where that ends: nothing is used."""
    fine.pay(3)
    fine.clock.advance(EDGE_S)
    assert fine.used == 3
    fine.clock.advance(HI_S - EDGE_S)
    assert fine.used == 0


def test_an_answer_at_the_very_instant_is_of_the_new_window(fine: Desk) -> None:
    """Sent and heard as the old one ends."""
    fine.clock.advance(EDGE_S)
    assert fine.used == 0
    fine.clock.advance(HI_S - EDGE_S)
    fine.hear(4, fine.clock.now_s)
    assert fine.used == 4


def test_what_ended_in_the_midst_of_a_later_window_counts_there_alone(desk: Desk) -> None:
    """The second window has an edge as narrow as the first one's."""
    desk.clock.advance(41)
    desk.pay(5)
    desk.clock.advance(60)
    assert desk.used == 0
