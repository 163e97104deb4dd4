"""What a desk does with one order: what is written down, sent, looked for, told, and refused beforehand."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

import switchgear as sg
from switchgear.core.errors import JournalUnavailable
from switchgear.exchange.api import is_named_here
from switchgear.exchange.model import FieldError
from switchgear.observe.store.errors import StoreError
from switchgear.order import MemoryStore, StaleIntent, State
from tests.order.bench import LOST, NEVER, Bench
from tests.order.net import Cell, Fate, Seen
from tests.order.world import APIS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from switchgear.order.store import Outcome, Step

EACH = pytest.mark.parametrize("venue", APIS)
REFUSED = Fate(Cell.REFUSED)


@pytest.fixture
def bench() -> Iterator[Bench]:
    """A desk at Binance."""
    with Bench() as bench:
        yield bench


# ------------------------------------------------------------------------------------- one order


@EACH
def test_an_order_that_goes_well(venue: str) -> None:
    """Written down, sent, booked; the order is what the venue has."""
    with Bench(venue) as bench:
        order = bench.submit(bench.market())
        assert bench.states == ["new", "sent", "acked"]
        intent = bench.intents[-1]
        assert (intent.order_id, intent.attempts) == (order.order_id, 1)
        assert bench.booked == {order.client_order_id: 1}


@EACH
def test_an_answer_that_was_lost_is_found(venue: str) -> None:
    """Booked once; the caller gets the order as if nothing had been."""
    with Bench(venue) as bench:
        bench.fates = [LOST]
        order = bench.submit(bench.market())
        assert bench.states == ["new", "sent", "unknown", "found"]
        assert bench.booked == {order.client_order_id: 1}


@EACH
def test_a_request_that_was_lost_is_sent_again_under_the_same_id(venue: str) -> None:
    """Binance waits until no copy of it can be booked; Alpaca and Coinbase book an id once for ever."""
    with Bench(venue) as bench:
        bench.fates = [NEVER]
        began_s = bench.clock.monotonic_s()
        order = bench.submit(bench.market())
        assert bench.states == ["new", "sent", "unknown", "sent", "acked"]
        assert bench.booked == {order.client_order_id: 1}
        waited_s = bench.clock.monotonic_s() - began_s
        assert (waited_s >= 15) == (venue == "binance")


@EACH
def test_a_first_copy_that_comes_late_is_no_second_order(venue: str) -> None:
    """It arrives while the desk already looks: whatever it does then, one is booked."""
    with Bench(venue) as bench:
        bench.fates = [Fate(Cell.LATE_COPY, delay_s=3.0, seen=Seen.RESET)]
        order = bench.submit(bench.market())
        bench.net.drain()
        assert bench.booked == {order.client_order_id: 1}


@EACH
def test_what_never_left_is_told_as_it_is(venue: str) -> None:
    """No doubt, and nothing to look for."""
    with Bench(venue) as bench:
        bench.fates = [REFUSED]
        with pytest.raises(sg.NetworkError) as caught:
            bench.submit(bench.market())
        assert not isinstance(caught.value, sg.OrderOutcomeUnknown)
        assert bench.states == ["new", "sent", "rejected"]
        assert bench.booked == {}


@EACH
def test_a_refusal_is_told_as_one(venue: str) -> None:
    """More than the account has."""
    with Bench(venue) as bench:
        with pytest.raises(sg.OrderRefused):
            bench.submit(bench.market("900"))
        assert bench.states == ["new", "sent", "rejected"]


def test_an_open_circuit_is_no_doubt(bench: Bench) -> None:
    """Nothing was sent, and the journal says so."""
    bench.gear.hold("binance", "create_order", state="open", by="ops", why="a test", for_s=None)
    with pytest.raises(sg.CircuitOpenError):
        bench.submit(bench.market())
    assert bench.states == ["new", "sent", "rejected"]
    assert "not sent" in bench.intents[-1].why


def test_an_open_circuit_does_not_hide_the_truth(bench: Bench) -> None:
    """The exchange's circuit is held open as soon as the answer is lost; the order is found all the same."""
    bench.fates = [LOST]
    work = bench.desk.submit(bench.market())

    async def held() -> Any:
        task = asyncio.ensure_future(work)
        await asyncio.wait([task], timeout=0)
        bench.gear.hold("binance", "@exchange", state="open", by="ops", why="a test", for_s=None)
        return await task

    assert bench.run(held()).client_order_id in bench.booked


# ----------------------------------------------------------------------------------- in doubt


def test_what_is_not_proved_in_time_is_told_as_unknown(bench: Bench) -> None:
    """With the intent to ask after; the reconciler goes on, and it is known at last."""
    bench.fates = [NEVER]
    with pytest.raises(sg.OrderOutcomeUnknown) as caught:
        bench.submit(bench.market(), deadline_s=2)
    error = caught.value
    assert error.intent_id == bench.intents[-1].intent_id
    assert bench.intents[-1].state is State.UNKNOWN
    assert bench.run(bench.api.resolve(bench.intents[-1])) is None  # a look, and no proof yet
    assert bench.run(bench.desk.resolve_intent(str(error.intent_id), deadline_s=60)) is None
    assert bench.states == ["new", "sent", "unknown", "absent"]
    assert bench.booked == {}


def test_two_looks_at_one_moment_are_one(bench: Bench) -> None:
    """However often somebody asks: not to be found twice means at two moments."""
    bench.fates = [NEVER]
    with pytest.raises(sg.OrderOutcomeUnknown):
        bench.submit(bench.market(), deadline_s=2)
    bench.clock.advance(60)
    for _ in range(3):
        assert bench.run(bench.api.resolve(bench.intents[-1])) is None
        assert bench.intents[-1].state is State.UNKNOWN
    bench.clock.advance(1)
    bench.run(bench.desk.reconciler.look_now(bench.intents[-1]))
    assert bench.intents[-1].state is State.ABSENT


def test_it_is_not_sent_behind_the_callers_back(bench: Bench) -> None:
    """Whoever was told that it is unknown did not ask for it any more."""
    bench.fates = [NEVER]
    with pytest.raises(sg.OrderOutcomeUnknown):
        bench.submit(bench.market(), deadline_s=2)

    async def later() -> None:
        for _ in range(20):
            await bench.clock.sleep_async(await bench.desk.reconciler.round())

    bench.run(later())
    assert bench.intents[-1].state is State.ABSENT
    assert bench.booked == {}


def test_a_caller_that_goes_away_leaves_it_to_the_reconciler(bench: Bench) -> None:
    """Cancelled in the midst of its request: it counts as sent, and is found."""
    bench.fates = [Fate(Cell.LOST_ANSWER_TIMEOUT)]

    async def gone() -> None:
        task = asyncio.ensure_future(bench.desk.submit(bench.market()))
        await bench.clock.sleep_async(1)
        task.cancel()
        await asyncio.wait([task])
        assert bench.intents[-1].state is State.UNKNOWN
        await bench.desk.reconciler.round()

    bench.run(gone())
    assert bench.intents[-1].state is State.FOUND


def test_what_a_process_left_behind_is_resolved_by_the_next_one(bench: Bench) -> None:
    """Written down and never heard of again: it counts as sent until somebody else came."""
    bench.run(bench.desk.submit(bench.market()))
    bench.clock.advance(1)
    lost = bench.desk._intent_of(bench.market(), None)
    bench.run(bench.desk.journal.write(lost, own_for_s=0))
    _, _, second = bench.program("two")

    async def later() -> None:
        for _ in range(30):
            await bench.clock.sleep_async(await second.reconciler.round())

    bench.run(later())
    assert bench.states == ["new", "unknown", "absent"]


def test_two_processes_do_not_see_one_intent_through(bench: Bench) -> None:
    """While one has it in hand the other lets it be; when that one is gone for long, it takes it."""
    bench.fates = [NEVER]
    with pytest.raises(sg.OrderOutcomeUnknown):
        bench.submit(bench.market(), deadline_s=2)
    _, _, second = bench.program("two")
    bench.run(second.reconciler.round())
    assert second.reconciler.open_intents == ()
    bench.clock.advance(200)
    bench.run(second.reconciler.round())
    assert [each.owner for each in bench.intents] == ["two"]


def test_a_person_ends_it(bench: Bench) -> None:
    """With who and why; and a late copy that is found after all is told."""
    bench.fates = [Fate(Cell.LATE_COPY, delay_s=4.0)]
    with pytest.raises(sg.OrderOutcomeUnknown) as caught:
        bench.submit(bench.market(), deadline_s=2)
    intent_id = str(caught.value.intent_id)
    with pytest.raises(sg.SettingsError, match="why"):
        bench.run(bench.desk.abandon(intent_id, by="ops", why=" "))
    bench.run(bench.desk.abandon(intent_id, by="ops", why="asked the exchange"))
    assert bench.store.moves(intent_id)[-1].by == "ops"
    with pytest.raises(StaleIntent):
        bench.run(bench.desk.abandon(intent_id, by="ops", why="again"))


def test_what_was_ended_is_not_sent_again(bench: Bench) -> None:
    """A person in another process said so while the desk waited for its barrier."""
    bench.fates = [NEVER]

    async def ended() -> Any:
        task = asyncio.ensure_future(bench.desk.submit(bench.market()))
        await bench.clock.sleep_async(5)
        _, _, other = bench.program("two")
        await other.abandon(bench.intents[-1].intent_id, by="ops", why="enough")
        return await task

    with pytest.raises(sg.OrderOutcomeUnknown):
        bench.run(ended())
    assert bench.states[-1] == "abandoned"
    assert bench.booked == {}


def test_an_order_that_stands_after_all_is_told_whatever_was_said_of_it(bench: Bench) -> None:
    """Ended from outside while it was under way; its copy came late."""
    bench.fates = [Fate(Cell.LATE_COPY, delay_s=4.0)]

    async def ended() -> Any:
        task = asyncio.ensure_future(bench.desk.submit(bench.market()))
        await bench.clock.sleep_async(2)
        _, _, other = bench.program("two")
        await other.abandon(bench.intents[-1].intent_id, by="ops", why="enough")
        return await task

    order = bench.run(ended())
    assert bench.states[-2:] == ["abandoned", "found"]
    assert bench.booked == {order.client_order_id: 1}


def test_an_order_of_ours_that_is_in_no_journal_is_told(bench: Bench) -> None:
    """Another journal's, or none's."""
    order = bench.submit(bench.limit("30000"))
    other = Bench.__new__(Bench)
    other.__dict__ = {**bench.__dict__, "store": MemoryStore()}
    _, _, desk = other.program("two")
    bench.run(desk.reconciler.round())
    assert [each.order_id for each in desk.reconciler.strays] == [order.order_id]


# ----------------------------------------------------------------------------------- once only


@EACH
def test_the_same_key_gives_the_first_order(venue: str) -> None:
    """In this process and in the next; nothing is sent again."""
    with Bench(venue) as bench:
        first = bench.submit(bench.market(), idempotency_key="signal 7")
        _, _, second = bench.program("two")
        again = bench.run(second.submit(bench.market(), idempotency_key="signal 7"))
        assert again.order_id == first.order_id
        assert len(bench.intents) == 1
        assert bench.booked == {first.client_order_id: 1}


def test_the_same_key_while_the_first_is_under_way(bench: Bench) -> None:
    """Both callers get the one order."""
    bench.fates = [Fate(Cell.SLOW, delay_s=3.0)]

    async def both() -> list[Any]:
        calls = [bench.desk.submit(bench.market(), idempotency_key="k") for _ in range(2)]
        return await asyncio.gather(*calls)

    first, second = bench.run(both())
    assert first.order_id == second.order_id
    assert bench.booked == {first.client_order_id: 1}


def test_a_key_is_for_one_order_alone(bench: Bench) -> None:
    """Another order under it is refused, and named."""
    bench.submit(bench.market(), idempotency_key="k")
    with pytest.raises(FieldError, match="another order"):
        bench.submit(bench.market("0.002"), idempotency_key="k")


def test_a_key_whose_order_was_refused_says_so_again(bench: Bench) -> None:
    """Who wants to try anew takes a new key."""
    for _ in range(2):
        with pytest.raises(sg.OrderRefused):
            bench.submit(bench.market("900"), idempotency_key="k")
    assert len(bench.intents) == 1


def test_a_client_order_id_is_used_once(bench: Bench) -> None:
    """Binance itself would take it again."""
    bench.submit(bench.market(client_order_id="mine-1"))
    with pytest.raises(FieldError, match="used before"):
        bench.submit(bench.market(client_order_id="mine-1"))


@pytest.mark.parametrize(
    ("name", "key", "ours"), [(None, None, True), (None, "k", True), ("mine-1", None, False)]
)
def test_only_an_id_that_was_made_up_is_taken_for_proof(
    bench: Bench, name: str | None, key: str | None, ours: bool
) -> None:
    """Under one that the caller gave, an older order may stand at the exchange that no journal knows."""
    named = list[bool]()
    send = bench.desk.access.send

    async def noted(request: Any) -> Any:
        named.append(is_named_here(request))
        return await send(request)

    bench.desk.access = bench.desk.access._replace(send=noted)
    bench.submit(bench.market(client_order_id=name), idempotency_key=key)
    assert named == [ours]


@pytest.mark.parametrize("key", ["", "x" * 201, "a\nb"])
def test_a_key_that_cannot_be(bench: Bench, key: str) -> None:
    """Before anything is written."""
    with pytest.raises(FieldError, match="idempotency_key"):
        bench.submit(bench.market(), idempotency_key=key)
    assert bench.intents == []


# ------------------------------------------------------------------------------ not durable, not sent


class Full(MemoryStore):
    """A disk that is full, for a while."""

    def __init__(self) -> None:
        super().__init__()
        self.is_full = False

    def apply(self, steps: Sequence[Step], *, durable: bool) -> list[Outcome]:
        """Nothing is kept while it is full."""
        if self.is_full:
            raise StoreError("disk is full")
        return super().apply(steps, durable=durable)


def test_what_cannot_be_written_down_is_not_sent() -> None:
    """Reads and cancels go on; when the disk has room, orders do too."""
    store = Full()
    with Bench(store=store) as bench:
        order = bench.submit(bench.limit("30000"))
        store.is_full = True
        with pytest.raises(JournalUnavailable, match="disk is full"):
            bench.submit(bench.market())
        assert len(bench.booked) == 1
        done = bench.run(bench.api.cancel_order(bench.symbol, order_id=order.order_id))
        assert done.status.is_final
        store.is_full = False
        assert bench.submit(bench.market()).client_order_id in bench.booked


def test_a_disk_that_fills_up_under_way_loses_no_order() -> None:
    """The order goes its way; what became of it is found out when there is room."""
    store = Full()
    with Bench(store=store) as bench:
        bench.fates = [Fate(Cell.SLOW, delay_s=1.0)]

        async def filling() -> Any:
            task = asyncio.ensure_future(bench.desk.submit(bench.market()))
            await bench.clock.sleep_async(0.5)
            store.is_full = True
            order = await task
            store.is_full = False
            return order

        order = bench.run(filling())
        assert bench.states[-1] == "sent"
        bench.run(bench.desk.resolve_intent(bench.intents[-1].intent_id))
        assert bench.states[-1] == "found"
        assert bench.booked == {order.client_order_id: 1}


# ------------------------------------------------------------------------------------- halted


def test_a_kill_switch_stops_new_orders_and_lets_cancels_through(bench: Bench) -> None:
    """Of this account, or of all; a replay of an order from before is no new one."""
    journal = bench.desk.journal
    first = bench.submit(bench.limit("30000"), idempotency_key="k")
    for place in ({}, {"exchange": "binance", "account": "main"}):
        bench.run(journal.switch(on=True, by="ops", why="fat finger", **place))
        with pytest.raises(JournalUnavailable, match="halted by ops: fat finger"):
            bench.submit(bench.market())
        again = bench.submit(bench.limit("30000"), idempotency_key="k")
        assert again.order_id == first.order_id
        bench.run(journal.switch(on=False, by="ops", why="over", **place))
    bench.run(journal.switch(on=True, by="ops", why="x", exchange="alpaca", account="main"))
    bench.submit(bench.market())
    bench.run(bench.api.cancel_order(bench.symbol, order_id=first.order_id))


def test_a_halted_order_is_not_sent_again(bench: Bench) -> None:
    """It was sent once; then a person said stop."""
    bench.fates = [NEVER]

    async def halted() -> None:
        task = asyncio.ensure_future(bench.desk.submit(bench.market()))
        await bench.clock.sleep_async(5)
        await bench.desk.journal.switch(on=True, by="ops", why="stop")
        await task

    with pytest.raises((sg.OrderRefused, sg.OrderOutcomeUnknown)):
        bench.run(halted())
    assert bench.booked == {}
