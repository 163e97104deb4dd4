"""Proves that what breaks or swells on the way is bounded, is an error, and is nobody else's answer."""

from __future__ import annotations

import asyncio
import gzip
import tracemalloc
from contextlib import asynccontextmanager, suppress
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

import switchgear as sg
from switchgear.exchange import BinanceApi
from switchgear.exchange.transport import BODY_BYTES_MAX
from tests.exchange.fuzz_garbage import GOOD, MIB, WIRES, packed_zeros, storm, twice_packed
from tests.exchange.fuzz_server import Feeder, answered, head_and_body
from tests.exchange.fuzz_tape import played, recorded
from tests.exchange.fuzz_truth import check
from tests.exchange.kit import BTC, MARKET, one_attempt
from tests.exchange.venues import CASES, Case

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    from tests.exchange.fuzz_tape import Take

# Every kind of garbage, for every method of three clients.
pytestmark = [pytest.mark.anyio, pytest.mark.slow]
MEMORY_BYTES_MAX = 64 * MIB
ENOUGH = {"get_market_price", "get_account_balance", "create_order", "cancel_order"}
HUGE = {
    "10 MiB of spaces": lambda: answered(b" " * BODY_BYTES_MAX),
    "10 MiB in a text": lambda: answered(b'{"msg":"' + b"x" * (BODY_BYTES_MAX - 10) + b'"}'),
    "10 MiB of numbers": lambda: answered(b"[" + b"1," * (5 * MIB - 2) + b"1]"),
    "10 MiB refused": lambda: answered(
        b'{"msg":"' + b"x" * (BODY_BYTES_MAX - 10) + b'"}', status=b"400 Bad Request"
    ),
    "11 MiB": lambda: answered(b" " * (11 * MIB)),
    "11 MiB without a length": lambda: (
        b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + b" " * (11 * MIB)
    ),
    "gzip of 1 GiB": lambda: answered(
        packed_zeros(1024 * MIB, gzipped=True), b"Content-Encoding: gzip"
    ),
    "deflate of 1 GiB": lambda: answered(
        packed_zeros(1024 * MIB, gzipped=False), b"Content-Encoding: deflate"
    ),
    "gzip of 1 GiB refused": lambda: answered(
        packed_zeros(1024 * MIB, gzipped=True), b"Content-Encoding: gzip", status=b"400 X"
    ),
    "gzip of gzip of 1 GiB": lambda: answered(
        twice_packed(1024 * MIB), b"Content-Encoding: gzip, gzip"
    ),
}

KEPT = {name for name in HUGE if name.startswith("10 MiB")} | {"gzip of gzip of 1 GiB"}
"""What is read to its end; of what is packed twice no client unpacks more than once."""


@pytest.fixture(scope="module", params=CASES, ids=str)
def case(request: pytest.FixtureRequest) -> Case:
    """One venue after the other."""
    found: Case = request.param
    return found


@pytest.fixture(scope="module")
def takes(case: Case) -> list[Take]:
    """A call that reads in public, one of the account, an order and a cancel."""
    every = {take.call.method: take for take in asyncio.run(recorded(case))}
    return [every[method] for method in sorted(ENOUGH)]


@pytest.fixture
async def feeder() -> AsyncIterator[Feeder]:
    """What answers."""
    async with Feeder() as running:
        yield running


@pytest.mark.parametrize("name", WIRES)
async def test_what_breaks_on_the_way_is_an_error(
    takes: list[Take], feeder: Feeder, name: str
) -> None:
    """No call crashes or hangs, none succeeds, and an order is never told refused for it."""
    for take in takes:
        at = max(1, len(take.answers) - 1)
        ending = await played(take, (*take.answers[: at - 1], WIRES[name]), feeder)
        check(take, ending)
        assert ending.error is not None, f"{take}: {ending.value!r}"
        assert not isinstance(ending.error, sg.OrderRefused)


@pytest.mark.parametrize("name", HUGE)
async def test_a_huge_answer_costs_no_more_than_its_bound(
    takes: list[Take], feeder: Feeder, name: str
) -> None:
    """10 MiB are read, more is given up, packed or not."""
    huge = HUGE[name]()
    take = takes[-1]
    answers = (*take.answers[:-1], huge)
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    ending = await played(take, answers, feeder)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    check(take, ending)
    assert isinstance(ending.error, sg.ApiError)
    assert ("longer than" in str(ending.error)) == (name not in KEPT)
    assert most - before < MEMORY_BYTES_MAX, f"{(most - before) / MIB:.0f} MiB"


async def test_interim_answers_before_the_answer_are_passed_over(
    takes: list[Take], feeder: Feeder
) -> None:
    """Some hundred of 100 Continue change nothing."""
    for take in takes:
        answers = (*take.answers[:-1], storm(take.answers[-1], 300))
        ending = await played(take, answers, feeder)
        check(take, ending)
        assert ending.value == take.value, f"{take}: {ending.error!r}"


async def test_right_packing_is_unpacked(takes: list[Take], feeder: Feeder) -> None:
    """Chunks of one byte, and gzip of several parts, are what they hold."""
    for take in takes:
        _, body = head_and_body(take.answers[-1])
        chunks = b"".join(b"1\r\n%b\r\n" % body[at : at + 1] for at in range(len(body)))
        parts = gzip.compress(body[:9]) + gzip.compress(body[9:])
        for answer in (
            answered(chunks + b"0\r\n\r\n", b"Transfer-Encoding: chunked"),
            answered(parts, b"Content-Encoding: gzip"),
        ):
            ending = await played(take, (*take.answers[:-1], answer), feeder)
            check(take, ending)
            assert ending.value == take.value, f"{take}: {ending.error!r}"


class Chatty:
    """A server that keeps its connections, and says something on one when nobody asked."""

    def __init__(self) -> None:
        self.asked = 0
        self._writers: list[asyncio.StreamWriter] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer each request with a price that is the number of the request."""
        self._writers.append(writer)
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                await reader.readuntil(b"\r\n\r\n")
                self.asked += 1
                body = b'{"symbol":"BTCUSDT","price":"%d"}' % self.asked
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
        writer.close()

    async def say(self, answer: bytes) -> None:
        """Send an answer to nothing, and let it arrive."""
        self._writers[-1].write(answer)
        for _ in range(20):  # turns of the loop: loopback needs but a few
            await asyncio.wait([asyncio.ensure_future(_turn())])


async def _turn() -> None:
    """One turn of the loop."""


@asynccontextmanager
async def chatty() -> AsyncGenerator[tuple[Chatty, str]]:
    """The server, and its address."""
    made = Chatty()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    async with server:
        host, port, *_ = server.sockets[0].getsockname()
        yield made, f"http://{host}:{port}"


@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 33\r\n\r\n" + b'{"symbol":"BTCUSDT","price":"666"}',
        b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
        b"HTTP/1.1 200 ",
        b"\x00\xff",
    ],
    ids=["a price", "408", "400", "half a price", "half a line", "garbage"],
)
async def test_an_answer_that_nobody_asked_for_is_nobodys(gear: sg.Switchgear, said: bytes) -> None:
    """What comes on a connection that rests is not the answer to the next request."""
    one_attempt(gear)
    async with chatty() as (server, url), BinanceApi(gear, base_url=url) as api:
        assert await api.get_market_price(BTC) == Decimal(1)
        await server.say(said)
        assert await api.get_market_price(BTC) == Decimal(2)
        assert await api.get_market_price(BTC) == Decimal(3)
        assert server.asked == 3


async def test_an_order_is_not_refused_by_an_answer_that_nobody_asked_for(
    gear: sg.Switchgear,
) -> None:
    """A proxy that tires of an idle connection says 400 on it; the order after it is not refused."""
    async with (
        chatty() as (server, url),
        BinanceApi(
            gear, key="key-of-a-test", secret="its-secret", base_url=url, check_rules=False
        ) as api,
    ):
        await api.get_market_price(BTC)
        await server.say(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        with pytest.raises(sg.OrderOutcomeUnknown) as caught:
            await api.create_order(MARKET)
    assert caught.value.status == 200  # the server's own: a price where an order should be


async def test_good_and_bad_answers_in_one_connection_are_each_to_its_own(
    gear: sg.Switchgear,
) -> None:
    """Two answers at once to one request: the first one is taken, the second one by nobody."""
    one_attempt(gear)
    twice = answered(GOOD) + answered(GOOD.replace(b"60000", b"666"))
    twice = twice.replace(b"Connection: close\r\n", b"")

    async def answer(_request: bytes) -> bytes:
        return twice

    async with Feeder(answer) as feeder, BinanceApi(gear, base_url=feeder.url) as api:
        for _ in range(3):
            assert await api.get_market_price(BTC) == Decimal("60000.10")
