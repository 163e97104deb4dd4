"""
Owns what an exchange's message is to people: the words of a page instead of its markup, a date instead of a number.

What the message means is verdict's, which reads it as it came.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html import unescape

_PAGE = "a web page instead of an answer"
_IS_PAGE = re.compile(r"\A\ufeff?\s*<[a-z!?/]|<(?:!doctype|html|head|body)\b", re.IGNORECASE)
_TITLE = re.compile(r"<title\b[^>]*>(.*?)(?:</title|\Z)", re.IGNORECASE | re.DOTALL)
_UNREAD = re.compile(
    # A page may be cut off anywhere: what is not closed goes to its end.
    r"<!--.*?(?:-->|\Z)|<(script|style|head)\b.*?(?:</\1\b[^>]*>?|\Z)|<[a-z!?/][^>]*(?:>|\Z)",
    re.IGNORECASE | re.DOTALL,
)
_UNTIL = re.compile(r"\b(until )([0-9]{13})(?![0-9])", re.IGNORECASE)


def said(message: str) -> str:
    """
    A message as people read it, of any length; the same where it is neither a page nor names an instant.

    Of a page, as proxies answer with, its title, else the words in it; and epoch milliseconds after `until` as a date
    in UTC, rounded up to seconds: whoever waits for it is not early.
    """
    return _UNTIL.sub(_dated, _words(message) if _IS_PAGE.search(message) else message)


def _words(page: str) -> str:
    titles = (_plain(each[1]) for each in _TITLE.finditer(page))
    words = next(filter(None, titles), "") or _plain(page)
    return f"{_PAGE}: {words}" if words else _PAGE


def _plain(markup: str) -> str:
    # Twice: what is spelled as entities may be markup again.
    text = unescape(_UNREAD.sub(" ", markup))
    return " ".join(_UNREAD.sub(" ", text).split())


def _dated(found: re.Match[str]) -> str:
    at = datetime.fromtimestamp(-(-int(found[2]) // 1000), UTC)
    return f"{found[1]}{at:%Y-%m-%dT%H:%M:%SZ}"
