"""Proves that a gear keeps as many keys as it may, forgets idle ones alone, and loses nothing of the others."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from threading import Event
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

import pytest

import switchgear as sg
from switchgear.testing import FakeClock, assert_rejected
from tests.registry_kit import KEY, MAX, PATIENCE_S, clock, crowd, forget_log, gear

if TYPE_CHECKING:
    from collections.abc import Callable

    from switchgear.core.policy.plan import Policy

__all__ = ["clock", "gear"]


class Boom(Exception):
    """A failure that counts."""


def boom() -> None:
    """Fail."""
    raise Boom


def listed(gear: sg.Switchgear) -> set[str]:
    """The methods that are in the lists of circuits and of metrics, which are the same."""
    circuits = {view.key.method for view in gear.circuits()}
    assert circuits == {seen.method for seen in gear.all_metrics()}
    return circuits


def sizes(gear: sg.Switchgear) -> dict[str, int]:
    """How much the gear keeps of each kind that belongs to a key."""
    registry = gear.registry
    return {
        "policies": len(registry.policies),
        "counts": len(registry.taps),
        "taps": len(gear.hub._taps),
        "metrics": len(gear.all_metrics()),
        "circuits": len(gear.circuits()),
        "bulkheads": len(registry.common("kraken").bulkheads),
        "seen": len(registry._seen),
        "watchers of gates": max(len(gate.watchers) for gate in registry.gates),
        "watchers of the budget": len(registry.common("kraken").budget.watchers),
    }


@pytest.mark.parametrize("keys_max", [1, 2, MAX])
def test_everything_of_a_key_is_bounded(clock: FakeClock, keys_max: int) -> None:
    """Circuits, metrics, taps, bulkheads and who listens for a key: never more than keys_max, scopes aside."""
    settings = {"max_in_flight": 5}
    with sg.Switchgear(clock=clock, settings=settings, keys_max=keys_max) as gear:
        for _ in range(3):
            crowd(gear, 2 * keys_max + 3)
            found = sizes(gear)
            assert found.pop("bulkheads") <= keys_max + 3  # of exchange, address and account
            assert max(found.values()) <= keys_max
            assert found["policies"] == found["counts"] == found["taps"] == found["metrics"]


def test_names_asked_for_and_never_called_are_bounded_too(gear: sg.Switchgear) -> None:
    """A guard, a setting and a view of a key make at most one key of it."""
    for number in range(3 * MAX):
        gear.guarded("kraken", f"get_{number}")
        gear.circuit("kraken", f"get_seen_{number}")
        gear.metrics("kraken", f"get_seen_{number}")
    assert sizes(gear)["policies"] <= MAX
    assert not any("seen" in method for method in listed(gear))


def test_the_handles_of_short_calls_are_bounded(clock: FakeClock) -> None:
    """`gear.call_sync` keeps a guard for each name, but not for names without end."""
    with sg.Switchgear(clock=clock, keys_max=MAX) as gear:
        for number in range(100):
            gear.call_sync("kraken", f"get_{number}", int)
        assert sizes(gear)["policies"] <= MAX
        assert len(gear._handles) <= 100


def fail_once(gear: sg.Switchgear, guard: sg.Guarded) -> None:
    """One failure, which the next success would forget."""
    guard.try_call_sync(boom)


def open_it(gear: sg.Switchgear, guard: sg.Guarded) -> None:
    """Failures up to the threshold."""
    for _ in range(3):
        guard.try_call_sync(boom)


def half_open_it(gear: sg.Switchgear, guard: sg.Guarded) -> None:
    """Open, and its time has come."""
    open_it(gear, guard)
    clock = gear.clock
    assert isinstance(clock, FakeClock)
    clock.advance(31)


def ramp_it(gear: sg.Switchgear, guard: sg.Guarded) -> None:
    """Its probe succeeded, and the share that passes grows."""
    gear.configure(*KEY, ramp_s=600)
    half_open_it(gear, guard)
    guard.call_sync(int)


def hold_it(state: str) -> Callable[[sg.Switchgear, sg.Guarded], None]:
    """Held by a person."""
    return lambda gear, _: gear.hold(*KEY, state=state, by="ops", why="incident")


BUSY: dict[str, Callable[[sg.Switchgear, sg.Guarded], None]] = {
    "failing": fail_once,
    "open": open_it,
    "half_open": half_open_it,
    "ramp": ramp_it,
    "forced_open": hold_it("open"),
    "forced_closed": hold_it("closed"),
    "metrics_only": hold_it("metrics_only"),
}


@pytest.mark.parametrize("state", BUSY)
def test_a_key_that_is_not_idle_stays(gear: sg.Switchgear, state: str) -> None:
    """A failing, open, half-open or held circuit is never forgotten, though nobody kept its guard."""
    BUSY[state](gear, gear.guarded(*KEY))
    before, calls = gear.circuit(*KEY), gear.metrics(*KEY).total_calls
    crowd(gear, 5 * MAX)
    after = gear.circuit(*KEY)
    assert (after.state, after.failures, after.openings) == (
        before.state,
        before.failures,
        before.openings,
    )
    assert gear.metrics(*KEY).total_calls == calls
    assert KEY[1] in listed(gear)


def test_a_key_with_calls_in_flight_stays(gear: sg.Switchgear) -> None:
    """While its function runs it is counted, and its end is."""
    guard = gear.guarded(*KEY)

    def work() -> int:
        crowd(gear, 5 * MAX)
        assert KEY[1] in listed(gear)
        assert gear.metrics(*KEY).in_flight == 1
        return 7

    assert guard.call_sync(work) == 7
    seen = gear.metrics(*KEY)
    assert (seen.success_calls, seen.in_flight) == (1, 0)


def test_a_block_in_flight_stays(gear: sg.Switchgear) -> None:
    """So is one that was entered and not left."""
    with gear.guarded(*KEY).attempt():
        crowd(gear, 5 * MAX)
        assert KEY[1] in listed(gear)
    assert gear.metrics(*KEY).success_calls == 1


def test_a_key_that_is_called_again_and_again_stays(gear: sg.Switchgear) -> None:
    """One that was called since the last look has a second chance before those that were not."""
    guard = gear.guarded(*KEY)
    for number in range(5 * MAX):
        guard.call_sync(int)
        gear.guarded("kraken", f"get_{number}").call_sync(int)
    assert KEY[1] in listed(gear)
    assert gear.metrics(*KEY).success_calls == 5 * MAX


def forgotten(gear: sg.Switchgear, guard: sg.Guarded) -> None:
    """Have a key forgotten, while somebody keeps its guard."""
    crowd(gear)
    assert KEY[1] not in listed(gear)
    assert guard.policy.revive is not None


def test_a_kept_handle_goes_on_where_it_was(gear: sg.Switchgear) -> None:
    """Its metrics are whole, its circuit counts on, and it is in the lists again."""
    guard = gear.guarded(*KEY)
    open_it(gear, guard)
    gear.reset(*KEY, by="ops")
    guard.call_sync(int)
    before, circuit = gear.metrics(*KEY), guard.policy.view()
    forgotten(gear, guard)
    assert guard.call_sync(int) == 0
    after = gear.metrics(*KEY)
    assert (after.failed_calls, after.success_calls) == (3, before.success_calls + 1)
    assert (after.circuit_openings, after.errors_by_kind) == (1, before.errors_by_kind)
    view = gear.circuit(*KEY)
    assert (view.openings, view.generation) == (1, circuit.generation)
    assert KEY[1] in listed(gear)


def test_a_decorated_function_comes_back_too(gear: sg.Switchgear) -> None:
    """It need not be a guard that was kept: what it was put round will do; failures count on."""
    fails = [True, True, True]

    @gear.guarded(*KEY)
    def work() -> str:
        if fails and fails.pop():
            raise Boom
        return "value"

    for _ in range(2):
        fails, kept = [], fails
        work()
        fails = kept
        crowd(gear)
        assert KEY[1] not in listed(gear)
    for left in (2, 1, 0):
        with pytest.raises(Boom):
            work()
        assert len(fails) == left
    assert gear.circuit(*KEY).state is sg.CircuitState.OPEN
    with assert_rejected(kind=sg.CircuitOpenError):
        work()
    seen = gear.metrics(*KEY)
    assert (seen.success_calls, seen.failed_calls, seen.rejected_calls) == (2, 3, 1)


def test_a_handle_asked_for_again_is_the_same_key(gear: sg.Switchgear) -> None:
    """While one handle lives, another one of the same name shares its circuit and its counts."""
    guard = gear.guarded(*KEY)
    guard.call_sync(int)
    forgotten(gear, guard)
    again = gear.guarded(*KEY)
    assert again.policy is guard.policy
    again.call_sync(int)
    assert gear.metrics(*KEY).success_calls == 2


def test_a_key_that_nobody_kept_begins_anew(gear: sg.Switchgear) -> None:
    """Its metrics went with it; there is no half of it left."""
    gear.guarded(*KEY).call_sync(int)
    crowd(gear)
    forget_log(gear)
    assert gear.metrics(*KEY).total_calls == 0
    gear.guarded(*KEY).call_sync(int)
    assert gear.metrics(*KEY).total_calls == 1


def test_what_was_said_meanwhile_holds_for_who_comes_back(gear: sg.Switchgear) -> None:
    """Settings of code, a closed gate and a wider circuit's hold bind a key that was forgotten when they came."""
    guard = gear.guarded(*KEY)
    guard.call_sync(int)
    forgotten(gear, guard)
    gear.configure("kraken", failure_threshold=1)
    guard.try_call_sync(boom)
    assert gear.circuit(*KEY).state is sg.CircuitState.OPEN
    gear.reset(*KEY, by="ops")
    forgotten(gear, guard)
    gear.hold("kraken", "@account", by="ops", why="incident")
    with assert_rejected(scope="account", reason="incident"):
        guard.call_sync(int)


def test_coroutine_functions_come_back_too(gear: sg.Switchgear) -> None:
    """An awaited call brings its key back as a plain one does."""
    import asyncio

    guard = gear.guarded(*KEY)

    async def work() -> int:
        return 3

    assert asyncio.run(guard.call(work)) == 3
    forgotten(gear, guard)
    assert asyncio.run(guard.call(work)) == 3
    assert gear.metrics(*KEY).success_calls == 2


@pytest.mark.parametrize("state", ["open", "held", "in flight"])
def test_where_none_is_idle_nothing_is_lost(gear: sg.Switchgear, state: str) -> None:
    """A further key is refused in words that say what to do; all others go on, and in time it has room."""
    guards = [gear.guarded("kraken", f"get_{number}") for number in range(MAX)]
    ends, begun = SimpleQueue[None](), SimpleQueue[None]()

    def work() -> int:
        begun.put(None)
        ends.get(timeout=PATIENCE_S)
        return 1

    with ThreadPoolExecutor(MAX) as pool:
        busy = guards if state == "in flight" else []
        calls = [pool.submit(guard.call_sync, work) for guard in busy]
        for _ in calls:
            begun.get(timeout=PATIENCE_S)
        if state == "open":
            for guard in guards:
                open_it(gear, guard)
        if state == "held":
            gear.hold("kraken", "get_*", by="ops", why="incident")
        before = gear.circuits()
        with pytest.raises(sg.SettingsError) as caught:
            gear.guarded(*KEY)
        error = caught.value
        assert (error.field, error.value) == ("keys", MAX)
        assert "none is idle" in error.allowed
        assert "keys_max" in error.allowed
        assert gear.circuits() == before
        assert len(gear.all_metrics()) == MAX
        for _ in calls:
            ends.put(None)
    assert [call.result() for call in calls] == [1] * len(calls)
    if state == "held":
        gear.release("kraken", "get_*", by="ops")
    if state == "open":
        gear.reset("kraken", by="ops")
    assert gear.guarded(*KEY).call_sync(int) == 0
    assert len(gear.all_metrics()) <= MAX


def test_threads_that_make_keys_at_once_keep_the_bound(gear: sg.Switchgear) -> None:
    """Eight threads with names of their own: each gets its values, and the lists stay whole and bounded."""
    go = Event()

    def work(thread: int) -> int:
        go.wait(PATIENCE_S)
        return sum(
            gear.guarded("kraken", f"get_{thread}_{number}").call_sync(int, "1")
            for number in range(50)
        )

    with ThreadPoolExecutor(8) as pool:
        found = [pool.submit(work, thread) for thread in range(8)]
        go.set()
        assert [one.result(PATIENCE_S) for one in found] == [50] * 8
    kept = sizes(gear)
    assert kept["policies"] == kept["counts"] == kept["taps"] == len(listed(gear)) <= MAX


@pytest.mark.slow  # five thousand keys are made
def test_names_without_end_do_not_grow_memory(clock: FakeClock) -> None:
    """As many policies live as may, once the log has forgotten the others; so it is after 1,000 and after 5,000."""
    alive: WeakSet[Policy] = WeakSet()
    with sg.Switchgear(clock=clock, keys_max=MAX) as gear:

        def call(number: int) -> None:
            guard = gear.guarded("kraken", f"get_{number}")
            guard.call_sync(int)
            alive.add(guard.policy)

        for begin in range(0, 5_000, 1_000):
            for number in range(begin, begin + 1_000):
                call(number)
            forget_log(gear)
            assert len(alive) <= MAX
            assert len(gear.registry._parted) == 0
            assert len(gear.book._state[1]) <= 4096
            assert len(gear.registry.commons) == 1
            assert max(sizes(gear).values()) <= MAX


@pytest.mark.parametrize("keys_max", [0, -1, 1.5, True, "10", None])
def test_a_bound_that_cannot_be_is_refused(keys_max: Any) -> None:
    """The error names field, value and what is allowed."""
    with pytest.raises(sg.SettingsError, match="a whole number from 1") as caught:
        sg.Switchgear(keys_max=keys_max)
    assert (caught.value.field, caught.value.value) == ("keys_max", keys_max)
