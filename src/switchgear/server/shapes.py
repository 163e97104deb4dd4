"""Owns how what a source gives becomes what the API answers; the shapes themselves are in model."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import msgspec
from starlette.responses import Response

from switchgear.observe.history import as_dict
from switchgear.observe.history.export import filter_of
from switchgear.server import model

if TYPE_CHECKING:
    from collections.abc import Iterable

    from switchgear.core.policy.weight import LedgerView
    from switchgear.observe.query import LogQuery
    from switchgear.observe.record import LogRecord
    from switchgear.server.source import Board, Circuit


# A note of the user's own program may carry any object: it is shown as its text.
_encode = msgspec.json.Encoder(enc_hook=str).encode


def record_json(record: LogRecord) -> str:
    """A record as model.Record has it: the same as in an export."""
    return _encode(as_dict(record)).decode()


def page_json(records: Iterable[LogRecord], **more: int | bool | None) -> Response:
    """Records and what else is said of them."""
    body = _encode({"records": [as_dict(record) for record in records], **more})
    return Response(body, media_type="application/json")


def board_out(board: Board, now_ms: int) -> model.BoardOut:
    """The board, dated."""
    gates = [
        model.GateOut(
            exchange=gate.exchange,
            scope=gate.scope.value,
            account=gate.account,
            retry_after_s=round(gate.retry_after_s, 3),
            reason=gate.reason,
            orders_only=gate.orders_only,
            public_only=gate.public_only,
        )
        for gate in board.gates
    ]
    circuits = [_circuit_out(circuit) for circuit in board.circuits]
    return model.BoardOut(
        circuits=circuits,
        gates=gates,
        limits=[_limit_out(limit) for limit in board.limits],
        budgets=[model.BudgetOut(**asdict(budget)) for budget in board.budgets],
        now_ms=now_ms,
    )


def _circuit_out(circuit: Circuit) -> model.CircuitOut:
    window, holder = circuit.window, circuit.held_back_by
    plain = {
        "state": circuit.state.value,
        "scope": circuit.scope.value,
        "passing": None if circuit.passing is None else round(circuit.passing, 4),
        "window": None if window is None else window._asdict(),
        "held_back_by": None if holder is None else holder.value,
    }
    return model.CircuitOut.model_validate({**asdict(circuit), **plain})


def _limit_out(limit: LedgerView) -> model.LimitOut:
    plain = {
        "scope": limit.scope.value,
        "used": round(limit.used, 3),
        "resets_in_s": round(limit.resets_in_s, 3),
    }
    return model.LimitOut.model_validate({**asdict(limit), **plain})


def filter_out(query: LogQuery) -> dict[str, str]:
    """A query as the parameters that give it again; its limit is left out."""
    return filter_of(query)
