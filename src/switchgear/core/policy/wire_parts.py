"""
Owns what may be kept of a request and its answer: the address, the headers and the body, without secrets, and cut.

Which names are secret, and what masks a text, is redact's; what is said of a request in its answer too is masked there
because it is remembered here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from switchgear.core.redact import (
    MASK,
    PASSING_CHARS_MIN,
    is_secret_name,
    may_name_secret,
    redact_text,
    register_passing,
    visible,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

WIRE_CHARS_MAX = 16_384
"""Characters that are kept of an address, of a body, and of all headers of one side together."""

READ_BYTES_MAX = 65_536
"""A body that is longer is not read as JSON: what it holds is masked by the names before it alone."""

_HEADER_CHARS_MAX = 2_048
_LEAK_CHARS_MIN = 6
_KEY_NAMES = frozenset({"key", "sig"})
"""What these name in a header or a query is a key; in a body it is not."""
_DEEP = frozenset({dict, list})
_GZIP = b"\x1f\x8b"


def safe_headers(headers: Mapping[str, str] | Iterable[tuple[str, str]]) -> dict[str, str]:
    """Headers by name, the values of secret ones masked; what is beyond WIRE_CHARS_MAX in all is left out."""
    pairs = cast("Any", headers).items() if hasattr(headers, "items") else headers
    kept: dict[str, str] = {}
    left = WIRE_CHARS_MAX
    for name, value in pairs:
        shown = redact_text(_text(name), _HEADER_CHARS_MAX)
        safe = _safe_value(_text(name), _text(value))
        left -= len(shown) + len(safe)
        if left < 0:
            kept["…"] = "the rest is left out"
            break
        kept[shown] = f"{kept[shown]}, {safe}" if shown in kept else safe
    return kept


def safe_url(url: str) -> str:
    """An address whose query has no secret any more."""
    address, mark, query = url.partition("?")
    query, hash_mark, fragment = query.partition("#")
    rest = f"{mark}{_safe_query(query)}{hash_mark}{fragment}"
    return visible(_cut(redact_text(f"{address}{rest}", WIRE_CHARS_MAX), len(url), "characters"))


def safe_body(body: object, content_type: str = "", size: int | None = None) -> str:
    """
    A body as text without secrets, cut at WIRE_CHARS_MAX characters; in words where it is no text.

    Args:
        body: Bytes, or a text; None and what is empty is no body.
        content_type: As its header says.
        size: Its length in bytes, where only the beginning of it is given.
    """
    if body is None:
        return ""
    if not isinstance(body, (bytes, bytearray, str)):
        return "(not kept: it is sent as it is made)"
    if not body:
        return ""
    if isinstance(body, str):
        text, whole = body, len(body)
    else:
        whole = len(body) if size is None else size
        found = _unpacked(bytes(body))
        if found is None or b"\0" in found[:1_024]:
            return f"({whole} bytes, no text)"
        text = found.decode("utf-8", "replace")
    is_whole = size is None or (not isinstance(body, str) and size == len(body))
    return _cut(_safe_text(text, content_type, is_whole=is_whole), whole, "bytes", len(text))


def _safe_text(text: str, content_type: str, *, is_whole: bool) -> str:
    start = text[:64].lstrip()[:1]
    if start in {"{", "["}:
        return _safe_json(text, is_whole=is_whole)
    if "form-urlencoded" in content_type or (
        "=" in text[:200] and not any(map(str.isspace, text[:200]))
    ):
        return redact_text(_safe_query(text[:READ_BYTES_MAX]), WIRE_CHARS_MAX)
    return redact_text(text, WIRE_CHARS_MAX)


def _safe_json(text: str, *, is_whole: bool) -> str:
    """The text as it was written, masked by name; made anew where a secret would be left, as under an escaped name."""
    import json  # here: most programs tap no wire

    if not is_whole or len(text) > READ_BYTES_MAX or not ("\\u" in text or may_name_secret(text)):
        return redact_text(text, WIRE_CHARS_MAX)
    try:
        tree = json.loads(text)
    except (ValueError, RecursionError):
        return redact_text(text, WIRE_CHARS_MAX)
    secrets = _secrets_in(tree)
    for each in secrets:
        _remember(each)
    kept = redact_text(text, WIRE_CHARS_MAX)
    # Numbers would come out spelled otherwise, so it is not done where it need not be.
    if secrets and (_is_left(secrets, kept) or "\\u" in text or not _is_json(kept)):
        return redact_text(json.dumps(_masked(tree), ensure_ascii=False), WIRE_CHARS_MAX)
    return kept


def _is_left(secrets: list[str], text: str) -> bool:
    return any(len(each) >= _LEAK_CHARS_MIN and each in text for each in secrets)


def _is_json(text: str) -> bool:
    import json  # as above

    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return text.endswith("…")  # it was cut, and is none any more
    return True


def _secrets_in(tree: Any) -> list[str]:
    """Every text and number that stands under the name of a secret, however deep."""
    found: list[str] = []
    todo: list[tuple[Any, bool]] = [(tree, False)]
    while todo:
        node, under = todo.pop()
        if isinstance(node, dict):
            fields = cast("dict[str, Any]", node)
            parts = ((each, under or is_secret_name(name)) for name, each in fields.items())
        elif isinstance(node, list):
            parts = ((each, under) for each in cast("list[object]", node))
        else:
            found.append(str(node))
            continue
        # Most of a body is neither secret nor deep, and costs no more than this look.
        todo += [part for part in parts if part[1] or part[0].__class__ in _DEEP]
    return found


def _masked(tree: Any) -> Any:
    if isinstance(tree, dict):
        fields = cast("dict[str, Any]", tree)
        return {n: MASK if is_secret_name(n) else _masked(value) for n, value in fields.items()}
    if isinstance(tree, list):
        return [_masked(each) for each in cast("list[object]", tree)]
    return tree


def _safe_value(name: str, value: str) -> str:
    """The value of a header."""
    if not _is_secret(name):
        return visible(redact_text(value, _HEADER_CHARS_MAX))
    for each in (value, value.rpartition(" ")[2], value.partition("=")[2].partition(";")[0]):
        _remember(each)
    scheme = value.partition(" ")[0]
    return f"{scheme} {MASK}" if scheme.lower() in {"bearer", "basic"} else MASK


def _safe_query(query: str) -> str:
    """A query or a form: what is secret by its name goes, and what is secret in a value that is JSON itself."""
    from urllib.parse import quote, unquote_plus  # as above

    kept: list[str] = []
    for pair in query.split("&"):
        name, mark, value = pair.partition("=")
        plain = unquote_plus(value)
        if mark and _is_secret(unquote_plus(name)):
            _remember(value)
            _remember(plain)
            kept.append(f"{name}={MASK}")
            continue
        safe = _safe_json(plain, is_whole=True) if plain[:1] in {"{", "["} else plain
        kept.append(pair if safe == plain else f"{name}={quote(safe, safe='*')}")
    return "&".join(kept)


def _is_secret(name: str) -> bool:
    return name.strip().lower() in _KEY_NAMES or is_secret_name(name)


def _remember(value: str) -> None:
    """An answer that repeats it, and an error that does, must not tell it either."""
    if len(value) >= PASSING_CHARS_MIN:
        register_passing(value)


def _unpacked(body: bytes) -> bytes | None:
    """The body, out of its gzip; None where that cannot be done."""
    if not body.startswith(_GZIP):
        return body
    import zlib  # as above

    try:
        return zlib.decompressobj(wbits=47).decompress(body, READ_BYTES_MAX)
    except zlib.error:
        return None


def _cut(text: str, whole: int, what: str, found: int | None = None) -> str:
    """The text, with how much there was where it was cut."""
    if (whole if found is None else found) <= WIRE_CHARS_MAX:
        return text
    return f"{text.removesuffix('…')}… (cut: {whole} {what} in all)"


def _text(value: object) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)
