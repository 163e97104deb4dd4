"""Owns the walks of ledgers beside a model of an exchange: requests arrive and are answered late and in any order."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import cycle, islice
from math import ceil, floor

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from switchgear.core.policy.latch import Latch
from switchgear.core.policy.limit import Limit
from switchgear.core.policy.weight import Ledger, Priority, Toll
from switchgear.core.policy.window import EDGE_S_MAX
from switchgear.core.verdict.usage import Family, Usage
from switchgear.core.words import Scope
from switchgear.testing import FakeClock
from tests.core.policy.limited import Windows

TICK_S = 1 / 64
"""A sum of these is exact, also as a date."""
STEPS = (1, 2, 5, 6, 7, 16, 32, 60, 64, 120, 128, 256, 300, 512, 1000, 1024, 1100)
PERIODS_S, CAPACITIES = (16.0, 4.0), (10, 6)
WEIGHTS = ((1, 1), (3, 1), (5, 1), (8, 1))


@dataclass
class Request:
    """One that is on its way."""

    toll: Toll
    weights: tuple[int, int]
    sent_s: float
    told: list[Usage] = field(default_factory=list[Usage])
    """What the exchange answered; empty before it arrived."""
    date_s: float = 0.0


class Walk(RuleBasedStateMachine):
    """Two limits, nobody else using them, and clocks that agree."""

    @initialize(steps=st.integers(0, 2048))
    def begin(self, steps: int) -> None:
        self.clock = FakeClock()
        self.clock.advance(steps * TICK_S)
        latch = Latch()
        self.ledgers = [
            Ledger(
                Limit(f"per_{period_s:g}s", Scope.ADDRESS, period_s, capacity),
                self.clock,
                latch=latch,
            )
            for period_s, capacity in zip(PERIODS_S, CAPACITIES, strict=True)
        ]
        self.servers = [
            Windows(self.clock, period_s, capacity)
            for period_s, capacity in zip(PERIODS_S, CAPACITIES, strict=True)
        ]
        self.tolls = {
            (weights, priority): Toll(
                list(zip(self.ledgers, map(float, weights), strict=True)), priority, self.clock
            )
            for weights in WEIGHTS
            for priority in Priority
        }
        self.out: list[Request] = []

    @rule(
        weights=st.sampled_from(WEIGHTS),
        priority=st.sampled_from([Priority.HIGH, *Priority]),
        times=st.integers(1, 8),
    )
    def send(self, weights: tuple[int, int], priority: Priority, times: int) -> None:
        toll = self.tolls[weights, priority]
        for _ in range(times):
            if toll.take() == 0:
                self.out.append(Request(toll, weights, self.clock.now_s))
            else:
                event("held back")
                assert toll.why

    @rule(steps=st.sampled_from(STEPS))
    def wait(self, steps: int) -> None:
        self.clock.advance(steps * TICK_S)

    @rule(which=st.integers(0, 1), steps=st.integers(-9, 9))
    def wait_for_an_end(self, which: int, steps: int) -> None:
        self.clock.advance(max(0.0, self.servers[which].left_s + steps * TICK_S))

    @precondition(lambda self: any(not each.told for each in self.out))
    @rule(
        data=st.data(),
        times=st.integers(1, 8),
        is_cheap=st.integers(0, 5).map(lambda lot: lot == 5),
        is_rounded_up=st.booleans(),
        with_end=st.booleans(),
    )
    def arrive(
        self, data: st.DataObject, times: int, is_cheap: bool, is_rounded_up: bool, with_end: bool
    ) -> None:
        """A cheap one costs less than is thought here, so that there is something to correct."""
        on_the_way = [each for each in self.out if not each.told]
        for request in data.draw(st.permutations(on_the_way))[:times]:
            for server, cost in zip(self.servers, request.weights, strict=True):
                assert server.takes(1 if is_cheap else cost), "the exchange has to refuse it"
                left_s = ceil(server.left_s) if is_rounded_up else floor(server.left_s)
                end = (left_s + 1.0, 2.0) if with_end else (None, 0.0)
                request.told.append(Usage(Family.REQUESTS, None, server.used, None, None, *end))
            request.date_s = float(floor(self.servers[0].now_s))

    @precondition(lambda self: any(each.told for each in self.out))
    @rule(data=st.data(), times=st.integers(1, 8), with_date=st.booleans())
    def answer(self, data: st.DataObject, times: int, with_date: bool) -> None:
        arrived = [each for each in self.out if each.told]
        for request in data.draw(st.permutations(arrived))[:times]:
            for ledger, usage in zip(self.ledgers, request.told, strict=True):
                with ledger.latch:
                    if with_date:
                        ledger.dated_locked(request.date_s, request.sent_s, self.clock.now_s)
                    ledger.hear_locked(usage, request.sent_s, self.clock.now_s)
            self.end(request)

    @precondition(lambda self: self.out)
    @rule(data=st.data(), silent=st.booleans())
    def lose(self, data: st.DataObject, silent: bool) -> None:
        request = data.draw(st.sampled_from(self.out))
        self.end(request, lost=silent)

    @precondition(lambda self: any(not each.told for each in self.out))
    @rule(data=st.data())
    def give_up(self, data: st.DataObject) -> None:
        self.end(
            data.draw(st.sampled_from([each for each in self.out if not each.told])), unsent=True
        )

    def end(self, request: Request, *, unsent: bool = False, lost: bool = False) -> None:
        self.out.remove(request)
        request.toll.returned(unsent=unsent, lost=lost)

    @invariant()
    def nothing_is_out_of_bounds(self) -> None:
        for ledger in getattr(self, "ledgers", []):
            view = ledger.view()
            assert view.used >= 0
            assert 0 < view.resets_in_s <= view.period_s + 2 * EDGE_S_MAX

    def teardown(self) -> None:
        """Whatever happened, every call that a limit lets through at all gets through within a period."""
        for request in list(getattr(self, "out", [])):
            self.end(request)
        tolls: dict[tuple[tuple[int, int], Priority], Toll] = getattr(self, "tolls", {})
        for (weights, priority), toll in tolls.items():
            if any(
                weight > ledger.ceilings[priority]
                for ledger, weight in zip(self.ledgers, weights, strict=True)
            ):
                continue
            waited_s = 0.0
            while wait_s := toll.take():
                waited_s += wait_s
                self.clock.advance(wait_s)
            assert waited_s <= PERIODS_S[0] + 2 * EDGE_S_MAX + TICK_S
            toll.returned(unsent=True)


@pytest.mark.slow  # walks of a model
def test_the_exchange_never_has_to_refuse_and_nobody_is_stuck() -> None:
    """As long as clocks agree and nobody else uses the limits: however late, in whatever order answers come."""
    run_state_machine_as_test(
        Walk,
        settings=settings(
            max_examples=150,
            stateful_step_count=60,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
            deadline=None,
        ),
    )


@pytest.mark.slow  # walks of a model
@settings(max_examples=100)
@given(
    off=st.integers(-512, 512),
    bursts=st.lists(st.integers(1, 10), min_size=3, max_size=9),
    pace=st.integers(1, 60),
    trip=st.integers(1, 12),
)
def test_a_wrong_clock_is_healed_by_answers(
    off: int, bursts: list[int], pace: int, trip: int
) -> None:
    """Beside a clock that is wrong, bursts are refused in six windows at most; and much gets through."""
    clock = FakeClock()
    server = Windows(clock, 16, 40, off_s=off * TICK_S)
    ledger = Ledger(Limit("requests", Scope.ADDRESS, 16, 40), clock)
    toll = Toll([(ledger, 1.0)], Priority.HIGH, clock)
    refused_in: set[int] = set()
    began_s = clock.now_s
    for burst in islice(cycle(bursts), 500):
        sent = sum(1 for _ in range(burst) if toll.take() == 0)
        sent_s = clock.now_s
        clock.advance(trip * TICK_S)
        for _ in range(sent):
            if not server.takes(1):
                refused_in.add(int(server.now_s // 16))
        used = server.used
        clock.advance(trip * TICK_S)
        for _ in range(sent):
            with ledger.latch:
                ledger.hear_locked(Usage(Family.REQUESTS, used=used), sent_s, clock.now_s)
            toll.returned()
        clock.advance(pace * TICK_S)
    assert len(refused_in) <= 6
    windows = (clock.now_s - began_s) / 16
    assert sum(server.counts.values()) > min(40 * windows, 500 * sum(bursts) / len(bursts)) / 2
