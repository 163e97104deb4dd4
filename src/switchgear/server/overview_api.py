"""Owns the questions about many records at once, and about a record's neighbours; api has those about the records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from switchgear.observe.overview import LEVELS, Bar, Facet
from switchgear.observe.query import LogQuery
from switchgear.server import model
from switchgear.server.asking import given
from switchgear.server.overview_model import (
    AroundPage,
    BarOut,
    FacetOut,
    LatencyOut,
    LatencyPoint,
    OverviewOut,
    ValueOut,
)
from switchgear.server.shapes import page_json
from switchgear.server.sight import seen_by
from switchgear.server.who import who_of

if TYPE_CHECKING:
    from switchgear.server.source import LogSource

EACH_SIDE = 25
"""Neighbours on each side when the question names no number."""
EACH_SIDE_MAX = 200

_BAD: dict[int | str, dict[str, Any]] = {
    400: {"model": model.Error, "description": "The filter is wrong."}
}
_GONE: dict[int | str, dict[str, Any]] = {
    404: {"model": model.Error, "description": "The record is gone: cleared, or too old."}
}
_RecordId = Annotated[int, Path(ge=1, lt=2**63)]
_EachSide = Annotated[int, Query(ge=0, le=EACH_SIDE_MAX)]


class OverviewApi:
    """The answers, as a router."""

    def __init__(self, source: LogSource) -> None:
        self._source = source
        self._records = source.records
        self.router = APIRouter(prefix="/logs")
        get = self.router.get
        filtered: dict[str, Any] = {
            "responses": _BAD,
            "openapi_extra": {"parameters": model.FILTER},
        }
        get("/overview", **filtered)(self.overview)
        get("/latency", **filtered)(self.latency)
        around = {**_BAD, **_GONE, 200: {"model": AroundPage}}
        get("/around/{record_id}", response_class=Response, responses=around)(self.around)

    def overview(self, request: Request) -> OverviewOut:
        """How many records match, counted by each field and over time."""
        found = self._records.overview(self._query(request))
        return OverviewOut(
            total=found.total,
            facets=[_facet(one) for one in found.facets],
            bars=[_bar(one) for one in found.bars],
            bar_ms=found.bar_ms,
            looked_at=found.looked_at,
            now_ms=self._source.now_ms(),
        )

    def latency(self, request: Request) -> LatencyOut:
        """How long the successes among what matches took, over time."""
        found = self._records.latency(self._query(request))
        points = [LatencyPoint(**one._asdict()) for one in found]
        return LatencyOut(points=points, now_ms=self._source.now_ms())

    def around(
        self, request: Request, record_id: _RecordId, each_side: _EachSide = EACH_SIDE
    ) -> Response:
        """A record with its neighbours, whatever they are of, newest first."""
        newest_id = self._records.newest_id()
        found = self._records.around(record_id, each_side)
        if all(one.id != record_id for one in found):
            raise HTTPException(404, f"there is no record {record_id}: cleared, or too old")
        return page_json(
            seen_by(who_of(request.scope), found),
            record_id=record_id,
            each_side=each_side,
            newest_id=newest_id,
            now_ms=self._source.now_ms(),
        )

    def _query(self, request: Request) -> LogQuery:
        return LogQuery.parse(given(request), now_ms=self._source.now_ms())


def _facet(facet: Facet) -> FacetOut:
    values = [ValueOut(value=value, count=count) for value, count in facet.values]
    return FacetOut(field=facet.field, values=values)


def _bar(bar: Bar) -> BarOut:
    counts = zip(LEVELS, bar.counts, strict=True)
    return BarOut(
        start_ms=bar.start_ms, counts={level.name.lower(): count for level, count in counts}
    )
