"""Owns the JSON API under /api/v1: which question has which answer; overview_api has those about many records."""

from __future__ import annotations

from dataclasses import asdict, replace
from importlib.metadata import version
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Path, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response, StreamingResponse

from switchgear.core.errors import SettingsError
from switchgear.core.words import Level
from switchgear.observe.history.export import exported, forms_here
from switchgear.observe.query import LogQuery
from switchgear.server import model
from switchgear.server.asking import given
from switchgear.server.live import READERS_MAX, Live, last_event_id
from switchgear.server.overview_api import OverviewApi
from switchgear.server.shapes import board_out, filter_out, page_json
from switchgear.server.sight import seen_by
from switchgear.server.who import who_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from switchgear.core.clock import Clock
    from switchgear.server.audit import Audit
    from switchgear.server.source import LogSource

PAGE_RECORDS = 100
"""Records on a page when the question names no limit."""
CALL_RECORDS_MAX = 500
COUNTED_MAX = 10_000

_BAD: dict[int | str, dict[str, Any]] = {
    400: {"model": model.Error, "description": "The filter is wrong."}
}
_FILTERED: dict[str, Any] = {"parameters": model.FILTER}
_CallId = Annotated[int, Path(ge=1, lt=2**63)]


class Api:
    """The answers, as a router."""

    def __init__(
        self, source: LogSource, clock: Clock, closing: Callable[[], bool], audit: Audit
    ) -> None:
        self._source = source
        self._audit = audit
        self._records = source.records
        self._live = Live(source.records, clock, closing)
        self.router = APIRouter()
        self._route_logs()
        self._route_board()
        self.router.include_router(OverviewApi(source).router)

    def _route_logs(self) -> None:
        get = self.router.get
        filtered: dict[str, Any] = {"responses": _BAD, "openapi_extra": _FILTERED}
        page: dict[str, Any] = {
            "responses": {**_BAD, 200: {"model": model.LogPage}},
            "openapi_extra": {"parameters": [*model.FILTER, model.COUNT]},
        }
        get("/logs", response_class=Response, **page)(self.logs)
        get("/logs/count", **filtered)(self.count)
        get("/logs/names")(self.names)
        get("/logs/export", response_class=Response, **filtered)(self.export)
        call = {**_BAD, 200: {"model": model.CallPage}}
        get("/logs/{exchange}/{method}/{call_id}", response_class=Response, responses=call)(
            self.call
        )
        get("/live", response_class=Response, **filtered)(self.live)
        conflict = {"model": model.Error, "description": "Another number of records matches now."}
        self.router.post("/logs/clear", responses={**_BAD, 409: conflict})(self.clear)

    def _route_board(self) -> None:
        self.router.get("/circuits")(self.circuits)
        self.router.get("/health")(self.health)
        self.router.get("/status")(self.status)

    def logs(self, request: Request) -> Response:
        """Records that match, newest first; older ones with before_id."""
        asked = given(request)
        counted = asked.pop("count", "yes")
        if counted not in _COUNT:
            raise SettingsError("count", counted, f"must be one of {', '.join(_COUNT)}")
        query = self._query({"limit": str(PAGE_RECORDS), **asked})
        newest_id = self._records.newest_id()
        found = self._records.logs(query)
        count = self._records.count(query, COUNTED_MAX + 1) if counted == "yes" else None
        return page_json(
            seen_by(who_of(request.scope), found),
            next_before_id=found[-1].id if len(found) == query.limit else None,
            count=None if count is None else min(count, COUNTED_MAX),
            count_is_exact=None if count is None else count <= COUNTED_MAX,
            newest_id=newest_id,
            now_ms=self._source.now_ms(),
        )

    def count(self, request: Request) -> model.Count:
        """How many records match, and the filter that keeps matching just these."""
        query = self._pinned(self._query(given(request)))
        return model.Count(count=self._records.count(query), filter=filter_out(query))

    def clear(self, request: Request, order: model.ClearOrder) -> model.Cleared:
        """Remove what matches, if it is as much as was confirmed; `count` gives number and filter."""
        if not self._source.status().writable:
            raise HTTPException(403, "this log is read only here: it belongs to another process")
        query = self._query(order.filter)
        cleared = self._records.clear(query, order.confirm_count)
        if cleared:
            did = f"cleared {cleared} records"
            self._audit.tell(who_of(request.scope), did, why=_words(query))
        return model.Cleared(cleared=cleared)

    def names(self) -> model.NamesOut:
        """What the filters offer."""
        names = self._records.names()
        levels = [level.name.lower() for level in Level]
        return model.NamesOut(
            exchanges=list(names.exchanges), methods=list(names.methods), levels=levels
        )

    def export(self, request: Request) -> Response:
        """
        Exactly what matches, newest first, as a file: `format` is jsonl, csv, or parquet where it can be made.

        Its last line says whether it is whole: what breaks off has none, or one that says why.
        """
        asked = given(request)
        form = asked.pop("format", "jsonl")
        if form not in _FORMS:
            raise SettingsError("format", form, f"must be one of {', '.join(_FORMS)}")
        query = self._query(asked)
        records = seen_by(who_of(request.scope), self._records.export(query))
        chunks = exported(form, records, query)
        name = f'attachment; filename="switchgear-logs.{form}"'
        head = {"content-disposition": name, "cache-control": "no-store"}
        return StreamingResponse(chunks, headers=head, media_type=_FORMS[form])

    def call(
        self,
        request: Request,
        exchange: str,
        method: str,
        call_id: _CallId,
        account: str = "main",
        run: str = "",
    ) -> Response:
        """
        Every record of one call, in the order in which they happened.

        Each process counts its calls anew: `run`, as the record has it, tells those of one from another's.
        """
        query = self._query(
            {
                "exchange": exchange,
                "method": method,
                "account": account,
                "call_id": str(call_id),
                "run": "" if run == _THIS_RUN else run,
                "limit": str(CALL_RECORDS_MAX),
            }
        )
        found = sorted(self._records.logs(query), key=lambda record: (record.at_ms, record.id))
        return page_json(seen_by(who_of(request.scope), found))

    def live(self, request: Request) -> Response:
        """Records as they come, as server-sent events, from behind `Last-Event-ID` or after_id."""
        if self._live.full:
            raise HTTPException(503, f"{READERS_MAX} live tails are open already")
        query = self._query(given(request))
        resumed = request.headers.get("last-event-id")
        after_id = query.after_id if resumed is None else last_event_id(resumed)
        if after_id is None:
            after_id = self._records.newest_id()
        return self._live.answer(replace(query, after_id=None), after_id, who_of(request.scope))

    def circuits(self) -> model.BoardOut:
        """Every circuit, the gates that are closed, and what is used of limits and retry budgets."""
        return board_out(self._source.board(), self._source.now_ms())

    def health(self) -> model.HealthOut:
        """How things stand, in words."""
        return model.HealthOut.model_validate(
            {**asdict(self._source.health()), "now_ms": self._source.now_ms()}
        )

    def status(self) -> model.StatusOut:
        """Where the records come from, and how many never arrived."""
        return model.StatusOut(
            **asdict(self._source.status()),
            export_forms=list(_FORMS),
            version=version("switchgear"),
            now_ms=self._source.now_ms(),
        )

    def _query(self, given: Mapping[str, str]) -> LogQuery:
        return LogQuery.parse(given, now_ms=self._source.now_ms())

    def _pinned(self, query: LogQuery) -> LogQuery:
        """The same, without what may still come: its ends are absolute already."""
        end = self._records.newest_id() + 1
        return replace(
            query, before_id=end if query.before_id is None else min(end, query.before_id)
        )


_COUNT = ("yes", "no")
_THIS_RUN = "0"
"""What a record of memory has as its run: there is no other."""
_FORMS = forms_here()


def _words(query: LogQuery) -> str:
    """A filter in words."""
    return ", ".join(f"{name} {value}" for name, value in filter_out(query).items()) or "all"
