"""
Owns what a search for a text finds: which words a record has, and when a text is found in them.

Words are made here and not by a database, so that memory, SQLite and PostgreSQL find the same.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from switchgear.observe.record import LogRecord

_WORD = re.compile(r"[^\W_]+")
_PLAIN = ("succeeded", "in", "ms")


def words_of(text: str) -> list[str]:
    """Letters and digits that stand together, in lower case; whatever else there is parts them."""
    return _WORD.findall(text.lower())


def is_plain(record: LogRecord) -> bool:
    """Whether its message says no more than its duration does: that of a success at the first attempt."""
    if record.event != "call_succeeded" or record.duration_ms is None:
        return False
    return record.message == plain_message(record.duration_ms)


def plain_message(duration_ms: float) -> str:
    """The message of a plain success."""
    return f"succeeded in {duration_ms:.1f} ms"


def name_words(names: Iterable[str | None], *, plain: bool) -> set[str]:
    """The words that all records of the same names share: exchange, method, account, event, kind, scope and source."""
    found = {word for name in names if name for word in words_of(name)}
    return found | set(_PLAIN) if plain else found


def line_words(record: LogRecord) -> list[str]:
    """The words of its own: of its message, unless that is plain, its code, its status and its order id."""
    message = "" if is_plain(record) else record.message
    status = "" if record.status is None else str(record.status)
    return words_of(" ".join((message, record.code or "", status, record.order_id or "")))


def says(text: str | None, record: LogRecord) -> bool:
    """Whether each word of the text begins one of the record's words."""
    if text is None:
        return True
    names = (record.exchange, record.method, record.account, record.event)
    more = (record.kind, record.scope, record.source)
    has = name_words((*names, *more), plain=is_plain(record)).union(line_words(record))
    return all(any(one.startswith(word) for one in has) for word in words_of(text))
