"""Owns what an error says of the circuits: a failure of one scope, an answer, or nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchgear.core.circuit import Settlement
from switchgear.core.errors import ApiError, DeadlineExceeded, Rejected
from switchgear.core.policy.scopes import Charge
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
    """Whether the exchange answered, as far as the error tells: then whatever is wider than what failed is up."""
    return isinstance(error, ApiError) and error.status is not None


def charge_of(verdict: Verdict, error: BaseException, *, slow: bool = False) -> Charge:
    """
    The same for the circuits of all scopes.

    Args:
        verdict: What the error means.
        error: The error itself.
        slow: The attempt took longer than slow_call_s. One that timed out is slow too: one sample in both rates.
    """
    is_slow = slow or verdict.kind is Kind.TIMEOUT
    return Charge(settlement_of(verdict, error), verdict.scope, has_answer(error), is_slow)
