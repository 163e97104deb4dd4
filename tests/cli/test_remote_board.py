"""Proves `switchgear circuits --url` and `switchgear orders --url`: what is printed is what a file gives."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

import switchgear as sg
from switchgear.cli import show
from switchgear.cli.kept import kept_board
from switchgear.cli.remote import Remote
from switchgear.cli.remote_address import Given, address_of
from switchgear.cli.remote_circuits import remote_board
from switchgear.core.clock import SystemClock
from switchgear.observe.history import HistoryReader, HistoryWriter
from switchgear.order import open_journal
from switchgear.order.intent import State
from switchgear.order.sql_store import SqlStore
from switchgear.server import GearSource, HistorySource
from switchgear.server.serving import Server
from switchgear.testing import FakeClock
from tests.cli.remote_kit import OK, Canned, answer, complaint, output, shown
from tests.observe.history.kit import KEY, START_MS, circuit
from tests.server.login_kit import OPERATOR, VIEWER, credentials
from tests.server.orders_kit import Book
from tests.server.story import answers, refused

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

UNKNOWN = f"{2:032x}"
FILTERS = (
    (),
    ("--state", "unknown,acked"),
    ("--exchange", "Binance", "--limit", "1"),
    ("--exchange", "coinbase", "--account", "second", "--symbol", "btc/usdt"),
    ("--client-order-id", f"sg-{1:032x}"),
    ("--state", "new"),
)


@pytest.fixture(autouse=True)
def nothing_around(monkeypatch: pytest.MonkeyPatch) -> None:
    """No token and no file from the environment of whoever runs this."""
    for name in ("SWITCHGEAR_TOKEN", "SWITCHGEAR_HISTORY", "SWITCHGEAR_JOURNAL"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A history in which an exchange is gone, an account is held, gates are closed, and calls failed."""
    path = tmp_path_factory.mktemp("kept") / "log.db"
    with sg.Switchgear(history=path, settings={"retries": 0}) as gear:
        gear.call_sync("alpaca", "get_portfolio", int)
        gear.call_sync("binance", "get_market_price", int)
        gear.guarded("binance", "create_order").try_call_sync(answers(refused(429, -1015, 900)))
        gone = ConnectionRefusedError("connection refused")
        for _ in range(3):
            gear.guarded("binance", "get_market_price").try_call_sync(answers(gone))
        gear.hold("alpaca", "@account", state="open", by="ops", why="[red]keys[/red]")
        gear.hold("alpaca", "get_portfolio", state="closed", by="ops", why="sure", for_s=0.001)
    return str(path)


def test_circuits_by_server_are_those_of_its_file(
    history: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """As JSON to the letter: states, dates that are long over, counts, what holds a method back."""
    with shown(history) as server:
        by_url = output(capsys, "circuits", "--url", server.url, "--json")
    assert by_url == output(capsys, "circuits", "--history", history, "--json")
    assert by_url.count("\n") >= 4


def test_the_table_of_circuits_is_the_same(
    history: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Gates included, at the same instant."""
    clock = FakeClock()
    clock.advance(newest_s(history) - clock.wall().timestamp())
    with Server(HistorySource(history, clock), port=0) as server:
        show.show_circuits(
            remote_board(Remote(address_of(Given(server.url)), clock)), as_json=False
        )
    by_url = capsys.readouterr().out
    show.show_circuits(kept_board(history, clock), as_json=False)
    assert by_url == capsys.readouterr().out
    assert "gate of account main closed for" in by_url
    assert "held back by the whole exchange" in by_url


def newest_s(history: str) -> float:
    """A moment after all of it was written."""
    return max(one.updated_ms for one in HistoryReader(history).circuits()) / 1000 + 1


def test_two_processes_with_the_same_circuit_are_told_apart(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each with its own counts and the number of its run."""
    path, clock = str(tmp_path / "log.db"), SystemClock()
    now_ms = round(clock.wall().timestamp() * 1000)
    writers = [HistoryWriter(path, clock) for _ in range(2)]
    for number, writer in enumerate(writers, 1):
        counts = {**dict(zip(KEY._fields, KEY, strict=True)), "total_calls": number}
        writer.snapshot([circuit(metrics=counts, since_ms=START_MS, updated_ms=now_ms)])
        writer.flush()
    with shown(path) as server:
        lines = output(capsys, "circuits", "--url", server.url, "--json").splitlines()
    for writer in writers:
        writer.close()
    found = [json.loads(line) for line in lines]
    assert [(one["run"], one["metrics"]["total_calls"]) for one in found] == [(1, 1), (2, 2)]


def test_circuits_of_a_program_are_those_of_this_moment(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """With the end of what they wait for, and their counts."""
    clock = FakeClock()
    with sg.Switchgear(clock=clock, settings={"retries": 0, "failure_threshold": 1}) as gear:
        gear.guarded("coinbase", "get_portfolio").try_call_sync(answers(ConnectionResetError("x")))
        with Server(GearSource(gear), port=0) as server:
            (line,) = output(capsys, "circuits", "--url", server.url, "--json").splitlines()
            table = output(capsys, "circuits", "--url", server.url)
    one: dict[str, Any] = json.loads(line)
    now_ms = round(clock.wall().timestamp() * 1000)
    assert (one["state"], one["run"], one["updated_ms"]) == ("open", 0, now_ms)
    assert one["until_ms"] > now_ms
    assert one["metrics"]["failed_calls"] == 1
    assert "in 30 s" in table


# ------------------------------------------------------------------------------------------- orders


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A journal with an order that is booked, one that is unknown, and one with a hostile reason."""
    path = tmp_path_factory.mktemp("orders") / "orders.db"
    store = SqlStore(path)
    book = Book(store, SystemClock())
    book.put(State.SENT, State.ACKED, quantity=Decimal("1E+2"))
    book.put(State.SENT, State.UNKNOWN)
    book.put(State.SENT, State.REJECTED, place=("coinbase", "second"), why="gone \x1b[2J\r\nnow")
    store.close()
    return str(path)


@pytest.fixture(scope="module")
def orders(journal: str) -> Iterator[str]:
    """A server that shows it."""
    with sg.Switchgear() as gear:
        opened = open_journal(gear, journal)
        with Server(GearSource(gear, journals=[opened]), port=0) as server:
            yield server.url
        opened.close()


@pytest.mark.parametrize("filters", FILTERS, ids=" ".join)
@pytest.mark.parametrize("form", [(), ("--json",)], ids=["text", "json"])
def test_orders_by_server_are_those_of_its_journal(
    journal: str,
    orders: str,
    capsys: pytest.CaptureFixture[str],
    filters: tuple[str, ...],
    form: tuple[str, ...],
) -> None:
    """To the letter, for each filter and in both forms."""
    by_url = output(capsys, "orders", "--url", orders, *filters, *form)
    assert by_url == output(capsys, "orders", "--journal", journal, *filters, *form)


def test_what_is_halted_stands_above(
    journal: str, orders: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """By server as by journal."""
    said = ("--by", "anna", "--why", "incident 12", "--journal", journal)
    output(capsys, "orders", "halt", *said)
    by_url = output(capsys, "orders", "--url", orders, "--state", "new")
    assert by_url == output(capsys, "orders", "--journal", journal, "--state", "new")
    assert by_url.startswith("new orders of ")
    assert by_url.endswith(" by anna: incident 12\n")
    output(capsys, "orders", "resume", *said)


@pytest.mark.parametrize("where", ["before", "behind"])
def test_one_order_is_shown_with_its_life(
    journal: str, orders: str, capsys: pytest.CaptureFixture[str], where: str
) -> None:
    """The server may be named before the command's name or behind it."""
    named = ("--url", orders)
    given = (*named, "show", UNKNOWN) if where == "before" else ("show", UNKNOWN, *named)
    by_url = output(capsys, "orders", *given)
    assert by_url == output(capsys, "orders", "--journal", journal, "show", UNKNOWN)
    life = json.loads(output(capsys, "orders", *given, "--json"))
    ours = json.loads(output(capsys, "orders", "show", UNKNOWN, "--journal", journal, "--json"))
    assert life.pop("now_ms") <= ours.pop("now_ms")
    assert life == ours


@pytest.mark.parametrize(
    "arguments",
    [
        ("show", "nobody"),
        ("--state", "lost"),
        ("--limit", "many"),
        ("show", "../switch"),
        ("show", "switch"),
    ],
    ids=" ".join,
)
def test_what_cannot_be_is_the_same_line(
    journal: str, orders: str, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    """It names the field, its value and what is allowed; nothing of it leads to another question."""
    by_url = complaint(capsys, "orders", "--url", orders, *arguments)
    assert by_url == complaint(capsys, "orders", "--journal", journal, *arguments)


def test_a_server_without_a_journal_says_so(
    history: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """No line would look like no orders."""
    with shown(history) as server:
        assert "has no journal" in complaint(capsys, "orders", "--url", server.url)


@pytest.mark.parametrize("command", [("circuits",), ("orders",), ("orders", "show", "1")])
@pytest.mark.parametrize("body", ["{}", '{"circuits": [{}], "intents": [{}], "switches": 1}', "[]"])
def test_an_answer_of_another_shape_is_one_line(
    capsys: pytest.CaptureFixture[str], command: tuple[str, ...], body: str
) -> None:
    """Whatever it is."""
    with Canned(answer(OK, body)) as server:
        said = complaint(capsys, *command, "--url", server.url)
    assert f"{server.url} is no switchgear, or of another version" in said


def told(url: str, path: str) -> dict[str, Any]:
    """What a server answers."""
    return Remote(address_of(Given(url)), FakeClock()).asked(path)


@pytest.mark.parametrize("now", ["Infinity", "NaN", "1e400", "1" + "0" * 400])
def test_a_moment_that_cannot_be_is_one_line(
    history: str, capsys: pytest.CaptureFixture[str], now: str
) -> None:
    """JSON has greater numbers than any clock."""
    with shown(history) as server:
        board, counts = told(server.url, "circuits"), told(server.url, "metrics")
    bodies = (json.dumps({**board, "now_ms": float("nan")}).replace("NaN", now), json.dumps(counts))
    with Canned(*(answer(OK, each) for each in bodies)) as server:
        said = complaint(capsys, "circuits", "--url", server.url)
    assert "now_ms=" in said
    assert "must be epoch milliseconds" in said


@pytest.mark.parametrize("name", ["since_ms", "until_ms"])
def test_a_date_that_cannot_be_is_one_line(
    history: str, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    """Of any circuit."""
    with shown(history) as server:
        board, counts = told(server.url, "circuits"), told(server.url, "metrics")
    board["circuits"][0][name] = -(10**400)
    with Canned(*(answer(OK, json.dumps(each)) for each in (board, counts))) as server:
        assert f"{name}=" in complaint(capsys, "circuits", "--url", server.url)


def test_counts_that_cannot_be_are_no_traceback(
    history: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """They are shown as what they are."""
    with shown(history) as server:
        board, counts = told(server.url, "circuits"), told(server.url, "metrics")
    odd = {"total_calls": 1, "success_rate": 10**400, "p50_ms": None, "p95_ms": [1]}
    counts["calls"] = [{**one, **odd} for one in counts["calls"]]
    with Canned(*(answer(OK, json.dumps(each)) for each in (board, counts))) as server:
        assert "inf %" in output(capsys, "circuits", "--url", server.url)


@pytest.mark.parametrize("command", [(), ("show", UNKNOWN)])
def test_what_a_newer_server_knows_of_orders_is_shown(
    orders: str, capsys: pytest.CaptureFixture[str], command: tuple[str, ...]
) -> None:
    """A state that is not known here by its name, and a date that no calendar has by its number."""
    page, life = told(orders, "orders"), told(orders, f"orders/{UNKNOWN}")
    page["intents"] = page["intents"][:1]
    for one in (*page["intents"], life["intent"], life["moves"][-1]):
        one.update(state="expired", since_ms=2**62, at_ms=2**62, never_left=False)
    bodies = [life] if command else [page, told(orders, "orders/switch")]
    with Canned(*(answer(OK, json.dumps(each)) for each in bodies)) as server:
        said = output(capsys, "orders", *command, "--url", server.url)
    assert "expired" in said
    assert f"{2**62} ms" in said


@pytest.mark.parametrize("command", [("circuits",), ("orders",)])
def test_each_command_brings_the_token(
    history: str,
    orders: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    command: tuple[str, ...],
) -> None:
    """And says what to set where there is none."""
    file = tmp_path / "token"
    with sg.Switchgear() as gear:
        source = GearSource(gear)
        with Server(source, port=0, credentials=credentials()) as server:
            asked = (*command, "--url", server.url)
            assert "set SWITCHGEAR_TOKEN" in complaint(capsys, *asked)
            for token in (VIEWER, OPERATOR):
                file.write_text(token, encoding="utf-8")
                given = (*asked, "--token-file", str(file))
                if command == ("orders",):
                    assert "has no journal" in complaint(capsys, *given)
                else:
                    assert output(capsys, *given) == ""
