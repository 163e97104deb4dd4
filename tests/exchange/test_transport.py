"""Proves what becomes of odd answers and of failures on the way, and that no secret leaves with them."""

from __future__ import annotations

import asyncio
import gzip
import re
import traceback
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import switchgear as sg
from switchgear.exchange import BinanceApi
from switchgear.exchange import transport as transport_module
from switchgear.exchange.reply import Target, endless
from switchgear.exchange.transport import Transport
from tests.exchange.kit import BTC, MARKET, answer_bytes, odd_server, one_attempt, texts

if TYPE_CHECKING:
    from switchgear.practice.sim.server import Sim

pytestmark = pytest.mark.anyio
TARGET = Target("binance", "get_market_price", sg.Effect.READ)
PRICE = b'{"symbol":"BTCUSDT","price":"60000.10","more":[1,2]}'
CANARY_KEY, CANARY_SECRET = "canary-key-4f1e9a77", "canary-secret-b80cd3e2"


async def price_from(gear: sg.Switchgear, answer: bytes) -> Decimal:
    """The price that a server with this one answer gives, in a single attempt."""
    one_attempt(gear)
    async with odd_server(answer) as url, BinanceApi(gear, base_url=url) as api:
        return await api.get_market_price(BTC)


async def test_a_packed_answer_is_unpacked(gear: sg.Switchgear) -> None:
    """Compression is asked for and read, and fields that nobody knows are let be."""
    packed = answer_bytes(gzip.compress(PRICE), "Content-Encoding: gzip")
    assert await price_from(gear, packed) == Decimal("60000.10")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"<html></html>",
        b'{"symbol":"BTCUSDT"}',
        b'{"symbol":"BTCUSDT","price":"abc"}',
        b'{"symbol":"BTCUSDT","price":"NaN"}',
        b'{"symbol":"BTCUSDT","price":"0"}',
        b'{"symbol":"BTCUSDT","price":"-1"}',
        b'{"symbol":"BTCUSDT","price":"Infinity"}',
        b"[" * 100_000,
        b"\xff",
    ],
)
async def test_an_answer_that_is_no_price_is_a_failure(gear: sg.Switchgear, body: bytes) -> None:
    """It counts against the circuit, and the error says that the answer cannot be read."""
    with pytest.raises(sg.ApiError, match="cannot be read") as caught:
        await price_from(gear, answer_bytes(body))
    assert caught.value.verdict is not None
    assert (caught.value.status, caught.value.verdict.counts) == (200, True)


@pytest.mark.parametrize("packed", [True, False])
async def test_a_huge_body_is_not_read_to_its_end(
    gear: sg.Switchgear, monkeypatch: pytest.MonkeyPatch, packed: bool
) -> None:
    """A body above the bound, unpacked, is given up; the bound is made small here."""
    monkeypatch.setattr(transport_module, "BODY_BYTES_MAX", 100_000)
    body = b" " * 1_000_000
    answer = answer_bytes(gzip.compress(body), "Content-Encoding: gzip")
    with pytest.raises(sg.ApiError, match="longer than 100000 bytes"):
        await price_from(gear, answer if packed else answer_bytes(body))


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"not http at all\r\n\r\n",
        answer_bytes(PRICE, length=len(PRICE) + 5),
        answer_bytes(b"not gzip", "Content-Encoding: gzip"),
        b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 100_000 + b"\r\n\r\n",
    ],
    ids=["closed", "garbage", "cut", "false gzip", "long header"],
)
async def test_an_answer_that_does_not_arrive_whole_is_a_network_error(
    gear: sg.Switchgear, answer: bytes
) -> None:
    """Whatever breaks on the way is told as one class, with a verdict."""
    with pytest.raises(sg.NetworkError) as caught:
        await price_from(gear, answer)
    assert caught.value.verdict is not None
    assert caught.value.verdict.counts
    assert not caught.value.verdict.unsent


async def test_a_broken_answer_to_an_order_is_no_refusal(gear: sg.Switchgear) -> None:
    """A status of 400 is made up by aiohttp for what is no HTTP; the order may be booked all the same."""
    async with (
        odd_server(b"not http at all\r\n\r\n") as url,
        BinanceApi(gear, key=CANARY_KEY, secret=CANARY_SECRET, base_url=url) as api,
    ):
        with pytest.raises(sg.OrderOutcomeUnknown) as caught:
            await api.create_order(MARKET)
    assert caught.value.status is None


async def test_a_redirect_is_not_followed(gear: sg.Switchgear) -> None:
    """An exchange does not redirect; whoever does, gets no signed request."""
    answer = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"
    with pytest.raises(sg.ApiError) as caught:
        await price_from(gear, answer)
    assert caught.value.status == 302


async def test_a_name_that_is_not_found_is_unsent(gear: sg.Switchgear) -> None:
    """No connection came about, and the verdict proves it."""
    one_attempt(gear)
    async with BinanceApi(gear, base_url="http://nowhere.invalid") as api:
        with pytest.raises(sg.NetworkError) as caught:
            await api.get_market_price(BTC)
    assert caught.value.verdict is not None
    assert caught.value.verdict.unsent


async def test_a_whole_request_has_a_bound_of_its_own(sim: Sim) -> None:
    """Without a guard's timeout the transport's ends a request, as an AttemptTimeout."""
    async with odd_server_that_waits() as url:
        transport = Transport(url)
        with pytest.raises(sg.AttemptTimeout) as caught:
            await transport.request(
                "GET", "/", Target("binance", "a", sg.Effect.TRADE), total_s=0.01
            )
        await transport.close()
    assert caught.value.verdict is not None
    assert caught.value.verdict.ambiguous


def odd_server_that_waits() -> Any:
    """A server that promises more than it sends, and keeps the connection."""
    return odd_server(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", hold=True)


async def test_closing_twice_and_calling_again_are_fine(sim: Sim) -> None:
    """A closed transport opens a new connection when it is asked again."""
    transport, target = Transport(sim.base_url), Target("binance", "a", sg.Effect.READ)
    await transport.close()
    for _ in range(2):
        reply = await transport.request("GET", "/api/v3/ping", target)
        assert (reply.status, reply.body) == (200, b"{}")
        await transport.close()


FAULTS: list[dict[str, Any]] = [
    {"action": "reset_before"},
    {"action": "cut"},
    {"action": "html", "status": 502},
    {"action": "answer", "status": 401, "code": -2015, "msg": f"bad key {CANARY_KEY}"},
    {"action": "answer", "status": 400, "code": -1022, "msg": f"not by {CANARY_SECRET}"},
    {"action": "answer", "status": 400, "code": -1100, "msg": "signature=0123456789abcdef"},
]


@pytest.fixture(params=FAULTS, ids=lambda fault: f"{fault['action']} {fault.get('code', '')}")
def fault(request: pytest.FixtureRequest) -> dict[str, Any]:
    """A fault that answers with a secret, or that a client could tell with one."""
    found: dict[str, Any] = request.param
    return found


async def test_a_canary_secret_is_nowhere(
    gear: sg.Switchgear, sim: Sim, fault: dict[str, Any]
) -> None:
    """Key, secret and signature are in no record, no error text and no traceback."""
    one_attempt(gear)
    sim.add_faults({"match": "order.*", **fault})
    sim.add_faults({"match": "account", **fault})
    said: list[str] = []
    async with BinanceApi(gear, key=CANARY_KEY, secret=CANARY_SECRET, base_url=sim.base_url) as api:
        for call in (
            api.get_account_balance,
            lambda: api.get_order(BTC, order_id="1"),
            lambda: api.create_order(MARKET),
        ):
            with pytest.raises(sg.SwitchgearError) as caught:
                await call()
            said += [repr(caught.value), "".join(traceback.format_exception(caught.value))]
        said += [repr(api), repr(gear.metrics("binance", "create_order")), *texts(gear)]
    secret = re.compile(f"{CANARY_KEY}|{CANARY_SECRET}|0123456789abcdef|[0-9a-f]{{64}}")
    assert [text for text in said if secret.search(text)] == []


async def test_a_broken_answer_does_not_print_the_signed_address(gear: sg.Switchgear) -> None:
    """The client's own error for it holds the whole address; ours does not, nor its cause."""
    one_attempt(gear)
    async with (
        odd_server(b"not http at all\r\n\r\n") as url,
        BinanceApi(gear, key=CANARY_KEY, secret=CANARY_SECRET, base_url=url) as api,
    ):
        with pytest.raises(sg.NetworkError) as caught:
            await api.get_order(BTC, order_id="1")
    said = "".join(traceback.format_exception(caught.value))
    assert "the answer is not HTTP" in said
    assert "signature" not in said.replace("signature(self._secret", "")
    assert CANARY_KEY not in said


async def test_a_failure_carries_nothing_of_the_address() -> None:
    """Neither cause nor context hangs on the error: some of aiohttp's print the whole address."""
    transport = Transport("http://127.0.0.1:9")
    with pytest.raises(sg.NetworkError) as caught:
        await transport.request("GET", "/a", TARGET, query="signature=canary")
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)
    await transport.close()


def test_each_event_loop_gives_its_connections_back() -> None:
    """A program that calls asyncio.run again and again keeps no session, and no socket."""

    async def ask(transport: Transport) -> int:
        async with odd_server(answer_bytes(b"{}")) as url:
            transport._place = ("http", url.removeprefix("http://"), "")
            return (await transport.request("GET", "/a", TARGET)).status

    transport = Transport("http://127.0.0.1:9")
    sockets: list[int] = []
    for _ in range(5):
        assert asyncio.run(ask(transport)) == 200
        sockets.append(len([*Path("/proc/self/fd").iterdir()]))
    assert len(transport._sessions) == 1
    assert sockets[-1] <= sockets[0]


def test_a_list_without_end_is_not_asked_for_again() -> None:
    """Reading it anew would cost the rate limit and end the same way; no circuit counts it."""
    verdict = endless(TARGET, 40).verdict
    assert verdict is not None
    assert (verdict.retryable, verdict.counts, verdict.ambiguous) == (False, False, False)
