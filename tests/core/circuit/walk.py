"""
Owns the single moves of a real circuit and its model side by side; what several of them make together
is left to journey, which moves and in what order to the tests.
"""

from __future__ import annotations

from collections import Counter
from fractions import Fraction

import pytest
from hypothesis import event

from switchgear.core.circuit import (
    Circuit,
    Closed,
    HalfOpen,
    Held,
    Open,
    Ramp,
    Refusal,
    Rules,
    Settlement,
    Ticket,
    admit,
    hold,
    peek,
    release,
    reset,
    settle,
)
from switchgear.core.circuit.window import Counts, counted
from switchgear.core.words import CircuitState
from tests.core.circuit.model import Admission, Mode, Model
from tests.core.circuit.record import TICKS, ModelRules, Verdict

SETTLEMENTS: dict[Verdict, Settlement] = {
    "success": Settlement.SUCCESS,
    "failure": Settlement.FAILURE,
    "neutral": Settlement.NEUTRAL,
}
MODES: tuple[Mode, ...] = ("forced_open", "forced_closed", "metrics_only")
CERTAIN = 7  # eighths: a chance that throttling refuses only when nearly all is refused
NOW_MAX = 2**45  # beyond it a float has no room for a tick

seen: Counter[str] = Counter()
"""How often the walks reached what they are for; read after them, so that an idle walk fails."""


def note(what: str) -> None:
    """Count a thing that the walks must reach, for hypothesis and for us."""
    seen[what] += 1
    event(what)


def seconds(ticks: int | Fraction) -> float:
    """The same time for the real circuit; exact for whole ticks, each of which is a power of two of a second."""
    return float(ticks / TICKS)


def share(parts: int | None, whole: int) -> float | None:
    """The same share for the real circuit, as somebody would write it into the settings."""
    return None if parts is None else parts / whole


def real_rules(rules: ModelRules) -> Rules:
    """The same settings for the real circuit."""
    bound = rules.reset_timeout_max
    return Rules(
        failure_threshold=rules.failure_threshold,
        failure_rate=share(rules.failure_hundredths, 100),
        slow_call_rate=share(rules.slow_hundredths, 100),
        window_calls=rules.window_calls,
        window_s=seconds(rules.window),
        minimum_calls=rules.minimum_calls,
        throttle_ratio=share(rules.throttle_halves, 2),
        reset_timeout_s=seconds(rules.reset_timeout),
        reset_timeout_s_max=None if bound is None else seconds(bound),
        reset_backoff=float(rules.backoff),
        reset_jitter=rules.jitter_eighths / 8,
        reset_decay_s=seconds(rules.decay),
        probes=rules.probes,
        probes_to_close=rules.probes_to_close,
        probe_lease_s=seconds(rules.lease),
        ramp_s=seconds(rules.ramp),
    )


class Walk:
    """One circuit and its model, moved alike; `same` says whether anybody could tell them apart."""

    def __init__(self, rules: ModelRules | None = None, start: int = 0) -> None:
        self.now = start
        self.rules = rules or ModelRules()
        self.real_rules = real_rules(self.rules)
        self.real = Circuit.new()
        self.model = Model(self.rules)
        self.out: list[tuple[Ticket, Admission]] = []
        self.used_probes: list[tuple[Ticket, Admission]] = []

    @property
    def now_s(self) -> float:
        """The same instant for the real circuit."""
        return seconds(self.now)

    def reads(self) -> CircuitState:
        """The effective state of the real one."""
        return peek(self.real, self.now_s)

    def where(self) -> str:
        """The effective state, a ramp told apart."""
        state = self.real.state
        if isinstance(state, Ramp) and self.now_s < state.until_s:
            return "ramp"
        return self.reads().value

    def admit(self, chance: int = CERTAIN, overdue: int = 0) -> bool:
        """One admission on both sides; whether there was one."""
        was, before = self.where(), self.real.state
        self.real, answer = admit(self.real, self.real_rules, self.now_s, chance / 8, overdue)
        expected = self.model.admit(self.now, chance, overdue, hint=isinstance(answer, Ticket))
        self._note_move("overdue", before)
        if isinstance(expected, Admission):
            assert isinstance(answer, Ticket)
            assert answer.generation == self.real.generation
            assert (answer.probe > 0) == (expected.ends is not None)
            self.out.append((answer, expected))
            note(f"admitted {was}")
            if overdue and self.model.is_broken(self.now):
                note("only the slow rate looks at an admission")
            return True
        assert isinstance(answer, Refusal)
        wait = expected[1]
        if wait is None:
            assert not answer.retry_after_s, "nobody knows when, so no time may be promised"
        else:
            assert answer.retry_after_s == seconds(wait)
        assert answer.reason, "a refusal says why, in words"
        throttled = isinstance(self.real.state, Closed)
        note("throttled" if throttled else f"refused {was}")
        if was == "ramp" and self.rules.throttle_halves is not None:
            note("refused ramp that throttles")
        return False

    def settle(
        self, which: int, verdict: Verdict, chance: int, overdue: int = 0, *, slow: bool = False
    ) -> None:
        """Settle one of the tickets that are out; -1 is the newest."""
        pair = self.out.pop(which if which < 0 else which % len(self.out))
        if pair[0].probe:
            self.used_probes.append(pair)
        self.settle_pair(pair, verdict, chance, overdue, slow=slow)

    def settle_probe_again(self, which: int, verdict: Verdict) -> None:
        """A probe settled twice: the second changes nothing, whatever it brings."""
        before, due = self.real, self.model.is_due(self.now)
        self.settle_pair(self.used_probes[which % len(self.used_probes)], verdict, 0)
        assert self.real == before or due

    def settle_pair(
        self,
        pair: tuple[Ticket, Admission],
        verdict: Verdict,
        chance: int,
        overdue: int = 0,
        *,
        slow: bool = False,
    ) -> None:
        """One settlement on both sides."""
        ticket, admission = pair
        before, is_current = self.real, ticket.generation == self.real.generation
        due, settlement = self.model.is_due(self.now), SETTLEMENTS[verdict]
        self.real = settle(
            before,
            ticket,
            settlement,
            self.real_rules,
            self.now_s,
            chance / 8,
            "boom",
            slow=slow,
            overdue=overdue,
        )
        if is_current:
            self._note_end(admission, verdict, slow=slow)
        else:
            assert self.real == before or due, "a ticket of another generation changed something"
            note(f"stale {verdict} in {self.where()}")
        self.model.settle(admission, verdict, self.now, chance, overdue, slow=slow)
        self._note_move(
            f"{verdict} by rate" if self.rules.failure_threshold is None else "", before.state
        )

    def _note_end(self, admission: Admission, verdict: Verdict, *, slow: bool) -> None:
        record = self.model.era.record
        if admission.ends is not None:
            note(f"probe {verdict}")
            if slow and verdict == "success" and self.rules.slow_hundredths is not None:
                note("slow probe")
        elif verdict == "neutral" and admission.request in record.requests:
            age = self.now // self.rules.part - admission.request.at // self.rules.part
            note("request of an older tenth ends neutral" if age else "request ends neutral")
        elif verdict == "neutral" and admission.request is not None:
            note("request that was torn up ends neutral")
        elif verdict != "neutral" and record.samples and not self.rules.look_back:
            note("window let go")

    def _note_move(self, cause: str, before: object) -> None:
        after = self.real.state
        if type(after) is not type(before):
            note(f"{type(before).__name__} to {type(after).__name__}")
            if isinstance(before, Closed | Ramp) and isinstance(after, Open) and cause:
                note(f"opened by {cause}")

    def lose(self, which: int) -> None:
        """A ticket whose holder died: it is never settled."""
        ticket, _ = self.out.pop(which % len(self.out))
        note("lost probe" if ticket.probe else "lost ticket")

    def wait(self, step: int) -> None:
        """The clock goes on, by nothing, by a little or by decades."""
        self.now = min(self.now + step, NOW_MAX)

    def hold(self, mode: Mode, length: int | None) -> None:
        """A person holds it, over whatever is there, a hold too."""
        until = None if length is None else self.now + length
        before, until_s = self.real, None if until is None else seconds(until)
        self.real = hold(before, CircuitState(mode), self.now_s, until_s, "ops", "because")
        assert self.real.generation > before.generation
        self.model.hold(mode, until)
        note(f"held {type(before.state).__name__}")

    def release(self) -> None:
        """A person lets go; without a hold nothing happens."""
        before = self.real
        self.real = release(before, self.now_s)
        self.model.release()
        if isinstance(before.state, Held):
            assert self.real.generation > before.generation
        else:
            assert self.real == before

    def reset(self) -> None:
        """A person says that all is well."""
        before = self.real
        self.real = reset(before)
        self.model.reset()
        assert self.real.generation > before.generation
        note(f"reset {type(before.state).__name__}")

    def reconfigure(self, rules: ModelRules) -> None:
        """Other settings, live: what is written down stays."""
        self.rules = self.model.rules = rules
        self.real_rules = real_rules(rules)
        note(f"reconfigured {self.where()}")

    def same(self) -> None:
        """The real circuit and the model are the same, as far as anybody can see."""
        assert self.reads().value == self.model.reads(self.now)
        assert self.real.spell == self.model.spell
        assert self.real.healed_s == seconds(self.model.healed)
        state = self.real.state
        assert isinstance(state, Held) == (self.model.mode is not None)
        if isinstance(state, Held):
            until = self.model.hold_until
            assert state.until_s == (None if until is None else seconds(until))
            state = state.beneath
        self._same_beneath(state)
        for ticket, admission in self.out:
            is_current = ticket.generation == self.real.generation
            assert is_current == (admission.era == self.model.era.number)

    def _same_beneath(self, state: Closed | Open | HalfOpen | Ramp) -> None:
        era = self.model.era
        match state:
            case Closed():
                assert era.kind == "closed"
                self._same_counts(state)
            case Open():
                assert era.kind == "open"
                assert (state.since_s, state.until_s) == (seconds(era.began), seconds(era.until))
            case HalfOpen():
                assert era.kind == "half_open"
                if self.model.mode is None:  # a hold makes void what the probes brought
                    counts = (state.successes, state.failures, len(state.leases))
                    assert counts == (era.count("success"), era.count("failure"), len(era.out()))
            case Ramp():
                assert era.kind == "ramp"
                assert (state.since_s, state.until_s) == (seconds(era.began), seconds(era.until))
                assert state.credit == pytest.approx(float(era.credit()), abs=1e-9)
                self._same_counts(state.counted)

    def _same_counts(self, state: Closed) -> None:
        record = self.model.era.record
        assert state.failures == record.row()
        counts = counted(state.window, self.real_rules, self.now_s)
        assert counts == Counts(*record.seen(self.rules, self.now))
