"""Owns worlds in which something is wrong on purpose: each must be caught by the checks of a world that is well."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchgear.order.desk import JournalDesk
from switchgear.order.errand import Doubt
from switchgear.order.store import Change, MemoryStore, Write
from switchgear.order.ways import Resend, Ways
from tests.order.world import World

if TYPE_CHECKING:
    from collections.abc import Sequence

    from switchgear.exchange.model import Order
    from switchgear.order.errand import Errand
    from switchgear.order.store import Outcome, Step
    from tests.order.world import Process

TRIES = 3


class BlindDesk(JournalDesk):
    """Sends again what failed, at once, as most retriers do."""

    async def _seen_through(self, errand: Errand, until_s: float) -> Order:
        del until_s
        for _ in range(TRIES):
            try:
                return await errand.send()
            except Doubt:
                continue
        raise errand.unknown()


class BlindRetry(World):
    """A retrier round create_order."""

    def make_desk(self, process: Process) -> JournalDesk:
        """One that does not look before it sends again."""
        return BlindDesk(process.api, process.journal, deadline_s=40.0)


class NoBarrier(World):
    """Looks once, and takes "not found" for a proof."""

    ways = Ways(Resend.EXPIRED, 0.0, settle_s=0.0, looks=1, every_s=0.1)


class Forgetful(MemoryStore):
    """Says that an intent is on disk before it is: a kill takes those that were never moved on after that."""

    def __init__(self) -> None:
        super().__init__()
        self._unsynced: set[str] = set()

    def apply(self, steps: Sequence[Step], *, durable: bool) -> list[Outcome]:
        """As MemoryStore; what is new is in danger until it is acknowledged."""
        for step in steps:
            if isinstance(step, Write):
                self._unsynced.add(step.intent.intent_id)
            elif isinstance(step, Change) and not step.intent.state.is_open:
                self._unsynced.discard(step.intent.intent_id)
        return super().apply(steps, durable=durable)

    def crash(self) -> None:
        """What was not on disk is gone."""
        for intent_id in self._unsynced:
            intent = self._intents.pop(intent_id, None)
            if intent is not None:
                place = (intent.exchange, intent.account)
                self._by_name.pop((*place, intent.client_order_id), None)
                if intent.idempotency_key is not None:
                    self._by_key.pop((*place, intent.idempotency_key), None)
                self._moves.pop(intent_id, None)
        self._unsynced.clear()


class LostNew(World):
    """The intent of an order is lost when its process is killed."""

    def make_store(self) -> MemoryStore:
        """One that lies."""
        return Forgetful()

    def kills(self, step: str) -> bool:
        """And loses what it lied about."""
        dies = super().kills(step)
        if dies and isinstance(self.store, Forgetful):
            self.store.crash()
        return dies


DEFECTS: dict[str, type[World]] = {
    "blind retry": BlindRetry,
    "no barrier": NoBarrier,
    "lost NEW": LostNew,
}
