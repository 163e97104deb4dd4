"""Owns the shape of one row in a table of answers; the rows are left to the tables."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum, Flag, auto
from typing import TYPE_CHECKING

from switchgear.core.verdict.wait import banned_s, retry_after_s
from switchgear.core.words import Effect, Kind, Scope, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from switchgear.core.verdict.answer import Answer


class Mark(Flag):
    """What a row says beside its kind; a row without marks is a plain refusal."""

    PLAIN = 0
    RETRY = auto()
    """Another attempt can help."""
    COUNTS = auto()
    """It is a failure of the circuit."""
    UNKNOWN = auto()
    """The exchange may have carried the request out: ambiguous for a trade."""
    UNSENT = auto()
    """It is proved that nothing left this machine."""


class Wait(Enum):
    """Where the time to stay away is read from."""

    NONE = "-"
    HEADER = "Retry-After"
    BAN = "Retry-After, else the instant in the message"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table: the answers it fits, and what they mean."""

    statuses: range
    """HTTP statuses it fits. An answer without a status fits every row that names codes."""
    codes: range | tuple[int, ...] | None
    """
    The exchange's codes it fits; None for any code or none, `()` for an answer without a code.
    """
    pattern: str
    """What the message must contain, as a regular expression in any case; empty for any message."""
    kind: Kind
    scope: Scope
    marks: Mark
    wait: Wait
    guess_s: float | None
    """Seconds to stay away when the exchange does not say; None when nobody knows."""
    meaning: str
    """In words, for the page."""
    _regex: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_regex", re.compile(self.pattern, re.IGNORECASE))

    def fits(self, answer: Answer, number: int | None) -> bool:
        """Whether this row speaks of the answer; number is its code as a whole number."""
        return (
            self._fits_status(answer.status)
            and self._fits_code(answer, number)
            and (not self.pattern or self._regex.search(answer.message) is not None)
        )

    def verdict(
        self, answer: Answer, effect: Effect, wall: Callable[[], datetime] | None = None
    ) -> Verdict:
        """What the answer means, by this row; wall is asked only where the wait needs the date."""
        return Verdict(
            kind=self.kind,
            scope=self.scope,
            retryable=Mark.RETRY in self.marks,
            counts=Mark.COUNTS in self.marks,
            ambiguous=Mark.UNKNOWN in self.marks and effect is Effect.TRADE,
            retry_after_s=self._wait_s(answer, wall),
        )

    def _fits_status(self, status: int) -> bool:
        return status in self.statuses or (status == 0 and bool(self.codes))

    def _fits_code(self, answer: Answer, number: int | None) -> bool:
        if self.codes is None:
            return True
        return number in self.codes if self.codes else answer.code is None

    def _wait_s(self, answer: Answer, wall: Callable[[], datetime] | None) -> float | None:
        if self.wait is Wait.NONE:
            return None
        said_s = retry_after_s(answer.header("Retry-After"), wall)
        if said_s is None and self.wait is Wait.BAN:
            said_s = banned_s(answer.message, wall)
        return self.guess_s if said_s is None else said_s
