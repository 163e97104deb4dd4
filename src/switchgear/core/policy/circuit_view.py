"""Owns how a circuit at one instant reads for people: state, why, since when, and what share of the calls passes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from switchgear.core import circuit as machine
from switchgear.core.circuit import (
    CLEAN,
    Closed,
    Counts,
    HalfOpen,
    Held,
    Open,
    Ramp,
    Refusal,
    Rules,
    counted,
    ramp_share,
    throttled_share,
)
from switchgear.core.words import CircuitState, Key, Scope

if TYPE_CHECKING:
    from switchgear.core.circuit import Circuit, State, Ticket


@dataclass(frozen=True, slots=True)
class CircuitView:
    """A circuit at one instant, for people: what it does, since when, why, and until when."""

    key: Key
    state: CircuitState
    since_s: float
    """Seconds that it has been in this state."""
    reason: str
    retry_after_s: float | None
    """Seconds until the next call or probe can be admitted; 0 when now, None when only a person can tell."""
    failures: int
    """Failures in a row while closed, failed probes while half-open."""
    openings: int
    """Openings since the circuit exists."""
    generation: int
    rules: Rules
    by: str = ""
    """Who holds it; empty when nobody does."""
    scope: Scope = Scope.METHOD
    """What it stands for: the method alone, or what is wider and the method shares."""
    passing: float = 1.0
    """Share of the calls that pass, 0 to 1: 0 while open, less than 1 in a ramp or throttled."""
    window: Counts | None = None
    """What the window holds; None while no rule needs one."""
    hold_ends_in_s: float | None = None
    """Seconds until a person's hold ends by itself; None where nobody holds it, and until it is released."""


class Seen(Protocol):
    """What is asked of a breaker."""

    key: Key
    scope: Scope
    rules: Rules
    openings: int


def view_of(
    breaker: Seen, circuit: Circuit, answer: Ticket | Refusal, since_s: float, now_s: float
) -> CircuitView:
    """
    A circuit as it reads now.

    Args:
        breaker: Whose it is.
        circuit: As it stands.
        answer: What it would answer to a call.
        since_s: Seconds that it has been in its state.
        now_s: Monotonic seconds.
    """
    state, rules = circuit.state, breaker.rules
    seen = _seen(state)
    window = seen.window if isinstance(seen, Closed) else None
    return CircuitView(
        key=breaker.key,
        state=machine.peek(circuit, now_s),
        since_s=since_s,
        reason=reason_of(state),
        retry_after_s=answer.retry_after_s if isinstance(answer, Refusal) else 0.0,
        failures=seen.failures,
        openings=breaker.openings,
        generation=circuit.generation,
        rules=rules,
        by=state.by if isinstance(state, Held) else "",
        scope=breaker.scope,
        passing=_passing(state, rules, now_s),
        window=None if window is None else counted(window, rules, now_s),
        hold_ends_in_s=_hold_ends_in_s(state, now_s),
    )


def name_of(state: State) -> CircuitState:
    """What a state is called."""
    match state:
        case Closed():
            return CircuitState.CLOSED
        case Open():
            return CircuitState.OPEN
        case HalfOpen() | Ramp():
            return CircuitState.HALF_OPEN
        case Held():
            return state.mode


def reason_of(state: State) -> str:
    """Why a circuit is in a state, in words; empty where nothing is to be said."""
    match state:
        case Closed():
            return ""
        case Ramp():
            return "its probes succeeded; the share of calls that pass grows from 10 % to all"
        case Open() | HalfOpen():
            return state.reason
        case Held():
            return state.why


def why_moved(old: CircuitState, new: CircuitState) -> str:
    """Why a circuit moved, where its state does not say it."""
    if new is CircuitState.CLOSED:
        return "its probes succeeded" if old is CircuitState.HALF_OPEN else "the hold ended"
    return "its time came" if old is CircuitState.OPEN else "the hold ended"


def _hold_ends_in_s(state: State, now_s: float) -> float | None:
    if isinstance(state, Held) and state.until_s is not None:
        return max(0.0, state.until_s - now_s)
    return None


def _seen(state: State) -> Closed | HalfOpen:
    """What counts something in a state."""
    match state:
        case Closed() | HalfOpen():
            return state
        case Ramp():
            return state.counted
        case Open() | Held():
            return CLEAN


def _passing(state: State, rules: Rules, now_s: float) -> float:
    match state:
        case Closed():
            return 1.0 - throttled_share(rules, counted(state.window, rules, now_s))
        case Ramp():
            return ramp_share(state.since_s, state.until_s, now_s)
        case Held():
            return 0.0 if state.mode is CircuitState.FORCED_OPEN else 1.0
        case Open() | HalfOpen():
            return 0.0
