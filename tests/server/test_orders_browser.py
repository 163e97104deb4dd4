"""Clicks through /orders in a real browser: list, filter, details, strays, hostile text, empty and broken states."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from switchgear.order.intent import State
from switchgear.order.store import Switch
from tests.server.browser import Complaints, chromium
from tests.server.kit import House
from tests.server.orders_kit import LOST, OrderHouse, stray
from tests.server.orders_window import at_the_orders, furnish, kept, rows, say, window_at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page


pytestmark = pytest.mark.slow  # a real browser

HOSTILE = '<img src=x onerror="document.title=1"><script>document.title=2</script>&amp;${7*7}"\''


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


def _held_back(house: OrderHouse) -> None:
    """An order that was counted as sent beforehand, and was then held back, as an errand writes it down."""
    sent = house.book.put(State.SENT)
    why = "not sent: the circuit was open"
    house.journal.post(sent, State.REJECTED, why, attempts=0, sent_ms=None)


def test_orders_are_listed_newest_first(page: Page) -> None:
    """Each row says state, place, what, how much, for how much, under which name, how often and why."""
    expect(rows(page).locator(".state")).to_have_text(["acked", "unknown", "rejected", "acked"])
    unknown = rows(page).nth(1)
    cells = ("place", "symbol", "side", "type", "quantity", "price", "name", "attempts", "why")
    assert [unknown.locator(f".{name}").inner_text() for name in cells] == [
        "binance main", "BTC/USDT", "buy", "limit", "0.50000000", "42000.10", f"sg-{3:032x}", "1", LOST,
    ]  # fmt: skip
    expect(unknown.locator(".since")).to_have_text(re.compile(r"\d\d:\d\d:\d\d\s+\d+ s"))
    expect(page.get_by_role("status").filter(has_text="4 orders")).to_be_visible()


def test_each_state_has_a_word_a_colour_and_a_shape(page: Page, house: OrderHouse) -> None:
    """No two states look the same without colour, and none is told by colour alone."""
    put = house.book.put
    put()
    put(State.SENT)
    put(State.SENT, State.UNKNOWN, State.FOUND)
    put(State.SENT, State.UNKNOWN, State.ABSENT)
    put(State.SENT, State.UNKNOWN, State.ABANDONED)
    _held_back(house)
    expect(rows(page)).to_have_count(10)
    marks = page.locator(".intents .mark").evaluate_all(
        "all => all.map(one => [one.innerText.trim(), one.querySelector('svg').innerHTML])"
    )
    shapes = {word: shape for word, shape in marks if shape}
    assert set(shapes) == {*State, "not sent"}
    assert len(set(shapes.values())) == len(shapes)


def test_an_order_that_was_held_back_is_not_told_as_a_refusal(
    page: Page, house: OrderHouse
) -> None:
    """Its row and its details say that it was not sent, quietly; the filter for rejected finds both."""
    _held_back(house)
    page.get_by_label("State").select_option("rejected")
    expect(rows(page).locator(".state")).to_have_text(["not sent", "rejected"])
    expect(rows(page).locator(".attempts")).to_have_text(["0", "1"])
    inks = page.locator(".intents .mark").evaluate_all(
        "all => all.map(one => getComputedStyle(one).color)"
    )
    edges = rows(page).evaluate_all(
        "all => all.map(one => getComputedStyle(one).getPropertyValue('--edge'))"
    )
    assert inks[0] != inks[1]
    assert edges[0] == ""
    assert edges[1] != ""
    rows(page).first.click()
    panel = page.locator(".panel")
    expect(panel.locator("header .mark")).to_have_text("not sent")
    expect(panel).to_contain_text("; not sent for")
    moves = panel.locator(".moves li")
    expect(moves.locator(".mark")).to_have_text(["new", "about to send", "not sent"])
    shapes = moves.locator(".mark svg").evaluate_all("all => all.map(one => one.innerHTML)")
    assert len({*shapes, ""}) == len(shapes) + 1
    expect(moves.nth(1)).to_contain_text("from new")
    expect(moves.nth(2)).to_contain_text("not sent: the circuit was open")
    expect(moves.nth(2)).not_to_contain_text("from")


def test_the_box_and_the_list_say_the_same(window: Page, house: OrderHouse) -> None:
    """What is in doubt comes with the list, however old the board's answer is."""
    board = house.get("orders/board") | {"in_doubt": []}
    window.route("**/orders/board", lambda route: route.fulfill(json=board))
    try:
        window.goto("/orders")
        expect(rows(window)).to_have_count(4)
        expect(window.get_by_role("heading", name="1 order in doubt")).to_be_visible()
    finally:
        window.unroute_all()


def test_what_is_unknown_stands_above_all(page: Page, house: OrderHouse) -> None:
    """Its band says since when, why, and what happens next; whatever the filter hides."""
    band = page.get_by_role("region", name="1 order in doubt")
    expect(band).to_contain_text("buy 0.50000000 BTC/USDT, limit 42000.10")
    expect(band).to_contain_text(re.compile(r"since \d\d:\d\d:\d\d, \d+ s: the outcome is unknown"))
    expect(band).to_contain_text("Next: this process asks the exchange again")
    page.goto("/orders?state=acked")
    expect(rows(page)).to_have_count(2)
    expect(band).to_be_visible()
    house.book.put(State.SENT, State.UNKNOWN, place=("kraken", "main"))
    two = page.get_by_role("region", name="2 orders in doubt")
    expect(two).to_contain_text("Next: nobody looks after it: a program with a desk of kraken")


def test_filters_live_in_the_address(page: Page) -> None:
    """What is chosen shows only what matches, and address, reload and back all keep it."""
    page.get_by_label("Exchange").select_option("binance")
    page.get_by_label("Account").select_option("second")
    page.get_by_label("State").select_option("rejected")
    expect(page).to_have_url(re.compile(r"/orders\?exchange=binance&account=second&state=rejected"))
    expect(rows(page)).to_have_count(1)
    page.reload()
    expect(rows(page)).to_have_count(1)
    expect(page.get_by_label("State")).to_have_value("rejected")
    page.go_back()
    expect(page.get_by_label("State")).to_have_value("")
    page.get_by_role("button", name="Reset", exact=True).click()
    expect(page).to_have_url(re.compile(r"/orders$"))
    page.get_by_label("Symbol").fill("eth/usd")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/orders\?symbol=ETH%2FUSD$"))
    expect(rows(page)).to_have_count(1)


def test_a_search_finds_by_name(page: Page) -> None:
    """The slash leads to the search; a whole client order id finds its order, another one nothing."""
    page.keyboard.press("/")
    page.keyboard.type(f"sg-{2:032x}")
    expect(page).to_have_url(re.compile(r"client_order_id=sg-0+2$"))
    expect(rows(page).locator(".state")).to_have_text(["rejected"])
    page.keyboard.type("9")
    expect(page.get_by_role("heading", name="No order matches")).to_be_visible()
    page.get_by_role("button", name="reset the filter").click()
    expect(rows(page)).to_have_count(4)


def test_a_filter_that_cannot_be_is_explained(window: Page, house: OrderHouse) -> None:
    """An address with a bad filter says which field is wrong, and a click mends it."""
    window.goto("/orders?state=lost")  # the console says 400 here, and is not listened to
    problem = window.get_by_role("alert")
    expect(problem).to_contain_text("state='lost'")
    problem.get_by_role("button").click()
    expect(rows(window)).to_have_count(4)


def test_details_tell_the_whole_life(page: Page, house: OrderHouse) -> None:
    """A row opens to every move with time, from, to, why and by whom; the address keeps it open."""
    rows(page).nth(1).click()
    panel = page.get_by_role("complementary")
    expect(panel.get_by_role("heading", name="buy 0.50000000 BTC/USDT")).to_be_visible()
    moves = panel.locator(".moves li")
    expect(moves.locator(".mark")).to_have_text(["new", "sent", "unknown"])
    expect(moves.nth(2)).to_contain_text(f"from sent+0.00 ms{LOST}by trader-1")
    expect(panel).to_contain_text("Next: this process asks the exchange again")
    page.reload()
    expect(panel.locator(".moves li")).to_have_count(3)
    panel.get_by_role("link", name="Its records").click()
    expect(page).to_have_url(re.compile(rf"/api-logs\?order_id=sg-{3:032x}$"))
    page.go_back()
    expect(panel).to_be_visible()
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()


def test_a_life_goes_on_while_it_is_looked_at(page: Page, house: OrderHouse) -> None:
    """A move that comes while the details are open is there by itself."""
    page.locator(".doubt").click()
    panel = page.get_by_role("complementary")
    expect(panel.locator(".moves li")).to_have_count(3)
    house.journal.post(kept(house, 3), State.FOUND, "found under its client order id")
    expect(panel.locator(".moves li")).to_have_count(4)
    expect(panel.locator("header .mark")).to_have_text("found")
    expect(page.locator(".doubts")).to_have_count(0)


def test_strays_and_failed_rounds_are_told(page: Page, house: OrderHouse) -> None:
    """An order at the exchange that nobody wrote down is shown, and why the last round ended early."""
    house.desk.reconciler.strays = (stray(),)
    house.desk.reconciler.last_error = "NetworkError: gone"
    strays = page.get_by_role("region", name="1 order at the exchange in no journal here")
    expect(strays).to_contain_text("sell 1.00 ETH/USDT, limit 3120.5")
    expect(strays).to_contain_text("partially filled, 0.25 of 1.00 filled")
    expect(page.locator(".rounds")).to_contain_text("binance, account main: asking after orders")


def test_hostile_text_stays_text(page: Page, house: OrderHouse) -> None:
    """Markup in every field that somebody else wrote is shown to the letter and runs nowhere."""
    place = (f"ex{HOSTILE}", f"acc{HOSTILE}")
    texts: dict[str, Any] = {
        "order_id": f"id{HOSTILE}",
        "idempotency_key": f"key{HOSTILE}",
        "notional": HOSTILE,
    }
    house.book.put(State.SENT, State.UNKNOWN, place=place, why=HOSTILE, by=HOSTILE, **texts)
    house.desk.reconciler.strays = (stray(name=f"sg-{HOSTILE}", order_id=HOSTILE),)
    house.desk.reconciler.last_error = HOSTILE
    switch = Switch(True, house.book.now_ms(), HOSTILE, HOSTILE, *place)
    house.store.apply([switch], durable=True)
    expect(page.locator(".halts")).to_contain_text(f"by {HOSTILE}: {HOSTILE}")
    expect(page.locator(".strays")).to_contain_text(f"sg-{HOSTILE}")
    expect(page.locator(".rounds")).to_contain_text(HOSTILE)
    expect(page.locator(".doubts")).to_contain_text(f"{HOSTILE} acc<img")
    expect(rows(page).first.locator(".why")).to_have_text(HOSTILE)
    rows(page).first.click()
    panel = page.get_by_role("complementary")
    for text in (f"by {HOSTILE}", *texts.values(), *place):
        expect(panel).to_contain_text(text)
    page.keyboard.press("h")
    which = page.get_by_role("dialog").get_by_label("Which orders")
    expect(which).to_contain_text(f"ex{HOSTILE}, account acc")
    page.keyboard.press("Escape")
    assert page.locator("#app img").count() == 1  # the brand
    assert page.locator("#app script").count() == 0
    expect(page).to_have_title("Orders · switchgear")


def test_the_keyboard_reaches_the_page(page: Page) -> None:
    """Its key leads here from the other pages, and the help tells it."""
    page.keyboard.press("c")
    expect(page).to_have_url(re.compile("/circuits$"))
    page.keyboard.press("r")
    expect(page).to_have_url(re.compile("/orders$"))
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keys")
    expect(dialog).to_contain_text("halt new orders")
    page.keyboard.press("Escape")
    expect(rows(page)).to_have_count(4)
    page.keyboard.press("j")
    page.keyboard.press("k")
    expect(rows(page).first).to_be_focused()


def test_older_orders_are_loaded_when_asked_for(page: Page, house: OrderHouse) -> None:
    """The first page holds a hundred; the rest comes with a click."""
    for _ in range(120):
        house.book.put(State.SENT, State.ACKED)
    page.reload()
    expect(rows(page)).to_have_count(100)
    page.get_by_role("button", name="Load older").click()
    expect(rows(page)).to_have_count(124)
    expect(page.get_by_text("That is all.")).to_be_visible()


@pytest.mark.parametrize("width", [380, 820, 1_100])
def test_nothing_is_cut_off_at_any_width(page: Page, house: OrderHouse, width: int) -> None:
    """Nothing has to be moved sideways, with details or without; on a phone a row tells all of it."""
    house.desk.reconciler.strays = (stray(),)
    page.keyboard.press("h")
    say(page, "anna", "a long reason " * 20).get_by_role("button", name="Halt new orders").click()
    expect(page.locator(".halts")).to_be_visible()
    page.set_viewport_size({"width": width, "height": 780})
    wide = "one => one.scrollWidth > one.clientWidth"
    look = f"[...document.querySelectorAll('#app, main, .list, .filters, .panel')].filter({wide}).length"
    found = page.evaluate(look)
    row = rows(page).nth(1)
    told = width > 380 or all(
        row.locator(f".{name}").is_visible() for name in ("type", "name", "attempts", "why")
    )
    row.click()
    expect(page.get_by_role("complementary").locator(".moves li").first).to_be_visible()
    found += page.evaluate(look)
    page.set_viewport_size({"width": 1280, "height": 800})
    assert (found, told) == (0, True)


def test_without_an_order_or_a_journal_the_page_says_so(
    window: Page, built: OrderHouse, browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """No order yet is one thing; no journal is another, with the way to have one."""
    built.begin_anew()
    window.goto("/orders")
    expect(window.get_by_role("heading", name="No orders yet")).to_be_visible()
    with House("memory", tmp_path_factory.mktemp("none")) as house:
        page = browser.new_page(base_url=house.server.url)
        complaints = Complaints(page)
        page.goto("/orders")
        expect(page.get_by_role("heading", name="No journal here")).to_be_visible()
        expect(page.locator("main")).to_contain_text("switchgear serve --journal")
        page.keyboard.press("h")
        expect(page.get_by_role("dialog")).to_have_count(0)
        page.close()
        assert complaints.heard == []


def test_a_server_that_ended_is_told(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """What is shown stays, and says how old it is."""
    with OrderHouse(tmp_path_factory.mktemp("ended")) as house:
        house.book.put(State.SENT, State.ACKED)
        page = browser.new_page(base_url=house.server.url)
        page.goto("/orders")
        expect(rows(page)).to_have_count(1)
        house.server.close()
        told = page.get_by_role("status").filter(has_text=re.compile(r"What is shown is \d+ s old"))
        expect(told).to_be_visible()
        expect(rows(page)).to_have_count(1)
        page.close()
