"""Owns the circuit as a pure state machine; lock, clock and events are left to policy.breaker."""

from switchgear.core.circuit.machine import (
    Circuit,
    Refusal,
    Settlement,
    Ticket,
    admit,
    hold,
    peek,
    release,
    reset,
    settle,
)
from switchgear.core.circuit.rules import Rules, open_time_s
from switchgear.core.circuit.state import CLEAN, Closed, HalfOpen, Held, Open, State

__all__ = [
    "CLEAN",
    "Circuit",
    "Closed",
    "HalfOpen",
    "Held",
    "Open",
    "Refusal",
    "Rules",
    "Settlement",
    "State",
    "Ticket",
    "admit",
    "hold",
    "open_time_s",
    "peek",
    "release",
    "reset",
    "settle",
]
