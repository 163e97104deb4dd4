"""Owns what tests of many calls that fall back at once share: sources that wait to be told, and who waits for them."""

from __future__ import annotations

import asyncio
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

import switchgear as sg
from tests.core.callkit import turns

if TYPE_CHECKING:
    from threading import Event

    import pytest

    from switchgear.testing import FakeClock
    from tests.core.callkit import Calls

PATIENCE_S = 20.0  # a bound for a test that hangs; no test waits for it
LOST = ConnectionResetError("reset")
MANY = 8


def lost(*_args: object, **_kwargs: object) -> Any:
    """The exchange is down, for threads."""
    raise LOST


async def lost_later(*_args: object, **_kwargs: object) -> Any:
    """The same for tasks."""
    raise LOST


class Waits:
    """How many threads wait for another's answer, as the clock that they wait by has seen."""

    def __init__(self, clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> None:
        clock.autojump = False
        self._wait = clock.wait
        self._begun: SimpleQueue[None] = SimpleQueue()
        monkeypatch.setattr(clock, "wait", self._waited)

    def _waited(self, event: Event, limit_s: float) -> bool:
        self._begun.put(None)
        return self._wait(event, limit_s)

    def until(self, count: int) -> None:
        """Return when so many have begun to wait."""
        for _ in range(count):
            self._begun.get(timeout=PATIENCE_S)


class Desk:
    """A source for threads: each asking waits for its answer."""

    def __init__(self) -> None:
        self.asked: list[object] = []
        self._began: SimpleQueue[None] = SimpleQueue()
        self._answers: SimpleQueue[object] = SimpleQueue()

    def price(self, symbol: object = "BTC") -> object:
        """What the next answer is; an error is raised."""
        self.asked.append(symbol)
        self._began.put(None)
        answer = self._answers.get(timeout=PATIENCE_S)
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def wait(self) -> None:
        """Wait until somebody asks."""
        self._began.get(timeout=PATIENCE_S)

    def answer(self, *answers: object) -> None:
        """Answer so many askings."""
        for answer in answers:
            self._answers.put(answer)


class Line:
    """A source for tasks: each asking waits for its future."""

    def __init__(self) -> None:
        self.asked: list[object] = []
        self.answers: list[asyncio.Future[object]] = []

    async def price(self, symbol: object = "BTC") -> object:
        """What its future comes to."""
        self.asked.append(symbol)
        answer: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        self.answers.append(answer)
        return await answer


def guard_of(
    calls: Calls, fallback: object, method: str = "get_price", **settings: Any
) -> sg.Guarded:
    """A read that fails at once and falls back."""
    return calls.guard(method, fallback, retries=0, failure_threshold=999, **settings)


async def begun(guard: sg.Guarded, count: int, *args: object) -> list[asyncio.Task[sg.Served[Any]]]:
    """So many calls at once, each as far as it comes."""
    tasks = [asyncio.ensure_future(guard.served(lost_later, *args)) for _ in range(count)]
    await turns()
    return tasks
