"""Owns what browser tests of /circuits, /calls and the first page share: an hour of trouble, and a window at it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.server.browser import Complaints

if TYPE_CHECKING:
    from collections.abc import Generator

    from playwright.sync_api import Browser, Locator, Page

    from tests.server.kit import House


_REFUSED = "the server responded with a status of 400 (Bad Request)"


def an_hour(house: House) -> None:
    """Prices are served all the while, orders break twice, and a balance is tried again."""
    for minute in range(60):
        house.call("binance", "get_market_price")
        house.call("binance", "create_order", fails=1 if minute in {20, 21, 22, 40, 41, 42} else 0)
        house.call("coinbase", "get_account_balance", fails=1)
        house.clock.advance(55)
    house.keep()


@contextmanager
def window_at(
    browser: Browser, house: House, *, width: int = 1_280, scheme: str = "light"
) -> Generator[Page]:
    """A window at a house; at the end nothing may have complained."""
    context = browser.new_context(
        base_url=house.server.url,
        color_scheme="dark" if scheme == "dark" else "light",
        reduced_motion="reduce",
        viewport={"width": width, "height": 800},
        permissions=["clipboard-read", "clipboard-write"],
    )
    page = context.new_page()
    page.set_default_timeout(8_000)
    complaints = Complaints(page)
    yield page
    complaints.end()
    context.close()
    # That a request was refused the browser says by itself; what the page makes of it is looked at.
    assert [one for one in complaints.heard if not one.endswith(_REFUSED)] == []


def row(page: Page, exchange: str, name: str) -> Locator:
    """The row of a circuit."""
    group = page.locator("tbody", has=page.get_by_role("button", name=f"Hold all of {exchange}"))
    named = page.get_by_role("link", name=name, exact=True)
    return group.locator("tr[data-scope]", has=named)


def at_circuit(page: Page, exchange: str, method: str) -> Locator:
    """The details of a circuit, by its address."""
    page.goto(f"/circuits?exchange={exchange}&method={method}")
    panel = page.get_by_role("complementary", name="Details of the circuit")
    expect(panel).to_be_visible()
    return panel


def is_whole(page: Page) -> bool:
    """Whether nothing has to be moved sideways."""
    wide = "one => one.scrollWidth > one.clientWidth"
    rooms = "document.querySelectorAll('#app, main, .list, .panel')"
    return bool(page.evaluate(f"![...{rooms}].some({wide})"))
