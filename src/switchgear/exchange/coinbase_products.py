"""Owns asking Coinbase for its products: prices, rules, and which of them share one order book."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from switchgear.core.errors import ApiError
from switchgear.core.words import Kind
from switchgear.exchange import coinbase_answers as answers
from switchgear.exchange.believed import complete, same
from switchgear.exchange.reply import endless

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from decimal import Decimal

    from switchgear.exchange.coinbase_wire import CoinbaseWire
    from switchgear.exchange.market import SymbolInfo
    from switchgear.exchange.reply import Target

R = TypeVar("R")

_NOT_THERE = frozenset({Kind.ORDER_NOT_FOUND, Kind.INVALID_REQUEST, Kind.INVALID_ORDER})
"""What a question for a product that Coinbase does not have is answered with."""

_PAGE = 250
_PAGES_MAX = 8
"""No more requests than a second lets through: 2,000 products, where some 800 are listed."""


class Products:
    """The products of Coinbase, from the endpoints that need no key."""

    def __init__(self, wire: CoinbaseWire) -> None:
        self._wire = wire
        self._books: dict[str, str] = {}

    async def price(self, target: Target, symbol: str) -> Decimal:
        """The last price of one pair."""

        def price(answer: answers.ProductAnswer) -> Decimal:
            told = answers.price_of(answer)
            if told is None:
                raise ValueError(f"there is no price of {symbol} in it")
            return told

        return await self._one(target, symbol, price)

    async def prices(
        self, target: Target, symbols: Iterable[str], *, whole: bool = True
    ) -> dict[str, Decimal]:
        """The last price of each pair; without whole, of those that have one."""
        asked = list(symbols)
        params = {"product_ids": [answers.product_of(symbol) for symbol in asked]}

        def prices(found: answers.ProductsAnswer) -> dict[str, Decimal]:
            told = answers.prices_of(found)
            return complete(told, asked) if whole else told

        path = answers.PRODUCTS_PATH
        return await self._wire.public(target, path, params, answers.PRODUCTS, prices)

    async def info(self, target: Target, symbol: str) -> SymbolInfo:
        """One pair with its rules."""

        def info(answer: answers.ProductAnswer) -> SymbolInfo:
            found = answers.info_of(answer)
            self._books[symbol] = answers.symbol_of(answer.alias or answer.product_id)
            return found

        return await self._one(target, symbol, info)

    async def infos(self, target: Target) -> dict[str, SymbolInfo]:
        """Every pair with its rules."""
        infos: dict[str, SymbolInfo] = {}
        for page in range(_PAGES_MAX):
            params = {"product_type": "SPOT", "limit": str(_PAGE), "offset": str(page * _PAGE)}
            found = await self._wire.public(
                target, answers.PRODUCTS_PATH, params, answers.PRODUCTS, _infos_of
            )
            if len(found) < _PAGE or infos.keys() >= found.keys():
                return infos | found
            infos |= found
        raise endless(target, _PAGES_MAX)

    def book_of(self, symbol: str) -> str:
        """The pair whose book takes its orders, `BTC/USD` for `BTC/USDC`; itself as long as it is not known."""
        return self._books.get(symbol, symbol)

    async def is_told_as(self, target: Target, symbol: str, told: str) -> bool:
        """
        Whether what is asked of `BTC/USDC` may be told as of `BTC/USD`: both trade in one book.

        A pair whose book is not known yet is asked for, and remembered; one that Coinbase does not
        have is told as no other.
        """
        if symbol == told:
            return True
        if symbol.partition("/")[0] != told.partition("/")[0]:
            return False
        if symbol not in self._books:
            try:
                await self.info(target, symbol)
            except ApiError as error:
                if error.verdict is None or error.verdict.kind not in _NOT_THERE:
                    raise
                self._books[symbol] = symbol
        return self._books[symbol] == told

    async def _one(
        self, target: Target, symbol: str, words: Callable[[answers.ProductAnswer], R]
    ) -> R:
        product = answers.product_of(symbol)

        def told(answer: answers.ProductAnswer) -> R:
            same("product", answer.product_id, product, None)
            return words(answer)

        path = f"{answers.PRODUCTS_PATH}/{product}"
        return await self._wire.public(target, path, {}, answers.PRODUCT, told)


def _infos_of(found: answers.ProductsAnswer) -> dict[str, SymbolInfo]:
    return {info.symbol: info for info in map(answers.info_of, found.products)}
