"""Owns a row of the table, what its bound says of it, and how it is printed; figures come from elsewhere."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class Row:
    """One line: a figure, what it is compared with, and the bound on their ratio, or else on the figure itself."""

    id: str
    what: str
    value: float
    unit: str
    beside: float | None = None
    """The same of what it is compared with, in the same unit."""
    beside_what: str = ""
    bound: float | None = None
    at_least: bool = False
    """The bound is a lower one."""
    holds: bool | None = None
    """Whether what else the row asks for holds; None where it asks for a bound at most."""
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """The figure over what stands beside it."""
        return None if self.beside is None else self.value / self.beside

    @property
    def figure(self) -> float:
        """What the bound is about."""
        return self.value if self.ratio is None else self.ratio

    @property
    def verdict(self) -> str:
        """met, missed by so much, or nothing where no bound is set."""
        if self.holds is False:
            return f"missed: {self.note}"
        if self.bound is None:
            return "no bound" if self.holds is None else "met"
        off = self.bound / self.figure if self.at_least else self.figure / self.bound
        return "met" if off <= 1 else f"missed by {(off - 1) * 100:.0f} %"

    def as_json(self) -> dict[str, Any]:
        """Every field, with ratio and verdict."""
        return {**asdict(self), "ratio": self.ratio, "verdict": self.verdict}


def cells(row: Row) -> tuple[str, ...]:
    """The line in words: what, ours, beside, ratio, bound, verdict."""
    beside = "" if row.beside is None else f"{_amount(row.beside)} {row.beside_what}"
    ratio = "" if row.ratio is None else times(row.ratio)
    bound = ""
    if row.bound is not None:
        number = _amount(row.bound) if row.ratio is None else times(row.bound)
        bound = f"{'≥' if row.at_least else '≤'} {number}"
    return (row.what, f"{_amount(row.value)} {row.unit}", beside, ratio, bound, row.verdict)


HEAD = ("", "switchgear", "beside", "ratio", "bound", "")


def plain(rows: Sequence[Sequence[str]]) -> str:
    """Cells in columns, for a terminal."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        for row in rows
    ]
    return "\n".join(line.rstrip() for line in lines)


def markdown(rows: Sequence[Sequence[str]]) -> str:
    """The same for README; the first row is the head."""
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([lines[0], f"|{'---|' * len(rows[0])}", *lines[1:]])


def times(ratio: float) -> str:
    """A ratio as people say it: 1.23 x, or 1/31 where it is small."""
    return f"{ratio:.2f} x" if ratio >= 0.2 else f"1/{1 / ratio:.1f}"


def _amount(value: float) -> str:
    if value >= 1000 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.2f}" if value < 100 else f"{value:.1f}"
