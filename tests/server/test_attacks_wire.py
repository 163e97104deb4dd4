"""Tests what somebody tries who is not known or may only look, and what can be done to the wire and the files."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from switchgear.server import create_app
from switchgear.server.body import BODY_S_MAX
from switchgear.server.gear_source import GearSource
from switchgear.server.page import ROOM
from tests.server.login_kit import JSON, OPERATOR, VIEWER, Doorway, operations, post

if TYPE_CHECKING:
    from collections.abc import Iterator

CLEAR = '{"filter":{},"confirm_count":0}'
POST = "POST /api/v1/logs/clear HTTP/1.1"
HOST, BEARER = "Host: localhost", f"Authorization: Bearer {OPERATOR}"


@pytest.fixture(scope="module")
def shared() -> Iterator[Doorway]:
    """One server for all tests of the module."""
    with Doorway() as made:
        yield made


@pytest.fixture
def door(shared: Doorway) -> Doorway:
    """The server, to which nobody was wrong lately."""
    shared.begin_anew()
    return shared


def _status(answer: str) -> int:
    return int(answer.split()[1])


# --------------------------------------------------------------------------------------------- roles


def _document(door: Doorway) -> dict[str, Any]:
    with door.client(OPERATOR) as http:
        document: dict[str, Any] = http.get("/api/v1/openapi.json").json()
    return document


def test_a_viewer_tries_everything(door: Doorway) -> None:
    """Whatever changes something, now or in time to come, is refused to those who may only look."""
    tried = 0
    with door.client(VIEWER) as http:
        for method, path in operations(_document(door)):
            if method == "GET" or path in {"/api/v1/login", "/api/v1/logout"}:
                continue
            tried += 1
            answer = http.request(method, path, content=CLEAR, headers=JSON)
            assert (answer.status_code, "operator" in answer.text) == (403, True), path
    assert tried >= 3


def test_nobody_tries_everything(door: Doorway) -> None:
    """Whatever there is, now or in time to come, is refused to those whom nobody knows, but for signing in."""
    tried = 0
    with door.client() as http:
        for method, path in operations(_document(door)):
            if path == "/api/v1/login":
                continue
            tried += 1
            answer = http.request(method, path, content=CLEAR, headers=JSON)
            assert answer.status_code == 401, path
            assert answer.headers["www-authenticate"].startswith("Bearer")
        for path in ("/api/v1/openapi.json", "/openapi.json", "/docs", "/api/v1", "/none"):
            assert http.get(path).status_code == 401, path
        for path in ("/", "/api-logs", "/circuits", "/orders"):
            assert http.get(path).status_code == 303, path
    assert tried > 10


def test_only_the_login_and_the_files_of_the_pages_are_open(door: Doorway) -> None:
    """They hold nothing of anybody: they are the same for everyone who installed switchgear."""
    with door.client() as http:
        assert http.get("/login").status_code == 200
        assert http.head("/login").status_code == 200
        assert http.get("/static/app.mjs").content == (ROOM / "app.mjs").read_bytes()
        assert post(http, "/login").status_code == 401
        assert post(http, "/static/app.mjs").status_code == 401


@pytest.mark.parametrize(
    "head",
    [
        {"x-http-method-override": "POST"},
        {"x-http-method": "DELETE"},
        {"x-method-override": "POST"},
    ],
)
def test_a_method_override(door: Doorway, head: dict[str, str]) -> None:
    """A header or a parameter does not make another method of a request."""
    with door.client(VIEWER) as http:
        answer = http.get("/api/v1/logs/clear", headers=head)
        assert answer.status_code in {404, 405}
        assert http.get("/api/v1/logs?_method=POST").status_code == 400
        answer = post(http, "/api/v1/logs", {}, **{**head, "x-http-method-override": "GET"})
        assert answer.status_code == 403


# ------------------------------------------------------------------------------------- wire and files


def test_a_huge_body(door: Doorway) -> None:
    """It is refused by the length that it promises, before anything of it is read."""
    head = (HOST, BEARER, "Content-Type: application/json")
    for length in ("65537", "9" * 18, "9" * 4_000):
        answer = door.raw(POST, *head, f"Content-Length: {length}")
        assert _status(answer) in {400, 413}, length
    answer = door.raw("POST /api/v1/login HTTP/1.1", HOST, head[2], "Content-Length: 99999999")
    assert _status(answer) == 413


@pytest.mark.parametrize("length", ["", "-1", "+1", "1.5", "0x10", "\xb2"])
def test_a_length_that_is_none(door: Doorway, length: str) -> None:
    """A body whose length is not told, or told in a strange way, is not read."""
    lines = [f"Content-Length: {length}"] if length else []
    answer = door.raw(POST, HOST, BEARER, "Content-Type: application/json", *lines)
    assert _status(answer) in {400, 411}
    chunked = "Transfer-Encoding: chunked"
    assert _status(door.raw(POST, HOST, BEARER, "Content-Type: application/json", chunked)) == 411


def test_a_body_that_does_not_come(door: Doorway) -> None:
    """One that is promised and trickles in is not waited for: 408, and the connection ends."""
    messages: list[Any] = []

    async def ask() -> None:
        app = create_app(GearSource(door.gear), auth="external", clock=door.clock)
        stuck = asyncio.get_running_loop().create_future()
        begun = asyncio.Event()

        async def receive() -> Any:
            begun.set()
            return await stuck

        async def send(message: Any) -> None:
            messages.append(message)

        length = (b"content-length", b"10")
        kind = (b"content-type", b"application/json")
        scope = {
            "type": "http",
            "method": "POST",
            "scheme": "http",
            "path": "/api/v1/logs/clear",
            "headers": [(b"host", b"localhost"), kind, length],
        }
        asked = asyncio.ensure_future(app(scope, receive, send))
        await begun.wait()
        door.clock.advance(BODY_S_MAX)
        await asked

    asyncio.run(ask())
    head = dict(messages[0]["headers"])
    assert (messages[0]["status"], head[b"connection"]) == (408, b"close")


@pytest.mark.parametrize(
    "path",
    [
        "/static/../access.py",
        "/static/..%2faccess.py",
        "/static/%2e%2e/%2e%2e/gear.py",
        "/static/....//access.py",
        "/static/..\\access.py",
        "/static//etc/passwd",
        "/static/app.mjs%00.css",
        "/static/vendor/../../access.py",
    ],
)
def test_path_traversal(door: Doorway, path: str) -> None:
    """Nothing outside the files of the pages has an address, however it is written."""
    answer = door.raw(f"GET {path} HTTP/1.1", HOST)
    assert _status(answer) in {400, 404}
    assert "Owns" not in answer
    assert "root:" not in answer


@pytest.mark.parametrize(
    "form", ["csv%0d%0aSet-Cookie:%20x=1", "jsonl%22;x=%22", "../../x", "csv%00", "%0aX:1"]
)
def test_header_injection_by_the_name_of_an_export(door: Doorway, form: str) -> None:
    """What somebody types does not become part of a header."""
    with door.client(OPERATOR) as http:
        answer = http.get(f"/api/v1/logs/export?format={form}")
        assert answer.status_code == 400
        assert "set-cookie" not in answer.headers
        assert "content-disposition" not in answer.headers
        good = http.get("/api/v1/logs/export?format=csv")
        assert good.headers["content-disposition"] == 'attachment; filename="switchgear-logs.csv"'


def test_a_websocket(door: Doorway) -> None:
    """There is none, so nobody can have a browser open one from another site."""
    lines = (
        "GET /api/v1/live HTTP/1.1", HOST, "Upgrade: websocket", "Origin: https://evil.example",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13",
    )  # fmt: skip
    assert " 101 " not in door.raw(*lines).splitlines()[0]
    sent: list[Any] = []

    async def ask() -> None:
        async def receive() -> Any:
            return {"type": "websocket.connect"}

        async def send(message: Any) -> None:
            sent.append(message)

        app = create_app(GearSource(door.gear), auth="external", clock=door.clock)
        await app({"type": "websocket", "path": "/api/v1/live", "headers": []}, receive, send)

    asyncio.run(ask())
    assert sent == [{"type": "websocket.close", "code": 1008}]


def test_a_head_answers_as_get_without_its_body(door: Doorway) -> None:
    """The same status and length, and nothing of what only those may see who may ask."""
    with door.client(VIEWER) as http, door.client() as nobody:
        for path in ("/api/v1/me", "/api/v1/logs/names", "/api-logs", "/static/app.mjs", "/none"):
            got, head = http.get(path), http.head(path)
            assert (head.status_code, head.content) == (got.status_code, b""), path
            assert head.headers["content-length"] == got.headers["content-length"], path
        for path in ("/api/v1/live", "/api/v1/logs/export"):
            assert (http.head(path).status_code, http.head(path).content) == (200, b""), path
        assert nobody.head("/api/v1/me").status_code == 401
        assert nobody.head("/api-logs").status_code == 303
