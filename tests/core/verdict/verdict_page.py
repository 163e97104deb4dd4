"""Owns the part of docs/reference/verdicts.md that is made from tables; run it to write it anew."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from switchgear.core.verdict import statuses
from switchgear.core.verdict.judgement import TABLES as VENUES
from switchgear.core.verdict.rows import Codes, Mark, Row

if TYPE_CHECKING:
    from collections.abc import Iterable

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "verdicts.md"
TABLES = {**VENUES, "statuses": statuses.ROWS}
_HEAD = (
    "| name | status | codes | message holds | kind | scope "
    "| retry | counts | ambiguous | wait | meaning |\n"
    "|---|---|---|---|---|---|---|---|---|---|---|"
)


def markdown(rows: Iterable[Row]) -> str:
    """The rows as a table, one line each, in the order in which they are tried."""
    return "\n".join([_HEAD, *map(line, rows)])


def line(row: Row) -> str:
    """One row as a line of the page."""
    cells = (
        f"`{row.name}`",
        _statuses(row.statuses),
        _codes(row.codes),
        f"`{row.pattern.replace('|', '` or `')}`" if row.pattern else "any",
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


def _statuses(statuses: range | tuple[int, ...]) -> str:
    """Each run of statuses by its first and last."""
    if statuses == range(600):
        return "any"
    runs: list[list[int]] = []
    for status in statuses:
        if runs and runs[-1][-1] == status - 1:
            runs[-1].append(status)
        else:
            runs.append([status])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]} to {run[-1]}" for run in runs)


def _codes(codes: Codes | None) -> str:
    if codes is None:
        return "any"
    if isinstance(codes, range):
        return f"{codes[-1]} to {codes[0]}" if codes[0] < 0 else f"{codes[0]} to {codes[-1]}"
    return ", ".join(filter(None, (_code(code, codes) for code in codes))) or "none"


def _code(code: int | str, codes: tuple[int | str, ...]) -> str:
    """A word that stands with and without `PREVIEW_` is written once; the other of the two not at all."""
    if not isinstance(code, str):
        return str(code)
    if code.startswith("PREVIEW_") and code.removeprefix("PREVIEW_") in codes:
        return ""
    return f"`[PREVIEW_]{code}`" if f"PREVIEW_{code}" in codes else f"`{code}`"


if __name__ == "__main__":
    PAGE.write_text(page_with(PAGE.read_text()))
