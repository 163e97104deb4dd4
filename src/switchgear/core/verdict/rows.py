"""Owns the shape of one row in a table of answers; the rows are left to the tables."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum, Flag, auto
from typing import TYPE_CHECKING, TypeAlias

from switchgear.core.verdict.wait import banned_s, reset_s, retry_after_s
from switchgear.core.words import Effect, Kind, Scope, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from switchgear.core.verdict.answer import Answer


Codes: TypeAlias = range | tuple[int | str, ...]
"""
Codes of an exchange: a range of numbers, or numbers and words in any mixture.

A word is compared in any case; one that ends in `*` means every word that begins so.
"""


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
    RESET = "Retry-After, else X-RateLimit-Reset"
    BAN = "Retry-After, else the instant in the message"


FOREIGN_STATUSES = tuple(set(range(400, 500)) - {407, 408, 418, 425, 429, 451})
"""Where a page without a code is no word of the exchange's; the others mean what the statuses say."""

FOREIGN_PAGE = r"\A\s*(?:<|\Z)"
"""How a page of a proxy in front begins, or an answer without any text."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table: the answers it fits, and what they mean."""

    name: str
    """In snake_case, unique in its table."""
    statuses: range | tuple[int, ...]
    """HTTP statuses it fits. An answer without a status fits every row that names codes."""
    codes: Codes | None
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
    _words: frozenset[str] = field(init=False, repr=False, compare=False)
    _beginnings: tuple[str, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        codes = self.codes if isinstance(self.codes, tuple) else ()
        words = [code.upper() for code in codes if isinstance(code, str)]
        begin = tuple(word[:-1] for word in words if word.endswith("*"))
        object.__setattr__(self, "_words", frozenset(words))
        object.__setattr__(self, "_beginnings", begin)

    def fits(self, answer: Answer, code: int | str | None) -> bool:
        """Whether this row speaks of the answer; code is the answer's own, as `Answer.key` has it."""
        return (
            self._fits_status(answer.status)
            and self._fits_code(code)
            and (not self.pattern or self._fits_message(answer.message))
        )

    def verdict(
        self, answer: Answer, effect: Effect, wall: Callable[[], datetime] | None = None
    ) -> Verdict:
        """What the answer means, by this row; wall is asked only where the wait needs the date."""
        wait_s = self._wait_s(answer, wall)
        # Maintenance with an end that was named closes a gate until then; without one the circuit has to find out.
        is_gate = self.kind is Kind.MAINTENANCE and wait_s is not None
        return Verdict(
            kind=self.kind,
            scope=self.scope,
            retryable=Mark.RETRY in self.marks,
            counts=Mark.COUNTS in self.marks and not is_gate,
            ambiguous=Mark.UNKNOWN in self.marks and effect is Effect.TRADE,
            retry_after_s=wait_s,
        )

    def _fits_status(self, status: int) -> bool:
        return status in self.statuses or (status == 0 and bool(self.codes))

    def _fits_code(self, code: int | str | None) -> bool:
        if self.codes is None:
            return True
        if code is None or not self.codes:
            return code is None and not self.codes
        if isinstance(code, int):
            return code in self.codes
        return code in self._words or code.startswith(self._beginnings)

    def _fits_message(self, message: str) -> bool:
        # Not compiled beforehand: re keeps what it compiled, and most programs never ask.
        return re.search(self.pattern, message, re.IGNORECASE) is not None

    def _wait_s(self, answer: Answer, wall: Callable[[], datetime] | None) -> float | None:
        if self.wait is Wait.NONE:
            return None
        said_s = retry_after_s(answer.header("Retry-After"), wall)
        if said_s is None and self.wait is Wait.RESET:
            said_s = reset_s(answer.header("X-RateLimit-Reset"), wall)
        if said_s is None and self.wait is Wait.BAN:
            said_s = banned_s(answer.message, wall)
        return self.guess_s if said_s is None else said_s
