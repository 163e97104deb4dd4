"""Proves what cannot be about `--url`: each is one clear line, exit code 2, and no token is ever told."""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING

import pytest

from switchgear.cli import remote
from switchgear.cli.remote import Remote
from switchgear.cli.remote_address import Given, address_of
from switchgear.cli.remote_errors import RemoteError
from switchgear.testing import FakeClock
from tests.cli.remote_kit import JSON, OK, Canned, Dripping, answer, complaint, output

if TYPE_CHECKING:
    from pathlib import Path

PAGE = json.dumps({"records": [], "newest_id": 0})
SAID = '{"error": {"message": "%s"}}'


@pytest.fixture(autouse=True)
def nothing_around(monkeypatch: pytest.MonkeyPatch) -> None:
    """No token and no history from the environment of whoever runs this."""
    for name in ("SWITCHGEAR_TOKEN", "SWITCHGEAR_HISTORY", "SWITCHGEAR_JOURNAL"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (("HTTP/1.1 401 Unauthorized", SAID % "sign in"), "give --token-file FILE, or set SWITCHGEAR_TOKEN"),
        (("HTTP/1.1 403 Forbidden", SAID % "this Host is not served here"), "does not allow it (403): this Host"),
        (("HTTP/1.1 404 Not Found", SAID % "Not Found"), "has no /api/v1/logs (404): give the address of"),
        (("HTTP/1.1 404 Not Found", '{"detail": "Not Found"}'), "has no /api/v1/logs (404): give"),
        (("HTTP/1.1 404 Not Found", "<html>"), "has no /api/v1/logs (404): give"),
        (
            ("HTTP/1.1 422 Unprocessable", '{"error": {"message": "level=1: must be 2", "field": "level"}}'),
            "switchgear: level=1: must be 2\n",
        ),
        (("HTTP/1.1 400 Bad Request", SAID % "event='x': must be y"), "switchgear: event='x': must be y\n"),
        (("HTTP/1.1 422 Unprocessable", "{}"), "failed (422): Unprocessable"),
        (
            ("HTTP/1.1 429 Too Many", SAID % "too many wrong tokens", "retry-after: 17"),
            "is asked too much (429): too many wrong tokens; try again in 17 s",
        ),
        (("HTTP/1.1 429 Too Many", "", "retry-after: soon"), "is asked too much (429): Too Many\n"),
        (("HTTP/1.1 500 Broken", SAID % "the server failed"), "failed (500): the server failed"),
        (("HTTP/1.1 503 Unavailable", SAID % "the history cannot be read now"), "failed (503): the history"),
        (("HTTP/1.1 502 Bad Gateway", "<html>"), "failed (502): Bad Gateway"),
        (("HTTP/1.1 204 No Content", ""), "failed (204)"),
        (
            ("HTTP/1.1 302 Found", "", "location: https://elsewhere.example/"),
            "sends on to https://elsewhere.example/ (302), which is not followed",
        ),
        ((OK, "<html>hello", "content-type: text/html"), "its answer is not JSON, but text/html"),
        ((OK, "[" * 100_000), "its answer is not JSON"),
        ((OK, '{"records": [', JSON), "/api/v1/logs: its answer is no whole JSON"),
        ((OK, "[" * 100_000, f"{JSON}; charset=utf-8"), "its answer is no whole JSON"),
        ((OK, "[1]"), "what must be a JSON object is none"),
        ((OK, "{}"), "its answer has no records"),
        ((OK, '{"records": [1], "newest_id": 1}'), "what must be a JSON object is none"),
        ((OK, '{"records": [{"id": 1}], "newest_id": 1}'), "record 1, at=None: is missing"),
    ],
)  # fmt: skip
def test_each_answer_that_is_none_is_one_line(
    capsys: pytest.CaptureFixture[str], given: tuple[str, ...], words: str
) -> None:
    """Whatever the other side says."""
    with Canned(answer(*given)) as server:
        assert words in complaint(capsys, "logs", "--url", server.url)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (b"", "it ended the connection"),
        (b"SSH-2.0-OpenSSH\r\n", "no HTTP"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{", "breaks off"),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{", "breaks off"),
        (b"HTTP/1.1 200 OK\r\nx: " + b"y" * 70_000 + b"\r\n\r\n", "no HTTP"),
    ],
)
def test_half_an_answer_is_none(
    capsys: pytest.CaptureFixture[str], said: bytes, words: str
) -> None:
    """One line says so."""
    with Canned(said) as server:
        line = complaint(capsys, "logs", "--url", server.url)
    assert line.startswith(f"switchgear: no answer from {server.url}: ")
    assert words in line


def test_an_export_that_is_refused_begins_no_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As where there is no history."""
    asked = ("--export", str(tmp_path / "out.jsonl"))
    with Canned(answer("HTTP/1.1 401 Unauthorized", SAID % "sign in")) as server:
        assert "(401)" in complaint(capsys, "logs", "--url", server.url, *asked)
    assert list(tmp_path.iterdir()) == []


def test_nobody_there_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """A port that nobody listens on, and a name that nobody has."""
    with socket.create_server(("127.0.0.1", 0)) as bound:
        url = f"http://127.0.0.1:{bound.getsockname()[1]}"
    assert f"no answer from {url}: Connection refused" in complaint(capsys, "logs", "--url", url)
    long = f"http://{'a' * 80}.invalid"
    assert "there is no such host" in complaint(capsys, "circuits", "--url", long)


def test_a_silent_server_is_given_up() -> None:
    """Before its answer, and in the midst of it."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        asked = Remote(
            address_of(Given(f"http://127.0.0.1:{silent.getsockname()[1]}")), FakeClock()
        )
        refusal = pytest.raises(RemoteError, match=r"nothing came for 0\.05 s")
        with refusal, asked.opened("logs", silence_s=0.05):
            raise AssertionError("it never answers")


def asking(url: str) -> Remote:
    """A server as it is asked."""
    return Remote(address_of(Given(url)), FakeClock())


DRIPS = {
    "a line of the head": (b"HTTP/1.1 200 OK\r\nx: ", b"y"),
    "the first line": (b"HTTP/1.1 200 ", b"y"),
    "100 Continue": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
}
HEAD = b"HTTP/1.1 200 OK\r\n"
BODIES = {
    "with its length": (HEAD + b"content-length: 1000000\r\n\r\n[", b" "),
    "until it ends": (HEAD + b"content-type: application/json\r\n\r\n{}", b" "),
    "in pieces": (HEAD + b"transfer-encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    "the size of a piece": (HEAD + b"transfer-encoding: chunked\r\n\r\n", b"0"),
}


@pytest.mark.parametrize("drip", DRIPS.values(), ids=DRIPS)
def test_a_head_that_drips_is_given_up(
    monkeypatch: pytest.MonkeyPatch, drip: tuple[bytes, bytes]
) -> None:
    """Something comes all the time, and no pause is too long."""
    monkeypatch.setattr(remote, "HEAD_MORE_S", 0.1 - remote.SILENCE_S)
    with (
        Dripping(*drip) as server,
        pytest.raises(RemoteError, match=r"not answered to the end after 0\.1 s") as slow,
    ):
        asking(server.url).asked("logs")
    assert slow.value.passes


@pytest.mark.parametrize("drip", BODIES.values(), ids=BODIES)
def test_an_answer_that_drips_is_given_up(
    monkeypatch: pytest.MonkeyPatch, drip: tuple[bytes, bytes]
) -> None:
    """Also one that looks whole wherever it is cut off."""
    monkeypatch.setattr(remote, "WHOLE_S", 0.1)
    with (
        Dripping(*drip) as server,
        pytest.raises(RemoteError, match=r"not answered to the end after 0\.1 s") as slow,
    ):
        asking(server.url).asked("logs")
    assert slow.value.passes


def test_a_refusal_that_drips_is_one_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its status says it all; nobody waits for the rest."""
    monkeypatch.setattr(remote, "HEAD_MORE_S", 0.1 - remote.SILENCE_S)
    begun = b"HTTP/1.1 503 Unavailable\r\ncontent-length: 60000\r\n\r\n"
    with (
        Dripping(begun, b"x") as server,
        pytest.raises(RemoteError, match=r"failed \(503\): Unavailable") as refusal,
    ):
        asking(server.url).asked("logs")
    assert refusal.value.passes


def test_an_answer_that_is_too_large_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """None of ours is so large."""
    monkeypatch.setattr(remote, "JSON_BYTES_MAX", 3)
    with (
        Canned(answer(OK, PAGE)) as server,
        pytest.raises(RemoteError, match="more than 3 bytes"),
    ):
        asking(server.url).asked("logs")


def test_the_address_itself_is_checked(capsys: pytest.CaptureFixture[str]) -> None:
    """What is no address of a server is refused before anything is sent."""
    for url in (
        "127.0.0.1:8080",
        "ftp://x",
        "http://",
        "http://x:0",
        "http://x:99999",
        "http://[::1",
        "http://x/?a=1",
        "http://x/#a",
        "http://x/ä",
        "http://x/a b",
    ):
        assert "url=" in complaint(capsys, "logs", "--url", url)


def test_a_password_in_the_address_is_refused_and_not_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It would be seen in the list of processes; the line does not repeat it."""
    for more in ((), ("--history", "log.db")):
        said = complaint(capsys, "logs", "--url", "http://anna:secret@127.0.0.1:1", *more)
        assert "secret" not in said


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("logs", "--history", "log.db"), "must be given without --history"),
        (("logs", "--history", "log.db", "--follow"), "must be given without --history"),
        (("circuits", "--history", "log.db"), "must be given without --history"),
        (("orders", "--journal", "orders.db"), "must be given without --journal"),
        (("orders", "--journal", "orders.db", "show", "1"), "must be given without --journal"),
    ],
)
def test_a_server_and_a_file_are_not_asked_at_once(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], words: str
) -> None:
    """What stands on the command line must say one thing."""
    command, *rest = arguments
    assert words in complaint(capsys, command, "--url", "http://127.0.0.1:1", *rest)


def test_a_file_of_the_environment_gives_way(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command line says more than what is set for all commands."""
    monkeypatch.setenv("SWITCHGEAR_HISTORY", "log.db")
    with Canned(answer(OK, PAGE)) as server:
        assert output(capsys, "logs", "--url", server.url) == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ("logs", "--history", "log.db", "--token-file", "x"),
        ("logs", "--history", "log.db", "--ca-file", "x"),
        ("circuits", "--insecure-http"),
        ("orders", "--token-file", "x", "show", "1"),
        ("orders", "show", "1", "--token-file", "x"),
        ("logs", "--token-file", "x", "import", "y"),
    ],
    ids=" ".join,
)
def test_what_is_said_of_no_server_is_refused(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    """Without `--url` it would have no meaning."""
    assert "must be given with --url" in complaint(capsys, *arguments)


@pytest.mark.parametrize(
    "arguments",
    [
        ("logs", "--url", "http://x", "import", "y"),
        ("orders", "--url", "http://x", "halt", "--by", "a", "--why", "b"),
        ("orders", "--url", "http://x", "resume", "--by", "a", "--why", "b"),
        ("orders", "--url", "http://x", "abandon", "1", "--by", "a", "--why", "b"),
    ],
    ids=" ".join,
)
def test_by_address_one_looks_and_does_not_act(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    """What changes something takes the file."""
    assert "is for looking alone" in complaint(capsys, *arguments)
