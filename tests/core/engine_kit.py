"""Owns what tests of the policies of whole calls share: attempts that are told how to end, and what is owed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

import switchgear as sg
from tests.core.callkit import Calls, HttpError, turns

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator

    from switchgear.core.policy.bulkhead import Bulkhead
    from switchgear.core.policy.plan import Policy

RESET = ConnectionResetError("reset")
"""A failure of one method's circuit that is tried again."""
REFUSED = ConnectionRefusedError("refused")
"""The same of the whole exchange's circuit: nobody answers there."""
TOKENS = 500
COST = 14
LEARNT = 20
"""Successes after which it is known how long a read takes."""


class Remote:
    """An exchange for tasks: each attempt waits until it is told how to end."""

    def __init__(self) -> None:
        self.asked: list[tuple[object, ...]] = []
        self.out: list[asyncio.Future[object]] = []
        """One for each attempt, in the order of their beginnings."""
        self.cut: list[int] = []
        """Numbers of the attempts that were cancelled."""

    async def read(self, *args: object, **_kwargs: object) -> object:
        """One attempt."""
        number = len(self.out)
        end: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        self.asked.append(args)
        self.out.append(end)
        try:
            return await end
        except asyncio.CancelledError:
            self.cut.append(number)
            raise

    def gives(self, number: int, value: object = "value") -> None:
        """That attempt has a value."""
        self.out[number].set_result(value)

    def fails(self, number: int, error: BaseException = RESET) -> None:
        """That attempt fails."""
        self.out[number].set_exception(error)


def standing(colour: str = "async") -> Calls:
    """Calls whose clock stands still until it is moved, so that who waits can be watched."""
    calls = Calls(colour)
    calls.clock.autojump = False
    return calls


def policy(calls: Calls, method: str = "get_price", exchange: str = "binance") -> Policy:
    """What stands between callers and a key."""
    return calls.gear.policy(sg.Key.of(exchange, method))


def is_straight(calls: Calls, method: str = "get_price", exchange: str = "binance") -> bool:
    """Whether calls of a key take the straight path."""
    return policy(calls, method, exchange).way is not None


def bulkhead(
    calls: Calls, scope: sg.Scope = sg.Scope.METHOD, method: str = "get_price"
) -> Bulkhead:
    """The places in flight of one scope, for calls of a method."""
    return dict(policy(calls, method).bulkheads)[scope]


def tokens(calls: Calls, exchange: str = "binance") -> int | None:
    """What is left in the retry budget of an exchange."""
    (left,) = [view.tokens for view in calls.gear.budgets() if view.exchange == exchange]
    return left


def withheld(calls: Calls, exchange: str = "binance") -> int:
    """How many retries that budget has refused."""
    (count,) = [view.withheld for view in calls.gear.budgets() if view.exchange == exchange]
    return count


def owed(calls: Calls, method: str = "get_price") -> dict[str, float]:
    """What calls of a method have not given back yet: empty when all is over."""
    found = policy(calls, method)
    pending = 0.0 if found.toll is None else sum(one.pending for one in found.toll.ledgers)
    places = {scope.value: one.in_flight for scope, one in found.bulkheads}
    lines = {f"{scope.value} line": one.waiting for scope, one in found.bulkheads}
    flights = 0 if found.flights is None else len(found.flights)
    counts = {"weight": pending, "flights": flights, "calls": calls.metrics(method).in_flight}
    return {name: count for name, count in (counts | places | lines).items() if count}


async def begin(*calls: Coroutine[Any, Any, Any]) -> list[asyncio.Task[Any]]:
    """These calls, each as far as it comes."""
    tasks = [asyncio.ensure_future(call) for call in calls]
    await turns()
    return tasks


async def move(calls: Calls, delay_s: float) -> None:
    """Let time pass, and everybody who waited for it go on."""
    calls.clock.advance(delay_s)
    await turns(10)


async def ends(*tasks: asyncio.Task[Any]) -> list[Any]:
    """What each came to: a value or an error."""
    return await asyncio.gather(*tasks, return_exceptions=True)


def taught(calls: Calls, guard: sg.Guarded, times: int = LEARNT, took_s: float = 1.0) -> None:
    """So many reads that took so long each."""

    async def quick() -> None:
        calls.clock.now_s += took_s

    async def scene() -> None:
        for _ in range(times):
            await guard.call(quick)

    calls.run(scene())


def coalesced(calls: Calls, method: str = "get_price", **settings: Any) -> sg.Guarded:
    """A guard whose equal reads share one call."""
    settings = {"coalesce": True, "retries": 0, "timeout_s": None} | settings
    return calls.guard(method, **settings)


def passed(calls: Calls, guard: sg.Guarded, count: int = 100) -> int:
    """How many of so many calls at this instant are let through."""
    made = [calls.do("try_call", guard, int) for _ in range(count)]
    assert all(isinstance(one, sg.Ok) or isinstance(one.error, sg.CircuitOpenError) for one in made)
    return sum(isinstance(one, sg.Ok) for one in made)


def ban(calls: Calls) -> None:
    """The exchange bans our address for five minutes."""
    guard = calls.gear.guarded("binance", "get_time", retries=0)
    guard.try_call_sync(calls.answers(HttpError(418, "300")))


def hold(method: str) -> Callable[[Calls], None]:
    """A person holds a circuit open."""
    return lambda calls: calls.gear.hold("binance", method, by="ops", why="incident")


@pytest.fixture
def still() -> Iterator[Calls]:
    """Coroutine functions on a clock that stands until it is moved."""
    calls = standing()
    yield calls
    calls.close()


class Hedging:
    """Reads of one key that took a second each so far, and an exchange that does as it is told."""

    def __init__(self, calls: Calls) -> None:
        self.calls = calls
        self.remote = Remote()
        self.guard = self.guarded()

    def guarded(self, **settings: Any) -> sg.Guarded:
        """The guard with other settings."""
        settings = {"hedge": 0.95, "retries": 0, "timeout_s": None} | settings
        return self.calls.guard(**settings)

    def learn(self, times: int = LEARNT, took_s: float = 1.0) -> None:
        """So many reads go well."""
        taught(self.calls, self.guard, times, took_s)

    async def late(self, delay_s: float = 1.0) -> asyncio.Task[Any]:
        """A read that is out for longer than its like."""
        (call,) = await begin(self.guard.call(self.remote.read))
        await move(self.calls, delay_s)
        return call

    def both_out(self, number: int = 2) -> None:
        """A hedge runs beside the attempt."""
        assert len(self.remote.out) == number


@pytest.fixture
def hedging() -> Iterator[Hedging]:
    """Twenty successes of a second each are known."""
    calls = standing()
    made = Hedging(calls)
    made.learn()
    yield made
    calls.close()
