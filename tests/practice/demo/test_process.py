"""Proves the demo as people start it: a process with a page, ended by its time or by Ctrl-C."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.request import urlopen

import pytest

from switchgear.observe.history import HistoryReader, LogQuery
from switchgear.practice.demo.orders import Outcome
from switchgear.practice.demo.run import SCENARIO
from switchgear.practice.sim.fleet import VENUES
from switchgear.practice.sim.scenario import EVERY, load
from tests.practice.demo.kit import table_of

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow  # a process, and the time that it was told to take
DEMO = (sys.executable, "-m", "switchgear.cli", "demo", "--port", "0")
STEPS = load(SCENARIO).steps


def started(*options: str) -> subprocess.Popen[str]:
    """A demo, with its output in one pipe."""
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    return subprocess.Popen([*DEMO, *options], **pipes)


def lines_of(demo: subprocess.Popen[str]) -> Iterator[str]:
    """The demo's lines as they come."""
    assert demo.stdout is not None
    yield from demo.stdout


def asked(address: str, path: str) -> Any:
    """What the API answers."""
    with urlopen(f"{address}/api/v1/{path}", timeout=10) as answer:
        return json.load(answer)


class Told(NamedTuple):
    """What one demo came to."""

    lines: list[str]
    code: int
    history: Path
    circuits: list[dict[str, Any]]
    """As its page had them in the last third."""
    orders: list[dict[str, Any]]
    """The same."""

    def line(self, venue: str, what: str) -> str:
        """The one line of this venue with these words."""
        [found] = [line for line in self.lines if f" {venue} " in line and what in line]
        return found


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """The shortest demo that there is."""
    history = tmp_path_factory.mktemp("demo") / "log.db"
    with started("--seconds", "20", "--history", str(history)) as demo:
        told, circuits, orders = list[str](), list[dict[str, Any]](), list[dict[str, Any]]()
        for line in lines_of(demo):
            told.append(line)
            if "breaks   prices fail" in line:
                address = told[0].split()[2].removesuffix("/")
                circuits = asked(address, "circuits")["circuits"]
                orders = asked(address, "orders")["intents"]
        code = demo.wait(10)
    return Told(told, code, history, circuits, orders)


def test_it_ends_by_itself_and_adds_up(told: Told) -> None:
    """It ends with 0, its table holds at every venue, and there were answers lost at each."""
    assert told.code == 0
    bad = ("WRONG", "LOST", "Traceback")
    assert not [line for line in told.lines if any(word in line for word in bad)]
    table = table_of(told.lines)
    table.check()
    assert min(table.rows["lost answers"]) >= 1
    assert min(table.rows["fallbacks"]) >= 1
    assert table.all("circuits closed") >= 3


def test_the_addresses_come_first(told: Told) -> None:
    """The first line says where to look, the second where what is kept, and each venue tells the truth."""
    assert told.lines[0].startswith("switchgear demo: http://127.0.0.1:")
    assert told.lines[0].endswith("/ and its pages /orders, /api-logs, /circuits\n")
    assert told.lines[1].startswith(f"history in {told.history}, journal in ")
    assert [word for word in VENUES if f"{word} http://" in told.lines[1]] == [*VENUES]


def test_every_step_is_told_at_each_of_its_venues(told: Told) -> None:
    """Each has a line when it begins and one of three parts when it ends, and no control code."""
    for step in STEPS:
        for venue in VENUES if step.venue == EVERY else (step.venue,):
            told.line(venue, f"breaks   {step.meaning}")
            assert told.line(venue, f"mended   {step.meaning}").count(" -> ") == 2
    assert all(line.rstrip("\n").isprintable() for line in told.lines)


@pytest.mark.parametrize(
    ("venue", "what", "words"),
    [
        *((venue, "no funds for an order", "1 refused") for venue in VENUES),
        ("binance", "mended   rate limited", "closed the gate (rate_limited)"),
        ("binance", "mended   the address is banned", "closed the gate (banned)"),
        ("binance", "mended   half of the orders", Outcome.FOUND.value),
        ("binance", "mended   prices fail", "opened get_market_price"),
        ("binance", "mended   prices fail", "from last_good"),
        ("alpaca", "mended   the account fails", "retried"),
        ("alpaca", "mended   connections are refused", "not sent"),
        ("coinbase", "mended   down for maintenance", "closed the gate (maintenance)"),
        ("coinbase", "mended   the key is revoked", "closed the gate (authentication)"),
        ("coinbase", "is well, for the key was put right", "->"),
    ],
)
def test_a_step_shows_what_it_is_for(told: Told, venue: str, what: str, words: str) -> None:
    """What breaks brings about, and tells, what it is there to show."""
    assert words in told.line(venue, what)


def test_the_portfolio_is_told_whole_and_in_part(told: Told) -> None:
    """It is told at the start, and when an account is missing that has no second way."""
    lines = [line for line in told.lines if " all       portfolio  " in line]
    assert " USDT + " in lines[0]
    assert any("in part: " in line and "coinbase is missing since" in line for line in lines)


def test_the_page_shows_all_three(told: Told) -> None:
    """While things break, the page has circuits of each venue, and those that have opened."""
    assert {each["exchange"] for each in told.circuits} == {*VENUES}
    assert sum(each["openings"] for each in told.circuits) >= 3


def test_the_page_shows_the_orders(told: Told) -> None:
    """They are of each venue, and in the states that tell a story; the journal goes away with the venues."""
    assert {each["exchange"] for each in told.orders} == {*VENUES}
    assert {each["state"] for each in told.orders} >= {"acked", "found", "rejected"}
    assert len(told.orders) >= 50
    journal = told.lines[1].partition("journal in ")[2].partition(";")[0]
    assert journal.endswith("/orders.db")
    assert not Path(journal).parent.exists()


def test_the_records_are_kept(told: Told) -> None:
    """A history that was given stays, and holds the story's turns."""
    reader = HistoryReader(told.history)
    for event in ("circuit_moved", "gate_closed", "retry_scheduled", "fallback_served"):
        assert reader.count(LogQuery(event=event)) > 0
    assert {one.key.exchange for one in reader.circuits()} == {*VENUES}


def test_ctrl_c_ends_with_the_sums() -> None:
    """Without a time it goes on until SIGINT, then still tells its sums and ends with 0."""
    with started() as demo:
        told = list[str]()
        for line in lines_of(demo):
            told.append(line)
            if "rate limited" in line:
                demo.send_signal(signal.SIGINT)
        assert demo.wait(10) == 0
    table_of(told).check()
    assert not [line for line in told if "WRONG" in line or "Traceback" in line]
