"""Owns what browser tests of /orders share: a window at a furnished house, and how its rows and dialogs are reached."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from playwright.sync_api import expect

from switchgear.exchange.model import OrderType, Side
from switchgear.order.intent import State
from tests.server.browser import Complaints

if TYPE_CHECKING:
    from collections.abc import Generator

    from playwright.sync_api import Browser, Locator, Page

    from switchgear.order.intent import Intent
    from tests.server.orders_kit import OrderHouse


@contextmanager
def window_at(browser: Browser, house: OrderHouse) -> Generator[Page]:
    """A window of a screen's width at a house."""
    context = browser.new_context(
        base_url=house.server.url, color_scheme="light", viewport={"width": 1280, "height": 800}
    )
    opened = context.new_page()
    opened.set_default_timeout(8_000)
    yield opened
    context.close()


def furnish(built: OrderHouse) -> OrderHouse:
    """The house with four orders, one of them unknown and asked after."""
    built.begin_anew()
    put = built.book.put
    put(State.SENT, State.ACKED, place=("coinbase", "main"), symbol="ETH/USD", side=Side.SELL)
    put(State.SENT, State.REJECTED, place=("binance", "second"))
    built.asked_after(put(State.SENT, State.UNKNOWN, owned_s=60))
    market: dict[str, Any] = {"type": OrderType.MARKET, "price": None}
    put(State.SENT, State.ACKED, **market)
    return built


@contextmanager
def at_the_orders(window: Page, house: OrderHouse) -> Generator[Page]:
    """The window, at the orders; at the end nothing may have complained."""
    complaints = Complaints(window)
    window.goto("/orders")
    expect(rows(window)).to_have_count(len(house.get("orders")["intents"]))
    yield window
    complaints.end()
    assert complaints.heard == []


def rows(page: Page) -> Locator:
    """The rows of the table."""
    return page.locator(".intents tbody tr")


def kept(house: OrderHouse, number: int) -> Intent:
    """An intent as it is kept, by the order in which the house got it."""
    found = house.store.get(f"{number:032x}")
    assert found is not None
    return found


def say(page: Page, by: str, why: str) -> Locator:
    """Tell the dialog that is open who and why; gives it."""
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Who").fill(by)
    dialog.get_by_label("Why").fill(why)
    return dialog
