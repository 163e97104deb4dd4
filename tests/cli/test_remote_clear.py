"""Proves of `switchgear logs --url --follow` that a log that was cleared is not taken for one that was begun anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from switchgear.cli.remote import Remote
from switchgear.cli.remote_address import Given, address_of
from switchgear.cli.remote_logs import RemoteLogs
from switchgear.observe.history import HistoryReader, HistoryWriter, LogQuery, to_jsonl
from switchgear.server import HistorySource
from switchgear.server.serving import Server
from switchgear.testing import FakeClock
from tests.cli.follow_kit import PAGE, event, keep, messages, numbered, page, stream
from tests.cli.remote_kit import OK, Canned, Steps, answer, logs_of, shown
from tests.observe.history.kit import START_MS, record

if TYPE_CHECKING:
    from pathlib import Path


def test_a_clear_is_no_log_begun_anew(tmp_path: Path) -> None:
    """After the newest were cleared, a reader that comes again is told nothing twice."""
    path = tmp_path / "log.db"
    keep(path, 1, 2, 3)
    with shown(str(path)) as first:
        servers = list[Server]()

        def begin() -> None:
            reader = HistoryReader(path)
            assert reader.clear(LogQuery(after_id=1), 2) == 2
            keep(path, 4)
            servers.append(Server(HistorySource(path), port=first.port))

        found = RemoteLogs(Remote(address_of(Given(first.url)), Steps(begin))).followed(LogQuery())
        assert messages(found, 3) == numbered(1, 2, 3)
        first.close()
        assert messages(found, 1) == numbered(4)
        found.close()
        servers[0].close()


YOUNGER = record(2, at_ms=START_MS + 40)
"""Of a process that dates and writes in another order than the one of record 3."""


@pytest.mark.parametrize("limit", [1, 1_000])
def test_a_clear_of_what_several_processes_write_is_no_log_begun_anew(
    tmp_path: Path, limit: int
) -> None:
    """Dates do not come in the order of ids; the last record is gone, one before it is younger, a new one is there."""
    path = tmp_path / "log.db"
    writer = HistoryWriter(path, FakeClock())
    for one in (record(1), YOUNGER, record(3)):
        writer.write([one])
        writer.flush()
    writer.close()
    with shown(str(path)) as first:
        servers = list[Server]()

        def begin() -> None:
            assert HistoryReader(path).clear(LogQuery(after_id=2), 1) == 1
            keep(path, 4)
            servers.append(Server(HistorySource(path), port=first.port))

        logs = RemoteLogs(Remote(address_of(Given(first.url)), Steps(begin)))
        found = logs.followed(LogQuery(limit=limit))
        assert messages(found, min(limit, 3)) == numbered(1, 2, 3)[-limit:]
        first.close()
        assert messages(found, 1) == numbered(4)
        found.close()
        servers[0].close()


@pytest.mark.parametrize("limit", [1, 1_000])
def test_a_clear_with_nothing_behind_it_is_no_log_begun_anew(limit: int) -> None:
    """The newest id there is smaller then, as in a log begun anew; but nothing there is younger than what was read."""
    left = page(YOUNGER, newest_id=2)
    kept = page(record(3), YOUNGER, record(1), newest_id=3)
    newest = page(record(3), newest_id=3)
    with Canned(newest, kept, stream(), left, left, stream(event(4))) as server:
        found = logs_of(server.url).followed(LogQuery(limit=limit))
        assert messages(found, min(limit, 3)) == numbered(1, 2, 3)[-limit:]
        assert messages(found, 1) == numbered(4)
        assert "Last-Event-ID: 3" in server.heads[-1]


def test_a_clear_of_a_gap_is_no_log_begun_anew() -> None:
    """What was fetched is read, whatever its date."""
    gap = (
        b"".join(to_jsonl([YOUNGER, record(1)])).decode()
        + '{"end":true,"whole":true,"records":2}\n'
    )
    missed = stream("event: missed\ndata: 2\n\n", event(3))
    left = page(YOUNGER, newest_id=2)
    with Canned(PAGE, PAGE, missed, answer(OK, gap), left, left, stream(event(4))) as server:
        found = logs_of(server.url).followed(LogQuery())
        assert messages(found, 4) == numbered(1, 2, 3, 4)
