"""
Proves that garbage in place of an answer is an error of ours, for every method of every client.

Bodies here; what is broken on the way is `test_garbage_wire`, what is nearly true `test_garbage_fuzz`.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

import switchgear as sg
from switchgear.practice.sim.answers import recorded as recorded_refusals
from tests.exchange.fuzz_garbage import BODIES, HTML, SHAPED
from tests.exchange.fuzz_server import Feeder, answered, head_and_body, with_body
from tests.exchange.fuzz_tape import ending as ending_of
from tests.exchange.fuzz_tape import played, recorded
from tests.exchange.fuzz_truth import check
from tests.exchange.venues import CASES, Case

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from tests.exchange.fuzz_tape import Ending, Take

# Every kind of garbage, for every method of three clients.
pytestmark = [pytest.mark.anyio, pytest.mark.slow]
SIGNED = {"get_account_balance", "create_order", "cancel_order"}
LISTS = {
    "get_market_data",
    "get_account_balance",
    "get_portfolio",
    "get_positions",
    "get_open_orders",
    "get_trades",
    "get_symbols",
    "cancel_all",
}
"""What can be empty, or can lack what one of its answers would have told."""

SPOILING: Mapping[str, Callable[[bytes], bytes]] = {
    "half": lambda body: body[: len(body) // 2],
    "all but the last byte": lambda body: body[:-1],
    "all but the first byte": lambda body: body[1:],
    "twice": lambda body: body + body,
    "byte order mark": lambda body: b"\xef\xbb\xbf" + body,
}


@pytest.fixture(scope="module", params=CASES, ids=str)
def case(request: pytest.FixtureRequest) -> Case:
    """One venue after the other."""
    found: Case = request.param
    return found


@pytest.fixture(scope="module")
def takes(case: Case) -> list[Take]:
    """Every call to the venue, with good answers."""
    return asyncio.run(recorded(case))


@pytest.fixture(scope="module")
def few(takes: list[Take]) -> list[Take]:
    """One call of each method."""
    return list({take.call.method: take for take in takes}.values())


@pytest.fixture
async def feeder() -> AsyncIterator[Feeder]:
    """What answers."""
    async with Feeder() as running:
        yield running


def may_be_taken(take: Take, ending: Ending) -> bool:
    """Whether a value is true although the last answer is garbage: the answer before it said enough."""
    match (take.case.name, take.call.method):
        case ("alpaca", "cancel_all"):
            return bool(take.call.args)  # each cancel says all by its status
        case ("binance", "get_open_orders"):
            return not take.call.args  # where the list of pairs is garbage, names are guessed
        case _:
            return False


async def spoilt_at_its_end(take: Take, last: bytes, feeder: Feeder) -> Ending:
    """What becomes of a call whose last answer is this one."""
    ending = await played(take, (*take.answers[:-1], last), feeder)
    check(take, ending)
    return ending


def test_every_method_is_fed(takes: list[Take], case: Case) -> None:
    """No method of the client is left out."""
    assert {take.call.method for take in takes} == set(case.api.methods)


async def test_what_was_recorded_is_believed(takes: list[Take], feeder: Feeder) -> None:
    """The good answers, played again, give the same values: what is refused below is the garbage."""
    for take in takes:
        ending = await played(take, take.answers, feeder)
        check(take, ending)
        assert (ending.error, ending.value) == (None, take.value), take


@pytest.mark.parametrize("name", BODIES)
async def test_garbage_for_an_answer_is_an_error(
    few: list[Take], feeder: Feeder, name: str
) -> None:
    """Every call ends with an error that says so, or with what the answers before it said."""
    for take in few:
        ending = await spoilt_at_its_end(take, answered(BODIES[name]), feeder)
        taken = may_be_taken(take, ending)
        assert (ending.error is None) == taken, f"{take}: {ending.error!r} {ending.value!r}"


@pytest.mark.parametrize("name", [*BODIES, *SHAPED])
async def test_nothing_but_garbage_is_an_error(few: list[Take], feeder: Feeder, name: str) -> None:
    """Where the time, the list of coins and all else is garbage too, no call crashes or succeeds."""
    garbage = answered({**BODIES, **SHAPED}[name])
    for take in few:
        if take.call.method in SIGNED:
            ending = await played(take, (garbage,), feeder)
            check(take, ending)
            assert ending.error is not None, f"{take}: {ending.value!r}"


@pytest.mark.parametrize("name", SHAPED)
async def test_an_answer_of_nothing_is_at_most_nothing(
    few: list[Take], feeder: Feeder, name: str
) -> None:
    """Where an empty list can be an answer it is an empty one; elsewhere it is an error."""
    for take in few:
        ending = await spoilt_at_its_end(take, answered(SHAPED[name]), feeder)
        empty = take.call.method in LISTS and len(str(ending.value)) < len(str(take.value))
        assert ending.error is not None or empty or may_be_taken(take, ending), take


@pytest.mark.parametrize("name", SPOILING)
async def test_a_body_that_is_cut_or_doubled_is_an_error(
    few: list[Take], feeder: Feeder, name: str
) -> None:
    """Half of an answer, all but its last byte, and two of them are no answer."""
    for take in few:
        _, body = head_and_body(take.answers[-1])
        spoilt = with_body(take.answers[-1], SPOILING[name](body))
        ending = await spoilt_at_its_end(take, spoilt, feeder)
        assert ending.error is not None or may_be_taken(take, ending), take


@pytest.mark.parametrize("charset", ["utf-16", "utf-16-be", "utf-32", "cp500"])
async def test_another_charset_is_an_error(few: list[Take], feeder: Feeder, charset: str) -> None:
    """A good answer in another charset is not guessed at, whatever the header says."""
    for take in few:
        _, body = head_and_body(take.answers[-1])
        spoilt = answered(
            body.decode(errors="replace").encode(charset),
            kind=b"application/json; charset=" + charset.encode(),
        )
        ending = await spoilt_at_its_end(take, spoilt, feeder)
        assert ending.error is not None or may_be_taken(take, ending), take


@pytest.mark.parametrize("kind", [b"text/html; charset=utf-16", b"", b"image/png", b"\xff\xfe/;;="])
async def test_a_lie_in_the_content_type_changes_nothing(
    few: list[Take], feeder: Feeder, kind: bytes
) -> None:
    """The body speaks for itself: a good one is believed."""
    for take in few:
        _, body = head_and_body(take.answers[-1])
        ending = await spoilt_at_its_end(take, answered(body, kind=kind), feeder)
        assert ending.value == take.value, f"{take}: {ending.error!r}"


@pytest.mark.slow
async def test_a_refusal_of_the_venue_is_never_a_value(
    few: list[Take], case: Case, feeder: Feeder
) -> None:
    """Every kind of recorded refusal, with its own status and with 200: slow, for they are many."""
    [take] = [take for take in few if take.call.method == "create_order"]
    at = len(take.answers) - (2 if case.name == "coinbase" else 1)  # there the last one only looks
    for first, *_ in recorded_refusals(case.name).values():
        told = first.filled(until_ms=1_767_225_700_000, reset_s=1_767_225_660)
        for status in {told.status, 200}:
            raw = answered(told.body.encode(), status=b"%d X" % status)
            ending = await played(take, (*take.answers[:at], raw), feeder)
            check(take, ending)
            assert isinstance(ending.error, sg.ApiError), f"{take} {told.name} {status}"


async def test_what_we_sent_is_not_shown_when_it_is_sent_back(
    few: list[Take], feeder: Feeder
) -> None:
    """A proxy that prints the request, in a page, a message or a code, prints keys and signatures."""
    for take in (each for each in few if each.call.method in SIGNED):
        for spelling in (
            b"<pre>%b</pre>",
            b'{"code":"%b","msg":"x"}',
            b'{"error":"%b"}',
            b'{"msg":"%b"}',
        ):
            left = list(take.answers[:-1])

            async def answer(
                request: bytes, left: list[bytes] = left, spelling: bytes = spelling
            ) -> bytes:
                if left:
                    return left.pop(0)
                sent = request.replace(b"\r\n", b" ")
                return answered(spelling % sent[-900:], status=b"400 Bad Request")

            feeder.answer = answer
            check(take, await ending_of(take, feeder))


@pytest.mark.parametrize("status", [400, 403, 404, 418, 429, 503, 520])
async def test_a_page_with_any_status_is_an_error(
    few: list[Take], feeder: Feeder, status: int
) -> None:
    """The error has a verdict, and an order is refused by a 4xx alone."""
    page = answered(HTML, status=b"%d X" % status, kind=b"text/html")
    for take in few:
        ending = await spoilt_at_its_end(take, page, feeder)
        done = take.call.method == "cancel_all" and ending.error is None
        assert ending.error is not None or may_be_taken(take, ending) or done, take
