"""Owns what an error says of the circuits: a failure of one scope, an answer, or nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchgear.core.circuit import Settlement
from switchgear.core.errors import ApiError, DeadlineExceeded, Rejected
from switchgear.core.policy.scopes import Charge
from switchgear.core.verdict.carried import answer as carried_answer
from switchgear.core.words import REFUSALS, Kind

if TYPE_CHECKING:
    from switchgear.core.words import Verdict


def settlement_of(verdict: Verdict, error: BaseException) -> Settlement:
    """What an error says of the circuit it is charged to: a refusal is an answer, so the exchange is up."""
    if isinstance(error, (Rejected, DeadlineExceeded)):
        return Settlement.NEUTRAL
    if verdict.counts:
        return Settlement.FAILURE
    # Unsent and not counted is a mistake of ours: it never got to the exchange, so it proves nothing of it.
    answered = verdict.kind in REFUSALS and not verdict.unsent
    return Settlement.SUCCESS if answered else Settlement.NEUTRAL


def has_answer(error: BaseException) -> bool:
    """Whether the exchange answered, as far as the error tells: then whatever is wider than what it concerns is up."""
    if isinstance(error, ApiError):
        return error.status is not None
    return isinstance(error, Exception) and carried_answer(error, foreign=True) is not None


def charge_of(verdict: Verdict, error: BaseException, took_s: float = 0.0) -> Charge:
    """
    The same for the circuits of all scopes.

    Args:
        verdict: What the error means.
        error: The error itself.
        took_s: How long the attempt was out. One that timed out is slow besides: one sample in both rates.
    """
    settlement, timed_out = settlement_of(verdict, error), verdict.kind is Kind.TIMEOUT
    answered = not verdict.unsent and has_answer(error)
    return Charge(settlement, verdict.scope, answered, took_s, timed_out)
