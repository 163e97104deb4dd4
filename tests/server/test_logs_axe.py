"""Lets axe-core look at the log in each of its states, light and dark, wide and narrow: it finds nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.server.axe import axe
from tests.server.kit import House
from tests.server.logs_window import PHONE, WIDE, at_the_log, menu, panel, rows, window_at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house with a story."""
    with House("memory", tmp_path_factory.mktemp("told")) as made:
        made.tell()
        yield made


@pytest.fixture(scope="module", params=["light-wide", "dark-wide", "light-phone", "dark-phone"])
def window(request: pytest.FixtureRequest, browser: Browser, told: House) -> Iterator[Page]:
    """A window of each look and width, in which nothing moves."""
    scheme, width = request.param.split("-")
    size = WIDE if width == "wide" else PHONE
    with window_at(browser, told, size, color_scheme=scheme, reduced_motion="reduce") as opened:
        yield opened


@pytest.mark.slow  # a real browser
def test_the_log_is_for_everybody(window: Page) -> None:
    """Rows, bars, facets and the bar of controls."""
    with at_the_log(window, "/api-logs?level=warning") as page:
        assert axe(page) == []


@pytest.mark.slow  # a real browser
def test_details_are_for_everybody(window: Page, told: House) -> None:
    """The panel with the waterfall of a retried call."""
    ended = told.logs(method="get_account_balance", event="call_succeeded")[0]
    with at_the_log(window, f"/api-logs?record={ended['id']}") as page:
        expect(panel(page).locator(".fall-step").first).to_be_visible()
        assert axe(page) == []


@pytest.mark.slow  # a real browser
def test_menus_are_for_everybody(window: Page) -> None:
    """Each menu while it is open."""
    with at_the_log(window) as page:
        for name in ("Views", "Columns", "Export", "From … to …"):
            expect(menu(page, name)).to_be_visible()
            assert axe(page) == [], name
            page.keyboard.press("Escape")


@pytest.mark.slow  # a real browser
def test_filters_in_a_drawer_are_for_everybody(window: Page) -> None:
    """The facets where they lie over the records, and the table of the bars where they lie beside."""
    with at_the_log(window) as page:
        drawer = page.get_by_role("button", name="Filters", exact=True)
        (drawer if drawer.is_visible() else page.get_by_text("As a table")).click()
        assert axe(page) == []


@pytest.mark.slow  # a real browser
def test_dialogs_are_for_everybody(window: Page) -> None:
    """The question before records are cleared, and the keys."""
    with at_the_log(window) as page:
        page.get_by_role("button", name="Clear…").click()
        expect(page.get_by_role("button", name="Clear", exact=False).last).to_be_enabled()
        assert axe(page) == []
        page.keyboard.press("Escape")
        page.keyboard.press("?")
        expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
        assert axe(page) == []
        page.keyboard.press("Escape")


@pytest.mark.slow  # a real browser
def test_no_match_is_for_everybody(window: Page) -> None:
    """The filters that could be lifted."""
    window.goto("/api-logs?text=nosuchword&level=error")
    expect(window.locator(".lifts")).to_contain_text("record")
    assert axe(window) == []


@pytest.mark.slow  # a real browser
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_an_empty_log_is_for_everybody(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory, size: tuple[int, int]
) -> None:
    """How to begin, where nothing was ever logged."""
    with (
        House("memory", tmp_path_factory.mktemp("empty")) as empty,
        window_at(browser, empty, size) as page,
    ):
        page.goto("/api-logs")
        expect(page.get_by_role("heading", name="No records yet")).to_be_visible()
        expect(rows(page)).to_have_count(0)
        assert axe(page) == []


@pytest.mark.slow  # a real browser
@pytest.mark.parametrize("query", ["", "?record=3", "?around=3", "?text=nosuchword"])
def test_nothing_is_wider_than_a_phone(browser: Browser, told: House, query: str) -> None:
    """At 380 pixels nothing has to be moved sideways."""
    with window_at(browser, told, PHONE) as page:
        page.goto(f"/api-logs{query}")
        expect(page.locator(".facets[data-fresh=true]")).to_be_attached()
        expect(page.locator(".records tbody tr, .lifts").first).to_be_attached()
        wide = "one => one.scrollWidth > one.clientWidth"
        looked = "html, #app, main, .logs-body, .bar, .list, .panel"
        found = page.evaluate(
            f"[...document.querySelectorAll('{looked}')].filter({wide}).map(one => one.className)"
        )
        assert found == []
