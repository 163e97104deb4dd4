"""
Owns every error that switchgear raises itself; your function's own errors pass through unwrapped.

SwitchgearError
├── SettingsError                a setting, filter or fallback that cannot be; also a ValueError
├── Rejected                     the call was not made
│   ├── CircuitOpenError
│   ├── GateClosedError
│   ├── BulkheadFullError
│   └── JournalUnavailable
├── DeadlineExceeded             also a TimeoutError
├── WouldBlockLoop               call_sync inside a running event loop would have to wait
└── ApiError                     the exchange, or the way to it, failed or refused
    ├── NetworkError
    │   └── AttemptTimeout       also a TimeoutError
    ├── OrderRefused
    └── OrderOutcomeUnknown
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from switchgear.core.words import Scope, Verdict

_SHOWN_CHARS_MAX = 80


class SwitchgearError(Exception):
    """Anything that switchgear raises itself."""


class SettingsError(SwitchgearError, ValueError):
    """Something was set that cannot be; names the field, its value and what is allowed."""

    def __init__(self, field: str, value: object, allowed: str) -> None:
        super().__init__(field, value, allowed)
        self.field = field
        self.value = value
        self.allowed = allowed

    def __str__(self) -> str:
        shown = repr(self.value)
        cut = shown if len(shown) <= _SHOWN_CHARS_MAX else f"{shown[:_SHOWN_CHARS_MAX]}…"
        return f"{self.field}={cut}: {self.allowed}"


class Rejected(SwitchgearError):
    """The call was not made; nothing was sent."""

    # It is raised thousands of times a second while an exchange is down: it keeps its arguments where every
    # exception keeps them, and makes its message when somebody reads it.
    args: tuple[str, str, Scope, str, float | None]

    if TYPE_CHECKING:

        def __init__(
            self, exchange: str, method: str, scope: Scope, reason: str, retry_after_s: float | None
        ) -> None: ...

    @property
    def exchange(self) -> str:
        """The exchange that was not called."""
        return self.args[0]

    @property
    def method(self) -> str:
        """The method that was not called."""
        return self.args[1]

    @property
    def scope(self) -> Scope:
        """Which scope said no."""
        return self.args[2]

    @property
    def reason(self) -> str:
        """The cause in words, without a reference to the error of another call."""
        return self.args[3]

    @property
    def retry_after_s(self) -> float | None:
        """Seconds until a call can be admitted; None when nobody knows."""
        return self.args[4]

    def __str__(self) -> str:
        wait_s = self.retry_after_s
        when = "" if wait_s is None else f"; try again in {wait_s:.1f} s"
        return f"{self.exchange}.{self.method} was not called: {self.reason}{when}"


class CircuitOpenError(Rejected):
    """The circuit is open, held open, or half-open with all its probes out."""


class GateClosedError(Rejected):
    """The exchange named an instant before which it does not want to hear from us."""


class BulkheadFullError(Rejected):
    """As many calls as allowed are in flight."""


class JournalUnavailable(Rejected):
    """The intent of an order could not be made durable, so the order was not sent."""


class DeadlineExceeded(SwitchgearError, TimeoutError):
    """The whole call ran out of its time; no order was sent, or it was no trade."""

    def __init__(self, exchange: str, method: str, deadline_s: float) -> None:
        super().__init__(exchange, method, deadline_s)
        self.exchange = exchange
        self.method = method
        self.deadline_s = deadline_s

    def __str__(self) -> str:
        return f"{self.exchange}.{self.method} did not end within its deadline of {self.deadline_s:g} s"


class WouldBlockLoop(SwitchgearError):
    """A synchronous call inside a running event loop would have had to wait; its last error is the cause."""

    def __init__(self, exchange: str, method: str, delay_s: float) -> None:
        super().__init__(exchange, method, delay_s)
        self.exchange = exchange
        self.method = method
        self.delay_s = delay_s

    def __str__(self) -> str:
        what = f"{self.exchange}.{self.method} would block the running event loop"
        return f"{what} for {self.delay_s:.2f} s; use await, or a thread"


class ApiError(SwitchgearError):
    """An exchange failed or refused; status and code as it gave them, verdict as we read them."""

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        code: int | str | None = None,
        exchange: str = "",
        method: str = "",
        verdict: Verdict | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        """HTTP status of the answer; None when there was no answer."""
        self.code = code
        """The exchange's own code; None when it gave none."""
        self.exchange = exchange
        self.method = method
        self.verdict = verdict
        """What it means; None until somebody classified it."""

    def __str__(self) -> str:
        where = f"{self.exchange}.{self.method}: " if self.exchange else ""
        marks = [f"HTTP {self.status}"] if self.status is not None else []
        marks += [f"code {self.code}"] if self.code is not None else []
        return f"{where}{self.message}" + (f" ({', '.join(marks)})" if marks else "")


class NetworkError(ApiError):
    """The way to the exchange failed: no answer, or not a whole one."""


class AttemptTimeout(NetworkError, TimeoutError):
    """One attempt was cut by its own timeout."""


class OrderRefused(ApiError):
    """The exchange plainly refused the order: it was not booked."""


class OrderOutcomeUnknown(ApiError):
    """The order may have been booked or not; ask for it by its client order id, never send it again blindly."""

    def __init__(
        self,
        message: str,
        *,
        client_order_id: str | None = None,
        status: int | None = None,
        code: int | str | None = None,
        exchange: str = "",
        method: str = "",
        verdict: Verdict | None = None,
    ) -> None:
        super().__init__(
            message, status=status, code=code, exchange=exchange, method=method, verdict=verdict
        )
        self.client_order_id = client_order_id
        """What to look it up by; None when the call carried none."""
        self.intent_id: str | None = None
        """Under which a journal goes on finding out what became of it; None without a journal."""
