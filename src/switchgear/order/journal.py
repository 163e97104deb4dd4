"""
Owns when an intent is on disk, and who waits for it: one commit for all that wait at that moment.

Where it is kept is the store's, what becomes of the order the desk's. The commit of a new intent is the only one that
anybody waits for on the way to the exchange; whatever a crash takes of later moves, the intent is found as it was
before them, and is asked after again.
"""

from __future__ import annotations

import asyncio
import os
import socket
from dataclasses import replace
from functools import partial
from queue import SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

from switchgear.core.errors import JournalUnavailable, SwitchgearError
from switchgear.core.event import IntentMoved, Note
from switchgear.core.policy.timeout import Cut
from switchgear.core.redact import error_text
from switchgear.core.words import Key, Level, Scope
from switchgear.order.intent import OPEN, StaleIntent, State
from switchgear.order.store import Change, Claim, IntentQuery, Switch, Write

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from switchgear.core.clock import Clock
    from switchgear.core.event import Emit
    from switchgear.order.intent import Intent, Move
    from switchgear.order.store import Day, IntentStore, Outcome, Step

T = TypeVar("T")

WRITE_S_MAX = 5.0
"""Whoever waits longer for a new intent to be on disk is told that it is not: the order is not sent."""
_BATCH_MAX = 512
_ALL = 2**31 - 1
_BITS = 32


class Committer(Protocol):
    """How steps reach the store."""

    async def commit(self, steps: Sequence[Step], *, durable: bool) -> list[Outcome]:
        """What each step came to; raises what the store raises."""
        ...

    def post(
        self, steps: Sequence[Step], told: Callable[[list[Outcome] | Exception], object]
    ) -> None:
        """The same, nobody waiting; told is called when it is done, from anywhere."""
        ...

    async def read(self, ask: Callable[[], T]) -> T:
        """What the store answers, without holding up the event loop."""
        ...

    def close(self) -> None:
        """Carry out what was handed over, and end."""
        ...


class _Job(NamedTuple):
    steps: Sequence[Step]
    durable: bool
    told: Callable[[list[Outcome] | Exception], object]


class ThreadCommitter:
    """A thread that carries out at once all that has come meanwhile: any number of orders wait for one fsync."""

    def __init__(self, store: IntentStore) -> None:
        self._store = store
        self._queue: SimpleQueue[_Job | None] = SimpleQueue()
        self._thread = Thread(target=self._run, name="switchgear-journal", daemon=True)
        self._thread.start()

    async def commit(self, steps: Sequence[Step], *, durable: bool) -> list[Outcome]:
        """As Committer says."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[list[Outcome]] = loop.create_future()

        def tell(outcome: list[Outcome] | Exception) -> None:
            if future.done():  # whoever waited has gone
                return
            if isinstance(outcome, Exception):
                future.set_exception(outcome)
            else:
                future.set_result(outcome)

        def told(outcome: list[Outcome] | Exception) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(tell, outcome)

        self._queue.put(_Job(steps, durable, told))
        return await future

    def post(
        self, steps: Sequence[Step], told: Callable[[list[Outcome] | Exception], object]
    ) -> None:
        """As Committer says."""
        self._queue.put(_Job(steps, False, told))

    async def read(self, ask: Callable[[], T]) -> T:
        """As Committer says."""
        return await asyncio.to_thread(ask)

    def close(self) -> None:
        """As Committer says."""
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        while True:
            jobs = [self._queue.get()]
            while len(jobs) < _BATCH_MAX and not self._queue.empty():
                jobs.append(self._queue.get())
            self._carry_out([job for job in jobs if job is not None])
            if None in jobs:
                return

    def _carry_out(self, jobs: list[_Job]) -> None:
        if not jobs:
            return
        steps = [step for job in jobs for step in job.steps]
        try:
            outcomes = self._store.apply(steps, durable=any(job.durable for job in jobs))
        except Exception as error:  # noqa: BLE001  whatever it is, those who wait must hear of it
            for job in jobs:
                job.told(error)
            return
        for job in jobs:
            mine, outcomes = outcomes[: len(job.steps)], outcomes[len(job.steps) :]
            job.told(mine)


class InlineCommitter:
    """Carries out at once in the caller's own turn: for a store in memory, and where time is played."""

    def __init__(self, store: IntentStore) -> None:
        self._store = store

    async def commit(self, steps: Sequence[Step], *, durable: bool) -> list[Outcome]:
        """As Committer says."""
        return self._store.apply(steps, durable=durable)

    def post(
        self, steps: Sequence[Step], told: Callable[[list[Outcome] | Exception], object]
    ) -> None:
        """As Committer says."""
        try:
            told(self._store.apply(steps, durable=False))
        except SwitchgearError as error:
            told(error)

    async def read(self, ask: Callable[[], T]) -> T:
        """As Committer says."""
        return ask()

    def close(self) -> None:
        """Nothing waits."""


class Journal:
    """
    The intents of any number of desks, in one store.

    Args:
        store: Where they are kept.
        clock: Dates, and what chance is drawn from.
        emit: Told of every move.
        committer: How steps reach the store; a thread of its own when not given.
        who: This process, in moves and claims; by host, process and chance when not given.
    """

    def __init__(
        self,
        store: IntentStore,
        clock: Clock,
        emit: Emit,
        *,
        committer: Committer | None = None,
        who: str | None = None,
    ) -> None:
        self.store = store
        self.clock = clock
        self.who = who or f"{socket.gethostname()}:{os.getpid()}:{self.draw()[:8]}"
        self._emit = emit
        self._committer = committer or ThreadCommitter(store)

    def draw(self) -> str:
        """128 bits of chance, as 32 hexadecimal digits."""
        chance = self.clock.chance
        return "".join(f"{int(chance() * 2**_BITS):08x}" for _ in range(128 // _BITS))

    def now_ms(self) -> int:
        """The date, in epoch milliseconds."""
        return int(self.clock.wall().timestamp() * 1000)

    # ------------------------------------------------------------------------------- what is kept

    async def write(self, intent: Intent, *, own_for_s: float, day: Day | None = None) -> Intent:
        """
        Keep a new intent, on disk when this returns, and claimed for this process.

        Args:
            intent: What is to be kept.
            own_for_s: How long nobody else may see it through.
            day: What may be ordered for its account; it holds whoever else writes at the same moment.

        Raises:
            JournalUnavailable: It could not be made durable in WRITE_S_MAX seconds.
            DuplicateIntent: One with its client order id or its idempotency key is there.
            Halted: A kill switch is on.
            DayFull: With it more would be ordered than may be.
        """
        until_ms = self.now_ms() + int(own_for_s * 1000)
        owned = replace(intent, owner=self.who, owned_until_ms=until_ms)
        step = Write(owned, self.who, day)
        try:
            async with Cut(self.clock, WRITE_S_MAX):
                (found,) = await self._committer.commit([step], durable=True)
        except Exception as error:
            if isinstance(error, TimeoutError):
                # Should it be kept after all, what follows it says that it was never sent.
                self.post(owned, State.REJECTED, "not sent: it was not on disk in time")
            said = "the intent of the order could not be kept"
            raise _unavailable(intent.exchange, said, error) from error
        if isinstance(found, Exception):
            raise found
        self._tell(intent, "", intent.why or "written down", self.who)
        return owned

    async def move(
        self, intent: Intent, to: State, why: str, *, by: str = "", **more: Any
    ) -> Intent:
        """
        The intent, moved.

        Raises:
            StaleIntent: It stands elsewhere by now, or there is no such move.
            SwitchgearError: The store cannot be written now.
        """
        moved = intent.moved(to, self.now_ms(), why, **more)
        step = Change(moved, intent.state, by or self.who)
        (kept,) = await self._committer.commit([step], durable=False)
        if isinstance(kept, Exception):
            raise kept
        self._tell(moved, intent.state, why, by or self.who)
        return kept or moved

    def post(self, intent: Intent, to: State, why: str, **more: Any) -> Intent:
        """The same without waiting; where it cannot be kept, the log says so, and the intent is asked after again."""
        moved = intent.moved(to, self.now_ms(), why, **more)
        step = Change(moved, intent.state, self.who)
        self._committer.post([step], partial(self._posted, moved, intent.state, why))
        return moved

    async def claim(self, intent: Intent, for_s: float) -> Intent | None:
        """The intent as it is kept, this process's alone for so long; None where another has it. 0 lets it go."""
        at_ms = self.now_ms()
        step = Claim(intent.intent_id, self.who, at_ms, at_ms + int(for_s * 1000))
        (kept,) = await self._committer.commit([step], durable=False)
        if isinstance(kept, StaleIntent):
            return None
        if isinstance(kept, Exception):
            raise kept
        return kept

    async def switch(
        self, *, on: bool, by: str, why: str, exchange: str = "", account: str = ""
    ) -> None:
        """
        New orders stop at once, or may be made again; of one account, or of all. On disk when this returns.

        Raises:
            SettingsError: Who or why cannot be kept.
            SwitchgearError: The store cannot be written now.
        """
        step = Switch(on, self.now_ms(), by, why, exchange, account)
        (refused,) = await self._committer.commit([step], durable=True)
        if isinstance(refused, Exception):
            raise refused

    # -------------------------------------------------------------------------------- what is asked

    async def get(self, intent_id: str) -> Intent | None:
        """One intent."""
        return await self._committer.read(lambda: self.store.get(intent_id))

    async def query(self, query: IntentQuery) -> list[Intent]:
        """Intents, newest first."""
        return await self._committer.read(lambda: self.store.query(query))

    async def unsettled(self, exchange: str, account: str) -> list[Intent]:
        """
        Every intent of an account of which it is not known yet whether its order is booked.

        Raises:
            JournalUnavailable: The store could not be asked in WRITE_S_MAX seconds.
        """
        asked = IntentQuery(exchange, account, states=OPEN, limit=_ALL)
        try:
            async with Cut(self.clock, WRITE_S_MAX):
                found = await self.query(asked)
                if found:
                    # Of some what became of them may be known, and handed over, but not carried out yet: that comes
                    # before this empty step.
                    await self._committer.commit([], durable=False)
                    found = await self.query(asked)
        except Exception as error:
            said = "the intents under way could not be asked for"
            raise _unavailable(exchange, said, error) from error
        return found

    async def moves(self, intent_id: str) -> list[Move]:
        """The life of an intent, oldest first."""
        return await self._committer.read(lambda: self.store.moves(intent_id))

    async def switches(self) -> list[Switch]:
        """Every kill switch that is on."""
        return await self._committer.read(self.store.switches)

    def note(self, note: Note) -> None:
        """Have something said in the log."""
        self._emit(note)

    def close(self) -> None:
        """Carry out what was handed over, and let go of the store."""
        self._committer.close()
        self.store.close()

    def _posted(
        self, moved: Intent, old: State, why: str, outcome: list[Outcome] | Exception
    ) -> None:
        refused = outcome if isinstance(outcome, Exception) else outcome[0]
        if not isinstance(refused, Exception):
            self._tell(moved, old, why, self.who)
            return
        text = f"order {moved.client_order_id}: {old} -> {moved.state} was not kept: {error_text(refused)}"
        self._emit(Note(self.clock.monotonic_s(), _key(moved), Level.ERROR, text))

    def _tell(self, intent: Intent, old: State | str, why: str, by: str) -> None:
        now_s = self.clock.monotonic_s()
        name, new = intent.client_order_id, intent.state.value
        self._emit(IntentMoved(now_s, _key(intent), intent.intent_id, name, str(old), new, why, by))


def _unavailable(exchange: str, said: str, error: Exception) -> JournalUnavailable:
    reason = f"{said}: {error_text(error)}"
    return JournalUnavailable(exchange, "create_order", Scope.ACCOUNT, reason, None)


def _key(intent: Intent) -> Key:
    return Key(intent.exchange, "create_order", intent.account)
