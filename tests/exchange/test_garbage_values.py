"""Proves that an answer of another pair or order, or of no amounts, is no success; and each bug found so."""

from __future__ import annotations

import asyncio
import os
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

import switchgear as sg
from switchgear.exchange import BinanceApi, FieldError, OrderRequest, OrderType, Side, SymbolInfo
from switchgear.exchange.transport import encoded
from switchgear.practice.sim.server import Sim
from tests.exchange.fuzz_mutate import ODD, Pairs, Raw, items, parsed, written
from tests.exchange.fuzz_server import Feeder, answered, head_and_body, with_body
from tests.exchange.fuzz_tape import forwarded, played, recorded
from tests.exchange.fuzz_truth import check
from tests.exchange.kit import BTC, one_attempt
from tests.exchange.venues import CASES, Case

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from switchgear.testing import FakeClock
    from tests.exchange.fuzz_tape import Take

SOAK = os.environ.get("HYPOTHESIS_PROFILE") == "soak"
pytestmark = pytest.mark.anyio
NAMES = {
    "binance": (b'"BTCUSDT"', b'"ETHUSDT"'),
    "coinbase": (b'"BTC-USD"', b'"ETH-USD"'),
    "alpaca": (b'"BTC/USD"', b'"ETH/USD"'),
}
OF_A_PAIR = {
    "get_market_price",
    "get_order_book",
    "create_order",
    "cancel_order",
    "get_order",
    "get_open_orders",
    "get_trades",
    "get_symbol",
    "cancel_all",
}
OF_AN_ORDER = {"create_order", "cancel_order", "get_order"}


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
def tapes() -> dict[str, list[Take]]:
    """The same of each venue by its name, for what one alone does."""
    return {case.name: asyncio.run(recorded(case)) for case in CASES}


@pytest.fixture
async def feeder() -> AsyncIterator[Feeder]:
    """What answers."""
    async with Feeder() as running:
        yield running


def replaced(take: Take, old: bytes, new: bytes) -> tuple[bytes, ...] | None:
    """The answers with the last one of another thing; None where it does not name it."""
    _, body = head_and_body(take.answers[-1])
    if old not in body:
        return None
    return (*take.answers[:-1], with_body(take.answers[-1], body.replace(old, new)))


async def test_an_answer_of_another_pair_is_no_success(
    takes: list[Take], case: Case, feeder: Feeder
) -> None:
    """Whatever the answer is of, it must be of what was asked for, as far as it says of what it is."""
    seen: set[str] = set()
    for take in takes:
        answers = replaced(take, *NAMES[case.name])
        if answers is None or take.call.method not in OF_A_PAIR or not take.call.args:
            continue
        ending = await played(take, answers, feeder)
        check(take, ending)
        booked = case.name == "coinbase" and take.call.method == "create_order"
        assert ending.error is not None or ending.value == [], f"{take}: {ending.value!r}"
        assert not booked or isinstance(ending.error, sg.OrderOutcomeUnknown)
        seen.add(take.call.method)
    assert len(seen) >= 7, seen


async def test_an_answer_of_another_order_is_no_success(
    takes: list[Take], case: Case, feeder: Feeder
) -> None:
    """Neither under another id nor under another name."""
    seen: set[str] = set()
    for take in takes:
        if take.call.method not in OF_AN_ORDER:
            continue
        wanted = (take.value.client_order_id, take.value.order_id)
        for name in (wanted[0] if not take.call.more.get("order_id") else wanted[1],):
            other = name[:-1] + ("7" if name[-1] != "7" else "8")
            quotes = b"" if name.isdigit() else b'"'
            answers = replaced(
                take, quotes + name.encode() + quotes, quotes + other.encode() + quotes
            )
            assert answers is not None, take
            ending = await played(take, answers, feeder)
            check(take, ending)
            assert ending.error is not None, f"{take}: {ending.value!r}"
            seen.add(take.call.method)
    assert seen == OF_AN_ORDER


def leaves(value: Any) -> Iterator[list[Any]]:
    """Every pair of an object whose value is no object or list, the first of each name."""
    found: dict[str, list[Any]] = {}

    def walk(inner: Any) -> None:
        for each in items(inner):
            pair: list[Any] = each if isinstance(inner, Pairs) else ["", each]
            if isinstance(pair[1], list):
                walk(pair[1])
            elif isinstance(inner, Pairs):
                found.setdefault(pair[0], pair)

    walk(value)
    yield from found.values()


@pytest.mark.slow
async def test_no_odd_value_of_any_field_is_believed(takes: list[Take], feeder: Feeder) -> None:
    """Every third field with one oddity, in a soak each with each: slow, for they are hundreds."""
    seen: set[str] = set()
    for take in {take.call.method: take for take in takes}.values():
        for at, answer in enumerate(take.answers):
            value = parsed(head_and_body(answer)[1])
            shape = " ".join(pair[0] for pair in leaves(value))
            if at < len(take.answers) - 1 and shape in seen:
                continue  # the time, a list: asked before many a call, and read alike
            seen.add(shape)
            for number, pair in enumerate(leaves(value)):
                odd = (number + at) % len(ODD)
                for each in ODD if SOAK else ODD[odd : odd + (number % 3 == 0)]:
                    kept, pair[1] = pair[1], Raw(each)
                    spoilt = written(value).encode("utf-8", "surrogatepass")
                    pair[1] = kept
                    answers = list(take.answers)
                    answers[at] = with_body(answer, spoilt)
                    check(take, await played(take, tuple(answers), feeder))


# ------------------------------------------------------------------------------ what was found so


async def balances(gear: sg.Switchgear, *answers: bytes) -> Any:
    """What the signed call makes of these answers, the first of which is the time."""
    one_attempt(gear)
    left = list(answers)

    async def answer(_request: bytes) -> bytes:
        return left.pop(0) if len(left) > 1 else left[0]

    async with (
        Feeder(answer) as feeder,
        BinanceApi(gear, key="key-of-a-test", secret="its-secret", base_url=feeder.url) as api,
    ):
        return await api.get_account_balance()


@pytest.mark.parametrize("told", [b"9" * 400, b"9" * 5000, b"-" + b"9" * 400, b"1e3", b'"1"'])
async def test_a_time_beyond_all_dates_is_no_crash(gear: sg.Switchgear, told: bytes) -> None:
    """It was an OverflowError out of the arithmetic of clocks; it is a time that could not be had."""
    answers = (answered(b'{"serverTime":%b}' % told), answered(b'{"balances":[]}'))
    assert await balances(gear, *answers) == {}


FOUND = [
    ("binance", "get_open_orders", "time", "253402300800000"),
    ("binance", "get_trades", "symbol", '"ETHUSDT"'),
    ("coinbase", "get_account_balance", "epochMillis", '"' + "9" * 5000 + '"'),
    ("coinbase", "get_account_balance", "epochMillis", '"253402300800000"'),
    ("coinbase", "get_account_balance", "currency", '"USD"'),
    ("coinbase", "get_open_orders", "base_size", '"x"'),
    ("coinbase", "get_open_orders", "filled_size", '"1e400"'),
    ("coinbase", "get_open_orders", "created_time", '"0001-01-01T00:00:00+14:00"'),
    ("coinbase", "get_open_orders", "created_time", '"2026-01-01T00:00:00"'),
    ("coinbase", "get_order_book", "time", '"2026-01-01T00:00:00"'),
    ("coinbase", "get_trades", "trade_time", '"9999-12-31T23:59:59-14:00"'),
    ("coinbase", "get_trades", "trade_id", '""'),
    ("coinbase", "get_market_data", "start", '"1_767_225_600"'),
    ("coinbase", "get_market_prices", "price", '""'),
    ("coinbase", "get_order", "product_id", '"' + "A" * 3000 + '"'),
]
"""A venue, a method, a field of its answers, and what was no error of ours, or none at all, in its place."""


@pytest.mark.parametrize(("venue", "method", "name", "odd"), FOUND)
async def test_what_was_found_stays_an_error(
    tapes: dict[str, list[Take]], feeder: Feeder, venue: str, method: str, name: str, odd: str
) -> None:
    """Each of these crashed a call, was believed, or was read in this machine's time zone."""
    take = next(each for each in tapes[venue] if each.call.method == method)
    answers = list(take.answers)
    for at, answer in enumerate(answers):
        value = parsed(head_and_body(answer)[1])
        for pair in leaves(value):
            if pair[0] == name:
                pair[1] = Raw(odd)
        answers[at] = with_body(answer, written(value).encode())
    assert answers != list(take.answers)
    ending = await played(take, tuple(answers), feeder)
    check(take, ending)
    if name == "epochMillis":  # without it the machine's own time serves
        assert ending.value == take.value
    else:
        assert isinstance(ending.error, sg.ApiError), ending.value


@pytest.mark.parametrize("odd", ["NaN", "-1", "Infinity", "1e400", "sNaN"])
async def test_a_rule_that_is_no_amount_is_no_rule(gear: sg.Switchgear, odd: str) -> None:
    """A filter of NaN was believed, and the next order crashed on it."""
    one_attempt(gear)
    body = (
        '{"symbols":[{"symbol":"BTCUSDT","status":"TRADING","baseAsset":"BTC","quoteAsset":"USDT",'
        f'"filters":[{{"filterType":"LOT_SIZE","minQty":"{odd}","stepSize":"0.1"}}]}}]}}'
    )

    async def answer(_request: bytes) -> bytes:
        return answered(body.encode())

    async with Feeder(answer) as feeder, BinanceApi(gear, base_url=feeder.url) as api:
        with pytest.raises(sg.ApiError, match="cannot be read"):
            await api.get_symbol(BTC)


def order(**more: Any) -> OrderRequest:
    """A limit order."""
    given: dict[str, Any] = {"quantity": Decimal(1), "price": Decimal(30000), **more}
    return OrderRequest(BTC, Side.BUY, OrderType.LIMIT, **given)


def test_a_tiny_step_is_no_crash() -> None:
    """With 28 digits the remainder could not be told, and the check of an order crashed on it."""
    info = SymbolInfo("binance", BTC, "BTCUSDT", "BTC", "USDT", price_tick=Decimal("1e-39"))
    info.check(order())
    third = SymbolInfo("binance", BTC, "BTCUSDT", "BTC", "USDT", quantity_step=Decimal("3e-39"))
    with pytest.raises(FieldError, match="multiple"):
        third.check(order(quantity=Decimal(10)))


def test_a_letter_of_another_script_is_encoded() -> None:
    """It counts as a letter, and went into the address as it is."""
    assert encoded({"cursor": "é1"}) == "cursor=%C3%A91"


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ('"\\u001b]0;x\\u0007"', "\\x1b]0;x\\x07"),
        ("9" * 3000, "9" * 90),
        ('"secret=abcdefgh"', "secret=***"),
    ],
    ids=["terminal", "endless", "a secret"],
)
async def test_a_code_of_garbage_is_shown_harmless(
    gear: sg.Switchgear, code: str, shown: str
) -> None:
    """A code is bounded, visible and masked, as a message is."""
    one_attempt(gear)

    async def answer(_request: bytes) -> bytes:
        return answered(f'{{"code":{code},"msg":"a\\nb"}}'.encode(), status=b"400 Bad Request")

    async with Feeder(answer) as feeder, BinanceApi(gear, base_url=feeder.url) as api:
        with pytest.raises(sg.ApiError) as caught:
            await api.get_market_price(BTC)
    assert shown in str(caught.value)
    assert "a\\nb" in str(caught.value)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 400


async def test_a_clock_found_wrong_after_an_order_says_nothing_of_it(
    tapes: dict[str, list[Take]], gear: sg.Switchgear, clock: FakeClock
) -> None:
    """The time is asked again while a booked order is looked at; a wrong one does not prove it unsent."""
    take = [take for take in tapes["coinbase"] if take.call.order is not None][1]
    gear.configure("*", retries=0, timeout_s=60, deadline_s=None)
    left = [answered(b"", status=b"500 X"), take.answers[1], answered(b'{"epochMillis":"1"}')]

    async def answer(request: bytes) -> bytes:
        if request.startswith(b"POST"):
            clock.advance(11)  # the time could not be had before: it is due again
        return left.pop(0)

    async with (
        Feeder(answer) as feeder,
        take.case.api(
            gear, key=take.key, secret=take.secret, base_url=feeder.url, check_rules=False
        ) as api,
    ):
        with pytest.raises(sg.OrderOutcomeUnknown, match=take.value.order_id) as caught:
            await api.create_order(take.call.order)
    assert caught.value.verdict is not None
    assert not caught.value.verdict.unsent
    assert left == []


async def test_pages_that_repeat_themselves_are_no_candles(
    takes: list[Take], case: Case, gear: sg.Switchgear, clock: FakeClock
) -> None:
    """A venue that gives the newest page again and again gives no 1,001 candles."""
    async with Sim(clock=clock, venue=case.name) as sim:

        async def answer(request: bytes) -> bytes:
            return first.setdefault(b"kept", await forwarded(sim.base_url, request))

        first: dict[bytes, bytes] = {}
        given = {"key": sim.key, "secret": sim.secret}
        async with Feeder(answer) as feeder, case.api(gear, **given, base_url=feeder.url) as api:
            if case.name == "alpaca":
                first[b"kept"] = takes[0].answers[0]  # the list of coins, which it asks for first
                await api.get_symbols()
                first.clear()
            with pytest.raises(sg.ApiError, match="cannot be read"):
                await api.get_market_data(case.symbol, limit=1001)


async def test_a_cancel_that_is_not_spoken_of_is_no_success(
    tapes: dict[str, list[Take]], feeder: Feeder
) -> None:
    """Where orders were to be cancelled and the answer is of none or of others, none was cancelled."""
    for take in (each for each in tapes["coinbase"] if each.call.method == "cancel_all"):
        for results in ("[]", '[{"success":true,"order_id":"another","failure_reason":""}]'):
            spoilt = answered(f'{{"results":{results}}}'.encode())
            ending = await played(take, (*take.answers[:-1], spoilt), feeder)
            assert isinstance(ending.error, sg.ApiError), ending.value


@pytest.mark.parametrize(
    "odd", ["?x", "../positions", "a b", "a\\r\\nX: y", "é", "%2e%2e", "A" * 900]
)
async def test_an_order_id_of_garbage_is_never_a_part_of_an_address(
    takes: list[Take], feeder: Feeder, odd: str
) -> None:
    """The order that was found by its name has an id that leads elsewhere: nothing is asked there."""
    for take in takes:
        if take.call.method == "cancel_order" and take.call.more.get("client_order_id"):
            order_id = take.value.order_id
            answers = [
                with_body(each, head_and_body(each)[1].replace(order_id.encode(), odd.encode()))
                for each in take.answers
            ]
            ending = await played(take, tuple(answers), feeder)
            check(take, ending)
            assert isinstance(ending.error, sg.ApiError), ending.value
            assert len(ending.fed) <= 2, [request[:80] for request, _ in ending.fed]
