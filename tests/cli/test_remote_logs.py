"""Proves that `switchgear logs --url` prints what `--history` prints: records, forms, exports, by role."""

from __future__ import annotations

import json
from threading import Thread
from typing import TYPE_CHECKING

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount

import switchgear as sg
from switchgear.observe.history import HistoryWriter
from switchgear.observe.history.export import FORMS
from switchgear.server import GearSource
from switchgear.server.serving import Server, listening
from switchgear.testing import FakeClock
from tests.cli.kit import exit_code
from tests.cli.remote_kit import OK, Canned, answer, complaint, output, shown
from tests.observe.history.kit import records
from tests.server.login_kit import OPERATOR, VIEWER, Doorway
from tests.server.test_sight import BODY, KEY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ORDER = "sg-0123456789"
FILTERS: tuple[tuple[str, ...], ...] = (
    (),
    ("--exchange", "Binance"),
    ("--method", "getMarketPrice"),
    ("--account", "second"),
    ("--level", "error"),
    ("--event", "call_failed"),
    ("--outcome", "failed"),
    ("--kind", "network"),
    ("--scope", "method"),
    ("--order-id", ORDER),
    ("--call-id", "7", "--method", "create_order"),
    ("--run", "1"),
    ("--run", "2"),
    ("--since", "-1h"),
    ("--since", "2020-01-01T00:00:00+01:00", "--until", "2020-01-02T00:00:00Z"),
    ("--text", "SUCC ünd"),
    ("--text", "& = # %"),
    ("--before-id", "3"),
    ("--after-id", "3", "--limit", "2"),
    ("--limit", "1"),
    ("--exchange", ""),
)


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A history with successes, a failure and its open circuit, a hostile note, and what was told of an order."""
    path = tmp_path_factory.mktemp("kept") / "log.db"
    with sg.Switchgear(history=path, settings={"retries": 0, "failure_threshold": 1}) as gear:
        gear.call_sync("binance", "get_market_price", lambda: 1)
        gear.guarded("binance", "get_market_price", account="second").call_sync(lambda: 1)
        with pytest.raises(ConnectionResetError):
            gear.call_sync("coinbase", "get_portfolio", fail)
        key = sg.Key("binance", "create_order", "main")
        gear.hub.emit(sg.OrderCalled(gear.clock.monotonic_s(), key, 7, 1, ORDER))
        text = "succ ünd \x1b[2J\u2028 \U0001f600"
        metadata: dict[str, object] = {"a": [1, 2.5, None, "ü"], "b": {}}
        gear.hub.emit(sg.Note(gear.clock.monotonic_s(), key, sg.Level.INFO, text, metadata))
    return str(path)


def fail() -> None:
    """A call that fails."""
    raise ConnectionResetError("reset")


@pytest.fixture(scope="module")
def url(history: str) -> Iterator[str]:
    """A server that shows it."""
    with shown(history) as server:
        yield server.url


@pytest.mark.parametrize("filters", FILTERS, ids=" ".join)
@pytest.mark.parametrize("form", [(), ("--json",)], ids=["text", "json"])
def test_a_server_and_its_file_print_the_same(
    history: str,
    url: str,
    capsys: pytest.CaptureFixture[str],
    filters: tuple[str, ...],
    form: tuple[str, ...],
) -> None:
    """To the letter, for each filter and in both forms."""
    by_file = output(capsys, "logs", "--history", history, *filters, *form)
    by_url = output(capsys, "logs", "--url", url, *filters, *form)
    assert by_url == by_file


def test_json_on_a_terminal_is_harmless(
    history: str, url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In ASCII, with what a terminal would obey spelled out, and the same value; a file keeps UTF-8."""
    text = "\x9b2J \u202e \x7f \x1b[2J ünd \U0001f600"
    (line,) = output(capsys, "logs", "--url", url, "--json", "--limit", "1").splitlines()
    one = {**json.loads(line), "message": text}
    with Canned(answer(OK, json.dumps({"records": [one], "newest_id": 1}))) as server:
        said = output(capsys, "logs", "--url", server.url, "--json")
    assert said.isascii()
    assert said.removesuffix("\n").isprintable()
    assert json.loads(said) == one
    assert output(capsys, "logs", "--history", history, "--json").isascii()
    file = tmp_path / "out.jsonl"
    output(capsys, "logs", "--history", history, "--export", str(file))
    assert "ünd" in file.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "filters",
    [("--level", "loud"), ("--since", "yesterday"), ("--limit", "0"), ("--event", "lunch")],
    ids=" ".join,
)
def test_a_filter_that_cannot_be_is_refused_as_by_a_file(
    history: str, url: str, capsys: pytest.CaptureFixture[str], filters: tuple[str, ...]
) -> None:
    """With the same line."""
    by_file = complaint(capsys, "logs", "--history", history, *filters)
    assert complaint(capsys, "logs", "--url", url, *filters) == by_file


@pytest.mark.parametrize("form", FORMS)
def test_an_export_is_the_same_file(
    history: str, url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], form: str
) -> None:
    """Record for record, with the same last line; where it is text, byte for byte."""
    ours, theirs = tmp_path / f"ours.{form}", tmp_path / f"theirs.{form}"
    given = ("--exchange", "binance", "--export")
    output(capsys, "logs", "--history", history, *given, str(ours))
    said = output(capsys, "logs", "--url", url, *given, str(theirs))
    assert said == f"{theirs}: 4 records, whole\n"
    if form != "parquet":
        assert theirs.read_bytes() == ours.read_bytes()
    new = str(tmp_path / "new.db")
    assert output(capsys, "logs", "import", str(theirs), "--history", new).startswith("4 records")


@pytest.mark.parametrize(
    ("last", "why"),
    [
        ("", "it has no last line"),
        ('{"end":true', "it breaks off in the midst of a line"),
        ('{"end":true,"whole":true,"records":3}\n', "by its own word it holds 3"),
        ('{"end":true,"whole":false,"records":2,"error":"gone"}\n', "gone"),
        ('{"id":1}\n', "of another version"),
    ],
)
def test_an_export_that_is_not_whole_ends_with_1(
    history: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], last: str, why: str
) -> None:
    """What came is kept, and the file says itself that it is not whole."""
    lines = output(capsys, "logs", "--history", history, "--json", "--limit", "2")
    file = tmp_path / "out.jsonl"
    with Canned(answer(OK, lines + last)) as server:
        assert exit_code("logs", "--url", server.url, "--export", str(file)) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert f"{file}: not whole: 2 records, then " in err
    assert why in err
    assert json.loads(file.read_text().splitlines()[-1])["whole"] is False


def test_an_export_that_is_not_whole_takes_no_files_place(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A whole one of the same name is left as it was, and what came is beside it; the line names both."""
    file = tmp_path / "out.jsonl"
    given = ("--export", str(file))
    output(capsys, "logs", "--url", url, *given)
    whole = file.read_bytes()
    with Canned(answer(OK, whole.decode().partition("\n")[0] + "\n")) as server:
        assert exit_code("logs", "--url", server.url, *given) == 1
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith(f"{file}.part: not whole: 1 records, then ")
    assert err.endswith(f"; {file} is left as it was\n")
    assert file.read_bytes() == whole
    part = (tmp_path / "out.jsonl.part").read_text(encoding="utf-8")
    assert json.loads(part.splitlines()[-1])["whole"] is False


def test_more_than_a_page_is_asked_for_step_by_step(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """All of it, in order, each once."""
    path = str(tmp_path / "log.db")
    writer = HistoryWriter(path, FakeClock())
    writer.write(records(1, 2_500))
    writer.close()
    given = ("--json", "--limit", "2200")
    with shown(path) as server:
        by_url = output(capsys, "logs", "--url", server.url, *given)
    assert by_url == output(capsys, "logs", "--history", path, *given)
    assert by_url.count("\n") == 2_200


def test_a_viewer_sees_what_viewers_see(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An operator has the bodies that went over the wire, by a token of file or environment; a viewer has none."""
    file = tmp_path / "token"
    file.write_text(f"{OPERATOR}\n", encoding="utf-8")
    with Doorway() as door:
        at_s = door.clock.monotonic_s()
        wire = sg.Wire(at_s, KEY, 77, 1, 0.1, "POST", "/api/v3/order", {}, BODY, 200, {}, "", "")
        door.gear.hub.emit(wire)
        asked = ("logs", "--url", door.server.url, "--json", "--event", "wire")
        by_file = output(capsys, *asked, "--token-file", str(file))
        monkeypatch.setenv("SWITCHGEAR_TOKEN", OPERATOR)
        by_environment = output(capsys, *asked)
        monkeypatch.setenv("SWITCHGEAR_TOKEN", VIEWER)
        by_viewer = output(capsys, *asked)
    assert BODY in by_file
    assert by_environment == by_file
    assert BODY not in by_viewer
    assert json.loads(by_viewer)["call_id"] == 77


def test_a_program_with_its_log_in_memory_is_asked_the_same_way(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Its newest records, whatever they are kept in."""
    with sg.Switchgear() as gear, Server(GearSource(gear), port=0) as server:
        gear.call_sync("binance", "get_market_price", lambda: 1)
        assert "binance.get_market_price succeeded" in output(capsys, "logs", "--url", server.url)


def test_an_address_may_have_a_prefix(capsys: pytest.CaptureFixture[str]) -> None:
    """A gear that is mounted in another application is found under it, with or without a slash at the end."""
    with sg.Switchgear() as gear, listening("127.0.0.1", 0) as bound:
        gear.call_sync("binance", "get_market_price", lambda: 1)
        app = Starlette(routes=[Mount("/tools/gear", gear.asgi(auth="external"))])
        running = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
        thread = Thread(target=running.run, kwargs={"sockets": [bound]})
        thread.start()
        url = f"http://127.0.0.1:{bound.getsockname()[1]}"
        try:
            found = [
                output(capsys, "logs", "--url", f"{url}/tools/gear{end}", "--json")
                for end in ("", "/")
            ]
            said = complaint(capsys, "logs", "--url", url)
        finally:
            running.should_exit = True
            thread.join(10)
    assert found[0] == found[1]
    assert "get_market_price" in found[0]
    assert "with its prefix if it has one" in said


def test_what_a_newer_server_says_more_is_left_out(
    capsys: pytest.CaptureFixture[str], url: str
) -> None:
    """A record with a field that is not known here is printed without it."""
    (line,) = output(capsys, "logs", "--url", url, "--json", "--limit", "1").splitlines()
    page = {"records": [{**json.loads(line), "novel": 1}], "newest_id": 1}
    with Canned(answer(OK, json.dumps(page))) as server:
        assert output(capsys, "logs", "--url", server.url, "--json").splitlines() == [line]
