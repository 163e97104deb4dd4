"""
Owns placing an order over HTTP, once however often it is asked for, and cancelling one.

Who may ask is access's; that an order is written down, sent once and seen through is its desk's.
"""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal
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
from switchgear.order.desk import NameTaken, OrdersHalted, RuleBroken
from switchgear.order.intent import StaleIntent
from switchgear.order.store import IntentQuery
from switchgear.server.errors import answer
from switchgear.server.model import Error
from switchgear.server.orders_desk import DeskEnded, DeskGone, cancelled, desk_of, done_by
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
    504: {"model": OrderError, "description": "The desk ended meanwhile: it may be done or not."},
}
_BREAKS_RULE = "It breaks a rule of its pair, such as a tick: nothing was written down or sent."
_PLACE_AGAIN = "it may be booked or not: come again with the same key, once the desk is at work"
_CANCEL_AGAIN = "it may be cancelled or not: cancel it again, once the desk is at work"
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
    422: {"model": OrderError, "description": _BREAKS_RULE},
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
        name = body.client_order_id or desk.name_of(key)
        by = who_of(request.scope).name

        def note(intent_id: str, said: str) -> None:
            told = f"{said} (intent {intent_id})" if intent_id else said
            _note(desk, "create_order", name, f"placed by {by}: {told}")

        async def submitted() -> Submitted:
            return await desk.submitted(wanted, idempotency_key=key, deadline_s=body.deadline_s)

        try:
            done = await done_by(desk, submitted)
        except OrderOutcomeUnknown as unknown:
            note(unknown.intent_id or "", f"not known yet: {error_text(unknown)}")
            return _unknown(request, unknown)
        except (SwitchgearError, StoreError) as error:
            doubt = "not known" if isinstance(error, DeskEnded) else "not done"
            note(await _written_under(desk, key), f"{doubt}: {error_text(error)}")
            return _told(error, _PLACE_AGAIN)
        if not done.is_replay:  # whoever placed it left the trace of it
            note(done.intent_id, f"it is {done.order.status}")
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

        def note(said: str) -> None:
            text = f"cancelled by {by.strip()}: {body.why.strip()}; {said}"
            _note(desk, "cancel_order", intent.client_order_id, text)

        try:
            done = await done_by(desk, lambda: cancelled(desk, intent))
        except (SwitchgearError, StoreError) as error:
            doubt = "not known" if isinstance(error, DeskEnded) else "not done"
            note(f"{doubt}: {error_text(error)}")
            return _told(error, _CANCEL_AGAIN)
        note(f"it is {done.order.status}")
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


async def _written_under(desk: JournalDesk, key: str) -> str:
    """The id of the intent with this key; empty where none was written down, or the journal cannot tell."""
    with suppress(SwitchgearError, StoreError):
        # Not of the source's journals: that of a desk which has ended is no longer among them.
        for found in await desk.journal.query(IntentQuery(*desk.place, idempotency_key=key)):
            return found.intent_id
    return ""


def _location(request: Request, intent_id: str) -> str:
    return f"{request.url.path.rstrip('/')}/{intent_id}"


def _unknown(request: Request, error: OrderOutcomeUnknown) -> Response:
    intent_id = error.intent_id or ""
    name = error.client_order_id or ""
    out = UnknownOut(message=str(error), intent_id=intent_id, client_order_id=name)
    head = {"Location": _location(request, intent_id)}
    return JSONResponse(out.model_dump(), 202, head)


def _told(error: Exception, again: str) -> Response:
    """Why an order was not placed or not cancelled, as an answer; `again`: what to do where nobody knows."""
    match error:
        case NameTaken():
            said = {"field": error.field, "value": str(error.value), "allowed": error.allowed}
            return answer(409, str(error), reason="name_taken", **said)
        case RuleBroken():
            return _broken(error)
        case SettingsError():
            raise error
        case StaleIntent():
            return answer(409, str(error), reason="not_booked")
        case OrdersHalted():
            return answer(503, str(error), reason="halted")
        case JournalUnavailable() | StoreError():
            return answer(503, str(error), reason="journal")
        case DeskEnded():
            return answer(504, f"{error}: {again}", reason="unknown")
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


def _broken(error: RuleBroken) -> Response:
    value = _digits(error.value)
    message = f"{error.field} {value} {error.allowed}"
    said = {"field": error.field, "value": value, "allowed": error.allowed}
    return answer(422, message, reason="rule", **said)


def _digits(value: object) -> str:
    return format(value, "f") if isinstance(value, Decimal) else str(value)


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


def _note(desk: JournalDesk, method: str, name: str, said: str) -> None:
    """Leave a trace of what was to become of an order, by whom, and what came of it."""
    journal, (exchange, account) = desk.journal, desk.place
    text = f"order {name} of {named(exchange, account)} to be {said}"
    key = Key(exchange, method, account)
    journal.note(Note(journal.clock.monotonic_s(), key, Level.WARNING, text))
