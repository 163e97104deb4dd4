"""Owns the pitfalls of a whole call as a user meets them: decorated functions, both colours."""

from __future__ import annotations

import gc
import threading
import traceback
import weakref

import pytest

import switchgear as sg
from tests.core.colours import AsyncColour, Boom, SyncColour
from tests.core.desk import CLOSED, HALF, KEY, OPEN, Desk, colour, desk

__all__ = ["colour", "desk"]


def test_pitfall_02_a_predicate_that_raises_gives_the_place_back(desk: Desk) -> None:
    """
    2: the user's own `failed_result` fails on the probe's answer: the ticket is settled all the
    same.
    """
    desk.fail(times=3)
    desk.recover()
    desk.configure(failed_result=raise_type_error)
    with pytest.raises(TypeError):
        desk.good()
    desk.configure(failed_result=None)
    desk.clock.advance(
        10
    )  # if it was taken for a failure it is open now; either way no lease is lost
    assert desk.good() == "value"


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_pitfall_05_what_leaves_a_call_that_is_no_exception_is_neutral(
    error: type[BaseException],
) -> None:
    """5: Ctrl-C, exit and a closed generator neither count nor keep the probe's place."""
    desk = Desk(SyncColour())
    desk.fail(times=2)
    desk.fail(error, times=4)
    assert desk.gear.circuit(*KEY).failures == 2
    desk.fail()
    desk.recover()
    desk.fail(error)
    assert desk.state is HALF
    assert desk.good() == "value"
    desk.gear.close()


def test_pitfall_05_our_own_timeout_is_one_failure() -> None:
    """5: the cut of timeout_s arrives as a cancellation inside; it counts once, as a timeout."""
    desk = Desk(AsyncColour())
    desk.configure(timeout_s=2)
    guard = desk.gear.guarded(*KEY)
    for count in (1, 2):
        flight = desk.colour.begin(guard)
        desk.clock.advance(2)
        assert isinstance(flight.rejection(), sg.AttemptTimeout)
        assert desk.gear.circuit(*KEY).failures == count
    desk.colour.close()
    desk.gear.close()


def test_pitfall_06_a_refusal_of_the_exchange_proves_that_it_is_up(desk: Desk) -> None:
    """
    6: insufficient funds is an answer: on a probe it closes, in a row of failures it breaks the
    row.
    """

    def refuse() -> None:
        raise sg.ApiError("Account has insufficient balance", status=400, code=-2010)

    desk.fail(times=2)
    with pytest.raises(sg.ApiError):
        desk.colour.call(desk.guard, refuse)
    assert desk.gear.circuit(*KEY).failures == 0
    desk.fail(times=3)
    desk.recover()
    with pytest.raises(sg.ApiError):
        desk.colour.call(desk.guard, refuse)
    assert desk.state is CLOSED


def test_pitfall_07_a_rejection_from_an_inner_circuit_is_neutral(desk: Desk) -> None:
    """
    7: the probe went out and another circuit said no before anything was sent: the ticket comes
    back.
    """
    inner = desk.gear.guarded("binance", "get_ticker", retries=0, failure_threshold=1)
    with pytest.raises(Boom):
        inner.call_sync(raise_boom)
    desk.fail(times=3)
    desk.clock.advance(10)
    desk.gear.hold("binance", "get_ticker", state="open", by="ops", why="incident")
    with pytest.raises(sg.CircuitOpenError):
        desk.colour.call(desk.guard, lambda: inner.call_sync(lambda: 1))
    assert desk.state is HALF
    assert desk.good() == "value"


def raise_type_error(value: object) -> bool:
    """A predicate with a mistake in it."""
    raise TypeError(value)


def raise_boom() -> None:
    """Fail as an exchange does."""
    raise Boom("HTTP 503")


def test_pitfall_11_a_step_of_the_date_changes_nothing(desk: Desk) -> None:
    """11: the machine's date jumps by a year; the open spell takes as long as before."""
    desk.fail(times=3)
    for step_s in (31_536_000.0, -31_536_000.0):
        desk.clock.wall_offset_s = step_s
        assert desk.rejection().retry_after_s == pytest.approx(10)
    desk.recover()
    assert desk.good() == "value"


def test_pitfall_14_listeners_hear_the_moves_in_order(desk: Desk) -> None:
    """
    14: whatever a move's level in the log, the callbacks come in the order of the moves, each
    once.
    """
    heard, go_on = list[tuple[sg.CircuitState, sg.CircuitState]](), threading.Event()

    def listen(move: sg.CircuitMoved) -> None:
        heard.append((move.old, move.new))
        go_on.wait(10)  # so that the moves after the first one wait for their listener together

    desk.gear.on(sg.CircuitMoved, listen)
    desk.fail(times=3)
    desk.recover()
    desk.fail()
    desk.recover()
    desk.good()
    go_on.set()
    desk.gear.close()
    assert heard == [(CLOSED, OPEN), (OPEN, HALF), (HALF, OPEN), (OPEN, HALF), (HALF, CLOSED)]


def test_pitfall_14_a_listener_that_raises_reaches_neither_the_call_nor_the_next(
    desk: Desk,
) -> None:
    """
    14: errors of listeners are isolated: the caller has its own error, the second listener its
    event.
    """
    heard = list[sg.CircuitMoved]()

    def broken(move: sg.CircuitMoved) -> None:
        raise RuntimeError("listener")

    desk.gear.on(sg.CircuitMoved, broken)
    desk.gear.on(sg.CircuitMoved, heard.append)
    desk.fail(times=3)
    desk.recover()
    assert desk.good() == "value"
    desk.gear.close()
    assert [move.new for move in heard] == [OPEN, HALF, CLOSED]


def test_pitfall_14_a_listener_may_call_back_in(desk: Desk) -> None:
    """
    14: no lock is held while it runs: it reads, resets and logs, from its own thread and from
    another.
    """
    done = threading.Event()

    def look() -> None:
        desk.gear.circuits()
        desk.gear.logs(limit=1)
        desk.gear.reset(*KEY, by="listener")

    def on_open(move: sg.CircuitMoved) -> None:
        if move.new is OPEN:
            look()
            other = threading.Thread(target=look, daemon=True)
            other.start()
            other.join(5)
            if not other.is_alive():
                done.set()

    desk.gear.on(sg.CircuitMoved, on_open)
    desk.fail(times=3)
    assert done.wait(5), "the listener hung: a lock is held while it runs"
    assert desk.state is CLOSED


def test_pitfall_15_nested_use_of_one_circuit_counts_a_failure_once() -> None:
    """
    15: a guarded function inside another of the same key: one failure that passes through both is
    one.
    """
    desk = Desk(SyncColour())
    inner = desk.guard(raise_boom)

    with pytest.raises(Boom):
        desk.guard(inner)()

    assert desk.gear.circuit(*KEY).failures == 1
    desk.gear.close()


def test_pitfall_15_a_probe_that_calls_its_own_circuit_is_refused_inside_and_not_lost() -> None:
    """
    15: no recursion and no deadlock: the inner call is rejected, which is neutral for the outer
    probe.
    """
    desk = Desk(SyncColour())
    desk.fail(times=3)
    desk.recover()
    inner = desk.guard(int)
    with pytest.raises(sg.CircuitOpenError):
        desk.colour.call(desk.guard, inner)
    assert desk.state is HALF
    assert desk.good() == "value"
    desk.gear.close()


def test_pitfall_18_each_rejection_is_fresh_and_its_traceback_does_not_grow(desk: Desk) -> None:
    """
    18: a thousand rejections are a thousand errors, the last with as short a traceback as the
    first.
    """
    desk.fail(times=3)
    first = desk.rejection()
    depth = len(traceback.extract_tb(first.__traceback__))
    for _ in range(1_000):
        desk.rejection()
    last = desk.rejection()
    assert last is not first
    assert len(traceback.extract_tb(last.__traceback__)) == depth
    assert (last.__cause__, last.__context__) == (None, None)


def test_pitfall_18_a_rejection_says_when_where_and_why(desk: Desk) -> None:
    """
    18: retry_after_s, the key and the cause in words; and it is no error that a retry would take
    up.
    """
    desk.fail(times=3)
    desk.clock.advance(4)
    error = desk.rejection()
    assert error.retry_after_s == pytest.approx(6)
    assert (error.exchange, error.method) == KEY
    assert "HTTP 503" in error.reason
    assert not sg.classify(error, exchange="binance", effect=sg.Effect.READ).retryable
    assert not sg.classify(error, exchange="binance", effect=sg.Effect.READ).counts


def test_pitfall_18_a_secret_in_a_failed_call_is_not_kept_alive(desk: Desk) -> None:
    """
    18: neither a rejection nor the gear holds the failed call's frames: its locals are gone, with
    the secret.
    """
    secrets = list[weakref.ref[Secret]]()

    def sign_and_fail() -> None:
        api_secret = Secret()
        secrets.append(weakref.ref(api_secret))
        raise Boom("HTTP 503")

    for _ in range(3):
        with pytest.raises(Boom):
            desk.colour.call(desk.guard, sign_and_fail)
    rejection = desk.rejection()
    desk.gear.logs(limit=100)
    gc.collect()
    assert len(secrets) == 3
    assert [secret() for secret in secrets] == [None, None, None]
    assert rejection.retry_after_s is not None


class Secret:
    """
    Stands for a key in a local variable; a weak reference to it tells whether anybody still holds
    its frame.
    """


def test_pitfall_19_a_reload_while_calls_are_out_keeps_their_tickets(desk: Desk) -> None:
    """
    19: two calls are out when the threshold falls to two; both fail, both count,
    and it opens.
    """
    flights = desk.colour.begin_many(desk.guard, 2)
    desk.configure(failure_threshold=2)
    flights[0].end(Boom())
    assert desk.gear.circuit(*KEY).failures == 1
    flights[1].end(Boom())
    assert desk.state is OPEN


def test_pitfall_19_a_reload_while_open_keeps_the_instant(desk: Desk) -> None:
    """19: a new open time is for the next spell."""
    desk.fail(times=3)
    desk.configure(reset_timeout_s=500)
    assert desk.rejection().retry_after_s == pytest.approx(10)
    desk.recover()
    desk.fail()
    assert desk.rejection().retry_after_s == pytest.approx(500)
