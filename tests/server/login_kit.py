"""Owns what tests of signing in share: a server on a fake clock that knows a viewer and an operator."""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING, Any, Self

import httpx

from switchgear.gear import Switchgear
from switchgear.server import Credentials, GearSource
from switchgear.server.serving import Server
from switchgear.testing import FakeClock

if TYPE_CHECKING:
    from collections.abc import Iterator

VIEWER, OPERATOR = "look-0123456789abcdef", "act-0123456789abcdef"
WRONG = "nobody-has-this-token"
JSON = {"content-type": "application/json"}


def credentials() -> Credentials:
    """Bob may look, anna may act."""
    return Credentials(viewers={"bob": VIEWER}, operators={"anna": OPERATOR})


class Doorway:
    """A gear behind a server that wants tokens; a context manager."""

    def __init__(self, **options: Any) -> None:
        self.clock = FakeClock()
        self.gear = Switchgear(clock=self.clock)
        self.gear.call_sync("binance", "get_market_price", lambda: 1)
        given: dict[str, Any] = {
            "credentials": credentials(),
            "clock": self.clock,
            "port": 0,
            **options,
        }
        self.server = Server(GearSource(self.gear), **given)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.server.close()
        self.gear.close()

    def begin_anew(self) -> None:
        """All that was wrong is long ago."""
        self.clock.advance(120)

    def client(self, token: str = "", **headers: str) -> httpx.Client:
        """Somebody who asks, as a program that brings a token with each request, or as nobody yet."""
        bearer = {"authorization": f"Bearer {token}"} if token else {}
        url = f"http://127.0.0.1:{self.server.port}"
        return httpx.Client(base_url=url, headers={**bearer, **headers}, timeout=10)

    def notes(self) -> list[tuple[str, str]]:
        """Level and words of what was done by hand, newest first."""
        self.gear.flush()
        found = self.gear.logs()
        return [(one.level.name, one.message) for one in found if one.event == "note"]

    def raw(self, *lines: str, body: str = "") -> str:
        """The answer to exactly these lines, from a fresh connection."""
        request = "\r\n".join((*lines, "Connection: close", "", body))
        with socket.create_connection(("127.0.0.1", self.server.port), timeout=10) as wire:
            wire.sendall(request.encode("latin-1"))
            return b"".join(iter(lambda: wire.recv(65_536), b"")).decode("latin-1")


def sign_in(client: httpx.Client, token: str, **headers: str) -> httpx.Response:
    """The answer to a token; the client keeps the cookie."""
    return client.post("/api/v1/login", json={"token": token}, headers=headers)


def post(client: httpx.Client, path: str, body: object = None, **headers: str) -> httpx.Response:
    """The answer to a JSON body, empty unless given."""
    content = json.dumps({} if body is None else body)
    return client.post(path, content=content, headers={**JSON, **headers})


def cookie_of(client: httpx.Client) -> str:
    """The session that a client has."""
    (cookie,) = client.cookies.jar
    assert cookie.value is not None
    return cookie.value


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Method and path of everything that an OpenAPI document names, each parameter filled with a 1."""
    for path, item in document["paths"].items():
        filled = "/".join("1" if part.startswith("{") else part for part in path.split("/"))
        for method in item.keys() & {"get", "put", "post", "delete", "patch"}:
            yield method.upper(), filled
