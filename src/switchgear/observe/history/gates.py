"""Owns which gates are closed now, as far as records tell: each says when it closed, and for how long."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchgear.core.policy.gate import GateView
from switchgear.core.words import Kind, Scope
from switchgear.observe.query import LogQuery

if TYPE_CHECKING:
    from switchgear.observe.history.reader import HistoryReader
    from switchgear.observe.record import LogRecord

_GATES_MS = 86_400_000
_LOOKED_AT_MAX = 500


def closed_gates(reader: HistoryReader, now_ms: int) -> list[GateView]:
    """The gates that are closed now, of those that closed within the last day."""
    since_ms = max(0, now_ms - _GATES_MS)
    query = LogQuery(event="gate_closed", since_ms=since_ms, limit=_LOOKED_AT_MAX)
    newest: dict[tuple[str, Scope, str, bool, bool], GateView] = {}
    for record in reader.query(query):
        gate = _gate(record, now_ms)
        whose = (gate.exchange, gate.scope, gate.account)
        newest.setdefault((*whose, gate.orders_only, gate.public_only), gate)
    return [gate for gate in newest.values() if gate.closed]


def _gate(record: LogRecord, now_ms: int) -> GateView:
    for_s = record.detail.get("for_s")
    until_ms = record.at_ms + (for_s * 1000 if isinstance(for_s, int | float) else 0)
    wait_s = max(0.0, (until_ms - now_ms) / 1000)
    scope = Scope(record.detail.get("scope", "exchange"))
    reason = str(record.detail.get("reason", ""))
    orders_only = record.kind == Kind.ORDER_RATE_LIMITED.value and scope is Scope.ACCOUNT
    public_only = bool(record.detail.get("public_only", False))
    closed = wait_s > 0
    return GateView(
        record.exchange, scope, record.account, closed, wait_s, reason, orders_only, public_only
    )
