"""Owns the bounds of each fallback layer: how old a value may be, how long it may take, and what is told of it."""

from __future__ import annotations

from math import inf, nan
from typing import TYPE_CHECKING, Any

import pytest

import switchgear as sg

if TYPE_CHECKING:
    from tests.core.callkit import Calls

LOST = ConnectionResetError("reset")
REFUSED = ConnectionRefusedError("refused")


def failed(calls: Calls) -> list[tuple[str, str]]:
    """The sources that had no value, with their reasons."""
    return [(event.source, event.error) for event in calls.told(sg.FallbackFailed)]


def aged(value: object, age_s: Any, source: str = "primary") -> Any:
    """A source that says how old its value is."""
    return sg.source(lambda *_: sg.Served(value, source, age_s), name="venue")


@pytest.mark.parametrize(
    ("method", "bound_s"),
    [("get_market_price", 60), ("get_account_balance", 5), ("get_symbols", 86_400), ("ping", 30)],
)
def test_last_good_without_an_age_is_as_fresh_as_its_method_needs(
    calls: Calls, method: str, bound_s: int
) -> None:
    """At the bound it serves; past it, it does not: a stale balance is refused where a stale ticker is welcome."""
    guard = calls.guard(method, fallback=[sg.last_good(), sg.static("else")], retries=0)
    guarded = guard(calls.function(calls.answers("good", LOST)))
    assert calls.finish(guarded()) == "good"
    calls.clock.advance(bound_s)
    assert calls.finish(guarded()) == "good"
    calls.clock.advance(1)
    assert calls.finish(guarded()) == "else"
    if bound_s < 86_400:  # what is older than a day is forgotten
        assert failed(calls) == [
            (
                "last_good",
                f"LookupError: the last good value is {bound_s + 1} s old, allowed are {bound_s} s",
            )
        ]
    else:
        assert failed(calls) == [
            ("last_good", "LookupError: no good value of this call is remembered")
        ]


def test_an_age_of_its_own_goes_before_the_methods(calls: Calls) -> None:
    """Longer or shorter; only what the method may have at most goes before both."""
    fallback = [sg.last_good(2), sg.source(lambda: sg.Served("venue", age_s=40), max_age_s=45)]
    guard = calls.guard("get_account_balance", fallback=fallback, retries=0, failure_threshold=99)
    guarded = guard(calls.function(calls.answers("good", LOST)))
    assert calls.finish(guarded()) == "good"
    calls.clock.advance(3)
    assert calls.finish(guarded()) == "venue"
    calls.gear.configure("binance", "*", stale_s_max=20)
    with pytest.raises(ConnectionResetError):
        calls.finish(guarded())
    assert failed(calls)[-1][1].endswith("the value is 40 s old, allowed are 20 s")


def test_stale_s_max_bounds_every_layer(calls: Calls) -> None:
    """Memory and sources; a value without an age, and a static one, serve at any bound."""
    fallback = [sg.last_good(600), aged("venue", 4.0), sg.static("static")]
    guard = calls.guard(fallback=fallback, retries=0)
    calls.gear.configure("binance", "*", stale_s_max=0.5)
    guarded = guard(calls.function(calls.answers("good", LOST)))
    assert calls.finish(guarded()) == "good"
    calls.clock.advance(1)
    assert calls.finish(guarded()) == "static"
    assert failed(calls) == [
        ("last_good", "LookupError: the last good value is 1 s old, allowed are 0.5 s"),
        ("venue", "LookupError: the value is 4 s old, allowed are 0.5 s"),
    ]


def test_a_value_that_says_its_age_is_unwrapped(calls: Calls) -> None:
    """Value, age and both names are told; never one Served inside another."""
    served = calls.do("served", calls.guard(fallback=aged(7, 3.5, "last_good")), _lost)
    assert served == sg.Served(7, "venue/last_good", 3.5, "ConnectionResetError: reset")
    (event,) = calls.told(sg.FallbackServed)
    assert (event.source, event.age_s) == ("venue/last_good", 3.5)
    inner = sg.Served(sg.Served(8, "backend", 2.0), "last_good", 3.0)
    twice = calls.do("served", calls.guard(fallback=sg.source(lambda: inner, name="x")), _lost)
    assert (twice.value, twice.source, twice.age_s) == (8, "x/last_good/backend", 5.0)


def _lost() -> object:
    raise LOST


def test_what_another_guard_served_comes_with_its_age(calls: Calls) -> None:
    """The other exchange's own last good value counts from when that exchange gave it."""
    other = calls.gear.guarded(
        "coinbase", "get_price", fallback=sg.last_good(600), retries=0, failure_threshold=99
    )
    price = calls.function(calls.answers(64_000, LOST))
    whole = other.served if calls.is_async else other.served_sync
    layer = sg.source(lambda: whole(price), name="coinbase", max_age_s=30)
    guard = calls.guard(fallback=layer, retries=0)
    first = calls.do("served", guard, _lost)
    assert (first.value, first.source, first.age_s) == (64_000, "coinbase/primary", 0.0)
    calls.clock.advance(30)
    second = calls.do("served", guard, _lost)
    assert (second.value, second.source, second.age_s) == (64_000, "coinbase/last_good", 30.0)
    calls.clock.advance(1)
    assert calls.error(guard, _lost) is LOST
    assert failed(calls)[-1] == ("coinbase", "LookupError: the value is 31 s old, allowed are 30 s")


def test_a_remembered_served_keeps_its_age(calls: Calls) -> None:
    """A call whose own value is a Served gives one from memory too; it is as old as both say together."""
    guard = calls.guard(fallback=sg.last_good(30), retries=0, failure_threshold=99)
    guarded = guard(calls.function(calls.answers(sg.Served("x", "other", 20.0), LOST)))
    assert calls.finish(guarded()).value == "x"
    calls.clock.advance(10)
    assert calls.finish(guarded()).value == "x"
    assert calls.told(sg.FallbackServed)[0].age_s == 30
    calls.clock.advance(1)
    with pytest.raises(ConnectionResetError):
        calls.finish(guarded())


@pytest.mark.parametrize("age_s", [nan, inf, None, "3"], ids=repr)
def test_an_age_that_is_none_is_too_old(calls: Calls, age_s: Any) -> None:
    """A source that cannot say how old its value is does not pass for fresh."""
    guard = calls.guard(fallback=[aged(7, age_s), sg.static("static")], retries=0)
    assert calls.call(guard, _lost) == "static"


def test_an_age_below_zero_is_none(calls: Calls) -> None:
    """Nothing comes from the future, and it does not make another age smaller."""
    inner = sg.Served(sg.Served(7, "a", 5.0), "b", -100.0)
    guard = calls.guard(fallback=sg.source(lambda: inner), retries=0)
    assert calls.do("served", guard, _lost).age_s == 5.0


def test_the_name_of_an_inner_source_is_made_harmless(calls: Calls) -> None:
    """It goes into logs: visible characters, and not without end."""
    served = calls.do("served", calls.guard(fallback=aged(7, 0, "a\nb" + "c" * 500)), _lost)
    assert served.source.startswith("venue/a\\nbccc")
    assert len(served.source) == 128


def test_an_order_that_a_stand_in_booked_is_served_however_old_the_news(calls: Calls) -> None:
    """To refuse it would hand the order to the next stand-in, or call it unsent."""
    second = calls.answers("booked twice")
    fallback = [
        sg.source(lambda: sg.Served("booked", "backend", 999.0), name="desk", same_account=True),
        sg.source(second, same_account=True),
    ]
    guard = calls.guard("create_order", fallback=fallback)
    served = calls.do("served", guard, calls.answers(REFUSED))
    assert (served.value, served.source, served.age_s) == ("booked", "desk/backend", 999.0)
    assert second.at_s == []


def slow(calls: Calls, lasts_s: float, value: object = "late") -> Any:
    """A source that takes its time: cut where it can be, measured where not."""

    async def later() -> object:
        await calls.clock.sleep_async(lasts_s)
        return value

    def measured() -> object:
        calls.clock.advance(lasts_s)
        return value

    return later if calls.is_async else measured


@pytest.mark.parametrize(
    ("layer_s", "lasts_s", "in_time"),
    [(2, 1, True), (2, 3, False), (20, 15, True), (None, 11, False)],
)
def test_a_layer_has_a_timeout_of_its_own(
    calls: Calls, layer_s: float | None, lasts_s: float, in_time: bool
) -> None:
    """Shorter or longer than the call's 10 s. An async source is cut; a sync one is used, and said to be slow."""
    layer = sg.source(slow(calls, lasts_s), name="slow", timeout_s=layer_s)
    guard = calls.guard(fallback=[layer, sg.static("static")], timeout_s=10, retries=0)
    value = calls.call(guard, calls.answers(LOST))
    notes = [note.message for note in calls.told(sg.Note)]
    if in_time:
        assert (value, failed(calls), notes) == ("late", [], [])
    elif calls.is_async:
        assert (value, failed(calls), notes) == ("static", [("slow", "took too long")], [])
    else:
        allowed_s = layer_s or 10
        words = f"fallback slow took {lasts_s} s, allowed are {allowed_s} s; its value is used"
        assert (value, failed(calls), notes) == ("late", [], [words])


def test_no_layer_outlives_the_deadline(async_calls: Calls) -> None:
    """The first is cut when the deadline comes, however much it was given; the second is not begun."""
    calls = async_calls
    never = calls.answers("never")
    fallback = [
        sg.source(slow(calls, 60), name="slow", timeout_s=50),
        sg.source(never, name="next"),
    ]
    guard = calls.guard(fallback=fallback, deadline_s=8, retries=0)
    begun_s = calls.clock.now_s
    assert calls.error(guard, calls.answers(LOST)) is LOST
    assert calls.clock.now_s - begun_s == 8
    assert never.at_s == []
    assert failed(calls) == [
        ("slow", "took too long"),
        ("next", "_NoTimeLeftError: the deadline of the call has passed"),
    ]


def test_a_fixed_value_is_there_when_the_time_is_over(calls: Calls) -> None:
    """It takes no time, as a remembered one does not; a function is not begun any more."""
    never = calls.answers("never")
    guard = calls.guard(fallback=[sg.source(never), sg.static("static")], deadline_s=3, retries=0)

    def slow_failure() -> object:
        calls.clock.advance(3)
        raise LOST

    assert calls.call(guard, slow_failure) == "static"
    assert never.at_s == []


BAD_SECONDS = [0, -1, nan, True, "30"]


@pytest.mark.parametrize("field", ["timeout_s", "max_age_s"])
@pytest.mark.parametrize("bad", BAD_SECONDS, ids=repr)
def test_seconds_that_cannot_be_are_refused(field: str, bad: Any) -> None:
    """The error names field, value and what is allowed."""
    with pytest.raises(sg.SettingsError, match=f"{field}=.*number of seconds above 0") as caught:
        sg.source(int, **{field: bad})
    assert (caught.value.field, caught.value.value) == (field, bad)


def test_seconds_without_end() -> None:
    """A value may be of any age; a timeout is a number that a timer can take."""
    assert sg.last_good(inf).max_age_s == inf
    assert sg.source(int, max_age_s=10**400).max_age_s == inf
    for endless in (inf, 10**400):
        with pytest.raises(sg.SettingsError, match="must be a finite number of seconds above 0"):
            sg.source(int, timeout_s=endless)


@pytest.mark.parametrize("bad", ["primary", 5, b"x"], ids=repr)
def test_a_name_that_would_mislead_is_refused(bad: Any) -> None:
    """`primary` is the call itself: a fallback of that name would pass for it."""
    with pytest.raises(sg.SettingsError, match="name="):
        sg.source(int, name=bad)


def test_a_function_named_primary_is_a_fallback() -> None:
    """Its name is not taken for the provenance."""

    def primary() -> None: ...

    assert sg.source(primary).name == "fallback"


def test_remembered_obeys_the_same_bounds(sync_calls: Calls) -> None:
    """What last_good could serve now is what it would serve: by the method's freshness, and by stale_s_max."""
    calls = sync_calls
    guard = calls.guard("get_positions", fallback=sg.last_good())
    assert guard.remembered(int) is None
    assert guard.call_sync(int) == 0
    calls.clock.advance(5)
    assert guard.remembered(int) == sg.Served(0, "last_good", 5.0)
    calls.gear.configure("binance", "*", stale_s_max=4)
    assert guard.remembered(int) is None
    calls.gear.configure("binance", "*", stale_s_max=None)
    calls.clock.advance(1)
    assert guard.remembered(int) is None
