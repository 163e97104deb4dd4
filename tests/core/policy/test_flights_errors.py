"""Owns the tests of what a follower raises when the leader failed: a copy that tells all, and leads to no frames."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import TYPE_CHECKING, Any

import pytest

from switchgear.core.errors import AttemptTimeout, CircuitOpenError, OrderOutcomeUnknown, Rejected
from switchgear.core.policy.flights import Flights
from switchgear.core.words import Kind, Scope, Verdict
from switchgear.testing import FakeClock
from tests.core.callkit import turns

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.anyio


async def followed(
    error: Exception, cause: BaseException | None = None
) -> tuple[Exception, Exception]:
    """What the leader and a follower raise, when the read raises this."""
    flights, clock = Flights(), FakeClock()

    async def read() -> None:
        await turns()
        _secret = "of the leader"  # a local that nobody else may see
        if cause is None:
            raise error
        raise error from cause

    joins = [flights.join_async("key", read, clock) for _ in range(2)]
    led, copied = await asyncio.gather(*joins, return_exceptions=True)
    assert isinstance(led, Exception)
    assert isinstance(copied, Exception)
    assert led is error
    return led, copied


class Status(Exception):
    """Words its message from its argument, as many clients do."""

    def __init__(self, status: int) -> None:
        super().__init__(f"HTTP {status}")
        self.status = status


class KeywordsOnly(Exception):
    """Cannot be made from its arguments alone, as that of httpx."""

    def __init__(self, message: str, *, response: object) -> None:
        super().__init__(message)
        self.response = response


class OfSystem(OSError):
    """An error of the system with an init of its own that its arguments do not fit."""

    def __init__(self, *, path: str) -> None:
        super().__init__(2, "gone")
        self.path = path


class Single(Exception):
    """There is but one of it."""

    def __copy__(self) -> Single:
        return self


class Disguised(Exception):
    """Its copy is of another type."""

    def __copy__(self) -> ValueError:
        return ValueError()


class Carrying(Exception):
    """Its copy has its traceback."""

    def __copy__(self) -> Carrying:
        return Carrying().with_traceback(self.__traceback__)


VERDICT = Verdict(Kind.TIMEOUT, retryable=True, counts=True)
RESPONSE = object()


@pytest.mark.parametrize(
    "error",
    [
        ValueError("why", 3),
        KeyError("key"),
        OSError(104, "reset"),
        ConnectionResetError(104, "reset", "file"),
        UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad"),
        ExceptionGroup("both", [ValueError(), KeyError()]),
        Status(503),
        KeywordsOnly("message", response=RESPONSE),
        AttemptTimeout("no answer", exchange="binance", method="get_price", verdict=VERDICT),
        OrderOutcomeUnknown("unknown", client_order_id="c1", status=504, code=-1007),
        CircuitOpenError("binance", "get_price", Scope.METHOD, "open", 3.0),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_a_copy_says_what_the_error_says(error: Exception) -> None:
    """Type, words, arguments and fields are those of the leader's; it is another object."""
    led, copied = await followed(error)
    assert copied is not led
    assert type(copied) is type(led)
    assert (str(copied), copied.args) == (str(led), led.args)
    assert vars(copied) == vars(led)
    if isinstance(led, Rejected):
        assert isinstance(copied, Rejected)
        assert copied.retry_after_s == led.retry_after_s
    if isinstance(led, OSError):
        assert isinstance(copied, OSError)
        assert (copied.errno, copied.filename) == (led.errno, led.filename)


@pytest.mark.parametrize(
    "error", [OfSystem(path="p"), Single(), Disguised()], ids=lambda e: type(e).__name__
)
async def test_what_cannot_be_copied_is_raised_itself(error: Exception) -> None:
    """Better the same object than another error; the leader's traceback stays in it."""
    led, copied = await followed(error)
    assert copied is led
    assert "_secret" in list(names_in(led.__traceback__))


def reached(error: BaseException | None) -> Iterator[BaseException]:
    """An error and all that its chain leads to."""
    seen: list[BaseException] = []
    left = [error]
    while left:
        one = left.pop()
        if one is not None and not any(one is known for known in seen):
            seen.append(one)
            yield one
            left += [one.__cause__, one.__context__]


def names_in(trace: TracebackType | None) -> Iterator[str]:
    """The local variables of its frames."""
    while trace is not None:
        yield from trace.tb_frame.f_locals
        trace = trace.tb_next


async def test_causes_are_copied_without_their_tracebacks() -> None:
    """The chain tells the same story, and nowhere leads to what the leader had in hand."""
    try:
        try:
            raise KeyError("deep")
        except KeyError:
            raise ValueError("cause")  # noqa: B904  the context is what is wanted
    except ValueError as caught:
        cause = caught
    led, copied = await followed(Status(503), cause)
    assert [repr(one) for one in reached(copied)] == [repr(one) for one in reached(led)]
    assert copied.__suppress_context__ is True
    assert copied.__cause__ is not cause
    assert "_secret" in list(names_in(led.__traceback__))
    for one in reached(copied):
        assert "_secret" not in list(names_in(one.__traceback__))
        assert one is copied or one.__traceback__ is None


async def test_a_context_that_is_no_cause_stays_so() -> None:
    """What was being handled when it was raised is told as that, unless it was raised from None."""
    for suppressed in (False, True):
        error = Status(503)
        error.__context__ = KeyError("handled")
        error.__suppress_context__ = suppressed
        _, copied = await followed(error)
        assert repr(copied.__context__) == "KeyError('handled')"
        assert copied.__cause__ is None
        assert copied.__suppress_context__ is suppressed


async def test_a_copy_that_carries_a_traceback_loses_it() -> None:
    """However foreign code copies its errors."""
    _, copied = await followed(Carrying())
    assert "_secret" not in list(names_in(copied.__traceback__))


async def test_the_frames_of_a_follower_do_not_lead_to_the_error_of_the_leader() -> None:
    """Not even by a local variable of ours."""
    led, copied = await followed(Status(503))
    trace = copied.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_name in ("join_async", "_value"):
            values: list[Any] = list(trace.tb_frame.f_locals.values())
            assert not any(value is led for value in values)
            assert not any(getattr(value, "errors", None) for value in values)
        trace = trace.tb_next


async def test_notes_are_each_ones_own() -> None:
    """Those that were there are copied; what one adds later the other does not have."""
    error = Status(503)
    error.add_note("before")
    led, copied = await followed(error)
    led.add_note("leader")
    copied.add_note("follower")
    assert led.__notes__ == ["before", "leader"]
    assert copied.__notes__ == ["before", "follower"]


async def test_a_ring_of_causes_ends() -> None:
    """Two errors that are each other's cause are copied once each."""
    one, two = ValueError("one"), KeyError("two")
    one.__cause__, two.__cause__ = two, one
    _, copied = await followed(one)
    assert [repr(error) for error in reached(copied)] == [repr(one), repr(two)]
    assert copied.__cause__ is not two
    assert copied.__cause__ is not None
    assert copied.__cause__.__cause__ is copied


async def test_a_long_chain_is_cut() -> None:
    """Of hundreds of causes the nearest sixteen are told."""
    error = first = ValueError(0)
    for number in range(1, 500):
        error.__cause__ = error.__context__ = ValueError(number)
        assert isinstance(error.__cause__, ValueError)
        error = error.__cause__
    _, copied = await followed(first)
    assert [one.args[0] for one in reached(copied)] == list(range(16))


async def test_no_traceback_grows() -> None:
    """Fifty followers of one failure: each has the frames of its own way alone, and the leader's has not grown."""
    flights, clock = Flights(), FakeClock()
    error = Status(503)

    async def read() -> None:
        await turns()
        raise error

    joins = [flights.join_async("key", read, clock) for _ in range(51)]
    ends = await asyncio.gather(*joins, return_exceptions=True)
    assert ends[0] is error
    lengths = [len(list(frames(one))) for one in ends if isinstance(one, Status)]
    assert len(lengths) == 51
    assert lengths[0] == len(list(frames(error))) <= 3
    assert set(lengths[1:]) == {2}


def frames(error: BaseException) -> Iterator[str]:
    """The names of the frames of its traceback."""
    trace = error.__traceback__
    while trace is not None:
        yield trace.tb_frame.f_code.co_name
        trace = trace.tb_next
