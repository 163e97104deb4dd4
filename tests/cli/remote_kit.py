"""Owns what tests of `--url` share: a server that shows a history, and one that says exactly what it was told to."""

from __future__ import annotations

import socket
from contextlib import contextmanager, suppress
from threading import Event, Thread
from typing import TYPE_CHECKING, Any, Self

from switchgear.cli.remote import Remote
from switchgear.cli.remote_address import Given, address_of
from switchgear.cli.remote_logs import RemoteLogs
from switchgear.server import HistorySource
from switchgear.server.serving import Server
from switchgear.testing import FakeClock
from tests.cli.kit import exit_code

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Generator

    import pytest

OK = "HTTP/1.1 200 OK"
JSON = "content-type: application/json"


@contextmanager
def shown(history: str, port: int = 0, **options: Any) -> Generator[Server]:
    """A server in front of a history."""
    with Server(HistorySource(history), port=port, **options) as server:
        yield server


def logs_of(url: str, clock: FakeClock | None = None) -> RemoteLogs:
    """The log of a server, on a clock that does not wait."""
    return RemoteLogs(Remote(address_of(Given(url)), FakeClock() if clock is None else clock))


def output(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What a command prints that ends well, and says nothing beside it."""
    assert exit_code(*arguments) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return out


def complaint(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one line of a command that cannot be."""
    assert exit_code(*arguments) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1), err
    return err


class Steps(FakeClock):
    """A clock whose sleeps are what happens meanwhile; the last one is the interrupt."""

    def __init__(self, *steps: Callable[[], object]) -> None:
        super().__init__()
        self._steps = list(steps)
        self.slept: list[float] = []

    def sleep(self, delay_s: float) -> None:
        """The next step."""
        self.slept.append(delay_s)
        if not self._steps:
            raise KeyboardInterrupt
        self._steps.pop(0)()


def answer(head: str, body: str = "", *more: str) -> bytes:
    """An answer with its length: status line, body, and more lines of its head."""
    lines = (head, f"content-length: {len(body.encode())}", "connection: close", *more)
    return "\r\n".join((*lines, "", body)).encode()


class Canned:
    """
    A server that gives each connection the next answer, the last one for ever; a context manager.

    Args:
        answers: Bytes each; nothing is a connection that ends.
        tls: With which certificate; None is http.
    """

    def __init__(self, *answers: bytes, tls: ssl.SSLContext | None = None) -> None:
        self._answers = list(answers)
        self._tls = tls
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._socket.getsockname()[1])
        self.heads: list[str] = []
        """What was asked."""
        self._thread = Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(10)

    @property
    def url(self) -> str:
        """Where it is."""
        return f"{'http' if self._tls is None else 'https'}://127.0.0.1:{self.port}"

    def _run(self) -> None:
        while True:
            try:
                wire, _ = self._socket.accept()
            except OSError:
                return
            with wire, suppress(OSError):
                self._serve(wire)

    def _serve(self, wire: socket.socket) -> None:
        wire.settimeout(10)
        if self._tls is not None:
            with self._tls.wrap_socket(wire, server_side=True) as inner:
                self._say(inner)
        else:
            self._say(wire)

    def _say(self, wire: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head and (piece := wire.recv(65_536)):
            head += piece
        self.heads.append(head.decode("latin-1"))
        wire.sendall(self._answers.pop(0) if len(self._answers) > 1 else self._answers[0])


class Dripping(Canned):
    """
    A server whose answer has no end; a context manager.

    Args:
        begun: How each answer begins.
        drop: What follows again and again, as long as somebody reads.
        tls: As for Canned.
    """

    def __init__(self, begun: bytes, drop: bytes, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(begun, tls=tls)
        self._drop = drop
        self._ended = Event()

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        super().__exit__()

    def _say(self, wire: socket.socket) -> None:
        super()._say(wire)
        while not self._ended.wait(0.002):
            wire.sendall(self._drop)
