"""
Owns how a circuit moves: admit, settle, hold, release, reset, each a function from a circuit to a circuit.

Late results change nothing: every move to another kind of state gives a new generation, and a ticket
of an older one is dropped whole, its success, its failure and its place alike.
"""

from __future__ import annotations

from dataclasses import replace
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple, assert_never

from switchgear.core.circuit.rules import Rules, open_time_s
from switchgear.core.circuit.state import CLEAN, Closed, HalfOpen, Held, Open
from switchgear.core.words import CircuitState

if TYPE_CHECKING:
    from switchgear.core.circuit.state import State


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


class Refusal(NamedTuple):
    """No admission now, and when to ask again."""

    retry_after_s: float | None
    reason: str


class Circuit(NamedTuple):
    """A circuit at one instant; every function here returns another. A tuple, as Closed is and for its reason."""

    state: State = CLEAN
    generation: int = 1
    spell: int = 0
    """Openings in a row without a close between."""

    @classmethod
    def new(cls) -> Circuit:
        """A closed circuit that has seen nothing."""
        return cls()


def admit(circuit: Circuit, rules: Rules, now_s: float) -> tuple[Circuit, Ticket | Refusal]:
    """The circuit after asking, and a ticket or a refusal that says when to ask again."""
    circuit = _hold_ended(circuit, now_s)
    match circuit.state:
        case Closed():
            return circuit, Ticket(circuit.generation)
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
    """
    state = circuit.state
    if type(state) is Closed:  # first, and without a match: every failing attempt comes this way
        if ticket.generation != circuit.generation:
            return circuit
        return _settle_closed(circuit, state, settlement, rules, now_s, chance, reason)
    circuit = _hold_ended(circuit, now_s)
    if ticket.generation == circuit.generation and isinstance(circuit.state, HalfOpen):
        return _settle_probe(
            circuit, circuit.state, ticket, settlement, rules, now_s, chance, reason
        )
    return circuit


def peek(circuit: Circuit, now_s: float) -> CircuitState:
    """What the circuit does at this instant, without touching it: an open one whose time has come reads half-open."""
    match _hold_ended(circuit, now_s).state:
        case Closed():
            return CircuitState.CLOSED
        case Open() as state:
            return CircuitState.OPEN if now_s < state.until_s else CircuitState.HALF_OPEN
        case HalfOpen():
            return CircuitState.HALF_OPEN
        case Held() as state:
            return state.mode


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
    return Circuit(CLEAN, circuit.generation + 1, 0)


def _with(circuit: Circuit, state: State) -> Circuit:
    return Circuit(state, circuit.generation, circuit.spell)


def _moved(circuit: Circuit, state: State) -> Circuit:
    return Circuit(state, circuit.generation + 1, circuit.spell)


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


def _settle_closed(
    circuit: Circuit,
    state: Closed,
    settlement: Settlement,
    rules: Rules,
    now_s: float,
    chance: float,
    reason: object,
) -> Circuit:
    if settlement is Settlement.NEUTRAL:
        return circuit
    if settlement is Settlement.SUCCESS:
        return _with(circuit, CLEAN) if state.failures else circuit
    failures = state.failures + 1
    if failures < rules.failure_threshold:
        return _with(circuit, Closed(failures))
    return _opened(circuit, rules, now_s, chance, f"{failures} failures in a row, last {reason}")


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
        return Circuit(CLEAN, circuit.generation + 1, 0)
    if rules.probes - failures < rules.probes_to_close:
        return _opened(circuit, rules, now_s, chance, f"a probe failed: {reason}")
    return _with(circuit, replace(state, leases=leases, successes=successes, failures=failures))


def _opened(circuit: Circuit, rules: Rules, now_s: float, chance: float, reason: str) -> Circuit:
    spell = circuit.spell + 1
    until_s = now_s + open_time_s(rules, spell, chance)
    return Circuit(Open(now_s, until_s, reason), circuit.generation + 1, spell)
