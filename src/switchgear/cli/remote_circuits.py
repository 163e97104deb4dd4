"""Owns the circuits and gates of a running server as the commands ask for them."""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from switchgear.cli.sources import Board
from switchgear.core.policy.gate import GateView
from switchgear.core.words import CircuitState, Key, Scope
from switchgear.observe.history import CircuitSnapshot, metrics_as_dict
from switchgear.observe.metrics import CallMetrics
from switchgear.server.model import CircuitOut, GateOut

if TYPE_CHECKING:
    from collections.abc import Mapping

    from switchgear.cli.remote import Remote

_CIRCUITS, _METRICS = "circuits", "metrics"
_NAMES = tuple(field.name for field in fields(CallMetrics))
_MS_MAX = 10**15
"""Of a date; a greater one is of no calendar."""
_ALLOWED = "must be epoch milliseconds"
_Metrics = defaultdict[Key, deque[dict[str, object]]]


def remote_board(remote: Remote) -> Board:
    """The circuits of a server as they stand, by its own clock; raises RemoteError where it does not tell them."""
    answer, metrics = remote.asked(_CIRCUITS), _metrics(remote)
    try:
        found = [CircuitOut.model_validate(one) for one in answer["circuits"]]
        now_ms = _ms("now_ms", answer["now_ms"])
        circuits = [_snapshot(one, metrics, now_ms) for one in found]
        holders = [None if one.held_back_by is None else Scope(one.held_back_by) for one in found]
        gates = [_gate(GateOut.model_validate(one)) for one in answer["gates"]]
    except (ValueError, TypeError, KeyError) as error:
        raise remote.not_ours(_CIRCUITS, error) from None
    return Board(circuits, holders, gates, now_ms)


def _ms(name: str, at_ms: float) -> int:
    if not abs(at_ms) <= _MS_MAX:  # also what is no number
        raise ValueError(f"{name}={at_ms}: {_ALLOWED}")
    return int(at_ms)


def _metrics(remote: Remote) -> _Metrics:
    """Of each key its counts; two processes of one history may both have it, each in its turn."""
    found: _Metrics = defaultdict(deque)
    try:
        calls: list[Mapping[str, Any]] = remote.asked(_METRICS)["calls"]
        for one in calls:
            key = Key(str(one["exchange"]), str(one["method"]), str(one["account"]))
            found[key].append({name: one[name] for name in _NAMES if name in one})
    except (ValueError, TypeError, KeyError) as error:
        raise remote.not_ours(_METRICS, error) from None
    return found


def _snapshot(one: CircuitOut, metrics: _Metrics, now_ms: int) -> CircuitSnapshot:
    key = Key(one.exchange, one.method, one.account)
    counted = metrics[key]
    return CircuitSnapshot(
        key=key,
        state=CircuitState(one.state),
        since_ms=_ms("since_ms", one.since_ms),
        reason=one.reason,
        until_ms=None if one.until_ms is None else _ms("until_ms", one.until_ms),
        by=one.by,
        failures=one.failures,
        openings=one.openings,
        updated_ms=now_ms if one.seen_ms is None else one.seen_ms,
        # What is wider than a method has no calls of its own, and no counts on the server.
        metrics=counted.popleft() if counted else metrics_as_dict(CallMetrics(*key)),
        run=one.run,
    )


def _gate(one: GateOut) -> GateView:
    return GateView(
        one.exchange,
        Scope(one.scope),
        one.account,
        closed=True,
        retry_after_s=one.retry_after_s,
        reason=one.reason,
        orders_only=one.orders_only,
        public_only=one.public_only,
    )
