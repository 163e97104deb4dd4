"""Owns what tests of whole calls share: a gear on a fake clock, calls of either colour, answers by script."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar, cast

import switchgear as sg
from switchgear.testing import FakeClock, Recorder

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

E = TypeVar("E")


class Boom(Exception):
    """A failure that no table knows: it counts, and is not tried again."""


class HttpError(Exception):
    """An answer as HTTP clients carry it."""

    def __init__(self, status: int, retry_after: str | None = None) -> None:
        super().__init__(f"HTTP {status}")
        self.status = status
        self.headers = {} if retry_after is None else {"Retry-After": retry_after}


class Answers:
    """A function that answers by script: values are returned, errors raised, the last one for ever."""

    def __init__(self, clock: FakeClock, *script: object) -> None:
        self._clock = clock
        self._script = list(script)
        self.at_s: list[float] = []
        """When it was called."""

    def __call__(self, *_args: object, **_kwargs: object) -> Any:
        self.at_s.append(self._clock.now_s)
        answer = self._script[0] if len(self._script) == 1 else self._script.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        return answer

    @property
    def waits_s(self) -> list[float]:
        """Seconds between one call and the next."""
        return [after - before for before, after in zip(self.at_s, self.at_s[1:], strict=False)]


class Calls:
    """A gear on a clock moved by hand, and one way to call: plain functions, or coroutine functions."""

    def __init__(self, colour: str) -> None:
        self.is_async = colour == "async"
        self.clock = FakeClock()
        self.gear = sg.Switchgear(clock=self.clock)
        self._told = Recorder()
        self.gear.on(object, cast("Callable[[object], object]", self._told))
        self._runner = asyncio.Runner()

    def close(self) -> None:
        """Give back gear and loop."""
        self.gear.close()
        self._runner.close()

    def guard(
        self, method: str = "get_price", fallback: object = None, **settings: Any
    ) -> sg.Guarded:
        """The guard of one method of one exchange."""
        return self.gear.guarded("binance", method, fallback=fallback, **settings)

    def answers(self, *script: object) -> Answers:
        """A function that answers by script."""
        return Answers(self.clock, *script)

    def function(self, body: Callable[..., Any]) -> Callable[..., Any]:
        """A function of this colour that does what body does."""

        def plain(*args: Any, **kwargs: Any) -> Any:
            return body(*args, **kwargs)

        async def coroutine(*args: Any, **kwargs: Any) -> Any:
            return body(*args, **kwargs)

        return coroutine if self.is_async else plain

    def do(
        self, form: str, guard: sg.Guarded, body: Callable[..., Any], /, *args: Any, **kwargs: Any
    ) -> Any:
        """What one form of call (decorator, call, served, try_call) comes to."""
        function = self.function(body)
        if form == "decorator":
            return self.finish(guard(function)(*args, **kwargs))
        method = getattr(guard, form if self.is_async else f"{form}_sync")
        return self.finish(method(function, *args, **kwargs))

    def call(
        self, guard: sg.Guarded, body: Callable[..., Any], /, *args: Any, **kwargs: Any
    ) -> Any:
        """The value of a call."""
        return self.do("call", guard, body, *args, **kwargs)

    def error(self, guard: sg.Guarded, body: Callable[..., Any], *args: Any) -> BaseException:
        """What a call that must fail raises."""
        try:
            value = self.call(guard, body, *args)
        except BaseException as error:  # noqa: BLE001  the test looks at it
            return error
        raise AssertionError(f"the call gave {value!r}")

    def finish(self, made: Any) -> Any:
        """The value of what a function of this colour gave."""
        return self._runner.run(made) if self.is_async else made

    def run(self, coroutine: Coroutine[Any, Any, E]) -> E:
        """A coroutine's value."""
        return self._runner.run(coroutine)

    def told(self, kind: type[E]) -> list[E]:
        """The events of a type, in order."""
        self.gear.flush()
        return self._told.of(kind)

    def metrics(self, method: str = "get_price") -> sg.CallMetrics:
        """The counts of one method."""
        return self.gear.metrics("binance", method)

    def state(self, method: str = "get_price") -> sg.CircuitState:
        """What its circuit does now."""
        return self.gear.circuit("binance", method).state


async def turns(count: int = 5) -> None:
    """Give the event loop some turns, with no time passing."""
    loop = asyncio.get_running_loop()
    for _ in range(count):
        turned = asyncio.Event()
        loop.call_soon(turned.set)
        await turned.wait()
