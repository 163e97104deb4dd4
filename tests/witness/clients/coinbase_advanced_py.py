"""Trades on the practice Coinbase venue with coinbase-advanced-py, unmodified, and tells what became of each step."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from requests.adapters import HTTPAdapter

from tests.witness.clients.diary import Diary
from tests.witness.clients.strangers import fresh_pem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from requests import PreparedRequest, Response

    from tests.witness.clients.diary import Book, Candle

rest: Any = importlib.import_module("coinbase.rest")
PAIR = "BTC-USD"
LOW = "10000"
UNKNOWN = "00000000-0000-4000-8000-000000000000"
_POLLS = 99


class Plain(HTTPAdapter):
    """Sends in the clear: the client knows https alone, and the venue listens on loopback."""

    def send(self, request: PreparedRequest, *args: Any, **more: Any) -> Response:
        """Send to the same place, by http."""
        request.url = (request.url or "").replace("https://", "http://", 1)
        return super().send(request, *args, **more)


def told(error: Exception) -> Mapping[str, object]:
    """What its exceptions show: they are those of requests, with the answer inside."""
    answer = getattr(error, "response", None)
    return {"status": getattr(answer, "status_code", None), "text": error}


def connect(base_url: str, key: str | None = None, secret: str | None = None) -> Any:
    """Its REST client, pointed at this venue; public when no key is given."""
    place = base_url.removeprefix("http://")
    client = rest.RESTClient(api_key=key, api_secret=secret, base_url=place)
    client.session.mount("https://", Plain())
    return client


def taken(answer: Any) -> dict[str, object]:
    """What became of a new order: a refusal is an answer, not an error, to this client."""
    told = answer.to_dict()
    if told["success"]:
        booked = told["success_response"]
        return {"id": booked["order_id"], "client_id": booked["client_order_id"]}
    return {"refused": told["error_response"]["error"]}


def shown(order: Any) -> dict[str, object]:
    """An order as this client hands it out."""
    return {
        "id": order.order_id,
        "client_id": order.client_order_id,
        "status": order.status,
        "filled": order.filled_size,
    }


class Desk:
    """The client, and calls in short."""

    def __init__(self, client: Any) -> None:
        self.client = client

    def limit(self, size: str, price: str = LOW, name: str = "") -> dict[str, object]:
        """Buy at this price or better; a name of the client's own when none is given."""
        return taken(self.client.limit_order_gtc_buy(name, PAIR, size, price))

    def market(self, cash: str) -> dict[str, object]:
        """Spend this much at once."""
        return taken(self.client.market_order_buy("", PAIR, quote_size=cash))

    def found(self, number: str) -> dict[str, object]:
        """An order by its id."""
        return shown(self.client.get_order(number).order)

    def named(self, name: str) -> dict[str, object]:
        """An order by its client id: there is no such call, so the list is searched."""
        listed = self.client.list_orders(product_ids=[PAIR]).orders
        return shown(next(order for order in listed if order.client_order_id == name))

    def filled(self, number: str) -> dict[str, object]:
        """An order by its id, asked for until it is done."""
        for _ in range(_POLLS):
            order = self.found(number)
            if order["status"] == "FILLED":
                return order
        raise TimeoutError(f"order {number} is not filled after {_POLLS} looks at it")

    def cancelled(self, number: str) -> dict[str, object]:
        """What became of a cancel: a refusal is an answer here too."""
        (told,) = self.client.cancel_orders([number]).to_dict()["results"]
        return {"id": told["order_id"]} if told["success"] else {"refused": told["failure_reason"]}

    def balance(self, asset: str = "USD") -> dict[str, object]:
        """One asset of the account."""
        held = {each.currency: each for each in self.client.get_accounts().accounts}[asset]
        return {"free": held.available_balance["value"], "locked": held.hold["value"]}


def book(client: Any) -> Book:
    """The best bid and ask."""
    levels = client.get_public_product_book(PAIR, limit=5).pricebook
    return levels.bids[0].price, levels.asks[0].price


def candles(client: Any) -> list[Candle]:
    """The candles of the last three minutes, which arrive newest first."""
    now_s = int(client.get_unix_time().epoch_seconds)
    start_s = now_s - now_s % 60 - 120
    told = client.get_public_candles(PAIR, str(start_s), str(now_s), "ONE_MINUTE").candles
    return [(each.open, each.high, each.low, each.close) for each in reversed(told)]


def trade(diary: Diary, desk: Desk) -> None:
    """Everything that goes well."""
    client, public = desk.client, connect(diary.task["base_url"])
    diary.step("markets", lambda: {"base": client.get_product(PAIR).base_currency_id})
    diary.price(PAIR, lambda: client.get_product(PAIR).price)
    diary.market(lambda: book(public), lambda: candles(public))
    diary.step("public_price", lambda: {"told": public.get_public_product(PAIR).price})
    diary.step("balance", desk.balance)
    booked = diary.step("limit", lambda: desk.limit("0.01", name="w-1"))
    diary.step("held", desk.balance)
    diary.step("by_id", lambda: desk.found(booked["id"]))
    diary.step("by_client_id", lambda: desk.named("w-1"))
    diary.step("open", lambda: shown(*client.list_orders(order_status=["OPEN"]).orders))
    diary.step("duplicate", lambda: desk.limit("0.01", name="w-1"))
    diary.step("cancel", lambda: desk.cancelled(booked["id"]))
    diary.step("cancelled", lambda: desk.found(booked["id"]))
    diary.step("duplicate_later", lambda: desk.limit("0.01", name="w-1"))
    done = diary.step("market", lambda: desk.market("100"))
    diary.step("filled", lambda: desk.filled(done["id"]))
    diary.step("unfilled_cancel", lambda: desk.cancelled(done["id"]))
    diary.step("position", lambda: desk.balance("BTC"))
    diary.step(
        "fills", lambda: {"quantity": client.get_fills(order_ids=[done["id"]]).fills[0].size}
    )


def refused(diary: Diary, desk: Desk) -> None:
    """What the venue says no to."""
    client = desk.client
    diary.step("no_funds", lambda: desk.limit("99"))
    diary.step("bad_symbol", lambda: taken(client.market_order_buy("", "NOPE-USD", quote_size="9")))
    diary.step("no_symbol", lambda: {"price": client.get_product("NOPE-USD").price})
    diary.step("too_precise", lambda: desk.limit("0.01", "10000.123"))
    diary.step("too_small", lambda: desk.limit("0.000000001"))
    diary.step("unknown_order", lambda: desk.found(UNKNOWN))
    diary.step("unknown_cancel", lambda: desk.cancelled(UNKNOWN))
    key, secret, url = diary.task["key"], diary.task["secret"], diary.task["base_url"]
    diary.step("bad_key", Desk(connect(url, "organizations/x/apiKeys/y", secret)).balance)
    diary.step("bad_signature", Desk(connect(url, key, fresh_pem())).balance)
    diary.step("skewed", Desk(connect(diary.task["shifted_url"], key, secret)).balance)


def failing(diary: Diary, desk: Desk) -> None:
    """The venue in trouble: every call fails, with the answer that the rule gives."""

    def order() -> Mapping[str, object]:
        return desk.market("100")

    for status in (429, 500, 503, 504):
        diary.faulted(str(status), {"action": "answer", "status": status}, order)
    diary.faulted("html", {"action": "html", "status": 502}, order)
    diary.faulted("reset", {"action": "reset_before"}, order)
    diary.rows({"order.create": order, "order.cancel": lambda: desk.cancelled(UNKNOWN)})


def main() -> None:
    """All of it, in order."""
    diary = Diary(told)
    desk = Desk(connect(diary.task["base_url"], diary.task["key"], diary.task["secret"]))
    trade(diary, desk)
    refused(diary, desk)
    failing(diary, desk)


if __name__ == "__main__":
    main()
