"""Owns the way of one request over a socket, and what its faults do to the connection."""

from __future__ import annotations

from dataclasses import dataclass
from email.utils import format_datetime
from typing import TYPE_CHECKING

from aiohttp import web
from multidict import CIMultiDict

from switchgear.practice.sim import backend
from switchgear.practice.sim.control import PREFIX
from switchgear.practice.sim.door import reset
from switchgear.practice.sim.faults import (
    BESIDE,
    KINDS,
    Cut,
    Delay,
    Hit,
    Html,
    Refuse,
    ResetAfter,
    ResetBefore,
    Row,
)
from switchgear.practice.sim.faults import (
    Answer as FaultAnswer,
)
from switchgear.practice.sim.messages import Answer, Request, html_answer
from switchgear.practice.sim.practice import STRAIGHT, Bent, bent_by

if TYPE_CHECKING:
    from collections.abc import Callable

    from switchgear.practice.sim.control import Control
    from switchgear.practice.sim.faults import Action
    from switchgear.practice.sim.practice import Practice

_HTML_WORDS = {403: "Request blocked", 502: "Bad Gateway", 503: "Service Unavailable"}
_LEFT = "client_left"


@dataclass(frozen=True, slots=True)
class _Call:
    """A request under way, and what goes wrong with it."""

    incoming: web.BaseRequest
    request: Request
    hit: Hit | None = None
    bent: Bent = STRAIGHT

    @property
    def fault(self) -> Action | None:
        """What the rule does that hits it."""
        return None if self.hit is None else self.hit.action

    @property
    def rule_id(self) -> int:
        """The rule that hits it, 0 for none."""
        return 0 if self.hit is None else self.hit.rule_id


class Wire:
    """Answers requests on the doors of one practice server."""

    def __init__(
        self, practice: Practice, control: Control, refuse: Callable[[int, float], None]
    ) -> None:
        self._practice = practice
        self._control = control
        self._refuse = refuse

    async def everything(self, incoming: web.BaseRequest) -> web.StreamResponse:
        """The main door: the venue, the backend and the control."""
        if incoming.path.startswith(PREFIX):
            return await self._control.handle(incoming)
        return await self._answer(incoming, await _request(incoming))

    async def backend_only(self, incoming: web.BaseRequest) -> web.StreamResponse:
        """The backend's own door, which a refusal of the venue leaves open."""
        request = await _request(incoming)
        if backend.endpoint_name(request.method, request.path) is None:
            return self._response(_Call(incoming, request), html_answer(404, "Not Found"))
        return await self._answer(incoming, request)

    async def _answer(self, incoming: web.BaseRequest, request: Request) -> web.StreamResponse:
        practice, name = self._practice, self._practice.count(request)
        plan = practice.draw(request, name)
        await self._wait(plan, before=True)
        hit = next((hit for hit in plan if not isinstance(hit.action, BESIDE)), None)
        call = _Call(incoming, request, hit, bent_by(plan))
        early = self._early(call)
        if early is not None:
            return early
        answer = practice.handle(request, call.bent)
        await self._wait(plan, before=False)
        if incoming.transport is None or incoming.transport.is_closing():
            practice.note_lost(answer, name, _LEFT)
        elif hit is not None:
            practice.note_lost(answer, name, KINDS[type(hit.action)])
        return await self._late(call, answer)

    async def _wait(self, plan: list[Hit], *, before: bool) -> None:
        for hit in plan:
            if isinstance(hit.action, Delay) and hit.action.before is before:
                await self._practice.clock.sleep_async(hit.action.delay_s)

    def _early(self, call: _Call) -> web.StreamResponse | None:
        """What a fault does before the request is worked on; None when it lets it through."""
        match call.fault:
            case (FaultAnswer(booked=False) | Row(booked=False)) as fault:
                return self._instead(call, fault)
            case Html(status):
                return self._response(call, html_answer(status, _HTML_WORDS.get(status, "Error")))
            case Refuse(duration_s):
                self._refuse(call.rule_id, duration_s)
                return _dropped(call.incoming)
            case ResetBefore():
                return _dropped(call.incoming)
            case _:
                return None

    async def _late(self, call: _Call, answer: Answer) -> web.StreamResponse:
        """What becomes of the answer once the request was worked on."""
        match call.fault:
            case ResetAfter():
                return _dropped(call.incoming)
            case Cut():
                return await self._cut(call, answer)
            case (FaultAnswer() | Row()) as fault:
                return self._instead(call, fault)
            case _:
                return self._response(call, answer)

    def _instead(self, call: _Call, fault: FaultAnswer | Row) -> web.StreamResponse:
        return self._response(
            call, self._practice.faulted(fault, call.request, call.bent, call.rule_id)
        )

    def _response(self, call: _Call, answer: Answer) -> web.StreamResponse:
        headers = self._headers(call, answer)
        return web.Response(body=answer.body, status=answer.status, headers=headers)

    def _headers(self, call: _Call, answer: Answer) -> CIMultiDict[str]:
        """The answer's headers; the date, unless it has one, is as the venue's own clock has it."""
        date = format_datetime(self._practice.wall(call.bent), usegmt=True)
        headers = CIMultiDict({"Date": date})
        headers.update(answer.headers)
        headers["Content-Type"] = answer.kind
        return headers

    async def _cut(self, call: _Call, answer: Answer) -> web.StreamResponse:
        response = web.StreamResponse(status=answer.status, headers=self._headers(call, answer))
        response.content_length = len(answer.body)
        await response.prepare(call.incoming)
        await response.write(answer.body[: len(answer.body) // 2])
        if call.incoming.transport is not None:
            call.incoming.transport.close()  # sends what was written, then ends the connection
        return response


async def _request(incoming: web.BaseRequest) -> Request:
    # The raw target, because a signature covers what was sent and not what it means.
    path, _, query = incoming.raw_path.partition("?")
    body = await incoming.read()
    ip = incoming.remote or ""
    return Request(incoming.method, path, query, body, incoming.headers, ip)


def _dropped(incoming: web.BaseRequest) -> web.StreamResponse:
    if incoming.transport is not None:
        reset(incoming.transport)
    return web.Response()  # aiohttp wants one; nobody is left to read it
