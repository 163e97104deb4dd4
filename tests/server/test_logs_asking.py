"""Watches a call that no tail tells of in a real browser: when it is asked after, and when it is given up."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from switchgear.core.event import RetryScheduled
from switchgear.core.words import Key, Kind
from tests.server.kit import House
from tests.server.logs_window import UnderWay, at_the_log, panel, window_at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Locator, Page

_CALL = re.compile(r"/logs/binance/\w+/\d+")
_ASKED = """() => {
  const real = window.fetch;
  window.asked = [];
  window.fetch = (url, ...more) => {
    if (/\\/logs\\/binance\\/\\w+\\/\\d/.test(url)) window.asked.push(performance.now());
    return real(url, ...more);
  };
}"""
_ANSWERED = "fetch('api/v1/status').then((answer) => answer.json())"
"""Whatever was answered before has reached the page when this has."""
_TURN_S = 15
"""Longer than the longest wait before a call is asked after again."""
_LOOKED_AT = """(looked) => {
  Object.defineProperty(document, "hidden", { value: !looked, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house with a story, which each test goes on telling."""
    with House("memory", tmp_path_factory.mktemp("told")) as made:
        made.tell()
        yield made


@pytest.fixture
def timed(browser: Browser, told: House) -> Iterator[Page]:
    """A window whose time stands still once a call is open in it, until it is told to go on."""
    with window_at(browser, told) as opened:
        opened.clock.install(time=told.clock.wall())
        yield opened


def _opened_in_stopped_time(page: Page, record: dict[str, Any]) -> Locator:
    """The names of the steps of a record's call; each question after the call is noted, the first one is answered."""
    page.evaluate(f"({_ASKED})()")
    page.clock.pause_at(page.evaluate("Date.now() / 1000 + 5"))
    page.locator(f"tr[data-id='{record['id']}']").click()
    expect(panel(page)).to_be_visible()  # else the time is played before anybody waits for it
    _asked_within(page, 100)
    return panel(page).locator(".fall-name")


def _hiding(begun: dict[str, Any]) -> str:
    """The log up to this retry, with no tail: what else comes of its call is seen by asking alone."""
    return f"/api-logs?event=retry_scheduled&until={begun['at_ms']}"


def _turn(page: Page) -> None:
    page.clock.run_for(_TURN_S * 1000)
    page.evaluate(_ANSWERED)


def _asked_within(page: Page, within_ms: int) -> None:
    with page.expect_response(_CALL):
        page.clock.run_for(within_ms)
    page.evaluate(_ANSWERED)


@pytest.mark.slow  # a real browser
def test_a_call_that_the_filter_hides_is_asked_after(timed: Page, told: House) -> None:
    """Every two seconds at most, not while the page is not looked at, and no more once the call ended."""
    with UnderWay(told, "binance", "get_order") as call:
        call.fail()
        begun = told.logs(method="get_order")[0]
        with at_the_log(timed, _hiding(begun)) as page:
            names = _opened_in_stopped_time(page, begun)
            expect(names).to_have_text(["Attempt 1", "Wait"])
            _asked_within(page, 2_000)
            call.fail()
            _asked_within(page, 3_000)
            expect(names).to_have_text(["Attempt 1", "Wait", "Attempt 2", "Wait"])
            page.evaluate(_LOOKED_AT, False)
            page.clock.run_for(60_000)
            asked_ms = page.evaluate("window.asked")
            assert len(asked_ms) == 3
            assert min(later - sooner for sooner, later in pairwise(asked_ms)) >= 2_000
            call.succeed()
            page.evaluate(_LOOKED_AT, True)
            _asked_within(page, 1)
            expect(names).to_have_text(["Attempt 1", "Wait", "Attempt 2", "Wait", "Attempt 3"])
            page.clock.run_for(60_000)
            assert len(page.evaluate("window.asked")) == 4


@pytest.mark.slow  # a real browser
@pytest.mark.parametrize("delay_s", [0.2, 300])
def test_a_call_whose_end_does_not_come_is_given_up(
    timed: Page, told: House, delay_s: float
) -> None:
    """Until its wait was over for a minute it may go on; then the log has no end of it, and nobody asks again."""
    at_s, key = told.clock.monotonic_s(), Key("binance", "get_deposits", "main")
    waits = RetryScheduled(at_s, key, 9_001, 0.012, 1, delay_s, Kind.NETWORK, "reset")
    told.gear.hub.emit(waits)
    told.keep()
    begun = told.logs(method="get_deposits")[0]
    with at_the_log(timed, _hiding(begun)) as page:
        _opened_in_stopped_time(page, begun)
        region = panel(page).locator(".fall-open")
        # What the page took to load counts too: half a minute is left for that.
        for _ in range(round(delay_s) // _TURN_S + 2):
            expect(region).to_contain_text("no end yet")
            _turn(page)
        expect(region).to_contain_text("no end yet")
        for _ in range(4):
            _turn(page)
        expect(region).to_have_text("Its end is not in this log.")
        asked = len(page.evaluate("window.asked"))
        for _ in range(5):
            _turn(page)
        assert len(page.evaluate("window.asked")) == asked


@pytest.mark.slow  # a real browser
@pytest.mark.parametrize(
    ("status", "goes_on"),
    [(408, True), (429, True), (503, True), (400, False), (403, False), (404, False)],
)
def test_only_an_answer_that_stays_ends_the_asking(
    timed: Page, told: House, status: int, *, goes_on: bool
) -> None:
    """What passes is asked again; after what does not, nothing is promised that nobody asks for."""
    with UnderWay(told, "binance", "get_fees") as call:
        call.fail()
        begun = told.logs(method="get_fees")[0]
        timed.goto(_hiding(begun))  # the console tells of each refusal: it is not listened to
        _opened_in_stopped_time(timed, begun)
        region = panel(timed).locator(".fall-open")
        expect(region).to_contain_text("no end yet")
        timed.route(_CALL, lambda route: route.fulfill(status=status, json={}), times=1)
        _asked_within(timed, 2_000)
        if goes_on:
            expect(region).to_contain_text("no end yet")
            _asked_within(timed, 10_000)
            return
        expect(region).to_have_text("")
        timed.clock.run_for(60_000)
        assert len(timed.evaluate("window.asked")) == 2
        expect(panel(timed).locator(".fall-step").first).to_be_visible()


@pytest.mark.slow  # a real browser
@pytest.mark.parametrize(("method", "late"), [("get_symbols", False), ("get_trades", True)])
def test_a_call_that_failed_is_looked_at_a_few_times_more(
    timed: Page, told: House, method: str, *, late: bool
) -> None:
    """A fallback may still answer it, and is shown; nobody waits for it for ever."""
    with UnderWay(told, "binance", method, fallback=True) as call:
        call.fail()
        failed = told.logs(method=method)[0]
        with at_the_log(timed, "/api-logs?event=call_failed") as page:
            names = _opened_in_stopped_time(page, failed)
            expect(names).to_have_text(["Attempt 1"])
            _asked_within(page, 2_000)
            _asked_within(page, 3_000)
            if not late:
                call.succeed()
            _asked_within(page, 4_500)
            expect(names).to_have_text(["Attempt 1"] if late else ["Attempt 1", "Fallback"])
            page.clock.run_for(60_000)
            assert len(page.evaluate("window.asked")) == 4
