"""Owns what of a record somebody may see: headers and bodies that went over the wire are for operators."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from switchgear.server.who import Role

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from switchgear.observe.record import LogRecord
    from switchgear.server.who import Who

_PLAIN = frozenset({"method", "url", "status"})
WITHHELD = "headers and bodies are for operators"


def seen_by(who: Who, records: Iterable[LogRecord]) -> Iterator[LogRecord]:
    """The records as this somebody may see them, in their order."""
    if who.role is Role.OPERATOR:
        return iter(records)
    return (_without_parts(one) if one.event == "wire" else one for one in records)


def _without_parts(record: LogRecord) -> LogRecord:
    kept: dict[str, object] = {"withheld": WITHHELD}
    for name, part in record.detail.items():
        if isinstance(part, Mapping):
            values = cast("Mapping[str, object]", part)  # JSON has no other names
            kept[name] = {key: value for key, value in values.items() if key in _PLAIN}
    return record._replace(detail=kept)
