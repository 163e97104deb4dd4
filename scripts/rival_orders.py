"""
Owns the long form of the comparison for real: what libraries lose, and our own desk, over the same broken wire.

`rival_orders.py --orders 1000` lets each library place so many orders at each exchange that it trades at, prints a row
for each, and ends with 1 when our desk has booked one twice or lost one. It makes the witness environment if need be.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from tests.order.killing import ROOT
from tests.order.rivals import EVERYBODY, OURS, Plan, Report, carried_out, trades_at
from tests.order.trader import SYMBOLS

HEAD = (
    "library",
    "exchange",
    "orders",
    "faults met",
    "told booked",
    "told failed",
    "told unknown",
    "told nothing",
    "booked twice",
    "lost",
)


def row(report: Report) -> str:
    """What one library at one exchange came to."""
    plan, told = report.plan, report.told
    variant = plan.library.partition(",")[1:]
    ends = [told[end] for end in ("booked", "failed", "unknown", "nothing")]
    counts = (plan.orders, report.met, *ends, report.twice, report.lost)
    cells = (report.version + "".join(variant), plan.venue, *(f"{count:,}" for count in counts))
    return f"| {' | '.join(cells)} |"


def main() -> int:
    """Run, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=1_000, help="of each library and exchange")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--venue", nargs="+", choices=list(SYMBOLS), default=list(SYMBOLS))
    parser.add_argument("--library", nargs="+", choices=EVERYBODY, default=list(EVERYBODY))
    parser.add_argument("--at-once", type=int, default=3, help="so many libraries at a time")
    given = parser.parse_args()
    subprocess.run([ROOT / "scripts" / "witness-venv"], check=True, stdout=sys.stderr)
    plans = [
        Plan(library, venue, given.orders, given.seed)
        for venue in given.venue
        for library in given.library
        if trades_at(library, venue)
    ]
    is_wrong = False
    print(f"| {' | '.join(HEAD)} |\n|{'---|' * len(HEAD)}", flush=True)
    with ThreadPoolExecutor(given.at_once) as pool:
        for report in pool.map(carried_out, plans):
            print(row(report), flush=True)
            errors = ", ".join(f"{name} {count}" for name, count in report.errors.most_common())
            print(f"  {report.plan.library}, {report.plan.venue}: {errors};", file=sys.stderr)
            print(f"  booked, and told nothing: {report.unheard}", file=sys.stderr)
            is_wrong |= report.plan.library == OURS and bool(report.twice or report.lost)
    return 1 if is_wrong else 0


if __name__ == "__main__":
    sys.exit(main())
