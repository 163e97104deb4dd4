"""
Owns a small sound breaker and its defects, each with the checks of the conformance suite that must catch it.

What the suite makes of them is left to test_conformance.
"""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from dataclasses import dataclass
from threading import RLock
from typing import TYPE_CHECKING, Any, ClassVar

from switchgear.testing.conformance import Colour

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator

Types = tuple[type[Exception], ...]


class Refused(Exception):
    """The breaker did not make the call."""


@dataclass(eq=False)
class Ticket:
    """One admission: when, and whether it is a probe."""

    era: int
    probe: bool


class Sound:
    """A small breaker that passes; each defect below changes one thing of it."""

    colours: ClassVar[set[Colour]] = set(Colour)

    def __init__(self, threshold: int, reset_s: float, excluded: Types, on_move: Any) -> None:
        self.threshold, self.reset_s, self.excluded = threshold, reset_s, excluded
        self.on_move = on_move or str
        self.now_s = self.date_s = self.until_s = self.lease_until_s = 0.0
        self.mode, self.era, self.failures = "closed", 0, 0
        self.probe: Ticket | None = None
        self.owed: list[str] = []
        self.lock = RLock()

    # time

    def advance(self, by_s: float) -> None:
        self.now_s += by_s
        self.date_s += by_s

    def step_date(self, by_s: float) -> None:
        self.date_s += by_s

    def clock(self) -> float:
        return self.now_s

    # what it is

    def state(self) -> str:
        with self.lock:
            return self.current()

    def current(self) -> str:
        over = self.mode == "open" and self.clock() >= self.until_s
        return "half_open" if over else self.mode

    def move(self, mode: str) -> None:
        self.mode, self.probe, self.failures = mode, None, 0
        self.era += 1
        self.owed.append(mode)

    def open(self) -> None:
        self.move("open")
        self.until_s = self.clock() + self.reset_s

    def tell(self) -> None:
        while self.owed:
            try:
                self.on_move(self.owed.pop(0))
            except Exception as error:  # noqa: BLE001  # a listener may fail in any way
                del error

    # admission

    def admit(self) -> Ticket:
        with self.lock:
            ticket = self.ticket()
        self.tell()
        return ticket

    def ticket(self) -> Ticket:
        state = self.current_for_admission()
        if state == "closed":
            return Ticket(self.era, probe=False)
        if state == "open" or self.full():
            raise self.refusal()
        if self.mode == "open":
            self.move("half_open")
        self.probe = Ticket(self.era, probe=True)
        self.lease_until_s = self.clock() + self.reset_s
        return self.probe

    def current_for_admission(self) -> str:
        return Sound.current(self)

    def full(self) -> bool:
        return self.probe is not None and self.clock() < self.lease_until_s

    def refusal(self) -> Exception:
        return Refused("open")

    # settlement

    def ending(self, error: BaseException | None) -> str:
        if error is None:
            return "good"
        neutral = (*self.excluded, Refused)
        return "bad" if isinstance(error, Exception) and not isinstance(error, neutral) else "void"

    def settle(self, ticket: Ticket, error: BaseException | None) -> None:
        with self.lock:
            self.count(ticket, self.ending(error))
        self.tell()

    def count(self, ticket: Ticket, ending: str) -> None:
        if ticket.era == self.era and (not ticket.probe or ticket is self.probe):
            getattr(self, ending)()
        else:
            self.late(ticket, ending)

    def late(self, ticket: Ticket, ending: str) -> None:
        """A result of an earlier era: nothing."""

    def good(self) -> None:
        self.failures = 0
        if self.mode == "half_open":
            self.move("closed")

    def bad(self) -> None:
        self.failures += 1
        if self.mode == "half_open" or self.failures >= self.threshold:
            self.open()

    def void(self) -> None:
        self.probe = None

    # calls

    @contextmanager
    def guarding(self) -> Generator[None]:
        ticket = self.admit()
        try:
            yield
        except BaseException as error:
            self.settle(ticket, error)
            raise
        self.settle(ticket, None)

    def call(self, function: Callable[[], Any]) -> Any:
        with self.guarding():
            return function()

    async def call_async(self, function: Callable[[], Awaitable[Any]]) -> Any:
        with self.guarding():
            return await function()


class NeverTrips(Sound):
    def bad(self) -> None: ...


class TripsLate(Sound):
    def bad(self) -> None:
        self.failures += 1
        if self.mode == "half_open" or self.failures > self.threshold > 1:
            self.open()


class CoroutineIsAValue(Sound):
    colours: ClassVar[set[Colour]] = {Colour.ASYNC}

    def call_async(self, function: Callable[[], Awaitable[Any]]) -> Any:
        return self.call(function)


class LetsAllThrough(Sound):
    def full(self) -> bool:
        return False


class CancelCloses(Sound):
    def ending(self, error: BaseException | None) -> str:
        return "good" if not isinstance(error, (Exception, type(None))) else super().ending(error)


class CancelCounts(Sound):
    def ending(self, error: BaseException | None) -> str:
        return "bad" if not isinstance(error, (Exception, type(None))) else super().ending(error)


class CancelKeepsPlace(Sound):
    def void(self) -> None: ...


class NoLease(Sound):
    def full(self) -> bool:
        return self.probe is not None


class LateSuccessCloses(Sound):
    def late(self, ticket: Ticket, ending: str) -> None:
        if self.mode == "open" and ending == "good":
            self.move("closed")


class StaleSuccessCloses(Sound):
    def late(self, ticket: Ticket, ending: str) -> None:
        if self.mode == "half_open" and ending == "good":
            self.move("closed")


class StaleFailureReopens(Sound):
    def late(self, ticket: Ticket, ending: str) -> None:
        if self.mode == "half_open" and ending == "bad":
            self.open()


class LateFailureProlongs(Sound):
    def late(self, ticket: Ticket, ending: str) -> None:
        if self.mode == "open" and ending == "bad":
            self.until_s = self.clock() + self.reset_s


class StaleFailureCounts(Sound):
    def late(self, ticket: Ticket, ending: str) -> None:
        if self.mode == "closed" and ending == "bad" and not ticket.probe:
            self.bad()


class StalePlaceIsGivenBack(Sound):
    def late(self, ticket: Ticket, ending: str) -> None:
        if self.mode == "half_open" and ending == "void":
            self.probe = None


class HungProbeIsBelieved(Sound):
    def late(self, ticket: Ticket, ending: str) -> None:
        if ticket.probe and ending == "bad":
            self.open()


class ExcludedCloses(Sound):
    def ending(self, error: BaseException | None) -> str:
        return "good" if isinstance(error, self.excluded) else super().ending(error)


class ExcludedCounts(Sound):
    def ending(self, error: BaseException | None) -> str:
        return "bad" if isinstance(error, self.excluded) else super().ending(error)


class ExcludedLosesPlace(Sound):
    def ending(self, error: BaseException | None) -> str:
        return "lost" if isinstance(error, self.excluded) else super().ending(error)

    def lost(self) -> None:
        self.lease_until_s = float("inf")


class RefusalProlongs(Sound):
    def refusal(self) -> Exception:
        self.until_s = self.clock() + self.reset_s
        return super().refusal()


class NeverCloses(Sound):
    def good(self) -> None:
        self.failures, self.probe = 0, None


class FailedProbeIsNotEnough(Sound):
    def bad(self) -> None:
        if self.mode == "half_open":
            self.probe = None
        else:
            super().bad()


class RemembersFailures(Sound):
    def move(self, mode: str) -> None:
        super().move(mode)
        self.failures = self.threshold - 1 if mode == "closed" else 0


class KeepsTheLastError(Sound):
    def ending(self, error: BaseException | None) -> str:
        self.last = error or getattr(self, "last", None)
        return super().ending(error)


class OneRefusal(Sound):
    shared = Refused("open")

    def refusal(self) -> Exception:
        return self.shared


class OwnErrorIsLost(Sound):
    def settle(self, ticket: Ticket, error: BaseException | None) -> None:
        super().settle(ticket, error)
        if error is not None and self.mode == "open":
            raise Refused("it has just opened") from error


class InnerRefusalCounts(Sound):
    def ending(self, error: BaseException | None) -> str:
        return "bad" if isinstance(error, Refused) else super().ending(error)


class ReadsTheDate(Sound):
    def clock(self) -> float:
        return self.date_s


class StateIsStale(Sound):
    def current(self) -> str:
        return self.mode


class ReadingTakesThePlace(Sound):
    def state(self) -> str:
        state = super().state()
        if state == "half_open" and self.mode == "open":
            self.ticket()
        return state


class ListenerReachesCaller(Sound):
    def tell(self) -> None:
        while self.owed:
            self.on_move(self.owed.pop(0))


class ListenerUnderLock(Sound):
    def tell(self) -> None:
        with self.lock:
            super().tell()


class ToldTwice(Sound):
    def move(self, mode: str) -> None:
        super().move(mode)
        self.owed += [mode] if mode == "open" else []


class LockDuringTheCall(Sound):
    colours: ClassVar[set[Colour]] = {Colour.SYNC}

    def call(self, function: Callable[[], Any]) -> Any:
        with self.lock:
            return super().call(function)


class AsyncLockDuringTheCall(Sound):
    colours: ClassVar[set[Colour]] = {Colour.ASYNC}

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.one_call = asyncio.Lock()

    async def call_async(self, function: Callable[[], Awaitable[Any]]) -> Any:
        async with self.one_call:
            return await super().call_async(function)


class QueuesBehindTheProbe(Sound):
    colours: ClassVar[set[Colour]] = {Colour.ASYNC}

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.free = asyncio.Event()

    def count(self, ticket: Ticket, ending: str) -> None:
        super().count(ticket, ending)
        self.free.set()

    async def call_async(self, function: Callable[[], Awaitable[Any]]) -> Any:
        while self.current() == "half_open" and self.full():
            self.free.clear()
            await self.free.wait()
        return await super().call_async(function)


DEFECTS: dict[type[Sound], set[str]] = {
    NeverTrips: {"trips"},
    TripsLate: {"trips"},
    CoroutineIsAValue: {"trips"},
    LetsAllThrough: {"one_probe"},
    CancelCloses: {"cancelled_probe"},
    CancelCounts: {"cancellations_closed", "cancelled_probe_place"},
    CancelKeepsPlace: {"cancelled_probe_place"},
    NoLease: {"hung_probe"},
    LateSuccessCloses: {"late_success_open"},
    StaleSuccessCloses: {"stale_success_half_open"},
    StaleFailureReopens: {"stale_failure_half_open"},
    LateFailureProlongs: {"late_failure_open"},
    StaleFailureCounts: {"stale_failure_closed"},
    StalePlaceIsGivenBack: {"stale_place"},
    HungProbeIsBelieved: {"hung_probe_verdict"},
    ExcludedCloses: {"excluded_probe"},
    ExcludedCounts: {"excluded_closed"},
    ExcludedLosesPlace: {"excluded_probe_place"},
    RefusalProlongs: {"stays_open"},
    NeverCloses: {"good_probe_closes"},
    FailedProbeIsNotEnough: {"failed_probe_reopens"},
    RemembersFailures: {"closing_forgets"},
    KeepsTheLastError: {"no_frames_kept"},
    OneRefusal: {"fresh_refusal"},
    OwnErrorIsLost: {"own_outcome"},
    InnerRefusalCounts: {"inner_refusal"},
    ReadsTheDate: {"date_step"},
    StateIsStale: {"state_is_current"},
    ReadingTakesThePlace: {"state_is_current"},
    ListenerReachesCaller: {"listener_error"},
    ListenerUnderLock: {"listener_lock"},
    ToldTwice: {"listener_order"},
}
"""A breaker with one fault, and the checks that catch it."""

HANGING: dict[type[Sound], set[str]] = {
    LockDuringTheCall: {"side_by_side", "nobody_queues", "hung_probe"},
    AsyncLockDuringTheCall: {"side_by_side", "nobody_queues", "hung_probe", "nested"},
    QueuesBehindTheProbe: {"nobody_queues", "nested"},
}
"""The same, where calls wait for one another."""
