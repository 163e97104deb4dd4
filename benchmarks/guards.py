"""Owns the candidates of the first two rows: bare calls, switchgear and its peers, closed, failing and open."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any

from benchmarks.functions import FAILING, answers, answers_async, fails, fails_async
from benchmarks.measure import Candidate, async_calls, async_raises, calls, raises, then
from benchmarks.peers import NEVER, OPEN_S, PEERS, Peer
from switchgear import CircuitOpenError, Switchgear

if TYPE_CHECKING:
    from asyncio import Runner
    from collections.abc import Callable, Iterator

    from switchgear import Guarded

OURS = "switchgear"
BARE = "bare call"
TIMEOUT_S = 10.0
DRAINED_CALLS = 500
"""Calls before the drain comes: it comes ten times a second."""


def candidates(gear: Switchgear, runner: Runner) -> list[Candidate]:
    """All of them; the gear's are flushed after each sample, so that nobody's sample pays for another's records."""
    return [
        *_bare(runner),
        *_closed(gear, runner),
        *_failing(gear, runner),
        *_open(gear, runner),
        *_tried(gear),
        *(candidate for peer in PEERS for candidate in _of_peer(peer, runner)),
    ]


def rejection_of(function: Callable[[], object]) -> type[Exception]:
    """Open a circuit by its first failure and see with what it refuses the next call."""
    raised: list[type[Exception]] = []
    for _ in range(2):
        try:
            function()
        except Exception as error:  # noqa: BLE001  # each library has its own
            raised.append(type(error))
    assert len(raised) == 2, "the circuit does not guard"
    assert raised[1] is not ConnectionResetError, "the circuit is not open"
    return raised[1]


def _bare(runner: Runner) -> Iterator[Candidate]:
    yield Candidate(BARE, "sync ok", calls(answers))
    yield Candidate(BARE, "async ok", async_calls(runner, answers_async))
    yield Candidate(BARE, "async fail", async_raises(runner, fails_async, ConnectionResetError))
    yield Candidate("asyncio.timeout", "async ok", async_calls(runner, _in_time(answers_async)))
    for kind, (function, error) in FAILING.items():
        yield Candidate(BARE, kind, raises(function, error))


def _closed(gear: Switchgear, runner: Runner) -> Iterator[Candidate]:
    sync = calls(gear.guarded("bench", "get_closed")(answers))
    handle = gear.guarded("bench", "get_handle")
    untimed = gear.guarded("bench", "get_async", timeout_s=None)(answers_async)
    timed = gear.guarded("bench", "get_timed", timeout_s=TIMEOUT_S)(answers_async)
    yield Candidate(OURS, "sync ok", sync, gear.flush)
    yield Candidate(f"{OURS}, drained", "sync ok", then(sync, gear.flush), number=DRAINED_CALLS)
    yield Candidate(
        f"{OURS}, call_sync", "sync ok", calls(partial(handle.call_sync, answers)), gear.flush
    )
    yield Candidate(OURS, "async ok", async_calls(runner, untimed), gear.flush)
    yield Candidate(f"{OURS}, timeout", "async ok", async_calls(runner, timed), gear.flush)


def _trade(gear: Switchgear, method: str, threshold: int) -> Guarded:
    """A trade is never tried again: one failing attempt is the whole call."""
    return gear.guarded(
        "bench",
        f"create_{method}",
        failure_threshold=threshold,
        reset_timeout_s=OPEN_S,
        timeout_s=None,
    )


def _failing(gear: Switchgear, runner: Runner) -> Iterator[Candidate]:
    for kind, (function, error) in FAILING.items():
        guarded = _trade(gear, f"failing_{error.__name__}", NEVER)(function)
        yield Candidate(OURS, kind, raises(guarded, error), gear.flush)
    guarded = _trade(gear, "failing_async", NEVER)(fails_async)
    run = async_raises(runner, guarded, ConnectionResetError)
    yield Candidate(OURS, "async fail", run, gear.flush)


def _open(gear: Switchgear, runner: Runner) -> Iterator[Candidate]:
    sync, asynchronous = _trade(gear, "open", 1)(fails), _trade(gear, "open_async", 1)(fails_async)
    rejection = rejection_of(sync)
    assert rejection_of(lambda: runner.run(_awaited(asynchronous))) is rejection is CircuitOpenError
    yield Candidate(OURS, "sync open", raises(sync, rejection), gear.flush)
    yield Candidate(OURS, "async open", async_raises(runner, asynchronous, rejection), gear.flush)


def _tried(gear: Switchgear) -> Iterator[Candidate]:
    """try_call beside the raise: the same handle, the same function, the error as a value or caught."""
    failing, refusing = _trade(gear, "tried", NEVER), _trade(gear, "tried_open", 1)
    rejection_of(lambda: refusing.call_sync(fails))
    for handle, kind, error in (
        (failing, "fail", ConnectionResetError),
        (refusing, "open", CircuitOpenError),
    ):
        tried = calls(partial(handle.try_call_sync, fails))
        raised = raises(partial(handle.call_sync, fails), error)
        yield Candidate(f"{OURS}, try_call", f"sync {kind}", tried, gear.flush)
        yield Candidate(f"{OURS}, call", f"sync {kind}", raised, gear.flush)


def _of_peer(peer: Peer, runner: Runner) -> Iterator[Candidate]:
    yield Candidate(peer.name, "sync ok", calls(peer.guard(answers, False, False)))
    if peer.breaks:
        for kind, (function, error) in FAILING.items():
            yield Candidate(peer.name, kind, raises(peer.guard(function, False, False), error))
        refusing = peer.guard(fails, True, False)
        yield Candidate(peer.name, "sync open", raises(refusing, rejection_of(refusing)))
    if peer.awaits:
        yield from _of_async_peer(peer, runner)


def _of_async_peer(peer: Peer, runner: Runner) -> Iterator[Candidate]:
    guarded = peer.guard(answers_async, False, True)
    yield Candidate(peer.name, "async ok", async_calls(runner, guarded))
    if peer.name == "circuitbreaker":
        run = async_calls(runner, _in_time(guarded))
        yield Candidate(f"{peer.name} in asyncio.timeout", "async ok", run)
    if peer.breaks:
        failing, refusing = (
            peer.guard(fails_async, False, True),
            peer.guard(fails_async, True, True),
        )
        run = async_raises(runner, failing, ConnectionResetError)
        yield Candidate(peer.name, "async fail", run)
        rejection = rejection_of(lambda: runner.run(_awaited(refusing)))
        yield Candidate(peer.name, "async open", async_raises(runner, refusing, rejection))


def _in_time(function: Callable[[], Any]) -> Callable[[], Any]:
    async def timed() -> Any:
        async with asyncio.timeout(TIMEOUT_S):
            return await function()

    return timed


async def _awaited(function: Callable[[], Any]) -> Any:
    return await function()
