"""Proves the commands about records: every filter, following, exports that say whether they are whole, imports."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING, Any

import pytest

import switchgear as sg
from switchgear.cli import kept, logs_work
from switchgear.cli.kept import KeptLogs
from switchgear.observe.history import HistoryReader, HistoryWriter, LogQuery
from switchgear.observe.history.export import FORMS
from switchgear.testing import FakeClock
from tests.cli.kit import exit_code, process
from tests.observe.history.kit import record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from switchgear.observe.record import LogRecord

ORDER = "sg-0123456789"


@pytest.fixture
def history(tmp_path: Path) -> str:
    """A history with a success, a failure and its open circuit, a note, and what was told of an order."""
    path = tmp_path / "log.db"
    with sg.Switchgear(history=path, settings={"retries": 0, "failure_threshold": 1}) as gear:
        gear.call_sync("binance", "get_market_price", lambda: 1)
        with pytest.raises(ConnectionResetError):
            gear.call_sync("coinbase", "get_portfolio", fail)
        key = sg.Key("binance", "create_order", "main")
        gear.hub.emit(sg.OrderCalled(gear.clock.monotonic_s(), key, 7, 1, ORDER))
    return str(path)


def fail() -> None:
    """A call that fails."""
    raise ConnectionResetError("reset")


def shown(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, Any]]:
    """The records that a command prints as JSON."""
    assert exit_code("logs", "--json", *arguments) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@pytest.mark.parametrize(
    ("filters", "events"),
    [
        (("--outcome", "failed"), ["call_failed"]),
        (("--outcome", "success"), ["call_succeeded"]),
        (("--scope", "method"), ["circuit_moved"]),
        (("--order-id", ORDER), ["order_called"]),
        (("--call-id", "7", "--method", "create_order"), ["order_called"]),
        (("--run", "2"), []),
        (("--run", "1", "--event", "order_called"), ["order_called"]),
        (("--after-id", "1000"), []),
        (("--before-id", "2"), ["call_succeeded"]),
    ],
)
def test_every_filter_is_an_option(
    history: str, capsys: pytest.CaptureFixture[str], filters: tuple[str, ...], events: list[str]
) -> None:
    """What the page filters by, the terminal does too."""
    found = shown(capsys, "--history", history, *filters)
    assert [record["event"] for record in found] == events


@pytest.mark.parametrize("form", FORMS)
def test_an_export_and_its_import_are_the_same_log(
    form: str, history: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Written to a file whose name says the form, read back into a history that is made for it."""
    file, new = tmp_path / f"out.{form}", tmp_path / "new.db"
    assert exit_code("logs", "--history", history, "--export", str(file)) == 0
    assert capsys.readouterr().out == f"{file}: 4 records, whole\n"
    assert exit_code("logs", "import", str(file), "--history", str(new)) == 0
    assert capsys.readouterr().out == "4 records; run 1 is 1 now\n"
    old, found = (list(HistoryReader(each).export(LogQuery())) for each in (history, new))
    assert [each._replace(id=0) for each in found] == [each._replace(id=0) for each in old]
    assert not list(tmp_path.glob("*.part"))


def test_an_export_is_exactly_the_filter(
    history: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And its last line repeats it."""
    file = tmp_path / "out"
    given = ("--exchange", "Binance", "--level", "info")
    asked = ("logs", "--history", history, *given, "--export", str(file), "--format", "jsonl")
    assert exit_code(*asked) == 0
    capsys.readouterr()
    only, last = map(json.loads, file.read_text().splitlines())
    assert only["event"] == "call_succeeded"
    assert last["filter"] == {"exchange": "binance", "level": "info"}


def test_what_is_not_whole_is_refused_unless_it_will_do(
    history: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line says why; with --partial what there is is taken, and the same is said."""
    file, new = tmp_path / "out.jsonl", str(tmp_path / "new.db")
    exit_code("logs", "--history", history, "--export", str(file))
    file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:2]))
    capsys.readouterr()
    assert exit_code("logs", "--history", new, "import", str(file)) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert "is not whole: it has no last line; give --partial" in err
    assert exit_code("logs", "import", str(file), "--history", new, "--partial", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told == {"records": 2, "runs": {"1": 1}, "whole": False, "why": "it has no last line"}


def test_an_export_that_breaks_off_ends_with_1(
    history: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The file is there, and says itself that it is not whole."""

    class Breaking(HistoryReader):
        def export(self, query: LogQuery) -> Iterator[sg.LogRecord]:
            yield next(super().export(query))
            raise OSError("the disk is gone")

    monkeypatch.setattr(kept, "HistoryReader", Breaking)
    file = tmp_path / "out.jsonl"
    assert exit_code("logs", "--history", history, "--export", str(file)) == 1
    out, err = capsys.readouterr()
    assert (out, err) == ("", f"{file}: not whole: 1 records, then OSError: the disk is gone\n")
    assert json.loads(file.read_text().splitlines()[-1])["whole"] is False


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--export", "x.xlsx"), "format='xlsx': must be one of jsonl, csv, parquet"),
        (("--export", "/nowhere/x.csv"), "must be a file that can be written: No such file"),
        (("--export", "x.csv", "--follow"), "must be given without --follow"),
        (("--format", "csv"), "must be given with --export FILE"),
        (("import", "none.csv"), "must be a file that can be read: No such file"),
        (("--run", "0"), "run=0: must be a whole number from 1"),
        (("--outcome", "lunch"), "outcome='lunch': must be one of success"),
    ],
)
def test_what_cannot_be_is_one_line(
    history: str, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], words: str
) -> None:
    """On stderr, with exit code 2."""
    assert exit_code("logs", "--history", history, *arguments) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert words in err


def test_following_goes_on_with_what_comes(history: str) -> None:
    """The newest first, then each new record once and in order, until it is interrupted."""
    with process(
        "logs", "--history", history, "--follow", "--json", "--exchange", "binance"
    ) as tail:
        lines = [tail.first_line]
        out = tail.running.stdout
        assert out is not None
        lines.append(out.readline())
        with sg.Switchgear(history=history) as gear:
            for number in range(3):
                gear.call_sync("binance", "get_market_price", lambda: 1)
                gear.call_sync("coinbase", "get_market_price", lambda: 1)
                gear.flush()
                lines.append(out.readline())
                assert json.loads(lines[-1])["event"] == "call_succeeded", number
        code, rest = tail.end(signal.SIGINT)
    records = [json.loads(line) for line in [*lines, *rest.splitlines()]]
    assert code == 0
    assert [record["exchange"] for record in records] == ["binance"] * 5
    assert [record["id"] for record in records] == sorted({record["id"] for record in records})


class Steps(FakeClock):
    """A clock whose sleeps are what happens meanwhile; the last one is the interrupt."""

    def __init__(self, *steps: Callable[[], object]) -> None:
        super().__init__()
        self._steps = list(steps)

    def sleep(self, delay_s: float) -> None:
        """The next step."""
        del delay_s
        if not self._steps:
            raise KeyboardInterrupt
        self._steps.pop(0)()


def keep(path: str, *numbers: int) -> None:
    """Keep plain records."""
    writer = HistoryWriter(path, FakeClock())
    writer.write([record(number) for number in numbers])
    writer.close()


def followed(
    path: str, capsys: pytest.CaptureFixture[str], *steps: Callable[[], object]
) -> list[str]:
    """The messages that are printed while the steps happen."""
    clock = Steps(*steps)
    logs_work.show_logs(KeptLogs(path, clock), {}, clock, as_json=True, follow=True)
    return [json.loads(line)["message"] for line in capsys.readouterr().out.splitlines()]


@pytest.mark.parametrize("more", [(), (13, 14)])
def test_following_goes_on_in_the_history_that_was_begun_anew(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], more: tuple[int, ...]
) -> None:
    """From its first record, whether or not it already has as many as the one before."""
    path = tmp_path / "log.db"
    keep(str(path), 1, 2, 3)

    def begin_anew() -> None:
        path.rename(tmp_path / "old.db")
        keep(str(path), 11, 12, *more)

    expected = [f"message {number}" for number in (1, 2, 3, 11, 12, *more)]
    assert followed(str(path), capsys, begin_anew) == expected


def test_what_comes_while_following_begins_is_printed_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look at the end and the first page too."""
    path = str(tmp_path / "log.db")
    keep(path, 1)
    query, late = HistoryReader.query, [2]

    def later(reader: HistoryReader, asked: LogQuery) -> list[LogRecord]:
        if late:
            keep(path, late.pop())
        return query(reader, asked)

    monkeypatch.setattr(HistoryReader, "query", later)
    assert followed(path, capsys, lambda: None) == ["message 1", "message 2"]
