"""
Owns feeding spoilt answers to the clients of all venues, as `make soak` does; how is `tests/exchange/fuzz_*`.

`python scripts/fuzz_clients.py --seconds 600` ends with one line that tells what was fed and what came
of it, and with 1 when a call crashed, hung, showed a secret, or took garbage for an answer. Each of
those is printed with the number of its round: `--seed S --first N --rounds 1` plays it again.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from switchgear.core.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parent.parent
SEEDS = 1_000_000


def lasting(seconds: float, rounds: int | None, first: int) -> Callable[[int], bool]:
    """Whether there is time, and a round left, for the round with a number."""
    clock = SystemClock()
    until_s = clock.monotonic_s() + seconds

    def more(number: int) -> bool:
        return clock.monotonic_s() < until_s and (rounds is None or number < first + rounds)

    return more


def main() -> int:
    """Fuzz, tell, and give 1 when something was wrong, else 0."""
    sys.path.insert(0, str(ROOT))  # the tests are no part of what is installed
    from tests.exchange.fuzz_run import run

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=600.0, help="stop after so long")
    parser.add_argument("--seed", type=int, help="what chance begins with; chosen when not given")
    parser.add_argument("--first", type=int, default=0, help="the number of the first round")
    parser.add_argument("--rounds", type=int, help="stop after so many rounds")
    given = parser.parse_args()
    seed = int(SystemClock().chance() * SEEDS) if given.seed is None else given.seed
    print(f"fuzz: seed {seed}", flush=True)
    more = lasting(given.seconds, given.rounds, given.first)
    tally = asyncio.run(run(seed, more, first=given.first))
    for number, wrong in tally.wrong:
        print(
            f"fuzz: round {number} is wrong: {wrong}", *getattr(wrong, "__notes__", ()), sep="\n  "
        )
    print(f"fuzz: seed {seed}: {tally}")
    return 1 if tally.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
