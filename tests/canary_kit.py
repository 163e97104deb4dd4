"""Owns an exchange that repeats whatever it is told, and everywhere that a record can be seen."""

from __future__ import annotations

import json
import logging
import re
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO
from threading import Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import httpx

from switchgear.core.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import switchgear as sg

PATHS = (
    *("/api-logs", "/circuits", "/api/v1/circuits", "/api/v1/health", "/api/v1/status"),
    "/api/v1/logs?limit=1000",
)
_SIGNED = re.compile(r"signature=([^&\s\"]+)")


class Parrot:
    """Refuses every request with 400, and repeats all of it: in the message, in nested JSON, in headers and cookies."""

    def __init__(self) -> None:
        self.heard: set[str] = set()
        """Every signature and token that it was shown; nobody else could know them."""
        parrot = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the name is the library's
                """Say nothing."""

            def answer(self) -> None:
                parrot.answer(self)

            do_GET = do_POST = do_DELETE = answer  # noqa: N815  the names are the library's

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self._thread = Thread(target=self._http.serve_forever, args=(0.01,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"

    def close(self) -> None:
        """Stop listening."""
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        """Repeat one request; what is asked for the time is given it."""
        body = request.rfile.read(int(request.headers.get("Content-Length", "0"))).decode()
        headers = dict(request.headers.items())
        self._hear(f"{request.path} {body}", headers)
        said = f"refused {headers} {request.path} {unquote(request.path)} {body}"
        nested = {"deep": [{"headers": headers, "listenKey": "Canary-listen-key", "body": body}]}
        told: dict[str, Any] = {
            "code": -1100,
            "msg": said,
            "message": said,
            "error": said,
            **nested,
        }
        status = 400
        if request.path.endswith("/time"):
            now_ms = round(SystemClock().wall().timestamp() * 1000)
            status, told = 200, {"serverTime": now_ms, "epochMillis": str(now_ms)}
        answer = json.dumps(told).encode()
        request.send_response(status)
        request.send_header("Content-Type", "application/json")
        request.send_header("Content-Length", str(len(answer)))
        request.send_header("Set-Cookie", "session=Canary-set-cookie; Secure")
        request.send_header("X-Echo", headers.get("X-MBX-APIKEY", "none"))
        request.end_headers()
        request.wfile.write(answer)

    def _hear(self, text: str, headers: dict[str, str]) -> None:
        self.heard.update(_SIGNED.findall(text), map(unquote, _SIGNED.findall(text)))
        token = headers.get("Authorization", "").removeprefix("Bearer ")
        if token.count(".") == 2:
            self.heard.update({token, token.rpartition(".")[2]})


class Everywhere:
    """Every place where what a gear keeps can be seen."""

    def __init__(self, gear: sg.Switchgear, history: Path) -> None:
        self._gear, self._history = gear, history
        self._printed = StringIO()
        self._handler = logging.StreamHandler(self._printed)
        self._handler.setFormatter(logging.Formatter("%(message)s %(switchgear)s"))
        self._logger = logging.getLogger("switchgear")
        self._level = self._logger.level
        self._logger.addHandler(self._handler)
        self._logger.setLevel(logging.DEBUG)

    def close(self) -> None:
        """Listen to the logging no more."""
        self._logger.removeHandler(self._handler)
        self._logger.setLevel(self._level)

    def places(self) -> Iterable[tuple[str, bytes]]:
        """Each place by its name, with everything that stands there."""
        gear = self._gear
        gear.flush()
        yield "memory", repr(gear.ring.records()).encode()
        yield "logging", self._printed.getvalue().encode()
        yield "metrics", repr([gear.metrics(*view.key[:2]) for view in gear.circuits()]).encode()
        with gear.serve(port=0) as server:
            for form in ("jsonl", "csv", "parquet"):
                yield form, _asked(f"{server.url}/api/v1/logs/export?format={form}")
            for path in PATHS:
                yield path, _asked(f"{server.url}{path}")
            last = max(record.id for record in gear.logs(limit=10_000))
            yield "stream", _streamed(f"{server.url}/api/v1/live?after_id=0", last)
        for file in sorted(self._history.parent.glob(f"{self._history.name}*")):
            yield file.name, file.read_bytes()


def _asked(url: str) -> bytes:
    answer = httpx.get(url, timeout=20)
    assert answer.status_code == 200, url
    return answer.content


def _streamed(url: str, last: int) -> bytes:
    """The live tail, from its first record to the last that is there."""
    found = b""
    with httpx.stream("GET", url, timeout=20) as answer:
        for line in answer.iter_lines():
            found += line.encode() + b"\n"
            if line == f"id: {last}":
                break
    return found
