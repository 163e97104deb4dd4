"""
Owns asking a running server over HTTP: one question, one connection, and limits.

A connection has a limit, every pause another, and so have the head of an answer, a refusal, and one JSON value, each as
a whole. An export and a live tail have none as a whole: they last as long as something comes.

Nothing is sent on to another address, and no proxy of the environment is asked. What the answers mean is left to
remote_logs, remote_circuits and remote_orders.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException, HTTPSConnection, IncompleteRead
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlencode

from switchgear.cli.remote_deadline import Deadline
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
HEAD_MORE_S = CONNECT_S
"""More than one pause: so long the head of an answer may take as a whole, and with it all of a refusal."""
WHOLE_S = 300.0
"""Of an answer from behind its head to its last byte, where it is one JSON value."""
JSON_BYTES_MAX = 256 * 1024 * 1024
_STEP_BYTES = 256 * 1024
_API = "/api/v1/"


class Remote:
    """
    A server that is asked.

    Args:
        address: Where it is, and by which token it is asked.
        clock: Of whoever asks again and again, to wait by.
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
        with self.opened(path, parameters, whole_s=WHOLE_S) as answer:
            body = self._whole(path, answer)
        try:
            found: Any = json.loads(body)
        except (ValueError, RecursionError):
            if answer.headers.get_content_type() == "application/json":
                words = f"{self.shown}: {_API}{path}: its answer is no whole JSON"
                raise RemoteError(words, passes=True) from None
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
        whole_s: float | None = None,
        **headers: str,
    ) -> Generator[HTTPResponse]:
        """
        An answer with status 200, whose body is read while this lasts; reading it raises RemoteError too.

        Args:
            path: As for asked.
            parameters: Of the question.
            silence_s: So long the server may say nothing.
            whole_s: So long the body may take; None is as long as something comes.
            headers: More of them; `_` stands for `-`.
        """
        asker, limit_s = self._asker(path), CONNECT_S
        connection, deadline = self._connection(), Deadline()
        try:
            connection.connect()
            limit_s, wire = silence_s, connection.sock
            wire.settimeout(limit_s)
            deadline.set(wire, silence_s + HEAD_MORE_S)
            query = f"?{urlencode(parameters)}" if parameters else ""
            target = f"{self._address.prefix}{asker.target}{query}"
            connection.request("GET", target, headers=self._headers(headers))
            with connection.getresponse() as answer:  # the connection is the answer's by now
                if answer.status != 200:
                    raise refused(asker, answer, _refusal(answer))
                deadline.set(wire, whole_s)
                yield answer
                deadline.end()
        except (OSError, HTTPException, UnicodeError) as error:
            if deadline.over:
                words = f"{self.shown} has not answered to the end after {deadline.limit_s:g} s"
                raise RemoteError(words, passes=True) from None
            raise silent(asker, error, limit_s) from None
        finally:
            deadline.stop()
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
        body = bytearray()
        while piece := answer.read1(_STEP_BYTES):
            body += piece
            if len(body) > JSON_BYTES_MAX:
                raise self.not_ours(path, f"its answer has more than {JSON_BYTES_MAX} bytes")
        if answer.length:
            raise IncompleteRead(b"", answer.length)
        return bytes(body)


def _refusal(answer: HTTPResponse) -> bytes:
    """What stands below a status that says it all where this breaks off."""
    try:
        return answer.read(BODY_BYTES_MAX)
    except (OSError, HTTPException):
        return b""
