"""
Owns just enough HTTP/1.1 to tell where messages begin and end on a connection.

It changes no byte. What it cannot read it calls blind, and from there on it finds no message. What
to do with a message is proxy_link's.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

HEAD_BYTES_MAX = 64 * 1024
"""A head, a chunk's line or a line of a trailer beyond this is not read on."""

_TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]"
_TARGET = rb"[^\x00-\x20\x7f]"
_REQUEST = re.compile(rb"(" + _TOKEN + rb"{1,32}) (" + _TARGET + rb"+) HTTP/1\.[01]\r")
_REQUEST_BEGUN = re.compile(_TOKEN + rb"{0,32}( " + _TARGET + rb"*( [HTP/1.0]*\r?)?)?")
_ANSWER = re.compile(rb"HTTP/1\.[01] ([1-9][0-9]{2})(?: .*)?\r")
_ANSWER_BEGUN = b"HTTP/1."
_AUTHORITY = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?]*")
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;.*)?\r\n")
_LENGTH = re.compile(rb"[0-9]{1,18}")
_HEAD_END = b"\r\n\r\n"

H = TypeVar("H")
_Fields = dict[bytes, list[bytes]]


class _UnreadableError(ValueError):
    """This is not a head of HTTP/1.1."""


@dataclass(frozen=True, slots=True)
class RequestHead:
    """What a request asks for; path is as on the wire, without its query."""

    method: str
    path: str


@dataclass(frozen=True, slots=True)
class AnswerHead:
    """How a venue answers."""

    status: int

    @property
    def is_interim(self) -> bool:
        """Whether the answer proper is still to come."""
        return 100 <= self.status < 200 and self.status != 101


class Part(NamedTuple, Generic[H]):
    """Bytes that belong to one message; parts in order are the bytes of the connection."""

    data: bytes
    head: H | None
    """Given once for each message, with the part in which its head is complete."""
    is_opening: bool
    """The message has begun, but its head is not complete yet."""
    ends: bool
    """The message is complete with this part."""


class Reader(ABC, Generic[H]):
    """Follows the messages of one direction of a connection."""

    def __init__(self) -> None:
        self._step: Callable[[bytes, int], int] = self._opening
        """Reads on from a position of the data, and gives the position it came to."""
        self._begun = bytearray()
        self._left = 0
        self._head: H | None = None
        self._is_over = False

    def feed(self, data: bytes) -> list[Part[H]]:
        """The same bytes, parted where messages end. Never raises."""
        parts: list[Part[H]] = []
        start = 0
        while start < len(data):
            at = start
            while at < len(data) and not self._is_over:
                at = self._step(data, at)
            parts.append(self._part(data[start:at]))
            start = at
        return parts

    def go_blind(self) -> None:
        """Look for no further message: what follows is another protocol."""
        self._begun.clear()
        self._step = self._blind

    def _part(self, data: bytes) -> Part[H]:
        is_opening = self._step == self._opening and not self._is_over
        part = Part(data, self._head, is_opening, self._is_over)
        self._head, self._is_over = None, False
        return part

    @abstractmethod
    def _could_be(self, begun: bytes) -> bool:
        """Whether a message may begin like this."""

    @abstractmethod
    def _read(self, line: bytes, fields: _Fields) -> H:
        """Take the head in, and set the step that follows it; raises _UnreadableError."""

    def _opening(self, data: bytes, at: int) -> int:
        known = len(self._begun)
        while not known and at < len(data) and data[at] in b"\r\n":
            at += 1  # empty lines before a request are allowed
        self._begun += data[at:]
        end = self._begun.find(_HEAD_END, max(0, known - len(_HEAD_END) + 1))
        if len(self._begun if end < 0 else self._begun[:end]) > HEAD_BYTES_MAX:
            return self._lose(data)
        if end < 0:
            return len(data) if self._could_be(bytes(self._begun)) else self._lose(data)
        line, _, rest = bytes(self._begun[: end + 2]).partition(b"\n")
        self._begun.clear()
        try:
            self._head = self._read(line, _fields(rest))
        except _UnreadableError:
            return self._lose(data)
        return at + end + len(_HEAD_END) - known

    def _lose(self, data: bytes) -> int:
        self.go_blind()
        return len(data)

    def _blind(self, data: bytes, at: int) -> int:  # noqa: ARG002 a step is called like this
        return len(data)

    def _end(self) -> None:
        self._is_over = True
        self._step = self._opening

    def _expect(self, fields: _Fields) -> bool:
        """Set the step for the body whose end these fields announce; False when they do not."""
        codings = b",".join(fields.get(b"transfer-encoding", [])).lower()
        lengths = set(b",".join(fields.get(b"content-length", [])).replace(b" ", b"").split(b","))
        if codings:
            if codings.rpartition(b",")[2].strip() != b"chunked":
                return False
            self._step = self._chunk_line
            return True
        if lengths == {b""}:
            return False
        length = lengths.pop()
        if lengths or not _LENGTH.fullmatch(length):
            raise _UnreadableError(length)
        self._left = int(length)
        self._step = self._counted
        if not self._left:
            self._end()
        return True

    def _counted(self, data: bytes, at: int) -> int:
        took = min(self._left, len(data) - at)
        self._left -= took
        if not self._left:
            self._end()
        return at + took

    def _chunk(self, data: bytes, at: int) -> int:
        took = min(self._left, len(data) - at)
        self._left -= took
        if not self._left:
            self._step = self._chunk_line
        return at + took

    def _chunk_line(self, data: bytes, at: int) -> int:
        at = self._gather_line(data, at)
        if self._begun.endswith(b"\n"):
            size = _CHUNK_SIZE.fullmatch(self._begun)
            if size is None:
                return self._lose(data)
            self._left = int(size[1], 16) + 2  # its line end too
            self._step = self._chunk if self._left > 2 else self._trailer
            self._begun.clear()
        return at

    def _trailer(self, data: bytes, at: int) -> int:
        at = self._gather_line(data, at)
        if self._begun.endswith(b"\n"):
            is_last = len(self._begun) == len(b"\r\n")
            self._begun.clear()
            if is_last:
                self._end()
        return at

    def _gather_line(self, data: bytes, at: int) -> int:
        until = data.find(b"\n", at) + 1 or len(data)
        self._begun += data[at:until]
        return until if len(self._begun) <= HEAD_BYTES_MAX else self._lose(data)


class RequestReader(Reader[RequestHead]):
    """Follows the requests of a client."""

    def _could_be(self, begun: bytes) -> bool:
        line, newline, _ = begun.partition(b"\n")
        pattern = _REQUEST if newline else _REQUEST_BEGUN
        return pattern.fullmatch(line) is not None

    def _read(self, line: bytes, fields: _Fields) -> RequestHead:
        found = _REQUEST.fullmatch(line)
        if found is None:
            raise _UnreadableError(line)
        if not self._expect(fields):
            if b"transfer-encoding" in fields:
                raise _UnreadableError(line)
            self._end()
        target = _AUTHORITY.sub("", found[2].decode("latin-1"), count=1)
        return RequestHead(found[1].decode("latin-1"), target.partition("?")[0] or "/")


class AnswerReader(Reader[AnswerHead]):
    """Follows the answers of a venue; method tells what the answer that begins was asked by."""

    def __init__(self, method: Callable[[], str]) -> None:
        super().__init__()
        self._method = method

    def _could_be(self, begun: bytes) -> bool:
        line, newline, _ = begun.partition(b"\n")
        if newline:
            return _ANSWER.fullmatch(line) is not None
        return line.startswith(_ANSWER_BEGUN) or _ANSWER_BEGUN.startswith(line)

    def _read(self, line: bytes, fields: _Fields) -> AnswerHead:
        found = _ANSWER.fullmatch(line)
        if found is None:
            raise _UnreadableError(line)
        head, method = AnswerHead(int(found[1])), self._method()
        if head.status == 101 or (method == "CONNECT" and 200 <= head.status < 300):
            self.go_blind()
        elif head.is_interim or head.status in {204, 304} or method == "HEAD":
            self._end()
        elif not self._expect(fields):
            self._step = self._blind  # an answer without a length ends with the connection
        return head


def _fields(raw: bytes) -> _Fields:
    fields: _Fields = {}
    for line in raw.split(b"\r\n")[:-1]:
        name, colon, value = line.partition(b":")
        if not colon:
            raise _UnreadableError(line)
        fields.setdefault(name.strip().lower(), []).append(value.strip())
    return fields
