"""Owns an exchange's answer as the tables see it; judging it is left to `judgement`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias, cast

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Fields: TypeAlias = "Mapping[str, Any]"

MESSAGE_CHARS_MAX = 1_000
"""What is kept of a message; the tables look no further."""

BODY_BYTES_MAX = 65_536
"""What is read of a body; an error body is far shorter, and nothing longer is parsed."""

CODE_CHARS_MAX = 100
"""A longer word is no code; the longest known, Coinbase's, has 86 characters."""

_REASONS = (
    "new_order_failure_reason",
    "preview_failure_reason",
    "edit_failure_reason",
    "error",
    "id",
    "failure_reason",
)
"""
Where Coinbase puts the word for a refusal, the most specific first. Those it has nothing to say in hold
`UNKNOWN_…`. `id` is one only inside `errors`: elsewhere it is an order's.
"""

_TEXTS = ("msg", "message", "error_details")


@dataclass(frozen=True, slots=True)
class Answer:
    """What an exchange answered, before anybody says what it means."""

    status: int
    """HTTP status; 0 when it is not known."""
    code: int | str | None = None
    """The exchange's own code; None when the answer carries none, as an HTML page."""
    message: str = ""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    """As received; `header` finds one whatever its case."""

    @classmethod
    def read(cls, status: int, headers: Mapping[str, str], body: bytes | str) -> Answer:
        """
        The answer in a response, of any exchange; anything but JSON is text as it is.

        Binance and Alpaca have a number in `code` and a text in `msg` or `message`. Coinbase has a word,
        which becomes the code: in `error_response` of a refused order, in the one result of a
        cancel, in `error`, or in the `id` of the first of its `errors`. A success has no code.

        Never raises; a body above BODY_BYTES_MAX is taken as text and cut at MESSAGE_CHARS_MAX.
        """
        code, message = _code_and_message(body)
        # A lone surrogate, which JSON can spell, could later be written nowhere.
        readable = message[:MESSAGE_CHARS_MAX].encode("utf-8", "replace").decode("utf-8")
        return cls(status, code, readable, headers)

    def header(self, name: str) -> str | None:
        """The value of a header, whatever the case of its name; None when it is not there."""
        wanted = name.lower()
        for each, value in self.headers.items():
            if each.lower() == wanted:
                return value
        return None

    @property
    def key(self) -> int | str | None:
        """The code as the tables compare it: a number where it is one, else a word in capitals."""
        number = self.number
        if number is not None or not isinstance(self.code, str):
            return number
        return self.code.strip().upper() or None

    @property
    def number(self) -> int | None:
        """The code as a whole number, `"-1003"` too; None when it is none."""
        if isinstance(self.code, int):
            return self.code
        text = (self.code or "").strip()
        digits = text[1:] if text[:1] == "-" else text
        return int(text) if digits.isascii() and digits.isdigit() and len(digits) < 12 else None


def refuses(body: bytes | str) -> bool:
    """
    Whether a body with a status of 2xx is a refusal all the same: it says `"success": false`.

    So Coinbase refuses an order, and, in the one of its `results`, a cancel. `"success": true` is none,
    even beside `"failure_reason": "UNKNOWN_FAILURE_REASON"`. Never raises.
    """
    fields = _fields(_text(body))
    return fields is not None and any(layer.get("success") is False for layer in _layers(fields))


def _code_and_message(body: bytes | str) -> tuple[int | str | None, str]:
    text = _text(body)
    fields = _fields(text)
    if fields is None:
        return None, text
    layers = list(_layers(fields))
    return _code(layers), _message(layers) or text


def _text(body: bytes | str) -> str:
    piece = body[:BODY_BYTES_MAX]
    return piece.decode("utf-8", "replace") if isinstance(piece, bytes) else piece


def _fields(text: str) -> Fields | None:
    import json  # here: a program without a failing call never needs it

    try:
        return _mapping(json.loads(text))
    except (ValueError, RecursionError):
        return None


def _layers(fields: Fields) -> Iterator[Fields]:
    """Where code and message can stand, the innermost first; `id` is kept for `errors` alone."""
    for name in ("error_response", "results", "errors"):
        inner = fields.get(name)
        if isinstance(inner, list):
            items = cast("list[object]", inner)
            inner = items[0] if len(items) == 1 or (items and name == "errors") else None
        found = _mapping(inner)
        if found is not None:
            yield found if name == "errors" else _without_id(found)
    yield _without_id(fields)


def _mapping(value: object) -> Fields | None:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


def _without_id(fields: Fields) -> Fields:
    return {name: value for name, value in fields.items() if name != "id"}


def _code(layers: list[Fields]) -> int | str | None:
    if any(layer.get("success") is True for layer in layers):
        return None
    words = [word for name in _REASONS for layer in layers if (word := _word(layer.get(name)))]
    told = [word for word in words if not word.upper().startswith("UNKNOWN")]
    if told or words:
        return (told or words)[0]
    codes = [code for layer in layers if (code := _plain_code(layer.get("code"))) is not None]
    return codes[0] if codes else None


def _word(value: object) -> str | None:
    """The value when it is one word; a sentence in its place is a text, not a code."""
    if not isinstance(value, str) or len(value) > CODE_CHARS_MAX or len(value.split()) != 1:
        return None
    return value.strip()


def _plain_code(value: object) -> int | str | None:
    if isinstance(value, str):
        return value if len(value) <= CODE_CHARS_MAX else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _message(layers: list[Fields]) -> str:
    """What the innermost layer says that says anything; text and detail when they differ."""
    for layer in layers:
        values = (layer.get(name) for name in _TEXTS)
        said = [str(value) for value in values if isinstance(value, (str, int, float))]
        if any(said):
            return ": ".join(dict.fromkeys(filter(None, said)))
    return ""
