"""Looks at the first page in a real browser: the sentence, what to look at first, and where each of it leads."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from switchgear.order.intent import State
from switchgear.order.store import Switch
from tests.server.axe import axe
from tests.server.browser import chromium
from tests.server.circuits_window import is_whole, window_at
from tests.server.kit import House
from tests.server.orders_kit import OrderHouse
from tests.server.orders_window import furnish
from tests.server.story import HOSTILE, answers, refused, widen

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Locator, Page

pytestmark = pytest.mark.slow  # a real browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all tests here: starting it costs most of a second."""
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def broad(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house in which an exchange is gone, an account is held and gates are closed."""
    with House("memory", tmp_path_factory.mktemp("broad")) as house:
        widen(house)
        yield house


@pytest.fixture
def page(browser: Browser, broad: House) -> Iterator[Page]:
    """A window at the first page."""
    with window_at(browser, broad) as opened:
        opened.goto("/")
        expect(opened.locator(".tile").first).to_be_visible()
        yield opened


def tile(page: Page, title: str) -> Locator:
    """One thing to look at."""
    return page.locator(".tile", has_text=title)


def test_a_sentence_says_how_things_stand(page: Page) -> None:
    """The heading names who does not serve everything, and below it stands why, to the letter."""
    expect(page.get_by_role("heading", level=1)).to_have_text(
        "alpaca, binance, coinbase and kraken do not serve everything."
    )
    expect(page.locator(".standing")).to_contain_text("the whole exchange has been open for")
    expect(page.locator(".standing")).to_contain_text(HOSTILE)
    assert page.locator("main b[onclick]").count() == 0


def test_all_well_is_a_sentence_too(browser: Browser, tmp_path: Path) -> None:
    """Before the first call, and when everything answers, the heading says so and no tile is loud."""
    with House("memory", tmp_path) as house, window_at(browser, house) as page:
        page.goto("/")
        expect(page.get_by_role("heading", level=1)).to_have_text("Nothing was called yet.")
        house.call("binance", "get_market_price")
        expect(page.get_by_role("heading", level=1)).to_have_text("All exchanges are answering.")
        expect(page.locator('.tile[data-kind="none"]')).to_have_count(5)


@pytest.mark.parametrize(
    ("title", "text", "url"),
    [
        ("circuits not closed", r"2\s*circuits not closed.*binance whole exchange", r"/circuits$"),
        ("gates closed", r"3\s*gates closed.*binance, account main: \d+ s more", r"/circuits$"),
        ("orders in doubt", r"0\s*orders in doubt.*No journal here", r"/orders$"),
        (
            "errors in the last",
            r"\d\s*errors in the last 15 min",
            r"/api-logs\?level=error&since=-15m",
        ),
        ("records missing", r"0\s*records missing.*has all of them", r"/api-logs\?level=warning"),
    ],
)
def test_each_thing_to_look_at_says_how_many_and_leads_there(
    page: Page, title: str, text: str, url: str
) -> None:
    """A number, the first few of them, and a link that the keyboard takes too."""
    expect(tile(page, title)).to_have_text(re.compile(text, re.DOTALL))
    tile(page, title).focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(url))


def test_orders_in_doubt_are_in_the_sentence(browser: Browser, tmp_path: Path) -> None:
    """With a journal, an order of which nobody knows is said in the heading and named in its tile."""
    with OrderHouse(tmp_path) as built:
        house = furnish(built)
        with window_at(browser, house) as page:
            page.goto("/")
            expect(page.get_by_role("heading", level=1)).to_contain_text("1 order is in doubt")
            doubt = tile(page, "order in doubt")
            expect(doubt).to_have_attribute("data-kind", "bad")
            expect(doubt.locator(".tile-count")).to_have_text("1")
            doubt.click()
            expect(page).to_have_url(re.compile("/orders$"))


def test_one_of_a_kind_is_called_so(browser: Browser, tmp_path: Path) -> None:
    """Where there is one, its tile does not speak of many; a halt is called one."""
    with OrderHouse(tmp_path) as house, window_at(browser, house) as page:
        house.gear.configure("*", retries=0)
        limited = answers(refused(429, None, 25))
        house.gear.guarded("kraken", "get_symbols").try_call_sync(limited)
        halt = Switch(True, house.book.now_ms(), "ops", "a test")
        house.store.apply([halt], durable=True)
        house.keep()
        page.goto("/")
        titles = page.locator(".tile-title")
        expect(titles).to_have_text(
            [
                "circuits not closed",
                "gate closed",
                "halt of new orders",
                "error in the last 15 min",
                "records missing",
            ]
        )
        house.gear.hold("kraken", "get_symbols", state="open", by="ops", why="a test", for_s=None)
        house.store.apply([replace(halt, on=False)], durable=True)
        house.book.put(State.SENT, State.UNKNOWN)
        house.store.apply([halt], durable=True)
        expect(titles.first).to_have_text("circuit not closed")
        expect(titles.nth(2)).to_have_text("orders in doubt, or halted")


def test_each_exchange_has_a_line_and_the_last_errors_are_there(page: Page) -> None:
    """Circuits, calls and success of each exchange; below, what went wrong lately, each with a way to its log."""
    line = page.get_by_role("row", name=re.compile("^binance"))
    expect(line).to_contain_text("open: whole exchange")
    expect(line.get_by_role("cell").nth(1)).to_have_text("8")
    lately = page.get_by_role("region", name="Errors lately")
    expect(lately.get_by_role("listitem")).to_have_count(6)
    lately.get_by_role("link", name="binance get_account_balance").first.click()
    expect(page).to_have_url(re.compile("/api-logs.*method=get_account_balance"))


def test_one_navigation_leads_to_every_page(page: Page) -> None:
    """By click and by key, each page is reached, named in the title, and marked as the one that is shown."""
    pages = page.get_by_role("navigation", name="Pages")
    expect(pages.get_by_role("link")).to_have_text(
        ["Overview", "Logs", "Circuits", "Calls", "Orders"]
    )
    for key, name in (
        ("l", "Logs"),
        ("c", "Circuits"),
        ("m", "Calls"),
        ("r", "Orders"),
        ("s", "Overview"),
    ):
        pages.get_by_role("link", name=name).click()
        expect(page).to_have_title(f"{name} · switchgear")
        expect(pages.locator("[aria-current=page]")).to_have_text(name)
        page.keyboard.press("s" if key != "s" else "l")
        page.keyboard.press(key)
        expect(page).to_have_title(f"{name} · switchgear")
    page.get_by_role("link", name="switchgear").click()
    expect(page).to_have_title("Overview · switchgear")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1_440, 380])
def test_everybody_can_use_the_first_page(
    browser: Browser, broad: House, scheme: str, width: int
) -> None:
    """By day and by night, wide and on a phone: axe finds nothing, and nothing must be moved sideways."""
    with window_at(browser, broad, width=width, scheme=scheme) as page:
        page.goto("/")
        expect(page.get_by_role("region", name="Errors lately")).to_be_visible()
        expect(page.get_by_role("region", name="Exchanges")).to_be_visible()
        assert axe(page) == []
        assert is_whole(page)
