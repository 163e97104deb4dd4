"""
Owns which attempt of which call runs here at the moment, and what is told of the requests that it makes.

It is known only where somebody needs it: where the setting `wire` is on, and in calls about orders. All other calls
never come by here. What may be kept of a request is wire_parts'.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from switchgear.core.event import OrderCalled, Wire
from switchgear.core.policy.wire_parts import READ_BYTES_MAX, safe_body, safe_headers, safe_url
from switchgear.core.redact import error_text

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping
    from contextvars import Token

    from switchgear.core.policy.flow import Course
    from switchgear.core.policy.plan import Policy

    Headers = Mapping[str, str] | Iterable[tuple[str, str]]


class Mark:
    """One attempt of a call, while it runs."""

    __slots__ = ("attempt", "call_id", "is_over", "order_id", "policy")

    def __init__(self, policy: Policy, call_id: int, attempt: int) -> None:
        self.policy = policy
        self.call_id = call_id
        self.attempt = attempt
        """From 1."""
        self.order_id = ""
        """The client order id of the order that it is about, once somebody has said so."""
        self.is_over = False
        """It has ended: a task that it left behind makes requests of its own."""

    def about(self, client_order_id: str | None) -> None:
        """Say which order this attempt is about; it is told at once."""
        if not client_order_id or self.order_id == client_order_id:
            return
        self.order_id = client_order_id
        policy = self.policy
        now_s = policy.clock.monotonic_s()
        policy.emit(OrderCalled(now_s, policy.key, self.call_id, self.attempt, client_order_id))


_HERE: ContextVar[Mark | None] = ContextVar("switchgear_attempt", default=None)


def here() -> Mark | None:
    """The attempt that runs here; None where nobody needs to know, and once it has ended."""
    mark = _HERE.get()
    return None if mark is None or mark.is_over else mark


def tap() -> Tape | None:
    """What a request that is about to be sent from here is told to; None, nearly always, where nobody wants it."""
    mark = _HERE.get()
    if mark is None or mark.is_over or not mark.policy.plan.wire:
        return None
    return Tape(mark)


def is_marked(policy: Policy) -> bool:
    """Whether attempts of this key must be known while they run."""
    return policy.traced or policy.plan.wire


def marked(function: Callable[..., Any], course: Course) -> Callable[..., Any]:
    """The function, with each attempt of the call known while it runs."""

    def run(*args: Any, **kwargs: Any) -> Any:
        mark = Mark(course.policy, course.call_id, course.attempts)
        token = _HERE.set(mark)
        try:
            value = function(*args, **kwargs)
        except BaseException:
            mark.is_over = True
            raise
        finally:
            _HERE.reset(token)
        if hasattr(value, "__await__"):
            return _awaited(value, mark)
        mark.is_over = True
        return value

    return run


async def _awaited(value: Awaitable[Any], mark: Mark) -> Any:
    token = _HERE.set(mark)
    try:
        return await value
    finally:
        mark.is_over = True
        _HERE.reset(token)


class Block:
    """The attempt of a block of code: known from its beginning to its end."""

    __slots__ = ("_mark", "_token")

    def __init__(self, course: Course) -> None:
        self._mark = Mark(course.policy, course.call_id, course.attempts)
        self._token: Token[Mark | None] = _HERE.set(self._mark)

    def end(self) -> None:
        """The block is over."""
        self._mark.is_over = True
        if _HERE.get() is self._mark:  # it may be left in another context than it was entered in
            _HERE.reset(self._token)


class Tape:
    """
    One request and its answer, on their way to become a `Wire` event.

    Call `sent` first and `end` last; what is let go of without an end is told as far as it got.
    """

    def __init__(self, mark: Mark) -> None:
        self._mark = mark
        self._clock = mark.policy.clock
        self._began_s = self._clock.monotonic_s()
        self._ended_s: float | None = None
        self._request: tuple[str, str, dict[str, str], str] = ("", "", {}, "")
        self._status: int | None = None
        self._headers: dict[str, str] = {}
        self._content_type = ""
        self._pieces: list[bytes] = []
        self._kept = self._size = 0
        self._is_told = False

    def sent(self, verb: str, url: str, headers: Headers, body: object) -> Tape:
        """What goes out now; a body that is neither bytes nor a text is not looked at."""
        shown = safe_headers(headers)
        kept = safe_body(body, _content_type(shown))
        self._request = (verb.upper(), safe_url(url), shown, kept)
        self._began_s = self._clock.monotonic_s()
        return self

    def answered(self, status: int, headers: Headers) -> None:
        """The answer's beginning has come."""
        self._ended_s = self._clock.monotonic_s()
        self._status, self._headers = status, safe_headers(headers)
        self._content_type = _content_type(self._headers)

    def piece(self, data: bytes) -> None:
        """A part of the answer's body has come; beyond READ_BYTES_MAX it is only counted."""
        self._size += len(data)
        if self._kept < READ_BYTES_MAX:
            self._pieces.append(bytes(data[: READ_BYTES_MAX - self._kept]))
            self._kept += len(self._pieces[-1])

    def end(self, error: BaseException | None = None, *, is_read: bool = True) -> None:
        """
        All has come, or no more will; what is said a second time is not heard.

        Args:
            error: Why it is not whole.
            is_read: Whether the body passed by here.
        """
        if self._is_told:
            return
        self._is_told = True
        mark, clock = self._mark, self._clock
        now_s = clock.monotonic_s() if self._ended_s is None else self._ended_s
        body = safe_body(b"".join(self._pieces), self._content_type, self._size)
        if not is_read and not body and self._status is not None:
            body = "(not kept: nobody read it here)"
        verb, url, headers, sent = self._request
        event = Wire(
            at_s=now_s,
            key=mark.policy.key,
            call_id=mark.call_id,
            attempt=mark.attempt,
            duration_s=now_s - self._began_s,
            request_method=verb,
            url=url,
            request_headers=headers,
            request_body=sent,
            status=self._status,
            answer_headers=self._headers,
            answer_body=body,
            error="" if error is None else error_text(error),
            order_id=mark.order_id,
        )
        mark.policy.emit(event)

    def __del__(self) -> None:
        if self._request[0]:
            self.end(is_read=bool(self._pieces))


def _content_type(headers: Mapping[str, str]) -> str:
    return next(
        (value.lower() for name, value in headers.items() if name.lower() == "content-type"), ""
    )
