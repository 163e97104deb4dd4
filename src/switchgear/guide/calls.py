"""
Owns the guide's wrappers of one call: execute_circuit_breaker, and the same by the name of each
exchange.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TypeVar, cast, overload

from switchgear.core.guarded import Guarded
from switchgear.core.path import unguarded
from switchgear.core.policy.fallback import source
from switchgear.core.words import Effect, Key
from switchgear.guide.config import configure_key
from switchgear.guide.desk import default_gear

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator, Mapping

    from switchgear.core.policy.plan import Policy

T = TypeVar("T")

_running: ContextVar[Policy | None] = ContextVar("switchgear_running", default=None)


def running() -> Policy | None:
    """What the call obeys in which this code runs; None outside of the wrappers below."""
    return _running.get()


@overload
async def execute_circuit_breaker(
    *,
    exchange: str,
    method: str,
    api_call: Callable[[], Awaitable[T]],
    config: Mapping[str, Any] | None = None,
    fallback: object = None,
    account: str = "main",
) -> T: ...
@overload
async def execute_circuit_breaker(
    *,
    exchange: str,
    method: str,
    api_call: Callable[[], T],
    config: Mapping[str, Any] | None = None,
    fallback: object = None,
    account: str = "main",
) -> T: ...
async def execute_circuit_breaker(
    *,
    exchange: str,
    method: str,
    api_call: Callable[[], Any],
    config: Mapping[str, Any] | None = None,
    fallback: object = None,
    account: str = "main",
) -> Any:
    """
    The value of one attempt of api_call, or a fallback's when the circuit is open or the attempt
    failed.

    Args:
        exchange: Any name; case and camelCase fold to snake_case.
        method: As above; its name tells whether it reads, cancels or trades.
        api_call: Called without arguments; an awaitable that it gives is awaited.
        config: Settings of this key, as `set_circuit_breaker_config` takes them.
        fallback: A function without arguments, or a list of sources asked in order. For a trade a
            function is taken as acting on the same account: it runs when the call was rejected or
            provably never left.
        account: Which key of the exchange it acts for.

    Raises:
        CircuitOpenError: The circuit is open, and no fallback had a value; the text names exchange
            and method.
        GateClosedError: The exchange named an instant before which it does not want to hear from
            us.
        SettingsError: A setting is unknown or not allowed, or a fallback does not suit.
    """
    policy, guard = _guard(Key.of(exchange, method, account), config, fallback)
    with _within(policy):
        return await guard.call(unguarded(policy, api_call))


def execute_circuit_breaker_sync(
    *,
    exchange: str,
    method: str,
    api_call: Callable[[], T],
    config: Mapping[str, Any] | None = None,
    fallback: object = None,
    account: str = "main",
) -> T:
    """The same for a synchronous function."""
    policy, guard = _guard(Key.of(exchange, method, account), config, fallback)
    with _within(policy):
        value: T = guard.call_sync(unguarded(policy, api_call))
    return value


class ExchangeCall:
    """execute_circuit_breaker for one exchange: `await execute_binance_call(method, api_call, config, fallback)`."""

    def __init__(self, exchange: str) -> None:
        self._exchange = exchange

    def __repr__(self) -> str:
        return f"execute_{self._exchange}_call"

    @overload
    async def __call__(
        self,
        method: str,
        api_call: Callable[[], Awaitable[T]],
        config: Mapping[str, Any] | None = None,
        fallback: object = None,
    ) -> T: ...
    @overload
    async def __call__(
        self,
        method: str,
        api_call: Callable[[], T],
        config: Mapping[str, Any] | None = None,
        fallback: object = None,
    ) -> T: ...
    async def __call__(
        self,
        method: str,
        api_call: Callable[[], Any],
        config: Mapping[str, Any] | None = None,
        fallback: object = None,
    ) -> Any:
        """As execute_circuit_breaker, with the exchange given."""
        return await execute_circuit_breaker(
            exchange=self._exchange,
            method=method,
            api_call=api_call,
            config=config,
            fallback=fallback,
        )


class ExchangeCallSync:
    """The same for synchronous functions."""

    def __init__(self, exchange: str) -> None:
        self._exchange = exchange

    def __repr__(self) -> str:
        return f"execute_{self._exchange}_call_sync"

    def __call__(
        self,
        method: str,
        api_call: Callable[[], T],
        config: Mapping[str, Any] | None = None,
        fallback: object = None,
    ) -> T:
        """As execute_circuit_breaker_sync, with the exchange given."""
        return execute_circuit_breaker_sync(
            exchange=self._exchange,
            method=method,
            api_call=api_call,
            config=config,
            fallback=fallback,
        )


execute_alpaca_call = ExchangeCall("alpaca")
execute_alpaca_call_sync = ExchangeCallSync("alpaca")
execute_binance_call = ExchangeCall("binance")
execute_binance_call_sync = ExchangeCallSync("binance")
execute_coinbase_call = ExchangeCall("coinbase")
execute_coinbase_call_sync = ExchangeCallSync("coinbase")


def _guard(key: Key, config: Mapping[str, Any] | None, fallback: object) -> tuple[Policy, Guarded]:
    configure_key(key, config)
    policy = default_gear().policy(key)
    trades = policy.plan.effect is Effect.TRADE
    return policy, Guarded(policy, _same_account(fallback) if trades else fallback, once=True)


def _same_account(fallback: object) -> object:
    """The guide's fallback of an order is another way to the same account: its backend."""
    if isinstance(fallback, (list, tuple)):
        # A list proves nothing of what is in it; each one is looked at.
        return [_same_account(one) for one in cast("list[object]", fallback)]
    return source(fallback, same_account=True) if callable(fallback) else fallback


@contextmanager
def _within(policy: Policy) -> Generator[None]:
    before = _running.set(policy)
    try:
        yield
    finally:
        _running.reset(before)
