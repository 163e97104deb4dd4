"""Proves that a desk refuses what breaks a rule of its exchange, where that is known, before it is written down."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

import switchgear as sg
from switchgear.core.errors import ApiError, OrderRefused
from switchgear.exchange import (
    AlpacaApi,
    BinanceApi,
    CoinbaseApi,
    OrderRequest,
    OrderType,
    Side,
)
from switchgear.exchange.symbol_book import AGAIN_S
from switchgear.observe.store.errors import StoreError
from switchgear.order import IntentQuery, Journal, JournalDesk, MemoryStore, OrderLimits
from switchgear.order.desk import RuleBroken
from switchgear.order.journal import InlineCommitter
from switchgear.practice.sim.server import Sim
from switchgear.testing import FakeClock
from tests.order.bench import NEVER, Bench

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from switchgear.order import Intent

pytestmark = pytest.mark.anyio
VENUES: dict[str, Any] = {
    "binance": (BinanceApi, "BTC/USDT", "exchange_info"),
    "alpaca": (AlpacaApi, "BTC/USD", "assets.list"),
    "coinbase": (CoinbaseApi, "BTC/USD", "product*"),
}
"""The client, what is traded, and where the venue tells its rules."""
TICK = dict.fromkeys(VENUES, "0.01")
LOT = {"binance": "0.00001", "alpaca": "0.000000001", "coinbase": "0.00000001"}
LEAST = {**LOT, "alpaca": "0.000015739"}
"""The rules of what is traded, by venue."""


class Locked(MemoryStore):
    """A store that cannot be read, for a while."""

    is_locked = False

    def query(self, query: IntentQuery) -> list[Intent]:
        """Nothing while it is locked."""
        if self.is_locked:
            raise StoreError("database is locked")
        return super().query(query)


class Place(NamedTuple):
    """A practice venue, and a desk with a journal in memory."""

    sim: Sim
    desk: JournalDesk
    store: Locked
    clock: FakeClock
    symbol: str
    told_at: str

    def limit(self, price: str, quantity: str = "0.001") -> OrderRequest:
        """An order that rests where it fits."""
        amounts = Decimal(quantity), Decimal(price)
        return OrderRequest(self.symbol, Side.BUY, OrderType.LIMIT, *amounts)

    def is_untouched(self) -> bool:
        """Whether no order has reached the venue or the journal."""
        truth = self.sim.state()
        return not (truth["orders"] or truth["refused"] or self.store.query(IntentQuery()))


@pytest.fixture(params=VENUES)
async def place(request: pytest.FixtureRequest) -> AsyncIterator[Place]:
    """Each venue in turn, over real sockets."""
    client, symbol, told_at = VENUES[request.param]
    clock, store = FakeClock(), Locked()
    with sg.Switchgear(clock=clock) as gear:
        journal = Journal(store, clock, gear.hub.emit, committer=InlineCommitter(store))
        async with Sim(clock=clock, venue=request.param) as sim:
            given = {"key": sim.key, "secret": sim.secret, "base_url": sim.base_url}
            async with client(gear, **given) as api, JournalDesk(api, journal) as desk:
                yield Place(sim, desk, store, clock, symbol, told_at)


@pytest.mark.parametrize(
    ("price", "quantity", "field", "must_be", "bounds"),
    [
        ("30000.0000000013", "0.001", "price", "a multiple of", TICK),
        ("30000", "0.0010000000000007", "quantity", "a multiple of", LOT),
        ("30000", "0.000000000000000001", "quantity", "at least", LEAST),
    ],
)
async def test_a_broken_rule_is_named_and_leaves_no_trace(
    place: Place, price: str, quantity: str, field: str, must_be: str, bounds: dict[str, str]
) -> None:
    """Tick, lot and least quantity: nothing is sent, nothing written down, and the key is free again."""
    with pytest.raises(RuleBroken) as caught:
        await place.desk.submit(place.limit(price, quantity), idempotency_key="k1")
    assert caught.value.field == field
    venue = place.sim.venue
    allowed = f"must be {must_be} {bounds[venue]} for {place.symbol} at {venue}"
    assert caught.value.allowed == allowed
    assert place.is_untouched()
    order = await place.desk.submit(place.limit("30000"), idempotency_key="k1")
    assert order.price == 30_000


async def test_a_pair_that_is_not_traded_is_named(place: Place) -> None:
    """The exchange was asked, and does not have it."""
    unknown = OrderRequest("NOPE/USD", Side.BUY, OrderType.MARKET, Decimal(1))
    with pytest.raises(RuleBroken, match="symbol='NOPE/USD': is not traded at"):
        await place.desk.submit(unknown)
    assert place.is_untouched()


@pytest.mark.parametrize("place", ["binance", "coinbase"], indirect=True)
async def test_rules_that_cannot_be_had_block_no_order(place: Place) -> None:
    """What fits is booked; what does not is sent and written down, and the exchange itself says no."""
    place.sim.add_faults({"match": place.told_at, "action": "answer", "status": 503})
    order = await place.desk.submit(place.limit("30000"))
    assert order.price == 30_000
    with pytest.raises(OrderRefused):
        await place.desk.submit(place.limit("30000.0000000013"))
    newest, _ = place.store.query(IntentQuery())
    assert newest.state == "rejected"
    assert newest.why.startswith("refused: ")
    assert len(place.sim.state()["orders"]) == 1


@pytest.mark.parametrize("place", ["binance", "coinbase"], indirect=True)
async def test_a_replay_is_told_whatever_the_rules_say(place: Place) -> None:
    """What was written down while nobody knew the rules is answered as it was, once they are known."""
    place.sim.add_faults({"match": place.told_at, "action": "answer", "status": 503})
    broken = place.limit("30000.0000000013")
    with pytest.raises(OrderRefused):
        await place.desk.submit(broken, idempotency_key="k1")
    place.sim.clear_faults()
    place.clock.advance(AGAIN_S)
    with pytest.raises(RuleBroken):
        await place.desk.submit(broken, idempotency_key="k2")
    with pytest.raises(OrderRefused, match="is not booked: refused"):
        await place.desk.submit(broken, idempotency_key="k1")
    assert len(place.store.query(IntentQuery())) == 1


@pytest.mark.parametrize("key", [None, "k1"])
async def test_a_broken_rule_is_named_though_the_journal_cannot_be_read(
    place: Place, key: str | None
) -> None:
    """Nothing is sent either way; that a replay could not be told from a new order is noted."""
    place.store.is_locked = True
    with pytest.raises(RuleBroken, match=r"price=.*must be a multiple of") as caught:
        await place.desk.submit(place.limit("30000.0000000013"), idempotency_key=key)
    notes = getattr(caught.value, "__notes__", [])
    assert ["database is locked" in note for note in notes] == [True] * (key is not None)
    place.store.is_locked = False
    assert place.is_untouched()


@pytest.mark.parametrize("place", ["alpaca"], indirect=True)
async def test_without_its_list_alpaca_is_told_nothing(place: Place) -> None:
    """What a symbol means there stands in the list that has the rules: until it can be had, nothing is sent."""
    place.sim.add_faults({"match": place.told_at, "action": "answer", "status": 503})
    with pytest.raises(ApiError, match="service unavailable"):
        await place.desk.submit(place.limit("30000"))
    (written,) = place.store.query(IntentQuery())
    assert written.why.startswith("not sent: ")


@pytest.mark.parametrize("limits", [None, OrderLimits(notional_day_max=Decimal(1_000))])
def test_what_is_looked_up_beforehand_takes_none_of_the_deadline(
    limits: OrderLimits | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rules that come late: the order is dated after them, and has its whole time to be seen through."""
    with Bench("coinbase", limits=limits) as bench:

        async def late(request: OrderRequest) -> None:
            assert request.symbol == bench.symbol
            await bench.clock.sleep_async(9)

        monkeypatch.setattr(bench.api, "keep_rules", late)
        bench.fates = [NEVER]
        began_ms = bench.desk.journal.now_ms()
        order = bench.submit(bench.market(), idempotency_key="k", deadline_s=5)
        assert bench.booked == {order.client_order_id: 1}
        (kept,) = bench.intents
        assert kept.created_ms >= began_ms + 9_000
        assert bench.store.moves(kept.intent_id)[0].at_ms == kept.created_ms
