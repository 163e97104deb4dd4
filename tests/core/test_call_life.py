"""Owns the life of guards: several loops, threads, fork, Ctrl-C, never started, and the end of the program."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from textwrap import dedent

import pytest

import switchgear as sg
from tests.core.callkit import Calls, turns

OPENING = """
import logging, os, signal, sys, threading
logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(levelname)s %(message)s")
import switchgear as sg
gear = sg.Switchgear()
guard = gear.guarded("binance", "get_price", retries=0)
"""


def program(body: str) -> tuple[int, list[str]]:
    """A program of its own: its exit code, and the lines that it wrote."""
    done = subprocess.run(
        [sys.executable, "-c", OPENING + dedent(body)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout.splitlines()


@pytest.mark.slow  # it starts an interpreter
def test_the_end_of_the_program_flushes() -> None:
    """Nothing was started and nothing closed: every record is in the log all the same."""
    code, lines = program("for n in range(300): guard.call_sync(lambda: n)")
    assert code == 0
    assert len(lines) == 300
    assert all(line.startswith("INFO binance.get_price ") for line in lines)


@pytest.mark.slow  # as above
def test_ctrl_c_in_a_call_ends_the_program_and_flushes() -> None:
    """KeyboardInterrupt passes the guard, the call is told as cancelled."""
    code, lines = program("guard.call_sync(lambda: signal.raise_signal(signal.SIGINT))")
    assert code != 0
    assert len(lines) == 1
    assert "cancelled" in lines[0]


@pytest.mark.slow  # as above
def test_a_fork_leaves_both_with_working_guards() -> None:
    """As under a server that forks: the child calls, counts, logs once, and ends; so does the parent."""
    code, lines = program(
        """
        guard.call_sync(int)
        gear.flush()
        child = os.fork()
        if child == 0:
            for _ in range(3): guard.call_sync(int)
            gear.flush()
            metrics = gear.metrics("binance", "get_price")
            same = metrics.success_calls + metrics.in_flight == metrics.total_calls == 4
            drains = any(t.name == "switchgear-drain" for t in threading.enumerate())
            os._exit(0 if same and drains and metrics.in_flight == 0 else 3)
        _, status = os.waitpid(child, 0)
        guard.call_sync(int)
        gear.close()
        sys.exit(os.waitstatus_to_exitcode(status))
        """
    )
    assert code == 0
    assert len(lines) == 5


def test_ctrl_c_is_neutral_in_either_colour(calls: Calls) -> None:
    """It passes, in a loop as the cancellation that asyncio makes of it; the circuit learns nothing."""
    guard = calls.guard()

    async def interrupted() -> None:
        signal.raise_signal(signal.SIGINT)
        await turns()

    def call() -> None:
        if calls.is_async:
            calls.run(guard.call(interrupted))
        else:
            guard.call_sync(signal.raise_signal, signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        call()
    metrics = calls.metrics()
    assert (metrics.cancelled_calls, metrics.in_flight) == (1, 0)
    assert calls.gear.circuit("binance", "get_price").failures == 0


def test_one_guard_serves_several_loops_in_several_threads(async_calls: Calls) -> None:
    """Eight loops at once, and one after the other: no guard is bound to a loop."""
    together = threading.Barrier(8)

    @async_calls.guard()
    async def double(x: int) -> int:
        return 2 * x

    async def many() -> list[int]:
        await asyncio.get_running_loop().run_in_executor(None, together.wait, 30)
        return await asyncio.gather(*(double(x) for x in range(20)))

    with ThreadPoolExecutor(8) as pool:
        runs = [pool.submit(lambda: asyncio.run(many())) for _ in range(8)]
        results = [run.result() for run in runs]
    assert results == [[2 * x for x in range(20)]] * 8
    assert asyncio.run(double(4)) == 8
    assert async_calls.metrics().success_calls == 161


def test_threads_overlap_in_one_guard(sync_calls: Calls) -> None:
    """No lock is held while the function runs: all eight are inside at once."""
    inside = threading.Barrier(8)
    guard = sync_calls.guard()
    with ThreadPoolExecutor(8) as pool:
        runs = [pool.submit(guard.call_sync, inside.wait, 30) for _ in range(8)]
    assert sorted(run.result() for run in runs) == list(range(8))


def test_a_function_may_call_everything_back(sync_calls: Calls) -> None:
    """From inside a call: views, metrics, logs, holds, settings and another call, with no lock in the way."""
    calls = sync_calls
    guard = calls.guard()

    def work() -> str:
        calls.gear.circuits()
        calls.gear.all_metrics()
        calls.gear.logs()
        calls.gear.health()
        calls.gear.configure("binance", "get_other", retries=1)
        calls.gear.hold("binance", "get_other", by="ops", why="test")
        calls.gear.release("binance", "get_other", by="ops")
        calls.gear.flush()
        return guard.call_sync(lambda: "inner")

    done = list[str]()
    thread = threading.Thread(target=lambda: done.append(guard.call_sync(work)), daemon=True)
    thread.start()
    thread.join(30)
    assert done == ["inner"]


def test_calls_work_after_close(calls: Calls) -> None:
    """A closed gear still guards."""
    guard = calls.guard(failure_threshold=1, retries=0)
    calls.gear.close()
    assert calls.call(guard, lambda: 1) == 1
    calls.error(guard, calls.answers(ConnectionResetError()))
    assert isinstance(calls.error(guard, int), sg.CircuitOpenError)
