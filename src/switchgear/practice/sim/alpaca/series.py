"""Owns the history of prices as data points: bars and trades of one asset, and pages over several."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from switchgear.practice.sim.alpaca import hours
from switchgear.practice.sim.alpaca.amounts import rounded
from switchgear.practice.sim.alpaca.frames import Unit
from switchgear.practice.sim.alpaca.ids import instant_ns, told
from switchgear.practice.sim.alpaca.refusals import bad_request
from switchgear.practice.sim.symbols import candle_at, price_at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from switchgear.practice.sim.alpaca.frames import Frame
    from switchgear.practice.sim.alpaca.market import Asset
    from switchgear.practice.sim.ledger import Ledger

Point = tuple[int, Any]
"""Where a data point stands in time, in epoch milliseconds, and its JSON."""
_PAGE_MAX = 1_000
"""A page may be shorter than was asked for; this one is, so that no request holds up the others."""
_FRESH_MS = 1_000


@dataclass(frozen=True, slots=True)
class Range:
    """From when to when, both included, in epoch milliseconds; back is newest first."""

    start_ms: int
    end_ms: int
    back: bool = False

    def begin_at(self, at_ms: int) -> Range:
        """What is left of the range from this instant on, in its own direction."""
        if self.back:
            return Range(self.start_ms, min(self.end_ms, at_ms), back=True)
        return Range(max(self.start_ms, at_ms), self.end_ms)


class History:
    """The past of the ledger's prices; nothing later than now is ever told."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def bars(self, asset: Asset, frame: Frame, span: Range) -> Iterator[Point]:
        """The bars that begin within a range; one that is still forming ends now."""
        end_ms = min(span.end_ms, self._ledger.now_ms)
        if span.start_ms > end_ms:
            return
        begin_ms = frame.begin_ms(end_ms if span.back else span.start_ms)
        if begin_ms < span.start_ms and not span.back:
            begin_ms = frame.step_ms(begin_ms)
        while span.start_ms <= begin_ms <= end_ms:
            bar = self.bar(asset, frame, begin_ms)
            if bar is not None:
                yield begin_ms, bar
            begin_ms = frame.step_ms(begin_ms, back=span.back)

    def bar(self, asset: Asset, frame: Frame, begin_ms: int) -> Any:
        """One bar, None when nothing was traded in it."""
        from_ms, until_ms = begin_ms, min(frame.step_ms(begin_ms), self._ledger.now_ms + 1)
        if not asset.is_crypto and (frame.is_short or frame.unit is Unit.DAY):
            session = hours.session_at(begin_ms)
            if session is None:
                return None
            daily = frame.unit is Unit.DAY
            from_ms = max(from_ms, session.open_ms if daily else session.pre_ms)
            until_ms = min(until_ms, session.close_ms if daily else session.post_ms)
        first, last = self._second(from_ms), self._second(until_ms - 1)
        if from_ms >= until_ms:
            return None
        candle = candle_at(self._ledger.seed, asset.symbol, first, last)
        middle = rounded((candle.high + candle.low + candle.close) / 3)
        return {
            "t": told(instant_ns(begin_ms)),
            "o": candle.open,
            "h": candle.high,
            "l": candle.low,
            "c": candle.close,
            "v": candle.volume,
            "n": last - first + 1,
            "vw": middle,
        }

    def last_bar(self, asset: Asset, frame: Frame, before_ms: int) -> tuple[int, Any]:
        """Where the newest bar that begins before an instant begins, and the bar."""
        begin_ms = frame.begin_ms(before_ms - 1)
        while (bar := self.bar(asset, frame, begin_ms)) is None:
            begin_ms = frame.step_ms(begin_ms, back=True)
        return begin_ms, bar

    def trades(self, asset: Asset, span: Range) -> Iterator[Point]:
        """The trades within a range: one a second, whenever the asset is traded."""
        end_ms = min(span.end_ms, self._ledger.now_ms)
        first, last = -(-span.start_ms // _FRESH_MS), end_ms // _FRESH_MS
        for second in range(last, first - 1, -1) if span.back else range(first, last + 1):
            if asset.is_crypto or hours.is_extended(second * 1000):
                yield second * 1000, self.trade(asset, second * 1000)

    def trade(self, asset: Asset, at_ms: int) -> Any:
        """The trade of an instant; its size is nominal, and its id the second it fell in."""
        price = price_at(self._ledger.seed, asset.symbol, self._second(at_ms))
        second = at_ms // 1000
        shape = {"t": told(instant_ns(at_ms)), "p": price, "s": asset.symbol.depth, "i": second}
        if asset.is_crypto:
            return shape | {"tks": "SB"[second % 2]}
        return shape | {"x": "V", "c": ["@"], "z": "C"}

    def _second(self, at_ms: int) -> int:
        return min(self._ledger.second_of(at_ms), self._ledger.second)


def page(
    assets: list[Asset],
    points: Callable[[Asset, Range], Iterator[Point]],
    span: Range,
    limit: int,
    token: str,
) -> tuple[dict[str, list[Any]], str | None]:
    """
    The next points, asset by asset, and the token of the page behind them.

    The limit is for all assets together; the token is None when nothing is left.

    Raises:
        Refusal: The token is none of this venue's.
    """
    found: dict[str, list[Any]] = {}
    left = min(limit, _PAGE_MAX)
    name, from_ms = _read_token(token) if token else ("", 0)
    if name and name not in {asset.name for asset in assets}:
        raise bad_request("invalid page_token")
    for asset in sorted(assets, key=lambda each: each.name):
        if asset.name < name:
            continue
        for at_ms, point in points(asset, span.begin_at(from_ms) if asset.name == name else span):
            if not left:
                return found, _token(asset.name, at_ms)
            found.setdefault(asset.name, []).append(point)
            left -= 1
    return found, None


def _token(name: str, at_ms: int) -> str:
    return base64.urlsafe_b64encode(f"{name}|{at_ms}".encode()).decode()


def _read_token(text: str) -> tuple[str, int]:
    try:
        name, _, at_ms = base64.urlsafe_b64decode(text).decode().partition("|")
        return name, int(at_ms)
    except (binascii.Error, ValueError):
        raise bad_request("invalid page_token") from None
