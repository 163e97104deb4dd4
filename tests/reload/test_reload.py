"""Proves that a settings file read anew while calls are made changes nothing of what was counted, and is noticed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue
from threading import Event

import pytest

import switchgear as sg
from switchgear.core.event import SettingsRead
from switchgear.settings.watch import LOOK_S
from switchgear.testing import (
    FakeClock,
    Recorder,
    assert_circuit,
    assert_closed,
    assert_half_open,
    assert_open,
    assert_rejected,
)
from tests.reload.kit import (
    FIRST,
    KEY,
    PATIENCE_S,
    Boom,
    Calls,
    fail,
    read,
    replace,
    write,
)


def test_calls_in_flight_are_settled_and_counted(
    gear: sg.Switchgear, path: Path, calls: Calls
) -> None:
    """Their tickets hold through a reload: failures count towards the new threshold, and open it there."""
    fail(gear, 1)
    for _ in range(3):
        calls.begin()
    read(gear, path, "[settings]\nretries = 0\nfailure_threshold = 4\n")
    assert gear.metrics(*KEY).in_flight == 3
    for _ in range(3):
        calls.end(Boom())
    for call in calls.out:
        assert isinstance(call.exception(PATIENCE_S), Boom)
    assert_open(gear, *KEY)
    seen = gear.metrics(*KEY)
    assert (seen.failed_calls, seen.in_flight, seen.total_calls) == (4, 0, 4)


def test_coroutines_in_flight_are_too(gear: sg.Switchgear, path: Path) -> None:
    """A call that is awaited meanwhile ends as it would have; what was counted stays."""
    fail(gear, 2)

    async def work() -> int:
        read(gear, path, "[settings]\nretries = 2\nfailure_threshold = 5\ntimeout_s = 1\n")
        await gear.clock.sleep_async(5)  # its own timeout is the one that it began with
        return 1

    assert gear.circuit(*KEY).failures == 2
    assert asyncio.run(gear.call(*KEY, work)) == 1
    assert gear.circuit(*KEY).failures == 0
    assert gear.metrics(*KEY).success_calls == 1


def test_an_open_spell_keeps_its_instant(gear: sg.Switchgear, path: Path, clock: FakeClock) -> None:
    """It opened for thirty seconds: a reload makes it neither longer nor shorter, but the next one."""
    fail(gear, 3)
    clock.advance(10)
    read(gear, path, FIRST + "reset_timeout_s = 100\nreset_timeout_s_max = 1000\n")
    assert assert_open(gear, *KEY).retry_after_s == 20
    assert gear.circuit(*KEY).openings == 1
    clock.advance(20)
    assert_half_open(gear, *KEY)
    fail(gear, 1)
    wait_s = assert_open(gear, *KEY).retry_after_s
    assert wait_s is not None
    assert wait_s >= 100


def test_a_probe_in_flight_heals_its_circuit(
    gear: sg.Switchgear, path: Path, clock: FakeClock, calls: Calls
) -> None:
    """Half-open with its probe out: a reload takes the probe nothing."""
    fail(gear, 3)
    clock.advance(30)
    calls.begin()
    read(gear, path, FIRST + "probes = 2\n")
    calls.end()
    assert calls.out[0].result(PATIENCE_S) == 1
    assert_closed(gear, *KEY, failures=0)


def test_a_hold_stays(gear: sg.Switchgear, path: Path, clock: FakeClock) -> None:
    """On keys in use, on keys to come, and until its own time."""
    fail(gear, 2)
    gear.hold("kraken", "get_*", by="ops", why="incident", for_s=60)
    read(gear, path, FIRST + "reset_timeout_s = 5\n")
    assert_circuit(gear, *KEY, state="forced_open", reason="incident")
    with assert_rejected(scope="method"):
        gear.call_sync("kraken", "get_new", int)
    clock.advance(60)
    assert_closed(gear, *KEY)
    fail(gear, 1)  # the third, with the two of before the hold
    assert_open(gear, *KEY)


def test_gates_limits_and_budgets_stay(gear: sg.Switchgear, path: Path) -> None:
    """What an exchange said, and what retries have used, is nothing that a file knows."""
    gear.configure("kraken", retries=1, retry_delay_s=0)

    def limited() -> None:
        verdict = sg.Verdict(sg.Kind.RATE_LIMITED, sg.Scope.ADDRESS, retry_after_s=20.0)
        raise sg.ApiError("too many", status=429, verdict=verdict)

    gear.heard("binance", {"X-MBX-USED-WEIGHT-1M": "700"}, sent_s=gear.clock.monotonic_s())
    fail(gear, 1)
    gear.guarded("kraken", "get_y").try_call_sync(limited)
    before = gear.gates(), gear.limits(), gear.budgets()
    read(gear, path, FIRST + "wait_s_max = 1\n")
    assert (gear.gates(), gear.limits(), gear.budgets()) == before


def told(recorder: Recorder) -> list[bool]:
    """Of each file that was read, whether it could be used."""
    return [not event.error for event in recorder.of(SettingsRead)]


def look(gear: sg.Switchgear, clock: FakeClock) -> None:
    """What the gear's own thread does a few times each second, once it is time to look again."""
    clock.advance(LOOK_S)
    gear._look_at_settings()


BROKEN = (
    "[settings]\nretries = -1\n",
    "[settings\n",
    "[setings]\nretries = 1\n",
    "settings = 5\n",
    "[settings]\nretrys = 1\n",
    '[settings.kraken.get_x]\nignore = ["KeyError"]\n',
    "[settings]\nprobes_to_close = 5\n",
    '[settings.kraken.create_order]\neffect = "read"\n',
    "[settings.'a b']\nretries = 1\n",
    "[settings.kraken.get_x]\nwindow_calls = 5\nminimum_calls = 10\nfailure_rate = 0.5\n",
    "[settings.kraken]\nweight = 1e300\n",
    "x = " + "[" * 100_000 + "\n",
    "[settings]\nretries = " + "9" * 10_000 + "\n",
)


@pytest.mark.parametrize("text", BROKEN, ids=lambda text: text[:60])
def test_a_broken_file_changes_nothing_and_is_told_once(
    gear: sg.Switchgear, path: Path, clock: FakeClock, text: str
) -> None:
    """Nothing of it holds, not even its good lines; it is said once; a mended one is taken."""
    fail(gear, 2)
    before, recorder = gear.book.of(gear.guarded(*KEY).policy.key), Recorder.on(gear)
    write(path, text + "[settings.alpaca]\nretries = 7\n")
    for _ in range(3):
        look(gear, clock)
    assert told(recorder) == [False]
    (event,) = recorder.of(SettingsRead)
    assert event.path == str(path)
    assert event.error
    assert gear.book.of(gear.guarded(*KEY).policy.key) == before
    assert gear.guarded("alpaca", "get_x").policy.plan.backoff.retries == 0
    assert_closed(gear, *KEY, failures=2)
    with pytest.raises(sg.SettingsError):
        gear.reload()
    write(path, FIRST + "[settings.alpaca]\nretries = 7\n")
    for _ in range(3):
        look(gear, clock)
    assert told(recorder) == [False, True]
    assert gear.guarded("alpaca", "get_x").policy.plan.backoff.retries == 7
    assert_closed(gear, *KEY, failures=2)


def test_a_weight_that_cannot_be_changes_nothing(gear: sg.Switchgear, path: Path) -> None:
    """It is refused as a whole: in the book, for keys in use and for keys to come."""
    guard = gear.guarded("alpaca", "get_x")
    write(path, "[settings]\nretries = 5\n[settings.alpaca]\nweight = 1e300\n")
    with pytest.raises(sg.SettingsError, match="weight"):
        gear.reload()
    assert gear.book.of(guard.policy.key).retries == guard.policy.plan.backoff.retries == 0
    assert gear.guarded("alpaca", "get_new").call_sync(int) == 0


def test_a_file_that_was_read_by_hand_is_not_read_again(
    gear: sg.Switchgear, path: Path, clock: FakeClock
) -> None:
    """One change is told once; the next one is noticed."""
    recorder = Recorder.on(gear)
    read(gear, path, "[settings]\nretries = 3\n")
    for _ in range(3):
        look(gear, clock)
    assert told(recorder) == [True]
    write(path, "[settings]\nretries = 44\n")
    look(gear, clock)
    assert told(recorder) == [True, True]


@pytest.mark.parametrize("change", [write, replace])
def test_a_change_is_noticed(
    gear: sg.Switchgear, path: Path, clock: FakeClock, change: Callable[[Path, str], None]
) -> None:
    """Written in place or put in its place: at the next look it holds, and is read once."""
    recorder = Recorder.on(gear)
    for retries in (3, 4):
        change(path, f"[settings]\nretries = {retries}\n")
        gear._look_at_settings()  # too early to look again
        assert gear.guarded(*KEY).policy.plan.backoff.retries != retries
        for _ in range(3):
            look(gear, clock)
        assert gear.guarded(*KEY).policy.plan.backoff.retries == retries
    assert told(recorder) == [True, True]


def test_a_file_that_is_gone_for_a_moment_is_no_change(
    gear: sg.Switchgear, path: Path, clock: FakeClock
) -> None:
    """Between removing and writing nothing is said; what comes then is taken."""
    recorder = Recorder.on(gear)
    path.unlink()
    for _ in range(2):
        look(gear, clock)
    assert told(recorder) == []
    write(path, "[settings]\nretries = 5\n")
    look(gear, clock)
    assert told(recorder) == [True]
    assert gear.guarded(*KEY).policy.plan.backoff.retries == 5
    path.unlink()
    with pytest.raises(sg.SettingsError, match="readable"):
        gear.reload()


@pytest.mark.slow  # the file is looked at twice a second, on the machine's clock
@pytest.mark.parametrize("change", [write, replace])
def test_a_gear_looks_by_itself(path: Path, change: Callable[[Path, str], None]) -> None:
    """Its own thread notices a change, a broken one too, without anybody's help and within a second."""
    seen, arrived = SimpleQueue[SettingsRead](), Event()

    def heard(event: SettingsRead) -> None:
        seen.put(event)
        arrived.set()

    with sg.Switchgear(settings=path) as gear:
        guard = gear.guarded(*KEY)
        gear.on(SettingsRead, heard)
        began_s = gear.clock.monotonic_s()
        change(path, "[settings]\nretries = 6\n")
        assert arrived.wait(PATIENCE_S)
        event = seen.get_nowait()
        assert event.error == ""
        # Half a second between two looks, a tenth between two rounds of the thread; the rest is the machine's.
        assert LOOK_S + 0.1 < 1
        assert event.at_s - began_s < PATIENCE_S / 2
        assert guard.policy.plan.backoff.retries == 6
        arrived.clear()
        change(path, "[settings\n")
        assert arrived.wait(PATIENCE_S)
        assert "is not TOML" in seen.get_nowait().error
        assert guard.policy.plan.backoff.retries == 6
    assert seen.empty()
