"""Owns the report: its options, the order of its rows, how it is shown; neighbours measure each row."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from benchmarks import imports, memory, stacks, threads
from benchmarks.guards import candidates
from benchmarks.measure import Effort, measure
from benchmarks.peers import DISTRIBUTIONS
from benchmarks.rows import peer_table, rows_of
from benchmarks.table import HEAD, cells, markdown, plain
from switchgear import Switchgear

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.measure import Results
    from benchmarks.table import Row

SWITCHED_ON = (
    "circuit, metrics with percentiles, a record of each call, 3 retries armed for reads, gates; "
    "peers have their breaker or retry alone, but for the rows that say so"
)
NOT_BUILT = "not built yet, so not measured: circuits of four scopes on one call (bound 2 x)"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and write what was asked for; 0 whatever the bounds say."""
    options = _options(arguments)
    effort = Effort(
        rounds=3 if options.quick else options.rounds,
        sample_s=0.0001 if options.quick else 0.001,
        quick=options.quick,
        rng=Random(options.seed),
    )
    about = _about(effort, options.seed)
    _say("\n".join(f"{name}: {value}" for name, value in about.items()))
    results = _guarded_calls(effort)
    rows = [*rows_of(results), *threads.rows(effort), *stacks.rows(effort)]
    rows += [memory.row(effort), *imports.rows(effort)]
    shape = markdown if options.markdown else plain
    print(shape([HEAD, *(cells(row) for row in rows)]))
    print()
    print(shape(peer_table(results)))
    _say(NOT_BUILT)
    _say("\n".join(f"{row.id}: {row.note}" for row in rows if row.note))
    if options.json is not None:
        _write(options.json, about, rows, results)
    return 0


def _guarded_calls(effort: Effort) -> Results:
    with Switchgear() as gear, asyncio.Runner() as runner:
        return measure(candidates(gear, runner), effort)


def _write(path: Path, about: dict[str, str], rows: list[Row], results: Results) -> None:
    found = {
        "about": about,
        "rows": [row.as_json() for row in rows],
        "calls_us": [
            {"name": name, "kind": kind, "us": us} for (name, kind), us in sorted(results.items())
        ],
    }
    path.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _about(effort: Effort, seed: int) -> dict[str, str]:
    """Where and when, and against what: figures without these mean nothing."""
    build = "with" if "--enable-optimizations" in _build() else "without"
    load = ", ".join(f"{part:.2f}" for part in os.getloadavg())
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "interpreter": f"{platform.python_implementation()} {platform.python_version()}, built {build} PGO",
        "machine": f"{_processor()}, {os.cpu_count()} cores, {platform.system()} {platform.release()}",
        "load before (1, 5, 15 min)": load,
        "peers": ", ".join(f"{name} {version(name)}" for name in DISTRIBUTIONS),
        "method": f"one process, shuffled in each round, minimum of {effort.rounds} rounds, "
        f"samples of {effort.sample_s * 1000:g} ms, GC off inside a sample, seed {seed}",
        "switched on": SWITCHED_ON,
    }


def _build() -> str:
    from sysconfig import get_config_var

    return str(get_config_var("CONFIG_ARGS"))


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _options(arguments: Sequence[str] | None) -> Any:
    parser = argparse.ArgumentParser(
        description="What a guarded call costs, beside other libraries."
    )
    parser.add_argument("--rounds", type=int, default=101, help="rounds, of which the best counts")
    parser.add_argument("--seed", type=int, default=1, help="of the order in each round")
    parser.add_argument("--quick", action="store_true", help="a few rounds: shows that it works")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure there too")
    parser.add_argument("--markdown", action="store_true", help="print the tables for README")
    return parser.parse_args(arguments)


def _say(text: str) -> None:
    print(f"{text}\n")
