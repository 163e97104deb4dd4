"""Watches the live tail in a real browser: what comes, what waits, a flood, and a server that goes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from switchgear.core.event import Note
from switchgear.core.words import Key, Level
from switchgear.observe.hub import QUEUE_MAX
from switchgear.server import GearSource, serve
from tests.server.axe import axe
from tests.server.kit import House
from tests.server.logs_window import UnderWay, at_the_log, chip, ids, panel, rows, window_at, wire

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page, Route

ROUNDS = 90
PER_ROUND = 12
LAG_MS_MAX = 1_000
COUNTED_MS_MAX = 20_000
"""Counting again may wait: it takes at most a twentieth of the watched program's time."""
ROWS_MAX = 500
_CALL = re.compile(r"/logs/\w+/\w+/\d+")

_WATCH = """() => {
  window.lags = [];
  window.begun = performance.now();
  addEventListener("keydown", (event) => {
    const at = event.timeStamp;
    requestAnimationFrame(() => setTimeout(() => window.lags.push(performance.now() - at)));
  }, true);
}"""
_FRAME = "() => new Promise((done) => requestAnimationFrame(() => done(performance.now() - window.begun)))"


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house with a story, which each test goes on telling."""
    with House("memory", tmp_path_factory.mktemp("told")) as made:
        made.tell()
        yield made


@pytest.fixture(scope="module")
def window(browser: Browser, told: House) -> Iterator[Page]:
    """One window for all tests here."""
    with window_at(browser, told) as opened:
        yield opened


@pytest.fixture
def page(window: Page) -> Iterator[Page]:
    """The window, at the log, with an open tail."""
    with at_the_log(window) as opened:
        expect(opened.locator(".live")).to_have_attribute("data-tail", "open")
        yield opened


@pytest.mark.slow  # a real browser
def test_the_tail_is_live_and_can_be_paused(page: Page, told: House) -> None:
    """A new record comes by itself; paused it waits and is counted, and comes when asked for."""
    before = rows(page).count()
    told.call("coinbase", "get_account_balance")
    expect(rows(page)).to_have_count(before + 1)
    expect(rows(page).first).to_contain_text("get_account_balance")
    page.keyboard.press("p")
    expect(page.get_by_role("button", name="Paused")).to_have_attribute("aria-pressed", "true")
    told.call("coinbase", "get_symbols")
    told.call("coinbase", "get_symbols")
    new = page.get_by_role("button", name="↑ 2 new")
    expect(new).to_be_visible()
    expect(rows(page)).to_have_count(before + 1)
    page.keyboard.press("n")
    expect(rows(page)).to_have_count(before + 3)
    told.call("coinbase", "get_symbols")
    page.get_by_role("button", name="↑ 1 new").click()
    expect(rows(page)).to_have_count(before + 4)
    page.get_by_role("button", name="Paused").click()
    told.call("coinbase", "get_symbols")
    expect(rows(page)).to_have_count(before + 5)


@pytest.mark.slow  # a real browser
def test_the_counts_follow_what_comes(page: Page, told: House) -> None:
    """Total, facets and what is said aloud are counted again while records come."""
    total = told.get("logs/overview")["total"]
    expect(page.locator(".summary")).to_contain_text(f"{total} records match")
    told.call("alpaca", "get_positions")
    summary = page.locator(".summary")
    expect(summary).to_contain_text(f"{total + 1} records match", timeout=COUNTED_MS_MAX)
    expect(page.locator(".facet-value", has_text="alpaca")).to_contain_text("1")
    status = page.locator(".summary .unseen")
    expect(status).to_have_text(re.compile("1 new record"), timeout=COUNTED_MS_MAX)


@pytest.mark.slow  # a real browser
def test_new_records_do_not_push_away_what_is_read(page: Page, told: House) -> None:
    """Whoever reads further down keeps the rows there; the new ones are counted above."""
    for _ in range(150):
        told.gear.call_sync("binance", "get_market_price", int)
    told.keep()
    page.reload()
    expect(rows(page)).to_have_count(100)
    first = ids(page)[0]
    page.locator(".list").evaluate("one => { one.scrollTop = 400; }")
    told.call("coinbase", "get_symbols")
    expect(page.get_by_role("button", name="↑ 1 new")).to_be_visible()
    assert ids(page)[0] == first
    page.get_by_role("button", name="↑ 1 new").click()
    expect(rows(page).first).to_contain_text("get_symbols")


@pytest.mark.slow  # a real browser
def test_older_records_are_loaded_when_asked_for(page: Page, told: House) -> None:
    """The first page holds a hundred; the next ones follow without gap or double, by key and by click."""
    for _ in range(250 - len(told.logs(limit=1000))):
        told.gear.call_sync("binance", "get_market_price", int)
    told.keep()
    page.reload()
    expect(rows(page)).to_have_count(100)
    page.keyboard.press("o")
    expect(rows(page)).to_have_count(200)
    page.get_by_role("button", name="Load older").click()
    expect(page.get_by_text("That is all.")).to_be_visible()
    assert ids(page) == [record["id"] for record in told.logs(limit=1000)]


@pytest.mark.slow  # a real browser
def test_a_flood_does_not_hold_up_who_types(
    page: Page, told: House, capsys: pytest.CaptureFixture[str]
) -> None:
    """At hundreds of records a second the rows come, stay bounded, and no letter is lost or late."""
    newest = ids(page)[0]
    page.evaluate(_WATCH)
    page.locator("#search").focus()
    took_ms = 1.0
    for _ in range(ROUNDS):
        for _ in range(PER_ROUND):
            told.gear.call_sync("binance", "get_market_price", int)
        page.keyboard.press("x")
        took_ms = float(page.evaluate(_FRAME))
    assert page.locator("#search").input_value() == "x" * ROUNDS
    lags = sorted(page.evaluate("() => window.lags"))
    page.keyboard.press("Escape")
    chip(page, "says").click()
    expect(rows(page).first).to_be_visible()
    assert ids(page)[0] > newest
    assert rows(page).count() <= ROWS_MAX
    rate = ROUNDS * PER_ROUND / took_ms * 1000
    with capsys.disabled():
        middle, late = lags[len(lags) // 2], lags[len(lags) * 95 // 100]
        print(
            f"\n{rate:.0f} records/s for {took_ms / 1000:.1f} s: a key is painted after "
            f"{middle:.0f} ms in the middle, {late:.0f} ms at the 95th, {lags[-1]:.0f} ms at most"
        )
    assert rate > 200
    assert late < LAG_MS_MAX


_FOLDED = "one => { one.open = false; }"
_READ = "one => { window.held = one; one.focus({ preventScroll: true }); one.scrollIntoView(); }"
_TOP = "one => one.getBoundingClientRect().top"
_SAID = """(region) => {
  Object.assign(window, { region, said: [] });
  const hear = () => window.said.push(region.textContent);
  new MutationObserver(hear).observe(region, { childList: true, characterData: true, subtree: true });
}"""


@pytest.fixture
def now(browser: Browser, told: House) -> Iterator[Page]:
    """A window whose date is the house's, at the log, with an open tail."""
    with window_at(browser, told) as opened:
        opened.clock.install(time=told.clock.wall())
        with at_the_log(opened) as page:
            expect(page.locator(".live")).to_have_attribute("data-tail", "open")
            yield page


@pytest.mark.slow  # a real browser
def test_the_details_of_a_call_under_way_grow(now: Page, told: House) -> None:
    """Its records join as they come, nothing moves under who reads, and it ends; nobody asks for any of it."""
    page = now
    asked: list[str] = []
    page.on("request", lambda one: asked.append(one.url) if _CALL.search(one.url) else None)
    with UnderWay(told, "binance", "get_order") as call:
        call.fail()
        begun = told.logs(method="get_order")[0]
        wire(told, Key("binance", "get_order", "main"), begun["call_id"])
        page.locator(f"tr[data-id='{begun['id']}']").click()
        names = panel(page).locator(".fall-name")
        expect(names).to_have_text(["Attempt 1", "Wait", "Request"])
        expect(panel(page).locator(".fall-open")).to_contain_text("no end yet")
        assert axe(page) == []
        panel(page).locator(".wire-side").first.evaluate(_FOLDED)
        read = panel(page).get_by_role("link", name="get_order")
        read.evaluate(_READ)
        top = read.evaluate(_TOP)
        call.fail()
        expect(names).to_have_text(["Attempt 1", "Wait", "Request", "Attempt 2", "Wait"])
        call.succeed()
    expect(names).to_have_text(["Attempt 1", "Wait", "Request", "Attempt 2", "Wait", "Attempt 3"])
    expect(panel(page).locator(".fall-open")).to_have_text("It has ended.")
    assert page.evaluate("document.activeElement === window.held")
    assert read.evaluate(_TOP) == pytest.approx(top, abs=1)
    assert not panel(page).locator(".wire-side").first.evaluate("one => one.open")
    assert len(asked) == 1


@pytest.mark.slow  # a real browser
def test_what_becomes_of_a_call_is_said_in_one_place(now: Page, told: House) -> None:
    """The region that is read aloud is there before its first words, and each of them comes once."""
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    now.route(_CALL, hold, times=1)
    with UnderWay(told, "binance", "get_trades") as call:
        call.fail()
        with now.expect_request(_CALL):
            now.locator(".records tr", has_text="get_trades").click()
        region = panel(now).get_by_role("region", name="The whole call").get_by_role("status")
        expect(region).to_have_text("")
        region.evaluate(_SAID)
        held[0].continue_()
        expect(region).to_have_text(re.compile("no end yet"))
        call.fail()
        expect(panel(now).locator(".fall-step")).to_have_count(4)
        call.succeed()
        expect(region).to_have_text("It has ended.")
    told.call("coinbase", "get_symbols")
    expect(rows(now).first).to_contain_text("get_symbols")
    said = ["It has no end yet: what comes is added here.", "It has ended."]
    assert now.evaluate("window.said") == said
    assert region.evaluate("one => one === window.region")


@pytest.mark.slow  # a real browser
def test_a_call_whose_end_is_not_in_the_log_is_not_waited_for(page: Page, told: House) -> None:
    """Of one that began long ago no end is promised, and nobody asks for it; what the tail brings is added."""
    asked: list[str] = []
    page.on("request", lambda one: asked.append(one.url) if _CALL.search(one.url) else None)
    with UnderWay(told, "binance", "get_my_trades") as call:
        call.fail()  # by the date of this window that was months ago
        page.locator(".records tr", has_text="get_my_trades").click()
        region = panel(page).locator(".fall-open")
        expect(region).to_have_text("Its end is not in this log.")
        call.succeed()
        expect(panel(page).locator(".fall-name")).to_have_text(["Attempt 1", "Wait", "Attempt 2"])
        expect(region).to_have_text("It has ended.")
    assert len(asked) == 1


@pytest.mark.slow  # a real browser
def test_details_grow_while_the_list_is_paused(page: Page, told: House) -> None:
    """What waits above the list is in the details at once, and a fallback after the call's failure, too."""
    with UnderWay(told, "alpaca", "get_clock", fallback=True) as call:
        call.fail()
        page.locator(".records tr", has_text="get_clock").click()
        names = panel(page).locator(".fall-name")
        expect(names).to_have_text(["Attempt 1"])
        page.keyboard.press("p")
        expect(page.get_by_role("button", name="Paused")).to_be_visible()
        call.succeed()
    expect(names).to_have_text(["Attempt 1", "Fallback"])
    expect(page.locator(".records tr", has_text="get_clock")).to_have_count(1)
    expect(page.get_by_role("button", name="↑ 1 new")).to_be_visible()


@pytest.mark.slow  # a real browser
def test_dropped_records_are_told(browser: Browser, tmp_path: Path) -> None:
    """What came too fast to be kept is counted, and the log says how many are missing."""
    with House("memory", tmp_path) as house, window_at(browser, house) as page:
        note = Note(house.clock.monotonic_s(), Key("", "", ""), Level.INFO, "one of many")
        house.gear.hub.pending.extend([note] * (QUEUE_MAX + 500))
        house.keep()
        assert house.get("status")["dropped"] > 0
        page.goto("/api-logs")
        expect(page.locator(".notice")).to_contain_text("missing from this log")
        expect(page.locator(".notice")).to_contain_text("came too fast")


@pytest.mark.slow  # a real browser
def test_an_empty_log_says_how_to_begin(browser: Browser, tmp_path: Path) -> None:
    """Before any record the page shows how to begin, and the first one comes by itself."""
    with House("memory", tmp_path) as house, window_at(browser, house) as page:
        page.goto("/api-logs")
        expect(page.get_by_role("heading", name="No records yet")).to_be_visible()
        expect(page.locator(".nothing pre")).to_contain_text("@switchgear.guard")
        expect(page.locator(".live")).to_have_attribute("data-tail", "open")
        house.call("binance", "get_market_price")
        expect(rows(page)).to_have_count(1)


@pytest.mark.slow  # a real browser
def test_the_log_of_another_process_cannot_be_cleared(browser: Browser, tmp_path: Path) -> None:
    """A file that another process writes is live here too, and has no button to clear it."""
    with House("other", tmp_path) as house, window_at(browser, house) as page:
        house.tell()
        with at_the_log(page):
            expect(page.locator(".source")).to_contain_text("reading")
            expect(page.get_by_role("button", name="Clear…")).to_have_count(0)
            before = rows(page).count()
            house.call("binance", "get_market_price")
            house.keep()
            expect(rows(page)).to_have_count(before + 1)


@pytest.mark.slow  # a real browser
def test_a_server_that_goes_leaves_what_is_shown(browser: Browser, tmp_path: Path) -> None:
    """The rows stay, the page says since when nothing answers, and goes on by itself when a new one is there."""
    with House("memory", tmp_path) as house, window_at(browser, house) as page:
        house.tell()
        page.goto("/api-logs")  # the console tells of each try in vain: it is not listened to
        expect(page.locator(".live")).to_have_attribute("data-tail", "open")
        before = ids(page)
        house.server.close()
        notice = page.locator(".notice[data-mood=bad]")
        expect(notice).to_have_text(re.compile(r"No answer from the server since \d\d:\d\d:\d\d"))
        assert ids(page) == before
        with serve(GearSource(house.gear), port=house.server.port):
            expect(notice).to_have_count(0, timeout=15_000)
            house.call("coinbase", "get_symbols")
            expect(rows(page)).to_have_count(len(before) + 1)


@pytest.mark.slow  # a real browser
def test_a_program_that_began_anew_is_noticed(browser: Browser, tmp_path: Path) -> None:
    """Ids that begin at one again do not leave the tail waiting for higher ones: the log is read anew."""
    with House("memory", tmp_path) as house, window_at(browser, house) as page:
        house.tell()
        page.goto("/api-logs")  # the console tells of each try in vain: it is not listened to
        expect(page.locator(".live")).to_have_attribute("data-tail", "open")
        house.server.close()
        expect(page.locator(".notice[data-mood=bad]")).to_be_visible()
        other_room = tmp_path / "other"
        other_room.mkdir()
        with House("memory", other_room) as other:
            other.call("kraken", "get_symbols")
            other.keep()
            with serve(GearSource(other.gear), port=house.server.port):
                expect(rows(page)).to_have_count(1, timeout=15_000)
                expect(rows(page).first).to_contain_text("kraken")
