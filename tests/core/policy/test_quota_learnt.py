"""Owns what an exchange without a table learns of its limits from the headers of its answers."""

from __future__ import annotations

import pytest

from switchgear.core.policy.quota import LEARNT_MAX
from switchgear.core.words import Scope
from tests.core.policy.limited import Counter, left


def test_an_exchange_without_a_table_learns_its_limit() -> None:
    """Until an answer tells limit, rest and end nothing is paid; then watchers are told, and tolls are made anew."""
    counter = Counter("kraken")
    told: list[int] = []
    counter.quotas.watchers.append(lambda: told.append(counter.quotas.version))
    assert counter.toll("get_order") is None
    counter.hear({"X-RateLimit-Remaining": "5"})
    assert counter.toll("get_order") is None
    counter.hear(left(10, 2, 30))
    assert told == [1]
    assert [counter.take("cancel_order") for _ in range(2)] == [0, 0]
    assert counter.take("cancel_order") == pytest.approx(31, abs=0.2)
    counter.hear(left(10, 1, 29))
    assert (told, counter.quotas.version) == ([1], 1)


def test_a_learnt_limit_is_of_the_account_or_of_the_address() -> None:
    """What a signed request is told concerns its account alone; what an unsigned one is told, unsigned ones."""
    counter = Counter("kraken")
    counter.hear(left(10, 0, 30))
    counter.hear(left(50, 49, 10), signed=False)
    assert counter.take("cancel_order") > 0
    assert counter.toll("cancel_order", "second") is None
    assert counter.take("get_ticker", signed=False) == 0
    assert {(view.scope, view.account) for view in counter.quotas.views()} == {
        (Scope.ACCOUNT, "main"),
        (Scope.ADDRESS, ""),
    }


def test_a_learnt_window_ends_where_each_answer_says() -> None:
    """First seen with 5 s to go, then with 60: the period grows, and nobody waits longer than was told."""
    counter = Counter("kraken")
    counter.hear(left(10, 0, 5))
    assert counter.take("cancel_order") == pytest.approx(6, abs=0.2)
    counter.clock.advance(7)
    assert counter.take("cancel_order") == 0
    counter.hear(left(10, 0, 60))
    assert counter.take("cancel_order") == pytest.approx(61, abs=0.2)
    (view,) = counter.quotas.views()
    assert view.period_s == 61


def test_policies_of_the_ietf_are_ledgers_of_their_own() -> None:
    """A burst and a day, told in one answer: a call pays at both."""
    counter = Counter("kraken")
    counter.hear(
        {
            "RateLimit": '"burst";r=1;t=10, "day";r=900;t=3600',
            "RateLimit-Policy": '"burst";q=10;w=20, "day";q=1000;w=86400',
        }
    )
    assert counter.used == {("requests_20s", "main"): 9, ("requests_86400s", "main"): 100}
    assert [counter.take("cancel_order") > 0 for _ in range(2)] == [False, True]


def test_whoever_answers_cannot_make_too_many_ledgers() -> None:
    """A new policy in every answer is remembered LEARNT_MAX times."""
    counter = Counter("kraken")
    for each in range(1, LEARNT_MAX * 2):
        policy = {"RateLimit": '"a";r=9;t=1', "RateLimit-Policy": f'"a";q=10;w={each}'}
        counter.hear(policy)
    assert len(counter.used) == LEARNT_MAX


def test_binances_numbers_without_a_capacity_make_no_ledger() -> None:
    """A used weight alone says not how much there is."""
    counter = Counter("binanceus")
    counter.hear({"X-MBX-USED-WEIGHT-1M": "100"})
    assert counter.used == {}
