"""Owns what an error says of the circuits: whom it is charged to, whether there was an answer, whether it was slow."""

from __future__ import annotations

import pytest

from switchgear.core.circuit import Settlement
from switchgear.core.errors import ApiError, AttemptTimeout, CircuitOpenError, DeadlineExceeded
from switchgear.core.policy.settlement import charge_of, has_answer, settlement_of
from switchgear.core.words import Kind, Scope, Verdict

LOST = Verdict(Kind.NETWORK, counts=True)
TIMED_OUT = Verdict(Kind.TIMEOUT, counts=True)
REFUSED = Verdict(Kind.INSUFFICIENT_FUNDS)
BANNED = Verdict(Kind.BANNED, Scope.ADDRESS)
MISTAKE = Verdict(Kind.INVALID_REQUEST, unsent=True)


class Foreign(Exception):
    """An error of another client, which may carry a status."""

    def __init__(self, status: int | None) -> None:
        super().__init__("no")
        self.status = status


@pytest.mark.parametrize(
    ("verdict", "settlement"),
    [
        (LOST, Settlement.FAILURE),
        (REFUSED, Settlement.SUCCESS),
        (BANNED, Settlement.NEUTRAL),
        (MISTAKE, Settlement.NEUTRAL),
    ],
)
def test_each_sort_of_error_settles_its_own_way(verdict: Verdict, settlement: Settlement) -> None:
    """What counts is a failure, a refusal an answer, a gate's kind and a mistake of ours nothing."""
    assert settlement_of(verdict, ApiError("no", status=400)) is settlement


@pytest.mark.parametrize(
    "error",
    [
        CircuitOpenError("binance", "get_x", Scope.METHOD, "open", 1.0),
        DeadlineExceeded("binance", "get_x", 1.0),
    ],
)
def test_an_error_of_ours_proves_nothing_whatever_its_verdict(error: Exception) -> None:
    """A rejection further in, or a cut by the deadline, is no failure of the exchange."""
    assert settlement_of(LOST, error) is Settlement.NEUTRAL
    assert charge_of(LOST, error).settlement is Settlement.NEUTRAL


@pytest.mark.parametrize(
    ("error", "answered"),
    [
        (ApiError("no", status=503), True),
        (ApiError("no"), False),
        (Foreign(500), True),
        (Foreign(None), False),
        (KeyboardInterrupt(), False),
    ],
)
def test_a_status_is_an_answer_whoever_carries_it(error: BaseException, answered: bool) -> None:
    """Ours or another client's: with a status of an answer the exchange is up."""
    assert has_answer(error) is answered


def test_what_never_left_was_never_answered() -> None:
    """A status on an error that was proved unsent is of something else."""
    assert not charge_of(MISTAKE, ApiError("no", status=400)).answered
    assert charge_of(REFUSED, ApiError("no", status=400)).answered


def test_only_a_timeout_is_slow_by_any_word() -> None:
    """It is one sample in both rates; all others are as slow as they were long."""
    assert charge_of(TIMED_OUT, AttemptTimeout("late"), 3.0).timed_out is True
    charge = charge_of(LOST, ApiError("no"), 3.0)
    assert (charge.timed_out, charge.took_s, charge.scope) == (False, 3.0, Scope.METHOD)
    assert charge_of(LOST, ApiError("no")).took_s == 0.0


def test_a_charge_is_lost_where_no_answer_came() -> None:
    """A success is never lost, nor what was answered."""
    assert charge_of(LOST, ApiError("no")).lost
    assert not charge_of(LOST, ApiError("no", status=503)).lost
    assert not charge_of(REFUSED, ApiError("no", status=400)).lost
