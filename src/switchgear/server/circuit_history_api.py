"""Owns /api/v1/circuits/history: what circuits did lately; telling it from records is circuit_history's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from switchgear.core.errors import SettingsError
from switchgear.observe.query import LogQuery
from switchgear.server.circuit_history import Past, Window, past_of
from switchgear.server.model import Error

if TYPE_CHECKING:
    from switchgear.server.source import LogSource

DAY_MS = 86_400_000
MOVES_MAX = 5_000
"""Moves of a day that are looked at, the newest."""
_BAD: dict[int | str, dict[str, Any]] = {
    400: {"model": Error, "description": "since is no time, or more than a day ago."}
}


class SpanOut(BaseModel):
    """A state, and how long it lasted."""

    state: str
    start_ms: int
    end_ms: int


class SpellOut(BaseModel):
    """A time in which a circuit was not closed."""

    state: str = Field(description="What it began with.")
    opened_ms: int | None = Field(description="null when it began before anything is known.")
    closed_ms: int | None = Field(description="null while it lasts.")
    why: str
    by: str = Field(description="Who held it; empty when nobody did.")
    until_ms: int | None = Field(description="When its last state ends by itself, if it does.")
    record_id: int | None = Field(description="The record of the move that it began with.")
    openings: int


class PastOut(BaseModel):
    """What one circuit did lately."""

    exchange: str
    method: str
    account: str
    openings: int = Field(description="By itself, within the last day.")
    spans: list[SpanOut] = Field(description="Since `since_ms`, the oldest first, up to now.")
    spells: list[SpellOut] = Field(description="Of the last day, the newest first.")


class HistoryOut(BaseModel):
    """What circuits did lately."""

    circuits: list[PastOut]
    since_ms: int
    known_since_ms: int | None = Field(
        description="The log no longer reaches back to since_ms, but to this; null when it does."
    )
    day_known_since_ms: int | None = Field(description="The same of the last day.")
    now_ms: int


class CircuitHistoryApi:
    """The answer, as a router."""

    def __init__(self, source: LogSource) -> None:
        self._source = source
        self.router = APIRouter(prefix="/circuits")
        self.router.get("/history", responses=_BAD)(self.history)

    def history(self, since: str = "-1h") -> HistoryOut:
        """What each circuit was since an instant, at most a day ago, and how often it opened within the last day."""
        now_ms = self._source.now_ms()
        day_ms, since_ms = now_ms - DAY_MS, _since_ms(since, now_ms)
        query = LogQuery(event="circuit_moved", since_ms=max(0, day_ms), limit=MOVES_MAX)
        moves = self._source.records.logs(query)
        known_ms = self._source.whole_since_ms() or 0
        if len(moves) == MOVES_MAX:
            known_ms = max(known_ms, moves[-1].at_ms)
        window = Window(since_ms, max(known_ms, day_ms), now_ms)
        return HistoryOut(
            circuits=[_out(one) for one in past_of(moves, self._source.board().circuits, window)],
            since_ms=since_ms,
            known_since_ms=known_ms if known_ms > since_ms else None,
            day_known_since_ms=known_ms if known_ms > day_ms else None,
            now_ms=now_ms,
        )


def _since_ms(since: str, now_ms: int) -> int:
    since_ms = LogQuery.parse({"since": since}, now_ms).since_ms
    if since_ms is None or not now_ms - DAY_MS <= since_ms <= now_ms:
        raise SettingsError("since", since, "must be an instant within the last day, as -1h")
    return since_ms


def _out(past: Past) -> PastOut:
    return PastOut(
        **past.key._asdict(),
        openings=past.openings,
        spans=[SpanOut(**one._asdict()) for one in past.spans],
        spells=[
            SpellOut(**{name: getattr(one, name) for name in SpellOut.model_fields})
            for one in past.spells
        ],
    )
