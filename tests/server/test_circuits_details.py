"""Looks at the details of a circuit in a real browser: the strip, durations, spells, the way to the log."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.server.axe import axe
from tests.server.browser import chromium
from tests.server.circuits_window import an_hour, at_circuit, is_whole, row, window_at
from tests.server.kit import House
from tests.server.story import HOSTILE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.slow  # a real browser

SCHEMES = ["light", "dark"]
WIDTHS = [1_440, 380]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all tests here: starting it costs most of a second."""
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def hour(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house that has lived through an hour; no test here changes it."""
    with House("memory", tmp_path_factory.mktemp("hour")) as house:
        house.gear.configure("binance", "create_order", retries=0)
        an_hour(house)
        house.gear.hold("coinbase", "get_account_balance", by=HOSTILE, why=HOSTILE)
        yield house


@pytest.fixture
def page(browser: Browser, hour: House) -> Iterator[Page]:
    """A window at the house."""
    with window_at(browser, hour) as opened:
        yield opened


def test_the_strip_says_its_hour_in_words_too(page: Page) -> None:
    """Bars for each state, a title that names the circuit, and a description with each span."""
    page.goto("/circuits")
    strip = row(page, "binance", "create_order").locator("svg.strip")
    expect(strip).to_have_accessible_name(
        re.compile("The last hour of create_order of binance: not closed for 1 min")
    )
    expect(strip.locator("desc")).to_have_text(
        re.compile("closed from .*; open from .*; closed from")
    )
    expect(strip.locator('[data-state="open"]')).to_have_count(2)
    calm = row(page, "binance", "get_market_price")
    expect(calm.locator(".strip-words")).to_have_text("closed all the while")
    expect(row(page, "binance", "create_order").locator(".day")).to_have_text("2")


def test_the_address_opens_the_details_and_back_closes_them(page: Page) -> None:
    """A row is opened by a click anywhere in it, and by its address; a click on it again closes the details."""
    page.goto("/circuits")
    line = row(page, "binance", "create_order")
    line.locator(".why").click()
    panel = page.get_by_role("complementary", name="Details of the circuit")
    expect(panel.get_by_role("heading", name="create_order")).to_be_visible()
    expect(line.get_by_role("link", name="create_order")).to_have_attribute("aria-current", "true")
    page.reload()
    expect(panel.get_by_role("heading", name="create_order")).to_be_visible()
    line.locator(".why").click()
    expect(panel).to_have_count(0)


def test_durations_are_drawn_and_stand_in_a_table(page: Page) -> None:
    """The picture says in words what is to be seen, and its table has a line for each span, with three percentiles."""
    panel = at_circuit(page, "binance", "get_market_price")
    expect(panel.locator(".chart canvas")).to_be_visible()
    picture = panel.get_by_role(
        "img", name=re.compile("60 successes in the last hour; p99 at most 12 ms")
    )
    expect(picture).to_be_visible()
    panel.get_by_text("As a table").click()
    table = panel.get_by_role("table", name="Durations in the last hour, in milliseconds")
    expect(table.get_by_role("columnheader")).to_have_text(
        ["From", "Calls", "p50 ms", "p95 ms", "p99 ms"]
    )
    calls = table.locator("tbody td:nth-child(2)").all_inner_texts()
    assert sum(int(one) for one in calls) == 60
    assert set(table.locator("tbody td:nth-child(3)").all_inner_texts()) == {"12"}


def test_the_chart_takes_the_colours_of_the_theme(page: Page) -> None:
    """It is drawn anew when the theme is turned, without a complaint of the policy."""
    panel = at_circuit(page, "binance", "get_market_price")
    expect(panel.locator(".chart canvas")).to_be_visible()
    light = panel.locator(".chart canvas").evaluate("one => one.toDataURL()")
    page.keyboard.press("t")
    expect(panel.locator(".chart canvas")).to_have_count(1)
    page.wait_for_function(
        "light => document.querySelector('.chart canvas')?.toDataURL() !== light", arg=light
    )


def test_a_spell_leads_to_its_calls_in_the_log(page: Page) -> None:
    """Each spell says when, how long and why, and its link finds the calls of just that time."""
    panel = at_circuit(page, "binance", "create_order")
    spells = panel.locator(".moves li")
    expect(spells).to_have_count(2)
    expect(spells.first).to_contain_text("3 failures in a row")
    expect(panel).to_contain_text("Opened by itself 2 times")
    spells.first.get_by_role("link", name="Its calls in the log").click()
    expect(page).to_have_url(
        re.compile(
            r"/api-logs\?exchange=binance&method=create_order&account=main&since=\d+&until=\d+"
        )
    )
    expect(page.locator(".records tbody tr").first).to_contain_text("create_order")


def test_the_figures_say_what_happened_and_which_settings_hold(page: Page) -> None:
    """Success, failures, what was not made, the last error, and when the circuit opens and for how long."""
    panel = at_circuit(page, "binance", "create_order")
    figures = panel.get_by_role("region", name="Figures")
    expect(figures).to_contain_text("after 3 failures in a row, for 30 s")
    expect(figures).to_contain_text("2 times since it exists")
    expect(figures).to_contain_text("ConnectionResetError")
    expect(figures).to_contain_text(re.compile(r"9\d\.\d % of 60 calls|90\.0 %"))


def test_what_a_person_wrote_stays_text(page: Page) -> None:
    """Markup in who and why of a hold is shown to the letter, in the row and in the details."""
    panel = at_circuit(page, "coinbase", "get_account_balance")
    expect(panel.locator(".panel-message")).to_contain_text(HOSTILE)
    expect(row(page, "coinbase", "get_account_balance").locator(".why")).to_contain_text(HOSTILE)
    expect(panel.locator(".moves")).to_contain_text(HOSTILE)
    assert page.locator("main b[onclick]").count() == 0


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_everybody_can_use_the_board_and_its_details(
    browser: Browser, hour: House, scheme: str, width: int
) -> None:
    """By day and by night, wide and on a phone: axe finds nothing, and nothing must be moved sideways."""
    with window_at(browser, hour, width=width, scheme=scheme) as page:
        page.goto("/circuits")
        expect(page.locator(".strip").first).to_be_visible()
        assert axe(page) == []
        assert is_whole(page)
        panel = at_circuit(page, "binance", "create_order")
        expect(panel.locator(".chart canvas")).to_be_visible()
        panel.get_by_text("As a table").click()
        assert axe(page) == []
        assert is_whole(page)
