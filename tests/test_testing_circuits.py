"""Proves the asserts on circuits, gates and refusals: what they let pass, and what they say when it is not so."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

import switchgear as sg
from switchgear.testing import (
    FakeClock,
    Faults,
    assert_circuit,
    assert_closed,
    assert_gate,
    assert_half_open,
    assert_open,
    assert_rejected,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

KEY = ("binance", "get_x")
LIMITED = sg.Verdict(sg.Kind.RATE_LIMITED, sg.Scope.ADDRESS, retry_after_s=20.0)


@pytest.fixture
def clock() -> FakeClock:
    """A clock moved by hand."""
    return FakeClock()


@pytest.fixture
def gear(clock: FakeClock) -> Iterator[sg.Switchgear]:
    """A gear that makes one attempt."""
    with sg.Switchgear(clock=clock, settings={"retries": 0}) as made:
        yield made


def fail(gear: sg.Switchgear, times: int, error: BaseException | None = None) -> None:
    """Calls that fail."""
    guard = gear.guarded(*KEY)
    with Faults(gear, *KEY, error=error or ConnectionResetError(104, "reset by peer")):
        for _ in range(times):
            assert isinstance(guard.try_call_sync(int), sg.Err)


def told(claim: Callable[[], object]) -> str:
    """What a test is told by an assert that does not hold."""
    with pytest.raises(AssertionError) as caught:
        claim()
    return str(caught.value)


def test_a_circuit_on_its_way(gear: sg.Switchgear, clock: FakeClock) -> None:
    """Closed, open, half-open and closed again: each claim holds when it is true, and gives the view."""
    assert_closed(gear, *KEY, failures=0)
    fail(gear, 2)
    assert assert_closed(gear, *KEY, failures=2).failures == 2
    fail(gear, 1)
    view = assert_open(gear, "Binance", "getX", scope="method", reason="reset by peer")
    assert view.openings == 1
    assert_circuit(gear, *KEY, state="open", scope=sg.Scope.METHOD, reason="reset", failures=0)
    clock.advance(30)
    assert_half_open(gear, *KEY, failures=0)
    gear.call_sync(*KEY, int)
    assert_circuit(gear, *KEY, state=sg.CircuitState.CLOSED)


def test_accounts_and_wider_circuits_are_told_apart(gear: sg.Switchgear) -> None:
    """One account's circuit is not another's; a wider circuit can be named by itself, or decide."""
    fail(gear, 3)
    assert_closed(gear, *KEY, "second")
    gear.hold("binance", "@exchange", by="ops", why="incident")
    gear.call_sync("alpaca", "get_x", int)
    assert_circuit(gear, *KEY, state="forced_open", scope="exchange", reason="incident")
    assert_circuit(gear, "binance", "@exchange", state="forced_open")
    assert_closed(gear, "binance", "@account")
    assert_closed(gear, "alpaca", "get_x")


def test_a_claim_that_does_not_hold_tells_how_things_stand(gear: sg.Switchgear) -> None:
    """Everything that is wrong at once, then state, reason, counts, gates and what happened last."""
    fail(gear, 3)
    gear.registry.common("binance").gates_of("main", sg.Effect.READ, signed=True)[1].close_for(
        LIMITED, "HTTP 429"
    )
    text = told(
        lambda: assert_circuit(
            gear, *KEY, state="closed", scope="exchange", reason="maintenance", failures=3
        )
    )
    first, *lines = text.splitlines()
    reason = gear.circuit(*KEY).reason
    assert first == (
        "binance.get_x: should be closed, is open; should be decided by the circuit of the exchange, is by "
        f"that of the method; 'maintenance' should be in its reason, which is '{reason}'; "
        "should have 3 failures, has 0"
    )
    assert lines[0] == "  circuit: open for 0.0 s, next try in 30.0 s (scope method)"
    assert lines[1] == f"  reason: {reason}"
    assert lines[2] == "  counts: 0 failures of 3 in a row, 1 openings"
    assert lines[3] == "  calls: 3 made, 0 succeeded, 3 failed, 0 rejected, 0 in flight"
    assert lines[4].startswith("  address gate: closed for 20.")
    assert lines[5] == "  last, newest first:"
    assert "call_failed get_x: failed: ConnectionResetError" in lines[6]
    assert lines[7].startswith("    00:00:00.000 ERROR circuit_moved get_x: ")
    assert len(lines) == 10


def test_what_was_never_called_is_told_as_such(gear: sg.Switchgear) -> None:
    """There is nothing to show, and it says so; reading makes no key."""
    text = told(lambda: assert_open(gear, *KEY))
    assert "binance.get_x: should be open, is closed" in text
    assert text.endswith("nothing happened yet")
    assert gear.circuits() == []


def test_a_window_is_shown_where_there_is_one(gear: sg.Switchgear) -> None:
    """A circuit that judges rates shows what its window holds."""
    gear.configure("*", failure_rate=0.5, minimum_calls=10)
    fail(gear, 2)
    assert "window: Counts(" in told(lambda: assert_open(gear, *KEY))


def test_the_name_of_who_holds_it_is_shown(gear: sg.Switchgear) -> None:
    """A hold names its person; nobody knows when it ends."""
    gear.call_sync(*KEY, int)
    gear.hold("*", by="ops", why="incident")
    assert "forced open for 0.0 s, held by ops" in told(lambda: assert_open(gear, *KEY))


def test_a_word_that_is_none_is_refused(gear: sg.Switchgear) -> None:
    """A typo is no failed claim: the error names the field and what is allowed."""
    claims: list[tuple[Callable[[], object], str]] = [
        (lambda: assert_circuit(gear, *KEY, state="opened"), "state"),
        (lambda: assert_circuit(gear, *KEY, scope="all"), "scope"),
        (lambda: assert_gate(gear, "binance", scope="all"), "scope"),
        (lambda: assert_rejected(scope="all").__enter__(), "scope"),
    ]
    for claim, field in claims:
        with pytest.raises(sg.SettingsError, match="must be one of") as caught:
            claim()
        assert caught.value.field == field


def refuse(gear: sg.Switchgear) -> None:
    """Open the circuit of KEY."""
    fail(gear, 3)


def test_a_refused_call_is_what_it_is(gear: sg.Switchgear) -> None:
    """It holds for plain calls and for awaited ones, and gives the refusal."""
    refuse(gear)
    with assert_rejected(
        scope="method", reason="circuit open", kind=sg.CircuitOpenError
    ) as refused:
        gear.call_sync(*KEY, int)
    assert refused.error.retry_after_s == 30

    async def run() -> None:
        with assert_rejected(scope=sg.Scope.METHOD):
            await gear.call(*KEY, int)

    asyncio.run(run())


@pytest.mark.parametrize(
    ("of", "says"),
    [
        ({"scope": "exchange"}, "the exchange should have said no, the method did: binance.get_x"),
        ({"reason": "429"}, "'429' should be in the reason: binance.get_x was not called: circuit"),
        ({"kind": sg.GateClosedError}, "should be a GateClosedError, is a CircuitOpenError"),
    ],
)
def test_a_call_refused_for_another_cause_is_told(
    gear: sg.Switchgear, of: dict[str, Any], says: str
) -> None:
    """The refusal is the cause of the failed claim."""
    refuse(gear)

    def claim() -> None:
        with assert_rejected(**of):
            gear.call_sync(*KEY, int)

    assert says in told(claim)


def test_a_call_that_was_made_is_told(gear: sg.Switchgear) -> None:
    """Whether it went well or failed; a claim inside the block that does not hold is told as it is."""

    def claim(body: Callable[[], object]) -> Callable[[], None]:
        def run() -> None:
            with assert_rejected():
                gear.call_sync(*KEY, body)

        return run

    assert told(claim(int)) == "should be rejected, but nothing was: the block ended well"
    text = told(claim(lambda: int("x")))
    assert text.startswith("should be rejected, but was made and failed: ValueError(")

    def inner() -> None:
        with assert_rejected():
            assert_open(gear, *KEY)

    assert "should be open, is closed" in told(inner)


def limited(gear: sg.Switchgear) -> None:
    """A call that the exchange answers with a limit of our address."""

    def body() -> None:
        raise sg.ApiError("too many", status=429, verdict=LIMITED)

    assert isinstance(gear.guarded(*KEY).try_call_sync(body), sg.Err)


def test_a_closed_gate_is_found(gear: sg.Switchgear, clock: FakeClock) -> None:
    """By scope, by account and by a part of its reason; then it is open again."""
    assert assert_gate(gear, "binance", closed=False) is None
    limited(gear)
    view = assert_gate(gear, "Binance", scope="address", reason="too many")
    assert view is not None
    assert 20 < view.retry_after_s < 22
    assert assert_gate(gear, "binance") == view
    assert_gate(gear, "binance", scope="account", account="main", closed=False)
    assert_gate(gear, "alpaca", closed=False)
    with assert_rejected(scope="address", kind=sg.GateClosedError):
        gear.call_sync(*KEY, int)
    clock.advance(23)
    assert_gate(gear, "binance", closed=False)


def test_a_gate_that_is_otherwise_is_told_with_all_others(gear: sg.Switchgear) -> None:
    """Each gate of the exchange and how it stands, or that there is none."""
    text = told(lambda: assert_gate(gear, "binance"))
    assert (
        text == "binance: a gate should be closed, and none is\n  it has none: it was never called"
    )
    limited(gear)
    text = told(lambda: assert_gate(gear, "binance", scope="account", account="main"))
    first, *lines = text.splitlines()
    assert first == "binance, scope account, account main: a gate should be closed, and none is"
    assert lines[0] == "  exchange gate: open"
    assert lines[1].startswith("  address gate: closed for 20.")
    assert "(ApiError: too many (HTTP 429))" in lines[1]
    assert "  account gate of main: open" in lines
    assert "no gate should be closed" in told(lambda: assert_gate(gear, "binance", closed=False))
