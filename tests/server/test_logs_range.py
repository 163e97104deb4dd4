"""Narrows the log to a time in a real browser: by spans, by dates, and on the bars, with the mouse and with keys."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

from tests.server.kit import House
from tests.server.logs_window import (
    PHONE,
    at_the_log,
    chip,
    facet,
    menu,
    shows,
    three_minutes,
    window_at,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

SINCE = "2026-01-01T00:00:00.123Z"


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house with a story that goes over three minutes."""
    with three_minutes(tmp_path_factory.mktemp("told")) as made:
        yield made


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


def goes_on(page: Page, house: House) -> None:
    """A minute later something new is called; the page has counted it, on bars of another width."""
    house.clock.advance(60)
    house.call("kraken", "get_symbols")
    house.keep()
    # The slower counting is, the more seldom the page has it done.
    expect(facet(page, "kraken")).to_be_visible(timeout=20_000)


@pytest.mark.slow  # a real browser
@pytest.mark.parametrize("by", ["keys", "mouse"])
def test_a_span_is_what_it_said_while_records_come(
    browser: Browser, tmp_path: Path, by: str
) -> None:
    """Between the begin of a choice and its end bars come and grow wider; the choice is of the time that it said."""
    with House("memory", tmp_path) as house, window_at(browser, house) as window:
        house.tell()
        overview = house.get("logs/overview")
        with at_the_log(window) as page:
            slider = page.get_by_role("slider")
            if by == "keys":
                slider.focus()
                for key in ("End", "ArrowLeft", "Shift+ArrowLeft"):
                    page.keyboard.press(key)
            else:
                box = slider.bounding_box()
                assert box is not None
                wide = box["width"] / max(15, len(overview["bars"]))
                page.mouse.move(box["x"] + box["width"] - 1.5 * wide, box["y"] + 20)
                page.mouse.down()
                page.mouse.move(box["x"] + box["width"] - 2.5 * wide, box["y"] + 20)
            said = slider.get_attribute("aria-valuetext") or ""
            assert " to " in said
            goes_on(page, house)
            expect(slider).to_have_attribute("aria-valuetext", said)
            page.keyboard.press("Enter") if by == "keys" else page.mouse.up()
            since = overview["bars"][-3]["start_ms"]
            until = overview["bars"][-2]["start_ms"] + overview["bar_ms"] - 1
            expect(page.locator(".chip", has_text="from ")).to_be_visible()
            asked = parse_qs(urlsplit(page.url).query)
            dates = [datetime.fromisoformat(asked[name][0]) for name in ("since", "until")]
            assert [round(date.timestamp() * 1000) for date in dates] == [since, until]
            shows(page, house, since=str(since), until=str(until))


@pytest.mark.slow  # a real browser
@pytest.mark.parametrize("left", ["Escape", "Tab"])
def test_a_choice_given_up_shows_what_came(browser: Browser, tmp_path: Path, left: str) -> None:
    """The bars stand still only while a span is being chosen on them: given up, they are the newest."""
    with House("memory", tmp_path) as house, window_at(browser, house) as window:
        house.tell()
        with at_the_log(window) as page:
            slider = page.get_by_role("slider")
            slider.focus()
            page.keyboard.press("End")
            axis = page.locator(".histogram-axis span").last
            before = axis.inner_text()
            goes_on(page, house)
            expect(axis).to_have_text(before)
            page.keyboard.press(left)
            expect(slider).to_have_attribute("aria-valuetext", "nothing chosen")
            expect(axis).not_to_have_text(before)


@pytest.mark.slow  # a real browser
def test_a_choice_ends_with_its_filter(page: Page, told: House) -> None:
    """Back and forward under a choice give it up: bars of the filter before are not shown again."""
    facet(page, "binance").click()
    shows(page, told, exchange="binance")
    slider = page.get_by_role("slider")
    slider.focus()
    page.keyboard.press("End")
    expect(slider).to_have_attribute("aria-valuetext", re.compile(" to "))
    page.go_back()
    expect(slider).to_have_attribute("aria-valuetext", "nothing chosen")
    page.go_forward()
    shows(page, told, exchange="binance")
    expect(slider).to_have_attribute("aria-valuetext", "nothing chosen")


@pytest.mark.slow  # a real browser
def test_the_bars_are_there_as_a_table(page: Page, told: House) -> None:
    """Whoever cannot see the bars reads them: a row for each span that has records."""
    page.get_by_text("As a table").click()
    some = [bar for bar in told.get("logs/overview")["bars"] if any(bar["counts"].values())]
    expect(page.locator(".twin tbody tr")).to_have_count(len(some))


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
@pytest.mark.parametrize("year", ["20261", "202611"])
def test_a_year_of_five_digits_is_a_problem_that_is_said(
    page: Page, told: House, year: str
) -> None:
    """A date that no address can hold is named, is not applied, and breaks nothing: mended, it is applied."""
    before = page.url
    sheet = menu(page, "From … to …")
    for name in ("From", "To"):
        sheet.get_by_label(name).fill(f"{year}-01-01T12:00:00")
        expect(sheet.get_by_role("alert")).to_have_text(f"{name}: a year has four digits.")
        expect(sheet.get_by_role("button", name="Apply")).to_be_disabled()
        page.keyboard.press("Enter")
        assert page.url == before
        sheet.get_by_label(name).fill("2026-01-01T00:00:01")
        expect(sheet.get_by_role("alert")).to_have_count(0)
    sheet.get_by_role("button", name="Apply").click()
    at = "2026-01-01T00:00:01Z"
    shows(page, told, since=at, until=at)


@pytest.mark.slow  # a real browser
def test_a_year_is_typed_and_the_hour_comes_next(page: Page) -> None:
    """After its fourth digit a year is whole: what is typed on is the hour, as in fields of the system."""
    sheet = menu(page, "From … to …")
    expect(sheet.get_by_label("From")).to_be_focused()
    page.keyboard.type("01022026030405AM")
    expect(sheet.get_by_label("From")).to_have_value("2026-01-02T03:04:05")


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
