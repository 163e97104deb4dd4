"""Who waits for what: one commit for all that wait, and what those are told who wait in vain."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from threading import Event
from typing import TYPE_CHECKING, Any

import pytest

from switchgear.core.clock import SystemClock
from switchgear.core.errors import JournalUnavailable
from switchgear.core.event import IntentMoved, Note
from switchgear.exchange import OrderRequest, OrderType, Side
from switchgear.observe.store.errors import StoreError
from switchgear.order import Intent, Journal, MemoryStore, StaleIntent, State
from switchgear.order.store import DuplicateIntent
from switchgear.testing import FakeClock

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from switchgear.order.store import Outcome, Step

pytestmark = pytest.mark.anyio


class Watched(MemoryStore):
    """Notes each batch, and carries one out only when it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[tuple[int, bool]] = []
        self.may = Event()
        self.may.set()
        self.fails = False

    def apply(self, steps: Sequence[Step], *, durable: bool) -> list[Outcome]:
        """As MemoryStore."""
        self.may.wait(30)
        self.batches.append((len(steps), durable))
        if self.fails:
            raise StoreError("the disk is full")
        return super().apply(steps, durable=durable)


class Stand:
    """A journal on a watched store, with what it tells."""

    def __init__(self) -> None:
        self.store, self.told = Watched(), list[Any]()
        self.journal = Journal(self.store, SystemClock(), self.told.append, who="me")

    def intent(self, number: int, **more: Any) -> Intent:
        """A new one."""
        name = f"sg-{number}"
        request = OrderRequest(
            "BTC/USDT", Side.BUY, OrderType.MARKET, Decimal(1), client_order_id=name
        )
        return Intent(str(number), "binance", "main", request, 1_000 + number, **more)


@pytest.fixture
def stand() -> Iterator[Stand]:
    """A journal."""
    stand = Stand()
    yield stand
    stand.store.may.set()
    stand.journal.close()


async def test_all_who_wait_share_one_commit(stand: Stand) -> None:
    """A hundred orders at once: the first has a commit of its own, all that came meanwhile have the next."""
    stand.store.may.clear()
    writes = [
        asyncio.ensure_future(stand.journal.write(stand.intent(number), own_for_s=60))
        for number in range(100)
    ]
    await asyncio.wait(writes, timeout=0)
    stand.store.may.set()
    await asyncio.gather(*writes)
    assert len(stand.store.batches) <= 2
    assert sum(count for count, _ in stand.store.batches) == 100
    assert all(durable for _, durable in stand.store.batches)


async def test_only_a_new_intent_is_waited_for(stand: Stand) -> None:
    """What is posted is kept in order, without anybody waiting and without a sync."""
    intent = await stand.journal.write(stand.intent(1), own_for_s=60)
    stand.store.may.clear()
    sent = stand.journal.post(intent, State.SENT, "attempt 1", attempts=1)
    acked = stand.journal.post(sent, State.ACKED, "booked", order_id="7")
    assert acked.version == 2
    stand.store.may.set()
    found = await stand.journal.claim(acked, 0)
    assert found is not None
    assert (found.state, found.order_id, found.attempts) == (State.ACKED, "7", 1)
    assert stand.store.batches[0][1] is True
    assert not any(durable for _, durable in stand.store.batches[1:])


async def test_what_cannot_be_kept_is_told_to_each_who_waits(stand: Stand) -> None:
    """And the journal works again when the disk does."""
    stand.store.fails = True
    writes = [stand.journal.write(stand.intent(number), own_for_s=60) for number in range(3)]
    found = await asyncio.gather(*writes, return_exceptions=True)
    assert [type(each) for each in found] == [JournalUnavailable] * 3
    stand.store.fails = False
    assert (await stand.journal.write(stand.intent(9), own_for_s=60)).owner == "me"


async def test_a_disk_that_hangs_is_no_reason_to_wait_for_ever() -> None:
    """The order is not sent; by the clock of the journal, which is played here."""
    store, clock = Watched(), FakeClock()
    journal = Journal(store, clock, list[Any]().append, who="me")
    store.may.clear()
    stand = Stand()
    write = asyncio.ensure_future(journal.write(stand.intent(1), own_for_s=60))
    await asyncio.wait([write], timeout=0)
    clock.advance(6)
    with pytest.raises(JournalUnavailable, match="could not be kept"):
        await write
    store.may.set()
    journal.close()
    kept = store.get("1")
    assert kept is not None  # it was on disk at last, and nobody needs to ask after it
    assert (kept.state, kept.why) == (State.REJECTED, "not sent: it was not on disk in time")
    stand.journal.close()


async def test_a_post_that_is_lost_is_said(stand: Stand) -> None:
    """In the log, as an error with the order's name."""
    intent = await stand.journal.write(stand.intent(1), own_for_s=60)
    stand.store.fails = True
    stand.journal.post(intent, State.SENT, "attempt 1")
    stand.journal.close()
    notes = [each for each in stand.told if isinstance(each, Note)]
    assert ["sg-1" in note.message and "not kept" in note.message for note in notes] == [True]


async def test_each_move_is_an_event(stand: Stand) -> None:
    """After it is kept, with why and by whom."""
    intent = await stand.journal.write(stand.intent(1), own_for_s=60)
    await stand.journal.move(intent, State.ABANDONED, "asked them", by="ops")
    moves = [(each.old, each.new, each.by) for each in stand.told if isinstance(each, IntentMoved)]
    assert moves == [("", "new", "me"), ("new", "abandoned", "ops")]


async def test_a_duplicate_names_the_first(stand: Stand) -> None:
    """Whoever comes second is told which one is there."""
    first = await stand.journal.write(stand.intent(1, idempotency_key="k"), own_for_s=60)
    with pytest.raises(DuplicateIntent) as caught:
        await stand.journal.write(stand.intent(2, idempotency_key="k"), own_for_s=60)
    assert caught.value.found.intent_id == first.intent_id


async def test_who_comes_late_is_refused(stand: Stand) -> None:
    """An intent is moved from where it stands."""
    intent = await stand.journal.write(stand.intent(1), own_for_s=60)
    await stand.journal.move(intent, State.SENT, "one")
    with pytest.raises(StaleIntent):
        await stand.journal.move(intent, State.UNKNOWN, "another")
