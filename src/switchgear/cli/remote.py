"""
Owns asking a running server over HTTP: one question, one connection, a limit on everything.

Nothing is sent on to another address, and no proxy of the environment is asked. What the answers mean is left to
remote_logs, remote_circuits and remote_orders.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException, HTTPSConnection, IncompleteRead
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlencode

from switchgear.cli.remote_errors import (
    BODY_BYTES_MAX,
    Asker,
    RemoteError,
    not_ours,
    refused,
    silent,
)

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping
    from http.client import HTTPResponse

    from switchgear.cli.remote_address import Address
    from switchgear.core.clock import Clock

CONNECT_S = 10.0
"""Until there is a connection, TLS included."""
SILENCE_S = 30.0
"""Between two bytes of an answer."""
WHOLE_S = 300.0
"""Of an answer from its first byte to its last, where it is one JSON value."""
JSON_BYTES_MAX = 256 * 1024 * 1024
_STEP_BYTES = 256 * 1024
_API = "/api/v1/"


class Remote:
    """
    A server that is asked.

    Args:
        address: Where it is, and by which token it is asked.
        clock: Limits how long an answer may take.
    """

    def __init__(self, address: Address, clock: Clock) -> None:
        self._address = address
        self.clock = clock

    @property
    def shown(self) -> str:
        """Its address, for people."""
        return self._address.shown

    def asked(self, path: str, parameters: Mapping[str, str] | None = None) -> dict[str, Any]:
        """
        The object that it answers with.

        Args:
            path: Below `/api/v1/`, quoted where that is needed.
            parameters: Of the question.

        Raises:
            RemoteError: It refused, failed, said nothing, or is no switchgear.
        """
        with self.opened(path, parameters) as answer:
            body = self._whole(path, answer)
        try:
            found: Any = json.loads(body)
        except (ValueError, RecursionError):
            kind = answer.headers.get("content-type", "of no type")
            raise self.not_ours(path, f"its answer is not JSON, but {kind}") from None
        return self.named(path, found)

    def named(self, path: str, value: Any) -> dict[str, Any]:
        """A value of an answer to this path that must be a JSON object; RemoteError where it is another."""
        if not isinstance(value, dict):
            raise self.not_ours(path, "what must be a JSON object is none")
        return cast("dict[str, Any]", value)

    @contextmanager
    def opened(
        self,
        path: str,
        parameters: Mapping[str, str] | None = None,
        *,
        silence_s: float = SILENCE_S,
        **headers: str,
    ) -> Generator[HTTPResponse]:
        """
        An answer with status 200, whose body is read while this lasts; reading it raises RemoteError too.

        Args:
            path: As for asked.
            parameters: Of the question.
            silence_s: So long the body may say nothing.
            headers: More of them; `_` stands for `-`.
        """
        asker, limit_s = self._asker(path), CONNECT_S
        connection = self._connection()
        try:
            connection.connect()
            limit_s = silence_s
            connection.sock.settimeout(limit_s)
            query = f"?{urlencode(parameters)}" if parameters else ""
            target = f"{self._address.prefix}{asker.target}{query}"
            connection.request("GET", target, headers=self._headers(headers))
            with connection.getresponse() as answer:  # the connection is the answer's by now
                if answer.status != 200:
                    raise refused(asker, answer, _refusal(answer))
                yield answer
        except (OSError, HTTPException, UnicodeError) as error:
            raise silent(asker, error, limit_s) from None
        finally:
            connection.close()

    def not_ours(self, path: str, why: object) -> RemoteError:
        """The error that an answer to this path is none of a switchgear, and why not."""
        return not_ours(self._asker(path), why)

    def _asker(self, path: str) -> Asker:
        return Asker(self._address.shown, self._address.token, f"{_API}{path}")

    def _connection(self) -> HTTPConnection:
        host, port, tls = self._address.host, self._address.port, self._address.tls
        if tls is None:
            return HTTPConnection(host, port, timeout=CONNECT_S)
        return HTTPSConnection(host, port, timeout=CONNECT_S, context=tls)

    def _headers(self, more: Mapping[str, str]) -> dict[str, str]:
        found = {name.replace("_", "-"): value for name, value in more.items()}
        found["Connection"] = "close"
        if self._address.token:
            found["Authorization"] = f"Bearer {self._address.token}"
        return found

    def _whole(self, path: str, answer: HTTPResponse) -> bytes:
        until_s = self.clock.monotonic_s() + WHOLE_S
        body = bytearray()
        while piece := answer.read1(_STEP_BYTES):
            body += piece
            if len(body) > JSON_BYTES_MAX:
                raise self.not_ours(path, f"its answer has more than {JSON_BYTES_MAX} bytes")
            if self.clock.monotonic_s() > until_s:
                words = f"{self.shown} has not answered to the end after {WHOLE_S:g} s"
                raise RemoteError(words, passes=True)
        if answer.length:
            raise IncompleteRead(b"", answer.length)
        return bytes(body)


def _refusal(answer: HTTPResponse) -> bytes:
    """What stands below a status that says it all where this breaks off."""
    try:
        return answer.read(BODY_BYTES_MAX)
    except (OSError, HTTPException):
        return b""
