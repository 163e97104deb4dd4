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
    """The settings, in ticks, hundredths and eighths where the real ones are seconds and shares."""

    failure_threshold: int | None = 3
    failure_hundredths: int | None = None
    """No share of two's powers alone: a rate such as 0.55 no float holds, and it opens where it is reached."""
    slow_hundredths: int | None = None
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
        watched = self.failure_hundredths, self.slow_hundredths, self.throttle_halves
        return watched != (None,) * 3

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


@dataclass(eq=False)
class Request:
    """One wish to make a call, told apart from every other: struck out, it is this one that is gone."""

    at: int
    passed: bool
    measure: int
    """How the window was measured in which it was counted."""

    @property
    def tenth(self) -> tuple[int, int]:
        """In which tenth of which kind of window it was counted."""
        return self.measure, self.at // (self.measure // 10)


class Seen(NamedTuple):
    """What counts at an instant."""

    calls: int
    failures: int
    slow: int
    requests: int
    passed: int

    @property
    def accepted(self) -> int:
        """What did not fail: the answers that were good, and what nobody has answered yet."""
        unanswered = max(self.passed - self.calls, 0)
        return self.calls - self.failures + unanswered


@dataclass
class Record:
    """Everything since the circuit was well last; nothing is added up here, and nothing put into buckets."""

    verdicts: list[Verdict] = field(default_factory=list["Verdict"])
    samples: list[Sample] = field(default_factory=list[Sample])
    requests: list[Request] = field(default_factory=list[Request])
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
            return Seen(0, 0, 0, 0, 0)
        samples, requests = self.samples, self.requests
        if rules.window_calls is not None:
            samples = samples[-rules.window_calls :]
        else:
            since = (now // rules.part - 9) * rules.part
            samples = [sample for sample in samples if sample.at >= since]
            requests = [request for request in requests if request.at >= since]
        failures = sum(sample.failed for sample in samples)
        slow = sum(sample.slow for sample in samples)
        passed = sum(request.passed for request in requests)
        return Seen(len(samples), failures, slow, len(requests), passed)

    def ended(self, rules: ModelRules, now: int, verdict: Verdict, *, slow: bool) -> None:
        """An attempt ended, and not neutral."""
        if rules.look_back:
            self._measured(rules)
            self.samples.append(Sample(now, verdict == "failure", slow))
            if rules.window_calls is not None:
                del self.samples[: -rules.window_calls]
        else:
            self.samples, self.requests = [], []  # nobody looks back any more
        self.verdicts.append(verdict)

    def asked(self, rules: ModelRules, now: int, *, passed: bool) -> Request | None:
        """Somebody wants to make a request; a window over attempts has no place for it."""
        if rules.window_calls is not None:
            return None
        self._measured(rules)
        request = Request(now, passed, rules.measure)
        self.requests.append(request)
        return request

    def struck_out(self, request: Request) -> None:
        """
        A request proved nothing: it is as if it had not been, wherever it stands. Where it was torn up, and its tenth
        begun again by the same measure, it is taken for one of those that passed there since.
        """
        others = [one for one in self.requests if one.passed and one.tenth == request.tenth]
        if request in self.requests:
            self.requests.remove(request)
        elif others:
            self.requests.remove(others[0])

    def _measured(self, rules: ModelRules) -> None:
        """What was written under another measure is torn up."""
        if self.measure != rules.measure:
            self.samples, self.requests, self.measure = [], [], rules.measure
