"""Owns gates: what closes which of them, for how long, and who is held back."""

from __future__ import annotations

import pytest

import switchgear as sg
from switchgear.core.policy.gate import JITTER_S_MAX, JITTER_SHARE, MARGIN_S, Gate
from switchgear.core.words import Kind, Scope, Verdict
from switchgear.testing import FakeClock, Recorder
from tests.core.callkit import Boom, Calls, HttpError

BAD_KEY = Verdict(Kind.AUTHENTICATION, Scope.ACCOUNT)


@pytest.fixture
def clock() -> FakeClock:
    """A clock moved by hand that draws no jitter."""
    made = FakeClock()
    made.chance = lambda: 0.0
    return made


def gate(clock: FakeClock, told: Recorder | None = None) -> Gate:
    """A gate that nobody has closed."""
    return Gate("binance", Scope.ACCOUNT, "main", clock, told or Recorder())


def closed_s(one: Gate, clock: FakeClock, verdict: Verdict) -> float:
    """Seconds that a verdict closes it for; it is open again afterwards."""
    one.close_for(verdict, "why")
    wait_s = one.wait_s(clock.now_s)
    clock.advance(wait_s)
    assert one.wait_s(clock.now_s) == 0
    return wait_s


@pytest.mark.parametrize(
    ("kind", "unnamed_s"),
    [
        (Kind.RATE_LIMITED, 1),
        (Kind.ORDER_RATE_LIMITED, 10),
        (Kind.BANNED, 120),
        (Kind.AUTHENTICATION, 30),
    ],
)
def test_a_kind_without_a_time_has_its_own(clock: FakeClock, kind: Kind, unnamed_s: float) -> None:
    """What the exchange did not say is a guess by kind, margin on top."""
    assert closed_s(gate(clock), clock, Verdict(kind)) == pytest.approx(unnamed_s + MARGIN_S)


def test_a_time_that_was_named_is_kept_with_a_margin(clock: FakeClock) -> None:
    """Retry-After of 0 is a margin long; 5 is 5 and a margin."""
    for asked_s in (0.0, 5.0):
        verdict = Verdict(Kind.RATE_LIMITED, retry_after_s=asked_s)
        assert closed_s(gate(clock), clock, verdict) == pytest.approx(asked_s + MARGIN_S)


@pytest.mark.parametrize("asked_s", [1.0, 60.0, 86_400.0])
def test_jitter_only_ever_adds_and_is_bounded(asked_s: float) -> None:
    """Many programs come back at many instants, none before the one that was named."""
    waits_s = list[float]()
    for seed in range(50):
        made = FakeClock(seed=seed)
        verdict = Verdict(Kind.BANNED, retry_after_s=asked_s)
        waits_s.append(closed_s(gate(made), made, verdict) - asked_s - MARGIN_S)
    most_s = min(JITTER_SHARE * (asked_s + MARGIN_S), JITTER_S_MAX)
    assert min(waits_s) > -1e-6
    assert most_s / 2 < max(waits_s) <= most_s + 1e-6


def test_a_nearer_instant_does_not_shorten_a_further_one(clock: FakeClock) -> None:
    """A ban of two minutes stays when a rate limit of one second comes after it; and nothing is told twice."""
    told = Recorder()
    one = gate(clock, told)
    one.close_for(Verdict(Kind.BANNED), "banned")
    one.close_for(Verdict(Kind.RATE_LIMITED), "limited")
    assert one.wait_s(clock.now_s) == pytest.approx(120 + MARGIN_S)
    assert (one.view().reason, len(told.events)) == ("banned", 1)


def test_a_bad_key_closes_for_a_growing_time(clock: FakeClock) -> None:
    """30, 60, 120 s, and never more than an hour."""
    one = gate(clock)
    spells_s = [closed_s(one, clock, BAD_KEY) - MARGIN_S for _ in range(20)]
    assert spells_s[:4] == pytest.approx([30, 60, 120, 240])
    assert spells_s[-1] == pytest.approx(3600)


def test_answers_of_attempts_that_were_under_way_are_no_further_strike(clock: FakeClock) -> None:
    """Ten calls were out when the key went bad: that is one strike, not ten."""
    one = gate(clock)
    for _ in range(10):
        one.close_for(BAD_KEY, "bad key")
    assert one.wait_s(clock.now_s) == pytest.approx(30 + MARGIN_S)


def test_a_key_that_worked_for_long_begins_anew(clock: FakeClock) -> None:
    """Months after the last bad key, another one closes the gate as the first did."""
    one = gate(clock)
    for _ in range(5):
        closed_s(one, clock, BAD_KEY)
    clock.advance(3601)
    assert closed_s(one, clock, BAD_KEY) == pytest.approx(30 + MARGIN_S)


def test_a_person_opens_it_at_once(clock: FakeClock) -> None:
    """Opened by hand it is open, its strikes forgotten."""
    one = gate(clock)
    closed_s(one, clock, BAD_KEY)
    one.close_for(BAD_KEY, "bad key")
    one.open()
    assert not one.view().closed
    assert closed_s(one, clock, BAD_KEY) == pytest.approx(30 + MARGIN_S)


@pytest.mark.parametrize("status", [429, 418])
def test_a_rate_limit_holds_back_every_method_and_account_of_the_exchange(
    calls: Calls, status: int
) -> None:
    """Our address is what is limited; another exchange goes on, no circuit counts it, and time opens it."""
    calls.clock.chance = lambda: 0.0
    limited = calls.answers(HttpError(status, "60"))
    calls.error(calls.guard(retries=0), limited)
    others = [
        calls.guard("get_ticker"),
        calls.gear.guarded("binance", "get_price", account="second"),
    ]
    for guard in others:
        error = calls.error(guard, calls.answers("value"))
        assert isinstance(error, sg.GateClosedError)
        assert error.retry_after_s == pytest.approx(60.1)
        assert (error.scope, error.exchange) == (Scope.ADDRESS, "binance")
    assert calls.call(calls.gear.guarded("alpaca", "get_price"), calls.answers("other")) == "other"
    assert calls.gear.circuit("binance", "get_price").failures == 0
    calls.clock.advance(60.05)
    calls.error(others[0], calls.answers("value"))
    calls.clock.advance(0.06)
    assert calls.call(others[0], calls.answers("value")) == "value"


def test_a_bad_key_holds_back_its_account_alone(calls: Calls) -> None:
    """401 closes main's gate and counts for no circuit; the second account and unsigned calls go on."""
    calls.error(calls.guard(), calls.answers(HttpError(401)))
    error = calls.error(calls.guard("get_balance"), calls.answers("value"))
    assert isinstance(error, sg.GateClosedError)
    assert error.scope is Scope.ACCOUNT
    second = calls.gear.guarded("binance", "get_price", account="second")
    unsigned = calls.guard("get_time", signed=False)
    assert calls.call(second, calls.answers("second")) == "second"
    assert calls.call(unsigned, calls.answers("time")) == "time"
    assert calls.gear.circuit("binance", "get_price").failures == 0
    (closed,) = calls.told(sg.GateClosed)
    assert (closed.scope, closed.account, closed.kind) == (
        Scope.ACCOUNT,
        "main",
        Kind.AUTHENTICATION,
    )
    (record,) = calls.gear.logs(level="ERROR", text="gate")
    assert record.level is sg.Level.ERROR


def test_a_gate_closes_on_calls_of_the_straight_path_too(calls: Calls) -> None:
    """A guard that has only ever succeeded is refused the moment that another one closes their gate."""
    guard, ran = calls.guard("get_ticker"), calls.answers("value")
    assert calls.call(guard, ran) == "value"
    calls.error(calls.guard(retries=0), calls.answers(HttpError(429, "5")))
    assert isinstance(calls.error(guard, ran), sg.GateClosedError)
    assert len(ran.at_s) == 1


def test_reset_opens_the_gates_of_a_key(calls: Calls) -> None:
    """By a person's hand the exchange is called again at once."""
    calls.error(calls.guard(retries=0), calls.answers(HttpError(418)))
    calls.gear.reset("binance", by="ops", why="new address")
    assert calls.call(calls.guard(), calls.answers("value")) == "value"
    assert not any(view.closed for view in calls.gear.gates())


def test_a_closed_gate_alarms_only_for_bans_and_bad_keys(calls: Calls) -> None:
    """A rate limit is a WARNING, a ban an ERROR."""
    calls.error(calls.guard(retries=0), calls.answers(HttpError(429, "1")))
    calls.clock.advance(2)
    calls.error(calls.guard(retries=0), calls.answers(HttpError(418, "1")))
    levels = [record.level for record in reversed(calls.gear.logs(text="closed"))]
    assert levels == [sg.Level.WARNING, sg.Level.ERROR]


def test_a_gate_is_looked_at_before_an_open_circuit(calls: Calls) -> None:
    """Where both refuse, the gate answers: its instant is the exchange's own, and later."""
    guard = calls.guard(failure_threshold=1, retries=0)
    calls.error(guard, calls.answers(Boom()))
    calls.error(calls.guard("get_time", retries=0), calls.answers(HttpError(429, "600")))
    assert isinstance(calls.error(guard, int), sg.GateClosedError)


def test_a_401_of_an_unsigned_call_does_not_close_the_exchange(calls: Calls) -> None:
    """A call that carries no key says nothing of one: there is no gate for it to close."""
    calls.error(calls.guard("get_time", signed=False, retries=0), calls.answers(HttpError(401)))
    assert calls.call(calls.guard("get_price"), int) == 0


@pytest.mark.anyio
async def test_a_limit_of_new_orders_lets_cancels_and_lookups_through(clock: FakeClock) -> None:
    """Too many new orders today: none is sent before the instant, and everything else of the account goes on."""
    limited = sg.ApiError("too many", status=429, code=-1015, exchange="binance")

    async def place() -> None:
        raise limited

    async def ask() -> str:
        return "found"

    with sg.Switchgear(clock=clock) as gear:
        create = gear.guarded("binance", "create_order")
        with pytest.raises(sg.ApiError):
            await create.call(place)
        with pytest.raises(sg.GateClosedError):
            await create.call(place)
        assert await gear.guarded("binance", "cancel_order").call(ask) == "found"
        assert await gear.guarded("binance", "get_order").call(ask) == "found"
        [closed] = [view for view in gear.gates() if view.closed]
        assert (closed.scope, closed.account, closed.orders_only) == (Scope.ACCOUNT, "main", True)
        degraded = gear.health().summary
        assert "gate for new orders of account main" in degraded
        clock.advance(closed.retry_after_s)
        with pytest.raises(sg.ApiError):
            await create.call(place)


@pytest.mark.anyio
async def test_a_limit_of_one_method_closes_no_gate(clock: FakeClock) -> None:
    """Market data that has a limit of its own does not hold trading back."""
    limited = sg.ApiError("too many requests.", status=429, exchange="alpaca")

    async def data() -> None:
        raise limited

    async def ask() -> str:
        return "found"

    with sg.Switchgear(clock=clock) as gear:
        gear.configure("*", retries=0)
        with pytest.raises(sg.ApiError):
            await gear.guarded("alpaca", "get_market_price").call(data)
        assert not any(view.closed for view in gear.gates())
        assert await gear.guarded("alpaca", "get_order").call(ask) == "found"
