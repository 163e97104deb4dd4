"""Narrows the log in a real browser by each control, with the mouse and with keys; the address holds all of it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.server.kit import House
from tests.server.logs_window import (
    PHONE,
    at_the_log,
    chip,
    facet,
    rows,
    shows,
    three_minutes,
    window_at,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page


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
