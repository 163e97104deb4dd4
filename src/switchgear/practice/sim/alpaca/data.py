"""Owns Alpaca's market data endpoints: what they are asked for, and the JSON that they answer."""

from __future__ import annotations

import re
from decimal import ROUND_DOWN, Decimal
from typing import TYPE_CHECKING, Any

from switchgear.practice.sim.alpaca.books import Prices
from switchgear.practice.sim.alpaca.frames import Frame, Unit, read_frame
from switchgear.practice.sim.alpaca.ids import instant_ns, read_instant, told
from switchgear.practice.sim.alpaca.listing import is_count
from switchgear.practice.sim.alpaca.market import ASSETS, BY_NAME, Kind
from switchgear.practice.sim.alpaca.refusals import Refusal, bad_request
from switchgear.practice.sim.alpaca.series import History, Range, page
from switchgear.practice.sim.symbols import levels_at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from switchgear.practice.sim.alpaca.listing import Query
    from switchgear.practice.sim.alpaca.market import Asset
    from switchgear.practice.sim.alpaca.series import Point
    from switchgear.practice.sim.ledger import Ledger

_CRYPTO = r"^[A-Z]+x?/[A-Z]+$"
_TICKER = r"^[A-Z]+(\.[A-Z]+)?$"
_LEVELS = 10
_CENT = Decimal("0.01")
_DAY_MS = 86_400_000
_LIMIT, _LIMIT_MAX = 1_000, 10_000
_INCEPTION_MS = {Kind.CRYPTO: 1_609_459_200_000, Kind.EQUITY: 1_451_606_400_000}
"""Where the history begins: 2021 for crypto, 2016 for equities."""
_OF_EQUITIES = ("feed", "currency")
_OF_THEIR_BARS = ("adjustment", "asof")
"""What may be sent and changes nothing here: there is one feed, one currency, and no split."""


class Data:
    """Answers market data requests as plain values; amounts are Decimal."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._prices = Prices(ledger)
        self._history = History(ledger)
        self._newest: dict[str, Callable[[Asset], Any]] = {
            "trades": self.trade,
            "quotes": self.quote,
            "bars": self.minute_bar,
            "orderbooks": self.book,
        }

    def latest(self, query: Query, kind: Kind, what: str) -> Any:
        """The newest trades, quotes, bars or orderbooks of the symbols in a query."""
        shape, assets = self._newest[what], self._assets(query, kind)
        _refuse_rest(query, kind)
        return {what: {asset.name: shape(asset) for asset in assets}}

    def latest_of(self, query: Query, name: str, what: str) -> Any:
        """The newest trade, quote or bar of one equity, under the singular of its name."""
        asset = _equity(name, what)
        _refuse_rest(query, Kind.EQUITY)
        return {"symbol": asset.name, what.removesuffix("s"): self._newest[what](asset)}

    def snapshots(self, query: Query, kind: Kind) -> Any:
        """Snapshots by symbol; those of crypto stand under a name of their own."""
        assets = self._assets(query, kind)
        _refuse_rest(query, kind)
        found = {asset.name: self.snapshot(asset) for asset in assets}
        return {"snapshots": found} if kind is Kind.CRYPTO else found

    def snapshot_of(self, query: Query, name: str) -> Any:
        """The snapshot of one equity."""
        asset = _equity(name, "snapshots")
        _refuse_rest(query, Kind.EQUITY)
        return {"symbol": asset.name} | self.snapshot(asset)

    def bars(self, query: Query, kind: Kind) -> Any:
        """A page of bars."""
        return self._bars(query, self._assets(query, kind), kind)

    def bars_of(self, query: Query, name: str) -> Any:
        """A page of bars of one equity."""
        asset = _equity(name, "bars")
        found = self._bars(query, [asset], Kind.EQUITY)
        return found | {"bars": found["bars"].get(name, []), "symbol": name}

    def _bars(self, query: Query, assets: list[Asset], kind: Kind) -> Any:
        frame = read_frame(query.text("timeframe"), is_crypto=kind is Kind.CRYPTO)

        def points(asset: Asset, span: Range) -> Iterator[Point]:
            return self._history.bars(asset, frame, span)

        return self._page(query, assets, kind, "bars", points)

    def trades(self, query: Query, kind: Kind) -> Any:
        """A page of trades."""
        assets = self._assets(query, kind)
        return self._page(query, assets, kind, "trades", self._history.trades)

    def _page(
        self,
        query: Query,
        assets: list[Asset],
        kind: Kind,
        what: str,
        points: Callable[[Asset, Range], Iterator[Point]],
    ) -> Any:
        span, limit, token = self._range(query, kind), _limit(query), query.text("page_token")
        _refuse_rest(query, kind, _OF_THEIR_BARS)
        found, following = page(assets, points, span, limit, token)
        return {what: found, "next_page_token": following}

    def _range(self, query: Query, kind: Kind) -> Range:
        now_ms = self._ledger.now_ms
        start_ms = _instant_ms(query, "start", now_ms // _DAY_MS * _DAY_MS)
        end_ms = _instant_ms(query, "end", now_ms)
        sort = query.text("sort", "asc")
        if sort not in {"asc", "desc"}:
            raise bad_request(f"invalid sort: {sort}")
        if end_ms < start_ms and query.text("end"):
            raise bad_request("end should not be before start")
        return Range(max(start_ms, _INCEPTION_MS[kind]), end_ms, back=sort == "desc")

    def _assets(self, query: Query, kind: Kind) -> list[Asset]:
        """The assets that a query names; a well-formed name of nothing is left out."""
        sent = query.text("symbols")
        if not sent:
            raise bad_request("symbols is required")
        legal = _CRYPTO if kind is Kind.CRYPTO else _TICKER
        for name in sent.split(","):
            if re.match(legal, name) is None:
                more = f" does not match {legal}" if kind is Kind.CRYPTO else ""
                raise bad_request(f"invalid symbol: {name}{more}")
        names = set(sent.split(","))
        return [each for each in ASSETS if each.name in names and each.kind is kind and each.active]

    def trade(self, asset: Asset) -> Any:
        """The newest trade."""
        return self._history.trade(asset, self._prices.quoted_ms(asset))

    def quote(self, asset: Asset) -> Any:
        """The best bid and ask."""
        bid, ask = self._best(asset)
        shape = {
            "t": told(instant_ns(self._prices.quoted_ms(asset))),
            "bp": bid,
            "bs": asset.symbol.depth,
            "ap": ask,
            "as": asset.symbol.depth,
        }
        return shape if asset.is_crypto else shape | {"bx": "V", "ax": "V", "c": ["R"], "z": "C"}

    def _best(self, asset: Asset) -> tuple[Decimal, Decimal]:
        price = self._prices.now(asset)
        if asset.is_crypto:
            return price - asset.symbol.tick, price + asset.symbol.tick
        # Equities trade between cents, but are only bid and offered at whole ones.
        bid = price.quantize(_CENT, ROUND_DOWN)
        return bid, bid + _CENT

    def book(self, asset: Asset) -> Any:
        """Bids and asks, best first."""
        bids, asks = levels_at(self._prices.now(asset), asset.symbol, _LEVELS)
        return {
            "t": told(instant_ns(self._prices.quoted_ms(asset))),
            "b": [{"p": price, "s": size} for price, size in bids],
            "a": [{"p": price, "s": size} for price, size in asks],
        }

    def minute_bar(self, asset: Asset) -> Any:
        """The newest bar of a minute."""
        frame = Frame(Unit.MINUTE, 1, asset.is_crypto)
        return self._history.last_bar(asset, frame, self._prices.quoted_ms(asset) + 1)[1]

    def snapshot(self, asset: Asset) -> Any:
        """The newest of everything, today's bar and that of the trading day before."""
        frame = Frame(Unit.DAY, 1, asset.is_crypto)
        begin_ms, today = self._history.last_bar(asset, frame, self._ledger.now_ms + 1)
        return {
            "latestTrade": self.trade(asset),
            "latestQuote": self.quote(asset),
            "minuteBar": self.minute_bar(asset),
            "dailyBar": today,
            "prevDailyBar": self._history.last_bar(asset, frame, begin_ms)[1],
        }


def _equity(name: str, what: str) -> Asset:
    if re.match(_TICKER, name) is None:
        raise bad_request(f"invalid symbol: {name}")
    asset = BY_NAME.get(name)
    if asset is None or asset.is_crypto:
        raise Refusal(404, None, f"no {what.removesuffix('s')} found for {name}")
    return asset


def _refuse_rest(query: Query, kind: Kind, of_equities: tuple[str, ...] = ()) -> None:
    """Refuse what the endpoint, which has read all that it knows, does not know."""
    if kind is Kind.EQUITY:
        for name in (*_OF_EQUITIES, *of_equities):
            query.text(name)
    if query.unread:
        raise bad_request(f"unexpected query parameter(s): {', '.join(query.unread)}")


def _limit(query: Query) -> int:
    sent = query.text("limit", str(_LIMIT))
    if not is_count(sent) or int(sent) < 1:
        raise bad_request(f"invalid limit: {sent}")
    if int(sent) > _LIMIT_MAX:
        raise bad_request(f"invalid limit: larger than the allowed maximum of {_LIMIT_MAX}")
    return int(sent)


def _instant_ms(query: Query, name: str, default_ms: int) -> int:
    sent = query.text(name)
    if not sent:
        return default_ms
    found = read_instant(sent)
    if found is None:
        raise bad_request(f"invalid {name}: {sent}")
    return -(-found // 1_000_000) if name == "start" else found // 1_000_000
