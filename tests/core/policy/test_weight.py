"""Owns what a ledger makes of time, of answers and of clocks that are wrong; the model test walks it at random."""

from __future__ import annotations

import os

import pytest

from switchgear.core.errors import SettingsError
from switchgear.core.policy.limit import Limit
from switchgear.core.policy.weight import (
    WAIT_S_MIN,
    Ledger,
    LedgerView,
    Priority,
    Toll,
)
from switchgear.core.policy.window import EDGE_S_MAX
from switchgear.core.verdict.usage import DAY_S
from switchgear.core.words import Scope
from switchgear.testing import FakeClock
from tests.core.policy.limited import Desk


@pytest.fixture
def desk() -> Desk:
    """Nothing used yet."""
    return Desk()


# ------------------------------------------------------------------------------------ room and time


def test_room_is_told_to_the_end_of_the_window(desk: Desk) -> None:
    """Full at 20 s past the minute, there is room at the next one, an edge later; and then really."""
    desk.pay(10)
    wait_s = desk.ledger.room_s(1, Priority.HIGH, desk.clock.now_s)
    assert wait_s == pytest.approx(40 + EDGE_S_MAX)
    assert desk.ledger.room_s(1, Priority.HIGH, desk.clock.now_s + wait_s - 0.01) > 0
    assert desk.ledger.room_s(1, Priority.HIGH, desk.clock.now_s + wait_s) == 0


def test_no_wait_is_too_short_to_move_a_clock(desk: Desk) -> None:
    """A hair before the end the wait is WAIT_S_MIN, or a clock of floats would stand still for ever."""
    desk.pay(10)
    end_s = desk.clock.now_s + 40 + EDGE_S_MAX
    assert desk.ledger.room_s(1, Priority.HIGH, end_s - 1e-7) == WAIT_S_MIN


def test_windows_begin_at_the_minute_of_the_date(desk: Desk) -> None:
    """The first window is what is left of the minute; one that lay idle for hours is at its place again."""
    assert desk.ledger.view().resets_in_s == pytest.approx(40 + EDGE_S_MAX)
    desk.pay(10)
    desk.clock.advance(3 * 3600 + 10)
    view = desk.ledger.view()
    assert view.used == 0
    assert view.resets_in_s == pytest.approx(30 + EDGE_S_MAX)


def test_a_step_of_the_date_changes_nothing(desk: Desk) -> None:
    """Our date is asked once; an hour's step afterwards neither opens nor closes anything."""
    desk.pay(10)
    desk.clock.wall_offset_s = 3_599
    assert desk.toll().take() == pytest.approx(40 + EDGE_S_MAX)


def test_what_is_on_its_way_at_the_end_counts_in_both_windows(desk: Desk) -> None:
    """The exchange may count it in either, so the new window begins with it, and keeps it when it ends."""
    toll = desk.toll(6)
    assert toll.take() == 0
    desk.clock.advance(45)
    assert desk.used == 6
    toll.returned()
    assert desk.used == 6
    assert desk.toll(5).take() > 0


@pytest.mark.parametrize("early_s", [0.05, -0.05])
def test_what_ended_about_the_end_counts_in_both_windows(desk: Desk, early_s: float) -> None:
    """Clocks differ by some hundredths of a second: what ended within them is counted on either side."""
    desk.clock.advance(40 - early_s)
    desk.pay(6)
    desk.clock.advance(1)
    assert desk.used == 6
    desk.clock.advance(60)
    assert desk.used == 0


# ----------------------------------------------------------------------------------- what is heard


def test_what_others_use_is_learnt_from_answers(desk: Desk) -> None:
    """A number higher than ours is of others who share the limit, and what is on its way comes on top."""
    toll = desk.toll(2)
    assert toll.take() == 0
    desk.answer(7)
    assert desk.used == 9
    toll.returned()
    assert desk.used == 7


def test_answers_in_the_wrong_order_do_not_lower_the_number(desk: Desk) -> None:
    """8 came first, 5 was counted before it and came late: 8 stands."""
    sent_s = desk.clock.now_s
    desk.clock.advance(0.5)
    desk.hear(8, sent_s)
    desk.hear(5, sent_s)
    assert desk.used == 8


def test_a_lower_number_asked_later_is_a_new_window(desk: Desk) -> None:
    """Sent after 8 had come and told 1: the exchange began anew, whatever our clock says, and ends so too."""
    desk.answer(8)
    desk.clock.advance(1)
    desk.answer(1)
    assert desk.used == 1
    # It began between the request that was told 8 and the answer that told 1.
    assert 58 <= desk.ledger.view().resets_in_s <= 60 + EDGE_S_MAX


def test_a_late_answer_of_the_old_window_does_not_close_the_new_one(desk: Desk) -> None:
    """Sent before the end and answered after it with the old window's 10: our own 1 is all that counts."""
    toll = desk.toll()
    desk.clock.advance(39.8)
    assert toll.take() == 0
    sent_s = desk.clock.now_s
    desk.clock.advance(0.5)
    desk.hear(10, sent_s)
    toll.returned()
    assert desk.used == 1


def test_our_own_count_is_corrected_downwards(desk: Desk) -> None:
    """Calls that cost less than their weight: the next answer tells, and what was too much is given back."""
    desk.pay(8)
    desk.clock.advance(1)
    desk.answer(2)
    assert desk.used == 2


def test_a_correction_keeps_what_ended_after_it_was_asked_for(desk: Desk) -> None:
    """Lost while the answer was on its way, a request may be missing in the number, and stays counted."""
    desk.pay(4)
    desk.clock.advance(1)
    lost, sent_s = desk.toll(3), desk.clock.now_s
    assert lost.take() == 0
    desk.clock.advance(0.2)
    lost.returned()
    desk.clock.advance(0.2)
    desk.hear(1, sent_s)
    assert desk.used >= 4


def test_a_correction_at_the_very_instant_is_not_trusted(desk: Desk) -> None:
    """Sent when another number was just believed, nobody knows what it contains: our count stays."""
    desk.pay(4)
    desk.clock.advance(0.5)
    earlier_s = desk.clock.now_s
    desk.clock.advance(0.5)
    desk.pay(3)
    sent_s = desk.clock.now_s
    desk.hear(5, earlier_s)
    desk.clock.advance(0.5)
    desk.hear(1, sent_s)
    assert desk.used == 7


def test_a_lost_request_comes_on_top_of_what_was_told(desk: Desk) -> None:
    """Nobody told whether it was counted: others' 6 and our 3 are 9, until an answer knows better."""
    desk.answer(6)
    desk.pay(3, lost=True)
    assert desk.used == 9
    desk.clock.advance(1)
    desk.answer(7)
    assert desk.used == 7


def test_orders_that_are_filled_lower_the_number_without_a_new_window() -> None:
    """Where what is used falls by itself, a lower number frees room and moves no window."""
    desk = Desk(falls=True)
    desk.answer(8)
    before_s = desk.ledger.view().resets_in_s
    desk.clock.advance(1)
    desk.answer(1)
    assert desk.used == 1
    assert desk.ledger.view().resets_in_s == pytest.approx(before_s - 1.5)


def test_a_told_capacity_wins(desk: Desk) -> None:
    """A plan of 100 instead of the table's 10, and back: both with the shares of each priority."""
    desk.hear(5, desk.clock.now_s, capacity=100.0)
    assert desk.toll(75, Priority.LOW).take() == 0
    assert desk.ledger.view().capacity == 100
    desk.hear(None, desk.clock.now_s, capacity=10.0)
    assert desk.toll(1).take() > 0


def test_what_is_left_is_told_against_its_own_capacity(desk: Desk) -> None:
    """Remaining 190 of 200 is 10 used; remaining alone is of the capacity that is known."""
    desk.hear(None, desk.clock.now_s, capacity=200.0, remaining=190.0)
    assert desk.used == 10
    desk.hear(None, desk.clock.now_s, remaining=150.0)
    assert desk.used == 50


def test_without_the_time_of_a_request_less_is_believed(desk: Desk) -> None:
    """A lower number counts where nothing was on its way since the higher one; among others it does not."""
    toll = desk.toll()
    assert toll.take() == 0
    desk.clock.advance(1)
    desk.hear(8)
    desk.clock.advance(0.01)
    toll.returned()
    desk.clock.advance(1)
    assert toll.take() == 0
    desk.clock.advance(1)
    desk.hear(2)
    toll.returned()
    assert desk.used == 2
    assert [toll.take(), toll.take()] == [0, 0]
    desk.clock.advance(1)
    desk.hear(6)
    toll.returned()
    desk.clock.advance(1)
    desk.hear(3)
    toll.returned()
    assert desk.used == 6


# ----------------------------------------------------------------------------------- wrong clocks


@pytest.mark.parametrize("off_s", [-25, -3, 3, 25, 300])
def test_the_exchanges_own_date_heals_a_wrong_clock(desk: Desk, off_s: float) -> None:
    """Its Date says where its minute ends, to a second and the trip; a step of ours is healed by one answer."""
    at_s = desk.clock.wall().timestamp() + off_s + 0.4
    sent_s = desk.clock.now_s
    desk.clock.advance(0.2)
    with desk.ledger.latch:
        desk.ledger.dated_locked(at_s // 1, sent_s, desk.clock.now_s)
    real_s = 60 - (at_s + 0.2) % 60
    assert real_s <= desk.ledger.view().resets_in_s <= real_s + 1.5


def test_a_date_that_agrees_changes_nothing(desk: Desk) -> None:
    """Whole seconds are less exact than what is known already."""
    before = desk.ledger.view()
    with desk.ledger.latch:
        desk.ledger.dated_locked(desk.clock.wall().timestamp(), desk.clock.now_s, desk.clock.now_s)
    assert desk.ledger.view() == before


def test_a_told_end_heals_a_wrong_clock(desk: Desk) -> None:
    """The answer says that the window ends in 5 s, we thought in 40: then there is room in 5."""
    desk.pay(10)
    desk.hear(10, desk.clock.now_s, reset_s=5.0)
    assert desk.toll().take() == pytest.approx(5, abs=2 * EDGE_S_MAX)


def test_the_end_of_the_next_window_ends_this_one(desk: Desk) -> None:
    """At its edge an answer tells an end a minute off: the new window has begun, and is not closed by the old."""
    desk.pay(10)
    desk.clock.advance(40.05)
    assert desk.toll().take() > 0
    desk.hear(None, desk.clock.now_s, reset_s=59.95)
    assert desk.used == 0


def test_an_end_that_is_told_too_roughly_says_nothing() -> None:
    """Whole seconds, rounded somehow, do not say where a second ends."""
    desk = Desk(period_s=1.0)
    desk.clock.advance(0.5)
    before_s = desk.ledger.view().resets_in_s
    desk.hear(1, desk.clock.now_s, reset_s=2.0, slack_s=2.0)
    assert desk.ledger.view().resets_in_s == before_s


def test_a_told_end_is_better_than_a_date(desk: Desk) -> None:
    """Where the exchange says when a window ends, that need not be at a minute of its clock."""
    desk.hear(1, desk.clock.now_s, reset_s=5.0)
    before = desk.ledger.view()
    with desk.ledger.latch:
        desk.ledger.dated_locked(desk.clock.wall().timestamp(), desk.clock.now_s, desk.clock.now_s)
    assert desk.ledger.view() == before


@pytest.mark.parametrize("reset_s", [0.0, 61.0, 86_400.0])
def test_a_false_end_closes_for_no_longer_than_the_period(desk: Desk, reset_s: float) -> None:
    """Nothing left and an end far off: the limit's own period is the longest wait."""
    desk.hear(10, desk.clock.now_s, reset_s=reset_s)
    assert 0 < desk.toll().take() <= 60 + 2 * EDGE_S_MAX


def test_a_clock_that_is_ahead_moves_to_the_exchanges_end(desk: Desk) -> None:
    """The exchange counts on where we began anew: our next window ends later, this one stays as it is."""
    desk.clock.advance(39)
    desk.answer(9)
    desk.clock.advance(1)
    desk.answer(10)
    assert desk.used == 10
    # Ours began at 60.1 s and would end 59.1 s from now; theirs goes on after 60.5 s at least.
    assert desk.ledger.view().resets_in_s == pytest.approx(60)


def test_a_window_that_is_not_aligned_begins_where_it_is_told() -> None:
    """Its period is as long as the longest end that was told, at most a day."""
    desk = Desk(aligned=False, period_s=5.0)
    desk.hear(10, desk.clock.now_s, reset_s=30.0)
    view = desk.ledger.view()
    assert view.period_s == 30
    assert view.resets_in_s == pytest.approx(30, abs=2 * EDGE_S_MAX)


# ------------------------------------------------------------------------------------------ others


def test_a_child_of_a_fork_has_its_own_lock_and_nothing_on_its_way(desk: Desk) -> None:
    """Forked while a thread of the parent held the lock: the child counts on, the parent's calls as used."""
    assert desk.toll(4).take() == 0
    desk.ledger.latch.acquire()
    pid = os.fork()
    if pid == 0:
        is_right = False
        try:
            desk.ledger.latch.renew()
            desk.ledger.forked_locked()
            is_right = desk.ledger.pending == 0 and desk.used == 4 and desk.toll(6).take() == 0
        finally:
            os._exit(0 if is_right else 1)
    desk.ledger.latch.release()
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def test_a_view_says_all_that_people_ask() -> None:
    """Names, use and end of a ledger at one instant; it cannot be changed."""
    clock = FakeClock()
    clock.advance(20)
    limit = Limit("orders", Scope.ACCOUNT, 60, 10)
    ledger = Ledger(limit, clock, exchange="binance", account="main")
    assert Toll([(ledger, 3.0)], Priority.LOW, clock).take() == 0
    end_s = pytest.approx(40 + EDGE_S_MAX)
    view = ledger.view()
    assert view == LedgerView(
        "binance", "orders", Scope.ACCOUNT, "main", 3, 10, 60, view.resets_in_s
    )
    assert view.resets_in_s == end_s
    with pytest.raises(AttributeError):
        view.used = 0  # type: ignore[misc]  # that it cannot is what is proved


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("period_s", 0.0),
        ("period_s", DAY_S + 1),
        ("period_s", float("nan")),
        ("capacity", 0.0),
        ("capacity", float("inf")),
        ("capacity", float("nan")),
    ],
)
def test_a_limit_that_cannot_be_is_refused(field: str, value: float) -> None:
    """The error names the field and what is allowed."""
    with pytest.raises(SettingsError, match=rf"{field}=.*must be in"):
        Desk(**{field: value})
