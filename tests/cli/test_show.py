"""Proves the commands that print a history: the filters, both forms, and harmless output."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import termios
from typing import TYPE_CHECKING

import pytest

import switchgear as sg
from tests.cli.kit import COMMAND, exit_code
from tests.server.story import answers, refused

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


def refuse() -> None:
    """A call that nobody took."""
    raise ConnectionRefusedError("connection refused")


@pytest.fixture
def wide(tmp_path: Path) -> str:
    """A history in which an exchange is gone, an account is held, and a gate for new orders is closed."""
    path = tmp_path / "wide.db"
    error = refused(429, -1015, 60)
    with sg.Switchgear(history=path, settings={"retries": 0}) as gear:
        gear.call_sync("alpaca", "get_portfolio", int)
        gear.call_sync("binance", "get_market_price", int)
        gear.guarded("binance", "create_order").try_call_sync(answers(error))
        for _ in range(3):
            gear.guarded("binance", "get_market_price").try_call_sync(refuse)
        gear.hold("alpaca", "@account", state="open", by="ops", why="[red]keys[/red]")
    return str(path)


def cells(line: str) -> list[str]:
    """What a line of a table holds; its cells stand at least two apart."""
    return [cell.strip() for cell in line.split("  ") if cell.strip()]


def test_circuits_are_printed(history: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each circuit is one line of a table, and as JSON one object."""
    head, _, *lines = printed(capsys, "circuits", "--history", history)
    assert cells(head)[:4] == ["exchange", "circuit", "state", "why and since when"]
    price, portfolio = (line for line in lines if line.strip())
    assert cells(price)[:3] == ["binance", "get_market_price", "closed"]
    assert "100.0 %" in price
    assert cells(portfolio)[:3] == ["coinbase", "get_portfolio", "open"]
    assert "in 30 s" in portfolio or "in 29 s" in portfolio
    shown = [
        json.loads(line) for line in printed(capsys, "circuits", "--history", history, "--json")
    ]
    assert [one["state"] for one in shown] == ["closed", "open"]
    assert [(one["scope"], one["held_back_by"]) for one in shown] == [("method", None)] * 2
    assert shown[1]["metrics"]["failed_calls"] == 1


def test_wide_circuits_are_named_in_words(wide: str, capsys: pytest.CaptureFixture[str]) -> None:
    """They stand first within their exchange, and a closed method says which of them holds it back."""
    _, _, *lines = printed(capsys, "circuits", "--history", wide)
    shown = [line for line in lines if line.strip()]
    assert [cells(line)[1] for line in shown[:5]] == [
        "account main",
        "get_portfolio",
        "whole exchange",
        "create_order",
        "get_market_price",
    ]
    assert cells(shown[0])[2] == "forced open"
    assert "[red]keys[/red]; held by ops" in shown[0]
    assert "held back by account main" in shown[1]
    assert cells(shown[2])[2] == "open"
    assert "closed" in shown[3]
    assert "held back by the whole exchange" in shown[3]
    found = [json.loads(line) for line in printed(capsys, "circuits", "--history", wide, "--json")]
    held = {one["method"]: one["held_back_by"] for one in found if one["exchange"] == "binance"}
    assert held == {
        "@exchange": None,
        "create_order": "exchange",
        "get_market_price": "exchange",
    }


def test_closed_gates_are_told_below_the_circuits(
    wide: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The last line names the gate, how long it stays closed, and what alone it holds back."""
    last = printed(capsys, "circuits", "--history", wide)[-1]
    assert last.startswith("binance: gate of account main closed for ")
    assert ", new orders only: HTTPStatusError: 429" in last


@pytest.mark.parametrize("columns", [40, 80, 110, 200])
def test_a_terminal_is_not_overrun(wide: str, columns: int) -> None:
    """In a terminal no line is wider than it is; a narrow one shows fewer columns, and all circuits."""
    screen = pty.openpty()
    fcntl.ioctl(screen[1], termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    command = [*COMMAND, "circuits", "--history", wide]
    environment = {**os.environ, "TERM": "xterm", "NO_COLOR": "1"}
    environment.pop("COLUMNS", None)
    subprocess.run(command, stdin=screen[1], stdout=screen[1], check=True, env=environment)
    os.close(screen[1])
    lines = plain(os.read(screen[0], 65_536).decode()).splitlines()
    os.close(screen[0])
    assert max(len(line.rstrip()) for line in lines) <= columns
    assert ("opened" in lines[0]) is (columns == 200)
    assert len(lines) >= 7


def plain(text: str) -> str:
    """Without what colours it."""
    return re.sub("\x1b\\[[0-9;]*m", "", text)


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
