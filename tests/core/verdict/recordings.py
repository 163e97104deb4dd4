"""Owns the recorded answers of the venues as tests use them: at one instant, read as a client reads them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

from switchgear.core.verdict import Answer
from switchgear.practice.sim.answers import VENUES, Recorded, recorded

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
_NOW_S = int(NOW.timestamp())
UNTIL_MS = (_NOW_S + 90) * 1000
RESET_S = _NOW_S + 20


class Case(NamedTuple):
    """One recorded answer."""

    venue: str
    name: str
    place: int
    """Which of the answers of that name it is, from 0."""
    record: Recorded

    @property
    def answer(self) -> Answer:
        """The answer as it would come off the wire."""
        return Answer.read(self.record.status, self.record.headers, self.record.body.encode())

    def __str__(self) -> str:
        return f"{self.venue}-{self.name}-{self.place}"


CASES = [
    Case(venue, name, place, each.filled(until_ms=UNTIL_MS, reset_s=RESET_S))
    for venue in VENUES
    for name, answers in recorded(venue).items()
    for place, each in enumerate(answers)
]
