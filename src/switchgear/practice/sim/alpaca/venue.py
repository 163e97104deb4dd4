"""Owns Alpaca's endpoints: who may call what, how often, and what it answers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from switchgear.practice.sim.alpaca import listing, shapes
from switchgear.practice.sim.alpaca.amounts import as_numbers
from switchgear.practice.sim.alpaca.books import Prices, books_of
from switchgear.practice.sim.alpaca.checks import Checks
from switchgear.practice.sim.alpaca.closing import closing
from switchgear.practice.sim.alpaca.data import Data
from switchgear.practice.sim.alpaca.ids import OrderIds, as_uuid, derived
from switchgear.practice.sim.alpaca.limits import REQUESTS_PER_MINUTE, RequestLimit, limit_headers
from switchgear.practice.sim.alpaca.listing import Query
from switchgear.practice.sim.alpaca.market import MARKET, Kind, find_asset
from switchgear.practice.sim.alpaca.orders import client_order_id, read_body, read_order
from switchgear.practice.sim.alpaca.refusals import (
    LIMITED,
    Refusal,
    duplicate,
    error_body,
    invalid,
    not_found,
    unauthorized,
    unprocessable,
    usual,
)
from switchgear.practice.sim.ledger import Ledger, Refused
from switchgear.practice.sim.messages import JSON, Answer, Request, json_answer

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from switchgear.practice.sim.accounts import Order
    from switchgear.practice.sim.alpaca.books import Lot
    from switchgear.practice.sim.faults import Answer as FaultAnswer

KEY = "PKPRACTICE0000000001"
SECRET = "practiceSecret00000000000000000000000001"
_KEY_HEADER, _SECRET_HEADER = "APCA-API-KEY-ID", "APCA-API-SECRET-KEY"
_OTHER_ACTIVITIES = {"CFEE", "CSD", "CSW", "DIV", "FEE", "INT", "JNLC", "JNLS", "MISC", "TRANS"}


@dataclass(slots=True)
class Call:
    """One call of an endpoint; booked is the order that it put in the ledger."""

    request: Request
    query: Query
    args: dict[str, str]
    """The parts of the path that vary; one that is not there is empty."""
    status: int = 200
    booked: Order | None = None


@dataclass(frozen=True, slots=True)
class _Route:
    name: str
    method: str
    path: re.Pattern[str]
    run: Callable[[AlpacaVenue, Call], Any]
    is_data: bool = False
    """Market data: numbers are JSON numbers, and a limit of its own counts."""
    is_public: bool = False
    """It answers without a key too."""


class AlpacaVenue:
    """Trading and market data of one paper account behind one address, a Venue."""

    name = "alpaca"
    credentials: Mapping[str, str] = {"key": KEY, "secret": SECRET}

    def __init__(self, seed: int) -> None:
        self.ledger = Ledger(seed, MARKET)
        self.account = self.ledger.open_account()
        self.limits = {False: RequestLimit(), True: RequestLimit()}
        """By whether it is for market data."""
        self.refused: list[dict[str, Any]] = []
        self._prices = Prices(self.ledger)
        self._data = Data(self.ledger)
        self._ids = OrderIds(seed, self.account)
        self._checks = Checks(self.ledger, self.account, self._ids)
        self._answered = 0
        self._generated = 0

    @staticmethod
    def endpoint_names() -> Collection[str]:
        """The names of all endpoints, as endpoint_name gives them."""
        return {route.name for route in _ROUTES}

    def endpoint_name(self, method: str, path: str) -> str | None:
        """The name that faults and counts use for this endpoint, None when there is none."""
        found = _find(method, path)
        return None if found is None else found[0].name

    def handle(self, request: Request, now_s: float) -> Answer:
        """Answer one request; now_s is the time since the venue opened."""
        found = _find(request.method, request.path)
        try:
            if found is None:
                raise not_found("endpoint not found")
            route, args = found
            _authenticate(route, request)
            if not self.limits[route.is_data].take(_who(request), now_s):
                raise _limited(is_data=route.is_data)
            call = Call(request, Query(request.query), args)
            payload = route.run(self, call)
        except Refusal as refusal:
            headers = self.usual_headers(request, now_s)
            return json_answer(refusal.body, refusal.status, headers)
        headers = self.usual_headers(request, now_s)
        body = b"" if call.status == 204 else as_numbers(payload)
        return Answer(call.status, body, headers, JSON, call.booked)

    def usual_headers(self, request: Request, now_s: float) -> dict[str, str]:
        """A name for the answer, and what is left of the minute."""
        self._answered += 1
        name = derived(self.ledger.seed, "request", self._answered).replace("-", "")
        found = _find(request.method, request.path)
        limit = self.limits[found is not None and found[0].is_data]
        return {"X-Request-ID": name} | limit.headers(_who(request), now_s, self.ledger.now_ms)

    def faulted(self, fault: FaultAnswer, retry_after_s: int | None) -> tuple[Any, dict[str, str]]:
        """The body and the headers of an error in Alpaca's words; see Venue."""
        code, msg = usual(fault.status)
        body = error_body(
            code if fault.code is None else fault.code, msg if fault.msg is None else fault.msg
        )
        if retry_after_s is None:
            return body, {}
        headers = {"Retry-After": str(retry_after_s)}
        if fault.status == 429:
            reset_s = -(-self.ledger.now_ms // 1000) + retry_after_s
            headers |= limit_headers(REQUESTS_PER_MINUTE, 0, reset_s)
        return body, headers

    def show_account(self, _: Call) -> Any:
        """GET /v2/account."""
        return shapes.account(self.ledger, self.account, self._prices)

    def clock(self, _: Call) -> Any:
        """GET /v2/clock."""
        return shapes.clock(self.ledger.now_ms)

    def calendar(self, call: Call) -> Any:
        """GET /v2/calendar."""
        return listing.calendar(call.query, self.ledger.now_ms)

    def assets(self, call: Call) -> Any:
        """GET /v2/assets."""
        return listing.assets(call.query)

    def asset(self, call: Call) -> Any:
        """GET /v2/assets/{symbol_or_asset_id}, the slash of a pair escaped or not."""
        found = find_asset(call.args["name"])
        if found is None:
            raise not_found(f"asset not found for {call.args['name']}")
        return shapes.asset(found)

    def create_order(self, call: Call) -> Any:
        """POST /v2/orders: everything is checked before anything is booked."""
        sent: dict[str, Any] = {}
        try:
            sent = read_body(call.request.body)
            return self._place(call, sent)
        except Refusal as refusal:
            note = {"client_order_id": sent.get("client_order_id"), "code": refusal.code}
            note |= {"msg": refusal.msg, "status": "REJECTED", "via": self.name}
            self.refused.append(note)
            raise

    def _place(self, call: Call, sent: dict[str, Any]) -> Any:
        self._generated += 1
        generated = derived(self.ledger.seed, "client", self._generated)
        name = client_order_id(sent, generated)
        asset, asked = read_order(sent, name, self.ledger.now_ms)
        # Before the account is looked at: an order sent again must not be told that its first
        # copy has used up the money.
        if self.account.named(name) is not None:
            raise duplicate()
        self._checks.before(asset, asked)
        try:
            call.booked = self.ledger.place(self.account, asked)
        except Refused as refused:
            raise self._checks.told(refused, asset, asked) from None
        return self._show(call.booked)

    def _show(self, order: Order) -> Any:
        return shapes.order(order, self.ledger.seed, self.ledger.now_ms)

    def orders(self, call: Call) -> Any:
        """GET /v2/orders."""
        found = listing.orders(call.query, self.account.orders, self._ids)
        return [self._show(order) for order in found]

    def get_order(self, call: Call) -> Any:
        """GET /v2/orders/{order_id}."""
        return self._show(self._order(call))

    def _order(self, call: Call) -> Order:
        sent = as_uuid(call.args["order_id"])
        if sent is None:
            raise invalid("order_id is missing")
        order = self._ids.find(sent)
        if order is None:
            raise not_found(f"order not found for {sent}")
        return order

    def named_order(self, call: Call) -> Any:
        """GET /v2/orders:by_client_order_id."""
        name = call.query.text("client_order_id")
        if not name:
            raise invalid("client_order_id is missing")
        order = self.account.named(name)
        if order is None:
            raise not_found(f"order not found for {name}")
        return self._show(order)

    def cancel_order(self, call: Call) -> Any:
        """DELETE /v2/orders/{order_id}."""
        order = self._order(call)
        if not order.is_open:
            state = shapes.status(order, self.ledger.now_ms)
            raise unprocessable(f'order is already in "{state}" state')
        self.ledger.cancel(self.account, order)
        call.status = 204

    def cancel_all(self, call: Call) -> Any:
        """DELETE /v2/orders: each open order, with what became of its cancel."""
        orders = self.account.open_orders()
        for order in orders:
            self.ledger.cancel(self.account, order)
        call.status = 207
        return [
            {"id": self._ids.of(order), "status": 200, "body": self._show(order)}
            for order in orders
        ]

    def positions(self, _: Call) -> Any:
        """GET /v2/positions."""
        return [self._position(lot) for lot in books_of(self.account).lots]

    def position(self, call: Call) -> Any:
        """GET /v2/positions/{symbol_or_asset_id}."""
        return self._position(self._lot(call.args["name"]))

    def _lot(self, name: str) -> Lot:
        asset = find_asset(name)
        if asset is None:
            raise not_found(f"symbol not found: {name}")
        for lot in books_of(self.account).lots:
            if lot.asset is asset:
                return lot
        raise not_found("position does not exist")

    def close_position(self, call: Call) -> Any:
        """DELETE /v2/positions/{symbol_or_asset_id}: sells all of it, or qty, or percentage."""
        lot = self._lot(call.args["name"])
        return self._place(call, closing(lot, call.query))

    def close_all(self, call: Call) -> Any:
        """DELETE /v2/positions: sells each, with what became of it; cancel_orders comes first."""
        if call.query.text("cancel_orders").lower() == "true":
            self.cancel_all(call)
        call.status = 207
        return [self._closed(call, lot) for lot in books_of(self.account).lots]

    def _closed(self, call: Call, lot: Lot) -> Any:
        try:
            status, body = 200, self._place(call, closing(lot, Query("")))
        except Refusal as refusal:
            status, body = refusal.status, refusal.body
        return {"symbol": lot.asset.flat_name, "status": status, "body": body}

    def _position(self, lot: Lot) -> Any:
        return shapes.position(lot, self.account, self._prices)

    def activities(self, call: Call) -> Any:
        """GET /v2/account/activities, of one type or of those in the query: fills alone happen here."""
        sent = call.args["kind"] or call.query.text("activity_types")
        kinds = {kind for kind in sent.split(",") if kind} or {"FILL"}
        if unknown := kinds - _OTHER_ACTIVITIES - {"FILL"}:
            raise invalid(f"invalid activity type: {min(unknown)}")
        if "FILL" not in kinds:
            return []
        return listing.fills(call.query, self.ledger, self.account)

    def latest(self, call: Call) -> Any:
        """GET …/latest/{what} for crypto, …/{what}/latest for equities."""
        return self._data.latest(call.query, _kind(call), call.args["what"])

    def latest_of(self, call: Call) -> Any:
        """GET /v2/stocks/{symbol}/{what}/latest."""
        return self._data.latest_of(call.query, call.args["name"], call.args["what"])

    def snapshots(self, call: Call) -> Any:
        """GET …/snapshots."""
        return self._data.snapshots(call.query, _kind(call))

    def snapshot_of(self, call: Call) -> Any:
        """GET /v2/stocks/{symbol}/snapshot."""
        return self._data.snapshot_of(call.query, call.args["name"])

    def bars(self, call: Call) -> Any:
        """GET …/bars."""
        return self._data.bars(call.query, _kind(call))

    def bars_of(self, call: Call) -> Any:
        """GET /v2/stocks/{symbol}/bars."""
        return self._data.bars_of(call.query, call.args["name"])

    def trades(self, call: Call) -> Any:
        """GET …/trades."""
        return self._data.trades(call.query, _kind(call))


def _find(method: str, path: str) -> tuple[_Route, dict[str, str]] | None:
    plain = unquote(path)
    for route in _ROUTES:
        found = route.path.fullmatch(plain) if route.method == method else None
        if found is not None:
            return route, found.groupdict("")
    return None


def _authenticate(route: _Route, request: Request) -> None:
    sent = (request.headers.get(_KEY_HEADER), request.headers.get(_SECRET_HEADER))
    if route.is_public and sent == (None, None):
        return
    if sent != (KEY, SECRET):
        raise unauthorized()


def _who(request: Request) -> str:
    return request.headers.get(_KEY_HEADER) or request.ip


def _limited(*, is_data: bool) -> Refusal:
    if is_data:
        return Refusal(429, None, "too many requests.")
    return Refusal(429, LIMITED, "rate limit exceeded")


def _kind(call: Call) -> Kind:
    return Kind.CRYPTO if "/crypto/" in call.request.path else Kind.EQUITY


def _trading(name: str, method: str, path: str, run: Callable[[AlpacaVenue, Call], Any]) -> _Route:
    return _Route(name, method, re.compile(path), run)


def _crypto(name: str, path: str, run: Callable[[AlpacaVenue, Call], Any]) -> _Route:
    whole = re.compile(f"/v1beta3/crypto/us/{path}")
    return _Route(f"market.{name}", "GET", whole, run, is_data=True, is_public=True)


def _stocks(name: str, path: str, run: Callable[[AlpacaVenue, Call], Any]) -> _Route:
    return _Route(f"market.{name}", "GET", re.compile(f"/v2/stocks/{path}"), run, is_data=True)


_ROUTES = (
    _trading("account", "GET", "/v2/account", AlpacaVenue.show_account),
    _trading("clock", "GET", "/v2/clock", AlpacaVenue.clock),
    _trading("calendar", "GET", "/v2/calendar", AlpacaVenue.calendar),
    _trading("assets.list", "GET", "/v2/assets", AlpacaVenue.assets),
    _trading("asset.get", "GET", "/v2/assets/(?P<name>.+)", AlpacaVenue.asset),
    _trading("order.create", "POST", "/v2/orders", AlpacaVenue.create_order),
    _trading("orders.list", "GET", "/v2/orders", AlpacaVenue.orders),
    _trading("orders.cancel", "DELETE", "/v2/orders", AlpacaVenue.cancel_all),
    _trading("order.get", "GET", "/v2/orders:by_client_order_id", AlpacaVenue.named_order),
    _trading("order.get", "GET", "/v2/orders/(?P<order_id>[^/]+)", AlpacaVenue.get_order),
    _trading("order.cancel", "DELETE", "/v2/orders/(?P<order_id>[^/]+)", AlpacaVenue.cancel_order),
    _trading("positions.list", "GET", "/v2/positions", AlpacaVenue.positions),
    _trading("positions.close", "DELETE", "/v2/positions", AlpacaVenue.close_all),
    _trading("position.close", "DELETE", "/v2/positions/(?P<name>.+)", AlpacaVenue.close_position),
    _trading("position.get", "GET", "/v2/positions/(?P<name>.+)", AlpacaVenue.position),
    _trading(
        "trades.list", "GET", "/v2/account/activities(/(?P<kind>[^/]+))?", AlpacaVenue.activities
    ),
    _crypto("latest", "latest/(?P<what>trades|quotes|bars|orderbooks)", AlpacaVenue.latest),
    _crypto("snapshots", "snapshots", AlpacaVenue.snapshots),
    _crypto("bars", "bars", AlpacaVenue.bars),
    _crypto("trades", "trades", AlpacaVenue.trades),
    _stocks("latest", "(?P<what>trades|quotes|bars)/latest", AlpacaVenue.latest),
    _stocks("snapshots", "snapshots", AlpacaVenue.snapshots),
    _stocks("bars", "bars", AlpacaVenue.bars),
    _stocks("latest", "(?P<name>[^/]+)/(?P<what>trades|quotes|bars)/latest", AlpacaVenue.latest_of),
    _stocks("snapshots", "(?P<name>[^/]+)/snapshot", AlpacaVenue.snapshot_of),
    _stocks("bars", "(?P<name>[^/]+)/bars", AlpacaVenue.bars_of),
)
