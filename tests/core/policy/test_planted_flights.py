"""Owns what flights of one hash do to each other, and copies of errors that are made in an unusual way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import pytest

from switchgear.core.policy.flights import Joined
from tests.core.policy.crowd import PATIENCE_S
from tests.core.policy.test_flights import Read, Tasks, Threads
from tests.core.policy.test_flights_errors import followed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture(params=[Threads, Tasks])
def callers(request: pytest.FixtureRequest) -> Iterator[Threads]:
    """Callers of either colour; in the end no flight is kept."""
    made: Threads = request.param()
    yield made
    assert len(made.flights) == 0
    made.close()


def test_the_end_of_a_flight_leaves_one_of_the_same_hash(callers: Threads) -> None:
    """-1 and -2 have one hash in Python: when the first has landed, the second can be joined as before."""
    one, two, same = Read(), Read(), Read()
    first, second = callers.join(-1, one), callers.join(-2, two)
    one.is_out()
    two.is_out()
    one.end.set_result(1)
    assert first.result(PATIENCE_S) == Joined(1, led=True)
    assert len(callers.flights) == 1
    third = callers.join(-2, same)
    callers.waits()
    two.end.set_result(2)
    assert second.result(PATIENCE_S) == Joined(2, led=True)
    assert third.result(PATIENCE_S) == Joined(2, led=False)


class Unequal:
    """A key that is equal to none, though its hash is that of all; its comparison may do something of its own."""

    def __init__(self, compare: Callable[[], object] = int) -> None:
        self.compared = 0
        self._compare = compare

    def __hash__(self) -> int:
        return 1

    def __eq__(self, other: object) -> bool:
        self.compared += 1
        if self.compared > 5:
            raise RuntimeError("compared again and again")
        self._compare()
        return False


def test_each_flight_is_compared_once() -> None:
    """One more of the same hash begins while the first is compared: both are, and then the caller leads."""
    callers, reads = Threads(), [Read() for _ in range(3)]
    begun: list[Read] = []

    def begin_another() -> None:
        if not begun:
            begun.append(reads[1])
            ends.append(callers.join(another, reads[1]))
            reads[1].is_out()

    first, another, last = Unequal(begin_another), Unequal(), Unequal()
    ends = [callers.join(first, reads[0])]
    reads[0].is_out()
    reads[2].end.set_result("led")
    assert callers.join(last, reads[2]).result(PATIENCE_S) == Joined("led", led=True)
    for read in reads[:2]:
        read.end.set_result("value")
    assert [end.result(PATIENCE_S).led for end in ends] == [True, True]
    # By the last, and the first by the other one too.
    assert (first.compared, another.compared) == (2, 1)


class Numbered(Exception):
    """It is made from its message, in its new already, and asks for more in its init."""

    def __new__(cls, message: str, **more: object) -> Self:
        """Nothing of it is made without a message."""
        del more
        return super().__new__(cls, message)

    def __init__(self, message: str, **more: object) -> None:
        super().__init__(message)
        self.response = more["response"]


@pytest.mark.anyio
async def test_an_error_that_is_made_from_its_arguments_is_copied() -> None:
    """Its init cannot be called with them alone: the copy is made without it."""
    led, copied = await followed(Numbered("why", response="all"))
    fields: dict[str, Any] = vars(copied)
    assert copied is not led
    assert (type(copied), copied.args, fields) == (Numbered, ("why",), {"response": "all"})
