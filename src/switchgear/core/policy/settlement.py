"""Owns what an error says of the circuit: a failure, an answer, or nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchgear.core.circuit import Settlement
from switchgear.core.errors import DeadlineExceeded, Rejected
from switchgear.core.words import REFUSALS

if TYPE_CHECKING:
    from switchgear.core.words import Verdict


def settlement_of(verdict: Verdict, error: BaseException) -> Settlement:
    """What an error says of the circuit: a refusal is an answer, so the exchange is up."""
    if isinstance(error, (Rejected, DeadlineExceeded)):
        return Settlement.NEUTRAL
    if verdict.counts:
        return Settlement.FAILURE
    # Unsent and not counted is a mistake of ours: it never got to the exchange, so it proves nothing of it.
    answered = verdict.kind in REFUSALS and not verdict.unsent
    return Settlement.SUCCESS if answered else Settlement.NEUTRAL
