"""Owns signing in and out: a token becomes a session behind a cookie; who may do what is left to access."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, Response

from switchgear.core.words import Level
from switchgear.server.credentials import TOKEN_CHARS_MAX
from switchgear.server.errors import answer
from switchgear.server.gates import TokenGate, address_of, cookie_name, session_of
from switchgear.server.model import Error
from switchgear.server.who import Role, Who, who_of

if TYPE_CHECKING:
    from switchgear.server.audit import Audit

LOGIN, LOGOUT = "/api/v1/login", "/api/v1/logout"


class SignIn(BaseModel):
    """Who wants to sign in."""

    model_config = ConfigDict(extra="forbid", strict=True)

    token: Annotated[str, Field(max_length=TOKEN_CHARS_MAX, repr=False)]


class Me(BaseModel):
    """Who asks."""

    name: str
    role: Role
    login: bool = Field(description="It is a session of a browser, which can be ended.")


class Out(BaseModel):
    """The session has ended."""

    signed_out: bool


class Login:
    """The answers, as a router; without a gate that knows tokens, only the question who one is."""

    def __init__(self, gate: TokenGate | None, audit: Audit) -> None:
        self.router = APIRouter()
        self.router.get("/me")(self.me)
        if gate is not None:
            self._gate = gate
            self._audit = audit
            errors: dict[int | str, dict[str, Any]] = {
                400: {"model": Error, "description": "No token is given."},
                401: {"model": Error, "description": "Nobody has this token."},
                429: {"model": Error, "description": "Too many were wrong; see Retry-After."},
            }
            self.router.post("/login", response_model=Me, responses=errors)(self.login)
            self.router.post("/logout", response_model=Out)(self.logout)

    async def me(self, request: Request) -> Me:
        """Who asks, and what they may do."""
        return _me(who_of(request.scope))

    async def login(self, request: Request, body: SignIn) -> Response:
        """Swap a token for the cookie of a session; that of before, if there was one, ends."""
        address = address_of(request.scope)
        if delay_s := self._gate.logins.wait_s(address):
            slow = answer(429, "too many wrong tokens: wait, then try again")
            slow.headers["retry-after"] = str(ceil(delay_s))
            return slow
        # A link's token is looked up first: comparing tells nothing of those that it is none of.
        who = self._gate.sessions.follow(body.token) or self._gate.credentials.who(body.token)
        if who is None:
            if self._gate.logins.wrong(address):
                text = f"too many wrong tokens came from {address}: none is looked at for a while"
                self._audit.tell(Who("nobody", Role.VIEWER), text)
            return answer(401, "nobody has this token, or it was used already")
        given = _given(request)
        self._gate.sessions.end(session_of(request.scope, given))
        self._audit.tell(who, f"signed in as {who.role} from {address}", level=Level.INFO)
        found = JSONResponse(_me(who).model_copy(update={"login": True}).model_dump())
        self._set_cookie(found, request, given, self._gate.sessions.begin(who))
        return found

    async def logout(self, request: Request) -> Response:
        """End the session; a token that came with the request stays what it is."""
        who, given = who_of(request.scope), _given(request)
        self._gate.sessions.end(who.session)
        if who.session:
            self._audit.tell(who, "signed out", level=Level.INFO)
        done = JSONResponse({"signed_out": bool(who.session)})
        self._set_cookie(done, request, given, "", max_age=0)
        return done

    def _set_cookie(
        self,
        to: Response,
        request: Request,
        given: dict[str, str],
        value: str,
        max_age: int | None = None,
    ) -> None:
        scope = request.scope
        to.headers["cache-control"] = "no-store"
        to.set_cookie(
            cookie_name(scope, given),
            value,
            max_age=max_age,  # None: until the browser is closed, or the session is over here
            path=quote(scope.get("root_path", "")) or "/",
            secure=scope["scheme"] == "https",
            httponly=True,
            samesite="strict",
        )


def _me(who: Who) -> Me:
    return Me(name=who.name, role=who.role, login=bool(who.session))


def _given(request: Request) -> dict[str, str]:
    return {name: request.headers.get(name, "") for name in ("host", "cookie")}
