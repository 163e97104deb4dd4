"""Owns saying in words how things stand: what is degraded, since when, and what is served from elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from switchgear.core.words import CircuitState, Effect, Key, Scope, effect_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from switchgear.core.policy.circuit_view import CircuitView
    from switchgear.core.policy.gate import GateView

_WELL = frozenset({CircuitState.CLOSED, CircuitState.FORCED_CLOSED, CircuitState.METRICS_ONLY})

_WIDE = {
    Scope.EXCHANGE: "the whole exchange",
    Scope.ADDRESS: "everything from our address",
    Scope.ACCOUNT: "the account",
}


@dataclass(frozen=True, slots=True)
class Degraded:
    """One exchange that does not serve everything."""

    exchange: str
    words: str
    """What is wrong, since when, and until when."""
    methods: tuple[str, ...]
    """Methods that are not called at the moment; empty when a gate holds back all."""
    served_from: tuple[str, ...]
    """`method: source` for what was answered from elsewhere meanwhile."""


@dataclass(frozen=True, slots=True)
class Health:
    """How things stand."""

    status: str
    """ok, degraded, or down when no exchange serves anything."""
    summary: str
    """One or a few sentences."""
    degraded: tuple[Degraded, ...] = ()


def health_of(
    circuits: Sequence[CircuitView], gates: Iterable[GateView], served_from: Mapping[Key, str]
) -> Health:
    """
    How things stand.

    Args:
        circuits: Every circuit.
        gates: Every gate.
        served_from: For keys that were lately answered by a fallback, its name.
    """
    closed_gates = [gate for gate in gates if gate.closed]
    broken = [view for view in circuits if view.state not in _WELL]
    exchanges = sorted(
        {view.key.exchange for view in broken} | {gate.exchange for gate in closed_gates}
    )
    if not exchanges:
        return Health(
            "ok", "All exchanges are answering." if circuits else "Nothing was called yet."
        )
    degraded = tuple(_degraded(name, broken, closed_gates, served_from) for name in exchanges)
    silent = not [
        view
        for view in circuits
        if view.state in _WELL
        and not view.key.is_scope
        and not any(_holds_back(gate, view.key) for gate in closed_gates)
        and not any(_covers(wide, view.key) for wide in broken if wide.key.is_scope)
    ]
    summary = " ".join(f"{one.exchange}: {one.words}." for one in degraded)
    return Health("down" if silent else "degraded", summary, degraded)


def _holds_back(gate: GateView, key: Key) -> bool:
    if gate.public_only or (gate.orders_only and effect_of(key.method) is not Effect.TRADE):
        return False
    return gate.exchange == key.exchange and gate.account in ("", key.account)


def _covers(wide: CircuitView, key: Key) -> bool:
    """Whether calls of a key pass a circuit that is wider than a method."""
    whose = wide.key.account
    mine = wide.scope is not Scope.ACCOUNT or whose == key.account
    return mine and wide.key.exchange == key.exchange


def _degraded(
    exchange: str,
    broken: Sequence[CircuitView],
    gates: Sequence[GateView],
    served_from: Mapping[Key, str],
) -> Degraded:
    mine = [view for view in broken if view.key.exchange == exchange]
    words = [_gate_words(gate) for gate in gates if gate.exchange == exchange]
    words += [_circuit_words(view) for view in mine]
    served = tuple(
        f"{key.method}: {source}" for key, source in served_from.items() if key.exchange == exchange
    )
    if served:
        words.append("served from elsewhere: " + ", ".join(served))
    return Degraded(
        exchange,
        "; ".join(words),
        tuple(view.key.method for view in mine if not view.key.is_scope),
        served,
    )


def _gate_words(gate: GateView) -> str:
    whose = f" of account {gate.account}" if gate.account else ""
    what = "gate for new orders" if gate.orders_only else "gate"
    what = "gate for calls without a key" if gate.public_only else what
    return f"its {gate.scope.value} {what}{whose} is closed for {gate.retry_after_s:.0f} s more ({gate.reason})"


def _span(seconds: float) -> str:
    """A time that a person chose, in a person's measure."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"


def _circuit_words(view: CircuitView) -> str:
    state = view.state.value.replace("_", " ")
    until = "" if view.retry_after_s is None else f", next try in {view.retry_after_s:.0f} s"
    if view.hold_ends_in_s is not None:
        until = f", and is held so for {_span(view.hold_ends_in_s)} more"
    whose = "" if view.key.account == "main" else f" of account {view.key.account}"
    wide = _WIDE.get(view.scope)
    what = f"{view.key.method if wide is None else wide}{whose}"
    return f"{what} has been {state} for {view.since_s:.0f} s{until} ({view.reason})"
