"""Owns how many calls may be in flight at once, and the line of those who wait; whether to wait is left to flow."""

from __future__ import annotations

from collections import OrderedDict
from enum import Enum
from threading import RLock
from typing import TYPE_CHECKING

from switchgear.core.policy.bell import Bell

if TYPE_CHECKING:
    from switchgear.core.clock import Clock

LINES_MAX = 10_000


class _State(Enum):
    """Where a place stands."""

    WAITING = "waiting"
    HELD = "held"
    """It was given a slot, and has not said so to its holder yet."""
    OVER = "over"
    """Its holder has the slot, or it gave up."""


class Place:
    """
    One place in the line, from `Bulkhead.line`; it ends with one `wait` or `wait_async`, or with `give_up`.

    True from a wait: a slot is yours, without another `enter`, and you `leave` once. False, or an error: you have
    none. A slot that comes to a place which times out or is cancelled goes on to the next in the line.
    """

    __slots__ = ("_bulkhead", "bell", "state")

    def __init__(self, bulkhead: Bulkhead) -> None:
        self._bulkhead = bulkhead
        self.bell = Bell()
        self.state = _State.WAITING
        """Changed by the bulkhead alone, under its lock."""

    def wait(self, clock: Clock, limit_s: float | None = None) -> bool:
        """Block this thread until there is a slot, at most limit_s seconds, None is for ever; whether it has one."""
        try:
            self.bell.wait(clock, limit_s)
        except BaseException:
            self.give_up()
            raise
        return self._bulkhead.settle(self)

    async def wait_async(self, clock: Clock, limit_s: float | None = None) -> bool:
        """Wait on the running loop until there is a slot, at most limit_s seconds; whether it has one."""
        try:
            await self.bell.wait_async(clock, limit_s)
        except BaseException:  # a coroutine that is collected ends so too
            self.give_up()
            raise
        return self._bulkhead.settle(self)

    def give_up(self) -> None:
        """Leave the line, and pass on a slot that has come already; nothing happens after a wait ended."""
        self._bulkhead.drop(self)


class Bulkhead:
    """
    At most `most` calls at once, from threads and the tasks of any event loops; None is no limit.

    A slot that is left goes straight to the oldest in the line, so nobody who comes later overtakes.
    """

    __slots__ = ("_in_flight", "_line", "_lock", "_most", "lines_max")

    def __init__(self, most: int | None, lines_max: int = LINES_MAX) -> None:
        self.lines_max = lines_max
        """No more places than this are given out at once."""
        self._most = most
        self._in_flight = 0
        self._line: OrderedDict[Place, None] = OrderedDict()
        # One that the same thread may take again: a coroutine that is collected gives its slot back wherever the
        # collector runs. Every step below leaves the counts right for such a step in its midst.
        self._lock = RLock()

    @property
    def most(self) -> int | None:
        """How many may be in flight, from 0; raising it lets as many in as fit, lowering it stops nobody."""
        return self._most

    @most.setter
    def most(self, most: int | None) -> None:
        with self._lock:
            self._most = most
            woken = self._fill_locked()
        self._ring(woken)

    @property
    def in_flight(self) -> int:
        """Slots that are taken, those on the way to a place included."""
        return self._in_flight

    @property
    def waiting(self) -> int:
        """Places in the line."""
        return len(self._line)

    def enter(self) -> bool:
        """Whether there was a slot, which is yours until you `leave`."""
        with self._lock:
            if not self._room_locked():
                return False
            self._in_flight += 1
            return True

    def leave(self) -> None:
        """Give the slot back, once for each that you had; the oldest in the line has it when this returns."""
        with self._lock:
            self._less_locked()
            woken = self._fill_locked()
        self._ring(woken)

    def line(self) -> Place | None:
        """A place at the end of the line, which has a slot at once where there is room; None when the line is full."""
        with self._lock:
            if len(self._line) >= self.lines_max and not self._room_locked():
                return None
            place = Place(self)
            self._line[place] = None
            woken = self._fill_locked()
        self._ring(woken)
        return place

    def settle(self, place: Place) -> bool:
        """For a place whose wait ended: whether its holder has the slot; if not, it is out of the line."""
        with self._lock:
            state, place.state = place.state, _State.OVER
            if state is _State.WAITING:
                self._line.pop(place, None)
            return state is _State.HELD

    def drop(self, place: Place) -> None:
        """For a place that is given up."""
        self._ring(self._dropped(place))

    def _dropped(self, place: Place) -> list[Place]:
        with self._lock:
            if not self.settle(place):
                return []
            self._less_locked()
            return self._fill_locked()

    def forked(self) -> None:
        """After a fork, in the child: a new lock, and none in flight or in line, for their threads are not here."""
        self._lock = RLock()
        self._line.clear()
        self._in_flight = 0

    def _room_locked(self) -> bool:
        return self._most is None or self._in_flight < self._most

    def _less_locked(self) -> None:
        if self._in_flight:  # after a fork nobody is counted, and some may leave
            self._in_flight -= 1

    def _fill_locked(self) -> list[Place]:
        """Give slots to the oldest in the line, as many as there is room for; they are to be rung."""
        woken = list[Place]()
        while self._line and self._room_locked():
            place, _ = self._line.popitem(last=False)
            place.state = _State.HELD
            self._in_flight += 1
            woken.append(place)
        return woken

    def _ring(self, woken: list[Place]) -> None:
        for place in woken:
            if not place.bell.ring():  # it waited on a loop that is closed
                woken += self._dropped(place)
