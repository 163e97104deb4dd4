"""Owns how a request is known to be somebody's: by cookie, by bearer, by the user's own word, or not at all."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from inspect import isawaitable
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

from starlette.types import Scope

from switchgear.core.errors import SettingsError
from switchgear.server.credentials import Credentials, digest_of
from switchgear.server.sessions import Sessions
from switchgear.server.throttle import Throttle
from switchgear.server.who import EXTERNAL, TERMINAL, Role, Who

if TYPE_CHECKING:
    from collections.abc import Mapping

    from switchgear.core.clock import Clock


Answer = tuple[str, str] | None
"""Role (`viewer` or `operator`) and name of who asks; None for somebody who may not."""
BEARERS_IN_ALL_MAX = 1_000
"""Wrong bearers of all addresses together: so many that nobody can shut programs out by being wrong."""
NAME_CHARS_MAX = 64
_SCHEMES = {"https": 443, "http": 80}


class Wait(NamedTuple):
    """Too many wrong tokens came from there: none is looked at for some seconds."""

    delay_s: float


class Gate(Protocol):
    """Who knows people."""

    async def who(self, scope: Scope, given: Mapping[str, str]) -> Who | Wait | None:
        """Who asks; the headers are by name, and one that came twice is empty."""
        ...


Ask = Callable[[Scope], Answer | Awaitable[Answer]]
"""The user's own function of the ASGI scope."""
Auth = Credentials | Gate | Literal["external"] | Ask
"""What an application takes as `auth`."""


class OpenGate:
    """Everybody who comes is the same one."""

    def __init__(self, who: Who) -> None:
        self._who = who

    async def who(self, scope: Scope, given: Mapping[str, str]) -> Who:  # noqa: ARG002  the protocol has both
        """The one."""
        return self._who


class AskingGate:
    """The user's own function tells."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    async def who(self, scope: Scope, given: Mapping[str, str]) -> Who | None:  # noqa: ARG002  as above
        """Who the function says it is; SettingsError for an answer that is none."""
        answer = self._ask(scope)
        if isawaitable(answer):
            answer = await answer
        match answer:
            case None:
                return None
            case (Role() | "viewer" | "operator") as role, str() as name if _is_name(name):
                return Who(name, Role(role))
            case _:
                allowed = "must give None, or viewer or operator and a name"
                raise SettingsError("auth", answer, allowed)


class TokenGate:
    """People have a session behind a cookie, programs bring their token with each request."""

    def __init__(self, credentials: Credentials, clock: Clock) -> None:
        self.credentials = credentials
        self.sessions = Sessions(clock)
        self.logins = Throttle(clock)
        self._bearers = Throttle(clock, BEARERS_IN_ALL_MAX)

    async def who(self, scope: Scope, given: Mapping[str, str]) -> Who | Wait | None:
        """
        A token, where there is one, counts; whatever the cookie says.

        Another scheme, as a browser sends it to a proxy before this, is not ours; one header too many is nobody's.
        """
        if "authorization" in given:
            scheme, _, token = given["authorization"].partition(" ")
            if not scheme:
                return None
            if scheme.lower() == "bearer":
                return self._bearer(address_of(scope), token)
        session = session_of(scope, given)
        return self.sessions.who(session) if session else None

    def link(self) -> str:
        """A token that signs in once whoever took it from the terminal where the server was started."""
        return self.sessions.link(TERMINAL)

    def _bearer(self, address: str, token: str) -> Who | Wait | None:
        if not token:
            return None
        if delay_s := self._bearers.wait_s(address):
            return Wait(delay_s)
        who = self.credentials.who(token)
        if who is None:
            self._bearers.wrong(address, digest_of(token))
        return who


def gate_of(auth: Auth, clock: Clock) -> Gate:
    """The gate for what was given as `auth`; raises SettingsError for what is none."""
    if isinstance(auth, Credentials):
        return TokenGate(auth, clock)
    if isinstance(auth, OpenGate | AskingGate | TokenGate):
        return auth
    if auth == "external":
        return OpenGate(EXTERNAL)
    if callable(auth):
        return AskingGate(auth)
    allowed = 'must be Credentials, "external", or a function of the scope'
    raise SettingsError("auth", type(auth).__name__, allowed)


def address_of(scope: Scope) -> str:
    """The other end of the connection; what a header says of it proves nothing."""
    client = scope.get("client")
    return str(client[0]) if client else ""


def session_of(scope: Scope, given: Mapping[str, str]) -> str:
    """The session that the cookie names; empty without one, and when there are two."""
    wanted = cookie_name(scope, given)
    pairs = (each.strip().partition("=") for each in given.get("cookie", "").split(";"))
    found = [value for name, _, value in pairs if name == wanted]
    return found[0] if len(found) == 1 else ""


def cookie_name(scope: Scope, given: Mapping[str, str]) -> str:
    """
    Of the session: with the port, for all ports of a host share their cookies.

    With https it has the prefix for which a browser takes no cookie of another host or of plain http.
    """
    port = given.get("host", "").rpartition("]")[2].rpartition(":")[2]
    name = f"switchgear-{port if port.isdigit() else _SCHEMES.get(scope['scheme'], 0)}"
    if scope["scheme"] != "https":
        return name
    return f"__Secure-{name}" if scope.get("root_path") else f"__Host-{name}"


def _is_name(name: str) -> bool:
    return 1 <= len(name) <= NAME_CHARS_MAX and name.isprintable()
