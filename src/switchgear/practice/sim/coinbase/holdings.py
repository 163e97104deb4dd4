"""Owns what Coinbase tells of a user: accounts, the portfolio, the fee tier and what a key may do."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from switchgear.practice.sim.coinbase.keys import ApiKey, Scope
from switchgear.practice.sim.coinbase.products import FEE_RATE, FIAT, NAMES, PRODUCTS
from switchgear.practice.sim.coinbase.queries import Query, page_of
from switchgear.practice.sim.coinbase.refusals import not_found
from switchgear.practice.sim.coinbase.text import amount, instant

if TYPE_CHECKING:
    from switchgear.practice.sim.accounts import Account
    from switchgear.practice.sim.coinbase.shapes import Owner
    from switchgear.practice.sim.ledger import Ledger

Json = dict[str, Any]
_ACCOUNTS, _ACCOUNTS_MAX = 49, 250
_OPENED_MS = 1_700_000_000_000
_ZERO = Decimal(0)
_CENT = Decimal("0.01")


def _money(value: Decimal, currency: str) -> Json:
    return {"value": amount(value), "currency": currency}


def accounts(account: Account, owner: Owner, query: Query) -> Json:
    """The accounts of a user, one for each currency, page by page."""
    # Numbered downwards, as a page wants them, so that they come by name.
    numbered = list(enumerate(sorted(account.balances, reverse=True), 1))[::-1]
    page = page_of(numbered, lambda each: each[0], query, _ACCOUNTS, _ACCOUNTS_MAX)
    told = [_account(account, owner, currency) for _, currency in page.items]
    return {
        "accounts": told,
        "has_next": page.has_next,
        "cursor": page.cursor,
        "size": len(told),
    }


def account_of(account: Account, owner: Owner, account_id: str) -> Json:
    """One account."""
    for currency in account.balances:
        if owner.account_id(currency) == account_id:
            return {"account": _account(account, owner, currency)}
    raise not_found("account was not found")


def _account(account: Account, owner: Owner, currency: str) -> Json:
    held = account.held(currency)
    return {
        "uuid": owner.account_id(currency),
        "name": f"{currency} Wallet",
        "currency": currency,
        "available_balance": _money(held.free, currency),
        "hold": _money(held.locked, currency),
        "default": currency == "BTC",
        "active": True,
        "created_at": instant(_OPENED_MS),
        "updated_at": instant(_OPENED_MS),
        "deleted_at": None,
        "type": "ACCOUNT_TYPE_FIAT" if currency == FIAT else "ACCOUNT_TYPE_CRYPTO",
        "ready": True,
        "retail_portfolio_id": owner.portfolio_id,
        "platform": "ACCOUNT_PLATFORM_CONSUMER",
    }


def permissions(key: ApiKey, owner: Owner) -> Json:
    """What a key may do; none may move money out."""
    return {
        "can_view": Scope.VIEW in key.scopes,
        "can_trade": Scope.TRADE in key.scopes,
        "can_transfer": False,
        "portfolio_uuid": owner.portfolio_id,
        "portfolio_type": "DEFAULT",
    }


def _portfolio(owner: Owner) -> Json:
    return {"name": "Primary", "uuid": owner.portfolio_id, "type": "DEFAULT", "deleted": False}


def portfolios(owner: Owner) -> Json:
    """The one portfolio, in a list."""
    return {"portfolios": [_portfolio(owner)]}


def breakdown(ledger: Ledger, account: Account, owner: Owner, portfolio_id: str) -> Json:
    """What a portfolio is made of, valued in the fiat currency."""
    if portfolio_id != owner.portfolio_id:
        raise not_found("portfolio was not found")
    worth = {currency: _worth(ledger, account, currency) for currency in account.balances}
    total, cash = sum(worth.values(), _ZERO), worth.get(FIAT, _ZERO)
    told = {
        "portfolio": _portfolio(owner),
        "portfolio_balances": {
            "total_balance": _money(total.quantize(_CENT), FIAT),
            "total_cash_equivalent_balance": _money(cash.quantize(_CENT), FIAT),
            "total_crypto_balance": _money((total - cash).quantize(_CENT), FIAT),
            "total_futures_balance": _money(_ZERO, FIAT),
        },
        "spot_positions": [_position(account, owner, each, worth, total) for each in worth],
        "perp_positions": [],
        "futures_positions": [],
    }
    return {"breakdown": told}


def _position(
    account: Account, owner: Owner, currency: str, worth: dict[str, Decimal], total: Decimal
) -> Json:
    held, value = account.held(currency), worth[currency]
    share = held.free / (held.free + held.locked) if held.free else _ZERO
    return {
        "asset": currency,
        "account_uuid": owner.account_id(currency),
        # These are numbers and not text on the venue, too.
        "total_balance_fiat": float(value.quantize(_CENT)),
        "total_balance_crypto": float(held.free + held.locked),
        "available_to_trade_fiat": float((value * share).quantize(_CENT)),
        "allocation": float((value / total).quantize(_CENT)) if total else 0.0,
        "is_cash": currency == FIAT,
    }


def _worth(ledger: Ledger, account: Account, currency: str) -> Decimal:
    held = account.held(currency)
    return (held.free + held.locked) * price_of(ledger, currency)


def price_of(ledger: Ledger, currency: str) -> Decimal:
    """What one unit is worth in the fiat currency; a stablecoin, which has no pair here, is worth 1."""
    product = PRODUCTS.get(f"{currency}-{FIAT}")
    return Decimal(1) if product is None else ledger.price(product.symbol)


def fees(account: Account) -> Json:
    """The fee tier, and what was traded and paid so far, in quote units taken as fiat."""
    traded = sum((order.quote_executed for order in account.orders), _ZERO)
    paid = sum((each.commission for order in account.orders for each in order.executions), _ZERO)
    return {
        # These are numbers and not text on the venue, too.
        "total_volume": float(traded),
        "total_fees": float(paid),
        "advanced_trade_only_volume": float(traded),
        "advanced_trade_only_fees": float(paid),
        "coinbase_pro_volume": 0.0,
        "coinbase_pro_fees": 0.0,
        "fee_tier": {
            "pricing_tier": "Advanced 1",
            "usd_from": "0",
            "usd_to": "10000",
            "taker_fee_rate": amount(FEE_RATE),
            "maker_fee_rate": amount(FEE_RATE),
            "aop_from": "",
            "aop_to": "",
        },
        "has_promo_fee": False,
    }


def fiat_currencies() -> Json:
    """The fiat currencies, as the older part of the venue tells them."""
    return {"data": [{"id": FIAT, "name": NAMES[FIAT], "min_size": "0.01"}]}


def crypto_currencies(owner: Owner) -> Json:
    """The other currencies, as the older part of the venue tells them."""
    told = [
        {
            "asset_id": owner.account_id(code),
            "code": code,
            "name": name,
            "color": "#000000",
            "sort_index": index,
            "exponent": 8,
            "type": "crypto",
            "address_regex": "",
        }
        for index, (code, name) in enumerate(NAMES.items())
        if code != FIAT
    ]
    return {"data": told}


def rates(ledger: Ledger) -> Json:
    """How much of each currency one unit of the fiat currency buys."""
    told = {
        code: amount((1 / price_of(ledger, code)).quantize(Decimal("0.0000000001")))
        for code in NAMES
    }
    return {"data": {"currency": FIAT, "rates": told}}


def wallets(account: Account, owner: Owner) -> Json:
    """The accounts as the older part of the venue tells them: what is free of each currency."""
    told = [_wallet(account, owner, currency) for currency in sorted(account.balances)]
    pagination = {"ending_before": None, "starting_after": None, "limit": 250, "order": "desc"}
    more = {"previous_uri": None, "next_uri": None}
    return {"pagination": pagination | more, "data": told}


def _wallet(account: Account, owner: Owner, currency: str) -> Json:
    is_fiat = currency == FIAT
    account_id = owner.account_id(currency)
    return {
        "id": account_id,
        "name": f"{currency} Wallet",
        "primary": currency == "BTC",
        "type": "fiat" if is_fiat else "wallet",
        "currency": {"code": currency, "name": NAMES[currency], "exponent": 2 if is_fiat else 8},
        "balance": {"amount": amount(account.held(currency).free), "currency": currency},
        "created_at": instant(_OPENED_MS),
        "updated_at": instant(_OPENED_MS),
        "resource": "account",
        "resource_path": f"/v2/accounts/{account_id}",
        "allow_deposits": False,
        "allow_withdrawals": False,
    }
