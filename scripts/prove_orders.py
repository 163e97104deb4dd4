"""
Owns the long form of the proof that no order is booked twice or lost: seeds by the thousand, in virtual time.

`prove_orders.py --orders 1000000` runs as many seeds as it takes on every core, prints what it found as tables, and
ends with 1 when anything is wrong; a failing seed prints itself. `--beside` runs fewer seeds of what others do.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from pathlib import Path
from random import Random  # noqa: TID251  each seed has its own
from statistics import quantiles
from typing import TYPE_CHECKING, NamedTuple

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from tests.order.bare import WAYS, Lost
from tests.order.world import run_seed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ORDERS = 100
"""Of one seed."""
_CHUNK = 10
_SHOWN = 20


class Sum(NamedTuple):
    """What many seeds came to."""

    seeds: int
    orders: int
    ambiguous: int
    faults: list[str]
    cells: Counter[tuple[str, str, str]]
    ends: Counter[str]
    unknown_s: list[float]


def seeds_of(first: int, count: int) -> Sum:
    """Run some seeds in this process."""
    total = Sum(count, 0, 0, [], Counter(), Counter(), [])
    orders = ambiguous = 0
    for seed in range(first, first + count):
        found = run_seed(seed, Random(seed), orders=ORDERS)  # noqa: S311  to be run again
        orders += found.orders
        ambiguous += found.ambiguous
        total.faults.extend(f"seed {seed} ({found.venue}): {fault}" for fault in found.faults)
        total.cells.update(found.cells)
        total.ends.update(found.ends)
        total.unknown_s.extend(round(each, 1) for each in found.unknown_s)
    return total._replace(orders=orders, ambiguous=ambiguous)


def _while_let(parts: Iterable[Sum]) -> Iterator[Sum]:
    """As many as there was time for: Ctrl-C ends the run, and what was found is told."""
    with suppress(KeyboardInterrupt):
        yield from parts


def added(parts: Iterable[Sum]) -> Sum:
    """All of them together."""
    whole = Sum(0, 0, 0, [], Counter(), Counter(), [])
    for part in _while_let(parts):
        whole.cells.update(part.cells)
        whole.ends.update(part.ends)
        whole.faults.extend(part.faults)
        whole.unknown_s.extend(part.unknown_s)
        whole = whole._replace(
            seeds=whole.seeds + part.seeds,
            orders=whole.orders + part.orders,
            ambiguous=whole.ambiguous + part.ambiguous,
        )
        print(
            f"\r{whole.seeds} seeds, {whole.orders} orders, {len(whole.faults)} faults",
            end="",
            file=sys.stderr,
            flush=True,
        )
    print(file=sys.stderr)
    return whole


def beside(name: str, seeds: int) -> str:
    """One row of the table of what others do."""
    total = Lost()
    for seed in range(seeds):
        dice = Random(seed)  # noqa: S311  to be run again
        found = run_seed(seed, dice, kind=WAYS[name], orders=ORDERS)
        total.orders += found.orders
        total.doubled += found.doubled
        total.lost += found.lost
    return f"| {name} | {total.orders:,} | {total.doubled:,} | {total.lost:,} |"


def report(whole: Sum) -> None:
    """The tables."""
    share = whole.ambiguous / max(1, whole.orders)
    ends = ", ".join(f"{count:,} {end}" for end, count in whole.ends.most_common())
    print(f"{whole.orders:,} orders over {whole.seeds:,} seeds; {share:.1%} met an ambiguous fault")
    print(f"what the callers were told: {ends}")
    if len(whole.unknown_s) > 1:
        cuts = quantiles(whole.unknown_s, n=100)
        said = (
            f"median {cuts[49]:.0f} s, p95 {cuts[94]:.0f} s, longest {max(whole.unknown_s):.0f} s"
        )
        print(f"{len(whole.unknown_s):,} were unknown for a time: {said}")
    venues = sorted({venue for venue, _, _ in whole.cells})
    print("\n| step | fault | " + " | ".join(venues) + " |\n|" + "---|" * (len(venues) + 2))
    rows = sorted({(step, fault) for _, step, fault in whole.cells})
    for step, fault in rows:
        counts = [f"{whole.cells[venue, step, fault]:,}" for venue in venues]
        print(f"| {step} | {fault} | " + " | ".join(counts) + " |")
    print(f"\n{len(whole.faults)} orders booked twice, lost or untrue")
    for fault in whole.faults[:_SHOWN]:
        print(fault)


def main() -> int:
    """Run, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=1_000_000)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--beside", type=int, default=0, metavar="SEEDS")
    given = parser.parse_args()
    chunks = -(-given.orders // (ORDERS * _CHUNK))
    with ProcessPoolExecutor(given.jobs) as pool:
        firsts = range(given.first, given.first + chunks * _CHUNK, _CHUNK)
        whole = added(pool.map(seeds_of, firsts, [_CHUNK] * chunks))
        report(whole)
        sys.stdout.flush()
        if whole.orders < given.orders:
            pool.shutdown(wait=False, cancel_futures=True)
            return 1 if whole.faults else 0
        if given.beside:
            print("\n| way | orders | booked twice | lost |\n|---|---|---|---|")
            for row in pool.map(beside, WAYS, [given.beside] * len(WAYS)):
                print(row)
    return 1 if whole.faults else 0


if __name__ == "__main__":
    sys.exit(main())
