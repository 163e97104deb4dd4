"""
Owns what several moves make together: a burst, a crowd, an outage, a recovery, a reload and its undoing;
the single moves are left to walk.
"""

from __future__ import annotations

from dataclasses import replace
from math import gcd
from typing import TYPE_CHECKING

from switchgear.core.words import CircuitState
from tests.core.circuit.record import TICKS
from tests.core.circuit.walk import CERTAIN, Walk, note

if TYPE_CHECKING:
    from tests.core.circuit.record import Verdict

ENDS: tuple[Verdict, ...] = ("success", "failure", "success", "neutral")
ROUNDS_TO_HEAL = 20  # more than any set of rules in these tests needs
ROUNDS_TO_OPEN = 12


class Journey(Walk):
    """A walk by what happens to an exchange, where chance alone would seldom make the moves meet."""

    def burst(self, pattern: bytes, overdue: int = 0) -> None:
        """Calls one after another; each byte says whether one fails, is slow, or proves nothing."""
        for byte in pattern:
            if self.admit(byte // 32):
                self.settle(-1, ENDS[byte % 4], byte // 32, overdue, slow=byte // 4 % 2 == 1)

    def crowd(self, pattern: bytes, overdue: int = 0) -> None:
        """Calls that all begin before the first of them ends; then those that passed end, the oldest first."""
        passed = sum(self.admit(byte // 32) for byte in pattern)
        for byte in pattern[-passed:] if passed else b"":
            self.settle(-passed, ENDS[byte % 4], byte // 32, overdue, slow=byte // 4 % 2 == 1)
            passed -= 1

    def wait_for_the_edge(self, which: int, offset: int) -> None:
        """The clock goes to just before, to, or just after an instant at which something ends."""
        era, part = self.model.era, self.rules.part
        edges = [era.until] if era.kind in {"open", "ramp"} else []
        edges += [p.ends for p in era.out() if p.ends is not None]
        edges += [] if self.model.hold_until is None else [self.model.hold_until]
        dates = [sample.at for sample in era.record.samples[:3]]
        dates += [request.at for request in era.record.requests[-2:]]
        edges += [(at // part + parts) * part for at in dates for parts in (1, 10)]
        edges += [self.model.healed + self.rules.decay * n for n in range(1, 4)]
        ahead = [edge + offset for edge in edges if edge + offset > self.now]
        if ahead:
            self.now = ahead[which % len(ahead)]
            note(f"edge {offset:+d}")

    def fail_until_open(self, chance: int, probes: int) -> None:
        """
        Calls fail until it opens, and probes go out when its time comes; chance alone gets there
        seldom.
        """
        for _ in range(ROUNDS_TO_OPEN):
            if self.model.era.kind == "closed" and self.admit():
                self.settle(-1, "failure", chance, slow=chance > 3)
        if probes and self.model.era.kind == "open":
            self.now = max(self.now, self.model.era.until)
            for _ in range(probes):
                self.admit()

    def recover(self, times: int) -> None:
        """Where it is open or probing, the probes succeed, and some calls ask at once."""
        if self.model.mode is None and self.model.era.kind in {"open", "half_open"}:
            self.now = max(self.now, self.model.era.until)
            for _ in range(self.rules.probes_to_close):
                if self.where() in {"open", "half_open"} and self.admit():
                    self.settle(-1, "success", 0)
        for _ in range(times):
            self.admit()

    def stop_looking(self) -> None:
        """For one failure no rule looks back; then the old settings are in force again, over what is left."""
        rules = self.rules
        self.reconfigure(
            replace(rules, failure_hundredths=None, slow_hundredths=None, throttle_halves=None)
        )
        if self.admit():
            self.settle(-1, "failure", 0)
        self.reconfigure(rules)

    def overload(self, size: int, halves: int) -> None:
        """From a clean slate a crowd is let through whole, fails call by call, and others ask meanwhile."""
        self.reset()
        self.reconfigure(
            replace(
                self.rules,
                failure_threshold=None,
                failure_hundredths=None,
                slow_hundredths=None,
                throttle_halves=halves,
                window_calls=None,
            )
        )
        began = len(self.out)
        self.crowd_begins(size)
        for number in range(size):
            self.settle(began, "failure" if number % 5 else "neutral", 0)
            self.admit(number % 7)

    def crowd_begins(self, size: int) -> None:
        """So many calls at once, on a circuit that saw nothing: each passes, were chance ever so much against it."""
        for _ in range(size):
            assert self.admit(0), "calls that begin together are no sign of overload"
        note("crowd let through")

    def reach_rate(self, hundredths: int) -> None:
        """From a clean slate exactly so many fail of the fewest attempts of which that is a whole number."""
        calls = 100 // gcd(hundredths, 100)
        failures = hundredths * calls // 100
        self.reset()
        self.reconfigure(
            replace(
                self.rules,
                failure_threshold=None,
                failure_hundredths=hundredths,
                slow_hundredths=None,
                throttle_halves=None,
                window_calls=calls,
                minimum_calls=calls,
            )
        )
        for number in range(calls):
            if self.admit():
                self.settle(-1, "failure" if number < failures else "success", 0)
        assert self.model.era.kind == "open"
        note("rate reached exactly")

    def ask_late_in_ramp(self, times: int) -> None:
        """In a ramp, calls ask when less than a tenth of it is left."""
        era = self.model.era
        late = era.until - (era.until - era.began) // 20
        if era.kind == "ramp" and self.now < late and self.model.mode is None:
            self.now = late
            passed = sum(self.admit() for _ in range(times))
            if passed < times:
                note("refused late in a ramp")

    def judge_harder(self, overdue: int) -> None:
        """A failure, and then rules by which it is one too many: the next end says so, and no admission does."""
        if self.admit():
            self.settle(-1, "failure", 0)
        self.reconfigure(replace(self.rules, failure_threshold=1))
        self.admit(CERTAIN, overdue)

    def cancel_late(self, tenths: int) -> None:
        """A call is cancelled some tenths of the window after it began, and others have begun since."""
        if self.admit():
            which = len(self.out) - 1
            self.wait(tenths * self.rules.part)
            self.admit()
            self.settle(which, "neutral", 0)

    def heal(self) -> None:
        """From anywhere, an exchange that is well again is found well: nothing is wedged."""
        note(f"healed from {self.where()}")
        self.release()
        self.out = []
        for _ in range(ROUNDS_TO_HEAL):
            if self.reads() is CircuitState.CLOSED:
                break
            self.now += 200_000 * TICKS
            if self.admit():
                self.settle(-1, "success", 0)
        assert self.reads() is CircuitState.CLOSED, "it is wedged"
