"""Owns between which ids, and of which time and run, records are looked for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from switchgear.observe.query import LogQuery

ID_MAX = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Bounds:
    """What is asked of a record beside its names and words."""

    low: int = 0
    """Ids from this one on."""
    high: int = ID_MAX
    """Ids below this one."""
    since_ms: int | None = None
    until_ms: int | None = None
    run: int | None = None

    @classmethod
    def of(cls, query: LogQuery) -> Bounds:
        """As a filter says; ids are not bound by its time or run yet."""
        low = 0 if query.after_id is None else min(query.after_id + 1, ID_MAX)
        high = ID_MAX if query.before_id is None else query.before_id
        return cls(low, high, query.since_ms, query.until_ms, query.run)

    def within(self, low: int, high: int) -> Bounds:
        """The same, and within these ids as well."""
        return replace(self, low=max(self.low, low), high=min(self.high, high))

    @property
    def empty(self) -> bool:
        """No id is within."""
        return self.low >= self.high

    def sql(self, record: str = "record") -> str:
        """As a condition of a statement in which records have this name; numbers alone, so nothing is quoted."""
        said = [f"{record}.id < {self.high:d}", f"{record}.id >= {self.low:d}"]
        if self.since_ms is not None:
            said.append(f"{record}.at_ms >= {self.since_ms:d}")
        if self.until_ms is not None:
            said.append(f"{record}.at_ms <= {self.until_ms:d}")
        if self.run is not None:
            said.append(f"{record}.run = {self.run:d}")
        return " and ".join(said)
