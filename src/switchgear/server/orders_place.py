"""
Owns placing an order over HTTP, once however often it is asked for, and cancelling one.

Who may ask is access's; that an order is written down, sent once and seen through is its desk's.
"""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from starlette.responses import JSONResponse

from switchgear.core.errors import (
    ApiError,
    JournalUnavailable,
    NetworkError,
    OrderOutcomeUnknown,
    OrderRefused,
    Rejected,
    SettingsError,
    SwitchgearError,
)
from switchgear.core.event import Note
from switchgear.core.redact import error_text
from switchgear.core.words import Key, Level
from switchgear.observe.store.errors import StoreError
from switchgear.order.desk import NameTaken, OrdersHalted
from switchgear.order.intent import StaleIntent
from switchgear.server.errors import answer
from switchgear.server.model import Error
from switchgear.server.orders_desk import DeskGone, cancelled, desk_of, done_by
from switchgear.server.orders_place_model import (
    CancelIn,
    CancelOut,
    OrderError,
    OrderIn,
    OrderOut,
    PlacedOut,
    UnknownOut,
)
from switchgear.server.orders_source import BY_CHARS_MAX, checked_words, named
from switchgear.server.who import signed, who_of

if TYPE_CHECKING:
    from switchgear.order.desk import JournalDesk, Submitted
    from switchgear.order.intent import Intent
    from switchgear.server.source import LogSource

KEY_HEADER = "Idempotency-Key"
REPLAYED_HEADER = "Idempotency-Replayed"
KEY_CHARS_MAX = 200
_ID_CHARS_MAX = 64
_IntentId = Annotated[str, Path(max_length=_ID_CHARS_MAX)]
_KEYED: dict[str, Any] = {
    "parameters": [
        {
            "name": KEY_HEADER,
            "in": "header",
            "required": True,
            "schema": {"type": "string", "minLength": 1, "maxLength": KEY_CHARS_MAX},
            "description": "Your own name for this order: whoever comes again with it gets the first order.",
        }
    ]
}


def _header(name: str, text: str) -> dict[str, Any]:
    return {"headers": {name: {"schema": {"type": "string"}, "description": text}}}


_WAIT = _header("Retry-After", "Seconds after which it may be admitted, where that is known.")
_BROKEN: dict[int | str, dict[str, Any]] = {
    400: {"model": OrderError, "description": "A field cannot be, or breaks a limit."},
    404: {"model": Error, "description": "There is no such order, or no desk of the account here."},
    409: {"model": OrderError, "description": "The exchange refused it, or it stands otherwise."},
    503: {"model": OrderError, "description": "Nothing was done now; reason says why.", **_WAIT},
}
_PLACED: dict[int | str, dict[str, Any]] = {
    200: {
        "model": PlacedOut,
        "description": "It was placed before, with the same key: the first order.",
        **_header(REPLAYED_HEADER, "true."),
    },
    201: {"description": "It is booked."},
    202: {
        "model": UnknownOut,
        "description": "Whether it is booked is not known yet; it goes on being looked for.",
        **_header("Location", "Where to ask after it."),
    },
    **_BROKEN,
}


class OrdersPlace:
    """The answers, as a router."""

    def __init__(self, source: LogSource) -> None:
        self._orders = source.orders
        self._now_ms = source.now_ms
        self.router = APIRouter(prefix="/orders")
        post = self.router.post
        post(
            "",
            status_code=201,
            response_model=PlacedOut,
            responses=_PLACED,
            openapi_extra=_KEYED,
        )(self.place)
        post("/{intent_id}/cancel", response_model=CancelOut, responses=_BROKEN)(self.cancel)

    async def place(self, request: Request, body: OrderIn) -> Response:
        """Place an order once, through the desk of its account; the same key again gives the same order."""
        key, wanted = _key(request), body.request()
        desk = desk_of(self._orders, body.exchange, body.account)

        async def submitted() -> Submitted:
            return await desk.submitted(wanted, idempotency_key=key, deadline_s=body.deadline_s)

        try:
            done = await done_by(desk, submitted)
        except OrderOutcomeUnknown as unknown:
            return _unknown(request, unknown)
        except (SwitchgearError, StoreError) as error:
            return _told(error)
        out = PlacedOut(
            intent_id=done.intent_id, is_replay=done.is_replay, order=OrderOut.of(done.order)
        )
        head = {"Location": _location(request, done.intent_id)}
        if done.is_replay:
            head[REPLAYED_HEADER] = "true"
        return JSONResponse(out.model_dump(), 200 if done.is_replay else 201, head)

    async def cancel(self, request: Request, intent_id: _IntentId, body: CancelIn) -> Response:
        """Cancel an order at its exchange; one that is over already is told as it stands."""
        by = signed(body.by, who_of(request.scope), BY_CHARS_MAX)
        checked_words(by, body.why)
        intent = (await self._orders.life(intent_id, self._now_ms())).intent
        desk = desk_of(self._orders, intent.exchange, intent.account)
        try:
            done = await done_by(desk, lambda: cancelled(desk, intent))
        except (SwitchgearError, StoreError) as error:
            _note(desk, intent, by, f"{body.why.strip()}; not done: {error_text(error)}")
            return _told(error)
        _note(desk, intent, by, f"{body.why.strip()}; it is {done.order.status}")
        out = CancelOut(is_canceled=done.is_canceled, order=OrderOut.of(done.order))
        return JSONResponse(out.model_dump())


def _key(request: Request) -> str:
    given = request.headers.getlist(KEY_HEADER)
    if not given:
        allowed = (
            "must be given, as a header: your own name for the order, the same if you come again"
        )
        raise SettingsError(KEY_HEADER, "", allowed)
    key = given[0]
    fits = key.isascii() and key.isprintable() and 1 <= len(key) <= KEY_CHARS_MAX
    if len(given) > 1 or not fits:
        allowed = f"must be given once, 1 to {KEY_CHARS_MAX} printable ASCII characters"
        raise SettingsError(KEY_HEADER, ", ".join(given), allowed)
    return key


def _location(request: Request, intent_id: str) -> str:
    return f"{request.url.path.rstrip('/')}/{intent_id}"


def _unknown(request: Request, error: OrderOutcomeUnknown) -> Response:
    intent_id = error.intent_id or ""
    name = error.client_order_id or ""
    out = UnknownOut(message=str(error), intent_id=intent_id, client_order_id=name)
    head = {"Location": _location(request, intent_id)}
    return JSONResponse(out.model_dump(), 202, head)


def _told(error: Exception) -> Response:
    """Why an order was not placed or not cancelled, as an answer."""
    match error:
        case NameTaken():
            said = {"field": error.field, "value": str(error.value), "allowed": error.allowed}
            return answer(409, str(error), reason="name_taken", **said)
        case SettingsError():
            raise error
        case StaleIntent():
            return answer(409, str(error), reason="not_booked")
        case OrdersHalted():
            return answer(503, str(error), reason="halted")
        case JournalUnavailable() | StoreError():
            return answer(503, str(error), reason="journal")
        case DeskGone():
            return answer(503, str(error), reason="no_desk")
        case Rejected():
            return _not_admitted(error)
        case NetworkError():
            return answer(503, str(error), reason="not_sent", **_of_exchange(error))
        case ApiError():
            reason = "refused" if _is_refusal(error) else "not_sent"
            return answer(409, str(error), reason=reason, **_of_exchange(error))
        case _:
            return answer(503, str(error), reason="not_sent")


def _not_admitted(error: Rejected) -> Response:
    response = answer(503, str(error), reason="not_admitted")
    if error.retry_after_s is not None:
        response.headers["Retry-After"] = str(max(1, ceil(error.retry_after_s)))
    return response


def _of_exchange(error: ApiError) -> dict[str, str]:
    """The exchange's own words of an error, as far as it gave them."""
    found = {} if error.verdict is None else {"kind": error.verdict.kind.value}
    return found if error.code is None else {**found, "code": str(error.code)}


def _is_refusal(error: ApiError) -> bool:
    return isinstance(error, OrderRefused) or error.verdict is not None


def _note(desk: JournalDesk, intent: Intent, by: str, said: str) -> None:
    """Leave a trace of who wanted an order cancelled, why, and what came of it."""
    journal, place = desk.journal, (intent.exchange, intent.account)
    name = f"order {intent.client_order_id} of {named(*place)}"
    text = f"{name} to be cancelled by {by.strip()}: {said}"
    key = Key(intent.exchange, "cancel_order", intent.account)
    journal.note(Note(journal.clock.monotonic_s(), key, Level.WARNING, text))
