"""Proves the commands about orders: list, show, abandon, halt and resume, and a journal on the served pages."""

from __future__ import annotations

import json
import signal
import sqlite3
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.request import Request, urlopen

import pytest
import typer

import switchgear as sg
from switchgear.cli.commands import app
from switchgear.core.clock import SystemClock
from switchgear.order.intent import State
from switchgear.order.sql_store import SqlStore
from tests.cli.kit import exit_code, process
from tests.cli.test_reference import missing
from tests.server.orders_kit import Book

if TYPE_CHECKING:
    from pathlib import Path

SAID = ("--by", "anna", "--why", "incident 12")
UNKNOWN = f"{2:032x}"


@pytest.fixture
def journal(tmp_path: Path) -> str:
    """A journal with an order that is booked, one that is unknown, and one with a hostile reason."""
    path = tmp_path / "orders.db"
    store = SqlStore(path)
    book = Book(store, SystemClock())
    book.put(State.SENT, State.ACKED, quantity=Decimal("1E+2"))
    book.put(State.SENT, State.UNKNOWN)
    book.put(State.SENT, State.REJECTED, place=("coinbase", "second"), why="gone \x1b[2J\r\nnow")
    store.close()
    return str(path)


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    """The lines of a command that ends well."""
    assert exit_code("orders", *arguments) == 0
    return capsys.readouterr().out.splitlines()


def objects(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, Any]]:
    """The objects that a command prints."""
    return [json.loads(line) for line in printed(capsys, *arguments, "--json")]


def complaint(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one line of a command that cannot be."""
    assert exit_code("orders", *arguments) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    return err


def test_orders_are_printed_newest_first(journal: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each is one line with state, place, what is ordered to the digit, name and why; nothing obeys a terminal."""
    head, _, *lines = printed(capsys, "--journal", journal)
    assert head.split()[:4] == ["since", "state", "exchange", "account"]
    rejected, unknown, acked = (line for line in lines if line.strip())
    assert "coinbase  second" in rejected
    assert "gone \\x1b[2J\\r\\nnow" in rejected
    assert (
        f"unknown   binance   main     buy 0.50000000 BTC/USDT limit 42000.10  sg-{2:032x}"
        in unknown
    )
    assert "buy 100 BTC/USDT limit 42000.10" in acked


@pytest.mark.parametrize(
    ("filters", "states"),
    [
        ((), ["rejected", "unknown", "acked"]),
        (("--state", "unknown"), ["unknown"]),
        (("--exchange", "Binance", "--limit", "1"), ["unknown"]),
        (("--exchange", "coinbase", "--account", "second", "--symbol", "btc/usdt"), ["rejected"]),
        (("--client-order-id", f"sg-{1:032x}"), ["acked"]),
    ],
)
def test_filters_are_those_of_the_page(
    journal: str, capsys: pytest.CaptureFixture[str], filters: tuple[str, ...], states: list[str]
) -> None:
    """As JSON, exactly the orders that match, amounts as text."""
    found = objects(capsys, "--journal", journal, *filters)
    assert [one["state"] for one in found] == states
    assert {type(one["price"]) for one in found} == {str}


def test_one_order_is_shown_with_its_life(
    journal: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every move has its line; the journal may be named before, after, or in the environment."""
    monkeypatch.setenv("SWITCHGEAR_JOURNAL", journal)
    lines = printed(capsys, "show", UNKNOWN)
    assert lines == printed(capsys, "--journal", journal, "show", UNKNOWN)
    assert lines[0] == "unknown  buy 0.50000000 BTC/USDT limit 42000.10  binance, account main"
    assert "nobody looks after it" in "\n".join(lines)
    assert [line.split("Z")[1].split()[:3] for line in lines[-2:]] == [
        ["new", "->", "sent"], ["sent", "->", "unknown"],
    ]  # fmt: skip
    (life,) = objects(capsys, "show", UNKNOWN)
    assert [one["new"] for one in life["moves"]] == ["new", "sent", "unknown"]


def test_abandoning_is_for_good(journal: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The last move bears who and why; again, or of what is known, it is refused in one line."""
    (life,) = objects(capsys, "abandon", UNKNOWN, *SAID, "--journal", journal)
    last = life["moves"][-1]
    assert (last["new"], last["by"], last["why"]) == ("abandoned", "anna", "incident 12")
    said = complaint(capsys, "abandon", UNKNOWN, *SAID, "--journal", journal)
    assert "is abandoned already" in said
    said = complaint(capsys, "abandon", f"{1:032x}", *SAID, "--journal", journal)
    assert "is acked already" in said


def test_halt_and_resume(journal: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What is halted is printed, told above every list, and let go again."""
    place = ("--exchange", "coinbase", "--account", "second", "--journal", journal)
    (switch,) = objects(capsys, "halt", *SAID, *place)
    assert (switch["exchange"], switch["account"], switch["by"]) == ("coinbase", "second", "anna")
    (line,) = printed(capsys, "--journal", journal, "--state", "new")
    assert line.startswith("new orders of coinbase, account second are halted since ")
    assert line.endswith(" by anna: incident 12")
    assert len(printed(capsys, "halt", *SAID, "--journal", journal)) == 2
    assert "halted already by anna" in complaint(capsys, "halt", *SAID, *place)
    assert len(objects(capsys, "resume", *SAID, *place)) == 1
    lines = printed(capsys, "resume", *SAID, "--journal", journal)
    assert lines == ["new orders go: nothing is halted"]
    assert "are not halted" in complaint(capsys, "resume", *SAID, *place)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("show", "nobody"), "intent_id='nobody': no journal here has it"),
        (("--state", "lost"), "state='lost': must be one or more of new, sent"),
        (("--limit", "many"), "limit='many': must be a whole number"),
        (("halt", "--by", " ", "--why", "x"), "by=' ': must be 1 to 100"),
        (("halt", *SAID, "--exchange", "binance"), "exchange and account go together"),
        (("halt", *SAID, "--exchange", "x", "--account", "y"), "must have a desk here"),
    ],
)
def test_what_cannot_be_is_one_line(
    journal: str, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], words: str
) -> None:
    """The line names the field, its value and what is allowed; nothing is changed."""
    assert words in complaint(capsys, "--journal", journal, *arguments)
    assert objects(capsys, "--journal", journal, "--state", "abandoned") == []


def test_a_journal_must_be_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """None named, none there, and another program's file are refused; none is made by looking."""
    monkeypatch.delenv("SWITCHGEAR_JOURNAL", raising=False)
    assert "give --journal FILE" in complaint(capsys)
    path = tmp_path / "typo.db"
    assert "there is no such file" in complaint(capsys, "--journal", str(path))
    assert not path.exists()
    with sqlite3.connect(path) as other:
        other.execute("create table mine (x)")
    other.close()
    assert "must be a journal" in complaint(capsys, "--journal", str(path))


@pytest.mark.slow  # two processes
@pytest.mark.parametrize("beside", [False, True])
def test_a_journal_is_served(journal: str, tmp_path: Path, beside: bool) -> None:
    """Alone or beside a history, its orders are on the page, and what is done there is said."""
    path = tmp_path / "log.db"
    sg.Switchgear(history=path).close()
    more = ("--history", str(path)) if beside else ()
    with process("serve", "--journal", journal, *more, "--port", "0") as shown:
        assert "/orders" in shown.first_line
        assert [one["state"] for one in shown.asked("/api/v1/orders")["intents"]] == [
            "rejected", "unknown", "acked",
        ]  # fmt: skip
        source = "history" if beside else "program"
        assert shown.asked("/api/v1/status")["source"] == source
        body = json.dumps({"by": "anna", "why": "looked"}).encode()
        head = {"content-type": "application/json"}
        url = f"{shown.address}/api/v1/orders/{UNKNOWN}/abandon"
        with urlopen(Request(url, body, head), timeout=10) as answer:
            assert json.load(answer)["intent"]["state"] == "abandoned"
        code, said = shown.end(signal.SIGTERM)
    assert code == 0
    assert f"order sg-{2:032x}: unknown -> abandoned by anna: looked" in said


def test_every_command_about_orders_is_in_the_reference() -> None:
    """Each option of each of them is named there."""
    group: Any = typer.main.get_command(app)  # of click's types, which typer does not tell
    commands: dict[str, Any] = group.commands["orders"].commands
    options: set[str] = {o for one in commands.values() for each in one.params for o in each.opts}
    assert set(commands) == {"show", "abandon", "halt", "resume"}
    assert missing(options, "cli.md") == []
