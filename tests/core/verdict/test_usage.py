"""Owns what headers are read as: every form that exchanges use, in any case, and what is not believed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchgear.core.verdict.usage import (
    DAY_S,
    NOTHING,
    NUMBER_MAX,
    USAGES_MAX,
    Family,
    Told,
    Usage,
    date_of,
    number,
    told,
)

NOW_S = 1_782_900_000
DATE = "Wed, 01 Jul 2026 10:00:00 GMT"


def wall() -> datetime:
    """Our date: that of DATE."""
    return datetime.fromtimestamp(NOW_S, UTC)


def read(**headers: str) -> tuple[Usage, ...]:
    """What headers tell; a name's lines stand for hyphens."""
    return told({name.replace("_", "-"): value for name, value in headers.items()}, wall).usages


def test_the_date_of_these_tests_is_one_instant() -> None:
    """The number and the words are the same second."""
    assert date_of(DATE) == NOW_S


@pytest.mark.parametrize(
    ("name", "family", "period_s"),
    [
        ("X-MBX-USED-WEIGHT-1M", Family.WEIGHT, 60),
        ("x-mbx-used-weight-1m", Family.WEIGHT, 60),
        ("x-mbx-used-weight-5S", Family.WEIGHT, 5),
        ("X-Mbx-Order-Count-10s", Family.ORDERS, 10),
        ("X-MBX-ORDER-COUNT-2H", Family.ORDERS, 7_200),
        ("X-MBX-ORDER-COUNT-1D", Family.ORDERS, DAY_S),
    ],
)
def test_binances_headers_name_their_period(name: str, family: Family, period_s: float) -> None:
    """Count and letter are the period, in any case of letters."""
    assert told({name: "42"}, wall) == Told((Usage(family, period_s, 42.0),))


@pytest.mark.parametrize(
    "name",
    [
        "X-MBX-USED-WEIGHT",
        "X-MBX-USED-WEIGHT-0M",
        "X-MBX-ORDER-COUNT-2D",
        "X-MBX-USED-WEIGHT-1W",
        "X-MBX-UUID",
        "X-SAPI-USED-IP-WEIGHT-1M",
        "Content-Length",
        "Retry-After",
    ],
)
def test_headers_of_no_limit_that_is_held_tell_nothing(name: str) -> None:
    """Without a period, of none at all, of more than a day, of another interface."""
    assert told({name: "42"}, wall) is NOTHING


def test_alpacas_end_is_an_instant_by_its_own_date() -> None:
    """With a Date the instant is told against that, to a second; ours may be hours off."""
    headers = {
        "X-RateLimit-Limit": "200",
        "X-RateLimit-Remaining": "150",
        "X-RateLimit-Reset": str(NOW_S + 30),
    }
    exact = Usage(Family.REQUESTS, None, None, 150, 200, 30, 1)
    assert told({**headers, "Date": DATE}, lambda: datetime(2020, 1, 1, tzinfo=UTC)) == Told(
        (exact,), NOW_S
    )
    assert told(headers, wall).usages == (
        Usage(Family.REQUESTS, None, None, 150, 200, 30, 0, by_wall=True),
    )


def test_an_instant_may_be_in_milliseconds() -> None:
    """From 1e11 on a number of seconds would lie thousands of years away."""
    usages = read(X_RateLimit_Remaining="1", X_RateLimit_Reset=str((NOW_S + 30) * 1000))
    assert [each.reset_s for each in usages] == [30]


def test_coinbases_end_is_in_seconds_rounded_somehow() -> None:
    """`1` is anything from 0 to 2; with a point it is exact."""
    (usage,) = read(x_ratelimit_limit="30", x_ratelimit_remaining="29", x_ratelimit_reset="1")
    assert usage == Usage(Family.REQUESTS, None, None, 29, 30, 2, 2)
    (usage,) = read(x_ratelimit_remaining="29", x_ratelimit_reset="0.25")
    assert (usage.reset_s, usage.slack_s) == (0.25, 0)


@pytest.mark.parametrize("prefix", ["RateLimit-", "ratelimit-", "X-Rate-Limit-", "x-ratelimit-"])
def test_the_usual_spellings_are_the_same(prefix: str) -> None:
    """With X or without, as one word or two."""
    headers = {f"{prefix}Limit": "10", f"{prefix}Remaining": "4", f"{prefix}Used": "6"}
    assert told(headers, wall).usages == (Usage(Family.REQUESTS, None, 6, 4, 10),)


@pytest.mark.parametrize(
    "headers",
    [
        {"RateLimit-Limit": "100, 10;w=1, 100;w=60", "RateLimit-Remaining": "50"},
        {"RateLimit-Limit": "100;w=60", "RateLimit-Remaining": "50"},
        {
            "RateLimit-Limit": "100",
            "RateLimit-Remaining": "50",
            "RateLimit-Policy": "10;w=1, 100;w=60",
        },
        {"RateLimit": '"default";r=50', "RateLimit-Policy": '"default";q=100;w=60'},
        {"RateLimit": "default; r=50", "RateLimit-Policy": 'default; q="100"; w=60'},
    ],
)
def test_the_drafts_of_the_ietf_tell_the_period(headers: dict[str, str]) -> None:
    """Older drafts put it into the size, newer ones into a policy."""
    assert told(headers, wall).usages == (Usage(Family.REQUESTS, 60, None, 50, 100),)


def test_the_middle_draft_tells_all_in_one_header() -> None:
    """`limit=100, remaining=50, reset=5`."""
    (usage,) = read(RateLimit="limit=100, remaining=50, reset=5")
    assert usage == Usage(Family.REQUESTS, None, None, 50, 100, 6, 2)


def test_the_newest_draft_tells_several_limits() -> None:
    """Each with its policy; one that counts bytes is none of ours."""
    usages = read(
        RateLimit='"burst";r=8;t=1, "day";r=900;t=3600, "size";r=5;t=2',
        RateLimit_Policy='"burst";q=10;w=1, "day";q=1000;w=86400, "size";q=9;w=9;qu="content-bytes"',
    )
    assert usages == (
        Usage(Family.REQUESTS, 1, None, 8, 10, 2, 2),
        Usage(Family.REQUESTS, DAY_S, None, 900, 1000, 3601, 2),
    )


def test_the_more_exact_form_counts() -> None:
    """Where a server sends both forms for old clients, it is one limit and not two."""
    usages = read(
        RateLimit='"a";r=1',
        RateLimit_Remaining="2",
        X_RateLimit_Remaining="3",
        X_RateLimit_Limit="9",
    )
    assert [each.remaining for each in usages] == [1]


@pytest.mark.parametrize(
    ("usage", "capacity", "used"),
    [
        (Usage(Family.REQUESTS, used=3, remaining=9), 100, 3),
        (Usage(Family.REQUESTS, remaining=9, capacity=10), 100, 1),
        (Usage(Family.REQUESTS, remaining=9), 100, 91),
        (Usage(Family.REQUESTS, remaining=9), 5, 0),
        (Usage(Family.REQUESTS, capacity=5), 100, None),
    ],
)
def test_what_is_used_follows_from_what_is_left(
    usage: Usage, capacity: float, used: float | None
) -> None:
    """What was told, else the size less what is left, never below nothing."""
    assert usage.used_of(capacity) == used


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-1",
        "nan",
        "inf",
        "1e3",
        "1_000",
        "0x10",
        "٣",
        "1 2",
        "1;2",
        "9" * 400,
        "1e999",
        "text",
        str(int(NUMBER_MAX) + 1),
        "+5",
        "5.",
        ".5",
    ],
)
def test_what_is_no_number_of_requests_says_nothing(text: str) -> None:
    """Neither as a count of Binance's nor as what is left or its size."""
    assert number(text) is None
    assert told({"X-MBX-USED-WEIGHT-1M": text}, wall) is NOTHING
    assert read(X_RateLimit_Remaining=text, X_RateLimit_Limit="10") == ()
    assert all(
        each.capacity is None for each in read(RateLimit_Remaining="5", RateLimit_Limit=text)
    )


@pytest.mark.parametrize(
    "headers",
    [
        {"X-RateLimit-Limit": "10", "X-RateLimit-Remaining": "11"},
        {"X-RateLimit-Limit": "0", "X-RateLimit-Remaining": "0"},
        {"X-RateLimit-Limit": "10", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "999999999"},
        {"RateLimit": '"a";r=0;t=100000'},
        {"X-RateLimit-Limit": "10"},
        {"X-RateLimit-Reset": "10"},
    ],
)
def test_an_answer_that_cannot_be_changes_nothing(headers: dict[str, str]) -> None:
    """More left than there is, a limit of none, an end after more than a day, or no number at all."""
    assert told(headers, wall).usages == ()


def test_a_far_instant_by_our_own_wrong_clock_does_not_hide_the_numbers() -> None:
    """When our date is years behind, what is left is believed, and its end is not."""
    headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(NOW_S + 30)}
    (usage,) = told(headers, lambda: datetime(2020, 1, 1, tzinfo=UTC)).usages
    assert (usage.remaining, usage.reset_s, usage.by_wall) == (0, None, True)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "now",
        "Wed, 32 Jul 2026 10:00:00 GMT",
        "Wed, 01 Foo 2026 10:00:00 GMT",
        "2026-07-01",
        "Wed, 01 Jul 2026 25:00:00 GMT",
        "Wed, 01 Jul 0000 10:00:00 GMT",
        DATE + "x" * 999,
    ],
)
def test_what_is_no_date_says_nothing(value: str) -> None:
    """Only the one form that HTTP servers send is read."""
    assert told({"Date": value}, wall) is NOTHING


def test_the_date_of_a_kept_answer_says_nothing() -> None:
    """An Age means that the answer, and its Date, are older than this request."""
    assert told({"Date": DATE}, wall) == Told((), NOW_S)
    assert told({"Date": DATE, "Age": "12"}, wall) is NOTHING


def test_no_answer_tells_of_too_many_limits() -> None:
    """A thousand headers are read as USAGES_MAX at most."""
    many = {f"X-MBX-USED-WEIGHT-{each}S": "1" for each in range(1, 1000)}
    assert len(told(many, wall).usages) == USAGES_MAX
    items = ",".join(f'"{each}";r=1' for each in range(1000))
    assert len(read(RateLimit=items)) <= USAGES_MAX


NAMES = st.sampled_from(
    [
        "X-MBX-USED-WEIGHT-1M",
        "X-MBX-ORDER-COUNT-10S",
        "X-RateLimit-Limit",
        "X-RateLimit-Remaining",
        "X-RateLimit-Reset",
        "RateLimit",
        "RateLimit-Policy",
        "RateLimit-Limit",
        "RateLimit-Reset",
        "RateLimit-Remaining",
        "RateLimit-Used",
        "Date",
        "Age",
    ]
)
PARTS = st.sampled_from(
    [
        "0",
        "1",
        "-1",
        "1e9",
        "9" * 12,
        "1782900030",
        ";",
        ",",
        "=",
        '"',
        "r",
        "w",
        "q",
        "t",
        "limit",
        "remaining",
        "reset",
        " ",
        "nan",
        "inf",
        DATE,
    ]
)
VALUES = st.one_of(st.text(), st.lists(PARTS, max_size=12).map("".join))


@given(headers=st.dictionaries(st.one_of(NAMES, st.text()), VALUES, max_size=8))
def test_garbage_is_read_without_an_error_and_within_bounds(headers: dict[str, str]) -> None:
    """Whatever whoever answers sends: no error, and no number outside what a field says."""
    found = told(headers, wall)
    for each in found.usages:
        for value in (each.used, each.remaining):
            assert value is None or 0 <= value <= NUMBER_MAX
        assert each.capacity is None or 1 <= each.capacity <= NUMBER_MAX
        assert each.period_s is None or 0 < each.period_s <= DAY_S
        assert each.reset_s is None or 0 <= each.reset_s <= DAY_S


def test_what_is_no_text_is_left_out() -> None:
    """Libraries that hand in bytes or numbers for some headers raise nothing."""
    headers = {b"Date": DATE, "X-RateLimit-Limit": 10, "X-MBX-USED-WEIGHT-1M": "7", None: None}
    assert [each.used for each in told(headers, wall).usages] == [7]  # type: ignore[arg-type]  # that it may be is what is proved


def test_names_and_values_that_are_no_text_are_as_if_they_were_not_there() -> None:
    """Whatever a caller hands over has items: a name without a hash raises nothing, and hides no other."""

    class Odd(dict[str, str]):
        def items(self) -> Any:
            name = "X-MBX-USED-WEIGHT-1M"
            odd: list[Any] = [[[], "1"], (b"date", "x"), (None, None), (name, 7)]
            return iter([*odd, (name, "42")])

    found = told(Odd(), wall)
    assert [(usage.family, usage.used) for usage in found.usages] == [(Family.WEIGHT, 42.0)]
