"""Owns the sixth row: what `import switchgear` costs in a fresh process, and which modules it brings along."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from benchmarks.table import Row

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.measure import Effort

YARDSTICK = "import dataclasses, threading"
SUBJECT = "import switchgear"
FIRST_USE = "import switchgear; switchgear.Switchgear()"

_TIMED = """
import sys, time
begun = time.perf_counter()
{statement}
print(time.perf_counter() - begun)
print(" ".join(sys.modules))
"""


def rows(effort: Effort) -> Iterator[Row]:
    """The time beside the yardstick, the modules, and the first gear for honesty: names load when first used."""
    best: dict[str, float] = {}
    modules: dict[str, set[str]] = {}
    order = [YARDSTICK, SUBJECT, FIRST_USE]
    for _ in range(3 if effort.quick else 25):
        effort.rng.shuffle(order)
        for statement in order:
            seconds, modules[statement] = _fresh(statement)
            best[statement] = min(best.get(statement, seconds), seconds)
    ms = {statement: seconds * 1000 for statement, seconds in best.items()}
    beside = (ms[YARDSTICK], YARDSTICK)
    yield Row("import_time", f"`{SUBJECT}`", ms[SUBJECT], "ms", *beside, bound=1.5)
    yield _brought(modules[SUBJECT], modules[YARDSTICK])
    what = "`import switchgear` and the first Switchgear()"
    yield Row("import_first_gear", what, ms[FIRST_USE], "ms", *beside)


def _brought(found: set[str], usual: set[str]) -> Row:
    """Our own modules and the standard library's; nothing of a third party, nothing that is to load later."""
    brought = found - usual
    late = brought & {"asyncio", "logging", "inspect"}
    foreign = {name for name in brought if name.partition(".")[0] not in _AT_HOME}
    unwanted = sorted(late | foreign)
    note = f"brings {', '.join(unwanted)}" if unwanted else ", ".join(sorted(brought))
    what = f"modules that `{SUBJECT}` adds to those: no asyncio, logging, inspect, third party"
    return Row("import_modules", what, max(1, len(brought)), "", holds=not unwanted, note=note)


_AT_HOME = {*sys.stdlib_module_names, "switchgear"}


def _fresh(statement: str) -> tuple[float, set[str]]:
    program = _TIMED.format(statement=statement)
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    seconds, names = done.stdout.splitlines()
    return float(seconds), set(names.split())
