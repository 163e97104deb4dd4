"""Tests the order of the log's columns in a real browser: moved by keys and mouse, kept, and given back by Reset."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.server.axe import axe
from tests.server.kit import House
from tests.server.logs_window import PHONE, WIDE, at_the_log, facet, menu, rows, window_at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Locator, Page

USUAL = ["Time", "Level", "Exchange", "Method", "What", "Message", "ms"]
STORED = "switchgear-columns"


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house with a story."""
    with House("memory", tmp_path_factory.mktemp("told")) as made:
        made.tell()
        yield made


@pytest.fixture(scope="module")
def window(browser: Browser, told: House) -> Iterator[Page]:
    """One window for most tests here."""
    with window_at(browser, told) as opened:
        yield opened


@pytest.fixture
def page(window: Page) -> Iterator[Page]:
    """The window, at the log; what a test leaves in its storage goes."""
    with at_the_log(window) as opened:
        yield opened
        opened.evaluate("localStorage.clear()")


def heads(page: Page) -> Locator:
    """The heads of the table."""
    return page.locator(".records thead th")


def listed(page: Page) -> Locator:
    """The columns that the menu lists as shown, in its order."""
    return page.get_by_role("list", name="Shown, in this order").locator(".check")


def move(page: Page, name: str, way: str) -> Locator:
    """The button that moves a column up or down."""
    return page.get_by_role("button", name=f"Move {name} {way}", exact=True)


def says(page: Page, words: str) -> None:
    """The menu tells a screen reader."""
    expect(page.locator(".menu-sheet").get_by_role("status")).to_have_text(words)


def save(page: Page, name: str) -> None:
    """Save what is shown as a view."""
    sheet = menu(page, "Views")
    sheet.get_by_label("Name of the view").fill(name)
    expect(sheet.get_by_role("button", name="Save")).to_be_enabled()  # else Enter does nothing yet
    page.keyboard.press("Enter")
    expect(sheet.get_by_role("link", name=name)).to_be_visible()


def remember(page: Page, value: str) -> None:
    """Come to the log with this in the browser's storage."""
    page.evaluate("([name, value]) => localStorage.setItem(name, value)", [STORED, value])
    page.goto("/api-logs")


@pytest.mark.slow  # a real browser
def test_columns_are_moved_by_the_mouse_and_kept(page: Page) -> None:
    """A click moves a column in menu, table and address; the order outlasts a reload without the address."""
    menu(page, "Columns")
    move(page, "Message", "up").click()
    move(page, "Time", "down").click()
    wanted = ["Level", "Time", "Exchange", "Method", "Message", "What", "ms"]
    expect(heads(page)).to_have_text(wanted)
    expect(listed(page)).to_have_text([*wanted[:-1], "Duration"])
    expect(page).to_have_url(
        re.compile("columns=level%2Ctime%2Cexchange%2Cmethod%2Cmessage%2Cevent%2Ctook$")
    )
    cells = rows(page).first.locator("td").evaluate_all("all => all.map(one => one.className)")
    assert cells[:2] == ["c-level", "c-time"]
    assert cells[4:6] == ["c-message", "c-event"]
    page.goto("/api-logs")
    expect(heads(page)).to_have_text(wanted)


@pytest.mark.slow  # a real browser
def test_columns_are_moved_by_keys_and_it_is_said(page: Page) -> None:
    """Alt with an arrow moves the column that has the focus, which stays on it; its place is said, and the end too."""
    sheet = menu(page, "Columns")
    box = sheet.get_by_label("Message")
    box.focus()
    page.keyboard.press("Alt+ArrowDown")
    says(page, "Message is column 7 of 7.")
    expect(box).to_be_focused()
    page.keyboard.press("Alt+ArrowDown")
    says(page, "Message is the last already.")
    for _ in range(6):
        page.keyboard.press("Alt+ArrowUp")
    says(page, "Message is column 1 of 7.")
    expect(box).to_be_focused()
    expect(heads(page)).to_have_text(["Message", *(name for name in USUAL if name != "Message")])


@pytest.mark.slow  # a real browser
def test_a_button_is_pressed_until_the_end(page: Page) -> None:
    """Enter and space on Up move the column and leave the focus there, with a ring round it, at the end too."""
    menu(page, "Columns")
    up = move(page, "Exchange", "up")
    up.focus()
    for key, place in (("Enter", 2), ("Space", 1)):
        page.keyboard.press(key)
        says(page, f"Exchange is column {place} of 7.")
        expect(up).to_be_focused()
    expect(up).to_have_attribute("aria-disabled", "true")
    page.keyboard.press("Enter")
    says(page, "Exchange is the first already.")
    expect(up).to_be_focused()
    ring = up.evaluate(
        "one => [getComputedStyle(one).outlineStyle, getComputedStyle(one).outlineWidth]"
    )
    assert ring == ["solid", "2px"]
    page.keyboard.press("ArrowDown")  # the page's own key for the next row
    expect(up).to_be_focused()
    expect(heads(page)).to_have_text(["Exchange", *(name for name in USUAL if name != "Exchange")])
    page.keyboard.press("Escape")
    expect(page.locator(".menu > button", has_text="Columns")).to_be_focused()


@pytest.mark.slow  # a real browser
def test_a_column_is_dragged(page: Page) -> None:
    """Taken by its grip a column goes where the pointer goes, and stays where it is let go."""
    sheet = menu(page, "Columns")
    places = [one.bounding_box() for one in sheet.locator(".column-grip").all()]
    boxes = [box for box in places if box is not None]
    assert len(boxes) == len(USUAL)
    across = boxes[0]["x"] + 8
    page.mouse.move(across, boxes[0]["y"] + 10)
    page.mouse.down()
    page.mouse.move(across + 40, boxes[3]["y"] + 10, steps=6)
    wanted = ["Level", "Exchange", "Method", "Time", "What", "Message", "ms"]
    expect(heads(page)).to_have_text(wanted)
    page.mouse.up()
    page.mouse.move(across, boxes[6]["y"] + 10, steps=3)
    expect(listed(page)).to_have_text([*wanted[:-1], "Duration"])
    expect(sheet).to_be_visible()


@pytest.mark.slow  # a real browser
def test_a_column_that_comes_has_a_place(page: Page) -> None:
    """A new one goes behind its usual neighbour, one unticked by mistake to where it was, and the last one stays."""
    sheet = menu(page, "Columns")
    move(page, "Time", "down").click()
    sheet.get_by_label("Kind").check()
    says(page, "Kind is shown, as column 6 of 8.")
    wanted = ["Level", "Time", "Exchange", "Method", "What", "Kind", "Message", "ms"]
    expect(heads(page)).to_have_text(wanted)
    sheet.get_by_label("Level").focus()
    page.keyboard.press("Space")
    says(page, "Level is not shown.")
    expect(heads(page)).to_have_text(wanted[1:])
    expect(sheet.get_by_label("Level")).to_be_focused()
    page.keyboard.press("Space")
    expect(heads(page)).to_have_text(wanted)
    expect(sheet.get_by_label("Level")).to_be_focused()
    page.goto("/api-logs?columns=method")
    sheet = menu(page, "Columns")
    for _ in range(2):
        sheet.get_by_label("Method").click()
        says(page, "One column has to stay.")
        expect(sheet.get_by_label("Method")).to_be_checked()
    expect(heads(page)).to_have_text(["Method"])


@pytest.mark.slow  # a real browser
def test_a_saved_view_keeps_the_order(page: Page) -> None:
    """A view brings back the order that it was saved with, whatever this browser remembers meanwhile."""
    facet(page, "binance").click()
    expect(page).to_have_url(re.compile("exchange=binance"))
    menu(page, "Columns")
    move(page, "Method", "up").press("Enter")
    wanted = ["Time", "Level", "Method", "Exchange", "What", "Message", "ms"]
    expect(heads(page)).to_have_text(wanted)
    page.keyboard.press("Escape")
    save(page, "by method")
    remember(page, '["message","time"]')
    expect(heads(page)).to_have_text(["Message", "Time"])
    menu(page, "Views").get_by_role("link", name="by method").click()
    expect(heads(page)).to_have_text(wanted)


@pytest.mark.slow  # a real browser
def test_a_saved_view_keeps_columns_that_are_only_remembered(page: Page) -> None:
    """Columns of an earlier visit, of which the address says nothing, are part of a view that is saved now."""
    remember(page, '["message","time"]')
    expect(heads(page)).to_have_text(["Message", "Time"])
    save(page, "two columns")
    expect(page).to_have_url(re.compile("columns=message(,|%2C)time"))
    remember(page, '["level","event"]')
    expect(heads(page)).to_have_text(["Level", "What"])
    menu(page, "Views").get_by_role("link", name="two columns").click()
    expect(heads(page)).to_have_text(["Message", "Time"])


@pytest.mark.slow  # a real browser
def test_a_saved_view_keeps_the_usual_columns(page: Page) -> None:
    """Saved with the usual columns a view brings them back too, is the current one then, and Reset leaves it so."""
    page.goto("/api-logs?exchange=binance")
    save(page, "as usual")
    label = page.locator(".menu > button", has_text="as usual")
    expect(label).to_be_visible()
    remember(page, '["message","time"]')
    expect(heads(page)).to_have_text(["Message", "Time"])
    expect(label).to_have_count(0)
    menu(page, "Views").get_by_role("link", name="as usual").click()
    expect(heads(page)).to_have_text(USUAL)
    expect(label).to_have_attribute("data-on", "true")
    menu(page, "Columns").get_by_role("button", name="Reset").click()
    expect(page).to_have_url(re.compile(r"/api-logs\?exchange=binance$"))
    expect(label).to_be_visible()


@pytest.mark.slow  # a real browser
def test_a_view_of_before_columns_were_saved_is_still_known(page: Page) -> None:
    """A view that is stored without columns has those that are remembered, also once they stand in the address."""
    old = """[{"name": "old", "place": {"exchange": "binance"}}, {"name": "odd", "place": {"columns": 7}}]"""
    page.evaluate("old => localStorage.setItem('switchgear-views', old)", old)
    remember(page, '["message","time"]')
    menu(page, "Views").get_by_role("link", name="old").click()
    expect(heads(page)).to_have_text(["Message", "Time"])
    label = page.locator(".menu > button", has_text="old")
    expect(label).to_be_visible()
    menu(page, "Columns")
    move(page, "Time", "up").click()
    expect(page).to_have_url(re.compile("columns=time%2Cmessage$"))
    expect(heads(page)).to_have_text(["Time", "Message"])
    expect(label).to_be_visible()
    page.goto("/api-logs?exchange=binance&columns=kind")
    expect(heads(page)).to_have_text(["Kind"])
    expect(label).to_have_count(0)
    page.goto("/api-logs?outcome=rejected&columns=time,message")
    current = menu(page, "Rejected calls").locator("[aria-current]")
    expect(current).to_have_text("Rejected calls")


@pytest.mark.slow  # a real browser
@pytest.mark.parametrize("key", [None, "Enter"], ids=["mouse", "keyboard"])
def test_reset_gives_back_the_usual_order(page: Page, key: str | None) -> None:
    """Columns and order are the usual ones again, in the address and in what the browser remembers."""
    page.goto("/api-logs?columns=message,time,kind")
    expect(heads(page)).to_have_text(["Message", "Time", "Kind"])
    sheet = menu(page, "Columns")
    reset = sheet.get_by_role("button", name="Reset")
    reset.press(key) if key else reset.click()
    expect(heads(page)).to_have_text(USUAL)
    says(page, "The usual columns are shown, in the usual order.")
    expect(reset).to_be_focused()
    expect(page).to_have_url(re.compile(r"/api-logs$"))
    page.reload()
    expect(heads(page)).to_have_text(USUAL)


@pytest.mark.slow  # a real browser
@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ('["time","method","kind","message"]', ["Time", "Method", "Kind", "Message"]),
        ('["message","time","message","gone",7,null]', ["Message", "Time"]),
        ('["constructor","toString","__proto__"]', USUAL),
        ("[]", USUAL),
        ("null", USUAL),
        ('"time"', USUAL),
        ('{"order": ["time"]}', USUAL),
        ("[1, {}, []]", USUAL),
        ("time,method", USUAL),
        ("", USUAL),
    ],
)
def test_what_is_stored_is_believed_as_far_as_it_is_known(
    page: Page, value: str, wanted: list[str]
) -> None:
    """A choice of before there was an order holds, and garbage is the usual columns; each can be gone on from."""
    remember(page, value)
    expect(heads(page)).to_have_text(wanted)
    menu(page, "Columns")
    first, second = listed(page).all_inner_texts()[:2]
    move(page, second.strip(), "up").click()
    expect(heads(page)).to_have_text([wanted[1], wanted[0], *wanted[2:]])
    says(page, f"{second.strip()} is column 1 of {len(wanted)}.")
    page.goto("/api-logs")
    expect(heads(page).nth(1)).to_have_text(first.strip())


@pytest.mark.slow  # a real browser
@pytest.mark.parametrize("look", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_the_menu_is_for_everybody(
    browser: Browser, told: House, look: str, size: tuple[int, int]
) -> None:
    """Axe finds nothing in the open menu with a column moved and a button in focus; all can be hit with a finger."""
    more = {"color_scheme": look, "reduced_motion": "reduce"}
    with window_at(browser, told, size, **more) as window, at_the_log(window) as page:
        sheet = menu(page, "Columns")
        assert axe(page) == []
        move(page, "Method", "up").press("Enter")
        says(page, "Method is column 3 of 7.")
        assert axe(page) == []
        sheet.locator("label, button").last.scroll_into_view_if_needed()
        assert axe(page) == []
        least = 44 if size == PHONE else 24
        for button in sheet.locator(".column-move").all():
            box = button.bounding_box()
            assert box is not None
            assert min(box["width"], box["height"]) >= least
        for label in sheet.locator("label, .column-grip").all():
            box = label.bounding_box()
            assert box is not None
            assert min(box["width"], box["height"]) >= 24
        assert sheet.evaluate("one => one.scrollWidth <= one.clientWidth")


@pytest.mark.slow  # a real browser
@pytest.mark.parametrize("columns", ["level,time,message", "time,level,message", "message,level"])
def test_a_level_is_never_cut_off(page: Page, columns: str) -> None:
    """First, last or between, the column has room for each level; the edge of the table is wider than a gap."""
    page.goto(f"/api-logs?columns={columns}")
    expect(page.locator(".records th")).to_have_count(columns.count(",") + 1)
    cut = """cells => cells.filter(cell => {
        const mark = cell.querySelector(".mark");
        const room = cell.getBoundingClientRect().right - parseFloat(getComputedStyle(cell).paddingRight);
        return ["debug", "info", "warning", "error", "critical"].some(level => {
            mark.dataset.mark = level;
            mark.querySelector(".mark-word").textContent = level;
            return mark.getBoundingClientRect().right > room;
        });
    }).length"""
    assert page.locator(".records td.c-level").evaluate_all(cut) == 0


@pytest.mark.slow  # a real browser
def test_cards_of_a_phone_have_the_order_too(browser: Browser, told: House) -> None:
    """Where rows are cards, the message is below the rest until it is moved, and above all as the first column."""
    with window_at(browser, told, PHONE) as window, at_the_log(window) as page:
        tops = "row => ['time', 'message'].map(name => row.querySelector(`.c-${name}`).getBoundingClientRect().top)"
        time, message = rows(page).first.evaluate(tops)
        assert message > time
        took = page.locator(".records td.c-took:not(:empty)")
        expect(took.first).to_be_visible()
        page.goto("/api-logs?columns=message,time,level,took")
        expect(page.locator(".records")).to_have_attribute("data-rearranged", "true")
        time, message = rows(page).first.evaluate(tops)
        assert message < time
        expect(took.first).to_be_visible()
        assert page.evaluate("document.querySelector('.list').scrollWidth <= innerWidth")
