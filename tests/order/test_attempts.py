"""Proves what an order's attempts count: copies that may have reached the exchange, told before each is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import switchgear as sg
from switchgear.order import MemoryStore, State
from tests.order.bench import NEVER, Bench
from tests.order.net import Cell, Fate

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from switchgear.exchange import Order, OrderRequest
    from switchgear.order import Intent
    from switchgear.order.store import Outcome, Step


@pytest.fixture
def bench() -> Iterator[Bench]:
    """A desk at Binance."""
    with Bench() as bench:
        yield bench


def newest(bench: Bench) -> Intent:
    """The intent of the newest order, as it is kept."""
    return bench.intents[-1]


def hold(bench: Bench) -> None:
    """Have the circuit of create_order held open."""
    bench.gear.hold(bench.venue, "create_order", state="open", by="ops", why="a test", for_s=None)


def test_an_order_that_was_held_back_counts_none(bench: Bench) -> None:
    """Neither an attempt nor an instant at which it was sent; its life tells that one was begun."""
    hold(bench)
    with pytest.raises(sg.CircuitOpenError):
        bench.submit(bench.market())
    kept = newest(bench)
    assert (kept.state, kept.attempts, kept.sent_ms) == (State.REJECTED, 0, None)
    assert kept.never_left
    assert bench.states == ["new", "sent", "rejected"]
    assert bench.store.moves(kept.intent_id)[1].why == "attempt 1"


def test_a_gate_that_is_closed_counts_none(bench: Bench) -> None:
    """The exchange told us to wait: the order after that one never left."""
    bench.fates = [Fate(Cell.RATE_LIMITED, retry_after_s=30)]
    with pytest.raises(sg.OrderRefused):
        bench.submit(bench.market())
    assert (newest(bench).attempts, newest(bench).never_left) == (1, False)
    bench.clock.advance(1)
    with pytest.raises(sg.GateClosedError):
        bench.submit(bench.market())
    assert (newest(bench).attempts, newest(bench).never_left) == (0, True)


def test_a_connection_that_is_refused_counts_none(bench: Bench) -> None:
    """Nobody was reached."""
    bench.fates = [Fate(Cell.REFUSED)]
    with pytest.raises(sg.NetworkError):
        bench.submit(bench.market())
    assert (newest(bench).attempts, newest(bench).never_left) == (0, True)


@pytest.mark.parametrize(
    ("fate", "quantity", "error"),
    [(Fate(), "900", sg.OrderRefused), (NEVER, "0.001", sg.OrderOutcomeUnknown)],
)
def test_what_may_have_reached_the_exchange_counts(
    bench: Bench, fate: Fate, quantity: str, error: type[Exception]
) -> None:
    """A refusal of the exchange does, and a lost request, for it looks like a lost answer."""
    bench.fates = [fate]
    with pytest.raises(error):
        bench.submit(bench.market(quantity), deadline_s=2)
    kept = newest(bench)
    assert (kept.attempts, kept.never_left) == (1, False)
    assert kept.sent_ms is not None


def test_it_is_counted_before_it_is_sent(bench: Bench) -> None:
    """While a copy is on its way the journal has it as sent: a crash then loses nothing."""
    seen = list[tuple[State, int]]()
    send = bench.desk.access.send

    async def noted(request: OrderRequest) -> Order:
        seen.append((newest(bench).state, newest(bench).attempts))
        return await send(request)

    bench.desk.access = bench.desk.access._replace(send=noted)
    bench.fates = [NEVER]
    bench.submit(bench.market())
    assert seen == [(State.SENT, 1), (State.SENT, 2)]
    assert newest(bench).attempts == 2


@pytest.mark.parametrize("venue", ["alpaca", "coinbase"])
def test_a_copy_that_was_held_back_is_taken_off_alone(venue: str) -> None:
    """The first one may have arrived and goes on counting; the second one met an open circuit, and dates it safely."""
    with Bench(venue) as bench:
        bench.fates = [NEVER]
        begun_ms = list[int]()
        send = bench.desk.access.send

        async def held(request: OrderRequest) -> Order:
            begun_ms.append(newest(bench).sent_ms or 0)
            try:
                return await send(request)
            finally:
                hold(bench)

        bench.desk.access = bench.desk.access._replace(send=held)
        with pytest.raises(sg.OrderOutcomeUnknown):
            bench.submit(bench.market(), deadline_s=4)
        assert bench.states[:5] == ["new", "sent", "unknown", "sent", "unknown"]
        kept = newest(bench)
        assert "nothing more left" in kept.why
        assert (kept.state, kept.attempts, kept.never_left) == (State.UNKNOWN, 1, False)
        assert kept.sent_ms == begun_ms[-1] > begun_ms[0]


async def left_behind(bench: Bench, request: OrderRequest, *, state: State) -> Intent:
    """What a process that died had of an order; UNKNOWN as an older version had it, which counted no attempt."""
    journal = bench.desk.journal
    lost = await journal.write(bench.desk._intent_of(request, None), own_for_s=0)
    if state is State.UNKNOWN:
        lost = await journal.move(lost, state, "whoever sent it is gone")
    assert lost.attempts == 0
    return lost


LEFT_BEHIND = pytest.mark.parametrize("state", [State.NEW, State.UNKNOWN])


@LEFT_BEHIND
def test_what_a_dead_process_left_behind_counts_as_sent(bench: Bench, state: State) -> None:
    """It may have been: nobody is told that it never left."""
    bench.run(left_behind(bench, bench.market(), state=state))
    _, _, second = bench.program("two")
    bench.run(second.reconciler.round())
    assert (newest(bench).state, newest(bench).attempts) == (State.UNKNOWN, 1)


@LEFT_BEHIND
def test_what_was_left_behind_and_is_rejected_may_have_left(bench: Bench, state: State) -> None:
    """Another order stands under its id: that it is not booked is known, that it was never sent is not."""

    async def begun() -> Intent:
        await bench.desk.access.send(bench.market("0.002", client_order_id="mine-1"))
        return await left_behind(bench, bench.market(client_order_id="mine-1"), state=state)

    lost = bench.run(begun())
    _, _, second = bench.program("two")
    assert bench.run(second.reconciler.look_now(lost)) is None
    kept = newest(bench)
    assert (kept.state, kept.attempts, kept.never_left) == (State.REJECTED, 1, False)


class Forgetful(MemoryStore):
    """Keeps new intents, and of their moves none, for a while."""

    is_forgetful = False

    def apply(self, steps: Sequence[Step], *, durable: bool) -> list[Outcome]:
        """A move is refused while it is forgetful."""
        if self.is_forgetful and not durable and steps:
            return [sg.SwitchgearError("no room")] * len(steps)
        return super().apply(steps, durable=durable)


def test_what_was_sent_counts_though_its_moves_were_not_kept() -> None:
    """What the process knows is written down with the first move that can be."""
    store = Forgetful()
    with Bench(store=store) as bench:
        bench.fates = [NEVER]
        store.is_forgetful = True
        with pytest.raises(sg.OrderOutcomeUnknown):
            bench.submit(bench.market(), deadline_s=0.5)
        store.is_forgetful = False
        assert (newest(bench).state, newest(bench).attempts) == (State.NEW, 0)

        async def later() -> None:
            for _ in range(20):
                await bench.clock.sleep_async(await bench.desk.reconciler.round())

        bench.run(later())
        assert (newest(bench).state, newest(bench).attempts) == (State.ABSENT, 1)
