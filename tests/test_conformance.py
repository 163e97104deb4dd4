"""Proves that switchgear passes the conformance suite, and that each check of the suite catches what it is for."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Event
from typing import TYPE_CHECKING, Any

import pytest

from switchgear.testing import conformance
from switchgear.testing.conformance import (
    Colour,
    Failed,
    NotApplicable,
    Passed,
    SwitchgearAdapter,
    Verdict,
    Wedged,
)
from tests.planted_breakers import DEFECTS, HANGING, LetsAllThrough, NeverTrips, Sound

if TYPE_CHECKING:
    from collections.abc import Callable

CHECKS = {check.name: check for check in conformance.checks()}


@dataclass(frozen=True)
class PlantedAdapter:
    """An adapter of a sound breaker, or of one with a defect."""

    kind: type[Sound] = Sound
    name: str = "planted"

    def make(
        self,
        failure_threshold: int,
        reset_timeout_s: float,
        *,
        excluded: tuple[type[Exception], ...] = (),
        on_move: Callable[[str], object] | None = None,
    ) -> Sound:
        """One with every feature."""
        return self.kind(failure_threshold, reset_timeout_s, excluded, on_move)


def caught(kind: type[Sound], colour: Colour, names: set[str], patience_s: float) -> set[str]:
    """Which of some checks a breaker does not pass in a colour."""
    checks = [check for check in CHECKS.values() if check.colour is colour]
    return {
        check.question.name
        for check in checks
        if check.question.name in names and not check(PlantedAdapter(kind), patience_s).ok
    }


@pytest.mark.parametrize("name", CHECKS)
def test_switchgear_passes(name: str) -> None:
    """Every check, in both colours, on a decorated function: none fails, and none is left out."""
    assert CHECKS[name](SwitchgearAdapter()) == Passed()


@pytest.mark.parametrize("name", CHECKS)
def test_a_small_sound_breaker_passes(name: str) -> None:
    """The suite asks nothing that only switchgear can do: the breaker that the defects are made from passes."""
    assert CHECKS[name](PlantedAdapter()) == Passed()


@pytest.mark.slow  # all checks, and one of them lets a listener wait for a lock
@pytest.mark.parametrize("kind", DEFECTS)
def test_a_defect_is_caught_by_its_check_and_no_other(kind: type[Sound]) -> None:
    """A breaker with one fault fails the checks that are for it, in each colour, and passes all the rest."""
    every = {check.question.name for check in CHECKS.values()}
    for colour in kind.colours:
        assert caught(kind, colour, every, 2.0) == DEFECTS[kind]


@pytest.mark.slow  # threads wait for their patience
@pytest.mark.parametrize("kind", HANGING)
def test_calls_that_wait_for_one_another_are_caught(kind: type[Sound]) -> None:
    """Where calls wait the suite comes back, says so, and holds no late result against the breaker."""
    names = {"side_by_side", "nobody_queues", "hung_probe", "nested", "stale_failure_half_open"}
    for colour in kind.colours:
        assert caught(kind, colour, names, 0.3) == HANGING[kind]


def test_each_check_catches_something() -> None:
    """No check is there that no planted defect fails."""
    every = {check.question.name for check in CHECKS.values()}
    assert every == set().union(*DEFECTS.values(), *HANGING.values())


def verdict(name: str, adapter: Any, patience_s: float = 2.0) -> Verdict:
    """What one check makes of an adapter."""
    return CHECKS[name](adapter, patience_s)


def test_a_failure_says_what_was_seen() -> None:
    """A verdict carries what the breaker did, in words."""
    adapter = PlantedAdapter(LetsAllThrough)
    assert verdict("one_probe-sync", adapter) == Failed("50 of 50 calls ran")
    assert verdict("stale_place-sync", adapter) == NotApplicable(
        "probes are not limited, or callers wait: see one_probe, nobody_queues"
    )


class Plain:
    """An adapter of a breaker for coroutine functions alone, without any feature."""

    name = "plain"

    def make(self, failure_threshold: int, reset_timeout_s: float) -> Any:
        """One that has call_async, state and advance, and nothing else."""
        sound = Sound(failure_threshold, reset_timeout_s, (), None)

        class Bare:
            call_async, state, advance = sound.call_async, sound.state, sound.advance

        return Bare


def test_what_a_breaker_does_not_have_is_not_applicable() -> None:
    """A missing colour, listener, exclusion or date is said, and is no fault."""
    assert verdict("trips-sync", Plain()) == NotApplicable("has no sync calls")
    assert verdict("trips-async", Plain()) == Passed()
    assert verdict("listener_order-async", Plain()) == NotApplicable("its adapter has no on_move")
    assert verdict("excluded_probe-async", Plain()) == NotApplicable("its adapter has no excluded")
    assert verdict("date_step-async", Plain()) == NotApplicable("its adapter has no step_date")


def test_a_breaker_that_never_opens_is_not_blamed_twice() -> None:
    """Checks that build on an open breaker say where to look."""
    report = conformance.run(PlantedAdapter(NeverTrips))
    assert set(report.failed) == {"trips-sync", "trips-async"}
    assert report.not_applicable["one_probe-sync"] == NotApplicable(
        "failures do not open it: see trips"
    )
    assert not report.ok


def test_a_breaker_that_blocks_its_caller_cannot_hang_the_suite() -> None:
    """A call that blocks the loop's own thread, where no turn can find it, is wedged all the same."""
    go = Event()

    class Blocking(Sound):
        async def call_async(self, function: Any) -> Any:
            go.wait()

    try:
        found = verdict("trips-async", PlantedAdapter(Blocking), 0.05)
    finally:
        go.set()
    assert found == Wedged("the check itself did not come back")


def test_what_the_adapter_raises_is_no_verdict() -> None:
    """A mistake in the adapter reaches who wrote it, a state that is none of the three too."""

    class Renamed(Sound):
        def state(self) -> str:
            return "half-open"

    with pytest.raises(
        ValueError, match=r"state\(\)='half-open': must be one of closed, open, half"
    ):
        verdict("trips-sync", PlantedAdapter(Renamed))
    with pytest.raises(TypeError):
        verdict("trips-sync", PlantedAdapter(object))  # type: ignore[arg-type]  # the mistake


def test_an_adapter_may_set_its_own_span_and_probes() -> None:
    """`reset_timeout_s` and `probes` of the adapter are obeyed: one that really waits would take minutes else."""
    spans = set[float]()

    class Wide(PlantedAdapter):
        reset_timeout_s, probes = 0.25, 50

        def make(self, failure_threshold: int, reset_timeout_s: float, **more: Any) -> Sound:
            spans.add(reset_timeout_s)
            return LetsAllThrough(failure_threshold, reset_timeout_s, (), None)

    assert verdict("one_probe-sync", Wide()) == Passed()
    assert spans == {0.25}


def test_the_report_shows_each_question_once() -> None:
    """The table has a line for a question with both colours, and what was seen beneath."""
    report = conformance.run(PlantedAdapter(LetsAllThrough, "wide"))
    shown = report.markdown()
    assert "| wide | sync | async | what a pass means |" in shown
    assert "| one_probe | **no** | **no** | Of fifty calls" in shown
    assert "| stale_place | n/a | n/a | A call from before" in shown
    assert "- one_probe-async: no: 50 of 50 calls ran\n" in shown
    assert shown.count("\n| ") == len(CHECKS) // 2
    assert len(report.passed) == len(CHECKS) - 4
    assert not report.wedged


def test_pytest_shows_a_check_by_its_name() -> None:
    """A check as a parameter of pytest has its name in the test's id."""
    assert conformance.checks([Colour.SYNC])[0].__name__ == "trips-sync"
    assert {check.colour for check in conformance.checks([Colour.SYNC])} == {Colour.SYNC}
