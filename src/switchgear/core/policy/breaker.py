"""
Owns one circuit under its exchange's lock: exact under threads, moves told in order; the rules are in circuit.

Which circuits a call passes, and that they admit it together, is left to scopes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from switchgear.core import circuit as machine
from switchgear.core.circuit import (
    CLEAN,
    Circuit,
    Closed,
    Held,
    Open,
    Refusal,
    Rules,
    Settlement,
    counted,
)
from switchgear.core.event import CircuitMoved
from switchgear.core.policy.circuit_view import CircuitView, name_of, reason_of, view_of, why_moved
from switchgear.core.policy.domain import Domain
from switchgear.core.policy.outstanding import Outstanding
from switchgear.core.words import CircuitState, Key, Scope

if TYPE_CHECKING:
    from switchgear.core.clock import Clock
    from switchgear.core.event import Emit


class Watcher(Protocol):
    """Who wants to hear of a circuit's moves."""

    def moved_locked(self) -> None:
        """It moved: a step in memory of our own, under the lock."""
        ...


class Breaker:
    """A circuit that many threads and tasks use at once."""

    __slots__ = (
        "_circuit",
        "_clock",
        "_emit",
        "_is_plain",
        "_out",
        "_owed",
        "_room",
        "_since_s",
        "_straight",
        "dirty",
        "domain",
        "key",
        "openings",
        "rules",
        "scope",
        "watchers",
    )

    def __init__(
        self,
        key: Key,
        rules: Rules,
        clock: Clock,
        emit: Emit,
        domain: Domain | None = None,
        scope: Scope = Scope.METHOD,
    ) -> None:
        self.key = key
        self.scope = scope
        self.rules = rules
        """Live: `configure` replaces them, and the next admission or settlement obeys."""
        self._is_plain = not rules.watches_successes
        self._straight = FIRST
        """What admits all straight calls of this generation."""
        self.dirty = rules.watches_successes
        """A success has something to undo or to count."""
        self.domain = Domain() if domain is None else domain
        self.openings = 0
        self.watchers: list[Watcher] = []
        """Told under the lock after every move."""
        self._circuit = _NEW
        self._owed: list[machine.Ticket] = []
        """Failures that the circuit has yet to count, each by what admitted it; appended to without the lock."""
        self._room = self._room_locked()
        """How many may be owed before the machine must be asked."""
        self._out = _NOBODY
        self._since_s = clock.monotonic_s()
        self._clock = clock
        self._emit = emit
        if scope is not Scope.METHOD:
            with self.domain.lock:
                self.domain.wide.append(self)
                self.domain.look_locked()

    @property
    def circuit(self) -> Circuit:
        """The circuit now, immutable."""
        if not self._owed:
            return self._circuit
        with self.domain.lock:
            return self.paid_locked()

    @property
    def quiet(self) -> bool:
        """Whether it is closed, and counts no failure."""
        state = self.circuit.state
        if not isinstance(state, Closed) or state.failures:
            return False
        return not counted(state.window, self.rules, self._clock.monotonic_s()).failures

    @property
    def untouched(self) -> bool:
        """Whether it has counted nothing and never moved."""
        circuit = self._circuit
        return circuit.generation == 1 and circuit.state is CLEAN and not self._owed

    def leave(self) -> None:
        """It is used no more: what it counted concerns nobody."""
        with self.domain.lock:
            if self in self.domain.wide:
                self.domain.wide.remove(self)
                self.domain.look_locked()

    def configure(self, rules: Rules) -> None:
        """Obey other rules from the next admission or settlement on; what is counted, open or held stays."""
        with self.domain.lock:
            self._counted_locked()
            self.rules, self._is_plain = rules, not rules.watches_successes
            self._room = self._room_locked()
            self._stain_locked()
            for watcher in tuple(self.watchers):
                watcher.moved_locked()

    def way_locked(self) -> machine.Ticket | None:
        """What admits a straight call: closed, with no rule that must see it begin; None sends it through the flow."""
        circuit = self._circuit
        if type(circuit.state) is not Closed or self.rules.watches_starts:
            return None
        return self._straight

    def is_closed_locked(self) -> bool:
        """Whether it is closed."""
        return type(self._circuit.state) is Closed

    def shut_locked(self) -> Open | None:
        """The open state, while it is open."""
        state = self._circuit.state
        return state if isinstance(state, Open) else None

    def paid_locked(self) -> Circuit:
        """The circuit with every failure counted into it: one object until something changes."""
        circuit = self._counted_locked() if self._owed else self._circuit
        self._room = self._room_locked()
        return circuit

    def asked_locked(
        self, now_s: float, chance: float | None = None
    ) -> tuple[Circuit, machine.Ticket | Refusal]:
        """What the circuit would answer now, and what it would be then; nothing is kept."""
        rules = self.rules
        circuit = self._present_locked(now_s)
        if self._is_plain:
            return machine.admit(circuit, rules, now_s)
        drawn = self._clock.chance() if chance is None else chance
        return machine.admit(circuit, rules, now_s, drawn, self._out.overdue(self.rules, now_s))

    def begin_locked(self, ticket: object, now_s: float) -> None:
        """An attempt begins under this ticket; it is watched where one that is out too long counts."""
        if self.rules.slow_call_rate is not None:
            if self._out is _NOBODY:
                self._out = Outstanding()
            self._out.begin(ticket, now_s)

    def settle_locked(
        self,
        ticket: object,
        raw: machine.Ticket,
        settlement: Settlement,
        reason: object,
        now_s: float,
        *,
        slow: bool = False,
    ) -> None:
        """
        Say how an attempt ended; a ticket of an older generation changes nothing.

        Args:
            ticket: What `begin_locked` was told.
            raw: The ticket of this circuit.
            settlement: How the attempt ended.
            reason: Why it failed, in words or in what becomes words.
            now_s: Monotonic seconds.
            slow: It took longer than slow_call_s, or was cut by its timeout.
        """
        self._out.end(ticket)
        self._present_locked(now_s)
        if self._settled_short_locked(raw, settlement):
            return
        rules = self.rules
        chance = self._clock.chance() if rules.reset_jitter else 0.0
        overdue = self._out.overdue(rules, now_s)
        circuit = machine.settle(
            self._counted_locked(),
            raw,
            settlement,
            rules,
            now_s,
            chance,
            reason,
            slow=slow,
            overdue=overdue,
        )
        self.keep_locked(circuit, now_s)

    def failed_short(self, way: machine.Ticket) -> bool:
        """
        Note a failure on the straight path where that moves nothing, as it mostly does; False leaves it to settle.

        No lock is taken, which would cost as much as the rest: one append is one step by itself.
        """
        if way is not self._straight or self.domain.dirty:
            return False  # it is late, or something wider has to hear that nothing is proved of it
        owed = self._owed
        owed.append(way)
        self.dirty = True  # in this order: see _dirty_locked
        return len(owed) <= self._room or self._is_counted(way)

    def _is_counted(self, way: machine.Ticket) -> bool:
        """Whether a failure that was noted without room needs no settling; if it does, it is owed no more."""
        with self.domain.lock:
            if way not in self._owed:
                return (
                    True  # whoever held the lock counted it, or it came before a success or a move
                )
            self._owed.remove(way)
            return False

    def peek(self) -> CircuitState:
        """What the circuit does now."""
        return machine.peek(self._circuit, self._clock.monotonic_s())

    def refuses(self) -> bool:
        """Whether a further attempt of a call that is under way must not be made: open, or for its probes to decide."""
        return self.peek() in _REFUSING

    def hold(self, mode: CircuitState, *, by: str, why: str, for_s: float | None = None) -> None:
        """Put the circuit into a person's hand, until released or until for_s seconds are over."""
        with self.domain.lock:
            now_s = self._clock.monotonic_s()
            until_s = None if for_s is None else now_s + for_s
            held = machine.hold(self._counted_locked(), mode, now_s, until_s, by, why)
            self.keep_locked(held, now_s, by, why)

    def release(self, *, by: str, why: str = "") -> None:
        """End a hold; what was before goes on."""
        with self.domain.lock:
            now_s = self._clock.monotonic_s()
            released = machine.release(self._counted_locked(), now_s)
            self.keep_locked(released, now_s, by, why or "released")

    def reset(self, *, by: str, why: str = "") -> None:
        """Close the circuit and forget what it has seen; ends a hold too."""
        with self.domain.lock:
            now_s = self._clock.monotonic_s()
            self.keep_locked(machine.reset(self._counted_locked()), now_s, by, why or "reset")

    def view(self) -> CircuitView:
        """The circuit at this instant; reading moves nothing."""
        with self.domain.lock:
            now_s = self._clock.monotonic_s()
            before = self.paid_locked()
            seen = machine.elapsed(before, now_s)
            overdue = self._out.overdue(self.rules, now_s) if seen is before else 0
            _, answer = machine.admit(seen, self.rules, now_s, 1.0, overdue)
            since_s = now_s - self._since_s
            return view_of(self, seen, answer, since_s, now_s)

    def keep_locked(self, circuit: Circuit, now_s: float, by: str = "", why: str = "") -> None:
        """Make this the circuit, and tell it when it moved."""
        before, self._circuit = self._circuit, circuit
        if circuit.generation != before.generation:
            self._straight = machine.Ticket(circuit.generation)
            self._owed.clear()
            self._out.clear()
        self._room = self._room_locked()
        if circuit is before:
            return
        self._stain_locked()
        if circuit.generation != before.generation:
            self._tell_locked(before, circuit, now_s, by, why)
            for watcher in tuple(self.watchers):
                watcher.moved_locked()

    def _settled_short_locked(self, raw: machine.Ticket, settlement: Settlement) -> bool:
        """
        Settle what only counts failures in a row, without making a circuit; False leaves it to the machine.

        What the machine would count comes to it with the next move that needs it: making a circuit for every
        failure would cost more than all the rest of it.
        """
        circuit, state = self._circuit, self._circuit.state
        if (
            type(state) is not Closed
            or raw.generation != circuit.generation
            or not self._is_plain
            or state.window is not None
        ):
            return False
        if settlement is Settlement.FAILURE:
            self._owed.append(self._straight)
            if len(self._owed) > self._room:
                self._owed.remove(self._straight)
                return False
            self._dirty_locked(dirty=True)
            return True
        if settlement is Settlement.SUCCESS and state is CLEAN:
            self._owed.clear()
            self._dirty_locked(dirty=False)
            return True
        return settlement is Settlement.NEUTRAL

    def _counted_locked(self) -> Circuit:
        """The circuit with every failure in it; until `keep_locked`, none is noted beside whoever asked."""
        # First this: who notes one looks at the room after that, so what was let pass is in the list by now. What
        # is over the room was not let pass, and is on its way here.
        self._room = -1
        circuit, state = self._circuit, self._circuit.state
        if self._owed and isinstance(state, Closed):
            paid = self._owed[: self._room_locked()]
            del self._owed[: len(paid)]
            failures = state.failures + sum(way is self._straight for way in paid)
            self._circuit = circuit._replace(state=Closed(failures, state.window))
        return self._circuit

    def _room_locked(self) -> int:
        """How many failures a circuit that counts failures in a row alone bears without moving."""
        state, threshold = self._circuit.state, self.rules.failure_threshold
        if not self._is_plain or type(state) is not Closed or state.window is not None:
            return 0
        if threshold is None:
            return _OWED_MAX
        return max(0, min(_OWED_MAX, threshold - 1 - state.failures))

    def _present_locked(self, now_s: float) -> Circuit:
        """The circuit of this instant: a hold or a ramp whose time is over has ended, and was told."""
        circuit = self.paid_locked()
        if type(circuit.state) is not Closed:
            self.keep_locked(machine.elapsed(circuit, now_s), now_s)
        return self._circuit

    def _stain_locked(self) -> None:
        unclean = self._circuit.state is not CLEAN or bool(self._owed)
        self._dirty_locked(dirty=unclean or not self._is_plain)

    def _dirty_locked(self, *, dirty: bool) -> None:
        if dirty is not self.dirty:
            self.dirty = dirty
            if self._owed:
                self.dirty = (
                    True  # noted meanwhile, without the lock: it may have set this before us
                )
            if self.scope is not Scope.METHOD:
                self.domain.look_locked()

    def _tell_locked(
        self, before: Circuit, after: Circuit, now_s: float, by: str, why: str
    ) -> None:
        # Emitted under the lock, so that two moves cannot be told in the wrong order; Emit is a bounded step
        # in memory by contract.
        self.openings += isinstance(after.state, Open) and not isinstance(before.state, Held)
        old, new = name_of(before.state), name_of(after.state)
        if old is new is CircuitState.CLOSED:
            return  # a reset of what was closed: nobody needs to know
        self._since_s = now_s
        until_s = getattr(after.state, "until_s", None)
        reason = why or reason_of(after.state) or why_moved(old, new)
        self._emit(CircuitMoved(now_s, self.key, old, new, reason, after.generation, until_s, by))


_NOBODY = Outstanding()
"""Of all circuits that watch no attempt: nobody begins here."""
_OWED_MAX = 1_024
"""Failures are counted into the circuit when so many are owed, however many it bears."""
_NEW = Circuit.new()
FIRST = machine.Ticket(1)
"""What admits the straight calls of every circuit that has not moved yet."""
_REFUSING = frozenset({CircuitState.OPEN, CircuitState.HALF_OPEN, CircuitState.FORCED_OPEN})


def in_words(settlement: Settlement, reason: object) -> str:
    """The reason as text, made before the lock is taken: an error's own words are foreign code."""
    return str(reason) if settlement is Settlement.FAILURE else ""
