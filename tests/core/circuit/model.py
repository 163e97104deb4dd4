"""
Owns a second, independent circuit for the tests to compare with; it shares no code and no shape
with the real one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

from tests.core.circuit.record import TICKS, ModelRules, Record, Request, Verdict

DAY = 86_400 * TICKS
HAIR = Fraction(1, 10**9)
"""More than a float loses when it adds up the shares of a ramp; within it of a whole call, either answer is right."""

Kind = Literal["closed", "open", "half_open", "ramp"]
Mode = Literal["forced_open", "forced_closed", "metrics_only"]


@dataclass(eq=False)
class Admission:
    """One admitted attempt, kept on the timeline of the era it was admitted in."""

    era: int
    ends: int | None = None
    """When the lease of a probe is over, as it was agreed at its grant; None: not a probe."""
    verdict: Verdict | None = None
    is_lost: bool = False
    request: Request | None = None
    """What was written down of its wish to be made, where throttling looks."""


No = tuple[Literal["no"], int | Fraction | None]
"""No admission, and the ticks until it is worth asking again; None: nobody knows."""


def ends_of(probe: Admission) -> int:
    """When the lease is over; only probes hold one."""
    assert probe.ends is not None, "only a probe is in the list of probes"
    return probe.ends


@dataclass
class Era:
    """
    Everything that happened since the kind of state changed last; counts are read off it, not
    kept.
    """

    number: int
    kind: Kind
    record: Record = field(default_factory=Record)
    probes: list[Admission] = field(default_factory=list["Admission"])
    began: int = 0
    until: int = 0
    asked: list[int] = field(default_factory=list[int])
    """When calls asked in the ramp, one by one."""
    passed: int = 0
    """Calls that the ramp let through."""

    def out(self) -> list[Admission]:
        """The probes that still hold a lease."""
        return [p for p in self.probes if p.verdict is None and not p.is_lost]

    def count(self, verdict: Verdict) -> int:
        """How many probes ended with this verdict."""
        return sum(p.verdict == verdict for p in self.probes)

    def taken(self) -> int:
        """Places that are taken: by a lease, a success or a failure."""
        return len(self.out()) + self.count("success") + self.count("failure")

    def credit(self) -> Fraction:
        """
        Calls that may pass by now and did not: each that asked brings the share of its instant, on a straight line
        from 10 % to all. Nine tenths were a present, so that the first passes.
        """
        length = self.until - self.began
        tenths = sum(length + 9 * (at - self.began) for at in self.asked)
        return Fraction(9, 10) + Fraction(tenths, 10 * length) - self.passed


class Model:
    """A circuit as the specification tells it, as a list of eras and one hold over it."""

    def __init__(self, rules: ModelRules) -> None:
        self.rules = rules
        self.eras = [Era(1, "closed")]
        self.mode: Mode | None = None
        self.hold_until: int | None = None
        self.spell = 0
        self.healed = 0

    @property
    def era(self) -> Era:
        """The era of now; a hold is an era of its own kind of numbers, over what is beneath."""
        return self.eras[-1]

    def is_held(self, now: int) -> bool:
        """Whether a hold binds at this instant."""
        return self.mode is not None and (self.hold_until is None or now < self.hold_until)

    def reads(self, now: int) -> str:
        """The effective state."""
        if self.is_held(now):
            assert self.mode is not None
            return self.mode
        match self.era.kind:
            case "open":
                return "open" if now < self.era.until else "half_open"
            case "ramp":
                return "half_open" if now < self.era.until else "closed"
            case kind:
                return kind

    def _begin(self, kind: Kind) -> Era:
        self.eras.append(Era(self.era.number + 1, kind))
        return self.era

    def _continue(self, kind: Kind | None = None) -> None:
        """
        A new era in which the old one goes on: its tickets are void, what it knew and its instants
        stay; only what probes brought does not.
        """
        old = self.era
        new = self._begin(kind or old.kind)
        new.began, new.until, new.record = old.began, old.until, old.record
        new.asked, new.passed = old.asked, old.passed

    def end_hold(self) -> None:
        """What was beneath goes on."""
        self.mode = self.hold_until = None
        self._continue()

    def is_due(self, now: int) -> bool:
        """Whether a hold or a ramp is still written down although its time is over."""
        if self.mode is not None:
            return not self.is_held(now)
        return self.era.kind == "ramp" and now >= self.era.until

    def _time_passed(self, now: int) -> None:
        """What is due is written off."""
        if self.mode is not None and self.is_due(now):
            self.end_hold()
        if self.mode is None and self.is_due(now):
            self._continue("closed")

    def admit(
        self, now: int, chance_eighths: int = 0, overdue: int = 0, *, hint: bool = True
    ) -> Admission | No:
        """
        An admission, or `no` with the ticks until it is worth asking again (None:
        nobody knows). The hint decides only where a ramp is within a hair of a whole call.
        """
        self._time_passed(now)
        if self.mode == "forced_open":
            return "no", None if self.hold_until is None else self.hold_until - now
        if self.mode is not None:
            return Admission(self.era.number)
        if self.era.kind in {"closed", "ramp"} and overdue and self.is_hanging(now, overdue):
            self._open(now, chance_eighths)
        match self.era.kind:
            case "closed":
                return self._admit_closed(now, chance_eighths)
            case "ramp":
                return self._admit_ramp(now, hint=hint)
            case "open" if now < self.era.until:
                return "no", self.era.until - now
            case "open":
                self._begin("half_open")
                return self._admit_probe(now)
            case "half_open":
                return self._admit_probe(now)

    def refused_share(self, now: int) -> Fraction:
        """Of the requests, that throttling refuses; at most nine tenths."""
        if self.rules.throttle_halves is None:
            return Fraction(0)
        seen = self.era.record.seen(self.rules, now)
        allowed = Fraction(self.rules.throttle_halves * seen.accepted, 2)
        too_many = (seen.requests - allowed) / (seen.requests + 1)
        return sorted([Fraction(0), too_many, Fraction(9, 10)])[1]

    def _admit_closed(self, now: int, chance_eighths: int) -> Admission | No:
        passes = Fraction(chance_eighths, 8) >= self.refused_share(now)
        request = self._asked(now, passed=passes)
        if passes:
            return Admission(self.era.number, request=request)
        return "no", self.rules.part

    def _admit_ramp(self, now: int, *, hint: bool) -> Admission | No:
        era = self.era
        era.asked.append(now)
        missing = 1 - era.credit()
        passes = hint if abs(missing) < HAIR else missing <= 0
        request = self._asked(now, passed=passes)
        if passes:
            era.passed += 1
            return Admission(era.number, request=request)
        a_tenth = Fraction(era.until - era.began, 10)
        return "no", min(a_tenth, Fraction(era.until - now))

    def _asked(self, now: int, *, passed: bool) -> Request | None:
        if self.rules.throttle_halves is None:
            return None
        return self.era.record.asked(self.rules, now, passed=passed)

    def _admit_probe(self, now: int) -> Admission | No:
        for probe in self.era.out():
            probe.is_lost = now >= ends_of(probe)
        if not self.era.out() and self.era.taken() >= self.rules.probes:
            # Fewer probes are allowed than when these ran. None is out to decide, so the count
            # begins again.
            self.era.probes = []
        if self.era.taken() >= self.rules.probes:
            ends = [ends_of(p) - now for p in self.era.out()]
            return "no", min(ends, default=None)
        probe = Admission(self.era.number, now + self.rules.lease)
        self.era.probes.append(probe)
        return probe

    def settle(
        self,
        admission: Admission,
        verdict: Verdict,
        now: int,
        chance_eighths: int,
        overdue: int = 0,
        *,
        slow: bool = False,
    ) -> None:
        """
        Write the verdict on the timeline of its era, if that era is still on, and draw the
        conclusion.
        """
        self._time_passed(now)
        if self.mode is not None or admission.era != self.era.number:
            return
        if self.era.kind != "half_open":
            self._settle_plain(admission, verdict, now, chance_eighths, overdue, slow=slow)
        elif not admission.is_lost and admission.verdict is None:
            admission.verdict = "failure" if slow and self._is_too_late(verdict) else verdict
            if (
                verdict != "neutral"
            ):  # a cancelled probe proves nothing, so nothing is concluded from it
                self._settle_probe(now, chance_eighths)

    def _is_too_late(self, verdict: Verdict) -> bool:
        """Whether an answer that was slow says that all is not well yet, good as it is."""
        return verdict == "success" and self.rules.slow_hundredths is not None

    def _settle_plain(
        self,
        admission: Admission,
        verdict: Verdict,
        now: int,
        chance_eighths: int,
        overdue: int,
        *,
        slow: bool,
    ) -> None:
        record = self.era.record
        if verdict == "neutral":
            if admission.request:
                record.struck_out(admission.request)
            return
        record.ended(self.rules, now, verdict, slow=slow)
        if self.is_broken(now, overdue):
            self._open(now, chance_eighths)

    def is_broken(self, now: int, overdue: int = 0) -> bool:
        """Whether any rule says open."""
        rules, seen = self.rules, self.era.record.seen(self.rules, now)
        row = rules.failure_threshold
        return (
            self.is_hanging(now, overdue)
            or self._is_reached(rules.failure_hundredths, seen.failures, seen.calls)
            or (row is not None and self.era.record.row() >= row)
        )

    def is_hanging(self, now: int, overdue: int) -> bool:
        """Whether too many are slow, among them what is overdue: an attempt, and slow, whatever becomes of it."""
        seen = self.era.record.seen(self.rules, now)
        slow, calls = seen.slow + overdue, seen.calls + overdue
        return self._is_reached(self.rules.slow_hundredths, slow, calls)

    def _is_reached(self, hundredths: int | None, bad: int, calls: int) -> bool:
        enough = calls >= self.rules.minimum_calls
        return hundredths is not None and enough and 100 * bad >= hundredths * calls

    def _settle_probe(self, now: int, chance_eighths: int) -> None:
        if self.era.count("success") >= self.rules.probes_to_close:
            self.healed = now
            era = self._begin("ramp" if self.rules.ramp else "closed")
            era.began, era.until = now, now + self.rules.ramp
        elif self.rules.probes - self.era.count("failure") < self.rules.probes_to_close:
            self._open(now, chance_eighths)

    def _open(self, now: int, chance_eighths: int) -> None:
        if self.era.kind != "half_open":  # it was well for a while, which is forgiven by periods
            self.spell = max(0, self.spell - (now - self.healed) // self.rules.decay)
        self.spell += 1
        length = self.rules.reset_timeout
        bound = DAY if self.rules.reset_timeout_max is None else self.rules.reset_timeout_max
        for _ in range(self.spell - 1):
            length = min(length * self.rules.backoff, bound)
        stretched = length * (64 + self.rules.jitter_eighths * chance_eighths)
        assert stretched % 64 == 0, "the test chose times that do not come out whole"
        era = self._begin("open")
        era.began, era.until = now, now + stretched // 64

    def hold(self, mode: Mode, until: int | None) -> None:
        """Bind it; a hold before is replaced, what is beneath stays."""
        self._continue()
        self.mode, self.hold_until = mode, until

    def release(self) -> None:
        """End a hold; nothing when there is none."""
        if self.mode is not None:
            self.end_hold()

    def reset(self) -> None:
        """Closed, with nothing counted, first spell to come."""
        self.mode = self.hold_until = None
        self.spell = self.healed = 0
        self._begin("closed")
