"""
Owns the oracle of one circuit among several: the pure machine and the attempts that are out there, with the settings
it may have; which oracles move with a call is left to the walks.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from hypothesis import event
from hypothesis import strategies as st

from switchgear.core import circuit as machine
from switchgear.core.circuit import Circuit, Refusal, Rules, Settlement
from switchgear.core.policy.scopes import Charge
from switchgear.core.redact import Words
from switchgear.core.words import CircuitState, Scope
from tests.core.circuit.draws import any_rules
from tests.core.circuit.record import TICKS
from tests.core.circuit.walk import real_rules
from tests.core.colours import Boom

if TYPE_CHECKING:
    from tests.core.circuit.record import ModelRules

WIDEST_FIRST = (Scope.EXCHANGE, Scope.ADDRESS, Scope.ACCOUNT, Scope.METHOD)
GOOD, BAD, NEUTRAL = Settlement.SUCCESS, Settlement.FAILURE, Settlement.NEUTRAL
ERROR = Boom("HTTP 503")
WHY = str(Words(ERROR))
CHARGES = (
    Charge(GOOD),
    Charge(GOOD, took_s=2.5),
    Charge(NEUTRAL),
    Charge(BAD, took_s=2.5),
    Charge(BAD, took_s=0.5, timed_out=True),
    *(Charge(BAD, scope) for scope in WIDEST_FIRST),
    *(Charge(BAD, scope, answered=True) for scope in WIDEST_FIRST),
    *(Charge(NEUTRAL, scope, answered=True) for scope in WIDEST_FIRST),
)


@dataclass
class Out:
    """An attempt that is out at one circuit, as the oracle knows it."""

    began_s: float
    generation: int


@dataclass
class Oracle:
    """One circuit as the pure machine has it, and the attempts that are out there."""

    rules: Rules
    scope: Scope
    circuit: Circuit = field(default_factory=Circuit.new)
    outs: dict[object, Out] = field(default_factory=dict[object, Out])

    def now(self, now_s: float) -> Circuit:
        """The circuit after what time alone does to it."""
        return machine.elapsed(self.circuit, now_s)

    def become(self, circuit: Circuit) -> None:
        """It is this one now; what began in another era is out there no more."""
        if circuit.generation != self.circuit.generation:
            self.outs.clear()
        self.circuit = circuit

    def overdue(self, now_s: float) -> int:
        """Attempts of this era that are out for too long, and not for a window longer."""
        slow_s, era = self.rules.slow_call_s, self.now(now_s).generation
        if slow_s is None or self.rules.slow_call_rate is None:
            return 0
        lengths = [now_s - out.began_s for out in self.outs.values() if out.generation == era]
        return sum(slow_s < length <= slow_s + self.rules.window_s for length in lengths)

    def ask(self, now_s: float, chance: float) -> tuple[Circuit, machine.Ticket | Refusal]:
        """What it would answer, and what it would be then."""
        return machine.admit(self.circuit, self.rules, now_s, chance, self.overdue(now_s))

    def is_slow(self, charge: Charge) -> bool:
        """Whether it was out for too long by the word of this circuit, or of any."""
        slow_s = self.rules.slow_call_s
        return charge.timed_out or (slow_s is not None and charge.took_s > slow_s)

    def settle(
        self,
        attempt: object,
        raw: machine.Ticket,
        how: Settlement,
        now_s: float,
        chance: float,
        *,
        slow: bool,
    ) -> None:
        """An attempt ended here."""
        self.outs.pop(attempt, None)
        args = (self.circuit, raw, how, self.rules, now_s, chance, WHY)
        self.become(machine.settle(*args, slow=slow, overdue=self.overdue(now_s)))


class Moves:
    """Whether a circuit has moved since this began to watch it."""

    def __init__(self) -> None:
        self.seen = False

    def moved_locked(self) -> None:
        """It has."""
        self.seen = True


def charged(charge: Charge, scope: Scope) -> Settlement:
    """What a charge is to the circuit of a scope, by the words of the design."""
    if charge.settlement is GOOD or scope is charge.scope:
        return charge.settlement
    wider = WIDEST_FIRST.index(scope) < WIDEST_FIRST.index(charge.scope)
    return GOOD if charge.answered and wider else NEUTRAL


def plain(rules: ModelRules) -> ModelRules:
    """The same settings, looking at failures in a row alone."""
    threshold = rules.failure_threshold or 2
    return replace(
        rules,
        failure_threshold=threshold,
        failure_hundredths=None,
        slow_hundredths=None,
        throttle_halves=None,
    )


def as_real(drawn: ModelRules, slow: int) -> Rules:
    """As drawn, with what is slow in ticks, 0 for nothing: a walk along the machine alone leaves that to others."""
    return replace(real_rules(drawn), slow_call_s=slow / TICKS if slow else None)


MUST_REACH = (
    "admitted",
    "admitted as a probe of several",
    "refused by exchange",
    "refused by address",
    "refused by account",
    "refused by method",
    "refused by a narrower, with the wider half-open",
    "refused by a wider, with the narrower half-open",
    "late at some, in time at others",
    "went straight",
    "an overdue attempt counted",
    "slow at some, fast at others",
)
SETS = st.lists(any_rules().map(plain), min_size=4, max_size=4) | st.lists(
    any_rules().map(plain) | any_rules(), min_size=4, max_size=4
)
"""Settings of four scopes; where none looks at a start, calls may go straight."""
SLOWS = st.lists(st.integers(0, 40), min_size=4, max_size=4, unique=True)
"""What each of them calls slow, in ticks."""

seen: Counter[str] = Counter()
"""What the walks have reached; read after them."""


def note(what: str) -> None:
    """Count a thing that the walks must reach."""
    seen[what] += 1
    event(what)


def note_refusal(oracles: list[Oracle], first: int, now_s: float) -> None:
    """Which kinds of refusals the walks have met."""
    note(f"refused by {oracles[first].scope.value}")
    half = [machine.peek(one.circuit, now_s) is CircuitState.HALF_OPEN for one in oracles]
    if any(half[:first]):
        note("refused by a narrower, with the wider half-open")
    if any(half[first + 1 :]):
        note("refused by a wider, with the narrower half-open")


def note_slowness(oracles: list[Oracle], charge: Charge) -> None:
    """Whether the circuits of one call differ in what they call slow, and one of them looks at it."""
    slow = [oracle.is_slow(charge) for oracle in oracles]
    looks = any(oracle.rules.slow_call_rate is not None for oracle in oracles)
    if looks and any(slow) and not all(slow):
        note("slow at some, fast at others")
