"""Tests in a real browser what all pages share: keys, themes, hostile text, narrow screens; test_logs_* has the log."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from tests.server.browser import Complaints, chromium
from tests.server.kit import House

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

HOSTILE = (
    '<img src=x onerror="document.title=1"><script>document.title=2</script>&amp;${7*7}\u202e"\''
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all tests here: starting it costs most of a second."""
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house with a story, which each test goes on telling."""
    with House("memory", tmp_path_factory.mktemp("told")) as made:
        made.tell()
        yield made


@pytest.fixture(scope="module")
def window(browser: Browser, told: House) -> Iterator[Page]:
    """One window for all tests here: loading the page anew in each would cost a second."""
    context = browser.new_context(
        base_url=told.server.url, color_scheme="light", viewport={"width": 1280, "height": 800}
    )
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    opened = context.new_page()
    opened.set_default_timeout(8_000)
    yield opened
    context.close()


@pytest.fixture
def page(window: Page, told: House) -> Iterator[Page]:
    """The window, at the log; at the end nothing may have complained."""
    complaints = Complaints(window)
    window.goto("/api-logs")
    expect(window.locator(".records tbody tr").first).to_be_visible()
    expect(window.locator(".live")).to_have_attribute("data-tail", "open")
    yield window
    complaints.end()
    assert complaints.heard == []


@pytest.mark.slow  # a real browser
def test_the_keyboard_reaches_everything(page: Page) -> None:
    """Rows, details, help, theme and the other page, all without a mouse."""
    page.keyboard.press("j")
    page.keyboard.press("j")
    rows = page.locator(".records tbody tr")
    expect(rows.nth(1)).to_be_focused()
    page.keyboard.press("k")
    expect(rows.nth(0)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("complementary")).to_be_visible()
    page.keyboard.press("j")
    expect(rows.nth(1)).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Escape")
    expect(rows.nth(1)).to_be_focused()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("c")
    expect(page).to_have_url(re.compile("/circuits$"))
    page.keyboard.press("l")
    expect(page).to_have_url(re.compile("/api-logs$"))


@pytest.mark.slow  # a real browser
def test_light_and_dark_are_kept(page: Page) -> None:
    """The theme follows the system until it is chosen, and the choice outlasts a reload."""
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    page.emulate_media(color_scheme="dark")
    assert page.evaluate(ground) != light
    page.emulate_media(color_scheme="light")
    page.get_by_role("button", name="Use the dark theme").click()
    dark = page.evaluate(ground)
    assert dark != light
    page.reload()
    assert page.evaluate(ground) == dark
    page.get_by_role("button", name="Use the light theme").click()


@pytest.mark.slow  # a real browser
def test_circuits_show_state_reason_and_countdown(page: Page, told: House) -> None:
    """The open circuit says so in a word, why, and when it is tried."""
    told.trouble()
    page.get_by_role("link", name="Circuits").click()
    row = page.locator("tr", has=page.get_by_role("link", name="create_order"))
    expect(row.locator(".state")).to_have_text(re.compile("open"))
    expect(row.locator(".why")).to_contain_text("ConnectionResetError")
    expect(row.locator(".next")).to_have_text(re.compile(r"in \d+ s"))
    expect(page.locator(".banner")).to_contain_text(re.compile("create_order .*open"))
    expect(page.locator(".banner")).to_contain_text("last_good")


@pytest.mark.slow  # a real browser
def test_hostile_text_stays_text(page: Page, told: House) -> None:
    """Markup in whatever a record can hold is shown to the letter and runs nowhere."""

    def refused() -> None:
        raise ValueError(HOSTILE)

    told.gear.guarded("binance", "get_symbols", retries=0).try_call_sync(refused)
    told.keep()
    row = page.locator(".records tbody tr", has_text="onerror").first
    expect(row).to_contain_text("<img src=x")
    row.click()
    expect(page.get_by_role("complementary").locator("pre")).to_contain_text("<script>")
    assert page.locator("#app img").count() == 1  # the brand
    assert page.locator("#app script").count() == 0
    page.goto(f"/api-logs?text={quote(HOSTILE)}")
    expect(page.locator(".chip")).to_contain_text("<img src=x")
    expect(page.locator(".records tbody tr")).to_have_count(1)
    page.goto(f"/api-logs?order_id={quote(HOSTILE)}")
    expect(page.locator(".lifts")).to_contain_text("<script>")
    assert page.locator("#app img").count() == 1
    expect(page).to_have_title("Logs · switchgear")


@pytest.mark.slow  # a real browser
@pytest.mark.parametrize("path", ["/api-logs", "/circuits"])
def test_a_phone_shows_everything_in_its_width(page: Page, path: str) -> None:
    """At 380 pixels nothing has to be moved sideways."""
    page.goto(path)
    page.set_viewport_size({"width": 380, "height": 780})
    expect(page.locator(".records tbody tr, .board tbody tr").first).to_be_visible()
    wide = "one => one.scrollWidth > one.clientWidth"
    found = page.evaluate(
        f"[...document.querySelectorAll('#app, main, .list, .bar')].filter({wide}).length"
    )
    page.set_viewport_size({"width": 1280, "height": 800})
    assert found == 0
