"""Owns the shapes of the answers about many records at once, as OpenAPI describes them; overview_api has the values."""

from __future__ import annotations

from pydantic import BaseModel, Field

from switchgear.server.model import Record


class ValueOut(BaseModel):
    """One value of a field, and how many records have it."""

    value: str
    count: int


class FacetOut(BaseModel):
    """What there is to choose from in one field."""

    field: str = Field(
        description="exchange, method, account, level, outcome, kind, scope or event."
    )
    values: list[ValueOut] = Field(
        description="The most frequent first, at most 50; counted as if this field were not filtered by."
    )


class BarOut(BaseModel):
    """The records of one span of time."""

    start_ms: int
    counts: dict[str, int] = Field(description="By level, from debug to critical.")


class OverviewOut(BaseModel):
    """What a filter finds, counted."""

    total: int = Field(description="How many records match.")
    facets: list[FacetOut]
    bars: list[BarOut] = Field(
        description="Without gaps, the oldest first; empty when nothing matches."
    )
    bar_ms: int = Field(description="How long the time of one bar is.")
    looked_at: int | None = Field(
        description="So many of the newest that match were counted; null when all were."
    )
    now_ms: int


class LatencyPoint(BaseModel):
    """How long the successes of one span of time took."""

    start_ms: int
    calls: int
    p50_ms: float
    p95_ms: float
    p99_ms: float


class LatencyOut(BaseModel):
    """How long the successes among what a filter finds took, over time."""

    points: list[LatencyPoint] = Field(
        description="The oldest first; spans without a success are left out."
    )
    now_ms: int


class AroundPage(BaseModel):
    """A record with its neighbours, whatever they are of, newest first."""

    records: list[Record]
    record_id: int
    each_side: int
    newest_id: int
    now_ms: int
