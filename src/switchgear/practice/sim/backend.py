"""Owns the practice backend that programs fall back to: the same ledger behind plainer paths."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import unquote

from switchgear.practice.sim.accounts import Account, NewOrder, Order, OrderType, Side, TimeInForce
from switchgear.practice.sim.binance.refusals import Refusal, refusal_of
from switchgear.practice.sim.binance.usual import OTHER, USUAL
from switchgear.practice.sim.json_text import NotJsonError, read_json
from switchgear.practice.sim.ledger import Refused
from switchgear.practice.sim.messages import Answer, Request, json_answer

if TYPE_CHECKING:
    from enum import StrEnum

    from switchgear.practice.sim.faults import Answer as FaultAnswer
    from switchgear.practice.sim.ledger import Ledger
    from switchgear.practice.sim.symbols import Symbol

_E = TypeVar("_E", bound="StrEnum")
_PRICES = "/prices/"
CLIENT_ORDER_ID = r"^[a-zA-Z0-9-_]{1,36}$"
_ZERO = Decimal(0)


_PRICE = "backend.price"
_NAMES = {
    ("GET", "/portfolio"): "backend.portfolio",
    ("POST", "/orders"): "backend.order.create",
}
ENDPOINT_NAMES = (_PRICE, *_NAMES.values())
"""All that endpoint_name gives."""


def endpoint_name(method: str, path: str) -> str | None:
    """The name that faults and counts use for this endpoint, None when it is not the backend's."""
    if method == "GET" and path.startswith(_PRICES):
        return _PRICE
    return _NAMES.get((method, path))


class Backend:
    """The backend of one account: its portfolio, its orders, and prices. No key is asked for."""

    def __init__(self, ledger: Ledger, account: Account) -> None:
        self._ledger = ledger
        self._account = account
        self._symbols = {_folded(name): each for name, each in ledger.market.symbols.items()}
        self._currency = next(iter(self._symbols.values())).quote
        self._generated = 0
        self.refused: list[dict[str, Any]] = []
        """Orders that were not booked: client order id, code and message."""

    def handle(self, request: Request) -> Answer:
        """Answer one request of an endpoint that endpoint_name knows."""
        try:
            if request.path == "/portfolio":
                return json_answer({"portfolio": self._portfolio()})
            if request.path == "/orders":
                return self._create_order(request.body)
            return self._price(unquote(request.path.removeprefix(_PRICES)))
        except Refused as refused:
            refusal = refusal_of(refused)
            return _refusal(refusal.code, refusal.msg)
        except Refusal as refusal:
            return _refusal(refusal.code, refusal.msg)
        except ValueError as error:
            return _refusal(-1100, str(error))

    def _price(self, name: str) -> Answer:
        symbol = self._find(name)
        if symbol is None:
            return json_answer({"error": {"message": f"symbol {name!r} is not traded"}}, 404)
        return json_answer({"symbol": symbol.name, "price": plain(self._ledger.price(symbol))})

    def _find(self, name: object) -> Symbol | None:
        """The symbol meant by BTCUSDT, BTC-USDT or btc/usdt; None when it is not traded here."""
        return self._symbols.get(_folded(str(name)))

    def _portfolio(self) -> dict[str, Any]:
        symbols = self._ledger.market.symbols.values()
        positions = [_position(self._ledger, self._account, each) for each in symbols]
        cash = _held(self._account, self._currency)
        total = sum((Decimal(held["value"]) for held in positions), cash)
        return {
            "currency": self._currency,
            "cash": plain(cash),
            "total_value": plain(total),
            "positions": [held for held in positions if Decimal(held["quantity"])],
        }

    def _create_order(self, body: bytes) -> Answer:
        sent = _read_json(body)
        self._generated += 1
        name = _first(sent, "client_order_id", "clientOrderId") or f"backend-{self._generated}"
        try:
            order = self._ledger.place(
                self._account, _read_order(sent, name, self._find(sent.get("symbol", "")))
            )
        except (Refusal, Refused) as error:
            refusal = refusal_of(error) if isinstance(error, Refused) else error
            note = {"client_order_id": name, "code": refusal.code, "msg": refusal.msg}
            self.refused.append(note | {"status": "REJECTED", "via": "backend"})
            raise
        return json_answer({"order": show(order)}, booked=order)


def faulted(fault: FaultAnswer) -> dict[str, Any]:
    """The body of the error that a fault gives in the backend's place."""
    code, msg = USUAL.get(fault.status, OTHER)
    code_told = code if fault.code is None else fault.code
    return {"error": {"code": code_told, "message": msg if fault.msg is None else fault.msg}}


def plain(value: Decimal) -> str:
    """A number without exponent or closing zeros."""
    return f"{value.normalize():f}"


def _held(account: Account, asset: str) -> Decimal:
    balance = account.held(asset)
    return balance.free + balance.locked


def _folded(name: str) -> str:
    return name.replace("-", "").replace("/", "").upper()


def _position(ledger: Ledger, account: Account, symbol: Symbol) -> dict[str, str]:
    quantity, price = _held(account, symbol.base), ledger.price(symbol)
    return {
        "asset": symbol.base,
        "symbol": symbol.name,
        "quantity": plain(quantity),
        "price": plain(price),
        "value": plain(quantity * price),
    }


def show(order: Order) -> dict[str, Any]:
    """An order with its executions, in this project's own words; amounts are decimal text."""
    asked = order.asked
    return {
        "symbol": asked.symbol.name,
        "order_id": order.order_id,
        "client_order_id": asked.client_order_id,
        "side": asked.side,
        "type": asked.type,
        "time_in_force": asked.time_in_force,
        "status": order.status,
        "quantity": plain(order.quantity),
        "price": plain(asked.price),
        "executed_quantity": plain(order.executed),
        "via": asked.via,
        "at_ms": order.at_ms,
        "executions": [
            {
                "trade_id": trade.trade_id,
                "price": plain(trade.price),
                "quantity": plain(trade.quantity),
                "commission": plain(trade.commission),
                "commission_asset": trade.commission_asset,
                "at_ms": trade.at_ms,
            }
            for trade in order.executions
        ],
    }


def _refusal(code: int, message: str) -> Answer:
    return json_answer({"error": {"code": code, "message": message}}, 400)


def _read_json(body: bytes) -> dict[str, Any]:
    try:
        return read_json(body, dict[str, Any])
    except NotJsonError as error:
        raise ValueError(f"the body must be a JSON object: {error}") from None


def _first(sent: dict[str, Any], *names: str) -> Any:
    return next((sent[name] for name in names if sent.get(name) is not None), None)


def _read_order(sent: dict[str, Any], name: Any, symbol: Symbol | None) -> NewOrder:
    if symbol is None:
        raise Refusal(-1121, "Invalid symbol.")
    kind = _word(sent, "type", OrderType, OrderType.MARKET)
    force = _first(sent, "time_in_force", "timeInForce")
    return NewOrder(
        symbol=symbol,
        side=_word(sent, "side", Side, None),
        type=kind,
        client_order_id=_client_order_id(name),
        quantity=_amount(sent, "quantity"),
        price=_ZERO if kind is OrderType.MARKET else _amount(sent, "price"),
        time_in_force=_word(
            {"time_in_force": force}, "time_in_force", TimeInForce, TimeInForce.GTC
        ),
        via="backend",
    )


def _client_order_id(value: Any) -> str:
    if not isinstance(value, str) or re.fullmatch(CLIENT_ORDER_ID, value, re.ASCII) is None:
        raise ValueError(f"client_order_id is {value!r}, it must match {CLIENT_ORDER_ID}")
    return value


def _word(sent: dict[str, Any], field: str, kind: type[_E], default: _E | None) -> _E:
    value = sent.get(field)
    if value is None and default is not None:
        return default
    try:
        return kind(str(value).upper())
    except ValueError:
        allowed = ", ".join(kind)
        raise ValueError(f"{field} is {value!r}, it must be one of {allowed}") from None


def _amount(sent: dict[str, Any], field: str) -> Decimal:
    value = sent.get(field)
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        number = _ZERO
    if not (number.is_finite() and number > 0):
        raise ValueError(f"{field} is {value!r}, it must be a number above 0")
    return number
