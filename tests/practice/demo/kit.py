"""Owns what tests of the demo share: its lines, read back."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable


class Table(NamedTuple):
    """The table at the demo's end."""

    rows: dict[str, str]

    def numbers(self, label: str) -> list[int]:
        """The numbers of a row, in order."""
        return [int(number) for number in re.findall(r"\d+", self.rows[label])]

    def check(self) -> None:
        """Everything that the table promises holds."""
        total, *parts = self.numbers("calls")
        assert total == sum(parts) > 0
        assert self.numbers("attempts")[0] >= total
        served, *by_source = self.numbers("fallbacks")
        assert served == sum(by_source) > 0
        sent, *became = self.numbers("orders sent")
        assert sent == sum(became)
        lost, matched = self.numbers("lost answers")
        assert lost == matched
        assert self.numbers("duplicates") == [0]


LABELS = (
    "calls",
    "attempts",
    "failures",
    "rejections",
    "fallbacks",
    "circuits",
    "orders sent",
    "orders not sent",
    "orders cancelled",
    "lost answers",
    "duplicates",
)


def table_of(lines: Iterable[str]) -> Table:
    """The table among the lines."""
    rows: dict[str, str] = {}
    for line in lines:
        label, _, value = line.rstrip().partition("  ")
        if label in LABELS:
            rows[label] = value.strip()
    assert tuple(rows) == LABELS
    return Table(rows)
