"""Owns the words in which questions are written: open it, begin a probe, let time pass; and what those need."""

from __future__ import annotations

from inspect import signature
from typing import TYPE_CHECKING, Any

from switchgear.testing.conformance.adapter import optional
from switchgear.testing.conformance.calls import Flight, calls_of
from switchgear.testing.conformance.verdict import Fault, Stuck, Unasked

if TYPE_CHECKING:
    from collections.abc import Callable

    from switchgear.testing.conformance.adapter import Adapter, AnyBreaker, State
    from switchgear.testing.conformance.calls import Calls, Colour

RESET_TIMEOUT_S = 10.0
SPELLS = 20
"""Open spells after which a place that is still taken is taken for lost."""
CLOSED, OPEN, HALF_OPEN = STATES = ("closed", "open", "half_open")
YEAR_S = 31_536_000.0
NO_PROBE = "no call is let through when its time is over: see good_probe_closes"
NO_CLOSING = "a good probe does not close it: see good_probe_closes"


class Boom(Exception):
    """What is called failed, in a way that no breaker knows: it counts."""


class Excluded(Exception):
    """What is called raised what the user said proves nothing."""


class Desk:
    """One fresh breaker and the calls that a question makes through it."""

    def __init__(
        self, adapter: Adapter, colour: Colour, threshold: int, patience_s: float, *features: str
    ) -> None:
        self.threshold = threshold
        self.patience_s = patience_s
        self.reset_s: float = getattr(adapter, "reset_timeout_s", RESET_TIMEOUT_S)
        self.probes: int = getattr(adapter, "probes", 1)
        self.heard: list[State] = []
        self.on_move: Callable[[State], object] = self.heard.append
        """What a listener does; a question may put another one here before anything moves."""
        self._adapter = adapter
        self._made: list[AnyBreaker] = []
        self._flights: list[Flight] = []
        self.breaker = self.make(*features)
        found = calls_of(self.breaker, colour, patience_s)
        if found is None:
            self._give_back()
            raise Unasked(f"has no {colour} calls")
        self.calls: Calls = found

    # ------------------------------------------------------------------------------------ the breaker

    def make(self, *features: str) -> AnyBreaker:
        """A breaker, closed; with features that not every adapter has, or the question does not apply."""
        known = signature(self._adapter.make).parameters
        given: dict[str, Any] = {
            "excluded": (Excluded,),
            "on_move": self._moved,
        }
        for feature in features:
            if feature not in known:
                raise Unasked(f"its adapter has no {feature}")
        asked = {feature: given[feature] for feature in features}
        made = self._adapter.make(self.threshold, self.reset_s, **asked)
        self._made.append(made)
        return made

    def _moved(self, state: State) -> None:
        self.on_move(str(state))

    @property
    def state(self) -> State:
        """What the breaker says of itself."""
        state = str(self.breaker.state())
        if state not in STATES:
            raise ValueError(f"state()={state!r}: must be one of {', '.join(STATES)}")
        return state

    def pass_time(self, spells: float) -> None:
        """Let a share of an open spell go by."""
        self.breaker.advance(spells * self.reset_s)

    def step_date(self, by_s: float) -> None:
        """Move the machine's date, and no span of time."""
        step = optional(self.breaker, "step_date")
        if step is None:
            raise Unasked("its adapter has no step_date")
        step(by_s)

    def hear(self) -> list[State]:
        """Every state that listeners were told, in order."""
        flush = optional(self.breaker, "flush")
        if flush is not None:
            flush()
        return self.heard

    # -------------------------------------------------------------------------------------- its calls

    def begin(self, count: int = 1) -> list[Flight]:
        """Begin calls at one instant whose functions wait to be told how to end; some may be refused, or wait."""
        flights = [Flight() for _ in range(count)]
        self._flights += flights
        self.calls.start(self.breaker, flights)
        self.calls.until(lambda: not any(flight.waits for flight in flights))
        return flights

    def call(
        self,
        work: Callable[[], object],
        *,
        of: AnyBreaker | None = None,
        forgets: bool = False,
    ) -> Flight:
        """A whole call; Stuck when it does not come back."""
        flight = Flight(work, forgets=forgets)
        self.calls.start(of or self.breaker, [flight])
        if not self.calls.until(lambda: flight.over):
            what = "ran, and did not come back" if flight.ran else "neither ran nor was refused"
            raise Stuck(f"{self.state}: a call {what}")
        return flight

    def good(self) -> Flight:
        """A call whose function returns."""
        return self.call(str)

    def fail(
        self, times: int = 1, error: type[Exception] = Boom, of: AnyBreaker | None = None
    ) -> Flight:
        """Calls whose functions raise, one after another; the last of them."""

        def work() -> None:
            raise error("HTTP 503")

        flights = [self.call(work, of=of) for _ in range(times)]
        return flights[-1]

    def end(self, flight: Flight, error: Exception | None = None) -> None:
        """Let a waiting function return, or raise, and see its call come back."""
        self.calls.tell(flight, error)
        self._land(flight)

    def cancel(self, flight: Flight) -> None:
        """Cut a waiting function off, and see its call come back."""
        self.calls.cancel(flight)
        self._land(flight)

    def _land(self, flight: Flight) -> None:
        if not self.calls.until(lambda: flight.over):
            raise Stuck(f"{self.state}: a call whose function has ended did not come back")

    # ------------------------------------------------------------------------- where questions begin

    def open(self) -> None:
        """Open it by failures."""
        self.fail(self.threshold)
        self.need(self.state == OPEN, "failures do not open it: see trips")

    def recover(self) -> None:
        """Open it, and let its time go by; a little more, for who compares by greater-than."""
        self.open()
        self.pass_time(1.01)

    def probe(self) -> Flight:
        """Begin the call that decides, half-open."""
        (flight,) = self.begin()
        self.need(flight.ran, NO_PROBE)
        return flight

    def early(self, count: int = 1) -> list[Flight]:
        """Begin calls while it is closed that will end after it has moved."""
        flights = self.begin(count)
        beside = Flight(str)
        self.calls.start(self.breaker, [beside])
        beside_it = self.calls.until(lambda: beside.over and all(one.ran for one in flights))
        self.need(beside_it, "its calls do not run side by side, so none is late: see side_by_side")
        return flights

    def admits_in_time(self) -> bool:
        """Whether a good call is let through now, or at least after many spells."""
        for _ in range(SPELLS):
            if self.good().ran:
                return True
            self.pass_time(1)
        return False

    # ------------------------------------------------------------------------------------ what is seen

    def need(self, fact: bool, why: str) -> None:
        """The question cannot be asked unless it is so."""
        if not fact:
            raise Unasked(why)

    def expect(self, fact: bool, seen: str) -> None:
        """The question fails unless it is so."""
        if not fact:
            raise Fault(seen)

    def expect_state(self, wanted: State, when: str) -> None:
        """It is in a state."""
        state = self.state
        self.expect(state == wanted, f"{state} {when}")

    def expect_refusal(self, when: str) -> None:
        """The next call is not made."""
        self.expect(not self.good().ran, f"a call ran {when}")

    def close(self) -> None:
        """End what is under way, and give everything back."""
        for flight in self._flights:
            self.calls.tell(flight, None)
        self.calls.until(lambda: all(flight.over for flight in self._flights))
        self.calls.close()
        self._give_back()

    def _give_back(self) -> None:
        for breaker in reversed(self._made):  # each puts back what it found
            close = optional(breaker, "close")
            if close is not None:
                close()
