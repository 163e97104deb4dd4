"""
Owns the settings that the walks go by, drawn by hypothesis or spelt by a byte; the walks themselves
are left to walk and test_model.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from tests.core.circuit.record import TICKS, ModelRules

if TYPE_CHECKING:
    from collections.abc import Callable

EIGHT_S = 8 * TICKS  # so that every jittered open time is a whole number of ticks
PARTS = (1, 3, TICKS, 6 * TICKS)  # tenths of the windows, in ticks
DECAYS = (1, 3 * TICKS, EIGHT_S, 60 * TICKS)
RATES = (7, 14, 25, 28, 50, 55, 56, 100)
"""In hundredths; times the attempts, most of them come out a hair beside the whole number that they are."""
RAMPS = (0, 1, 5, EIGHT_S, 30 * TICKS)

JUDGES = (
    "failure_threshold",
    "failure_hundredths",
    "slow_hundredths",
    "window_calls",
    "window",
    "minimum_calls",
    "throttle_halves",
)


@st.composite
def any_rules(draw: st.DrawFn) -> ModelRules:
    """Settings small enough that a walk of some dozen steps reaches every state."""
    probes = draw(st.integers(1, 4))
    timeout = draw(st.integers(1, 4)) * EIGHT_S
    bound = draw(st.none() | st.integers(0, 20).map(lambda n: timeout + n * EIGHT_S))
    hundredths = st.none() | st.sampled_from(RATES) | st.integers(1, 100)
    return ModelRules(
        failure_threshold=draw(st.integers(1, 3) | st.none()),
        failure_hundredths=draw(hundredths),
        slow_hundredths=draw(hundredths),
        window_calls=draw(st.none() | st.integers(1, 8) | st.integers(9, 70)),
        window=draw(st.sampled_from(PARTS)) * 10,
        minimum_calls=draw(st.integers(1, 6) | st.integers(7, 40)),
        throttle_halves=draw(st.none() | st.integers(2, 6)),
        reset_timeout=timeout,
        reset_timeout_max=bound,
        backoff=draw(st.sampled_from([1, 2, 3])),
        jitter_eighths=draw(st.sampled_from([0, 4, 8])),
        decay=draw(st.sampled_from(DECAYS)),
        probes=probes,
        probes_to_close=draw(st.integers(1, probes)),
        lease=draw(st.integers(1, 40)) * TICKS,
        ramp=draw(st.sampled_from(RAMPS)),
    )


def one_setting(rules: ModelRules, others: ModelRules, which: int) -> ModelRules:
    """The settings with one of those that judge taken from others: a reload that leaves the window mostly in place."""
    name = JUDGES[which % len(JUDGES)]
    return replace(rules, **{name: getattr(others, name)})


def digits(byte: int) -> Callable[[int], int]:
    """A byte spread out, for the walks that are read off a string of bytes: a digit below any base, one by one."""
    rest = (byte + 1) * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2**128

    def digit(base: int) -> int:
        nonlocal rest
        rest, found = divmod(rest, base)
        return found

    return digit


def rules_from(byte: int) -> ModelRules:
    """Settings spelt by one byte."""
    digit = digits(byte)

    def perhaps(chances: int, lowest: int, values: int) -> int | None:
        return lowest + digit(values) if digit(chances) else None

    def a_rate() -> int | None:
        return (*RATES, 1 + digit(100))[digit(len(RATES) + 1)] if digit(3) else None

    probes = 1 + digit(4)
    return ModelRules(
        failure_threshold=perhaps(4, 1, 3),
        failure_hundredths=a_rate(),
        slow_hundredths=a_rate(),
        window_calls=perhaps(2, 1, 70 if digit(2) else 6),
        window=PARTS[digit(4)] * 10,
        minimum_calls=1 + digit(12 if digit(2) else 3),
        throttle_halves=perhaps(2, 2, 5),
        reset_timeout=(1 + digit(2)) * EIGHT_S,
        reset_timeout_max=None if digit(4) else 10 * EIGHT_S,
        backoff=1 + digit(3),
        jitter_eighths=digit(3) * 4,
        decay=DECAYS[digit(4)],
        probes=probes,
        probes_to_close=1 + digit(probes),
        lease=(1 + digit(32)) * TICKS,
        ramp=RAMPS[digit(5)],
    )
