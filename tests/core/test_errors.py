"""Owns the tests of the error tree: who is whose child, what each says, and that each survives a pickle."""

from __future__ import annotations

import inspect
import pickle

import pytest

from switchgear.core import errors
from switchgear.core.errors import (
    ApiError,
    AttemptTimeout,
    BulkheadFullError,
    CircuitOpenError,
    DeadlineExceeded,
    GateClosedError,
    JournalUnavailable,
    NetworkError,
    OrderOutcomeUnknown,
    OrderRefused,
    Rejected,
    SettingsError,
    SwitchgearError,
    WouldBlockLoop,
)
from switchgear.core.words import Kind, Scope, Verdict

WHERE = ("binance", "get_x", Scope.METHOD, "circuit open: ConnectionResetError", 2.5)
SAMPLES = [
    SwitchgearError("x"),
    SettingsError("retries", -1, "must be a whole number from 0"),
    *(kind(*WHERE) for kind in (Rejected, CircuitOpenError, GateClosedError)),
    *(kind(*WHERE) for kind in (BulkheadFullError, JournalUnavailable)),
    DeadlineExceeded("binance", "get_x", 5.0),
    WouldBlockLoop("binance", "get_x", 0.3),
    *(kind("no", status=503, code=-1000) for kind in (ApiError, NetworkError, AttemptTimeout)),
    OrderRefused("no funds", code=-2010, exchange="binance", method="create_order"),
    OrderOutcomeUnknown("cut", client_order_id="sg-1", verdict=Verdict(Kind.TIMEOUT)),
]
PARENTS = {
    SettingsError: {SwitchgearError, ValueError},
    Rejected: {SwitchgearError},
    CircuitOpenError: {Rejected},
    GateClosedError: {Rejected},
    BulkheadFullError: {Rejected},
    JournalUnavailable: {Rejected},
    DeadlineExceeded: {SwitchgearError, TimeoutError},
    WouldBlockLoop: {SwitchgearError},
    ApiError: {SwitchgearError},
    NetworkError: {ApiError},
    AttemptTimeout: {NetworkError, TimeoutError},
    OrderRefused: {ApiError},
    OrderOutcomeUnknown: {ApiError},
}


def test_the_tree_is_as_drawn() -> None:
    """Each class has the parents that the top of errors.py draws, and no class is without a sample here."""
    found = {
        cls
        for _, cls in inspect.getmembers(errors, inspect.isclass)
        if cls.__module__ == errors.__name__
    }
    assert found == {*PARENTS, SwitchgearError} == {type(sample) for sample in SAMPLES}
    assert {cls: set(cls.__bases__) for cls in PARENTS} == PARENTS
    assert all(cls.__name__ in (errors.__doc__ or "") for cls in found)


@pytest.mark.parametrize("error", SAMPLES, ids=lambda error: type(error).__name__)
def test_an_error_survives_a_pickle(error: SwitchgearError) -> None:
    """What a worker process raises reads the same in its parent, fields and all."""
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert (str(copy), copy.args, vars(copy)) == (str(error), error.args, vars(error))


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (SAMPLES[1], "retries=-1: must be a whole number from 0"),
        (
            CircuitOpenError(*WHERE),
            "binance.get_x was not called: circuit open: ConnectionResetError; try again in 2.5 s",
        ),
        (CircuitOpenError(*WHERE[:3], "held", None), "binance.get_x was not called: held"),
        (
            DeadlineExceeded("binance", "get_x", 5.0),
            "binance.get_x did not end within its deadline of 5 s",
        ),
        (
            WouldBlockLoop("binance", "get_x", 0.3),
            "binance.get_x would block the running event loop for 0.30 s; use await, or a thread",
        ),
        (ApiError("down"), "down"),
        (ApiError("down", status=503, code=-1000), "down (HTTP 503, code -1000)"),
        (ApiError("down", exchange="b", method="m", code=0), "b.m: down (code 0)"),
    ],
)
def test_the_message_is_made_of_the_fields(error: SwitchgearError, text: str) -> None:
    """Each error says what happened in one line."""
    assert str(error) == text


def test_a_rejection_has_its_fields() -> None:
    """What a caller decides by can be read without parsing the message."""
    error = GateClosedError(*WHERE)
    found = (error.exchange, error.method, error.scope, error.reason, error.retry_after_s)
    assert found == WHERE


def test_a_long_value_is_cut() -> None:
    """A setting of ten thousand letters does not make a message of as many."""
    error = SettingsError("retries", "x" * 10_000, "must be a whole number")
    assert len(str(error)) < 150
    assert str(error).endswith("…: must be a whole number")
