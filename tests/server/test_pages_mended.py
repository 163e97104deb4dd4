"""Looks in a real browser at what pages keep at the edges: broken answers, lost focus, old doubts, long names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from switchgear.order.intent import State
from switchgear.order.store import Change, Switch
from tests.server.browser import chromium
from tests.server.circuits_window import at_circuit, is_whole, row, window_at
from tests.server.kit import House
from tests.server.orders_kit import OrderHouse
from tests.server.orders_window import furnish, kept, rows, say
from tests.server.story import answers, refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page, Route

pytestmark = pytest.mark.slow  # a real browser

BROKEN = "The answer was broken off."
LONG = (
    "an-exchange-with-a-very-long-name-indeed",
    "a_method_with_a_name_that_is_far_too_long_for_any_table",
    "an-account-with-a-long-name-too",
)
ACTIVE = "() => document.activeElement.matches('body') ? 'body' : document.activeElement.className"
WATCH_DOUBTS = """() => {
  window.seen = [];
  const look = () => window.seen.push(document.querySelectorAll(".doubts").length);
  new MutationObserver(look).observe(document.body, { childList: true, subtree: true });
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all tests here: starting it costs most of a second."""
    with chromium() as opened:
        yield opened


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A house of its own for each test, in which create_order of binance is open."""
    with House("memory", tmp_path) as made:
        made.tell()
        yield made


@pytest.fixture
def page(browser: Browser, house: House) -> Iterator[Page]:
    """A window at the house."""
    with window_at(browser, house) as opened:
        yield opened


@pytest.fixture
def ordered(tmp_path: Path) -> Iterator[OrderHouse]:
    """A house with four orders, one of them unknown."""
    with OrderHouse(tmp_path) as made:
        yield furnish(made)


@pytest.fixture
def orders(browser: Browser, ordered: OrderHouse) -> Iterator[Page]:
    """A window at the orders."""
    with window_at(browser, ordered) as opened:
        opened.goto("/orders")
        expect(rows(opened)).to_have_count(4)
        yield opened


def broken(kind: str, body: str) -> Callable[[Route], None]:
    """What answers OK, with a body that is none."""
    head = {"content-type": kind}
    return lambda route: route.fulfill(status=200, body=body, headers=head)


def watch(house: House, exchange: str, method: str, for_s: float | None = 600) -> None:
    """Hold circuits at metrics only."""
    by, why = "ops", "a trial"
    house.gear.hold(exchange, method, state="metrics_only", by=by, why=why, for_s=for_s)


def halt(house: OrderHouse) -> None:
    """Halt all new orders."""
    house.store.apply([Switch(True, house.book.now_ms(), "ops", "a test")], durable=True)


def find(house: OrderHouse) -> None:
    """The unknown order is found, and nothing is in doubt any more."""
    found = kept(house, 3).moved(State.FOUND, house.book.now_ms(), "found")
    house.store.apply([Change(found, State.UNKNOWN, "a test")], durable=True)


def confirm(page: Page) -> None:
    """Say who and why in the dialog, by keyboard, and wait until it is gone."""
    say(page, "anna", "a test")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_have_count(0)


def press(page: Page, name: str) -> None:
    """Press a button by keyboard."""
    page.get_by_role("button", name=name).first.focus()
    page.keyboard.press("Enter")


# ------------------------------------------------------------------------------ answers broken off


@pytest.mark.parametrize(
    ("kind", "body"), [("application/json", '{"journals": 1, "swit'), ("text/html", "<p>a gateway")]
)
def test_an_answer_broken_off_takes_nothing_from_the_orders(
    orders: Page, ordered: OrderHouse, kind: str, body: str
) -> None:
    """Halts, doubts and rows stay, with a word of the problem and how old they are."""
    halt(ordered)
    expect(orders.locator(".halts")).to_be_visible()
    orders.route("**/api/v1/orders**", broken(kind, body))
    orders.route("**/api/v1/orders/board", broken(kind, body))
    expect(orders.locator(".summary .problem")).to_contain_text(f"{BROKEN} What is shown is")
    expect(orders.locator(".halts")).to_be_visible()
    expect(orders.locator(".doubts")).to_be_visible()
    expect(rows(orders)).to_have_count(4)


def test_orders_that_came_broken_off_can_be_asked_for_again(orders: Page) -> None:
    """Without an answer before it, the list says what was wrong, and tries again."""
    orders.route("**/api/v1/orders?**", broken("application/json", ""))
    orders.goto("/orders")
    expect(orders.get_by_role("alert")).to_contain_text(BROKEN)
    orders.unroute_all()
    orders.get_by_role("button", name="Try again").click()
    expect(rows(orders)).to_have_count(4)


def test_the_first_page_says_that_an_answer_was_broken_off(page: Page) -> None:
    """The heading is never empty: it says that what is shown may be old."""
    page.route("**/api/v1/health", broken("text/html", "<p>a gateway"))
    page.goto("/")
    words = f"{BROKEN} What is shown may be old."
    expect(page.get_by_role("heading", level=1)).to_have_text(words)


# ---------------------------------------------------------------------------------- the first page


def test_tile_and_table_count_the_same(page: Page, house: House) -> None:
    """What holds calls back is counted in the tile as in the table; what a person lets pass is a line of its own."""
    watch(house, "binance", "@exchange")
    watch(house, "binance", "get_market_price")
    page.goto("/")
    tile = page.locator(".tile", has_text="not closed")
    expect(tile.locator(".tile-line").last).to_have_text("and 2 held to pass")
    told = page.get_by_role("region", name="Exchanges").inner_text()
    counted = sum(int(one) for one in re.findall(r"(\d+) not closed", told))
    expect(tile.locator(".tile-count")).to_have_text(str(counted))
    expect(tile).to_have_attribute("data-kind", "bad")


def test_the_worst_is_named_and_not_the_widest(page: Page, house: House) -> None:
    """In the line and in the tile, an order method that refuses comes before a whole exchange that is only watched."""
    watch(house, "binance", "@exchange")
    page.goto("/")
    line = page.get_by_role("row", name=re.compile("^binance"))
    expect(line).to_contain_text("1 metrics only, open: create_order")
    expect(line.locator(".mark")).to_have_attribute("data-mark", "open")
    first = page.locator(".tile", has_text="not closed").locator(".tile-line").first
    expect(first).to_contain_text("binance create_order")


def test_what_is_wider_comes_first_among_what_refuses(page: Page, house: House) -> None:
    """A whole exchange that is held open is worse than a method that opened by itself."""
    house.gear.hold("binance", "@exchange", by="ops", why="maintenance")
    page.goto("/")
    line = page.get_by_role("row", name=re.compile("^binance"))
    expect(line).to_contain_text("forced open: whole exchange")


def test_no_circuit_holds_back_what_a_gate_may(browser: Browser, tmp_path: Path) -> None:
    """Beside a closed gate nobody is told that all calls may be made; what is held to pass is no trouble."""
    with House("memory", tmp_path) as house, window_at(browser, house) as page:
        house.gear.configure("*", retries=0)
        limited = answers(refused(429, None, 250))
        house.gear.guarded("kraken", "get_symbols").try_call_sync(limited)
        page.goto("/")
        tile = page.locator(".tile").first
        expect(tile.locator(".tile-text")).to_have_text("No circuit holds calls back.")
        watch(house, "kraken", "get_symbols")
        words = "No circuit holds calls back; 1 is held to pass."
        expect(tile.locator(".tile-text")).to_have_text(words)
        expect(tile.locator(".tile-count")).to_have_text("0")


def test_failed_calls_are_told_on_a_phone(browser: Browser, house: House) -> None:
    """What goes for want of room is the count of rejected calls, not that of failed ones."""
    with window_at(browser, house, width=380) as page:
        page.goto("/")
        expect(page.get_by_role("columnheader", name="Failed")).to_be_visible()
        expect(page.get_by_role("columnheader", name="Rejected")).to_be_hidden()
        assert is_whole(page)


# ------------------------------------------------------------------------------- the keyboard's place


def test_the_place_is_kept_after_a_whole_exchange_was_held(page: Page) -> None:
    """The button goes with what it did: the list has the focus then."""
    page.goto("/circuits")
    press(page, "Hold all of binance…")
    confirm(page)
    expect(page.get_by_role("button", name="Hold all of binance…")).to_have_count(0)
    expect(page.locator(".list")).to_be_focused()


def test_the_place_is_kept_after_a_pattern_was_released(page: Page, house: House) -> None:
    """So it is when the line above the board goes."""
    watch(house, "binance", "get_*")
    page.goto("/circuits")
    press(page, "Release…")
    confirm(page)
    expect(page.get_by_role("status", name="Holds on patterns")).to_have_count(0)
    expect(page.locator(".list")).to_be_focused()


def test_the_place_is_kept_after_orders_were_let_go(orders: Page, ordered: OrderHouse) -> None:
    """The banner of the halt goes, and the list has the focus."""
    halt(ordered)
    press(orders, "Let orders go…")
    confirm(orders)
    expect(orders.locator(".halts")).to_have_count(0)
    expect(orders.locator(".list")).to_be_focused()


def test_the_place_is_kept_after_an_order_was_abandoned(orders: Page) -> None:
    """Its details stay, without the button, and have the focus."""
    orders.locator(".doubt").click()
    press(orders, "Abandon…")
    confirm(orders)
    expect(orders.get_by_role("button", name="Abandon…")).to_have_count(0)
    expect(orders.locator(".panel")).to_be_focused()


def test_details_take_no_focus_after_a_dialog_that_was_left(page: Page, house: House) -> None:
    """Who left the dialog and went elsewhere is not called back when the circuit moves by itself."""
    panel = at_circuit(page, "binance", "get_account_balance")
    press(page, "Metrics only…")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.mouse.click(700, 10)
    assert page.evaluate(ACTIVE) == "body"
    watch(house, "binance", "get_account_balance")
    expect(panel.locator("header .mark")).to_have_text("metrics only")
    expect(row(page, "binance", "get_account_balance").locator(".next")).to_be_visible()
    assert page.evaluate(ACTIVE) == "body"


# ----------------------------------------------------------------------------------- orders in doubt


def test_doubts_do_not_come_back_while_a_filter_loads(orders: Page, ordered: OrderHouse) -> None:
    """An old answer of the board does not bring back what the list knows to be resolved."""
    stale = ordered.get("orders/board")
    orders.route("**/orders/board", lambda route: route.fulfill(json=stale))
    find(ordered)
    expect(orders.locator(".doubts")).to_have_count(0)
    orders.evaluate(WATCH_DOUBTS)
    orders.get_by_label("State").select_option("acked")
    expect(rows(orders)).to_have_count(2)
    seen = orders.evaluate("window.seen")
    assert seen
    assert set(seen) == {0}


def test_the_newer_of_two_answers_tells_what_is_in_doubt(orders: Page, ordered: OrderHouse) -> None:
    """Where the list's answer is the older one, the board's is believed."""
    stale = ordered.get("orders")
    orders.route("**/api/v1/orders?**", lambda route: route.fulfill(json=stale))
    ordered.clock.advance(1)
    find(ordered)
    expect(orders.locator(".doubts")).to_have_count(0)


def test_the_board_tells_what_is_in_doubt_when_the_list_fails(
    orders: Page, ordered: OrderHouse
) -> None:
    """An order that is resolved while the list cannot be had is not shown in doubt for ever."""
    orders.route("**/api/v1/orders?**", broken("application/json", ""))
    find(ordered)
    expect(orders.locator(".doubts")).to_have_count(0)
    expect(orders.locator(".summary .problem")).to_contain_text(BROKEN)


def test_nothing_is_all_well_while_orders_are_in_doubt(orders: Page, ordered: OrderHouse) -> None:
    """The line under the head is no green one then, and says what is not well."""
    ordered.call("binance", "get_market_price")
    banner = orders.locator(".banner")
    words = "All exchanges are answering, and 1 order is in doubt."
    expect(banner).to_contain_text(words)
    expect(banner).not_to_contain_text("All well")
    expect(banner).to_have_attribute("data-status", "degraded")
    find(ordered)
    expect(banner).to_have_text(re.compile("All well"))
    expect(banner).to_have_attribute("data-status", "ok")
    halt(ordered)
    expect(banner).to_contain_text("All exchanges are answering, and new orders are halted.")


# ------------------------------------------------------------------------------- days and long names


def test_a_hold_that_ends_on_another_day_says_which(browser: Browser, house: House) -> None:
    """In the row, above the board, and in what is told of what was done; one that ends today has no date."""
    house.clock.advance(23.5 * 3_600)  # half an hour before midnight: UTC
    watch(house, "binance", "get_*", 90_000)
    context = browser.new_context(base_url=house.server.url, timezone_id="UTC")
    page = context.new_page()
    panel = at_circuit(page, "binance", "get_account_balance")
    told = page.get_by_role("status", name="Holds on patterns")
    expect(told).to_contain_text(re.compile(r"until 2026-01-03 00:\d\d:\d\d, by ops"))
    held = row(page, "binance", "get_account_balance").locator(".next")
    expect(held).to_have_text(re.compile(r"until 2026-01-03 00:\d\d, 1 d 1 h more"))
    panel.get_by_role("button", name="Hold open…").click()
    page.get_by_label("1 h", exact=True).check()
    confirm(page)
    done = page.locator(".said[role=status]")
    expect(done).to_have_text(re.compile(r"^Held open, until 2026-01-02 00:\d\d:\d\d: "))
    expect(held).to_have_text(re.compile(r"until 2026-01-02 00:\d\d, 1 h more"))
    panel.get_by_role("button", name="Hold closed…").click()
    confirm(page)
    expect(done).to_have_text(re.compile(r"^Held closed, until 23:\d\d:\d\d: "))
    expect(held).to_have_text(re.compile(r"until 23:\d\d, 10 min more"))
    context.close()


@pytest.mark.parametrize("path", ["/", "/circuits", "/orders"])
def test_long_names_break_on_a_phone(browser: Browser, tmp_path: Path, path: str) -> None:
    """Nothing must be moved sideways because a name is long, of an exchange, a method or an account."""
    exchange, method, account = LONG
    with OrderHouse(tmp_path) as house, window_at(browser, house, width=380) as page:
        gone: Any = answers(ConnectionResetError("x" * 300))
        house.gear.guarded(exchange, method, account=account).try_call_sync(gone)
        house.gear.guarded("binance", "get_symbols").try_call_sync(answers())
        watch(house, exchange, f"{method[:20]}*", 60)
        house.book.put(State.SENT, State.UNKNOWN, place=(exchange, account))
        house.keep()
        page.goto(path)
        expect(page.locator("main")).to_contain_text(exchange)
        if path == "/":
            expect(page.get_by_role("region", name="Exchanges")).to_be_visible()
        assert is_whole(page)
        cut = "all => all.filter(one => one.getBoundingClientRect().right > 381).length"
        assert page.locator("main *").evaluate_all(cut) == 0
