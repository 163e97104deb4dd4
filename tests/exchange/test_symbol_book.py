"""Proves what is remembered of pairs: for how long, who waits for it, and that it never holds an order up."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from switchgear.core.errors import ApiError
from switchgear.core.words import Kind, Verdict
from switchgear.exchange import FieldError, SymbolInfo
from switchgear.exchange.symbol_book import AGAIN_S, FRESH_S, HALT_S, WAIT_S, SymbolBook
from switchgear.testing import FakeClock

if TYPE_CHECKING:
    from collections.abc import Mapping

pytestmark = pytest.mark.anyio

BTC, ETH = "BTC/USDT", "ETH/USDT"


def info(symbol: str, *, tradable: bool = True) -> SymbolInfo:
    """A pair without rules."""
    base, _, quote = symbol.partition("/")
    return SymbolInfo("venue", symbol, base + quote, base, quote, tradable)


class Venue:
    """An exchange that is asked for pairs: it answers, fails, or hangs until it is told to go on."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.asked: list[str] = []
        self.listed = 0
        self.known = {BTC: info(BTC), ETH: info(ETH)}
        self.error: Exception | None = None
        self.begun, self.free = asyncio.Event(), asyncio.Event()
        self.free.set()
        self.book = SymbolBook("venue", self.clock, self.find, self.load)

    async def find(self, symbol: str) -> SymbolInfo:
        """One pair."""
        self.asked.append(symbol)
        self.begun.set()
        await self.free.wait()
        if self.error is not None:
            raise self.error
        return self.known[symbol]

    async def load(self) -> Mapping[str, SymbolInfo]:
        """All pairs."""
        self.listed += 1
        self.begun.set()
        await self.free.wait()
        if self.error is not None:
            raise self.error
        return self.known


@pytest.fixture
async def venue() -> Venue:
    """An exchange that answers at once, and a book that asks it."""
    return Venue()


def refused() -> ApiError:
    """What an exchange says of a pair that it does not have."""
    return ApiError("no such pair", status=400, code=-1121, verdict=Verdict(Kind.INVALID_REQUEST))


async def test_rules_are_asked_for_once_an_hour(venue: Venue) -> None:
    """Many orders at once ask once; an hour later one asks again."""
    found = await asyncio.gather(*(venue.book.rules_of(BTC) for _ in range(5)))
    assert found == [venue.known[BTC]] * 5
    assert venue.asked == [BTC]
    venue.clock.advance(FRESH_S)
    await venue.book.rules_of(BTC)
    assert venue.asked == [BTC, BTC]


async def test_an_order_waits_for_rules_three_seconds_at_most(venue: Venue) -> None:
    """Where nothing is known it goes on without them, and the next ones do not wait at all."""
    venue.free.clear()
    waiting = [asyncio.create_task(venue.book.rules_of(BTC)) for _ in range(3)]
    await venue.begun.wait()
    venue.clock.advance(WAIT_S)
    assert await asyncio.gather(*waiting) == [None] * 3
    assert await venue.book.rules_of(BTC) is None
    assert venue.asked == [BTC]
    venue.free.set()
    venue.clock.advance(AGAIN_S)
    assert await venue.book.rules_of(BTC) == venue.known[BTC]


async def test_pairs_do_not_wait_for_each_other(venue: Venue) -> None:
    """While one pair's answer hangs, another's rules come at once."""
    await venue.book.rules_of(ETH)
    venue.clock.advance(FRESH_S)
    venue.free.clear()
    first = asyncio.create_task(venue.book.rules_of(BTC))
    await venue.begun.wait()
    second = asyncio.create_task(venue.book.rules_of("SOL/USDT"))
    venue.begun.clear()
    await venue.begun.wait()
    assert venue.asked == [ETH, BTC, "SOL/USDT"]
    venue.clock.advance(WAIT_S)
    assert [await first, await second] == [None, None]


async def test_older_rules_hold_while_newer_ones_are_asked_for(venue: Venue) -> None:
    """One order asks; the others go on at once by what is known, and it too when nothing comes."""
    known = await venue.book.rules_of(BTC)
    venue.clock.advance(FRESH_S)
    venue.free.clear()
    venue.begun.clear()
    asking = asyncio.create_task(venue.book.rules_of(BTC))
    await venue.begun.wait()
    assert await venue.book.rules_of(BTC) is known
    assert not asking.done()
    venue.clock.advance(WAIT_S)
    assert await asking is known


async def test_an_order_given_up_does_not_leave_the_others_waiting(venue: Venue) -> None:
    """Whoever waited for its answer goes on, and so does the next order."""
    venue.free.clear()
    asking, waiting = (asyncio.create_task(venue.book.rules_of(BTC)) for _ in range(2))
    await venue.begun.wait()
    asking.cancel()
    assert await waiting is None
    assert await venue.book.rules_of(BTC) is None
    assert asking.cancelled()


async def test_one_who_waits_may_give_up(venue: Venue) -> None:
    """The one who asks gets its answer all the same."""
    venue.free.clear()
    asking, waiting = (asyncio.create_task(venue.book.rules_of(BTC)) for _ in range(2))
    await venue.begun.wait()
    waiting.cancel()
    venue.free.set()
    assert await asking == venue.known[BTC]


async def test_everybody_is_told_that_a_pair_is_not_traded(venue: Venue) -> None:
    """Each of the orders that waited for one answer is refused by it, and nothing is remembered."""
    venue.error = refused()
    venue.free.clear()
    waiting = [asyncio.create_task(venue.book.rules_of(BTC)) for _ in range(3)]
    await venue.begun.wait()
    venue.free.set()
    found = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(each) for each in found] == [FieldError] * 3
    assert venue.asked == [BTC]
    venue.error = None
    assert await venue.book.rules_of(BTC) == venue.known[BTC]


async def test_a_halt_is_asked_after_again(venue: Venue) -> None:
    """It is believed for seconds, not for the hour that rules are."""
    venue.book.keep({BTC: info(BTC, tradable=False)})
    halted = await venue.book.rules_of(BTC)
    assert halted is not None
    assert not halted.tradable
    assert venue.asked == []
    venue.clock.advance(HALT_S)
    assert await venue.book.rules_of(BTC) == venue.known[BTC]


async def test_a_halt_that_nobody_can_confirm_stops_no_order(venue: Venue) -> None:
    """Where the exchange cannot be asked, it must refuse the order itself."""
    venue.book.keep({BTC: info(BTC, tradable=False)})
    venue.clock.advance(HALT_S)
    venue.error = ApiError("down", status=503, verdict=Verdict(Kind.UNAVAILABLE))
    for _ in range(2):
        found = await venue.book.rules_of(BTC)
        assert found is not None
        assert found.tradable
    assert venue.asked == [BTC]


async def test_names_are_listed_once_for_all_who_ask(venue: Venue) -> None:
    """The second waits for the first one's list instead of going without."""
    found = await asyncio.gather(*(venue.book.symbol_of(name) for name in ("BTCUSDT", "ETHUSDT")))
    assert found == [BTC, ETH]
    assert venue.listed == 1


async def test_a_list_of_names_that_hangs_is_given_up(venue: Venue) -> None:
    """It is cut after three seconds, and not asked for again at once."""
    venue.free.clear()
    waiting = asyncio.create_task(venue.book.symbol_of("BTCUSDT"))
    await venue.begun.wait()
    venue.clock.advance(WAIT_S)
    assert await waiting is None
    assert await venue.book.symbol_of("BTCUSDT") is None
    assert venue.listed == 1


async def test_the_pair_of_the_same_letters_is_named(venue: Venue) -> None:
    """Who splits a name in the wrong place is told where it is split."""
    venue.book.keep({symbol: info(symbol) for symbol in (BTC, "BT/EUR")})
    venue.error = refused()
    with pytest.raises(FieldError, match="did you mean BTC/USDT\\?"):
        await venue.book.rules_of("BT/CUSDT")
