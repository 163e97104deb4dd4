"""
Owns seeing one intent through: sending it, looking for it, and telling apart what proves something from what does not.

Only evidence ends a doubt: the order is found under its id, or no copy of it can be booked any more and it is not
there. Which of these an exchange's rules allow is ways'; who asks, and how long, is the desk's and the reconciler's.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from switchgear.core.errors import (
    ApiError,
    OrderOutcomeUnknown,
    OrderRefused,
    Rejected,
    SettingsError,
    SwitchgearError,
)
from switchgear.core.redact import error_text
from switchgear.core.verdict import classify
from switchgear.core.words import Effect, Kind
from switchgear.exchange.api import name_here
from switchgear.order.intent import StaleIntent, State
from switchgear.order.ways import LOOK_S_MAX, Resend

if TYPE_CHECKING:
    from switchgear.exchange.model import Order
    from switchgear.exchange.order_access import OrderAccess
    from switchgear.order.intent import Intent
    from switchgear.order.journal import Journal
    from switchgear.order.ways import Ways


OWN_S = 120.0
"""So long an intent stays in the hands of whoever claimed it last; a process that died lets go by itself."""
KEEP_S = 30.0
"""After so long it is claimed anew."""


class Doubt(Exception):
    """An attempt after which nobody knows whether the order is booked; its cause says why."""


class Absent(Exception):
    """It is proved that the order is not booked, and never will be."""


class Errand:
    """
    One intent in the hands of this process.

    Args:
        journal: Where each move is written down.
        access: What can be done at the exchange.
        ways: What its rules allow.
        intent: Claimed for this process.
        sent_s: When a copy of it may last have left, by the monotonic clock; None when none can have.
        is_ours: Its client order id was made up by the desk, so no other order can have it.
    """

    def __init__(
        self,
        journal: Journal,
        access: OrderAccess,
        ways: Ways,
        intent: Intent,
        *,
        sent_s: float | None = None,
        is_ours: bool = False,
    ) -> None:
        self.intent = intent
        self._journal, self._access, self._ways = journal, access, ways
        self._is_ours = is_ours
        self._clock = journal.clock
        self._kept_s = self._clock.monotonic_s()
        self.sent_s = sent_s
        """When a copy may last have left."""
        self.due_s = self._kept_s
        """When the next look can tell more."""
        self._misses = 0
        """Looks in vain since a copy last left."""
        self._late_misses = 0
        """Those of them that prove something."""
        self._late_s = 0.0
        """When the last of those was begun."""
        self._pause_s = ways.every_s
        self.last_error: Exception | None = None
        """Why it is in doubt, or why it could not be looked for."""
        self._refusal: OrderRefused | None = None
        """What the exchange said of a copy while another one could still be under way."""

    # ---------------------------------------------------------------------------------- sending

    async def send(self, *, again: bool = False) -> Order:
        """
        One attempt.

        Args:
            again: It was sent before: that it is now is kept first, so that nobody ends it in between.

        Raises:
            Doubt: Whether it is booked is not known.
            OrderRefused: It is not booked: the exchange said so, and no other copy can be under way.
            StaleIntent: Somebody has ended it: nothing was sent.
            SwitchgearError: It never left, nor did any other copy; as a guarded call raises it.
        """
        in_doubt, before = self._is_in_doubt(), self.intent
        number = before.attempts + 1
        more = {"attempts": number, "sent_ms": self._journal.now_ms()}
        if again:
            await self._move(State.SENT, f"attempt {number}", **more)
        else:
            self._post(State.SENT, f"attempt {number}", **more)
        if self._is_ours:
            name_here(self.intent.request)
        try:
            order = await self._access.send(self.intent.request)
        except Exception as error:
            raise self._judged(error, before, in_doubt=in_doubt) from error
        except BaseException:
            self._left()
            self._post(State.UNKNOWN, "the attempt was broken off")
            raise
        self._left()
        if not self._access.is_same(order, self.intent.request):
            raise self._other_order(order, in_doubt=in_doubt)
        self._post(State.ACKED, "booked", order_id=order.order_id)
        return order

    def _judged(self, error: Exception, before: Intent, *, in_doubt: bool) -> Exception:
        """What an attempt's error says of the order, with everything that was sent before, which before tells."""
        intent, self.last_error = self.intent, error
        verdict = classify(error, intent.exchange, Effect.TRADE, self._clock.wall)
        never_left = isinstance(error, (Rejected, SettingsError)) or verdict.unsent
        if never_left and not in_doubt:
            # It was counted beforehand, or a crash would take one that had left.
            more = {"attempts": before.attempts, "sent_ms": before.sent_ms}
            self._post(State.REJECTED, f"not sent: {error_text(error)}", **more)
            return error
        if not never_left:
            self._left()
        proves_nothing = verdict.ambiguous or verdict.kind is Kind.DUPLICATE_ORDER
        if isinstance(error, ApiError) and not (never_left or proves_nothing):
            refused = _refused(error)
            if not in_doubt:
                self._post(State.REJECTED, f"refused: {error_text(error)}")
                return refused
            self._refusal = refused
        why = "nothing more left" if never_left else "the outcome is unknown"
        # Its sent_ms stays: that of before is when an attempt was begun, and a copy may have left after that.
        attempts = before.attempts if never_left else intent.attempts
        self._post(State.UNKNOWN, f"{why}: {error_text(error)}", attempts=attempts)
        return Doubt()

    def _other_order(self, order: Order, *, in_doubt: bool) -> Exception:
        """The answer is of an order that is not ours: its id was used for another one."""
        said = f"another order stands under this client order id: {order.order_id}"
        refused = OrderRefused(
            said, exchange=self.intent.exchange, method="create_order", code="DUPLICATE"
        )
        if in_doubt:
            self._refusal = refused
        self._post(State.REJECTED, said)
        return refused

    # ---------------------------------------------------------------------------------- looking

    async def look(self) -> Order | None:
        """
        The order, if the exchange knows it by now; the intent is then FOUND.

        Raises:
            SwitchgearError: It could not be looked for.
            OrderRefused: Another order stands under its id.
        """
        began_s = self._clock.monotonic_s()
        order = await self._access.find(self.intent.symbol, self.intent.client_order_id)
        if order is None:
            self._misses += 1
            proof_s, sent_s = self._ways.proof_s, self.sent_s
            if proof_s is not None and (sent_s is None or began_s >= sent_s + proof_s):
                # Two looks at one moment would be one.
                apart = not self._late_misses or began_s >= self._late_s + self._ways.every_s
                self._late_misses += apart
                self._late_s = began_s if apart else self._late_s
            return None
        if not self._access.is_same(order, self.intent.request):
            raise self._other_order(order, in_doubt=False)
        await self._move(State.FOUND, "found under its client order id", order_id=order.order_id)
        return order

    async def find_out(self, until_s: float, *, may_send: bool) -> Order:
        """
        What became of the order, as soon as there is evidence.

        Args:
            until_s: Until when to look, by the monotonic clock.
            may_send: Somebody still waits for it: where the rules allow it, it is sent again.

        Raises:
            Absent: It is not booked and never will be.
            OrderRefused: The same, and the exchange had said why.
            OrderOutcomeUnknown: Nothing is proved by then.
            StaleIntent: Somebody else has it by now, or has ended it.
        """
        while True:
            await self._keep()
            try:
                order = await self.look()
            except (OrderRefused, StaleIntent):
                raise
            except SwitchgearError as error:
                self.last_error = error
            else:
                if order is not None:
                    return order
                if may_send and self._may_resend() and not await self._is_halted():
                    with suppress(Doubt):  # it goes on being looked for
                        return await self.send(again=True)
                elif self._is_absent():
                    await self._absent()
            pause_s = self._next_look_s()
            self.due_s = self._clock.monotonic_s() + pause_s
            if self.due_s > until_s:
                raise self.unknown()
            await self._clock.sleep_async(pause_s)

    async def _is_halted(self) -> bool:
        """Whether a person wants nothing more to be sent."""
        mine = {("", ""), (self.intent.exchange, self.intent.account)}
        switches = await self._journal.switches()
        return any((each.exchange, each.account) in mine for each in switches)

    def _may_resend(self) -> bool:
        match self._ways.resend:
            case Resend.NEVER:
                return False
            case Resend.ANY_TIME:
                return self._misses > 0 and self._refusal is None
            case Resend.EXPIRED:
                return self._is_absent() and self._refusal is None

    def _is_absent(self) -> bool:
        return self._late_misses >= self._ways.looks

    async def _absent(self) -> None:
        """Write down that it is not booked; raises what whoever waits is told."""
        if self._refusal is not None:
            why = f"refused, and no other copy was booked: {self._refusal.message}"
            await self._move(State.REJECTED, why)
            raise self._refusal
        why = "not there, and no copy of it can be booked any more"
        await self._move(State.ABSENT, why)
        raise Absent(why)

    def _next_look_s(self) -> float:
        """How long until the next look can tell more."""
        wait_s = self._pause_s
        self._pause_s = min(2 * self._pause_s, LOOK_S_MAX)
        if isinstance(self.last_error, Rejected) and self.last_error.retry_after_s is not None:
            wait_s = max(wait_s, self.last_error.retry_after_s)
        proof_s = self._ways.proof_s
        if proof_s is None or self.sent_s is None:
            return wait_s
        left_s = self.sent_s + proof_s - self._clock.monotonic_s()
        if left_s <= 0:
            return min(wait_s, self._ways.every_s) if self._late_misses else wait_s
        return min(wait_s, left_s)

    def unknown(self) -> OrderOutcomeUnknown:
        """What whoever waits is told while nothing is proved."""
        intent, cause = self.intent, self.last_error
        known = cause if isinstance(cause, ApiError) else None
        said = "nobody knows why" if cause is None else error_text(cause)
        error = OrderOutcomeUnknown(
            f"{said}; whether the order {intent.client_order_id} was booked is not known yet",
            client_order_id=intent.client_order_id,
            status=None if known is None else known.status,
            code=None if known is None else known.code,
            exchange=intent.exchange,
            method="create_order",
            verdict=None if known is None else known.verdict,
        )
        error.intent_id = intent.intent_id
        error.__cause__ = cause
        return error

    # ------------------------------------------------------------------------------------ moves

    async def _keep(self) -> None:
        """Have it stay in the hands of this process; StaleIntent where it does not."""
        now_s = self._clock.monotonic_s()
        if now_s < self._kept_s + KEEP_S:
            return
        kept = await self._journal.claim(self.intent, OWN_S)
        if kept is None:
            raise StaleIntent(f"intent {self.intent.intent_id} is seen through by somebody else")
        self._kept_s = now_s

    async def _move(self, to: State, why: str, **more: Any) -> None:
        """Move it, from where it is kept: of moves before, one may not have reached the store."""
        try:
            self.intent = await self._journal.move(self.intent, to, why, **more)
        except StaleIntent:
            kept = await self._journal.get(self.intent.intent_id)
            # That an order stands is true whatever somebody has thought of it meanwhile.
            if kept is None or not (kept.state.is_open or to is State.FOUND):
                raise
            # What this process sent is counted, whatever of it was kept.
            sent: dict[str, Any] = {"attempts": max(kept.attempts, self.intent.attempts)}
            self.intent = await self._journal.move(kept, to, why, **sent | more)

    def _is_in_doubt(self) -> bool:
        """Whether a copy that was sent before may still be booked."""
        return self.sent_s is not None and not self._is_absent()

    def _left(self) -> None:
        """A copy may have left until now."""
        self.sent_s = self._clock.monotonic_s()
        self._misses = self._late_misses = 0
        self._pause_s = self._ways.every_s

    def _post(self, to: State, why: str, **more: Any) -> None:
        self.intent = self._journal.post(self.intent, to, why, **more)


def _refused(error: ApiError) -> OrderRefused:
    if isinstance(error, OrderRefused):
        return error
    return OrderRefused(
        error.message,
        status=error.status,
        code=error.code,
        exchange=error.exchange,
        method=error.method,
        verdict=error.verdict,
    )
