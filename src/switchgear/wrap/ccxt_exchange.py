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
from switchgear.core.policy.wiretap import here, tap
from switchgear.core.redact import message_of, safe_words
from switchgear.core.verdict import classify
from switchgear.core.words import Effect
from switchgear.wrap.ccxt_heard import Heard, keep_secret, told
from switchgear.wrap.ccxt_methods import methods_of
from switchgear.wrap.intents import ORDERS, PLACING, Intent, intent_of
from switchgear.wrap.twins import twin_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from switchgear.core.guarded import Guarded
    from switchgear.wrap.ccxt_methods import Method
    from switchgear.wrap.wire import Desk

# Not where types are checked: what it pins clashes with what we pin.
ccxt: Any = import_module("ccxt")

_MARK = "_switchgear_watch"
_SPOT_PATH = {"binance": "/api/v"}
"""Part of every address that pays at the limits we count; other markets of the exchange have limits of their own."""
_OTHER_MARKETS = frozenset({"future", "delivery", "swap", "option", "linear", "inverse"})


class Attempt:
    """One attempt of a user's call of one exchange: what belongs to it while it is under way."""

    __slots__ = ("answer", "call", "exchange", "intent", "sent_s")

    def __init__(self, exchange: object, call: Call, intent: Intent | None) -> None:
        self.exchange, self.call, self.intent = exchange, call, intent
        self.sent_s = 0.0
        self.answer: Heard | None = None
        """The newest."""


_UNDER_WAY: ContextVar[tuple[Attempt, ...]] = ContextVar("switchgear_ccxt", default=())


def guard(desk: Desk, exchange: Any, name: str | None, account: str, routes: Sequence[str]) -> Any:
    """The exchange, guarded; one that is guarded already is as it was."""
    del routes  # its methods have names of their own
    if _MARK in vars(exchange):
        return exchange
    keep_secret(exchange)
    watch = vars(exchange)[_MARK] = Watch(desk, name or exchange.id, account)
    exchange.__class__ = _guarded_class(type(exchange))  # type: ignore[arg-type]  # mypy looks at the hash of instances
    exchange.options["maxRetriesOnFailure"] = 0  # it sends orders again, and does not wait
    if watch.name in LIMITS and exchange.options.get("defaultType") not in _OTHER_MARKETS:
        exchange.enableRateLimit = False  # ours knows what the exchange says
    return exchange


class Watch:
    """The guards of one exchange object."""

    def __init__(self, desk: Desk, name: str, account: str) -> None:
        self.desk, self.name, self.account = desk, name, account
        self.spot_path = _SPOT_PATH.get(name, "")
        self.calls: dict[str, Call] = {}

    def guard_of(self, method: Method) -> Guarded:
        """The guard of a method; its effect where its name does not tell."""
        self.desk.suggest(
            self.name,
            method.name,
            account=self.account,
            weight=method.weight,
            signed=method.signed,
        )
        more = {} if method.effect is None else {"effect": method.effect.value}
        return self.desk.guarded(self.name, method.name, account=self.account, **more)


class Call:
    """A method of one exchange object, guarded; `run` takes the exchange, what it orders, and the user's arguments."""

    def __init__(
        self, watch: Watch, method: Method, inner: Callable[..., Any], attempt: Any
    ) -> None:
        self.watch, self.method, self.inner = watch, method, inner
        self.guard = watch.guard_of(method)
        self.places, self.orders_one = method.name in PLACING, method.name in ORDERS
        if self.places:
            self.guard.policy.trace()
        self.run: Callable[..., Any] = self.guard(attempt(self))

    def intent(
        self, exchange: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[Intent | None, tuple[Any, ...], dict[str, Any]]:
        """What it orders, and the arguments that carry its ids."""
        if not self.places:
            return None, args, kwargs
        clock = self.watch.desk.clock
        return intent_of(exchange, self.inner, self.method.name, args, kwargs, clock)

    def checked(self, value: Any, exchange: Any) -> Any:
        """The value; an order without an id is none, whatever the status of its answer was."""
        if self.orders_one and _id_of(value) in {None, ""}:
            raise ccxt.BadResponse(f"{exchange.id} {self.method.name}: the answer has no order id")
        return value

    def hear(self, attempt: Attempt, url: str, headers: Mapping[str, str]) -> None:
        """What an answer says of limits, where it is of those that we count."""
        watch = self.watch
        if watch.spot_path in url:
            watch.desk.heard(
                watch.name,
                headers,
                account=watch.account,
                signed=self.method.signed,
                method=self.method.name,
                sent_s=attempt.sent_s,
            )


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
    for name, method in methods_of(base):
        body[name] = make(getattr(base, name), method)
    return type(base.__name__, (base,), body)


def _call_of(
    exchange: Any, method: Method, inner: Callable[..., Any], attempt: Callable[..., Any]
) -> Call:
    watch = cast("Watch", vars(exchange)[_MARK])
    call = watch.calls.get(method.name)
    if call is None:
        call = watch.calls[method.name] = Call(watch, method, inner, attempt)
    return call


def _attempt_of(exchange: object) -> Attempt | None:
    for one in reversed(_UNDER_WAY.get()):
        if one.exchange is exchange:
            return one
    return None


def _method(inner: Callable[..., Any], method: Method) -> Callable[..., Any]:
    def attempts(call: Call) -> Callable[..., Any]:
        def attempt(self: Any, intent: Intent | None, *args: Any, **kwargs: Any) -> Any:
            mine = Attempt(self, call, intent)
            token = _UNDER_WAY.set((*_UNDER_WAY.get(), mine))
            try:
                return call.checked(inner(self, *args, **kwargs), self)
            finally:
                _UNDER_WAY.reset(token)

        return attempt

    @wraps(inner)
    def guarded(self: Any, *args: Any, **kwargs: Any) -> Any:
        if _attempt_of(self) is not None:
            return inner(self, *args, **kwargs)
        call = _call_of(self, method, inner, attempts)
        intent, args, kwargs = call.intent(self, args, kwargs)
        try:
            return call.run(self, intent, *args, **kwargs)
        except (ccxt.BaseError, SwitchgearError) as error:
            raised = _raised(error, call, intent)
            if raised is error:
                raise
            raise raised from error.__cause__

    return guarded


def _async_method(inner: Callable[..., Any], method: Method) -> Callable[..., Any]:
    def attempts(call: Call) -> Callable[..., Any]:
        async def attempt(self: Any, intent: Intent | None, *args: Any, **kwargs: Any) -> Any:
            mine = Attempt(self, call, intent)
            token = _UNDER_WAY.set((*_UNDER_WAY.get(), mine))
            try:
                return call.checked(await inner(self, *args, **kwargs), self)
            finally:
                _UNDER_WAY.reset(token)

        return attempt

    @wraps(inner)
    async def guarded(self: Any, *args: Any, **kwargs: Any) -> Any:
        if _attempt_of(self) is not None:
            return await inner(self, *args, **kwargs)
        call = _call_of(self, method, inner, attempts)
        intent, args, kwargs = call.intent(self, args, kwargs)
        try:
            return await call.run(self, intent, *args, **kwargs)
        except (ccxt.BaseError, SwitchgearError) as error:
            raised = _raised(error, call, intent)
            if raised is error:
                raise
            raise raised from error.__cause__

    return guarded


def _id_of(order: Any) -> object:
    return order.get("id") if hasattr(order, "get") else None


def _raised(error: Exception, call: Call, intent: Intent | None) -> Exception:
    """The error as the user gets it: one of ours is one of ccxt's as well, and so is an order of unknown outcome."""
    if isinstance(error, (Rejected, WouldBlockLoop)):
        is_gate = isinstance(error, GateClosedError)
        return twin_of(error, ccxt.RateLimitExceeded if is_gate else ccxt.ExchangeNotAvailable)
    theirs = (
        ccxt.RequestTimeout
        if isinstance(error, (DeadlineExceeded, AttemptTimeout))
        else type(error)
    )
    if call.places and not isinstance(error, DeadlineExceeded):  # then nothing was sent
        unknown = _unknown(error, call, intent)
        if unknown is not None:
            ids = () if intent is None else intent.client_order_ids
            return twin_of(unknown, theirs, client_order_ids=ids)
    return twin_of(error, theirs) if isinstance(error, SwitchgearError) else error


def _unknown(error: Exception, call: Call, intent: Intent | None) -> Exception | None:
    """The error of an order that may have been booked; None where it was not."""
    policy = call.guard.policy
    key = policy.key
    verdict = classify(error, key.exchange, Effect.TRADE, policy.clock.wall)
    if not verdict.ambiguous:
        return None
    unknown = OrderOutcomeUnknown(
        f"the outcome of the order is unknown: {safe_words(message_of(error))}",
        client_order_id=None if intent is None else intent.client_order_id,
        status=getattr(getattr(error, "response", None), "status", None),
        exchange=key.exchange,
        method=key.method,
        verdict=verdict,
    )
    unknown.__cause__ = error
    return unknown


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
        answer, attempt = Heard(code, headers, body), _attempt_of(self)
        if attempt is not None:
            attempt.answer = answer
            attempt.call.hear(attempt, url, headers)
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
        tape = tap()
        if tape is None:
            return base.fetch(self, url, method, headers, body)
        with told(_attempt_of(self), tape.sent(method, url, headers or {}, body)):
            return base.fetch(self, url, method, headers, body)

    return fetch


def _fetching_async(base: type[Any]) -> Callable[..., Any]:
    async def fetch(
        self: Any, url: str, method: str = "GET", headers: Any = None, body: Any = None
    ) -> Any:
        _about_to_send(self, url, method, body)
        tape = tap()
        if tape is None:
            return await base.fetch(self, url, method, headers, body)
        with told(_attempt_of(self), tape.sent(method, url, headers or {}, body)):
            return await base.fetch(self, url, method, headers, body)

    return fetch


def _about_to_send(exchange: Any, url: str, method: str, body: Any) -> None:
    attempt = _attempt_of(exchange)
    if attempt is None:
        return
    mark = here()
    if mark is not None and attempt.intent is not None:
        mark.about(attempt.intent.client_order_id)
    attempt.sent_s = attempt.call.watch.desk.clock.monotonic_s()
    if attempt.intent is None or not attempt.intent.is_shown or method == "GET":
        return
    missing = [each for each in attempt.intent.client_order_ids if each not in f"{url} {body}"]
    if missing:
        # Nothing left yet. Sent without it, nobody could find the order again.
        said = f"the order would go out without its client order id {missing[0]}"
        raise ccxt.NotSupported(f"{exchange.id}: {said}")
