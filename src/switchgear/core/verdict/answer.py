"""Owns an exchange's answer as the tables see it; judging it is left to `judgement`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Mapping

MESSAGE_CHARS_MAX = 1_000
"""What is kept of a message; the tables look no further."""

BODY_BYTES_MAX = 65_536
"""What is read of a body; an error body is far shorter, and nothing longer is parsed."""


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
        The answer in a response: JSON with `code` and `msg` or `message`, else text as it is.

        Never raises; a body above BODY_BYTES_MAX is taken as text and cut at MESSAGE_CHARS_MAX.
        """
        code, message = _code_and_message(body)
        return cls(status, code, message[:MESSAGE_CHARS_MAX], headers)

    def header(self, name: str) -> str | None:
        """The value of a header, whatever the case of its name; None when it is not there."""
        wanted = name.lower()
        for each, value in self.headers.items():
            if each.lower() == wanted:
                return value
        return None

    @property
    def number(self) -> int | None:
        """The code as a whole number, `"-1003"` too; None when it is none."""
        if isinstance(self.code, int):
            return self.code
        text = (self.code or "").strip()
        digits = text[1:] if text[:1] == "-" else text
        return int(text) if digits.isascii() and digits.isdigit() and len(digits) < 12 else None


def _code_and_message(body: bytes | str) -> tuple[int | str | None, str]:
    import json  # here: a program without a failing call never needs it

    piece = body[:BODY_BYTES_MAX]
    text = piece.decode("utf-8", "replace") if isinstance(piece, bytes) else piece
    try:
        parsed: object = json.loads(text)
    except (ValueError, RecursionError):
        return None, text
    if not isinstance(parsed, dict):
        return None, text
    fields = cast("dict[str, Any]", parsed)  # JSON's own keys are always str
    code, message = fields.get("code"), fields.get("msg", fields.get("message"))
    return code if isinstance(code, (int, str)) else None, str(text if message is None else message)
