"""Opens records in a real browser: the course of their call, what is copied, and the ways on from there."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from switchgear.core.event import IntentMoved
from switchgear.core.words import Key
from tests.server.kit import House
from tests.server.logs_window import (
    at_the_log,
    chip,
    ids,
    panel,
    rows,
    shows,
    window_at,
    wire,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

ORDER = "sg-7"
PLACED = Key("binance", "create_order", "main")


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house with a story, an order in it, and a request that was kept."""
    with House("memory", tmp_path_factory.mktemp("told")) as made:
        made.tell()
        made.clock.advance(60)
        made.call("binance", "create_order")
        placed = made.logs(method="create_order", event="call_succeeded")[0]
        wire(made, PLACED, placed["call_id"], order_id=ORDER)
        made.gear.hub.emit(
            IntentMoved(
                at_s=made.clock.monotonic_s(),
                key=PLACED,
                intent_id="1" * 32,
                client_order_id=ORDER,
                old="sent",
                new="acked",
                why="booked",
                by="",
            )
        )
        made.keep()
        yield made


@pytest.fixture(scope="module")
def window(browser: Browser, told: House) -> Iterator[Page]:
    """One window for most tests here."""
    with window_at(browser, told) as opened:
        yield opened


@pytest.fixture
def page(window: Page) -> Iterator[Page]:
    """The window, at the log."""
    with at_the_log(window) as opened:
        yield opened


def _open(page: Page, record: dict[str, Any]) -> None:
    page.locator(f"tr[data-id='{record['id']}']").click()
    expect(panel(page).locator(".panel-message")).to_have_text(record["message"])


def _copied(page: Page) -> str:
    expect(panel(page).get_by_text("Copied")).to_be_visible()
    text: str = page.evaluate("navigator.clipboard.readText()")
    return text


@pytest.mark.slow  # a real browser
def test_a_call_is_a_waterfall(page: Page, told: House) -> None:
    """A retried call is its failed attempt, the wait and the attempt that worked, each with its time."""
    ended = told.logs(method="get_account_balance", event="call_succeeded")[0]
    retry = told.logs(method="get_account_balance", event="retry_scheduled")[0]
    _open(page, ended)
    names = panel(page).locator(".fall-name")
    expect(names).to_have_text(["Attempt 1", "Wait", "Attempt 2"])
    expect(panel(page).locator(".fall-took")).to_have_text(
        ["12 ms", re.compile(rf"^{round(retry['detail']['delay_ms'])} ms$"), "12 ms"]
    )
    boxes = [one.bounding_box() for one in panel(page).locator(".fall-line rect").all()]
    assert all(boxes)
    ends = [(box["x"], box["x"] + box["width"]) for box in boxes if box is not None]
    assert ends == sorted(ends)
    assert ends[0][1] == pytest.approx(ends[1][0], abs=4)
    assert ends[1][1] == pytest.approx(ends[2][0], abs=4)
    panel(page).locator(".fall-step").first.click()
    expect(panel(page)).to_contain_text("connection reset by peer")
    expect(page).to_have_url(re.compile(f"record={retry['id']}$"))


@pytest.mark.slow  # a real browser
def test_rejections_and_fallbacks_are_in_the_waterfall(page: Page, told: House) -> None:
    """A call that was not made says who rejected it; one that was served from memory says from where."""
    _open(page, told.logs(method="create_order", event="call_rejected")[0])
    expect(panel(page).locator(".fall-step")).to_contain_text(
        re.compile("Rejected.*circuit open", re.DOTALL)
    )
    _open(page, told.logs(event="fallback_served")[0])
    expect(panel(page).locator(".fall-step").last).to_contain_text(
        re.compile("Fallback.*last_good served", re.DOTALL)
    )


@pytest.mark.slow  # a real browser
def test_a_call_is_found_in_its_own_run(browser: Browser, tmp_path: Path) -> None:
    """Two processes that kept one history count their calls alike: the link on a call names its run, and its key."""
    with House("history", tmp_path) as before:
        before.tell()
    with House("history", tmp_path) as house, window_at(browser, house) as window:
        house.tell()
        record = house.logs(event="call_succeeded", method="get_account_balance")[0]
        key = {name: record[name] for name in ("exchange", "method", "account")}
        given = {**key, "call_id": record["call_id"]}
        assert {one["run"] for one in house.logs(**given)} == {1, 2}
        with at_the_log(window) as page:
            _open(page, record)
            panel(page).get_by_title("Only records with this call").click()
            shows(page, house, **given, run=2)
            expect(chip(page, "run")).to_contain_text("2")
            expect(chip(page, "call")).to_contain_text(str(record["call_id"]))
            expect(page).to_have_url(re.compile(r"run=2"))
            assert len(ids(page)) == 2


@pytest.mark.slow  # a real browser
def test_a_record_is_copied_as_json_and_as_a_link(page: Page, told: House) -> None:
    """The JSON is the record of the API to the letter; the link opens it in another window."""
    record = told.logs(event="call_failed")[0]
    _open(page, record)
    panel(page).get_by_role("button", name="Copy as JSON").press("Enter")
    assert json.loads(_copied(page)) == record
    panel(page).get_by_role("button", name="Copy link").click()
    expect(panel(page).get_by_text("Copied")).to_be_visible()
    link = _copied(page)
    assert link == f"{told.server.url}/api-logs?record={record['id']}"
    page.goto(link)
    expect(panel(page).locator(".panel-message")).to_have_text(record["message"])


@pytest.mark.slow  # a real browser
def test_curl_has_no_secrets(page: Page, told: House) -> None:
    """What went over the wire is shown as text, and copied as a command whose secrets are only named."""
    placed = told.logs(method="create_order", event="call_succeeded")[0]
    _open(page, placed)
    expect(panel(page).locator(".fall-name").first).to_be_visible()
    section = panel(page).get_by_role("region", name="Over the wire")
    expect(section).to_contain_text("it's <b>json</b>")
    expect(section.locator("pre").last).to_have_text("<script>document.title=3</script>")
    panel(page).get_by_role("button", name="Copy as curl").click()
    command = _copied(page)
    for secret in ("k3y", "s3cr3t", "0f0f"):
        assert secret not in command
    assert command.splitlines() == [
        "curl -X 'POST' 'http://127.0.0.1/api/v3/order?symbol=BTCUSDT&signature=<SIGNATURE>' \\",
        "  -H 'X-MBX-APIKEY: <X_MBX_APIKEY>' \\",
        r"  -H 'Accept: it'\''s <b>json</b>' " + "\\",
        """  --data-raw '{"price": "1", "apiSecret": "<APISECRET>"}'""",
    ]
    expect(page).to_have_title("Logs · switchgear")


@pytest.mark.slow  # a real browser
def test_a_record_is_seen_in_context(page: Page, told: House) -> None:
    """Its neighbours of whatever kind stand around it, it is marked, and one click leads back to the filter."""
    page.goto("/api-logs?exchange=coinbase")
    record = told.logs(exchange="coinbase")[2]
    _open(page, record)
    panel(page).get_by_role("link", name="View in context").click()
    near = told.get(f"logs/around/{record['id']}", each_side=25)["records"]
    expect(rows(page)).to_have_count(len(near))
    assert ids(page) == [one["id"] for one in near]
    expect(page.locator("tr[aria-current=true]")).to_have_attribute("data-id", str(record["id"]))
    page.get_by_role("button", name="Back to the filter").click()
    shows(page, told, exchange="coinbase")


@pytest.mark.slow  # a real browser
def test_the_order_leads_to_its_other_records(page: Page, told: House) -> None:
    """From one record of an order to all of them, by its name."""
    _open(page, told.logs(event="intent_moved")[0])
    panel(page).get_by_role("link", name="Other records of this order").click()
    assert len(told.logs(order_id=ORDER)) == 2
    shows(page, told, order_id=ORDER)


@pytest.mark.slow  # a real browser
def test_the_spell_of_the_circuit_is_one_click_away(page: Page, told: House) -> None:
    """A rejected call leads to all that happened while its circuit was open, from the move that opened it."""
    rejected = told.logs(method="create_order", event="call_rejected")[0]
    _open(page, rejected)
    panel(page).get_by_role("link", name=re.compile("This circuit's spell: open from")).click()
    moves = told.logs(method="create_order", event="circuit_moved")[::-1]
    opened = next(one for one in moves if one["detail"]["new"] == "open")
    closed = next((one for one in moves if one["detail"]["new"] == "closed"), None)
    given = {"exchange": "binance", "method": "create_order", "account": "main"}
    until = {} if closed is None else {"until": str(closed["at_ms"])}
    shows(page, told, **given, since=str(opened["at_ms"]), **until)
    assert rejected["id"] in ids(page)


@pytest.mark.slow  # a real browser
def test_a_record_that_is_gone_says_so(window: Page) -> None:
    """An address with the id of no record shows the log, and says that this one is gone."""
    window.goto("/api-logs?record=999999")  # the console says 404: it is not listened to
    expect(panel(window).get_by_role("alert")).to_contain_text("no record 999999")
    window.keyboard.press("Escape")
    expect(panel(window)).to_have_count(0)
    expect(rows(window).first).to_be_visible()


@pytest.mark.slow  # a real browser
def test_details_follow_the_keys(page: Page) -> None:
    """Enter opens the row, j and k move with it open, Escape closes and the row has the focus again."""
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(panel(page)).to_be_visible()
    page.keyboard.press("j")
    expect(rows(page).nth(1)).to_have_attribute("aria-selected", "true")
    page.keyboard.press("k")
    expect(rows(page).nth(0)).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Escape")
    expect(panel(page)).to_have_count(0)
    expect(rows(page).nth(0)).to_be_focused()
    page.go_back()
    expect(panel(page)).to_be_visible()


def test_arrows_scroll_what_is_made_to_be_scrolled(page: Page, told: House) -> None:
    """In a text of its own an arrow moves the text; the record that is read stays open."""
    record = told.logs(event="wire")[0]
    _open(page, record)
    before = page.url
    panel(page).locator("pre").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowDown")
    expect(panel(page).locator(".panel-message")).to_have_text(record["message"])
    assert page.url == before
    panel(page).get_by_role("button", name="Copy as JSON").focus()
    page.keyboard.press("ArrowDown")
    expect(panel(page).locator(".panel-message")).not_to_have_text(record["message"])
