"""Owns the circuit as a pure state machine; lock, clock and events are left to policy.breaker."""

from switchgear.core.circuit.machine import (
    Circuit,
    Refusal,
    Settlement,
    Ticket,
    admit,
    elapsed,
    hold,
    peek,
    release,
    reset,
    settle,
)
from switchgear.core.circuit.rules import Rules, open_time_s, ramp_share, throttled_share
from switchgear.core.circuit.state import CLEAN, Closed, HalfOpen, Held, Open, Ramp, State
from switchgear.core.circuit.window import Counts, counted

__all__ = [
    "CLEAN",
    "Circuit",
    "Closed",
    "Counts",
    "HalfOpen",
    "Held",
    "Open",
    "Ramp",
    "Refusal",
    "Rules",
    "Settlement",
    "State",
    "Ticket",
    "admit",
    "counted",
    "elapsed",
    "hold",
    "open_time_s",
    "peek",
    "ramp_share",
    "release",
    "reset",
    "settle",
    "throttled_share",
]
