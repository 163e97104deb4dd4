"""Owns keeping a gear's history: writer and reader of one file, what is told when it is lost, and the snapshots."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from switchgear.core.errors import SettingsError, SwitchgearError
from switchgear.core.event import Note, StoreBack, StoreLost
from switchgear.core.words import Key, Level
from switchgear.observe.history.reader import HistoryReader
from switchgear.observe.history.snapshot import snapshot_of
from switchgear.observe.history.writer import HistoryWriter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from switchgear.core.clock import Clock
    from switchgear.core.event import Emit
    from switchgear.core.policy.circuit_view import CircuitView
    from switchgear.observe.metrics import CallMetrics

_BOUNDS = ("rows_max", "age_max_s", "bytes_max")
_SNAPSHOT_S = 1.0


class Keeping:
    """The history of one gear."""

    def __init__(
        self,
        where: str | Path | Mapping[str, Any],
        clock: Clock,
        emit: Emit,
        circuits: Callable[[], Iterable[tuple[CircuitView, CallMetrics]]],
    ) -> None:
        """
        Open the file.

        Args:
            where: Its path or URL, or a mapping with `path`, `rows_max`, `age_max_s` and `bytes_max`.
            clock: Of the gear.
            emit: Told when the file cannot be written, and when it can again.
            circuits: How the circuits stand, asked once a second.

        Raises:
            SettingsError: A name or a bound cannot be, or the file can never be a history.
        """
        table: Mapping[str, Any] = where if isinstance(where, Mapping) else {"path": where}
        path = table.get("path")
        bounds: dict[str, Any] = {name: value for name, value in table.items() if name != "path"}
        if path is None or not bounds.keys() <= set(_BOUNDS):
            allowed = f"must have path, and may have {', '.join(_BOUNDS)}"
            raise SettingsError("history", dict(table), allowed)
        self._clock = clock
        self._circuits = circuits
        self._snapshot_s = 0.0
        self._emit = emit
        self._said: list[tuple[Level, str]] = []
        self.writer = HistoryWriter(
            path,
            clock,
            **bounds,
            on_lost=lambda error: emit(StoreLost(clock.monotonic_s(), "history", error)),
            on_back=lambda lost: emit(StoreBack(clock.monotonic_s(), "history", lost)),
            on_aside=lambda words: self._said.append((Level.CRITICAL, words)),
            on_note=lambda words: self._said.append((Level.WARNING, words)),
        )
        self._path = path
        self._reader: HistoryReader | None = None

    @property
    def reader(self) -> HistoryReader | None:
        """What reads the file; None while it cannot be opened, as on a full disk that has no file yet."""
        if self._reader is None:
            with suppress(
                SwitchgearError
            ):  # the writer said so; it is tried again when next asked for
                self._reader = HistoryReader(self._path)
        return self._reader

    def tick(self, *, force: bool = False) -> None:
        """Now and then, how the circuits stand, for a page in another process."""
        now_s = self._clock.monotonic_s()
        while (
            self._said
        ):  # said here, so that the new file has it: at the start nothing goes there yet
            self._emit(Note(now_s, Key("", "", ""), *self._said.pop(0)))
        if force or now_s - self._snapshot_s >= _SNAPSHOT_S:
            self._snapshot_s = now_s
            now = self._clock.wall()
            stand = [snapshot_of(view, metrics, now) for view, metrics in self._circuits()]
            self.writer.snapshot(stand)
