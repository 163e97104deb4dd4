"""
Owns the guard round one request of a foreign HTTP client.

How a request is made, and what an answer looks like, is left to the modules that know the client.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from switchgear.core.errors import ApiError
from switchgear.core.event import Note
from switchgear.core.policy.settlement import charge_of
from switchgear.core.policy.wiretap import tap
from switchgear.core.redact import Words, error_text
from switchgear.core.verdict import Answer, classify, judge
from switchgear.core.words import Level
from switchgear.wrap.routes import Routes

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from switchgear.core.clock import Clock
    from switchgear.core.guarded import Guarded
    from switchgear.core.policy.wiretap import Tape
    from switchgear.core.words import Verdict

_FAILING = 400


class Desk(Protocol):
    """Where guards come from: a gear."""

    clock: Clock

    def guarded(
        self, exchange: str, method: str, *, account: str = "main", **settings: Any
    ) -> Guarded:
        """The guard of one key."""
        ...

    def suggest(
        self,
        exchange: str,
        method: str,
        *,
        account: str = "main",
        weight: float | None = None,
        signed: bool = True,
    ) -> None:
        """What is known of a key, until the user says otherwise."""
        ...

    def heard(
        self,
        exchange: str,
        headers: Mapping[str, str],
        *,
        account: str = "main",
        signed: bool = True,
        method: str = "",
        sent_s: float | None = None,
    ) -> None:
        """What an answer's headers say of limits."""
        ...


@dataclass(frozen=True, slots=True)
class Request:
    """What is about to be sent, as far as a guard depends on it."""

    verb: str
    host: str
    path: str
    replayable: bool = True
    """Its body can be sent a second time."""
    shown: Callable[[], tuple[str, Any, object]] | None = None
    """Gives address, headers and body, where somebody wants to see them."""


class Answered(ApiError):
    """An answer that is no success; whoever asked gets the answer itself, as without a guard."""

    def __init__(
        self, status: int, verdict: Verdict, exchange: str, method: str, answer: Any
    ) -> None:
        super().__init__(
            "the answer is no success",
            status=status,
            exchange=exchange,
            method=method,
            verdict=verdict,
        )
        self.answer = answer

    def __str__(self) -> str:
        return f"HTTP {self.status}"


class _Tapes:
    """What the attempts of one request are told to, each to its own, where somebody wants it."""

    __slots__ = ("_request", "newest")

    def __init__(self, request: Request) -> None:
        self._request = request
        self.newest: Tape | None = None

    def begin(self) -> None:
        """An attempt is about to be sent; what was told of one before has come to its end."""
        if self.newest is not None:
            self.newest.end(is_read=False)
        tape, shown = tap(), self._request.shown
        self.newest = (
            None if tape is None or shown is None else tape.sent(self._request.verb, *shown())
        )

    def answered(self, status: int, headers: Mapping[str, str]) -> None:
        """The headers of its answer have come."""
        if self.newest is not None:
            self.newest.answered(status, headers)

    def broke(self, error: BaseException) -> None:
        """No answer came."""
        if self.newest is not None:
            self.newest.end(error)


class Wire:
    """The guards of one client's requests."""

    def __init__(
        self, desk: Desk, exchange: str | None, account: str, templates: Sequence[str]
    ) -> None:
        self._desk = desk
        self._account = account
        self._routes = Routes(exchange, templates)
        self._guards: dict[tuple[str, str], Guarded] = {}

    def guard_of(self, request: Request) -> Guarded:
        """The guard of a request's key; its attempts are one where its body cannot be sent again."""
        key = self._routes.of(request.verb, request.host, request.path)
        guard = self._guards.get(key)
        if guard is None:
            guard = self._guards[key] = self._desk.guarded(*key, account=self._account)
        return guard if request.replayable else type(guard)(guard.policy, once=True)

    def send(
        self,
        request: Request,
        attempt: Callable[[], Any],
        look: Callable[[Any], tuple[int, Mapping[str, str]]],
        drop: Callable[[Any], object],
    ) -> tuple[Any, Tape | None]:
        """
        The answer of the last attempt, whatever its status, and what its body is told to as it comes.

        Args:
            request: What is sent.
            attempt: Sends it, and gives the answer when its headers have come.
            look: Status and headers of an answer.
            drop: Lets go of an answer that nobody will read, for another attempt is made.

        Raises:
            Rejected: The request was not made.
        """
        guard, last, tapes = self.guard_of(request), list[Any](), _Tapes(request)

        def once() -> Any:
            while last:
                drop(last.pop())
            sent_s = self._desk.clock.monotonic_s()
            tapes.begin()
            try:
                answer = attempt()
            except BaseException as error:
                tapes.broke(error)
                raise
            last.append(answer)
            tapes.answered(*look(answer))
            self._judged(guard, *look(answer), sent_s, answer)
            return answer

        try:
            return guard.call_sync(once), tapes.newest
        except Answered as answered:
            return answered.answer, tapes.newest
        except BaseException:
            while last:
                drop(last.pop())
            raise

    async def send_async(
        self,
        request: Request,
        attempt: Callable[[], Awaitable[Any]],
        look: Callable[[Any], tuple[int, Mapping[str, str]]],
        drop: Callable[[Any], Awaitable[object]],
    ) -> tuple[Any, Tape | None]:
        """The same on the running event loop."""
        guard, last, tapes = self.guard_of(request), list[Any](), _Tapes(request)

        async def once() -> Any:
            while last:
                await drop(last.pop())
            sent_s = self._desk.clock.monotonic_s()
            tapes.begin()
            try:
                answer = await attempt()
            except BaseException as error:
                tapes.broke(error)
                raise
            last.append(answer)
            tapes.answered(*look(answer))
            self._judged(guard, *look(answer), sent_s, answer)
            return answer

        try:
            return await guard.call(once), tapes.newest
        except Answered as answered:
            return answered.answer, tapes.newest
        except BaseException:
            while last:
                await drop(last.pop())
            raise

    def broke(self, request: Request, error: BaseException) -> None:
        """The body of an answer that had begun well ended before its end: that is a failure too."""
        policy = self.guard_of(request).policy
        if not isinstance(error, Exception):
            return
        verdict = classify(error, policy.key.exchange, policy.plan.effect, policy.clock.wall)
        charge = charge_of(verdict, error)
        policy.scopes.settle_straight(policy.scopes.present(), charge, Words(error))
        text = f"the answer broke off: {error_text(error)}"
        policy.emit(Note(policy.clock.monotonic_s(), policy.key, Level.ERROR, text))

    def _judged(
        self, guard: Guarded, status: int, headers: Mapping[str, str], sent_s: float, answer: Any
    ) -> None:
        key, plan = guard.policy.key, guard.policy.plan
        self._desk.heard(
            key.exchange, headers, account=key.account, method=key.method, sent_s=sent_s
        )
        if status < _FAILING:
            return
        # By the status alone: the body is the caller's, and nobody has read it.
        found = Answer(status, None, "", dict(headers))
        verdict = judge(found, "", plan.effect, guard.policy.clock.wall)
        raise Answered(status, verdict, key.exchange, key.method, answer)
