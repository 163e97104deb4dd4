"""Proves what is Coinbase's alone: its keys and tokens, its pages, its refusals, over real sockets."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal, Inexact, localcontext
from typing import TYPE_CHECKING, Any

import pytest

import switchgear as sg
from switchgear.exchange import CoinbaseApi, FieldError, OrderType, Side, TimeInForce
from switchgear.exchange.coinbase_answers import FillAnswer, trade_of
from switchgear.exchange.coinbase_wire import TOKEN_S, CoinbaseWire
from switchgear.exchange.transport import Transport
from switchgear.practice.sim.server import Sim
from tests.exchange.kit import answer_bytes, odd_server
from tests.exchange.venues import CASES

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from switchgear.testing import FakeClock

pytestmark = pytest.mark.anyio
CASE = next(case for case in CASES if case.name == "coinbase")
BTC = CASE.symbol


@pytest.fixture
async def sim(clock: FakeClock) -> AsyncIterator[Sim]:
    """The practice Coinbase, over real sockets."""
    async with Sim(clock=clock, venue="coinbase") as running:
        yield running


@pytest.fixture
async def api(gear: sg.Switchgear, sim: Sim) -> AsyncIterator[CoinbaseApi]:
    """A client of it."""
    async with CoinbaseApi(gear, key=sim.key, secret=sim.secret, base_url=sim.base_url) as made:
        yield made


def claims(headers: dict[str, str]) -> dict[str, Any]:
    """What a token says."""
    part = headers["Authorization"].removeprefix("Bearer ").split(".")[1]
    told: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return told


@pytest.mark.parametrize("names", [("key", "secret"), ("ed25519_key", "ed25519_secret")])
async def test_both_kinds_of_key_are_taken(
    gear: sg.Switchgear, sim: Sim, names: tuple[str, str]
) -> None:
    """EC P-256 in PEM and Ed25519 in base64 sign what Coinbase accepts; escaped line ends are read."""
    key, secret = (sim.credentials[name] for name in names)
    for given in (secret, secret.replace("\n", "\\n")):
        async with CoinbaseApi(gear, key=key, secret=given, base_url=sim.base_url) as api:
            assert await api.get_account_balance()


@pytest.mark.parametrize(
    "secret",
    [
        "not base64!",
        "c2hvcnQ=",
        "-----BEGIN EC PRIVATE KEY-----\nbm9uc2Vuc2U=\n-----END EC PRIVATE KEY-----",
        "-----BEGIN RSA PRIVATE KEY-----",
    ],
)
def test_a_key_that_is_none_is_refused_without_showing_it(gear: sg.Switchgear, secret: str) -> None:
    """The error says what is allowed, and not what was given."""
    with pytest.raises(sg.SettingsError, match="secret") as caught:
        CoinbaseApi(gear, key="organizations/a/apiKeys/b", secret=secret)
    assert "private key" in str(caught.value)
    assert secret[:20] not in repr(caught.value)


async def test_a_token_is_short_lived_and_made_for_one_request(clock: FakeClock, sim: Sim) -> None:
    """It names method, host and path, lives 30 s by Coinbase's clock, and none is used twice."""
    wire = CoinbaseWire(Transport(sim.base_url), clock, sim.key, sim.secret)
    first, second = wire._token("GET", "/accounts"), wire._token("GET", "/accounts")
    told = claims(first)
    host = sim.base_url.removeprefix("http://")
    assert told["uri"] == f"GET {host}/api/v3/brokerage/accounts"
    assert told["exp"] - told["nbf"] == TOKEN_S
    assert told["nbf"] <= clock.wall().timestamp() < told["exp"]
    assert first != second


async def test_a_spare_token_is_used_once_and_only_while_it_is_young(
    api: CoinbaseApi, clock: FakeClock, sim: Sim
) -> None:
    """The next request takes the token made meanwhile; one that has lain too long is thrown away."""
    await api.get_account_balance()
    spares = api._wire._spares
    [spare] = spares.values()
    await api.get_account_balance()
    assert spare not in spares.values()
    clock.advance(TOKEN_S * 2)
    assert await api.get_account_balance()
    assert sim.state()["requests"]["accounts.list"] == 3


async def test_a_spare_token_of_another_process_is_not_used(api: CoinbaseApi) -> None:
    """A forked process has a copy of what its parent made: one token is for one request alone."""
    await api.get_account_balance()
    spares = api._wire._spares
    [(asked, spare)] = spares.items()
    spares[asked] = spare._replace(process=spare.process + 1)
    assert await api._wire._signed(*asked, api._target("get_account_balance")) != spare.headers
    await api.get_account_balance()
    [spare] = spares.values()
    assert await api._wire._signed(*asked, api._target("get_account_balance")) == spare.headers


def test_the_decimal_context_of_the_program_does_not_reach_amounts() -> None:
    """A quantity is what was spent by the price, to 60 digits, even where the program forbids rounding."""
    told = FillAnswer(
        trade_id="1",
        order_id="1",
        trade_time=datetime(2026, 1, 1, tzinfo=UTC),
        price=Decimal(3),
        size=Decimal(10),
        commission=Decimal(0),
        product_id="BTC-USD",
        side="BUY",
        size_in_quote=True,
    )
    with localcontext() as context:
        context.prec, context.traps[Inexact] = 6, True
        assert str(trade_of(told).quantity).startswith("3.3333333333")


async def test_our_clock_is_set_by_theirs(gear: sg.Switchgear, clock: FakeClock, sim: Sim) -> None:
    """A clock that is half a minute off signs by Coinbase's time; one that is minutes off is refused here."""
    sim.add_faults({"match": "*", "action": "clock_skew", "skew_ms": 30_000})
    async with CoinbaseApi(gear, key=sim.key, secret=sim.secret, base_url=sim.base_url) as api:
        assert await api.get_account_balance()
    sim.clear_faults()
    sim.add_faults({"match": "*", "action": "clock_skew", "skew_ms": 300_000})
    async with CoinbaseApi(gear, key=sim.key, secret=sim.secret, base_url=sim.base_url) as api:
        with pytest.raises(sg.SettingsError, match="set this machine's time"):
            await api.get_account_balance()
    assert sim.state()["requests"]["accounts.list"] == 1


async def test_a_refusal_with_status_200_is_one(api: CoinbaseApi, sim: Sim) -> None:
    """The reason is the code, the message is not the whole body, and nothing was booked."""
    with pytest.raises(sg.OrderRefused) as caught:
        await api.create_order(CASE.resting(post_only=True, price=Decimal(64000)))
    assert (caught.value.status, caught.value.code) == (200, "INVALID_LIMIT_PRICE_POST_ONLY")
    assert "{" not in str(caught.value)
    assert sim.state()["orders"] == []


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (CASE.market(Side.SELL, quantity=None, quote_quantity=Decimal(100)), "quote_quantity"),
        (replace(CASE.stop(), time_in_force=TimeInForce.IOC), "time_in_force"),
        (CASE.resting(time_in_force="DAY"), "time_in_force"),
    ],
)
async def test_orders_that_coinbase_does_not_have_are_refused_here(
    api: CoinbaseApi, sim: Sim, request_: Any, field: str
) -> None:
    """The error names the field and what Coinbase takes; nothing was sent."""
    with pytest.raises(FieldError, match="coinbase") as caught:
        await api.create_order(request_)
    assert caught.value.field == field
    assert sim.state()["requests"] == {}


async def test_a_booked_order_that_cannot_be_looked_at_is_still_a_success(
    api: CoinbaseApi, sim: Sim
) -> None:
    """What was taken is told as far as it is known; it is not raised as lost."""
    await api.get_symbol(BTC)
    sim.add_faults({"match": "order.get", "action": "html", "status": 502})
    order = await api.create_order(CASE.resting())
    sim.clear_faults()
    found = await api.get_order(BTC, order_id=order.order_id)
    assert (order.client_order_id, order.price) == (found.client_order_id, found.price)
    assert order.type is OrderType.LIMIT


async def test_a_list_without_end_is_an_error_and_never_a_part(
    gear: sg.Switchgear, sim: Sim
) -> None:
    """When the pages do not end, an order is not said to be absent, and open orders not to be all."""
    page: dict[str, Any] = {
        "orders": [],
        "has_next": True,
        "cursor": "again",
        "epochMillis": "1767225600000",
    }
    async with (
        odd_server(answer_bytes(json.dumps(page).encode())) as url,
        CoinbaseApi(gear, key=sim.key, secret=sim.secret, base_url=url) as api,
    ):
        gear.configure("*", retries=0)
        for asked in (api.desk.resolve(BTC, "mine-1"), api.get_open_orders()):
            with pytest.raises(sg.ApiError, match="more than 20 pages"):
                await asked


async def test_many_candles_are_paced(api: CoinbaseApi, clock: FakeClock) -> None:
    """What needs more pages than the limit lets through at once is asked for slowly, and comes whole."""
    candles = await api.get_market_data(BTC, "1m", limit=3500)
    assert len(candles) == 3500
    assert clock.slept_s
