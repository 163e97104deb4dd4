"""Proves the commands that print a history: the filters, both forms, and harmless output."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

import switchgear as sg
from tests.cli.kit import exit_code

if TYPE_CHECKING:
    from pathlib import Path

HOSTILE = "gone \x1b[2J\r\nbinance"


def fail() -> None:
    """A call that fails with a text that a terminal would obey."""
    raise sg.NetworkError(HOSTILE)


@pytest.fixture
def history(tmp_path: Path) -> str:
    """A history in which one call succeeded and another's circuit opened."""
    path = tmp_path / "log.db"
    with sg.Switchgear(history=path, settings={"retries": 0, "failure_threshold": 1}) as gear:
        gear.call_sync("binance", "get_market_price", lambda: 1)
        with pytest.raises(sg.NetworkError):
            gear.call_sync("coinbase", "get_portfolio", fail)
    return str(path)


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    """The lines of a command that ends well."""
    assert exit_code(*arguments) == 0
    return capsys.readouterr().out.splitlines()


def test_records_are_printed_newest_last(history: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each record is one line with date, level, key and message."""
    lines = printed(capsys, "logs", "--history", history)
    assert len(lines) == 3
    assert "INFO     binance.get_market_price succeeded" in lines[0]
    assert sorted(line.split()[2] for line in lines[1:]) == ["ERROR", "ERROR"]


def test_what_a_terminal_would_obey_is_spelled_out(
    history: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """No record can clear the screen or fake a line."""
    assert exit_code("logs", "--history", history) == 0
    text = capsys.readouterr().out
    assert "\x1b" not in text
    assert "\r" not in text


@pytest.mark.parametrize(
    ("filters", "events"),
    [
        (("--level", "error", "--event", "call_failed"), ["call_failed"]),
        (("--exchange", "Binance"), ["call_succeeded"]),
        (("--method", "getMarketPrice"), ["call_succeeded"]),
        (("--text", "SUCCEEDED"), ["call_succeeded"]),
        (("--kind", "network"), ["call_failed"]),
        (("--since", "-1h", "--limit", "1", "--level", "info"), 1),
        (("--until", "2020-01-01T00:00:00Z"), []),
    ],
)
def test_filters_are_those_of_the_page(
    history: str,
    capsys: pytest.CaptureFixture[str],
    filters: tuple[str, ...],
    events: list[str] | int,
) -> None:
    """As JSON, exactly the records that match."""
    lines = printed(capsys, "logs", "--history", history, "--json", *filters)
    found = [json.loads(line)["event"] for line in lines]
    assert (len(found) if isinstance(events, int) else found) == events


@pytest.mark.parametrize(
    ("filters", "words"),
    [
        (("--level", "loud"), "level='loud': must be one of DEBUG"),
        (("--since", "yesterday"), "since='yesterday': must be epoch milliseconds"),
        (("--limit", "0"), "limit=0: must be a whole number from 1"),
        (("--event", "lunch"), "event='lunch': must be one of"),
    ],
)
def test_a_filter_that_cannot_be_is_refused(
    history: str, capsys: pytest.CaptureFixture[str], filters: tuple[str, ...], words: str
) -> None:
    """One line names the filter, its value and what is allowed."""
    assert exit_code("logs", "--history", history, *filters) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert words in err


def test_circuits_are_printed(history: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each circuit is one line, and as JSON one object."""
    lines = printed(capsys, "circuits", "--history", history)
    assert [line.partition(" since")[0] for line in lines] == [
        "binance.get_market_price: closed",
        "coinbase.get_portfolio: open",
    ]
    assert "1 calls, 100.0 % well" in lines[0]
    assert "next try in" in lines[1]
    shown = [
        json.loads(line) for line in printed(capsys, "circuits", "--history", history, "--json")
    ]
    assert [one["state"] for one in shown] == ["closed", "open"]
    assert shown[1]["metrics"]["failed_calls"] == 1


@pytest.mark.parametrize("command", ["logs", "circuits"])
def test_the_environment_can_name_the_history(
    history: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    command: str,
) -> None:
    """SWITCHGEAR_HISTORY stands for the option; without both the error names them."""
    monkeypatch.delenv("SWITCHGEAR_HISTORY", raising=False)
    assert exit_code(command) == 2
    assert "SWITCHGEAR_HISTORY" in capsys.readouterr().err
    monkeypatch.setenv("SWITCHGEAR_HISTORY", history)
    assert printed(capsys, command)


@pytest.mark.parametrize("command", ["logs", "circuits", "serve"])
def test_a_file_that_is_no_history_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    """A missing file and one of something else are refused in one line, and not made."""
    missing, other = tmp_path / "none.db", tmp_path / "other.db"
    other.write_text("no database at all, but quite long enough to be read as one" * 20)
    for path in (missing, other):
        assert exit_code(command, "--history", str(path)) == 2
        assert capsys.readouterr().err.count("\n") == 1
    assert not missing.exists()
