"""Owns the edges of gates: what one tells when it closes, its bounds to the instant, and what opening leaves of it."""

from __future__ import annotations

from threading import Event

import pytest

from switchgear.core.event import GateClosed
from switchgear.core.policy.gate import MARGIN_S, Gate, GateView
from switchgear.core.words import Kind, Scope, Verdict
from switchgear.testing import FakeClock, Recorder
from tests.core.policy.crowd import PATIENCE_S, in_thread

BAD_KEY = Verdict(Kind.AUTHENTICATION, Scope.ACCOUNT)
LIMITED = Verdict(Kind.RATE_LIMITED, Scope.ADDRESS, retry_after_s=5.0)


@pytest.fixture
def clock() -> FakeClock:
    """A clock moved by hand that draws no jitter."""
    made = FakeClock()
    made.chance = lambda: 0.0
    return made


def gate(clock: FakeClock, told: Recorder | None = None) -> Gate:
    """A gate that nobody has closed."""
    return Gate("binance", Scope.ACCOUNT, "main", clock, told or Recorder())


# --------------------------------------------------------------------------------------- what is told


@pytest.mark.parametrize("public_only", [True, False])
def test_a_closing_is_told_with_all_that_names_the_gate(
    clock: FakeClock, public_only: bool
) -> None:
    """Whoever hears of it knows which gate of which exchange closed, until when, for what and in whose words."""
    told = Recorder()
    one = Gate("kraken", Scope.ADDRESS, "main", clock, told, public_only=public_only)
    one.close_for(LIMITED, "too many requests")
    until_s = clock.now_s + (5 + MARGIN_S)
    assert told.events == [
        GateClosed(
            clock.now_s,
            "kraken",
            Scope.ADDRESS,
            "main",
            until_s,
            Kind.RATE_LIMITED,
            "too many requests",
            public_only,
        )
    ]


def test_an_answer_that_names_the_same_instant_is_no_news(clock: FakeClock) -> None:
    """Ten calls were out and all were told the same: one closing, with the words of the first."""
    told = Recorder()
    one = gate(clock, told)
    for number in range(10):
        one.close_for(LIMITED, f"answer {number}")
    assert (len(told.events), one.view().reason) == (1, "answer 0")


@pytest.mark.parametrize(("orders_only", "public_only"), [(True, False), (False, True)])
def test_a_view_says_which_gate_it_is_of(
    clock: FakeClock, orders_only: bool, public_only: bool
) -> None:
    """Exchange, scope and account, and whom alone it holds back; open and without a reason before it ever closed."""
    one = Gate(
        "kraken",
        Scope.ACCOUNT,
        "second",
        clock,
        Recorder(),
        orders_only=orders_only,
        public_only=public_only,
    )
    whose = ("kraken", Scope.ACCOUNT, "second")
    assert one.view() == GateView(*whose, False, 0.0, "", orders_only, public_only)
    one.close_for(LIMITED, "why")
    wait_s = one.until_s - clock.now_s
    assert one.view() == GateView(*whose, True, wait_s, "why", orders_only, public_only)


def test_a_gate_holds_back_all_unless_it_is_said_whom_alone(clock: FakeClock) -> None:
    """Neither orders nor calls without a key are singled out, in what is shown and in what is told."""
    told = Recorder()
    one = gate(clock, told)
    one.close_for(LIMITED, "why")
    assert (one.view().orders_only, one.view().public_only) == (False, False)
    assert [event.public_only for event in told.of(GateClosed)] == [False]


def test_a_gate_is_shown_as_closed_to_its_last_moment(clock: FakeClock) -> None:
    """With a hundredth of a second to go it still holds back; at its instant it is open."""
    one = gate(clock)
    one.close_for(LIMITED, "why")
    clock.now_s = one.until_s - 0.01
    assert one.view().closed
    clock.now_s = one.until_s
    assert not one.view().closed


# ------------------------------------------------------------------------------------- for how long


@pytest.mark.parametrize("kind", [Kind.OVERLOADED, Kind.MAINTENANCE, Kind.UNAVAILABLE])
def test_a_kind_that_has_no_time_of_its_own_closes_for_a_second(
    clock: FakeClock, kind: Kind
) -> None:
    """Where neither the exchange nor its documentation says how long, the shortest guess is made."""
    one = gate(clock)
    one.close_for(Verdict(kind), "why")
    assert one.wait_s(clock.now_s) == pytest.approx(1 + MARGIN_S)


@pytest.mark.parametrize(("after_s", "next_s"), [(3600.0, 60), (3600.001, 30)])
def test_a_key_must_have_worked_for_more_than_an_hour_to_begin_anew(
    clock: FakeClock, after_s: float, next_s: float
) -> None:
    """Refused again an hour after the gate opened, it is the second time; a moment later it is the first."""
    clock.now_s = 0.0  # the instants are exact from here
    one = gate(clock)
    one.close_for(BAD_KEY, "bad key")
    clock.now_s = one.until_s + after_s
    one.close_for(BAD_KEY, "bad key")
    assert one.wait_s(clock.now_s) == pytest.approx(next_s + MARGIN_S)


# ---------------------------------------------------------------------------------- opened and forked


def test_a_gate_opened_by_hand_is_open_on_a_machine_that_has_just_started(clock: FakeClock) -> None:
    """A monotonic clock may begin at 0: opening means now, not an instant that would lie ahead there."""
    clock.now_s = 0.0
    one = gate(clock)
    assert not one.view().closed
    assert one.named_s <= clock.now_s
    one.close_for(LIMITED, "why")
    assert one.view().closed
    one.open()
    assert not one.view().closed
    assert one.named_s <= clock.now_s


def test_a_fork_in_the_midst_of_a_closing_leaves_a_gate_that_can_close(clock: FakeClock) -> None:
    """A thread that is not in the child was closing it: the child's own answers close it all the same."""
    one, inside, release = gate(clock), Event(), Event()

    def hang() -> None:
        inside.set()
        release.wait(PATIENCE_S)

    one.watchers.append(hang)
    closing = in_thread(lambda: one.close_for(LIMITED, "of the parent"))
    assert inside.wait(PATIENCE_S)
    one.watchers.remove(hang)
    one.forked()
    in_thread(lambda: one.close_for(BAD_KEY, "of the child")).result(PATIENCE_S)
    assert one.wait_s(clock.now_s) == pytest.approx(30 + MARGIN_S)
    release.set()
    closing.result(PATIENCE_S)
