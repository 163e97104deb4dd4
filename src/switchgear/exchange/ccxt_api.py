"""
Owns an account at an exchange of ccxt, as far as a desk with a journal needs one: prices, orders, and finding them.

The exchange stays ccxt's, with the guard of `gear.wrap` round it; what it says is turned into our words here.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from switchgear.core.errors import (
    ApiError,
    NetworkError,
    SettingsError,
    SwitchgearError,
)
from switchgear.core.redact import error_text
from switchgear.core.verdict import classify
from switchgear.core.words import TRUTH, Effect, Kind, Verdict
from switchgear.exchange.api import PlainDesk
from switchgear.exchange.model import (
    Order,
    OrderStatus,
    OrderType,
    Side,
    check_client_order_id,
    check_request,
    check_symbol,
    plain,
)
from switchgear.exchange.order_access import OrderAccess
from switchgear.wrap.intents import DASHED, OWN_NAMES, UNIFIED

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from switchgear.exchange.api import NamedOrder, OrderDesk
    from switchgear.exchange.model import OrderRequest
    from switchgear.gear import Switchgear

_PREFIX, _NAME_CHARS = "sg", 32
"""OKX takes 32 letters and digits, and no other exchange of which we know takes less."""
_LISTS = (
    ("fetchOpenOrders", "fetch_open_orders"),
    ("fetchClosedOrders", "fetch_closed_orders"),
    ("fetchCanceledOrders", "fetch_canceled_orders"),
    ("fetchOrders", "fetch_orders"),
)
"""Where an order may be found, and how ccxt says that an exchange has that list."""
_STATUSES = {
    "open": OrderStatus.OPEN,
    "closed": OrderStatus.FILLED,
    "canceled": OrderStatus.CANCELED,
    "canceling": OrderStatus.OPEN,
    "expired": OrderStatus.EXPIRED,
    "rejected": OrderStatus.REJECTED,
}


class CcxtApi:
    """
    An account at an asynchronous exchange of ccxt; make a `JournalDesk` of it.

    Nothing is known of such an exchange's rules for client order ids, so an order is sent once and never again; an
    outcome that is unknown stays so until the order is found in one of its lists, or a person ends it.

    Args:
        gear: What guards the calls.
        exchange: An instance of `ccxt.async_support` or `ccxt.pro`; it is wrapped, unless it is already.
        account: The name of the key in circuits, metrics and records.

    Raises:
        SettingsError: It is no asynchronous exchange of ccxt.
    """

    order_expires_s: float | None = None

    def __init__(self, gear: Switchgear, exchange: Any, *, account: str = "main") -> None:
        if not hasattr(exchange, "fetch_ticker") or not hasattr(exchange, "close"):
            allowed = "must be an exchange of ccxt.async_support"
            raise SettingsError("exchange", type(exchange).__qualname__, allowed)
        self.gear, self.account = gear, account
        self.ccxt = gear.wrap(exchange, account=account)
        self.exchange: str = exchange.id
        self._plain: Any = type(self.ccxt).__mro__[1]
        """The class without the guard: for what has permits of its own."""
        guard = gear.guarded(self.exchange, "create_order", account=account)
        self.desk: OrderDesk = PlainDesk(guard, self._send, self._find)

    async def close(self) -> None:
        """Close the connections."""
        await self.ccxt.close()

    # ------------------------------------------------------------------------------- the market

    async def get_market_price(self, symbol: str) -> Decimal:
        """The last price."""
        ticker = await _asked(self.ccxt.fetch_ticker(check_symbol(symbol)), self._told)
        return _amount(ticker.get("last")) or Decimal(0)

    async def get_open_orders(self, symbol: str | None = None) -> list[Order]:
        """Every open order; of one pair or of all."""
        found = await _asked(self.ccxt.fetch_open_orders(symbol), self._told)
        return [self._order(each) for each in found]

    # -------------------------------------------------------------------------------- its orders

    async def create_order(self, request: OrderRequest) -> Order:
        """The order as booked; see `OrderDesk.submit`."""
        return await self.desk.submit(check_request(request))

    async def cancel_order(
        self, symbol: str, *, order_id: str | None = None, client_order_id: str | None = None
    ) -> Order:
        """The order, cancelled; exactly one of the two ids is given."""
        if order_id is None:
            found = await self._find(symbol, check_client_order_id(client_order_id))
            order_id = found.order_id
        told = await _asked(self.ccxt.cancel_order(order_id, check_symbol(symbol)), self._told)
        return self._order(told, symbol)

    async def resolve(self, named: NamedOrder) -> Order | None:
        """What became of an order; see `OrderDesk.resolve`."""
        return await self.desk.resolve(named.symbol, named.client_order_id)

    async def keep_rules(self, request: OrderRequest) -> None:
        """Refuses nothing: ccxt rounds an order to what the exchange takes."""

    def order_access(self) -> OrderAccess:
        """What a desk with a journal works with; looking has permits of its own."""
        truth = self.gear.guarded(
            self.exchange,
            TRUTH,
            account=self.account,
            effect="read",
            failure_threshold=None,
            retries=0,
        )

        async def found(symbol: str, client_order_id: str) -> Order | None:
            return await truth.call(self._looked, symbol, client_order_id)

        async def opened() -> list[Order]:
            told = await truth.call(self._plain.fetch_open_orders, self.ccxt)
            return [self._order(each) for each in told]

        return OrderAccess(self._send, found, opened, _is_same)

    @property
    def order_prefix(self) -> str:
        """With which our client order ids begin there; empty where they have a form of their own."""
        return "" if self.exchange in DASHED else _PREFIX

    def order_name(self, drawn: str) -> str:
        """A client order id of 32 hexadecimal digits: a UUID where that is wanted, else 32 letters and digits."""
        if self.exchange in DASHED:
            return "-".join((drawn[:8], drawn[8:12], drawn[12:16], drawn[16:20], drawn[20:]))
        return (_PREFIX + drawn)[:_NAME_CHARS]

    # ----------------------------------------------------------------------------- ccxt's words

    async def _send(self, request: OrderRequest) -> Order:
        kind = {OrderType.MARKET: "market", OrderType.LIMIT: "limit"}.get(request.type)
        if kind is None or request.quantity is None:
            allowed = (
                "must be a market or limit order with a quantity: ccxt's own words differ beyond"
            )
            raise SettingsError("request", request.type.value, allowed)
        price = None if request.price is None else float(request.price)
        name = OWN_NAMES.get(self.exchange, UNIFIED)
        params: dict[str, Any] = {name: request.client_order_id}
        if request.post_only:
            params["postOnly"] = True
        if request.type is OrderType.LIMIT:
            params["timeInForce"] = request.time_in_force.value
        amount = float(plain(request.quantity))
        placed = self.ccxt.create_order(
            request.symbol, kind, request.side.value, amount, price, params
        )
        told = await _asked(placed, self._told)
        known = {
            "clientOrderId": request.client_order_id,
            "side": request.side.value,
            "amount": amount,
        }
        return self._order(
            {**told, **{k: v for k, v in known.items() if not told.get(k)}}, request.symbol
        )

    async def _find(self, symbol: str, client_order_id: str) -> Order:
        order = await self._looked(symbol, client_order_id)
        if order is None:
            raise ApiError(
                "no order of this client order id is in any list",
                exchange=self.exchange,
                method="get_order",
                verdict=Verdict(Kind.ORDER_NOT_FOUND),
            )
        return order

    async def _looked(self, symbol: str, client_order_id: str) -> Order | None:
        for has, method in _LISTS:
            if self.ccxt.has.get(has) is not True:
                continue
            listed = await _asked(getattr(self._plain, method)(self.ccxt, symbol), self._told)
            for each in listed:
                if each.get("clientOrderId") == client_order_id:
                    return self._order(each, symbol)
        return None

    def _order(self, told: Any, symbol: str | None = None) -> Order:
        at_ms = told.get("timestamp")
        filled = _amount(told.get("filled")) or Decimal(0)
        status = _STATUSES.get(str(told.get("status")), OrderStatus.OPEN)
        if status is OrderStatus.OPEN and filled:
            status = OrderStatus.PARTIALLY_FILLED
        kind = str(told.get("type"))
        return Order(
            self.exchange,
            symbol or str(told.get("symbol")),
            str(told.get("id")),
            str(told.get("clientOrderId") or ""),
            Side(told.get("side")),
            OrderType(kind) if kind in {"market", "limit"} else OrderType.OTHER,
            status,
            _amount(told.get("amount")),
            filled,
            None if kind == "market" else _amount(told.get("price")),
            _amount(told.get("average")),
            None if at_ms is None else datetime.fromtimestamp(at_ms / 1000, UTC),
        )

    def _told(self, error: Exception) -> Exception:
        """An error of ccxt as one of ours, with its verdict; one that is ours already as it is."""
        if isinstance(error, SwitchgearError):
            return error
        verdict = classify(error, self.exchange, Effect.TRADE, self.gear.clock.wall)
        kind = NetworkError if verdict.kind in {Kind.NETWORK, Kind.TIMEOUT} else ApiError
        return kind(
            error_text(error),
            status=getattr(getattr(error, "response", None), "status", None),
            exchange=self.exchange,
            verdict=verdict,
        )


async def _asked(work: Awaitable[Any], told: Callable[[Exception], Exception]) -> Any:
    try:
        return await work
    except Exception as error:
        ours = told(error)
        if ours is error:
            raise
        raise ours from error


def _is_same(order: Order, request: OrderRequest) -> bool:
    """By its name, symbol and side: ccxt rounds amounts and prices to what the exchange takes."""
    wanted = request.client_order_id, request.symbol, request.side
    return (order.client_order_id, order.symbol, order.side) == wanted


def _amount(value: Any) -> Decimal | None:
    """A number of ccxt's, which has the digits that the exchange sent; None for none."""
    if value is None:
        return None
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        return None
    return found if found.is_finite() else None
