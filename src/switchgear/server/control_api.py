"""Owns the controls of circuits under /api/v1/circuits; what they do is control's, and access says who may ask."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from switchgear.core.errors import SettingsError
from switchgear.observe.query import LogQuery
from switchgear.server.control import NothingHeld, Place, Said
from switchgear.server.model import Error
from switchgear.server.orders_source import BY_CHARS_MAX
from switchgear.server.who import signed, who_of

if TYPE_CHECKING:
    from switchgear.server.control import Control, Done
    from switchgear.server.source import LogSource

_ELSEWHERE = "this page reads a file; control is where the program runs"


class Turn(BaseModel):
    """Which circuits are meant, who turns them, and why."""

    model_config = ConfigDict(extra="forbid", strict=True)

    exchange: str = Field(description="Name or pattern, as `binance` or `*`.")
    method: str = Field(
        description="Name or pattern, as `get_*`; `@exchange`, `@address` or `@account` for what is wider."
    )
    account: str = Field("*", description="Name or pattern; every account when not given.")
    by: str
    why: str


class HoldTurn(Turn):
    """A hold: how, and until when."""

    state: str = Field(description="open, closed or metrics_only.")
    for_s: float | None = Field(None, description="Seconds after which it ends by itself.")
    until: str | int | None = Field(
        None,
        description="When it ends by itself, instead of for_s: epoch ms, or ISO 8601 with its zone. "
        "Neither means until it is released.",
    )


class TouchedOut(BaseModel):
    """A circuit that was meant."""

    exchange: str
    method: str
    account: str
    before: str
    after: str


class DoneOut(BaseModel):
    """What was done, and to which circuits."""

    did: str = Field(description="held open, held closed, held at metrics only, released, reset.")
    circuits: list[TouchedOut]
    gates_opened: list[str]
    until_ms: int | None = Field(description="Epoch ms at which it ends by itself.")


class HoldOut(BaseModel):
    """A hold as it was put on: on names or patterns; it binds what comes later too."""

    exchange: str
    method: str
    account: str
    state: str
    by: str
    why: str
    until_ms: int | None = Field(description="null until it is released.")


class HoldsOut(BaseModel):
    """Which holds are on."""

    controllable: bool = Field(description="Whether circuits can be turned from here.")
    holds: list[HoldOut]
    now_ms: int


def _error(status: int, words: str) -> dict[int | str, dict[str, Any]]:
    return {status: {"model": Error, "description": words}}


_REFUSED = {
    **_error(400, "A value cannot be, or no circuit is meant."),
    **_error(403, "The circuits are in another process."),
}


class ControlApi:
    """The controls, as a router."""

    def __init__(self, source: LogSource) -> None:
        self._source = source
        self.router = APIRouter(prefix="/circuits")
        post = self.router.post
        self.router.get("/holds")(self.holds)
        post("/hold", responses=_REFUSED)(self.hold)
        post("/release", responses={**_REFUSED, **_error(409, "Nothing is held.")})(self.release)
        post("/reset", responses=_REFUSED)(self.reset)

    def holds(self) -> HoldsOut:
        """The holds that are on, the oldest first; none where circuits are of another process."""
        control = self._source.control
        found = [] if control is None else control.holds()
        return HoldsOut(
            controllable=control is not None,
            holds=[
                HoldOut(
                    exchange=one.exchange,
                    method=one.method,
                    account=one.account,
                    state=one.mode.value,
                    by=one.by,
                    why=one.why,
                    until_ms=None if control is None else control.until_ms(one),
                )
                for one in found
            ],
            now_ms=self._source.now_ms(),
        )

    def hold(self, request: Request, body: HoldTurn) -> DoneOut:
        """Hold circuits open, closed or at metrics only, until released or until its time ends by itself."""
        for_s = _for_s(body, self._source.now_ms())
        return _out(self._control().hold(_place(body), _said(request, body), body.state, for_s))

    def release(self, request: Request, body: Turn) -> DoneOut:
        """End holds; each circuit goes on as it was before."""
        try:
            return _out(self._control().release(_place(body), _said(request, body)))
        except NothingHeld as nothing:
            raise HTTPException(409, str(nothing)) from None

    def reset(self, request: Request, body: Turn) -> DoneOut:
        """Close circuits and forget what they have seen, holds too; a scope's name opens its gates."""
        return _out(self._control().reset(_place(body), _said(request, body)))

    def _control(self) -> Control:
        if self._source.control is None:
            raise HTTPException(403, _ELSEWHERE)
        return self._source.control


def _place(body: Turn) -> Place:
    return Place(body.exchange, body.method, body.account)


def _said(request: Request, body: Turn) -> Said:
    return Said(signed(body.by, who_of(request.scope), BY_CHARS_MAX), body.why.strip())


def _for_s(body: HoldTurn, now_ms: int) -> float | None:
    if body.until is None:
        return body.for_s
    if body.for_s is not None:
        raise SettingsError("until", body.until, "must not be given together with for_s")
    ends_ms = LogQuery.parse({"until": str(body.until)}, now_ms).until_ms
    if ends_ms is None or ends_ms <= now_ms:
        raise SettingsError("until", body.until, "must be later than now")
    return (ends_ms - now_ms) / 1000


def _out(done: Done) -> DoneOut:
    return DoneOut(
        did=done.did,
        circuits=[
            TouchedOut(**one.key._asdict(), before=one.before.value, after=one.after.value)
            for one in done.touched
        ],
        gates_opened=list(done.opened),
        until_ms=done.until_ms,
    )
