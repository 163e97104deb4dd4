"""
Owns the long form of the proof for real: processes that order are killed while their wire breaks, on every store.

`kill_orders.py --orders 10000` shares the orders out over three venues and two stores, prints a row for each, and ends
with 1 when anything is wrong. It starts a PostgreSQL server of its own, as the tests do.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from contextlib import ExitStack
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from tests.order.killing import SPEED, Killing, Plan, Report
from tests.order.postgres import Postgres
from tests.order.trader import SYMBOLS

STORES = ("sqlite", "postgresql")
LIVES = (8, 40)
HEAD = (
    "venue",
    "store",
    "orders",
    "kills",
    "callers killed",
    "faults met",
    "booked",
    "unknown for a time",
    "booked twice",
    "lost",
    "wrong in all",
)


def row(store: str, report: Report) -> str:
    """What one venue and one store came to."""
    counts = (report.orders, report.kills, report.ends["killed"], report.broken, report.booked)
    wrong = (report.twice, report.lost, len(report.faults))
    cells = (report.plan.venue, store, *counts, report.unknown, *wrong)
    return f"| {' | '.join(f'{cell:,}' if isinstance(cell, int) else cell for cell in cells)} |"


def main() -> int:
    """Run, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=10_000, help="all together")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--speed", type=float, default=SPEED, help="how fast clocks go; 1 is real")
    parser.add_argument("--venues", nargs="+", choices=list(SYMBOLS), default=list(SYMBOLS))
    parser.add_argument("--stores", nargs="+", choices=STORES, default=list(STORES))
    given = parser.parse_args()
    cells = list(product(given.venues, given.stores))
    orders = -(-given.orders // len(cells))
    is_wrong = False
    print(f"| {' | '.join(HEAD)} |\n|{'---|' * len(HEAD)}", flush=True)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        places: dict[str, Callable[[str], str]] = {"sqlite": lambda venue: str(folder / venue)}
        if "postgresql" in given.stores:
            server = Postgres()
            stack.callback(server.end)
            places["postgresql"] = lambda _: server.fresh()
        for number, (venue, store) in enumerate(cells):
            plan = Plan(
                venue,
                places[store](venue),
                orders,
                given.seed + number,
                LIVES,
                given.speed,
                given.speed,
            )
            report = Killing(plan).run()
            print(row(store, report), flush=True)
            for fault in report.faults:
                print(fault, file=sys.stderr)
            is_wrong |= bool(report.faults)
    return 1 if is_wrong else 0


if __name__ == "__main__":
    sys.exit(main())
