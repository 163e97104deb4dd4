"""Owns what browser tests of /api-logs share: a window at a house, its rows, and what they say."""

from __future__ import annotations

from contextlib import contextmanager
from queue import Queue
from threading import Thread
from typing import TYPE_CHECKING, Any, Self

from playwright.sync_api import expect

from switchgear.core.event import Wire
from switchgear.core.words import Key
from tests.server.browser import Complaints
from tests.server.kit import House

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from playwright.sync_api import Browser, Locator, Page

WIDE = (1440, 900)
PHONE = (380, 780)
ENDED_S_MAX = 20
"""Seconds of real time within which a test tells an attempt how it ends."""


@contextmanager
def window_at(
    browser: Browser, house: House, size: tuple[int, int] = WIDE, **more: Any
) -> Generator[Page]:
    """A window at a house; it may read and write the clipboard."""
    context = browser.new_context(
        base_url=house.server.url,
        color_scheme=more.pop("color_scheme", "light"),
        viewport={"width": size[0], "height": size[1]},
        timezone_id="UTC",
        **more,
    )
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    opened = context.new_page()
    opened.set_default_timeout(8_000)
    yield opened
    context.close()


@contextmanager
def at_the_log(window: Page, place: str = "/api-logs") -> Generator[Page]:
    """The window, at the log; at the end nothing may have complained."""
    complaints = Complaints(window)
    window.goto(place)
    expect(rows(window).first).to_be_visible()
    expect(window.locator(".facets[data-fresh=true]")).to_be_attached()
    yield window
    complaints.end()
    assert complaints.heard == []


@contextmanager
def three_minutes(folder: Path) -> Generator[House]:
    """A house with a story that goes over three minutes."""
    with House("memory", folder) as made:
        made.tell()
        for _ in range(3):
            made.clock.advance(60)
            made.call("coinbase", "get_symbols", fails=1)
        made.keep()
        yield made


def rows(page: Page) -> Locator:
    """The rows of the table."""
    return page.locator(".records tbody tr")


def ids(page: Page) -> list[int]:
    """The ids of the rows, from above."""
    found: list[int] = rows(page).evaluate_all("rows => rows.map(row => +row.dataset.id)")
    return found


def shows(page: Page, house: House, **given: Any) -> None:
    """The page comes to show exactly the records that the API finds for this filter."""
    wanted = [record["id"] for record in house.logs(**given)]
    expect(rows(page)).to_have_count(len(wanted))
    for number in wanted:  # the rows of the filter before may be as many
        expect(page.locator(f"tr[data-id='{number}']")).to_be_attached()
    assert ids(page) == wanted


def panel(page: Page) -> Locator:
    """The details of the record that is open."""
    return page.get_by_role("complementary", name="Details of the record")


def facet(page: Page, value: str) -> Locator:
    """The button of one value in the rail."""
    return page.locator(".facet-value", has=page.get_by_text(value, exact=True))


def chip(page: Page, words: str) -> Locator:
    """The button that lifts a filter that holds."""
    return page.locator(".chip", has_text=words)


def menu(page: Page, name: str) -> Locator:
    """Open a menu of the bar; gives what opened."""
    page.locator(".menu > button", has_text=name).click()
    return page.locator(".menu-sheet")


def wire(house: House, key: Key, call_id: int, *, order_id: str = "") -> None:
    """Tell the house of a request that went over the wire, with markup and a name of a secret in it."""
    house.gear.hub.emit(
        Wire(
            at_s=house.clock.monotonic_s(),
            key=key,
            call_id=call_id,
            attempt=1,
            duration_s=0.012,
            request_method="POST",
            url="http://127.0.0.1/api/v3/order?symbol=BTCUSDT&signature=0f0f",
            request_headers={"X-MBX-APIKEY": "k3y", "Accept": "it's <b>json</b>"},
            request_body='{"price": "1", "apiSecret": "s3cr3t"}',
            status=200,
            answer_headers={"x-mbx-used-weight-1m": "5"},
            answer_body="<script>document.title=3</script>",
            error="",
            order_id=order_id,
        )
    )
    house.keep()


class UnderWay:
    """
    A call whose attempts end when they are told to; what was told until then is where the server reads.

    A context manager: at its end the call is over, whatever became of the test.
    """

    def __init__(self, house: House, exchange: str, method: str, *, fallback: bool = False) -> None:
        self._house = house
        self._begun: Queue[None] = Queue()
        self._ends: Queue[Exception | None] = Queue()
        source = self._attempt if fallback else None
        guarded = house.gear.guarded(
            exchange, method, fallback=source, retries=0 if fallback else 3
        )
        self._thread = Thread(target=guarded.try_call_sync, args=(self._attempt,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._begun.get(timeout=ENDED_S_MAX)
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.put(None)  # whichever attempt still waits gives a value
        self._thread.join(ENDED_S_MAX)
        assert not self._thread.is_alive()

    def fail(self) -> None:
        """The attempt fails; the next one, or the fallback, is out when this returns."""
        self._ends.put(ConnectionResetError("connection reset by peer"))
        self._begun.get(timeout=ENDED_S_MAX)
        self._house.keep()

    def succeed(self) -> None:
        """The attempt, or the fallback, gives a value, and the call is over."""
        self._ends.put(None)
        self._thread.join(ENDED_S_MAX)
        assert not self._thread.is_alive()
        self._house.keep()

    def _attempt(self) -> int:
        self._begun.put(None)
        error = self._ends.get(timeout=ENDED_S_MAX)
        self._house.clock.advance(0.012)
        if error is not None:
            raise error
        return 1
