"""Proves the way in: help, errors in one line with exit code 2, missing extras, taken ports."""

from __future__ import annotations

import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

import switchgear as sg
from tests.cli.kit import exit_code

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COMMANDS = ("demo", "sim", "serve", "logs", "circuits", "config")


@pytest.fixture
def taken() -> Iterator[str]:
    """A port that another program listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield str(listening.getsockname()[1])


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """--help ends well and names the command."""
    assert exit_code(command, "--help") == 0
    assert f"switchgear {command}" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments", [("lunch",), ("demo", "--secnods", "20"), ("demo", "--seconds", "many")]
)
def test_what_is_no_command_or_option_is_refused(
    arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """A typo on the command line is named, with exit code 2."""
    assert exit_code(*arguments) == 2
    named = next((word for word in arguments if word.startswith("--")), arguments[0])
    assert named in capsys.readouterr().err


def test_a_port_that_is_taken_is_named(
    taken: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever wants to listen says in one line that it cannot."""
    path = tmp_path / "log.db"
    sg.Switchgear(history=path).close()
    file = tmp_path / "switchgear.toml"
    file.write_text('[exchanges.binance]\nsymbols = ["BTC/USDT"]\n', encoding="utf-8")
    for arguments in (
        ("sim",),
        ("serve", "--history", str(path)),
        ("serve", "--config", str(file)),
        ("demo", "--seconds", "20"),
    ):
        assert exit_code(*arguments, "--port", taken) == 2
        out, err = capsys.readouterr()
        assert (out, err.count("\n")) == ("", 1)
        assert f"port={taken}: cannot be had on 127.0.0.1" in err


@pytest.mark.parametrize("host", ["192.0.2.1", "nowhere.invalid"])
def test_a_host_that_is_not_here_is_named(host: str, capsys: pytest.CaptureFixture[str]) -> None:
    """An address that no interface has is no matter of the port."""
    assert exit_code("sim", "--host", host) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err == f"switchgear: host='{host}': must be an address or a name of this machine\n"


def test_too_few_seconds_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """The demo says how many seconds it needs."""
    assert exit_code("demo", "--seconds", "5") == 2
    assert "seconds=5.0: must be a number from 20" in capsys.readouterr().err


def test_serve_wants_something_to_show(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a settings file and a history there is nothing to serve."""
    monkeypatch.delenv("SWITCHGEAR_HISTORY", raising=False)
    assert exit_code("serve") == 2
    assert "--config FILE or --history FILE" in capsys.readouterr().err


@pytest.mark.slow  # each is a process, for only a fresh one has imported nothing
@pytest.mark.parametrize(
    ("missing", "command", "extra"),
    [("typer", "--help", "cli"), ("rich", "demo", "cli"), ("aiohttp", "sim", "http")],
)
def test_a_missing_extra_is_named(missing: str, command: str, extra: str) -> None:
    """A library that is not installed ends in one line that says what brings it."""
    code = f"import sys; sys.modules[{missing!r}] = None; from switchgear.cli import main; main()"
    ended = subprocess.run(
        [sys.executable, "-c", code, command], capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stdout) == (2, "")
    line = f"switchgear: {missing} is not installed; pip install 'switchgear[{extra}]' brings it\n"
    assert ended.stderr == line


@pytest.mark.slow  # a process, for the end of a pipe is the end of a process's output
def test_a_reader_that_leaves_is_no_error(tmp_path: Path) -> None:
    """`switchgear logs | head -1` prints no traceback."""
    path = tmp_path / "log.db"
    with sg.Switchgear(history=path) as gear:
        for _ in range(2000):
            gear.call_sync("binance", "get_x", lambda: 1)
    command = [sys.executable, "-m", "switchgear.cli", "logs", "--history", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.readline()
        running.stdout.close()
        assert running.stderr.read() == b""
