"""Owns that a Retry-After of an exchange whose limit is used up says when the window ends, and else says nothing."""

from __future__ import annotations

import pytest

import switchgear as sg
from switchgear.core.policy.weight import Priority
from switchgear.core.policy.window import EDGE_S_MAX
from switchgear.testing import FakeClock
from tests.core.policy.limited import Counter, Desk, left

RETRY_S = 5.0


@pytest.fixture
def desk() -> Desk:
    """Nothing used yet; the minute has 40 s to go."""
    return Desk()


@pytest.mark.parametrize("used", [10.0, 11.0])
def test_the_window_ends_when_the_exchange_wants_to_hear_from_us(desk: Desk, used: float) -> None:
    """All is used, and it says 5 s: until then nobody goes on, and from then on everybody, in mid-minute."""
    desk.hear(used, desk.clock.now_s, retry_s=RETRY_S)
    wait_s = desk.toll().take()
    assert wait_s == pytest.approx(RETRY_S, abs=1)
    desk.clock.advance(RETRY_S - 1 - EDGE_S_MAX)
    assert desk.toll().take() > 0
    desk.clock.advance(1 + 2 * EDGE_S_MAX)
    assert desk.used == 0
    assert [desk.toll().take() for _ in range(10)] == [0] * 10


def test_no_more_passes_after_it_than_the_limit_holds(desk: Desk) -> None:
    """The new window is one like any other, as long as the limit's period."""
    desk.hear(10, desk.clock.now_s, retry_s=RETRY_S)
    desk.clock.advance(RETRY_S + EDGE_S_MAX)
    desk.pay(10)
    assert desk.toll().take() == pytest.approx(60, abs=1)


@pytest.mark.parametrize("used", [0.0, 9.0, None])
def test_while_something_is_left_it_says_nothing_of_the_window(
    desk: Desk, used: float | None
) -> None:
    """The wait has another reason then; the minute ends as it would have."""
    before_s = desk.ledger.view().resets_in_s
    desk.hear(used, desk.clock.now_s, retry_s=RETRY_S)
    assert desk.ledger.view().resets_in_s == before_s


def test_what_is_left_counts_as_what_is_used_does(desk: Desk) -> None:
    """Nothing remaining of a size that the same answer tells: all is used."""
    desk.hear(None, desk.clock.now_s, capacity=200.0, remaining=0.0, retry_s=RETRY_S)
    assert desk.toll().take() == pytest.approx(RETRY_S, abs=1)
    desk.clock.advance(RETRY_S + EDGE_S_MAX)
    assert desk.toll().take() == 0


@pytest.mark.parametrize("retry_s", [59.0, 3_600.0, 86_400.0])
def test_it_closes_for_no_longer_than_the_period(desk: Desk, retry_s: float) -> None:
    """However far off the exchange says: a longer wait is a gate's, not a ledger's."""
    desk.hear(10, desk.clock.now_s, retry_s=retry_s)
    assert 0 < desk.toll().take() <= 60 + 2 * EDGE_S_MAX


def test_a_wait_of_nothing_ends_no_window(desk: Desk) -> None:
    """Retry-After: 0 of a limit that is used up is no answer."""
    desk.hear(10, desk.clock.now_s, retry_s=0.0)
    assert desk.toll().take() > 0


def test_an_answer_of_the_window_before_ends_nothing(desk: Desk) -> None:
    """Sent before the minute began, and come late."""
    before_s = desk.ledger.view().resets_in_s
    desk.hear(10, desk.clock.now_s - 30, retry_s=RETRY_S)
    assert desk.ledger.view().resets_in_s == before_s
    assert desk.toll().take() == 0


# -------------------------------------------------------------------------------------- as headers


def test_headers_tell_it() -> None:
    """Binance's 429: all the weight is used, and a Retry-After of 5 s; cancels wait for it, and then go on."""
    counter = Counter("binance")
    counter.take("get_order")
    counter.hear({"X-MBX-USED-WEIGHT-1M": "6000", "Retry-After": "5"})
    assert counter.take("cancel_order") == pytest.approx(RETRY_S, abs=1)
    counter.clock.advance(RETRY_S + EDGE_S_MAX)
    assert counter.take("cancel_order") == 0
    (view,) = [each for each in counter.quotas.views() if each.limit == "request_weight"]
    assert view.resets_in_s == pytest.approx(60, abs=1)


@pytest.mark.parametrize("value", ["soon", "-5", "", "999999999", "Thu, 01 Jan 2026 00:00:25 GMT"])
def test_a_header_that_is_no_number_of_seconds_says_nothing(value: str) -> None:
    """The window ends at the minute."""
    counter = Counter("binance")
    counter.take("get_order")
    counter.hear({"X-MBX-USED-WEIGHT-1M": "6000", "Retry-After": value})
    assert counter.take("cancel_order") == pytest.approx(39.5, abs=1)


def test_a_learnt_limit_goes_by_it_as_well() -> None:
    """An exchange without a table that says nothing is left, and when it wants to hear from us."""
    counter = Counter("kraken")
    counter.hear(left(10, 5, 30))
    assert counter.take("get_price") == 0
    counter.hear(left(10, 0) | {"Retry-After": "5"})
    toll = counter.toll("cancel_order")
    assert toll is not None
    assert toll.take() == pytest.approx(RETRY_S, abs=1)


def test_calls_go_on_when_retry_after_has_passed() -> None:
    """Refused at once while it lasts; 5 s later made, though the minute is not over."""
    clock = FakeClock()
    clock.advance(20)
    with sg.Switchgear(clock=clock, settings={"retries": 0, "wait_s_max": 0}) as gear:
        guard = gear.guarded("binance", "cancel_order")
        guard.call_sync(int)
        sent_s = clock.now_s
        clock.advance(0.5)
        told = {"X-MBX-USED-WEIGHT-1M": "6000", "Retry-After": "5"}
        gear.heard("binance", told, sent_s=sent_s)
        with pytest.raises(sg.GateClosedError) as caught:
            guard.call_sync(int)
        assert caught.value.retry_after_s == pytest.approx(RETRY_S, abs=1)
        clock.advance(RETRY_S + EDGE_S_MAX)
        assert guard.call_sync(int) == 0


def test_what_waits_by_priority_waits_no_longer_than_the_others(desk: Desk) -> None:
    """Market data has the same new window as a cancel, and its own share of it."""
    desk.hear(10, desk.clock.now_s, retry_s=RETRY_S)
    desk.clock.advance(RETRY_S + EDGE_S_MAX)
    toll = desk.toll(1, Priority.LOW)
    assert [toll.take() for _ in range(8)] == [0] * 8
    assert toll.take() > 0
