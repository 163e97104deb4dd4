"""Owns what tests of the demo share: the table at its end, read back."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

HEAD = ["binance", "alpaca", "coinbase", "all"]
_ROW = re.compile(r"( {0,2}[a-z][a-z_, ]*?) +(\d+) +(\d+) +(\d+) +(\d+) *")


class Table(NamedTuple):
    """The table at the demo's end: by label, the number of each venue and of all."""

    rows: dict[str, list[int]]

    def all(self, label: str) -> int:
        """The number over all venues."""
        return self.rows[label][-1]

    def check(self) -> None:
        """Everything that the table promises holds, at each venue and over all."""
        for *each, total in self.rows.values():
            assert total == sum(each)
        for place in range(len(HEAD)):
            column = {label: numbers[place] for label, numbers in self.rows.items()}
            became = column["  succeeded"] + column["  failed"] + column["  other"]
            assert column["calls"] == became > 0
            assert column["attempts"] >= became
            sources = [number for label, number in column.items() if label.startswith("  from ")]
            assert column["fallbacks"] == sum(sources)
            known = column["  found"] + column["  refused"] + column["  unknown"]
            assert column["orders sent"] == known
            assert column["lost answers"] == column["  matched"]
            opened = column["circuits opened"] + column["opened again"]
            assert opened >= column["circuits closed"]
            assert column["duplicates"] == 0


def table_of(lines: Iterable[str]) -> Table:
    """The table among the lines, from its head on."""
    rest = iter(lines)
    assert any(line.split() == HEAD for line in rest)
    found = [_ROW.fullmatch(line.rstrip("\n")) for line in rest]
    return Table({each[1]: [int(n) for n in each.groups()[1:]] for each in found if each})
