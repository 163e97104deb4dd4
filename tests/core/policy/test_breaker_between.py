"""
Owns a failure noted without the lock in the midst of anything else, and anything else in the midst of it.

Between any two instructions of the one the other happens whole: exhaustively, for whatever threads can do to each other
here. What comes of it must be what comes of one after the other, in one of both orders.
"""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from switchgear.core.circuit import Closed, Rules, Settlement
from switchgear.core.policy.breaker import Breaker
from switchgear.core.words import CircuitState, Key
from switchgear.testing import FakeClock, Recorder

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType, FrameType

    from switchgear.core.circuit import Ticket

KEY = Key.of("binance", "create_order")
THRESHOLD = 3
GOOD, BAD, NEUTRAL = Settlement.SUCCESS, Settlement.FAILURE, Settlement.NEUTRAL


class Late(Breaker):
    """Where a failure would wait for the lock, it is finished later: the holder of the lock is in the midst of it."""

    __slots__ = ("holds_back", "waiting")

    def __init__(self, threshold: int) -> None:
        self.holds_back = False
        self.waiting: list[Ticket] = []
        rules = Rules(failure_threshold=threshold, reset_timeout_s=5)
        super().__init__(KEY, rules, FakeClock(), Recorder())

    def _is_counted(self, way: Ticket) -> bool:
        if self.holds_back:
            self.waiting.append(way)
            return True
        return super()._is_counted(way)

    def fail(self, way: Ticket) -> None:
        """A call that was let in before failed."""
        if not self.failed_short(way):
            self.end(way, BAD)

    def end(self, way: Ticket, settlement: Settlement) -> None:
        """A call that was let in before ended, by the way with the lock."""
        with self.domain.lock:
            self.settle_locked(None, way, settlement, "down", 0.0)

    def go_on(self) -> None:
        """Whoever waited for the lock has it now."""
        self.holds_back = False
        while self.waiting:
            way = self.waiting.pop()
            if not self._is_counted(way):
                self.end(way, BAD)

    def state(self) -> tuple[object, ...]:
        """All that can be told of it from outside."""
        circuit = self.circuit
        counts = isinstance(circuit.state, Closed) and circuit.state.failures > 0
        assert self.dirty or not counts, "a success would not be heard"
        return circuit.state, circuit.generation, circuit.spell


Move = tuple[str, "Callable[[Late, Ticket], object]"]
MOVES: list[Move] = [
    ("fail", lambda breaker, way: breaker.fail(way)),
    ("fail with the lock", lambda breaker, way: breaker.end(way, BAD)),
    ("succeed", lambda breaker, way: breaker.end(way, GOOD)),
    ("end neutral", lambda breaker, way: breaker.end(way, NEUTRAL)),
    ("look", lambda breaker, _: breaker.view()),
    ("count", lambda breaker, _: breaker.circuit),
    ("reset", lambda breaker, _: breaker.reset(by="ops")),
    ("hold", lambda breaker, _: breaker.hold(CircuitState.FORCED_OPEN, by="ops", why="test")),
    ("hold closed", lambda breaker, _: _held_and_released(breaker)),
    ("lower", lambda breaker, _: breaker.configure(Rules(failure_threshold=2, reset_timeout_s=5))),
    ("raise", lambda breaker, _: breaker.configure(Rules(failure_threshold=9, reset_timeout_s=5))),
]
BEFORE = [(noted, seen) for noted in range(THRESHOLD) for seen in range(noted + 1)]
"""Failures before, and how many of them somebody has looked at."""


def _held_and_released(breaker: Late) -> None:
    breaker.hold(CircuitState.FORCED_CLOSED, by="ops", why="test")
    breaker.release(by="ops")


def prepared(noted: int, seen: int) -> tuple[Late, Ticket]:
    """A breaker that has failed before, and what lets calls in."""
    breaker = Late(THRESHOLD)
    with breaker.domain.lock:
        way = breaker.way_locked()
    assert way is not None
    for number in range(noted):
        breaker.fail(way)
        if number < seen:
            breaker.view()
    return breaker, way


NOTING = Breaker.failed_short.__code__


def without_the_lock(code: CodeType) -> bool:
    """Where another thread may do anything."""
    return code is NOTING


def with_the_lock(code: CodeType) -> bool:
    """Where another thread may note failures at most."""
    return code is not NOTING and code.co_filename == NOTING.co_filename


def between(
    outer: Callable[[], object],
    inner: Callable[[], object],
    step: int,
    where: Callable[[CodeType], bool],
) -> bool:
    """Run outer, and inner before its instruction of this number there; whether there was one."""
    left = [step]

    def trace(frame: FrameType, event: str, _: object) -> Any:
        if not where(frame.f_code):
            return None
        frame.f_trace_opcodes = True
        if event == "opcode":
            left[0] -= 1
            if left[0] == 0:
                sys.settrace(None)
                inner()
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        outer()
    finally:
        sys.settrace(before)
    return left[0] <= 0


def in_a_row(before: tuple[int, int], *moves: Move) -> tuple[object, ...]:
    """What comes of moves one after the other."""
    breaker, way = prepared(*before)
    for _, move in moves:
        move(breaker, way)
    return breaker.state()


@pytest.mark.parametrize("before", BEFORE, ids=str)
@pytest.mark.parametrize("move", MOVES, ids=lambda move: move[0])
def test_whatever_happens_in_the_midst_of_a_failure_comes_before_or_after_it(
    move: Move, before: tuple[int, int]
) -> None:
    """Anything another thread does whole, before each instruction of a failure that is noted without the lock."""
    allowed = [in_a_row(before, move, MOVES[0]), in_a_row(before, MOVES[0], move)]
    step = 0
    while True:
        step += 1
        breaker, way = prepared(*before)

        def meanwhile(breaker: Late = breaker, way: Ticket = way) -> None:
            move[1](breaker, way)

        more = between(partial(breaker.fail, way), meanwhile, step, without_the_lock)
        if not more:
            break
        assert breaker.state() in allowed, f"before instruction {step}"
    assert step > 20


@pytest.mark.parametrize("before", BEFORE, ids=str)
@pytest.mark.parametrize("failures", [1, 2])
@pytest.mark.parametrize("move", MOVES[1:], ids=lambda move: move[0])
def test_a_failure_in_the_midst_of_whatever_happens_comes_before_or_after_it(
    move: Move, failures: int, before: tuple[int, int]
) -> None:
    """One or two failures of other threads, before each instruction of what is done with the lock."""
    fails = [MOVES[0]] * failures
    allowed = [
        in_a_row(before, *fails[:split], move, *fails[split:]) for split in range(failures + 1)
    ]
    step = 0
    while True:
        step += 1
        breaker, way = prepared(*before)

        def meanwhile(breaker: Late = breaker, way: Ticket = way) -> None:
            breaker.holds_back = True  # the lock is another's
            for _ in fails:
                breaker.fail(way)

        more = between(partial(move[1], breaker, way), meanwhile, step, with_the_lock)
        breaker.go_on()
        if not more:
            break
        assert breaker.state() in allowed, f"before instruction {step}"
    assert step > 5
