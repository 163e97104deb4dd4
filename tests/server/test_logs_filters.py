"""Narrows the log in a real browser by each control, with the mouse and with keys; the address holds all of it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.server.browser import chromium
from tests.server.kit import House
from tests.server.logs_window import PHONE, at_the_log, chip, facet, menu, rows, shows, window_at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house with a story that goes over three minutes."""
    with House("memory", tmp_path_factory.mktemp("told")) as made:
        made.tell()
        for _ in range(3):
            made.clock.advance(60)
            made.call("coinbase", "get_symbols", fails=1)
        made.keep()
        yield made


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all tests here."""
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def window(browser: Browser, told: House) -> Iterator[Page]:
    """One window for all tests here."""
    with window_at(browser, told) as opened:
        yield opened


@pytest.fixture
def page(window: Page) -> Iterator[Page]:
    """The window, at the log."""
    with at_the_log(window) as opened:
        yield opened


@pytest.mark.slow  # a real browser
def test_facets_narrow_and_are_lifted(page: Page, told: House) -> None:
    """A click on a value narrows to it, another lifts it; address, reload and back keep what holds."""
    facet(page, "binance").click()
    expect(page).to_have_url(re.compile(r"\?exchange=binance$"))
    shows(page, told, exchange="binance")
    facet(page, "create_order").click()
    facet(page, "failed").click()
    expect(page).to_have_url(re.compile(r"\?exchange=binance&method=create_order&outcome=failed$"))
    wanted = {"exchange": "binance", "method": "create_order", "outcome": "failed"}
    shows(page, told, **wanted)
    page.reload()
    shows(page, told, **wanted)
    expect(facet(page, "create_order")).to_have_attribute("aria-pressed", "true")
    page.go_back()
    shows(page, told, exchange="binance", method="create_order")
    facet(page, "create_order").click()
    shows(page, told, exchange="binance")


@pytest.mark.slow  # a real browser
def test_a_level_is_at_least(page: Page, told: House) -> None:
    """Warning lets errors through too, and the rail shows that it does."""
    facet(page, "warning").click()
    shows(page, told, level="warning")
    expect(chip(page, "level warning and up")).to_be_visible()
    expect(facet(page, "error")).to_have_attribute("data-within", "true")
    expect(facet(page, "info")).to_have_attribute("data-within", "false")


@pytest.mark.slow  # a real browser
def test_folded_facets_open_by_keys(page: Page, told: House) -> None:
    """Kind, scope and event narrow too; Enter opens what is folded away, and Enter chooses."""
    head = page.get_by_role("button", name="What happened")
    head.focus()
    page.keyboard.press("Enter")
    expect(head).to_have_attribute("aria-expanded", "true")
    facet(page, "retry scheduled").focus()
    page.keyboard.press("Enter")
    shows(page, told, event="retry_scheduled")
    facet(page, "network").click()
    shows(page, told, event="retry_scheduled", kind="network")


@pytest.mark.slow  # a real browser
def test_counts_are_those_of_the_server(page: Page, told: House) -> None:
    """The number beside a value is how many records it would leave."""
    for value in ("binance", "coinbase"):
        count = told.get("logs/count", exchange=value)["count"]
        expect(facet(page, value).locator(".facet-count")).to_have_text(str(count))


@pytest.mark.slow  # a real browser
def test_chips_lift_what_holds(page: Page, told: House) -> None:
    """Each filter is a chip that lifts it by click or by key; all go at once too."""
    page.goto("/api-logs?exchange=binance&level=warning&text=reset")
    chip(page, "exchange binance").click()
    expect(page).to_have_url(re.compile(r"\?level=warning&text=reset$"))
    chip(page, "says reset").focus()
    page.keyboard.press("Enter")
    shows(page, told, level="warning")
    page.goto("/api-logs?exchange=binance&level=warning")
    page.get_by_role("button", name="Lift all").click()
    expect(page).to_have_url(re.compile(r"/api-logs$"))


@pytest.mark.slow  # a real browser
def test_words_are_searched_as_they_are_typed(page: Page, told: House) -> None:
    """A slash leads to the field, each word narrows, and Escape leads out of it."""
    page.keyboard.press("/")
    page.keyboard.type("reset create")
    expect(page).to_have_url(re.compile(r"\?text=reset(\+|%20)create$"))
    shows(page, told, text="reset create")
    page.keyboard.press("Escape")
    expect(page.locator("#search")).not_to_be_focused()


@pytest.mark.slow  # a real browser
def test_spans_and_dates_make_a_time_range(page: Page, told: House) -> None:
    """A span is relative; two dates are local times whose zone is said, and cannot be the wrong way round."""
    page.get_by_role("button", name="1h: the last hour").click()
    expect(page).to_have_url(re.compile(r"\?since=-1h$"))
    expect(page.get_by_role("button", name="1h: the last hour")).to_have_attribute(
        "aria-pressed", "true"
    )
    sheet = menu(page, "From … to …")
    expect(sheet).to_contain_text("UTC")
    sheet.get_by_label("From").fill("2026-01-01T00:02:00")
    sheet.get_by_label("To").fill("2026-01-01T00:01:00")
    expect(sheet.get_by_role("alert")).to_have_text("From is later than to.")
    sheet.get_by_label("From").fill("2026-01-01T00:00:01")
    sheet.get_by_role("button", name="Apply").press("Enter")
    given = {"since": "2026-01-01T00:00:01Z", "until": "2026-01-01T00:01:00Z"}
    shows(page, told, **given)
    expect(page.locator(".live")).to_be_disabled()
    page.get_by_role("button", name="All: any time").click()
    shows(page, told)


@pytest.mark.slow  # a real browser
def test_a_span_is_dragged_on_the_bars(page: Page, told: House) -> None:
    """What is dragged over becomes the time range: the last two bars here, to the millisecond."""
    overview = told.get("logs/overview")
    box = page.locator(".histogram-field").bounding_box()
    assert box is not None
    bars = max(15, len(overview["bars"]))
    at = [box["x"] + box["width"] * (bars - back + 0.5) / bars for back in (2, 1)]
    page.mouse.move(at[0], box["y"] + 20)
    page.mouse.down()
    page.mouse.move(at[1], box["y"] + 30, steps=3)
    expect(page.locator(".histogram-span")).to_be_visible()
    expect(page.locator(".histogram-said")).to_contain_text("records")
    page.mouse.up()
    expect(page).to_have_url(re.compile("since=.*until="))
    begin, end = overview["bars"][-2]["start_ms"], overview["bars"][-1]["start_ms"]
    shows(page, told, since=str(begin), until=str(end + overview["bar_ms"] - 1))


@pytest.mark.slow  # a real browser
def test_a_finger_chooses_on_the_bars_and_in_the_drawer(browser: Browser, told: House) -> None:
    """On a phone a tap on a bar zooms to it, and the facets come in a drawer that Escape and a tap beside close."""
    overview = told.get("logs/overview")
    last = overview["bars"][-1]["start_ms"]
    with window_at(browser, told, PHONE, has_touch=True) as window, at_the_log(window) as page:
        box = page.locator(".histogram-field").bounding_box()
        assert box is not None
        page.touchscreen.tap(box["x"] + box["width"] - 4, box["y"] + 20)
        shows(page, told, since=str(last), until=str(last + overview["bar_ms"] - 1))
        page.get_by_role("button", name="Filters", exact=True).tap()
        facet(page, "coinbase").tap()
        expect(page).to_have_url(re.compile("exchange=coinbase"))
        page.keyboard.press("Escape")
        expect(page.locator(".rail")).to_be_hidden()
        page.keyboard.press("f")
        expect(page.get_by_role("button", name="Close the filters")).to_be_focused()
        page.locator(".rail-veil").tap(position={"x": 360, "y": 400})
        expect(page.locator(".rail")).to_be_hidden()


@pytest.mark.slow  # a real browser
def test_a_span_is_chosen_by_keys(page: Page, told: House) -> None:
    """Arrows move on the bars and say what is there, Shift extends, Escape gives up, Enter zooms."""
    overview = told.get("logs/overview")
    slider = page.get_by_role("slider")
    slider.focus()
    page.keyboard.press("ArrowLeft")
    expect(slider).to_have_attribute("aria-valuetext", re.compile(r"\d\d:\d\d to .*record"))
    page.keyboard.press("Escape")
    expect(slider).to_have_attribute("aria-valuetext", "nothing chosen")
    page.keyboard.press("End")
    page.keyboard.press("Shift+ArrowLeft")
    page.keyboard.press("Enter")
    begin, end = overview["bars"][-2]["start_ms"], overview["bars"][-1]["start_ms"]
    shows(page, told, since=str(begin), until=str(end + overview["bar_ms"] - 1))


@pytest.mark.slow  # a real browser
def test_the_bars_are_there_as_a_table(page: Page, told: House) -> None:
    """Whoever cannot see the bars reads them: a row for each span that has records."""
    page.get_by_text("As a table").click()
    some = [bar for bar in told.get("logs/overview")["bars"] if any(bar["counts"].values())]
    expect(page.locator(".twin tbody tr")).to_have_count(len(some))


@pytest.mark.slow  # a real browser
def test_no_match_says_what_to_lift(page: Page, told: House) -> None:
    """Where nothing matches, each filter says how many records there would be without it."""
    page.goto("/api-logs?exchange=binance&text=nosuchword")
    expect(page.get_by_role("heading", name="No record matches")).to_be_visible()
    count = told.get("logs/count", exchange="binance")["count"]
    expect(page.locator(".lifts")).to_contain_text("still none")
    page.get_by_role(
        "button", name=re.compile(rf"Without says nosuchword\s*{count} records")
    ).click()
    shows(page, told, exchange="binance")


@pytest.mark.slow  # a real browser
def test_a_filter_that_does_not_work_is_explained(window: Page) -> None:
    """An address with a bad filter says which field is wrong, and a click mends it."""
    window.goto(
        "/api-logs?exchange=a%20b&level=error"
    )  # the console says 400: it is not listened to
    problem = window.locator(".nothing")
    expect(problem).to_contain_text("exchange='a b'")
    problem.get_by_role("button", name="Lift exchange").click()
    expect(window).to_have_url(re.compile(r"\?level=error$"))
    expect(rows(window).first).to_be_visible()


SINCE = "2026-01-01T00:00:00.123Z"


@pytest.mark.slow  # a real browser
@pytest.mark.parametrize(
    "query",
    [
        f"since={SINCE}&until=2026-01-01T00:02:59.999Z",
        f"until={SINCE}",
        "since=1767225600123&until=1767225779999",
        "since=2026-01-01T01:00:00.5%2B01:00",
        "since=2026-01-01T00:00:00.123456Z&exchange=binance",
        "since=-1h",
        "level=warning",
    ],
)
def test_a_range_that_is_applied_as_it_is_stays_to_the_letter(page: Page, query: str) -> None:
    """Dates with milliseconds, numbers, other zones, spans: what the fields cannot hold is not lost by Apply."""
    page.goto(f"/api-logs?{query}")
    before = page.url
    page.locator(".range .menu > button").click()
    page.locator(".menu-sheet").get_by_role("button", name="Apply").click()
    expect(page.locator(".menu-sheet")).to_have_count(0)
    expect(page.locator(".range .menu > button")).to_be_focused()
    assert page.url == before


@pytest.mark.slow  # a real browser
def test_a_dragged_range_survives_apply_by_keys(page: Page) -> None:
    """What was chosen on the bars ends at a last millisecond, which the field shows and Enter in it keeps."""
    page.get_by_role("slider").focus()
    page.keyboard.press("End")
    page.keyboard.press("Shift+ArrowLeft")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"since=.*until=.*\.999Z"))
    before = page.url
    sheet = menu(page, " to ")
    expect(sheet.get_by_label("To")).to_have_value(re.compile(r"\.999$"))
    expect(sheet.get_by_label("From")).to_be_focused()
    page.keyboard.press("Enter")
    expect(sheet).to_have_count(0)
    assert page.url == before


@pytest.mark.slow  # a real browser
def test_one_end_is_changed_and_the_other_stays_to_the_letter(page: Page, told: House) -> None:
    """A new end leaves the beginning with its milliseconds; a new date beside a span takes the place of the span."""
    page.goto(f"/api-logs?since={SINCE}&until=2026-01-01T00:02:59.999Z")
    sheet = menu(page, " to ")
    sheet.get_by_label("From").fill("2026-01-01T00:00:05")
    sheet.get_by_label("From").fill("2026-01-01T00:00:00.123")  # another, and back
    sheet.get_by_label("To").fill("2026-01-01T00:01:00.500")
    sheet.get_by_role("button", name="Apply").click()
    until = "2026-01-01T00:01:00.500Z"
    expect(page).to_have_url(
        re.compile(f"since={SINCE}&until={until}$".replace(":", "%3A").replace(".", r"\."))
    )
    shows(page, told, since=SINCE, until=until)
    page.goto("/api-logs?since=-1h")
    sheet = menu(page, "From … to …")
    sheet.get_by_label("To").fill("2026-01-01T00:01:00")
    sheet.get_by_role("button", name="Apply").click()
    expect(page).to_have_url(re.compile(r"\?until=2026-01-01T00%3A01%3A00\.000Z$"))


@pytest.mark.slow  # a real browser
def test_a_range_over_a_clock_that_is_set_back_is_no_mistake(browser: Browser, told: House) -> None:
    """In Vienna 02:30 of summer time is before 02:10 of winter time: such a range is applied as it is."""
    context = browser.new_context(base_url=told.server.url, timezone_id="Europe/Vienna")
    page = context.new_page()
    page.goto("/api-logs?since=2025-10-26T00:30:00.250Z&until=2025-10-26T01:10:00.750Z")
    before = page.url
    sheet = menu(page, " to ")
    expect(sheet.get_by_label("From")).to_have_value("2025-10-26T02:30:00.25")
    expect(sheet.get_by_label("To")).to_have_value("2025-10-26T02:10:00.75")
    expect(sheet.get_by_role("alert")).to_have_count(0)
    sheet.get_by_role("button", name="Apply").click()
    expect(sheet).to_have_count(0)
    assert page.url == before
    context.close()


@pytest.mark.slow  # a real browser
@pytest.mark.parametrize("until", ["2026-01-01T00:02:59.999Z", "2026-01-03T00:02:59.999Z"])
def test_a_range_with_milliseconds_is_no_wider_than_a_phone(
    browser: Browser, told: House, until: str
) -> None:
    """The button says as much of the dates as there is room for, a day that both have once; the chips say all."""
    place = f"/api-logs?since={SINCE}&until={until}"
    with window_at(browser, told, PHONE) as window, at_the_log(window, place) as page:
        button = page.locator(".range .menu > button")
        day = "" if until.startswith(SINCE[:10]) else f"{until[:10]} "
        expect(button).to_contain_text(f"2026-01-01 00:00:00.123 to {day}00:02:59.999")
        expect(chip(page, f"to {until[:10]} 00:02:59.999")).to_be_visible()
        button.click()
        expect(page.locator(".menu-sheet")).to_be_visible()
        wide = "[...document.querySelectorAll('html, #app, main, .logs-body, .bar, .menu-sheet')]"
        assert page.evaluate(f"{wide}.every(one => one.scrollWidth <= one.clientWidth)")
