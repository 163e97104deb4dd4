"""Owns how a good answer is spoilt: its JSON field by field, its bytes, its head; chance is handed in."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

from tests.exchange.fuzz_server import head_and_body, with_body

if TYPE_CHECKING:
    from collections.abc import Callable

    Pick = Callable[[int], int]
    """A number from 0 to below the given one."""

ODD = (
    "null",
    "true",
    "false",
    "[]",
    "{}",
    "[[]]",
    '""',
    '" "',
    "0",
    "-1",
    "1",
    "1.5",
    '"0"',
    '"-0.01"',
    '"NaN"',
    '"sNaN"',
    '"-Infinity"',
    "NaN",
    "Infinity",
    "1e400",
    '"1e400"',
    "-1e-400",
    '"1e40"',
    '"1e-40"',
    "1e99999999999999999999",
    "9" * 40,
    "9" * 5000,
    '"' + "9" * 5000 + '"',
    '"0.' + "3" * 300 + '"',
    "9223372036854775808",
    "-62135596800001",
    "253402300800000",
    '"0001-01-01T00:00:00+14:00"',
    '"9999-12-31T23:59:59-14:00"',
    '"2026-01-01T00:00:00"',
    '"\\ud800"',
    '"\\u0000\\u001b[2J"',
    '"ä⇄"',
    '"../../x?y=z#"',
    '"a b\\r\\nX: y"',
    '"' + "A" * 3000 + '"',
    "[" * 3000 + "]" * 3000,
    '{"a":' * 300 + "1" + "}" * 300,
)
"""What is put in the place of a value."""

_SWAPS = {
    "BUY": "SELL",
    "buy": "sell",
    "NEW": "FILLED",
    "OPEN": "FILLED",
    "new": "filled",
    "BTCUSDT": "ETHUSDT",
    "BTC-USD": "ETH-USD",
    "BTC/USD": "ETH/USD",
    "fuzz-1": "fuzz-2",
    "crypto": "us_equity",
    "TRADING": "BREAK",
}
_HEADERS = (
    b"Content-Encoding: gzip",
    b"Content-Encoding: deflate",
    b"Content-Encoding: br",
    b"Content-Encoding: zstd",
    b"Content-Encoding: gzip, gzip",
    b"Transfer-Encoding: chunked",
    b"Transfer-Encoding: gzip, chunked",
    b"Content-Length: 5",
    b"Content-Length: 999999",
    b"Content-Length: -1",
    b"Content-Length: 99999999999999999999999",
    b"Content-Type: text/html; charset=utf-16",
    b"Content-Type: ",
    b"Retry-After: 1e9",
    b"Retry-After: Thu, 99 Foo 99999 99:99:99 GMT",
    b"X-RateLimit-Reset: -5",
    b"Set-Cookie: a=b; expires=\xff\xfe",
    b"Location: http://127.0.0.1:1/",
    b"Upgrade: websocket",
    b"Connection: Upgrade",
    b"X: " + b"y" * 9000,
    b"\x00: \x00",
    b"no colon",
    b" : ",
)
_STATUSES = (
    b"HTTP/1.1 100 Continue",
    b"HTTP/1.1 101 Switching Protocols",
    b"HTTP/1.1 200",
    b"HTTP/1.1 204 No Content",
    b"HTTP/1.1 206 Partial Content",
    b"HTTP/1.1 302 Found",
    b"HTTP/1.1 400 Bad Request",
    b"HTTP/1.1 401 X",
    b"HTTP/1.1 404 Not Found",
    b"HTTP/1.1 418 X",
    b"HTTP/1.1 429 X",
    b"HTTP/1.1 500 X",
    b"HTTP/1.1 503 Maintenance",
    b"HTTP/1.1 999 X",
    b"HTTP/1.1 20 X",
    b"HTTP/9.9 200 OK",
    b"HTTP/1.0 200 OK",
    b"ICY 200 OK",
    b"",
)


class Raw(str):
    """A number as it is written."""

    __slots__ = ()


class Pairs(list["list[Any]"]):
    """A JSON object: pairs of name and value, of which two may have one name."""


# ---------------------------------------------------------------------------------------------- JSON


def items(value: Any) -> list[Any]:
    """What is in a list; nothing for what is none."""
    found: list[Any] = value
    return found if isinstance(value, list) else []


def parsed(body: bytes) -> Any:
    """The JSON, every number as Raw and every object as Pairs; None when it is none."""
    try:
        return json.loads(
            body,
            parse_int=Raw,
            parse_float=Raw,
            object_pairs_hook=lambda pairs: Pairs([list(pair) for pair in pairs]),
        )
    except ValueError:
        return None


def written(value: Any) -> str:
    """What was parsed, as text again."""
    match value:
        case Raw():
            return str(value)
        case Pairs():
            return "{" + ",".join(f"{json.dumps(k)}:{written(v)}" for k, v in value) + "}"
        case list():
            return "[" + ",".join(written(each) for each in items(value)) + "]"
        case _:
            return json.dumps(value)


def _places(value: Any) -> list[tuple[list[Any], int]]:
    """Every place that holds a value: the list it is in, and where."""
    found: list[tuple[list[Any], int]] = []
    if isinstance(value, list):
        pairs = isinstance(value, Pairs)
        for number, each in enumerate(items(value)):
            holder, at = (each, 1) if pairs else (items(value), number)
            found.append((holder, at))
            found += _places(holder[at])
    return found


def spoilt_json(body: bytes, pick: Pick) -> bytes:
    """The JSON with one to three things in it changed; bytes that are none are cut."""
    value = parsed(body)
    if not isinstance(value, list):
        return spoilt_bytes(body, pick)
    for _ in range(1 + pick(3)):
        places = _places(items(value))
        if places:
            _change(items(value), places, pick)
    return written(value).encode("utf-8", "surrogatepass")


def _change(whole: list[Any], places: list[tuple[list[Any], int]], pick: Pick) -> None:
    holder, at = places[pick(len(places))]
    other, where = places[pick(len(places))]
    match pick(8):
        case 0 | 1:
            holder[at] = Raw(ODD[pick(len(ODD))])
        case 2:
            holder[at] = Raw(written(other[where]))
        case 3:
            holder[at] = _twisted(holder[at], pick)
        case 4:
            _of_pairs(whole, pick, _drop)
        case 5:
            _of_pairs(whole, pick, _rename)
        case 6:
            _of_pairs(whole, pick, _double)
        case _:
            holder[at] = Raw(written(holder[at]).replace('"', "") or "0")


def _twisted(value: Any, pick: Pick) -> Any:
    """A value of the same kind that says something else."""
    text = str(value)
    if isinstance(value, list) or not text:
        return Raw("[]")
    if isinstance(value, bool) or value is None:
        return not value
    swapped = _SWAPS.get(text)
    if swapped is not None:
        return swapped
    at = pick(len(text))
    changed = text[:at] + "0123456789.-eE"[pick(14)] + text[at + 1 :]
    return Raw(changed) if isinstance(value, Raw) else changed


def _of_pairs(whole: list[Any], pick: Pick, change: Callable[[Pairs, int, Pick], None]) -> None:
    holders = [whole, *(holder[at] for holder, at in _places(whole))]
    objects = [each for each in holders if isinstance(each, Pairs) and each]
    if objects:
        chosen = objects[pick(len(objects))]
        change(chosen, pick(len(chosen)), pick)


def _drop(pairs: Pairs, at: int, _pick: Pick) -> None:
    del pairs[at]


def _rename(pairs: Pairs, at: int, pick: Pick) -> None:
    pairs[at][0] = ("", "code", "msg", "success", "error", pairs[at][0] + "x")[pick(6)]


def _double(pairs: Pairs, at: int, pick: Pick) -> None:
    pairs.append([pairs[at][0], Raw(ODD[pick(len(ODD))])])


# --------------------------------------------------------------------------------------------- bytes


def spoilt_bytes(data: bytes, pick: Pick) -> bytes:
    """The bytes with one to three stretches of them cut, doubled, flipped or put in."""
    for _ in range(1 + pick(3)):
        at = pick(len(data) + 1)
        length = 1 + pick(20)
        match pick(6):
            case 0:
                data = data[:at]
            case 1:
                data = data[:at] + data[at + length :]
            case 2:
                data = data[: at + length] + data[at:]
            case 3:
                data = data[:at] + bytes(pick(256) for _ in range(length)) + data[at:]
            case _ if at < len(data):
                data = data[:at] + bytes([data[at] ^ (1 << pick(8))]) + data[at + 1 :]
            case _:
                data += b"\x00"
    return data


def spliced(one: bytes, two: bytes, pick: Pick) -> bytes:
    """The beginning of one, the end of the other."""
    return one[: pick(len(one) + 1)] + two[pick(len(two) + 1) :]


# ------------------------------------------------------------------------------------------- answers


def spoilt(answer: bytes, other: bytes, pick: Pick) -> bytes:
    """A whole answer, spoilt in its JSON, its body, its head or anywhere; other is a good one too."""
    head, body = head_and_body(answer)
    match pick(12):
        case 0 | 1 | 2 | 3 | 4 | 5:
            return with_body(answer, spoilt_json(body, pick))
        case 6:
            return with_body(answer, spoilt_bytes(body, pick))
        case 7:
            return with_body(answer, spliced(body, head_and_body(other)[1], pick))
        case 8:
            return spoilt_bytes(answer, pick)
        case 9:
            return spoilt_head(head, pick) + b"\r\n\r\n" + body
        case 10:
            return _packed(answer, body, pick)
        case _:
            return other if pick(2) else b"HTTP/1.1 100 Continue\r\n\r\n" * pick(50) + answer


def spoilt_head(head: bytes, pick: Pick) -> bytes:
    """Status line and headers with one or two of them changed."""
    lines = head.split(b"\r\n")
    for _ in range(1 + pick(2)):
        match pick(4):
            case 0:
                lines[0] = _STATUSES[pick(len(_STATUSES))]
            case 1:
                lines.append(_HEADERS[pick(len(_HEADERS))])
            case 2:
                lines[pick(len(lines))] = _HEADERS[pick(len(_HEADERS))]
            case _:
                at = pick(len(lines))
                lines[at] = spoilt_bytes(lines[at], pick)
    return b"\r\n".join(lines)


def _packed(answer: bytes, body: bytes, pick: Pick) -> bytes:
    """In chunks or in gzip, right or nearly so."""
    if pick(2):
        packed = gzip.compress(body, 1)
        packed = packed if pick(2) else spoilt_bytes(packed, pick)
        told = with_body(answer, packed)
        return told.replace(b"\r\n", b"\r\nContent-Encoding: gzip\r\n", 1)
    size = 1 + pick(200)
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
    chunks = chunks if pick(2) else spoilt_bytes(chunks, pick)
    head, _ = head_and_body(answer)
    lines = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"content-length")]
    return b"\r\n".join([*lines, b"Transfer-Encoding: chunked", b"", chunks])
