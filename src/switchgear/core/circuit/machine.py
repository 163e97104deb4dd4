"""
Owns how a circuit moves: admit, settle, hold, release, reset, each a function from a circuit to a circuit.

Late results change nothing: every move to another kind of state gives a new generation, and a ticket
of an older one is dropped whole, its success, its failure and its place alike.
"""

from __future__ import annotations

from dataclasses import replace
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple, assert_never

from switchgear.core.circuit.rules import (
    RAMP_SHARE,
    Rules,
    broken,
    open_time_s,
    ramp_share,
    spell_after,
    throttled_share,
    too_slow,
)
from switchgear.core.circuit.state import CLEAN, Closed, HalfOpen, Held, Open, Ramp
from switchgear.core.circuit.window import BUCKETS, asked, counted, kept, part_of, sampled, unasked
from switchgear.core.words import CircuitState

if TYPE_CHECKING:
    from switchgear.core.circuit.state import State
    from switchgear.core.circuit.window import Part


class Settlement(Enum):
    """How an attempt ended, for the circuit."""

    SUCCESS = "success"
    FAILURE = "failure"
    NEUTRAL = "neutral"
    """It proves nothing; its place is given back."""


class Ticket(NamedTuple):
    """One admission of one attempt."""

    generation: int
    probe: int = 0
    """Number of the probe's lease; 0 for an attempt that is no probe."""
    counted_in: Part | None = None
    """Where it was counted as a request, where throttling counts."""


class Refusal(NamedTuple):
    """No admission now, and when to ask again."""

    retry_after_s: float | None
    reason: str


class Circuit(NamedTuple):
    """A circuit at one instant; every function here returns another. A tuple, as Closed is and for its reason."""

    state: State = CLEAN
    generation: int = 1
    spell: int = 0
    """Openings that still make the open time grow: one more with each, one less for each reset_decay_s closed."""
    healed_s: float = 0.0
    """When it last closed after an opening."""

    @classmethod
    def new(cls) -> Circuit:
        """A closed circuit that has seen nothing."""
        return cls()


def admit(
    circuit: Circuit, rules: Rules, now_s: float, chance: float = 0.0, overdue: int = 0
) -> tuple[Circuit, Ticket | Refusal]:
    """
    The circuit after asking, and a ticket or a refusal that says when to ask again.

    Args:
        circuit: As it stands.
        rules: As they stand now.
        now_s: Monotonic seconds.
        chance: A random number in [0, 1); for throttling, and for the jitter where this opens the circuit.
        overdue: Attempts of this generation that are out for longer than slow_call_s.
    """
    circuit = elapsed(circuit, now_s)
    match circuit.state:
        case Closed() as state:
            return _admit_closed(circuit, state, rules, now_s, chance, overdue)
        case Ramp() as state:
            return _admit_ramp(circuit, state, rules, now_s, chance, overdue)
        case Open() as state if now_s < state.until_s:
            return circuit, Refusal(state.until_s - now_s, f"circuit open: {state.reason}")
        case Open() as state:
            return _probe(_moved(circuit, HalfOpen(now_s, reason=state.reason)), rules, now_s)
        case HalfOpen():
            return _probe(circuit, rules, now_s)
        case Held() as state:
            return circuit, _held_answer(circuit, state, now_s)
        case _:
            assert_never(circuit.state)


def settle(
    circuit: Circuit,
    ticket: Ticket,
    settlement: Settlement,
    rules: Rules,
    now_s: float,
    chance: float = 0.0,
    reason: object = "",
    *,
    slow: bool = False,
    overdue: int = 0,
) -> Circuit:
    """
    The circuit after an attempt ended.

    Args:
        circuit: As it stands now, which may be a later generation than the ticket's.
        ticket: What admitted the attempt; of another generation, it changes nothing.
        settlement: How the attempt ended.
        rules: As they stand now.
        now_s: Monotonic seconds.
        chance: A random number in [0, 1), used only if this settlement opens the circuit.
        reason: Why it failed; turned into words, and kept, only if this settlement opens the circuit.
        slow: It took longer than slow_call_s, or was cut by its timeout.
        overdue: Other attempts of this generation that are out for longer than slow_call_s.
    """
    if type(circuit.state) is not Closed:  # every failing attempt asks
        circuit = elapsed(circuit, now_s)
    if ticket.generation != circuit.generation:
        return circuit
    match circuit.state:
        case Closed() as state:
            after = _counted(state, ticket, settlement, rules, now_s, slow=slow)
        case Ramp(counted=state) as ramp:
            after = _counted(state, ticket, settlement, rules, now_s, slow=slow)
            circuit = _with(circuit, ramp._replace(counted=after))
        case HalfOpen() as probing:
            # What opened for slowness is not healed by an answer that is as slow.
            if slow and rules.slow_call_rate is not None and settlement is Settlement.SUCCESS:
                settlement, reason = Settlement.FAILURE, "it was slow"
            return _settle_probe(circuit, probing, ticket, settlement, rules, now_s, chance, reason)
        case _:
            return circuit
    if after is state:
        return circuit
    # What is neutral concludes nothing, even when a reload has moved the numbers meanwhile.
    neutral = settlement is Settlement.NEUTRAL
    why = "" if neutral else _why_broken(after, rules, now_s, overdue)
    if why:
        last = f", last {reason}" if settlement is Settlement.FAILURE else ""
        return _opened(circuit, rules, now_s, chance, f"{why}{last}")
    return circuit if isinstance(circuit.state, Ramp) else _with(circuit, after)


def peek(circuit: Circuit, now_s: float) -> CircuitState:
    """What the circuit does at this instant, without touching it: an open one whose time has come reads half-open."""
    match elapsed(circuit, now_s).state:
        case Closed():
            return CircuitState.CLOSED
        case Open() as state:
            return CircuitState.OPEN if now_s < state.until_s else CircuitState.HALF_OPEN
        case HalfOpen() | Ramp():
            return CircuitState.HALF_OPEN
        case Held() as state:
            return state.mode


def elapsed(circuit: Circuit, now_s: float) -> Circuit:
    """The circuit after a hold or a ramp whose time is over; an open one stays, for a probe must be asked for."""
    circuit = _hold_ended(circuit, now_s)
    state = circuit.state
    if isinstance(state, Ramp) and now_s >= state.until_s:
        return _moved(circuit, state.counted)
    return circuit


def hold(
    circuit: Circuit,
    mode: CircuitState,
    now_s: float,
    until_s: float | None = None,
    by: str = "",
    why: str = "",
) -> Circuit:
    """The circuit held by a person: forced open, forced closed or metrics only; a second hold replaces the first."""
    state = _hold_ended(circuit, now_s).state
    beneath = state.beneath if isinstance(state, Held) else state
    return _moved(circuit, Held(mode, now_s, until_s, by, why, beneath))


def release(circuit: Circuit, now_s: float) -> Circuit:
    """The circuit as it was before the hold; unchanged where there is none."""
    circuit = _hold_ended(circuit, now_s)
    return _unheld(circuit, circuit.state, now_s) if isinstance(circuit.state, Held) else circuit


def reset(circuit: Circuit) -> Circuit:
    """Closed, with nothing remembered; a hold is ended too."""
    return Circuit(CLEAN, circuit.generation + 1)


def _with(circuit: Circuit, state: State) -> Circuit:
    return Circuit(state, circuit.generation, circuit.spell, circuit.healed_s)


def _moved(circuit: Circuit, state: State) -> Circuit:
    return Circuit(state, circuit.generation + 1, circuit.spell, circuit.healed_s)


def _hold_ended(circuit: Circuit, now_s: float) -> Circuit:
    state = circuit.state
    if isinstance(state, Held) and state.until_s is not None and now_s >= state.until_s:
        return _unheld(circuit, state, state.until_s)
    return circuit


def _unheld(circuit: Circuit, held: Held, now_s: float) -> Circuit:
    beneath = held.beneath
    if isinstance(beneath, HalfOpen):
        # Its probes are of an older generation now and can never settle: it starts again.
        beneath = HalfOpen(now_s, reason=beneath.reason)
    return _moved(circuit, beneath)


def _held_answer(circuit: Circuit, held: Held, now_s: float) -> Ticket | Refusal:
    if held.mode is not CircuitState.FORCED_OPEN:
        return Ticket(circuit.generation)
    retry_after_s = None if held.until_s is None else held.until_s - now_s
    who = f" by {held.by}" if held.by else ""
    return Refusal(retry_after_s, f"circuit held open{who}: {held.why}")


def _probe(circuit: Circuit, rules: Rules, now_s: float) -> tuple[Circuit, Ticket | Refusal]:
    state = circuit.state
    assert isinstance(state, HalfOpen)
    leases = tuple(lease for lease in state.leases if now_s < lease[1])
    if not leases and state.successes + state.failures >= rules.probes:
        # Fewer probes are allowed than were when they ran, and none is out to decide: begin again, or wait for ever.
        state = replace(state, successes=0, failures=0)
    if len(leases) + state.successes + state.failures >= rules.probes:
        refused = _with(circuit, replace(state, leases=leases))
        wait_s = min(until_s for _, until_s in leases) - now_s if leases else 0.0
        return refused, Refusal(wait_s, f"circuit half-open, its probes are out: {state.reason}")
    number = state.last_probe + 1
    leases = (*leases, (number, now_s + rules.probe_lease_s))
    probing = _with(circuit, replace(state, leases=leases, last_probe=number))
    return probing, Ticket(circuit.generation, number)


def _admit_closed(
    circuit: Circuit, state: Closed, rules: Rules, now_s: float, chance: float, overdue: int
) -> tuple[Circuit, Ticket | Refusal]:
    counts = counted(state.window, rules, now_s)
    if overdue and (why := too_slow(rules, counts, overdue)):
        return _refused_open(_opened(circuit, rules, now_s, chance, why), now_s)
    if rules.throttle_ratio is None:
        return circuit, Ticket(circuit.generation)
    share = throttled_share(rules, counts)
    passed = chance >= share
    circuit = _with(circuit, _asking(state, rules, now_s, passed=passed))
    if passed:
        return circuit, Ticket(circuit.generation, counted_in=part_of(rules, now_s))
    reason = f"throttled: {share:.0%} of the requests are held back while others fail"
    return circuit, Refusal(rules.window_s / BUCKETS, reason)


def _admit_ramp(
    circuit: Circuit, state: Ramp, rules: Rules, now_s: float, chance: float, overdue: int
) -> tuple[Circuit, Ticket | Refusal]:
    counts = counted(state.counted.window, rules, now_s)
    if overdue and (why := too_slow(rules, counts, overdue)):
        return _refused_open(_opened(circuit, rules, now_s, chance, why), now_s)
    share = ramp_share(state.since_s, state.until_s, now_s)
    credit = state.credit + share
    passed = credit >= 1.0
    seen = state.counted
    if rules.throttle_ratio is not None:
        seen = _asking(seen, rules, now_s, passed=passed)
    after = _with(circuit, state._replace(credit=credit - passed, counted=seen))
    if passed:
        counted_in = None if rules.throttle_ratio is None else part_of(rules, now_s)
        return after, Ticket(circuit.generation, counted_in=counted_in)
    reason = f"circuit half-open, {share:.0%} of the calls pass: {state.reason}"
    # Not all at its end, or they would come back together: the next one may pass already.
    wait_s = min((state.until_s - state.since_s) / BUCKETS, state.until_s - now_s)
    return after, Refusal(wait_s, reason)


def _asking(state: Closed, rules: Rules, now_s: float, *, passed: bool) -> Closed:
    return Closed(state.failures, asked(state.window, rules, now_s, passed=passed))


def _refused_open(circuit: Circuit, now_s: float) -> tuple[Circuit, Refusal]:
    state = circuit.state
    assert isinstance(state, Open)
    return circuit, Refusal(state.until_s - now_s, f"circuit open: {state.reason}")


def _counted(
    state: Closed,
    ticket: Ticket,
    settlement: Settlement,
    rules: Rules,
    now_s: float,
    *,
    slow: bool,
) -> Closed:
    """What a closed circuit has counted after an attempt; the same object where there was nothing to count."""
    if settlement is Settlement.NEUTRAL:
        if ticket.counted_in is None:
            return state
        return Closed(state.failures, unasked(state.window, ticket.counted_in))
    bad = settlement is Settlement.FAILURE
    if kept(rules):
        window = sampled(state.window, rules, now_s, bad=bad, slow=slow)
        return Closed(state.failures + 1 if bad else 0, window)
    if bad:
        return Closed(state.failures + 1)  # a window of before, which no rule looks at, is let go
    return CLEAN


def _why_broken(state: Closed, rules: Rules, now_s: float, overdue: int) -> str:
    return broken(rules, state.failures, counted(state.window, rules, now_s), overdue)


def _settle_probe(
    circuit: Circuit,
    state: HalfOpen,
    ticket: Ticket,
    settlement: Settlement,
    rules: Rules,
    now_s: float,
    chance: float,
    reason: object,
) -> Circuit:
    leases = tuple(lease for lease in state.leases if lease[0] != ticket.probe)
    if len(leases) == len(state.leases):
        return circuit  # its lease ran out and the place was taken back, or it settled before
    if settlement is Settlement.NEUTRAL:
        return _with(circuit, replace(state, leases=leases))
    good = settlement is Settlement.SUCCESS
    successes, failures = state.successes + good, state.failures + (not good)
    if successes >= rules.probes_to_close:
        return _healed(circuit, state, rules, now_s)
    if rules.probes - failures < rules.probes_to_close:
        # A success finds too few left only where a reload has raised the bar meanwhile.
        few = f"{failures} of {rules.probes} probes failed" if good else f"a probe failed: {reason}"
        return _opened(circuit, rules, now_s, chance, few)
    return _with(circuit, replace(state, leases=leases, successes=successes, failures=failures))


def _healed(circuit: Circuit, probing: HalfOpen, rules: Rules, now_s: float) -> Circuit:
    state: Closed | Ramp = CLEAN
    if rules.ramp_s > 0:
        # The first call passes: the share below 1 that is missing is given.
        credit = 1.0 - RAMP_SHARE
        state = Ramp(now_s, now_s + rules.ramp_s, credit, CLEAN, probing.reason)
    return Circuit(state, circuit.generation + 1, circuit.spell, now_s)


def _opened(circuit: Circuit, rules: Rules, now_s: float, chance: float, reason: str) -> Circuit:
    state, spell = circuit.state, circuit.spell
    if not isinstance(state, HalfOpen):
        spell = spell_after(rules, spell, now_s - circuit.healed_s)
    spell += 1
    until_s = now_s + open_time_s(rules, spell, chance)
    return Circuit(Open(now_s, until_s, reason), circuit.generation + 1, spell, circuit.healed_s)
