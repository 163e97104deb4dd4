"""Owns the tests of the budget of retries: botocore's numbers, what may change while it is in use, and threads."""

from __future__ import annotations

from itertools import pairwise
from threading import Event, Lock

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from switchgear.core.policy.budget import Budget, BudgetView
from switchgear.core.words import Kind
from switchgear.testing import FakeClock
from tests.core.policy.crowd import PATIENCE_S, THREADS, hammer, in_thread

PRICES = {Kind.RATE_LIMITED: 5, Kind.ORDER_RATE_LIMITED: 5, Kind.BANNED: 5}


def price(kind: Kind) -> int:
    """What a retry after this kind costs, said a second time."""
    return PRICES.get(kind, 14)


def left(budget: Budget) -> int:
    """The tokens of a budget that has a bound."""
    tokens = budget.view().tokens
    assert tokens is not None
    return tokens


def spent(tokens: int) -> Budget:
    """A budget of 500 with that many of them taken, in steps of 5."""
    budget = Budget("binance")
    for _ in range(tokens // 5):
        assert budget.take(Kind.RATE_LIMITED) == 5
    return budget


@pytest.mark.parametrize("kind", list(Kind))
def test_a_retry_costs_by_its_kind(kind: Kind) -> None:
    """Throttled is 5, all else 14, until there are too few; then nothing is taken and the refusals are counted."""
    budget, cost = Budget("binance"), price(kind)
    for number in range(500 // cost):
        assert budget.take(kind) == cost
        assert left(budget) == 500 - cost * (number + 1)
    assert [budget.take(kind) for _ in range(3)] == [0, 0, 0]
    assert budget.view() == BudgetView("binance", 500 % cost, 500, withheld=3)


def test_a_cheap_retry_is_made_where_a_dear_one_is_withheld() -> None:
    """With 10 tokens left a timeout is not tried again, a 429 twice."""
    budget = spent(490)
    assert budget.take(Kind.TIMEOUT) == 0
    assert [budget.take(Kind.RATE_LIMITED) for _ in range(3)] == [5, 5, 0]
    assert budget.view() == BudgetView("binance", 0, 500, withheld=2)


def test_the_last_token_can_be_spent() -> None:
    """A cost that is exactly what is left is taken."""
    budget = Budget("binance")
    budget.configure(14)
    assert budget.take(Kind.NETWORK) == 14
    assert budget.take(Kind.RATE_LIMITED) == 0


def test_successes_fill_it_one_by_one_and_no_further() -> None:
    """Each first success is one token; 500 is the end."""
    budget = Budget("binance")
    assert budget.take(Kind.TIMEOUT) == 14
    for number in range(14):
        assert not budget.full
        assert left(budget) == 486 + number
        budget.succeeded()
    assert budget.full
    budget.succeeded()
    assert left(budget) == 500


def test_a_retry_that_succeeded_costs_nothing() -> None:
    """Its tokens come back whole, and what is none gives none."""
    budget = spent(100)
    taken = budget.take(Kind.TIMEOUT)
    assert left(budget) == 386
    budget.refund(0)
    budget.refund(-5)
    assert left(budget) == 386
    budget.refund(taken)
    assert left(budget) == 400
    budget.refund(10_000)
    assert (left(budget), budget.full) == (500, True)


def test_an_outage_is_not_multiplied() -> None:
    """Ten thousand failing calls that want three retries each make 35 of them in all."""
    budget = Budget("binance")
    made = sum(budget.take(Kind.UNAVAILABLE) > 0 for _ in range(30_000))
    assert made == 35
    assert budget.view().withheld == 30_000 - 35


def test_a_budget_of_none_is_unlimited() -> None:
    """Every retry gets its tokens, nothing is counted down, and it is always full."""
    budget = spent(490)
    budget.configure(None)
    assert [budget.take(Kind.TIMEOUT) for _ in range(100)] == [14] * 100
    budget.succeeded()
    budget.refund(14)
    assert budget.full
    assert budget.view() == BudgetView("binance", None, None, withheld=0)


def test_a_budget_of_zero_allows_no_retry() -> None:
    """Nothing is given, whatever comes back; and it is full, so that a success has nothing to tell."""
    budget = spent(490)
    budget.configure(0)
    budget.succeeded()
    budget.refund(14)
    assert budget.take(Kind.RATE_LIMITED) == 0
    assert budget.full
    assert budget.view() == BudgetView("binance", 0, 0, withheld=1)


@pytest.mark.parametrize(
    ("before", "missing", "after", "tokens"),
    [
        (500, 100, 500, 400),
        (500, 100, 1000, 900),
        (500, 100, 450, 400),
        (500, 100, 300, 300),
        (500, 500, 501, 1),
        (0, 0, 500, 500),
        (None, 0, 500, 500),
        (None, 0, 0, 0),
        (500, 0, 600, 600),
    ],
)
def test_a_bound_that_changes_keeps_what_was_spent(
    before: int | None, missing: int, after: int, tokens: int
) -> None:
    """Raised, the difference is there at once; lowered, what is above is gone; after no bound it is full."""
    budget = spent(missing)
    budget.configure(before)
    budget.configure(after)
    assert budget.view() == BudgetView("binance", tokens, after, withheld=0)
    assert budget.full is (tokens == after)


def watched(budget: Budget) -> list[bool]:
    """What `full` was each time when the watchers were called."""
    told: list[bool] = []
    budget.watchers.append(lambda: told.append(budget.full))
    return told


def test_watchers_hear_of_each_change_of_full_and_of_nothing_else() -> None:
    """Full, not full, full: two calls; taking more while it is not full, and filling up a part, is no news."""
    budget = Budget("binance")
    told, again = watched(budget), watched(budget)
    budget.succeeded()
    budget.take(Kind.TIMEOUT)
    budget.take(Kind.TIMEOUT)
    budget.refund(14)
    budget.succeeded()
    assert told == again == [False]
    budget.refund(14)
    assert told == again == [False, True]


def test_watchers_hear_of_a_bound_that_changes() -> None:
    """Unlimited and none make it full; a lower bound may; the same one changes nothing."""
    budget = spent(100)
    told = watched(budget)
    budget.configure(500)
    assert told == []
    budget.configure(None)
    budget.configure(500)
    assert told == [True]
    budget.take(Kind.TIMEOUT)
    budget.configure(400)
    assert told == [True, False, True]
    budget.configure(401)
    assert told == [True, False, True]
    assert budget.full


def test_watchers_are_called_without_the_lock() -> None:
    """A watcher that waits for another thread to use the budget does not hang, and may use it itself."""
    budget, seen = Budget("binance"), list[int | None]()

    def look() -> None:
        seen.append(in_thread(budget.view).result(PATIENCE_S).tokens)
        budget.refund(0)

    budget.watchers.append(look)
    budget.refund(budget.take(Kind.TIMEOUT))
    assert seen == [486, 500]
    budget.take(Kind.TIMEOUT)
    budget.configure(100)
    assert seen == [486, 500, 486, 100]


def test_a_watcher_may_be_added_by_a_watcher() -> None:
    """The one that is added hears of the next change."""
    budget, told = Budget("binance"), list[str]()

    def first() -> None:
        told.append("first")
        budget.watchers.append(lambda: told.append("second"))

    budget.watchers.append(first)
    taken = budget.take(Kind.TIMEOUT)
    assert told == ["first"]
    budget.refund(taken)
    assert told == ["first", "first", "second"]


def test_a_fork_leaves_a_lock_behind_that_another_thread_held() -> None:
    """The child's budget works though a thread that is not there any more was in the midst of it."""
    budget, locked, release = spent(10), Event(), Event()

    def hold() -> None:
        with budget._lock:
            budget._tokens = 500  # and `full` was not told yet
            locked.set()
            release.wait(PATIENCE_S)

    held = in_thread(hold)
    assert locked.wait(PATIENCE_S)
    budget.forked()
    assert in_thread(budget.view).result(PATIENCE_S).tokens == 500
    assert budget.full
    told = watched(budget)
    budget.take(Kind.TIMEOUT)
    assert told == [False]
    release.set()
    held.result(PATIENCE_S)


def test_a_fork_between_a_change_and_its_telling_is_made_good() -> None:
    """The parent's thread that would have called the watchers is gone: the next step tells, though nothing changed."""
    budget = spent(10)
    told = watched(budget)
    budget.forked()
    budget.take(Kind.TIMEOUT)
    budget.take(Kind.TIMEOUT)
    assert told == [False]


def test_threads_take_exactly_what_there_is() -> None:
    """Eight threads take until nothing is left: 35 times, and every refusal is counted."""
    budget = Budget("binance")
    taken = [
        one
        for some in hammer(lambda _: [budget.take(Kind.TIMEOUT) for _ in range(100)])
        for one in some
    ]
    assert sum(taken) == 490
    assert budget.view() == BudgetView("binance", 10, 500, withheld=THREADS * 100 - 35)


@pytest.mark.parametrize("seed", range(3))
def test_threads_lose_and_make_no_token(seed: int) -> None:
    """Threads take, give back and succeed at random; the sum is exact, and the watchers know how it ended."""
    print(f"seed={seed}")
    budget = spent(250)
    known, lock = [budget.full], Lock()

    def look() -> None:
        with lock:
            known[0] = budget.full

    budget.watchers.append(look)

    def use(number: int) -> int:
        chance, kept = FakeClock(seed=seed * 100 + number).chance, list[int]()
        for _ in range(300):
            drawn = chance()
            if drawn < 0.5:
                kept.append(budget.take(Kind.TIMEOUT if drawn < 0.25 else Kind.RATE_LIMITED))
            elif kept:
                budget.refund(kept.pop())
        return sum(kept)

    assert left(budget) == 250
    kept = sum(hammer(use))
    assert left(budget) + kept == 250
    assert known == [budget.full]


def test_threads_that_fill_and_empty_it_leave_the_watchers_right() -> None:
    """Full changes hundreds of times in all threads at once; the last word of the watchers is true, each time."""
    for _ in range(30):
        budget, lock = Budget("binance"), Lock()
        known = [True]

        def look(budget: Budget = budget, known: list[bool] = known, lock: Lock = lock) -> None:
            with lock:
                known[0] = budget.full

        budget.watchers.append(look)

        def use(number: int, budget: Budget = budget) -> None:
            for _ in range(10):
                taken = budget.take(Kind.TIMEOUT)
                if number or taken == 0:
                    budget.refund(taken)

        hammer(use)
        assert known == [budget.full]
        assert left(budget) == 500 - 140


class BudgetWalk(RuleBasedStateMachine):
    """Hypothesis chooses each step, beside a model of three numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.budget = Budget("binance")
        self.bound: int | None = 500
        self.missing = 0
        self.withheld = 0
        self.out: list[int] = []
        self.told = watched(self.budget)
        self.fulls = [True]

    @rule(kind=st.sampled_from(list(Kind)), times=st.integers(1, 40))
    def take(self, kind: Kind, times: int) -> None:
        """Some retries are asked for."""
        for _ in range(times):
            cost = price(kind)
            fits = self.bound is None or self.bound - self.missing >= cost
            taken = self.budget.take(kind)
            assert taken == (cost if fits else 0)
            if not fits:
                self.withheld += 1
                continue
            self.out.append(taken)
            self.missing += 0 if self.bound is None else cost
            self.note()

    @precondition(lambda self: self.out)
    @rule(which=st.integers(0, 1000))
    def refund(self, which: int) -> None:
        """A retry succeeds."""
        tokens = self.out.pop(which % len(self.out))
        self.budget.refund(tokens)
        self.missing = max(0, self.missing - tokens)
        self.note()

    @rule(times=st.integers(1, 30))
    def succeed(self, times: int) -> None:
        """First attempts succeed."""
        for _ in range(times):
            self.budget.succeeded()
            self.missing = max(0, self.missing - 1)
            self.note()

    @rule(bound=st.none() | st.sampled_from([0, 1, 14, 500]) | st.integers(0, 1000))
    def configure(self, bound: int | None) -> None:
        """The settings are read again."""
        self.budget.configure(bound)
        if self.bound is None or bound is None:
            self.missing = 0
        elif bound < self.bound:
            self.missing = max(0, self.missing - (self.bound - bound))
        self.bound = bound
        self.note()

    def note(self) -> None:
        """What the watchers have to hear."""
        full = self.missing == 0
        if full is not self.fulls[-1]:
            self.fulls.append(full)

    @invariant()
    def same(self) -> None:
        """The view, full and what was told are those of the model."""
        tokens = None if self.bound is None else self.bound - self.missing
        assert self.budget.view() == BudgetView("binance", tokens, self.bound, self.withheld)
        assert self.budget.full is (self.missing == 0)
        assert [True, *self.told] == self.fulls
        assert all(before is not after for before, after in pairwise(self.fulls))


@pytest.mark.slow  # thousands of steps
def test_any_walk_agrees_with_the_model() -> None:
    """Hypothesis finds no order of steps in which the budget and its model differ."""
    run_state_machine_as_test(
        BudgetWalk, settings=settings(max_examples=150, stateful_step_count=40)
    )
