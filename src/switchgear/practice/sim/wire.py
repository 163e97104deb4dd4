"""Owns the way of one request over a socket, and what its faults do to the connection."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from switchgear.practice.sim import backend
from switchgear.practice.sim.control import PREFIX
from switchgear.practice.sim.door import reset
from switchgear.practice.sim.faults import (
    KINDS,
    Action,
    Cut,
    Delay,
    Html,
    Refuse,
    ResetAfter,
    ResetBefore,
)
from switchgear.practice.sim.faults import (
    Answer as FaultAnswer,
)
from switchgear.practice.sim.messages import Answer, Request, html_answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from switchgear.practice.sim.control import Control
    from switchgear.practice.sim.practice import Practice

_HTML_WORDS = {403: "Request blocked", 502: "Bad Gateway", 503: "Service Unavailable"}
_LEFT = "client_left"


class Wire:
    """Answers requests on the doors of one practice server."""

    def __init__(
        self, practice: Practice, control: Control, refuse: Callable[[float], None]
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
            return _response(html_answer(404, "Not Found"))
        return await self._answer(incoming, request)

    async def _answer(self, incoming: web.BaseRequest, request: Request) -> web.StreamResponse:
        practice, name = self._practice, self._practice.count(request)
        plan = practice.draw(request, name)
        await self._wait(plan, before=True)
        fault = next((action for action in plan if not isinstance(action, Delay)), None)
        early = self._early(fault, incoming, request)
        if early is not None:
            return early
        answer = practice.handle(request)
        await self._wait(plan, before=False)
        if incoming.transport is None or incoming.transport.is_closing():
            practice.note_lost(answer, name, _LEFT)
        elif fault is not None:
            practice.note_lost(answer, name, KINDS[type(fault)])
        return await self._late(fault, incoming, request, answer)

    async def _wait(self, plan: list[Action], *, before: bool) -> None:
        for action in plan:
            if isinstance(action, Delay) and action.before is before:
                await self._practice.clock.sleep_async(action.delay_s)

    def _early(
        self, fault: Action | None, incoming: web.BaseRequest, request: Request
    ) -> web.StreamResponse | None:
        """What a fault does before the request is worked on; None when it lets it through."""
        match fault:
            case FaultAnswer(booked=False):
                return _response(self._practice.faulted(fault, request))
            case Html(status):
                return _response(html_answer(status, _HTML_WORDS.get(status, "Error")))
            case Refuse(duration_s):
                self._refuse(duration_s)
                return _dropped(incoming)
            case ResetBefore():
                return _dropped(incoming)
            case _:
                return None

    async def _late(
        self, fault: Action | None, incoming: web.BaseRequest, request: Request, answer: Answer
    ) -> web.StreamResponse:
        """What becomes of the answer once the request was worked on."""
        match fault:
            case ResetAfter():
                return _dropped(incoming)
            case Cut():
                return await _cut(incoming, answer)
            case FaultAnswer():
                return _response(self._practice.faulted(fault, request))
            case _:
                return _response(answer)


async def _request(incoming: web.BaseRequest) -> Request:
    # The raw target, because a signature covers what was sent and not what it means.
    path, _, query = incoming.raw_path.partition("?")
    body = await incoming.read()
    ip = incoming.remote or ""
    return Request(incoming.method, path, query, body, incoming.headers, ip)


def _response(answer: Answer) -> web.Response:
    headers = {**answer.headers, "Content-Type": answer.kind}
    return web.Response(body=answer.body, status=answer.status, headers=headers)


def _dropped(incoming: web.BaseRequest) -> web.StreamResponse:
    if incoming.transport is not None:
        reset(incoming.transport)
    return web.Response()  # aiohttp wants one; nobody is left to read it


async def _cut(incoming: web.BaseRequest, answer: Answer) -> web.StreamResponse:
    headers = {**answer.headers, "Content-Type": answer.kind}
    response = web.StreamResponse(status=answer.status, headers=headers)
    response.content_length = len(answer.body)
    await response.prepare(incoming)
    await response.write(answer.body[: len(answer.body) // 2])
    if incoming.transport is not None:
        incoming.transport.close()  # sends what was written, then ends the connection
    return response
