"""Owns the walks that a string of bytes spells, a byte for what happens and one for how; the bytes are test_model's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.core.circuit.draws import EIGHT_S, RATES, one_setting, rules_from
from tests.core.circuit.journey import Journey
from tests.core.circuit.record import TICKS
from tests.core.circuit.walk import CERTAIN, MODES

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.core.circuit.record import Verdict

STEPS = (0, 1, 3, TICKS, EIGHT_S, 30 * TICKS, 90_000 * TICKS, 10**9 * TICKS)
CHANCES = (0, 2, 4, 7)
OVERDUE = (0, 0, 0, 1, 3, 12)
VERDICTS: tuple[Verdict, ...] = ("success", "failure", "neutral", "failure")
LENGTHS = (None, 1, TICKS, EIGHT_S)


class Moves:
    """What a byte can make happen to a journey."""

    def __init__(self, journey: Journey) -> None:
        self.journey = journey

    def all(self) -> tuple[Callable[[int], object], ...]:
        """Each move, the frequent ones several times."""
        often = (self.admit, self.admit, self.settle, self.settle_newest, self.settle_newest)
        people = (self.interfere, self.interfere, self.release, self.set_one)
        time = (self.wait, self.wait_for_the_edge)
        tickets = (self.settle_again, self.lose, self.cancel_late, self.cancel_late)
        loads = (self.burst, self.crowd, self.overload, self.ask_late_in_ramp)
        outages = (self.fail_until_open, self.recover, self.reach_rate)
        reloads = (self.stop_looking, self.judge_harder)
        return (*often, *people, *time, *tickets, *loads, *outages, *reloads)

    def settle(self, byte: int) -> None:
        """Any call that is out ends."""
        if self.journey.out:
            chance, overdue = CHANCES[byte // 32 % 4], OVERDUE[byte % 6]
            self.journey.settle(byte % 8, VERDICTS[byte // 8 % 4], chance, overdue, slow=byte > 127)

    def settle_newest(self, byte: int) -> None:
        """The newest call ends."""
        if self.journey.out:
            self.journey.settle(-1, VERDICTS[byte % 4], CHANCES[byte // 4 % 4], slow=byte > 127)

    def settle_again(self, byte: int) -> None:
        """A probe is settled a second time."""
        if self.journey.used_probes:
            self.journey.settle_probe_again(byte // 4, VERDICTS[byte % 4])

    def lose(self, byte: int) -> None:
        """Somebody who holds a ticket dies."""
        if self.journey.out:
            self.journey.lose(byte)

    def wait(self, byte: int) -> None:
        """Time passes."""
        self.journey.wait(STEPS[byte % len(STEPS)])

    def wait_for_the_edge(self, byte: int) -> None:
        """Time passes to where it matters."""
        self.journey.wait_for_the_edge(byte // 4, (-1, 0, 0, 1)[byte % 4])

    def interfere(self, byte: int) -> None:
        """A person, or the settings file."""
        if byte % 3 == 0:
            self.journey.hold(MODES[byte // 3 % 3], LENGTHS[byte // 9 % 4])
        elif byte % 9 == 1:
            self.journey.reset()
        elif byte % 9 == 2:
            self.journey.heal()
        else:
            self.journey.reconfigure(rules_from(byte))

    def set_one(self, byte: int) -> None:
        """One line of the settings file changed."""
        self.journey.reconfigure(one_setting(self.journey.rules, rules_from(byte // 7 * 7), byte))

    def stop_looking(self, _: int) -> None:
        """The rates are taken out of the settings file, and put back."""
        self.journey.stop_looking()

    def cancel_late(self, byte: int) -> None:
        """Somebody gives up after a while."""
        self.journey.cancel_late(byte % 13)

    def judge_harder(self, byte: int) -> None:
        """A stricter row of failures comes into force."""
        self.journey.judge_harder(OVERDUE[byte % 6])

    def reach_rate(self, byte: int) -> None:
        """As many fail as the rate says, to the last one."""
        self.journey.reach_rate(RATES[byte % len(RATES)])

    def ask_late_in_ramp(self, byte: int) -> None:
        """Many ask when a ramp is nearly over."""
        if self.journey.where() == "closed":
            self.journey.fail_until_open(0, 0)
        self.journey.recover(0)
        self.journey.ask_late_in_ramp(10 + byte % 30)
        if byte > 200:
            self.journey.heal()

    def overload(self, byte: int) -> None:
        """Too much at once."""
        self.journey.overload(1 + byte % 20, 2 + byte % 5)

    def admit(self, byte: int) -> None:
        """Some calls begin."""
        for _ in range(1 + byte % 3):
            self.journey.admit(CERTAIN if byte < 128 else CHANCES[byte % 4], OVERDUE[byte // 4 % 6])

    def burst(self, byte: int) -> None:
        """Many calls, one after another."""
        self.journey.burst(
            bytes((byte * n) % 251 for n in range(1, 3 + byte % 75)), OVERDUE[byte % 6]
        )

    def crowd(self, byte: int) -> None:
        """Many calls at once, perhaps after silence."""
        self.journey.wait(byte // 128 * self.journey.rules.window)
        self.journey.crowd(
            bytes((byte * n) % 241 for n in range(1, 3 + byte % 110)), OVERDUE[byte % 6]
        )

    def recover(self, byte: int) -> None:
        """The exchange is back."""
        self.journey.recover(byte % 12)

    def release(self, _: int) -> None:
        """A person lets go."""
        self.journey.release()

    def fail_until_open(self, byte: int) -> None:
        """The exchange breaks."""
        self.journey.fail_until_open(CHANCES[byte % 4], byte // 4 % 5)


def run(program: bytes) -> None:
    """Walk as the bytes say: a byte for the settings, then two for each move."""
    journey = Journey(rules_from(program[0]), start=program[1] * TICKS)
    moves = Moves(journey).all()
    for move, argument in zip(program[2::2], program[3::2], strict=False):
        moves[move % len(moves)](argument)
        journey.same()
