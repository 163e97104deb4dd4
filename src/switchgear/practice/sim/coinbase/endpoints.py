"""Owns the list of Coinbase's endpoints: path, name, what a key must be allowed to, and who answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from switchgear.practice.sim.coinbase import history, holdings, market, trading
from switchgear.practice.sim.coinbase.house import Call, House
from switchgear.practice.sim.coinbase.keys import Scope
from switchgear.practice.sim.coinbase.routes import Route, Routes

Run = Callable[[House, Call], Any]
_V3 = "/api/v3/brokerage"
_MARKET = f"{_V3}/market"
_V2 = "/v2"
_VIEW, _TRADE = Scope.VIEW, Scope.TRADE


def _products(house: House, call: Call) -> Any:
    return market.listed(house.ledger, call.query)


def _product(house: House, call: Call) -> Any:
    return market.product(house.ledger, market.known(call.part))


def _book(house: House, call: Call) -> Any:
    return market.book(house.ledger, call.query)


def _best(house: House, call: Call) -> Any:
    return market.best(house.ledger, call.query)


def _candles(house: House, call: Call) -> Any:
    return market.candles(house.ledger, call.part, call.query)


def _ticker(house: House, call: Call) -> Any:
    return market.ticker(house.ledger, call.part, call.query)


def _time(house: House, _: Call) -> Any:
    return market.time(house.ledger)


def _old_time(house: House, _: Call) -> Any:
    return market.old_time(house.ledger)


def _accounts(house: House, call: Call) -> Any:
    return holdings.accounts(house.account, house.owner, call.query)


def _account(house: House, call: Call) -> Any:
    return holdings.account_of(house.account, house.owner, call.part)


def _wallets(house: House, _: Call) -> Any:
    return holdings.wallets(house.account, house.owner)


def _permissions(house: House, call: Call) -> Any:
    return holdings.permissions(call.signed, house.owner)


def _portfolios(house: House, _: Call) -> Any:
    return holdings.portfolios(house.owner)


def _portfolio(house: House, call: Call) -> Any:
    return holdings.breakdown(house.ledger, house.account, house.owner, call.part)


def _fees(house: House, _: Call) -> Any:
    return holdings.fees(house.account)


def _fiat(_: House, __: Call) -> Any:
    return holdings.fiat_currencies()


def _crypto(house: House, _: Call) -> Any:
    return holdings.crypto_currencies(house.owner)


def _rates(house: House, _: Call) -> Any:
    return holdings.rates(house.ledger)


def _orders(house: House, call: Call) -> Any:
    return history.orders(house.account, house.owner, call.query)


def _fills(house: House, call: Call) -> Any:
    return history.fills(house.account, house.owner, call.query)


def _of_products(prefix: str, scope: Scope | None) -> list[Route[Run]]:
    """What is told of the products: once with a key, and once in the part that needs none."""
    return [
        Route("GET", f"{prefix}/products", "products.list", _products, scope),
        Route("GET", f"{prefix}/products/{{}}", "product.get", _product, scope),
        Route("GET", f"{prefix}/product_book", "product.book", _book, scope),
        Route("GET", f"{prefix}/products/{{}}/candles", "product.candles", _candles, scope),
        Route("GET", f"{prefix}/products/{{}}/ticker", "product.ticker", _ticker, scope),
    ]


ROUTES = Routes[Run](
    (
        *_of_products(_V3, _VIEW),
        *_of_products(_MARKET, None),
        Route("GET", f"{_V3}/time", "time", _time),
        Route("GET", f"{_V3}/best_bid_ask", "product.best", _best, _VIEW),
        Route("GET", f"{_V3}/accounts", "accounts.list", _accounts, _VIEW),
        Route("GET", f"{_V3}/accounts/{{}}", "account.get", _account, _VIEW),
        Route("POST", f"{_V3}/orders", "order.create", trading.create, _TRADE),
        Route("POST", f"{_V3}/orders/preview", "order.preview", trading.preview, _VIEW),
        Route("POST", f"{_V3}/orders/batch_cancel", "order.cancel", trading.cancel, _TRADE),
        Route("GET", f"{_V3}/orders/historical/batch", "orders.list", _orders, _VIEW),
        Route("GET", f"{_V3}/orders/historical/fills", "trades.list", _fills, _VIEW),
        Route("GET", f"{_V3}/orders/historical/{{}}", "order.get", trading.get, _VIEW),
        Route("GET", f"{_V3}/key_permissions", "key.get", _permissions, _VIEW),
        Route("GET", f"{_V3}/portfolios", "portfolios.list", _portfolios, _VIEW),
        Route("GET", f"{_V3}/portfolios/{{}}", "portfolio.get", _portfolio, _VIEW),
        Route("GET", f"{_V3}/transaction_summary", "fees.get", _fees, _VIEW),
        Route("GET", f"{_V2}/time", "v2.time", _old_time),
        Route("GET", f"{_V2}/currencies", "v2.currencies", _fiat),
        Route("GET", f"{_V2}/currencies/crypto", "v2.currencies.crypto", _crypto),
        Route("GET", f"{_V2}/exchange-rates", "v2.exchange_rates", _rates),
        Route("GET", f"{_V2}/accounts", "v2.accounts", _wallets, _VIEW),
    )
)
