"""How long an exchange asks us to stay away."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchgear.core.verdict.wait import WAIT_S_MAX, banned_s, reset_s, retry_after_s

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
NOW_MS = int(NOW.timestamp() * 1000)


@pytest.mark.parametrize(
    ("value", "wait_s"),
    [
        ("30", 30.0),
        (" 1.5 ", 1.5),
        ("0", 0.0),
        ("-3", 0.0),
        ("604801", WAIT_S_MAX),
        ("9" * 40, WAIT_S_MAX),
        ("9" * 400, None),
        ("Fri, 02 Jan 2026 03:05:05 GMT", 60.0),
        ("Fri, 02 Jan 2026 03:05:05", 60.0),
        ("Fri, 02 Jan 2026 03:05:05 +0100", 0.0),
        ("Fri, 02 Jan 2099 03:05:05 GMT", WAIT_S_MAX),
        ("soon", None),
        ("nan", None),
        ("inf", None),
        ("1e3", None),
        ("٣", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_is_read(value: str | None, wait_s: float | None) -> None:
    """Seconds and dates are read, bounded at both ends; garbage says nothing."""
    assert retry_after_s(value, lambda: NOW) == wait_s


def test_a_date_without_a_clock_says_nothing() -> None:
    """Without the time of day a date is not a wait; seconds still are."""
    assert retry_after_s("Fri, 02 Jan 2026 03:05:05 GMT") is None
    assert retry_after_s("30") == 30.0


@pytest.mark.parametrize(
    ("value", "wait_s"),
    [
        ("0", 0.0),
        ("1", 1.0),
        (" 2.5 ", 2.5),
        ("-4", 0.0),
        ("604800", WAIT_S_MAX),
        ("604801", None),
        ("999999999", None),
        (str(NOW_MS // 1000 + 20), 20.0),
        (str(NOW_MS // 1000 - 20), 0.0),
        (str(NOW_MS), WAIT_S_MAX),
        ("9" * 400, None),
        ("Fri, 02 Jan 2026 03:05:05 GMT", None),
        ("nan", None),
        ("", None),
        (None, None),
    ],
)
def test_a_reset_is_read(value: str | None, wait_s: float | None) -> None:
    """A small number is seconds from now, a large one an instant; what is neither says nothing."""
    assert reset_s(value, lambda: NOW) == wait_s


def test_a_reset_without_a_clock_says_nothing() -> None:
    """Without the time of day an instant is not a wait; seconds still are."""
    assert reset_s(str(NOW_MS // 1000 + 20)) is None
    assert reset_s("30") == 30.0


@pytest.mark.parametrize(
    ("ends_in_ms", "wait_s"), [(1_500, 1.5), (-1_000, 0.0), (30 * 86_400_000, WAIT_S_MAX)]
)
def test_a_ban_is_waited_for(ends_in_ms: int, wait_s: float) -> None:
    """The instant in the message becomes seconds from now, in bounds."""
    message = f"IP banned until {NOW_MS + ends_in_ms}. Please"
    assert banned_s(message, lambda: NOW) == pytest.approx(wait_s)
    assert banned_s(message) is None


@given(value=st.text(), message=st.text().map("banned until 1234567890123".__add__))
def test_garbage_never_raises(value: str, message: str) -> None:
    """Whatever stands in header and message, the wait is None or in bounds."""
    for wait_s in (
        retry_after_s(value, lambda: NOW),
        reset_s(value, lambda: NOW),
        banned_s(message, lambda: NOW),
    ):
        assert wait_s is None or 0 <= wait_s <= WAIT_S_MAX
