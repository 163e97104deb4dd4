"""Owns the few steps that bring a pure circuit into a state, for the tests that begin there."""

from __future__ import annotations

from switchgear.core.circuit import (
    Circuit,
    Closed,
    HalfOpen,
    Open,
    Ramp,
    Refusal,
    Rules,
    Settlement,
    Ticket,
    admit,
    settle,
)
from switchgear.core.circuit.window import Counts, counted


def ticket_of(
    circuit: Circuit, rules: Rules, now_s: float, chance: float = 0.0
) -> tuple[Circuit, Ticket]:
    """Admit, and be sure of it."""
    circuit, answer = admit(circuit, rules, now_s, chance)
    assert isinstance(answer, Ticket), f"refused: {answer}"
    return circuit, answer


def refusal_of(
    circuit: Circuit, rules: Rules, now_s: float, chance: float = 0.0, overdue: int = 0
) -> Refusal:
    """Ask, and be sure of a refusal."""
    _, answer = admit(circuit, rules, now_s, chance, overdue)
    assert isinstance(answer, Refusal), f"admitted: {answer}"
    return answer


def run(
    circuit: Circuit,
    rules: Rules,
    now_s: float,
    *settlements: Settlement,
    chance: float = 0.0,
    slow: bool = False,
) -> Circuit:
    """Calls one after another, each settled before the next."""
    for settlement in settlements:
        circuit, ticket = ticket_of(circuit, rules, now_s, chance)
        circuit = settle(circuit, ticket, settlement, rules, now_s, chance, "HTTP 503", slow=slow)
    return circuit


def opened(rules: Rules, now_s: float = 0.0, chance: float = 0.0) -> Circuit:
    """A circuit that has just opened, by failures in a row."""
    assert rules.failure_threshold is not None
    failures = [Settlement.FAILURE] * rules.failure_threshold
    circuit = run(Circuit.new(), rules, now_s, *failures, chance=chance)
    assert isinstance(circuit.state, Open)
    return circuit


def probing(rules: Rules, now_s: float = 0.0, probes: int = 1) -> tuple[Circuit, list[Ticket]]:
    """A circuit that opened at now_s and is half-open now, with some probes out."""
    circuit, tickets = opened(rules, now_s), list[Ticket]()
    for _ in range(probes):
        circuit, ticket = ticket_of(circuit, rules, now_s + rules.reset_timeout_s)
        tickets.append(ticket)
    assert isinstance(circuit.state, HalfOpen)
    return circuit, tickets


def healed(rules: Rules, now_s: float = 0.0) -> Circuit:
    """A circuit that opened at now_s, and whose probes succeeded at the end of its time: in a ramp, or closed."""
    return run(
        opened(rules, now_s),
        rules,
        now_s + rules.reset_timeout_s,
        *[Settlement.SUCCESS] * rules.probes_to_close,
    )


def counts_of(circuit: Circuit, rules: Rules, now_s: float) -> Counts:
    """What a closed circuit, or one in a ramp, has in its window."""
    state = circuit.state.counted if isinstance(circuit.state, Ramp) else circuit.state
    assert isinstance(state, Closed)
    return counted(state.window, rules, now_s)
