"""Owns the proof that the outage simulation runs the real core, loses no call, and shows what its page claims."""

from __future__ import annotations

from functools import cache
from threading import Event
from typing import TYPE_CHECKING, Any, NamedTuple, cast
from xml.etree import ElementTree as ET

import pytest

from benchmarks.outage.command import main
from benchmarks.outage.contestants import (
    ALL_ON,
    CONTESTANTS,
    KEY,
    BreakerOpen,
    Contestant,
    PlainBreaker,
    gear_with,
    of_gear,
)
from benchmarks.outage.figures import Figures, Job, figures_of, run
from benchmarks.outage.picture import picture
from benchmarks.outage.scenario import USE, Failing, Scenario
from benchmarks.outage.simulation import NotSimulated, Simulation, VirtualClock
from switchgear.core.policy.flow import Course

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.outage.contestants import Begin, Calls
    from switchgear import Switchgear
    from switchgear.core.clock import Clock

CALLERS, RUN_S, SEED = 100, 60, 7
ENDS_S = 32
"""Two seconds after it began, and 30 s later, just before a breaker that waits 30 s looks again: its worst moment."""
NAMES = [contestant.name for contestant in CONTESTANTS]


def short(failing: Failing) -> Scenario:
    """A run of a minute, most of it outage."""
    return Scenario(failing, begins_s=2, ends_s=ENDS_S, run_s=RUN_S)


@cache
def figures(name: str, failing: Failing = Failing.REFUSED) -> Figures:
    """What a short run gives."""
    return run(Job(short(failing), CALLERS, name, SEED))


def test_the_recovering_venue_is_loaded_within_its_capacity() -> None:
    """With all on the load after the outage stays below what the venue can bear; the plain breaker's does not."""
    ours, plain = figures("all_on"), figures("breaker")
    assert 0 < ours.peak < 1.0
    assert plain.peak > 1.5 > ours.peak
    assert ours.wasted_after < plain.wasted_after


def test_protection_spares_the_failing_venue() -> None:
    """In the outage a gear sends a fiftieth of what goes out unprotected, at most, and retries alone send more."""
    bare = figures("none").wasted_during
    assert figures("retry").wasted_during > 2 * bare
    assert max(figures(name).wasted_during for name in ("defaults", "all_on")) < bare / 50


@pytest.mark.parametrize("failing", Failing)
@pytest.mark.parametrize("name", NAMES)
def test_every_call_ends_once(name: str, failing: Failing) -> None:
    """Each call that was wanted is served, failed or refused, and nothing is left under way."""
    found = figures(name, failing)
    assert found.wanted == CALLERS * RUN_S
    assert found.served + found.failed + found.rejected == found.wanted


@pytest.mark.parametrize("name", ["breaker", "all_on"])
def test_a_seed_gives_the_same_run_twice(name: str) -> None:
    """The same seed gives the same figures to the last digit, another one does not."""
    job = Job(short(Failing.SLOW), CALLERS, name, SEED)
    assert run(job) == figures(name, Failing.SLOW) != run(job._replace(seed=SEED + 1))


def test_the_gear_counts_what_the_simulation_counts() -> None:
    """The calls went through the real core: its own counters say the same of them."""
    gears: list[Switchgear] = []

    def start(clock: Clock) -> Begin:
        gears.append(gear_with(clock, ALL_ON))
        return of_gear(gears[0])

    tally = Simulation(short(Failing.REFUSED), CALLERS, Contestant("", "", start), SEED).run()
    counted = gears[0].metrics(KEY.exchange, KEY.method)
    assert counted.success_calls == sum(tally.served)
    assert counted.failed_calls == tally.failed
    assert counted.rejected_calls == tally.rejected
    assert counted.in_flight == 0


def test_the_straight_path_decides_as_the_course_does() -> None:
    """Calls that go the straight path first, as users' calls do, come to the same as by the course alone."""

    def start(clock: Clock) -> Begin:
        policy = gear_with(clock, ALL_ON).policy(KEY)
        return lambda: Course(policy, (), None).flow()

    scenario = short(Failing.REFUSED)
    tally = Simulation(scenario, CALLERS, Contestant("", "", start), SEED).run()
    assert figures_of(tally, scenario, CALLERS / USE) == figures("all_on")


def test_a_step_that_it_does_not_know_is_said() -> None:
    """A further step of the core stops the simulation with its name, and is not passed over."""

    class Other(NamedTuple):
        pass

    def calls() -> Calls:
        yield cast("Any", Other())

    def start(_: Clock) -> Begin:
        return calls

    contestant = Contestant("", "", start)
    with pytest.raises(NotSimulated, match="the step Other"):
        Simulation(short(Failing.REFUSED), 1, contestant, SEED).run()


def test_the_clock_lets_nobody_wait_beside_the_steps() -> None:
    """A core that slept or set a timer would wait in real time or for ever: both are refused."""
    clock = VirtualClock(SEED)
    with pytest.raises(NotSimulated, match="sleep"):
        clock.sleep(1)
    with pytest.raises(NotSimulated, match="wait"):
        clock.wait(Event(), 1)
    with pytest.raises(NotSimulated, match="timer"):
        clock.timer(1, print)


def test_the_plain_breaker_does_as_circuitbreaker() -> None:
    """It opens at the fifth failure in a row, lets all pass after 30 s, and any success closes it."""
    clock = VirtualClock(SEED)
    breaker = PlainBreaker(clock)

    def fails() -> bool:
        calls = breaker.call()
        try:
            next(calls)
        except BreakerOpen:
            return False
        with pytest.raises(OSError, match="no"):
            calls.throw(OSError("no"))
        return True

    assert [fails() for _ in range(6)] == [True] * 5 + [False]
    clock.now_s = 30.0
    together = [breaker.call() for _ in range(3)]
    assert len([next(calls) for calls in together]) == 3
    with pytest.raises(StopIteration):
        together[0].send(None)
    assert [fails() for _ in range(6)] == [True] * 5 + [False]


def test_the_command_prints_tables_and_draws(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every contestant has its row for each number of callers, and each scenario its picture, well-formed."""
    main(["--callers", "1", "2", "--jobs", "1", "--markdown", "--svg", str(tmp_path)])
    printed = capsys.readouterr().out
    for contestant in CONTESTANTS:
        assert printed.count(f"| {contestant.title} |") == 4
    for failing in Failing:
        text = (tmp_path / f"outage-{failing}.svg").read_text(encoding="utf-8")
        words = " ".join(ET.fromstring(text).itertext())
        assert all(contestant.title in words for contestant in CONTESTANTS)


def test_the_picture_is_the_same_for_the_same_figures() -> None:
    """Drawing draws no lots and reads no clock."""
    panels = [("all on", figures("all_on"))]
    drawn = [picture("a test", short(Failing.REFUSED), panels) for _ in range(2)]
    assert drawn[0] == drawn[1]
