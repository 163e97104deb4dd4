"""Owns Binance's spot endpoints: who may call what, at which weight, and what it answers."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from switchgear.practice.sim.binance import shapes
from switchgear.practice.sim.binance.limits import OrderLimit, TooMuch, WeightLimit, banned_text
from switchgear.practice.sim.binance.market import MARKET, SYMBOLS
from switchgear.practice.sim.binance.orders import (
    ResponseType,
    check_restriction,
    known_symbol,
    read_new_order,
    read_order,
    read_symbol,
)
from switchgear.practice.sim.binance.params import (
    CLIENT_ORDER_ID,
    Params,
    authenticate,
)
from switchgear.practice.sim.binance.refusals import AuthRefusal, Refusal, refusal_of
from switchgear.practice.sim.binance.usual import BANNED, OTHER, USUAL
from switchgear.practice.sim.ledger import Ledger, Refused
from switchgear.practice.sim.messages import Answer, Request, html_answer, json_answer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from switchgear.practice.sim.accounts import Account, Order
    from switchgear.practice.sim.faults import Answer as FaultAnswer
    from switchgear.practice.sim.symbols import Symbol

_SYMBOLS_RANGE = r'^\["[A-Z0-9-_.]{1,20}"(,"[A-Z0-9-_.]{1,20}"){0,}\]$'
_TRADES_MAX = 1_000
_TRADES = 500
_DAY_MS = 86_400_000
KEY = "practice-key"
SECRET = "practice-secret"
_SHOW = {
    ResponseType.ACK: shapes.ack,
    ResponseType.RESULT: shapes.result,
    ResponseType.FULL: shapes.full,
}


class _OrderLimitHit(Exception):
    def __init__(self, excess: TooMuch) -> None:
        super().__init__(excess.msg)
        self.excess = excess


@dataclass(slots=True)
class Trader:
    """An API key's owner: the account, its secret, and the orders that count against its limit."""

    secret: str
    account: Account
    limit: OrderLimit
    unfilled: list[Order]


@dataclass(slots=True)
class Call:
    """One call of an endpoint; trader is None where no key is asked for."""

    params: Params
    trader: Trader | None
    now_s: float
    booked: Order | None = None

    @property
    def signed(self) -> Trader:
        """The trader of an endpoint that asks for a key."""
        assert self.trader is not None
        return self.trader


@dataclass(frozen=True, slots=True)
class _Route:
    name: str
    weight: Callable[[Params], int]
    signed: bool
    run: Callable[[BinanceVenue, Call], Any]


class BinanceVenue:
    """The spot exchange, a Venue."""

    name = "binance"
    credentials: Mapping[str, str] = {"key": KEY, "secret": SECRET}

    def __init__(self, seed: int) -> None:
        self.ledger = Ledger(seed, MARKET)
        self.account = self.ledger.open_account()
        self.weights = WeightLimit()
        self.refused: list[dict[str, Any]] = []
        """Orders that were not booked: client order id, code and message."""
        self._traders = {KEY: Trader(SECRET, self.account, OrderLimit(), [])}
        self._secrets = {key: trader.secret for key, trader in self._traders.items()}
        self._generated = 0

    def handle(self, request: Request, now_s: float) -> Answer:
        """Answer one request; now_s is the time since the venue opened."""
        route = _ROUTES.get((request.method, request.path))
        if route is None:
            return html_answer(404, "Not Found")
        params = Params(request)
        weight = route.weight(params)
        excess = self.weights.take(request.ip, weight, now_s, self.ledger.now_ms)
        if excess is not None:
            return self._turn_away(request, excess, -1003, now_s)
        try:
            return self._run(route, request, params, now_s)
        except (Refusal, Refused) as error:
            refusal = refusal_of(error) if isinstance(error, Refused) else error
            if route.name == "order.create":
                self._note_refused(params, refusal)
            return self._refuse(request, refusal, now_s)
        except _OrderLimitHit as hit:
            return self._turn_away(request, hit.excess, -1015, now_s)

    def _run(self, route: _Route, request: Request, params: Params, now_s: float) -> Answer:
        trader = None
        params.check()
        if route.signed:
            key = authenticate(request, params, self._secrets, self.ledger.now_ms)
            trader = self._traders[key]
        call = Call(params, trader, now_s)
        payload = route.run(self, call)
        headers = self.usual_headers(request, now_s)
        if call.booked is not None:
            headers |= _count_headers(call.signed, now_s)
        return json_answer(payload, 200, headers, call.booked)

    def endpoint_name(self, method: str, path: str) -> str | None:
        """The name that faults and counts use for this endpoint, None when there is none."""
        route = _ROUTES.get((method, path))
        return None if route is None else route.name

    def usual_headers(self, request: Request, now_s: float) -> dict[str, str]:
        """The headers that tell an address what it has used this minute."""
        used = str(self.weights.used(request.ip, now_s))
        return {"X-MBX-USED-WEIGHT": used, "X-MBX-USED-WEIGHT-1M": used}

    def faulted(self, fault: FaultAnswer, retry_after_s: int | None) -> tuple[Any, dict[str, str]]:
        """The body and the headers of an error in Binance's words; see Venue."""
        code: int | str
        code, msg = USUAL.get(fault.status, OTHER)
        if fault.status == BANNED:
            code, msg = -1003, banned_text(self.ledger.now_ms + (retry_after_s or 0) * 1000)
        code = code if fault.code is None else fault.code
        msg = msg if fault.msg is None else fault.msg
        headers = {} if retry_after_s is None else {"Retry-After": str(retry_after_s)}
        return {"code": code, "msg": msg}, headers

    def _refuse(self, request: Request, refusal: Refusal, now_s: float) -> Answer:
        status = 401 if isinstance(refusal, AuthRefusal) else 400
        headers = self.usual_headers(request, now_s)
        return json_answer({"code": refusal.code, "msg": refusal.msg}, status, headers)

    def _turn_away(self, request: Request, excess: TooMuch, code: int, now_s: float) -> Answer:
        headers = self.usual_headers(request, now_s)
        headers["Retry-After"] = str(excess.retry_after_s)
        return json_answer({"code": code, "msg": excess.msg}, excess.status, headers)

    def _note_refused(self, params: Params, refusal: Refusal) -> None:
        name = params.peek("newClientOrderId")
        note = {"client_order_id": name, "code": refusal.code, "msg": refusal.msg}
        self.refused.append(note | {"status": "REJECTED", "via": "binance"})

    def ping(self, call: Call) -> Any:
        """GET /api/v3/ping."""
        call.params.finish()
        return {}

    def time(self, call: Call) -> Any:
        """GET /api/v3/time."""
        call.params.finish()
        return {"serverTime": self.ledger.now_ms}

    def exchange_info(self, call: Call) -> Any:
        """GET /api/v3/exchangeInfo, of all symbols or of those named."""
        call.params.text("permissions")
        call.params.text("showPermissionSets")
        symbols, _ = _chosen(call.params)
        call.params.finish()
        return shapes.exchange_info(symbols, self.ledger.now_ms)

    def ticker_price(self, call: Call) -> Any:
        """GET /api/v3/ticker/price."""
        return self._tickers(call, shapes.price)

    def ticker_day(self, call: Call) -> Any:
        """GET /api/v3/ticker/24hr; its type MINI leaves out fields, and is not offered here."""
        return self._tickers(call, shapes.day)

    def _tickers(self, call: Call, shape: Callable[[Ledger, Symbol], shapes.Json]) -> Any:
        symbols, is_single = _chosen(call.params)
        call.params.finish()
        tickers = [shape(self.ledger, symbol) for symbol in symbols]
        return tickers[0] if is_single else tickers

    def balances(self, call: Call) -> Any:
        """GET /api/v3/account."""
        omit_zero = (call.params.text("omitZeroBalances", "true|false") or "false") == "true"
        call.params.finish()
        return shapes.account(call.signed.account, self.ledger.now_ms, omit_zero=omit_zero)

    def create_order(self, call: Call) -> Any:
        """POST /api/v3/order: everything is checked before anything is booked."""
        self._generated += 1
        asked, response_type = read_new_order(call.params, f"practice-{self._generated}")
        trader = call.signed
        self._settle_count(trader, call.now_s)
        excess = trader.limit.refusal(call.now_s)
        if excess is not None:
            raise _OrderLimitHit(excess)
        order = self.ledger.place(trader.account, asked)
        if not order.executions:
            trader.limit.count(call.now_s, 1)
            trader.unfilled.append(order)
        call.booked = order
        return _SHOW[response_type](order)

    def _settle_count(self, trader: Trader, now_s: float) -> None:
        # An order stops counting at its first fill, however long after its placing that is.
        for order in [order for order in trader.unfilled if order.executions]:
            trader.unfilled.remove(order)
            trader.limit.count(now_s, -1)

    def get_order(self, call: Call) -> Any:
        """GET /api/v3/order."""
        absent = Refusal(-2013, "Order does not exist.")
        order = read_order(call.params, call.signed.account, absent)
        call.params.finish()
        return shapes.queried(order)

    def cancel_order(self, call: Call) -> Any:
        """DELETE /api/v3/order."""
        self._generated += 1
        name = call.params.text("newClientOrderId", CLIENT_ORDER_ID)
        absent = Refusal(-2011, "Unknown order sent.")
        order = read_order(call.params, call.signed.account, absent)
        check_restriction(call.params, order)
        call.params.finish()
        self.ledger.cancel(call.signed.account, order)
        return shapes.cancelled(order, name or f"practice-{self._generated}")

    def open_orders(self, call: Call) -> Any:
        """GET /api/v3/openOrders, of one symbol or of all."""
        symbol = read_symbol(call.params) if "symbol" in call.params else None
        call.params.finish()
        return [shapes.queried(order) for order in call.signed.account.open_orders(symbol)]

    def my_trades(self, call: Call) -> Any:
        """GET /api/v3/myTrades, oldest first."""
        params, symbol = call.params, read_symbol(call.params)
        order_id, from_id = params.integer("orderId"), params.integer("fromId")
        since, until = params.integer("startTime"), params.integer("endTime")
        limit = params.integer("limit") or _TRADES
        params.finish()
        if limit > _TRADES_MAX:
            raise Refusal(-1130, "Data sent for parameter 'limit' is not valid.")
        if since is not None and until is not None and until - since > _DAY_MS:
            raise Refusal(-1127, "More than 24 hours between startTime and endTime.")
        found = [
            (trade, order)
            for order in call.signed.account.orders
            if order.asked.symbol is symbol and order_id in {None, order.order_id}
            for trade in order.executions
            if trade.trade_id >= (from_id or 0)
            and (since or 0) <= trade.at_ms <= (trade.at_ms if until is None else until)
        ]
        found.sort(key=lambda pair: pair[0].trade_id)
        kept = found[-limit:] if from_id is None and since is None else found[:limit]
        return [shapes.trade(order, trade) for trade, order in kept]


def _count_headers(trader: Trader, now_s: float) -> dict[str, str]:
    counts = trader.limit.counts(now_s)
    return {f"X-MBX-ORDER-COUNT-{name}": str(count) for name, count in counts.items()}


def _chosen(params: Params) -> tuple[list[Symbol], bool]:
    """The symbols that a market data request means, and whether it named a single one."""
    if "symbol" in params and "symbols" in params:
        raise Refusal(-1128, "Combination of optional parameters invalid.")
    if "symbol" in params:
        return [read_symbol(params)], True
    listed = params.text("symbols", _SYMBOLS_RANGE)
    if listed is None:
        return list(SYMBOLS.values()), False
    names: list[str] = json.loads(listed)
    if len(set(names)) < len(names):
        raise Refusal(-1151, "Symbol is present multiple times in the list.")
    return [known_symbol(name) for name in names], False


def _fixed(weight: int) -> Callable[[Params], int]:
    return lambda _: weight


def _if_sent(name: str, weight: int, otherwise: int) -> Callable[[Params], int]:
    return lambda params: weight if name in params else otherwise


def _day_weight(params: Params) -> int:
    return 2 if "symbol" in params or "symbols" in params else 80


_ROUTES = {
    ("GET", "/api/v3/ping"): _Route("ping", _fixed(1), False, BinanceVenue.ping),
    ("GET", "/api/v3/time"): _Route("time", _fixed(1), False, BinanceVenue.time),
    ("GET", "/api/v3/exchangeInfo"): _Route(
        "exchange_info", _fixed(20), False, BinanceVenue.exchange_info
    ),
    ("GET", "/api/v3/ticker/price"): _Route(
        "ticker.price", _if_sent("symbol", 2, 4), False, BinanceVenue.ticker_price
    ),
    ("GET", "/api/v3/ticker/24hr"): _Route(
        "ticker.24hr", _day_weight, False, BinanceVenue.ticker_day
    ),
    ("GET", "/api/v3/account"): _Route("account", _fixed(20), True, BinanceVenue.balances),
    ("POST", "/api/v3/order"): _Route("order.create", _fixed(1), True, BinanceVenue.create_order),
    ("GET", "/api/v3/order"): _Route("order.get", _fixed(4), True, BinanceVenue.get_order),
    ("DELETE", "/api/v3/order"): _Route("order.cancel", _fixed(1), True, BinanceVenue.cancel_order),
    ("GET", "/api/v3/openOrders"): _Route(
        "orders.open", _if_sent("symbol", 6, 80), True, BinanceVenue.open_orders
    ),
    ("GET", "/api/v3/myTrades"): _Route(
        "trades.list", _if_sent("orderId", 5, 20), True, BinanceVenue.my_trades
    ),
}
