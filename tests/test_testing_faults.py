"""Proves that faults break the calls they speak of, and only those, in threads and on an event loop."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import partial, wraps
from typing import TYPE_CHECKING, Any

import pytest

import switchgear as sg
from switchgear.testing import FakeClock, FaultCall, Faults, assert_open
from tests.faults_kit import BROKEN, COLOURS, KEY, coroutine, ended, later

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator


@pytest.fixture
def clock() -> FakeClock:
    """A clock moved by hand, and by who waits."""
    return FakeClock()


@pytest.fixture
def gear(clock: FakeClock) -> Iterator[sg.Switchgear]:
    """A gear that makes one attempt, and never opens a circuit."""
    settings = {"retries": 0, "failure_threshold": "none", "slow_call_s": "none"}
    with sg.Switchgear(clock=clock, settings=settings) as made:
        yield made


@pytest.fixture(params=COLOURS, ids=[each.__name__ for each in COLOURS])
def call(request: pytest.FixtureRequest) -> Any:
    """Each way to make a guarded call."""
    return request.param


def test_a_hit_raises_a_fresh_copy_after_its_latency(
    gear: sg.Switchgear, clock: FakeClock, call: Any
) -> None:
    """The function does not run; each error is another object; it took two seconds of the gear's clock."""
    guard, ran = gear.guarded(*KEY), list[int]()
    with Faults(gear, "binance", "get_*", error=BROKEN, latency_s=2.0) as faults:
        errors = [ended(call, guard, ran.append, 1) for _ in range(2)]
    assert [str(error) for error in errors] == ["slow", "slow"]
    assert len({id(error) for error in (*errors, BROKEN)}) == 3
    assert BROKEN.__traceback__ is None
    assert (ran, faults.calls, faults.hits, clock.slept_s) == ([], 2, 2, [2.0, 2.0])
    assert gear.metrics(*KEY).errors_by_kind == {"timeout": 2}
    assert gear.metrics(*KEY).max_duration_ms == 0  # of successes alone
    call(guard, ran.append, 1)
    assert (ran, faults.calls) == ([1], 2)


def test_the_answer_is_lost_after_the_function_ran(
    gear: sg.Switchgear, clock: FakeClock, call: Any
) -> None:
    """The order is booked once, its answer is lost, and the outcome is unknown: no further attempt."""
    gear.configure("*", retries=3)
    guard, booked = gear.guarded("binance", "create_order"), list[str]()
    with Faults(gear, "binance", error=TimeoutError, latency_s=1.0, after=True) as faults:
        error = ended(call, guard, booked.append, "id-1")
    assert isinstance(error, TimeoutError)
    assert (booked, faults.hits, clock.slept_s) == (["id-1"], 1, [1.0])


def test_a_function_that_fails_by_itself_is_no_hit(gear: sg.Switchgear, call: Any) -> None:
    """Where the answer is to be lost there has to be one: the function's own error goes on."""
    with Faults(gear, "*", error=BROKEN, after=True) as faults:
        error = ended(call, gear.guarded(*KEY), divmod, 1, 0)
    assert isinstance(error, ZeroDivisionError)
    assert (faults.calls, faults.hits) == (1, 0)


def test_latency_alone_delays(gear: sg.Switchgear, clock: FakeClock, call: Any) -> None:
    """Without an error the call goes well, later."""
    with Faults(gear, "*", latency_s=3.0) as faults:
        assert call(gear.guarded(*KEY), abs, -5) == 5
    assert (faults.hits, clock.slept_s) == (1, [3.0])
    assert gear.metrics(*KEY).max_duration_ms == pytest.approx(3000)


def test_an_attempt_that_is_too_slow_is_cut(gear: sg.Switchgear, clock: FakeClock) -> None:
    """An asynchronous attempt meets its own timeout before the latency is over; it is counted as a timeout."""
    gear.configure("*", timeout_s=1.5)
    with Faults(gear, "*", latency_s=20.0), pytest.raises(sg.AttemptTimeout):
        coroutine(gear.guarded(*KEY), int)
    assert clock.now_s == 1_001.5


def test_error_is_a_function_of_the_call(gear: sg.Switchgear, call: Any) -> None:
    """It is told key, number and arguments; what it gives is raised, made or left."""
    seen = list[FaultCall]()

    def error(one: FaultCall) -> BaseException | type[BaseException] | None:
        seen.append(one)
        return (KeyError("one"), OSError, None)[one.number - 1]

    guard = gear.guarded(*KEY)
    with Faults(gear, "*", error=error) as faults:
        errors = [ended(call, guard, abs, -n) for n in range(1, 4)]
    assert [type(one) for one in errors] == [KeyError, OSError, int]
    assert [(str(one.key), one.number, one.args) for one in seen] == [
        (".".join(KEY), n, (-n,)) for n in range(1, 4)
    ]
    assert (faults.calls, faults.hits) == (3, 2)


def test_what_a_function_gives_must_be_an_error(gear: sg.Switchgear) -> None:
    """Anything else is an error of the test, and says so."""

    def wrong(_: FaultCall) -> Any:
        return "no error"

    with Faults(gear, "*", error=wrong), pytest.raises(sg.SettingsError, match="must be an exc"):
        gear.call_sync(*KEY, int)


def test_the_first_calls_only(gear: sg.Switchgear, call: Any) -> None:
    """With count=2 the third call goes well, and is counted as seen."""
    guard = gear.guarded(*KEY)
    with Faults(gear, *KEY, error=BROKEN, count=2) as faults:
        values = [ended(call, guard, abs, -1) for _ in range(4)]
    assert [isinstance(one, TimeoutError) for one in values] == [True, True, False, False]
    assert (faults.calls, faults.hits) == (4, 2)


def test_each_attempt_draws_its_lot(gear: sg.Switchgear, call: Any) -> None:
    """A retry is an attempt of its own: after two hits the third goes well."""
    gear.configure("*", retries=5)
    with Faults(gear, "*", error=BROKEN, count=2) as faults:
        assert call(gear.guarded(*KEY), abs, -4) == 4
    assert (faults.calls, faults.hits) == (3, 2)
    assert gear.metrics(*KEY).retried_attempts == 2


class Asker:
    """An object that is called and awaited."""

    async def __call__(self) -> int:
        return 5


def wrapping(function: Callable[[], Awaitable[int]]) -> Callable[[], Any]:
    """What many decorators make of a coroutine function."""

    @wraps(function)
    def wrapper() -> Any:
        return function()

    return wrapper


@pytest.mark.parametrize("function", [Asker(), wrapping(Asker().__call__), partial(Asker())])
def test_what_gives_an_awaitable_is_known_by_its_face(
    gear: sg.Switchgear, clock: FakeClock, function: Any
) -> None:
    """A decorated one fails where it is awaited, and waits there: in the loop, not in its way."""
    gear.configure("*", retries=1)
    guarded = gear.guarded(*KEY).serving(function)

    async def run() -> object:
        with Faults(gear, "*", error=BROKEN, latency_s=1, count=1):
            return (await guarded()).value

    assert asyncio.run(run()) == 5
    assert clock.slept_s[0] == 1


def test_what_does_not_say_so_is_hit_where_it_is_called(gear: sg.Switchgear) -> None:
    """Before it ran nobody knows that a bare lambda gives an awaitable; with after there is one."""
    gear.configure("*", retries=1)

    async def run() -> object:
        bare: Any = gear.guarded(*KEY)(lambda: later(int))
        with Faults(gear, "*", error=BROKEN), pytest.raises(sg.WouldBlockLoop) as caught:
            bare()
        with Faults(gear, "*", error=BROKEN, after=True, count=1):
            assert await bare() == 0
        return caught.value.__cause__

    assert isinstance(asyncio.run(run()), TimeoutError)


def hits_of(gear: sg.Switchgear, method: str, calls: int, **of: Any) -> list[bool]:
    """Which of so many calls were hit."""
    guard = gear.guarded("binance", method)
    with Faults(gear, "binance", "get_*", error=BROKEN, **of):
        return [isinstance(guard.try_call_sync(int), sg.Err) for _ in range(calls)]


@pytest.mark.parametrize("rate", [0.1, 0.3, 0.5, 0.97])
def test_the_rate_is_kept(gear: sg.Switchgear, rate: float) -> None:
    """Over 1,000 attempts the share is within four standard deviations of the rate."""
    calls = 1_000
    found = sum(hits_of(gear, "get_x", calls, rate=rate, seed=7))
    assert abs(found - rate * calls) < 4 * (calls * rate * (1 - rate)) ** 0.5


def test_nothing_and_everything_are_exact(gear: sg.Switchgear) -> None:
    """A rate of 0 hits nothing, 1 hits all."""
    assert sum(hits_of(gear, "get_x", 500, rate=0)) == 0
    assert sum(hits_of(gear, "get_x", 500, rate=1)) == 500


def test_a_seed_says_which(gear: sg.Switchgear) -> None:
    """The same seed and key give the same hits; another seed, and another key, give others."""
    first = hits_of(gear, "get_x", 100, rate=0.5, seed=7)
    assert hits_of(gear, "get_x", 100, rate=0.5, seed=7) == first
    assert hits_of(gear, "get_x", 100, rate=0.5, seed=8) != first
    assert hits_of(gear, "get_y", 100, rate=0.5, seed=7) != first


def test_other_keys_change_nothing_of_a_keys_lots(gear: sg.Switchgear) -> None:
    """Eight threads that call other keys, another account among them, do not move this key's hits."""
    alone = hits_of(gear, "get_x", 50, rate=0.5)
    guards = [gear.guarded("binance", f"get_{n}") for n in range(7)]
    guards.append(gear.guarded(*KEY, account="second"))
    mine = gear.guarded(*KEY)

    def noise(guard: sg.Guarded) -> None:
        for _ in range(50):
            guard.try_call_sync(int)

    with Faults(gear, "binance", "get_*", rate=0.5, error=BROKEN) as faults:
        with ThreadPoolExecutor(8) as pool:
            others = [pool.submit(noise, guard) for guard in guards]
            found = [isinstance(mine.try_call_sync(int), sg.Err) for _ in range(50)]
        assert [other.result() for other in others] == [None] * 8
    assert found == alone
    assert faults.calls == 450
    assert faults.hits == sum(seen.failed_calls for seen in gear.all_metrics()) - sum(alone)


def test_keys_that_come_later_are_meant_too_and_others_are_not(
    gear: sg.Switchgear, call: Any
) -> None:
    """A key made inside the block is hit; one that the patterns do not match is not; spellings fold."""
    with Faults(gear, "Binance", "get_*", error=BROKEN) as faults:
        assert isinstance(ended(call, gear.guarded("binance", "get_late"), int), TimeoutError)
        assert call(gear.guarded("binance", "create_order"), int) == 0
        assert call(gear.guarded("alpaca", "get_x"), int) == 0
    assert (faults.calls, faults.hits) == (1, 1)
    assert call(gear.guarded("binance", "get_late"), int) == 0


def test_leaving_ends_it_whatever_way(gear: sg.Switchgear, call: Any) -> None:
    """After the block, left by an error, calls go well; the straight path is open again."""
    guard = gear.guarded(*KEY)
    faults = Faults(gear, "*", error=BROKEN)

    def leave() -> None:
        with faults:
            assert guard.policy.way is None
            raise KeyError

    with pytest.raises(KeyError):
        leave()
    assert call(guard, abs, -1) == 1
    assert guard.policy.way is not None
    assert faults.calls == 0


def test_a_call_on_its_way_out_of_the_block_is_left_alone(
    gear: sg.Switchgear, clock: FakeClock
) -> None:
    """A further attempt, made when the block was left, is not hit."""
    gear.configure("*", retries=1, retry_delay_s=1)
    faults = Faults(gear, "*", error=BROKEN)
    with faults:
        clock.timer(0.1, lambda: faults.__exit__(None, None, None))
        assert gear.call_sync(*KEY, abs, -3) == 3
        faults.__enter__()
    assert (faults.calls, faults.hits) == (1, 1)


def test_faults_stand_within_one_another(gear: sg.Switchgear, clock: FakeClock, call: Any) -> None:
    """The inner ones meet a call first; what they let pass meets the outer ones; each goes in its turn."""
    guard, other = gear.guarded(*KEY), gear.guarded("alpaca", "get_x")
    outer = Faults(gear, "*", "get_*", error=KeyError("outer"))
    inner = Faults(gear, "binance", error=OSError("inner"), latency_s=1, count=1)
    with outer:
        with inner:
            errors = [ended(call, guard, int), ended(call, guard, int), ended(call, other, int)]
            assert [type(error) for error in errors] == [OSError, KeyError, KeyError]
            assert ((inner.calls, inner.hits), (outer.calls, outer.hits)) == ((2, 1), (2, 2))
        assert isinstance(ended(call, guard, int), KeyError)
    assert call(guard, int) == 0
    assert clock.slept_s == [1.0]


def test_they_may_end_in_any_order(gear: sg.Switchgear) -> None:
    """The older ones may go first."""
    older, newer = Faults(gear, "*", error=KeyError), Faults(gear, *KEY, error=OSError, count=1)
    older.__enter__()
    newer.__enter__()
    older.__exit__(None, None, None)
    values = [gear.guarded(*KEY).try_call_sync(int) for _ in range(2)]
    newer.__exit__(None, None, None)
    assert isinstance(values[0], sg.Err)
    assert isinstance(values[0].error, OSError)
    assert values[1] == sg.Ok(0)


def test_one_block_at_a_time_and_again_afterwards(gear: sg.Switchgear) -> None:
    """Entering what is in force is an error; entering it again later goes on counting."""
    faults = Faults(gear, "*", error=BROKEN)
    with faults, pytest.raises(RuntimeError, match="in force already"):
        faults.__enter__()
    for _ in range(2):
        with faults, pytest.raises(TimeoutError):
            gear.call_sync(*KEY, int)
    assert faults.hits == 2
    assert gear.call_sync(*KEY, int) == 0


def test_last_good_knows_a_call_through_its_faults(gear: sg.Switchgear, call: Any) -> None:
    """A value kept before, or in the block by a call that was not hit, is served for the same call alone."""
    guard = gear.guarded(*KEY, fallback=sg.last_good(max_age_s=60))

    def body(n: int) -> int:
        return n * 10

    assert call(guard, body, 1) == 10
    with Faults(gear, *KEY, rate=0.5, error=lambda c: BROKEN if c.number > 1 else None, seed=1):
        assert call(guard, body, 2) == 20
    with Faults(gear, *KEY, error=BROKEN) as faults:
        assert (call(guard, body, 1), call(guard, body, 2)) == (10, 20)
        assert isinstance(ended(call, guard, body, 3), TimeoutError)
    assert faults.hits == 3
    assert gear.metrics(*KEY).fallback_calls == 2


def test_a_circuit_opens_and_heals_by_faults(clock: FakeClock) -> None:
    """The whole story of an outage, without a mock."""
    with sg.Switchgear(clock=clock, settings={"retries": 0}) as gear:
        guard = gear.guarded(*KEY)
        with Faults(gear, "binance", error=ConnectionResetError(104, "reset")):
            for _ in range(3):
                assert isinstance(guard.try_call_sync(int), sg.Err)
        assert_open(gear, *KEY, reason="reset")
        clock.advance(30)
        assert guard.call_sync(int) == 0


def test_hedged_and_coalesced_calls_are_hit_too(gear: sg.Switchgear) -> None:
    """Reads that share one attempt share one hit."""
    gear.configure("*", coalesce=True)

    async def work() -> int:
        return 1

    async def run() -> list[object]:
        guard = gear.guarded(*KEY)
        calls = [guard.call(work) for _ in range(3)]
        return await asyncio.gather(*calls, return_exceptions=True)

    with Faults(gear, "*", error=BROKEN, latency_s=1) as faults:
        errors = asyncio.run(run())
    assert [type(error) for error in errors] == [TimeoutError] * 3
    assert faults.hits == 1
