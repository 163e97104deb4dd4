"""Holds circuits at metrics only, over HTTP and in a real browser; what all holds share is the neighbours'."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.cli.kit import exit_code
from tests.server.axe import axe
from tests.server.browser import chromium
from tests.server.circuits_window import at_circuit, is_whole, row, window_at
from tests.server.kit import House
from tests.server.login_kit import OPERATOR, VIEWER, Doorway
from tests.server.story import answers, refused

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Locator, Page

    from switchgear.gear import Switchgear

METRICS_ONLY = {"state": "metrics_only", "by": "anna", "why": "new thresholds are on trial"}
PRICE = {"exchange": "binance", "method": "get_market_price"}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A house of its own for each test: what is held stays held."""
    with House("memory", tmp_path) as made:
        made.tell()
        yield made


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all tests here: starting it costs most of a second."""
    with chromium() as opened:
        yield opened


@pytest.fixture
def page(browser: Browser, house: House) -> Iterator[Page]:
    """A window at the house."""
    with window_at(browser, house) as opened:
        yield opened


def circuit(house: House, method: str = PRICE["method"]) -> dict[str, Any]:
    """A circuit of binance as the API has it."""
    board = house.get("circuits")["circuits"]
    return next(one for one in board if (one["exchange"], one["method"]) == ("binance", method))


def hold_all_ways(house: House) -> None:
    """One circuit in each state that a person can hold it in; create_order of binance is open by itself."""
    for exchange, method, state in (
        ("binance", "get_market_price", "metrics_only"),
        ("binance", "get_account_balance", "closed"),
        ("coinbase", "get_market_price", "open"),
    ):
        house.gear.hold(exchange, method, state=state, by="anna", why="a trial", for_s=600)
    house.call("binance", "get_order")


def watch(gear: Switchgear, method: str, for_s: float | None = None) -> None:
    """Hold a circuit of binance at metrics only, from the program."""
    state, by, why = METRICS_ONLY.values()
    gear.hold("binance", method, state=state, by=by, why=why, for_s=for_s)


def said(page: Page) -> Locator:
    """What is told of what was done."""
    return page.locator(".said[role=status]")


def test_everything_passes_and_is_counted_and_nothing_opens(house: House) -> None:
    """Failures in any number are counted in the figures; it opens for none, and after its time it is as before."""
    body = {**PRICE, **METRICS_ONLY, "for_s": 600}
    done = house.post("circuits/hold", body).json()
    assert done["did"] == "held at metrics only"
    assert [(one["before"], one["after"]) for one in done["circuits"]] == [
        ("closed", "metrics_only")
    ]
    before = circuit(house)["counts"]
    for _ in range(5):
        house.call("binance", "get_market_price", fails=9)
    held = circuit(house)
    assert (held["state"], held["by"], held["openings"]) == ("metrics_only", "anna", 0)
    assert held["counts"]["failed_calls"] == before["failed_calls"] + 5
    assert held["counts"]["rejected_calls"] == before["rejected_calls"]
    house.clock.advance(601)
    assert (circuit(house)["state"], house.get("circuits/holds")["holds"]) == ("closed", [])
    for _ in range(3):
        house.call("binance", "get_market_price", fails=9)
    assert circuit(house)["state"] == "open"


def test_who_why_and_until_when_are_written_down(house: House) -> None:
    """The hold leaves one warning with its words and its data."""
    house.post("circuits/hold", {**PRICE, **METRICS_ONLY, "for_s": 600})
    (note,) = house.logs(event="note", level="warning")
    assert re.fullmatch(
        r"by anna: held at metrics only binance\.get_market_price\[all accounts\], until \S+: "
        r"new thresholds are on trial \(closed -> metrics_only\)",
        note["message"],
    )
    assert note["detail"]["control"] == "held at metrics only"
    assert note["detail"]["circuits"] == [
        {"circuit": "binance.get_market_price", "before": "closed", "after": "metrics_only"}
    ]


def test_what_is_open_passes_and_is_open_again_afterwards(house: House) -> None:
    """An open circuit held so lets calls pass, and goes on being open when it is released."""
    order = {**PRICE, "method": "create_order"}
    assert circuit(house, "create_order")["state"] == "open"
    house.post("circuits/hold", {**order, **METRICS_ONLY})
    assert house.gear.call_sync("binance", "create_order", answers()) == 1
    house.post("circuits/release", {**order, "by": "anna", "why": "seen enough"})
    assert circuit(house, "create_order")["state"] == "open"


def test_who_may_only_look_is_refused() -> None:
    """A viewer gets a 403, nobody a 401, an operator does it and is named in the log."""
    with Doorway() as door:
        found: list[int] = []
        for token in (VIEWER, "", OPERATOR):
            with door.client(token) as client:
                answer = client.post("/api/v1/circuits/hold", json={**PRICE, **METRICS_ONLY})
                found.append(answer.status_code)
        assert found == [403, 401, 200]
        assert door.gear.circuit("binance", "get_market_price").state.value == "metrics_only"
        assert [text.partition(",")[0] for _, text in door.notes()] == [
            "by anna: held at metrics only binance.get_market_price[all accounts]"
        ]


def test_the_document_of_the_api_names_it(house: House) -> None:
    """Who reads OpenAPI finds metrics_only among the states of a hold."""
    document = house.get("openapi.json")
    described = document["components"]["schemas"]["HoldTurn"]["properties"]["state"]["description"]
    assert "metrics_only" in described


def test_the_command_line_shows_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`switchgear circuits` has the state as a word, by whom and why, and no next try: nothing is refused."""
    with House("other", tmp_path) as made:
        made.tell()
        watch(made.gear, "get_market_price", 600)
        made.keep()
        capsys.readouterr()
        assert exit_code("circuits", "--history", str(tmp_path / "log.db")) == 0
    shown = [re.split(r"\s{2,}", line) for line in capsys.readouterr().out.splitlines()]
    (held,) = (cells for cells in shown if cells[:2] == ["binance", "get_market_price"])
    assert held[2] == "metrics only"
    assert held[3].startswith("new thresholds are on trial; held by anna")
    assert held[4] == "1"  # its calls: no next try stands between


@pytest.mark.slow  # a real browser
def test_it_is_held_with_the_mouse_and_ends_by_itself(page: Page, house: House) -> None:
    """The dialog says in a sentence what it does; row and details tell it, the log has it, and its time ends it."""
    panel = at_circuit(page, "binance", "get_market_price")
    panel.get_by_role("button", name="Metrics only…").click()
    dialog = page.get_by_role("dialog", name="Hold get_market_price of binance at metrics only?")
    expect(dialog).to_contain_text("passes from then on and is counted in the figures")
    expect(dialog).to_contain_text("nothing opens here")
    expect(dialog).to_contain_text("It ends by itself after 10 min")
    expect(dialog.get_by_role("button", name="Hold at metrics only")).to_be_disabled()
    dialog.get_by_label("Who").fill("anna")
    dialog.get_by_label("Why").fill("on trial")
    dialog.get_by_role("button", name="Hold at metrics only").click()
    told = r"Held at metrics only, until \d\d:\d\d:\d\d: get_market_price of binance\."
    expect(said(page)).to_have_text(re.compile(told))
    held = row(page, "binance", "get_market_price")
    expect(held.locator(".state")).to_have_text("metrics only")
    expect(held.locator(".why")).to_contain_text("held by anna: on trial")
    expect(held.locator(".next")).to_have_text(re.compile(r"until \d\d:\d\d, 10 min more"))
    expect(panel.locator("header")).to_contain_text("metrics only")
    expect(panel).to_contain_text("Every call passes it and is counted")
    expect(panel.get_by_role("button", name="Metrics only…")).to_have_count(0)
    (note,) = house.logs(event="note")
    assert note["message"].startswith("by anna: held at metrics only binance.get_market_price")
    house.clock.advance(601)
    expect(held.locator(".state")).to_have_text("closed")
    expect(panel.get_by_role("button", name="Metrics only…")).to_be_visible()


@pytest.mark.slow  # a real browser
def test_it_is_held_and_released_by_keyboard_alone(page: Page, house: House) -> None:
    """Down to the row, Enter, Tab to the button; an hour by arrow; the place in the details is kept, to release it."""
    page.goto("/circuits")
    link = row(page, "binance", "get_market_price").get_by_role("link")
    expect(link).to_be_visible()
    for _ in range(3):
        page.keyboard.press("j")
    expect(link).to_be_focused()
    page.keyboard.press("Enter")
    panel = page.get_by_role("complementary")
    expect(panel).to_be_focused()
    for _ in range(4):
        page.keyboard.press("Tab")
    expect(panel.get_by_role("button", name="Metrics only…")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog").get_by_label("Who")).to_be_focused()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("dialog")).to_contain_text("It ends by itself after 1 h")
    page.keyboard.press("Tab")
    page.keyboard.type("ben")
    page.keyboard.press("Tab")
    page.keyboard.type("to watch it")
    page.keyboard.press("Enter")
    expect(said(page)).to_contain_text("Held at metrics only, until")
    ends_in_s = house.gear.circuit("binance", "get_market_price").hold_ends_in_s
    assert ends_in_s == pytest.approx(3_600)
    expect(panel.get_by_role("button", name="Metrics only…")).to_have_count(0)
    expect(panel).to_be_focused()
    for _ in range(4):
        page.keyboard.press("Tab")
    expect(panel.get_by_role("button", name="Release…")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog").get_by_label("Why")).to_be_focused()
    page.keyboard.type("seen enough")
    page.keyboard.press("Enter")
    expect(said(page)).to_contain_text("Released: get_market_price of binance")
    assert house.gear.circuit("binance", "get_market_price").state.value == "closed"


_GIVEN_UP_WITHIN_ITS_BODY = """async () => {
  const { get } = await import("/static/api.mjs");
  const [asked, ended] = [window.fetch, new AbortController()];
  window.fetch = async (...given) => {
    const response = await asked(...given);
    ended.abort();
    return response;
  };
  try {
    return await get("circuits", {}, ended.signal).then((answer) => `answered ${answer}`, (error) => error.name);
  } finally {
    window.fetch = asked;
  }
}"""


@pytest.mark.slow  # a real browser
def test_an_answer_that_was_given_up_on_is_no_empty_one(page: Page) -> None:
    """Asking anew right after a hold takes nothing off the board: what comes too late is given up, not empty."""
    page.goto("/circuits")
    expect(page.locator(".board")).to_be_visible()
    assert page.evaluate(_GIVEN_UP_WITHIN_ITS_BODY) == "AbortError"


@pytest.mark.slow  # a real browser
def test_each_state_has_a_shape_of_its_own(page: Page, house: House) -> None:
    """Closed, open and the three holds are told apart without colour; metrics only is bars, and a word."""
    hold_all_ways(house)
    page.goto("/circuits")
    expect(row(page, "binance", "get_market_price").locator(".state")).to_have_text("metrics only")
    marks = page.locator(".board .state .mark")
    shapes = marks.evaluate_all(
        "all => all.map(one => [one.dataset.mark, one.querySelector('svg').innerHTML])"
    )
    by_state = dict(shapes)
    assert set(by_state) == {"closed", "open", "forced_open", "forced_closed", "metrics_only"}
    assert len(set(by_state.values())) == 5


@pytest.mark.slow  # a real browser
def test_what_a_person_lets_pass_is_not_told_as_trouble(page: Page, house: House) -> None:
    """Head of the exchange and strip say metrics only, not that something is not closed; its bar is in three."""
    hold_all_ways(house)
    house.clock.advance(60)
    page.goto("/circuits")
    held = row(page, "binance", "get_market_price")
    expect(held.locator(".strip-words")).to_have_text(re.compile("^metrics only for 1 min"))
    expect(held.locator('.strip [data-state="metrics_only"]')).to_have_count(3)
    head = page.locator(".board .group", has_text="binance")
    expect(head).to_contain_text("4 circuits, 1 not closed, 1 metrics only, 1 forced closed")


@pytest.mark.slow  # a real browser
def test_an_exchange_at_metrics_only_can_be_held_open_at_once(page: Page, house: House) -> None:
    """While a person lets all pass, the button that stops all stays; so does what is said of other circuits."""
    watch(house.gear, "@exchange")
    at_circuit(page, "binance", "%40exchange").get_by_role("button", name="Hold closed…").click()
    expect(page.get_by_role("dialog")).to_contain_text("The circuits of its methods, and gates")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Hold all of binance…").click()
    expect(page.get_by_role("dialog", name="Hold the whole exchange binance open?")).to_be_visible()


@pytest.mark.slow  # a real browser
def test_a_pattern_at_metrics_only_is_told_with_its_mark(page: Page, house: House) -> None:
    """Above the board stand its word and its shape, and the colour of what passes, not of what is refused."""
    watch(house.gear, "get_*", 90)
    house.gear.hold("coinbase", "get_*", by="ops", why="stale prices", for_s=90)
    page.goto("/circuits")
    told = page.get_by_role("status", name="Holds on patterns").get_by_role("listitem")
    expect(told).to_have_text(
        [
            re.compile(r"metrics only\s*get_\* of binance, .*by anna: new thresholds"),
            re.compile(r"forced open\s*get_\* of coinbase, .*by ops: stale prices"),
        ]
    )
    grounds = told.evaluate_all("all => all.map(one => getComputedStyle(one).backgroundColor)")
    assert len(set(grounds)) == 2


@pytest.mark.slow  # a real browser
def test_the_details_name_the_exchange_and_what_holds_calls_back(page: Page, house: House) -> None:
    """On a phone they cover the board: whose circuit it is, who holds back its calls and which gate is closed."""
    house.gear.hold("binance", "@exchange", by="ops", why="maintenance")
    limited = house.gear.guarded("coinbase", "create_order", retries=0)
    limited.try_call_sync(answers(refused(429, None, 45)))
    panel = at_circuit(page, "binance", "get_market_price")
    expect(panel.get_by_role("heading", name="get_market_price of binance")).to_be_visible()
    expect(panel.locator(".before")).to_have_text("held back by the whole exchange")
    panel = at_circuit(page, "coinbase", "create_order")
    expect(panel.locator(".before")).to_have_text(re.compile(r"^\s*gate of .* closed for \d+ s"))


@pytest.mark.slow  # a real browser
def test_a_viewer_is_offered_no_button(browser: Browser) -> None:
    """Somebody who signed in to look sees the state of what is held, and no button for it."""
    with Doorway() as door:
        watch(door.gear, "get_market_price")
        head = {"authorization": f"Bearer {VIEWER}"}
        url = f"http://127.0.0.1:{door.server.port}"
        context = browser.new_context(base_url=url, extra_http_headers=head)
        page = context.new_page()
        panel = at_circuit(page, "binance", "get_market_price")
        expect(panel.locator("header")).to_contain_text("metrics only")
        expect(panel).to_contain_text("Circuits are turned by operators.")
        expect(panel.get_by_role("group", name="Turn by hand")).to_have_count(0)
        context.close()


@pytest.mark.slow  # a real browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1_440, 380])
def test_everybody_can_use_it(browser: Browser, house: House, scheme: str, width: int) -> None:
    """With the dialog open, and with all states on the board and in the details: axe finds nothing, all is whole."""
    hold_all_ways(house)
    watch(house.gear, "get_o*", 90)
    with window_at(browser, house, width=width, scheme=scheme) as page:
        panel = at_circuit(page, "binance", "get_market_price")
        expect(panel.locator("header")).to_contain_text("metrics only")
        expect(page.get_by_role("status", name="Holds on patterns")).to_be_visible()
        assert axe(page) == []
        assert is_whole(page)
        panel = at_circuit(page, "binance", "create_order")
        panel.get_by_role("button", name="Metrics only…").click()
        expect(page.get_by_role("dialog")).to_be_visible()
        assert axe(page) == []
        assert is_whole(page)
