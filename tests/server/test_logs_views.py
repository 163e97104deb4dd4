"""Tests what a person keeps in a real browser: saved views and columns; and what a click exports or clears."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.server.browser import chromium
from tests.server.kit import House
from tests.server.logs_window import at_the_log, facet, menu, rows, shows, window_at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house with a story."""
    with House("memory", tmp_path_factory.mktemp("told")) as made:
        made.tell()
        yield made


@pytest.fixture(scope="module")
def window(told: House) -> Iterator[Page]:
    """One window for all tests here."""
    with chromium() as browser, window_at(browser, told) as opened:
        yield opened


@pytest.fixture
def page(window: Page) -> Iterator[Page]:
    """The window, at the log."""
    with at_the_log(window) as opened:
        yield opened


@pytest.mark.slow  # a real browser
def test_views_are_saved_renamed_and_deleted(page: Page, told: House) -> None:
    """What is shown gets a name, comes back by it after a reload, and goes when it is deleted."""
    facet(page, "binance").click()
    expect(page).to_have_url(re.compile("exchange=binance"))
    sheet = menu(page, "Views")
    sheet.get_by_label("Name of the view").fill("mine <b>")
    page.keyboard.press("Enter")
    expect(sheet.get_by_role("link", name="mine <b>")).to_be_visible()
    page.goto("/api-logs")
    menu(page, "Views").get_by_role("link", name="mine <b>").click()
    shows(page, told, exchange="binance")
    sheet = menu(page, "mine <b>")
    sheet.get_by_role("button", name="Rename mine <b>").click()
    sheet.get_by_label("New name").fill("ours")
    page.keyboard.press("Enter")
    expect(sheet.get_by_role("link", name="ours")).to_be_visible()
    sheet.get_by_role("button", name="Delete ours").click()
    expect(sheet.get_by_role("link", name="ours")).to_have_count(0)
    page.keyboard.press("Escape")
    expect(sheet).to_have_count(0)


@pytest.mark.slow  # a real browser
@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("Rejected calls", {"outcome": "rejected"}),
        ("Orders", {"text": "order"}),
        ("What circuits did", {"event": "circuit_moved"}),
    ],
)
def test_some_views_are_everybodys(
    page: Page, told: House, name: str, given: dict[str, str]
) -> None:
    """The views that come with the page show what they say."""
    menu(page, "Views").get_by_role("link", name=name).click()
    shows(page, told, **given)


@pytest.mark.slow  # a real browser
def test_columns_are_chosen_and_kept(page: Page) -> None:
    """A column comes and goes by its box, stands in the address, and outlasts a reload without it."""
    heads = page.locator(".records thead th")
    sheet = menu(page, "Columns")
    sheet.get_by_label("Kind").check()
    sheet.get_by_label("Exchange").uncheck()
    expect(page).to_have_url(re.compile("columns=time%2Clevel%2Cmethod%2Cevent%2Ckind%2Cmessage"))
    wanted = ["Time", "Level", "Method", "What", "Kind", "Message", "ms"]
    expect(heads).to_have_text(wanted)
    page.goto("/api-logs")
    expect(heads).to_have_text(wanted)
    page.goto("/api-logs?columns=message,nonsense,time")
    expect(heads).to_have_text(["Message", "Time"])
    menu(page, "Columns").get_by_role("button", name="The usual ones").click()
    expect(heads).to_have_count(7)


@pytest.mark.slow  # a real browser
def test_a_menu_is_left_by_keys_and_by_a_click_elsewhere(page: Page) -> None:
    """A menu takes the focus, Escape gives it back, and a click beside it closes it."""
    sheet = menu(page, "Columns")
    expect(sheet.get_by_label("Time")).to_be_focused()
    page.keyboard.press("Escape")
    expect(sheet).to_have_count(0)
    expect(page.locator(".menu > button", has_text="Columns")).to_be_focused()
    page.keyboard.press("Enter")
    expect(sheet).to_be_visible()
    page.locator(".summary").click()
    expect(sheet).to_have_count(0)


@pytest.mark.slow  # a real browser
def test_keys_in_a_menu_are_not_those_of_the_page(page: Page) -> None:
    """On a button, a link or the bare sheet no letter moves the page below; Enter and Tab do what they always do."""
    sheet = menu(page, "Views")
    link = sheet.get_by_role("link", name="Rejected calls")
    for focused in (link, sheet):
        focused.focus() if focused is link else sheet.locator(".menu-title").last.click()
        before = page.url
        look = page.evaluate("document.documentElement.outerHTML.split('>', 1)[0]")
        for key in ("k", "j", "o", "n", "p", "s", "l", "c", "m", "r", "t", "f", "h", "/", "?"):
            page.keyboard.press(key)
            expect(focused).to_be_focused()
        expect(page.locator("dialog")).to_have_count(0)
        expect(page.get_by_role("button", name="Paused")).to_have_count(0)
        assert page.evaluate("document.documentElement.outerHTML.split('>', 1)[0]") == look
        assert page.url == before
    link.focus()
    page.keyboard.press("Tab")
    expect(sheet.get_by_role("link", name="Orders")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"\?text=order$"))
    expect(sheet).to_have_count(0)


@pytest.mark.slow  # a real browser
@pytest.mark.parametrize(("name", "form"), [("JSON lines", "jsonl"), ("CSV", "csv")])
def test_an_export_is_exactly_what_is_filtered(
    page: Page, told: House, name: str, form: str
) -> None:
    """The file that a click saves is the export of the filter in the address."""
    facet(page, "warning").click()
    expect(page).to_have_url(re.compile("level=warning"))
    sheet = menu(page, "Export")
    with page.expect_download() as coming:
        sheet.get_by_role("link", name=re.compile(name)).click()
    given = {"level": "warning", "format": form}
    wanted = told.http.get("/api/v1/logs/export", params=given).content
    assert coming.value.suggested_filename == f"switchgear-logs.{form}"
    assert Path(coming.value.path()).read_bytes() == wanted
    assert len(wanted.splitlines()) > 3


@pytest.mark.slow  # a real browser
def test_clearing_asks_with_the_count(page: Page, told: House) -> None:
    """Nothing goes before its number is confirmed, then exactly the filtered records do."""
    for _ in range(3):
        told.call("kraken", "get_symbols")
    told.keep()
    rest = told.logs(exchange="binance")
    facet(page, "kraken").click()
    expect(rows(page)).to_have_count(3)
    page.get_by_role("button", name="Clear…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("exchange kraken")
    expect(dialog).to_contain_text("is itself recorded")
    dialog.get_by_role("button", name="Cancel").click()
    expect(page.locator("dialog")).to_have_count(0)  # gone, and not only closed
    assert told.get("logs/count", exchange="kraken")["count"] == 3
    page.get_by_role("button", name="Clear…").press("Enter")
    dialog.get_by_role("button", name="Clear 3 records").press("Enter")
    expect(page.get_by_role("status").filter(has_text="3 records cleared.")).to_be_visible()
    assert told.logs(exchange="kraken") == []
    assert told.logs(exchange="binance") == rest
