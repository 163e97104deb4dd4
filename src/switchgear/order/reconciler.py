"""
Owns the orders of an account that nobody waits for: asked after until there is evidence, and watched for late copies.

It asks with permits of its own, so that an open circuit does not hide the truth. It never sends.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from switchgear.core.errors import OrderOutcomeUnknown, OrderRefused, SwitchgearError
from switchgear.core.event import Note
from switchgear.core.redact import error_text
from switchgear.core.words import Key, Level
from switchgear.order.errand import OWN_S, Absent, Errand
from switchgear.order.intent import OPEN, StaleIntent, State
from switchgear.order.store import IntentQuery

if TYPE_CHECKING:
    from switchgear.exchange.model import Order
    from switchgear.exchange.order_access import OrderAccess
    from switchgear.order.intent import Intent
    from switchgear.order.journal import Journal
    from switchgear.order.ways import Ways

SWEEP_S = 15.0
"""So often the journal is asked for intents that another process left behind."""
STRAYS_S = 300.0
"""So often the exchange is asked for orders of ours that are in no journal."""
_WATCHED = frozenset({State.REJECTED, State.ABANDONED})
"""What was settled without waiting until no copy could come any more."""
_DAY_MS = 86_400_000
_LEAST_S = 0.1
_NO_OTHER = "looked at again: no other copy was booked"
_MS = 1_000


class _Watched(NamedTuple):
    """An intent that is settled, and not as booked: a late copy of it could still come."""

    intent: Intent
    due_s: float


class Reconciler:
    """The open intents of one account."""

    def __init__(
        self,
        journal: Journal,
        access: OrderAccess,
        ways: Ways,
        place: tuple[str, str],
        prefix: str,
    ) -> None:
        self._journal, self._access, self._ways, self._place = journal, access, ways, place
        self._clock, self._prefix = journal.clock, prefix
        self._task: asyncio.Task[None] | None = None
        self._errands: dict[str, Errand] = {}
        self._busy: set[str] = set()
        """In the hands of a submit, or being looked at."""
        self._watched: dict[str, _Watched] = {}
        self._swept_s: float | None = None
        self._strays_s: float | None = None
        self._bell = asyncio.Event()
        self.strays: tuple[Order, ...] = ()
        """Open orders with our prefix that are in no journal, as they were last seen."""
        self.last_error: str = ""
        """Why the last round did not come to its end; empty when it did."""

    def start(self) -> None:
        """Go on in the background of the running event loop until stopped."""
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        """End; what is open stays in the journal for whoever comes next."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    def hand_over(self, errand: Errand) -> None:
        """Whoever waited for this intent does so no more."""
        self._busy.discard(errand.intent.intent_id)
        if errand.intent.state.is_open:
            self._errands[errand.intent.intent_id] = errand
            self._bell.set()
        else:
            self._watch(errand.intent, errand.sent_s)

    # ------------------------------------------------------------------------------- one round

    async def round(self) -> float:
        """
        Ask after everything that is due; gives the seconds until something is due again.

        Raises:
            SwitchgearError: The journal cannot be read now.
        """
        await self._sweep()
        now_s = self._clock.monotonic_s()
        for key, errand in list(self._errands.items()):
            if key not in self._busy and errand.due_s <= now_s:
                await self._looked(errand)
        await self._look_for_late_copies()
        await self._look_for_strays()
        due_s = [each.due_s for each in self._errands.values()]
        due_s += [each.due_s for each in self._watched.values()]
        wait_s = min(due_s, default=now_s + SWEEP_S) - self._clock.monotonic_s()
        return min(SWEEP_S, max(_LEAST_S, wait_s))

    @property
    def open_intents(self) -> tuple[Intent, ...]:
        """What is being asked after."""
        return tuple(each.intent for each in list(self._errands.values()))

    def look_in_s(self, intent_id: str) -> float | None:
        """In how many seconds it is looked for again; None where this process does not."""
        errand = self._errands.get(intent_id)
        return None if errand is None else errand.due_s - self._clock.monotonic_s()

    @property
    def is_watching(self) -> bool:
        """Whether a late copy of something that is settled could still come."""
        return bool(self._watched)

    def reserve(self, intent_id: str) -> None:
        """Somebody waits for this intent: it is theirs until it is handed over."""
        self._busy.add(intent_id)

    def release(self, intent_id: str) -> None:
        """Nothing came of it."""
        self._busy.discard(intent_id)

    async def look_now(self, intent: Intent) -> Order | None:
        """One look at an intent; None where nothing is found, or another process has it."""
        errand = self._errands.get(intent.intent_id)
        if errand is None:
            errand = await self._taken(intent)
        if errand is None or intent.intent_id in self._busy:
            return None
        return await self._looked(errand)

    async def _looked(self, errand: Errand) -> Order | None:
        intent_id = errand.intent.intent_id
        self._busy.add(intent_id)
        try:
            # Until now: one look, and what it proves.
            return await errand.find_out(self._clock.monotonic_s(), may_send=False)
        except (OrderOutcomeUnknown, OrderRefused, Absent):
            return None
        except StaleIntent:
            self._errands.pop(intent_id, None)  # somebody else has it, or has ended it
            kept = await self._journal.get(intent_id)
            if kept is not None:
                self._watch(kept, errand.sent_s)
            return None
        except SwitchgearError as error:
            self.last_error = error_text(error)
            return None
        finally:
            self._busy.discard(intent_id)
            if not errand.intent.state.is_open:
                self._errands.pop(intent_id, None)
                self._watch(errand.intent, errand.sent_s)

    async def _sweep(self) -> None:
        """Take in hand what is open and in nobody's hands: of processes that died, or of this one before."""
        now_s = self._clock.monotonic_s()
        if self._swept_s is not None and now_s < self._swept_s + SWEEP_S:
            return
        for intent in await self._journal.query(IntentQuery(*self._place, states=OPEN)):
            if intent.intent_id not in self._errands and intent.intent_id not in self._busy:
                await self._taken(intent)
        if self._swept_s is None:
            await self._watch_again(now_s)
        self._swept_s = now_s

    async def _watch_again(self, now_s: float) -> None:
        """What a process before was still watching."""
        proof_s = self._ways.proof_s
        if proof_s is None:
            return
        now_ms = self._journal.now_ms()
        since_ms = now_ms - int(proof_s * _MS) - _DAY_MS
        query = IntentQuery(*self._place, states=_WATCHED, since_ms=since_ms)
        for intent in await self._journal.query(query):
            if intent.sent_ms is not None and not intent.never_left:
                due_ms = intent.sent_ms + int(proof_s * _MS)
                if intent.changed_ms < due_ms:  # else it was looked at after that
                    due_s = now_s + max(0.0, (due_ms - now_ms) / _MS)
                    self._watched[intent.intent_id] = _Watched(intent, due_s)

    async def _taken(self, intent: Intent) -> Errand | None:
        """The errand of an intent that is in nobody's hands; None where it is."""
        mine = await self._journal.claim(intent, OWN_S)
        if mine is None or not mine.state.is_open:
            return None
        if mine.state is not State.UNKNOWN or not mine.attempts:  # older versions counted none
            why = "whoever sent it is gone: it counts as sent until now"
            sent = max(1, mine.attempts)
            mine = await self._journal.move(mine, State.UNKNOWN, why, attempts=sent)
        now_s = self._clock.monotonic_s()
        errand = Errand(self._journal, self._access, self._ways, mine, sent_s=now_s)
        self._errands[mine.intent_id] = errand
        return errand

    # ---------------------------------------------------------------------------- afterwards

    def _watch(self, intent: Intent, sent_s: float | None) -> None:
        """Look once more for what is settled otherwise than booked, when no copy of it can come any more."""
        proof_s = self._ways.proof_s
        if intent.state in _WATCHED and sent_s is not None and proof_s is not None:
            self._watched[intent.intent_id] = _Watched(intent, sent_s + proof_s)

    async def _look_for_late_copies(self) -> None:
        now_s = self._clock.monotonic_s()
        for intent_id, (intent, due_s) in list(self._watched.items()):
            if due_s > now_s:
                continue
            errand = Errand(self._journal, self._access, self._ways, intent)
            try:
                with suppress(StaleIntent, OrderRefused):  # known already, or another order's
                    if await errand.look() is None:
                        await self._journal.move(intent, intent.state, _NO_OTHER)
            except SwitchgearError as error:
                self.last_error = error_text(error)
                continue
            self._watched.pop(intent_id, None)

    async def _look_for_strays(self) -> None:
        now_s = self._clock.monotonic_s()
        if not self._prefix or (self._strays_s is not None and now_s < self._strays_s + STRAYS_S):
            return
        try:
            opened = await self._access.opened()
        except SwitchgearError as error:
            self.last_error = error_text(error)
            return
        self._strays_s = now_s
        found: list[Order] = []
        for order in opened:
            if order.client_order_id.startswith(self._prefix):
                query = IntentQuery(*self._place, client_order_id=order.client_order_id)
                if not await self._journal.query(query):
                    found.append(order)
        known = {each.order_id for each in self.strays}
        for order in found:
            if order.order_id not in known:
                self._journal.note(self._stray(order))
        self.strays = tuple(found)

    def _stray(self, order: Order) -> Note:
        exchange, account = self._place
        text = f"the order {order.client_order_id} is open at {exchange}, and in no journal here"
        key = Key(exchange, "create_order", account)
        return Note(self._clock.monotonic_s(), key, Level.WARNING, text)

    async def _run(self) -> None:
        while True:
            try:
                wait_s = await self.round()
                self.last_error = ""
            except SwitchgearError as error:
                self.last_error, wait_s = error_text(error), self._ways.every_s
            await self._pause(wait_s)

    async def _pause(self, wait_s: float) -> None:
        """Until something is due, or is handed over."""
        bell = self._bell
        timer = self._clock.timer(wait_s, bell.set)
        try:
            await bell.wait()
        finally:
            timer.cancel()
        bell.clear()
