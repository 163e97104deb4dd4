"""
Owns the fourth row: what a circuit with its metrics keeps, counted by tracemalloc over many circuits.

Counted is all that exists for the key and would not without it: guarded function, policy, circuit with its lock,
gates, counts with the histogram of durations, the last error's words. Not counted is what all keys share: the ring of
the newest records (cleared on both sides of the measurement), the queues, the settings.
"""

from __future__ import annotations

import gc
import tracemalloc
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from benchmarks.table import Row
from switchgear import Key, Switchgear, SystemClock
from switchgear.observe.metrics import tally_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.measure import Effort

ERROR_CHARS = 300
FAIL_EVERY = 97
TOP = 5


class PlayedClock(SystemClock):
    """Time that only the guarded function moves, so that durations are as various as those of an exchange."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 1_000_000.0
        self.monotonic_s = lambda: self.now_s


class Exchange:
    """Answers after 20 ms to some seconds, most of it round 90 ms; now and then it fails with a long text."""

    def __init__(self, clock: PlayedClock, seed: int) -> None:
        self._clock, self._rng, self._made = clock, Random(seed), 0
        self.call = self.answer  # made once, as a program's own function is
        self._texts = [f"{number:03d} ".ljust(ERROR_CHARS, "x") for number in range(1000)]

    def answer(self) -> int:
        self._clock.now_s += self._rng.lognormvariate(-2.4, 0.6)
        self._made += 1
        if self._made % FAIL_EVERY == 0:
            raise ConnectionResetError(self._texts[self._made % 1000])
        return 1


def row(effort: Effort) -> Row:
    """Bytes of one circuit."""
    circuits, each = (5, 500) if effort.quick else (200, 10_000)
    clock = PlayedClock()
    exchange = Exchange(clock, seed=1)
    with Switchgear(clock=clock) as gear:
        gear.configure("*", retries=0)  # for all keys: of its own a key has no setting
        _use(gear, exchange, "get_warm", each)
        _settle(gear)
        tracemalloc.start()
        before = tracemalloc.take_snapshot()
        kept = [_use(gear, exchange, f"get_{number}", each) for number in range(circuits)]
        _settle(gear)
        after = tracemalloc.take_snapshot()
        tracemalloc.stop()
        assert len(kept) == circuits
        buckets = len(list(tally_of(gear.registry.taps[Key.of("bench", "get_0")]).durations))
    ours = tracemalloc.Filter(False, tracemalloc.__file__)
    grown = after.filter_traces([ours]).compare_to(before.filter_traces([ours]), "filename")
    total = sum(stat.size_diff for stat in grown) / circuits
    parts = ", ".join(f"{_file(stat)} {stat.size_diff / circuits:,.0f}" for stat in grown[:TOP])
    what = f"memory of a circuit with its metrics after {each:,} calls"
    note = f"{parts}; {buckets} buckets of durations; the ring is shared and not counted"
    return Row("memory", what, total, "bytes", bound=4096, note=note)


def _file(stat: tracemalloc.StatisticDiff) -> str:
    return "/".join(Path(stat.traceback[0].filename).parts[-2:])


def _use(gear: Switchgear, exchange: Exchange, method: str, each: int) -> Callable[[], object]:
    """What the user keeps of a key after so many calls, now and then a failure; default settings, but no retries."""
    guarded = gear.guarded("bench", method)(exchange.call)
    for _ in range(each):
        try:
            guarded()
        except ConnectionResetError:
            continue
    return guarded


def _settle(gear: Switchgear) -> None:
    gear.flush()
    gear.clear_logs()
    gc.collect()
