"""Proves what runs until it is interrupted, each as a process: sim, the watch on exchanges, the file shown."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING, Any
from urllib.request import Request, urlopen

import pytest

import switchgear as sg
from switchgear.observe.history import HistoryReader, LogQuery
from switchgear.practice.sim.server import SimThread
from tests.cli.kit import process

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


def test_the_practice_exchange_runs_alone() -> None:
    """It says where it is, answers, can be broken as it says, and ends with 0."""
    with process("sim", "--port", "0", "--seed", "5") as sim:
        rule = b'{"match": "ping", "action": "answer", "status": 503, "count": 1}'
        posted = Request(f"{sim.address}/_sim/faults", data=rule, method="POST")
        with urlopen(posted, timeout=10) as answer:
            assert json.load(answer) == {"ids": [1]}
        state = sim.asked("/_sim/state")
        code, said = sim.end(signal.SIGINT)
    assert state["seed"] == 5
    assert code == 0
    assert "practice-key" in said
    assert "curl -d" in said
