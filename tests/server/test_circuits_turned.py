"""Turns circuits by hand in a real browser, by mouse and by keyboard: hold, release, reset, and the dialogs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.server.axe import axe
from tests.server.browser import chromium
from tests.server.circuits_window import at_circuit, row, window_at
from tests.server.kit import House
from tests.server.login_kit import OPERATOR, VIEWER, Doorway

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


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A house of its own for each test: what is held stays held."""
    with House("memory", tmp_path) as made:
        made.tell()
        yield made


@pytest.fixture
def page(browser: Browser, house: House) -> Iterator[Page]:
    """A window at the house."""
    with window_at(browser, house) as opened:
        yield opened


def state(house: House, method: str = "get_market_price") -> str:
    """What a circuit of binance does."""
    return house.gear.circuit("binance", method).state.value


def fill(page: Page, by: str = "anna", why: str = "an incident") -> Locator:
    """Tell the dialog who and why; gives it."""
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Who").fill(by)
    dialog.get_by_label("Why").fill(why)
    return dialog


def said(page: Page) -> Locator:
    """What is told of what was done."""
    return page.locator(".said[role=status]")


def test_a_circuit_is_held_open_with_the_mouse(page: Page, house: House) -> None:
    """The dialog says what will happen; afterwards the row says by whom, why and until when, and so does the page."""
    panel = at_circuit(page, "binance", "get_market_price")
    panel.get_by_role("button", name="Hold open…").click()
    dialog = page.get_by_role("dialog", name="Hold get_market_price of binance open?")
    expect(dialog).to_contain_text("each is refused unsent")
    expect(dialog).to_contain_text("It ends by itself after 10 min")
    expect(dialog.get_by_role("button", name="Hold open")).to_be_disabled()
    assert axe(page) == []
    fill(page).get_by_role("button", name="Hold open").click()
    expect(said(page)).to_have_text(
        re.compile(r"Held open, until \d\d:\d\d:\d\d: get_market_price of binance")
    )
    assert state(house) == "forced_open"
    held = row(page, "binance", "get_market_price")
    expect(held.locator(".state")).to_have_text("forced open")
    expect(held.locator(".why")).to_contain_text("held by anna: an incident")
    expect(held.locator(".next")).to_have_text(re.compile(r"until \d\d:\d\d, 10 min more"))
    house.clock.advance(601)
    expect(held.locator(".state")).to_have_text("closed")
    house.call("binance", "get_market_price")
    assert house.logs(event="call_succeeded")[0]["method"] == "get_market_price"


def test_a_circuit_is_held_closed_by_keyboard_alone(page: Page, house: House) -> None:
    """Down to the row, Enter, Tab to the button; a choice by arrow, who and why typed, Enter again."""
    page.goto("/circuits")
    expect(row(page, "binance", "get_market_price")).to_be_visible()
    link = row(page, "binance", "get_market_price").get_by_role("link")
    for _ in range(3):
        page.keyboard.press("j")
    expect(link).to_be_focused()
    page.keyboard.press("Enter")
    panel = page.get_by_role("complementary")
    expect(panel).to_be_focused()
    for _ in range(3):
        page.keyboard.press("Tab")
    expect(panel.get_by_role("button", name="Hold closed…")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog").get_by_label("Who")).to_be_focused()
    page.keyboard.press("Shift+Tab")
    expect(page.get_by_label("10 min", exact=True)).to_be_focused()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("dialog")).to_contain_text("until somebody releases it")
    page.keyboard.press("Tab")
    page.keyboard.type("ben")
    page.keyboard.press("Tab")
    page.keyboard.type("prices must flow")
    page.keyboard.press("Enter")
    expect(said(page)).to_have_text(re.compile("Held closed, until released: get_market_price"))
    assert state(house) == "forced_closed"
    expect(row(page, "binance", "get_market_price").locator(".next")).to_have_text("until released")


def test_escape_leaves_everything_as_it_was(page: Page, house: House) -> None:
    """The dialog closes, the details stay, and nothing is held."""
    panel = at_circuit(page, "binance", "get_market_price")
    panel.get_by_role("button", name="Hold open…").click()
    fill(page)
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(panel).to_be_visible()
    assert state(house) == "closed"


def test_a_hold_is_released_and_who_is_remembered(page: Page, house: House) -> None:
    """What is held offers its release, in the name that was typed before; it goes on as it was."""
    house.gear.hold("binance", "get_market_price", by="ops", why="incident")
    panel = at_circuit(page, "binance", "get_market_price")
    panel.get_by_role("button", name="Release…").click()
    expect(page.get_by_role("dialog")).to_contain_text("The hold of ops ends now")
    fill(page).get_by_role("button", name="Release").click()
    expect(said(page)).to_have_text("Released: get_market_price of binance.")
    assert state(house) == "closed"
    expect(panel.get_by_role("button", name="Release…")).to_have_count(0)
    panel.get_by_role("button", name="Reset…").click()
    expect(page.get_by_role("dialog").get_by_label("Who")).to_have_value("anna")


def test_a_reset_closes_what_is_open(page: Page, house: House) -> None:
    """An open circuit closes at once, and the log says by whom it was reset, from what to what."""
    panel = at_circuit(page, "binance", "create_order")
    panel.get_by_role("button", name="Reset…").click()
    expect(page.get_by_role("dialog")).to_contain_text("it forgets what it has counted")
    fill(page, why="the exchange is back").get_by_role("button", name="Reset").click()
    expect(said(page)).to_contain_text("Reset, closed and counting anew: create_order of binance")
    assert state(house, "create_order") == "closed"
    (note,) = house.logs(event="note")
    assert note["message"] == (
        "by anna: reset binance.create_order, closed and counting anew: the exchange is back (open -> closed)"
    )


def test_a_whole_exchange_is_held_from_its_head(page: Page, house: House) -> None:
    """The button of an exchange says what goes on and what does not, and the wide circuit comes first then."""
    page.goto("/circuits")
    page.get_by_role("button", name="Hold all of binance…").click()
    expect(page.get_by_role("dialog")).to_contain_text("cancels and lookups of orders too")
    page.get_by_label("1 h", exact=True).check()
    fill(page).get_by_role("button", name="Hold open").click()
    expect(said(page)).to_contain_text("the whole exchange binance")
    whole = page.locator('tr[data-scope="exchange"]')
    expect(whole.locator(".state")).to_have_text("forced open")
    expect(page.get_by_role("button", name="Hold all of binance…")).to_have_count(0)
    expect(whole).to_contain_text("holds back 3 methods")


def test_a_hold_on_a_pattern_is_told_above_the_board(page: Page, house: House) -> None:
    """It binds what comes later too, which no row says; its release is beside it."""
    house.gear.hold("binance", "get_*", by="ops", why="stale prices", for_s=90)
    page.goto("/circuits")
    told = page.get_by_role("status", name="Holds on patterns")
    expect(told).to_have_text(
        re.compile("get_.* of binance.*what comes later too.*by ops: stale prices")
    )
    told.get_by_role("button", name="Release…").click()
    fill(page).get_by_role("button", name="Release").click()
    expect(told).to_have_count(0)
    assert state(house) == "closed"


def test_what_is_wrong_is_said_at_its_field(page: Page, house: House) -> None:
    """A name that cannot be shown is refused beside its field, which says that it is wrong; the dialog stays."""
    panel = at_circuit(page, "binance", "get_market_price")
    panel.get_by_role("button", name="Hold open…").click()
    dialog = fill(page, by="an\u202ena")
    dialog.get_by_role("button", name="Hold open").click()
    wrong = dialog.locator("#wrong-by")
    expect(wrong).to_contain_text("printable characters")
    expect(dialog.get_by_label("Who")).to_have_attribute("aria-invalid", "true")
    expect(dialog.get_by_label("Who")).to_have_attribute("aria-describedby", "wrong-by")
    assert axe(page) == []
    dialog.get_by_label("Who").fill("anna")
    dialog.get_by_role("button", name="Hold open").click()
    expect(dialog).to_have_count(0)
    assert state(house) == "forced_open"


def test_a_file_offers_no_control_and_says_where_it_is(browser: Browser, tmp_path: Path) -> None:
    """Of another process's file the details are there, and in the place of the buttons a sentence."""
    with House("other", tmp_path) as made, window_at(browser, made) as page:
        made.tell()
        page.goto("/circuits?exchange=binance&method=create_order")
        panel = page.get_by_role("complementary")
        expect(panel).to_contain_text("circuits are turned where the program runs")
        expect(panel.get_by_role("button", name=re.compile("Hold|Reset"))).to_have_count(0)
        expect(page.get_by_role("button", name=re.compile("Hold all"))).to_have_count(0)


def test_who_may_only_look_is_offered_no_control(browser: Browser) -> None:
    """Somebody who signed in to look sees the details, and a sentence in the place of the buttons."""
    with Doorway() as door:
        head = {"authorization": f"Bearer {VIEWER}"}
        url = f"http://127.0.0.1:{door.server.port}"
        context = browser.new_context(base_url=url, extra_http_headers=head)
        page = context.new_page()
        page.goto("/circuits?exchange=binance&method=get_market_price")
        panel = page.get_by_role("complementary")
        expect(panel).to_contain_text("Circuits are turned by operators.")
        expect(page.get_by_role("button", name=re.compile("Hold|Reset"))).to_have_count(0)
        context.close()


def test_who_signed_in_need_not_say_who_they_are(browser: Browser) -> None:
    """The dialog knows the operator's name already, and the hold carries it as it is."""
    with Doorway() as door:
        head = {"authorization": f"Bearer {OPERATOR}"}
        url = f"http://127.0.0.1:{door.server.port}"
        context = browser.new_context(base_url=url, extra_http_headers=head)
        page = context.new_page()
        panel = at_circuit(page, "binance", "get_market_price")
        panel.get_by_role("button", name="Hold open…").click()
        expect(page.get_by_role("dialog").get_by_label("Who")).to_have_value("anna")
        page.get_by_role("dialog").get_by_label("Why").fill("incident")
        page.keyboard.press("Enter")
        expect(said(page)).to_contain_text("Held open")
        assert door.gear.circuit("binance", "get_market_price").by == "anna"
        context.close()
