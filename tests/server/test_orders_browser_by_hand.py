"""Turns what can be turned on /orders in a real browser: abandon, halt and let go, by mouse and by key."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from switchgear.order.intent import State
from tests.server.browser import chromium
from tests.server.orders_kit import OTHER, OrderHouse
from tests.server.orders_window import at_the_orders, furnish, kept, rows, say, window_at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page


pytestmark = pytest.mark.slow  # a real browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all tests here: starting it costs most of a second."""
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OrderHouse]:
    """One house for all tests here."""
    with OrderHouse(tmp_path_factory.mktemp("orders")) as made:
        yield made


@pytest.fixture(scope="module")
def window(browser: Browser, built: OrderHouse) -> Iterator[Page]:
    """One window for all tests here."""
    with window_at(browser, built) as opened:
        yield opened


@pytest.fixture
def house(built: OrderHouse) -> OrderHouse:
    """The house with four orders, one of them unknown and asked after."""
    return furnish(built)


@pytest.fixture
def page(window: Page, house: OrderHouse) -> Iterator[Page]:
    """The window, at the orders."""
    with at_the_orders(window, house) as opened:
        yield opened


def test_abandoning_by_mouse(page: Page, house: OrderHouse) -> None:
    """It asks who and why, can be left, and then ends the order for good, in the person's name."""
    page.locator(".doubt").click()
    page.get_by_role("button", name="Abandon…").click()
    dialog = page.get_by_role("dialog", name="Abandon this order?")
    expect(dialog).to_contain_text(f"sg-{3:032x}")
    expect(dialog.get_by_role("button", name="Abandon")).to_be_disabled()
    dialog.get_by_role("button", name="Cancel").click()
    expect(page.locator("dialog")).to_have_count(0)  # gone, and not only closed
    assert kept(house, 3).state is State.UNKNOWN
    page.get_by_role("button", name="Abandon…").click()
    say(page, "anna", "never booked").get_by_role("button", name="Abandon").click()
    expect(page.get_by_role("status").filter(has_text="is abandoned.")).to_be_visible()
    expect(page.get_by_role("complementary").locator(".moves li").last).to_contain_text("by anna")
    expect(page.locator(".doubts")).to_have_count(0)
    assert (kept(house, 3).state, kept(house, 3).why) == (State.ABANDONED, "never booked")


def test_abandoning_by_key(page: Page, house: OrderHouse) -> None:
    """The same without a mouse: rows, details, dialog, confirmation."""
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(rows(page).nth(1)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Abandon…")).to_be_visible()
    page.keyboard.press("a")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.get_by_label("Who").fill("")
    page.get_by_label("Who").focus()
    page.keyboard.type("bob")
    page.keyboard.press("Tab")
    page.keyboard.type("looked it up")
    page.keyboard.press("Enter")
    expect(page.get_by_role("complementary").locator(".moves li").last).to_contain_text("by bob")
    assert kept(house, 3).state is State.ABANDONED
    page.keyboard.press("Escape")
    expect(rows(page).nth(1)).to_be_focused()


def test_what_came_too_late_is_said(window: Page, house: OrderHouse) -> None:
    """When evidence came while the dialog was open, it says so, and nothing is overruled."""
    window.goto("/orders")
    window.locator(".doubt").click()
    window.get_by_role("button", name="Abandon…").click()
    house.journal.post(kept(house, 3), State.FOUND, "found under its client order id")
    dialog = say(window, "anna", "never booked")  # the console says 409 here
    dialog.get_by_role("button", name="Abandon").click()
    expect(dialog.get_by_role("alert")).to_contain_text("is found already")
    dialog.get_by_role("button", name="Cancel").click()
    assert kept(house, 3).state is State.FOUND


def test_what_is_under_way_says_why_it_stays(page: Page, house: OrderHouse) -> None:
    """An order that somebody is sending at this moment has no button, and words instead."""
    house.book.put(State.SENT, owned_s=60, by=OTHER)
    rows(page).filter(has_text="sent").click()
    panel = page.get_by_role("complementary")
    expect(panel).to_contain_text("It is being sent by trader-2")
    expect(panel.get_by_role("button", name="Abandon…")).to_have_count(0)


def test_halt_and_let_go_by_mouse(page: Page, house: OrderHouse) -> None:
    """One account is halted; the page says plainly who, since when and why, until somebody lets orders go."""
    page.get_by_role("button", name="Halt new orders…").click()
    dialog = page.get_by_role("dialog", name="Halt new orders?")
    dialog.get_by_label("Which orders").select_option(label="binance, account second")
    say(page, "anna", "incident 12").get_by_role("button", name="Halt new orders").click()
    halts = page.get_by_role("status", name="Halted orders")
    words = r"New orders of binance, account second are halted since \d\d:\d\d:\d\d, \d+ s, by anna: incident 12"
    expect(halts).to_contain_text(re.compile(words))
    (switch,) = house.store.switches()
    assert (switch.exchange, switch.account, switch.by) == ("binance", "second", "anna")
    halts.get_by_role("button", name="Let orders go…").click()
    say(page, "bob", "mended").get_by_role("button", name="Let orders go").click()
    expect(page.get_by_role("status").filter(has_text="may go again.")).to_be_visible()
    expect(halts).to_have_count(0)
    assert house.store.switches() == []


def test_halt_and_let_go_by_key(page: Page, house: OrderHouse) -> None:
    """All are halted without a mouse, and let go again; who it was is remembered for the next time."""
    page.keyboard.press("h")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.get_by_label("Who").fill("")
    page.get_by_label("Who").focus()
    page.keyboard.type("carol")
    page.keyboard.press("Tab")
    page.keyboard.type("panic")
    page.keyboard.press("Enter")
    halts = page.get_by_role("status", name="Halted orders")
    expect(halts).to_contain_text("New orders of all exchanges and accounts are halted")
    assert [each.by for each in house.store.switches()] == ["carol"]
    halts.get_by_role("button").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog").get_by_label("Who")).to_have_value("carol")
    expect(page.get_by_role("dialog").get_by_label("Why")).to_be_focused()
    page.keyboard.type("all is well")
    page.keyboard.press("Enter")
    expect(halts).to_have_count(0)
    assert house.store.switches() == []
