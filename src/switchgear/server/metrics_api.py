"""Owns /api/v1/metrics: the guide's metrics of every key; counting them is observe's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter
from pydantic import BaseModel, Field

if TYPE_CHECKING:
    from switchgear.server.source import LogSource


class CallMetricsOut(BaseModel):
    """What happened to the calls of one key, as CallMetrics has it."""

    exchange: str
    method: str
    account: str
    total_calls: int = 0
    success_calls: int = 0
    failed_calls: int = 0
    ignored_calls: int = 0
    cancelled_calls: int = 0
    in_flight: int = 0
    rejected_calls: int = Field(0, description="Calls that were not made; outside total_calls.")
    retried_attempts: int = 0
    fallback_calls: int = 0
    success_rate: float = Field(1.0, description="0 to 1; 1 while nothing ended.")
    total_duration_ms: float = 0.0
    average_duration_ms: float = Field(0.0, description="This and the next five over successes.")
    min_duration_ms: float = 0.0
    max_duration_ms: float = 0.0
    p50_ms: float = 0.0
    p95_ms: float = 0.0
    p99_ms: float = 0.0
    errors_by_kind: dict[str, int] = Field(default_factory=dict)
    last_error: str | None = None
    last_error_at: str | None = Field(None, description="ISO 8601 in UTC.")
    circuit_state: str = "closed"
    circuit_openings: int = 0
    circuit_changes: int = 0
    last_change_at: str | None = Field(None, description="ISO 8601 in UTC.")
    withheld_retries: int = 0
    hedged_attempts: int = 0
    joined_calls: int = 0


class MetricsOut(BaseModel):
    """The metrics of every key, by exchange, method and account."""

    calls: list[CallMetricsOut]
    now_ms: int


class MetricsApi:
    """The answer, as a router."""

    def __init__(self, source: LogSource) -> None:
        self._source = source
        self.router = APIRouter()
        self.router.get("/metrics")(self.metrics)

    def metrics(self) -> MetricsOut:
        """What happened to the calls of every key; of another process, as it was last written down."""
        return MetricsOut(
            calls=[CallMetricsOut.model_validate(one) for one in self._source.metrics()],
            now_ms=self._source.now_ms(),
        )
