"""Owns the garbage that is no answer of anybody: bodies and ways of packing them; feeding it is the tests'."""

from __future__ import annotations

import gzip
import zlib
from typing import TYPE_CHECKING

from tests.exchange.fuzz_server import answered

if TYPE_CHECKING:
    from collections.abc import Mapping

MIB = 1024 * 1024
HTML = b"<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"

BODIES: Mapping[str, bytes] = {
    "html": HTML,
    "empty": b"",
    "spaces": b" \r\n\t ",
    "null": b"null",
    "true": b"true",
    "false": b"false",
    "number": b"42",
    "huge number": b"1e400",
    "long number": b"9" * 5000,
    "NaN": b"NaN",
    "Infinity": b"-Infinity",
    "text": b'"ok"',
    "{}": b"{}",
    "[{}]": b"[{}]",
    "[null]": b"[null]",
    "[[]]": b"[[]]",
    "[1]": b"[1]",
    "lists in lists": b"[" * 100_000,
    "closed lists in lists": b"[" * 100_000 + b"]" * 100_000,
    "objects in objects": b'{"data":' * 100_000 + b"1" + b"}" * 100_000,
    "cut": b'{"symbol":"BTCUSDT","pri',
    "cut in a character": b'{"symbol":"\xe2\x82',
    "single quotes": b"{'symbol': 'BTCUSDT'}",
    "no JSON but Javascript": b"callback({});",
    "xml": b"<?xml version='1.0'?><error>busy</error>",
    "invalid utf-8": b'{"msg":"\xff\xfe\xfd"}',
    "latin-1": '{"msg":"gesperrt für Sie"}'.encode("latin-1"),
    "utf-16": '{"msg":"no"}'.encode("utf-16"),
    "utf-32": '{"msg":"no"}'.encode("utf-32"),
    "byte order mark": b"\xef\xbb\xbf{}",
    "zeros": b"\x00" * 1000,
    "half a surrogate": b'{"msg":"\\ud800"}',
    "terminal": b'{"msg":"\x1b[2J\\u001b[31m","code":"\\u001b]0;x\\u0007"}',
    "control characters": b'{"msg":"\\u0000\\r\\nSet-Cookie: a=b\\u202e"}',
}
"""By name, what no call can take for an answer."""

SHAPED: Mapping[str, bytes] = {
    "[]": b"[]",
    "success": b'{"success":true}',
    "result": b'{"result":null,"data":[],"orders":[],"products":[],"trades":{}}',
}
"""What a call may take for the answer that there is nothing."""


def packed_zeros(size: int, *, gzipped: bool) -> bytes:
    """So many zeros in about a thousandth of it: made of one piece again and again, in no time."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    piece = packer.compress(bytes(MIB)) + packer.flush(zlib.Z_FULL_FLUSH)
    # The sum at the end is of nothing: whoever gets so far has read too much already.
    ending = packer.flush()
    head = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03" if gzipped else b"\x78\xda"
    return head + piece * (size // MIB) + ending + bytes(8)


def twice_packed(size: int) -> bytes:
    """Zeros packed, and packed again: a few hundred bytes."""
    return gzip.compress(packed_zeros(size, gzipped=True), 9)


def storm(answer: bytes, count: int) -> bytes:
    """So many interim answers before the answer."""
    return b"HTTP/1.1 100 Continue\r\n\r\n" * count + answer


GOOD = b'{"symbol":"BTCUSDT","price":"60000.10"}'
"""A good answer of one endpoint."""

WIRES: Mapping[str, bytes] = {
    "nothing": b"",
    "half a line": b"HTTP/1.1 2",
    "no HTTP": b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
    "TLS": b"\x15\x03\x01\x00\x02\x02\x46",
    "HTTP/0.9": GOOD,
    "no status": b"HTTP/1.1 \r\n\r\n" + GOOD,
    "status of letters": answered(GOOD, status=b"abc OK"),
    "status 0": answered(GOOD, status=b"000 OK"),
    "status 999": answered(GOOD, status=b"999 OK"),
    "other version": answered(GOOD).replace(b"HTTP/1.1", b"HTTP/7.7"),
    "no colon": answered(GOOD, b"this is no header"),
    "zero in a header": answered(GOOD, b"X: a\x00b"),
    "100 kB header": answered(GOOD, b"X: " + b"y" * 100_000),
    "100 kB name": answered(GOOD, b"y" * 100_000 + b": X"),
    "10,000 headers": answered(GOOD, *[b"X-%d: y" % number for number in range(10_000)]),
    "too long a length": answered(GOOD, b"Content-Length: 999"),
    "length below 0": answered(GOOD, b"Content-Length: -1"),
    "length of letters": answered(GOOD, b"Content-Length: many"),
    "endless length": answered(GOOD, b"Content-Length: " + b"9" * 300),
    "two lengths": answered(GOOD, b"Content-Length: 3", b"Content-Length: 39"),
    "length and chunks": answered(GOOD, b"Content-Length: 39", b"Transfer-Encoding: chunked"),
    "chunks that are none": answered(GOOD, b"Transfer-Encoding: chunked"),
    "chunk below 0": answered(b"-1\r\n" + GOOD, b"Transfer-Encoding: chunked"),
    "endless chunk": answered(b"f" * 300 + b"\r\n" + GOOD, b"Transfer-Encoding: chunked"),
    "no last chunk": answered(b"27\r\n" + GOOD + b"\r\n", b"Transfer-Encoding: chunked"),
    "no gzip": answered(GOOD, b"Content-Encoding: gzip"),
    "no deflate": answered(GOOD, b"Content-Encoding: deflate"),
    "no brotli": answered(GOOD, b"Content-Encoding: br"),
    "no zstd": answered(GOOD, b"Content-Encoding: zstd"),
    "half a gzip": answered(gzip.compress(GOOD)[:30], b"Content-Encoding: gzip"),
    "gzip of another sum": answered(gzip.compress(GOOD)[:-8] + bytes(8), b"Content-Encoding: gzip"),
    "gzip in gzip": answered(gzip.compress(gzip.compress(GOOD)), b"Content-Encoding: gzip"),
    "204 with a body": answered(GOOD, status=b"204 No Content"),
    "205": answered(b"", status=b"205 Reset Content"),
    "304": answered(b"", status=b"304 Not Modified"),
    "301": answered(b"", b"Location: http://127.0.0.1:1/", status=b"301 Moved"),
    "302 without a place": answered(b"", status=b"302 Found"),
    "307 to nowhere": answered(b"", b"Location: \xff\xfe://x y", status=b"307 Temporary"),
    "101": answered(GOOD, b"Upgrade: websocket", status=b"101 Switching Protocols"),
    "interim and no more": storm(b"", 100),
    "interim and cut": storm(b"HTTP/1.1 200 OK\r\nContent-Le", 5_000),
    "cookies of garbage": answered(
        b"", b"Set-Cookie: \xff\x00=\x01; expires=\xfe", status=b"502 X"
    ),
}
"""By name, a whole answer that is broken on the way; no call can take one for an answer."""
