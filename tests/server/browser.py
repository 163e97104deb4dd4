"""Owns the browser that tests click with: Debian's Chromium, headless, with its complaints collected."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from collections.abc import Generator

    from playwright.sync_api import Browser, ConsoleMessage, Error, Page

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@contextmanager
def chromium() -> Generator[Browser]:
    """A browser, until the block ends."""
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


class Complaints:
    """What a page complained of, until the end: errors of scripts, console and security policy."""

    def __init__(self, page: Page) -> None:
        self.heard: list[str] = []
        self._page = page
        page.on("pageerror", self._error)
        page.on("console", self._said)

    def end(self) -> None:
        """Listen no more."""
        self._page.remove_listener("pageerror", self._error)
        self._page.remove_listener("console", self._said)

    def _error(self, error: Error) -> None:
        self.heard.append(str(error))

    def _said(self, said: ConsoleMessage) -> None:
        if said.type in {"error", "warning"}:
            self.heard.append(said.text)
