"""Proves the Binance client's calls over real sockets, and that each goes through the guard."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

import switchgear as sg
from switchgear.exchange import (
    BackendApi,
    BinanceApi,
    FieldError,
    OrderStatus,
    OrderType,
    Side,
    TradingApi,
)
from switchgear.exchange.binance import PAPER_URL
from switchgear.exchange.client import METHODS
from switchgear.exchange.signing import hmac_signer
from tests.exchange.kit import (
    BTC,
    MARKET,
    PRICE_ONCE,
    RESTING,
    asked,
    one_attempt,
)

if TYPE_CHECKING:
    from switchgear.practice.sim.server import Sim
    from switchgear.testing import FakeClock

pytestmark = pytest.mark.anyio


def test_the_signature_is_the_documented_one() -> None:
    """The example of Binance's documentation, key and text, gives the signature that it prints."""
    secret = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"
    text = (
        "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1"
        "&recvWindow=5000&timestamp=1499827319559"
    )
    expected = "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71"
    assert hmac_signer(secret)(text) == expected


async def test_a_price_is_the_exchanges_own(api: BinanceApi, sim: Sim) -> None:
    """The price is the ledger's, as a Decimal."""
    price = await api.get_market_price(BTC)
    assert price == Decimal(sim.state()["prices"]["BTCUSDT"])
    assert isinstance(price, Decimal)


async def test_balances_are_by_asset(api: BinanceApi, sim: Sim) -> None:
    """Free and locked are the ledger's, and an asset without any is left out."""
    await api.create_order(RESTING)
    balances = await api.get_account_balance()
    truth = sim.state()["balances"]
    shown = {
        asset: {"free": f"{b.free.normalize():f}", "locked": f"{b.locked.normalize():f}"}
        for asset, b in balances.items()
    }
    assert shown == {a: held for a, held in truth.items() if held != {"free": "0", "locked": "0"}}
    assert balances["USDT"].locked == Decimal(100)
    assert balances["USDT"].total == balances["USDT"].free + 100


async def test_a_portfolio_is_one_guarded_call(
    api: BinanceApi, sim: Sim, gear: sg.Switchgear
) -> None:
    """Every asset is valued at its price and summed up in USDT; the metrics count one call."""
    portfolio = await api.get_portfolio()
    state = sim.state()
    worth = {
        asset: (Decimal(held["free"]) + Decimal(held["locked"]))
        * Decimal(state["prices"].get(f"{asset}USDT", "1"))
        for asset, held in state["balances"].items()
    }
    assert portfolio.values == {asset: value for asset, value in worth.items() if value}
    assert portfolio.total == sum(worth.values())
    assert (portfolio.currency, portfolio.unpriced) == ("USDT", ())
    assert gear.metrics("binance", "get_portfolio").success_calls == 1
    assert (asked(sim, "account"), asked(sim, "ticker.price")) == (1, 1)


async def test_a_market_order_is_filled(api: BinanceApi, sim: Sim) -> None:
    """The order comes back as executed, at a price, under an id of ours."""
    order = await api.create_order(MARKET)
    truth = sim.state()["orders"][0]
    assert (order.status, order.filled, order.remaining) == (
        OrderStatus.FILLED,
        MARKET.quantity,
        Decimal(0),
    )
    assert (order.side, order.type, order.price) == (Side.BUY, OrderType.MARKET, None)
    assert order.average_price == Decimal(truth["executions"][0]["price"])
    assert (order.order_id, order.client_order_id) == (
        str(truth["order_id"]),
        truth["client_order_id"],
    )
    assert order.client_order_id.startswith("sg-")
    assert order.created_at is not None
    assert order.created_at.timestamp() * 1000 == truth["at_ms"]


async def test_a_limit_order_rests_is_found_and_cancelled(api: BinanceApi) -> None:
    """It is open, both ids find the same order, and a cancel ends it, told under its own id."""
    order = await api.create_order(replace(RESTING, client_order_id="mine-1"))
    assert (order.status, order.price, order.average_price) == (
        OrderStatus.OPEN,
        Decimal(10000),
        None,
    )
    by_id = await api.get_order(BTC, order_id=order.order_id)
    by_name = await api.get_order(BTC, client_order_id="mine-1")
    assert by_id == by_name == order
    cancelled = await api.cancel_order(BTC, client_order_id="mine-1")
    assert (cancelled.status, cancelled.client_order_id) == (OrderStatus.CANCELED, "mine-1")
    assert cancelled.created_at is None


async def test_a_cancel_twice_gives_the_cancelled_order(api: BinanceApi) -> None:
    """An attempt whose answer was lost makes the next one's "unknown order" no error."""
    order = await api.create_order(RESTING)
    await api.cancel_order(BTC, order_id=order.order_id)
    again = await api.cancel_order(BTC, order_id=order.order_id)
    assert again.status is OrderStatus.CANCELED


async def test_a_lost_cancel_is_tried_again(api: BinanceApi, sim: Sim) -> None:
    """A reset after the cancel was carried out ends in the cancelled order, not in an error."""
    order = await api.create_order(RESTING)
    sim.add_faults({"match": "order.cancel", "count": 1, "action": "reset_after"})
    cancelled = await api.cancel_order(BTC, order_id=order.order_id)
    assert cancelled.status is OrderStatus.CANCELED
    assert asked(sim, "order.cancel") == 2


async def test_a_cancel_too_late_says_what_became_of_the_order(api: BinanceApi) -> None:
    """A filled order cannot be cancelled: the error stays, and says that it is filled."""
    order = await api.create_order(MARKET)
    with pytest.raises(sg.ApiError) as caught:
        await api.cancel_order(BTC, order_id=order.order_id)
    assert caught.value.verdict is not None
    assert caught.value.verdict.kind is sg.Kind.ORDER_NOT_FOUND
    assert caught.value.__notes__ == ["the order is filled"]


async def test_every_method_is_guarded_under_its_name(api: BinanceApi, gear: sg.Switchgear) -> None:
    """Each call is one success of its own key; an order asks for the rules of its pair once."""
    order = await api.create_order(RESTING)
    await api.get_order(BTC, order_id=order.order_id)
    await api.cancel_order(BTC, order_id=order.order_id)
    await api.get_market_price(BTC)
    await api.get_market_prices([BTC])
    await api.get_market_data(BTC)
    await api.get_order_book(BTC)
    await api.get_account_balance()
    await api.get_portfolio()
    await api.get_positions()
    await api.get_open_orders()
    await api.get_trades(BTC)
    await api.get_symbols()
    await api.cancel_all(BTC)
    counts = {found.method: found.success_calls for found in gear.all_metrics()}
    assert counts == dict.fromkeys(METHODS, 1)


async def test_the_account_names_the_circuits_of_signed_methods(
    gear: sg.Switchgear, sim: Sim
) -> None:
    """A second account has circuits of its own; prices are nobody's."""
    async with BinanceApi(
        gear, key=sim.key, secret=sim.secret, account="second", base_url=sim.base_url
    ) as api:
        await api.get_account_balance()
        await api.get_market_price(BTC)
    assert gear.metrics("binance", "get_account_balance", "second").success_calls == 1
    assert gear.metrics("binance", "get_market_price").success_calls == 1


async def test_served_says_where_the_value_came_from(
    gear: sg.Switchgear, sim: Sim, clock: FakeClock
) -> None:
    """A fallback of the method is asked when the call fails: memory first, then the backend."""
    one_attempt(gear)
    async with (
        BackendApi(sim.backend_url, clock=clock) as backend,
        BinanceApi(
            gear,
            base_url=sim.base_url,
            fallbacks={"get_market_price": [sg.last_good(30), backend.get_market_price]},
        ) as api,
    ):
        first = await api.served("get_market_price", BTC)
        assert (first.source, first.is_fallback) == ("primary", False)
        sim.add_faults({"match": "ticker.price", "action": "answer", "status": 503})
        clock.advance(5)
        second = await api.served("get_market_price", BTC)
        assert (second.source, second.age_s, second.value) == ("last_good", 5.0, first.value)
        third = await api.served("get_market_price", "ETH/USDT")
        assert third.source == "get_market_price"
        assert third.value == Decimal(sim.state()["prices"]["ETHUSDT"])


async def test_an_order_is_served_too(api: BinanceApi, sim: Sim) -> None:
    """The twin of create_order sends once and says that the exchange booked it."""
    served = await api.served("create_order", MARKET)
    assert (served.source, served.value.status) == ("primary", OrderStatus.FILLED)
    assert asked(sim, "order.create") == 1


def elsewhere(request: object) -> object:
    """A stand-in for an order that does not say that it acts on the same account."""
    return request


def nothing_asked() -> Decimal:
    """A stand-in for a price that takes no symbol."""
    return Decimal(1)


@pytest.mark.parametrize(
    ("fallbacks", "words"),
    [
        ({"get_prices": sg.last_good(5)}, "fallbacks='get_prices': must be one of get_market"),
        ({"get_market_price": nothing_asked}, "must take the arguments of"),
        ({"create_order": elsewhere}, "a trade is never answered from elsewhere"),
    ],
)
def test_a_fallback_that_does_not_suit_is_refused_at_once(
    gear: sg.Switchgear, fallbacks: dict[str, Any], words: str
) -> None:
    """An unknown method, a wrong signature, and a foreign answer to a trade."""
    with pytest.raises(sg.SettingsError, match=words):
        BinanceApi(gear, fallbacks=fallbacks)


@pytest.mark.parametrize(
    ("name", "value"),
    [("key", "with space"), ("key", "line\nbreak"), ("secret", "é" * 20), ("secret", "x" * 600)],
)
def test_a_credential_that_cannot_be_is_refused_unseen(
    gear: sg.Switchgear, name: str, value: str
) -> None:
    """The error names the field and the length, and does not show the value."""
    given: dict[str, Any] = {"key": "a-good-key", "secret": "a-good-secret", name: value}
    with pytest.raises(sg.SettingsError, match=f"{name}='<{len(value)} characters>'") as caught:
        BinanceApi(gear, **given)
    assert value not in str(caught.value)


@pytest.mark.parametrize("given", [{"key": "a-good-key"}, {"secret": "a-good-secret"}])
def test_key_and_secret_go_together(gear: sg.Switchgear, given: dict[str, str]) -> None:
    """One without the other is refused at once."""
    with pytest.raises(sg.SettingsError, match="go together"):
        BinanceApi(gear, **given)  # type: ignore[arg-type]  # only these two names


@pytest.mark.parametrize(
    "url", ["", "ftp://a", "http://", "https://u:p@a", "https://a?b=c", "http://a b", "http://a:x"]
)
def test_an_address_that_cannot_be_is_refused(gear: sg.Switchgear, url: str) -> None:
    """base_url is checked when it is set; a password in it is not shown."""
    if not url:
        url = "a/b"
    with pytest.raises(sg.SettingsError, match="base_url") as caught:
        BinanceApi(gear, base_url=url)
    assert "u:p@" not in str(caught.value)


def test_paper_is_the_testnet_unless_an_address_is_given(gear: sg.Switchgear) -> None:
    """base_url alone points every endpoint elsewhere."""
    assert PAPER_URL in repr(BinanceApi(gear, paper=True))
    assert "http://here" in repr(BinanceApi(gear, paper=True, base_url="http://here/"))


async def test_without_a_key_only_prices_can_be_had(gear: sg.Switchgear, sim: Sim) -> None:
    """A signed method says so before anything is counted or sent."""
    async with BinanceApi(gear, base_url=sim.base_url) as api:
        assert await api.get_market_price(BTC) > 0
        with pytest.raises(sg.SettingsError, match="key"):
            await api.get_portfolio()
        with pytest.raises(sg.SettingsError, match="key"):
            await api.create_order(MARKET)
    assert gear.metrics("binance", "get_portfolio").total_calls == 0
    assert sim.state()["requests"] == {"ticker.price": 1}


@pytest.mark.parametrize(
    ("method", "args", "ids", "field"),
    [
        ("get_market_price", ("btcusdt",), {}, "symbol"),
        ("get_market_price", (7,), {}, "symbol"),
        ("get_order", (BTC,), {}, "order_id"),
        ("get_order", (BTC,), {"order_id": "1", "client_order_id": "a"}, "order_id"),
        ("get_order", (BTC,), {"order_id": "1 or 1"}, "order_id"),
        ("cancel_order", (BTC,), {"client_order_id": "a&b"}, "client_order_id"),
        ("create_order", ({"symbol": BTC},), {}, "request"),
    ],
)
async def test_what_cannot_be_asked_is_refused_before_it_is_counted(
    api: BinanceApi, gear: sg.Switchgear, sim: Sim, method: str, args: Any, ids: Any, field: str
) -> None:
    """The error names the field; nothing was sent, and no call was counted."""
    calls: list[Any] = [getattr(api, method), partial(api.served, method)]
    for call in calls:
        with pytest.raises(FieldError) as caught:
            await call(*args, **ids)
        assert caught.value.field == field
    assert gear.metrics("binance", method).total_calls == 0
    assert sim.state()["requests"] == {}


async def test_an_unknown_method_has_no_served_twin(api: BinanceApi) -> None:
    """The error lists the methods there are."""
    with pytest.raises(sg.SettingsError, match="must be one of get_market_price"):
        await api.served("get_everything")


async def test_one_attempt_is_one_request(api: BinanceApi, gear: sg.Switchgear, sim: Sim) -> None:
    """A kept connection that breaks is not silently used for a second request."""
    one_attempt(gear)
    await api.get_market_price(BTC)
    sim.add_faults({**PRICE_ONCE, "action": "reset_before"})
    with pytest.raises(sg.NetworkError):
        await api.get_market_price(BTC)
    assert asked(sim, "ticker.price") == 2


async def test_a_client_trades_for_the_protocol(api: BinanceApi) -> None:
    """BinanceApi is a TradingApi, as the type checkers read this line."""
    trading: TradingApi = api
    assert await trading.get_market_price(BTC) > 0
