"""Owns what must be true of a call whatever was answered to it: no crash, no secret, no wrong success."""

from __future__ import annotations

import json
import re
import traceback
import zlib
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from typing import TYPE_CHECKING, Any, cast

import switchgear as sg
from switchgear.exchange import Balance, Candle, Order, Portfolio, Position, SymbolInfo, Trade
from tests.exchange.fuzz_mutate import items

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.exchange.fuzz_tape import Call, Ending, Take

WORDS_MAX = 1_000
"""Characters in the text of an error."""

_EXPONENT_MAX = 200
"""Of a number worked out from two that are bounded themselves."""

_UNPACKED_MAX = 1_000_000
_NUMBER = re.compile(r"[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
_CHUNK = re.compile(rb"\r\n[0-9a-fA-F]{1,8}[^\r\n]{0,20}\r\n")
_MADE = {"0", "1", "0.01", "0.0001", "0.000000001", "200000"}
"""What stands in no answer: nothing at all, and rules that a venue tells in its documentation only."""

_WORKED_OUT: Mapping[type, frozenset[str]] = {
    Balance: frozenset({"free", "locked"}),  # summed over wallets, or what is left of the whole
    Portfolio: frozenset({"values", "total"}),
    Position: frozenset({"quantity", "value"}),
    Order: frozenset({"average_price"}),
    Trade: frozenset({"quantity"}),
}
_ORDER_PATHS = (b"/api/v3/order?", b"/api/v3/order ", b"/v2/orders ", b"/brokerage/orders ")


class Wrong(AssertionError):
    """A call did what it must not; a note says what was fed."""


def check(take: Take, ending: Ending) -> None:
    """Wrong unless what became of the call is allowed, given what was answered."""
    try:
        _no_secret(take, ending)
        if ending.error is None:
            _true(take.call, ending)
        else:
            _told(take.call, ending, ending.error)
    except Wrong as wrong:
        wrong.add_note(f"{take}: {ending.error!r} {str(ending.value)[:2000]}")
        for request, answer in ending.fed:
            wrong.add_note(f"{request[:120]!r} -> {answer[:3000]!r}")
        raise


def _need(holds: bool, what: str) -> None:
    if not holds:
        raise Wrong(what)


# ------------------------------------------------------------------------------------------ an error


def _told(call: Call, ending: Ending, error: BaseException) -> None:
    _need(type(error) is not TimeoutError, "it hangs")
    if not isinstance(error, sg.SwitchgearError):
        trace = "".join(traceback.format_exception(error)[-3:])
        raise Wrong(f"{type(error).__name__} is none of ours: {trace[-1500:]}")
    _need(len(str(error)) <= WORDS_MAX, "its text is too long")
    _need(str(error).isprintable(), "its text holds what cannot be seen")
    if isinstance(error, sg.ApiError):
        _need(error.verdict is not None, "it has no verdict")
    if call.order is not None:
        _told_of_order(ending, error)


def _told_of_order(ending: Ending, error: sg.SwitchgearError) -> None:
    answers = [answer for request, answer in ending.fed if _is_order(request)]
    if not answers:
        _need(not isinstance(error, sg.OrderRefused), "an order is refused that was never sent")
        return
    if isinstance(error, sg.OrderOutcomeUnknown):
        return
    _need(isinstance(error, sg.OrderRefused), "the order was sent, and the error does not say so")
    refuses = re.search(rb"HTTP/\d\.\d 4\d\d", answers[0]) or b"false" in answers[0]
    _need(bool(refuses), "the order is told refused, and the answer is no refusal")


def _is_order(request: bytes) -> bool:
    line = request.partition(b"\r\n")[0]
    return line.startswith(b"POST ") and any(path in line for path in _ORDER_PATHS)


def _no_secret(take: Take, ending: Ending) -> None:
    """The secret itself, and what it made: neither is in the error, nor in what is kept of it."""
    shown = ending.kept
    if ending.error is not None:
        shown += f"{ending.error!r} {ending.error}" + "".join(
            traceback.format_exception_only(ending.error)
        )
    lines = [each for each in take.secret.splitlines() if each and "-----" not in each]
    for request, _ in ending.fed:
        lines += [
            found.decode() for found in re.findall(rb"(?:signature=|Bearer )([\w%.-]+)", request)
        ]
    _need(not any(line in shown for line in lines), "a secret is shown")


# ------------------------------------------------------------------------------------------- a value


def _true(call: Call, ending: Ending) -> None:
    text = _text_of(answer for _, answer in ending.fed)
    _need(bool(ending.fed), "a value without an answer")
    _same_as_asked(call, ending.value)
    known = _numbers(text) | {Decimal(each) for each in _MADE} | _asked(call)
    _walk(ending.value, text, known, derived=False)
    if call.order is not None:
        _need(any(_is_order(request) for request, _ in ending.fed), "an order that was never sent")


def _text_of(answers: Iterator[bytes]) -> str:
    """All that was answered: as it came, without the marks between chunks, and unpacked."""
    texts: list[bytes] = []
    for answer in answers:
        whole = _CHUNK.sub(b"", answer)
        texts += [answer, whole, _unpacked(answer), _unpacked(whole)]
    return b"\n".join(texts).decode("utf-8", "replace")


def _unpacked(answer: bytes) -> bytes:
    _, mark, packed = answer.partition(b"\x1f\x8b")
    packed, found = mark + packed, b""
    while packed and len(found) < _UNPACKED_MAX:
        unpacking = zlib.decompressobj(wbits=31)
        try:
            found += unpacking.decompress(packed, _UNPACKED_MAX)
        except zlib.error:
            break
        packed = unpacking.unused_data
    return found


def _numbers(text: str) -> set[Decimal]:
    found: set[Decimal] = set()
    for word in _NUMBER.findall(text.replace("_", "")):
        try:
            number = Decimal(word)
            found |= {number, number.copy_abs(), number.copy_negate()}
        except InvalidOperation:
            continue
    return found


def _asked(call: Call) -> set[Decimal]:
    order = call.order
    if order is None:
        return set()
    amounts = (order.quantity, order.price, order.quote_quantity, order.stop_price)
    return {each for each in amounts if each is not None}


def _walk(value: Any, text: str, known: set[Decimal], *, derived: bool) -> None:
    match value:
        case None | bool() | int() | frozenset():
            return
        case float():
            raise Wrong(f"{value!r} is a float")
        case Decimal():
            _need(value.is_finite(), f"{value!r} is no amount")
            _need(abs(value.adjusted()) <= _EXPONENT_MAX, f"{value!r} is beyond all bounds")
            _need(derived or value in known, f"{value!r} stands in no answer")
        case datetime():
            _need(value.utcoffset() == UTC.utcoffset(None), f"{value!r} is not in UTC")
        case str():
            return
        case dict():
            for each in cast("dict[str, Any]", value).values():
                _walk(each, text, known, derived=derived)
        case list() | tuple():
            for each in cast("tuple[Any, ...]", value):
                _walk(each, text, known, derived=derived)
        case _:
            _walk_fields(value, text, known)


def _walk_fields(value: Any, text: str, known: set[Decimal]) -> None:
    _need(is_dataclass(value), f"{type(value).__name__} is no answer of ours")
    worked_out = _WORKED_OUT.get(value.__class__, frozenset())
    for each in fields(value):
        inner = getattr(value, each.name)
        _walk(inner, text, known, derived=each.name in worked_out)
        if each.name in {"order_id", "trade_id", "accepted"}:
            names = (inner,) if isinstance(inner, str) else inner
            _need(all(_stands(name, text) for name in names), f"{each.name} {inner!r} in no answer")


def _stands(name: str, text: str) -> bool:
    return bool(name) and (name in text or json.dumps(name)[1:-1] in text or "\\u" in text)


def _same_as_asked(call: Call, value: Any) -> None:
    """What came is of what was asked for: the same pair, the same order."""
    symbol = call.args[0] if call.args and isinstance(call.args[0], str) else None
    match value:
        case Order():
            order = call.order
            wanted = (
                dict(call.more) if order is None else {"client_order_id": order.client_order_id}
            )
            for name, asked in wanted.items():
                told = str(getattr(value, name))
                alike = told.lower() == str(asked).lower() and name == "order_id"
                _need(alike or told == asked, f"another {name}")
            _need(value.symbol == (symbol if order is None else order.symbol), "another symbol")
            _need(order is None or value.side is order.side, "the other side")
        case SymbolInfo():
            _need(value.symbol == symbol, "another symbol")
        case Decimal():
            _need(value > 0, "a price of nothing")
        case {**prices} if call.method == "get_market_prices":
            _need(set(prices) == set(call.args[0]), "prices of other symbols")
        case list():
            found = items(value)
            _need(
                all(getattr(e, "symbol", symbol) in {None, symbol} for e in found if symbol),
                "another symbol",
            )
            candles = [each for each in found if isinstance(each, Candle)]
            _need(len(candles) <= call.more.get("limit", len(candles)), "more than was asked for")
            _need(all(a.at < b.at for a, b in pairwise(candles)), "candles out of order")
        case _:
            return
