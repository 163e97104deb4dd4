"""Proves `switchgear logs --url --follow`: what comes, over broken connections and restarts, each record once."""

from __future__ import annotations

import json
import signal
from itertools import chain
from typing import TYPE_CHECKING

import pytest

import switchgear as sg
from switchgear.cli import logs_work, remote_tail
from switchgear.cli.remote import Remote
from switchgear.cli.remote_address import Given, address_of
from switchgear.cli.remote_errors import RemoteError
from switchgear.cli.remote_logs import RemoteLogs
from switchgear.observe.history import HistoryWriter, LogQuery, to_jsonl
from switchgear.server import GearSource, HistorySource
from switchgear.server.serving import Server
from switchgear.testing import FakeClock
from tests.cli.follow_kit import PAGE, STREAM, event, keep, messages, numbered, stream
from tests.cli.kit import process
from tests.cli.remote_kit import JSON, OK, Canned, Steps, answer, logs_of, shown
from tests.observe.history.kit import record, records

if TYPE_CHECKING:
    from pathlib import Path


def test_what_comes_follows_the_page(tmp_path: Path) -> None:
    """First the newest that there are, at most the limit, then what is written, by the filter."""
    path = tmp_path / "log.db"
    keep(path, 1, 2, 3)
    with shown(str(path)) as server:
        found = logs_of(server.url).followed(LogQuery(limit=2, exchange="binance"))
        assert messages(found, 2) == numbered(2, 3)
        keep(path, 4, 5)
        assert messages(found, 2) == numbered(4, 5)
        found.close()


def test_a_restart_in_the_middle_loses_nothing_and_doubles_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was written while nobody answered is there, once and in order; the wait grows, and is told once."""
    path = tmp_path / "log.db"
    keep(path, 1, 2)
    with shown(str(path)) as first:
        port = first.port
        servers = [first]

        def begin() -> None:
            servers.append(Server(HistorySource(path), port=port))

        def nothing() -> None:
            keep(path, 6)

        clock = Steps(nothing, begin, begin)
        logs = RemoteLogs(Remote(address_of(Given(first.url)), clock))
        found = logs.followed(LogQuery())
        come = messages(found, 2)
        keep(path, 3)
        come += messages(found, 1)
        servers[0].close()
        keep(path, 4, 5)
        come += messages(found, 3)
        servers[1].close()
        keep(path, 7)
        come += messages(found, 1)
        keep(path, 8)
        come += messages(found, 1)
        found.close()
        servers[2].close()
    assert come == numbered(1, 2, 3, 4, 5, 6, 7, 8)
    assert clock.slept == [1.0, 2.0, 1.0]
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 2
    assert all("tried again" in line for line in said)


def test_more_than_the_server_tells_at_once_is_fetched(tmp_path: Path) -> None:
    """A gap that the stream only counts is filled from the export."""
    path = tmp_path / "log.db"
    keep(path, 1)
    with shown(str(path)) as server:
        found = logs_of(server.url).followed(LogQuery())
        assert messages(found, 1) == numbered(1)
        writer = HistoryWriter(path, FakeClock())
        writer.write(records(2, 1_700))
        writer.close()
        assert messages(found, 1_699) == numbered(*range(2, 1_701))
        found.close()


@pytest.mark.parametrize("more", [(), (13, 14, 15)])
def test_a_history_that_was_begun_anew_is_followed_from_its_first_record(
    tmp_path: Path, more: tuple[int, ...]
) -> None:
    """Also where it has as many records as the one before when the server comes back."""
    path = tmp_path / "log.db"
    keep(path, 1, 2, 3)
    with shown(str(path)) as first:
        port, servers = first.port, list[Server]()

        def begin() -> None:
            path.rename(tmp_path / "old.db")
            keep(path, 11, 12, *more)
            servers.append(Server(HistorySource(path), port=port))

        clock = Steps(begin)
        found = RemoteLogs(Remote(address_of(Given(first.url)), clock)).followed(LogQuery())
        assert messages(found, 3) == numbered(1, 2, 3)
        first.close()
        assert messages(found, 2 + len(more)) == numbered(11, 12, *more)
        found.close()
        servers[0].close()


def test_a_program_that_began_anew_is_followed_from_its_first_record() -> None:
    """Its log in memory counts from 1 again."""
    before, after = sg.Switchgear(), sg.Switchgear()
    with before, after, Server(GearSource(before), port=0) as first:
        for _ in range(5):
            before.call_sync("binance", "get_before", int)
        servers = list[Server]()

        def begin() -> None:
            after.call_sync("binance", "get_after", int)
            servers.append(Server(GearSource(after), port=first.port))

        logs = RemoteLogs(Remote(address_of(Given(first.url)), Steps(begin)))
        come = chain.from_iterable(logs.followed(LogQuery()))
        methods = [next(come).method for _ in range(5)]
        first.close()
        methods.append(next(come).method)
        servers[0].close()
    assert methods == [*["get_before"] * 5, "get_after"]


def test_half_a_page_is_asked_for_again() -> None:
    """A proxy that cuts an answer short ends nothing."""
    half = answer(OK, '{"records": [', JSON)
    with Canned(PAGE, PAGE, stream(event(1)), half, PAGE, stream(event(2))) as server:
        clock = Steps(int, int)
        found = RemoteLogs(Remote(address_of(Given(server.url)), clock)).followed(LogQuery())
        assert messages(found, 2) == numbered(1, 2)
    assert clock.slept == [1.0, 2.0]


def test_an_event_without_an_end_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Line by line it would fill the memory."""
    monkeypatch.setattr(remote_tail, "EVENT_BYTES_MAX", 1_000)
    endless = "event: record\n" + "data:\n" * 200
    with Canned(PAGE, PAGE, stream(event(1), endless)) as server:
        found = logs_of(server.url).followed(LogQuery())
        assert messages(found, 1) == numbered(1)
        with pytest.raises(RemoteError, match="an event of the stream is too long"):
            next(found)


@pytest.mark.parametrize(
    ("query", "come"),
    [(LogQuery(after_id=2), [3, 4]), (LogQuery(before_id=4), [1, 3]), (LogQuery(), [1, 3, 4])],
    ids=["after", "before", "all"],
)
def test_a_follower_holds_to_the_ends_of_its_filter(query: LogQuery, come: list[int]) -> None:
    """Though the stream of a history looks at no other end than its own."""
    with Canned(PAGE, PAGE, stream(event(1), event(3), event(4))) as server:
        clock = Steps()
        found = RemoteLogs(Remote(address_of(Given(server.url)), clock)).followed(query)
        got = list[str]()
        with pytest.raises(KeyboardInterrupt):
            got.extend(one.message for each in found for one in each)
    assert got == numbered(*come)
    assert clock.slept == [1.0]


def test_a_broken_line_is_no_record_and_is_asked_for_again() -> None:
    """The next try names the last record that came whole."""
    torn = answer(OK, "event: ready\n\n" + event(1) + event(2)[:-30], STREAM)
    with Canned(PAGE, PAGE, torn, PAGE, stream(event(2))) as server:
        logs = logs_of(server.url)
        assert messages(logs.followed(LogQuery()), 2) == numbered(1, 2)
        asked = [head for head in server.heads if "/live" in head]
    assert ["Last-Event-ID: 0" in asked[0], "Last-Event-ID: 1" in asked[1]] == [True, True]


def test_a_heartbeat_is_a_sign_of_life() -> None:
    """After it the wait begins anew; a stream that ends at once is left alone ever longer, up to a bound."""
    dead, alive = stream(), answer(OK, ": ping\n\n", STREAM)
    clock = Steps(*[int] * 8)
    with Canned(PAGE, PAGE, *[dead] * 7, alive, dead) as server:
        logs = RemoteLogs(Remote(address_of(Given(server.url)), clock))
        with pytest.raises(KeyboardInterrupt):
            messages(logs.followed(LogQuery()), 1)
    assert clock.slept == [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 1.0, 2.0]


def test_a_server_that_wants_to_be_left_alone_is() -> None:
    """Its Retry-After is waited for, within a bound."""
    busy = answer("HTTP/1.1 429 Too Many Requests", "{}", "retry-after: 40")
    clock = Steps()
    with Canned(PAGE, PAGE, busy) as server:
        logs = RemoteLogs(Remote(address_of(Given(server.url)), clock))
        with pytest.raises(KeyboardInterrupt):
            messages(logs.followed(LogQuery()), 1)
    assert clock.slept == [40.0]


@pytest.mark.parametrize("status", ["401 Unauthorized", "403 Forbidden", "404 Not Found"])
def test_what_no_patience_helps_ends_it(status: str) -> None:
    """A server that no longer knows who asks is not asked again."""
    refusal = answer(f"HTTP/1.1 {status}", '{"error": {"message": "no"}}')
    with Canned(PAGE, PAGE, stream(event(1)), refusal) as server:
        found = logs_of(server.url).followed(LogQuery())
        assert messages(found, 1) == numbered(1)
        with pytest.raises(RemoteError, match=r"401|403|no"):
            next(found)


def test_a_gap_that_cannot_be_filled_is_tried_again() -> None:
    """Nothing behind it is told before."""
    lines = b"".join(to_jsonl([record(2), record(1)])).decode()
    end = '{"end":true,"whole":true,"records":2}\n'
    missed = stream("event: missed\ndata: 2\n\n", event(3))
    torn, whole = answer(OK, lines), answer(OK, lines + end)
    with Canned(PAGE, PAGE, missed, torn, missed, whole) as server:
        found = logs_of(server.url).followed(LogQuery())
        assert messages(found, 3) == numbered(1, 2, 3)


def test_what_was_fetched_is_not_told_again_out_of_order() -> None:
    """A log in memory may tell a smaller id after a greater one; of a gap that was filled it is there already."""
    end = '{"end":true,"whole":true,"records":2}\n'
    gap = answer(OK, b"".join(to_jsonl([record(2), record(1)])).decode() + end)
    burst = stream("event: missed\ndata: 1\n\n", event(3), event(2), event(5), event(4))
    with Canned(PAGE, PAGE, burst, gap, PAGE, stream(event(6))) as server:
        found = logs_of(server.url).followed(LogQuery())
        assert messages(found, 6) == numbered(1, 2, 3, 5, 4, 6)
        resumed = [head for head in server.heads if "/live" in head][-1]
    assert "Last-Event-ID: 5" in resumed


def test_a_record_that_came_while_it_began_is_no_mark() -> None:
    """A server that tells a newer record than its newest id is followed from the id, and its log is the same one."""
    one, two = ([json.loads(line) for line in to_jsonl([record(number)])] for number in (1, 2))
    late, page = (answer(OK, json.dumps({"records": each, "newest_id": 1})) for each in (two, one))
    with Canned(late, page, stream(), stream(event(2)), page) as server:
        found = logs_of(server.url).followed(LogQuery())
        assert messages(found, 2) == numbered(1, 2)
        assert "Last-Event-ID: 1" in server.heads[-1]


def test_a_gap_is_filled_within_the_ends_of_the_filter() -> None:
    """And once, though nothing behind them is wanted."""
    end = '{"end":true,"whole":true,"records":1}\n'
    gap = answer(OK, b"".join(to_jsonl([record(1)])).decode() + end)
    missed = stream("event: missed\ndata: 2\n\n", event(3))
    with Canned(PAGE, PAGE, missed, gap, PAGE, stream(event(4))) as server:
        clock = Steps(int)
        found = RemoteLogs(Remote(address_of(Given(server.url)), clock)).followed(
            LogQuery(before_id=2)
        )
        got = list[str]()
        with pytest.raises(KeyboardInterrupt):
            got.extend(one.message for each in found for one in each)
        assert "before_id=2&after_id=0" in server.heads[3]
    assert got == numbered(1)


def test_the_interrupt_ends_it_in_order(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What came is printed as a file's is."""
    with Canned(PAGE, PAGE, stream(event(1))) as server:
        clock = Steps()
        logs = RemoteLogs(Remote(address_of(Given(server.url)), clock))
        logs_work.show_logs(logs, {}, clock, as_json=True, follow=True)
    out, err = capsys.readouterr()
    assert [json.loads(line)["message"] for line in out.splitlines()] == numbered(1)
    assert err.count("\n") == 1
    assert f"{server.url} ended the stream; tried again" in err


@pytest.mark.slow  # two processes
def test_as_a_process_it_goes_on_over_a_restart_until_sigint(tmp_path: Path) -> None:
    """SIGINT ends it with 0, as on a file; each record is printed once."""
    path = tmp_path / "log.db"
    keep(path, 1)
    with shown(str(path)) as first:
        given = ("logs", "--url", first.url, "--follow", "--json")
        with process(*given) as following:
            stdout = following.running.stdout
            assert stdout is not None
            keep(path, 2)
            lines = [following.first_line, stdout.readline()]
            first.close()
            said = stdout.readline()
            keep(path, 3)
            with shown(str(path), first.port):
                lines.append(stdout.readline())
                code, rest = following.end(signal.SIGINT)
    assert [json.loads(line)["message"] for line in lines] == numbered(1, 2, 3)
    assert "tried again" in said
    assert (code, rest) == (0, "")
