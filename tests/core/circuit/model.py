"""
Owns a second, independent circuit for the tests to compare with; it shares no code and no shape
with the real one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

TICKS = 8
"""
Ticks in one second: every time of the model is a whole number of ticks, so nothing
is rounded.
"""

DAY = 86_400 * TICKS

Kind = Literal["closed", "open", "half_open"]
Mode = Literal["forced_open", "forced_closed", "metrics_only"]
Verdict = Literal["success", "failure", "neutral"]


@dataclass
class ModelRules:
    """The settings, in ticks and eighths where the real ones are seconds and shares."""

    failure_threshold: int = 3
    reset_timeout: int = 30 * TICKS
    reset_timeout_max: int | None = None
    backoff: int = 1
    jitter_eighths: int = 0
    probes: int = 1
    probes_to_close: int = 1
    lease: int = 30 * TICKS


@dataclass(eq=False)
class Admission:
    """One admitted attempt, kept on the timeline of the era it was admitted in."""

    era: int
    ends: int | None = None
    """When the lease of a probe is over, as it was agreed at its grant; None: not a probe."""
    verdict: Verdict | None = None
    is_lost: bool = False


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
    verdicts: list[Verdict] = field(default_factory=list["Verdict"])
    probes: list[Admission] = field(default_factory=list["Admission"])
    began: int = 0
    until: int = 0

    def streak(self) -> int:
        """Failures since the last success; a neutral verdict is not written down."""
        run = 0
        for verdict in reversed(self.verdicts):
            if verdict == "success":
                break
            run += 1
        return run

    def out(self) -> list[Admission]:
        """The probes that still hold a lease."""
        return [p for p in self.probes if p.verdict is None and not p.is_lost]

    def count(self, verdict: Verdict) -> int:
        """How many probes ended with this verdict."""
        return sum(p.verdict == verdict for p in self.probes)

    def taken(self) -> int:
        """Places that are taken: by a lease, a success or a failure."""
        return len(self.out()) + self.count("success") + self.count("failure")


class Model:
    """A circuit as the specification tells it, as a list of eras and one hold over it."""

    def __init__(self, rules: ModelRules) -> None:
        self.rules = rules
        self.eras = [Era(1, "closed")]
        self.mode: Mode | None = None
        self.hold_until: int | None = None
        self.spell = 0

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
        if self.era.kind == "open" and now >= self.era.until:
            return "half_open"
        return self.era.kind

    def _begin(self, kind: Kind) -> Era:
        self.eras.append(Era(self.era.number + 1, kind))
        return self.era

    def _continue(self) -> None:
        """
        A new era of the same kind: old tickets are void, closed keeps its streak, open its
        instants.
        """
        old = self.era
        new = self._begin(old.kind)
        new.began, new.until = old.began, old.until
        if old.kind == "closed":
            new.verdicts = list(old.verdicts)

    def end_hold(self) -> None:
        """What was beneath goes on."""
        self.mode = self.hold_until = None
        self._continue()

    def has_expired(self, now: int) -> bool:
        """Whether a hold is still written down although its time is over."""
        return self.mode is not None and not self.is_held(now)

    def admit(self, now: int) -> Admission | tuple[Literal["no"], int | None]:
        """
        An admission, or `no` with the ticks until it is worth asking again (None:
        nobody knows).
        """
        if self.has_expired(now):
            self.end_hold()
        if self.mode == "forced_open":
            return "no", None if self.hold_until is None else self.hold_until - now
        if self.mode is not None or self.era.kind == "closed":
            return Admission(self.era.number)
        if self.era.kind == "open":
            if now < self.era.until:
                return "no", self.era.until - now
            self._begin("half_open")
        return self._admit_probe(now)

    def _admit_probe(self, now: int) -> Admission | tuple[Literal["no"], int | None]:
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

    def settle(self, admission: Admission, verdict: Verdict, now: int, chance_eighths: int) -> None:
        """
        Write the verdict on the timeline of its era, if that era is still on, and draw the
        conclusion.
        """
        if self.mode is not None or admission.era != self.era.number:
            return
        if self.era.kind == "closed":
            self._settle_closed(verdict, now, chance_eighths)
        elif not admission.is_lost and admission.verdict is None:
            admission.verdict = verdict
            if (
                verdict != "neutral"
            ):  # a cancelled probe proves nothing, so nothing is concluded from it
                self._settle_probe(now, chance_eighths)

    def _settle_closed(self, verdict: Verdict, now: int, chance_eighths: int) -> None:
        if verdict == "neutral":
            return
        self.era.verdicts.append(verdict)
        if verdict == "failure" and self.era.streak() >= self.rules.failure_threshold:
            self._open(now, chance_eighths)

    def _settle_probe(self, now: int, chance_eighths: int) -> None:
        if self.era.count("success") >= self.rules.probes_to_close:
            self.spell = 0
            self._begin("closed")
        elif self.rules.probes - self.era.count("failure") < self.rules.probes_to_close:
            self._open(now, chance_eighths)

    def _open(self, now: int, chance_eighths: int) -> None:
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
        """Closed, with nothing counted."""
        self.mode = self.hold_until = None
        self.spell = 0
        self._begin("closed")
