"""
Owns the guide's retry_with_backoff: exact waits, only where another attempt can help and cannot
hurt.
"""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any, TypeVar, overload

from switchgear.core.errors import SettingsError, WouldBlockLoop
from switchgear.core.policy.loop import loop_runs
from switchgear.core.policy.retry import allowed
from switchgear.core.verdict import classify
from switchgear.core.words import Effect
from switchgear.guide.calls import running
from switchgear.guide.desk import default_gear

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

T = TypeVar("T")

RETRIES_MAX = 100


def is_retryable_error(error: BaseException, exchange: str = "") -> bool:
    """
    Whether another attempt of the same read can help.

    Timeouts, broken connections, rate limits and an exchange that is unavailable can pass; a bad
    key, a bad parameter, missing funds and a missing right do not. An error that nobody knows is
    not retryable.

    Args:
        error: Any exception.
        exchange: Whose codes it may carry; empty for none.
    """
    return classify(error, exchange, Effect.READ).retryable


@overload
async def retry_with_backoff(
    function: Callable[[], Awaitable[T]],
    retries: int = 3,
    delay_ms: float = 300,
    backoff: float = 2,
    *,
    effect: Effect | None = None,
) -> T: ...
@overload
async def retry_with_backoff(
    function: Callable[[], T],
    retries: int = 3,
    delay_ms: float = 300,
    backoff: float = 2,
    *,
    effect: Effect | None = None,
) -> T: ...
async def retry_with_backoff(
    function: Callable[[], Any],
    retries: int = 3,
    delay_ms: float = 300,
    backoff: float = 2,
    *,
    effect: Effect | None = None,
) -> Any:
    """
    The function's value, after further attempts where they can help: by default 300, 600 and 1200
    ms apart.

    An order is not blindly sent again: inside a wrapper of a trade, or with `effect=Effect.TRADE`,
    there is a further attempt only when it is proved that nothing was sent. Nor is an exchange
    asked before the instant it named: when that is later than the next attempt, the error is
    raised.

    Args:
        function: Called without arguments; an awaitable that it gives is awaited.
        retries: Attempts after the first, 0 to 100.
        delay_ms: The first wait, exactly, from 0.
        backoff: Growth from wait to wait, above 0.
        effect: What the function does; not given, what the wrapper around it does, and READ outside
            of one.

    Raises:
        SettingsError: An argument is not allowed.
    """
    clock = default_gear().clock
    for delay_s in _delays_s(retries, delay_ms, backoff):
        try:
            return await _value(function())
        except Exception as error:
            if not _may_try_again(error, delay_s, effect):
                raise
        await clock.sleep_async(delay_s)
    return await _value(function())


def retry_with_backoff_sync(
    function: Callable[[], T],
    retries: int = 3,
    delay_ms: float = 300,
    backoff: float = 2,
    *,
    effect: Effect | None = None,
) -> T:
    """
    The same for a synchronous function.

    Raises:
        WouldBlockLoop: It would have to wait inside a running event loop; the function's error is
            the cause.
    """
    clock = default_gear().clock
    for delay_s in _delays_s(retries, delay_ms, backoff):
        try:
            return function()
        except Exception as error:
            if not _may_try_again(error, delay_s, effect):
                raise
            if delay_s and loop_runs():
                raise _would_block(delay_s) from error
        clock.sleep(delay_s)
    return function()


def _delays_s(retries: int, delay_ms: float, backoff: float) -> Iterator[float]:
    if type(retries) is not int or not 0 <= retries <= RETRIES_MAX:
        raise SettingsError("retries", retries, f"must be a whole number from 0 to {RETRIES_MAX}")
    if not _is_number(delay_ms) or delay_ms < 0:
        raise SettingsError("delay_ms", delay_ms, "must be a number of milliseconds from 0")
    if not _is_number(backoff) or backoff <= 0:
        raise SettingsError("backoff", backoff, "must be a number above 0")
    # Multiplied before the division, so that 300 and 2 give exactly 0.3, 0.6 and 1.2 s.
    return (delay_ms * float(backoff) ** made / 1000 for made in range(retries))


def _may_try_again(error: Exception, delay_s: float, effect: Effect | None) -> bool:
    policy = running()
    if effect is None:
        effect = Effect.READ if policy is None else policy.plan.effect
    verdict = classify(error, "" if policy is None else policy.key.exchange, effect)
    named_s = verdict.retry_after_s
    return allowed(effect, verdict) and (named_s is None or named_s <= delay_s)


async def _value(found: Any) -> Any:
    return await found if hasattr(found, "__await__") else found


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and isfinite(value)


def _would_block(delay_s: float) -> WouldBlockLoop:
    policy = running()
    exchange, method = ("guide", "retry_with_backoff") if policy is None else policy.key[:2]
    return WouldBlockLoop(exchange, method, delay_s)
