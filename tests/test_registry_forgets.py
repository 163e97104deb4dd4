"""Proves what becomes of a forgotten key: holds bind it, its calls are counted, and nothing keeps it alive."""

from __future__ import annotations

import gc
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any
from weakref import ref

import pytest

import switchgear as sg
from switchgear.registry import table as registry_table
from switchgear.registry.idle import idle_keys as found
from switchgear.testing import assert_rejected
from tests.core.policy.crowd import hammer
from tests.registry_kit import KEY, MAX, PATIENCE_S, clock, crowd, forget_log, gear

if TYPE_CHECKING:
    from concurrent.futures import Future

    from switchgear.testing import FakeClock

__all__ = ["clock", "gear"]


class Ignored(Exception):
    """An error that says nothing about the exchange."""


@pytest.mark.parametrize("pattern", ["create_order", "create_*"])
def test_a_hold_binds_a_key_that_was_forgotten(gear: sg.Switchgear, pattern: str) -> None:
    """Somebody kept its guard: a person's word holds for it when it comes back, and no order goes out."""
    guard = gear.guarded("kraken", "create_order")
    guard.call_sync(int)
    crowd(gear)
    assert guard.policy.revive is not None
    gear.hold("kraken", pattern, by="ops", why="incident")
    with assert_rejected(scope="method", reason="incident"):
        guard.call_sync(int)
    gear.release("kraken", pattern, by="ops")
    assert guard.call_sync(int) == 0


# -------------------------------------------------------------------------------- calls that begin meanwhile


@pytest.mark.parametrize(
    ("error", "counts"), [(ConnectionResetError(), (1, 0)), (Ignored(), (0, 1))]
)
def test_a_call_that_begins_while_its_key_is_forgotten_is_counted(
    gear: sg.Switchgear, monkeypatch: pytest.MonkeyPatch, error: Exception, counts: tuple[int, int]
) -> None:
    """A thread may begin one between the look for idle keys and the forgetting: its end is counted all the same."""
    gear.configure("*", ignore=(Ignored,), retries=1, retry_delay_s=0)
    guard, begun, ends = gear.guarded(*KEY), SimpleQueue[None](), SimpleQueue[None]()
    guard.call_sync(int)
    errors, calls = [error], list[Any]()

    def work() -> int:
        begun.put(None)
        ends.get(timeout=PATIENCE_S)
        if errors:
            raise errors.pop()
        return 1

    with ThreadPoolExecutor(1) as pool:

        def idle_keys(*args: Any) -> list[sg.Key]:
            keys = found(*args)
            if guard.policy.key in keys and not calls:
                calls.append(pool.submit(guard.try_call_sync, work))
                begun.get(timeout=PATIENCE_S)
            return keys

        monkeypatch.setattr(registry_table, "idle_keys", idle_keys)
        crowd(gear)
        settled(ends, *calls)
    gear.guarded(*KEY).call_sync(int)
    seen = gear.metrics(*KEY)
    assert seen.in_flight == 0
    assert (seen.retried_attempts, seen.ignored_calls) == counts


def settled(ends: SimpleQueue[None], call: Future[object]) -> None:
    """Let a call go, which makes two attempts at most."""
    ends.put(None)
    ends.put(None)
    call.result(PATIENCE_S)


@pytest.mark.slow  # some ten thousand calls
def test_eight_threads_and_as_many_forgettings_lose_no_count(clock: FakeClock) -> None:
    """More keys than may be kept, called from eight threads: each ending is counted."""
    settings = {"retries": 1, "retry_delay_s": 0, "failure_threshold": "none"}
    names = [f"get_{number}" for number in range(40)]
    with sg.Switchgear(
        clock=clock, settings=settings | {"retry_tokens": "none"}, keys_max=16
    ) as gear:
        gear.configure("*", ignore=(Ignored,))
        guards = [gear.guarded("kraken", name) for name in names]
        made = [one for found in hammer(lambda thread: storm(guards, thread)) for one in found]
        gear.flush()
        for number, guard in enumerate(guards):
            tap: Any = guard.policy.tap
            seen = tap.counts.read(tap.begun(), sg.CircuitState.CLOSED, gear.hub.date)
            assert seen.in_flight == 0
            assert seen.success_calls == made.count((number, True))
            assert seen.ignored_calls == made.count((number, False))


def storm(guards: list[sg.Guarded], thread: int) -> list[tuple[int, bool]]:
    """A thousand calls: of which key each was, and whether it had a value; none where there was no room for its key."""
    made: list[tuple[int, bool]] = []
    for number in range(1_000):
        which = (number * 7 + thread * 11) % len(guards)
        errors: list[Exception] = [ConnectionResetError() if number % 2 else Ignored()]

        def body(errors: list[Exception] = errors) -> int:
            if errors:
                raise errors.pop()
            return 1

        ended = guards[which].try_call_sync(body)
        if not (isinstance(ended, sg.Err) and isinstance(ended.error, sg.SettingsError)):
            made.append((which, isinstance(ended, sg.Ok)))
    return made


# ---------------------------------------------------------------------------------- what is not kept


@pytest.mark.slow  # it collects garbage for each of many exchanges
def test_exchanges_are_bounded(gear: sg.Switchgear) -> None:
    """One that has no key any more, and nothing that would be missed, is forgotten as its keys are."""
    for number in range(200):
        gear.guarded(f"venue_{number}", "get_x").call_sync(int)
        if number % 50 == 0:
            forget_log(gear)
    forget_log(gear)
    gear.guarded("one_more", "get_x").call_sync(int)
    assert len(gear.registry.commons) <= 2 * MAX


def test_accounts_are_bounded(gear: sg.Switchgear) -> None:
    """The circuit, the gates and the places of an account without a key go when nothing of them would be missed."""
    gear.configure("*", max_in_flight=5)
    for number in range(200):
        gear.guarded("kraken", "get_x", account=f"a{number}").call_sync(int)
    common = gear.registry.common("kraken")
    kept = (
        len(common.circuits),
        len(common.gates),
        len(common.bulkheads),
        len(common.domain.wide),
    )
    assert max(kept) <= 4 * MAX


def test_a_record_keeps_no_policy_alive(gear: sg.Switchgear) -> None:
    """The log knows the keys of its records, and nothing else of those that were forgotten."""
    guard = gear.guarded(*KEY)
    guard.call_sync(int)
    policy = ref(guard.policy)
    del guard
    crowd(gear)
    gear.flush()
    gc.collect()
    assert policy() is None
    assert gear.logs(method=KEY[1])
