"""Owns the part of docs/reference/verdicts.md that is made from tables; run it to write it anew."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from switchgear.core.verdict import binance, statuses
from switchgear.core.verdict.rows import Mark, Row

if TYPE_CHECKING:
    from collections.abc import Iterable

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "verdicts.md"
TABLES = {"binance": binance.ROWS, "statuses": statuses.ROWS}
_HEAD = (
    "| status | codes | message holds | kind | scope "
    "| retry | counts | ambiguous | wait | meaning |\n"
    "|---|---|---|---|---|---|---|---|---|---|"
)


def markdown(rows: Iterable[Row]) -> str:
    """The rows as a table, one line each, in the order in which they are tried."""
    return "\n".join([_HEAD, *map(line, rows)])


def line(row: Row) -> str:
    """One row as a line of the page."""
    cells = (
        _statuses(row.statuses),
        _codes(row.codes),
        row.pattern.replace("|", ", or ") or "any",
        f"`{row.kind.name}`",
        row.scope.name,
        *("yes" if mark in row.marks else "no" for mark in (Mark.RETRY, Mark.COUNTS, Mark.UNKNOWN)),
        row.wait.value if row.guess_s is None else f"{row.wait.value}, else {row.guess_s:g} s",
        row.meaning,
    )
    return f"| {' | '.join(cells)} |"


def page_with(text: str) -> str:
    """The text of the page with the part of each table made anew."""
    for name, rows in TABLES.items():
        opening, closing = f"<!-- {name} -->\n", f"\n<!-- end of {name} -->"
        before, _, rest = text.partition(opening)
        after = rest.partition(closing)[2]
        text = f"{before}{opening}{markdown(rows)}{closing}{after}"
    return text


def _statuses(statuses: range) -> str:
    if statuses == range(600):
        return "any"
    first, last = statuses[0], statuses[-1]
    return str(first) if first == last else f"{first} to {last}"


def _codes(codes: range | tuple[int, ...] | None) -> str:
    if codes is None:
        return "any"
    if isinstance(codes, range):
        return f"{codes[-1]} to {codes[0]}"
    return ", ".join(map(str, codes)) or "none"


if __name__ == "__main__":
    PAGE.write_text(page_with(PAGE.read_text()))
