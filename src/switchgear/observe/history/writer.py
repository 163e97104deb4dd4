"""
Owns the one thread that writes the history, so that nobody else waits for the disk.

What cannot be written is tried again a few times, then lost and counted; that, and that it works
again, is each said once. The file itself is the store's.
"""

from __future__ import annotations

import atexit
import os
import threading
from typing import TYPE_CHECKING, cast
from weakref import WeakSet

from switchgear.core.errors import SettingsError, SwitchgearError
from switchgear.core.redact import error_text
from switchgear.core.words import Level
from switchgear.observe.history.backlog import Backlog, Lost
from switchgear.observe.store import Limits, Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from switchgear.core.clock import Clock
    from switchgear.core.words import Key
    from switchgear.observe.record import LogRecord
    from switchgear.observe.store import CircuitSnapshot

ROWS_MAX = 1_000_000
AGE_MAX_S = 30 * 86_400.0
QUEUE_MAX = 100_000
"""Records that wait for the disk."""
BATCH_MAX = 40_000
"""Records of one transaction."""
GATHER_FROM = 1_000
"""Records of a batch after which the next is gathered, as there will be many again."""
GATHER_S = 1.0
"""
So long at most it is gathered, and until it is full, or somebody flushes.

A transaction asks some thirty times for the interpreter's lock. A busy loop gives that up for a microsecond between two
turns, and takes it again before a thread that waits is awake: each time costs the thread some 30 ms, and the loop a
quarter of its speed meanwhile. So there are few transactions, and each writes much.
"""
TRIES = 3
"""Of a batch, while the file was well before."""
RETRY_WAIT_S = 0.2
BEAT_S = 5.0
"""So often an idle run says that it lives."""
SWEEP_EVERY_S = 30.0
SWEEP_ROWS = 5_000
BYTES_MIN = 1_000_000
_CLOSE_S = 5.0
_COUNT_MAX = 10**12


class HistoryWriter:
    """
    A sink of the hub that keeps every record in an SQLite file or on a PostgreSQL server, and circuits as they stand.

    Args:
        path: The file, made when there is none, in a folder that exists; or `postgresql://…`.
            Several processes may share it.
        clock: For the dates of runs and for the age of records.
        rows_max: Records that stay; the oldest go.
        age_max_s: Seconds after which a record goes.
        queue_max: Records that wait while the disk is slow; then the oldest below WARNING are
            lost first.
        bytes_max: Bytes that records and all that belongs to them may take in the file; the
            oldest go. None leaves that to rows_max, and it must be None on a server.
        on_lost: Called with the reason, once, when records begin to be lost because the file
            cannot be written.
        on_back: Called with the number lost meanwhile, once, when it can be written again. Both
            are called in the writer's thread and must not raise.
        on_aside: Called with words when the file is damaged: it was moved aside, and a new one
            begun. Where that is found at the start, by the thread that makes the writer.
        on_note: Called with words when a person should do something about the file, which is
            used as it is; by the thread that makes the writer.

    Raises:
        SettingsError: A bound cannot be, or the file can never be a history. A file that is
            merely locked, full or read-only raises nothing, here and later.
    """

    name = "history"

    def __init__(
        self,
        path: str | os.PathLike[str],
        clock: Clock,
        *,
        level: Level = Level.DEBUG,
        rows_max: int = ROWS_MAX,
        age_max_s: float = AGE_MAX_S,
        queue_max: int = QUEUE_MAX,
        bytes_max: int | None = None,
        on_lost: Callable[[str], object] | None = None,
        on_back: Callable[[int], object] | None = None,
        on_aside: Callable[[str], object] | None = None,
        on_note: Callable[[str], object] | None = None,
    ) -> None:
        _check_count("rows_max", rows_max)
        _check_count("queue_max", queue_max)
        _check_bytes(bytes_max, path)
        _check_age(age_max_s)
        self.level: int = level
        """Records below it are not kept."""
        self.written = 0
        """Records kept so far."""
        self.run: int | None = None
        """The run's number in the file; None until something was written."""
        self._begun_in: object = None
        self._clock = clock
        self._rows_max, self._age_max_s, self._queue_max = rows_max, age_max_s, queue_max
        self._bytes_max = bytes_max
        self._on_lost, self._on_back = on_lost, on_back
        self._store = Store(path, on_aside, on_note)
        # One lock is held while the file is used, the other guards what waits; if both, in this order.
        self._io, self._changed = threading.Lock(), threading.Condition()
        self._stopping = threading.Event()
        self._lost = Lost()
        self._thread: threading.Thread | None = None
        self._begin_afresh()
        self._try(lambda: self._store.open(self._now_ms()), reraise=(SettingsError,))
        _WRITERS.add(self)
        atexit.register(self.close)

    def _begin_afresh(self) -> None:
        self._backlog = Backlog(self._queue_max)
        self._circuits: dict[Key, CircuitSnapshot] = {}
        self._in_hand = False
        self._gathers = False
        self._flush_to = 0
        self._nudged = False
        self._sweep_at_s = self._clock.monotonic_s()
        self._failing_since: int | None = None

    # ---------------------------------------------------------------------------- what others call

    @property
    def lost(self) -> dict[str, int]:
        """Records that could not be kept so far, below WARNING and from WARNING on."""
        return {"below_warning": self._lost.below_warning, "from_warning": self._lost.from_warning}

    def write(self, batch: Sequence[LogRecord]) -> None:
        """Line the records up and return at once; after close they are lost and counted."""
        with self._changed:
            if self._stopping.is_set():
                self._lost.add(batch)
                return
            self._lost.add(self._backlog.put(batch))
            self._wake_locked()

    def snapshot(self, circuits: Iterable[CircuitSnapshot]) -> None:
        """Keep how these circuits stand, each in the place of what was kept of it before."""
        with self._changed:
            if not self._stopping.is_set():
                self._circuits.update({one.key: one for one in circuits})
                self._wake_locked()

    def flush(self, timeout_s: float = 5.0) -> bool:
        """Wait until all that was handed over before is kept or lost.

        False when that took longer.
        """
        with self._changed:
            given = self._flush_to = self._backlog.given
            if not self._stopping.is_set():
                self._nudged = True
                self._wake_locked()
            return self._changed.wait_for(lambda: self._is_settled_locked(given), timeout_s)

    def close(self) -> None:
        """Keep what waits, end the run and let go of the file, within seconds.

        A second close does nothing.
        """
        with self._changed:
            if self._stopping.is_set():
                return
            self._stopping.set()
            self._changed.notify_all()
            thread = self._thread
        atexit.unregister(self.close)
        if thread is None:
            self._work()
        elif thread is not threading.current_thread():
            thread.join(_CLOSE_S)

    # ---------------------------------------------------------------------------------- the thread

    def _wake_locked(self) -> None:
        if self._thread is None:
            thread = threading.Thread(target=self._work, name="switchgear-history", daemon=True)
            thread.start()
            self._thread = thread
        self._changed.notify_all()

    def _work(self) -> None:
        while self._wait():
            self._step()
        self._try(self._end)

    def _wait(self) -> bool:
        """Until there is something to do, or it is time for a sign of life.

        False when all is done.
        """
        with self._changed:
            self._changed.wait_for(
                lambda: self._has_work_locked() or self._stopping.is_set(), BEAT_S
            )
            if self._gathers:
                self._changed.wait_for(self._is_enough_locked, GATHER_S)
            return self._has_work_locked() or not self._stopping.is_set()

    def _has_work_locked(self) -> bool:
        return bool(self._backlog or self._circuits or self._nudged)

    def _is_enough_locked(self) -> bool:
        waited_for = self._nudged or self._backlog.settled() < self._flush_to
        return len(self._backlog) >= BATCH_MAX or waited_for or self._stopping.is_set()

    def _is_settled_locked(self, given: int) -> bool:
        done = self._backlog.settled() >= given and not self._in_hand
        return done and not self._circuits and not self._nudged

    def _step(self) -> None:
        with self._changed:
            batch = self._backlog.take(BATCH_MAX)
            circuits, self._circuits = list(self._circuits.values()), {}
            self._in_hand, self._nudged = True, False
            self._gathers = len(batch) >= GATHER_FROM
        error = self._deliver(batch, circuits)
        if error is None:
            self._kept(batch)
        else:
            self._give_up(batch, error)
        more = error is None and self._sweep()
        with self._changed:
            self._in_hand, self._nudged = False, self._nudged or more
            self._changed.notify_all()

    def _deliver(self, batch: list[LogRecord], circuits: list[CircuitSnapshot]) -> str | None:
        """None when the batch is kept, else why not; a file that was lost already gets one try."""
        tries = 1 if self._failing_since is not None else TRIES
        error = self._try(lambda: self._put(batch, circuits))
        for _ in range(tries - 1):
            if error is None or self._stopping.wait(RETRY_WAIT_S):
                break
            error = self._try(lambda: self._put(batch, circuits))
        return error

    def _put(self, batch: list[LogRecord], circuits: list[CircuitSnapshot]) -> None:
        now_ms = self._now_ms()
        self._store.open(now_ms)
        if self.run is None or self._store.opened != self._begun_in:
            self.run = self._store.begin_run(now_ms)
            self._begun_in = self._store.opened
        lost = (self._lost.below_warning, self._lost.from_warning)
        self._store.deliver(self.run, batch, circuits, lost, now_ms)

    def _kept(self, batch: list[LogRecord]) -> None:
        self.written += len(batch)
        if not batch or self._failing_since is None:
            return  # a sign of life fits on a full disk too: only a record proves that it is back
        lost = self._lost.total - self._failing_since
        self._failing_since = None
        if self._on_back is not None:
            self._on_back(lost)

    def _give_up(self, batch: list[LogRecord], error: str) -> None:
        with self._changed:
            # When the program ends nobody waits for a disk that does not answer.
            rest = self._backlog.take(len(self._backlog)) if self._stopping.is_set() else []
            lost = [*batch, *rest]
            first = self._failing_since is None and bool(lost)
            if first:
                self._failing_since = self._lost.total
            self._lost.add(lost)
        if first and self._on_lost is not None:
            self._on_lost(error)

    def _sweep(self) -> bool:
        """Delete what is too much or too old, a bounded step; True when there is more."""
        now_s = self._clock.monotonic_s()
        if now_s < self._sweep_at_s:
            return False
        now_ms = self._now_ms()
        limits = Limits(
            self._rows_max, max(0, now_ms - round(self._age_max_s * 1000)), self._bytes_max
        )
        more: list[bool] = []
        self._try(lambda: more.append(self._store.sweep(limits, now_ms, SWEEP_ROWS)))
        if more == [True]:
            return True
        self._sweep_at_s = now_s + SWEEP_EVERY_S
        return False

    def _end(self) -> None:
        if self.run is not None and self._store.same_store():  # none is made only to end in it
            self._store.open(self._now_ms())
            if self._store.opened == self._begun_in:
                self._store.end_run(self.run, self._now_ms())
        self._store.close()

    def _try(
        self, action: Callable[[], object], reraise: tuple[type[Exception], ...] = ()
    ) -> str | None:
        """None when the action worked, else what was wrong."""
        try:
            with self._io:
                action()
        except reraise:
            raise
        except SwitchgearError as error:
            return str(error)
        except Exception as error:  # noqa: BLE001  it costs records, never the thread
            return error_text(error)
        return None

    def _now_ms(self) -> int:
        return round(self._clock.wall().timestamp() * 1000)

    # -------------------------------------------------------------------------------------- forking

    def before_fork(self) -> None:
        """Close the file and hold everything still: SQLite's connections must not cross a fork."""
        self._io.acquire()
        self._changed.acquire()
        self._store.close()

    def after_fork_in_parent(self) -> None:
        """Go on; the file opens itself again."""
        self._changed.release()
        self._io.release()

    def after_fork_in_child(self) -> None:
        """A run of its own; what waits, and what was lost, is the parent's."""
        held = (self._changed, self._io)
        self._io, self._changed = threading.Lock(), threading.Condition()
        closed, self._stopping = self._stopping.is_set(), threading.Event()
        if closed:
            self._stopping.set()
        self._thread, self.run, self.written, self._lost = None, None, 0, Lost()
        self._begin_afresh()
        for lock in held:
            lock.release()


_WRITERS: WeakSet[HistoryWriter] = WeakSet()
_HELD: list[HistoryWriter] = []
"""Writers that stand still for a fork: the same ones must go on after it."""


def _before_fork() -> None:
    for writer in list(_WRITERS):
        writer.before_fork()
        _HELD.append(writer)


def _after_fork_in_parent() -> None:
    while _HELD:
        _HELD.pop().after_fork_in_parent()


def _after_fork_in_child() -> None:
    while _HELD:
        _HELD.pop().after_fork_in_child()


os.register_at_fork(
    before=_before_fork,
    after_in_parent=_after_fork_in_parent,
    after_in_child=_after_fork_in_child,
)


def _check_count(name: str, value: object) -> None:
    if type(value) is not int or not 1 <= value <= _COUNT_MAX:
        raise SettingsError(name, value, f"must be a whole number from 1 to {_COUNT_MAX}")


def _check_bytes(value: int | None, path: str | os.PathLike[str]) -> None:
    if value is None:
        return
    if type(value) is not int or not BYTES_MIN <= value <= _COUNT_MAX:
        raise SettingsError(
            "bytes_max", value, f"must be a whole number from {BYTES_MIN} to {_COUNT_MAX}"
        )
    if "://" in str(path):
        raise SettingsError("bytes_max", value, "only a SQLite file has one")


def _check_age(value: object) -> None:
    if (
        type(value) not in (int, float) or not 1 <= cast("float", value) <= _COUNT_MAX
    ):  # its type was asked
        raise SettingsError("age_max_s", value, f"must be seconds, from 1 to {_COUNT_MAX}")
