"""Looks at /circuits in a real browser: what is wider than a method, whom it holds back, gates, limits, budgets."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.server.browser import Complaints, chromium
from tests.server.kit import House
from tests.server.story import HOSTILE, PUBLIC, answers, widen

if TYPE_CHECKING:
    from collections.abc import Iterator

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


@pytest.fixture(scope="module")
def window(browser: Browser, broad: House) -> Iterator[Page]:
    """One window for all tests here."""
    context = browser.new_context(
        base_url=broad.server.url, color_scheme="light", viewport={"width": 1280, "height": 800}
    )
    opened = context.new_page()
    opened.set_default_timeout(8_000)
    yield opened
    context.close()


@pytest.fixture
def page(window: Page) -> Iterator[Page]:
    """The window, at the circuits; at the end nothing may have complained."""
    complaints = Complaints(window)
    window.goto("/circuits")
    expect(window.locator(".board tbody tr").first).to_be_visible()
    yield window
    complaints.end()
    assert complaints.heard == []


def group(page: Page, exchange: str) -> Locator:
    """All that the page shows of an exchange."""
    return page.locator(
        "tbody", has=page.get_by_role("rowheader", name=re.compile(f"^{exchange} "))
    )


def row(page: Page, exchange: str, name: str) -> Locator:
    """The row of a circuit."""
    named = page.get_by_role("link", name=name, exact=True)
    return group(page, exchange).locator("tr[data-scope]", has=named).last


def test_what_is_wider_comes_first_and_in_words(page: Page) -> None:
    """The whole exchange is the first circuit of its exchange, with state, reason, probe and whom it holds back."""
    rows = group(page, "binance").locator("tr[data-scope]")
    expect(rows.locator(".method")).to_contain_text(["whole exchange", "create_order"])
    whole = rows.first
    expect(whole.locator(".state")).to_have_text(re.compile("open"))
    expect(whole.locator(".why")).to_contain_text("ConnectionRefusedError")
    expect(whole.locator(".next")).to_have_text(re.compile(r"probe in \d+ s"))
    expect(whole).to_contain_text("holds back 3 methods")
    expect(row(page, "alpaca", "account main").locator(".next")).to_have_text("until released")
    assert "@" not in page.locator(".board").inner_text()


def test_a_method_that_is_held_back_says_by_what(page: Page) -> None:
    """A closed method of the exchange that is gone says so, and one that nothing holds back says nothing."""
    order = row(page, "binance", "create_order")
    expect(order.locator(".state")).to_have_text(re.compile("closed"))
    expect(order.locator(".held")).to_have_text("held back by the whole exchange")
    held = group(page, "alpaca").locator("tr", has_text="held back by account main")
    expect(held.locator(".method a")).to_have_text(["create_order"])
    expect(row(page, "alpaca", PUBLIC).locator(".held")).to_have_count(0)
    expect(row(page, "coinbase", "create_order").locator(".held")).to_have_count(0)


def test_gates_say_what_they_hold_back(page: Page) -> None:
    """A gate names its scope, its kind, its time and why."""
    orders, public = (group(page, name).locator(".gate") for name in ("binance", "coinbase"))
    kind = r"gate of account main closed for \d+ s more, new orders only: HTTPStatusError: 429"
    expect(orders).to_have_text(re.compile(kind))
    kind = r"gate of our address closed for \d+ s more, calls without a key only: HTTPStatusError"
    expect(public).to_have_text(re.compile(kind))
    whole = group(page, "kraken").locator(".gate")
    expect(whole).to_have_text(re.compile(r"gate of our address closed for \d+ s more: HTTP"))


def test_limits_and_the_retry_budget_are_told_in_words(page: Page) -> None:
    """Each known limit says what is used of how much, who waits and when it resets; the budget what it withheld."""
    used = group(page, "binance").locator(".limit")
    expect(used).to_have_count(4)
    expect(used.first).to_contain_text("request weight per min, our address")
    words = r"5,042 of 6,000, market data waits, resets in \d+ s"
    expect(used.first).to_have_text(re.compile(words))
    expect(used.nth(1)).to_contain_text("orders per 10 s, account main")
    expect(used.last).to_contain_text("retries withheld: 1")
    full = group(page, "coinbase").locator(".limit").last
    expect(full).to_contain_text("500 of 500 tokens left")
    expect(full).not_to_contain_text("withheld")
    expect(page.locator(".legend")).to_contain_text("80 %")
    # Nothing is known of this one: words for its budget, and no bar.
    expect(group(page, "kraken").locator(".limit")).to_have_count(1)
    expect(group(page, "kraken").locator(".limit-bar")).to_have_count(0)


def test_the_window_of_a_rate_is_told(page: Page) -> None:
    """Where a rule looks at a window, the row says what it holds; elsewhere nothing is said of one."""
    order = row(page, "coinbase", "create_order")
    expect(order).to_contain_text("in its window: 1 of 4 attempts failed")
    expect(page.locator(".window")).to_have_count(1)


def test_the_share_that_passes_is_shown_while_it_grows(page: Page, broad: House) -> None:
    """An exchange that comes back says what share passes, and its methods say so too."""
    gear = broad.gear
    gear.configure("okx", "@exchange", ramp_s=20)
    guarded = gear.guarded("okx", "get_balance", retries=0)
    for _ in range(3):
        guarded.try_call_sync(answers(ConnectionRefusedError("connection refused")))
    broad.clock.advance(31)
    guarded.try_call_sync(answers())
    broad.clock.advance(5)
    whole = row(page, "okx", "whole exchange")
    expect(whole.locator(".next")).to_have_text(re.compile(r"^\s*3\d % pass"))
    expect(whole).to_contain_text("partly holds back 1 method")
    held = row(page, "okx", "get_balance").locator(".held")
    expect(held).to_have_text(re.compile(r"the whole exchange lets 3\d % pass"))


def test_the_keyboard_reaches_what_is_wide(page: Page) -> None:
    """From the exchange's name, past its button, to its widest circuit, whose link opens it and what it did."""
    link = row(page, "binance", "whole exchange").get_by_role("link")
    group(page, "binance").get_by_role("link", name="binance", exact=True).focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(link).to_be_focused()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/circuits\?exchange=binance&method=%40exchange"))
    panel = page.get_by_role("complementary")
    expect(panel.get_by_role("heading", name="whole exchange")).to_be_visible()
    expect(panel).to_contain_text("3 failures in a row")
    page.keyboard.press("Escape")
    expect(panel).to_have_count(0)
    expect(link).to_be_focused()


def test_what_a_person_wrote_stays_text(page: Page) -> None:
    """Markup in the reason of a hold is shown to the letter."""
    expect(row(page, "alpaca", "account main").locator(".why")).to_contain_text(HOSTILE)
    assert page.locator(".board b[onclick]").count() == 0


@pytest.mark.parametrize("width", [380, 700, 1_100, 1_200])
def test_nothing_is_cut_off_at_any_width(page: Page, width: int) -> None:
    """On a phone and on a small window nothing has to be moved sideways."""
    page.set_viewport_size({"width": width, "height": 800})
    wide = "one => one.scrollWidth > one.clientWidth"
    found = page.evaluate(
        f"[...document.querySelectorAll('#app, main, .list')].filter({wide}).length"
    )
    page.set_viewport_size({"width": 1280, "height": 800})
    assert found == 0


def test_a_file_tells_nothing_of_limits(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Of another process's file the page shows wide circuits and gates, and is silent about limits and budgets."""
    with House("other", tmp_path_factory.mktemp("file")) as house:
        widen(house)
        page = browser.new_page(base_url=house.server.url)
        complaints = Complaints(page)
        page.goto("/circuits")
        expect(row(page, "binance", "create_order").locator(".held")).to_have_text(
            "held back by the whole exchange"
        )
        expect(group(page, "binance").locator(".gate")).to_contain_text("new orders only")
        assert page.locator(".limit, .window").count() == 0
        assert "%" not in row(page, "binance", "whole exchange").inner_text()
        page.close()
        assert complaints.heard == []
