"""Tests of what is said of an old file that is left as it is: the command to paste, and a disk that does not answer."""

from __future__ import annotations

import shlex
import shutil
from typing import TYPE_CHECKING

from switchgear.observe.history import HistoryReader, HistoryWriter
from switchgear.observe.store import room
from tests.observe.history.kit import ask, record
from tests.observe.history.test_upgrade import filled

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from switchgear.testing import FakeClock


def test_the_command_can_be_pasted_whatever_the_file_is_called(
    path: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It names the file with its folder, as a shell reads it: one word, whatever is in it."""
    odd = path.with_name("my log; it's $HOME.db")
    filled(odd)
    monkeypatch.setattr(room, "WRITTEN_ANEW_BYTES_MAX", 1)
    said: list[str] = []
    HistoryWriter(odd, clock, on_note=said.append).close()
    assert len(said) == 1
    command = said[0].partition("no program has it open: ")[2]
    assert shlex.split(command) == [
        "sqlite3",
        str(odd),
        "pragma auto_vacuum = incremental; vacuum",
    ]


def test_a_disk_that_does_not_say_how_much_is_free_fails_no_start(
    path: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The old file is used as it is; the log says why."""
    filled(path)

    def refuse(_: object) -> object:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(shutil, "disk_usage", refuse)
    said: list[str] = []
    writer = HistoryWriter(path, clock, age_max_s=1e9, on_note=said.append)
    writer.write([record(5_001)])
    assert writer.flush(30.0)
    writer.close()
    assert len(said) == 1
    assert f"how much is free in {path.parent} cannot be told (Permission denied)" in said[0]
    assert ask(path, "pragma auto_vacuum") == [(0,)]
    assert HistoryReader(path).newest_id() == 5_001
