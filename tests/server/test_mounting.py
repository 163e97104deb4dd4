"""Tests the pages inside somebody's own application: any prefix, no lifespan, and who may ask by its word."""

from __future__ import annotations

import asyncio
import re
import sys
from contextlib import asynccontextmanager, contextmanager
from subprocess import PIPE, Popen
from threading import Thread
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

from switchgear.core.errors import SettingsError
from switchgear.gear import Switchgear
from switchgear.observe.history import HistoryReader, LogQuery
from switchgear.server import Credentials, Mounted
from switchgear.server.serving import listening
from switchgear.testing import FakeClock
from tests.server.login_kit import JSON, OPERATOR, VIEWER, credentials, operations, post, sign_in

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Generator, Iterator
    from pathlib import Path

    from starlette.types import ASGIApp, Scope

pytestmark = pytest.mark.slow  # each starts a server

PREFIXES = ["", "/sg", "/a/deep/place", "/static", "/login", "/api/v1", "/api/v1/login"]


@pytest.fixture
def gear() -> Iterator[Switchgear]:
    """A gear that was called once."""
    with Switchgear(clock=FakeClock()) as made:
        made.call_sync("binance", "get_market_price", lambda: 1)
        yield made


async def _own(_request: Any) -> PlainTextResponse:
    return PlainTextResponse("mine")


def _around(app: ASGIApp, prefix: str, **options: Any) -> ASGIApp:
    routes = [Route("/mine", _own), Mount(prefix or "/", app)]
    return Starlette(routes=routes, **options)


@contextmanager
def serving(app: ASGIApp, lifespan: Any = "off") -> Generator[str]:
    """The address at which an application answers over a socket, until the block ends."""
    bound = listening("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(app, lifespan=lifespan, log_config=None, ws="none"))
    thread = Thread(target=server.run, kwargs={"sockets": [bound]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(20)
        bound.close()


@pytest.mark.parametrize("prefix", PREFIXES)
def test_every_prefix_will_do(gear: Switchgear, prefix: str) -> None:
    """Pages, files, API and live tail work below it without a lifespan, and nothing is open that must not be."""
    with (
        serving(_around(gear.asgi(auth=credentials()), prefix)) as url,
        httpx.Client(base_url=url + prefix) as http,
    ):
        assert httpx.get(f"{url}/mine").text == "mine"
        for path in ("/api/v1/status", "/api/v1/logs", "/api/v1/openapi.json", "/none"):
            assert http.get(path).status_code == 401, path
        led = http.get("/api-logs?text=x")
        assert led.headers["location"] == "login?next=api-logs%3Ftext%3Dx"
        cookie = sign_in(http, OPERATOR).headers["set-cookie"]
        assert f"Path={prefix or '/'};" in cookie
        assert http.get("/api-logs").status_code == 200
        assert http.get("/static/app.mjs").headers["content-type"].startswith("text/javascript")
        assert len(http.get("/api/v1/logs").json()["records"]) >= 1
        document = http.get("/api/v1/openapi.json").json()
        assert document.get("servers", [{"url": ""}])[0]["url"] == prefix
        with http.stream("GET", "/api/v1/live") as tail:
            assert next(tail.iter_lines()) == "event: ready"


@pytest.mark.parametrize("prefix", PREFIXES)
def test_below_every_prefix_nobody_gets_anything(gear: Switchgear, prefix: str) -> None:
    """A prefix that looks like an open path opens nothing: what is decided on is what is below it."""
    with (
        serving(_around(gear.asgi(auth=credentials()), prefix)) as url,
        httpx.Client(base_url=url + prefix) as nobody,
        _bearer(url + prefix, VIEWER) as bob,
    ):
        document = bob.get("/api/v1/openapi.json").json()
        for method, path in operations(document):
            if path == "/api/v1/login":
                continue
            answer = nobody.request(method, path, content="{}", headers=JSON)
            assert answer.status_code == 401, path


def _bearer(url: str, token: str) -> httpx.Client:
    return httpx.Client(base_url=url, headers={"authorization": f"Bearer {token}"})


def test_a_fastapi_application_mounts_it_too(gear: Switchgear) -> None:
    """With `app.mount`, as in its documentation; the bare prefix leads to the pages."""
    around = FastAPI()
    around.mount("/sg", gear.asgi(auth="external"))
    with serving(around) as url:
        assert httpx.get(f"{url}/sg/api/v1/me").json()["name"] == "external"
        assert httpx.get(f"{url}/sg", follow_redirects=True).status_code == 200


def test_nothing_in_a_page_begins_at_the_root(gear: Switchgear) -> None:
    """Every address in the pages and their modules is relative, so that a prefix is kept."""
    with serving(_around(gear.asgi(auth="external"), "/sg")) as url:
        shell = httpx.get(f"{url}/sg/api-logs").text
        assert not re.findall(r'(?:href|src|action)="/', shell)
        modules = {part.split('"')[0] for part in re.findall(r'static/[^"]+', shell)}
        assert modules
        for name in modules:
            text = httpx.get(f"{url}/sg/{name}").text
            assert not re.findall(r"""["'`(]/(?:api|static|login|api-logs)\b""", text), name


# ------------------------------------------------------------------------------------------------ auth


@pytest.mark.parametrize("auth", [None, "", "none", 7, {"anna": OPERATOR}])
def test_who_may_ask_must_be_said(gear: Switchgear, auth: object) -> None:
    """There is no silent default: what is no answer to who may ask is refused at once."""
    with pytest.raises(SettingsError, match='must be Credentials, "external", or a function'):
        gear.asgi(auth=auth)  # type: ignore[arg-type]  # that is what is tested
    with pytest.raises(TypeError):
        gear.asgi()  # type: ignore[call-arg]  # that is what is tested


def test_an_application_that_has_looked_lets_all_do_all(gear: Switchgear) -> None:
    """With "external", whoever comes this far is an operator, and there is nothing to sign in to."""
    with (
        serving(_around(gear.asgi(auth="external"), "/sg")) as url,
        httpx.Client(base_url=url) as http,
    ):
        me = {"name": "external", "role": "operator", "login": False}
        assert http.get("/sg/api/v1/me").json() == me
        assert post(http, "/sg/api/v1/login", {"token": OPERATOR}).status_code == 404


def _by_header(scope: Scope) -> tuple[str, str] | None:
    given = dict(scope["headers"]).get(b"x-user")
    return None if given is None else tuple(given.decode().split())


async def _by_header_later(scope: Scope) -> tuple[str, str] | None:
    return _by_header(scope)


@pytest.mark.parametrize("auth", [_by_header, _by_header_later])
def test_a_function_says_who_asks(gear: Switchgear, auth: Any) -> None:
    """Sync or async; nobody gets a 401 without our own login, a viewer may look, an operator act."""
    order: dict[str, Any] = {"filter": {}, "confirm_count": 0}
    clear = "/sg/api/v1/logs/clear"
    with serving(_around(gear.asgi(auth=auth), "/sg")) as url, httpx.Client(base_url=url) as http:
        nobody = http.get("/sg/api-logs")
        assert (nobody.status_code, "www-authenticate" in nobody.headers) == (401, False)
        bob, anna = {"x-user": "viewer bob"}, {"x-user": "operator anna"}
        me = {"name": "bob", "role": "viewer", "login": False}
        assert http.get("/sg/api/v1/me", headers=bob).json() == me
        assert post(http, clear, order, **bob).status_code == 403
        counted = http.get("/sg/api/v1/logs/count", headers=anna).json()
        order = {"filter": counted["filter"], "confirm_count": counted["count"]}
        assert post(http, clear, order, **anna).status_code == 200
    gear.flush()
    assert gear.logs()[0].message.startswith("by anna: cleared ")


@pytest.mark.parametrize(
    "answer",
    [True, "operator", ("admin", "anna"), ("operator", ""), ("operator", "a\nb"), ("operator",)],
)
def test_a_function_that_answers_something_else_lets_nobody_in(
    gear: Switchgear, answer: object
) -> None:
    """What is neither None nor a role and a name is a fault of the function, never a permission."""
    app = gear.asgi(auth=lambda _: answer)  # type: ignore[arg-type,return-value]  # that is what is tested
    sent: list[Any] = []

    async def ask() -> None:
        async def send(message: Any) -> None:
            sent.append(message)

        async def receive() -> Any:
            return {"type": "http.request"}

        scope = {
            "type": "http",
            "method": "GET",
            "scheme": "http",
            "path": "/api/v1/status",
            "headers": [(b"host", b"localhost")],
        }
        await app(scope, receive, send)

    with pytest.raises(SettingsError, match="must give None, or viewer or operator"):
        asyncio.run(ask())
    assert sent == []


# ----------------------------------------------------------------------------------------------- hosts


def test_hosts_are_checked_below_a_prefix_too(gear: Switchgear) -> None:
    """Names other than loopback's are given; `*` is any, where the application around has looked."""
    for allowed, status in ((None, 403), (["desk.example"], 200), (["*"], 200)):
        app = _around(gear.asgi(auth="external", allowed_hosts=allowed), "/sg")
        with serving(app) as url:
            head = {"host": "desk.example:8443"}
            assert httpx.get(f"{url}/sg/api/v1/status", headers=head).status_code == status
            strange = {"host": "x/y"}
            assert httpx.get(f"{url}/sg/api/v1/status", headers=strange).status_code == 400


@pytest.mark.parametrize(
    "name", ["", "desk.example:80", "http://desk.example", "::1", "*.example", "a b"]
)
def test_a_host_that_cannot_be_is_refused(gear: Switchgear, name: str) -> None:
    """At once, and by name."""
    with pytest.raises(SettingsError, match="without a port"):
        gear.asgi(auth="external", allowed_hosts=[name])


# -------------------------------------------------------------------------------------------- lifespan


def test_it_is_made_at_the_first_request() -> None:
    """Once, however many come at the same time; a server that forks before has opened nothing yet."""
    made: list[object] = []

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send("answered")

    def make(_closing: Any) -> ASGIApp:
        made.append(1)
        return app

    mounted = Mounted(make)
    sent: list[Any] = []

    async def ask() -> None:
        async def receive() -> Any:
            return {}

        async def send(message: Any) -> None:
            sent.append(message)

        assert made == []
        asked = (mounted({"type": "http"}, receive, send) for _ in range(5))
        await asyncio.gather(*asked)

    asyncio.run(ask())
    assert (made, sent) == ([1], ["answered"] * 5)


def test_a_lifespan_closes_the_gear(gear: Switchgear) -> None:
    """With that of the application, which begins before the gear ends and has its state."""
    seen: list[str] = []

    @asynccontextmanager
    async def existing(_app: Any) -> AsyncGenerator[dict[str, str]]:
        seen.append("begun")
        yield {"word": "kept"}
        seen.append("ended")

    async def word(request: Any) -> PlainTextResponse:
        return PlainTextResponse(request.state.word)

    gear.flush()
    gear.ring.clear(lambda _: True)
    routes = [Route("/word", word), Mount("/sg", gear.asgi(auth="external"))]
    app = Starlette(routes=routes, lifespan=gear.lifespan(existing))
    with serving(app, "on") as url:
        assert httpx.get(f"{url}/word").text == "kept"
        assert httpx.get(f"{url}/sg/api/v1/status").status_code == 200
        assert seen == ["begun"]
        gear.call_sync("binance", "get_last", lambda: 1)
    assert seen == ["begun", "ended"]
    assert [one.method for one in gear.ring.records()] == [
        "get_last"
    ]  # what was queued is handed over


def test_a_lifespan_of_its_own_will_do(gear: Switchgear) -> None:
    """An application without one has the gear's alone."""
    app = Starlette(routes=[Mount("/", gear.asgi(auth="external"))], lifespan=gear.lifespan())
    with serving(app, "on") as url:
        assert httpx.get(f"{url}/api/v1/status").status_code == 200


def test_alone_it_answers_to_a_lifespan(gear: Switchgear) -> None:
    """As the application of a server, not mounted in another, it starts and ends as a server wants."""
    with serving(gear.asgi(auth="external"), "on") as url:
        assert httpx.get(f"{url}/api/v1/status").status_code == 200


def test_a_second_lifespan_has_live_tails_again() -> None:
    """Between two lifespans tails end, in the second they go on; closing the gear ends them for good."""
    told: list[Callable[[], bool]] = []

    async def app(*_: Any) -> None:
        return

    def make(closing: Callable[[], bool]) -> ASGIApp:
        told.append(closing)
        return app

    mounted = Mounted(make)
    seen: list[tuple[str, bool]] = []

    async def live() -> None:
        words = iter(("startup", "shutdown"))

        async def receive() -> Any:
            return {"type": f"lifespan.{next(words)}"}

        async def send(message: Any) -> None:
            seen.append((message["type"].split(".")[1], told[0]()))

        await mounted({"type": "lifespan"}, receive, send)

    async def ask() -> None:
        await mounted({"type": "http"}, _nothing, _nothing)
        await live()
        await live()
        mounted.close()
        await live()

    asyncio.run(ask())
    life = [("startup", False), ("shutdown", True)]
    assert seen == [*life, *life, ("startup", True), ("shutdown", True)]


async def _nothing(*_: Any) -> Any:
    return {}


def test_live_tails_end_with_the_gear() -> None:
    """An open tail ends when the gear closes; questions are answered all the same."""
    with Switchgear() as gear, serving(_around(gear.asgi(auth="external"), "/sg")) as url:
        with httpx.stream("GET", f"{url}/sg/api/v1/live", timeout=10) as tail:
            lines = tail.iter_lines()
            assert next(lines) == "event: ready"
            gear.close()
            assert not [line for line in lines if line.startswith("event:")]
        assert httpx.get(f"{url}/sg/api/v1/status").status_code == 200


PROGRAM = """
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount
from switchgear import Switchgear

gear = Switchgear(history={history!r})
app = Starlette(routes=[Mount("/sg", gear.asgi(auth="external"))], lifespan=gear.lifespan())
gear.call_sync("binance", "get_last", lambda: 1)
uvicorn.run(app, port=0, log_level="info")
"""


def test_a_program_ends_at_once_with_a_tail_open(tmp_path: Path) -> None:
    """SIGTERM ends a server of somebody's own though a page has a live tail; the gear hands over what is queued."""
    history = str(tmp_path / "log.db")
    command = [sys.executable, "-c", PROGRAM.format(history=history)]
    with Popen(command, stderr=PIPE, text=True) as program:
        assert program.stderr is not None
        line = next(line for line in program.stderr if "running on" in line)
        url = re.findall(r"http://[0-9.]+:[0-9]+", line)[0]
        with httpx.stream("GET", f"{url}/sg/api/v1/live", timeout=20) as tail:
            lines = tail.iter_lines()
            assert next(lines) == "event: ready"
            program.terminate()
            rest = [line for line in lines if line.startswith("event:")]
        program.stderr.read()
        program.wait(20)
    assert rest == []
    assert [one.method for one in HistoryReader(history).query(LogQuery())] == ["get_last"]


def test_credentials_are_shared_by_two_applications(gear: Switchgear) -> None:
    """The same tokens may open several; sessions are of one each."""
    known: Credentials = credentials()
    first, second = gear.asgi(auth=known), gear.asgi(auth=known)
    around = Starlette(routes=[Mount("/one", first), Mount("/two", second)])
    with serving(around) as url, httpx.Client(base_url=url) as http:
        assert http.post("/one/api/v1/login", json={"token": VIEWER}).status_code == 200
        assert http.get("/one/api/v1/me").status_code == 200
        assert http.get("/two/api/v1/me").status_code == 401
