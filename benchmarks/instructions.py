"""
Owns the count of machine instructions of a call, by valgrind's callgrind: the same in every run, whoever else computes.

`python benchmarks/instructions.py` runs each case twice, with few calls and with many, and divides the difference:
start and end of the interpreter fall out. A bare call of the same kind is subtracted; a rejection is counted whole.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

ROOT = str(Path(__file__).resolve().parent.parent)
FEW, MANY = 200, 1_200
SIDES = ("bare", "switchgear", "circuitbreaker")
KINDS = ("ok", "fail", "open")
HANDLED = ("call fails", "try_call fails", "call refused", "try_call refused")
"""By a handle of ours: the raise that is caught, and beside it the error as a value."""

Run = Callable[[int], float]


def main() -> int:
    """Print the table; 0 also where valgrind is missing, which is said."""
    if shutil.which("valgrind") is None:
        print("valgrind is not installed (Debian's package of that name): nothing was counted")
        return 0
    print("24 processes under valgrind: this takes minutes", flush=True)
    found = {
        (side, kind): _each(side, kind)
        for side in SIDES
        for kind in KINDS
        if (side, kind) != ("bare", "open")
    }
    print(f"instructions of one call, sync{'':8}switchgear  circuitbreaker   ratio")
    for kind in KINDS:
        bare = found.get(("bare", kind), 0.0)
        ours, theirs = found["switchgear", kind] - bare, found["circuitbreaker", kind] - bare
        what = f"{kind}, over the bare call" if bare else f"{kind}, in all"
        print(f"{what:<37}{ours:>10,.0f}{theirs:>16,.0f}{ours / theirs:>8.2f}")
    print(f"and by a handle, in all{'':19}try_call            call   ratio")
    for end in ("fails", "refused"):
        tried, raised = (_each("switchgear", f"{form} {end}") for form in ("try_call", "call"))
        print(f"the call {end:<28}{tried:>10,.0f}{raised:>16,.0f}{tried / raised:>8.2f}")
    return 0


def _each(side: str, kind: str) -> float:
    return (_counted(side, kind, MANY) - _counted(side, kind, FEW)) / (MANY - FEW)


def _counted(side: str, kind: str, number: int) -> int:
    """Instructions of a process that makes so many calls."""
    # One hash seed for all: the order of dictionaries must not differ between the two runs.
    environment = {"PYTHONHASHSEED": "0", "PATH": "/usr/bin:/bin"}
    child = [sys.executable, __file__, side, kind, str(number)]
    subprocess.run(child, check=True, env=environment)  # compiles what is new: that is no call's
    with TemporaryDirectory() as folder:
        tool = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/out"]
        done = subprocess.run(
            [*tool, *child], check=True, capture_output=True, text=True, env=environment
        )
    collected = re.search(r"Collected : (\d+)", done.stderr)
    assert collected is not None, done.stderr
    return int(collected.group(1))


def _case(side: str, kind: str) -> Run:
    """The loop that is counted; the drain of ours stands still meanwhile, and comes after the process was cut off."""
    from benchmarks.measure import calls, raises

    if kind in HANDLED:
        return _handled(kind)
    function = answers if kind == "ok" else fails
    guarded = _guard(side, opens=kind == "open")(function)
    match kind:
        case "ok":
            return calls(guarded)
        case "fail":
            return raises(guarded, ConnectionResetError)
        case _:
            return raises(guarded, _rejection_of(guarded))


def _handled(kind: str) -> Run:
    from functools import partial

    from benchmarks.measure import calls, raises

    handle: Any = _guard("switchgear", opens=kind.endswith("refused"))
    error: type[Exception] = ConnectionResetError
    if kind.endswith("refused"):
        error = _rejection_of(partial(handle.call_sync, fails))
    if kind.startswith("try_call"):
        return calls(partial(handle.try_call_sync, fails))
    return raises(partial(handle.call_sync, fails), error)


def _rejection_of(guarded: Callable[[], int]) -> type[Exception]:
    raised: list[type[Exception]] = []
    for _ in range(2):
        try:
            guarded()
        except Exception as error:  # noqa: BLE001  # each library has its own
            raised.append(type(error))
    return raised[1]


def answers() -> int:
    return 1


def fails() -> int:
    raise ConnectionResetError("connection reset by peer")


def _guard(side: str, *, opens: bool) -> Callable[[Callable[[], int]], Callable[[], int]]:
    # The other peers are not imported: an import costs under valgrind fifty times what it usually does.
    threshold = 1 if opens else 10**9
    if side == "bare":
        return lambda function: function
    if side == "circuitbreaker":
        from circuitbreaker import CircuitBreaker

        breaker: Callable[[Callable[[], int]], Callable[[], int]] = CircuitBreaker(threshold, 3600)
        return breaker
    from switchgear import Switchgear
    from switchgear.observe import hub

    hub._POLL_S = 3600.0  # what the drain does is not the call's, and comes when it comes
    return Switchgear().guarded(
        "bench", "create_order", failure_threshold=threshold, reset_timeout_s=3600
    )


def _child(side: str, kind: str, number: int) -> None:
    import gc
    import os

    run = _case(side, kind)
    run(FEW)  # the interpreter specialises its code in the first calls
    gc.disable()
    run(number)
    os._exit(0)  # no drain at the end


if __name__ == "__main__":
    sys.path[0] = ROOT
    if len(sys.argv) == 4:
        _child(sys.argv[1], sys.argv[2], int(sys.argv[3]))
    sys.exit(main())
