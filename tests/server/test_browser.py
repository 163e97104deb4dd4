"""Clicks through both pages in a real browser; nothing on them is made up, and nothing may complain."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

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
    expect(window.locator("tbody tr").first).to_be_visible()
    expect(window.locator(".live")).to_have_attribute("data-tail", "open")
    yield window
    complaints.end()
    assert complaints.heard == []


def _rows(page: Page) -> list[str]:
    return page.locator(".records tbody tr .message").all_inner_texts()


@pytest.mark.slow  # a real browser
def test_filters_live_in_the_address(page: Page, told: House) -> None:
    """What is chosen shows only what matches, and address, reload and back all keep it."""
    page.get_by_label("Exchange").select_option("binance")
    page.get_by_label("Method").select_option("create_order")
    page.get_by_label("Level").select_option("error")
    expect(page).to_have_url(re.compile(r"\?exchange=binance&method=create_order&level=error$"))
    wanted = told.logs(exchange="binance", method="create_order", level="error")
    expect(page.locator(".records tbody tr")).to_have_count(len(wanted))
    assert _rows(page) == [record["message"] for record in wanted]
    page.reload()
    expect(page.locator(".records tbody tr")).to_have_count(len(wanted))
    expect(page.get_by_label("Level")).to_have_value("error")
    page.go_back()
    expect(page.get_by_label("Level")).to_have_value("")
    page.get_by_role("button", name="Reset").click()
    expect(page).to_have_url(re.compile(r"/api-logs$"))
    expect(page.locator(".records tbody tr")).to_have_count(len(told.logs()))


@pytest.mark.slow  # a real browser
def test_search_and_time_live_in_the_address_too(page: Page) -> None:
    """Typed text and a span of time become part of the address; a search without a match says so."""
    page.keyboard.press("/")
    page.keyboard.type("last_good")
    expect(page).to_have_url(re.compile(r"text=last_good"))
    expect(page.locator(".records tbody tr")).to_have_count(1)
    page.keyboard.type("!")
    expect(page.get_by_role("heading", name="No record matches")).to_be_visible()
    page.get_by_role("button", name="reset the filter").click()
    page.get_by_label("Time").select_option("-24h")
    expect(page).to_have_url(re.compile(r"\?since=-24h$"))
    page.get_by_label("Time").select_option("custom")
    page.get_by_label("From", exact=True).fill("2026-01-01T00:00:01")
    expect(page).to_have_url(re.compile(r"since=20\d\d-"))


@pytest.mark.slow  # a real browser
def test_a_filter_that_does_not_work_is_explained(window: Page, told: House) -> None:
    """An address with a bad filter says which field is wrong, and a click mends it."""
    window.goto("/api-logs?exchange=a%20b")  # the console says 400 here, and is not listened to
    problem = window.locator(".nothing")
    expect(problem).to_contain_text("exchange='a b'")
    problem.get_by_role("button").click()
    expect(window.locator(".records tbody tr").first).to_be_visible()


@pytest.mark.slow  # a real browser
def test_details_show_the_whole_call(page: Page, told: House) -> None:
    """A row opens to its fields and to every attempt of its call in order, and copies as JSON."""
    ended = told.logs(method="get_account_balance", event="call_succeeded")[0]
    page.locator(f"tr[data-id='{ended['id']}']").click()
    panel = page.get_by_role("complementary")
    expect(panel.get_by_role("heading", name="call succeeded")).to_be_visible()
    expect(panel.locator(".steps b")).to_have_text(["retry scheduled", "call succeeded"])
    panel.get_by_role("button", name="Copy as JSON").click()
    expect(panel.get_by_text("Copied")).to_be_visible()
    assert json.loads(page.evaluate("navigator.clipboard.readText()")) == ended
    panel.locator(".steps button").first.click()
    expect(panel.get_by_role("heading", name="retry scheduled")).to_be_visible()
    expect(panel).to_contain_text("connection reset by peer")
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()


@pytest.mark.slow  # a real browser
def test_the_tail_is_live_and_can_be_paused(page: Page, told: House) -> None:
    """A new record comes by itself; paused it waits and is counted, and comes when asked for."""
    shown = page.locator(".records tbody tr")
    before = shown.count()
    told.call("coinbase", "get_account_balance")
    expect(shown).to_have_count(before + 1)
    expect(shown.first).to_contain_text("get_account_balance")
    page.keyboard.press("p")
    expect(page.get_by_role("button", name="Paused")).to_be_visible()
    told.call("coinbase", "get_symbols")
    told.call("coinbase", "get_symbols")
    expect(page.get_by_role("button", name="↑ 2 new")).to_be_visible()
    expect(shown).to_have_count(before + 1)
    page.keyboard.press("n")
    expect(shown).to_have_count(before + 3)
    page.get_by_role("button", name="Paused").click()
    told.call("coinbase", "get_symbols")
    expect(shown).to_have_count(before + 4)


@pytest.mark.slow  # a real browser
def test_older_records_are_loaded_when_asked_for(page: Page, told: House) -> None:
    """The first page holds a hundred; the next ones follow without gap or double."""
    for _ in range(150):
        told.gear.call_sync("binance", "get_market_price", int)
    told.keep()
    page.reload()
    expect(page.locator(".records tbody tr")).to_have_count(100)
    page.get_by_role("button", name="Load older").click()
    expect(page.get_by_text("That is all.")).to_be_visible()
    ids = page.locator(".records tbody tr").evaluate_all("rows => rows.map(row => +row.dataset.id)")
    assert ids == [record["id"] for record in told.logs(limit=1000)]


@pytest.mark.slow  # a real browser
@pytest.mark.parametrize("form", ["JSONL", "CSV"])
def test_an_export_is_exactly_what_is_filtered(page: Page, told: House, form: str) -> None:
    """The file that a click saves is the export of the filter in the address."""
    page.get_by_label("Level").select_option("warning")
    expect(page).to_have_url(re.compile("level=warning"))
    with page.expect_download() as coming:
        page.get_by_role("link", name=f"Export {form}").click()
    given = {"level": "warning", "format": form.lower()}
    wanted = told.http.get("/api/v1/logs/export", params=given).content
    assert coming.value.suggested_filename == f"switchgear-logs.{form.lower()}"
    assert Path(coming.value.path()).read_bytes() == wanted
    assert len(wanted.splitlines()) > 3


@pytest.mark.slow  # a real browser
def test_clearing_asks_with_the_count(page: Page, told: House) -> None:
    """Nothing goes before its number is confirmed, then exactly the filtered records do."""
    for _ in range(3):
        told.call("kraken", "get_symbols")
    told.keep()
    rest = told.get("logs/count")["count"] - 3
    page.get_by_label("Exchange").select_option("kraken")
    page.get_by_role("button", name="Clear…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("exchange kraken")
    dialog.get_by_role("button", name="Cancel").click()
    assert told.get("logs/count", exchange="kraken")["count"] == 3
    page.get_by_role("button", name="Clear…").click()
    dialog.get_by_role("button", name="Clear 3 records").click()
    expect(page.get_by_role("status").filter(has_text="3 records cleared.")).to_be_visible()
    assert told.logs(exchange="kraken") == []
    assert told.get("logs/count")["count"] == rest


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
    """The open circuit says so in a word, why, and when it is tried; a click leads to its records."""
    told.trouble()
    page.get_by_role("link", name="Circuits").click()
    row = page.locator("tr", has=page.get_by_role("link", name="create_order"))
    expect(row.locator(".state")).to_have_text(re.compile("open"))
    expect(row.locator(".why")).to_contain_text("ConnectionResetError")
    expect(row.locator(".next")).to_have_text(re.compile(r"in \d+ s"))
    expect(page.locator(".banner")).to_contain_text(re.compile("create_order .*open"))
    expect(page.locator(".banner")).to_contain_text("last_good")
    row.get_by_role("link").click()
    expect(page).to_have_url(re.compile(r"/api-logs\?exchange=binance&method=create_order"))
    expect(page.locator(".records tbody tr").first).to_contain_text("create_order")


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
    expect(page).to_have_title("Logs · switchgear")


@pytest.mark.slow  # a real browser
@pytest.mark.parametrize("path", ["/api-logs", "/circuits"])
def test_a_phone_shows_everything_in_its_width(page: Page, path: str) -> None:
    """At 380 pixels nothing has to be moved sideways."""
    page.goto(path)
    page.set_viewport_size({"width": 380, "height": 780})
    expect(page.locator("tbody tr").first).to_be_visible()
    wide = "one => one.scrollWidth > one.clientWidth"
    found = page.evaluate(
        f"[...document.querySelectorAll('#app, main, .list, .filters')].filter({wide}).length"
    )
    page.set_viewport_size({"width": 1280, "height": 800})
    assert found == 0
