"""Proves what runs until it is interrupted, each as a process: sim, the watch on exchanges, the file shown."""

from __future__ import annotations

import json
import re
import signal
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

import switchgear as sg
from switchgear.observe.history import HistoryReader, LogQuery
from switchgear.practice.sim.scenario import load, shipped
from switchgear.practice.sim.server import SimThread
from tests.cli.kit import exit_code, process

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow  # each starts a process


def first_live(address: str, filters: str) -> dict[str, Any]:
    """The first record of the live tail."""
    with urlopen(f"{address}/api/v1/live?{filters}", timeout=15) as tail:
        data = next(line for line in tail if line.startswith(b"data: {") and b'"id"' in line)
    record: dict[str, Any] = json.loads(data.removeprefix(b"data: "))
    return record


def test_the_page_of_a_history_shows_what_another_process_writes(tmp_path: Path) -> None:
    """Records written after the server started are there, and SIGINT ends it with 0."""
    path = tmp_path / "log.db"
    with sg.Switchgear(history=path) as gear:
        gear.call_sync("binance", "get_before", lambda: 1)
        gear.flush()
        with process("serve", "--history", str(path), "--port", "0") as shown:
            gear.call_sync("binance", "get_meanwhile", lambda: 1)
            gear.flush()
            records = shown.asked("/api/v1/logs")["records"]
            status = shown.asked("/api/v1/status")
            ended = shown.end(signal.SIGINT)
    assert {one["method"] for one in records} == {"get_before", "get_meanwhile"}
    assert (status["source"], status["writable"]) == ("history", False)
    assert ended == (0, "")


def test_exchanges_are_watched_and_shown(tmp_path: Path) -> None:
    """Prices and portfolio are asked for through switchgear and kept; SIGTERM flushes, and ends with 0."""
    path, file = tmp_path / "log.db", tmp_path / "switchgear.toml"
    with SimThread() as sim:
        file.write_text(
            f'[history]\npath = "{path}"\n\n[settings]\nfailure_threshold = 7\n\n'
            f'[exchanges.binance]\nbase_url = "{sim.base_url}"\nsymbols = ["BTC/USDT"]\n'
            'every_s = 0.1\nkey_env = "PRACTICE_KEY"\nsecret_env = "PRACTICE_SECRET"\n',
            encoding="utf-8",
        )
        keys = {"PRACTICE_KEY": sim.key, "PRACTICE_SECRET": sim.secret}
        with process("serve", "--config", str(file), "--port", "0", **keys) as shown:
            record = first_live(shown.address, "method=get_portfolio")
            circuits = shown.asked("/api/v1/circuits")["circuits"]
            ended = shown.end(signal.SIGTERM)
        asked = sim.state()["requests"]
    assert (record["exchange"], record["event"]) == ("binance", "call_succeeded")
    assert {(one["method"], one["failure_threshold"]) for one in circuits} >= {
        ("get_market_price", 7),
        ("get_portfolio", 7),
    }
    assert ended == (0, "")
    reader = HistoryReader(path)
    kept = reader.count(LogQuery(method="get_portfolio", event="call_succeeded"))
    assert asked["account"] - kept in {0, 1}  # one may have been under way at the end
    assert {one.key.method for one in reader.circuits()} >= {"get_market_price", "get_portfolio"}
    assert [run.ended_ms is None for run in reader.runs()] == [False]


def test_three_exchanges_are_watched_side_by_side(tmp_path: Path) -> None:
    """Each by its own client and its own key; a private key in the environment may have its line ends escaped."""
    file = tmp_path / "switchgear.toml"
    with (
        SimThread(venue="alpaca") as alpaca,
        SimThread(venue="binance") as binance,
        SimThread(venue="coinbase") as coinbase,
    ):
        sims = {"alpaca": alpaca, "binance": binance, "coinbase": coinbase}
        tables = [
            f'[exchanges.{name}]\nbase_url = "{sim.base_url}"\nevery_s = 0.1\n'
            f'key_env = "{name}_KEY"\nsecret_env = "{name}_SECRET"\n'
            for name, sim in sims.items()
        ]
        file.write_text("\n".join(tables), encoding="utf-8")
        keys = {f"{name}_KEY": sim.key for name, sim in sims.items()}
        keys |= {f"{name}_SECRET": sim.secret.replace("\n", "\\n") for name, sim in sims.items()}
        with process("serve", "--config", str(file), "--port", "0", **keys) as shown:
            events = {
                name: first_live(shown.address, f"exchange={name}&method=get_portfolio")["event"]
                for name in sims
            }
            ended = shown.end(signal.SIGTERM)
    assert events == dict.fromkeys(sims, "call_succeeded")
    assert ended == (0, "")


def test_an_exchange_that_is_away_is_on_the_page(tmp_path: Path) -> None:
    """The watch goes on while nothing answers, and the page says what is wrong."""
    file = tmp_path / "switchgear.toml"
    file.write_text(
        '[settings]\nretries = 0\n\n[exchanges.binance]\nbase_url = "http://127.0.0.1:1"\n'
        'symbols = ["BTC/USDT"]\nevery_s = 0.1\n',
        encoding="utf-8",
    )
    with process("serve", "--config", str(file), "--port", "0") as shown:
        moved = first_live(shown.address, "event=circuit_moved")
        health = shown.asked("/api/v1/health")
        ended = shown.end(signal.SIGTERM)
    assert "closed -> open" in moved["message"]
    assert health["status"] != "ok"
    assert ended == (0, "")


def test_the_practice_exchanges_run_alone() -> None:
    """They say where they are, answer, can be broken as they say, and end with 0."""
    with process("sim", "--port", "0", "--seed", "5") as sim:
        rule = b'{"match": "ping", "action": "answer", "status": 503, "count": 1}'
        posted = Request(f"{sim.address}/_sim/faults", data=rule, method="POST")
        with urlopen(posted, timeout=10) as answer:
            assert json.load(answer) == {"ids": [1]}
        state = sim.asked("/_sim/state")
        code, said = sim.end(signal.SIGINT)
    assert (state["venue"], state["seed"]) == ("binance", 5)
    assert code == 0
    assert {"alpaca", "coinbase"} <= {line.partition(" ")[0] for line in said.splitlines()}
    assert "key practice-key, secret practice-secret" in said
    assert "secret a PEM text: curl http://127.0.0.1:" in said
    assert "curl -d" in said
    assert "PRIVATE KEY" not in said


def test_what_the_practice_exchange_prints_works() -> None:
    """The rules that it shows can be sent as they are shown, to the addresses that it shows."""
    with process("sim", "--port", "0", "--venue", "binance") as sim:
        assert sim.running.stdout is not None
        shown = [sim.running.stdout.readline() for _ in range(8)]
        taught = [re.fullmatch(r".*curl -d '(.*)' (http\S*)\n", line) for line in shown]
        ids: list[object] = []
        for found in filter(None, taught):
            posted = Request(found[2], data=found[1].encode(), method="POST")
            with urlopen(posted, timeout=10) as answer:
                ids.append(json.load(answer))
        state = sim.asked("/_sim/state")
        assert sim.end(signal.SIGINT) == (0, "")
    assert ids == [{"ids": [1]}, {"ids": [1]}]
    assert [rule["action"] for rule in state["wire"]["rules"]] == ["half_open"]


def test_a_scenario_is_told_as_it_happens(tmp_path: Path) -> None:
    """Each step is a line, at its venue, with its seed and speed; the exchange goes on calmly afterwards."""
    path = tmp_path / "short.toml"
    path.write_text(
        'name = "short"\nmeaning = "A short one."\nseed = 77\nduration_s = 30\n[[step]]\nat_s = 10\n'
        'for_s = 10\nvenue = "*"\nmeaning = "all is lost"\nfault = { action = "cut" }\n',
        encoding="utf-8",
    )
    named = ("--venue", "coinbase", "--venue", "alpaca", "--scenario", str(path))
    with process("sim", "--port", "0", *named, "--speed", "1000") as sim:
        assert sim.running.stdout is not None
        said: list[str] = []
        while "until Ctrl-C" not in "".join(said):
            said.append(sim.running.stdout.readline())
        state = sim.asked("/_sim/state")
        faults = sim.asked("/_sim/faults")
        assert sim.end(signal.SIGTERM) == (0, "")
    assert [line.strip() for line in said[-4:]] == [
        "scenario short: A short one.",
        "10.0 s  coinbase, alpaca: all is lost",
        "20.0 s  coinbase, alpaca: mended, 0 hit: all is lost",
        "30.0 s  the end: all is calm until Ctrl-C",
    ]
    assert (state["venue"], state["seed"], faults) == ("coinbase", 77, {"faults": []})


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("--scenario", "unknown"), "scenario='unknown': must be a file, or auth_revoked, ban, "),
        (("--venue", "kraken"), "venue='kraken': must be one of binance, alpaca, coinbase, each"),
        (("--venue", "alpaca", "--venue", "alpaca"), "venue='alpaca': must be one of binance, "),
        (("--venue", "alpaca", "--scenario", "ban"), "venue='alpaca': must have binance"),
        (("--speed", "0"), "speed=0.0: must be a number above 0"),
        (("--speed", "nan"), "speed=nan: must be a number above 0"),
    ],
    ids=lambda part: str(part)[:30],
)
def test_what_the_practice_exchanges_cannot_do_is_named(
    arguments: tuple[str, ...], line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A scenario, a venue or a speed that cannot be ends in one line, before anything starts."""
    assert exit_code("sim", *arguments) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith(f"switchgear: {line}")


def test_a_wrong_scenario_file_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The line tells which field of the file cannot be, and what could."""
    path = tmp_path / "mine.toml"
    path.write_text('name = "mine"\nmeaning = "Mine."\nduration_s = 0\n', encoding="utf-8")
    assert exit_code("sim", "--scenario", str(path)) == 2
    err = capsys.readouterr().err
    assert f"scenario='{path}'"[:40] in err
    assert "its duration_s is 0; must be a number of seconds from 0.001 to 86400" in err


def test_the_scenarios_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    """Each with its length and its meaning, and nothing is started."""
    assert exit_code("sim", "--list") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(" ")[0] for line in lines] == list(shipped())
    assert all(
        line.endswith(load(name).meaning) for line, name in zip(lines, shipped(), strict=True)
    )


def test_tokens_open_the_page(tmp_path: Path) -> None:
    """With a file of tokens nobody gets in without one; the link that is printed signs in once, and is told."""
    file, journal = tmp_path / "tokens", tmp_path / "log.db"
    file.write_text("operator anna a-token-of-anna-1234\n", encoding="utf-8")
    file.chmod(0o600)
    with sg.Switchgear(history=journal) as gear:
        gear.call_sync("binance", "get_before", lambda: 1)
    given = ("serve", "--history", str(journal), "--port", "0", "--tokens", str(file))
    with process(*given, "--allow-host", "desk.example") as shown:
        assert shown.running.stdout is not None
        address, _, token = shown.running.stdout.readline().split()[4].partition("/login#")
        head = {"Content-Type": "application/json", "Host": "desk.example"}
        body = json.dumps({"token": token}).encode()
        posted = Request(f"{address}/api/v1/login", data=body, headers=head, method="POST")
        with urlopen(posted, timeout=10) as answer:
            assert json.load(answer)["name"] == "terminal"
        with pytest.raises(HTTPError, match="401"):
            urlopen(f"{address}/api/v1/status", timeout=10)
        code, said = shown.end(signal.SIGINT)
    assert code == 0
    assert "by terminal: signed in as operator from 127.0.0.1" in said
    assert token not in said


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--host", "0.0.0.0"), "loopback"),
        (("--allow-host", "desk.example"), "credentials"),
        (("--tokens", "none"), "cannot be read"),
    ],
)
def test_nothing_is_opened_to_others_without_tokens(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: tuple[str, str], says: str
) -> None:
    """One line says what would do, and nothing was started."""
    journal = tmp_path / "log.db"
    sg.Switchgear(history=journal).close()
    assert exit_code("serve", "--history", str(journal), "--port", "0", *options) == 2
    assert says in capsys.readouterr().err
