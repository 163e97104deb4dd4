"""
Takes docs/images/api-logs.png and circuits.png: a gear lives through a quiet hour and a bad minute, a browser looks.

All of it is played on a fake clock from a seed, so that the same page comes out each time. What is seen is the
program's own page with its own records; only the exchanges are played.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
from playwright.sync_api import sync_playwright

from switchgear.core.policy.fallback import last_good
from switchgear.gear import Switchgear
from switchgear.server import GearSource, serve
from switchgear.testing import FakeClock

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"
CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-sync",
]
DRAWN = "new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(drawn)))"
SIZE = {"width": 1440, "height": 900}

QUIET_ROUNDS, QUIET_S = 900, 3.0
HICCUP = 0.012
"""Share of the attempts that fail while all is well; most are tried again."""
ROUNDS = 60
BROKEN_FROM = 53
LIMITED_FROM = 52
GONE_FROM = 57
CALLS: tuple[tuple[str, str, float, float], ...] = (
    # exchange, method, its usual time in ms, how often it is called
    ("binance", "get_market_price", 11, 1.0),
    ("coinbase", "get_market_price", 34, 0.8),
    ("alpaca", "get_portfolio", 58, 0.35),
    ("binance", "get_account_balance", 19, 0.4),
    ("binance", "create_order", 27, 0.45),
    ("binance", "get_order", 15, 0.3),
    ("coinbase", "get_order_book", 42, 0.4),
    ("alpaca", "get_positions", 61, 0.25),
)


class Minute:
    """A gear and the exchanges that it calls, on a fake clock."""

    def __init__(self, seed: int = 7) -> None:
        self.clock = FakeClock(seed=seed)
        self.gear = Switchgear(clock=self.clock)
        self._round = 0
        self._done: set[str] = set()
        self._guards = [self._guard(*call) for call in CALLS]

    def play(self) -> None:
        """Live through all of it."""
        for self._round in range(-QUIET_ROUNDS, 0):
            share, attempt = self._guards[self._round % len(self._guards)]
            if self.clock.chance() < share:
                attempt()
            self.clock.advance(QUIET_S * (0.5 + self.clock.chance()))
        for self._round in range(ROUNDS):
            for share, attempt in self._guards:
                if self.clock.chance() < share:
                    attempt()
            self.clock.advance(0.4 + self.clock.chance())
        self.gear.flush()

    def _guard(
        self, exchange: str, method: str, usual_ms: float, share: float
    ) -> tuple[float, Callable[[], object]]:
        fallback = last_good(60) if method == "get_market_price" else None
        if exchange == "alpaca":
            self.gear.configure(
                exchange, retries=0
            )  # a retry would wait until its gate is open again
        guarded = self.gear.guarded(exchange, method, fallback=fallback)

        def function() -> int:
            self.clock.advance(usual_ms / 1000 * (0.7 + 0.9 * self.clock.chance() ** 3))
            self._fail(exchange, method)
            return 1

        return share, lambda: guarded.try_call_sync(function)

    def _fail(self, exchange: str, method: str) -> None:
        match exchange, method:
            case _ if self._round < 0:
                if self.clock.chance() < HICCUP:
                    raise ConnectionResetError("connection reset by peer")
            case "binance", ("get_market_price" | "create_order") if self._round >= BROKEN_FROM:
                raise ConnectionResetError("connection reset by peer")
            case "coinbase", _ if self._round >= GONE_FROM:
                raise ConnectionRefusedError("connection refused")
            case "coinbase", "get_order_book" if self._due("unavailable", LIMITED_FROM - 2):
                raise answered(503, "Service Unavailable")
            case "alpaca", "get_positions" if self._due("limited", LIMITED_FROM):
                raise answered(429, "Too Many Requests", retry_after_s=20, code=42910000)
            case _:
                pass

    def _due(self, what: str, since: int) -> bool:
        """Once, at the first occasion from a round on."""
        due = self._round >= since and what not in self._done
        if due:
            self._done.add(what)
        return due


def answered(
    status: int, text: str, retry_after_s: int | None = None, code: int | None = None
) -> httpx.HTTPStatusError:
    """An exchange's answer that is an error."""
    request = httpx.Request("GET", "http://127.0.0.1/")
    headers = {} if retry_after_s is None else {"retry-after": str(retry_after_s)}
    body = None if code is None else {"code": code, "message": text.lower()}
    response = httpx.Response(status, headers=headers, json=body, request=request)
    return httpx.HTTPStatusError(f"{status} {text}", request=request, response=response)


def shoot(page: Page, url: str, minute: Minute) -> None:
    """Both pages, as they stand after the minute."""
    page.clock.set_fixed_time(minute.clock.wall())
    page.goto(f"{url}/api-logs")
    page.locator(".records tbody tr").first.wait_for()
    page.locator(".live[data-tail=open]").wait_for()
    page.locator(".banner strong").wait_for()
    page.locator(".records tr", has_text=re.compile("failed after.*reset by peer")).first.click()
    page.locator(".panel").wait_for()
    page.screenshot(path=IMAGES / "api-logs.png")
    page.goto(f"{url}/circuits")
    page.locator(".board tbody tr").first.wait_for()
    page.locator(".banner strong").wait_for()
    page.locator(".board tr", has_text="get_market_price").first.click()
    page.locator(".panel canvas").wait_for()
    page.evaluate(DRAWN)
    page.screenshot(path=IMAGES / "circuits.png")


def main() -> int:
    """Take both pictures; always 0."""
    minute = Minute()
    minute.play()
    IMAGES.mkdir(parents=True, exist_ok=True)
    with serve(GearSource(minute.gear), port=0) as server, sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport=SIZE, color_scheme="light", timezone_id="UTC")  # type: ignore[arg-type]  # a plain dict of width and height
        shoot(page, server.url, minute)
        browser.close()
    sys.stdout.write(f"screenshot: {IMAGES.relative_to(ROOT)}/api-logs.png, circuits.png\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
