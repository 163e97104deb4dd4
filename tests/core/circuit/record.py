"""
Owns what the model writes down of the attempts, each with its date, and what of it counts at an
instant; what follows from the counts is left to model.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

TICKS = 8
"""
Ticks in one second: every time of the model is a whole number of ticks, so nothing
is rounded.
"""

Verdict = Literal["success", "failure", "neutral"]


@dataclass
class ModelRules:
    """The settings, in ticks and eighths where the real ones are seconds and shares."""

    failure_threshold: int | None = 3
    failure_eighths: int | None = None
    slow_eighths: int | None = None
    window_calls: int | None = None
    window: int = 60 * TICKS
    """A multiple of ten ticks, so that its tenths are whole."""
    minimum_calls: int = 10
    throttle_halves: int | None = None
    reset_timeout: int = 30 * TICKS
    reset_timeout_max: int | None = None
    backoff: int = 1
    jitter_eighths: int = 0
    decay: int = 60 * TICKS
    probes: int = 1
    probes_to_close: int = 1
    lease: int = 30 * TICKS
    ramp: int = 0

    @property
    def look_back(self) -> bool:
        """Whether any of them needs more than the row of failures."""
        return (self.failure_eighths, self.slow_eighths, self.throttle_halves) != (None,) * 3

    @property
    def measure(self) -> int:
        """How the past is measured: by ticks so many, or 0, by attempts."""
        return self.window if self.window_calls is None else 0

    @property
    def part(self) -> int:
        """A tenth of the window, in ticks."""
        return self.window // 10


class Sample(NamedTuple):
    """An attempt that ended and proved something."""

    at: int
    failed: bool
    slow: bool


class Seen(NamedTuple):
    """What counts at an instant."""

    calls: int
    failures: int
    slow: int
    requests: int


@dataclass
class Record:
    """Everything since the circuit was well last; nothing is added up here, and nothing put into buckets."""

    verdicts: list[Verdict] = field(default_factory=list["Verdict"])
    samples: list[Sample] = field(default_factory=list[Sample])
    requests: list[int] = field(default_factory=list[int])
    measure: int = 0
    """How what is written was measured; under another measure it says nothing."""

    def row(self) -> int:
        """Failures since the last success; a neutral verdict is not written down."""
        run = 0
        for verdict in reversed(self.verdicts):
            if verdict == "success":
                break
            run += 1
        return run

    def seen(self, rules: ModelRules, now: int) -> Seen:
        """
        What counts now: the newest attempts, or what lies in the newest ten tenths, of which the
        current one is the last.
        """
        if self.measure != rules.measure:
            return Seen(0, 0, 0, 0)
        samples, requests = self.samples, self.requests
        if rules.window_calls is not None:
            samples = samples[-rules.window_calls :]
        else:
            first = now // rules.part - 9
            samples = [sample for sample in samples if sample.at // rules.part >= first]
            requests = [at for at in requests if at // rules.part >= first]
        failures = sum(sample.failed for sample in samples)
        return Seen(len(samples), failures, sum(s.slow for s in samples), len(requests))

    def ended(self, rules: ModelRules, now: int, verdict: Verdict, *, slow: bool) -> None:
        """An attempt ended, and not neutral."""
        if rules.look_back:
            self._measured(rules)
            self.samples.append(Sample(now, verdict == "failure", slow))
            if rules.window_calls is not None:
                del self.samples[: -rules.window_calls]
        elif verdict == "success" and self.row():
            self.samples, self.requests = (
                [],
                [],
            )  # nobody looks back, and all is well: a clean slate
        self.verdicts.append(verdict)

    def asked(self, rules: ModelRules, now: int) -> None:
        """Somebody wants to make a request; a window over attempts has no place for it."""
        if rules.window_calls is None:
            self._measured(rules)
            self.requests.append(now)

    def taken_back(self, rules: ModelRules, now: int) -> None:
        """A request proved nothing: it is as if it had not been, if one of this tenth is there to strike out."""
        if rules.window_calls is None:
            self._measured(rules)
            if self.requests and self.requests[-1] // rules.part == now // rules.part:
                self.requests.pop()

    def _measured(self, rules: ModelRules) -> None:
        """What was written under another measure is torn up."""
        if self.measure != rules.measure:
            self.samples, self.requests, self.measure = [], [], rules.measure
