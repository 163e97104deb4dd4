"""Proves what each fault of the way or of the exchange does to calls, gates and circuits."""

from __future__ import annotations

import pytest

import switchgear as sg
from switchgear.exchange import BinanceApi
from switchgear.practice.sim.server import Sim
from switchgear.testing import FakeClock
from tests.exchange.kit import BTC, MARKET, PRICE_ONCE, asked, odd_server, one_attempt

pytestmark = pytest.mark.anyio


async def test_a_limit_closes_the_gate_until_its_time(
    api: BinanceApi, sim: Sim, gear: sg.Switchgear, clock: FakeClock
) -> None:
    """429 with Retry-After: nothing is sent before, the circuit does not count it, then it goes on."""
    one_attempt(gear)
    sim.add_faults({**PRICE_ONCE, "action": "answer", "status": 429, "retry_after_s": 20})
    with pytest.raises(sg.ApiError) as caught:
        await api.get_market_price(BTC)
    assert (caught.value.status, caught.value.code) == (429, -1003)
    with pytest.raises(sg.GateClosedError) as closed:
        await api.get_account_balance()
    assert 20 <= (closed.value.retry_after_s or 0) <= 20.1 * 1.05  # margin and jitter on top
    assert asked(sim, "account") == 0
    assert gear.circuit("binance", "get_market_price").failures == 0
    clock.advance(21.2)
    assert await api.get_market_price(BTC) > 0


async def test_a_ban_closes_everything_at_the_exchange(
    api: BinanceApi, sim: Sim, gear: sg.Switchgear, clock: FakeClock
) -> None:
    """418 holds back every method and account until the ban is over."""
    one_attempt(gear)
    sim.add_faults({**PRICE_ONCE, "action": "answer", "status": 418, "retry_after_s": 600})
    with pytest.raises(sg.ApiError) as caught:
        await api.get_market_price(BTC)
    assert caught.value.verdict is not None
    assert caught.value.verdict.kind is sg.Kind.BANNED
    clock.advance(599)
    for call in (api.get_portfolio, lambda: api.create_order(MARKET)):
        with pytest.raises(sg.GateClosedError):
            await call()
    clock.advance(7)  # margin and jitter
    assert (await api.get_portfolio()).total > 0


async def test_a_limit_whose_body_is_lost_still_closes_the_gate(
    gear: sg.Switchgear, sim: Sim
) -> None:
    """Status and headers say all that matters; losing them would earn a ban."""
    one_attempt(gear)
    answer = b"HTTP/1.1 429 X\r\nRetry-After: 33\r\nContent-Length: 90\r\n\r\n{"
    async with odd_server(answer) as url, BinanceApi(gear, base_url=url) as api:
        with pytest.raises(sg.ApiError) as caught:
            await api.get_market_price(BTC)
        assert caught.value.status == 429
        with pytest.raises(sg.GateClosedError) as closed:
            await api.get_market_price(BTC)
        assert 33 <= (closed.value.retry_after_s or 0) <= 33.1 * 1.05


async def test_a_bad_key_closes_the_accounts_gate_alone(gear: sg.Switchgear, sim: Sim) -> None:
    """401 stops the account, does not count, and prices go on."""
    async with BinanceApi(
        gear, key="unknown-key", secret="practice-secret", base_url=sim.base_url
    ) as api:
        with pytest.raises(sg.ApiError) as caught:
            await api.get_account_balance()
        assert (caught.value.status, caught.value.code) == (401, -2015)
        with pytest.raises(sg.GateClosedError) as closed:
            await api.create_order(MARKET)
        assert closed.value.scope is sg.Scope.ACCOUNT
        assert await api.get_market_price(BTC) > 0
    assert asked(sim, "order.create") == 0
    assert gear.circuit("binance", "get_account_balance").failures == 0


async def test_a_bad_secret_closes_it_too(gear: sg.Switchgear, sim: Sim) -> None:
    """A signature that does not fit is a matter of the key."""
    async with BinanceApi(gear, key=sim.key, secret="another-secret", base_url=sim.base_url) as api:
        with pytest.raises(sg.ApiError) as caught:
            await api.get_account_balance()
        assert caught.value.code == -1022
        with pytest.raises(sg.GateClosedError):
            await api.get_account_balance()


async def test_three_failures_open_the_circuit(
    api: BinanceApi, sim: Sim, gear: sg.Switchgear, clock: FakeClock
) -> None:
    """The fourth call is rejected unsent; after the open time a probe closes it."""
    one_attempt(gear)
    sim.add_faults({"match": "ticker.price", "action": "html", "status": 502, "count": 3})
    for _ in range(3):
        with pytest.raises(sg.ApiError) as caught:
            await api.get_market_price(BTC)
        assert caught.value.status == 502
    with pytest.raises(sg.CircuitOpenError):
        await api.get_market_price(BTC)
    assert asked(sim, "ticker.price") == 3
    clock.advance(30)
    assert await api.get_market_price(BTC) > 0
    assert gear.circuit("binance", "get_market_price").state is sg.CircuitState.CLOSED


@pytest.mark.parametrize("fault", ["reset_before", "reset_after", "cut"])
async def test_a_read_is_tried_again(api: BinanceApi, sim: Sim, fault: str) -> None:
    """One broken connection costs a retry, not the call."""
    sim.add_faults({**PRICE_ONCE, "action": fault})
    assert await api.get_market_price(BTC) > 0
    assert asked(sim, "ticker.price") == 2


async def test_a_slow_answer_is_cut_by_the_attempts_time(
    api: BinanceApi, sim: Sim, gear: sg.Switchgear
) -> None:
    """The guard's timeout ends the attempt as one failure, and the next one answers."""
    sim.add_faults({**PRICE_ONCE, "action": "delay", "delay_s": 11})
    assert await api.get_market_price(BTC) > 0
    found = gear.metrics("binance", "get_market_price")
    assert (found.success_calls, found.retried_attempts) == (1, 1)


async def test_a_refused_connection_is_provably_unsent(
    api: BinanceApi, sim: Sim, gear: sg.Switchgear
) -> None:
    """The error is ours, of kind NETWORK, and names the call."""
    one_attempt(gear)
    sim.add_faults({"action": "refuse", "duration_s": 60})
    with pytest.raises(sg.NetworkError) as caught:
        await api.get_market_price(BTC)
    error = caught.value
    assert error.verdict is not None
    assert (error.verdict.kind, error.verdict.unsent) == (sg.Kind.NETWORK, True)
    assert (error.exchange, error.method) == ("binance", "get_market_price")


async def test_a_refusal_of_a_read_is_an_answer(
    api: BinanceApi, sim: Sim, gear: sg.Switchgear
) -> None:
    """An unknown symbol is refused at once, without a retry and without a failure of the circuit."""
    with pytest.raises(sg.ApiError) as caught:
        await api.get_market_price("NOT/USDT")
    assert caught.value.code == -1121
    assert asked(sim, "ticker.price") == 1
    assert gear.circuit("binance", "get_market_price").failures == 0


async def test_a_skewed_clock_is_set_and_the_read_succeeds(gear: sg.Switchgear) -> None:
    """-1021: the time is asked anew, and the next attempt of the same call is accepted."""
    theirs = FakeClock()
    async with (
        Sim(clock=theirs) as sim,
        BinanceApi(gear, key=sim.key, secret=sim.secret, base_url=sim.base_url) as api,
    ):
        await api.get_account_balance()
        theirs.advance(30)
        assert (await api.get_account_balance())["USDT"].free > 0
        assert (asked(sim, "time"), asked(sim, "account")) == (2, 3)


async def test_a_skewed_clock_refuses_an_order_and_mends_the_next(
    gear: sg.Switchgear,
) -> None:
    """The order is refused, not booked and not resent; the one after it goes through."""
    theirs = FakeClock()
    async with (
        Sim(clock=theirs) as sim,
        BinanceApi(gear, key=sim.key, secret=sim.secret, base_url=sim.base_url) as api,
    ):
        await api.get_account_balance()
        theirs.advance(30)
        with pytest.raises(sg.OrderRefused) as caught:
            await api.create_order(MARKET)
        assert caught.value.code == -1021
        await api.create_order(MARKET)
        assert len(sim.state()["orders"]) == 1
