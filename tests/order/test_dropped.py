"""
Power goes: of a SQLite journal every intent is there whose `write` had returned, whatever else was lost.

PostgreSQL's own log is not looked into: that a commit with `synchronous_commit` is durable is its promise.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections import defaultdict
from contextlib import closing
from pathlib import Path
from random import Random  # noqa: TID251  seeded
from typing import TYPE_CHECKING, NamedTuple

import pytest

from switchgear.core.clock import SystemClock
from switchgear.core.event import Event
from switchgear.order.intent import Intent, State
from switchgear.order.journal import Journal
from switchgear.order.sql_store import SqlStore, _raw
from switchgear.order.store import IntentQuery
from tests.order.dropping import Disk, Image, losing, restore
from tests.order.stores import intent, wrote

if TYPE_CHECKING:
    from collections.abc import Sequence

    from switchgear.order.store import Outcome, Step

NAME = "orders.db"
ROUNDS, AT_ONCE = 50, 3
OFTEN = "pragma wal_autocheckpoint = 100"
"""So many pages after which the log is copied into the file; ten times as many without."""
LIFE = [State.NEW, State.SENT, State.ACKED]


class Cut(NamedTuple):
    """One instant at which power may have gone."""

    acknowledged: frozenset[str]
    """Ids of the intents whose write had returned by then."""
    images: tuple[Image, ...]
    """What is left: with nothing that was not synced, and with some sectors of it."""


class Run:
    """A journal in use, and what would have been left of it."""

    def __init__(self, folder: Path, kind: type[Kept], seed: int) -> None:
        self.cuts: list[Cut] = []
        self.acknowledged: set[str] = set()
        self.written: dict[str, Intent] = {}
        self._dice = Random(seed)
        self._disk = Disk(folder, self._at)
        with losing(self._disk):
            self._journal = Journal(kind(folder / NAME), SystemClock(), self._unheard)
            asyncio.run(self._use())
            self._cut()
            self._journal.close()

    def _unheard(self, event: Event) -> None:
        """Nobody listens."""

    def _at(self, name: str) -> None:
        # The file itself is touched rarely: when the log is copied into it.
        if self._dice.random() < (0.1 if name == NAME else 0.02):
            self._cut()

    def _cut(self) -> None:
        acknowledged = frozenset(self.acknowledged)  # first: what is returned later does not count
        self.cuts.append(Cut(acknowledged, (self._disk.image(None), self._disk.image(self._dice))))

    async def _use(self) -> None:
        for number in range(0, ROUNDS * AT_ONCE, AT_ONCE):
            await asyncio.gather(*(self._order(number + more) for more in range(AT_ONCE)))

    async def _order(self, number: int) -> None:
        made = intent(number, idempotency_key=f"key {number}")
        self.written[made.intent_id] = made
        kept = await self._journal.write(made, own_for_s=60)
        self.acknowledged.add(made.intent_id)
        kept = self._journal.post(kept, State.SENT, "attempt 1")
        self._journal.post(kept, State.ACKED, "booked", order_id=f"o{number}")


class Kept(SqlStore):
    """The store as it is, but for how often the log is copied into the file."""

    pragmas: tuple[str, ...] = (OFTEN,)

    def __init__(self, where: Path) -> None:
        super().__init__(where)
        with self._writing.connect() as connection:
            for pragma in self.pragmas:
                _raw(connection).execute(pragma)
            connection.info["synchronous"] = "full" if len(self.pragmas) > 1 else None


class Normal(Kept):
    """Commits without waiting for the disk, as for a move that nobody waits for."""

    def apply(self, steps: Sequence[Step], *, durable: bool) -> list[Outcome]:
        """As IntentStore says, but for what it says of the disk."""
        return super().apply(steps, durable=False)


class Off(Kept):
    """Leaves everything to the system."""

    pragmas = (OFTEN, "pragma synchronous = off")

    def apply(self, steps: Sequence[Step], *, durable: bool) -> list[Outcome]:
        """As above: told that it is full already, it is never set."""
        return super().apply(steps, durable=True)


def faults_of(run: Run, cut: Cut, image: Image, folder: Path) -> list[str]:
    """What is wrong with what is left, in words."""
    folder.mkdir()
    restore(image, folder)
    sound = _soundness(folder / NAME)
    if sound != "ok":
        return [f"the file is broken: {sound}"]
    with closing(SqlStore(folder / NAME)) as store:
        kept = {each.intent_id: each for each in store.query(IntentQuery(limit=ROUNDS * AT_ONCE))}
        wrote(store, intent(1_000_000))  # and it goes on
    lives: dict[str, list[State]] = defaultdict(list)
    with closing(sqlite3.connect(folder / NAME)) as raw:
        for key, state in raw.execute("select intent_id, new from move order by seq"):
            lives[key].append(State(state))
    lost = [f"{key} is lost" for key in cut.acknowledged - kept.keys()]
    return lost + [
        f"{key} is not what was written: {each} {lives[key]}"
        for key, each in kept.items()
        if not _is_whole(run.written[key], each, lives[key])
    ]


def _soundness(path: Path) -> str:
    with closing(sqlite3.connect(path)) as raw:
        try:
            return str(raw.execute("pragma integrity_check").fetchone()[0])
        except sqlite3.DatabaseError as error:
            return str(error)


def _is_whole(written: Intent, kept: Intent, life: list[State]) -> bool:
    same = (kept.request, kept.idempotency_key) == (written.request, written.idempotency_key)
    return same and life == LIFE[: kept.version + 1] and life[-1] is kept.state


def all_faults(run: Run, folder: Path) -> list[str]:
    """Of every instant and every image."""
    return [
        fault
        for number, cut in enumerate(run.cuts)
        for more, image in enumerate(cut.images)
        for fault in faults_of(run, cut, image, folder / f"{number}.{more}")
    ]


@pytest.mark.slow  # a journal is opened for each instant at which power may have gone
@pytest.mark.parametrize("seed", range(2))
def test_an_acknowledged_intent_outlives_a_power_cut(tmp_path: Path, seed: int) -> None:
    """Whichever sectors that were not synced are lost, at whichever write or sync, within a checkpoint too."""
    (tmp_path / "disk").mkdir()
    run = Run(tmp_path / "disk", Kept, seed)
    assert len(run.acknowledged) == ROUNDS * AT_ONCE
    assert len(run.cuts) > 20
    assert any(0 < len(cut.acknowledged) < ROUNDS * AT_ONCE for cut in run.cuts)
    sizes = {len(cut.images[0].get(NAME, b"")) for cut in run.cuts}
    assert len(sizes) > 2, "the log was not copied into the file"
    assert all_faults(run, tmp_path) == []


@pytest.mark.slow  # as above
@pytest.mark.parametrize("kind", [Normal, Off])
def test_without_a_sync_it_does_not(tmp_path: Path, kind: type[Kept]) -> None:
    """Planted on purpose: the same test sees an intent that was acknowledged and is gone."""
    (tmp_path / "disk").mkdir()
    run = Run(tmp_path / "disk", kind, 1)
    assert any("is lost" in fault for fault in all_faults(run, tmp_path))


def test_a_disk_keeps_what_was_synced(tmp_path: Path) -> None:
    """And of the rest nothing, or sectors of it."""
    path, names = str(tmp_path / "file"), list[str]()
    disk = Disk(tmp_path, names.append)
    disk.change(path, 0, b"a" * 1_000)
    disk.sync(path)
    disk.change(path, 0, b"b" * 2_000)
    assert disk.image(None) == {"file": b"a" * 1_000}
    torn = disk.image(Random(2))["file"]
    assert {torn[at : at + 1] for at in range(0, 1_000, 512)} <= {b"a", b"b"}
    disk.change(path, 10, None)
    disk.sync(path)
    assert disk.image(None) == {"file": b"b" * 10}
    assert names == ["file"] * 5
