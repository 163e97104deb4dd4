"""Owns asking one question of one breaker within bounds; the questions are in questions, their words in desk."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Thread
from typing import TYPE_CHECKING

from switchgear.testing.conformance.desk import SPELLS, Desk
from switchgear.testing.conformance.verdict import (
    Failed,
    Fault,
    NotApplicable,
    Passed,
    Stuck,
    Unasked,
    Verdict,
    Wedged,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from switchgear.testing.conformance.adapter import Adapter
    from switchgear.testing.conformance.calls import Colour

PATIENCE_S = 5.0
"""Real seconds after which a call is given up; only a breaker whose calls do not come back costs them."""
_THRESHOLD = 3


@dataclass(frozen=True, slots=True)
class Question:
    """Something to ask of a breaker."""

    ask: Callable[[Desk], None]
    """Asks it: says nothing when all is well, raises a Fault, Unasked or Stuck else."""
    source: str
    """Where it comes from: a probe or a pitfall of the survey, or basics."""
    features: tuple[str, ...] = ()
    """What the adapter's make must be able to take."""
    threshold: int = _THRESHOLD

    @property
    def name(self) -> str:
        """As reports and tests show it."""
        return self.ask.__name__

    @property
    def asks(self) -> str:
        """What holds of a breaker that passes, in a sentence."""
        return " ".join((self.ask.__doc__ or self.name).split())


@dataclass(frozen=True, slots=True)
class Check:
    """A question in one colour; call it with an adapter."""

    question: Question
    colour: Colour

    @property
    def name(self) -> str:
        """The question's, and the colour."""
        return f"{self.question.name}-{self.colour}"

    __name__ = name  # pytest's word for the name of a parameter

    def __str__(self) -> str:
        return self.name

    def __call__(self, adapter: Adapter, patience_s: float = PATIENCE_S) -> Verdict:
        """
        The verdict on a fresh breaker of the adapter.

        Raises:
            Exception: Whatever the adapter itself raises: that is no verdict on the breaker.
        """
        asked = _Asked(self, adapter, patience_s)
        thread = Thread(target=asked.run, name=self.name, daemon=True)
        thread.start()
        # A call that hangs is found by the desk. This bound is for what hangs the desk's own thread: a blocking call
        # on the loop, or the adapter. One that really waits needs its spells.
        thread.join(4 * patience_s + 2 * SPELLS * getattr(adapter, "reset_timeout_s", 0.0))
        if asked.error is not None:
            raise asked.error
        return asked.verdict


@dataclass(slots=True)
class _Asked:
    """A check under way, in a thread of its own."""

    check: Check
    adapter: Adapter
    patience_s: float
    verdict: Verdict = field(default_factory=lambda: Wedged("the check itself did not come back"))
    error: BaseException | None = None

    def run(self) -> None:
        try:
            self.verdict = self._ask()
        except BaseException as error:  # noqa: BLE001  # raised again where the check was called
            self.error = error

    def _ask(self) -> Verdict:
        question = self.check.question
        try:
            desk = Desk(
                self.adapter,
                self.check.colour,
                question.threshold,
                self.patience_s,
                *question.features,
            )
        except Unasked as unasked:
            return NotApplicable(str(unasked))
        try:
            question.ask(desk)
        except Fault as fault:
            return Failed(str(fault))
        except Unasked as unasked:
            return NotApplicable(str(unasked))
        except Stuck as stuck:
            return Wedged(str(stuck))
        finally:
            desk.close()
        return Passed()
