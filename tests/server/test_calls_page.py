"""Looks at /calls in a real browser: the guide's metrics by exchange and method, sorted, summed, copied."""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.server.axe import axe
from tests.server.browser import chromium
from tests.server.circuits_window import is_whole, window_at
from tests.server.kit import House

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Locator, Page

pytestmark = pytest.mark.slow  # a real browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all tests here: starting it costs most of a second."""
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def called(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house in which two exchanges were called, one of them with trouble."""
    with House("memory", tmp_path_factory.mktemp("called")) as house:
        house.tell()
        for _ in range(9):
            house.call("coinbase", "get_order_book")
        yield house


@pytest.fixture
def page(browser: Browser, called: House) -> Iterator[Page]:
    """A window at the calls."""
    with window_at(browser, called, width=1_440) as opened:
        opened.goto("/calls")
        expect(opened.locator(".tally tbody tr").first).to_be_visible()
        yield opened


def cell(page: Page, name: str, column: str) -> Locator:
    """What stands in a row at a column."""
    named = page.get_by_role("rowheader", name=name, exact=True)
    return page.locator(".tally tr", has=named).first.locator(f"td.k-{column}")


def methods(page: Page) -> list[str]:
    """The names of the rows, from top to bottom."""
    return [one.strip() for one in page.locator(".tally tbody th").all_inner_texts()]


def test_each_metric_of_the_guide_has_its_column(page: Page) -> None:
    """Total, success, failed, rate, average, shortest, longest, the last error and the circuit's state, and more."""
    heads = page.get_by_role("columnheader").all_inner_texts()
    assert [head.rstrip("▴▾ \n") for head in heads] == [
        "Method", "Circuit", "Calls", "Success", "Failed", "Rate", "avg ms", "min", "max", "p50", "p95", "p99",
        "Retried", "Fallback", "Rejected", "Opened", "Last error",
    ]  # fmt: skip
    assert cell(page, "create_order", "failed_calls").inner_text() == "3"
    expect(cell(page, "create_order", "circuit_state")).to_have_text("open")
    expect(cell(page, "create_order", "last_error")).to_contain_text("ConnectionResetError")
    expect(cell(page, "create_order", "success_rate")).to_have_text("0.0 %")
    expect(cell(page, "get_order_book", "average_duration_ms")).to_have_text("12")


def test_an_exchange_has_its_sums(page: Page) -> None:
    """Calls add up, the rate is that of all, and percentiles, which cannot be added, are left out."""
    expect(cell(page, "coinbase", "total_calls")).to_have_text("11")
    expect(cell(page, "coinbase", "failed_calls")).to_have_text("1")
    expect(cell(page, "coinbase", "success_rate")).to_have_text("90.9 %")
    expect(cell(page, "coinbase", "p95_ms")).to_have_text("")


def test_a_head_sorts_and_the_address_keeps_it(page: Page) -> None:
    """Numbers begin with the largest, a second press turns it, and a reload keeps the order; Enter does as a click."""
    assert methods(page)[:2] == ["binance", "create_order"]
    page.get_by_role("button", name="Calls", exact=True).click()
    expect(page.get_by_role("columnheader", name="Calls")).to_have_attribute(
        "aria-sort", "descending"
    )
    assert methods(page)[:3] == ["coinbase", "get_order_book", "get_market_price"]
    page.reload()
    expect(page).to_have_url(re.compile(r"/calls\?sort=-total_calls$"))
    expect(page.locator(".tally tbody th").first).to_have_text("coinbase")
    page.get_by_role("button", name="Calls", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("columnheader", name="Calls")).to_have_attribute(
        "aria-sort", "ascending"
    )
    assert methods(page)[0] == "binance"


def test_a_method_leads_to_its_circuit_and_an_exchange_to_its_records(page: Page) -> None:
    """Both are links."""
    page.get_by_role("link", name="create_order").click()
    expect(page).to_have_url(re.compile(r"/circuits\?exchange=binance&method=create_order"))
    page.go_back()
    page.get_by_role("rowheader", name="coinbase").get_by_role("link").click()
    expect(page).to_have_url(re.compile(r"/api-logs\?exchange=coinbase$"))


def test_the_table_is_copied_as_csv(page: Page) -> None:
    """What is copied has a line for each method with every column, and it is said that it was."""
    page.get_by_role("button", name="Copy as CSV").click()
    expect(page.get_by_text("Copied.")).to_be_visible()
    text = page.evaluate("navigator.clipboard.readText()")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [(row["exchange"], row["method"]) for row in rows][:2] == [
        ("binance", "create_order"),
        ("binance", "get_account_balance"),
    ]
    assert rows[0]["failed_calls"] == "3"
    assert rows[0]["last_error"].startswith("ConnectionResetError")


def test_before_the_first_call_it_says_so(browser: Browser, tmp_path: Path) -> None:
    """An empty table would look as if something were broken."""
    with House("memory", tmp_path) as house, window_at(browser, house) as page:
        page.goto("/calls")
        expect(page.get_by_role("heading", name="No calls yet")).to_be_visible()


def test_a_file_has_its_metrics_too(browser: Browser, tmp_path: Path) -> None:
    """What another process counted is shown as it was last written down."""
    with House("other", tmp_path) as house, window_at(browser, house) as page:
        house.tell()
        page.goto("/calls")
        expect(cell(page, "create_order", "failed_calls")).to_have_text("3")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1_440, 1_100, 380])
def test_everybody_can_use_the_calls(
    browser: Browser, called: House, scheme: str, width: int
) -> None:
    """By day and by night, wide and on a phone: axe finds nothing, nothing must be moved sideways, and all can sort."""
    with window_at(browser, called, width=width, scheme=scheme) as page:
        page.goto("/calls")
        expect(page.locator(".tally tbody tr").first).to_be_visible()
        assert axe(page) == []
        assert is_whole(page)
        if width < 1_000:
            page.get_by_label("Sorted by").select_option("failed_calls")
            expect(page.locator(".tally tbody th").nth(1)).to_have_text("create_order")
