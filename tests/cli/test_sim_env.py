"""Proves that what `sim --env` prints opens the practice exchanges of the same seed, as the how-to says."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

import switchgear as sg
from switchgear.cli.config import read
from switchgear.exchange.coinbase import CoinbaseApi
from switchgear.exchange.sync import SyncApi
from switchgear.practice.sim.fleet import VENUES, FleetThread
from tests.cli.kit import exit_code

HOW_TO = Path(__file__).parents[2] / "docs" / "howto" / "watch-the-practice-exchanges.md"


def exported(lines: str) -> dict[str, str]:
    """What a shell has in its environment after these lines, and had not before."""
    done = subprocess.run(
        ["bash", "-c", 'eval "$0"; env -0', lines], capture_output=True, text=True, check=True
    )
    pairs = [each.partition("=") for each in done.stdout.split("\0")]
    return {name: value for name, _, value in pairs if name.startswith(("ALP", "BIN", "COI"))}


def told(capsys: pytest.CaptureFixture[str], *options: str) -> dict[str, str]:
    """The variables that the command prints; every line exports one, and it ends with 0."""
    assert exit_code("sim", "--env", *options) == 0
    out = capsys.readouterr().out
    assert all(re.match(r"export [A-Z]+_(URL|KEY|SECRET)=", line) for line in out.splitlines())
    return exported(out)


def test_the_lines_open_the_door(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """With them the how-to's file is whole, and each key is the one that the same seed trades with."""
    variables = told(capsys, "--seed", "5")
    toml = re.findall(r"```toml\n(.*?)```", HOW_TO.read_text("utf-8"), re.DOTALL)
    file = tmp_path / "switchgear.toml"
    file.write_text(toml[0], encoding="utf-8")
    tables = {table.name: table for table in read(file, variables).exchanges}
    assert [tables[name].base_url for name in VENUES] == [
        variables[f"{name.upper()}_URL"] for name in VENUES
    ]
    with FleetThread(5) as sims, sg.Switchgear() as gear:
        assert {name: table.key for name, table in tables.items()} == {
            sim.venue: sim.key for sim in sims
        }
        assert tables["alpaca"].secret == sims["alpaca"].secret
        assert tables["binance"].secret == sims["binance"].secret
        mine, base_url = tables["coinbase"], sims["coinbase"].base_url
        api = CoinbaseApi(gear, key=mine.key, secret=mine.secret, base_url=base_url)
        with SyncApi(api) as coinbase:
            assert coinbase.get_portfolio().currency == "USD"


def test_the_lines_follow_the_options(capsys: pytest.CaptureFixture[str]) -> None:
    """Venue, host and port are those given; without a seed the scenario's own counts."""
    given = ("--venue", "coinbase", "--host", "127.0.0.2", "--port", "7000")
    variables = told(capsys, *given)
    assert variables.keys() == {"COINBASE_URL", "COINBASE_KEY", "COINBASE_SECRET"}
    assert variables["COINBASE_URL"] == "http://127.0.0.2:7000"
    assert told(capsys, *given, "--seed", "1") == variables
    played = told(capsys, *given, "--scenario", "mix")
    assert played["COINBASE_KEY"] == told(capsys, *given, "--seed", "12")["COINBASE_KEY"]


@pytest.mark.parametrize(
    ("host", "address"), [("0.0.0.0", "127.0.0.1"), ("::", "[::1]"), ("::1", "[::1]")]
)
def test_an_address_can_be_called(
    host: str, address: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of one that listens everywhere this machine's own is told, and one of IPv6 is bracketed."""
    variables = told(capsys, "--venue", "alpaca", "--host", host)
    assert variables["ALPACA_URL"] == f"http://{address}:9100"


@pytest.mark.parametrize("port", ["0", "65534", "-1"])
def test_a_port_that_nobody_knows_is_refused(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    """One that the system chooses cannot be told, and all three must be ports."""
    assert exit_code("sim", "--env", "--port", port) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert f"port={port}: must be the one they were started with, 1 to 65533" in err
