"""Proves with the real clients, over real sockets, what each failure of the way or of a venue holds back."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from decimal import Decimal
from typing import Any

import pytest

import switchgear as sg
from switchgear.exchange import (
    AlpacaApi,
    BinanceApi,
    CoinbaseApi,
    OrderRequest,
    OrderType,
    Side,
    SyncApi,
)
from switchgear.practice.sim.server import Sim
from switchgear.testing import FakeClock
from tests.exchange.kit import BTC, MARKET, PRICE_ONCE, one_attempt

pytestmark = pytest.mark.anyio

USD = "BTC/USD"
EXCHANGE, ADDRESS, ACCOUNT, METHOD = (
    sg.Scope.EXCHANGE,
    sg.Scope.ADDRESS,
    sg.Scope.ACCOUNT,
    sg.Scope.METHOD,
)
OPEN, CLOSED = sg.CircuitState.OPEN, sg.CircuitState.CLOSED
NO_KEYS: dict[str, Any] = {"key": "unknown-key", "secret": "unknown-secret"}
NO_TLS = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


@asynccontextmanager
async def closed_port() -> AsyncGenerator[str]:
    """An address where nobody listens."""
    with socket.socket() as taken:
        taken.bind(
            ("127.0.0.1", 0)
        )  # bound, and never listened on: nobody else can have it meanwhile
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


@asynccontextmanager
async def no_such_name() -> AsyncGenerator[str]:
    """An address whose name nobody can look up."""
    yield "http://no-such-host.invalid"


@asynccontextmanager
async def plain_text() -> AsyncGenerator[str]:
    """An https address where plain HTTP is spoken: no handshake comes about."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(NO_TLS)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"


Place = Callable[[], AbstractAsyncContextManager[str]]
UNREACHED = [closed_port, no_such_name, plain_text]


@pytest.mark.parametrize("place", UNREACHED)
async def test_what_cannot_be_reached_is_the_exchanges_fault(
    gear: sg.Switchgear, sim: Sim, place: Place
) -> None:
    """Three prices asked in vain: the order book and the account are held back by the exchange, unsent."""
    one_attempt(gear)
    async with (
        place() as url,
        BinanceApi(gear, base_url=url, **NO_KEYS) as api,
        CoinbaseApi(gear, base_url=sim.base_url) as elsewhere,
    ):
        for _ in range(3):
            with pytest.raises(sg.NetworkError) as caught:
                await api.get_market_price(BTC)
            assert caught.value.verdict is not None
            assert caught.value.verdict.unsent
        calls: list[Callable[[], Any]] = [
            lambda: api.get_market_price(BTC),
            lambda: api.get_order_book(BTC),
            api.get_account_balance,
            lambda: api.cancel_order(BTC, order_id="1"),
        ]
        for call in calls:
            with pytest.raises(sg.CircuitOpenError) as refused:
                await call()
            assert refused.value.scope is EXCHANGE
        with pytest.raises(sg.ApiError) as theirs:
            await elsewhere.get_market_price(USD)
        assert not isinstance(
            theirs.value, sg.NetworkError
        )  # another exchange was asked, and it answered
    assert gear.circuit("binance", "@exchange").state is OPEN
    assert gear.circuit("binance", "get_market_price").scope is EXCHANGE
    assert gear.circuit("coinbase", "get_order_book").state is CLOSED


@pytest.mark.parametrize("place", UNREACHED)
def test_it_is_so_for_clients_that_block(place: Place) -> None:
    """The same scenario without a loop of one's own."""

    async def failing(url_of: Place) -> None:
        async with url_of() as url:
            await asyncio.to_thread(blocking, url)

    def blocking(url: str) -> None:
        with sg.Switchgear(clock=FakeClock()) as gear:
            one_attempt(gear)
            with SyncApi(BinanceApi(gear, base_url=url, **NO_KEYS)) as api:
                for _ in range(3):
                    with pytest.raises(sg.NetworkError):
                        api.get_market_price(BTC)
                for call in (lambda: api.get_order_book(BTC), api.get_account_balance):
                    with pytest.raises(sg.CircuitOpenError) as refused:
                        call()
                    assert refused.value.scope is EXCHANGE

    asyncio.run(failing(place))


async def test_the_way_back_is_found_by_whichever_call_comes_first(
    gear: sg.Switchgear, sim: Sim, api: BinanceApi, clock: FakeClock
) -> None:
    """The exchange refuses connections for a while: one probe of any method closes its circuit for all."""
    one_attempt(gear)
    sim.add_faults({"action": "refuse", "duration_s": 20})
    for _ in range(3):
        with pytest.raises(sg.NetworkError):
            await api.get_market_price(BTC)
    with pytest.raises(sg.CircuitOpenError):
        await api.get_order_book(BTC)
    clock.advance(30)
    assert (await api.get_order_book(BTC)).bids
    assert await api.get_market_price(BTC) > 0
    assert gear.circuit("binance", "@exchange").state is CLOSED


# ------------------------------------------------------------------------------------ maintenance


@asynccontextmanager
async def maintained(
    gear: sg.Switchgear, clock: FakeClock, **fault: Any
) -> AsyncGenerator[tuple[Sim, CoinbaseApi]]:
    """Coinbase, down for maintenance, and a client of it."""
    one_attempt(gear)
    async with Sim(venue="coinbase", clock=clock) as sim:
        sim.add_faults({"match": "venue", "action": "row", "row": "maintenance", **fault})
        async with CoinbaseApi(gear, key=sim.key, secret=sim.secret, base_url=sim.base_url) as api:
            yield sim, api


async def test_maintenance_without_a_time_counts_at_the_exchange(
    gear: sg.Switchgear, clock: FakeClock
) -> None:
    """Three such pages, to whichever methods: then its circuit finds out by itself when it is back."""
    async with maintained(gear, clock, variant=2) as (sim, api):
        for call in (api.get_market_price, api.get_order_book, api.get_open_orders):
            with pytest.raises(sg.ApiError) as caught:
                await call(USD)
            assert caught.value.status == 503
        with pytest.raises(sg.CircuitOpenError) as refused:
            await api.get_account_balance()
        assert refused.value.scope is EXCHANGE
        assert not any(gate.closed for gate in gear.gates())
        sim.clear_faults()
        clock.advance(30)
        assert await api.get_account_balance()


async def test_maintenance_with_a_time_closes_the_exchanges_gate(
    gear: sg.Switchgear, clock: FakeClock
) -> None:
    """One answer with Retry-After, and nothing is sent until then."""
    async with maintained(gear, clock, variant=1, retry_after_s=60) as (sim, api):
        with pytest.raises(sg.ApiError):
            await api.get_market_price(USD)
        sim.clear_faults()
        for call in (lambda: api.get_market_price(USD), api.get_account_balance):
            with pytest.raises(sg.GateClosedError) as refused:
                await call()
            assert refused.value.scope is EXCHANGE
            assert refused.value.retry_after_s is not None
            assert 60 <= refused.value.retry_after_s <= 60.1 * 1.05
        clock.advance(60.1 * 1.05)
        assert await api.get_account_balance()
    assert {view.failures for view in gear.circuits()} == {0}


# ------------------------------------------------------------------------------------------ gates


@pytest.fixture
async def other(gear: sg.Switchgear, sim: Sim) -> AsyncIterator[BinanceApi]:
    """Another account at the same exchange, from the same address."""
    async with BinanceApi(
        gear, key=sim.key, secret=sim.secret, base_url=sim.base_url, account="other"
    ) as made:
        yield made


@pytest.mark.parametrize("status", [418, 429])
async def test_a_ban_and_a_limit_close_the_addresss_gate(
    gear: sg.Switchgear, api: BinanceApi, other: BinanceApi, sim: Sim, status: int
) -> None:
    """All methods of all accounts are held back, prices and cancels too."""
    one_attempt(gear)
    sim.add_faults({**PRICE_ONCE, "action": "answer", "status": status, "retry_after_s": 90})
    with pytest.raises(sg.ApiError):
        await api.get_market_price(BTC)
    before = sim.state()["requests"]
    calls: list[Callable[[], Any]] = [
        lambda: api.get_market_price(BTC),
        lambda: api.cancel_order(BTC, order_id="1"),
        lambda: api.create_order(MARKET),
        other.get_account_balance,
        lambda: other.get_order_book(BTC),
    ]
    for call in calls:
        with pytest.raises(sg.GateClosedError) as refused:
            await call()
        assert refused.value.scope is ADDRESS
    assert sim.state()["requests"] == before


async def test_a_limit_of_alpaca_is_the_accounts(gear: sg.Switchgear, clock: FakeClock) -> None:
    """Its table says so: the other account goes on."""
    one_attempt(gear)
    async with (
        Sim(venue="alpaca", clock=clock) as sim,
        AlpacaApi(gear, key=sim.key, secret=sim.secret, base_url=sim.base_url) as api,
        AlpacaApi(
            gear, key=sim.key, secret=sim.secret, base_url=sim.base_url, account="other"
        ) as other,
    ):
        sim.add_faults({"match": "venue", "action": "row", "row": "rate_limited", "count": 1})
        with pytest.raises(sg.ApiError):
            await api.get_account_balance()
        with pytest.raises(sg.GateClosedError) as refused:
            await api.get_open_orders(USD)
        assert refused.value.scope is ACCOUNT
        assert await other.get_account_balance()


async def test_a_bad_key_stops_its_own_account_alone(
    gear: sg.Switchgear, api: BinanceApi, sim: Sim
) -> None:
    """Prices, and another account with a good key, go on."""
    one_attempt(gear)
    async with BinanceApi(gear, **NO_KEYS, base_url=sim.base_url, account="wrong") as wrong:
        with pytest.raises(sg.ApiError):
            await wrong.get_account_balance()
        with pytest.raises(sg.GateClosedError) as refused:
            await wrong.get_open_orders(BTC)
        assert refused.value.scope is ACCOUNT
        assert await wrong.get_market_price(BTC) > 0
    assert await api.get_account_balance()
    closed = [gate for gate in gear.gates() if gate.closed]
    assert [(gate.scope, gate.account) for gate in closed] == [(ACCOUNT, "wrong")]


async def test_coinbases_public_limit_lets_a_cancel_through(
    gear: sg.Switchgear, clock: FakeClock
) -> None:
    """A 429 to a call without a key holds back calls without a key; the order on the book can be cancelled."""
    one_attempt(gear)
    async with (
        Sim(venue="coinbase", clock=clock) as sim,
        CoinbaseApi(gear, base_url=sim.base_url, key=sim.key, secret=sim.secret) as api,
    ):
        resting = OrderRequest(
            USD, Side.BUY, OrderType.LIMIT, Decimal("0.01"), price=Decimal(30000)
        )
        order = await api.create_order(resting)
        sim.add_faults({"match": "product.get", "action": "answer", "status": 429, "count": 1})
        with pytest.raises(sg.ApiError):
            await api.get_market_price(USD)
        for call in (api.get_market_price, api.get_order_book):
            with pytest.raises(sg.GateClosedError) as refused:
                await call(USD)
            assert refused.value.scope is ADDRESS
        cancelled = await api.cancel_order(USD, order_id=order.order_id)
        assert cancelled.client_order_id == order.client_order_id


# ------------------------------------------------------------------------------------ the methods'


async def test_a_failing_endpoint_stops_itself_alone(
    gear: sg.Switchgear, api: BinanceApi, sim: Sim
) -> None:
    """Prices fail three times: the order book and the account go on."""
    one_attempt(gear)
    sim.add_faults({"match": "ticker.price", "action": "html", "status": 500})
    for _ in range(3):
        with pytest.raises(sg.ApiError):
            await api.get_market_price(BTC)
    with pytest.raises(sg.CircuitOpenError) as refused:
        await api.get_market_price(BTC)
    assert refused.value.scope is METHOD
    assert (await api.get_order_book(BTC)).bids
    assert await api.get_account_balance()


async def test_any_answer_is_a_sign_of_life(
    gear: sg.Switchgear, sim: Sim, api: BinanceApi, clock: FakeClock
) -> None:
    """Twice unreachable, then 500 of one method: the exchange's count is healed; a timeout would not have done it."""
    one_attempt(gear)
    sim.add_faults({"action": "refuse", "duration_s": 5})
    for _ in range(2):
        with pytest.raises(sg.NetworkError):
            await api.get_market_price(BTC)
    clock.advance(5)
    gear.configure("binance", "get_order_book", timeout_s=1)
    sim.add_faults({"match": "depth", "action": "delay", "delay_s": 3, "count": 1})
    with pytest.raises(sg.NetworkError):
        await api.get_order_book(BTC)
    assert gear.circuit("binance", "@exchange").failures == 2
    sim.add_faults({**PRICE_ONCE, "action": "html", "status": 500})
    with pytest.raises(sg.ApiError):
        await api.get_market_price(BTC)
    assert gear.circuit("binance", "@exchange").failures == 0
