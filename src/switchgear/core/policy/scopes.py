"""
Owns the circuits that the calls of one key pass together: admitted by all or by none, each charged with its own.

A failure is charged to the circuit of what it proves broken. Each circuit by itself is left to breaker.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from switchgear.core.circuit import Refusal, Settlement
from switchgear.core.policy.breaker import FIRST, in_words
from switchgear.core.words import CircuitState, Scope

if TYPE_CHECKING:
    from switchgear.core import circuit as machine
    from switchgear.core.circuit import Open
    from switchgear.core.clock import Clock
    from switchgear.core.policy.breaker import Breaker
    from switchgear.core.policy.circuit_view import CircuitView

Way = tuple["machine.Ticket", ...]
"""A ticket of each circuit, widest first."""


class Ticket:
    """One admission of one attempt by all its circuits; settle it once."""

    __slots__ = ("is_probe", "settled", "way")

    def __init__(self, way: Way, *, is_probe: bool) -> None:
        self.way = way
        self.is_probe = is_probe
        """Some circuit finds out by this attempt whether the exchange is back."""
        self.settled = False


class Refused(NamedTuple):
    """No admission, and whose word it is."""

    breaker: Breaker
    refusal: Refusal


class Charge(NamedTuple):
    """How an attempt ended, for its circuits."""

    settlement: Settlement
    scope: Scope = Scope.METHOD
    """What the error concerns: what a failure proves broken."""
    answered: bool = False
    """The exchange answered, so whatever is wider than that is up."""
    took_s: float = 0.0
    """How long it was out; each circuit has its own word for slow."""
    timed_out: bool = False
    """It was cut by its timeout: slow by any word."""

    @property
    def lost(self) -> bool:
        """Whether no answer came, as far as can be told."""
        return self.settlement is not Settlement.SUCCESS and not self.answered


_WAYS: dict[int, Way] = {most: (FIRST,) * most for most in range(1, 5)}
"""One object for all keys whose circuits have never moved."""
SUCCESS, NEUTRAL = Charge(Settlement.SUCCESS), Charge(Settlement.NEUTRAL)


class Scopes:
    """The circuits of one key, widest first; the last is the method's own."""

    __slots__ = ("_clock", "breakers", "domain", "own")

    def __init__(self, breakers: tuple[Breaker, ...], clock: Clock) -> None:
        self.breakers = breakers
        self.own = breakers[-1]
        self.domain = self.own.domain
        self._clock = clock

    def admit(self) -> Ticket | Refused:
        """Tickets of all circuits at once; or of none, and the widest that said no."""
        with self.domain.lock:
            now_s = self._clock.monotonic_s()
            while True:
                asked = [
                    (one, *one.asked_locked(now_s), one.paid_locked()) for one in self.breakers
                ]
                # A call that the collector ended in the midst of this has settled: then all are asked again.
                if all(one.paid_locked() is before for one, _, _, before in asked):
                    break
            for breaker, circuit, answer, _ in asked:
                if isinstance(answer, Refusal):
                    # Its own book-keeping of having been asked is kept; the others were as good as not asked.
                    breaker.keep_locked(circuit, now_s)
                    return Refused(breaker, answer)
            way = tuple(answer for _, _, answer, _ in asked if not isinstance(answer, Refusal))
            ticket = Ticket(way, is_probe=any(raw.probe for raw in way))
            for breaker, circuit, _, _ in asked:
                breaker.keep_locked(circuit, now_s)
                breaker.begin_locked(ticket, now_s)
            return ticket

    def look(self) -> Refused | None:
        """Who would refuse now; nobody is asked, so nothing is kept and no chance is drawn."""
        with self.domain.lock:
            now_s = self._clock.monotonic_s()
            for breaker in self.breakers:
                _, answer = breaker.asked_locked(now_s, chance=1.0)
                if isinstance(answer, Refusal):
                    return Refused(breaker, answer)
        return None

    def settle(self, ticket: Ticket, charge: Charge, reason: object = "") -> None:
        """Say how the attempt ended; a ticket that is settled already changes nothing."""
        if charge.settlement is not Settlement.NEUTRAL:
            reason = in_words(charge.settlement, reason)
        with self.domain.lock:
            if not ticket.settled:
                ticket.settled = True
                self._settle_locked(ticket, ticket.way, charge, reason)

    def settle_straight(self, way: Way, charge: Charge, reason: object = "") -> None:
        """The same for an attempt that the straight path admitted, and settles but once."""
        reason = in_words(charge.settlement, reason)
        with self.domain.lock:
            self._settle_locked(None, way, charge, reason)

    def charged(self, scope: Scope) -> Scope:
        """Whose circuit a failure of a scope counts at: the method's, where the call has none of that scope."""
        return scope if any(one.scope is scope for one in self.breakers) else Scope.METHOD

    def way_locked(self) -> Way | None:
        """What admits a straight call now; None when one of the circuits must be asked."""
        way: list[machine.Ticket] = []
        for breaker in self.breakers:
            raw = breaker.way_locked()
            if raw is None:
                return None
            way.append(raw)
        return _WAYS.get(len(way), ()) if all(raw is FIRST for raw in way) else tuple(way)

    def present(self) -> Way:
        """What calls of this moment are settled with, however they were let in."""
        from switchgear.core.circuit import (
            Ticket as Raw,
        )  # here: only what is recorded by hand asks

        return tuple(Raw(breaker.circuit.generation) for breaker in self.breakers)

    def shut_locked(self) -> tuple[Breaker, Open] | None:
        """The circuit that is open and answers first; None where one that is wider must be asked."""
        for breaker in self.breakers:
            state = breaker.shut_locked()
            if state is not None:
                return breaker, state
            if not breaker.is_closed_locked():
                return None
        return None

    def held_open(self) -> bool:
        """Whether a person holds one of them open."""
        return any(breaker.peek() is CircuitState.FORCED_OPEN for breaker in self.breakers)

    def refuses(self) -> bool:
        """Whether a further attempt of a call that is under way must not be made."""
        return any(breaker.refuses() for breaker in self.breakers)

    def binding(self) -> Breaker:
        """The circuit that decides about calls now: the widest that refuses, or has yet to heal; else the method's."""
        refused = self.look()
        if refused is not None:
            return refused.breaker
        return next((one for one in self.breakers if one.refuses()), self.own)

    def view(self) -> CircuitView:
        """The circuit that decides about calls now, under the method's name."""
        from dataclasses import replace  # here: for people, who can wait

        view = self.binding().view()
        return view if view.key == self.own.key else replace(view, key=self.own.key)

    def _settle_locked(self, ticket: object, way: Way, charge: Charge, reason: object) -> None:
        now_s, settlement = self._clock.monotonic_s(), charge.settlement
        concerned, is_wider = self.charged(charge.scope), settlement is not Settlement.SUCCESS
        for breaker, raw in zip(self.breakers, way, strict=True):
            mine = settlement
            if breaker.scope is concerned:
                is_wider = False  # from here on they are narrower
            elif is_wider and charge.answered:
                mine = Settlement.SUCCESS
            elif settlement is Settlement.FAILURE:
                mine = Settlement.NEUTRAL
            slow_s = breaker.rules.slow_call_s
            slow = charge.timed_out or (slow_s is not None and charge.took_s > slow_s)
            breaker.settle_locked(ticket, raw, mine, reason, now_s, slow=slow)
