"""Owns what a ledger makes of numbers at their bounds, and what a toll says of several; its windows are another's."""

from __future__ import annotations

import pytest

from switchgear.core.policy.latch import Latch
from switchgear.core.policy.limit import Limit
from switchgear.core.policy.weight import Ledger, Priority, Toll
from switchgear.core.words import Scope
from switchgear.testing import FakeClock
from tests.core.policy.limited import Desk

PERIOD_S = 3.125
"""Its edge is a sixteenth of a second, so that all sums here are exact; by the date it ends in 1.875 s."""

HI_S = 1.9375
EDGE_S = 1.875
"""An instant within the edge."""


@pytest.fixture
def desk() -> Desk:
    """Nothing used yet; the minute has 40 s to go."""
    return Desk()


def ends_s(desk: Desk) -> float:
    """Seconds until the window has surely ended."""
    return desk.ledger.view().resets_in_s


# ------------------------------------------------------------------------------------ room, and what is over


def test_there_is_room_for_what_fits_exactly(desk: Desk) -> None:
    """5 of 10 are used, and 5 more fit; a little more does not."""
    desk.pay(5)
    now_s = desk.clock.now_s
    assert desk.ledger.room_s(5, Priority.HIGH, now_s) == 0
    assert desk.ledger.room_s(5.001, Priority.HIGH, now_s) > 0


def test_one_that_comes_back_leaves_the_others_on_their_way(desk: Desk) -> None:
    """Of two the other one is still counted."""
    toll = desk.toll()
    assert [toll.take(), toll.take()] == [0, 0]
    toll.returned(unsent=True)
    assert desk.used == 1


def test_a_new_window_begins_with_nothing_known_or_lost(desk: Desk) -> None:
    """Half a request is all that is used in it."""
    desk.answer(6)
    desk.pay(3, lost=True)
    desk.clock.advance(41)
    desk.pay(0.5)
    assert desk.used == 0.5


def test_a_child_of_a_fork_adds_what_was_on_its_way_to_the_rest(desk: Desk) -> None:
    """2 of ours were used, 4 are on their way, and so they are in the child."""
    desk.pay(2)
    assert desk.toll(4).take() == 0
    desk.ledger.forked_locked()
    assert desk.used == 6


def test_a_child_of_a_fork_keeps_what_was_lost(desk: Desk) -> None:
    """Others' 6, and our 3 that nobody told of."""
    desk.answer(6)
    desk.pay(3, lost=True)
    desk.ledger.forked_locked()
    assert desk.used == 9


def test_a_ledger_is_nobodys_unless_told() -> None:
    """Its view has no exchange and no account."""
    view = Desk().ledger.view()
    assert (view.exchange, view.account) == ("", "")


# --------------------------------------------------------------------------------- which number is the newer


def test_a_lower_number_asked_at_the_very_instant_is_not_trusted(desk: Desk) -> None:
    """It was sent as the higher one came: the exchange may have counted it before."""
    desk.hear(8, desk.clock.now_s)
    sent_s = desk.clock.now_s
    desk.clock.advance(0.5)
    desk.hear(5, sent_s)
    assert desk.used == 8


def test_the_same_number_again_is_as_new_as_its_answer(desk: Desk) -> None:
    """8 is told twice: a 5 that was asked for before the second 8 came is no newer than that."""
    first_s = desk.clock.now_s
    desk.clock.advance(0.5)
    desk.hear(8, first_s)
    desk.clock.advance(0.5)
    asked_s = desk.clock.now_s
    desk.clock.advance(1)
    desk.hear(8, first_s)
    desk.clock.advance(0.5)
    desk.hear(5, asked_s)
    assert desk.used == 8


def test_without_the_time_of_a_request_an_answer_may_be_five_seconds_old(desk: Desk) -> None:
    """Nothing is on its way, 8 came a second and a half ago: a 2 that nobody knows the age of is not the newer one."""
    desk.clock.advance(10)
    desk.hear(8, desk.clock.now_s)
    desk.clock.advance(1)
    desk.pay(1)
    desk.clock.advance(0.5)
    desk.hear(2)
    assert desk.used == 8


def test_a_request_lost_at_the_very_instant_stays_on_top(desk: Desk) -> None:
    """The next number was asked for as it was lost, and may not contain it."""
    desk.answer(6)
    desk.pay(3, lost=True)
    desk.answer(7)
    assert desk.used == 10


# ------------------------------------------------------------------------------- our own count, corrected


def test_a_correction_keeps_what_ended_as_it_was_asked_for(desk: Desk) -> None:
    """Whether the exchange had counted it is unknown, so all 7 of ours stay."""
    desk.pay(4)
    desk.clock.advance(1)
    sent_s = desk.clock.now_s
    desk.pay(3)
    desk.clock.advance(0.5)
    desk.hear(0, sent_s)
    assert desk.used == 7


def test_a_second_correction_gives_back_what_the_first_one_left() -> None:
    """Our 8 were 2; 3 more that ended as the next answer was asked for stay, of the 2 one is given back."""
    desk = Desk(falls=True)
    desk.pay(8)
    desk.clock.advance(1)
    desk.hear(2, desk.clock.now_s)
    assert desk.used == 2
    desk.clock.advance(0.5)
    sent_s = desk.clock.now_s
    desk.pay(3)
    desk.clock.advance(0.5)
    desk.hear(1, sent_s)
    assert desk.used == 4


def test_our_own_count_is_corrected_in_a_later_window_too(desk: Desk) -> None:
    """Calls that cost less than their weight, in the second minute."""
    desk.clock.advance(41)
    desk.pay(8)
    desk.clock.advance(1)
    desk.answer(2)
    assert desk.used == 2


# ------------------------------------------------------------------------------ an exchange that is behind


def test_windows_in_which_nothing_happened_say_nothing_of_a_clock_that_is_ahead(desk: Desk) -> None:
    """9 were used two windows ago: 10 at the begin of this one are others', and it ends where it would have."""
    desk.answer(9)
    desk.clock.advance(160.5)
    desk.answer(10)
    assert ends_s(desk) == pytest.approx(58.6)


@pytest.mark.parametrize(
    ("used", "into_s", "moves"),
    [
        (10, 0.75, True),
        (8, 0.75, True),  # as many as before
        (7, 0.75, False),  # fewer than before: a new window
        (10, PERIOD_S / 4, False),  # no longer at its begin
        (10, 1.0, False),
    ],
)
def test_the_exchange_goes_on_counting_at_the_begin_of_our_window(
    used: float, into_s: float, moves: bool
) -> None:
    """No less than the 8 of before, in the first quarter of a new window: its own ends a period from now."""
    desk = Desk(period_s=PERIOD_S)
    desk.hear(8, desk.clock.now_s)
    desk.clock.advance(HI_S)
    assert desk.used == 0
    desk.clock.advance(into_s)
    desk.hear(used, desk.clock.now_s - 0.25)
    assert ends_s(desk) == (PERIOD_S if moves else PERIOD_S - into_s)


def test_what_we_can_have_used_ourselves_is_no_sign_of_it() -> None:
    """All 10 that the exchange tells are on their way from here."""
    desk = Desk(period_s=PERIOD_S)
    desk.hear(8, desk.clock.now_s)
    desk.clock.advance(HI_S)
    assert desk.toll(10).take() == 0
    desk.clock.advance(0.75)
    desk.hear(10, desk.clock.now_s - 0.25)
    assert ends_s(desk) == PERIOD_S - 0.75


@pytest.mark.parametrize("falls", [False, True])
def test_where_the_end_is_told_or_numbers_fall_a_high_number_moves_nothing(falls: bool) -> None:
    """There is no guess where the exchange says it, nor where a number says nothing of a window."""
    desk = Desk(period_s=PERIOD_S, falls=falls)
    desk.hear(8, desk.clock.now_s, reset_s=None if falls else 1.875)
    desk.clock.advance(HI_S)
    assert desk.used == 0
    desk.clock.advance(0.5)
    before_s = ends_s(desk)
    desk.hear(10, desk.clock.now_s - 0.25)
    assert ends_s(desk) == before_s


def test_a_retry_after_leaves_a_second_open(desk: Desk) -> None:
    """The window ends 4 to 5 s from now: what ended before that is not of the new one."""
    desk.hear(10, desk.clock.now_s, retry_s=5.0)
    desk.hear(None, desk.clock.now_s, capacity=100.0)
    desk.clock.advance(3.5)
    desk.pay(2)
    desk.clock.advance(1.6)
    assert desk.used == 0


# -------------------------------------------------------------------------------------------------- tolls


def two(first: Limit, second: Limit) -> tuple[FakeClock, Ledger, Ledger]:
    """Ledgers with one lock, 20 s after a minute began."""
    clock, latch = FakeClock(), Latch()
    clock.advance(20)
    return clock, Ledger(first, clock, latch=latch), Ledger(second, clock, latch=latch)


def test_a_toll_that_never_waited_speaks_of_its_first_limit() -> None:
    """Its scope and its words are there before anything was full."""
    clock, first, second = two(
        Limit("first", Scope.ACCOUNT, 60, 10), Limit("second", Scope.ADDRESS, 60, 10)
    )
    toll = Toll([(first, 1.0), (second, 1.0)], Priority.HIGH, clock)
    assert toll.scope is Scope.ACCOUNT
    assert toll.why == "the limit first has no room: 0 of 10 used in 60 s"


def test_of_two_limits_that_are_full_as_long_the_first_is_named() -> None:
    """Nothing is longer than its wait."""
    clock, first, second = two(
        Limit("first", Scope.ACCOUNT, 60, 1), Limit("second", Scope.ADDRESS, 60, 1)
    )
    toll = Toll([(first, 1.0), (second, 1.0)], Priority.HIGH, clock)
    assert toll.take() == 0
    assert toll.take() > 0
    assert "first" in toll.why


def test_one_that_passes_alone_finds_the_other_limits_window_over_at_the_very_instant() -> None:
    """Too heavy for the first, and the second was full until now: it passes at once."""
    clock, first, second = two(
        Limit("first", Scope.ADDRESS, 60, 10), Limit("second", Scope.ACCOUNT, PERIOD_S, 10)
    )
    full = Toll([(second, 10.0)], Priority.HIGH, clock)
    assert full.take() == 0
    full.returned()
    toll = Toll([(first, 50.0), (second, 1.0)], Priority.HIGH, clock)
    clock.advance(EDGE_S)
    assert toll.take() > 0
    clock.advance(HI_S - EDGE_S)
    assert toll.take() == 0
