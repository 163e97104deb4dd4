"""Owns that of equal reads in flight one is made and all have its outcome; which reads are equal their keys say."""

from __future__ import annotations

from collections import OrderedDict
from contextlib import suppress
from contextvars import ContextVar
from copy import copy
from dataclasses import dataclass
from threading import RLock, get_ident
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from switchgear.core.policy.bell import Bell

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Hashable
    from types import TracebackType

    from switchgear.core.clock import Clock

T = TypeVar("T")
E = TypeVar("E", bound=BaseException)

_CHAIN_MAX = 16
"""Errors of a chain of causes that are copied; what is behind them is left off."""


@dataclass(frozen=True, slots=True)
class Joined(Generic[T]):
    """What a read came to; of one flight, everybody's value is the same object."""

    value: T
    led: bool
    """It was made for this caller; otherwise it was another's that was in flight."""


class _Flight:
    """One read, and those who wait for it; changed under the lock of its Flights."""

    __slots__ = ("followers", "key", "over", "slot", "thread")

    def __init__(self, slot: tuple[object, int], key: Hashable) -> None:
        self.slot = slot
        self.key = key
        self.thread = get_ident()
        """Who leads it, where that is a thread."""
        self.followers: OrderedDict[_Seat, None] = OrderedDict()
        self.over = False


class _Seat:
    """One caller of a flight; changed as the flight is."""

    __slots__ = ("bell", "errors", "flight", "landed", "leads", "value")

    def __init__(self, flight: _Flight, *, leads: bool) -> None:
        self.flight = flight
        self.leads = leads
        self.landed = False
        self.value: Any = None
        self.errors: list[Exception] = []
        """The one of the leader, until it is copied: the frames of a follower must not lead to the leader's own."""
        self.bell = Bell()


_leading: ContextVar[tuple[_Flight, ...]] = ContextVar("switchgear_leading", default=())
"""The flights for which this code runs; tasks and threads that it starts have it too."""


class TookTooLong(TimeoutError):
    """A follower's time was over before the read it waited for."""


class Flights:
    """
    The reads in flight, by key.

    The first with a key leads: it makes the read itself. Who comes meanwhile waits for that outcome. An Exception
    of the leader reaches each of them as a copy; when the leader is cancelled, or ends by another BaseException,
    the next in line leads. Threads wait for threads, and tasks for tasks of their own loop. Code that runs on
    behalf of a leader waits for no flight but makes its read itself, so no two ever wait for each other. Nothing is
    kept of a flight that is over.
    """

    __slots__ = ("_flights", "_lock")

    def __init__(self) -> None:
        # By hash, and compared by hand: a key's own eq is foreign code, which must not run under the lock.
        self._flights: dict[tuple[object, int], list[_Flight]] = {}
        # One that the same thread may take again: a coroutine that is collected leaves wherever the collector runs.
        self._lock = RLock()

    def __len__(self) -> int:
        with self._lock:
            return sum(len(flights) for flights in self._flights.values())

    def join(
        self, key: Hashable, begin: Callable[[], T], clock: Clock, limit_s: float | None = None
    ) -> Joined[T]:
        """
        The value of begin(), or that of an equal read which another thread has in flight.

        Args:
            key: What equal reads share; one whose hash or eq raises is shared with nobody.
            begin: Makes the read, in this thread.
            clock: What a follower waits by.
            limit_s: Seconds that a follower waits; None is for ever.

        Raises:
            TimeoutError: The read of another took longer than limit_s.
        """
        seat = self._seat(None, key)
        if seat is None:
            return Joined(begin(), led=True)
        if not seat.leads:
            try:
                seat.bell.wait(clock, limit_s)
            except BaseException:
                self._give_up(seat)
                raise
            if self._has_landed(seat, limit_s):
                return Joined(_value(seat), led=False)
        with _Lead(self, seat.flight) as lead:
            value = lead.value = begin()
        return Joined(value, led=True)

    async def join_async(
        self,
        key: Hashable,
        begin: Callable[[], Awaitable[T]],
        clock: Clock,
        limit_s: float | None = None,
    ) -> Joined[T]:
        """The value of what begin() gives, or that of an equal read in flight on this event loop; else as `join`."""
        from asyncio import get_running_loop  # here: a program without a loop never loads it

        seat = self._seat(get_running_loop(), key)
        if seat is None:
            return Joined(await begin(), led=True)
        if not seat.leads:
            try:
                await seat.bell.wait_async(clock, limit_s)
            except BaseException:  # a coroutine that is collected ends so too
                self._give_up(seat)
                raise
            if self._has_landed(seat, limit_s):
                return Joined(_value(seat), led=False)
        with _Lead(self, seat.flight) as lead:
            value = lead.value = await begin()
        return Joined(value, led=True)

    def land(self, flight: _Flight, value: Any, *errors: Exception) -> None:
        """For a leader that is done: everybody has its value, or its error."""
        with self._lock:
            self._remove_locked(flight)
            followers = list(flight.followers)
            flight.followers.clear()
            for seat in followers:
                seat.landed, seat.value, seat.errors = True, value, [*errors]
        for seat in followers:
            seat.bell.ring()

    def hand_over(self, flight: _Flight) -> None:
        """For a leader that was cut off: the oldest follower leads."""
        heard = False
        while not heard:
            with self._lock:
                if not flight.followers:
                    return self._remove_locked(flight)
                seat, _ = flight.followers.popitem(last=False)
                seat.leads = True
            heard = seat.bell.ring()  # not, when it waited on a loop that is closed
        return None

    def forked(self) -> None:
        """After a fork, in the child: a new lock, and no flights, for the threads that led them are not here."""
        self._lock = RLock()
        self._flights.clear()

    def _seat(self, home: object, key: Hashable) -> _Seat | None:
        """A seat in the flight of this key; None when this read is to be made apart from any."""
        with suppress(Exception):  # a hash is foreign code
            slot = (home, hash(key))
            seen: list[_Flight] = []
            while True:
                with self._lock:
                    unseen = [one for one in self._flights.get(slot, ()) if one not in seen]
                    if not unseen:
                        flight = _Flight(slot, key)
                        self._flights.setdefault(slot, []).append(flight)
                        return _Seat(flight, leads=True)
                for flight in unseen:
                    if flight.key == key:  # as a hash is
                        with self._lock:
                            if not flight.over:
                                return self._follow_locked(flight)
                seen += unseen
        return None

    def _follow_locked(self, flight: _Flight) -> _Seat | None:
        itself = flight.slot[0] is None and flight.thread == get_ident()
        if itself or any(not one.over for one in _leading.get()):
            return None
        seat = _Seat(flight, leads=False)
        flight.followers[seat] = None
        return seat

    def _give_up(self, seat: _Seat) -> None:
        with self._lock:
            seat.flight.followers.pop(seat, None)
        if seat.leads:  # it was its turn, and it will not take it
            self.hand_over(seat.flight)

    def _has_landed(self, seat: _Seat, limit_s: float | None) -> bool:
        """Whether there is what a follower waited for; if not, it is to lead."""
        with self._lock:
            seat.flight.followers.pop(seat, None)
            if seat.leads:
                seat.flight.thread = get_ident()
            elif not seat.landed:
                raise TookTooLong(f"an equal read in flight did not end within {limit_s:g} s")
            return not seat.leads

    def _remove_locked(self, flight: _Flight) -> None:
        flight.over = True
        flights = self._flights.get(flight.slot, [])
        if flight in flights:  # after a fork it is not
            flights.remove(flight)
        if not flights:
            self._flights.pop(flight.slot, None)
        # A task that the leader started knows the flight for good, but not what was asked.
        flight.slot, flight.key = (None, 0), None


class _Lead:
    """`with`: the body makes the read of a flight, and puts the value here."""

    __slots__ = ("_flight", "_flights", "_token", "value")

    def __init__(self, flights: Flights, flight: _Flight) -> None:
        self._flights = flights
        self._flight = flight
        self.value: Any = None

    def __enter__(self) -> Self:
        self._token = _leading.set((*_leading.get(), self._flight))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with suppress(ValueError):  # a coroutine that is collected ends in somebody else's context
            _leading.reset(self._token)
        if error is None:
            self._flights.land(self._flight, self.value)
        elif isinstance(error, Exception):
            self._flights.land(self._flight, None, error)
        else:
            self._flights.hand_over(self._flight)


def _value(seat: _Seat) -> Any:
    if seat.errors:
        raise _copied(seat.errors.pop(), {})
    return seat.value


def _copied(error: E, made: dict[int, BaseException]) -> E:
    """A copy with copies of its causes and without their tracebacks; the error itself where it cannot be copied."""
    with suppress(Exception):  # a copy is made by foreign code
        twin = _twin(error)
        if type(twin) is not type(error) or twin is error:
            return error
        made[id(error)] = twin
        # An init that words its message from its arguments has done so twice.
        twin.args = error.args
        if notes := getattr(error, "__notes__", ()):
            twin.__notes__ = list(notes)
        twin.__cause__ = _copied_cause(error.__cause__, made)
        twin.__context__ = _copied_cause(error.__context__, made)
        twin.__suppress_context__ = error.__suppress_context__
        return twin.with_traceback(None)
    return error


def _copied_cause(
    cause: BaseException | None, made: dict[int, BaseException]
) -> BaseException | None:
    if cause is None or id(cause) in made:
        return None if cause is None else made[id(cause)]
    return _copied(cause, made) if len(made) < _CHAIN_MAX else None


def _twin(error: E) -> E:
    try:
        return copy(error)
    except Exception:
        if isinstance(error, OSError):  # what it knows is not in reach
            raise
        # Its init asks for more than its arguments: it is not needed.
        twin = type(error).__new__(type(error), *error.args)
        twin.__dict__.update(error.__dict__)
        return twin
