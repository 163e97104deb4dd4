"""Owns where a value comes from when a call has none: order, provenance, what may serve whom."""

from __future__ import annotations

from typing import Any

import pytest

import switchgear as sg
from switchgear.core.words import Effect
from tests.core.callkit import Boom, Calls, HttpError

LOST = ConnectionResetError("reset")


@pytest.fixture(autouse=True)
def _no_notes() -> None:
    """An error that a test before raised keeps no notes of it."""
    vars(LOST).pop("__notes__", None)


REFUSED = ConnectionRefusedError("refused")


def named(name: str, answers: Any) -> Any:
    """The same under a name."""
    return sg.source(answers, name=name)


def test_sources_are_asked_in_order_with_the_calls_own_arguments(calls: Calls) -> None:
    """The first that has a value serves it, under its name; those after it are not asked."""
    seen = list[tuple[Any, ...]]()

    def from_coinbase(*args: Any, **kwargs: Any) -> str:
        seen.append((args, kwargs))
        return "coinbase"

    broken, unasked = calls.answers(Boom("empty")), calls.answers("never")
    guard = calls.guard(fallback=[named("empty", broken), from_coinbase, unasked], retries=0)
    served = calls.do("served", guard, calls.answers(LOST), "BTC", depth=5)
    assert served == sg.Served("coinbase", "from_coinbase", 0.0, "ConnectionResetError: reset")
    assert served.is_fallback
    assert seen == [(("BTC",), {"depth": 5})]
    assert (len(broken.at_s), len(unasked.at_s)) == (1, 0)
    assert [event.source for event in calls.told(sg.FallbackFailed)] == ["empty"]
    metrics = calls.metrics()
    assert (metrics.fallback_calls, metrics.failed_calls, metrics.success_calls) == (1, 1, 0)


def test_a_rejected_call_is_served_and_stays_rejected(calls: Calls) -> None:
    """The reason is the rejection's; it counts as rejected and as a fallback, not as a call."""
    guard = calls.guard(fallback=sg.static(7))
    calls.gear.hold("binance", by="ops", why="incident")
    served = calls.do("served", guard, int)
    assert (served.value, served.source) == (7, "static")
    assert "held open by ops: incident" in served.reason
    metrics = calls.metrics()
    assert (metrics.total_calls, metrics.rejected_calls, metrics.fallback_calls) == (0, 1, 1)


def test_a_call_that_succeeds_says_primary(calls: Calls) -> None:
    """No fallback was asked: the source is primary, its age 0, its reason empty."""
    served = calls.do("served", calls.guard(fallback=sg.static(7)), lambda: 1)
    assert served == sg.Served(1, "primary", 0.0, "")
    assert not served.is_fallback


def test_when_all_fail_the_primary_error_is_raised_with_theirs_as_notes(calls: Calls) -> None:
    """The object that the function raised, a note for each source, and one ERROR that says exhausted."""
    fallback = [named("first", calls.answers(Boom("1"))), named("second", calls.answers(Boom("2")))]
    lost = ConnectionResetError("reset")
    error = calls.error(calls.guard(fallback=fallback, retries=0), calls.answers(lost))
    assert error is lost
    assert lost.__notes__ == [
        "fallback first failed too: Boom: 1",
        "fallback second failed too: Boom: 2",
    ]
    (record,) = calls.gear.logs(level="ERROR", text="fallback")
    assert record.level is sg.Level.ERROR
    assert len(calls.told(sg.FallbackExhausted)) == 1


@pytest.mark.parametrize("status", [400, 404, 451])
def test_a_definite_refusal_is_not_served_from_elsewhere(calls: Calls, status: int) -> None:
    """The exchange answered no: asking another source would hide it."""
    refusal = HttpError(status)
    guard = calls.guard(fallback=sg.static(7))
    assert calls.error(guard, calls.answers(refusal)) is refusal
    assert calls.told(sg.FallbackExhausted) == []


@pytest.mark.parametrize("one", [sg.static(1), sg.last_good(5), lambda: 1, sg.source(int)])
def test_a_fallback_on_a_trade_is_refused_where_it_is_set(calls: Calls, one: Any) -> None:
    """Unless declared to act on the same account; in a list too, and by effect as well as by name."""
    with pytest.raises(sg.SettingsError, match="same_account"):
        calls.guard("create_order", fallback=one)
    with pytest.raises(sg.SettingsError, match="same_account"):
        calls.guard("get_in", fallback=[sg.source(int, same_account=True), one], effect="trade")


def test_a_call_that_became_a_trade_is_not_answered_from_elsewhere(calls: Calls) -> None:
    """Its fallback was registered when it was a read: it serves nothing any more."""
    guard = calls.guard(fallback=[sg.static("from memory"), sg.last_good(60)])
    calls.gear.configure("binance", "get_price", effect="trade")
    calls.gear.hold("binance", by="ops", why="incident")
    assert isinstance(calls.error(guard, int), sg.CircuitOpenError)


@pytest.mark.parametrize(
    ("error", "runs"),
    [(REFUSED, True), (LOST, False), (HttpError(503), False), (HttpError(400), False)],
    ids=str,
)
def test_a_trades_stand_in_runs_only_if_nothing_was_sent(
    calls: Calls, error: Exception, runs: bool
) -> None:
    """Same account, with the same arguments (the client order id among them), or the error is raised."""
    got = list[str]()

    def through_backend(client_order_id: str) -> str:
        got.append(client_order_id)
        return "booked"

    fallback = sg.source(through_backend, same_account=True)
    guard = calls.guard("create_order", fallback=fallback)
    if runs:
        assert calls.call(guard, calls.answers(error), "id-1") == "booked"
    else:
        assert calls.error(guard, calls.answers(error), "id-1") is error
    assert got == (["id-1"] if runs else [])


def test_a_rejected_trade_may_go_through_its_stand_in(calls: Calls) -> None:
    """It was not made, so nothing was sent; when the stand-in refuses too that is CRITICAL."""
    refused = calls.answers(HttpError(400))
    booked = sg.source(calls.answers("booked"), same_account=True)
    calls.gear.hold("binance", by="ops", why="incident")
    assert calls.call(calls.guard("create_order", fallback=booked), int) == "booked"
    guard = calls.guard("create_order", fallback=sg.source(refused, same_account=True))
    assert isinstance(calls.error(guard, int), sg.CircuitOpenError)
    (record,) = calls.gear.logs(level="CRITICAL")
    assert record.event == "fallback_exhausted"


def test_a_stand_in_that_loses_its_answer_is_the_last(calls: Calls) -> None:
    """It may have booked the order: the outcome is unknown, and no further stand-in gets the order."""
    second = calls.answers("booked twice")
    fallback = [sg.source(calls.answers(LOST), same_account=True)]
    fallback.append(sg.source(second, same_account=True))
    guard = calls.guard("create_order", fallback=fallback)
    assert isinstance(calls.error(guard, calls.answers(REFUSED)), sg.OrderOutcomeUnknown)
    assert second.at_s == []


def test_an_asynchronous_fallback_of_a_synchronous_call_is_said(sync_calls: Calls) -> None:
    """It cannot be awaited there: the primary error has a note; of a trade it is known that nothing ran."""
    calls, ran = sync_calls, list[int]()

    async def backup() -> None:
        ran.append(1)

    error = calls.error(calls.guard(fallback=backup, retries=0), calls.answers(LOST))
    assert "fallback='backup': backup is asynchronous, the call is not" in error.__notes__[-1]
    trade = calls.guard("create_order", fallback=sg.source(backup, same_account=True))
    assert calls.error(trade, calls.answers(REFUSED)) is REFUSED
    assert ran == []


def test_a_slow_fallback_is_cut(async_calls: Calls) -> None:
    """timeout_s bounds each source too; the next is asked."""
    calls = async_calls

    async def slow() -> None:
        await calls.clock.sleep_async(60)

    guard = calls.guard(fallback=[slow, sg.static("static")], timeout_s=3, retries=0)
    assert calls.call(guard, calls.answers(LOST)) == "static"
    (failed,) = calls.told(sg.FallbackFailed)
    assert (failed.source, failed.error) == ("slow", "took too long")


@pytest.mark.parametrize(
    ("made", "name"),
    [
        (sg.source(lambda: 1), "fallback"),
        (sg.source(int), "int"),
        (sg.source(int, name="mine"), "mine"),
        (sg.static(1), "static"),
        (sg.last_good(1), "last_good"),
    ],
)
def test_each_source_has_a_name(made: Any, name: str) -> None:
    """For the provenance: the function's own, unless given."""
    assert made.name == name


def test_a_fallback_whose_signature_does_not_fit_is_refused_where_it_is_set(calls: Calls) -> None:
    """Too few, too many and misnamed parameters; the error names the fallback and what is asked for."""

    def price(symbol: str, *, depth: int = 1) -> None: ...

    def none() -> None: ...

    def more(symbol: str, venue: str, *, depth: int = 1) -> None: ...

    def deeper(symbol: str) -> None: ...

    for unfit in (none, more, deeper):
        with pytest.raises(sg.SettingsError, match=f"fallback='{unfit.__name__}'.*price"):
            calls.guard(fallback=unfit)(price)

    def all_of_them(*args: Any, **kwargs: Any) -> None: ...

    def as_positional(symbol: str, depth: int = 2) -> None: ...

    assert calls.guard(fallback=[all_of_them, as_positional])(price) is not price


@pytest.mark.parametrize(
    "bad", [5, "last_good", [None], object()], ids=lambda bad: type(bad).__name__
)
def test_what_is_no_fallback_is_refused(calls: Calls, bad: Any) -> None:
    """Neither a function nor made by last_good, source or static."""
    with pytest.raises(sg.SettingsError, match="must be a function"):
        calls.guard(fallback=bad)


@pytest.mark.parametrize("bad", [0, -1, float("nan"), True, "30", None], ids=repr)
def test_an_age_that_cannot_be_is_refused(bad: Any) -> None:
    """max_age_s is a number above 0."""
    with pytest.raises(sg.SettingsError, match="max_age_s"):
        sg.last_good(bad)


def test_effects_of_names() -> None:
    """A name that says nothing is a trade, the one that can hurt, so its fallback is refused."""
    with sg.Switchgear() as gear:
        for method, effect in (
            ("get_x", Effect.READ),
            ("cancel_x", Effect.IDEMPOTENT),
            ("do", Effect.TRADE),
        ):
            assert gear.guarded("binance", method).policy.plan.effect is effect
