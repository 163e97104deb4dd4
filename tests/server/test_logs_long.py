"""Reads long logs in a real browser: where counting ends, where a page ends, and answers that come too late."""

from __future__ import annotations

import re
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from switchgear.core.words import Level
from switchgear.observe.record import LogRecord
from switchgear.observe.store import Store
from switchgear.testing import FakeClock
from tests.server.kit import House
from tests.server.logs_window import at_the_log, chip, facet, ids, rows, shows, window_at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page, Route

COUNTED = 100_000
RECORDS = COUNTED + 500
PER_MS = 3
BATCH = 10_000
PAGE, ROWS_MAX, WAITING_MAX = 100, 2_000, 500

_OLDER = re.compile(r"/api/v1/logs\?.*before_id=")
_SETTLED = """() => fetch("api/v1/status").then((answer) => answer.json()).then(() =>
  new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))))"""
"""What was answered before has been painted when this ends."""
_GATHERED = """async (rows) => {
  // So many turns are half a minute: a page that stops loading fails the test, and does not hold it up for ever.
  for (let turn = 0; turn < 2_000 && document.querySelectorAll(".records tbody tr").length < rows; turn += 1) {
    document.querySelector(".older button:enabled")?.click();
    await new Promise(requestAnimationFrame);
  }
}"""


def _fill(place: Path) -> None:
    """A history of notes, three in each millisecond, whose words the counts by field do not know."""
    now_ms = round(FakeClock().wall().timestamp() * 1000)
    key = ("binance", "get_market_price", "main")
    one = LogRecord(0, now_ms, Level.INFO, "note", *key, "")
    texts = [f"rebalance {number} of the book" for number in range(50)]
    with closing(Store(place)) as store:
        run = store.begin_run(now_ms)
        for begun in range(0, RECORDS, BATCH):
            batch = [
                one._replace(
                    at_ms=now_ms - (RECORDS - number) // PER_MS, message=texts[number % len(texts)]
                )
                for number in range(begun, min(begun + BATCH, RECORDS))
            ]
            store.deliver(run, batch, (), (0, 0), now_ms)
        store.end_run(run, now_ms)


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house that reads a history with more matching records than are counted one by one."""
    folder = tmp_path_factory.mktemp("long")
    _fill(folder / "log.db")
    with House("other", folder) as made:
        yield made


@pytest.fixture
def page(browser: Browser, long: House) -> Iterator[Page]:
    """A window, at what a search for words finds in the long log."""
    with window_at(browser, long) as window, at_the_log(window, "/api-logs?text=rebal") as opened:
        yield opened


@pytest.mark.slow  # a real browser
def test_it_is_said_when_not_all_is_counted(page: Page) -> None:
    """Over the newest 100,000 matches a search for words is counted, and the page says so; a narrower one is whole."""
    said = page.locator(".notice", has_text="Counts are over")
    expect(said).to_have_text("Counts are over the newest 100,000 that match.")
    expect(page.locator(".summary")).to_contain_text("100,000 records match, or more")
    expect(facet(page, "binance")).to_contain_text("100,000")
    page.locator("#search").fill("rebal 49")
    expect(page.locator(".summary")).to_contain_text(f"{RECORDS // 50:,} records match,")
    expect(page.locator(".summary")).not_to_contain_text("or more")
    expect(said).to_have_count(0)


def _by_mouse(page: Page, name: str) -> None:
    page.get_by_role("button", name=name).click()


def _by_keyboard(page: Page, name: str) -> None:
    if name == "Load older":
        page.keyboard.press("o")
        return
    page.keyboard.press("j")
    page.keyboard.press("Tab")  # one row alone is in the tab order, and behind it comes the end
    expect(page.get_by_role("button", name=name)).to_be_focused()
    page.keyboard.press("Enter")


@pytest.mark.slow  # a real browser
@pytest.mark.parametrize("by", [_by_mouse, _by_keyboard])
def test_a_page_ends_and_the_next_one_begins_there(
    page: Page, long: House, by: Callable[[Page, str], None]
) -> None:
    """After 2,000 rows no more are loaded; whoever goes on sees on from there, without a gap, and comes back."""
    page.evaluate(f"({_GATHERED})({ROWS_MAX - PAGE})")
    expect(rows(page)).to_have_count(ROWS_MAX - PAGE)
    by(page, "Load older")
    expect(rows(page)).to_have_count(ROWS_MAX)
    expect(page.locator(".older")).to_contain_text("2,000 records are as many as one page takes.")
    expect(page.get_by_role("button", name="Load older")).to_have_count(0)
    read = ids(page)
    asked: list[str] = []
    page.on("request", lambda one: asked.append(one.url) if _OLDER.search(one.url) else None)
    page.keyboard.press("o")
    page.evaluate(_SETTLED)
    assert (asked, len(ids(page))) == ([], ROWS_MAX)
    by(page, "Go on from here")
    last_ms = long.get(f"logs/around/{read[-1]}", each_side=0)["records"][0]["at_ms"]
    shows(page, long, text="rebal", until=str(last_ms), limit=PAGE)
    assert page.locator(".list").evaluate("one => one.scrollTop") == 0
    expect(chip(page, "to")).to_be_visible()
    expect(page.locator(".live")).to_be_disabled()
    on = ids(page)
    newer = [number for number in read if number > on[0]]
    assert newer + on == list(range(RECORDS, on[-1] - 1, -1))
    assert len(newer) >= ROWS_MAX - PER_MS
    page.go_back()
    shows(page, long, text="rebal", limit=PAGE)


# ------------------------------------------------------------------------------------ late answers


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house with some pages of records of two exchanges."""
    with House("memory", tmp_path_factory.mktemp("told")) as made:
        for number in range(5 * PAGE):
            made.gear.call_sync(("binance", "kraken")[number % 2], "get_market_price", int)
        made.keep()
        yield made


@pytest.fixture
def two(browser: Browser, told: House) -> Iterator[Page]:
    """A window at the records of both."""
    with window_at(browser, told) as window, at_the_log(window) as opened:
        expect(opened.locator(".live")).to_have_attribute("data-tail", "open")
        yield opened


def _asked_for_older(page: Page) -> Callable[[], None]:
    """Ask for older records; the server answers, and the answer comes when what is given back is called."""
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route(_OLDER, hold, times=1)
    expect(page.get_by_role("button", name="Load older")).to_be_enabled()
    with page.expect_request(_OLDER):
        page.keyboard.press("o")
    expect(page.get_by_role("button", name="Loading…")).to_be_disabled()
    answer = held[0].fetch()
    assert len(answer.json()["records"]) == PAGE

    def arrives() -> None:
        held[0].fulfill(response=answer)
        page.evaluate(_SETTLED)

    return arrives


def _goes_on(page: Page, house: House, **given: Any) -> None:
    """The first page stands alone, and the second one joins it without gap or double."""
    wanted = [one["id"] for one in house.logs(**given, limit=2 * PAGE)]
    assert ids(page) == wanted[:PAGE]
    page.keyboard.press("o")
    expect(rows(page)).to_have_count(2 * PAGE)
    assert ids(page) == wanted


@pytest.mark.slow  # a real browser
def test_older_records_of_another_filter_are_not_mixed_in(two: Page, told: House) -> None:
    """An answer that comes after the filter was changed is nobody's any more."""
    arrives = _asked_for_older(two)
    facet(two, "kraken").click()
    shows(two, told, exchange="kraken", limit=PAGE)
    arrives()
    _goes_on(two, told, exchange="kraken")


@pytest.mark.slow  # a real browser
def test_older_records_of_a_list_that_was_loaded_anew_are_not_mixed_in(
    two: Page, told: House
) -> None:
    """Behind newer rows than those it was asked for, an answer would leave a gap that nobody sees."""
    two.keyboard.press("p")
    arrives = _asked_for_older(two)
    for _ in range(WAITING_MAX + 10):  # more than wait: the newest page is loaded instead
        told.gear.call_sync("kraken", "get_market_price", int)
    told.keep()
    expect(two.get_by_role("button", name=f"↑ {WAITING_MAX + 10} new")).to_be_visible()
    two.keyboard.press("n")
    shows(two, told, limit=PAGE)
    arrives()
    _goes_on(two, told)
