"""
Owns an account's orders from the caller's side: written down, sent, seen through within a deadline, or told as unknown.

Finding out about one order is errand's; those that nobody waits for any more are the reconciler's.
"""

from __future__ import annotations

import asyncio
from contextlib import nullcontext, suppress
from dataclasses import replace
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from switchgear.core.errors import (
    JournalUnavailable,
    OrderOutcomeUnknown,
    OrderRefused,
    SettingsError,
    SwitchgearError,
)
from switchgear.core.outcome import Served
from switchgear.core.redact import error_text
from switchgear.core.words import Scope
from switchgear.exchange.model import FieldError, check_client_order_id, check_request, check_symbol
from switchgear.order.errand import OWN_S, Absent, Doubt, Errand
from switchgear.order.intent import Intent, StaleIntent, State
from switchgear.order.limits import (
    OrderLimits,
    check_room,
    checked,
    file_limits,
    over_day,
    worth_of,
)
from switchgear.order.reconciler import Reconciler
from switchgear.order.store import DayFull, DuplicateIntent, Halted, IntentQuery
from switchgear.order.ways import ways_of

if TYPE_CHECKING:
    from decimal import Decimal
    from types import TracebackType

    from switchgear.exchange.ccxt_api import CcxtApi
    from switchgear.exchange.client import VenueApi
    from switchgear.exchange.model import Order, OrderRequest
    from switchgear.order.journal import Journal
    from switchgear.order.ways import Ways

DEADLINE_S = 30.0
KEY_CHARS_MAX = 200
_LOOK_AGAIN_S = 0.25
_UNLIMITED = OrderLimits()


class NameTaken(FieldError):
    """The idempotency key, or the client order id, was used before for another order; nothing was sent."""


class RuleBroken(FieldError):
    """The exchange has a rule that it breaks, such as a tick; nothing was written or sent."""


class OrdersHalted(JournalUnavailable):
    """A kill switch is on; nothing was written or sent."""


class Submitted(NamedTuple):
    """An order that is booked, and how it came to be."""

    order: Order
    intent_id: str
    is_replay: bool
    """It was there already: the same caller came again."""


class JournalDesk:
    """
    An OrderDesk whose orders survive this process; an async context manager.

    From when it is made, `api.create_order` goes through it. Entered, it first has everything resolved in the
    background that an earlier process left open.

    Args:
        api: The account.
        journal: Where intents are kept; several desks may share one.
        limits: What may be ordered, beside what the settings file says of it: the stricter of both holds.
        deadline_s: How long `submit` waits for evidence, unless it is told otherwise, above 0.
        ways: What the exchange's rules allow; by its name when not given.
    """

    def __init__(
        self,
        api: VenueApi | CcxtApi,
        journal: Journal,
        *,
        limits: OrderLimits | None = None,
        deadline_s: float = DEADLINE_S,
        ways: Ways | None = None,
    ) -> None:
        if not 0 < deadline_s < float("inf"):
            raise SettingsError("deadline_s", deadline_s, "must be a number of seconds above 0")
        self.api, self.journal = api, journal
        self._limits = limits or _UNLIMITED
        self.deadline_s = deadline_s
        self.loop: asyncio.AbstractEventLoop | None = None
        """The event loop in which it was entered; None before and afterwards."""
        self.access = api.order_access()
        """What is done at the exchange, each guarded."""
        self._ways = ways or ways_of(api.exchange, api.order_expires_s)
        self._clock = journal.clock
        self._one_at_a_time = asyncio.Lock()
        self.reconciler = Reconciler(journal, self.access, self._ways, self.place, api.order_prefix)
        api.desk = self
        api.gear.desks.append(self)

    @property
    def place(self) -> tuple[str, str]:
        """Exchange and account."""
        return self.api.exchange, self.api.account

    @property
    def limits(self) -> OrderLimits:
        """What holds for the next order: of the settings file as it is now, and of code, the stricter."""
        tables = self.api.gear.order_limits
        return self._limits.stricter(file_limits(tables, self.place)) if tables else self._limits

    async def __aenter__(self) -> Self:
        self.loop = asyncio.get_running_loop()
        self.reconciler.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.loop = None
        await self.reconciler.stop()
        if self in self.api.gear.desks:
            self.api.gear.desks.remove(self)

    # --------------------------------------------------------------------------------- submit

    async def submit(
        self,
        request: OrderRequest,
        *,
        idempotency_key: str | None = None,
        deadline_s: float | None = None,
    ) -> Order:
        """
        The order as booked: once, whatever happens on the way.

        Args:
            request: What to order.
            idempotency_key: Your own name for it: whoever comes again with it, in any process, gets this order.
            deadline_s: How long to wait for evidence, from when its intent is on disk; the desk's when not given. What
                is looked up before that, such as the exchange's rules, takes none of it.

        Raises:
            RuleBroken: It breaks a rule of the exchange, as far as the rules can be had; nothing was sent.
            FieldError: It breaks a limit, or its id or key was used for another order; nothing was sent.
            JournalUnavailable: Its intent could not be made durable, or a kill switch is on; nothing was sent.
            OrderRefused: It is not booked, and will not be.
            OrderOutcomeUnknown: Nothing is proved yet; `intent_id` names what goes on being looked after.
            SwitchgearError: It was not sent, as a guarded call says it.
        """
        done = await self.submitted(request, idempotency_key=idempotency_key, deadline_s=deadline_s)
        return done.order

    async def submitted(
        self,
        request: OrderRequest,
        *,
        idempotency_key: str | None = None,
        deadline_s: float | None = None,
    ) -> Submitted:
        """The same with the intent's id, and whether the order was there already; raises alike."""
        wait_s = self.deadline_s if deadline_s is None else deadline_s
        intent = self._intent_of(check_request(request), idempotency_key)
        self.reconciler.reserve(intent.intent_id)
        try:
            intent = await self._written(intent)
        except BaseException as error:
            self.reconciler.release(intent.intent_id)
            if isinstance(error, DuplicateIntent):
                first, until_s = error.found, self._clock.monotonic_s() + wait_s
                order = await self._replayed(intent, first, until_s)
                return Submitted(order, first.intent_id, is_replay=True)
            if isinstance(error, Halted):
                exchange, reason = self.api.exchange, str(error)
                raise OrdersHalted(exchange, "create_order", Scope.ACCOUNT, reason, None) from None
            if isinstance(error, DayFull):
                raise over_day(error) from None
            raise
        until_s = self._clock.monotonic_s() + wait_s
        ours = request.client_order_id is None
        errand = Errand(self.journal, self.access, self._ways, intent, is_ours=ours)
        try:
            order = await self._seen_through(errand, until_s)
            return Submitted(order, intent.intent_id, is_replay=False)
        finally:
            self.reconciler.hand_over(errand)

    async def served(self, request: OrderRequest) -> Served[Order]:
        """The same with its provenance, which is always the exchange."""
        return Served(await self.submit(request))

    async def _written(self, intent: Intent) -> Intent:
        await self._keep_rules(intent)
        limits = self.limits
        if limits == _UNLIMITED:
            # Nobody waits for a turn: all that come at once share a commit. What the order itself tells of its worth is
            # kept for desks that limit the day.
            noted = self._noted(intent, worth_of(intent.request, None))
            return await self.journal.write(noted, own_for_s=OWN_S)
        # One at a time, or two orders at once would both find room among those that are open: the next one sees this
        # one's intent. The day needs no turn: it is looked at in the step that writes.
        turn = nullcontext() if limits.open_orders_max is None else self._one_at_a_time
        async with turn:
            try:
                market: Any = self.api
                worth = await checked(limits, intent.request, market)
                unsettled = partial(self.journal.unsettled, *self.place)
                await check_room(limits, intent.request, market, unsettled)
            except JournalUnavailable:
                raise
            except SwitchgearError as error:
                # Of an order that is there already, limits are no matter, nor whether the market can be asked.
                await self._be_replay(intent, error)
                raise
            noted = self._noted(intent, worth)
            day = limits.day_at(noted.created_ms)
            return await self.journal.write(noted, own_for_s=OWN_S, day=day)

    def _noted(self, intent: Intent, worth: Decimal | None) -> Intent:
        """As it is written down, now: since it was drawn, the exchange may have been waited for."""
        notional = None if worth is None else str(worth)
        return replace(intent, created_ms=self.journal.now_ms(), notional=notional)

    async def _keep_rules(self, intent: Intent) -> None:
        """Refuse what the exchange would; while its rules cannot be had, it is asked itself, by the order."""
        try:
            await self.api.keep_rules(intent.request)
        except FieldError as error:
            broken = RuleBroken(error.field, error.value, error.allowed)
            # Of an order that is there already, the rules of today are no matter.
            await self._be_replay(intent, broken)
            raise broken from None
        except SwitchgearError:
            return

    async def _be_replay(self, intent: Intent, refusal: SwitchgearError) -> None:
        """Raise DuplicateIntent when the same caller's order is there; where nobody can tell, the refusal notes it."""
        if intent.idempotency_key is None:
            return
        query = IntentQuery(*self.place, idempotency_key=intent.idempotency_key)
        try:
            found = await self.journal.query(query)
        except SwitchgearError as error:
            # Nothing is sent either way: whoever orders hears what is wrong with the order.
            said = f"whether an order of this key is there could not be read: {error_text(error)}"
            refusal.add_note(said)
            return
        for first in found:
            raise DuplicateIntent(first) from None

    async def _seen_through(self, errand: Errand, until_s: float) -> Order:
        try:
            try:
                return await errand.send()
            except Doubt:
                return await errand.find_out(until_s, may_send=True)
        except Absent as absent:
            raise self._not_booked(errand.intent, str(absent)) from errand.last_error
        except StaleIntent as stale:
            raise errand.unknown() from stale

    def _intent_of(self, request: OrderRequest, key: str | None) -> Intent:
        if key is not None and (not key or len(key) > KEY_CHARS_MAX or not key.isprintable()):
            allowed = f"must be 1 to {KEY_CHARS_MAX} printable characters"
            raise FieldError("idempotency_key", key, allowed)
        exchange, account = self.place
        if request.client_order_id is None:
            request = replace(request, client_order_id=self.name_of(key))
        intent_id, now_ms = self.journal.draw(), self.journal.now_ms()
        return Intent(intent_id, exchange, account, request, now_ms, idempotency_key=key)

    def name_of(self, key: str | None) -> str:
        """A client order id that no other order has; of an idempotency key always the same, in every process."""
        if key is None:
            return self.api.order_name(self.journal.draw())
        text = "\n".join((*self.place, key))
        return self.api.order_name(sha256(text.encode()).hexdigest()[:32])

    # --------------------------------------------------------------------------------- replays

    async def _replayed(self, wanted: Intent, first: Intent, until_s: float) -> Order:
        """The order of an intent that is there already, when the same caller comes again."""
        if wanted.idempotency_key is None or first.idempotency_key != wanted.idempotency_key:
            name = wanted.client_order_id
            raise NameTaken("client_order_id", name, "was used before for this account")
        if replace(first.request, client_order_id=None) != replace(
            wanted.request, client_order_id=None
        ):
            allowed = "was used before for another order"
            raise NameTaken("idempotency_key", wanted.idempotency_key, allowed)
        if first.state.is_open and first.owner != self.journal.who:
            # Whoever had it may be dead, and nobody else has it before its claim has run out.
            order = await self._seen(first)
            if order is not None:
                return order
        while first.state.is_open and self._clock.monotonic_s() < until_s:
            await self._clock.sleep_async(_LOOK_AGAIN_S)
            first = await self.journal.get(first.intent_id) or first
        return await self._order_of(first)

    async def _seen(self, intent: Intent) -> Order | None:
        """The order of an intent in other hands, if it is at the exchange by now; a look that fails tells nothing."""
        with suppress(SwitchgearError):
            order = await self.access.find(intent.symbol, intent.client_order_id)
            if order is not None and self.access.is_same(order, intent.request):
                return order
        return None

    async def _order_of(self, intent: Intent) -> Order:
        if intent.state.is_open:
            raise self._in_doubt(intent)
        if not intent.state.is_booked:
            raise self._not_booked(intent, intent.why)
        try:
            order = await self.access.find(intent.symbol, intent.client_order_id)
        except SwitchgearError as error:
            # Whatever it says is of the look, not of the order: that one is booked.
            raise self._in_doubt(intent) from error
        if order is None:
            raise self._in_doubt(intent)
        return order

    # --------------------------------------------------------------------------------- resolve

    async def resolve(self, symbol: str, client_order_id: str) -> Order | None:
        """
        What became of an order; None when it is not booked, or the exchange does not find it.

        Of an order that the journal knows, and whose outcome is open, this is one look; what it proves is written down.
        """
        check_symbol(symbol)
        check_client_order_id(client_order_id)
        query = IntentQuery(*self.place, client_order_id=client_order_id)
        found = await self.journal.query(query)
        if not found or not found[0].state.is_open:
            return await self.access.find(symbol, client_order_id)
        return await self.reconciler.look_now(found[0])

    async def resolve_intent(
        self, intent_id: str, *, deadline_s: float | None = None
    ) -> Order | None:
        """
        What became of an intent, waiting for evidence; None when it is proved that it is not booked.

        Raises:
            SettingsError: There is no such intent.
            OrderOutcomeUnknown: Nothing is proved within the deadline.
        """
        until_s = self._clock.monotonic_s() + (
            self.deadline_s if deadline_s is None else deadline_s
        )
        intent = await self.journal.get(intent_id)
        if intent is None:
            raise SettingsError("intent_id", intent_id, "must be an intent of this journal")
        while intent.state.is_open:
            if self._clock.monotonic_s() >= until_s:
                raise self._in_doubt(intent)
            await self.reconciler.look_now(intent)
            intent = await self.journal.get(intent_id) or intent
            if intent.state.is_open:
                await self._clock.sleep_async(_LOOK_AGAIN_S)
        return await self._order_of(intent) if intent.state.is_booked else None

    async def abandon(self, intent_id: str, *, by: str, why: str) -> Intent:
        """
        Have nobody look after an intent any more: a person knows what became of it.

        Raises:
            SettingsError: There is no such intent, or by or why is empty.
            StaleIntent: What became of it is known already.
        """
        for name, value in (("by", by), ("why", why)):
            if not value.strip():
                raise SettingsError(name, value, "must say who and why")
        intent = await self.journal.get(intent_id)
        if intent is None:
            raise SettingsError("intent_id", intent_id, "must be an intent of this journal")
        if not intent.state.is_open:
            raise StaleIntent(f"intent {intent_id} is {intent.state}: there is nothing to end")
        return await self.journal.move(intent, State.ABANDONED, why, by=by)

    def _in_doubt(self, intent: Intent) -> OrderOutcomeUnknown:
        said = (
            f"whether the order {intent.client_order_id} was booked is not known yet: {intent.why}"
        )
        error = OrderOutcomeUnknown(
            said,
            client_order_id=intent.client_order_id,
            exchange=intent.exchange,
            method="create_order",
        )
        error.intent_id = intent.intent_id
        return error

    def _not_booked(self, intent: Intent, why: str) -> OrderRefused:
        said = f"the order {intent.client_order_id} is not booked: {why}"
        return OrderRefused(said, exchange=intent.exchange, method="create_order")
