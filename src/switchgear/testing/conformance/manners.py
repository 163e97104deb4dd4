"""Owns questions on what a breaker does around a call: what it counts, whom it tells, and what it keeps."""

from __future__ import annotations

import gc
import weakref
from threading import Event, Thread
from typing import TYPE_CHECKING

from switchgear.testing.conformance.calls import Colour
from switchgear.testing.conformance.desk import CLOSED, HALF_OPEN, NO_CLOSING, OPEN, Boom, Excluded

if TYPE_CHECKING:
    from types import TracebackType

    from switchgear.testing.conformance.adapter import AnyBreaker
    from switchgear.testing.conformance.desk import Desk

REFUSALS = 100


def cancellations_closed(desk: Desk) -> None:
    """More calls than the threshold, each cut off, do not open it."""
    for number in range(desk.threshold + 1):
        (flight,) = desk.begin()
        desk.expect(flight.ran, f"refused after {number} calls were cut off")
        desk.cancel(flight)
    desk.expect_state(CLOSED, f"after {desk.threshold + 1} calls were cut off")
    desk.open()


def excluded_closed(desk: Desk) -> None:
    """More calls than the threshold, each with an excluded error, do not open it."""
    desk.fail(desk.threshold + 1, Excluded)
    desk.expect_state(CLOSED, f"after {desk.threshold + 1} excluded errors")
    desk.open()


def inner_refusal(desk: Desk) -> None:
    """A refusal by a breaker of the same kind within the call does not count: nothing was called."""
    inner = desk.make()
    desk.fail(desk.threshold, of=inner)
    for _ in range(desk.threshold):
        refused = desk.call(lambda: desk.calls.nest(inner, str)).error is not None
        desk.need(refused, "failures do not open it: see trips")
    desk.expect_state(CLOSED, f"after an inner breaker refused {desk.threshold} times")
    desk.open()


def nested(desk: Desk) -> None:
    """A call through the breaker from within a call through it comes back, and loses no probe's place."""
    desk.call(lambda: desk.calls.nest(desk.breaker, str))
    desk.recover()
    desk.call(lambda: desk.calls.nest(desk.breaker, str))
    desk.expect(desk.admits_in_time(), "refused for ever after a probe called its own breaker")


def fresh_refusal(desk: Desk) -> None:
    """Every refusal is an error of its own, and its traceback does not grow."""
    desk.open()
    first = last = desk.good().error
    depth = _depth(first)
    for _ in range(REFUSALS):
        last = desk.good().error
    desk.expect(last is not first, f"one error was raised {REFUSALS} times")
    desk.expect(_depth(last) <= depth, f"a traceback grew from {depth} to {_depth(last)} entries")


def _depth(error: BaseException | None) -> int:
    depth, trace = 0, _trace(error)
    while trace is not None:
        depth, trace = depth + 1, trace.tb_next
    return depth


def _trace(error: BaseException | None) -> TracebackType | None:
    return None if error is None else error.__traceback__


class Secret:
    """Something in a failed call that nobody may keep alive."""


def no_frames_kept(desk: Desk) -> None:
    """Neither the breaker nor its refusals keep a failed call's frames, with the secrets among their locals."""
    secrets = list[weakref.ref[Secret]]()

    def sign_and_fail() -> None:
        secret = Secret()
        secrets.append(weakref.ref(secret))
        raise Boom("HTTP 503")

    for _ in range(desk.threshold):
        desk.call(sign_and_fail, forgets=True)
    desk.need(desk.state == OPEN, "failures do not open it: see trips")
    refusal = desk.good().error
    gc.collect()
    alive = sum(secret() is not None for secret in secrets)
    desk.expect(alive == 0, f"{alive} of {len(secrets)} failed calls are kept with their locals")
    del refusal


def listener_order(desk: Desk) -> None:
    """Listeners are told every opening and closing, in order and once; half-open all times or never."""
    desk.recover()
    desk.fail()
    desk.need(desk.state == OPEN, "a failed probe does not open it: see failed_probe_reopens")
    desk.pass_time(1.01)
    desk.good()
    desk.need(desk.state == CLOSED, NO_CLOSING)
    heard = desk.hear()
    whole = [OPEN, HALF_OPEN, OPEN, HALF_OPEN, CLOSED]
    wanted = whole if HALF_OPEN in heard else [OPEN, OPEN, CLOSED]
    desk.expect(heard == wanted, f"told {', '.join(heard) or 'nothing'}")


class ListenerBroke(Exception):
    """What a broken listener raises."""


def listener_error(desk: Desk) -> None:
    """A listener that raises changes neither what callers get nor how the breaker moves."""

    def refuse(state: str) -> None:
        raise ListenerBroke(state)

    desk.recover()
    desk.good()
    desk.need(desk.state == CLOSED, NO_CLOSING)
    desk.on_move = refuse
    errors = [desk.fail().error for _ in range(desk.threshold)]
    desk.expect_state(OPEN, "after its listener raised")
    desk.pass_time(1.01)
    errors.append(desk.good().error)
    told = any(isinstance(error, ListenerBroke) for error in errors)
    desk.expect(not told, "a caller got the error of the listener")
    desk.expect_state(CLOSED, "after a good probe whose listener raised")


def listener_lock(desk: Desk) -> None:
    """No lock is held while a listener runs: another thread reads the state, and calls, meanwhile."""
    hung = list[str]()

    def look(breaker: AnyBreaker, done: Event) -> None:
        breaker.state()
        if desk.calls.colour is Colour.SYNC:
            _call(desk, breaker)
        done.set()

    def on_move(state: str) -> None:
        done = Event()
        Thread(target=look, args=(desk.breaker, done), daemon=True).start()
        if not done.wait(desk.patience_s / 2):
            hung.append(state)

    desk.on_move = on_move
    desk.open()
    desk.hear()
    desk.expect(not hung, f"another thread waits while the listener of {hung} runs")


def _call(desk: Desk, breaker: AnyBreaker) -> None:
    try:
        desk.calls.nest(breaker, str)
    except Exception as error:  # noqa: BLE001  # a refusal, of any class: that it comes back is all that is asked
        del error
