"""Signs in and out in a real browser, at the root and under a prefix; nothing complains or comes from elsewhere."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from starlette.applications import Starlette
from starlette.routing import Mount

from switchgear.gear import Switchgear
from tests.server.axe import axe
from tests.server.browser import Complaints
from tests.server.login_kit import OPERATOR, VIEWER, WRONG, Doorway, credentials
from tests.server.test_mounting import serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page, Request

pytestmark = pytest.mark.slow  # a real browser

REFUSED = "Failed to load resource: the server responded with a status of 401 (Unauthorized)"


@pytest.fixture(scope="module")
def door() -> Iterator[Doorway]:
    """One server for all tests here."""
    with Doorway() as made:
        yield made


@pytest.fixture
def page(browser: Browser, door: Doorway) -> Iterator[Page]:
    """A window of somebody who has not signed in; at the end nothing may have complained."""
    door.begin_anew()
    yield from _window(browser, door.server.url)


def _window(browser: Browser, url: str) -> Iterator[Page]:
    context = browser.new_context(base_url=url, viewport={"width": 1000, "height": 700})
    opened = context.new_page()
    opened.set_default_timeout(8_000)
    complaints = Complaints(opened)
    yield opened
    complaints.end()
    context.close()
    assert [one for one in complaints.heard if one != REFUSED] == []


def _sign_in(page: Page, token: str) -> None:
    page.get_by_label("Token").fill(token)
    page.get_by_role("button", name="Sign in").click()


def test_one_signs_in_and_comes_back(page: Page) -> None:
    """A page leads to the login, and the login back to it with its filter; the name is in the head."""
    page.goto("/orders?exchange=binance")
    expect(page).to_have_title("Sign in · switchgear")
    expect(page.get_by_label("Token")).to_be_focused()
    _sign_in(page, OPERATOR)
    expect(page).to_have_url(re.compile(r"/orders\?exchange=binance$"))
    page.get_by_role("button", name="anna, operator").click()
    expect(page.get_by_role("dialog")).to_contain_text("may look and act")


def test_a_wrong_token_is_said(page: Page) -> None:
    """In words, beside the field, which keeps the focus; the right one is taken afterwards."""
    page.goto("/login")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_have_text("Type or paste a token.")
    _sign_in(page, WRONG)
    expect(page.get_by_role("alert")).to_contain_text("Nobody has this token")
    expect(page.get_by_label("Token")).to_be_focused()
    _sign_in(page, VIEWER)
    expect(page.get_by_role("button", name="bob, viewer")).to_be_visible()


def test_a_link_signs_in_and_leaves_no_trace_in_the_address(page: Page, door: Doorway) -> None:
    """The printed link opens the page; its token is neither in the address nor of any use afterwards."""
    link = door.server.login_link()
    page.goto(link)
    expect(page.get_by_role("button", name="terminal, operator")).to_be_visible()
    assert link.partition("#")[2] not in page.url
    page.context.clear_cookies()
    page.goto("about:blank")
    page.goto(link)
    expect(page.get_by_role("alert")).to_contain_text("its link was used already")
    assert "#" not in page.url


def test_one_signs_out(page: Page) -> None:
    """The cookie is gone, and so is the session: the page leads to the login again."""
    page.goto("/circuits")
    _sign_in(page, VIEWER)
    page.get_by_role("button", name="bob, viewer").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_title("Sign in · switchgear")
    assert page.context.cookies() == []
    page.goto("/circuits")
    expect(page).to_have_title("Sign in · switchgear")


def test_a_session_that_ends_leads_to_the_login(page: Page, door: Doorway) -> None:
    """A page that lies open notices by its next question, and one comes back to where one was."""
    page.goto("/circuits")
    _sign_in(page, VIEWER)
    expect(page.get_by_role("button", name="bob, viewer")).to_be_visible()
    door.clock.advance(13 * 3_600)
    expect(page).to_have_url(re.compile(r"/login\?next=circuits$"), timeout=8_000)
    _sign_in(page, VIEWER)
    expect(page).to_have_url(re.compile(r"/circuits$"))


def test_scripts_cannot_read_the_session(page: Page) -> None:
    """What a script of the page sees of the cookies is nothing, and no storage holds the token."""
    page.goto("/circuits")
    _sign_in(page, OPERATOR)
    expect(page.get_by_role("button", name="anna, operator")).to_be_visible()
    seen = page.evaluate(
        "[document.cookie, JSON.stringify(localStorage), JSON.stringify(sessionStorage)]"
    )
    assert seen == ["", "{}", "{}"]


@pytest.mark.parametrize(
    "following",
    [
        "//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", "\\\\evil.example",
        "/%09/evil.example", "data:text/html,x", "evil.example", "login", "../x", "?\\",
    ],
)  # fmt: skip
def test_an_open_redirect(page: Page, door: Doorway, following: str) -> None:
    """Whatever a link to the login says comes next, one stays here."""
    page.goto(f"/login?next={following}")
    _sign_in(page, VIEWER)
    expect(page.get_by_role("button", name="bob, viewer")).to_be_visible()
    assert page.url == f"{door.server.url}/"


def test_the_login_can_be_used_by_everybody(page: Page) -> None:
    """No fault is found by axe, light and dark, wide and narrow, and nothing sticks out at 320 px."""
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        for width in (1000, 320):
            page.set_viewport_size({"width": width, "height": 640})
            page.goto("/login")
            _sign_in(page, WRONG if width == 320 else "")
            expect(page.get_by_role("alert")).not_to_be_empty()
            assert axe(page) == []
            assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_all_of_it_works_under_a_prefix(browser: Browser) -> None:
    """Login, pages, data and live tail, from the prefix alone and from no other host."""
    asked: list[str] = []
    with Switchgear() as gear:
        gear.call_sync("binance", "get_market_price", lambda: 1)
        app = Starlette(routes=[Mount("/tools/sg", gear.asgi(auth=credentials()))])
        with serving(app) as url:
            for page in _window(browser, url):
                page.on("request", lambda request: asked.append(_place(request, url)))
                page.goto("/tools/sg/circuits")
                _sign_in(page, OPERATOR)
                expect(page).to_have_url(f"{url}/tools/sg/circuits")
                expect(page.get_by_text("get_market_price").first).to_be_visible()
                with page.expect_request(re.compile("/tools/sg/api/v1/live")):
                    page.get_by_role("link", name="Logs").first.click()
                expect(page).to_have_url(re.compile("/tools/sg/api-logs"))
                page.get_by_role("button", name="anna, operator").click()
                page.get_by_role("button", name="Sign out").click()
                expect(page).to_have_url(f"{url}/tools/sg/login")
    assert len(asked) > 20
    assert {place for place in asked if not place.startswith("/tools/sg/")} == set()


def _place(request: Request, url: str) -> str:
    return request.url.removeprefix(url)
