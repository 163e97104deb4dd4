"""Owns one key's circuit with its lock: exact under threads, every ticket settled once; the rules are in circuit."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING

from switchgear.core import circuit as machine
from switchgear.core.circuit import (
    CLEAN,
    Circuit,
    Closed,
    HalfOpen,
    Held,
    Open,
    Refusal,
    Rules,
    Settlement,
)
from switchgear.core.event import CircuitMoved
from switchgear.core.redact import Words
from switchgear.core.words import CircuitState, Key

if TYPE_CHECKING:
    from collections.abc import Callable

    from switchgear.core.circuit import State
    from switchgear.core.clock import Clock
    from switchgear.core.event import Emit


class Ticket:
    """One admission of one attempt; settle it once, with the breaker that gave it."""

    __slots__ = ("raw", "settled")

    def __init__(self, raw: machine.Ticket) -> None:
        self.raw = raw
        self.settled = False


@dataclass(frozen=True, slots=True)
class CircuitView:
    """A circuit at one instant, for people: what it does, since when, why, and until when."""

    key: Key
    state: CircuitState
    since_s: float
    """Seconds that it has been in this state."""
    reason: str
    retry_after_s: float | None
    """Seconds until the next call or probe can be admitted; 0 when now, None when only a person can tell."""
    failures: int
    """Failures in a row while closed, failed probes while half-open."""
    openings: int
    """Openings since the circuit exists."""
    generation: int
    rules: Rules
    by: str = ""
    """Who holds it; empty when nobody does."""


class Breaker:
    """A circuit that many threads and tasks use at once."""

    __slots__ = (
        "_circuit",
        "_clock",
        "_emit",
        "_lock",
        "_owed",
        "_since_s",
        "changed",
        "dirty",
        "key",
        "openings",
        "rules",
    )

    def __init__(self, key: Key, rules: Rules, clock: Clock, emit: Emit) -> None:
        self.key = key
        self.rules = rules
        """Live: replace it, and the next admission or settlement obeys it."""
        self.dirty = False
        """Failures are counted, so that a success has something to undo."""
        self._circuit: Circuit = Circuit.new()
        self._owed = 0
        self.openings = 0
        self.changed: Callable[[], None] = _nothing
        """Called under the lock after every change of the circuit: a step in memory of our own."""
        self._since_s = clock.monotonic_s()
        self._clock = clock
        self._emit = emit
        self._lock = Lock()

    @property
    def circuit(self) -> Circuit:
        """The circuit now, immutable."""
        if not self._owed:
            return self._circuit
        with self._lock:
            return self._paid_locked()

    @property
    def way(self) -> Circuit | None:
        """The circuit while it is closed, however many failures it counts; the same object until it moves."""
        circuit = self._circuit
        return circuit if type(circuit.state) is Closed else None

    def forked(self) -> None:
        """After a fork, in the child: another thread of the parent may have held the lock."""
        self._lock = Lock()

    def look(self, then: Callable[[], None]) -> None:
        """Do a step of our own while the circuit stands still: what it derives from the circuit cannot be stale."""
        with self._lock:
            then()

    def admit(self) -> Ticket | Refusal:
        """A ticket for one attempt, or a refusal that says when to ask again."""
        with self._lock:
            now_s = self._clock.monotonic_s()
            circuit, answer = machine.admit(self._paid_locked(), self.rules, now_s)
            self._replace_locked(circuit, now_s)
        return answer if isinstance(answer, Refusal) else Ticket(answer)

    def settle(self, ticket: Ticket, settlement: Settlement, reason: object = "") -> None:
        """Say how the attempt ended; a ticket that is settled already, or of an older generation, changes nothing."""
        if settlement is Settlement.NEUTRAL and not ticket.raw.probe:
            ticket.settled = True  # it has no place to give back, so there is nothing to lock for
            return
        reason = _in_words(settlement, reason)
        with self._lock:
            if ticket.settled:
                return
            ticket.settled = True
            self._settle_locked(ticket.raw, settlement, reason)

    def settle_straight(self, way: Circuit, settlement: Settlement, reason: object = "") -> None:
        """The same for an attempt that the straight path admitted through a closed circuit, and settles but once."""
        reason = _in_words(settlement, reason)
        with self._lock:
            self._settle_locked(machine.Ticket(way.generation), settlement, reason)

    def fail_straight(self, way: Circuit, error: BaseException) -> None:
        """A failure on the straight path: as settle_straight, and cheap below the threshold, where most are."""
        with self._lock:
            owed = self._owed + 1
            current = self._circuit
            if current is way and current.state.failures + owed < self.rules.failure_threshold:  # type: ignore[union-attr]  # a way is closed
                # What the machine would count comes to it with the next move that needs it: making a circuit
                # for every failure would cost more than all the rest of it.
                self._owed = owed
                self.dirty = True
                return
        self.settle_straight(way, Settlement.FAILURE, Words(error))

    def peek(self) -> CircuitState:
        """What the circuit does now."""
        return machine.peek(self.circuit, self._clock.monotonic_s())

    def refuses(self) -> bool:
        """Whether a further attempt of a call that is under way must not be made: open, or for its probes to decide."""
        return self.peek() in _REFUSING

    def hold(self, mode: CircuitState, *, by: str, why: str, for_s: float | None = None) -> None:
        """Put the circuit into a person's hand, until released or until for_s seconds are over."""
        with self._lock:
            now_s = self._clock.monotonic_s()
            until_s = None if for_s is None else now_s + for_s
            self._replace_locked(
                machine.hold(self._paid_locked(), mode, now_s, until_s, by, why), now_s, by, why
            )

    def release(self, *, by: str, why: str = "") -> None:
        """End a hold; what was before goes on."""
        with self._lock:
            now_s = self._clock.monotonic_s()
            self._replace_locked(
                machine.release(self._paid_locked(), now_s), now_s, by, why or "released"
            )

    def reset(self, *, by: str, why: str = "") -> None:
        """Close the circuit and forget what it has seen; ends a hold too."""
        with self._lock:
            now_s = self._clock.monotonic_s()
            self._replace_locked(machine.reset(self._paid_locked()), now_s, by, why or "reset")

    def view(self) -> CircuitView:
        """The circuit at this instant; reading moves nothing."""
        with self._lock:
            now_s = self._clock.monotonic_s()
            return self._view_locked(now_s)

    def _settle_locked(
        self, ticket: machine.Ticket, settlement: Settlement, reason: object
    ) -> None:
        now_s = self._clock.monotonic_s()
        rules = self.rules
        chance = self._clock.chance() if rules.reset_jitter else 0.0
        circuit = machine.settle(
            self._paid_locked(), ticket, settlement, rules, now_s, chance, reason
        )
        self._replace_locked(circuit, now_s)

    def _paid_locked(self) -> Circuit:
        """The circuit with every failure counted into it."""
        state = self._circuit.state
        if self._owed and isinstance(state, Closed):
            failures, self._owed = state.failures + self._owed, 0
            self._circuit = Circuit(Closed(failures), self._circuit.generation, self._circuit.spell)
            self.changed()
        return self._circuit

    def _replace_locked(self, circuit: Circuit, now_s: float, by: str = "", why: str = "") -> None:
        before = self._circuit
        if circuit is not before:
            self._circuit = circuit
            self.dirty = circuit.state is not CLEAN
            if circuit.generation != before.generation:
                self._tell_locked(before, circuit, now_s, by, why)
            self.changed()

    def _tell_locked(
        self, before: Circuit, after: Circuit, now_s: float, by: str, why: str
    ) -> None:
        # Emitted under the lock, so that two moves cannot be told in the wrong order; Emit is a bounded step
        # in memory by contract.
        self._since_s = now_s
        self.openings += isinstance(after.state, Open) and not isinstance(before.state, Held)
        old, new = _name(before.state), _name(after.state)
        until_s = getattr(after.state, "until_s", None)
        reason = why or _reason(after.state) or _why_moved(old, new)
        self._emit(CircuitMoved(now_s, self.key, old, new, reason, after.generation, until_s, by))

    def _view_locked(self, now_s: float) -> CircuitView:
        before = self._paid_locked()
        circuit, answer = machine.admit(before, self.rules, now_s)
        state = before.state
        return CircuitView(
            key=self.key,
            state=machine.peek(before, now_s),
            since_s=now_s - self._since_s,
            reason=_reason(state),
            retry_after_s=answer.retry_after_s if isinstance(answer, Refusal) else 0.0,
            failures=getattr(state, "failures", 0),
            openings=self.openings,
            generation=circuit.generation,
            rules=self.rules,
            by=state.by if isinstance(state, Held) else "",
        )


_REFUSING = frozenset({CircuitState.OPEN, CircuitState.HALF_OPEN, CircuitState.FORCED_OPEN})


def _in_words(settlement: Settlement, reason: object) -> str:
    """The reason as text, made before the lock is taken: an error's own words are foreign code."""
    return str(reason) if settlement is Settlement.FAILURE else ""


def _nothing() -> None:
    return None


def _name(state: State) -> CircuitState:
    match state:
        case Closed():
            return CircuitState.CLOSED
        case Open():
            return CircuitState.OPEN
        case HalfOpen():
            return CircuitState.HALF_OPEN
        case Held():
            return state.mode


def _reason(state: State) -> str:
    match state:
        case Closed():
            return ""
        case Open() | HalfOpen():
            return state.reason
        case Held():
            return state.why


def _why_moved(old: CircuitState, new: CircuitState) -> str:
    if new is CircuitState.CLOSED:
        return "its probes succeeded" if old is CircuitState.HALF_OPEN else "the hold ended"
    return "its time came" if old is CircuitState.OPEN else "the hold ended"
