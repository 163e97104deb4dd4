"""Owns the live tail: records as server-sent events, resumed where a reader was, bounded for each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anyio import Event
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.concurrency import run_in_threadpool

from switchgear.core.errors import SettingsError
from switchgear.observe.history import StoreError
from switchgear.server.shapes import record_json
from switchgear.server.sight import seen_by

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from switchgear.core.clock import Clock
    from switchgear.observe.query import LogQuery
    from switchgear.server.source import Records
    from switchgear.server.who import Who

READERS_MAX = 32
"""Readers at once; each costs a thread's turn every TICK_S."""
TICK_S = 0.2
HEARTBEAT_S = 15
GRACE_S = 2.0
"""How long a tail may take to end well; it looks every TICK_S."""
_ID_DIGITS_MAX = 19


class Live:
    """The live tails of one server."""

    def __init__(self, records: Records, clock: Clock, closing: Callable[[], bool]) -> None:
        self._records = records
        self._clock = clock
        self._closing = closing
        self._readers = 0

    @property
    def full(self) -> bool:
        """No further reader is taken."""
        return self._readers >= READERS_MAX

    def answer(self, query: LogQuery, after_id: int, who: Who) -> EventSourceResponse:
        """The records that match, as they may be seen, from behind after_id on; each event has its record's id."""
        # Set when a server of the user's own is about to end: nobody else tells an application that is mounted.
        ending = Event()
        return EventSourceResponse(
            self._events(query, after_id, who, ending),
            ping=HEARTBEAT_S,
            sep="\n",
            shutdown_event=ending,
            shutdown_grace_period=GRACE_S,
        )

    async def _events(
        self, query: LogQuery, after_id: int, who: Who, ending: Event
    ) -> AsyncIterator[ServerSentEvent]:
        tail = None
        self._readers += 1
        try:
            tail = await run_in_threadpool(self._records.tail, query, after_id)
            yield ServerSentEvent(event="ready", data="{}", retry=1_000)
            while not (self._closing() or ending.is_set()):
                try:
                    records, missed = await run_in_threadpool(tail.take)
                except StoreError:
                    return  # locked or gone for now: the reader comes again, and resumes
                if missed:
                    yield ServerSentEvent(event="missed", data=str(missed))
                for record in seen_by(who, records):
                    yield ServerSentEvent(
                        event="record", id=str(record.id), data=record_json(record)
                    )
                await self._clock.sleep_async(TICK_S)
        finally:
            self._readers -= 1
            if tail is not None:
                tail.close()


def last_event_id(text: str) -> int:
    """The id behind which a reader resumes; raises SettingsError for what is no id."""
    if not (text.isascii() and text.isdigit() and len(text) < _ID_DIGITS_MAX):
        raise SettingsError("Last-Event-ID", text, "must be a record's id")
    return int(text)
