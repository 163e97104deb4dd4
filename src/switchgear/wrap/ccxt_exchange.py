"""
Owns the guard round an exchange of ccxt: every method that asks the exchange, unified or implicit, under its own name.

One admission is one call of the user's: the markets it loads first and the pages it reads are within it. What ccxt
makes of an answer is ccxt's; what the answer says of the exchange is read from the answer itself.
"""

from __future__ import annotations

import inspect
from contextvars import ContextVar
from functools import cache, wraps
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

from switchgear.core.errors import (
    AttemptTimeout,
    DeadlineExceeded,
    GateClosedError,
    OrderOutcomeUnknown,
    Rejected,
    SwitchgearError,
    WouldBlockLoop,
)
from switchgear.core.policy.quota_tables import LIMITS
from switchgear.core.verdict import classify
from switchgear.core.words import NAME_CHARS_MAX, Effect
from switchgear.wrap.intents import ORDERS, Intent, intent_of
from switchgear.wrap.twins import twin_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from switchgear.core.guarded import Guarded
    from switchgear.wrap.wire import Desk

# Not where types are checked: what it pins clashes with what we pin.
ccxt: Any = import_module("ccxt")
async_support: Any = import_module("ccxt.async_support")

_MARK = "_switchgear_watch"
_INNER = frozenset(
    {
        "fetch",
        "fetch2",
        "request",
        "throttle",
        "sleep",
        "close",
        "safe_deterministic_call",
        "load_order_book",
    }
)
"""Methods below those that users call, and those that ask nobody."""
_ELSEWHERE = (
    "watch",
    "un_watch",
    "unWatch",
    "close_",
    "close",
    "load_markets_helper",
    "load_dydx",
    "load_lighter",
)
_ASKING = ("close_position", "close_all_positions", "closePosition", "closeAllPositions")


class Answer:
    """An answer, on the error that ccxt made of it."""

    def __init__(self, status: int, headers: Mapping[str, str], body: object) -> None:
        self.status, self.headers = status, headers
        self._body = body.encode("utf-8", "replace") if isinstance(body, str) else b""


class Attempt:
    """One attempt of a user's call of one exchange: what belongs to it while it is under way."""

    def __init__(self, exchange: object, watch: Watch, key: Any, intent: Intent | None) -> None:
        self.exchange, self.watch, self.key, self.intent = exchange, watch, key, intent
        self.sent_s = watch.desk.clock.monotonic_s()
        self.answer: Answer | None = None
        """The newest."""


_UNDER_WAY: ContextVar[tuple[Attempt, ...]] = ContextVar("switchgear_ccxt", default=())


def guard(desk: Desk, exchange: Any, name: str | None, account: str, routes: Sequence[str]) -> Any:
    """The exchange, guarded; one that is guarded already is as it was."""
    del routes  # its methods have names of their own
    if _MARK in vars(exchange):
        return exchange
    vars(exchange)[_MARK] = Watch(desk, name or exchange.id, account)
    exchange.__class__ = _guarded_class(type(exchange))  # type: ignore[arg-type]  # mypy looks at the hash of instances
    exchange.options["maxRetriesOnFailure"] = 0  # it sends orders again, and does not wait
    if exchange.id in LIMITS:
        exchange.enableRateLimit = False  # ours knows what the exchange says
    return exchange


class Watch:
    """The guards of one exchange object."""

    def __init__(self, desk: Desk, name: str, account: str) -> None:
        self.desk, self.name, self.account = desk, name, account
        self._guards: dict[str, Guarded] = {}

    def guard_of(self, method: str, effect: Effect | None) -> Guarded:
        """The guard of a method; its effect where its name does not tell."""
        found = self._guards.get(method)
        if found is None:
            more = {} if effect is None else {"effect": effect.value}
            found = self.desk.guarded(self.name, method, account=self.account, **more)
            self._guards[method] = found
        return found


@cache
def _guarded_class(base: type[Any]) -> type[Any]:
    awaits = inspect.iscoroutinefunction(base.fetch)
    body: dict[str, Any] = {
        "handle_errors": _handling_errors(base),
        "handle_http_status_code": _handling_status(base),
        "fetch": _fetching_async(base) if awaits else _fetching(base),
        "__module__": base.__module__,
        "__qualname__": base.__qualname__,
        "__doc__": base.__doc__,
    }
    make = _async_method if awaits else _method
    for name, (method, effect) in _methods_of(base).items():
        body[name] = make(getattr(base, name), method, effect)
    return type(base.__name__, (base,), body)


def _methods_of(base: type[Any]) -> dict[str, tuple[str, Effect | None]]:
    """Every method that asks the exchange: what it is filed under, and an endpoint's effect, which its name hides."""
    found: dict[str, tuple[str, Effect | None]] = {}
    sample = base if inspect.iscoroutinefunction(base.fetch) else _async_twin(base)
    known: dict[object, str] = {}
    for name in sorted(
        dir(base), key=lambda name: "_" not in name
    ):  # a_name before aName, which is filed under it
        if name.startswith("_") or name in _INNER:
            continue
        entry = inspect.getattr_static(base, name, None)
        if hasattr(entry, "unbound_method") and hasattr(entry, "api"):
            what = (str(entry.api), entry.method, entry.path)
            effect = Effect.READ if entry.method == "GET" else Effect.TRADE
        elif inspect.iscoroutinefunction(getattr(sample, name, None)) and _asks(name):
            what, effect = getattr(base, name), None
        else:
            continue
        found[name] = (known.setdefault(what, name[:NAME_CHARS_MAX].rstrip("_")), effect)
    return found


def _asks(name: str) -> bool:
    return not name.startswith(_ELSEWHERE) or name.startswith(_ASKING)


def _async_twin(base: type[Any]) -> type[Any]:
    """The asynchronous class of the same exchange: there, what asks is a coroutine."""
    for cls in base.__mro__:
        twin = getattr(async_support, cls.__name__, None)
        if cls.__module__.startswith("ccxt.") and isinstance(twin, type):
            return twin
    found: type[Any] = async_support.Exchange
    return found


def _watch_of(exchange: Any) -> Watch:
    return cast("Watch", vars(exchange)[_MARK])


def _inside(exchange: object) -> bool:
    return any(attempt.exchange is exchange for attempt in _UNDER_WAY.get())


def _method(inner: Callable[..., Any], method: str, effect: Effect | None) -> Callable[..., Any]:
    @wraps(inner)
    def guarded(self: Any, *args: Any, **kwargs: Any) -> Any:
        if _inside(self):
            return inner(self, *args, **kwargs)
        watch = _watch_of(self)
        guard = watch.guard_of(method, effect)
        intent, args, kwargs = intent_of(self, inner, method, args, kwargs, watch.desk.clock)

        def attempt() -> Any:
            mine = Attempt(self, watch, guard.policy.key, intent)
            token = _UNDER_WAY.set((*_UNDER_WAY.get(), mine))
            try:
                return _checked(method, inner(self, *args, **kwargs), self)
            finally:
                _UNDER_WAY.reset(token)

        try:
            return guard.call_sync(attempt)
        except (ccxt.BaseError, SwitchgearError) as error:
            raised = _raised(error, method, guard, intent)
            if raised is error:
                raise
            raise raised from error.__cause__

    return guarded


def _async_method(
    inner: Callable[..., Any], method: str, effect: Effect | None
) -> Callable[..., Any]:
    @wraps(inner)
    async def guarded(self: Any, *args: Any, **kwargs: Any) -> Any:
        if _inside(self):
            return await inner(self, *args, **kwargs)
        watch = _watch_of(self)
        guard = watch.guard_of(method, effect)
        intent, args, kwargs = intent_of(self, inner, method, args, kwargs, watch.desk.clock)

        async def attempt() -> Any:
            mine = Attempt(self, watch, guard.policy.key, intent)
            token = _UNDER_WAY.set((*_UNDER_WAY.get(), mine))
            try:
                return _checked(method, await inner(self, *args, **kwargs), self)
            finally:
                _UNDER_WAY.reset(token)

        try:
            return await guard.call(attempt)
        except (ccxt.BaseError, SwitchgearError) as error:
            raised = _raised(error, method, guard, intent)
            if raised is error:
                raise
            raise raised from error.__cause__

    return guarded


def _checked(method: str, value: object, exchange: Any) -> object:
    """The value; an order without an id is none, whatever the status of its answer was."""
    if method in ORDERS and _id_of(value) in {None, ""}:
        raise ccxt.BadResponse(f"{exchange.id} {method}: the answer has no order id")
    return value


def _id_of(order: Any) -> object:
    return order.get("id") if hasattr(order, "get") else None


def _raised(error: Exception, method: str, guard: Guarded, intent: Intent | None) -> Exception:
    """The error as the user gets it: one of ours is one of ccxt's as well, and so is an order of unknown outcome."""
    key = guard.policy.key
    if isinstance(error, (Rejected, WouldBlockLoop)):
        is_gate = isinstance(error, GateClosedError)
        return twin_of(error, ccxt.RateLimitExceeded if is_gate else ccxt.ExchangeNotAvailable)
    theirs = (
        ccxt.RequestTimeout
        if isinstance(error, (DeadlineExceeded, AttemptTimeout))
        else type(error)
    )
    if method in ORDERS and not isinstance(error, DeadlineExceeded):  # then nothing was sent
        verdict = classify(error, key.exchange, Effect.TRADE, guard.policy.clock.wall)
        if verdict.ambiguous:
            unknown = OrderOutcomeUnknown(
                f"the outcome of the order is unknown: {error}",
                client_order_id=None if intent is None else intent.client_order_id,
                status=getattr(getattr(error, "response", None), "status", None),
                exchange=key.exchange,
                method=key.method,
                verdict=verdict,
            )
            unknown.__cause__ = error
            return twin_of(unknown, theirs)
    return twin_of(error, theirs) if isinstance(error, SwitchgearError) else error


def _attempt_of(exchange: object) -> Attempt | None:
    return next((one for one in reversed(_UNDER_WAY.get()) if one.exchange is exchange), None)


def _handling_errors(base: type[Any]) -> Callable[..., Any]:
    def handle_errors(
        self: Any,
        code: int,
        reason: str,
        url: str,
        method: str,
        headers: Any,
        body: Any,
        *rest: Any,
    ) -> Any:
        answer, attempt = Answer(code, headers, body), _attempt_of(self)
        if attempt is not None:
            attempt.answer = answer
            attempt.watch.desk.heard(
                attempt.key.exchange,
                headers,
                account=attempt.key.account,
                method=attempt.key.method,
                sent_s=attempt.sent_s,
            )
        try:
            found = base.handle_errors(self, code, reason, url, method, headers, body, *rest)
        except ccxt.BaseError as error:
            error.response = answer  # where the core looks for it
            raise
        if code >= 400 and not found and str(code) not in self.httpExceptions:
            # ccxt makes a value of it, such as an order without an id.
            said = ccxt.ExchangeNotAvailable(f"{self.id} {method} {url} {code} {reason} {body}")
            said.response = answer
            raise said
        return found

    return handle_errors


def _handling_status(base: type[Any]) -> Callable[..., Any]:
    def handle_http_status_code(self: Any, *args: Any) -> Any:
        attempt = _attempt_of(self)
        try:
            return base.handle_http_status_code(self, *args)
        except ccxt.BaseError as error:
            if attempt is not None and attempt.answer is not None:
                error.response = attempt.answer
            raise

    return handle_http_status_code


def _fetching(base: type[Any]) -> Callable[..., Any]:
    def fetch(
        self: Any, url: str, method: str = "GET", headers: Any = None, body: Any = None
    ) -> Any:
        _about_to_send(self, url, method, body)
        return base.fetch(self, url, method, headers, body)

    return fetch


def _fetching_async(base: type[Any]) -> Callable[..., Any]:
    async def fetch(
        self: Any, url: str, method: str = "GET", headers: Any = None, body: Any = None
    ) -> Any:
        _about_to_send(self, url, method, body)
        return await base.fetch(self, url, method, headers, body)

    return fetch


def _about_to_send(exchange: Any, url: str, method: str, body: Any) -> None:
    attempt = _attempt_of(exchange)
    if attempt is None:
        return
    attempt.sent_s = attempt.watch.desk.clock.monotonic_s()
    intent = attempt.intent
    if intent is not None and method != "GET" and intent.client_order_id not in f"{url} {body}":
        # Nothing left yet. Sent without it, nobody could find the order again.
        raise ccxt.NotSupported(
            f"{exchange.id}: the order would go out without its client order id {intent.client_order_id}"
        )
