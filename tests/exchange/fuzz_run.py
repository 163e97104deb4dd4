"""Owns the fuzzer: spoils good answers by a seed, feeds them to every client, and counts what came of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from switchgear.testing import FakeClock
from tests.exchange.fuzz_mutate import spoilt
from tests.exchange.fuzz_server import Feeder
from tests.exchange.fuzz_tape import Take, everything, played
from tests.exchange.fuzz_truth import Wrong, check

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.exchange.fuzz_mutate import Pick


@dataclass
class Tally:
    """What came of all that was fed."""

    calls: int = 0
    fed: int = 0
    successes: int = 0
    errors: Counter[str] = field(default_factory=Counter[str])
    wrong: list[tuple[int, Wrong]] = field(default_factory=list[tuple[int, Wrong]])
    """The number of the round, and what was wrong."""

    def __str__(self) -> str:
        errors = ", ".join(f"{name} {count}" for name, count in self.errors.most_common())
        return (
            f"{self.calls} calls, {self.fed} answers fed, {self.successes} successes, "
            f"errors: {errors or 'none'}; {len(self.wrong)} wrong"
        )


def picker(seed: int, number: int) -> Pick:
    """Lots for one round; the same for the same seed and number."""
    chance = FakeClock(seed=seed * 1_000_003 + number).chance
    return lambda below: int(chance() * below)


async def one_round(takes: list[Take], feeder: Feeder, pick: Pick, tally: Tally) -> None:
    """One call with one of its answers spoilt; Wrong when what became of it must not be."""
    take = takes[pick(len(takes))]
    answers = list(take.answers)
    at = len(answers) - 1 - (pick(len(answers)) if pick(2) else 0)  # the last one half of the time
    others = takes[pick(len(takes))].answers
    answers[at] = spoilt(answers[at], others[pick(len(others))], pick)
    ending = await played(take, tuple(answers), feeder)
    tally.calls += 1
    tally.fed += len(ending.fed)
    if ending.error is None:
        tally.successes += 1
    else:
        tally.errors[type(ending.error).__name__] += 1
    check(take, ending)


async def run(
    seed: int, more: Callable[[int], bool], *, first: int = 0, wrongs_max: int = 20
) -> Tally:
    """Round after round while more says so of the next one's number; ends early with many wrongs."""
    takes, tally = await everything(), Tally()
    async with Feeder() as feeder:
        number = first
        while more(number) and len(tally.wrong) < wrongs_max:
            try:
                await one_round(takes, feeder, picker(seed, number), tally)
            except Wrong as wrong:
                tally.wrong.append((number, wrong))
            number += 1
    return tally
